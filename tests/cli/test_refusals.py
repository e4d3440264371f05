"""Every refusal as a technician meets it: exit code, what happened, what to do and where, and nothing half-done."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import pytest

from tests.cli.terminal import AUTOPILOT, COMPANY_PORTAL, DOMAIN, STARTER, Said, Tenancy, Terminal, refused
from tests.world import STAND_INS

AUTHENTICATION = "Entra admin centre › Authentication methods › Policies › Temporary Access Pass"


def untouched(terminal: Terminal, tenancy: Tenancy) -> None:
    """Nothing on record, on paper or in the tenant, whatever was asked."""
    terminal.nothing_done()
    assert tenancy.writes() == []


@pytest.mark.parametrize(
    ("person", "happened", "advice"),
    [
        ("nobody.here", "There is no user nobody.here@", "check the spelling"),
        ("victor.lamb", "Victor Lamb is disabled", "Entra admin centre › Users"),
        ("sofia.ribeiro_pallasfreight.example#EXT#", "Sofia Ribeiro is an external guest", "the guest's own IT"),
        ("ines.okafor", "Global Administrator (direct)", "Privileged Authentication Administrator"),
        ("tomasz.brandt", "Authentication Administrator (group)", "with their own rights"),
        ("priya.venkat", "Intune Administrator (eligible)", "with their own rights"),
        ("peter.ashdown", "in none of the groups", f"{AUTHENTICATION} › Include:"),
        ("lena.novak", "in a group that the Temporary Access Pass policy excludes", f"{AUTHENTICATION} › Exclude:"),
        ("nils.haugen", "can already sign in without a password", "account-recovery"),
        ("chidi.eze", "There is no user chidi.eze@elsewhere", "check the spelling"),
    ],
)
def test_a_person_who_may_have_no_pass_is_refused(
    terminal: Terminal, tenancy: Tenancy, person: str, happened: str, advice: str
) -> None:
    at = "elsewhere.example" if "elsewhere" in happened else DOMAIN
    refused(terminal.issue(f"{person}@{at}"), 3, happened, advice)
    untouched(terminal, tenancy)


@pytest.mark.parametrize(
    ("wanted", "happened", "advice"),
    [
        (
            "windows-autopilot=PF4TH999",
            "Windows Autopilot knows no device with the serial PF4TH999",
            "Windows Autopilot",
        ),
        ("ios-company-portal=PF4TH101", "Apple enrolment knows no device", "Enrollment program tokens"),
        ("windows-autopilot=5CG4TH207", "2 records carry the serial 5CG4TH207", "remove the stale record"),
        ("windows-autopilot=PF4TH102", f"assigned to chidi.eze@{DOMAIN}", "unassign the user"),
        ("windows-autopilot=PF4TH103", "The deployment profile is not ready", "wait until “Date assigned” is filled"),
        ("windows-autopilot=PF4TH106", "joins this PC to a local domain", "assign a Microsoft Entra join profile"),
        ("windows-autopilot=5CG4TH209", "The profile is self-deploying", "assign a user-driven profile"),
        ("ios-company-portal=H4TH303QLM", "No enrolment profile is assigned", "assign a profile"),
        ("ios-company-portal=H4TH304QLM", "will not enrol with Intune", "business.apple.com"),
        ("ios-company-portal=DMTH401PWX", "is for company portal", "use the profile that fits"),
        ("windows-joined=PF4TH101", "cannot yet prove", "use another profile"),
    ],
)
def test_a_device_that_would_not_get_through_is_refused(
    terminal: Terminal, tenancy: Tenancy, wanted: str, happened: str, advice: str
) -> None:
    refused(terminal.issue(STARTER, wanted), 3, happened, advice)
    untouched(terminal, tenancy)


def test_roles_that_may_not_be_read_refuse(terminal: Terminal, tenancy: Tenancy) -> None:
    tenancy.door("deny", registration="watcher", permission="RoleManagement.Read.Directory")
    said = terminal.issue()
    refused(said, 3, "holds a directory role could not be checked", "App registrations › API permissions")
    assert "RoleManagement.Read.Directory" in said.err
    untouched(terminal, tenancy)


@pytest.mark.parametrize(
    ("permission", "happened"),
    [
        ("Policy.Read.AuthenticationMethod", "The Temporary Access Pass policy could not be checked"),
        ("UserAuthMethod-TAP.Read.All", "Whether a pass is live already could not be checked"),
        ("UserAuthMethod-Passkey.Read.All", "Which sign-in methods this person has could not be checked"),
        ("User.Read.All", "Who this is could not be checked"),
        ("DeviceManagementServiceConfig.Read.All", "The device could not be looked up"),
    ],
)
def test_what_may_not_be_read_is_named_with_its_permission(
    terminal: Terminal, tenancy: Tenancy, permission: str, happened: str
) -> None:
    for one in (permission, *STAND_INS.get(permission, ())):
        tenancy.door("deny", registration="watcher", permission=one)
    said = terminal.issue()
    refused(said, 3, happened, "App registrations › API permissions")
    assert permission in said.err
    untouched(terminal, tenancy)


def test_a_policy_that_is_off_refuses(terminal: Terminal, tenancy: Tenancy) -> None:
    tenancy.door("policy", state="disabled")
    refused(terminal.issue(), 3, "Temporary Access Passes are switched off", AUTHENTICATION)
    untouched(terminal, tenancy)


@pytest.mark.parametrize("lifetime", ["59", "481", "0", "-5", "100000"])
def test_a_lifetime_out_of_range_is_refused_and_never_clamped(
    terminal: Terminal, tenancy: Tenancy, lifetime: str
) -> None:
    said = terminal.issue(STARTER, lifetime=lifetime)
    refused(said, 3, f"A pass of {lifetime} minutes is needed or asked for", "--lifetime")
    assert "The policy allows 60 to 480 minutes." in said.err
    untouched(terminal, tenancy)


def test_a_need_above_the_policys_maximum_is_refused(terminal: Terminal, tenancy: Tenancy) -> None:
    tenancy.door("policy", maximumLifetimeInMinutes=120, defaultLifetimeInMinutes=60)
    refused(terminal.issue(), 3, "The policy allows 60 to 120 minutes", "the policy's maximum raised")
    untouched(terminal, tenancy)


def test_forced_one_time_passes_refuse_a_journey_with_two_sign_ins(terminal: Terminal, tenancy: Tenancy) -> None:
    tenancy.door("policy", isUsableOnce=True)
    refused(terminal.issue(), 3, "makes every pass one-time", "Require one-time use")
    untouched(terminal, tenancy)


def test_every_reason_is_said_at_once(terminal: Terminal, tenancy: Tenancy) -> None:
    tenancy.door("policy", state="disabled")
    said = terminal.issue(f"victor.lamb@{DOMAIN}", "windows-autopilot=5CG4TH207")
    refused(said, 3, "is disabled", "switched off", "2 records carry the serial", "Also:")
    untouched(terminal, tenancy)


def test_without_a_sandbox_the_exit_code_is_6(lonely: Terminal) -> None:
    for command in (
        ("issue", "--person", STARTER, "--for", AUTOPILOT, "--slip", str(lonely.slips)),
        ("preflight", "--person", STARTER, "--for", AUTOPILOT),
        ("sandbox", "device", "list"),
    ):
        refused(lonely.run(*command), 6, "No sandbox tenant is running", "tapslip sandbox")
    lonely.nothing_done()


def test_a_sandbox_that_died_is_unreachable(terminal: Terminal, tenancy: Tenancy) -> None:
    """Its ready line was left behind, and nothing listens at its port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    ready = terminal.state / "sandbox.json"
    here = tenancy.ready["graph"].rpartition(":")[2]
    ready.write_text(ready.read_text().replace(f":{here}", f":{port}"))
    refused(terminal.issue(), 6, "cannot be reached", "tapslip sandbox")
    refused(terminal.run("sandbox", "device", "list"), 6, "does not answer", "tapslip sandbox")
    untouched(terminal, tenancy)


