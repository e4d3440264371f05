"""The control door: what a demo or a test may do to the tenant that no real tenant offers.

Moves virtual devices, lets people sign in, scripts faults, counts requests, turns switches, seeds and resets. Only for
callers on this machine who hold the token; never on Graph's routes. Devices and people move without the tenant's lock:
they come back over HTTP.
"""

from __future__ import annotations

import dataclasses
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import flask
from cryptography import x509

from agent.sandbox import errors, records, seed, switches
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import passes, people
from agent.sandbox.virtual import browser, fleet, staff
from agent.sandbox.wire import faults

_LOCAL = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$", re.IGNORECASE)
_LOOPBACK = ("127.0.0.1", "::1")


@dataclass(slots=True)
class Door:
    """What the door opens: `reseed` loads a seed's text, or the original with None, and takes the lock itself."""

    token: str = field(repr=False)
    fleet: Callable[[], fleet.Fleet]
    staff: Callable[[], staff.Staff]
    reseed: Callable[[str | None], None]


def blueprint(host: tenants.Tenant, door: Door, gate: faults.Gate) -> flask.Blueprint:
    """Everything below `/control`; JSON in and out, `{"error": sentence}` when refused."""
    pages = flask.Blueprint("control", __name__, url_prefix="/control")
    pages.before_request(lambda: _guard(door))
    pages.register_error_handler(_Refused, lambda refusal: ({"error": str(refusal)}, refusal.status))
    pages.register_error_handler(seed.SeedError, lambda refusal: ({"error": str(refusal)}, 422))
    pages.register_error_handler(fleet.FleetError, lambda refusal: ({"error": str(refusal)}, 422))
    pages.register_error_handler(staff.StaffError, lambda refusal: ({"error": str(refusal)}, 422))
    pages.register_error_handler(browser.Unreachable, lambda refusal: ({"error": str(refusal)}, 422))
    pages.register_error_handler(switches.WrongSwitch, lambda refusal: ({"error": str(refusal)}, 422))
    pages.register_error_handler(errors.GraphError, lambda refusal: ({"error": refusal.message}, 422))
    _add_devices(pages, door)
    _add_people(pages, host, door)
    _add_switches(pages, host, gate)
    _add_tokens(pages, host)
    _add_faults(pages, host, gate)
    _add_state(pages, host, door, gate)
    return pages


class _Refused(Exception):
    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def _guard(door: Door) -> None:
    remote = flask.request.remote_addr or _LOOPBACK[0]
    if not _LOCAL.match(flask.request.host) or remote not in _LOOPBACK:
        raise _Refused(403, "The control door answers on localhost only.")
    scheme, _, token = flask.request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(token.strip().encode(), door.token.encode()):
        raise _Refused(401, "The control token is missing or wrong.")


def _add_devices(pages: flask.Blueprint, door: Door) -> None:
    @pages.get("/devices")
    def devices() -> dict[str, Any]:
        return {"devices": door.fleet().list()}

    @pages.post("/devices/<serial>/<action>")
    def move(serial: str, action: str) -> dict[str, Any]:
        return door.fleet().move(serial, action, _body())


def _add_people(pages: flask.Blueprint, host: tenants.Tenant, door: Door) -> None:
    @pages.get("/people")
    def holders() -> dict[str, Any]:
        return {"people": door.staff().list()}

    @pages.post("/people")
    def add_person() -> tuple[dict[str, Any], int]:
        body = _body()
        made = records.User(host.new_id(), str(body.get("user_name")), str(body.get("name") or body.get("user_name")))
        made.licences = [str(plan) for plan in body.get("licences", seed.LICENCES)]
        with host.lock:
            if people.by_upn(host, made.upn) is not None or "@" not in made.upn:
                raise _Refused(422, f"'{made.upn}' is taken, or no user name.")
            people.add(host, made, [str(group_id) for group_id in body.get("groups", [])])
        return {"id": made.id}, 201

    @pages.post("/people/<person>/sign-in")
    def sign_in(person: str) -> dict[str, Any]:
        return door.staff().sign_in(person, str(_body().get("address", "")))

    @pages.post("/people/<person>/enter-code")
    def enter_code(person: str) -> dict[str, Any]:
        body = _body()
        approve = body.get("approve", True) is True
        return door.staff().enter_code(person, str(body.get("user_code", "")), approve=approve)


def _add_switches(pages: flask.Blueprint, host: tenants.Tenant, gate: faults.Gate) -> None:
    @pages.get("/options")
    def options() -> dict[str, Any]:
        with host.lock:
            return dataclasses.asdict(host.options)

    @pages.patch("/options")
    def change() -> dict[str, Any]:
        with host.lock:
            switches.change(host.options, _body())
            host.apply_lags()
            gate.throttle.clear()
            return dataclasses.asdict(host.options)


