"""The journeys of one device with two sign-ins, and of a person who lost the phone."""

from __future__ import annotations

import pytest

from agent import errors
from agent.actions import preflight
from agent.domain.cases import Level
from agent.domain.facts import Known
from agent.domain.journeys import JourneyState
from agent.domain.profiles import Milestone
from tests.world import World

JONAS, RUTH = "jonas.ferreira", "ruth.adeyemi"
IPAD, PHONE = "ios-setup-assistant=DMTH401PWX", "ios-company-portal=H4TH301QLM"


def lost_phone(w: World) -> str:
    """The id of Ruth's Authenticator, as preflight lists it."""
    methods = preflight.preflight(w.agent, w.asked(RUTH, "account-recovery")).facts.people[w.upn(RUTH)].methods
    assert isinstance(methods, Known)
    return next(method.id for method in methods.value if method.name == "Ruth's Pixel 7")


def recover(w: World, lost: str, *, stolen: bool = False) -> str:
    """Issue a recovery for Ruth; its journey's id."""
    more = {"lost_method": lost, "proof": "photo-id:at the desk", "stolen": stolen}
    made = w.approved(lambda: w.take(RUTH, "account-recovery", **more))
    (journey,) = made.journeys
    return journey.id


def at_trusted_pc(w: World, lost: str) -> None:
    payload = {"person": w.upn(RUTH), "code": w.codes[-1], "lost_method": lost}
    assert w.sandbox.fleet.move("TRUSTEDPC1", "sign-in", payload)["finished"]


def test_an_ipad_is_registered_by_its_second_sign_in_and_done_with_authenticator(w: World) -> None:
    (journey,) = w.take(JONAS, IPAD).journeys
    w.move("DMTH401PWX", "power-on")
    w.move("DMTH401PWX", "sign-in", JONAS, w.codes[-1])
    w.track(10)
    assert w.standing(journey.id).stage == "waiting for the second sign-in and Entra registration"
    assert w.follow("DMTH401PWX", JONAS)["finished"]
    w.track()
    assert w.standing(journey.id).needs_pass
    w.move("DMTH401PWX", "unlock")
    w.track(2)
    assert w.journey(journey.id).state is JourneyState.DONE
    assert w.tenant_passes(JONAS) == []


def test_a_mac_is_done_once_the_key_in_its_secure_enclave_was_used(w: World) -> None:
    (journey,) = w.take(JONAS, "mac-platform-sso=C02TH501MD").journeys
    assert w.unbox("C02TH501MD", JONAS)["finished"]
    w.track(10)
    standing = w.standing(journey.id)
    assert {Milestone.PLATFORM_CREDENTIAL_SET_UP, Milestone.USER_BOUND} <= standing.proofs.keys()
    assert standing.needs_pass
    w.move("C02TH501MD", "unlock")
    w.track(2)
    assert w.journey(journey.id).state is JourneyState.DONE
    assert w.tenant_passes(JONAS) == []


def test_an_iphone_without_a_pass_would_have_hung(w: World) -> None:
    w.move("H4TH301QLM", "power-on")
    w.clock.pass_minutes(10)
    assert w.move("H4TH301QLM", "sign-in", JONAS)["screen"] == "mfa-loop"
    (journey,) = w.take(JONAS, PHONE).journeys
    assert w.follow("H4TH301QLM", JONAS)["finished"]
    w.move("H4TH301QLM", "unlock")
    w.track(2)
    assert w.journey(journey.id).state is JourneyState.DONE


def test_a_phone_half_way_through_is_not_held_against_its_own_second_pass(w: World) -> None:
    (portal,) = w.sandbox.tenant.devices.store_apps.values()
    portal.used = portal.total - 1
    w.take(JONAS, PHONE)
    w.move("H4TH301QLM", "power-on")
    w.clock.pass_minutes(10)
    assert w.see("H4TH301QLM")["screen"] == "company-portal"
    again = preflight.preflight(w.agent, w.asked(JONAS, PHONE, replace=True)).verdict
    assert again.refusals == ()
    assert {finding.code for finding in again.findings if finding.level is Level.NOT_CHECKED} == {
        "company_portal_licences_not_checked"
    }
    another = preflight.preflight(w.agent, w.asked("mara.quist", "ios-company-portal=H4TH302QLM")).verdict
    assert [finding.code for finding in another.refusals] == ["company_portal_licences_out"]


