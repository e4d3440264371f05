"""The verbs: each takes the Agent and a request, and returns a value; none of them prints or parses."""
