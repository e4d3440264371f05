"""The control door: what a demo or a test may do to the tenant that no real tenant offers.

Moves virtual devices, scripts faults, counts requests, seeds and resets. Only for callers on this machine who hold the
token; never on Graph's routes. Device moves run without the tenant's lock: devices come back over HTTP.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import flask

from agent.sandbox import errors, seed
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import passes, people
from agent.sandbox.virtual import fleet
from agent.sandbox.wire import faults

_LOCAL = ("localhost", "127.0.0.1")


@dataclass(slots=True)
class Door:
    """What the door opens: `reseed` loads a seed's text, or the original with None, and takes the lock itself."""

    token: str = field(repr=False)
    fleet: Callable[[], fleet.Fleet]
    reseed: Callable[[str | None], None]


def blueprint(host: tenants.Tenant, door: Door, gate: faults.Gate) -> flask.Blueprint:
    """Everything below `/control`; JSON in and out, `{"error": sentence}` when refused."""
    pages = flask.Blueprint("control", __name__, url_prefix="/control")
    pages.before_request(lambda: _guard(door))
    pages.register_error_handler(_Refused, lambda refusal: ({"error": str(refusal)}, refusal.status))
    pages.register_error_handler(seed.SeedError, lambda refusal: ({"error": str(refusal)}, 422))
    pages.register_error_handler(fleet.FleetError, lambda refusal: ({"error": str(refusal)}, 422))
    pages.register_error_handler(errors.GraphError, lambda refusal: ({"error": refusal.message}, 422))
    _add_devices(pages, door)
    _add_faults(pages, host, gate)
    _add_state(pages, host, door, gate)
    return pages


class _Refused(Exception):
    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def _guard(door: Door) -> None:
    if flask.request.host.partition(":")[0].lower() not in _LOCAL:
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
            return {"requests": dict(gate.counters.requests), "early_returns": gate.counters.early_returns}


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
        gate.faults.clear()
        gate.counters.requests.clear()
        gate.counters.early_returns = 0
    door.reseed(text)


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
