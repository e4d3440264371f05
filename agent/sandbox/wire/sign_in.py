"""The sign-in pages: the user name, then the pass, a key or a password, then back to the app that asked.

Plain forms that work without scripts. A code is never put back into a page, an address or a cookie.
"""

from __future__ import annotations

from collections.abc import Callable

import flask
from cryptography.hazmat.primitives import serialization
from werkzeug.wrappers import Response

from agent.sandbox import sign_in_records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import (
    approvals,
    combined_registration,
    registration,
    sign_in,
    sign_in_flow,
    sign_in_request,
)

COOKIE = "ESTSAUTH"
_Handler = Callable[[tenants.Tenant, sign_in_records.Flow], Response]
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_TITLES = {
    sign_in_flow.ACCESS_PASS: "Enter Temporary Access Pass",
    sign_in_flow.PASSWORD: "Enter password",
    "windowsHelloForBusiness": "Sign in with your face, fingerprint or PIN",
    "fido2": "Sign in with your passkey",
    "microsoftAuthenticator": "Approve the sign-in in Authenticator",
    "platformCredential": "Sign in with Touch ID or the key of this Mac",
}
_CHOICES = {
    sign_in_flow.ACCESS_PASS: "Use your Temporary Access Pass instead",
    sign_in_flow.PASSWORD: "Use your password instead",
    "windowsHelloForBusiness": "Use Windows Hello",
    "fido2": "Use a passkey",
    "microsoftAuthenticator": "Use an app on your phone",
    "platformCredential": "Use this Mac's key",
}


def blueprint(tenant: tenants.Tenant) -> flask.Blueprint:
    """The authorize endpoint and the pages behind it."""
    pages = flask.Blueprint("sign_in", __name__, template_folder="templates")

    def authorize(tenant_name: str) -> Response:
        return _authorize(tenant) if _is_here(tenant, tenant_name) else _unknown_tenant()

    def name(tenant_name: str) -> Response:
        return _answer(tenant, tenant_name, _name)

    def credential(tenant_name: str) -> Response:
        return _answer(tenant, tenant_name, _credential)

    def register(tenant_name: str) -> Response:
        return _answer(tenant, tenant_name, _register)

    pages.add_url_rule("/<tenant_name>/login/register", "register", register, methods=["POST"])
    pages.add_url_rule("/<tenant_name>/oauth2/v2.0/authorize", "authorize", authorize, methods=["GET"])
    pages.add_url_rule("/<tenant_name>/login", "name", name, methods=["POST"])
    pages.add_url_rule("/<tenant_name>/login/credential", "credential", credential, methods=["POST"])
    return pages


def page(template: str, *, status: int = 200, **values: object) -> Response:
    """One page from `templates/`, every value escaped, with headers that keep it out of caches and frames."""
    return flask.Response(flask.render_template(f"{template}.html", **values), status=status, headers=_HEADERS)


def keep_session(response: Response, session_id: str) -> Response:
    """Set the browser's session cookie."""
    response.set_cookie(COOKIE, session_id, secure=flask.request.is_secure, httponly=True, samesite="Lax")
    return response


def _is_here(tenant: tenants.Tenant, name: str) -> bool:
    domains = tenant.directory.organisation.domains
    return name.lower() in {tenant.id, "common", "organizations", *(domain.lower() for domain in domains)}


def _unknown_tenant() -> Response:
    return page("message", status=400, problem=sign_in_flow.SignInRefused(90002))


def _authorize(tenant: tenants.Tenant) -> Response:
    try:
        sent = {
            **flask.request.args.to_dict(),
            "network_address": network_address(),
            "user_agent": str(flask.request.user_agent),
        }
        return go_on(tenant, sign_in_request.begin(tenant, sent))
    except sign_in_flow.SignInRefused as refusal:
        return page("message", status=400, problem=refusal)
    except sign_in_request.Returned as back:
        return _sent(back.answer)


def go_on(tenant: tenants.Tenant, flow: sign_in_records.Flow) -> Response:
    """The first page of a flow, or its end where the browser's session is enough."""
    if sign_in_flow.reuse(tenant, flow, flask.request.cookies.get(COOKIE)):
        return _return(tenant, flow, flow.session_id)
    sign_in_request.silent_only(tenant, flow)
    return _name_page(tenant, flow, None)


def _sent(answer: sign_in_request.Answer) -> Response:
    """Back to the app: by redirect, or by a form that posts the answer so that no address holds it."""
    if answer.by_form:
        return page("form_post", address=answer.address, answer=list(answer.values.items()))
    return flask.redirect(answer.location)


def _name_page(
    tenant: tenants.Tenant, flow: sign_in_records.Flow, problem: sign_in_flow.SignInRefused | None
) -> Response:
    hint = flow.parameters.get("login_hint", "")
    return page("sign_in_name", tenant=tenant, flow=flow, hint=hint, problem=problem)


def _answer(tenant: tenants.Tenant, tenant_name: str, handler: _Handler) -> Response:
    if not _is_here(tenant, tenant_name):
        return _unknown_tenant()
    try:
        return handler(tenant, sign_in_flow.find(tenant, flask.request.form.get("flow", "")))
    except sign_in_flow.SignInRefused as refusal:
        return page("message", status=400, problem=refusal)


