"""The seed: one chance gives one tenant, a wrong seed is refused with its key, and the company is complete."""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from agent.sandbox import records, seed, seed_reading, tenant
from agent.sandbox.areas import people, roles
from tests.contracts.sandbox_caller import Clock


def fresh(number: int = 1) -> tenant.Tenant:
    return tenant.Tenant(Clock(), random.Random(number))  # noqa: S311 - ids of a pretend tenant


def loaded(number: int = 1) -> tenant.Tenant:
    host = fresh(number)
    seed.load(host, seed.read())
    return host


def facts(host: tenant.Tenant) -> tuple[object, ...]:
    secrets = [(item.app_id, item.secret) for item in host.directory.registrations.values()]
    return host.id, list(host.directory.users), list(host.devices.autopilot), list(host.devices.apple), secrets


def test_the_same_chance_gives_the_same_tenant_and_another_chance_another() -> None:
    assert facts(loaded(1)) == facts(loaded(1))
    assert facts(loaded(1)) != facts(loaded(2))


def test_no_secret_stands_in_the_seed_or_shows_when_printed() -> None:
    host = loaded()
    text = str(seed.read())
    for registration in host.directory.registrations.values():
        assert registration.secret
        assert registration.secret not in text + repr(registration)
    assert {registration.name for registration in host.directory.registrations.values()} == {
        *("watcher", "issuer", "writer", "operators", "sender", "full", "bench-server")
    }


def test_loading_again_starts_from_nothing() -> None:
    host = loaded()
    before = len(host.directory.users)
    seed.load(host, seed.read())
    assert len(host.directory.users) == before


def user(host: tenant.Tenant, name: str) -> records.User:
    return people.find(host, f"{name}@tallisharbour.example")


def test_two_people_share_a_name_and_differ_in_department_and_office() -> None:
    host = loaded()
    names = Counter(item.display_name for item in host.directory.users.values())
    first, second = user(host, "alex.morgan"), user(host, "alex.morgan2")
    assert names["Alex Morgan"] == 2
    assert (first.department, first.office) != (second.department, second.office)


def test_an_external_guest_an_internal_guest_and_a_disabled_account_exist() -> None:
    host = loaded()
    guests = [item for item in host.directory.users.values() if item.user_type == "Guest"]
    assert [people.is_external_guest(item) for item in guests] == [False, True]
    assert [item.display_name for item in host.directory.users.values() if not item.enabled] == ["Victor Lamb"]


def test_administrators_hold_their_role_directly_by_group_or_only_on_request() -> None:
    host = loaded()
    assert [role.name for role in roles.held(host, user(host, "ines.okafor").id)] == ["Global Administrator"]
    assert [role.name for role in roles.held(host, user(host, "tomasz.brandt").id)] == ["Authentication Administrator"]
    priya = user(host, "priya.venkat").id
    assert roles.held(host, priya) == []
    assert [item.principal_id for item in roles.eligibilities(host)] == [priya]


def test_one_person_is_outside_the_pass_policy_and_one_is_excluded() -> None:
    host = loaded()
    policy = host.credentials.policy
    inside = {
        item.display_name
        for item in host.directory.users.values()
        if people.group_ids_of(host, item.id) & set(policy.include)
    }
    excluded = {
        item.display_name
        for item in host.directory.users.values()
        if people.group_ids_of(host, item.id) & set(policy.exclude)
    }
    everybody = {item.display_name for item in host.directory.users.values()}
    assert (everybody - inside, excluded) == ({"Peter Ashdown"}, {"Lena Novák"})
    assert (policy.minimum, policy.maximum, policy.default, policy.length) == (60, 480, 60, 8)


def test_somebody_has_a_passkey_and_somebody_only_a_push_authenticator() -> None:
    host = loaded()

    def kinds(name: str) -> dict[str, Any]:
        return {item.kind: item.created for item in host.credentials.methods[user(host, name).id]}

    assert "fido2" in kinds("nils.haugen")
    assert kinds("ruth.adeyemi")["microsoftAuthenticator"] is None
    assert set(kinds("mara.quist")) == {"password"}


def test_a_hello_key_of_the_seed_belongs_to_the_joined_laptop() -> None:
    host = loaded()
    methods = host.credentials.methods[user(host, "helen.strand").id]
    (key,) = [item for item in methods if item.kind == "windowsHelloForBusiness"]
    assert host.devices.entra[key.device_id or ""].display_name == "TH-HSTRAND"


