"""One Graph request from the socket to its handler: path, token, permission, limits, and the ids on every answer."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import flask
from werkzeug import datastructures

from agent.sandbox import errors
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import sign_in
from agent.sandbox.wire import errors as wire_errors
from agent.sandbox.wire import exchange, faults, matching, routes

GRAPH_AUDIENCES = frozenset({"https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000"})
_JSON = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
_WINDOW = timedelta(seconds=10)


@dataclass(slots=True)
class Dispatcher:
    """Graph's front of one tenant; it runs while the gate holds the tenant's lock."""

    host: tenants.Tenant
    gate: faults.Gate
    _reports: dict[str, list[datetime]] = field(default_factory=dict)

    def answer(self, version: str, sent: flask.Request) -> flask.Response:
        """Carry out one request below `/{version}`; every refusal is an answer too."""
        request_id = self.host.request_id()
        client_request_id = sent.headers.get("client-request-id", request_id)
        try:
            response = self._carry_out(version, sent)
        except errors.GraphError as error:
            body = wire_errors.body(
                error, request_id=request_id, client_request_id=client_request_id, now=self.host.now()
            )
            response = exchange.GraphResponse(body, error.status, error.headers)
        raw = b"" if response.body is None else json.dumps(response.body).encode()
        answer = flask.Response(raw, status=response.status, headers=dict(response.headers))
        if raw:
            answer.headers["Content-Type"] = _JSON
        else:
            answer.headers.remove("Content-Type")
        answer.headers["request-id"] = request_id
        answer.headers["client-request-id"] = client_request_id
        return answer

    def _carry_out(self, version: str, sent: flask.Request) -> exchange.GraphResponse:
        path = _path_as_sent(sent)[len(version) + 1 :]
        route, values = matching.find(routes.TABLE, version, sent.method, path)
        self.gate.counters.requests[f"{route.method} {route.path}"] += 1
        caller = self._caller(sent.headers.get("Authorization", ""))
        allowed = route.permissions if caller.kind == "app" or route.delegated is None else route.delegated
        if not caller.permissions.intersection(allowed):
            raise wire_errors.denied(path)
        if route.report:
            self._count_report(caller, sent)
        request = exchange.GraphRequest(
            version=version,
            path=path,
            path_values=values,
            query=sent.args.to_dict(),
            headers=datastructures.Headers(sent.headers),
            body=_json_body(sent),
            caller=caller,
        )
        response = route.handler(self.host, request)
        return exchange.GraphResponse(
            response.body, response.status, {"x-ms-resource-unit": str(_cost(route, request)), **response.headers}
        )

    def _caller(self, authorization: str) -> exchange.Caller:
        scheme, _, text = authorization.partition(" ")
        if scheme.lower() != "bearer" or not text.strip():
            raise wire_errors.unauthenticated("Access token is empty.")
        token = self.host.sign_ins.access_tokens.get(text.strip())
        if token is None:
            raise wire_errors.unauthenticated("Access token validation failure. Invalid signature.")
        if token.audience not in GRAPH_AUDIENCES | {self.host.origin}:
            raise wire_errors.unauthenticated("Access token validation failure. Invalid audience.")
        if token.expires <= self.host.now():
            raise wire_errors.unauthenticated("Lifetime validation failed, the token is expired.")
        if token.session_id is not None and sign_in.live_session(self.host, token.session_id) is None:
            raise wire_errors.unauthenticated("Access token has expired or is not yet valid.")
        return exchange.Caller(token.app_id, token.kind, token.permissions, token.user_id)

    def _count_report(self, caller: exchange.Caller, sent: flask.Request) -> None:
        """Five requests to the reports in ten seconds per app (learn.microsoft.com/graph/throttling-limits)."""
        now = self.host.now()
        recent = [moment for moment in self._reports.get(caller.app_id, []) if now - moment < _WINDOW]
        self._reports[caller.app_id] = [*recent, now]
        if len(recent) >= self.host.options.reports_limit_per_10_s:
            wait = math.ceil((recent[0] + _WINDOW - now).total_seconds())
            self.gate.closed(sent.environ, wait)
            raise wire_errors.throttled(wait)


def _path_as_sent(sent: flask.Request) -> str:
    """The path still percent-encoded where the server tells it, so that an encoded slash stays inside its segment."""
    raw = sent.environ.get("RAW_URI") or sent.environ.get("REQUEST_URI")
    if isinstance(raw, str) and raw.startswith("/"):
        return raw.partition("?")[0]
    return sent.path.replace("%", "%25")


def _json_body(sent: flask.Request) -> Any:
    raw = sent.get_data()
    if not raw.strip():
        return None
    try:
        return json.loads(raw)
    except ValueError:
        raise errors.GraphError(
            400, "BadRequest", "Unable to read JSON request payload. Please ensure Content-Type header is set."
        ) from None


def _cost(route: exchange.Route, request: exchange.GraphRequest) -> int:
    """Resource units: `$select` takes one off, `$expand` adds one, `$top` below 20 takes one off, never below one."""
    query: Mapping[str, str] = request.query
    top = query.get("$top", "")
    small = top.isdecimal() and int(top) < 20
    return max(1, route.cost - ("$select" in query) + ("$expand" in query) - small)