def _add_tokens(pages: flask.Blueprint, host: tenants.Tenant) -> None:
    @pages.post("/certificate")
    def certificate() -> tuple[str, int]:
        """As an administrator uploads the public half of a registration's certificate, PEM text."""
        body = _body()
        try:
            x509.load_pem_x509_certificate(str(body.get("certificate", "")).encode())
        except ValueError:
            raise _Refused(422, "This is no certificate in PEM text.") from None
        with host.lock:
            _registration(host, str(body.get("registration"))).certificate = body["certificate"]
        return "", 204

    @pages.post("/expire-tokens")
    def expire() -> tuple[str, int]:
        with host.lock:
            for token in host.sign_ins.access_tokens.values():
                token.expires = min(token.expires, host.now())
        return "", 204

    @pages.post("/workload-token")
    def workload_token() -> dict[str, Any]:
        """A token as a build server or cluster gives its jobs; the tenant signs it as an issuer of its own."""
        body, now = _body(), int(host.now().timestamp())
        claims = {
            "iss": host.workload_issuer,
            "sub": str(body.get("subject", "")),
            "aud": str(body.get("audience", "api://AzureADTokenExchange")),
            "iat": now,
            "nbf": now,
            "exp": now + 60 * int(body.get("minutes", 10)),
        }
        return {"token": host.signer.sign(claims)}


def _add_faults(pages: flask.Blueprint, host: tenants.Tenant, gate: faults.Gate) -> None:
    @pages.post("/faults")
    def add() -> tuple[dict[str, Any], int]:
        fault = _fault(_body())
        with host.lock:
            gate.faults.append(fault)
        return {"faults": len(gate.faults)}, 201

    @pages.delete("/faults")
    def clear() -> tuple[str, int]:
        with host.lock:
            gate.faults.clear()
        return "", 204

    @pages.get("/counters")
    def counters() -> dict[str, Any]:
        with host.lock:
            return {
                "requests": dict(gate.counters.requests),
                "early_returns": gate.counters.early_returns,
                "throttled": dict(gate.throttle.refused),
            }


def _add_state(pages: flask.Blueprint, host: tenants.Tenant, door: Door, gate: faults.Gate) -> None:
    @pages.post("/reset")
    def reset() -> tuple[str, int]:
        _start_over(host, door, gate, None)
        return "", 204

    @pages.post("/seed")
    def load() -> tuple[str, int]:
        _start_over(host, door, gate, flask.request.get_data(as_text=True))
        return "", 204

    @pages.post("/policy")
    def policy() -> tuple[str, int]:
        with host.lock:
            passes.change_policy(host, _body())
        return "", 204

    @pages.post("/membership")
    def membership() -> tuple[str, int]:
        body = _body()
        with host.lock:
            people.set_members(host, str(body.get("group")), [str(member) for member in body.get("members", [])])
        return "", 204

    @pages.post("/deny")
    def deny() -> tuple[str, int]:
        body = _body()
        with host.lock:
            _deny(host, str(body.get("registration")), str(body.get("permission")))
        return "", 204

    @pages.post("/expire-secret")
    def expire_secret() -> tuple[str, int]:
        with host.lock:
            _registration(host, str(_body().get("registration"))).secret_expires = host.now()
        return "", 204


def _start_over(host: tenants.Tenant, door: Door, gate: faults.Gate, text: str | None) -> None:
    """Without the tenant's lock around `reseed`: a device that moves holds the fleet and waits for the tenant."""
    with host.lock:
        gate.clear()
    door.reseed(text)
    with host.lock:
        gate.throttle.clear()


def _deny(host: tenants.Tenant, name: str, permission: str) -> None:
    """Take a permission away at once, from the tokens already out there too."""
    registration = _registration(host, name)
    registration.permissions.discard(permission)
    for token in host.sign_ins.access_tokens.values():
        if token.app_id == registration.app_id:
            token.permissions -= {permission}


def _registration(host: tenants.Tenant, name: str) -> Any:
    for registration in host.directory.registrations.values():
        if registration.name == name:
            return registration
    raise _Refused(422, f"There is no registration named '{name}'.")


def _fault(body: dict[str, Any]) -> faults.Fault:
    try:
        fault = faults.Fault(**body)
    except TypeError:
        raise _Refused(422, "A fault has match, kind, times, retry_after and seconds.") from None
    if fault.kind not in faults.KINDS:
        raise _Refused(422, f"A fault's kind is one of {', '.join(faults.KINDS)}.")
    return fault


def _body() -> dict[str, Any]:
    body = flask.request.get_json(silent=True)
    if body is None:
        return {}
    if not isinstance(body, dict):
        raise _Refused(422, "The body must be a JSON object.")
    return body
