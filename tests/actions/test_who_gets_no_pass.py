"""Each refusal names its reason and what to do, and leaves nothing half-done in the tenant or the store."""

from __future__ import annotations

import dataclasses

import pytest

from agent import errors
from agent.actions import issue, preflight
from agent.domain.cases import Level
from tests.world import World

MARA, LAPTOP, PHONE = "mara.quist", "windows-autopilot=PF4TH101", "ios-company-portal=H4TH301QLM"
GUEST = "sofia.ribeiro_pallasfreight.example#EXT#@tallisharbour.example"


def refused(w: World, person: str, *wanted: str, **more: object) -> errors.Refused:
    """Ask for a pass that must be refused, and prove that nothing is different afterwards."""
    before = w.left_behind()
    with pytest.raises(errors.Refused) as refusal:
        w.issue(person, *wanted, **more)
    assert w.left_behind() == before
    assert w.audit()[-1] == "pass.issue refused"
    assert refusal.value.summary
    assert refusal.value.advice
    return refusal.value


@pytest.mark.parametrize(
    ("person", "code", "says"),
    [
        ("nobody.here", "person_unknown", "no user nobody.here@"),
        ("victor.lamb", "person_disabled", "Victor Lamb is disabled"),
        (GUEST, "external_guest", "external guest"),
        ("ines.okafor", "holds_role", r"Global Administrator \(direct\)"),
        ("tomasz.brandt", "holds_role", r"Authentication Administrator \(group\)"),
        ("priya.venkat", "holds_role", r"Intune Administrator \(eligible\)"),
        ("peter.ashdown", "out_of_scope", "none of the groups"),
        ("lena.novak", "excluded_from_policy", "policy excludes"),
        ("nils.haugen", "has_strong_method", "Nils green key"),
    ],
)
def test_a_person_who_may_not_have_a_pass_is_refused(w: World, person: str, code: str, says: str) -> None:
    refusal = refused(w, person, LAPTOP)
    assert refusal.codes[0] == code
    with pytest.raises(errors.Refused, match=says):
        raise refusal


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ("windows-autopilot=PF4TH999", "device_unknown"),
        ("windows-autopilot=5CG4TH207", "device_several"),
        ("windows-autopilot=PF4TH102", "assigned_to_other"),
        ("windows-autopilot=PF4TH103", "profile_not_assigned"),
        ("windows-autopilot=PF4TH104", "profile_not_assigned"),
        ("windows-autopilot=PF4TH106", "hybrid_join"),
        ("windows-autopilot=5CG4TH209", "self_deploying"),
        ("windows-autopilot=To be filled by O.E.M.", "serial_refused"),
        ("windows-autopilot", "serial_missing"),
        ("windows-autopilot=H4TH301QLM", "device_unknown"),
        ("ios-company-portal=H4TH303QLM", "profile_not_assigned"),
        ("ios-company-portal=H4TH304QLM", "device_released"),
        ("ios-company-portal=DMTH401PWX", "other_sign_in"),
        ("ios-company-portal=PF4TH101", "device_unknown"),
        ("windows-joined=PF4TH101", "proof_not_gathered"),
        ("windows-pre-provisioned=PF4TH101", "proof_not_gathered"),
    ],
)
def test_a_device_or_profile_that_would_strand_the_person_is_refused(w: World, wanted: str, code: str) -> None:
    assert code in refused(w, MARA, wanted).codes


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"state": "disabled"}, "policy_off"),
        ({"isUsableOnce": True}, "one_time_forced"),
        ({"maximumLifetimeInMinutes": 120}, "lifetime_out_of_range"),
        ({"includeTargets": []}, "out_of_scope"),
    ],
)
def test_a_policy_that_does_not_allow_the_pass_refuses_it(w: World, changes: dict[str, object], code: str) -> None:
    w.door("policy", **changes)
    assert refused(w, MARA, LAPTOP).codes == (code,)


@pytest.mark.parametrize("lifetime", [59, 481])
def test_a_lifetime_outside_the_policy_is_refused_and_never_clamped(w: World, lifetime: int) -> None:
    refusal = refused(w, MARA, LAPTOP, lifetime=lifetime)
    assert refusal.codes == ("lifetime_out_of_range",)
    assert "60 to 480 minutes" in refusal.summary


@pytest.mark.parametrize(
    ("permission", "wanted", "code"),
    [
        ("RoleManagement.Read.Directory", LAPTOP, "roles_not_checked"),
        ("Policy.Read.AuthenticationMethod", LAPTOP, "policy_not_checked"),
        ("UserAuthMethod-Passkey.Read.All", LAPTOP, "methods_not_checked"),
        ("UserAuthMethod-TAP.Read.All", LAPTOP, "live_pass_not_checked"),
        ("User.Read.All", LAPTOP, "person_not_checked"),
        ("DeviceManagementServiceConfig.Read.All", LAPTOP, "device_not_checked"),
        ("DeviceManagementServiceConfig.Read.All", PHONE, "device_not_checked"),
    ],
)
def test_what_could_not_be_checked_is_never_green(w: World, permission: str, wanted: str, code: str) -> None:
    w.deny(permission)
    refusal = refused(w, MARA, wanted)
    assert code in refusal.codes
    assert permission in f"{refusal.summary} {refusal.advice}"


