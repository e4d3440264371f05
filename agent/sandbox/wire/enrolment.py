"""What devices call themselves: first run, join, management enrolment, progress, keys. JSON in and out.

These are the sandbox's own addresses; Microsoft's protocols (MS-MDE2, the device registration service) carry the same
facts. A bearer is checked as a real one would be: dead with the pass it came from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flask

from agent.sandbox import errors
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import (
    apple_enrolment,
    approvals,
    check_in,
    mac,
    mdm,
    microsoft_apps,
    pre_provisioning,
    preparation,
    registration,
    sign_in,
    windows_enrolment,
)

Answer = dict[str, Any]


def blueprint(tenant: tenants.Tenant) -> flask.Blueprint:
    """The endpoints under `/enrolment`, and the hook that lets due changes happen before any request."""
    pages = flask.Blueprint("enrolment", __name__, url_prefix="/enrolment")
    pages.before_app_request(lambda: _catch_up(tenant))
    steps: dict[str, Callable[[tenants.Tenant, _Call], Answer]] = {
        "first-run": _first_run,
        "join": _join,
        "manage": _manage,
        "report": _report,
        "hello": _hello,
        "remote-management": _remote_management,
        "apple": _apple,
        "company-portal": _company_portal,
        "company-portal-app": _company_portal_app,
        "authenticator": _authenticator,
        "pre-provision": _pre_provision,
        "check-in": _check_in,
        "pin-reset": _pin_reset,
        "platform-sso-policy": _platform_sso_policy,
        "platform-sso": _platform_sso,
        "register": _register,
        "passkey": _passkey,
        "approval-requests": _approval_requests,
        "approve": _approve,
    }

    def answer(step: str) -> tuple[Answer, int]:
        carry_out = steps.get(step)
        if carry_out is None:
            return _error("not_implemented", f"The sandbox has no enrolment step '{step}'."), 501
        try:
            return carry_out(tenant, _Call()), 200
        except registration.DeviceRefused as refusal:
            return _error(refusal.code, refusal.sentence), refusal.status
        except errors.TokenError as refusal:
            return _error(refusal.error, refusal.description), refusal.status

    pages.add_url_rule("/<step>", "step", answer, methods=["POST"])
    return pages


def _catch_up(tenant: tenants.Tenant) -> None:
    with tenant.lock:
        mdm.catch_up(tenant)


def _error(code: str, message: str) -> Answer:
    return {"error": {"code": code, "message": message}}


class _Call:
    """The request at hand: its JSON body read field by field, and its bearer token."""

    def __init__(self) -> None:
        body = flask.request.get_json(silent=True)
        self._body: dict[str, Any] = body if isinstance(body, dict) else {}
        scheme, _, token = flask.request.headers.get("Authorization", "").partition(" ")
        self.token = token.strip() if scheme.lower() == "bearer" else ""

    def text(self, name: str) -> str:
        """A field as text, empty when it is missing or something else."""
        value = self._body.get(name, "")
        return value if isinstance(value, str) else ""

    def flag(self, name: str, *, default: bool) -> bool:
        """A field as a Boolean."""
        value = self._body.get(name, default)
        return value if isinstance(value, bool) else default

    def hardware(self) -> registration.Hardware:
        """The device's description of itself."""
        return registration.Hardware(
            serial=self.text("serial"),
            name=self.text("name"),
            model=self.text("model"),
            manufacturer=self.text("manufacturer"),
            os_version=self.text("os_version"),
            public_key=self.text("device_key"),
        )


def _first_run(tenant: tenants.Tenant, call: _Call) -> Answer:
    found = registration.at_first_run(tenant, call.text("serial"))
    if found is None:
        raise registration.unprofiled(tenant, call.text("serial")) or registration.DeviceRefused("815", "No profile.")
    identity, profile = found
    return {
        "tenant_id": tenant.id,
        "autopilot_id": identity.id,
        "organisation": tenant.directory.organisation.display_name,
        "profile": profile.name,
        "name_template": profile.device_name_template,
        "hybrid": profile.kind == "activeDirectory",
        "self_deploying": profile.device_usage == "shared",
        "assigned_to": identity.user_principal_name,
    }


def _join(tenant: tenants.Tenant, call: _Call) -> Answer:
    bearer = sign_in.bearer(tenant, call.token, microsoft_apps.DEVICE_REGISTRATION)
    device = registration.join(tenant, bearer, call.hardware())
    return {"device_id": device.device_id}


def _manage(tenant: tenants.Tenant, call: _Call) -> Answer:
    bearer = sign_in.bearer(tenant, call.token, microsoft_apps.INTUNE_ENROLMENT)
    hardware = call.hardware()
    if registration.at_first_run(tenant, hardware.serial) is None:
        return _enrolled(preparation.enrol(tenant, bearer, hardware))
    prepared = pre_provisioning.awaiting_person(tenant, hardware.serial)
    if prepared is not None:
        return _enrolled(pre_provisioning.take_over(tenant, bearer, hardware, prepared))
    return _enrolled(windows_enrolment.enrol(tenant, bearer, hardware))


