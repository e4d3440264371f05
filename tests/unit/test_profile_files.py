"""Profile files: the ten that are shipped, and every way in which one can be wrong."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from agent import errors, profile_files
from agent.domain.devices import AppleSignIn, DeviceKind
from agent.domain.people import MethodKind
from agent.domain.profiles import Milestone, Profile, SecondTime

GOOD = """\
name: windows-spare
title: Spare PC
device: windows
terms:
  one_time: false
  lifetime:
    - {minutes: enrolment_status_page_timeout, needed_for: the status page}
    - {minutes: 40, needed_for: quality updates, when: quality_updates}
second_time: kept_slip
sign_ins: 2
done: [hello_set_up]
registers: [hello]
slip:
  heading: Set up the spare PC
  keep_until_step: 1
  steps:
    - {text: Type the code., use: code}
"""
SHIPPED = {
    *("windows-autopilot", "windows-device-preparation", "windows-pre-provisioned", "windows-joined"),
    *("ios-company-portal", "ios-setup-assistant", "mac-platform-sso"),
    *("phone-authenticator", "security-key", "account-recovery"),
}


def written(folder: Path, text: str | bytes, name: str = "windows-spare") -> Path:
    """A profile file with this text."""
    path = folder / f"{name}.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def faults(folder: Path, text: str | bytes) -> list[str]:
    """What is wrong with this text, without the folder's name."""
    return [fault.removeprefix(f"{folder}/") for fault in profile_files.check([written(folder, text)])]


@pytest.fixture(scope="module")
def shipped() -> dict[str, Profile]:
    """The ten."""
    return profile_files.load_all()


def test_ten_profiles_are_shipped(shipped: dict[str, Profile]) -> None:
    assert set(shipped) == SHIPPED


@pytest.mark.parametrize(
    ("name", "done"),
    [
        ("windows-autopilot", {Milestone.HELLO_SET_UP, Milestone.USER_BOUND}),
        ("windows-device-preparation", {Milestone.HELLO_SET_UP, Milestone.USER_BOUND}),
        ("windows-pre-provisioned", {Milestone.HELLO_SET_UP, Milestone.USER_BOUND}),
        ("windows-joined", {Milestone.HELLO_SET_UP}),
        (
            "ios-company-portal",
            {Milestone.USER_BOUND, Milestone.ENTRA_REGISTERED, Milestone.STRONG_METHOD_SET_UP},
        ),
        ("ios-setup-assistant", {Milestone.ENTRA_REGISTERED, Milestone.STRONG_METHOD_SET_UP}),
        ("mac-platform-sso", {Milestone.PLATFORM_CREDENTIAL_SET_UP, Milestone.USER_BOUND}),
        ("phone-authenticator", {Milestone.AUTHENTICATOR_SET_UP}),
        ("security-key", {Milestone.PASSKEY_SET_UP}),
        ("account-recovery", {Milestone.STRONG_METHOD_SET_UP, Milestone.OLD_METHOD_GONE, Milestone.PASS_GONE}),
    ],
)
def test_a_shipped_journey_ends_with_its_milestones(
    shipped: dict[str, Profile], name: str, done: set[Milestone]
) -> None:
    assert shipped[name].done == done


def test_the_code_is_at_hand_a_second_time_as_practised(shipped: dict[str, Profile]) -> None:
    by_way = {way: {p.name for p in shipped.values() if p.second_time is way} for way in SecondTime}
    assert by_way[SecondTime.HOLD] == {"ios-company-portal"}
    assert by_way[SecondTime.NONE] == {"phone-authenticator", "security-key", "account-recovery"}
    assert not by_way[SecondTime.SECOND_CLAIM]
    assert all(shipped[name].terms.one_time for name in by_way[SecondTime.NONE])


def test_guard_rails_stand_where_practice_wants_them(shipped: dict[str, Profile]) -> None:
    starters = {p.name for p in shipped.values() if p.guard_rails.starter}
    assert starters == {
        *("windows-autopilot", "windows-device-preparation", "windows-pre-provisioned"),
        *("ios-company-portal", "ios-setup-assistant", "mac-platform-sso"),
    }
    present = {p.name for p in shipped.values() if p.guard_rails.person_present}
    assert present == {"phone-authenticator", "security-key"}
    recovery = shipped["account-recovery"].guard_rails
    assert recovery.proof_of_identity
    assert recovery.approver
    assert recovery.names_lost_method


