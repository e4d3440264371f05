"""Tapslip: takes a person and a boxed device to a passwordless sign-in.

The package reads inwards: `cli` and `web` speak to people, `actions` are the verbs, `domain` holds the
rules, `graph` and `store` are the outside, `wiring` is the one place that knows them all.
"""
