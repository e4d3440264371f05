"""What each decision leaves in the audit, and how the audit is anchored, exported and held against the tenant's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta

import pytest

from agent import errors
from agent.actions import audit, close, reconcile
from agent.domain import passes
from agent.domain.people import Operator, Role
from agent.domain.reconciling import Deed, Match
from agent.ports import AuditEntry
from tests.world import TECHNICIAN, World

MARA, LAPTOP = "mara.quist", "windows-autopilot=PF4TH101"
AUDITOR = Operator("local:auditor", "Ada (auditor)", Role.AUDITOR)
ADMIN = Operator("local:admin", "Ida (admin)", Role.ADMIN)


def entries(w: World) -> list[AuditEntry]:
    """Every decision, oldest first."""
    return [row.entry for row in audit.rows(w.agent.store)]


def facts_of(w: World, action: str, outcome: str) -> Mapping[str, str]:
    """What the newest such decision tells."""
    return next(e.facts for e in reversed(entries(w)) if (e.action, e.outcome) == (action, outcome))


def test_every_row_of_a_journey_tells_who_for_whom_which_device_and_by_which_profile(w: World) -> None:
    w.issue(MARA, LAPTOP)
    w.unbox("PF4TH101", MARA)
    for _ in range(3):
        w.track(31)
    seen = {(entry.action, entry.outcome) for entry in entries(w)}
    assert {("pass.issue", "issuing"), ("pass.issue", "issued"), ("pass.remove", "gone")} < seen
    assert ("journey.close", "done") in seen
    digest = w.agent.profiles["windows-autopilot"].digest
    for entry in entries(w):
        assert entry.by
        assert entry.person_id == w.user(MARA).id
        told = {name: entry.facts.get(name) for name in ("person", "device", "profiles")}
        assert told == {"person": w.upn(MARA), "device": "PF4TH101", "profiles": digest}, entry
        assert w.codes[0] not in repr(entry)


def test_a_pass_made_and_a_pass_taken_away_are_named_as_the_tenant_names_them(w: World) -> None:
    made = w.issue(MARA, LAPTOP)
    issued = facts_of(w, "pass.issue", "issued")
    close.revoke(w.agent, made.journeys[0].id, TECHNICIAN)
    removed = facts_of(w, "pass.remove", "gone")
    for facts in (issued, removed):
        assert facts["tenant_pass"] == made.row.tenant_id
        assert facts["reference"]
        assert made.journeys[0].id in facts["kit"]
    assert (issued["by_id"], issued["role"]) == (TECHNICIAN.id, "technician")
    assert issued["findings"]
    assert issued["terms"].endswith("min, multi-use")


def test_a_refusal_tells_what_was_asked_and_why_not(w: World) -> None:
    with pytest.raises(errors.Refused):
        w.issue("ines.okafor", LAPTOP, proof="photo-id:seen at the desk")
    facts = facts_of(w, "pass.issue", "refused")
    assert facts["refusals"]
    assert facts["kit"] == LAPTOP
    assert facts["device"] == "PF4TH101"
    assert facts["proof"] == "photo-id:seen at the desk"
    assert facts["profiles"] == w.agent.profiles["windows-autopilot"].digest


def test_a_lost_answer_is_settled_with_the_pass_it_found(w: World) -> None:
    w.log_rows_after(0)
    w.fault("POST */temporaryAccessPassMethods", "lost")
    with pytest.raises(errors.TenantUnreachable):
        w.take(MARA, LAPTOP)
    facts = facts_of(w, "pass.mend", "refused")
    assert facts["tenant_pass"]
    assert facts["reference"]
    assert facts["device"] == "PF4TH101"


def anchors(w: World) -> list[int]:
    """The rows that were anchored, oldest first."""
    return [json.loads(line)["anchor"]["row"] for line in w.agent.store.anchors.lines()]


def test_the_newest_row_is_anchored_outside_the_database_once_an_hour(w: World) -> None:
    assert audit.anchor_if_due(w.agent) is None
    assert anchors(w) == []
    w.issue(MARA, LAPTOP)
    rows = len(entries(w))
    for minutes in (0, 30, 29, 1, 59):
        w.clock.pass_minutes(minutes)
        assert audit.anchor_if_due(w.agent) is None
    assert anchors(w) == [rows, rows]
    verified = audit.verify(w.agent.store)
    assert (verified.check.fault, verified.unanchored) == (None, "")
    assert w.agent.settings.audit_anchor.parent == w.agent.settings.state_dir


def test_an_audit_without_any_anchor_is_not_called_checked(w: World) -> None:
    w.issue(MARA, LAPTOP)
    assert "no anchor was written yet" in audit.verify(w.agent.store).unanchored


def test_anchors_that_vanished_or_were_put_back_are_no_green(w: World) -> None:
    w.issue(MARA, LAPTOP)
    place = w.agent.settings.audit_anchor
    audit.anchor_if_due(w.agent)
    early = place.read_bytes()
    w.clock.pass_minutes(200)
    audit.anchor_if_due(w.agent)
    late = place.read_text("ascii").splitlines()
    for content, seen in ((b"", "there is none"), (early, "the newest one there is of")):
        place.write_bytes(content)
        with pytest.raises(errors.Misconfigured, match="not checked") as unsure:
            audit.verify(w.agent.store)
        assert seen in unsure.value.summary
        assert audit.verify(w.agent.store, late).unanchored == "", "a copy kept elsewhere vouches too"


def test_an_export_has_an_anchor_first_and_last_and_every_row_between_them(w: World) -> None:
    w.issue(MARA, LAPTOP)
    w.clock.pass_minutes(60)
    since = w.clock.at
    w.take("alex.morgan", "windows-autopilot=PF4TH111")
    first, *told, last = list(audit.export(w.agent, AUDITOR))
    assert first == last
    assert [row["row"] for row in told] == list(range(1, first["anchor"]["row"] + 1))
    late = list(audit.export(w.agent, AUDITOR, since))[1:-1]
    assert [row for row in late if row["action"] != "audit.export"] == [row for row in told if row["row"] > 2]
    assert facts_of(w, "audit.export", "done")["by_id"] == AUDITOR.id
    lines = [json.dumps(first)]
    assert audit.verify(w.agent.store, lines).check.newest is not None


def test_a_technician_exports_their_own_rows_and_an_admin_none(w: World) -> None:
    w.issue(MARA, LAPTOP)
    w.unbox("PF4TH101", MARA)
    w.track(20)
    told = list(audit.export(w.agent, TECHNICIAN))[1:-1]
    assert {row["by"] for row in told} == {TECHNICIAN.name}
    with pytest.raises(errors.Refused, match="admin may not read the audit"):
        audit.export(w.agent, ADMIN)


def matches(w: World) -> list[tuple[Deed, Match]]:
    found = reconcile.reconcile(w.agent, w.clock.at - timedelta(days=7))
    return [(one.told.deed, one.match) for one in found.pairs]


def test_both_logs_tell_of_a_pass_once_the_tenant_s_has_arrived(w: World) -> None:
    w.log_rows_after(600)
    made = w.issue(MARA, LAPTOP)
    assert matches(w) == [(Deed.MADE, Match.TOO_RECENT)]
    w.clock.pass_minutes(15)
    assert matches(w) == [(Deed.MADE, Match.BOTH)]
    close.revoke(w.agent, made.journeys[0].id, TECHNICIAN)
    w.clock.pass_minutes(15)
    assert matches(w) == [(Deed.MADE, Match.BOTH), (Deed.DELETED, Match.BOTH)]


def test_a_pass_that_our_app_made_behind_the_store_s_back_is_alarming(w: World) -> None:
    w.log_rows_after(0)
    w.agent.passes.create(w.user(MARA).id, passes.Terms(60, one_time=True))
    w.outside_pass("alex.morgan")
    found = reconcile.reconcile(w.agent, w.clock.at - timedelta(days=1))
    assert [one.match for one in found.pairs] == [Match.BY_OUR_APP, Match.BY_OTHERS]
    assert [one.told.person_id for one in found.alarming] == [w.user(MARA).id]


def test_what_the_tenant_never_logged_is_only_ours_after_two_hours(w: World) -> None:
    w.log_rows_after(24 * 3600)
    w.issue(MARA, LAPTOP)
    w.clock.pass_minutes(119)
    assert matches(w) == [(Deed.MADE, Match.TOO_RECENT)]
    w.clock.pass_minutes(2)
    assert matches(w) == [(Deed.MADE, Match.ONLY_OURS)]


def test_a_log_that_may_not_be_read_is_not_checked(w: World) -> None:
    w.deny("AuditLog.Read.All")
    with pytest.raises(errors.TenantRefused, match="not checked") as refused:
        matches(w)
    assert "AuditLog.Read.All" in refused.value.advice
