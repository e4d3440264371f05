"""For whom, by whom, when and with which proof: the rails of the settings hold with those of the profile."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent import errors
from agent.actions import asks, preflight
from agent.domain.guard_rails import GuardRails, ProofKind
from agent.domain.people import Operator, Role
from agent.sandbox.areas import people
from tests.actions.weak_lines import MadeAfterDelete, Meanwhile
from tests.world import APPROVER, TECHNICIAN, World, world

MARA, JONAS, RUTH = "mara.quist", "jonas.ferreira", "ruth.adeyemi"
LAPTOP, RECOVERY = "windows-autopilot=PF4TH101", "account-recovery"
LEAD = Operator("local:lead", "Lea (lead)", Role.LEAD)


def under(w: World, **rails: Any) -> World:
    """The same world with these rails everywhere."""
    settings = replace(w.agent.settings, guard_rails=GuardRails(**rails))
    return replace(w, agent=replace(w.agent, settings=settings))


def codes(w: World, *wanted: str, person: str = MARA, **more: Any) -> tuple[str, ...]:
    """Why a pass is refused; nothing may be left behind."""
    before = w.left_behind()
    with pytest.raises(errors.Refused) as refused:
        w.take(person, *(wanted or (LAPTOP,)), **more)
    assert w.left_behind() == before
    return refused.value.codes


def test_the_hours_are_the_sites_own(w: World) -> None:
    w = under(w, hours="Mon-Fri 07:00-09:00")
    assert codes(w) == ("outside_hours",)
    early = replace(w.agent.settings.sites[0], zone="America/New_York")
    settings = replace(w.agent.settings, sites=(early,), guard_rails=GuardRails(hours="Mon-Fri 04:00-04:30"))
    assert w.agent.clock.now().hour == 9
    replace(w, agent=replace(w.agent, settings=settings)).take(MARA, LAPTOP)


def test_an_operator_begins_so_many_passes_an_hour(w: World) -> None:
    w = under(w, passes_an_hour=1)
    w.take(MARA, LAPTOP)
    assert codes(w, "windows-autopilot=PF4TH102", person="jonas.ferreira")[0] == "quota_used"
    w.take("jonas.ferreira", "ios-setup-assistant=DMTH401PWX", by=LEAD)
    w.clock.pass_minutes(61)
    w.take(MARA, LAPTOP, replace=True)


def test_what_an_operator_begins_side_by_side_counts_together(w: World) -> None:
    """Each looks before the other has begun; two processes do, and a list of people."""
    w = under(w, passes_an_hour=1)
    line = Meanwhile(w.agent.passes, lambda: w.take("jonas.ferreira", "ios-setup-assistant=DMTH401PWX"))
    with pytest.raises(errors.Refused) as refused:
        replace(w, agent=replace(w.agent, passes=line)).take(MARA, LAPTOP)
    assert refused.value.codes == ("quota_used",)
    assert w.tenant_passes(MARA) == []


@pytest.mark.parametrize(
    ("number", "code"), [("", "desk_number_missing"), ("INC12", "desk_number_odd"), ("xINC0012345", "desk_number_odd")]
)
def test_a_number_of_the_service_desk_matches_as_a_whole(w: World, number: str, code: str) -> None:
    w = under(w, desk_number=r"INC\d{7}")
    assert codes(w, desk_number=number) == (code,)
    w.take(MARA, LAPTOP, desk_number="INC0012345")


def test_only_members_of_the_named_groups_get_passes(w: World) -> None:
    tenant, mara = w.sandbox.tenant, w.user(MARA).id
    groups = {mara in people.transitive_member_ids(tenant, group): group for group in tenant.directory.groups.values()}
    assert codes(under(w, people=(groups[False].id.upper(),))) == ("not_in_scope",)
    under(w, people=(groups[True].id,)).take(MARA, LAPTOP)


def test_a_rail_that_names_a_group_that_is_not_there_is_a_wrong_setting(w: World) -> None:
    w = under(w, people=("00001111-aaaa-2222-bbbb-3333cccc4444",))
    with pytest.raises(errors.Misconfigured, match="a group that is not there") as wrong:
        w.take(MARA, LAPTOP)
    assert "guard_rails.people: this tenant has no group 00001111" in wrong.value.advice


def test_on_a_real_tenant_nobody_is_in_scope_until_a_group_is_named(w: World) -> None:
    asked = w.asked(MARA, LAPTOP)
    real = replace(asked, desk=replace(asked.desk, real=True))
    assert [finding.code for finding in preflight.preflight(w.agent, real).verdict.refusals] == ["nobody_in_scope"]


def test_a_proof_is_one_that_both_sides_accept(w: World) -> None:
    w = under(w, proof_of_identity=True, proof_kinds=(ProofKind.VIDEO_MANAGER,))
    assert codes(w) == ("proof_of_identity_missing",)
    assert codes(w, proof="photo-id:seen") == ("proof_kind",)
    w.take(MARA, LAPTOP, proof="video-manager:with Mr Okafor")


def test_nobody_makes_a_pass_for_themselves(w: World) -> None:
    mara = Operator(w.user(MARA).id, w.upn(MARA), Role.TECHNICIAN)
    assert codes(w, by=mara) == ("own_pass",)


def test_a_code_read_out_by_telephone_needs_a_proof_and_an_approver(w: World) -> None:
    assert codes(w, by_phone=True) == ("proof_of_identity_missing",)
    w.approved(lambda: w.take(MARA, LAPTOP, by_phone=True, proof="call-back:at the number on file"))
    assert codes(under(w, person_present=True), by_phone=True, proof="call-back:x", replace=True) == (
        "person_not_present",
    )


def test_a_starter_with_methods_of_their_own_needs_an_approver(w: World) -> None:
    w.method(MARA, "softwareOath")
    assert codes(w) == ("approval_needed", "has_methods")
    w.approved(lambda: w.take(MARA, LAPTOP))


@pytest.mark.parametrize("kind", ["softwareOath", "phone"])
def test_whoever_has_methods_gets_no_pass_for_a_phone_without_an_approver(w: World, kind: str) -> None:
    w.take(MARA, "phone-authenticator")
    w.method(JONAS, kind, **({"phoneType": "mobile", "phoneNumber": "+44 7700900123"} if kind == "phone" else {}))
    assert codes(w, "phone-authenticator", person=JONAS) == ("approval_needed", "has_methods")


def test_methods_that_may_not_be_read_refuse_whatever_the_profile(w: World) -> None:
    w.deny("UserAuthMethod-Passkey.Read.All")
    assert "methods_not_checked" in codes(w, "phone-authenticator")


def test_a_rail_of_the_settings_holds_where_the_profile_has_none(w: World) -> None:
    w.method(MARA, "fido2", model="YubiKey 5 NFC")
    assert codes(w, "security-key") == ("approval_needed", "can_sign_in")
    assert codes(under(w, starter=True), "security-key") == ("has_strong_method",)
    assert codes(under(w, names_lost_method=True), "security-key")[0] == "lost_method_not_named"


def test_replacing_what_was_used_or_is_anothers_needs_an_approver(w: World) -> None:
    w.take(MARA, LAPTOP)
    assert codes(w, replace=True, by=LEAD) == ("approval_needed", "pass_of_another")
    w.unbox("PF4TH101", MARA)
    w.track(10)
    assert codes(w, replace=True) == ("approval_needed", "pass_used")
    first = w.codes[-1]
    w.approved(lambda: w.take(MARA, LAPTOP, replace=True))
    assert w.codes[-1] != first


def test_replacing_a_pass_from_outside_needs_an_approver(w: World) -> None:
    w.outside_pass(MARA)
    assert codes(w, replace=True) == ("approval_needed", "pass_from_outside")
    w.approved(lambda: w.take(MARA, LAPTOP, replace=True))


def test_a_pass_from_outside_that_came_during_the_replacing_lives(w: World) -> None:
    """What was approved named the pass that dies; the next one is somebody else's."""
    w.outside_pass(MARA)
    with pytest.raises(errors.Refused):
        w.take(MARA, LAPTOP, replace=True)
    for ask in asks.waiting(w.agent):
        asks.answer(w.agent, ask.id, APPROVER, yes=True)
    line = MadeAfterDelete(w.agent.passes, lambda: w.outside_pass(MARA))
    with pytest.raises(errors.Refused, match="was not made here") as refused:
        replace(w, agent=replace(w.agent, passes=line)).take(MARA, LAPTOP, replace=True)
    assert "made elsewhere is gone" in refused.value.advice
    (theirs,) = w.tenant_passes(MARA)
    assert theirs.made_by == "somebody else"


