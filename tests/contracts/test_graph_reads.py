"""What the real client reads of the sandbox: people, methods, roles, groups, devices, the tenant and its logs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from agent import errors, graph
from agent.domain import devices, facts, passes, people
from agent.domain.secrets import Secret
from agent.graph import methods, roles
from agent.sandbox import records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import activity
from tests.contracts import graph_side
from tests.contracts.graph_side import SandboxSide

V = TypeVar("V")
DOMAIN = "tallisharbour.example"


def known(fact: facts.Fact[V]) -> V:
    assert isinstance(fact, facts.Known), fact
    return fact.value


def find(side: SandboxSide, name: str) -> people.Person | None:
    return known(side.graph.people.find([name])[name])


def test_a_person_is_found_by_name_in_any_case_and_by_id() -> None:
    with graph_side.on_sandbox() as side:
        mara = find(side, f" MARA.Quist@{DOMAIN} ")
        assert mara is not None
        by_id = find(side, mara.id.upper())
    assert by_id is not None
    assert by_id == mara
    assert mara.manager == "Helen Strand"
    assert mara.user_name == f"mara.quist@{DOMAIN}"
    assert (mara.department, mara.office, mara.staff_number) == ("Operations", "Leith Harbour House", "1187")
    assert (mara.kind, mara.enabled) == (people.PersonKind.MEMBER, True)
    assert mara.sessions_valid_from is not None


def test_each_name_is_answered_by_itself_and_strange_names_find_nobody() -> None:
    names = [
        f"siobhan.o'rourke@{DOMAIN}",
        f"nobody@{DOMAIN}",
        "../../organization",
        "a#b?$select=x",
        f"victor.lamb@{DOMAIN}",
    ]
    with graph_side.on_sandbox() as side:
        found = {name: known(fact) for name, fact in side.graph.people.find(names).items()}
        gone = find(side, graph_side.PERSON_ID)
    assert list(found) == names
    assert [each.display_name if each else None for each in found.values()] == [
        "Siobhán O'Rourke", None, None, None, "Victor Lamb"
    ]  # fmt: skip
    assert found[names[4]].enabled is False  # type: ignore[union-attr]
    assert gone is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("kim.doyle", people.PersonKind.INTERNAL_GUEST),
        ("sofia.ribeiro_pallasfreight.example#EXT#", people.PersonKind.EXTERNAL_GUEST),
    ],
)
def test_guests_are_told_apart_by_where_their_home_is(name: str, kind: people.PersonKind) -> None:
    with graph_side.on_sandbox() as side:
        found = find(side, f"{name}@{DOMAIN}")
    assert found is not None
    assert found.kind is kind


def test_methods_come_with_kind_device_and_strength() -> None:
    with graph_side.on_sandbox() as side:
        ids = [side.person(name) for name in ("helen.strand", "ruth.adeyemi", "nils.haugen", "mara.quist")]
        helen, ruth, nils, mara = (known(fact) for fact in side.graph.people.methods(ids).values())
        laptop = known(side.graph.devices.autopilot(["PF4TH105"])["PF4TH105"])[0]
    hello = next(method for method in helen if method.kind is people.MethodKind.HELLO)
    assert (hello.name, hello.device_id, hello.strong) == ("TH-HSTRAND", laptop.entra_device_id, True)
    assert hello.created == graph_side.START - timedelta(days=199)
    assert {method.kind: method.strong for method in ruth} == {
        people.MethodKind.AUTHENTICATOR: False,
        people.MethodKind.PHONE: False,
    }
    (passkey,) = nils
    assert (passkey.kind, passkey.usable_elsewhere, passkey.in_authenticator) == (
        people.MethodKind.PASSKEY,
        True,
        False,
    )
    assert mara == ()


def test_the_broad_permission_reads_all_methods_of_a_person_in_one_request() -> None:
    with graph_side.on_sandbox() as side:
        ids = [side.person(name) for name in ("helen.strand", "ruth.adeyemi", "nils.haugen", "mara.quist")]
        narrow = {person: known(fact) for person, fact in side.graph.people.methods(ids).items()}
    with graph_side.on_sandbox() as side:
        side.grant("UserAuthenticationMethod.Read.All")
        broad = {person: known(fact) for person, fact in side.graph.people.methods(ids).items()}
        asked = side.sandbox.gate.counters.requests
    assert {person: set(found) for person, found in broad.items()} == {one: set(them) for one, them in narrow.items()}
    assert asked["GET /users/{id}/authentication/methods"] == len(ids)
    assert [line for line in asked if line.endswith(("Methods", "methods"))] == [
        "GET /users/{id}/authentication/methods"
    ]


def test_only_the_kinds_that_matter_are_asked_for() -> None:
    with graph_side.on_sandbox() as side:
        nils, ruth = side.person("nils.haugen"), side.person("ruth.adeyemi")
        only = {ruth: [people.MethodKind.PHONE], nils: [people.MethodKind.OTHER]}
        found = side.graph.people.methods([nils, ruth], only)
        asked = side.sandbox.gate.counters.requests
    assert [method.kind for method in known(found[ruth])] == [people.MethodKind.PHONE]
    assert known(found[nils]) == ()
    assert {line: times for line, times in asked.items() if "/authentication/" in line} == {
        "GET /users/{id}/authentication/phoneMethods": 1
    }


@pytest.mark.parametrize("collection", methods.COLLECTIONS, ids=lambda each: each.segment)
def test_one_collection_that_may_not_be_read_makes_the_methods_not_checked(collection: methods.Collection) -> None:
    with graph_side.on_sandbox() as side:
        side.deny(collection.permission)
        person = side.person("nils.haugen")
        fact = side.graph.people.methods([person])[person]
    assert isinstance(fact, facts.NotChecked)
    assert fact.permission == collection.permission


def test_roles_are_found_held_by_group_and_eligible() -> None:
    with graph_side.on_sandbox() as side:
        tenant = side.sandbox.tenant
        group = next(each for each in tenant.directory.groups.values() if each.role_assignable)
        tenant.directory.role_eligibilities["e"] = records.RoleEligibility("e", group.id, "t", "User Administrator")
        ids = [side.person(name) for name in ("ines.okafor", "tomasz.brandt", "priya.venkat", "mara.quist")]
        found = [{role.name: role.how for role in known(fact)} for fact in side.graph.people.roles(ids).values()]
    assert found == [
        {"Global Administrator": "direct"},
        {"Authentication Administrator": "group", "User Administrator": "eligible"},
        {"Intune Administrator": "eligible"},
        {},
    ]


def test_roles_that_may_not_be_read_are_not_checked_and_never_none() -> None:
    with graph_side.on_sandbox() as side:
        side.deny(roles.PERMISSION)
        person = side.person("mara.quist")
        fact = side.graph.people.roles([person])[person]
        gone = side.graph.people.roles([graph_side.PERSON_ID])[graph_side.PERSON_ID]
    assert isinstance(fact, facts.NotChecked)
    assert fact.permission == roles.PERMISSION
    assert isinstance(gone, facts.NotChecked)


def test_groups_are_transitive_and_asked_for_twenty_at_a_time() -> None:
    with graph_side.on_sandbox() as side:
        by_name = {group.name: group.id for group in side.sandbox.tenant.directory.groups.values()}
        strangers = [f"00000000-0000-4000-8000-{number:012d}" for number in range(38)]
        among = [*strangers, by_name["All staff"].upper(), by_name["No access passes"]]
        lena, kim, peter = (side.person(name) for name in ("lena.novak", "kim.doyle", "peter.ashdown"))
        found = {person: known(fact) for person, fact in side.graph.people.groups([lena, kim, peter], among).items()}
        asked = side.sandbox.gate.counters.requests["POST /users/{id}/checkMemberGroups"]
        sent = [line for line in side.adapter.sent if line.endswith("/$batch")]
        odd = side.graph.people.groups([kim], ["../x"])[kim]
        assert known(side.graph.people.groups([kim], [])[kim]) == frozenset()
    assert found == {
        lena: {by_name["All staff"], by_name["No access passes"]},
        kim: {by_name["All staff"]},
        peter: frozenset(),
    }
    assert (asked, len(sent)) == (6, 1)
    assert isinstance(odd, facts.NotChecked)


def test_autopilot_records_are_matched_exactly_with_their_profiles() -> None:
    serials = [" pf4th101 ", "PF4TH10", "5CG4TH207", "PF4TH103", "PF4TH106", "5CG4TH209", "", "PF4TH102"]
    with graph_side.on_sandbox() as side:
        found = {serial: known(fact) for serial, fact in side.graph.devices.autopilot(serials).items()}
    assert [len(records_of) for records_of in found.values()] == [1, 0, 2, 1, 1, 1, 0, 1]
    ready, bare = found[" pf4th101 "][0], found["PF4TH103"][0]
    assert (ready.profile_ready, ready.profile_name, ready.join) == (True, "Staff laptop", devices.Join.ENTRA)
    assert (ready.model, ready.user_name, ready.shared) == ("LENOVO ThinkPad T14 Gen 5", "", False)
    assert (bare.profile_ready, bare.assigned_at, bare.profile_name) == (False, None, "")
    assert found["PF4TH106"][0].join is devices.Join.HYBRID
    assert found["5CG4TH209"][0].shared
    assert found["PF4TH102"][0].user_name == f"chidi.eze@{DOMAIN}"


def test_serials_that_the_filter_refuses_are_looked_up_in_the_whole_list_read_once() -> None:
    with graph_side.on_sandbox(tenants.Options(page_size=4)) as side:
        identities = list(side.sandbox.tenant.devices.autopilot.values())
        identities[-1].serial, identities[-2].serial = "1234-5678", "VM 77-A"
        found = side.graph.devices.autopilot(["1234-5678", "VM 77-A", "99-99"])
        whole = [line for line in side.adapter.sent if line.endswith("/windowsAutopilotDeviceIdentities")]
    assert [len(known(fact)) for fact in found.values()] == [1, 1, 0]
    assert len(whole) == 1


def test_apple_records_tell_the_profile_and_where_the_person_signs_in() -> None:
    serials = ["h4th301qlm", "DMTH401PWX", "C02TH501MD", "H4TH303QLM", "H4TH304QLM", "H4TH999QLM"]
    with graph_side.on_sandbox() as side:
        found = {serial: known(fact) for serial, fact in side.graph.devices.apple(serials).items()}
    phone, pad, mac, bare, released = (found[serial][0] for serial in serials[:5])
    assert (phone.sign_in, phone.single_app_mode) == (devices.AppleSignIn.COMPANY_PORTAL, True)
    assert (phone.profile_name, phone.token_name) == ("iPhone with Company Portal", "Tallis Harbour ABM")
    assert (pad.sign_in, pad.single_app_mode, pad.released) == (devices.AppleSignIn.SETUP_ASSISTANT, False, False)
    assert mac.profile_name == "Mac with Setup Assistant"
    assert (bare.profile_name, bare.sign_in) == ("", devices.AppleSignIn.UNKNOWN)
    assert released.released
    assert found["H4TH999QLM"] == ()


def test_an_apple_device_without_its_own_profile_gets_the_tokens_default() -> None:
    with graph_side.on_sandbox() as side:
        profiles = side.sandbox.tenant.devices.dep_profiles.values()
        default = next(profile for profile in profiles if profile.name == "iPad with Setup Assistant")
        default.is_default = True
        (record,) = known(side.graph.devices.apple(["H4TH303QLM"])["H4TH303QLM"])
    assert (record.profile_name, record.sign_in) == ("iPad with Setup Assistant", devices.AppleSignIn.SETUP_ASSISTANT)


def test_managed_and_entra_devices_are_joined_by_the_device_id() -> None:
    with graph_side.on_sandbox() as side:
        found = side.graph.devices.managed(["pf4th105", "PF4TH101", " "])
        (laptop,) = known(found["pf4th105"])
        assert (known(found["PF4TH101"]), known(found[" "])) == ((), ())
        helen = side.person("helen.strand")
        entra = known(side.graph.devices.entra([laptop.entra_device_id.upper()])[laptop.entra_device_id.upper()])
        gone = known(side.graph.devices.entra([graph_side.PERSON_ID])[graph_side.PERSON_ID])
    assert (laptop.user_name, laptop.user_id, laptop.management_state) == (f"helen.strand@{DOMAIN}", helen, "managed")
    assert laptop.enrolled_at is not None
    assert entra is not None
    assert (entra.device_id, entra.owner_ids, entra.trust_type) == (laptop.entra_device_id, (helen,), "AzureAd")
    assert gone is None


@pytest.mark.parametrize(
    "permission", ["DeviceManagementServiceConfig.Read.All", "DeviceManagementManagedDevices.Read.All"]
)
def test_devices_that_may_not_be_read_are_not_checked(permission: str) -> None:
    with graph_side.on_sandbox() as side:
        side.deny(permission)
        side.deny("DeviceManagementConfiguration.Read.All")
        devices = side.graph.devices
        look: list[Callable[[list[str]], Mapping[str, facts.Fact[Any]]]] = [devices.managed]
        if "Managed" not in permission:
            look = [devices.autopilot, devices.apple]
        found = [fact for each in look for fact in each(["PF4TH105"]).values()]
    assert all(isinstance(fact, facts.NotChecked) and fact.permission == permission for fact in found)


def test_the_policy_the_status_page_and_the_name_are_read() -> None:
    with graph_side.on_sandbox() as side:
        groups = {group.name: group.id for group in side.sandbox.tenant.directory.groups.values()}
        policy = known(side.graph.tenant.policy())
        page = known(side.graph.tenant.status_page())
        organisation = known(side.graph.tenant.organisation())
        tenant_id = side.sandbox.tenant.id
    assert policy == passes.PassPolicy(
        enabled=True,
        include=frozenset({groups["All staff"], groups["Guests"]}),
        exclude=frozenset({groups["No access passes"]}),
        minimum=60,
        maximum=480,
        default=60,
        one_time=False,
        length=8,
    )
    assert page == passes.StatusPage(timeout=60, quality_updates=True)
    assert (organisation.id, organisation.name) == (tenant_id, "Tallis Harbour Ltd")


def test_the_skew_is_how_far_our_clock_is_ahead() -> None:
    with graph_side.on_sandbox() as side:
        assert known(side.graph.tenant.skew()) == 0.0
        fast = side.clock.at + timedelta(minutes=7)
        ahead = graph_side.TurnedClock(fast)
        client = graph.connect(
            graph_side.sandbox_connection(side.sandbox), ahead, graph_side.OrderedChance(), {"https://": side.adapter}
        )
        assert known(client.tenant.skew()) == 420.0
        client.close()


def test_sign_ins_show_the_method_and_only_of_those_asked_for() -> None:
    with graph_side.on_sandbox() as side:
        mara, chidi = side.person("mara.quist"), side.person("chidi.eze")
        since = side.clock.now()
        minted = side.graph.passes.create(mara, passes.Terms(60, one_time=False))
        for moment, code in ((1, 130503), (2, 0)):
            side.clock.wait(moment)
            user = side.sandbox.tenant.directory.users[mara]
            step = activity.Step(activity.TEMPORARY_ACCESS_PASS, succeeded=not code)
            device = graph_side.PERSON_ID.upper() if code else "00000000-0000-0000-0000-000000000000"
            attempt = activity.Attempt(
                user, "app", "Company Portal", (step,), error_code=code, device_id=device, operating_system="Ios 18.1"
            )
            activity.record_sign_in(side.sandbox.tenant, attempt)
        side.clock.wait(300)
        found = {person: known(fact) for person, fact in side.graph.activity.sign_ins([mara, chidi], since).items()}
        audits = known(side.graph.activity.pass_audits(since))
        later = known(side.graph.activity.pass_audits(side.clock.now()))
        issuer = side.sandbox.ready_line()["registrations"]["issuer"]["client_id"]
    assert found[chidi] == ()
    assert [(row.succeeded, row.error_code) for row in found[mara]] == [(True, 0), (False, 130503)]
    assert found[mara][0].methods == ("Temporary Access Pass",)
    assert [(row.device_id, row.operating_system) for row in found[mara]] == [
        ("", "Ios 18.1"),
        (graph_side.PERSON_ID.lower(), "Ios 18.1"),
    ]
    (audit,) = audits
    assert (audit.person_id, audit.made, audit.app_id, audit.pass_id) == (mara, True, issuer, minted.tenant_pass.id)
    assert later == ()


def test_a_log_without_its_licence_says_so(caplog: pytest.LogCaptureFixture) -> None:
    body = '{"error": {"code": "Authentication_RequestFromNonPremiumTenantOrB2CTenant", "message": "Neither tenant"}}'
    with graph_side.connected(graph_side.OddTenant(lambda *_: graph_side.Reply(body, 403))) as side:
        fact = side.graph.activity.pass_audits(side.clock.now())
    assert isinstance(fact, facts.NotChecked)
    assert "Microsoft Entra ID P1" in fact.reason
    assert not caplog.records


def test_rows_and_members_that_are_not_as_documented_are_skipped_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    whole = {
        "id": "a",
        "userId": graph_side.PERSON_ID,
        "createdDateTime": "2026-11-23T09:30:00Z",
        "status": {"errorCode": 0},
    }
    details = [
        {"authenticationMethod": 7, "succeeded": True},
        "text",
        {"authenticationMethod": "New one", "succeeded": True},
    ]
    rows = [
        {},
        7,
        whole | {"createdDateTime": "soon"},
        whole | {"status": None},
        whole | {"authenticationDetails": details},
    ]
    body = json.dumps({"value": rows})
    with graph_side.connected(graph_side.OddTenant(lambda *_: graph_side.Reply(body))) as side:
        found = known(side.graph.activity.sign_ins([graph_side.PERSON_ID], side.clock.now())[graph_side.PERSON_ID])
    (row,) = found
    assert (row.succeeded, row.methods) == (True, ("New one",))
    assert [record.args[0] for record in caplog.records if isinstance(record.args, tuple)] == [1, 3]


def test_a_registration_with_a_certificate_gets_a_token(tmp_path: Path) -> None:
    file = tmp_path / "watcher.pem"
    certificate = graph_side.self_signed(file, passphrase=b"open sesame")
    with graph_side.on_sandbox(at=datetime.now(UTC)) as side:
        registrations = side.sandbox.tenant.directory.registrations.values()
        watcher = next(each for each in registrations if each.name == "watcher")
        watcher.certificate = certificate
        credential = graph.Credential(watcher.app_id, certificate_file=str(file), passphrase=Secret("open sesame"))
        wrong = graph.Credential(watcher.app_id, certificate_file=str(file), passphrase=Secret("mellon"))
        given = graph_side.sandbox_connection(side.sandbox, watcher=credential, issuer=wrong)
        client = graph.connect(given, side.clock, graph_side.OrderedChance(), {"https://": side.adapter})
        assert known(client.tenant.token("watcher")) == watcher.app_id
        assert known(client.tenant.organisation()).name == "Tallis Harbour Ltd"
        assert isinstance(client.tenant.token("issuer"), facts.NotChecked)
        client.close()


@pytest.mark.parametrize(("expired", "said"), [(True, "AADSTS7000222"), (False, "AADSTS7000215")])
def test_a_secret_that_expired_or_is_wrong_is_told(expired: bool, said: str) -> None:
    with graph_side.on_sandbox() as side:
        registrations = side.sandbox.tenant.directory.registrations.values()
        issuer = next(each for each in registrations if each.name == "issuer")
        right = issuer.secret
        issuer.secret_expires = side.clock.now() if expired else None
        issuer.secret = right if expired else "another"
        fact = side.graph.tenant.token("issuer")
        with pytest.raises(errors.Misconfigured, match=said):
            side.graph.passes.create(side.person("mara.quist"), passes.Terms(60, one_time=False))
        issuer.secret, issuer.secret_expires = right, None
        assert known(side.graph.tenant.token("issuer")) == issuer.app_id
    assert isinstance(fact, facts.NotChecked)
    assert said in fact.reason
