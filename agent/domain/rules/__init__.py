"""What the judge goes by, one module per topic: tuples of rules, each a function of a case that yields its findings."""
