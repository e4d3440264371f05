"""An MFA prompt that Authenticator on another phone answers: which sign-ins wait, and what an approval is worth.

The phone proves itself with the key of its registration; a registration for approvals only has one too, but it can
never open a session by itself.
"""

from __future__ import annotations

from agent.sandbox import records, sign_in_records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import activity, conditional_access, registration, sign_in_flow

_AUTHENTICATOR = "microsoftAuthenticator"
_APPROVAL = "Mobile app notification"
"""What the sign-in log calls an approval (learn.microsoft.com/graph/api/resources/authenticationdetail)."""


def waiting(tenant: tenants.Tenant, public_key: str) -> list[sign_in_records.Flow]:
    """The sign-ins that wait for an approval by the phone with this key, oldest first."""
    people = {method.user_id for method in _registrations(tenant) if public_key and method.public_key == public_key}
    return [
        flow for flow in tenant.sign_ins.flows.values() if flow.answers.get("second_factor") and flow.user_id in people
    ]


def _registrations(tenant: tenants.Tenant) -> list[records.Method]:
    held = tenant.credentials.methods.values()
    return [method for methods in held for method in methods if method.kind == _AUTHENTICATOR]


def approve(tenant: tenants.Tenant, flow_id: str, signature: str) -> None:
    """The phone's answer: a signature over the sign-in's nonce. Raises `DeviceRefused` when it fits no registration."""
    flow = tenant.sign_ins.flows.get(flow_id)
    for method in _registrations(tenant) if flow is not None else []:
        mine = flow is not None and method.user_id == flow.user_id and method.public_key is not None
        if flow is not None and mine and sign_in_flow.signed(method.public_key or "", signature, flow.nonce):
            flow.answers["approved"] = True
            return
    raise registration.DeviceRefused("no_request", "There is no sign-in that this phone can approve.", status=404)


def settle(tenant: tenants.Tenant, flow: sign_in_records.Flow) -> sign_in_records.Session | None:
    """The session of a password and an approval, once the phone has answered; `None` while it has not.

    Raises `SignInRefused` where Conditional Access wants more than an approval.
    """
    if not (flow.answers.get("second_factor") and flow.answers.get("approved")):
        return None
    user = sign_in_flow.person(tenant, flow)
    amr = ["pwd", "mfa"]
    steps = (activity.Step("Password"), activity.Step(_APPROVAL, requirement="Multifactor authentication"))
    lacking = sign_in_flow.missing(tenant, flow, conditional_access.modes_of(amr))
    if lacking:
        number = conditional_access.number_of(lacking)
        sign_in_flow.log(tenant, flow, user, steps, error_code=number)
        raise sign_in_flow.SignInRefused(number)
    session = sign_in_flow.open_session(tenant, flow, amr, None)
    sign_in_flow.log(tenant, flow, user, steps, error_code=0)
    return session
