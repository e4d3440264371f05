"""HTTP in front of the areas: one route table, one dispatcher, the token endpoint and the control door."""