def test_a_hello_key_does_not_count_as_the_phones_own_strong_method(w: World) -> None:
    _, phone = w.take("mara.quist", "windows-autopilot=PF4TH101", PHONE).journeys
    w.unbox("PF4TH101", "mara.quist")
    w.track()
    assert Milestone.STRONG_METHOD_SET_UP not in w.standing(phone.id).proofs


def test_a_recovery_ends_with_a_new_method_the_lost_one_gone_and_no_pass(w: World) -> None:
    lost = lost_phone(w)
    journey = recover(w, lost)
    w.track()
    assert w.standing(journey).stage == "waiting for a new strong sign-in method"
    at_trusted_pc(w, lost)
    w.track()
    assert Milestone.OLD_METHOD_GONE in w.standing(journey).proofs
    w.sandbox.fleet.move("TRUSTEDPC1", "unlock", {"person": w.upn(RUTH)})
    w.track(2)
    w.track()
    assert w.journey(journey).state is JourneyState.DONE
    assert w.tenant_passes(RUTH) == []
    assert w.our_pass(w.journey(journey).pass_id).terms.one_time


def test_the_lost_method_must_go_before_a_recovery_is_done(w: World) -> None:
    lost = lost_phone(w)
    journey = recover(w, lost)
    w.method(RUTH, "fido2", aaGuid="2fc0579f-8113-47ea-b116-bb5a8db9202a", model="YubiKey 5 NFC")
    w.track(35)
    assert w.standing(journey).stage == "waiting for the lost method to be removed"
    assert w.standing(journey).needs_pass


def test_a_recovery_can_be_issued_again_once_the_lost_method_is_deleted(w: World) -> None:
    lost = lost_phone(w)
    journey = recover(w, lost)
    held = w.sandbox.tenant.credentials.methods[w.user(RUTH).id]
    held.remove(next(method for method in held if method.id == lost))
    w.track()
    more = {"lost_method": lost, "proof": "photo-id:seen", "replace": True}
    again = w.approved(lambda: w.take(RUTH, "account-recovery", **more))
    assert [one.id for one in again.journeys] == [journey]


def test_a_laptops_sign_in_is_not_the_phones(w: World) -> None:
    laptop, phone = w.take("mara.quist", "windows-autopilot=PF4TH101", PHONE).journeys
    w.unbox("PF4TH101", "mara.quist")
    w.track(10)
    assert Milestone.SIGNED_IN in w.standing(laptop.id).proofs
    assert Milestone.SIGNED_IN not in w.standing(phone.id).proofs


def test_after_a_theft_the_sessions_must_be_revoked_too(w: World) -> None:
    lost = lost_phone(w)
    journey = recover(w, lost, stolen=True)
    user = w.user(RUTH)
    at_trusted_pc(w, lost)
    signed_out, user.sessions_valid_from = user.sessions_valid_from, w.clock.at
    user.sessions_valid_from = None
    w.track()
    assert w.standing(journey).stage == "waiting for “Sign out everywhere”"
    user.sessions_valid_from = signed_out
    w.track()
    assert Milestone.SESSIONS_REVOKED in w.standing(journey).proofs
    w.track(35)
    w.track()
    assert w.journey(journey).state is JourneyState.DONE


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"proof": "photo-id:seen"}, "lost_method_not_named"),
        ({"proof": "photo-id:seen", "lost_method": "no-such-method"}, "lost_method_unknown"),
        ({"lost_method": "ours"}, "proof_of_identity_missing"),
    ],
)
def test_a_recovery_names_what_was_lost_and_how_the_person_is_known(w: World, given: dict[str, str], code: str) -> None:
    if given.get("lost_method") == "ours":
        given = {"lost_method": lost_phone(w)}
    before = w.left_behind()
    with pytest.raises(errors.Refused) as refusal:
        w.take(RUTH, "account-recovery", **given)
    assert refusal.value.codes == (code,)
    assert w.left_behind() == before


def test_a_recovery_of_more_than_an_hour_is_warned_of(w: World) -> None:
    w.door("policy", minimumLifetimeInMinutes=120, defaultLifetimeInMinutes=120)
    asked = w.asked(RUTH, "account-recovery", lost_method=lost_phone(w), proof="photo-id:seen")
    verdict = preflight.preflight(w.agent, asked).verdict
    assert [finding.code for finding in verdict.findings] == ["approval_needed", "long_pass"]
    assert verdict.terms is not None
    assert verdict.terms.lifetime == 120
