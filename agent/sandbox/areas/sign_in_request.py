"""An app's request for a sign-in, and the answer it gets: the two ends of a flow.

What is wrong with the client or its address is shown to the person (`SignInRefused`); everything else goes back to the
app as an error (learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow). Consent is not asked for: what a
registration may ask of a person counts as granted, the rest is AADSTS65001.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from agent.sandbox import sign_in_records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import microsoft_apps, sign_in
from agent.sandbox.areas.sign_in_flow import SignInRefused


@dataclass(frozen=True, slots=True)
class Answer:
    """Where the browser goes now and with what; by a form where the app asked for `form_post`."""

    address: str
    values: Mapping[str, str] = field(repr=False)
    by_form: bool = False

    @property
    def location(self) -> str:
        """The address with the values as its query."""
        return f"{self.address}{'&' if urlsplit(self.address).query else '?'}{urlencode(self.values)}"


class Returned(Exception):
    """A request that goes back to its app as an error: `answer` is the way."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.values.get("error", ""))
        self.answer = answer


def begin(tenant: tenants.Tenant, parameters: Mapping[str, str]) -> sign_in_records.Flow:
    """A new flow for an authorize request.

    Raises `SignInRefused` 700016, 50011 or 65001, and `Returned` for what the app is told itself.
    """
    client_id = parameters.get("client_id", "").lower()
    if not _returns_to(tenant, client_id):
        raise SignInRefused(700016)
    if not any(_fits(uri, parameters.get("redirect_uri", "")) for uri in _returns_to(tenant, client_id)):
        raise SignInRefused(50011)
    kept = dict(parameters)
    if kept.get("response_type", "code") != "code":
        raise Returned(
            back_to_app(
                kept, error="unsupported_response_type", description="AADSTS700054: response_type is not 'code'."
            )
        )
    if kept.get("response_mode", "query") not in ("query", "form_post"):
        raise Returned(back_to_app(kept, error="invalid_request", description="AADSTS900144: response_mode."))
    if kept.get("code_challenge_method", "S256") not in ("S256", "plain"):
        raise Returned(back_to_app(kept, error="invalid_request", description="AADSTS501471: code_challenge_method."))
    check_scope(tenant, client_id, kept.get("scope", ""))
    if _wants_fresh_mfa(kept.get("claims", "")):
        kept["amr_values"] = "ngcmfa"
    return _opened(tenant, client_id, kept)


def begin_for_device(tenant: tenants.Tenant, grant: sign_in_records.DeviceGrant) -> sign_in_records.Flow:
    """A flow for somebody who typed a device code; it ends with a question, not at an app."""
    flow = _opened(tenant, grant.client_id, {"scope": grant.scope})
    flow.device_code = grant.device_code
    return flow


def _opened(tenant: tenants.Tenant, client_id: str, parameters: dict[str, str]) -> sign_in_records.Flow:
    flow = sign_in_records.Flow(
        id=tenant.new_secret(32),
        client_id=client_id,
        parameters=parameters,
        created=tenant.now(),
        nonce=tenant.new_secret(32),
    )
    tenant.sign_ins.flows[flow.id] = flow
    return flow


def check_scope(tenant: tenants.Tenant, client_id: str, scope: str) -> None:
    """Raise `SignInRefused` 65001 for a Graph scope that the registration was not given."""
    registration = tenant.directory.registrations.get(client_id)
    audience, asked = sign_in.asked_scopes(scope)
    of_graph = registration is not None and audience in sign_in.graph_audiences(tenant)
    if registration is not None and of_graph and asked - registration.delegated - {".default"}:
        raise SignInRefused(65001)


def _wants_fresh_mfa(claims: str) -> bool:
    """Whether a `claims` parameter repeats the challenge that Graph gives where MFA is too old."""
    try:
        return "ngcmfa" in json.loads(claims or "{}")["access_token"]["amr"]["values"]
    except (ValueError, KeyError, TypeError):
        return False


def _returns_to(tenant: tenants.Tenant, client_id: str) -> list[str]:
    app = microsoft_apps.BY_ID.get(client_id)
    if app is not None:
        return [app.returns_to or f"{tenant.origin}/mysecurityinfo/signed-in"]
    registration = tenant.directory.registrations.get(client_id)
    return registration.redirect_uris if registration else []


def _fits(registered: str, wanted: str) -> bool:
    """Equal, or the same loopback host on any port (learn.microsoft.com/entra/identity-platform/reply-url)."""
    known, asked = urlsplit(registered), urlsplit(wanted)
    if known.hostname not in {"localhost", "127.0.0.1"} or known.port is not None:
        return registered == wanted
    return (known.scheme, known.hostname) == (asked.scheme, asked.hostname) and known.path in {"", "/", asked.path}


def back_to_app(parameters: Mapping[str, str], *, error: str, description: str) -> Answer:
    """The way back to the app with an error in place of a code; the app's `state` goes with it."""
    values = {"error": error, "error_description": description}
    if "state" in parameters:
        values["state"] = parameters["state"]
    return Answer(parameters["redirect_uri"], values, parameters.get("response_mode") == "form_post")


def silent_only(tenant: tenants.Tenant, flow: sign_in_records.Flow) -> None:
    """Raise `Returned` where the app asked that no page be shown; to be called when one would be."""
    if flow.parameters.get("prompt") == "none":
        del tenant.sign_ins.flows[flow.id]
        description = "AADSTS50058: A silent sign-in request was sent but no user is signed in."
        raise Returned(back_to_app(flow.parameters, error="login_required", description=description))


def finish(tenant: tenants.Tenant, flow: sign_in_records.Flow) -> Answer:
    """Where a flow that was proven goes: to its app with an authorization code, and is over; or to the question."""
    session_id = flow.session_id
    if session_id is None or flow.user_id is None:
        raise SignInRefused(90014)
    if flow.device_code is not None:
        return Answer(f"{tenant.origin}/{tenant.id}/deviceauth/confirm", {"flow": flow.id})
    del tenant.sign_ins.flows[flow.id]
    parameters = flow.parameters
    grant = sign_in_records.CodeGrant(
        code=tenant.new_secret(60),
        flow_id=flow.id,
        client_id=flow.client_id,
        user_id=flow.user_id,
        session_id=session_id,
        redirect_uri=parameters["redirect_uri"],
        scope=parameters.get("scope", ""),
        expires=tenant.now() + sign_in.CODE_LIFE,
        nonce=parameters.get("nonce"),
        code_challenge=parameters.get("code_challenge"),
        plain_challenge=parameters.get("code_challenge_method") == "plain",
    )
    tenant.sign_ins.code_grants[grant.code] = grant
    values = {"code": grant.code, "session_state": tenant.new_id()}
    if "state" in parameters:
        values["state"] = parameters["state"]
    return Answer(grant.redirect_uri, values, parameters.get("response_mode") == "form_post")
