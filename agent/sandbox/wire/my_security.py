"""My Security Info: a person sees their sign-in methods, adds a passkey, deletes one, signs out everywhere."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import urlencode

import flask
from werkzeug.wrappers import Response

from agent.sandbox import records, sign_in_records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import (
    combined_registration,
    conditional_access,
    microsoft_apps,
    passes,
    registration,
    sign_in,
)
from agent.sandbox.wire import sign_in as sign_in_pages

_WORDS = {
    "windowsHelloForBusiness": "Windows Hello for Business",
    "microsoftAuthenticator": "Microsoft Authenticator",
    "fido2": "Passkey",
    "platformCredential": "Platform credential",
    "phone": "Phone",
    "email": "Email",
    "softwareOath": "Authenticator app code",
    "password": "Password",
}


def blueprint(tenant: tenants.Tenant) -> flask.Blueprint:
    """The pages under `/mysecurityinfo`; who is not signed in is sent to the sign-in pages first."""
    pages = flask.Blueprint("my_security", __name__, url_prefix="/mysecurityinfo", template_folder="templates")

    def show() -> Response:
        session = _session(tenant)
        return _overview(tenant, session, None) if session else flask.redirect(_sign_in_address(tenant))

    def act(what: str) -> Response:
        session = _session(tenant)
        if session is None or not hmac.compare_digest(_form_proof(session), flask.request.form.get("proof", "")):
            return flask.redirect(_sign_in_address(tenant))
        try:
            return _act(tenant, session, what)
        except registration.DeviceRefused as refusal:
            return _overview(tenant, session, refusal)

    pages.add_url_rule("", "show", show, methods=["GET"])
    pages.add_url_rule("/signed-in", "signed_in", lambda: _signed_in(tenant), methods=["GET"])
    pages.add_url_rule("/<what>", "act", act, methods=["POST"])
    return pages


def _session(tenant: tenants.Tenant) -> sign_in_records.Session | None:
    session = sign_in_pages.session_at_hand(tenant)
    if session is None:
        return None
    scene = conditional_access.of_security_info(session, sign_in_pages.network_address())
    policies = conditional_access.covering(tenant, scene)
    return None if conditional_access.unmet(tenant, policies, session.modes, scene) else session


def _sign_in_address(tenant: tenants.Tenant) -> str:
    query = {
        "client_id": microsoft_apps.MY_SIGN_INS.id,
        "response_type": "code",
        "redirect_uri": f"{tenant.origin}/mysecurityinfo/signed-in",
        "scope": "openid profile",
        "prompt": "login",
    }
    return f"/{tenant.id}/oauth2/v2.0/authorize?{urlencode(query)}"


def _signed_in(tenant: tenants.Tenant) -> Response:
    """Take the code of a sign-in, once, and only in the browser that signed in."""
    grant = tenant.sign_ins.code_grants.pop(flask.request.args.get("code", ""), None)
    session = sign_in_pages.session_at_hand(tenant)
    if grant is None or session is None or grant.session_id != session.id:
        return flask.redirect(_sign_in_address(tenant))
    return flask.redirect("/mysecurityinfo")


def _form_proof(session: sign_in_records.Session) -> str:
    return hashlib.sha256(f"my security info {session.id}".encode()).hexdigest()


def _overview(
    tenant: tenants.Tenant, session: sign_in_records.Session, problem: registration.DeviceRefused | None
) -> Response:
    user = tenant.directory.users[session.user_id]
    rows = [_method_row(method) for method in tenant.credentials.methods.get(user.id, [])]
    access_pass = tenant.credentials.passes.get(user.id)
    if access_pass is not None:
        rows.append(_pass_row(access_pass))
    return sign_in_pages.page(
        "my_security", tenant=tenant, user=user, rows=rows, problem=problem, proof=_form_proof(session)
    )


def _method_row(method: records.Method) -> dict[str, object]:
    return {
        "id": method.id,
        "kind": method.kind,
        "name": method.display_name or "",
        "words": _WORDS.get(method.kind, method.kind),
        "since": f"{method.created:%d %B %Y %H:%M} UTC" if method.created else "",
        "removable": method.kind != "password",
    }


def _pass_row(access_pass: records.AccessPass) -> dict[str, object]:
    return {
        "id": access_pass.id,
        "kind": "temporaryAccessPass",
        "name": "",
        "words": "Temporary Access Pass",
        "since": f"expires {passes.end(access_pass):%d %B %Y %H:%M} UTC",
        "removable": True,
    }


def _act(tenant: tenants.Tenant, session: sign_in_records.Session, what: str) -> Response:
    form = flask.request.form
    user = tenant.directory.users[session.user_id]
    if what == "add":
        _add(tenant, session)
    elif what == "delete":
        _delete(tenant, user, form.get("id", ""))
    elif what == "sign-out-everywhere":
        sign_in.sign_out_everywhere(tenant, user)
        return sign_in_pages.page("signed_out")
    else:
        flask.abort(501)
    return flask.redirect("/mysecurityinfo")


def _add(tenant: tenants.Tenant, session: sign_in_records.Session) -> None:
    form = flask.request.form
    name, public_key = form.get("name", "").strip(), sign_in_pages.key_in(form.get("public_key", ""))
    kind = form.get("kind", "")
    if kind == "approvals":
        combined_registration.add_approvals(tenant, session, name=name or "Phone", public_key=public_key)
    elif kind == "security-key":
        name = name or "Security key"
        registration.add_passkey(tenant, session, name=name, public_key=public_key, held_in="security-key")
    else:
        registration.add_passkey(tenant, session, name=name or "Phone", public_key=public_key)


def _delete(tenant: tenants.Tenant, user: records.User, method_id: str) -> None:
    access_pass = tenant.credentials.passes.get(user.id)
    if access_pass is not None and access_pass.id == method_id:
        passes.delete(tenant, user, method_id, by=user.id)
    else:
        registration.remove_own_method(tenant, user, method_id)
