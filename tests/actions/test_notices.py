"""The manager's notice: who, why, when, a journey number and a telephone number; never the code, and no link."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent import profile_files
from agent.actions import audit, doctor
from agent.domain.cases import Level
from agent.domain.passes import PassState
from tests.world import World, world

MARA, LAPTOP = "mara.quist", "windows-autopilot=PF4TH101"
SENDER = "tomasz.brandt@tallisharbour.example"
SET: dict[str, Any] = {"notice.from": SENDER, "notice.telephone": "+44 131 496 0000"}


def profiles(folder: Path) -> str:
    """The shipped profiles, of which the laptop's asks for the notice."""
    made = folder / "profiles"
    shutil.copytree(profile_files.shipped(), made)
    laptop = made / "windows-autopilot.yaml"
    laptop.write_text(laptop.read_text("utf-8") + "notice: manager\n", "utf-8")
    return str(made)


@pytest.fixture
def told(tmp_path: Path) -> Iterator[World]:
    """A world whose laptops' managers are told."""
    with world(tmp_path, profiles_dir=profiles(tmp_path), **SET) as made:
        yield made


def sent(w: World) -> list[tuple[str, str]]:
    """What was handed in to the tenant: (to, text), and the audit's word for it."""
    return [(mail.to[0], mail.text) for mail in w.sandbox.tenant.activity.mails]


def outcome(w: World) -> dict[str, str]:
    """What the audit says about the newest notice."""
    entry = next(row.entry for row in reversed(list(audit.rows(w.agent.store))) if row.entry.action == "notice.send")
    return {"outcome": entry.outcome, "journey": entry.journey_id, **entry.facts}


def manager_of(w: World, person: str) -> str:
    manager_id = w.user(person).manager_id
    assert manager_id is not None
    return str(w.sandbox.tenant.directory.users[manager_id].mail)


def test_the_manager_is_told_who_why_when_and_whom_to_call_and_never_the_code_or_a_link(told: World) -> None:
    made = told.issue(MARA, LAPTOP)
    [(to, text)] = sent(told)
    assert to == manager_of(told, MARA).lower()
    for part in ("Mara Quist", "Tess (technician)", "PF4TH101", made.journeys[0].id, "+44 131 496 0000", "23 November"):
        assert part in text
    assert told.codes[0] not in text
    assert "://" not in text
    assert "www." not in text
    assert all(finding.code != "notice_not_sent" for finding in made.findings)
    said = outcome(told)
    assert (said["outcome"], said["to"].lower(), said["journey"]) == ("sent", to, made.journeys[0].id)
    assert said["reference"]


def test_only_profiles_that_say_so_tell_anybody(told: World) -> None:
    told.issue(MARA, "ios-company-portal=H4TH301QLM")
    assert sent(told) == []
    assert "notice.send" not in " ".join(told.audit())


def test_the_shipped_profiles_tell_nobody(w: World) -> None:
    w.issue(MARA, LAPTOP)
    assert sent(w) == []


@pytest.mark.parametrize(
    ("fault", "outcome_is", "why"),
    [("429", "not sent", ""), ("lost", "unknown", "may have been sent"), ("unreachable", "not sent", "")],
)
def test_a_notice_that_fails_leaves_the_pass_and_is_audited_and_told(
    told: World, fault: str, outcome_is: str, why: str
) -> None:
    told.fault("POST */sendMail", fault, times=20 if fault != "lost" else 1)
    made = told.issue(MARA, LAPTOP)
    assert told.our_pass(made.row.id).state is PassState.ISSUED
    assert told.tenant_passes(MARA)
    warning = made.findings[-1]
    assert (warning.code, warning.level) == ("notice_not_sent", Level.WARNING)
    assert "The pass was made, but the manager was not told" in warning.sentence
    said = outcome(told)
    assert said["outcome"] == outcome_is
    assert why in said["why"]
    assert len(sent(told)) == (1 if fault == "lost" else 0)


def test_a_person_without_a_manager_and_a_sender_without_the_right_are_told(told: World) -> None:
    told.user(MARA).manager_id = None
    assert "names no manager" in told.issue(MARA, LAPTOP).findings[-1].sentence
    told.door("deny", registration="sender", permission="Mail.Send")
    warning = told.issue("alex.morgan", "windows-autopilot=PF4TH111").findings[-1]
    assert warning.code == "notice_not_sent"
    assert outcome(told)["reference"]
    assert sent(told) == []


@pytest.mark.parametrize("mailbox", ["nobody@tallisharbour.example", "leila.haddad@tallisharbour.example"])
def test_a_mailbox_that_is_none_is_told(tmp_path: Path, mailbox: str) -> None:
    """One that nobody has, and an account without a mailbox."""
    with world(tmp_path, profiles_dir=profiles(tmp_path), **SET | {"notice.from": mailbox}) as w:
        w.user("leila.haddad").mail = None
        assert w.issue(MARA, LAPTOP).findings[-1].code == "notice_not_sent"


def test_without_a_mailbox_in_the_settings_each_pass_and_the_doctor_warn(tmp_path: Path) -> None:
    with world(tmp_path, profiles_dir=profiles(tmp_path)) as silent:
        warning = silent.issue(MARA, LAPTOP).findings[-1]
        assert "no mailbox is set" in warning.sentence
        assert "notice.from" in warning.where
        line = next(line for line in doctor.examine(silent.agent) if line.name == "notices")
        assert line.health is doctor.Health.WARNING
