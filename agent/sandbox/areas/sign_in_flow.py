"""One sign-in from the user name to the redirect: which ways are offered, what each proof is worth, what comes after.

The request that opens a flow and the answer that ends it are `sign_in_request`. A proof that is refused raises
`SignInRefused` with its AADSTS number; a password where Conditional Access wants MFA leaves the flow waiting for a
second proof.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from agent.sandbox import records, sign_in_records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import activity, conditional_access, microsoft_apps, passes, people, sign_in

ACCESS_PASS = "accessPass"  # noqa: S105 - the name of a way to sign in
PASSWORD = "password"  # noqa: S105 - the name of a way to sign in

ENFORCED_ELSEWHERE = "enforceMfaByFederatedIdp"

KEYS = {
    "windowsHelloForBusiness": ("whfb", "Windows Hello for Business"),
    "fido2": ("fido", "Passkey (device-bound)"),
    "microsoftAuthenticator": ("phoneapp", "Microsoft Authenticator (phone sign-in)"),
    "platformCredential": ("platform", "Platform Credential"),
}
"""Kinds of method that hold a key: what each proves, and what the sign-in log calls it."""

REASONS = activity.FAILURE_REASONS | {
    50011: "The redirect URI specified in the request does not match the ones configured for the application.",
    50034: "The user account does not exist in this directory.",
    50074: "Strong Authentication is required.",
    50079: "The user is required to register for multi-factor authentication.",
    130501: "Sign in was blocked due to User Credential Policy.",
    135004: "The signature does not fit the key that is registered.",
    65001: "The user or administrator has not consented to use the application with these permissions.",
    70007: "That code didn't work. Check the code and try again.",
    700016: "The application was not found in this directory.",
    90002: "The tenant was not found.",
    90014: "The sign-in took too long or was finished before. Start again.",
}


PASS_NUMBERS = {"Expired": 130504, "OneTimeUsed": 130505, "DisabledByPolicy": 130502, "NotYetValid": 130507}
"""AADSTS number for each `methodUsabilityReason`; for a pass that is not valid yet none is documented."""


class SignInRefused(Exception):
    """A proof or a request that the sign-in page refuses; `number` is the AADSTS number."""

    def __init__(self, number: int) -> None:
        super().__init__(f"AADSTS{number}: {REASONS.get(number, 'Sign-in failed.')}")
        self.number = number


@dataclass(frozen=True, slots=True)
class Proof:
    """What a page posted: the way, and its value (a code, a password, or a signature in base64). Never shown."""

    way: str
    value: str
    method_id: str = ""

    def __repr__(self) -> str:
        return f"Proof(way={self.way!r})"


def find(tenant: tenants.Tenant, flow_id: str) -> sign_in_records.Flow:
    """The flow of that id; `SignInRefused` 90014 when it is finished or never was."""
    flow = tenant.sign_ins.flows.get(flow_id)
    if flow is None:
        raise SignInRefused(90014)
    return flow


def reuse(tenant: tenants.Tenant, flow: sign_in_records.Flow, session_id: str | None) -> bool:
    """Whether the browser's session already satisfies this flow; then it is taken over without asking.

    `amr_values=ngcmfa` (asked for where a key is registered) wants MFA at most 10 minutes old.
    """
    session = sign_in.live_session(tenant, session_id)
    if session is None or flow.parameters.get("prompt") in ("login", "select_account"):
        return False
    hint = flow.parameters.get("login_hint", "").lower()
    if hint and hint != tenant.directory.users[session.user_id].upn.lower():
        return False
    if flow.parameters.get("amr_values") == "ngcmfa" and not sign_in.freshly_proven(tenant, session):
        return False
    flow.user_id = session.user_id
    if missing(tenant, flow, session.modes):
        flow.user_id = None
        return False
    flow.session_id = session.id
    return True


def name_person(tenant: tenants.Tenant, flow: sign_in_records.Flow, user_name: str) -> records.User:
    """Set whom the flow is about, by user name in any letter case; `SignInRefused` 50034 when unknown."""
    user = people.by_upn(tenant, user_name.strip())
    if user is None:
        raise SignInRefused(50034)
    flow.user_id = user.id
    flow.answers.clear()
    return user


def person(tenant: tenants.Tenant, flow: sign_in_records.Flow) -> records.User:
    """Whom the flow is about; `SignInRefused` 90014 before the user name was given."""
    user = tenant.directory.users.get(flow.user_id or "")
    if user is None:
        raise SignInRefused(90014)
    return user


def pass_problem(tenant: tenants.Tenant, user: records.User) -> int | None:
    """Why the person's pass cannot be used now, as the AADSTS number of the page, or `None` when it can."""
    access_pass = tenant.credentials.passes.get(user.id)
    if access_pass is None:
        return 130507
    usable, reason = passes.usability(tenant, access_pass)
    return None if usable else PASS_NUMBERS[reason]


