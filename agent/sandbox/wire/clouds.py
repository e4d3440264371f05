"""What the China cloud lacks: its Graph has three kinds of methods, and no Temporary Access Pass at all
(microsoftgraph/msgraph-metadata, v1.0-Mooncake.csdl, 2026-08)."""

from __future__ import annotations

from agent.sandbox import tenant as tenants
from agent.sandbox.areas import methods
from agent.sandbox.wire import errors as wire_errors
from agent.sandbox.wire import matching

CHINA = "china"
_KEPT = frozenset({"microsoftAuthenticatorMethods", "phoneMethods", "platformCredentialMethods"})
_GONE = {
    name.lower()
    for name in (*methods.COLLECTIONS, "temporaryAccessPassMethods", "qrCodePinMethod")
    if name not in _KEPT
} | {"temporaryaccesspass"}


def check(host: tenants.Tenant, path: str) -> None:
    """Raise GraphError 400 for a path that this tenant's cloud does not have."""
    if host.options.cloud != CHINA:
        return
    for segment in matching.segments(path):
        if segment.lower() in _GONE:
            raise wire_errors.unknown_segment(segment)