def test_a_pass_from_outside_that_was_taken_for_one_in_doubt_needs_an_approver(w: World) -> None:
    w.log_rows_after(600)
    w.fault("POST */temporaryAccessPassMethods", "lost")
    with pytest.raises(errors.OutcomeUnknown):
        w.take(MARA, LAPTOP)
    theirs = w.outside_pass(MARA)
    w.clock.pass_minutes(11)
    with pytest.raises(errors.Refused, match="was not made here"):
        w.take(MARA, LAPTOP, replace=True)
    assert [held.id for held in w.tenant_passes(MARA)] == [theirs.id]


def recovery(w: World, **more: Any) -> Any:
    lost = next(m.id for m in w.sandbox.tenant.credentials.methods[w.user(RUTH).id] if "Authenticator" in m.kind)
    return w.take(RUTH, RECOVERY, lost_method=lost, proof="photo-id:seen", **more)


@pytest.fixture
def asked(w: World) -> str:
    """The number of an ask that waits, for Ruth's recovery."""
    with pytest.raises(errors.Refused):
        recovery(w)
    (ask,) = asks.waiting(w.agent)
    return ask.id


def test_whoever_asks_cannot_approve_even_in_another_role(w: World, asked: str) -> None:
    both = Operator(TECHNICIAN.id, "Tess (approver)", Role.APPROVER)
    with pytest.raises(errors.Refused) as refused:
        asks.answer(w.agent, asked, both, yes=True)
    assert refused.value.codes == ("own_ask",)
    assert w.audit()[-1] == "ask.answer refused"
    with pytest.raises(errors.Refused, match="An approver has to say yes"):
        recovery(w)


