"""The Flask application of one tenant: Graph, login, the people's pages, the devices' endpoints and the control door.

Everything is on one origin. `create_app` returns the WSGI app that servers and tests mount; the gate around Flask holds
the tenant's lock for each request, the control door's apart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import flask

from agent.sandbox import tenant as tenants
from agent.sandbox.wire import (
    control,
    device_code,
    discovery,
    dispatch,
    enrolment,
    faults,
    managed_identity,
    my_security,
    sign_in,
    tokens,
)

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE"]


@dataclass(frozen=True, slots=True)
class Served:
    """The WSGI app, and the gate in front of it that holds faults and counters."""

    wsgi: WSGIApplication
    gate: faults.Gate


def create_app(host: tenants.Tenant, door: control.Door, *, pause: Callable[[float], None]) -> Served:
    """Everything that the tenant serves; `pause` waits for real seconds (latency and slow answers)."""
    app = flask.Flask(__name__, static_folder=None)
    app.url_map.merge_slashes = False
    gate = faults.Gate(host, app.wsgi_app, pause)
    dispatcher = dispatch.Dispatcher(host, gate)
    for version in ("v1.0", "beta"):
        app.add_url_rule(
            f"/{version}/<path:_rest>",
            endpoint=f"graph {version}",
            view_func=lambda _rest, version=version: dispatcher.answer(version, flask.request),
            methods=METHODS,
        )
    for login_side in (tokens, discovery, managed_identity, device_code):
        app.register_blueprint(login_side.blueprint(host))
    app.register_blueprint(control.blueprint(host, door, gate))
    app.register_error_handler(404, _unknown)
    for people_side in (my_security, enrolment, sign_in):
        app.register_blueprint(people_side.blueprint(host))
    return Served(gate, gate)


def _unknown(_error: Exception) -> tuple[dict[str, str], int]:
    """501, loudly, outside Graph too: the sandbox does not know this path."""
    return {"error": f"The sandbox tenant does not know {flask.request.method} {flask.request.path}."}, 501
