"""Interrupt mode: people in scope of a registration policy must register something right after a sign-in in a browser.

The page offers Authenticator for approvals and a phone number; neither a passkey nor phone sign-in
(learn.microsoft.com/entra/identity/authentication/howto-authentication-temporary-access-pass, known limitations).
"""

from __future__ import annotations

import re

from agent.sandbox import records, sign_in_records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import allowed_methods, microsoft_apps, people, registration

_SATISFYING = frozenset({"microsoftAuthenticator", "phone", "softwareOath"})
_IN_A_BROWSER = frozenset({microsoft_apps.MY_SIGN_INS.id})
_PHONE_NUMBER = re.compile(r"\+\d{1,3} ?\d{4,14}$")


def interrupts(tenant: tenants.Tenant, flow: sign_in_records.Flow) -> bool:
    """Whether the policy holds this sign-in up: its person is in scope and has registered nothing that satisfies it."""
    if flow.client_id == microsoft_apps.AUTHENTICATOR.id:
        held_up = tenant.options.interrupt_in_apps
    else:
        held_up = flow.client_id in _IN_A_BROWSER or flow.client_id in tenant.directory.registrations
    scope = set(tenant.credentials.must_register)
    if not held_up or not scope or flow.user_id is None:
        return False
    in_scope = records.ALL_USERS in scope or bool(scope & people.group_ids_of(tenant, flow.user_id))
    methods = tenant.credentials.methods.get(flow.user_id, [])
    return in_scope and not any(method.kind in _SATISFYING for method in methods)


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
