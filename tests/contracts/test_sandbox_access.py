"""Conditional Access as sign-ins obey it: strengths, terms, devices, places, filters, and who and what is left out."""

from __future__ import annotations

from typing import Any

import pytest

from agent.sandbox import access_records, tenant
from agent.sandbox.areas import conditional_access, microsoft_apps
from tests.contracts import graph_slices
from tests.contracts import staging_day as bench
from tests.contracts.sandbox_side import Side
from tests.contracts.staging_day import MARA, StagingDay

OFFICE, HOME = "203.0.113.10", "198.51.100.4"
NO_RESTART = "PF4TH122"


@pytest.fixture
def day() -> StagingDay:
    return StagingDay()


def want(day: StagingDay, **terms: Any) -> access_records.ConditionalAccessPolicy:
    """One more policy, for everybody and everything unless the terms say otherwise."""
    made = access_records.ConditionalAccessPolicy(day.tenant.new_id(), "One more", **terms)
    day.tenant.credentials.conditional_access[made.id] = made
    return made


def strength(day: StagingDay, *combinations: str) -> str:
    """A strength of the tenant's own, as a policy's grant."""
    made = access_records.Strength(day.tenant.new_id(), "Our own", list(combinations))
    day.tenant.credentials.strengths[made.id] = made
    return f"strength:{made.id}"


def office(day: StagingDay) -> access_records.NamedLocation:
    """A trusted place of the tenant."""
    made = access_records.NamedLocation(day.tenant.new_id(), "Harbour House", ["203.0.113.0/24"], trusted=True)
    day.tenant.credentials.named_locations[made.id] = made
    return made


def put(day: StagingDay, serial: str, address: str) -> None:
    """Stand a box in a network."""
    day.tenant.devices.boxed[serial].options["address"] = address


@pytest.mark.parametrize(
    ("combinations", "one_time", "enters"),
    [
        (("temporaryAccessPassOneTime", "temporaryAccessPassMultiUse"), False, True),
        (("temporaryAccessPassOneTime",), False, False),
        (("temporaryAccessPassOneTime",), True, True),
        (("fido2", "password,sms"), False, False),
    ],
)
def test_a_strength_of_the_tenants_own_takes_a_pass_where_it_names_that_kind_of_pass(
    day: StagingDay, combinations: tuple[str, ...], one_time: bool, enters: bool
) -> None:
    want(day, grants=[strength(day, *combinations)])
    page = day.security_info(MARA, day.issue(MARA, one_time=one_time))
    assert (page.name == "security-info", page.problem_code or None) == (enters, None if enters else "53003")


def test_terms_of_use_stop_an_enrolment_and_no_browser(day: StagingDay) -> None:
    want(day, grants=["terms:house rules"], apps=[microsoft_apps.INTUNE_ENROLMENT])
    code = day.issue(MARA)
    assert day.security_info(MARA, code).name == "security-info"
    day.power_on(NO_RESTART)
    day.sign_in(NO_RESTART, MARA, code)
    assert "AADSTS50158" in day.wait(NO_RESTART)["message"]


@pytest.mark.parametrize(
    ("blocks", "excluded", "goes_on"), [(True, [], False), (True, [microsoft_apps.INTUNE_ENROLMENT], True)]
)
def test_a_compliant_device_wanted_everywhere_stops_an_enrolment_that_is_not_excluded(
    blocks: bool, excluded: list[str], goes_on: bool
) -> None:
    day = StagingDay(tenant.Options(compliance_blocks_enrolment=blocks))
    want(day, grants=["compliantDevice"], exclude_apps=excluded)
    code = day.issue(MARA)
    day.power_on(NO_RESTART)
    day.sign_in(NO_RESTART, MARA, code)
    assert ("AADSTS53000" not in day.wait(NO_RESTART)["message"]) is goes_on


def test_whether_a_wanted_compliant_device_stops_an_enrolment_at_all_is_a_switch() -> None:
    day = StagingDay(tenant.Options(compliance_blocks_enrolment=False))
    want(day, grants=["compliantDevice"])
    code = day.issue(MARA)
    day.power_on(NO_RESTART)
    day.sign_in(NO_RESTART, MARA, code)
    assert day.wait(NO_RESTART)["screen"] == "desktop"
    assert day.security_info(MARA, code).problem_code == "53000"


