"""The command line: one module for each group of commands, one funnel for errors, and what serves pages."""
