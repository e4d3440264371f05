"""Virtual devices: they reach the tenant over HTTP alone, with the code a person typed, as real devices would."""
