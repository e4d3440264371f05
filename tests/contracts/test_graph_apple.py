"""What the Graph adapter makes of Apple's side of the tenant, and what it says where it may not read it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import pytest

from agent.domain import apple, facts
from agent.domain.device_policies import Everything, Target
from agent.domain.facts import Known
from agent.graph.connecting import Graph
from agent.sandbox import apple_records, device_records, policy_records
from agent.sandbox.areas import apple_sync, mac
from tests.contracts import graph_side

SERVICE, APPS = "DeviceManagementServiceConfig.Read.All", "DeviceManagementApps.Read.All"
IPAD = "DMTH401PWX"


T = TypeVar("T")


def value_of(fact: facts.Fact[T]) -> T:
    assert isinstance(fact, Known)
    return fact.value


def test_tokens_tell_their_end_and_how_the_last_synchronisation_went() -> None:
    with graph_side.on_sandbox() as side:
        (held,) = side.sandbox.tenant.devices.dep_tokens.values()
        (token,) = value_of(side.graph.apple.tokens())
        held.expires, held.last_sync_error = None, 2
        (later,) = value_of(side.graph.apple.tokens())
    assert (token.id, token.name, token.sync_error) == (held.id, "Tallis Harbour ABM", 0)
    assert token.ends_at is not None
    assert token.synced_at == held.last_synced
    assert (later.ends_at, later.sync_error) == (None, 2)


def test_the_push_certificate_is_there_or_known_to_be_missing() -> None:
    with graph_side.on_sandbox() as side:
        held = side.sandbox.tenant.devices.push_certificate
        assert held is not None
        assert value_of(side.graph.apple.push()) == apple.PushCertificate(held.expires, held.apple_id)
        side.sandbox.tenant.devices.push_certificate = None
        assert value_of(side.graph.apple.push()) is None


def test_company_portal_is_counted_for_each_token_that_bought_it() -> None:
    with graph_side.on_sandbox() as side:
        tenant = side.sandbox.tenant
        (volume,) = value_of(side.graph.apple.volume_tokens())
        for number, bundle in enumerate(("com.microsoft.companyportal", "com.microsoft.Office.Outlook")):
            app = apple_records.StoreApp(tenant.new_id(), "More", bundle, f"t{number}", 5, 5)
            app.assignments = [apple_records.AppAssignment("required", device_licensed=False)]
            tenant.devices.store_apps[app.id] = app
        found = value_of(side.graph.apple.company_portal())
    assert volume.state == "valid"
    assert set(found) == {
        apple.CompanyPortal(volume.id, 25, 18, required=True),
        apple.CompanyPortal("t0", 5, 5, required=False),
    }


def test_user_enrolment_tells_whom_it_is_meant_for() -> None:
    with graph_side.on_sandbox() as side:
        tenant = side.sandbox.tenant
        group = next(iter(tenant.directory.groups))
        made = apple_records.UserEnrolment(tenant.new_id(), "BYOD", group_ids=[group, apple_records.ALL_USERS])
        tenant.devices.user_enrolments[made.id] = made
        (found,) = value_of(side.graph.apple.user_enrolments())
    assert found == apple.UserEnrolment(
        "BYOD", "accountDrivenUserEnrollment", 1, frozenset({group.lower(), apple.EVERYBODY})
    )
    assert found.account_driven


@pytest.mark.parametrize(
    ("read", "permission"),
    [
        (lambda graph: graph.apple.tokens(), SERVICE),
        (lambda graph: graph.apple.push(), SERVICE),
        (lambda graph: graph.apple.volume_tokens(), SERVICE),
        (lambda graph: graph.apple.company_portal(), APPS),
        (lambda graph: graph.apple.user_enrolments(), SERVICE),
        (lambda graph: graph.apple.platform_sso(), "DeviceManagementConfiguration.Read.All"),
    ],
)
def test_what_may_not_be_read_is_not_checked(read: Callable[[Graph], facts.Fact[object]], permission: str) -> None:
    with graph_side.on_sandbox() as side:
        side.deny(permission)
        fact = read(side.graph)
    assert isinstance(fact, facts.NotChecked)
    assert fact.permission == permission


def test_platform_sso_is_read_out_of_the_catalogues_groups_with_whom_it_reaches() -> None:
    with graph_side.on_sandbox() as side:
        held = side.sandbox.tenant.devices.configuration_policies
        ours = next(policy for policy in held.values() if policy.name == "Platform SSO for Macs")
        other = policy_records.ConfigurationPolicy("ade00000-0000-4000-8000-000000000004", "Okta", "macOS")
        other.settings = {**ours.settings, mac.EXTENSION: "com.okta.mobile.auth-service-extension"}
        held[other.id] = other
        (by_key,) = value_of(side.graph.apple.platform_sso())
        ours.settings[mac.METHOD] = f"{mac.METHOD}_0"
        (by_password,) = value_of(side.graph.apple.platform_sso())
    everything = (Target(everything=Everything.DEVICES),)
    assert by_key == apple.PlatformSso("Platform SSO for Macs", everything, apple.SsoWay.KEY)
    assert by_password.way is apple.SsoWay.PASSWORD


def test_restrictions_and_limits_are_told_by_platform_and_the_devices_by_person() -> None:
    with graph_side.on_sandbox() as side:
        configurations = side.sandbox.tenant.devices.enrolment_configurations
        one = device_records.EnrolmentConfiguration(
            "ade00000-0000-4000-8000-000000000005_x", "platform_restriction", "M"
        )
        one.priority, one.group_ids = 2, ["staff"]
        one.properties = {"platformType": "mac", "platformRestriction": {"platformBlocked": True}}
        configurations[one.id] = one
        rules = value_of(side.graph.tenant.enrolment_rules())
        helen = side.person("helen.strand")
        held = value_of(side.graph.devices.managed_by([helen])[helen])
    assert [(rule.of.rank, rule.blocked) for rule in rules.mac_os] == [(0, False), (2, True)]
    assert [(rule.of.rank, rule.blocked) for rule in rules.ios] == [(0, False)]
    assert [(rule.of.name, rule.most) for rule in rules.limits] == [("All users", 10)]
    assert {row.serial for row in held} == {"PF4TH105", "H4TH306QLM"}


def test_a_device_given_to_another_of_our_servers_is_read_from_there() -> None:
    with graph_side.on_sandbox() as side:
        tenant = side.sandbox.tenant
        (old,) = tenant.devices.dep_tokens.values()
        new = device_records.DepToken(tenant.new_id(), "Second server", "devices@tallisharbour.example")
        new.expires = tenant.now() + timedelta(days=300)
        tenant.devices.dep_tokens[new.id] = new
        apple_sync.move(tenant, IPAD, new.id)
        for token in (old, new):
            token.last_sync_asked = None
            apple_sync.sync(tenant, token)
        side.clock.wait(1000)
        (record,) = value_of(side.graph.devices.apple([IPAD])[IPAD])
    assert (record.token_id, record.token_name, record.released) == (new.id, "Second server", False)