def ways(tenant: tenants.Tenant, flow: sign_in_records.Flow) -> list[str]:
    """What the page offers, what it asks for first: the pass only while it can be used, then keys, then a password."""
    user = person(tenant, flow)
    access_pass = tenant.credentials.passes.get(user.id)
    late = access_pass is not None and not tenant.view.arrived("pass_prompt", access_pass.id, access_pass.created)
    offered = [ACCESS_PASS] if pass_problem(tenant, user) is None and not late else []
    behaviour = federation_of(tenant, user)
    if behaviour == ENFORCED_ELSEWHERE and flow.parameters.get("amr_values") == "ngcmfa":
        offered = []
    held = [method.kind for method in keys_of(tenant, user)]
    offered += [kind for kind in KEYS if kind in held]
    return [*offered, PASSWORD] if behaviour is None else offered


def federation_of(tenant: tenants.Tenant, user: records.User) -> str | None:
    """How the provider of the person's domain goes about MFA, None for a domain that is managed here.

    Nobody is sent there who has a pass that can be used, but for a step-up that the provider alone may do
    (learn.microsoft.com/entra/identity/authentication/howto-authentication-temporary-access-pass).
    """
    return tenant.directory.organisation.federated.get(user.upn.rpartition("@")[2].lower())


def keys_of(tenant: tenants.Tenant, user: records.User) -> list[records.Method]:
    """The person's methods that can sign in alone; an Authenticator for push only (never `created`) is none."""
    return [
        method
        for method in tenant.credentials.methods.get(user.id, [])
        if method.kind in KEYS and method.public_key and method.created is not None
    ]


def prove(tenant: tenants.Tenant, flow: sign_in_records.Flow, proof: Proof) -> sign_in_records.Session | None:
    """Judge one proof: the session it opens, or `None` when Conditional Access wants MFA as well.

    Raises `SignInRefused`; each attempt leaves a row in the sign-in log.
    """
    user = person(tenant, flow)
    try:
        if not user.enabled:
            raise SignInRefused(50057)
        amr, step, access_pass = _judged(tenant, flow, user, proof)
    except SignInRefused as refusal:
        log(tenant, flow, user, (_step_of(proof, succeeded=False),), error_code=refusal.number)
        raise
    one_time = access_pass is not None and access_pass.one_time
    lacking = missing(tenant, flow, conditional_access.modes_of(amr, one_time=one_time))
    curable = conditional_access.curable(tenant, lacking) if proof.way == PASSWORD else set()
    if lacking - curable:
        number = conditional_access.number_of(lacking)
        log(tenant, flow, user, (step,), error_code=number)
        raise SignInRefused(number)
    wants_mfa = bool(lacking) or flow.parameters.get("amr_values") == "ngcmfa"
    if proof.way == PASSWORD and wants_mfa:
        flow.answers["second_factor"] = True
        log(tenant, flow, user, (step,), error_code=50076)
        return None
    if access_pass is not None:
        access_pass.used.append(tenant.now())
    session = open_session(tenant, flow, amr, access_pass)
    log(tenant, flow, user, (step,), error_code=0)
    return session


def missing(tenant: tenants.Tenant, flow: sign_in_records.Flow, modes: frozenset[str]) -> set[str]:
    """What Conditional Access still wants of the flow's person who signed in by these modes."""
    scene = conditional_access.of_flow(tenant, flow)
    return conditional_access.unmet(tenant, conditional_access.covering(tenant, scene), modes, scene)


def open_session(
    tenant: tenants.Tenant, flow: sign_in_records.Flow, amr: list[str], access_pass: records.AccessPass | None
) -> sign_in_records.Session:
    """The session that a flow ends in."""
    session = sign_in.open_session(tenant, person(tenant, flow), amr=amr, access_pass=access_pass)
    session.address = flow.parameters.get("network_address", "")
    session.system = flow.parameters.get("device_os", "")
    session.device_id = flow.parameters.get("device_id")
    flow.session_id = session.id
    return session


