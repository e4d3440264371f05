"""Operators of a real tenant sign in, act in their own name, and may do what their groups and Entra both allow."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from agent import errors, ports
from agent.actions import authority, close, doctor, issue, operators, track
from agent.actions.doctor import Health
from agent.domain.people import Operator, Role
from tests.actions import weak_lines
from tests.operated import Operated, browser, operated
from tests.world import TECHNICIAN

LAPTOP, MARA = "windows-autopilot=PF4TH101", "mara.quist"


@pytest.fixture
def o(tmp_path: Path) -> Iterator[Operated]:
    """A real tenant, to the client."""
    with operated(tmp_path) as made:
        yield made


def makers(o: Operated) -> list[dict[str, object]]:
    """Who made passes, as Entra's audit names them."""
    rows = [audit.row for audit in o.sandbox.tenant.activity.audits]
    return [row["initiatedBy"] for row in rows if "registered temporary access pass" in row["resultReason"]]


def left_alone(o: Operated) -> None:
    """No pass in the tenant, and no request that would have made one."""
    assert o.sandbox.tenant.credentials.passes == {}
    assert [sent for sent in o.adapter.sent if "POST" in sent and "temporaryAccessPassMethods" in sent] == []


def test_a_technician_signs_in_and_issues_in_their_own_name(o: Operated) -> None:
    o.may_make_passes("omar.siddiq")
    made = o.issued_by("omar.siddiq", MARA, LAPTOP)
    omar = o.user("omar.siddiq")
    assert (made.row.by, made.row.by_id) == (omar.upn, omar.id)
    (maker,) = makers(o)
    assert maker["app"] is None
    assert isinstance(maker["user"], dict)
    assert (maker["user"]["id"], maker["user"]["userPrincipalName"]) == (omar.id, omar.upn)
    last = o.rows()[-1]
    assert (last.action, last.outcome, last.by) == ("pass.issue", "issued", omar.upn)
    assert len(o.tenant_passes(MARA)) == 1


def test_the_pass_is_the_apps_where_the_settings_say_so_and_the_audit_still_names_the_operator(tmp_path: Path) -> None:
    with operated(tmp_path, issue_as="app") as o:
        made = o.issued_by("omar.siddiq", MARA, LAPTOP)
        (maker,) = makers(o)
        assert maker["user"] is None
        assert (made.row.by, o.rows()[-1].by) == (o.upn("omar.siddiq"), o.upn("omar.siddiq"))


def test_whoever_is_in_no_group_may_do_nothing_and_is_told_which_groups_there_are(o: Operated) -> None:
    group = o.group(Role.TECHNICIAN)
    group.member_ids.remove(o.user("omar.siddiq").id)
    for deed in (authority.ISSUE, authority.REVOKE, authority.FREEZE):
        with pytest.raises(errors.Refused, match="holds no role here") as refused:
            o.sign_in("omar.siddiq", deed)
        assert refused.value.codes == ("no_role",)
        assert f"technician: {group.name} ({group.id})" in refused.value.advice
    row = o.rows()[-1]
    assert (row.action, row.outcome, row.by) == ("operator.sign_in", "refused", o.upn("omar.siddiq"))
    assert row.facts["by_id"] == o.user("omar.siddiq").id
    left_alone(o)


def test_a_role_reaches_through_a_group_in_a_group(o: Operated) -> None:
    group, omar = o.group(Role.TECHNICIAN), o.user("omar.siddiq")
    leith = next(one for one in o.sandbox.tenant.directory.groups.values() if omar.id in one.member_ids)
    group.member_ids[:] = [leith.id]
    assert o.sign_in("omar.siddiq").role is Role.TECHNICIAN


def test_roles_that_cannot_be_read_are_no_roles(o: Operated) -> None:
    for one in ("GroupMember.Read.All", "Device.Read.All", "User.Read.All"):
        o.deny(one)
    with pytest.raises(errors.Refused, match="could not be checked") as refused:
        o.sign_in("omar.siddiq")
    assert refused.value.codes == ("role_not_checked",)
    assert "GroupMember.Read.All" in refused.value.advice
    assert o.audit() == ["operator.sign_in refused"]


def test_among_several_roles_the_highest_that_serves_is_taken_and_another_held_one_may_be_chosen(o: Operated) -> None:
    assert o.sign_in("tomasz.brandt").role is Role.LEAD
    assert o.sign_in("tomasz.brandt", role=Role.TECHNICIAN).role is Role.TECHNICIAN
    assert o.sign_in("priya.venkat", authority.REVOKE).role is Role.APPROVER
    assert o.sign_in("priya.venkat", authority.EXPORT_AUDIT).role is Role.AUDITOR
    with pytest.raises(errors.Refused, match="does not hold the role approver") as refused:
        o.sign_in("tomasz.brandt", role=Role.APPROVER)
    assert refused.value.advice == "Roles held: technician, lead."
    with pytest.raises(errors.Refused, match="role auditor may not withdraw"):
        o.sign_in("priya.venkat", authority.REVOKE, Role.AUDITOR)


