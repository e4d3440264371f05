"""What holds for the whole tenant is remembered while somebody only looks, and read anew where a pass hangs on it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agent import errors
from agent.actions import preflight, tenant_part
from tests.world import World

MARA, LAPTOP = "mara.quist", "windows-autopilot=PF4TH101"


def test_a_second_preflight_reads_nothing_of_the_tenant_again(w: World) -> None:
    first = preflight.preflight(w.agent, w.asked(MARA, LAPTOP))
    w.clock.pass_minutes(2)
    second = preflight.preflight(w.agent, w.asked("leila.haddad", "windows-autopilot=PF4TH111"))
    assert (first.facts.remembered, second.facts.remembered) == (False, True)
    assert second.facts.tenant is first.facts.tenant


def test_after_three_minutes_or_a_clock_set_back_the_tenant_is_read_again(w: World) -> None:
    preflight.preflight(w.agent, w.asked(MARA, LAPTOP))
    w.clock.pass_minutes(3)
    assert not preflight.preflight(w.agent, w.asked(MARA, LAPTOP)).facts.remembered
    w.clock.at -= timedelta(minutes=1)
    assert not preflight.preflight(w.agent, w.asked(MARA, LAPTOP)).facts.remembered


def test_nobody_is_refused_by_a_remembered_policy_that_has_been_mended(w: World) -> None:
    w.door("policy", state="disabled")
    assert preflight.preflight(w.agent, w.asked(MARA, LAPTOP)).verdict.refusals
    w.door("policy", state="enabled")
    report = preflight.preflight(w.agent, w.asked(MARA, LAPTOP))
    assert report.verdict.refusals == ()
    assert not preflight.preflight(w.agent, w.asked("ines.okafor", LAPTOP)).facts.remembered


def test_a_policy_that_names_another_group_is_asked_about_before_anybody_is_refused(w: World) -> None:
    groups = {group.name: group.id for group in w.sandbox.tenant.directory.groups.values()}
    w.door("policy", includeTargets=[])
    assert preflight.preflight(w.agent, w.asked(MARA, LAPTOP)).verdict.refusals
    own = next(name for name in groups if w.user(MARA).id in w.sandbox.tenant.directory.groups[groups[name]].member_ids)
    w.door("policy", includeTargets=[{"targetType": "group", "id": groups[own]}])
    assert preflight.preflight(w.agent, w.asked(MARA, LAPTOP)).verdict.refusals == ()


def test_no_pass_is_made_on_a_remembered_ok(w: World) -> None:
    assert preflight.preflight(w.agent, w.asked(MARA, LAPTOP)).verdict.refusals == ()
    w.door("policy", maximumLifetimeInMinutes=120)
    with pytest.raises(errors.Refused) as refused:
        w.take(MARA, LAPTOP)
    assert refused.value.codes == ("lifetime_out_of_range",)


def test_what_could_not_be_read_is_not_remembered_in_its_place(w: World) -> None:
    w.fault("GET */authenticationMethodConfigurations/TemporaryAccessPass*", "unreachable")
    with pytest.raises(errors.TenantUnreachable):
        preflight.preflight(w.agent, w.asked(MARA, LAPTOP))
    assert not tenant_part.gather(w.agent, tenant_part.LOOKING)[1]


def test_evidence_says_when_the_tenant_was_read(w: World) -> None:
    w.door("policy", state="disabled")
    (finding,) = preflight.preflight(w.agent, w.asked(MARA, LAPTOP)).verdict.refusals
    assert finding.evidence.endswith("read 2026-11-23 09:00:00 UTC")
    assert finding.link.startswith("https://entra.microsoft.com/#view/Microsoft_AAD_IAM/AuthenticationMethods")
