"""What only an administrator may change, with their own sign-in: no registration of ours has such a right by itself.

The token is delegated to the registration `writer`, so both must allow it: the permission, and the person's own role.
learn.microsoft.com/graph/api/temporaryaccesspassauthenticationmethodconfiguration-update
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agent import errors, ports
from agent.domain import passes
from agent.graph import sign_in, tenant, urls
from agent.graph.calls import Calls

WRITER = "writer"
POLICY_PERMISSION = "Policy.ReadWrite.AuthenticationMethod"
_TYPE = "#microsoft.graph.temporaryAccessPassAuthenticationMethodConfiguration"
_NUMBERS = {
    "minimum": "minimumLifetimeInMinutes",
    "maximum": "maximumLifetimeInMinutes",
    "default": "defaultLifetimeInMinutes",
    "length": "defaultLength",
    "one_time": "isUsableOnce",
}


class GraphAdministration:
    """Fits `ports.Administration`."""

    def __init__(self, calls: Calls, sign_ins: sign_in.SignIns) -> None:
        self._calls = calls
        self._sign_ins = sign_ins

    def sign_in(self, shown: ports.Shown) -> GraphAdministrator:
        """Somebody's own sign-in at `writer`; raises Refused, Misconfigured and TenantUnreachable."""
        signed_in = self._sign_ins.delegated(WRITER, (POLICY_PERMISSION,), shown)
        return GraphAdministrator(self._calls.acting(WRITER, signed_in.bearer), signed_in.identity)


class GraphAdministrator:
    """Fits `ports.Administrator`."""

    def __init__(self, calls: Calls, identity: sign_in.Identity) -> None:
        self._calls = calls
        self._identity = identity

    @property
    def id(self) -> str:
        """Their object id."""
        return self._identity.object_id

    @property
    def name(self) -> str:
        """Their user name."""
        return self._identity.user_name or self.id

    def write_policy(self, before: passes.PassPolicy, after: passes.PassPolicy) -> str:
        """Change what differs; raises TenantRefused, TenantThrottled and OutcomeUnknown, as the port says."""
        address = urls.address(urls.V1, *tenant.POLICY)
        try:
            return self._calls.change(address, WRITER, _body(before, after))
        except errors.TenantRefused as refused:
            if refused.status != 403:
                raise
            raise _not_allowed(self.name, refused) from None
        except errors.TenantThrottled:
            raise
        except errors.TenantUnreachable as lost:
            raise errors.OutcomeUnknown(
                "The change left, and no answer came back: it may have been made.",
                "Look with `tapslip policy show` before you try again.",
                lost.reference,
            ) from None


def _not_allowed(name: str, refused: errors.TenantRefused) -> errors.TenantRefused:
    return errors.TenantRefused(
        f"{name} may not change the policy: their role does not allow it.",
        "An Authentication Policy Administrator may. Eligible for that role? Activate it and sign in again.",
        refused.reference,
        status=refused.status,
        code=refused.code,
    )


def _body(before: passes.PassPolicy, after: passes.PassPolicy) -> dict[str, Any]:
    """What differs, in Graph's names."""
    body: dict[str, Any] = {"@odata.type": _TYPE}
    if before.enabled != after.enabled:
        body["state"] = "enabled" if after.enabled else "disabled"
    for ours, theirs in _NUMBERS.items():
        if getattr(before, ours) != getattr(after, ours):
            body[theirs] = getattr(after, ours)
    if before.include != after.include:
        body["includeTargets"] = [{**one, "isRegistrationRequired": False} for one in _targets(after.include)]
    if before.exclude != after.exclude:
        body["excludeTargets"] = _targets(after.exclude)
    return body


def _targets(ids: Iterable[str]) -> list[dict[str, Any]]:
    return [{"targetType": "group", "id": one} for one in sorted(ids)]