@pytest.mark.parametrize(("person", "held"), [("ines.okafor", "admin"), ("priya.venkat", "approver, auditor")])
def test_whoever_approves_or_looks_after_the_program_makes_no_passes(o: Operated, person: str, held: str) -> None:
    with pytest.raises(errors.Refused, match=f"may not issue passes, being {held}") as refused:
        o.as_operator(person)
    assert refused.value.codes == ("role",)
    left_alone(o)


def test_without_a_directory_role_entra_refuses_and_nothing_stays_open(o: Operated) -> None:
    with pytest.raises(errors.TenantRefused, match=r"Entra does not let omar\.siddiq@.* make a pass") as refused:
        o.issued_by("omar.siddiq", MARA, LAPTOP)
    assert "Authentication Administrator" in refused.value.advice
    assert refused.value.reference
    assert o.sandbox.tenant.credentials.passes == {}
    with o.agent.store.begin() as tx:
        assert list(tx.passes.open()) == []
        assert list(tx.journeys.open()) == []
    assert o.audit()[-1] == "pass.issue refused"


def test_a_sign_in_that_is_abandoned_makes_nothing(o: Operated) -> None:
    def walk_away(address: str) -> dict[str, object]:
        asked = parse_qs(urlsplit(address).query)
        fields = {"error": "access_denied", "state": asked["state"][0]}
        return {"form_action": asked["redirect_uri"][0], "fields": fields}

    with pytest.raises(errors.Refused, match="Nobody signed in"):
        operators.sign_in(o.agent, browser(walk_away), authority.ISSUE)
    by = o.sign_in("tomasz.brandt")
    with pytest.raises(errors.Refused, match="Nobody signed in"):
        operators.in_own_name(o.agent, by, browser(walk_away))
    left_alone(o)


def test_another_person_at_the_second_sign_in_makes_nothing(o: Operated) -> None:
    by = o.sign_in("omar.siddiq")
    with pytest.raises(errors.Refused, match="Two people signed in"):
        operators.in_own_name(o.agent, by, o.at_browser("tomasz.brandt"))
    left_alone(o)


def test_nobody_issues_for_themselves(o: Operated) -> None:
    before = o.audit()
    agent, by = o.as_operator("tomasz.brandt")
    with pytest.raises(errors.Refused, match="cannot make a pass for yourself") as refused:
        issue.issue(agent, o.request_for_screen("tomasz.brandt", LAPTOP, by=by))
    assert refused.value.codes == ("own_pass",)
    assert o.audit() == [*before, "pass.issue refused"]
    assert o.rows()[-1].by == by.name
    left_alone(o)


@pytest.mark.parametrize("person", ["kim.doyle", "ruth.adeyemi", "priya.venkat", "tomasz.brandt", "ines.okafor"])
@pytest.mark.parametrize("issue_as", ["operator", "app"])
def test_a_technician_issues_for_no_lead_no_approver_and_no_admin_account_of_their_own(
    tmp_path: Path, person: str, issue_as: str
) -> None:
    """The first two hold a role here and none in Entra; whoever makes the pass, it is refused and audited."""
    with operated(tmp_path, issue_as=issue_as) as o:
        for role, colleague in ((Role.LEAD, "kim.doyle"), (Role.APPROVER, "ruth.adeyemi")):
            o.group(role).member_ids.append(o.user(colleague).id)
        agent, by = o.as_operator("omar.siddiq")
        with pytest.raises(errors.Refused) as refused:
            issue.issue(agent, o.request_for_screen(person, LAPTOP, by=by))
        assert "tapslip_role" in refused.value.codes
        row = o.rows()[-1]
        assert (row.action, row.outcome, row.by, row.person_id) == ("pass.issue", "refused", by.name, o.user(person).id)
        assert row.facts["by_id"] == by.id
        left_alone(o)


def test_whom_the_settings_protect_gets_no_pass(o: Operated) -> None:
    mara = o.user(MARA)
    ours = next(one for one in o.sandbox.tenant.directory.groups.values() if mara.id in one.member_ids)
    settings = dataclasses.replace(o.agent.settings, protected_groups=frozenset({ours.id}))
    watched = dataclasses.replace(o.agent, settings=settings)
    by = o.sign_in("tomasz.brandt")
    with pytest.raises(errors.Refused) as refused:
        issue.issue(watched, o.request_for_screen(MARA, LAPTOP, by=by))
    assert refused.value.codes == ("protected_group",)