def _pre_provision(tenant: tenants.Tenant, call: _Call) -> Answer:
    return _enrolled(pre_provisioning.prepare(tenant, call.hardware()))


def _check_in(tenant: tenants.Tenant, call: _Call) -> Answer:
    return {"tenant_id": tenant.id, **_enrolled(check_in.of_pc(tenant, call.text("device_id")))}


def _enrolled(enrolled: mdm.Enrolled) -> Answer:
    return {"managed_device_id": enrolled.device.id, "device_token": enrolled.token, "orders": enrolled.orders}


def _report(tenant: tenants.Tenant, call: _Call) -> Answer:
    mdm.report(tenant, call.token, phase=call.text("phase"), succeeded=call.flag("succeeded", default=True))
    return {}


def _hello(tenant: tenants.Tenant, call: _Call) -> Answer:
    bearer = sign_in.bearer(tenant, call.token, microsoft_apps.DEVICE_REGISTRATION)
    method = registration.add_hello_key(
        tenant, bearer, device_id=call.text("device_id"), public_key=call.text("public_key")
    )
    return {"method_id": method.id}


def _pin_reset(tenant: tenants.Tenant, call: _Call) -> Answer:
    bearer = sign_in.bearer(tenant, call.token, microsoft_apps.DEVICE_REGISTRATION)
    device_id, public_key = call.text("device_id"), call.text("public_key")
    return {"method_id": registration.reset_pin(tenant, bearer, device_id=device_id, public_key=public_key).id}


def _remote_management(tenant: tenants.Tenant, call: _Call) -> Answer:
    _identity, profile = apple_enrolment.offered(tenant, call.text("serial"))
    return {
        "tenant_id": tenant.id,
        "organisation": tenant.directory.organisation.display_name,
        "profile": profile.name,
        "web_sign_in": profile.web_sign_in,
        "company_portal": profile.company_portal,
        "single_app_mode": profile.single_app_mode,
        "requires_user": profile.requires_user,
    }


def _apple(tenant: tenants.Tenant, call: _Call) -> Answer:
    user = sign_in.bearer(tenant, call.token, microsoft_apps.INTUNE_ENROLMENT).user if call.token else None
    return _enrolled(apple_enrolment.enrol(tenant, call.hardware(), system=call.text("system"), user=user))


def _company_portal(tenant: tenants.Tenant, call: _Call) -> Answer:
    bearer = sign_in.bearer(tenant, call.token, microsoft_apps.INTUNE_ENROLMENT)
    device = apple_enrolment.bind_person(tenant, bearer, call.text("device_token"), call.hardware())
    return {"device_id": device.device_id}


def _company_portal_app(tenant: tenants.Tenant, call: _Call) -> Answer:
    apple_enrolment.install_company_portal(tenant, call.text("device_token"))
    return {}


def _authenticator(tenant: tenants.Tenant, call: _Call) -> Answer:
    bearer = sign_in.bearer(tenant, call.token, microsoft_apps.DEVICE_REGISTRATION)
    method = registration.add_authenticator(
        tenant, bearer, device_id=call.text("device_id"), public_key=call.text("public_key")
    )
    return {"method_id": method.id}


def _platform_sso_policy(tenant: tenants.Tenant, call: _Call) -> Answer:
    return {"way": mac.way(tenant, call.text("device_token"))}


def _platform_sso(tenant: tenants.Tenant, call: _Call) -> Answer:
    bearer = sign_in.bearer(tenant, call.token, microsoft_apps.DEVICE_REGISTRATION)
    method = mac.register(
        tenant, bearer, call.text("device_token"), call.hardware(), public_key=call.text("public_key")
    )
    return {"method_id": method.id, "device_id": bearer.session.device_id}


def _register(tenant: tenants.Tenant, call: _Call) -> Answer:
    """A person's own phone, not under management, gets its object in the directory."""
    bearer = sign_in.bearer(tenant, call.token, microsoft_apps.DEVICE_REGISTRATION)
    device = registration.register_phone(tenant, bearer, call.hardware(), system=call.text("system"))
    return {"device_id": device.device_id}


def _passkey(tenant: tenants.Tenant, call: _Call) -> Answer:
    bearer = sign_in.bearer(tenant, call.token, microsoft_apps.DEVICE_REGISTRATION)
    held_in = call.text("system")
    if held_in not in registration.PASSKEY_MAKERS:
        raise registration.DeviceRefused("no_key", f"A phone with '{held_in}' holds no passkeys.", status=400)
    name, public_key = call.text("name"), call.text("public_key")
    method = registration.add_passkey(tenant, bearer.session, name=name, public_key=public_key, held_in=held_in)
    return {"method_id": method.id}


def _approval_requests(tenant: tenants.Tenant, call: _Call) -> Answer:
    waiting = approvals.waiting(tenant, call.text("public_key"))
    return {"requests": [{"flow": flow.id, "nonce": flow.nonce} for flow in waiting]}


def _approve(tenant: tenants.Tenant, call: _Call) -> Answer:
    approvals.approve(tenant, call.text("flow"), call.text("signature"))
    return {}