def test_an_unreadable_status_page_is_said_and_assumed_to_be_the_longest_usual_one(w: World) -> None:
    w.door("deny", registration="watcher", permission="DeviceManagementServiceConfig.Read.All")
    w.door("deny", registration="watcher", permission="DeviceManagementConfiguration.Read.All")
    verdict = preflight.preflight(w.agent, w.asked(MARA, LAPTOP)).verdict
    assert ("status_page_not_checked", Level.NOT_CHECKED) in [(f.code, f.level) for f in verdict.findings]
    assert verdict.terms is not None
    assert verdict.terms.lifetime == 190


def test_an_internal_guest_gets_a_pass_like_anybody(w: World) -> None:
    assert w.take("kim.doyle", LAPTOP).row.terms.lifetime == 190


def test_every_reason_is_said_at_once(w: World) -> None:
    refusal = refused(w, "ines.okafor", "windows-autopilot=PF4TH106", "windows-autopilot=PF4TH102")
    assert {"holds_role", "has_strong_method", "hybrid_join", "assigned_to_other"} <= set(refusal.codes)
    assert refusal.advice.count("Also:") == len(refusal.codes) - 1


def test_a_pass_made_elsewhere_is_not_killed_by_accident(w: World) -> None:
    foreign = w.outside_pass(MARA)
    refusal = refused(w, MARA, LAPTOP)
    assert refusal.codes == ("live_pass_outside",)
    assert [held.id for held in w.tenant_passes(MARA)] == [foreign.id]
    w.approved(lambda: w.take(MARA, LAPTOP, replace=True))
    assert [held.id for held in w.tenant_passes(MARA)] != [foreign.id]
    assert "pass.replace_outside gone" in w.audit()


def test_a_pass_made_elsewhere_that_has_ended_is_in_nobodys_way(w: World) -> None:
    w.outside_pass(MARA)
    w.clock.pass_minutes(61)
    assert w.take(MARA, LAPTOP).row.others


def test_a_device_on_its_way_to_somebody_else_is_refused(w: World) -> None:
    first = w.take(MARA, LAPTOP)
    refusal = refused(w, "leila.haddad", LAPTOP)
    assert refusal.codes == ("device_taken",)
    assert first.journeys[0].id in refusal.summary


def test_a_serial_that_is_anothers_with_an_s_before_it_is_not_taken_by_that_one(w: World) -> None:
    w.take(MARA, LAPTOP)
    known = w.sandbox.tenant.devices.autopilot
    (twin,) = [identity for identity in known.values() if identity.serial == "PF4TH111"]
    twin.serial = "SPF4TH101"
    assert w.take("leila.haddad", "windows-autopilot=SPF4TH101").journeys[0].serial == "SPF4TH101"


@pytest.mark.parametrize("person", ["mara.quist/../ines@x", "a'b#c?d@x", "two words@x", "MARA.QUIST@TALLISHARBOUR.NOT"])
def test_an_odd_user_name_is_one_literal_that_names_nobody(w: World, person: str) -> None:
    assert refused(w, person, LAPTOP).codes == ("person_unknown",)


@pytest.mark.parametrize("person", ["MARA.quist@tallisharbour.EXAMPLE", "siobhan.o'rourke@tallisharbour.example"])
def test_a_user_name_is_found_in_any_case_and_with_a_quote(w: World, person: str) -> None:
    assert w.take(person, LAPTOP).person.user_name == person.lower()


@pytest.mark.parametrize(
    ("scanned", "serial"),
    [
        ("pf4th111", "PF4TH111"),
        ("  PF4TH 111 ", "PF4TH111"),
        ("SPF4TH111", "PF4TH111"),
        ("1S21MCS0AB00PF4TH111", "PF4TH111"),
    ],
)
def test_a_scan_is_read_however_the_scanner_delivers_it(w: World, scanned: str, serial: str) -> None:
    assert w.take(MARA, f"windows-autopilot={scanned}").journeys[0].serial == serial


@pytest.mark.parametrize(
    ("scanned", "named"), [("490154203237518", "IMEI"), ("4006381333931", "EAN"), ("MLPF3LL/A", "part number")]
)
def test_a_scan_of_something_else_is_named_as_what_it_is(w: World, scanned: str, named: str) -> None:
    refusal = refused(w, MARA, f"ios-company-portal={scanned}")
    assert refusal.codes == ("device_unknown",)
    assert named in refusal.summary


def test_one_device_scanned_in_two_ways_is_still_one(w: World) -> None:
    assert refused(w, MARA, LAPTOP, "windows-autopilot=SPF4TH101").codes == ("device_twice",)


def test_a_request_whose_code_nobody_would_see_is_refused(w: World) -> None:
    request = w.request(MARA, LAPTOP)
    with pytest.raises(errors.WrongUsage, match="Nobody would see the code"):
        issue.issue(w.agent, dataclasses.replace(request, paper=None))


def test_a_tenant_that_cannot_be_reached_is_said_to_be_so(w: World) -> None:
    w.fault("GET */users*", "unreachable", times=99)
    before = w.left_behind()
    with pytest.raises(errors.TenantUnreachable):
        w.take(MARA, LAPTOP)
    assert w.left_behind() == before
