"""The sign-in pages: the user name, then the pass, a key or a password, then back to the app that asked.

Plain forms that work without scripts. A code is never put back into a page, an address or a cookie.
"""

from __future__ import annotations

from collections.abc import Callable

import flask
from werkzeug.wrappers import Response

from agent.sandbox import records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import sign_in, sign_in_flow

COOKIE = "ESTSAUTH"
_Handler = Callable[[tenants.Tenant, records.Flow], Response]
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
        flow = sign_in_flow.begin(tenant, flask.request.args.to_dict())
    except sign_in_flow.SignInRefused as refusal:
        return page("message", status=400, problem=refusal)
    if sign_in_flow.reuse(tenant, flow, flask.request.cookies.get(COOKIE)):
        return flask.redirect(sign_in_flow.finish(tenant, flow))
    return _name_page(tenant, flow, None)


def _name_page(tenant: tenants.Tenant, flow: records.Flow, problem: sign_in_flow.SignInRefused | None) -> Response:
    hint = flow.parameters.get("login_hint", "")
    return page("sign_in_name", tenant=tenant, flow=flow, hint=hint, problem=problem)


def _answer(tenant: tenants.Tenant, tenant_name: str, handler: _Handler) -> Response:
    if not _is_here(tenant, tenant_name):
        return _unknown_tenant()
    try:
        return handler(tenant, sign_in_flow.find(tenant, flask.request.form.get("flow", "")))
    except sign_in_flow.SignInRefused as refusal:
        return page("message", status=400, problem=refusal)


def _name(tenant: tenants.Tenant, flow: records.Flow) -> Response:
    form = flask.request.form
    if "loginfmt" in form:
        try:
            sign_in_flow.name_person(tenant, flow, form["loginfmt"])
        except sign_in_flow.SignInRefused as refusal:
            return _name_page(tenant, flow, refusal)
    return _proof_page(tenant, flow, way=form.get("way"), problem=None)


def _proof_page(
    tenant: tenants.Tenant, flow: records.Flow, *, way: str | None, problem: sign_in_flow.SignInRefused | None
) -> Response:
    offered = sign_in_flow.ways(tenant, flow)
    if flow.answers.get("second_factor"):
        offered = [one for one in offered if one != sign_in_flow.PASSWORD]
        if way is None or way not in offered:
            return _mfa_page(tenant, flow, offered)
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


def _mfa_page(tenant: tenants.Tenant, flow: records.Flow, offered: list[str]) -> Response:
    user = sign_in_flow.person(tenant, flow)
    return page(
        "sign_in_mfa",
        tenant=tenant,
        flow=flow,
        user=user,
        registered=sign_in_flow.has_second_factor(tenant, user),
        others=[(one, _CHOICES[one]) for one in offered],
    )


def _credential(tenant: tenants.Tenant, flow: records.Flow) -> Response:
    form = flask.request.form
    proof = sign_in_flow.Proof(form.get("method", ""), form.get("value", ""), form.get("method_id", ""))
    try:
        session = sign_in_flow.prove(tenant, flow, proof)
    except sign_in_flow.SignInRefused as refusal:
        return _proof_page(tenant, flow, way=proof.way, problem=refusal)
    if session is None:
        return _proof_page(tenant, flow, way=None, problem=None)
    return keep_session(flask.redirect(sign_in_flow.finish(tenant, flow)), session.id)


def session_at_hand(tenant: tenants.Tenant) -> records.Session | None:
    """The live session of the browser that asks."""
    return sign_in.live_session(tenant, flask.request.cookies.get(COOKIE))