def test_serial_numbers_are_letters_and_digits_and_every_kind_of_device_is_boxed() -> None:
    host = loaded()
    assert all(re.fullmatch(r"[A-Z0-9]+", serial) for serial in host.devices.boxed)
    kinds = Counter(box.kind for box in host.devices.boxed.values())
    assert set(kinds) == {"windows", "iphone", "ipad", "mac", "phone", "security-key", "browser"}
    assert Counter(item.serial for item in host.devices.autopilot.values())["5CG4TH207"] == 2


PERSON = "company: {name: N, domain: n.example, offices: [Quay]}\npeople: {ann: {name: Ann Lee%s}}\n"
ALONE = PERSON % ""


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("people: {}", "company.name: is missing."),
        (PERSON % ", office: Moon", "people.ann.office: 'Moon' is none of the company's offices."),
        (PERSON % ", mangaer: x", "people.ann.mangaer: is not known here; known are"),
        (PERSON % ", manager: zoe", "people.ann.manager: nothing in this seed is called 'zoe'."),
        (PERSON % ", staff_number: 7", "people.ann.staff_number: text was expected, not 7 (put it in quotes)."),
        (PERSON % ", hired: in 3 days ago", "people.ann.hired: 'in 3 days ago' is no time; write 'now'"),
        (PERSON % ", enabled: perhaps", "people.ann.enabled: true or false was expected, not 'perhaps'."),
        (PERSON % ", methods: [{kind: magic}]", "people.ann.methods[0].kind: 'magic' is none of email, external"),
        (PERSON % ", methods: [{kind: fido2, device: X1}]", "people.ann.methods[0].device: no enrolled device has"),
        (ALONE + "colour: red", "colour: is not known here"),
        (ALONE + "groups: {g: {name: G, members: [bob]}}", "groups.g.members: nothing in this seed is called"),
        (ALONE + "pass_policy: {minimum: 90}", "pass_policy.default: must lie between minimum and maximum"),
        (ALONE + "pass_policy: {length: 4}", "pass_policy.length: must lie between 8 and 48."),
        (
            ALONE + "autopilot: {devices: [{serial: A-1, model: M}]}",
            "autopilot.devices[0].serial: 'A-1' must be 4 to 20 letters and digits.",
        ),
        (
            ALONE + "autopilot: {devices: [{serial: A123, model: M, status: assignedInSync}]}",
            "autopilot.devices[0].profile: is missing",
        ),
        (
            ALONE + "apple: {tokens: {t: {name: T, apple_id: a, profiles: {p: {name: P, single_app_mode: true}}}}}",
            "apple.tokens.t.profiles.p.single_app_mode: needs the company_portal method and a vpp_token.",
        ),
        (ALONE + "people: {}", "line 3: the key 'people' is given twice."),
        ("- a list", "The seed must be a mapping"),
        ("a: [", "The seed is not YAML"),
    ],
)
def test_a_wrong_seed_is_refused_with_its_key_and_a_sentence(text: str, sentence: str) -> None:
    host = fresh()
    with pytest.raises(seed.SeedError) as refused:
        seed.load(host, seed_reading.parse(text))
    assert str(refused.value).startswith(sentence)
    assert not host.directory.users


def test_a_seed_file_is_read_from_its_path_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "seed.yaml"
    path.write_text(ALONE, encoding="utf-8")
    host = fresh()
    seed.load(host, seed.read(path))
    assert [item.upn for item in host.directory.users.values()] == ["ann@n.example"]
    with pytest.raises(seed.SeedError, match="cannot be read"):
        seed.read(tmp_path / "none.yaml")


def test_strengths_places_and_policies_of_a_seed_name_each_other_by_their_keys() -> None:
    data = seed.read()
    data["strengths"] = {"passes": {"name": "Passes", "combinations": ["temporaryAccessPassMultiUse"]}}
    data["named_locations"] = {"office": {"name": "Office", "ranges": ["203.0.113.0/24"], "trusted": True}}
    policy = {"name": "Passes at the office", "grants": ["passes"], "exclude_groups": ["leith"]}
    data["conditional_access"] = [{**policy, "locations": ["All"], "exclude_locations": ["office"]}]
    host = fresh()
    seed.load(host, data)
    (made,) = host.credentials.conditional_access.values()
    assert made.grants == [f"strength:{next(iter(host.credentials.strengths))}"]
    assert made.exclude_locations == list(host.credentials.named_locations)
    data["conditional_access"][0]["grants"] = ["passages"]
    with pytest.raises(seed.SeedError, match=r"conditional_access\[0\].grant: 'passages' is no grant"):
        seed.load(fresh(), data)
