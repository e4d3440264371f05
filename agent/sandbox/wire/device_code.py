"""The device code's two ends: the endpoint an app asks, and the pages where a person types the code.

The person signs in on the ordinary pages in between, and is then asked whether they meant to
(learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code).
"""

from __future__ import annotations

import flask
from werkzeug.wrappers import Response

from agent.sandbox import errors
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import sign_in_device, sign_in_flow, sign_in_request
from agent.sandbox.wire import sign_in as pages
from agent.sandbox.wire import tokens


def blueprint(host: tenants.Tenant) -> flask.Blueprint:
    """`/{tenant}/oauth2/v2.0/devicecode`, `/devicelogin`, and `/{tenant}/deviceauth` with its question."""
    made = flask.Blueprint("device_code", __name__)
    made.add_url_rule(
        "/<tenant>/oauth2/v2.0/devicecode", "devicecode", lambda tenant: _ask(host, tenant), methods=["POST"]
    )
    made.add_url_rule("/devicelogin", "devicelogin", lambda: flask.redirect(f"{host.origin}/{host.id}/deviceauth"))
    made.add_url_rule("/<_tenant>/deviceauth", "code", lambda _tenant: _page(host, 0), methods=["GET"])
    made.add_url_rule("/<_tenant>/deviceauth", "typed", lambda _tenant: _typed(host), methods=["POST"])
    made.add_url_rule("/<_tenant>/deviceauth/confirm", "confirm", lambda _tenant: _confirm(host))
    made.add_url_rule("/<_tenant>/deviceauth/confirm", "decided", lambda _tenant: _decided(host), methods=["POST"])
    return made


def _ask(host: tenants.Tenant, tenant: str) -> flask.Response:
    form = flask.request.form
    try:
        tokens.check_tenant(host, tenant, for_person=True)
        registration = tokens.known_client(host, form.get("client_id", ""))
        if not registration.public:
            raise errors.TokenError(
                "invalid_client", "AADSTS70002: The provided client is not supported for this feature.", status=401
            )
        sign_in_request.check_scope(host, registration.app_id, form.get("scope", ""))
    except errors.TokenError as refusal:
        return tokens.refused(host, refusal)
    except sign_in_flow.SignInRefused as refusal:
        return tokens.refused(host, errors.TokenError("invalid_scope", str(refusal)))
    return tokens.answer(host, sign_in_device.begin(host, registration.app_id, form.get("scope", "")))


def _page(host: tenants.Tenant, problem: int) -> Response:
    refusal = sign_in_flow.SignInRefused(problem) if problem else None
    return pages.page("device_code", tenant=host, problem=refusal)


def _typed(host: tenants.Tenant) -> Response:
    grant = sign_in_device.typed(host, flask.request.form.get("otc", ""))
    if grant is None:
        return _page(host, 70007)
    flow = sign_in_request.begin_for_device(host, grant)
    return pages.go_on(host, flow)


def _confirm(host: tenants.Tenant) -> Response:
    try:
        flow = sign_in_flow.find(host, flask.request.args.get("flow", ""))
    except sign_in_flow.SignInRefused as refusal:
        return pages.page("message", status=400, problem=refusal)
    registration = host.directory.registrations.get(flow.client_id)
    name = registration.name if registration else flow.client_id
    return pages.page("device_confirm", tenant=host, flow=flow, app=name, user=sign_in_flow.person(host, flow))


def _decided(host: tenants.Tenant) -> Response:
    form = flask.request.form
    session = pages.session_at_hand(host)
    try:
        flow = sign_in_flow.find(host, form.get("flow", ""))
        if session is None or session.id != flow.session_id or flow.device_code is None:
            raise sign_in_flow.SignInRefused(90014)
    except sign_in_flow.SignInRefused as refusal:
        return pages.page("message", status=400, problem=refusal)
    del host.sign_ins.flows[flow.id]
    approved = form.get("decision") == "continue"
    sign_in_device.decide(host, flow.device_code, session, approved=approved)
    return pages.page("device_done", approved=approved)
