"""Macs, people's own phones, security keys and second phones go exactly as far as real ones, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from agent.sandbox import access_records, policy_records, records
from agent.sandbox.areas import campaigns, mac
from agent.sandbox.tenant import Options
from agent.sandbox.virtual import device
from tests.contracts import staging_day as bench
from tests.contracts.staging_day import CHIDI, MARA, StagingDay

JONAS = "jonas.ferreira@tallisharbour.example"
HELEN = "helen.strand@tallisharbour.example"
YUKI = "yuki.tanabe@tallisharbour.example"
LEILA = "leila.haddad@tallisharbour.example"
MAC = "C02TH501MD"
HELENS_PHONE = "H4TH306QLM"
IPHONE_OF_HER_OWN, PIXEL, UNLOCKED_PHONE, KEY = "OWNPH601", "OWNPH602", "OWNPH603", "YK5TH701"


@pytest.fixture
def day() -> StagingDay:
    return StagingDay()


def mac_at_desktop(day: StagingDay, code: str) -> dict[str, Any]:
    """Remote Management and the local account, up to what the desktop asks for."""
    day.power_on(MAC)
    day.sign_in(MAC, MARA, code)
    return day.wait(MAC)


def test_a_mac_reaches_platform_sso_with_a_code_typed_twice(day: StagingDay) -> None:
    code = day.issue(MARA)
    asked = day.power_on(MAC)
    assert (asked["screen"], asked["asks"]) == ("remote-management", "user_name_and_code")
    assert "own account and password" in day.sign_in(MAC, MARA, code)["message"]
    assert day.managed(MAC)["userPrincipalName"] == MARA
    register = day.wait(MAC)
    assert (register["screen"], register["asks"]) == ("registration-required", "code")
    assert day.graph("GET", f"/v1.0/users/{MARA}/authentication/platformCredentialMethods", status=404)
    day.sign_in(MAC, MARA, code)
    assert day.wait(MAC)["finished"]
    method, held_by = day.held_by(MARA, "platformCredentialMethods")
    assert (method["platform"], held_by["deviceId"]) == ("macOS", day.entra(MAC)["deviceId"])
    assert (day.entra(MAC)["trustType"], day.managed(MAC)["azureADRegistered"]) == ("AzureAd", True)
    day.delete_pass(MARA)
    assert "Mac's own key" in day.fleet.move(MAC, "unlock", {})["message"]


def test_a_mac_whose_pass_was_one_time_cannot_register(day: StagingDay) -> None:
    code = day.issue(MARA, one_time=True)
    assert mac_at_desktop(day, code)["screen"] == "registration-required"
    stuck = day.sign_in(MAC, MARA, code)
    assert (stuck["screen"], stuck["finished"]) == ("registration-required", False)
    assert day.sign_in(MAC, MARA, day.issue(MARA))["screen"] == "registering"


def platform_sso(day: StagingDay) -> policy_records.ConfigurationPolicy:
    known = day.tenant.devices.configuration_policies.values()
    return next(policy for policy in known if policy.name == "Platform SSO for Macs")


@pytest.mark.parametrize("whom", [("guests",), ()])
def test_a_mac_that_no_platform_sso_policy_reaches_asks_for_nothing(day: StagingDay, whom: tuple[str, ...]) -> None:
    policy = platform_sso(day)
    policy.assignments = [policy_records.Assignment(group) for group in whom]
    row = mac_at_desktop(day, day.issue(MARA))
    assert (row["screen"], row["asks"], row["finished"]) == ("desktop", "", False)
    assert "no Platform SSO policy" in row["message"]
    policy.assignments = [policy_records.Assignment(records.ALL_USERS)]
    assert day.power_on(MAC)["screen"] == "registration-required"


def test_platform_sso_by_the_password_wants_what_a_new_colleague_never_had(day: StagingDay) -> None:
    policy = platform_sso(day)
    policy.settings[mac.METHOD] = f"{mac.METHOD}_0"
    row = mac_at_desktop(day, day.issue(MARA))
    assert (row["screen"], row["asks"]) == ("password-required", "")


def test_the_catalogue_shows_platform_sso_in_groups(day: StagingDay) -> None:
    (row,) = day.find("/beta/deviceManagement/configurationPolicies", **{"$filter": "platforms has 'macOS'"})
    (setting,) = day.find(f"/beta/deviceManagement/configurationPolicies/{row['id']}/settings")
    (outer,) = setting["settingInstance"]["groupSettingCollectionValue"]
    text, inner, _ = outer["children"]
    (choice,) = inner["groupSettingCollectionValue"][0]["children"]
    assert setting["settingInstance"]["settingDefinitionId"] == f"{mac.SSO}_{mac.SSO}"
    assert text["simpleSettingValue"]["value"] == mac.COMPANY_PORTAL
    assert (inner["settingDefinitionId"], choice["settingDefinitionId"]) == (f"{mac.SSO}_platformsso", mac.METHOD)
    assert choice["choiceSettingValue"]["value"] == f"{mac.METHOD}_1"


def test_a_mac_registered_by_somebody_else_than_its_person_is_refused(day: StagingDay) -> None:
    mac_at_desktop(day, day.issue(MARA))
    day.sign_in(MAC, CHIDI, day.issue(CHIDI))
    assert "another person" in day.wait(MAC)["message"]


def test_a_mac_may_be_registered_only_where_platform_sso_does_not_join() -> None:
    day = StagingDay(Options(platform_sso_joins=False))
    code = day.issue(MARA)
    mac_at_desktop(day, code)
    day.sign_in(MAC, MARA, code)
    assert day.wait(MAC)["finished"]
    assert day.entra(MAC)["trustType"] == "Workplace"


def phone_at_authenticator(day: StagingDay, serial: str) -> None:
    """Authenticator installed, waiting for the work account."""
    day.power_on(serial)
    assert day.wait(serial)["asks"] == "user_name_and_code"


@pytest.mark.parametrize(
    ("serial", "aaguid"),
    [
        (IPHONE_OF_HER_OWN, "90a3ccdf-635c-4729-a248-9b709135078f"),
        (PIXEL, "de1e552d-db1d-4423-a619-566b625cdc84"),
    ],
)
def test_a_phone_gets_a_passkey_with_a_one_time_pass(day: StagingDay, serial: str, aaguid: str) -> None:
    phone_at_authenticator(day, serial)
    day.sign_in(serial, YUKI, day.issue(YUKI, one_time=True))
    assert day.wait(serial)["finished"]
    (passkey,) = day.methods(YUKI, "fido2Methods")
    assert (passkey["aaGuid"], passkey["model"]) == (aaguid, "Microsoft Authenticator")
    day.delete_pass(YUKI)
    assert "without a password" in day.fleet.move(serial, "unlock", {})["message"]


def test_a_phone_gets_phone_sign_in_where_that_is_wanted(day: StagingDay) -> None:
    phone_at_authenticator(day, PIXEL)
    day.sign_in(PIXEL, YUKI, day.issue(YUKI), sets_up="phone-sign-in")
    assert day.wait(PIXEL)["finished"]
    method, held_by = day.held_by(YUKI, "microsoftAuthenticatorMethods")
    assert method["createdDateTime"] is not None
    assert held_by["trustType"] == "Workplace"
    assert "without a password" in day.fleet.move(PIXEL, "unlock", {})["message"]


def test_a_one_time_pass_leaves_ten_minutes_to_create_the_passkey(day: StagingDay) -> None:
    code = day.issue(YUKI, one_time=True)
    phone_at_authenticator(day, PIXEL)
    day.sign_in(PIXEL, YUKI, code)
    day.clock.move(minutes=11)
    late = day.shown(PIXEL)
    assert (late["asks"], late["finished"]) == ("user_name_and_code", False)
    assert "10 minutes" in late["message"]
    day.sign_in(PIXEL, YUKI, code)
    assert not day.shown(PIXEL)["finished"]
    day.sign_in(PIXEL, YUKI, day.issue(YUKI, one_time=True))
    assert day.wait(PIXEL)["finished"]


def test_a_phone_without_a_screen_lock_holds_no_passkey(day: StagingDay) -> None:
    phone_at_authenticator(day, UNLOCKED_PHONE)
    assert "screen lock" in day.sign_in(UNLOCKED_PHONE, YUKI, day.issue(YUKI))["message"]
    assert day.methods(YUKI, "fido2Methods") == []


def test_authenticator_for_approvals_only_is_not_strong(day: StagingDay) -> None:
    phone_at_authenticator(day, PIXEL)
    code = day.issue(YUKI)
    pushed = day.sign_in(PIXEL, YUKI, code, sets_up="push")
    assert (pushed["screen"], pushed["finished"]) == ("push-only", False)
    (method,) = day.methods(YUKI, "microsoftAuthenticatorMethods")
    assert method["createdDateTime"] is None
    with pytest.raises(device.FleetError, match="cannot sign in without a password"):
        day.fleet.move(PIXEL, "unlock", {})
    day.sign_in(PIXEL, YUKI, code)
    assert day.wait(PIXEL)["finished"]


def demand_registration(day: StagingDay) -> None:
    """Put everybody in scope of a registration policy."""
    day.tenant.credentials.must_register = [records.ALL_USERS]


def test_interrupt_mode_offers_no_passkey_and_no_phone_sign_in(day: StagingDay) -> None:
    demand_registration(day)
    page = day.security_info(YUKI, day.issue(YUKI))
    assert page.name == "interrupt"
    assert {form.name for form in page.forms} == {"register-approvals", "register-phone"}


def test_interrupt_mode_leaves_a_phone_with_approvals_only(day: StagingDay) -> None:
    demand_registration(day)
    phone_at_authenticator(day, PIXEL)
    pushed = day.sign_in(PIXEL, YUKI, day.issue(YUKI, one_time=True), sets_up="push")
    assert (pushed["screen"], pushed["finished"]) == ("push-only", False)
    (method,) = day.methods(YUKI, "microsoftAuthenticatorMethods")
    assert method["createdDateTime"] is None


def test_interrupt_mode_holds_a_security_key_up_until_something_else_is_registered(day: StagingDay) -> None:
    demand_registration(day)
    code = day.issue(LEILA)
    day.power_on(KEY)
    held_up = day.sign_in(KEY, LEILA, code)
    assert (held_up["screen"], held_up["asks"]) == ("private-window", "user_name_and_code")
    assert "neither a passkey" in held_up["message"]
    wrong = day.sign_in(KEY, LEILA, code, phone_number="no number")
    assert "begins with +" in wrong["message"]
    day.sign_in(KEY, LEILA, code, phone_number="+32 470000191")
    assert day.wait(KEY)["finished"]
    assert len(day.methods(LEILA, "phoneMethods")) == 1


def test_interrupt_mode_spares_who_has_registered_and_who_is_not_in_scope(day: StagingDay) -> None:
    (lisbon,) = [group.id for group in day.tenant.directory.groups.values() if group.name == "Lisbon Annexe"]
    day.tenant.credentials.must_register = [lisbon]
    assert day.security_info(YUKI, day.issue(YUKI)).name == "security-info"
    assert day.security_info(JONAS, day.issue(JONAS)).name == "interrupt"
    demand_registration(day)
    assert day.security_info(bench.RUTH, day.issue(bench.RUTH)).name == "security-info"


@pytest.mark.parametrize(("in_apps", "finished"), [(False, True), (True, False)])
def test_interrupt_mode_is_for_browsers_unless_apps_are_switched_in(in_apps: bool, finished: bool) -> None:
    day = StagingDay(Options(interrupt_in_apps=in_apps))
    demand_registration(day)
    phone_at_authenticator(day, PIXEL)
    day.sign_in(PIXEL, YUKI, day.issue(YUKI))
    day.clock.move(minutes=3)
    assert day.shown(PIXEL)["finished"] is finished


def test_a_campaign_is_put_off_three_times_and_then_demanded(day: StagingDay) -> None:
    campaigns.change(day.tenant, state="enabled", snoozeDurationInDays=0)
    code = day.issue(YUKI)
    for _ in range(3):
        page = day.security_info(YUKI, code)
        assert (page.name, page.form("later") is not None) == ("campaign", True)
    assert {form.name for form in day.security_info(YUKI, code).forms} == {"register-approvals"}
    campaigns.change(day.tenant, enforceRegistrationAfterAllowedSnoozes=False)
    assert day.security_info(YUKI, code).form("later") is not None
    campaigns.change(day.tenant, snoozeDurationInDays=1)
    assert day.security_info(YUKI, code).name == "security-info"


def test_a_campaign_asks_nobody_on_a_phone(day: StagingDay) -> None:
    campaigns.change(day.tenant, state="enabled")
    phone_at_authenticator(day, PIXEL)
    assert day.sign_in(PIXEL, YUKI, day.issue(YUKI), sets_up="push")["screen"] == "push-only"
    assert day.tenant.credentials.campaign_shown == {}


@pytest.mark.parametrize(("runs", "page"), [(True, "campaign"), (False, "security-info")])
def test_a_campaign_at_its_default_asks_who_has_a_phone_number(runs: bool, page: str) -> None:
    day = StagingDay(Options(default_campaign_runs=runs))
    code = day.issue(LEILA)
    assert day.security_info(LEILA, code).name == "security-info"
    (leila,) = [user.id for user in day.tenant.directory.users.values() if user.upn == LEILA]
    number = records.Method(id=records.MOBILE_PHONE_METHOD_ID, user_id=leila, kind="phone")
    day.tenant.credentials.methods[leila] = [number]
    assert day.security_info(LEILA, code).name == page


@pytest.mark.parametrize(("held_up", "page"), [(True, "interrupt"), (False, "security-info")])
def test_security_defaults_want_authenticator_and_no_phone_number(held_up: bool, page: str) -> None:
    day = StagingDay(Options(security_defaults_hold_up_passes=held_up))
    day.tenant.credentials.security_defaults = True
    shown = day.security_info(YUKI, day.issue(YUKI))
    assert shown.name == page
    if held_up:
        assert {form.name for form in shown.forms} == {"register-approvals"}
    assert day.security_info(bench.RUTH, day.issue(bench.RUTH)).name == "security-info"


def test_a_security_key_is_added_with_a_one_time_pass_within_ten_minutes(day: StagingDay) -> None:
    day.power_on(KEY)
    assert day.sign_in(KEY, LEILA, day.issue(LEILA, one_time=True))["screen"] == "touch"
    assert day.wait(KEY)["finished"]
    (key,) = day.methods(LEILA, "fido2Methods")
    assert (key["model"], key["displayName"]) == ("YubiKey 5 NFC", f"Key {KEY}")
    day.delete_pass(LEILA)
    assert "without a password" in day.fleet.move(KEY, "unlock", {})["message"]


def test_a_security_key_touched_too_late_is_not_added(day: StagingDay) -> None:
    code = day.issue(LEILA, one_time=True)
    day.power_on(KEY)
    day.sign_in(KEY, LEILA, code)
    day.clock.move(minutes=11)
    late = day.shown(KEY)
    assert (late["screen"], late["finished"]) == ("private-window", False)
    assert "10 minutes" in late["message"]
    assert day.methods(LEILA, "fido2Methods") == []


def test_a_second_phone_answers_the_mfa_prompt_of_an_iphone_in_single_app_mode(day: StagingDay) -> None:
    day.power_on(bench.IPHONE)
    day.wait(bench.IPHONE)
    assert day.sign_in(bench.IPHONE, HELEN)["screen"] == "mfa-loop"
    assert day.sign_in(bench.IPHONE, HELEN, approve_on=HELENS_PHONE)["screen"] == "registering"
    assert day.managed(bench.IPHONE)["userPrincipalName"] == HELEN
    row = day.tenant.activity.sign_ins[-1].row
    assert [step["authenticationMethod"] for step in row["authenticationDetails"]] == [
        "Password",
        "Mobile app notification",
    ]


def test_an_approval_is_no_help_to_somebody_else(day: StagingDay) -> None:
    day.power_on(bench.IPHONE)
    day.wait(bench.IPHONE)
    day.sign_in(bench.IPHONE, bench.RUTH)
    with pytest.raises(device.FleetError, match="No sign-in waits"):
        day.sign_in(bench.IPHONE, bench.RUTH, approve_on=HELENS_PHONE)


def test_a_phone_that_only_approves_can_answer_too(day: StagingDay) -> None:
    phone_at_authenticator(day, PIXEL)
    day.sign_in(PIXEL, MARA, day.issue(MARA), sets_up="push")
    day.delete_pass(MARA)
    day.power_on(bench.LAPTOP)
    assert day.sign_in(bench.LAPTOP, MARA, approve_on=PIXEL)["screen"] == "joining"


def test_conditional_access_for_phishing_resistance_takes_no_approval(day: StagingDay) -> None:
    policy = access_records.ConditionalAccessPolicy(day.tenant.new_id(), "Strong", grants=["phishing_resistant"])
    day.tenant.credentials.conditional_access[policy.id] = policy
    day.power_on(bench.LAPTOP)
    refused = day.sign_in(bench.LAPTOP, HELEN, approve_on=HELENS_PHONE)
    assert refused["screen"] == "oobe"
    assert "AADSTS53003" in refused["message"]
