"""Interrupt mode: people in scope of a registration policy must register something right after a sign-in in a browser.

The page offers Authenticator for approvals, and a phone number where that is enough; neither a passkey nor phone
sign-in (learn.microsoft.com/entra/identity/authentication/howto-authentication-temporary-access-pass, limitations).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.sandbox import records, sign_in_records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import allowed_methods, campaigns, microsoft_apps, people, registration

_SATISFYING = frozenset({"microsoftAuthenticator", "phone", "softwareOath"})
_ENOUGH_FOR_DEFAULTS = frozenset({"microsoftAuthenticator", "softwareOath", "fido2"})
_IN_A_BROWSER = frozenset({microsoft_apps.MY_SIGN_INS.id})
_PHONES = ("iOS", "iPhone", "iPad", "Android")
_PHONE_NUMBER = re.compile(r"\+\d{1,3} ?\d{4,14}$")


@dataclass(frozen=True, slots=True)
class Interruption:
    """What holds a sign-in up: `page` names it, `phone` is whether a phone number will do, `can_wait` a way past."""

    page: str
    phone: bool = False
    can_wait: bool = False


def interruption(tenant: tenants.Tenant, flow: sign_in_records.Flow) -> Interruption | None:
    """What this sign-in is held up by now, None where it goes on; a campaign counts as shown."""
    if flow.user_id is None or not _can_be_held_up(tenant, flow) or flow.answers.get("put_off"):
        return None
    methods = {method.kind for method in tenant.credentials.methods.get(flow.user_id, [])}
    if _defaults_demand(tenant, flow, methods):
        return Interruption("interrupt", can_wait=tenant.options.security_defaults_can_wait)
    if _policy_demands(tenant, flow.user_id, methods):
        return Interruption("interrupt", phone=True)
    if flow.answers.get("registered") or _on_a_phone(flow) or not campaigns.asks(tenant, flow.user_id):
        return None
    campaigns.show(tenant, flow.user_id)
    return Interruption("campaign", can_wait=campaigns.can_wait(tenant, flow.user_id))


def _can_be_held_up(tenant: tenants.Tenant, flow: sign_in_records.Flow) -> bool:
    if flow.client_id == microsoft_apps.AUTHENTICATOR.id:
        return tenant.options.interrupt_in_apps
    return flow.client_id in _IN_A_BROWSER or flow.client_id in tenant.directory.registrations


def _on_a_phone(flow: sign_in_records.Flow) -> bool:
    runs_on = f"{flow.parameters.get('user_agent', '')} {flow.parameters.get('device_os', '')}"
    return flow.client_id == microsoft_apps.AUTHENTICATOR.id or any(one in runs_on for one in _PHONES)


def _policy_demands(tenant: tenants.Tenant, user_id: str, methods: set[str]) -> bool:
    """Whether a registration policy has this person in scope, who has registered nothing that satisfies it."""
    scope = set(tenant.credentials.must_register)
    in_scope = records.ALL_USERS in scope or bool(scope & people.group_ids_of(tenant, user_id))
    return in_scope and not methods & _SATISFYING


def _defaults_demand(tenant: tenants.Tenant, flow: sign_in_records.Flow, methods: set[str]) -> bool:
    """Security defaults want everybody to have Authenticator for approvals, or an app that shows codes.

    learn.microsoft.com/entra/fundamentals/security-defaults. No page says what becomes of a sign-in with a pass, which
    is a switch, nor whether a passkey is enough: here it is.
    """
    session = tenant.sign_ins.sessions.get(flow.session_id or "")
    with_a_pass = session is not None and session.pass_id is not None
    held_up = not with_a_pass or tenant.options.security_defaults_hold_up_passes
    return tenant.credentials.security_defaults and held_up and not methods & _ENOUGH_FOR_DEFAULTS


def add_approvals(
    tenant: tenants.Tenant, session: sign_in_records.Session, *, name: str, public_key: str
) -> records.Method:
    """Authenticator for approvals only: never a way to sign in by itself, and without a time of creation in Graph.

    Raises `DeviceRefused`.
    """
    if not allowed_methods.approvals(tenant, session.user_id):
        raise registration.DeviceRefused("method_not_allowed", "Your organisation does not allow Authenticator.")
    registration.check_fresh(tenant, session)
    user = tenant.directory.users[session.user_id]
    method = records.Method(
        id=tenant.new_id(),
        user_id=user.id,
        kind="microsoftAuthenticator",
        display_name=name,
        properties={"deviceTag": "SoftwareTokenActivated", "phoneAppVersion": "6.8.40"},
        public_key=public_key,
    )
    return registration.add_method(tenant, user, method, named="Microsoft Authenticator app (notification)")


def add_phone_number(tenant: tenants.Tenant, session: sign_in_records.Session, number: str) -> records.Method:
    """A mobile phone for text messages. Raises `DeviceRefused` for what is no number, or where there is one already."""
    registration.check_fresh(tenant, session)
    user = tenant.directory.users[session.user_id]
    if not _PHONE_NUMBER.match(number):
        raise registration.DeviceRefused("phone_number", "A phone number begins with + and the country's number.")
    if any(method.kind == "phone" for method in tenant.credentials.methods.get(user.id, [])):
        raise registration.DeviceRefused("phone_number", "There is a phone number already.")
    method = records.Method(
        id=records.MOBILE_PHONE_METHOD_ID,
        user_id=user.id,
        kind="phone",
        properties={"phoneNumber": number, "phoneType": "mobile", "smsSignInState": "notConfigured"},
    )
    return registration.add_method(tenant, user, method, named="Phone")
