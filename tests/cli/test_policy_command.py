"""`tapslip policy`: shown to anybody who may read it, changed by an administrator in their own browser."""

from __future__ import annotations

import pytest

from tests.cli.terminal import DOMAIN, Tenancy, Terminal, refused
from tests.cli.visitor import somebody_at_the_browser

GROUP = "8f2d4c1a-5b6e-4f70-9a8b-1c2d3e4f5a6b"


def test_the_policy_is_explained_in_sentences_and_for_each_profile(terminal: Terminal) -> None:
    said = terminal.run("policy", "show")
    assert said.code == 0
    assert "A pass lives from 60 to 480 minutes" in said.out
    assert "✓ windows-autopilot" in said.out
    shown = terminal.run("policy", "show", "--json").json()
    assert (shown["minimum"], shown["maximum"], len(shown["profiles"])) == (60, 480, 10)


def test_an_administrator_changes_it_after_the_difference_was_shown(terminal: Terminal, tenancy: Tenancy) -> None:
    somebody_at_the_browser(tenancy, "ines.okafor")
    said = terminal.run("policy", "set", "--maximum", "600", "--one-time", "--exclude", "none", "--yes")
    assert said.code == 0, said
    before, _, after = said.out.partition("signs in here:")
    assert "480 minutes  →  600 minutes" in before
    assert "windows-autopilot is not possible then" in before
    assert f"Signed in: ines.okafor@{DOMAIN}" in after
    now = terminal.run("policy", "show", "--json").json()
    assert (now["maximum"], now["one_time"], now["exclude"]) == (600, True, [])
    (row,) = terminal.rows("audit")
    assert (row["action"], row["outcome"], row["by"]) == ("policy.set", "done", f"ines.okafor@{DOMAIN}")
    assert "so already" in terminal.run("policy", "set", "--maximum", "600", "--yes").out


def test_a_technician_at_the_browser_changes_nothing(terminal: Terminal, tenancy: Tenancy) -> None:
    somebody_at_the_browser(tenancy, "omar.siddiq")
    said = terminal.run("policy", "set", "--off", "--yes")
    refused(said, 3, f"omar.siddiq@{DOMAIN} may not change the policy", "An Authentication Policy Administrator may")
    assert terminal.run("policy", "show", "--json").json()["enabled"] is True


@pytest.mark.parametrize(
    ("wished", "code", "said"),
    [
        (["--maximum", "50000", "--yes"], 3, ("maximum lifetime of 50000 minutes", "from 10 to 43200 minutes")),
        (["--minimum", "9", "--yes"], 3, ("minimum lifetime of 9 minutes", "from 10 to 43200 minutes")),
        (["--length", "7", "--yes"], 3, ("length of 7 symbols", "from 8 to 48 symbols")),
        (["--default", "20", "--yes"], 3, ("default lifetime of 20 minutes", "from 60 to 480 minutes")),
        (["--minimum", "481", "--yes"], 3, ("above the maximum", "from 10 to 480 minutes")),
        (["--include", GROUP, "--yes"], 3, (f"There is no group {GROUP}", "object id")),
        (["--include", "All staff", "--yes"], 2, ("names no group", "object id")),
        (["--include", "all_users", "--include", GROUP, "--yes"], 2, ("exclude each other", "alone")),
        (["--exclude", "all_users", "--yes"], 2, ("names no group", "object id or none")),
        (["--exclude", "none", "--exclude", GROUP, "--yes"], 2, ("names no group", "by itself")),
        (["--yes"], 2, ("Nothing is to be changed", "--help")),
        (["--length", "9"], 2, ("asks before", "--yes")),
    ],
)
def test_what_cannot_be_set_is_refused_before_anybody_signs_in(
    terminal: Terminal, tenancy: Tenancy, wished: list[str], code: int, said: tuple[str, str]
) -> None:
    ended = terminal.run("policy", "set", *wished)
    refused(ended, code, *said)
    assert "signs in here" not in ended.out
    assert tenancy.writes() == []


def test_on_the_sandbox_a_person_is_listed_and_stops_where_the_tenant_stops_them(
    terminal: Terminal, tenancy: Tenancy
) -> None:
    assert f"ines.okafor@{DOMAIN}" in terminal.run("sandbox", "person", "list").out
    origin = tenancy.ready["login"]
    strange = terminal.run("sandbox", "person", "sign-in", f"ines.okafor@{DOMAIN}", "https://elsewhere.example/")
    refused(strange, 3, f"The address is not at {origin}")
    lost = terminal.run(
        "sandbox", "person", "sign-in", f"ines.okafor@{DOMAIN}", f"{origin}/common/oauth2/v2.0/authorize"
    )
    refused(lost, 3, "The browser stopped at the page", "Copy the whole address")
