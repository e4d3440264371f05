"""What comes back wrong: too large, too slow, cut short, not JSON, unknown or absent members. An error of ours."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from agent import errors, graph
from agent.domain import facts, passes
from agent.graph import deadline, transport
from tests import wsgi_adapter
from tests.contracts import graph_side
from tests.contracts.graph_side import PERSON_ID, OddTenant, Reply

CODE = "Zq7+Xv9!"
TERMS = passes.Terms(lifetime=60, one_time=False)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nrequest-id: of-graph\r\n"


def answering(reply: Reply) -> OddTenant:
    return OddTenant(lambda _method, _path: reply)


def test_an_answer_larger_than_any_of_graphs_is_not_read_to_its_end() -> None:
    huge = b'{"value": ["' + b"x" * (transport.LARGEST_ANSWER + 200_000)
    raw = HEAD + f"Content-Length: {2 * len(huge)}\r\n\r\n".encode() + huge
    with graph_side.on_loopback(raw) as (side, server):
        with pytest.raises(errors.TenantUnreachable, match="larger than 16 MB") as caught:
            side.graph.passes.of([PERSON_ID])
        assert len(server.seen) == 1
    assert caught.value.reference == "of-graph"


@contextmanager
def dripping(begin: bytes) -> Iterator[str]:
    """A server that sends a byte now and then, for ever, after `begin`; its origin."""
    stop = threading.Event()
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(0.1)

    def serve() -> None:
        while not stop.is_set():
            try:
                line, _ = listening.accept()
            except TimeoutError:
                continue
            threading.Thread(target=drip, args=(line,), daemon=True).start()

    def drip(line: socket.socket) -> None:
        with line:
            try:
                line.recv(65536)
                line.sendall(begin)
                while not stop.wait(0.05):
                    line.sendall(b"x")
            except OSError:
                pass

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        stop.set()
        thread.join()
        listening.close()


@pytest.mark.parametrize("begin", [HEAD + b"\r\n", HEAD, b"HTTP/1.1 2"], ids=["body", "headers", "status"])
def test_a_server_that_drips_is_left_when_the_whole_answer_takes_too_long(begin: bytes) -> None:
    with dripping(begin) as origin:
        login = wsgi_adapter.WsgiAdapter(answering(Reply()))
        watched = deadline.WatchedAdapter()
        given = graph_side.connection(graph=origin, whole_seconds=0.4)
        client = graph.connect(
            given, graph_side.TurnedClock(), graph_side.OrderedChance(), {graph_side.LOGIN: login, origin: watched}
        )
        client.tenant.token("issuer")
        began = time.monotonic()
        with pytest.raises(errors.OutcomeUnknown):
            client.passes.create(PERSON_ID, TERMS)
        assert time.monotonic() - began < 3
        client.close()


def raised(work: Callable[[], object]) -> errors.AgentError | None:
    """The error of ours that came of it; any other goes through."""
    try:
        work()
    except errors.AgentError as problem:
        return problem
    return None


@pytest.mark.parametrize(
    "ask",
    [
        lambda side: side.graph.passes.of([PERSON_ID]),
        lambda side: side.graph.people.find(["a@x.test"]),
        lambda side: side.graph.people.methods([PERSON_ID]),
        lambda side: side.graph.people.roles([PERSON_ID]),
        lambda side: side.graph.devices.autopilot(["PF4TH101"]),
        lambda side: side.graph.devices.apple(["PF4TH101"]),
        lambda side: side.graph.devices.managed(["PF4TH101"]),
        lambda side: side.graph.devices.owned([PERSON_ID]),
        lambda side: side.graph.activity.sign_ins([PERSON_ID], graph_side.START),
        lambda side: side.graph.activity.pass_audits(graph_side.START),
        lambda side: side.graph.tenant.policy(),
        lambda side: side.graph.tenant.status_page(),
    ],
)
@pytest.mark.parametrize(
    "reply",
    [
        Reply("<html>hotel</html>", 200, "text/html"),
        Reply("<html>hotel</html>", 403, "text/html"),
        Reply("<html>hotel</html>", 502, "text/html"),
        Reply('{"value": [', 200),
        Reply("", 200),
        Reply("[" * 100_000, 200),
        Reply('{"value": [{}, [], 5, null, {"id": 5}, {"id": {}, "createdDateTime": "soon"}]}', 200),
        Reply(
            json.dumps({"value": [{"id": PERSON_ID, "@odata.type": "#microsoft.graph.newThing", "state": "new"}]}), 200
        ),
        Reply('{"error": "no object"}', 400),
        Reply('{"error": {"code": 7, "message": {}, "innerError": []}}', 418),
        Reply(json.dumps({"value": [], "@odata.nextLink": "https://graph.test:8443/v1.0/users"}), 200),
        Reply(status=302, headers=(("Location", "https://hotel.test/"),)),
    ],
)
def test_whatever_comes_back_is_an_error_of_ours_or_a_row_less(
    ask: Callable[[graph_side.Side], object], reply: Reply
) -> None:
    with graph_side.connected(answering(reply)) as side:
        problem = raised(lambda: ask(side))
        if problem is not None:
            assert problem.summary
            assert problem.advice
            assert "hotel" not in problem.summary + problem.advice
            assert type(problem) is not errors.AgentError
        assert not [line for line in side.adapter.sent if "hotel" in line or ":8443" in line]


def test_rows_that_are_not_as_documented_are_skipped_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    rows = [5, {"displayName": "no id"}, {"id": "one", "displayName": "Key", "newMember": {"x": 1}}]
    with graph_side.connected(answering(Reply(json.dumps({"value": rows})))) as side:
        fact = side.graph.people.methods([PERSON_ID])[PERSON_ID]
    assert isinstance(fact, facts.Known)
    assert {method.id for method in fact.value} == {"one"}
    assert "1 row(s) of /beta/users/{id}/authentication/fido2Methods skipped" in caplog.text


def test_a_sign_in_service_that_drips_is_left_too() -> None:
    with dripping(HEAD + b"\r\n") as origin:
        given = graph_side.connection(login=origin, whole_seconds=0.4)
        line = transport.Transport(given, graph_side.OrderedChance(), {origin: deadline.WatchedAdapter()})
        silence = line.exchange("GET", origin, {})
        line.close()
    assert isinstance(silence, transport.Silence)
    assert (silence.sent, silence.why) == (True, "the answer did not come to an end in time")


@pytest.mark.parametrize("retry_after", ["1e3", "-5", "inf", "٣", "9" * 400, "12 seconds", "Mon, 99 Foo 2026"])
def test_a_retry_after_that_is_none_is_not_waited_for(retry_after: str) -> None:
    busy = Reply(
        '{"error": {"code": "TooManyRequests"}}',
        429,
        headers=(("Retry-After", retry_after.encode().decode("latin-1")),),
    )
    with graph_side.connected(answering(busy)) as side:
        with pytest.raises(errors.TenantThrottled):
            side.graph.passes.of([PERSON_ID])
        assert sum(side.clock.waited) < 30
