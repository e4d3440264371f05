"""What the real client reads of the rules for PCs: who may join, what may enrol, which policy says what and to whom."""

from __future__ import annotations

from typing import TypeVar

import pytest

from agent.domain import device_policies, facts
from agent.domain.device_policies import Everything, JoinRules, JoinScope, Reach, Target
from agent.domain.devices import Hardware
from agent.graph import device_rules, windows_policies
from agent.sandbox import device_records, policy_records, records
from agent.sandbox.areas import device_policies as sandbox_policies
from tests.contracts import graph_side
from tests.contracts.graph_side import SandboxSide

V = TypeVar("V")
DOMAIN = "tallisharbour.example"
HELLO = "device_vendor_msft_passportforwork_{tenantid}_policies_"


def known(fact: facts.Fact[V]) -> V:
    assert isinstance(fact, facts.Known), fact
    return fact.value


def entra_id(side: SandboxSide, serial: str) -> str:
    """The Entra deviceId of the record of a serial."""
    held = side.sandbox.tenant.devices.autopilot.values()
    return next(one.entra_device_id or "" for one in held if one.serial == serial)


def group(side: SandboxSide, name: str) -> str:
    """The id of a group of the seed."""
    return next(one.id for one in side.sandbox.tenant.directory.groups.values() if one.name == name)


def test_who_may_join_is_everybody_nobody_or_those_who_are_named() -> None:
    with graph_side.on_sandbox() as side:
        policy, mara = side.sandbox.tenant.devices.registration_policy, side.person("mara.quist")
        found = [known(side.graph.tenant.join_rules())]
        for allowed in ("none", [mara, group(side, "Ostend Quay")]):
            policy.join_allowed = allowed
            found.append(known(side.graph.tenant.join_rules()))
        ostend = group(side, "Ostend Quay")
    assert found[0] == JoinRules(JoinScope.ALL, quota=20)
    assert found[1] == JoinRules(JoinScope.NOBODY, quota=20)
    assert found[2] == JoinRules(JoinScope.SELECTED, frozenset({mara}), frozenset({ostend}), 20)
    assert [rules.lets_in(mara, ()) for rules in found] == [True, False, True]
    assert [found[2].lets_in("another", groups) for groups in ((), {ostend})] == [False, True]


def test_enrolment_rules_have_their_ranks_and_groups() -> None:
    with graph_side.on_sandbox() as side:
        lisbon = group(side, "Lisbon Annexe")
        made = device_records.EnrolmentConfiguration("x_SinglePlatformRestriction", "platform_restriction", "No PCs", 1)
        made.group_ids = [lisbon]
        made.properties = {"platformType": "windows", "platformRestriction": {"platformBlocked": True}}
        side.sandbox.tenant.devices.enrolment_configurations[made.id] = made
        rules = known(side.graph.tenant.enrolment_rules())
        staff = group(side, "All staff")
    assert [(rule.of.name, rule.of.rank, rule.blocked) for rule in rules.restrictions] == [
        ("All users", 0, False),
        ("No PCs", 1, True),
    ]
    assert [rule and rule.blocked for rule in (rules.restriction({lisbon}), rules.restriction(()))] == [True, False]
    assert [page and page.quality_updates for page in (rules.page({staff}), rules.page(()))] == [True, False]
    assert rules.hello == device_policies.TenantHello("enabled", needs_tpm=True)
    assert rules.named_groups == {lisbon, staff}


def test_policies_are_read_for_hello_and_web_sign_in_wherever_they_stand() -> None:
    with graph_side.on_sandbox() as side:
        tenant = side.sandbox.tenant
        tpm = f"{HELLO}requiresecuritydevice"
        choices = {f"{HELLO}usepassportforwork": f"{HELLO}usepassportforwork_false", tpm: f"{tpm}_true"}
        hello = policy_records.ConfigurationPolicy("p1", "Hello", settings=choices)
        hello.assignments = [policy_records.Assignment(records.ALL_USERS)]
        other = policy_records.ConfigurationPolicy("p2", "Something else", settings={"device_vendor_x": "x_1"})
        custom = policy_records.CustomConfiguration("c1", "OMA", settings={sandbox_policies.WEB_SIGN_IN_URI: 2})
        custom.assignments = [policy_records.Assignment(policy_records.ALL_DEVICES, filter_lets_in=True)]
        blocking = policy_records.CustomConfiguration("c2", "Identity protection", hello_blocked=True)
        tenant.devices.configuration_policies |= {"p1": hello, "p2": other}
        tenant.devices.custom_configurations |= {"c1": custom, "c2": blocking}
        found = {policy.name: policy for policy in known(side.graph.tenant.windows_policies())}
        left_out = group(side, "Laptops that keep the password at the lock screen")
    assert sorted(found) == ["Hello", "Identity protection", "OMA", "Web sign-in for staff laptops"]
    assert (found["Hello"].hello, found["Hello"].needs_tpm, found["Hello"].web_sign_in) == (False, True, None)
    assert found["Hello"].targets == (Target(everything=Everything.PEOPLE),)
    assert (found["OMA"].web_sign_in, found["OMA"].reach((), ())) == (False, Reach.PERHAPS)
    assert (found["Identity protection"].hello, found["Identity protection"].targets) == (False, ())
    assert Target(group=left_out, left_out=True) in found["Web sign-in for staff laptops"].targets


def test_a_pcs_groups_and_hardware_are_read_and_one_that_is_gone_is_in_none() -> None:
    with graph_side.on_sandbox() as side:
        pc, gone = entra_id(side, "PF4TH101"), graph_side.PERSON_ID
        groups = side.graph.devices.groups_of([pc, gone])
        named = {group(side, name) for name in ("Autopilot devices", "Autopilot: Staff laptop")}
        (row,) = known(side.graph.devices.managed(["PF4TH113"])["PF4TH113"])
        hardware = side.graph.devices.hardware([row.id, gone, "no id"])
    assert known(groups[pc]) == named
    assert known(groups[gone]) == frozenset()
    assert known(hardware[row.id]) == Hardware("2.0, 0, 1.59", "Enterprise")
    assert known(hardware[gone]) is None
    assert isinstance(hardware["no id"], facts.NotChecked)
    assert (row.os_version, row.enrolment_type) == ("10.0.26100.2314", "windowsAzureADJoin")


def test_a_plan_that_is_switched_off_for_a_person_is_none_of_theirs() -> None:
    with graph_side.on_sandbox() as side:
        mara, omar = side.person("mara.quist"), side.person("omar.siddiq")
        side.sandbox.tenant.directory.users[omar].licences = ["AAD_PREMIUM"]
        plans = {who: known(fact) for who, fact in side.graph.people.service_plans([mara, omar]).items()}
    assert "INTUNE_A" in plans[mara]
    assert plans[omar] & device_policies.INTUNE_PLANS == frozenset()


@pytest.mark.parametrize(
    ("permission", "read"),
    [
        (device_rules.JOIN_PERMISSION, "join_rules"),
        (windows_policies.PERMISSION, "windows_policies"),
    ],
)
def test_a_rule_that_may_not_be_read_names_the_permission(permission: str, read: str) -> None:
    with graph_side.on_sandbox() as side:
        side.deny(permission)
        fact = getattr(side.graph.tenant, read)()
    assert isinstance(fact, facts.NotChecked)
    assert fact.permission == permission