def test_a_profile_whose_proof_is_missing_says_so_in_a_sentence(shipped: dict[str, Profile]) -> None:
    usable = {p.name for p in shipped.values() if not p.proof_missing}
    assert usable == {
        *("windows-autopilot", "ios-company-portal", "ios-setup-assistant", "account-recovery"),
        *("phone-authenticator", "security-key", "mac-platform-sso"),
    }
    assert all(re.fullmatch(r"[A-Z].{30,}\.", p.proof_missing) for p in shipped.values() if p.proof_missing)


def test_apple_journeys_fit_one_way_of_signing_in(shipped: dict[str, Profile]) -> None:
    assert {p.name: p.apple_sign_in for p in shipped.values() if p.device is DeviceKind.APPLE} == {
        "ios-company-portal": AppleSignIn.COMPANY_PORTAL,
        "ios-setup-assistant": AppleSignIn.SETUP_ASSISTANT,
        "mac-platform-sso": AppleSignIn.SETUP_ASSISTANT,
    }
    assert {p.name for p in shipped.values() if p.single_app_mode} == {"ios-company-portal"}


def test_a_journey_registers_strong_kinds_only(shipped: dict[str, Profile]) -> None:
    strong = {MethodKind.HELLO, MethodKind.PASSKEY, MethodKind.PLATFORM_CREDENTIAL, MethodKind.AUTHENTICATOR}
    assert all(p.registers and p.registers <= strong for p in shipped.values())


def test_every_slip_has_short_full_sentences_and_says_where_the_code_is_typed(shipped: dict[str, Profile]) -> None:
    for profile in shipped.values():
        texts = [step.text for step in profile.slip.steps]
        assert max(map(len, texts)) <= 110, profile.name
        assert all(re.search(r"[.?]$", text) for text in texts), profile.name
        assert any(step.use == "code" for step in profile.slip.steps), profile.name
        code_steps = [place for place, step in enumerate(profile.slip.steps, 1) if step.use == "code"]
        assert profile.slip.keep_until_step > max(code_steps), profile.name


def test_a_digest_is_the_sha256_of_the_files_bytes(tmp_path: Path) -> None:
    profile = profile_files.read(written(tmp_path, GOOD))
    assert profile.digest == hashlib.sha256(GOOD.encode()).hexdigest()
    assert profile_files.load_all(tmp_path) == {"windows-spare": profile}


