"""The Graph client in front of bad servers and bad names: what leaves, what is repeated, what is said about it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent import errors, graph, ports
from agent.domain import facts, passes, secrets
from agent.graph import clouds, urls
from tests.contracts import graph_side
from tests.contracts.graph_side import PERSON_ID, OddTenant, Reply

CODE = "Zq7+Xv9!"
TERMS = passes.Terms(lifetime=60, one_time=False)
MINTED = {
    "id": "6f1967b7-15e8-4935-ac26-d50770ed07a7",
    "temporaryAccessPass": CODE,
    "createdDateTime": "2026-11-23T09:00:00.1234567Z",
    "startDateTime": "2026-11-23T09:00:00Z",
    "lifetimeInMinutes": 60,
    "isUsableOnce": False,
    "isUsable": True,
    "methodUsabilityReason": "EnabledByPolicy",
}
NO_ROWS = Reply('{"value": []}')


def error(status: int, code: str, message: str, **headers: str) -> Reply:
    sent = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Reply(json.dumps({"error": {"code": code, "message": message}}), status, headers=sent)


def in_order(*replies: Reply) -> OddTenant:
    """A tenant that gives these answers one after the other, the last one for ever."""
    left = list(replies)
    return OddTenant(lambda _method, _path: left.pop(0) if len(left) > 1 else left[0])


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def test_nothing_leaves_while_a_unit_of_work_is_open() -> None:
    with graph_side.connected(in_order(NO_ROWS)) as side:
        token = ports.transaction_open.set(True)
        try:
            with pytest.raises(RuntimeError, match="unit of work"):
                side.graph.passes.of([PERSON_ID, graph_side.TENANT_ID])
            with pytest.raises(RuntimeError, match="unit of work"):
                side.graph.tenant.policy()
        finally:
            ports.transaction_open.reset(token)
        assert side.adapter.sent == []


def test_a_redirect_is_refused_and_not_followed() -> None:
    elsewhere = Reply(status=302, headers=(("Location", "https://elsewhere.test/v1.0/users"),))
    with graph_side.connected(in_order(elsewhere)) as side:
        with pytest.raises(errors.TenantUnreachable, match="redirect") as caught:
            side.graph.passes.of([PERSON_ID])
        with pytest.raises(errors.TenantUnreachable, match="redirect"):
            side.graph.passes.create(PERSON_ID, TERMS)
    assert caught.value.reference == "of-graph"
    assert not [line for line in side.adapter.sent if "elsewhere" in line]


def test_the_machines_own_settings_change_nothing(tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login mallory password stolen\n")
    netrc.chmod(0o600)
    settings = {
        "NETRC": str(netrc),
        "HTTP_PROXY": "http://127.0.0.1:9",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "REQUESTS_CA_BUNDLE": str(tmp_path / "absent.pem"),
    }
    answer = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{"value": []}'
    with environment(settings), graph_side.on_loopback(answer) as (side, server):
        side.graph.passes.of([PERSON_ID])
    (sent,) = server.seen
    assert sent["Authorization"] == "Bearer token-1"
    assert sent["User-Agent"].startswith("Tapslip/")
    assert urls.is_guid(sent["client-request-id"])


def test_only_the_named_authorities_are_trusted_whatever_the_machine_says(tmp_path: Path) -> None:
    own, other = tmp_path / "own.pem", tmp_path / "other.pem"
    graph_side.self_signed(own)
    graph_side.self_signed(other)
    answer = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{"value": []}'
    with environment({"REQUESTS_CA_BUNDLE": str(other)}):
        with graph_side.on_loopback(answer, own, ca_file=str(own)) as (side, server):
            side.graph.passes.of([PERSON_ID])
            assert len(server.seen) == 1
        with graph_side.on_loopback(answer, other, ca_file=str(own)) as (side, server):
            with pytest.raises(errors.TenantUnreachable, match="not trusted") as caught:
                side.graph.passes.create(PERSON_ID, TERMS)
            assert server.seen == []
    assert type(caught.value) is errors.TenantUnreachable


@pytest.mark.parametrize(
    "reply",
    [
        Reply("<html>Please sign in to the hotel</html>", kind="text/html"),
        Reply('{"value": []}', kind="text/html"),
        Reply('{"value": [{"id": "a hotel'),
        Reply('{"value": "a hotel"}'),
        Reply('["a hotel"]'),
        Reply(""),
    ],
)
def test_an_answer_that_is_not_graphs_is_no_answer(reply: Reply) -> None:
    with graph_side.connected(in_order(reply)) as side, pytest.raises(errors.TenantUnreachable) as caught:
        side.graph.passes.of([PERSON_ID])
    assert "hotel" not in caught.value.summary + caught.value.advice
    assert "not an answer of Microsoft Graph" in caught.value.summary
    assert "proxy" in caught.value.advice


@pytest.mark.parametrize(
    "link",
    [
        "https://graph.test:8443/v1.0/users?page=2",
        "http://graph.test/v1.0/users?page=2",
        "https://graph.test.evil.test/v1.0/users",
        "https://graph.test@evil.test/v1.0/users",
        "https://graph.test/beta/users?page=2",
        "https://graph.test/v1.0/../beta/users",
        "https://graph.test/v1.0/%2e%2e/beta/users",
        "https://graph.test:port/v1.0/users",
        "//evil.test/v1.0/users",
        17,
    ],
)
def test_a_next_page_elsewhere_is_not_asked_for(link: object) -> None:
    page = Reply(json.dumps({"value": [], "@odata.nextLink": link}))
    with graph_side.connected(in_order(page)) as side:
        with pytest.raises(errors.TenantUnreachable, match="next page"):
            side.graph.passes.of([PERSON_ID])
        assert len(side.asked) == 1


def test_pages_are_read_to_the_end_even_when_one_is_empty_and_never_twice() -> None:
    base = f"{graph_side.GRAPH}/v1.0/users?page="
    last = {name: value for name, value in MINTED.items() if name != "temporaryAccessPass"}
    pages = [
        Reply(json.dumps({"value": [], "@odata.nextLink": f"{base}2"})),
        Reply(json.dumps({"value": [last]})),
        Reply(json.dumps({"value": [], "@odata.nextLink": f"{base}3"})),
    ]
    with graph_side.connected(in_order(*pages)) as side:
        fact = side.graph.passes.of([PERSON_ID])[PERSON_ID]
        assert isinstance(fact, facts.Known)
        assert [each.id for each in fact.value] == [MINTED["id"]]
        with pytest.raises(errors.TenantUnreachable, match="next page"):
            side.graph.passes.of([PERSON_ID])


@pytest.mark.parametrize(
    ("name", "encoded"),
    [
        ("a'b@x", "a%27%27b%40x"),
        ("../../servicePrincipals/1", "..%2F..%2FservicePrincipals%2F1"),
        ("%2e%2e/1", "%252e%252e%2F1"),
        ("a#b?$select=x", "a%23b%3F%24select%3Dx"),
        ("two words", "two%20words"),
        ("x' or 'a' eq 'a", "x%27%27%20or%20%27%27a%27%27%20eq%20%27%27a"),
        ("a\\b", "a%5Cb"),
    ],
)
def test_a_user_name_reaches_graph_as_one_literal(name: str, encoded: str) -> None:
    with graph_side.connected(in_order(NO_ROWS)) as side:
        fact = side.graph.people.find([name])[name]
        (asked,) = side.asked
    assert isinstance(fact, facts.Known)
    assert fact.value is None
    assert name not in fact.source
    assert asked.startswith(
        f"GET {graph_side.GRAPH}/v1.0/users?$filter=userPrincipalName%20eq%20%27{encoded}%27&$select="
    )


@pytest.mark.parametrize("name", ["", "  ", "a\x00b", "line\nbreak", "a\u202eb", "\ud800", "x" * 121])
def test_a_name_that_cannot_be_a_literal_is_refused_before_anything_leaves(name: str) -> None:
    with graph_side.connected(in_order(NO_ROWS)) as side:
        with pytest.raises(errors.Refused) as caught:
            side.graph.people.find(["fine@x.test", name])
        assert side.adapter.sent == []
    assert caught.value.advice


@pytest.mark.parametrize("identity", ["", "..", "a@x.test", "../../servicePrincipals/1", f"{PERSON_ID}/x"])
def test_what_is_no_object_id_never_becomes_a_path(identity: str) -> None:
    with graph_side.connected(in_order(NO_ROWS)) as side:
        for ask in (side.graph.passes.of, side.graph.people.methods, side.graph.people.roles, side.graph.devices.entra):
            with pytest.raises(errors.Refused):
                ask([identity])
        with pytest.raises(errors.Refused):
            side.graph.passes.create(identity, TERMS)
        assert side.adapter.sent == []


def test_a_read_waits_as_long_as_it_is_told_and_then_succeeds() -> None:
    busy = error(429, "TooManyRequests", "Please retry again later.", Retry_After="2.5")
    with graph_side.connected(in_order(busy, busy, NO_ROWS)) as side:
        side.graph.passes.of([PERSON_ID])
        assert side.clock.waited == [2.5, 2.5]


@pytest.mark.parametrize(
    ("retry_after", "asked", "stated"),
    [("20", 2, 20.0), ("31", 1, 31.0), ("Mon, 23 Nov 2026 09:10:00 GMT", 1, 600.0), ("soon", 4, None)],
)
def test_a_read_gives_up_when_patience_ends(retry_after: str, asked: int, stated: float | None) -> None:
    busy = error(429, "TooManyRequests", "Please retry again later.", Retry_After=retry_after)
    with graph_side.connected(in_order(busy)) as side:
        with pytest.raises(errors.TenantThrottled) as caught:
            side.graph.passes.of([PERSON_ID])
        assert len(side.asked) == asked
    assert caught.value.retry_after == stated


def test_a_read_is_repeated_after_500_and_after_a_reset() -> None:
    with graph_side.connected(in_order(error(500, "InternalServerError", "Oh."), NO_ROWS)) as side:
        side.graph.passes.of([PERSON_ID])
        assert len(side.asked) == 2
    with graph_side.on_loopback(None) as (side, server):
        with pytest.raises(errors.TenantUnreachable):
            side.graph.passes.of([PERSON_ID])
        assert len(server.seen) == 4


def test_a_tenant_that_is_not_there_is_unreachable_after_one_more_try() -> None:
    with graph_side.on_loopback(None) as (side, server):
        side.graph.tenant.token("issuer")
        server.shutdown()
        server.server_close()
        with pytest.raises(errors.TenantUnreachable, match="refused") as caught:
            side.graph.passes.create(PERSON_ID, TERMS)
        assert side.clock.waited == [1.0]
    assert type(caught.value) is errors.TenantUnreachable


@pytest.mark.parametrize(
    "reply",
    [
        error(500, "InternalServerError", "Oh."),
        error(503, "serviceNotAvailable", "Later."),
        Reply(json.dumps(MINTED)[:-9], 201),
        Reply(f"<html>{CODE}</html>", 201, "text/html"),
        Reply(json.dumps(MINTED | {"temporaryAccessPass": None, "x": CODE}), 201),
        Reply(json.dumps(MINTED | {"id": CODE}), 201),
        Reply(json.dumps(MINTED | {"lifetimeInMinutes": CODE}), 201),
        Reply("", 201),
    ],
)
def test_a_creation_without_a_whole_answer_is_unknown_and_sent_once(reply: Reply) -> None:
    with graph_side.connected(in_order(reply)) as side:
        with pytest.raises(errors.OutcomeUnknown) as caught:
            side.graph.passes.create(PERSON_ID, TERMS)
        assert len(side.asked) == 1
    assert caught.value.reference == "of-graph"
    assert_silent(caught)


def test_a_creation_whose_connection_breaks_is_unknown_and_sent_once() -> None:
    cut = (
        b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n"
        + json.dumps(MINTED).encode()
    )
    for raw in (None, cut):
        with graph_side.on_loopback(raw) as (side, server):
            with pytest.raises(errors.OutcomeUnknown) as caught:
                side.graph.passes.create(PERSON_ID, TERMS)
            assert len(server.seen) == 1
        assert_silent(caught)


def assert_silent(caught: pytest.ExceptionInfo[BaseException]) -> None:
    """The code is neither in the error, nor in what it came from, nor in its traceback."""
    assert CODE not in str(caught.getrepr(style="short"))
    linked: BaseException | None = caught.value
    while linked is not None:
        assert CODE not in repr(linked)
        assert not hasattr(linked, "doc")
        assert getattr(linked, "response", None) is None
        linked = linked.__cause__ or linked.__context__


def test_a_creation_that_is_throttled_made_nothing_and_is_sent_again_while_patience_lasts() -> None:
    busy = error(429, "TooManyRequests", "Later.", Retry_After="7")
    with graph_side.connected(in_order(busy, busy, Reply(json.dumps(MINTED), 201))) as side:
        assert side.graph.passes.create(PERSON_ID, TERMS).code == secrets.PassCode(CODE)
        assert side.clock.waited == [7.0, 7.0]
    with graph_side.connected(in_order(busy)) as side:
        with pytest.raises(errors.TenantThrottled) as caught:
            side.graph.passes.create(PERSON_ID, TERMS)
        assert (len(side.asked), sum(side.clock.waited)) == (5, 28.0)
    assert caught.value.retry_after == 7.0


def test_a_token_that_graph_refuses_is_replaced_once_even_for_a_creation() -> None:
    stale = error(401, "InvalidAuthenticationToken", "Access token has expired or is not yet valid.")
    with graph_side.connected(in_order(stale, Reply(json.dumps(MINTED), 201))) as side:
        minted = side.graph.passes.create(PERSON_ID, TERMS)
        sent = [headers["Authorization"] for headers in side.adapter.headers if "Authorization" in headers]
    assert sent == ["Bearer token-1", "Bearer token-2"]
    assert minted.code == secrets.PassCode(CODE)
    with graph_side.connected(in_order(stale)) as side, pytest.raises(errors.TenantRefused) as caught:
        side.graph.passes.of([PERSON_ID])
    assert caught.value.status == 401


def test_one_that_cannot_be_read_raises_for_all_and_stops_what_has_not_begun() -> None:
    persons = [f"{number:08d}-0000-4000-8000-000000000000" for number in range(200)]
    bad = error(400, "badRequest", "Odd.")
    tenant = OddTenant(lambda _method, path: bad if f"/{persons[3]}/" in path else NO_ROWS)
    with graph_side.connected(tenant) as side:
        with pytest.raises(errors.TenantRefused, match="Odd"):
            side.graph.passes.of(persons)
        assert len(side.asked) < len(persons)
        assert len(side.graph.passes.of(persons[4:])) == 196


def test_a_policy_without_its_numbers_and_an_answer_without_a_date_are_not_checked() -> None:
    halves = Reply(json.dumps({"state": "enabled", "minimumLifetimeInMinutes": 60, "value": []}))
    with graph_side.connected(in_order(halves)) as side:
        assert isinstance(side.graph.tenant.policy(), facts.NotChecked)
        assert isinstance(side.graph.tenant.skew(), facts.NotChecked)
        with pytest.raises(errors.TenantUnreachable, match="no organisation"):
            side.graph.tenant.organisation()


def test_intunes_refusal_is_read_out_of_its_two_envelopes() -> None:
    inner = {"_version": 3, "Message": "Serial is odd - Operation ID (for customer support): 0 - Url: https://fef.test"}
    refusal = error(403, "BadRequest", json.dumps(inner))
    with graph_side.connected(in_order(refusal)) as side, pytest.raises(errors.TenantRefused) as caught:
        side.graph.passes.create(PERSON_ID, TERMS)
    assert "“Serial is odd”" in caught.value.summary


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (7000215, "its client secret is wrong"),
        (7000222, "its client secret has expired"),
        (700016, "does not know its client id"),
        (700027, "certificate"),
        (99, "was not accepted"),
    ],
)
def test_a_refused_credential_says_what_to_mend(number: int, said: str) -> None:
    no = Reply(json.dumps({"error": "invalid_client", "error_description": f"AADSTS{number}: no. {CODE}"}), 401)
    login = lambda method, _: graph_side.discovery(graph_side.LOGIN) if method == "GET" else no  # noqa: E731
    with graph_side.connected(OddTenant(lambda *_: NO_ROWS, login)) as side:
        with pytest.raises(errors.Misconfigured) as caught:
            side.graph.passes.of([PERSON_ID])
        fact = side.graph.tenant.token("watcher")
    assert said in caught.value.summary
    assert f"AADSTS{number}" in caught.value.summary
    assert caught.value.advice
    assert CODE not in repr(fact) + caught.value.summary
    assert isinstance(fact, facts.NotChecked)


def test_a_mended_secret_works_at_once_although_msal_remembers_the_refusal() -> None:
    replies = [Reply('{"error": "invalid_client", "error_description": "AADSTS7000222: Expired."}', 400)]
    tenant = OddTenant(lambda *_: NO_ROWS)
    tenant.login = lambda method, path: replies.pop() if method == "POST" and replies else tenant.sign_in(method, path)
    with graph_side.connected(tenant) as side:
        with pytest.raises(errors.Misconfigured):
            side.graph.passes.of([PERSON_ID])
        side.graph.passes.of([PERSON_ID])


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply("AADSTS90002: Tenant not found.", 400, "text/plain"), errors.Misconfigured),
        (Reply("Bad gateway", 502, "text/html"), errors.TenantUnreachable),
        (Reply("<html>hotel</html>", 200, "text/html"), errors.TenantUnreachable),
        (Reply(status=302, headers=(("Location", "https://hotel.test"),)), errors.TenantUnreachable),
        (graph_side.discovery("https://evil.test"), errors.TenantUnreachable),
    ],
)
def test_a_sign_in_service_that_is_not_right_gets_no_credential(
    reply: Reply, expected: type[errors.AgentError]
) -> None:
    with graph_side.connected(OddTenant(lambda *_: NO_ROWS, lambda *_: reply)) as side:
        with pytest.raises(expected) as caught:
            side.graph.passes.of([PERSON_ID])
        assert [line for line in side.adapter.sent if line.startswith("POST")] == []
    assert type(caught.value) is expected


def test_a_registration_that_the_settings_lack_is_named() -> None:
    only_watcher = {"watcher": graph.Credential("app", secrets.Secret("s"))}
    with graph_side.connected(in_order(NO_ROWS), registrations=only_watcher) as side:
        with pytest.raises(errors.Misconfigured, match="“issuer”"):
            side.graph.passes.create(PERSON_ID, TERMS)
        fact = side.graph.tenant.token("writer")
    assert isinstance(fact, facts.NotChecked)
    assert "writer" in fact.reason


def test_a_certificate_file_that_is_no_credential_is_named(tmp_path: Path) -> None:
    lacking = tmp_path / "lacking.pem"
    lacking.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    broken = tmp_path / "broken.pem"
    broken.write_text(lacking.read_text() + "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    for file in (tmp_path / "absent.pem", lacking, broken):
        given = {"watcher": graph.Credential("app", certificate_file=str(file))}
        with graph_side.connected(in_order(NO_ROWS), registrations=given) as side, pytest.raises(errors.Misconfigured):
            side.graph.passes.of([PERSON_ID])


def test_a_missing_file_of_authorities_is_a_matter_of_settings(tmp_path: Path) -> None:
    client = graph.connect(
        graph_side.connection(ca_file=str(tmp_path / "absent.pem"), login="https://127.0.0.1:9"),
        graph_side.TurnedClock(),
        graph_side.OrderedChance(),
    )
    with pytest.raises(errors.Misconfigured, match="authorities"):
        client.passes.of([PERSON_ID])
    client.close()


def test_a_cloud_without_passes_is_refused_with_the_reason() -> None:
    assert clouds.cloud("us_gov").graph == "https://graph.microsoft.us"
    with pytest.raises(errors.Misconfigured, match="no Temporary Access Passes"):
        clouds.cloud("china")
    with pytest.raises(errors.Misconfigured, match="no cloud called"):
        clouds.cloud("https://graph.evil.test")
