"""One Graph request from the socket to its handler: path, token, permission, limits, and the ids on every answer."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import flask
from werkzeug import datastructures

from agent.sandbox import errors
from agent.sandbox import tenant as tenants
from agent.sandbox.wire import admission, batch, clouds, exchange, faults, matching, routes, throttling
from agent.sandbox.wire import errors as wire_errors

_OPTIONS = frozenset({"select", "filter", "expand", "orderby", "top", "skip", "count", "search", "skiptoken"})
_JSON = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"


@dataclass(frozen=True, slots=True)
class Call:
    """One Graph request as sent: `path` is below the version, still percent-encoded; `query` without the "?".

    Headers are found in any letter case. An item of a `$batch` is a `Call` too.
    """

    version: str
    method: str
    path: str
    query: str
    headers: datastructures.Headers = field(repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(slots=True)
class Dispatcher:
    """Graph's front of one tenant; it runs while the gate holds the tenant's lock."""

    host: tenants.Tenant
    gate: faults.Gate

    def answer(self, version: str, sent: flask.Request) -> flask.Response:
        """Carry out one request below `/{version}`; every refusal is an answer too."""
        path = _path_as_sent(sent)[len(version) + 1 :]
        query = sent.query_string.decode("latin-1")
        headers = datastructures.Headers(sent.headers)
        response = self.carry_out(Call(version, sent.method, path, query, headers, sent.get_data()))
        raw = b"" if response.body is None else json.dumps(response.body).encode()
        answer = flask.Response(raw, status=response.status, headers=dict(response.headers))
        if raw:
            answer.headers["Content-Type"] = response.headers.get("Content-Type", _JSON)
        else:
            answer.headers.remove("Content-Type")
        return answer

    def carry_out(self, call: Call) -> exchange.GraphResponse:
        """The answer to one call, refusals included, with the ids in its headers; an item of a `$batch` likewise."""
        request_id = self.host.request_id()
        client_request_id = call.headers.get("client-request-id", request_id)
        try:
            response = self._let_in(call)
        except errors.GraphError as error:
            return self._refused(call, error)
        ids = {"request-id": request_id, "client-request-id": client_request_id}
        return exchange.GraphResponse(response.body, response.status, {**response.headers, **ids})

    def _refused(self, call: Call, error: errors.GraphError) -> exchange.GraphResponse:
        request_id = self.host.request_id()
        client_request_id = call.headers.get("client-request-id", request_id)
        if error.status == 429 and error.headers.get("Retry-After", "").isdecimal():
            self.gate.close(_whose(call), int(error.headers["Retry-After"]))
        body = wire_errors.body(error, request_id=request_id, client_request_id=client_request_id, now=self.host.now())
        ids = {"request-id": request_id, "client-request-id": client_request_id}
        return exchange.GraphResponse(body, error.status, {**error.headers, **ids})

    def _batch(self, call: Call) -> exchange.GraphResponse:
        """Each item as a call of its own: with the batch's token, its own other headers, and its own limits."""
        authorization = call.headers.get("Authorization", "")
        admission.caller(self.host, authorization)

        def carry_out(item: batch.Item) -> exchange.GraphResponse:
            headers = datastructures.Headers(item.headers)
            headers["Authorization"] = authorization
            alone = Call(call.version, item.method, item.path, item.query, headers, item.body)
            self.gate.watch_early_return(_whose(alone))
            return self._with_faults(alone)

        return batch.answer(_json_body(call.body), carry_out, order=self.host.request_id())

    def _with_faults(self, call: Call) -> exchange.GraphResponse:
        if batch.is_batch(call.method, call.path):
            return self._refused(call, wire_errors.nested_batch())
        refusal = self.gate.refusal_of_item(f"{call.method} /{call.version}{call.path}")
        return self.carry_out(call) if refusal is None else self._refused(call, refusal)

    def _let_in(self, call: Call) -> exchange.GraphResponse:
        if batch.is_batch(call.method, call.path):
            return self._batch(call)
        clouds.check(self.host, call.path)
        route, values = matching.find(routes.TABLE, call.version, call.method, call.path)
        self.gate.counters.requests[f"{route.method} {route.path}"] += 1
        caller = admission.caller(self.host, call.headers.get("Authorization", ""))
        request = exchange.GraphRequest(
            version=call.version,
            path=call.path,
            path_values=_with_me(values, call.path, caller),
            query=_options(call.query),
            headers=call.headers,
            body=None,
            caller=caller,
        )
        admission.check(self.host, route, request)
        cost = _cost(route, request)
        told = self.gate.throttle.charge(
            throttling.Charge(
                caller.app_id, route.method, call.path, units=cost, report=route.report, user_id=caller.user_id
            )
        )
        response = route.handler(self.host, dataclasses.replace(request, body=_json_body(call.body)))
        told["x-ms-resource-unit"] = str(cost)
        return exchange.GraphResponse(response.body, response.status, {**told, **response.headers})


def _with_me(values: Mapping[str, str], path: str, caller: exchange.Caller) -> Mapping[str, str]:
    """Under `/me` the id is the signed-in person's."""
    mine = path.lower() == "/me" or path.lower().startswith("/me/")
    return {"id": caller.user_id, **values} if mine and caller.user_id is not None else values


def _options(query: str) -> dict[str, str]:
    """The query by name: options in lower case, with the "$" that may be left out."""
    sent = parse_qsl(query, keep_blank_values=True)
    return {_option(name): value for name, value in sent}


def _option(name: str) -> str:
    lowered = name.lower()
    if lowered.startswith("$"):
        return lowered
    return f"${lowered}" if lowered in _OPTIONS else name


def _whose(call: Call) -> str:
    place = f"/{call.version}{call.path}?{call.query}"
    return faults.caller_and_path(call.headers.get("Authorization", ""), call.method, place)


def _path_as_sent(sent: flask.Request) -> str:
    """The path still percent-encoded where the server tells it, so that an encoded slash stays inside its segment."""
    raw = sent.environ.get("RAW_URI") or sent.environ.get("REQUEST_URI")
    if isinstance(raw, str) and raw.startswith("/"):
        return raw.partition("?")[0]
    return sent.path.replace("%", "%25")


def _json_body(raw: bytes) -> Any:
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