def test_the_schema_in_the_folder_is_the_declarations() -> None:
    path = profile_files.shipped() / profile_files.SCHEMA_NAME
    assert json.loads(path.read_text(encoding="utf-8")) == profile_files.json_schema(), (
        "write agent.profile_files.json_schema() to the file again"
    )


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("sign_ins: 2", "sign_ins: 2\nsign_inns: 2", "11: sign_inns: there is no such key; did you mean “sign_ins”?"),
        ("sign_ins: 2", "sign_ins: yes", "10: sign_ins: must be a whole number"),
        ("sign_ins: 2", "sign_ins:", "10: sign_ins: has no value"),
        ("sign_ins: 2\n", "", "1: sign_ins: is missing"),
        ("one_time: false", "one_time: no", "5: terms.one_time: must be true or false"),
        ("one_time: false", "one_time: true", "5: terms.one_time: a one-time pass cannot serve 2 sign-ins"),
        ("kept_slip", "none", "9: second_time: the code is needed twice, so say how it is at hand the second time"),
        (
            "kept_slip",
            "keptslip",
            "9: second_time: must be one of kept_slip, hold, second_claim, none; did you mean “kept_slip”?",
        ),
        ("when: quality", "whenn: quality", "8: terms.lifetime.1.whenn: there is no such key; did you mean “when”?"),
        (
            "minutes: 40",
            "minutes: policy_minimun",
            "8: terms.lifetime.1.minutes: must be a whole number or must be one of enrolment_status_page_timeout",
        ),
        ("minutes: 40", "minutes: -1", "8: terms.lifetime.1.minutes: must be 1 to 43200 minutes"),
        ("[hello_set_up]", "hello_set_up", "11: done: must be a list"),
        ("[hello_set_up]", "[]", "11: done: name the milestones that end this journey"),
        ("use: code", "use: cod", "17: slip.steps.0.use: must be one of user_name, code, wait; did you mean “code”?"),
        ("step: 1", "step: 2", "15: slip.keep_until_step: must be a step from 1 to 1"),
        ("title: Spare PC", "title: 7", "2: title: must be text (put it in quotes if it looks like a number)"),
        ("title: Spare PC", "title: ' '", "2: title: must not be empty"),
        ("name: windows-spare", "name: other", "1: name: must be windows-spare, as the file is called"),
        (
            "title: Spare PC",
            "title: Spare PC\ntitle: B",
            "3: title: stands here twice, first at line 2; keep one of them",
        ),
        (
            "title: Spare PC",
            'title: "A\\u202eB"',
            "2: title: holds an invisible character; type the text again",
        ),
        ("title: Spare PC", "title: Spare PC\ndigest: x", "3: digest: there is no such key"),
        ("slip:\n", "slip:\n  start_page: aka.ms/x\n", "14: slip.start_page: must be a full https address"),
    ],
)
def test_one_thing_wrong_is_told_with_its_line_and_key(tmp_path: Path, old: str, new: str, fault: str) -> None:
    (found,) = faults(tmp_path, GOOD.replace(old, new, 1))
    assert found.startswith(f"windows-spare.yaml:{fault}")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b"", ":1: the file is empty"),
        (b"# only a comment\n", "the file is empty"),
        (b"- a\n- b\n", ":1: must be a mapping of keys to values"),
        (b"just text", ":1: must be a mapping of keys to values"),
        (b"name: x\ntitle: \xff\xfe\n", ":2: is not UTF-8 text; save the file as UTF-8"),
        (b"name: [a, b\ntitle: x\n", "is not YAML: "),
        (b"name: x\n\ttitle: y\n", "is not YAML: "),
        (b"name: \x07\n", "is not YAML: "),
        (b"name: &a x\ntitle: *a\n", ":1: name: anchors and aliases (& and *) are not allowed; write the value out"),
        (b"name: !!python/name:os.system x\n", ":1: name: tags (!) are not allowed; write the plain value"),
        (b'"a\\u202eb": x\n', ":1: a key holds an invisible character"),
        (b"? [a]\n: b\n", ":1: a key must be plain text"),
        (b"name: x\n---\nname: y\n", "holds more than one document"),
        (b"a: " + b"[" * 5000 + b"]" * 5000, "is nested more than 12 levels deep"),
        (b"# " + b"x" * 65_536, "is larger than 64 KB"),
    ],
)
def test_a_file_that_is_no_profile_at_all_is_told_in_a_sentence(tmp_path: Path, text: bytes, fault: str) -> None:
    found = faults(tmp_path, text)
    assert len([one for one in found if fault in one]) == 1, found


def test_a_file_that_is_not_there_is_told_too(tmp_path: Path) -> None:
    (found,) = profile_files.check([tmp_path / "absent.yaml"])
    assert found.endswith("absent.yaml: cannot be read: No such file or directory")


def test_all_faults_of_all_files_come_at_once(tmp_path: Path) -> None:
    written(tmp_path, GOOD.replace("sign_ins: 2", "sign_ins: two").replace("device: windows", "device: win"))
    written(tmp_path, "name: [", "broken")
    with pytest.raises(errors.Misconfigured) as refusal:
        profile_files.load_all(tmp_path)
    lines = refusal.value.advice.splitlines()[1:]
    assert refusal.value.summary == "3 faults in the profiles."
    assert [line.removeprefix(f"{tmp_path}/").split(": ")[0] for line in lines] == [
        *("broken.yaml:2", "windows-spare.yaml:3", "windows-spare.yaml:10"),
    ]


def test_an_empty_folder_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(errors.Misconfigured) as refusal:
        profile_files.load_all(tmp_path)
    assert "profiles_dir" in refusal.value.advice


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ("[badge]", "second_facts"),
        ("[]", "name technician, pin or manager"),
        ("[staff_number, asset_tag]", "never the only one"),
        ("[pin, pin]", "names a fact twice"),
    ],
)
def test_second_facts_that_cannot_be_meant_are_refused_with_their_line(tmp_path: Path, facts: str, said: str) -> None:
    (fault,) = faults(tmp_path, GOOD.replace("slip:\n", f"second_facts: {facts}\nslip:\n"))
    assert fault.startswith("windows-spare.yaml:13: second_facts"), fault
    assert said in fault


@pytest.mark.parametrize("days", [0, 15])
def test_a_ticket_of_no_day_or_of_more_than_fourteen_is_refused(tmp_path: Path, days: int) -> None:
    (fault,) = faults(tmp_path, GOOD.replace("slip:\n", f"guard_rails: {{ticket_days: {days}}}\nslip:\n"))
    assert "guard_rails.ticket_days: must be 1 to 14" in fault
