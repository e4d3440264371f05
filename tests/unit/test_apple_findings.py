"""What the judge makes of Apple's side where a story cannot easily bring it about: unread facts, whole kits, ends."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from agent.domain import device_policies, passes
from agent.domain.apple import (
    EVERYBODY,
    CompanyPortal,
    PlatformSso,
    ProgrammeToken,
    PushCertificate,
    SsoWay,
    UserEnrolment,
    VolumeToken,
)
from agent.domain.cases import Level
from agent.domain.device_policies import Everything, Target
from agent.domain.devices import AppleSignIn, ManagedDevice
from agent.domain.journeys import Journey
from agent.domain.topics import apple, windows
from tests.unit.test_findings import NOON, OPEN_TENANT, PHONE, PROFILES, UNREAD, codes, judged, known, verdict

IPHONE = "ios-company-portal"


@pytest.mark.parametrize(
    ("fact", "code"),
    [
        ("tokens", "apple_token_not_checked"),
        ("push", "push_certificate_not_checked"),
        ("volume_tokens", "company_portal_token_not_checked"),
        ("company_portal", "company_portal_licences_not_checked"),
        ("user_enrolments", "user_enrolment_not_checked"),
    ],
)
def test_what_may_not_be_read_is_said_with_its_permission_and_does_not_refuse(fact: str, code: str) -> None:
    found = verdict(IPHONE, **{fact: UNREAD})
    (finding,) = [one for one in found.findings if one.level is not Level.OK]
    assert (finding.code, finding.level) == (code, Level.NOT_CHECKED)
    assert "Some.Permission" in finding.sentence
    assert found.refusals == ()


def test_unread_rows_of_management_are_not_taken_for_none() -> None:
    assert codes(IPHONE, apple_part=apple.DevicePart(UNREAD)) == ["managed_not_checked"]
    assert codes(IPHONE, apple_part=apple.DevicePart()) == ["managed_not_checked"]


@pytest.mark.parametrize(
    ("days", "expected"), [(-1, "expired"), (0, "expired"), (1, "ends_soon"), (30, "ends_soon"), (31, ""), (None, "")]
)
def test_the_last_thirty_days_of_a_token_or_certificate_are_a_warning(days: int | None, expected: str) -> None:
    ends = None if days is None else NOON + timedelta(days=days)
    record = known((dataclasses.replace(PHONE, token_id="t1"),))
    token, volume = ProgrammeToken("t1", "ABM", ends), VolumeToken("v1", "Volume", "valid", ends)
    for changes, name in (
        ({"tokens": known((token,)), "apple": record}, "apple_token"),
        ({"push": known(PushCertificate(ends))}, "push_certificate"),
        ({"volume_tokens": known((volume,))}, "company_portal_token"),
    ):
        assert codes(IPHONE, **changes) == ([f"{name}_{expected}"] if expected else [])


def test_another_servers_token_is_no_concern_of_this_device() -> None:
    old = ProgrammeToken("t2", "Old", NOON - timedelta(days=9), sync_error=3)
    assert codes(IPHONE, tokens=known((old,)), apple=known((dataclasses.replace(PHONE, token_id="t1"),))) == []


def test_a_kit_of_two_phones_needs_two_licences() -> None:
    left = known((CompanyPortal("v1", 10, 9, required=True),))
    assert codes(IPHONE, company_portal=left) == []
    kit = (PROFILES[IPHONE], PROFILES[IPHONE])
    found = judged(kit, passes.Wish(), company_portal=left).refusals
    assert "company_portal_licences_out" in [finding.code for finding in found]


def test_a_token_whose_state_says_nothing_is_not_checked() -> None:
    assert codes(IPHONE, volume_tokens=known((VolumeToken("v1", state="unknown"),))) == [
        "company_portal_token_not_checked"
    ]


def test_a_setup_assistant_without_company_portal_needs_no_licence() -> None:
    record = dataclasses.replace(PHONE, sign_in=AppleSignIn.SETUP_ASSISTANT, volume_token_id="gone")
    assert codes("ios-setup-assistant", apple=known((record,)), company_portal=known(())) == []


def test_the_first_of_ones_own_enrolments_by_rank_counts() -> None:
    by_account = UserEnrolment("BYOD", "accountDrivenUserEnrollment", 2, frozenset({EVERYBODY}))
    assert codes(IPHONE, user_enrolments=known((by_account,))) == ["account_driven_enrolment"]
    others = dataclasses.replace(by_account, groups=frozenset({"pilots"}))
    assert codes(IPHONE, user_enrolments=known((others,))) == []
    assert codes(IPHONE, user_enrolments=known((others,)), groups=known(frozenset({"all_users", "pilots"}))) == [
        "account_driven_enrolment"
    ]
    before = UserEnrolment("Device", "device", 1, frozenset({EVERYBODY}))
    assert codes(IPHONE, user_enrolments=known((by_account, before))) == []


def test_a_profile_of_apples_newer_kind_is_not_checked_and_refuses() -> None:
    newer = dataclasses.replace(PHONE, sign_in=AppleSignIn.UNKNOWN)
    found = verdict(IPHONE, apple=known((newer,)))
    assert [finding.code for finding in found.refusals] == ["enrolment_profile_not_checked"]


def rules(**changes: object) -> device_policies.EnrolmentRules:
    return dataclasses.replace(device_policies.EnrolmentRules(), **changes)  # type: ignore[arg-type]


def of_tenant(**changes: object) -> windows.TenantPart:
    return dataclasses.replace(OPEN_TENANT, **{name: known(value) for name, value in changes.items()})  # type: ignore[arg-type]


STAFF = device_policies.Ranked("Staff", 1, frozenset({"staff"}))
EVERYBODYS = device_policies.Ranked("All users", 0)


def test_a_restriction_counts_for_its_own_platform_and_people_only() -> None:
    no_phones = device_policies.Restriction(STAFF, blocked=True)
    blocked = of_tenant(enrolment=rules(ios=(no_phones, device_policies.Restriction(EVERYBODYS))))
    staff = known(frozenset({"all_users", "staff"}))
    assert codes(IPHONE, windows=blocked) == []
    assert codes(IPHONE, windows=blocked, groups=staff) == ["apple_blocked"]
    on_macs = of_tenant(enrolment=rules(mac_os=(no_phones,)))
    assert codes(IPHONE, windows=on_macs, groups=staff) == []


def test_a_range_of_versions_is_not_checked_because_a_boxed_device_does_not_tell() -> None:
    since = device_policies.Restriction(EVERYBODYS, oldest="18.0")
    assert codes(IPHONE, windows=of_tenant(enrolment=rules(ios=(since,)))) == ["apple_version_not_checked"]


def test_intunes_limit_is_that_of_the_persons_own_group() -> None:
    limits = (device_policies.DeviceLimit(STAFF, 5), device_policies.DeviceLimit(EVERYBODYS, 1))
    one = apple.PersonPart(known((ManagedDevice("m1", "OTHER", user_id="mara"),)))
    changes = {"windows": of_tenant(enrolment=rules(limits=limits)), "apple_person": one}
    assert codes(IPHONE, **changes) == ["device_limit"]
    assert codes(IPHONE, groups=known(frozenset({"all_users", "staff"})), **changes) == []
    assert codes(IPHONE, **(changes | {"apple_person": apple.PersonPart()})) == ["device_limit_not_checked"]


def test_the_device_itself_counts_neither_for_the_limit_nor_once_registered_for_the_quota() -> None:
    own = apple.PersonPart(known((ManagedDevice("m1", "pf1", user_id="mara", entra_registered=True),)))
    full = of_tenant(
        enrolment=rules(limits=(device_policies.DeviceLimit(EVERYBODYS, 1),)),
        join=device_policies.JoinRules(device_policies.JoinScope.ALL, quota=1),
    )
    assert codes(IPHONE, windows=full, apple_person=own) == ["device_quota"]
    kit = Journey("J1", "mara", "mara@x", "Mara", IPHONE, "", "PF1", "P1", NOON, "Tess")
    assert codes(IPHONE, windows=full, apple_person=own, kit=(kit,)) == []


def test_room_in_entra_and_the_licence_are_asked_of_apple_devices_too() -> None:
    full = of_tenant(join=device_policies.JoinRules(device_policies.JoinScope.ALL, quota=1))
    assert codes(IPHONE, windows=full) == ["device_quota"]
    nothing = windows.PersonPart(owned=known(()), plans=known(frozenset({"EXCHANGE_S_STANDARD"})))
    assert codes(IPHONE, windows_person=nothing) == ["no_intune_licence"]
    unread = codes(IPHONE, windows_person=windows.PersonPart(owned=UNREAD, plans=UNREAD))
    assert unread == ["intune_licence_not_checked", "device_quota_not_checked"]


def mac_codes(*policies: PlatformSso) -> list[str]:
    """What is said of a Mac under these policies."""
    mac = dataclasses.replace(PHONE, platform="macOS", sign_in=AppleSignIn.SETUP_ASSISTANT)
    staff = known(frozenset({"staff"}))
    return codes("mac-platform-sso", apple=known((mac,)), platform_sso=known(policies), groups=staff)


def test_platform_sso_must_reach_the_person_or_every_device_with_a_key() -> None:
    everybody, every_device = Target(everything=Everything.PEOPLE), Target(everything=Everything.DEVICES)
    for targets, expected in (
        ((everybody,), []),
        ((every_device,), []),
        ((Target(group="staff"),), []),
        ((everybody, Target(group="staff", left_out=True)), ["platform_sso_not_assigned"]),
        ((), ["platform_sso_not_assigned"]),
        ((dataclasses.replace(every_device, filtered=True),), ["platform_sso_not_checked"]),
        ((Target(group="macs"),), ["platform_sso_not_checked"]),
    ):
        assert mac_codes(PlatformSso("SSO", targets, SsoWay.KEY)) == expected
    by_key, by_password = (
        PlatformSso("Key", (everybody,), SsoWay.KEY),
        PlatformSso("Old", (everybody,), SsoWay.PASSWORD),
    )
    assert mac_codes(by_key, by_password) == ["platform_sso_by_password"]
    assert (
        codes("ios-setup-assistant", apple=known((dataclasses.replace(PHONE, sign_in=AppleSignIn.SETUP_ASSISTANT),)))
        == []
    )


def test_a_row_of_a_wiped_or_retired_device_is_nobodys() -> None:
    enrolled = known((dataclasses.replace(PHONE, enrolment_state="enrolled"),))
    for state, expected in (("managed", ["enrolled_by_other"]), ("wipeIssued", []), ("retirePending", [])):
        row = ManagedDevice("m1", "PF1", user_name="chidi@x", user_id="chidi", enrolled_at=NOON, management_state=state)
        assert codes(IPHONE, apple=enrolled, apple_part=apple.DevicePart(known((row,)))) == expected
