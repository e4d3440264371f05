"""How a rule of the pretend tenant says no; the wire turns each into Microsoft's shape."""

from __future__ import annotations


class GraphError(Exception):
    """A refusal in Graph's words.

    `status` is the HTTP status, `code` and `message` are what stands in `error`; `headers` go beside it (such as
    Retry-After). `flavour` is "graph"; "methods" repeats the message inside `innerError`, as the authentication methods
    workload does; "intune" wraps it in Intune's double-encoded envelope; "throttled" repeats the 429 there.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: dict[str, str] | None = None,
        flavour: str = "graph",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}
        self.flavour = flavour


class TokenError(Exception):
    """A refusal by the token endpoint: `error` as OAuth names it, `description` opening with an AADSTS number."""

    def __init__(self, error: str, description: str, *, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status


class ConnectionCut(Exception):
    """The connection ends here: nothing more is sent. Whoever serves the WSGI app closes the socket."""