def test_whoever_approved_cannot_issue_on_that_yes(w: World, asked: str) -> None:
    asks.answer(w.agent, asked, APPROVER, yes=True)
    with pytest.raises(errors.Refused, match="An approver has to say yes"):
        recovery(w, by=replace(APPROVER, role=Role.TECHNICIAN))
    recovery(w)


def test_the_person_cannot_approve_their_own_recovery(w: World, asked: str) -> None:
    ruth = Operator(w.user(RUTH).id, w.upn(RUTH), Role.APPROVER)
    with pytest.raises(errors.Refused) as refused:
        asks.answer(w.agent, asked, ruth, yes=True)
    assert refused.value.codes == ("own_ask",)


def test_an_approval_is_for_these_terms_and_this_person_only(w: World, asked: str) -> None:
    asks.answer(w.agent, asked, APPROVER, yes=True)
    with pytest.raises(errors.Refused, match="An approver has to say yes"):
        recovery(w, lifetime=120)
    with pytest.raises(errors.Refused, match="An approver has to say yes"):
        recovery(w, stolen=True)
    recovery(w)
    with pytest.raises(errors.Refused, match="An approver has to say yes"):
        recovery(w, replace=True)


def test_an_ask_lapses_and_so_does_its_answer(w: World, asked: str) -> None:
    w.clock.pass_minutes(31)
    assert asks.waiting(w.agent) == ()
    with pytest.raises(errors.Refused, match="lapsed 30 minutes after"):
        asks.answer(w.agent, asked, APPROVER, yes=True)
    w.approved(lambda: _late(w))


def _late(w: World) -> Any:
    """Comes back half an hour after the first answer, which has lapsed by then."""
    if any(entry == "ask.answer approved" for entry in w.audit()) and "late" not in w.codes:
        w.codes.append("late")
        w.clock.pass_minutes(31)
        with pytest.raises(errors.Refused, match="An approver has to say yes"):
            recovery(w)
        for ask in asks.waiting(w.agent):
            asks.answer(w.agent, ask.id, APPROVER, yes=True)
    return recovery(w)


def test_a_no_is_final(w: World, asked: str) -> None:
    asks.answer(w.agent, asked, APPROVER, yes=False, note="not known at the number on file")
    with pytest.raises(errors.Refused, match="is refused already"):
        asks.answer(w.agent, asked, APPROVER, yes=True)


def test_a_yes_that_was_used_for_nothing_can_be_used_again(w: World, asked: str) -> None:
    asks.answer(w.agent, asked, APPROVER, yes=True)
    w.fault("POST */temporaryAccessPassMethods", "429", retry_after=200)
    with pytest.raises(errors.TenantThrottled):
        recovery(w)
    w.clock.pass_minutes(4)
    recovery(w)


def test_a_yes_from_before_a_restore_counts_no_more(w: World, asked: str) -> None:
    """It may have been used after the backup was made."""
    asks.answer(w.agent, asked, APPROVER, yes=True)
    w.clock.pass_minutes(1)
    with w.agent.store.begin() as tx:
        tx.epochs.open(1, w.clock.at)
    with pytest.raises(errors.Refused, match="An approver has to say yes"):
        recovery(w)
    (again,) = [ask for ask in asks.waiting(w.agent) if ask.id != asked]
    asks.answer(w.agent, again.id, APPROVER, yes=True)
    recovery(w)


def test_the_audit_names_who_approved_and_who_asked(w: World, asked: str) -> None:
    asks.answer(w.agent, asked, APPROVER, yes=True)
    recovery(w)
    with w.agent.store.begin() as tx:
        entries = tx.audit.recent(100)
    issued = next(entry.facts for entry in entries if (entry.action, entry.outcome) == ("pass.issue", "issued"))
    assert (issued["approver"], issued["approver_id"], issued["ask"]) == (APPROVER.name, APPROVER.id, asked)
    assert issued["proof"] == "photo-id:seen"
    answered = next(entry.facts for entry in entries if entry.action == "ask.answer")
    assert (answered["by_id"], answered["role"]) == (APPROVER.id, "approver")


def test_profiles_and_settings_hold_together(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        assert under(w, approver=True).agent.profiles["windows-autopilot"].guard_rails.starter
        assert codes(under(w, approver=True)) == ("approval_needed",)
