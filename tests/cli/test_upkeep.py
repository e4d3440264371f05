"""`audit verify`, `migrate`, `profile check`, `doctor`, and all that is refused on a real tenant."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.terminal import AUTOPILOT, STARTER, Tenancy, Terminal, refused

SHIPPED = Path(__file__).parents[2] / "provisioning_profiles"
GUID = "8f2d4c1a-5b6e-4f70-9a8b-1c2d3e4f5a6b"
REAL = {
    "tenant": {
        "cloud": "global",
        "tenant_id": GUID,
        "registrations": {name: {"client_id": GUID, "secret": "not-a-real-secret"} for name in ("watcher", "issuer")},
    }
}


def edit(terminal: Terminal, statement: str) -> None:
    """What somebody who can write to the database might do."""
    with contextlib.closing(sqlite3.connect(terminal.state / "tapslip.db")) as store, store:
        store.execute(statement)


def test_a_whole_audit_verifies(terminal: Terminal) -> None:
    assert terminal.issue().code == 0
    said = terminal.run("audit", "verify")
    assert said.code == 0
    assert f"The audit holds: {len(terminal.rows('audit'))} rows." in said.out


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET by = 'nobody' WHERE row = 1",
        "UPDATE audit SET outcome = 'refused' WHERE row = 2",
        "DELETE FROM audit WHERE row = 1",
        "DELETE FROM audit WHERE row = (SELECT max(row) FROM audit)",
        "DELETE FROM audit",
        "DELETE FROM audit_head",
    ],
)
def test_a_broken_audit_is_named_by_its_row(terminal: Terminal, statement: str) -> None:
    assert terminal.issue().code == 0
    edit(terminal, statement)
    refused(terminal.run("audit", "verify"), 3, "The audit is broken at row ", "Keep the database as it is")


def test_a_lost_keys_file_is_not_made_anew(terminal: Terminal) -> None:
    assert terminal.issue().code == 0
    (terminal.state / "keys.json").unlink()
    refused(terminal.run("audit", "verify"), 5, "their key is missing", "Put the keys file back")
    assert not (terminal.state / "keys.json").exists()
    (terminal.state / "keys.json").write_text("{}")
    refused(terminal.run("audit", "verify"), 5, "cannot be read", "Restore it from its copy")


def test_a_folder_that_cannot_be_written_is_named(lonely: Terminal) -> None:
    (lonely.state / "keys.json.new").mkdir()  # in the way of the file, whatever rights the tests have
    refused(lonely.run("status"), 5, f"The folder {lonely.state} cannot be written", "keys_file")


def test_migrate_makes_a_database_and_then_says_it_is_there(lonely: Terminal) -> None:
    first = lonely.run("migrate")
    assert first.code == 0
    again = lonely.run("migrate")
    assert again.code == 0
    assert "already" in again.out
    assert lonely.rows("journeys") == []


def test_a_database_that_is_none_is_refused(lonely: Terminal) -> None:
    (lonely.state / "tapslip.db").write_text("this is no database, whatever its name says; " * 50)
    refused(lonely.run("status"), 5, "database")
    refused(lonely.run("migrate"), 5, "database")


def test_a_state_folder_that_cannot_be_made_is_refused(lonely: Terminal) -> None:
    (lonely.folder / "file").write_text("in the way")
    lonely.write_settings(state_dir=str(lonely.folder / "file" / "state"))
    refused(lonely.run("status"), 5, "cannot be made", "state_dir")


def test_the_shipped_profiles_have_no_fault(lonely: Terminal) -> None:
    said = lonely.run("profile", "check")
    assert (said.code, said.out) == (0, "✓ 10 profiles, no fault.\n")


@pytest.mark.parametrize(
    ("change", "where", "key"),
    [
        (lambda text: text.replace("one_time: false", "one_time: true"), "", ""),
        (lambda text: text.replace("sign_ins: 2", "sign_ins: two"), ":", "sign_ins"),
        (lambda text: text + "colour: red\n", ":", "colour"),
        (lambda text: text + "name: again\n", ":", "name"),
        (lambda text: text.replace("done: [", "done: &all ["), ":", ""),
        (lambda text: "\t" + text, ":", ""),
        (lambda text: text + "# " + "x" * 70_000, "", "64"),
        (lambda _text: "", "", ""),
    ],
)
def test_a_wrong_profile_is_named_by_file_line_and_key(
    lonely: Terminal, change: Callable[[str], str], where: str, key: str
) -> None:
    wrong = lonely.folder / "windows-autopilot.yaml"
    wrong.write_text(change((SHIPPED / "windows-autopilot.yaml").read_text("utf-8")), "utf-8")
    said = lonely.run("profile", "check", str(wrong))
    refused(said, 5, "fault(s) in 1 profile file(s)", f"windows-autopilot.yaml{where}")
    assert key in said.err


def test_all_faults_of_all_files_are_said_at_once(lonely: Terminal) -> None:
    folder = lonely.folder / "profiles"
    shutil.copytree(SHIPPED, folder)
    for name in ("security-key", "account-recovery"):
        (folder / f"{name}.yaml").write_text("name: 1\ncolour: red\n", "utf-8")
    lonely.write_settings(profiles_dir=str(folder))
    said = lonely.run("profile", "check")
    refused(said, 5, "in 10 profile file(s)", "security-key.yaml:", "account-recovery.yaml:", "colour")


def test_a_profile_file_that_is_not_there_is_refused(lonely: Terminal) -> None:
    refused(lonely.run("profile", "check", str(lonely.folder / "none.yaml")), 5, "fault(s)", "none.yaml")


def test_the_doctor_looks_at_everything_and_ends_with_the_worst(terminal: Terminal, tenancy: Tenancy) -> None:
    lines = terminal.run("doctor", "--json").json()
    assert all(set(line) == {"name", "health", "sentence", "remedy"} for line in lines)
    assert {line["health"] for line in lines} == {"ok"}
    tenancy.door("policy", excludeTargets=[])
    assert terminal.run("doctor").code == 0, "a warning is no failure"
    tenancy.door("deny", registration="watcher", permission="Policy.Read.All")
    assert terminal.run("doctor").code == 5, "what is not checked is no green"


def test_the_doctor_finds_an_expired_secret(terminal: Terminal, tenancy: Tenancy) -> None:
    tenancy.door("expire-secret", registration="issuer")
    said = terminal.run("doctor")
    assert said.code == 5
    assert "AADSTS7000222" in said.out


def test_the_doctor_works_without_a_tenant(lonely: Terminal) -> None:
    said = lonely.run("doctor")
    assert said.code == 5
    assert "No sandbox tenant is running" in said.out


@pytest.fixture
def real(lonely: Terminal) -> Terminal:
    """A terminal whose settings name a real tenant; the tests let nothing leave this machine."""
    lonely.write_settings(**REAL)
    return lonely


@pytest.mark.parametrize(
    "command",
    [
        ("issue", "--person", STARTER, "--for", AUTOPILOT, "--slip", "slips"),
        ("revoke", "JXXXXXX", "--yes"),
        ("close", "JXXXXXX", "--yes"),
    ],
)
def test_a_real_tenant_without_roles_or_a_way_to_sign_in_mints_and_deletes_nothing(
    real: Terminal, command: tuple[str, ...]
) -> None:
    refused(real.run(*command), 5, "the settings name no group for a lead", "roles.technician")
    real.write_settings(**REAL, roles={"technician": [GUID]})
    refused(real.run(*command), 5, "Nobody can sign in by the registration “operators”", "Give operators a client id")
    real.nothing_done()


def test_a_real_tenant_may_still_be_asked_for_its_journeys(real: Terminal) -> None:
    assert real.run("status").code == 0


@pytest.mark.parametrize(
    "command",
    [
        ("preflight", "--person", STARTER, "--for", AUTOPILOT),
        ("status",),
        ("track", "--once"),
    ],
)
def test_where_nobody_signs_in_no_role_is_chosen_on_a_real_tenant(real: Terminal, command: tuple[str, ...]) -> None:
    refused(real.run(*command, role="admin"), 2, "--as means nothing here", "their Entra groups")


def test_a_database_that_has_seen_a_real_tenant_refuses_the_sandbox(real: Terminal, tenancy: Tenancy) -> None:
    assert real.run("status").code == 0
    real.write_settings()
    (real.state / "sandbox.json").write_text((Path(tenancy.ready["ca_file"]).parents[1] / "sandbox.json").read_text())
    refused(real.issue(), 5, "tenant")
    assert tenancy.writes() == []