def _judged(
    tenant: tenants.Tenant, flow: sign_in_records.Flow, user: records.User, proof: Proof
) -> tuple[list[str], activity.Step, records.AccessPass | None]:
    if proof.way == ACCESS_PASS:
        return ["tap", "mfa"], _step_of(proof), _check_pass(tenant, user, proof.value)
    if proof.way == PASSWORD:
        if user.password is None or not hmac.compare_digest(user.password.encode(), proof.value.encode()):
            raise SignInRefused(50126)
        return ["pwd"], _step_of(proof), None
    method = _check_key(tenant, flow, user, proof)
    method.last_used = tenant.now()
    return [KEYS[method.kind][0], "mfa"], _step_of(proof), None


def _check_pass(tenant: tenants.Tenant, user: records.User, code: str) -> records.AccessPass:
    access_pass = tenant.credentials.passes.get(user.id)
    if access_pass is None:
        raise SignInRefused(130507)
    if not hmac.compare_digest(access_pass.code.encode(), code.strip().encode()):
        raise SignInRefused(130503)
    problem = pass_problem(tenant, user)
    if problem is not None:
        raise SignInRefused(problem)
    return access_pass


def _check_key(tenant: tenants.Tenant, flow: sign_in_records.Flow, user: records.User, proof: Proof) -> records.Method:
    held = [method for method in keys_of(tenant, user) if method.kind == proof.way]
    if proof.way not in KEYS or not held:
        raise SignInRefused(130501)
    for method in held:
        if proof.method_id in {"", method.id} and signed(method.public_key or "", proof.value, flow.nonce):
            return method
    raise SignInRefused(135004)


def signed(public_key: str, signature: str, nonce: str) -> bool:
    """Whether the signature (base64) over the nonce fits the key (PEM)."""
    key = serialization.load_pem_public_key(public_key.encode())
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return False
    try:
        key.verify(base64.b64decode(signature, validate=True), nonce.encode(), ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, binascii.Error):
        return False
    return True


def _step_of(proof: Proof, *, succeeded: bool = True) -> activity.Step:
    names = {ACCESS_PASS: activity.TEMPORARY_ACCESS_PASS, PASSWORD: "Password"}
    name = names.get(proof.way) or KEYS.get(proof.way, ("", "Unknown"))[1]
    return activity.Step(name, succeeded=succeeded)


def log(
    tenant: tenants.Tenant,
    flow: sign_in_records.Flow,
    user: records.User,
    steps: tuple[activity.Step, ...],
    *,
    error_code: int,
) -> None:
    """Leave a row in the sign-in log: what was proven, and the AADSTS number, 0 where it worked."""
    app = microsoft_apps.BY_ID.get(flow.client_id)
    registration = tenant.directory.registrations.get(flow.client_id)
    name = app.name if app else (registration.name if registration else flow.client_id)
    policies = conditional_access.covering(tenant, conditional_access.of_flow(tenant, flow))
    resource = flow.parameters.get("scope", "").split("/", 1)[0]
    if resource not in microsoft_apps.RESOURCE_NAMES:
        resource = "00000003-0000-0000-c000-000000000000"
    activity.record_sign_in(
        tenant,
        activity.Attempt(
            user,
            flow.client_id,
            name,
            steps=steps,
            error_code=error_code,
            resource_id=resource,
            resource_name=microsoft_apps.RESOURCE_NAMES[resource],
            device_id=flow.parameters.get("device_id") or None,
            operating_system=flow.parameters.get("device_os", ""),
            browser="Edge" if app is microsoft_apps.MY_SIGN_INS else "",
            mfa_required=any(conditional_access.CURED_BY_MFA.intersection(policy.grants) for policy in policies),
            policies=policies,
        ),
    )


def has_second_factor(tenant: tenants.Tenant, user: records.User) -> bool:
    """Whether the person registered anything that can answer an MFA prompt (push, phone call, text, token)."""
    kinds = {"microsoftAuthenticator", "phone", "softwareOath"}
    return any(method.kind in kinds for method in tenant.credentials.methods.get(user.id, []))
