"""Who is let in at a Graph route: the token, the app's permissions, and a signed-in person's own rights."""

from __future__ import annotations

from agent.sandbox import tenant as tenants
from agent.sandbox.areas import delegated, people, sign_in
from agent.sandbox.wire import errors as wire_errors
from agent.sandbox.wire import exchange

GRAPH_AUDIENCES = frozenset({"https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000"})
REVOKED = (
    "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: "
    "TokenIssuedBeforeRevocationTimestamp"
)


def caller(host: tenants.Tenant, authorization: str) -> exchange.Caller:
    """Whose token stands in the header; raises GraphError 401 with a challenge."""
    scheme, _, text = authorization.partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise wire_errors.unauthenticated("Access token is empty.", origin=host.origin)
    token = host.sign_ins.access_tokens.get(text.strip())
    if token is None:
        raise wire_errors.unauthenticated("Access token validation failure. Invalid signature.", origin=host.origin)
    if token.audience.rstrip("/") not in GRAPH_AUDIENCES | {host.origin}:
        raise wire_errors.unauthenticated("Access token validation failure. Invalid audience.", origin=host.origin)
    if token.expires <= host.now():
        raise wire_errors.unauthenticated("Lifetime validation failed, the token is expired.", origin=host.origin)
    if token.session_id is not None and sign_in.live_session(host, token.session_id) is None:
        since = {"access_token": {"nbf": {"essential": True, "value": str(int(host.now().timestamp()))}}}
        raise wire_errors.claims_needed(REVOKED, since, origin=host.origin)
    return exchange.Caller(token.app_id, token.kind, token.permissions, token.user_id, token.session_id)


def check(host: tenants.Tenant, route: exchange.Route, request: exchange.GraphRequest) -> None:
    """Raise GraphError unless the app's permissions, and for a signed-in person their role, allow the request.

    403 in the workload's words; 400 for an app at `/me`; 401 with a claims challenge where MFA is too old.
    """
    who = request.caller
    if who.user_id is None and _is_me(request.path):
        raise wire_errors.no_signed_in_person()
    allowed = route.permissions if who.kind == "app" or route.delegated is None else route.delegated
    held = who.permissions.intersection(allowed)
    if not held:
        raise wire_errors.denied(request.path)
    if who.user_id is None:
        return
    if _is_me(request.path):
        _want_fresh_mfa(host, route, request)
    else:
        _check_person(host, route, request, reaches_others=any(not delegated.own_only(name) for name in held))


def _check_person(
    host: tenants.Tenant, route: exchange.Route, request: exchange.GraphRequest, *, reaches_others: bool
) -> None:
    operator_id = request.caller.user_id or ""
    target = None
    if route.path.startswith("/users/{id}"):
        key = request.path_values["id"]
        target = host.directory.users.get(key.lower()) or people.by_upn(host, key)
        if target is None:
            return  # the handler says that there is nobody of that name
    foreign = target is not None and target.id != operator_id and not reaches_others
    if foreign or not delegated.may(host, operator_id, _verb(route), request.path, target=target):
        raise wire_errors.denied(request.path)


def _verb(route: exchange.Route) -> str:
    """The verb that counts: `checkMemberGroups` and its like are POSTs that only read."""
    reads = ("/checkmembergroups", "/getmembergroups", "/getbyids")
    return "GET" if route.path.lower().endswith(reads) else route.method


def _is_me(path: str) -> bool:
    lowered = path.lower()
    return lowered == "/me" or lowered.startswith("/me/")


def _want_fresh_mfa(host: tenants.Tenant, route: exchange.Route, request: exchange.GraphRequest) -> None:
    """Changing one's own methods wants MFA at most 10 minutes old
    (learn.microsoft.com/graph/api/authentication-post-temporaryaccesspassmethods)."""
    session = host.sign_ins.sessions.get(request.caller.session_id or "")
    if session is None or route.method == "GET" or "/authentication/" not in request.path.lower():
        return
    if not sign_in.freshly_proven(host, session):
        fresh = {"access_token": {"amr": {"essential": True, "values": ["ngcmfa"]}}}
        raise wire_errors.claims_needed("Multi-factor authentication is required.", fresh, origin=host.origin)