@pytest.mark.parametrize(("address", "goes_on"), [(OFFICE, True), (HOME, False), ("", False)])
def test_a_block_outside_trusted_places_lets_in_who_sits_inside(day: StagingDay, address: str, goes_on: bool) -> None:
    office(day)
    want(day, grants=["block"], locations=["All"], exclude_locations=["AllTrusted"])
    put(day, NO_RESTART, address)
    day.power_on(NO_RESTART)
    shown = day.sign_in(NO_RESTART, MARA, day.issue(MARA))
    assert (shown["screen"] == "joining", "AADSTS53003" in shown["message"]) == (goes_on, not goes_on)


def test_registering_security_info_can_be_held_to_a_place_while_enrolling_is_not(day: StagingDay) -> None:
    office(day)
    action = [conditional_access.REGISTER_SECURITY_INFO]
    want(day, grants=["block"], apps=[], actions=action, locations=["All"], exclude_locations=["AllTrusted"])
    code = day.issue(MARA)
    assert day.security_info(MARA, code).problem_code == "53003"
    day.power_on(NO_RESTART)
    assert day.sign_in(NO_RESTART, MARA, code)["screen"] == "joining"


@pytest.mark.parametrize(
    ("mode", "rule", "stops"),
    [
        ("exclude", 'device.model -startsWith "ThinkPad"', True),
        ("include", 'device.trustType -eq "AzureAD"', False),
        ("include", 'device.trustType -ne "AzureAD"', True),
        (
            "include",
            '(device.isCompliant -eq "True" -and device.model -contains "Pad") -or device.model -eq "X"',
            False,
        ),
    ],
)
def test_of_a_device_that_is_not_registered_yet_a_filter_sees_only_nulls(
    day: StagingDay, mode: str, rule: str, stops: bool
) -> None:
    want(day, grants=["block"], device_filter=(mode, rule))
    day.power_on(NO_RESTART)
    shown = day.sign_in(NO_RESTART, MARA, day.issue(MARA))
    assert (shown["screen"] != "joining") is stops


@pytest.mark.parametrize(
    "terms",
    [
        {"state": "enabledForReportingButNotEnforced"},
        {"state": "disabled"},
        {"risks": ["high"]},
        {"platforms": ["iOS"]},
        {"exclude_platforms": ["windows"]},
        {"clients": ["exchangeActiveSync", "other"]},
        {"apps": ["an-app-of-ours"]},
        {"grants": ["block", "mfa"]},
    ],
    ids=str,
)
def test_a_policy_that_does_not_cover_the_sign_in_or_takes_less_stops_nobody(
    day: StagingDay, terms: dict[str, Any]
) -> None:
    want(day, **{"grants": ["block"], **terms})
    day.power_on(NO_RESTART)
    assert day.sign_in(NO_RESTART, MARA, day.issue(MARA))["screen"] == "joining"


def test_with_and_between_them_every_grant_is_wanted(day: StagingDay) -> None:
    want(day, grants=["mfa", "custom:Other provider"], operator="AND")
    page = day.security_info(MARA, day.issue(MARA))
    assert (page.name, page.problem_code) == ("accessPass", "50158")


def test_who_sits_in_an_excluded_group_is_left_alone(day: StagingDay) -> None:
    leith = next(group for group in day.tenant.directory.groups.values() if group.name == "Leith Harbour House")
    want(day, grants=["phishing_resistant"], exclude_groups=[leith.id])
    assert day.security_info(MARA, day.issue(MARA)).name == "security-info"


def test_a_lock_screen_is_refused_where_the_policy_looks_for_joined_devices(day: StagingDay) -> None:
    joined = ("include", 'device.trustType -eq "AzureAD"')
    want(day, grants=["block"], apps=[microsoft_apps.DEVICE_REGISTRATION], device_filter=joined)
    code = day.issue(MARA)
    day.power_on(bench.LAPTOP)
    day.sign_in(bench.LAPTOP, MARA, code)
    assert day.wait(bench.LAPTOP)["screen"] == "lock-screen"
    assert "AADSTS53003" in day.sign_in(bench.LAPTOP, MARA, code)["message"]


