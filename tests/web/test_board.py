"""The board through its WSGI app: what it shows, who is let in, which headers it wears, and how it says no."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from agent.domain.passes import PassState
from agent.web import guarding, sessions, times
from tests.web import pages as made
from tests.web.pages import HTTPS, Pages


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Pages]:
    with made.pages(tmp_path) as built:
        yield built


@pytest.fixture
def morning(pages: Pages) -> Pages:
    made.a_morning(pages)
    return pages


def get(client: FlaskClient, path: str, **how: str) -> TestResponse:
    return client.get(path, base_url=HTTPS, headers=how)


def test_the_board_shows_people_devices_stages_passes_and_slips(morning: Pages) -> None:
    page = get(morning.let_in(), "/").text
    for word in (
        "Ada Lovelace",
        "ada.lovelace<wbr>@contoso.example",
        "Windows PC with Autopilot",
        "PF4K2M9X",
        "T6WN3C",
    ):
        assert word in page
    assert "Waiting for Windows Hello" in page
    assert "Pass works until" in page
    assert "Pass not known: Tapslip is looking" in page
    assert "Unexpected: <bdi>passkey “YubiKey 5”</bdi>" in page


def test_open_journeys_come_before_closed_ones(morning: Pages) -> None:
    page = get(morning.let_in(), "/").text
    assert 'Open <span class="count">4</span>' in page
    assert page.index("Closed <span") < page.index("Katherine Johnson") > page.index("Grace Hopper")


def test_what_needs_attention_comes_first_and_is_counted(morning: Pages) -> None:
    made.keep(morning, made.journey("J9", ("Mary Jackson", "m@contoso.example"), "security-key"), made.a_pass("J9"))
    page = get(morning.let_in(), "/").text
    assert "2 need attention" in page
    assert page.index("Grace Hopper") < page.index("Zoë") < page.index("Mary Jackson")
    morning.world.clock.pass_minutes(60)
    assert "5 need attention" in get(morning.let_in(), "/").text, "their pass has ended and they are not done"


def test_the_steps_of_a_closed_journey_are_on_its_own_page_only(morning: Pages) -> None:
    client = morning.let_in()
    assert "Credential used" not in get(client, "/").text
    assert "Credential used" in get(client, "/journeys/D9XKVF").text
    assert "still to come" not in get(client, "/journeys/D9XKVF").text
    assert "still to come" in get(client, "/journeys/K7QM4R").text


def test_an_empty_board_says_what_to_do_first(pages: Pages) -> None:
    page = get(pages.let_in(), "/").text
    assert "tapslip issue --person" in page
    assert "tapslip demo" in page


def test_each_state_has_a_word_beside_its_shape(morning: Pages) -> None:
    page = get(morning.let_in(), "/").text
    assert '<span class="spoken">reached: </span>Joined' in page
    assert '<span class="spoken">still to come: </span>Hello set up' in page


def test_a_journey_shows_its_evidence(morning: Pages) -> None:
    page = get(morning.let_in(), "/journeys/k7qm4r").text
    for word in ("Signed in", "signed in with Temporary Access Pass", made.AUTOPILOT, "slips/T6WN3C.pdf", "one-time"):
        assert word in page
    assert "Mon 23 Nov" not in page, "today is told by the hour alone"


def test_something_unexpected_comes_with_what_to_do(morning: Pages) -> None:
    page = get(morning.let_in(), "/journeys/M6CTJW").text
    assert "Something unexpected appeared" in page
    assert "tapslip revoke M6CTJW" in page


def test_markup_in_a_name_is_shown_as_it_is_written(pages: Pages) -> None:
    person = ("<img src=x onerror=alert(1)>", "x@contoso.example")
    made.keep(pages, made.journey("J1", person, "security-key"), made.a_pass("J1"))
    page = get(pages.let_in(), "/").text
    assert "&lt;img src=x" in page
    assert "<img" not in page


def test_a_pass_that_has_ended_is_said_to_have_ended(morning: Pages) -> None:
    morning.world.clock.pass_minutes(60)
    page = get(morning.let_in(), "/").text
    assert "Pass ended <time" in page
    assert "works until" not in page


def test_a_fragment_that_has_not_changed_is_not_sent_again(morning: Pages) -> None:
    client = morning.let_in()
    first = get(client, "/fragments/board")
    again = get(client, "/fragments/board", **{"If-None-Match": first.headers["ETag"]})
    assert first.headers["Cache-Control"] == guarding.REVALIDATED
    assert first.headers["ETag"].strip('"') in first.text
    assert (again.status_code, again.data) == (304, b"")
    made.keep(morning, made.journey("J9", made.ADA, "security-key"), made.a_pass("J9", PassState.REFUSED))
    assert get(client, "/fragments/board", **{"If-None-Match": first.headers["ETag"]}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/journeys/none", "/nothing", "/enter/wrong"])
def test_every_page_wears_the_security_headers(pages: Pages, path: str) -> None:
    for client in (pages.client(), pages.let_in()):
        headers = get(client, path).headers
        assert {name: headers[name] for name in guarding.HEADERS} == guarding.HEADERS
        assert headers["Cache-Control"] == "no-store"
        assert "Strict-Transport-Security" not in headers


def test_static_files_are_immutable_and_change_their_address_with_their_content(pages: Pages) -> None:
    page = get(pages.client(), "/").text
    address = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    assert get(pages.client(), address).headers["Cache-Control"] == guarding.IMMUTABLE
    assert get(pages.client(), "/static/0000000000000000/pico.min.css").status_code == 404
    assert get(pages.client(), address.replace("pico.min.css", "../app.py")).status_code == 404


def test_htmx_evaluates_nothing_and_keeps_no_history(pages: Pages) -> None:
    page = get(pages.client(), "/").text
    for setting in ('"allowEval":false', '"allowScriptTags":false', '"historyEnabled":false', '"historyCacheSize":0'):
        assert setting in page
    assert '"selfRequestsOnly":true' in page


@pytest.mark.parametrize("path", ["/", "/journeys/K7QM4R", "/nothing"])
def test_without_a_session_there_is_nothing_but_the_way_in(morning: Pages, path: str) -> None:
    answer = get(morning.client(), path)
    assert answer.status_code == 401
    assert "tapslip serve" in answer.text
    assert "Lovelace" not in answer.text


def test_the_cookie_is_bound_to_this_host(pages: Pages) -> None:
    cookie = get(pages.client(), pages.entry.make()).headers["Set-Cookie"]
    assert cookie.startswith(f"{sessions.COOKIE}=session-")
    assert all(part in cookie for part in ("; Secure", "; HttpOnly", "; Path=/", "; SameSite=Lax"))
    assert "Domain" not in cookie


def test_a_link_opens_once(pages: Pages) -> None:
    path = pages.entry.make()
    assert get(pages.client(), path).status_code == 303
    second = get(pages.client(), path)
    assert second.status_code == 401
    assert "has been used" in second.text


def test_a_link_ends_after_ten_minutes_or_with_the_next_one(pages: Pages) -> None:
    late = pages.entry.make()
    pages.world.clock.pass_minutes(10)
    assert get(pages.client(), late).status_code == 401
    earlier, latest = pages.entry.make(), pages.entry.make()
    assert get(pages.client(), earlier).status_code == 401
    assert get(pages.client(), latest).status_code == 303


def test_a_browser_that_looks_ahead_does_not_use_the_link_up(pages: Pages) -> None:
    path = pages.entry.make()
    assert get(pages.client(), path, **{"Sec-Purpose": "prefetch"}).status_code == 405
    assert pages.client().head(path, base_url=HTTPS).status_code == 405
    assert get(pages.client(), path).status_code == 303


def test_a_session_ends_when_nobody_acts_though_the_page_refreshes_itself(pages: Pages) -> None:
    client = pages.let_in()
    for _ in range(14):
        pages.world.clock.pass_minutes(1)
        assert get(client, "/fragments/board").status_code == 200
    pages.world.clock.pass_minutes(1)
    over = get(client, "/fragments/board")
    assert (over.status_code, over.headers["HX-Refresh"]) == (401, "true")


def test_a_session_ends_after_eight_hours_of_work(pages: Pages) -> None:
    client = pages.let_in()
    for _ in range(47):
        pages.world.clock.pass_minutes(10)
        assert get(client, "/").status_code == 200
    pages.world.clock.pass_minutes(10)
    assert get(client, "/").status_code == 401


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "192.168.1.5:8443", "[::2]", "a[b"])
def test_a_foreign_host_name_is_not_answered(pages: Pages, host: str) -> None:
    answer = get(pages.let_in(), "/", Host=host)
    assert answer.status_code == 421
    assert "https://localhost" in answer.text


@pytest.mark.parametrize("host", ["localhost:8443", "127.0.0.1:1", "[::1]:8443"])
def test_every_name_of_loopback_is_answered(pages: Pages, host: str) -> None:
    assert get(pages.client(), pages.entry.make(), Host=host).status_code == 303


def test_an_unknown_page_or_journey_says_what_to_do_next(pages: Pages) -> None:
    client = pages.let_in()
    for path in ("/nothing", "/journeys/NONE99"):
        answer = get(client, path)
        assert answer.status_code == 404
        assert "To the board" in answer.text


def test_writing_is_refused(pages: Pages) -> None:
    answer = pages.let_in().post("/", base_url=HTTPS)
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert "can only be read" in answer.text


def test_a_bug_shows_a_reference_and_no_traceback(pages: Pages, caplog: pytest.LogCaptureFixture) -> None:
    pages.app.add_url_rule("/bug", "bug", lambda: str(1 // 0))
    answer = get(pages.let_in(), "/bug")
    assert answer.status_code == 500
    assert "ZeroDivision" not in answer.text
    reference = answer.text.partition('class="code">')[2].partition("<")[0]
    assert len(reference) == 8
    assert reference in caplog.text


def test_the_sandbox_is_marked_on_every_page_and_a_real_tenant_is_not(pages: Pages, tmp_path: Path) -> None:
    for client, path in ((pages.client(), "/"), (pages.let_in(), "/"), (pages.let_in(), "/nothing")):
        assert "SANDBOX" in get(client, path).text
    with made.pages(tmp_path / "real", watermark=False) as real:
        assert "SANDBOX" not in get(real.let_in(), "/").text


def test_moments_are_told_as_people_tell_them() -> None:
    now = datetime(2026, 3, 2, 23, 30, tzinfo=ZoneInfo("UTC"))
    berlin = times.Times(ZoneInfo("Europe/Berlin"), now)
    days = (timedelta(0), timedelta(days=-1), timedelta(days=1), timedelta(days=-3), timedelta(days=-90))
    assert [berlin.words(now + day) for day in days] == [
        "00:30",
        "yesterday 00:30",
        "tomorrow 00:30",
        "Sat 28 Feb, 00:30",
        "Wed 3 Dec 2025, 00:30",
    ]
    assert 'title="Tuesday 3 March 2026, 00:30:00 CET"' in berlin.mark(now)
