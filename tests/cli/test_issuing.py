"""`tapslip issue` and `tapslip preflight` as they are typed: kits, replacing, paper, names, serials and times."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pypdfium2
import pytest

from agent.cli import reading, words
from tests.cli.terminal import AUTOPILOT, COMPANY_PORTAL, DOMAIN, IPHONE, LAPTOP, STARTER, Tenancy, Terminal, refused

ISSUED_KEYS = {"person", "pass", "journeys", "slips", "findings"}
REPORT_KEYS = {"person", "ok", "terms", "methods", "findings"}
FINDING_KEYS = {"code", "level", "forbids", "about", "sentence", "who", "where", "link", "evidence"}


def test_an_issued_kit_is_said_in_words(terminal: Terminal) -> None:
    said = terminal.issue()
    assert said.code == 0
    assert said.err == ""
    (paper,) = terminal.papers()
    assert "Multi-use pass for Mara Quist <mara.quist@tallisharbour.example>" in said.out
    assert str(paper) in said.out
    assert "tapslip track" in said.out
    assert stat.S_IMODE(paper.stat().st_mode) == 0o600


def test_a_kit_is_one_pass_and_a_slip_for_each_journey(terminal: Terminal, tenancy: Tenancy) -> None:
    made = terminal.issue(STARTER, AUTOPILOT, COMPANY_PORTAL, variant="technician", json=True).json()
    assert set(made) == ISSUED_KEYS
    assert len(tenancy.passes_of(STARTER)) == len(terminal.rows("passes")) == 1
    assert [Path(slip["place"]) for slip in made["slips"]] == [Path(row["place"]) for row in terminal.rows("slips")]
    assert {slip["journey"] for slip in made["slips"]} == {journey["id"] for journey in made["journeys"]}
    assert {reading.code_on(paper) for paper in terminal.papers()} == {reading.code_on(terminal.papers()[0])}
    assert len(terminal.papers()) == 2


@pytest.mark.parametrize("stock", ["a4", "a6"])
@pytest.mark.parametrize(("variant", "codes"), [("technician", 1), ("hand-over", 0)])
def test_only_the_technicians_slip_has_the_code_to_scan(
    terminal: Terminal, variant: str, codes: int, stock: str
) -> None:
    """A phone camera offers what it scans to a search on the web, so nobody is handed a code as a picture."""
    assert terminal.issue(STARTER, AUTOPILOT, COMPANY_PORTAL, variant=variant, stock=stock).code == 0
    seen = [reading.scan(paper) for paper in terminal.papers()]
    assert [len(one.codes) for one in seen] == [codes, codes]
    assert [one.user_names for one in seen] == [(STARTER,), (STARTER,)]
    assert {serial for one in seen for serial in one.serials} == {LAPTOP, IPHONE}


def test_no_json_holds_the_code(terminal: Terminal) -> None:
    made = terminal.issue(STARTER, variant="technician", json=True)
    code = reading.code_on(terminal.papers()[0]).expose()
    spoken = made.out + made.err + terminal.run("status", "--json").out
    assert code not in spoken
    assert code[:4] not in spoken


def test_replacing_makes_the_first_slip_void(terminal: Terminal, tenancy: Tenancy) -> None:
    first = terminal.issue(STARTER, json=True).json()
    (before,) = tenancy.passes_of(STARTER)
    second = terminal.issue(STARTER, replace=True, json=True).json()
    (after,) = tenancy.passes_of(STARTER)
    assert before != after
    said = terminal.run("status").out
    assert f"slip {first['slips'][0]['number']} (void)" in said
    assert f"slip {second['slips'][0]['number']} (live)" in said
    assert len(terminal.rows("journeys")) == 1


def test_replacing_names_the_slip_that_dies(terminal: Terminal) -> None:
    first = terminal.issue(STARTER, json=True).json()
    said = terminal.issue(STARTER, replace=True)
    assert said.code == 0
    assert first["slips"][0]["number"] in said.out


def test_a_preflight_spends_nothing(terminal: Terminal, tenancy: Tenancy) -> None:
    said = terminal.run("preflight", "--person", STARTER, "--for", AUTOPILOT)
    assert said.code == 0
    assert "A pass would work: multi-use, 190 minutes. Nothing was spent." in said.out
    terminal.nothing_done()
    assert tenancy.writes() == []


@pytest.mark.parametrize(("person", "code"), [(STARTER, 0), (f"ines.okafor@{DOMAIN}", 3), (f"no.one@{DOMAIN}", 3)])
def test_a_preflight_in_json_has_the_same_shape_for_yes_and_no(terminal: Terminal, person: str, code: int) -> None:
    said = terminal.run("preflight", "--person", person, "--for", AUTOPILOT, "--json")
    assert said.code == code
    report = said.json()
    assert set(report) == REPORT_KEYS
    assert report["ok"] is (code == 0)
    assert all(set(finding) == FINDING_KEYS for finding in report["findings"])
    assert any(finding["forbids"] for finding in report["findings"]) is (code == 3)


@pytest.mark.parametrize(
    ("options", "happened", "advice"),
    [
        ({"slip": ""}, "Nobody would see the code", "--show-code"),
        ({"slip": "", "show_code": True}, "--show-code works on a terminal only", "--slip DIR"),
        ({"slip": "", "show_code": True, "json": True}, "exclude each other", "never written as JSON"),
        ({"start": "2030-01-01T08:00"}, "has no zone", "2026-12-01T08:30+01:00"),
        ({"start": "2020-01-01T08:00Z"}, "has passed", "Leave --start out"),
        ({"start": "tomorrow"}, "is not a time", "with its zone"),
        ({"start": "2090-01-01T08:00Z"}, "is more than 30 days away", "nearer to the day"),
        ({"stolen": True}, "--stolen means nothing here", "--for account-recovery"),
        ({"lost": "1"}, "--lost means nothing here", "--for account-recovery"),
        ({"proof": "call:known voice"}, "--proof means nothing here", "--for account-recovery"),
    ],
)
def test_careless_usage_is_refused_before_anything_is_minted(
    terminal: Terminal, tenancy: Tenancy, options: dict[str, str | bool], happened: str, advice: str
) -> None:
    refused(terminal.issue(STARTER, **options), 2, happened, advice)
    terminal.nothing_done()
    assert tenancy.writes() == []


@pytest.mark.parametrize(
    ("wanted", "code", "happened"),
    [
        (("windows-autopilot",), 2, "windows-autopilot needs a serial number"),
        (("windows-autopilot=",), 2, "windows-autopilot needs a serial number"),
        ((f"account-recovery={LAPTOP}",), 2, "account-recovery has no device"),
        ((AUTOPILOT, AUTOPILOT.lower()), 2, "The same journey is named twice"),
        (("windows-autopilots=X1",), 3, "There is no profile “windows-autopilots”"),
    ],
)
def test_a_journey_that_makes_no_sense_is_named(
    terminal: Terminal, wanted: tuple[str, ...], code: int, happened: str
) -> None:
    refused(terminal.issue(STARTER, *wanted), code, happened)
    terminal.nothing_done()


@pytest.mark.parametrize("options", [("--stock", "a3"), ("--lang", "tlh")])
def test_paper_that_is_not_there_is_refused_before_anything_is_minted(
    terminal: Terminal, tenancy: Tenancy, options: tuple[str, str]
) -> None:
    said = terminal.run("issue", "--person", STARTER, "--for", AUTOPILOT, "--slip", str(terminal.slips), *options)
    refused(said, 2, options[1], "Choose one of:")
    terminal.nothing_done()
    assert tenancy.writes() == []


def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_minted(
    terminal: Terminal, tenancy: Tenancy
) -> None:
    (terminal.folder / "file").write_text("in the way")
    for place in ("file", "file/below"):
        said = terminal.issue(STARTER, slip=str(terminal.folder / place))
        refused(said, 3, "Slips cannot be written to", "--slip DIR")
    terminal.nothing_done()
    assert tenancy.writes() == []


def test_a_later_start_counts_from_then(terminal: Terminal) -> None:
    start = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
    made = terminal.issue(STARTER, start=start.isoformat(), lifetime="60", json=True).json()
    assert datetime.fromisoformat(made["pass"]["ends_at"]) == start + timedelta(minutes=60)


def test_a_pass_that_works_later_says_from_when(terminal: Terminal) -> None:
    start = datetime.now(UTC) + timedelta(days=1)
    said = terminal.issue(STARTER, start=start.isoformat(), lifetime="60").out
    assert f"works from {start:%a %d %b}" in said
    assert "works until" in terminal.issue(STARTER, replace=True).out


def test_a_time_in_another_year_names_its_year() -> None:
    assert words.local(datetime(2031, 1, 1, 8, 0, tzinfo=UTC), "UTC") == "Wed 01 Jan 2031 08:00 (UTC)"
    assert words.local(datetime.now(UTC), "UTC").startswith(f"{datetime.now(UTC):%a %d %b %H}")


@pytest.mark.parametrize("proof", ["x", ":seen", "photo-id:", " : "])
def test_a_proof_names_its_kind_and_what_was_seen(terminal: Terminal, proof: str) -> None:
    said = terminal.issue(f"ruth.adeyemi@{DOMAIN}", "account-recovery", lost="1", proof=proof)
    refused(said, 2, "--proof is written as KIND:NOTE", "photo-id:checked at the desk")
    terminal.nothing_done()


@pytest.mark.parametrize("scanned", ["1S21LS001XGEPF4TH101", LAPTOP])
def test_a_preflight_says_which_device_it_found(terminal: Terminal, scanned: str) -> None:
    said = terminal.run("preflight", "--person", STARTER, "--for", f"windows-autopilot={scanned}").out
    assert f"Read as serial {LAPTOP}, LENOVO ThinkPad" in said
    assert ("Lenovo's long barcode" in said) is (scanned != LAPTOP)


def test_a_slip_names_the_tenants_own_organisation_until_one_is_set(terminal: Terminal) -> None:
    def printed() -> str:
        (slip,) = terminal.issue(STARTER, replace=True, json=True).json()["slips"]
        return str(pypdfium2.PdfDocument(slip["place"])[0].get_textpage().get_text_range())

    text = printed()
    assert "Tallis Harbour Ltd" in text
    assert "Your organisation" not in text
    terminal.write_settings(organisation={"name": "Quay Nine Ltd"})
    assert "Quay Nine Ltd" in printed()


def test_blanks_around_a_name_and_its_case_do_not_matter(terminal: Terminal) -> None:
    said = terminal.issue(f"  MARA.Quist@{DOMAIN.upper()} ", json=True)
    assert said.code == 0, said
    assert said.json()["person"] == STARTER


def test_a_name_with_a_quote_is_one_literal(terminal: Terminal, tenancy: Tenancy) -> None:
    name = f"siobhan.o'rourke@{DOMAIN}"
    assert terminal.issue(name, json=True).json()["person"] == name
    assert len(tenancy.passes_of(name)) == 1


@pytest.mark.parametrize(
    "name",
    ["a/b", "../me", "mara.quist?x=1", "mara#quist", "x' or 1 eq 1 or '", "100%25"],
)
def test_a_name_with_signs_of_addresses_asks_what_a_plain_one_asks(
    terminal: Terminal, tenancy: Tenancy, name: str
) -> None:
    """Either it is no name at all and the tenant hears nothing, or it travels as one literal to the same routes."""
    plain = terminal.issue(f"nobody@{DOMAIN}")
    asked = tenancy.door("counters", "GET")["requests"]
    tenancy.reset()
    said = terminal.issue(f"{name}@{DOMAIN}")
    assert said.code == plain.code == 3
    if "This is not a user name" in said.err:
        assert tenancy.door("counters", "GET")["requests"] == {}
    else:
        assert f"There is no user {name}@{DOMAIN}" in said.err
        assert tenancy.door("counters", "GET")["requests"] == asked


@pytest.mark.parametrize(
    "name", ["mara quist@x.example", "mara.quist", "@x.example", "a@b@c", "a\u200bb@x.example", ""]
)
def test_what_is_no_user_name_reaches_nobody(terminal: Terminal, tenancy: Tenancy, name: str) -> None:
    refused(terminal.issue(name), 3, "This is not a user name", "Type the user name that the person signs in with")
    assert tenancy.door("counters", "GET")["requests"] == {}


@pytest.mark.parametrize(
    "scanned", ["pf4th101", " PF4TH101 ", "PF4T H101", "SPF4TH101", "spf4th101", "1S21LS001XGEPF4TH101"]
)
def test_a_scan_finds_the_device_however_it_is_read(terminal: Terminal, scanned: str) -> None:
    made = terminal.issue(STARTER, f"windows-autopilot={scanned}", json=True)
    assert made.code == 0, made
    assert [journey["serial"] for journey in made.json()["journeys"]] == [LAPTOP]


@pytest.mark.parametrize(
    ("scanned", "named"),
    [
        ("490154203237518", "IMEI"),
        ("To be filled by O.E.M.", "placeholder"),
        ("Default string", "placeholder"),
        ("89049032000001000000001234567890", "EID"),
        ("4006381333931", "EAN"),
        ("36028797018", "express service code"),
        ("https://example.com/x", "web address"),
        ("1S21LS001XGEPF4TH999", "serial number PF4TH999"),
    ],
)
def test_another_barcode_of_the_box_is_named_as_what_it_is(terminal: Terminal, scanned: str, named: str) -> None:
    said = terminal.issue(STARTER, f"windows-autopilot={scanned}")
    assert said.code == 3
    assert named in said.err
    terminal.nothing_done()


def test_a_device_on_its_way_to_somebody_else_is_refused(terminal: Terminal) -> None:
    journey = terminal.issue(STARTER, json=True).json()["journeys"][0]["id"]
    refused(terminal.issue(f"alex.morgan@{DOMAIN}"), 3, f"already on its way to {STARTER}", f"tapslip close {journey}")
    assert len(terminal.papers()) == 1


def test_two_people_of_one_name_are_told_apart(terminal: Terminal) -> None:
    one, two = (
        terminal.run("preflight", "--person", f"{key}@{DOMAIN}", "--for", AUTOPILOT).out.splitlines()[0]
        for key in ("alex.morgan", "alex.morgan2")
    )
    assert "Alex Morgan" in one
    assert "Alex Morgan" in two
    assert "Finance" in one
    assert "Pilotage" in two
    assert "Manager: " in one
    assert "Finance" in terminal.issue(f"alex.morgan@{DOMAIN}").out


def test_an_account_recovery_is_asked_for_its_lost_method_and_proof(terminal: Terminal) -> None:
    ruth = f"ruth.adeyemi@{DOMAIN}"
    refused(terminal.issue(ruth, "account-recovery"), 3, "must name the method that was lost", "--lost", "--proof")
    terminal.nothing_done()
    report = terminal.run("preflight", "--person", ruth, "--for", "account-recovery", "--json").json()
    lost = next(method["id"] for method in report["methods"] if method["kind"] == "authenticator")
    asked = terminal.issue(ruth, "account-recovery", lost=lost, proof="photo-id:seen")
    refused(asked, 3, "An approver has to say yes first", "tapslip ask approve A")
    (ask,) = terminal.run("ask", "list", "--json").json()
    assert (ask["person"], ask["why"], ask["proof"]) == (ruth, ["approval_needed"], "photo-id:seen")
    refused(terminal.run("ask", "approve", ask["id"], "--yes"), 3, "Whoever asks cannot answer")
    assert "Approved" in terminal.run("--as", "approver", "ask", "approve", ask["id"], "--yes").out
    said = terminal.issue(ruth, "account-recovery", lost=lost, proof="photo-id:seen", json=True)
    assert said.code == 0, said
    refused(terminal.run("--as", "approver", "ask", "approve", ask["id"], "--yes"), 3, "is spent already")
    assert said.json()["pass"]["one_time"] is True