@pytest.mark.parametrize("registration", ["watcher", "issuer"])
def test_an_expired_secret_is_named_and_leaves_nothing_open(
    terminal: Terminal, tenancy: Tenancy, registration: str
) -> None:
    tenancy.door("expire-secret", registration=registration)
    said = terminal.issue()
    refused(said, 5, f"The registration “{registration}” gets no token", "secret")
    assert "AADSTS7000222" in said.err
    assert tenancy.writes() == []
    assert terminal.papers() == []
    assert {row["state"] for row in terminal.rows("passes")} <= {"refused"}
    assert {row["state"] for row in terminal.rows("journeys")} <= {"abandoned"}


def test_broken_settings_name_line_key_and_fault(terminal: Terminal, tenancy: Tenancy) -> None:
    terminal.settings.write_text("state_dir: here\nproxi: http://proxy\nsites:\n  - zone: Mars/Olympus\n", "utf-8")
    said = terminal.issue()
    refused(said, 5, "The settings cannot be used", "tapslip.yaml:2: proxi:", "tapslip.yaml:4: sites")
    untouched(terminal, tenancy)


def test_settings_that_are_not_yaml_or_not_there(terminal: Terminal) -> None:
    terminal.settings.write_text("sites: [\n", "utf-8")
    refused(terminal.run("status"), 5, "The settings cannot be used", "tapslip.yaml:")
    terminal.settings.unlink()
    refused(terminal.run("status"), 5, "", "tapslip.yaml")


def test_a_broken_profile_stops_everything_before_the_tenant_is_asked(terminal: Terminal, tenancy: Tenancy) -> None:
    folder = terminal.folder / "profiles"
    shutil.copytree(Path(__file__).parents[2] / "provisioning_profiles", folder)
    text = (folder / "security-key.yaml").read_text("utf-8")
    (folder / "security-key.yaml").write_text(text.replace("one_time: true", "one_time: perhaps"), "utf-8")
    terminal.write_settings(profiles_dir=str(folder))
    said = terminal.issue()
    refused(said, 5, "", "security-key.yaml:", "one_time")
    untouched(terminal, tenancy)


def live_pass_is_named(terminal: Terminal, second: Said) -> None:
    (slip,) = terminal.rows("slips")
    refused(second, 3, "This person has a pass of ours (issued until ", "--replace", "tapslip revoke")
    assert slip["number"] in second.err


def test_a_live_pass_of_ours_refuses_the_second(terminal: Terminal, tenancy: Tenancy) -> None:
    assert terminal.issue().code == 0
    before = tenancy.passes_of(STARTER)
    live_pass_is_named(terminal, terminal.issue())
    live_pass_is_named(terminal, terminal.issue(STARTER, COMPANY_PORTAL))
    assert tenancy.passes_of(STARTER) == before
    assert len(terminal.papers()) == 1
    assert [len(terminal.rows(table)) for table in ("journeys", "passes", "slips")] == [1, 1, 1]


def test_a_pass_made_elsewhere_refuses_too(terminal: Terminal, tenancy: Tenancy, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Terminal(tmp_path / "other", terminal.captured, terminal.state / "sandbox.json")
    assert other.issue().code == 0
    before = tenancy.passes_of(STARTER)
    refused(terminal.issue(), 3, "A pass made elsewhere is there until", "--replace")
    terminal.nothing_done()
    assert tenancy.passes_of(STARTER) == before
