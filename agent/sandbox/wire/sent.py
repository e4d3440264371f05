"""What a caller sent, read name by name; Graph's OData layer refuses what does not fit before Intune sees it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from agent.sandbox.wire import exchange, odata


def members(request: exchange.GraphRequest) -> dict[str, Any]:
    """The body as an object, annotations left out; raises GraphError 400 for anything else."""
    if not isinstance(request.body, Mapping):
        raise odata.bad_request("Empty Payload. JSON content expected.")
    return plain(request.body)


def plain(found: Mapping[str, Any]) -> dict[str, Any]:
    """An object without its annotations."""
    return {str(name): value for name, value in found.items() if not str(name).startswith("@")}


def parameters(request: exchange.GraphRequest, known: Collection[str]) -> dict[str, Any]:
    """The parameters of an action; raises GraphError 400 for one that the action does not have."""
    found = members(request)
    for name in found:
        if name not in known:
            raise odata.bad_request(
                f"The parameter '{name}' in the request payload is not a valid parameter for the operation."
            )
    return found


def text(found: Mapping[str, Any], name: str) -> str | None:
    """A member as text, None where it is absent or null; raises GraphError 400 for another type."""
    value = found.get(name)
    if value is not None and not isinstance(value, str):
        raise odata.bad_request(f"Cannot convert the literal '{value}' to the expected type 'Edm.String'.")
    return value


def texts(found: Mapping[str, Any], name: str) -> list[str]:
    """A member as a list of texts; raises GraphError 400 for anything else."""
    value = found.get(name)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise odata.bad_request(f"The parameter '{name}' must be a collection of 'Edm.String'.")
    return list(value)