def _name(tenant: tenants.Tenant, flow: sign_in_records.Flow) -> Response:
    form = flask.request.form
    if "loginfmt" in form:
        try:
            sign_in_flow.name_person(tenant, flow, form["loginfmt"])
        except sign_in_flow.SignInRefused as refusal:
            return _name_page(tenant, flow, refusal)
    session = approvals.settle(tenant, flow)
    if session is not None:
        return _return(tenant, flow, session.id)
    return _proof_page(tenant, flow, way=form.get("way"), problem=None)


def _proof_page(
    tenant: tenants.Tenant, flow: sign_in_records.Flow, *, way: str | None, problem: sign_in_flow.SignInRefused | None
) -> Response:
    offered = sign_in_flow.ways(tenant, flow)
    if flow.answers.get("second_factor"):
        offered = [one for one in offered if one != sign_in_flow.PASSWORD]
        if way is None or way not in offered:
            return _mfa_page(tenant, flow, offered)
    if not offered:
        return page("sign_in_federated", tenant=tenant, flow=flow, user=sign_in_flow.person(tenant, flow))
    chosen = way if way in offered else offered[0]
    return page(
        "sign_in_proof",
        tenant=tenant,
        flow=flow,
        user=sign_in_flow.person(tenant, flow),
        way=chosen,
        title=_TITLES[chosen],
        others=[(one, _CHOICES[one]) for one in offered if one != chosen],
        problem=problem,
    )


def _mfa_page(tenant: tenants.Tenant, flow: sign_in_records.Flow, offered: list[str]) -> Response:
    user = sign_in_flow.person(tenant, flow)
    return page(
        "sign_in_mfa",
        tenant=tenant,
        flow=flow,
        user=user,
        registered=sign_in_flow.has_second_factor(tenant, user),
        others=[(one, _CHOICES[one]) for one in offered],
    )


def _credential(tenant: tenants.Tenant, flow: sign_in_records.Flow) -> Response:
    form = flask.request.form
    proof = sign_in_flow.Proof(form.get("method", ""), form.get("value", ""), form.get("method_id", ""))
    try:
        session = sign_in_flow.prove(tenant, flow, proof)
    except sign_in_flow.SignInRefused as refusal:
        return _proof_page(tenant, flow, way=proof.way, problem=refusal)
    if session is None:
        return _proof_page(tenant, flow, way=None, problem=None)
    return _return(tenant, flow, session.id)


def _return(tenant: tenants.Tenant, flow: sign_in_records.Flow, session_id: str | None) -> Response:
    """Back to the app with the session, unless a registration policy holds the person up."""
    held_up = combined_registration.interruption(tenant, flow)
    if held_up is not None:
        flow.answers["held_up"] = held_up
        return _interrupt_page(tenant, flow, None)
    return keep_session(_sent(sign_in_request.finish(tenant, flow)), session_id or "")


def _interrupt_page(
    tenant: tenants.Tenant, flow: sign_in_records.Flow, problem: registration.DeviceRefused | None
) -> Response:
    user, held_up = sign_in_flow.person(tenant, flow), flow.answers["held_up"]
    return page("sign_in_interrupt", tenant=tenant, flow=flow, user=user, held_up=held_up, problem=problem)


def _register(tenant: tenants.Tenant, flow: sign_in_records.Flow) -> Response:
    """Interrupt mode: one method is registered, or the page is put off, then the sign-in goes on."""
    session, held_up = sign_in.live_session(tenant, flow.session_id), flow.answers.get("held_up")
    if session is None or held_up is None:
        raise sign_in_flow.SignInRefused(90014)
    form = flask.request.form
    flow.answers["put_off"] = held_up.can_wait and form.get("kind") == "later"
    if flow.answers["put_off"]:
        return _return(tenant, flow, session.id)
    try:
        if form.get("kind") == "phone" and held_up.phone:
            combined_registration.add_phone_number(tenant, session, form.get("number", "").strip())
        else:
            name, public_key = form.get("name", "").strip() or "Phone", key_in(form.get("public_key", ""))
            combined_registration.add_approvals(tenant, session, name=name, public_key=public_key)
    except registration.DeviceRefused as refusal:
        return _interrupt_page(tenant, flow, refusal)
    flow.answers["registered"] = True
    return _return(tenant, flow, session.id)


def key_in(text: str) -> str:
    """The public key (PEM) that a form brought; `DeviceRefused` for anything else."""
    try:
        serialization.load_pem_public_key(text.encode())
    except ValueError:
        raise registration.DeviceRefused("no_key", "Only a device can make this key: use a virtual device.") from None
    return text


def network_address() -> str:
    """Where a request comes from, as whoever plays it says; empty where nobody says."""
    return flask.request.headers.get("X-Forwarded-For", "").strip()


def session_at_hand(tenant: tenants.Tenant) -> sign_in_records.Session | None:
    """The live session of the browser that asks."""
    return sign_in.live_session(tenant, flask.request.cookies.get(COOKIE))