def test_a_played_role_counts_for_nothing_on_a_real_tenant(o: Operated) -> None:
    for by in (TECHNICIAN, Operator("local:lead", "Somebody", Role.LEAD)):
        for attempt in (
            lambda by=by: issue.issue(o.agent, o.request_for_screen(MARA, LAPTOP, by=by)),
            lambda by=by: close.revoke(o.agent, "J234567", by),
            lambda by=by: close.close(o.agent, "J234567", by),
        ):
            with pytest.raises(errors.Misconfigured, match="On a real tenant") as refused:
                attempt()
            assert refused.value.exit_code == 5
    left_alone(o)


def test_revoking_in_ones_own_name_is_entras_to_allow_too(o: Operated) -> None:
    (journey,) = o.issued_by("tomasz.brandt", MARA, LAPTOP).journeys
    agent, by = o.as_operator("priya.venkat", authority.REVOKE)
    with pytest.raises(errors.TenantRefused, match="delete the pass of this person"):
        close.revoke(agent, journey.id, by)
    assert len(o.tenant_passes(MARA)) == 1
    agent, by = o.as_operator("tomasz.brandt", authority.REVOKE)
    assert close.revoke(agent, journey.id, by).pass_gone
    assert o.tenant_passes(MARA) == []


def in_doubt(o: Operated) -> ports.Agent:
    """A create whose answer was lost, and the look after it too; the agent that tracks, in nobody's name."""
    agent, by = o.as_operator("tomasz.brandt")
    o.fault("POST */temporaryAccessPassMethods", "lost")
    blind = dataclasses.replace(agent, passes=weak_lines.CannotLook(agent.passes))
    with pytest.raises(errors.OutcomeUnknown):
        issue.issue(blind, o.request_for_screen(MARA, LAPTOP, by=by))
    assert len(o.tenant_passes(MARA)) == 1
    return o.agent


def test_a_lost_answer_is_mended_by_the_operators_name_in_entras_audit(o: Operated) -> None:
    o.log_rows_after(0)
    agent = in_doubt(o)
    assert "is refused" in track.track(agent).settled[0]
    assert o.tenant_passes(MARA) == []


def test_a_lost_answer_is_not_ours_when_entras_audit_names_somebody_else(o: Operated) -> None:
    o.log_rows_after(0)
    agent = in_doubt(o)
    (row,) = [audit.row for audit in o.sandbox.tenant.activity.audits if audit.row["initiatedBy"]["user"]]
    row["initiatedBy"]["user"]["id"] = o.user("priya.venkat").id
    assert "not provably ours" in track.track(agent).trouble[0]
    assert len(o.tenant_passes(MARA)) == 1


@pytest.mark.parametrize("granted", [True, False])
def test_what_is_no_longer_needed_goes_by_itself_only_where_the_program_may_delete(
    o: Operated, *, granted: bool
) -> None:
    (journey,) = o.issued_by("tomasz.brandt", MARA, LAPTOP).journeys
    if not granted:
        o.door("deny", registration="issuer", permission="UserAuthMethod-TAP.ReadWrite.All")
    o.unbox("PF4TH101", MARA)
    o.move("PF4TH101", "unlock", MARA)
    sweeps = [o.track(10) for _ in range(12)]
    assert (o.tenant_passes(MARA) == []) is granted
    told = [line for sweep in sweeps for line in sweep.trouble if "revoke it with `tapslip revoke`" in line]
    assert bool(told) is not granted
    assert o.journey(journey.id).state.value == ("done" if granted else "open")


def line(o: Operated, name: str) -> list[tuple[Health, str]]:
    """What the doctor says about one thing."""
    return [(each.health, each.sentence) for each in doctor.examine(o.agent) if each.name == name]


def test_the_doctor_names_who_holds_each_role_and_what_the_program_cannot_do_by_itself(o: Operated) -> None:
    o.door("deny", registration="issuer", permission="UserAuthMethod-TAP.ReadWrite.All")
    assert (Health.OK, "lead: members of Tapslip leads") in line(o, "roles")
    assert {health for health, _ in line(o, "roles")} == {Health.OK}
    ((health, said),) = line(o, "rights of issuer")
    assert (health, "but in operators' names" in said) == (Health.WARNING, True)
    del o.sandbox.tenant.directory.groups[o.group(Role.LEAD).id]
    assert [health for health, said in line(o, "roles") if said.startswith("lead")] == [Health.FAILED]


def test_the_doctor_says_when_nobody_could_issue(tmp_path: Path) -> None:
    strange = "8f2d4c1a-5b6e-4f70-9a8b-1c2d3e4f5a6b"
    with operated(tmp_path, **{"roles.technician": strange, "roles.lead": strange}) as o:
        assert [health for health, _ in line(o, "roles")][:2] == [Health.FAILED, Health.FAILED]