@graph_slices.held
def test_policies_strengths_and_places_have_microsofts_shape() -> None:
    side = Side()
    credentials = side.tenant.credentials
    own = access_records.Strength("5a1c0000-0000-4000-8000-000000000001", "Passes", ["temporaryAccessPassMultiUse"])
    here = access_records.NamedLocation(
        "5a1c0000-0000-4000-8000-000000000002", "Here", ["203.0.113.0/24", "2001:db8::/48"], trusted=True
    )
    land = access_records.NamedLocation("5a1c0000-0000-4000-8000-000000000003", "Land", countries=["GB"])
    credentials.strengths[own.id] = own
    credentials.named_locations |= {here.id: here, land.id: land}
    grants = ["mfa", f"strength:{own.id}", "terms:house rules"]
    for at, grant in enumerate(grants):
        made = access_records.ConditionalAccessPolicy(side.tenant.new_id(), f"No. {at}", grants=[grant])
        made.locations, made.exclude_locations = ["All"], [here.id]
        made.device_filter = ("exclude", 'device.model -eq "X"')
        credentials.conditional_access[made.id] = made
    path = "/identity/conditionalAccess/policies"
    assert graph_slices.answer_faults("v1.0", "GET", path, side.get(f"/v1.0{path}")) == []
    for row in side.get("/v1.0/policies/authenticationStrengthPolicies")["value"]:
        assert graph_slices.type_faults("v1.0", "microsoft.graph.authenticationStrengthPolicy", row) == []
    for row in side.get("/v1.0/identity/conditionalAccess/namedLocations")["value"]:
        kind = row["@odata.type"].removeprefix("#")
        assert graph_slices.type_faults("v1.0", kind, row) == []
    assert side.get(f"/v1.0/policies/authenticationStrengthPolicies/{own.id}")["policyType"] == "custom"
    assert side.get(f"/v1.0/identity/conditionalAccess/namedLocations/{here.id}")["isTrusted"] is True


def test_a_restricted_unit_shows_in_its_members_and_in_what_they_belong_to() -> None:
    side = Side()
    mara = side.person("mara.quist")
    unit = access_records.AdministrativeUnit(side.tenant.new_id(), "Board", [mara.id], restricted=True)
    side.tenant.directory.units[unit.id] = unit
    picked = side.get(f"/v1.0/users/{mara.id}?$select=id,isManagementRestricted")
    assert picked["isManagementRestricted"] is True
    units = side.get("/v1.0/directory/administrativeUnits")["value"]
    assert [(row["displayName"], row["isMemberManagementRestricted"]) for row in units] == [("Board", True)]
    assert side.get(f"/v1.0/directory/administrativeUnits/{unit.id}")["id"] == unit.id
    side.get(f"/v1.0/directory/administrativeUnits/{mara.id}", status=404)
    held = side.get(f"/v1.0/users/{mara.id}/memberOf")["value"]
    assert unit.id in [row["id"] for row in held]


@graph_slices.held
def test_a_unit_has_microsofts_shape() -> None:
    side = Side()
    unit = access_records.AdministrativeUnit(side.tenant.new_id(), "Board")
    side.tenant.directory.units[unit.id] = unit
    (row,) = side.get("/v1.0/directory/administrativeUnits")["value"]
    assert graph_slices.type_faults("v1.0", "microsoft.graph.administrativeUnit", row) == []


def test_the_owners_of_a_group_are_listed() -> None:
    side = Side()
    (group,) = side.get("/v1.0/groups?$filter=isAssignableToRole eq true")["value"]
    owners = side.get(f"/v1.0/groups/{group['id']}/owners?$select=id")["value"]
    assert [row["id"] for row in owners] == [side.person("ines.okafor").id]


def test_a_federated_person_is_sent_away_only_while_no_pass_can_be_used(day: StagingDay) -> None:
    organisation = day.tenant.directory.organisation
    organisation.federated[organisation.domains[0]] = "acceptIfMfaDoneByFederatedIdp"
    assert day.at_sign_in(MARA).name == "federated"
    code = day.issue(MARA)
    assert day.at_sign_in(MARA).name == "accessPass"
    assert day.security_info(MARA, code).name == "security-info"


def test_domains_say_who_signs_people_in() -> None:
    side = Side()
    (name,) = side.tenant.directory.organisation.domains
    path = f"/v1.0/domains/{name}/federationConfiguration"
    side.who = "issuer"
    side.get("/v1.0/domains", status=403)
    side.registration("watcher").permissions.add("Domain.Read.All")
    side.who = "watcher"
    assert side.get(f"/v1.0/domains/{name}")["authenticationType"] == "Managed"
    assert side.get(path)["value"] == []
    side.get("/v1.0/domains/elsewhere.example", status=404)
    side.tenant.directory.organisation.federated[name] = "enforceMfaByFederatedIdp"
    assert [row["authenticationType"] for row in side.get("/v1.0/domains")["value"]] == ["Federated"]
    assert side.get(path)["value"][0]["federatedIdpMfaBehavior"] == "enforceMfaByFederatedIdp"


def test_security_defaults_say_whether_they_are_on() -> None:
    side = Side()
    path = "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy"
    assert side.get(path)["isEnabled"] is False
    side.tenant.credentials.security_defaults = True
    assert side.get(path)["isEnabled"] is True
    side.who = "issuer"
    side.get(path, status=403)
