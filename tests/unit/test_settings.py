"""Settings from file, environment and options; every fault at once, and no secret in any message."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from agent import errors, settings, settings_file, settings_table
from agent.domain.secrets import Secret

REAL = """\
tenant:
  cloud: us_gov
  tenant_id: 0000AAAA-1111-2222-3333-44445555CCCC
  registrations:
    watcher: {client_id: 00001111-aaaa-2222-bbbb-3333cccc4444, secret_file: watcher.txt}
    issuer: {client_id: 11112222-bbbb-3333-cccc-4444dddd5555, certificate_file: issuer.pem, passphrase_file: pass.txt}
state_dir: state
organisation: {name: Contoso, support: +44 20 7946 0000}
sites:
  - {name: Leeds, zone: Europe/London, languages: [en, no]}
"""
HIDDEN_TEXT = "s3cret-Valu3"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a complete file for a real tenant and the files that it names."""
    (tmp_path / "tapslip.yaml").write_text(REAL, encoding="utf-8")
    (tmp_path / "watcher.txt").write_text(f"{HIDDEN_TEXT}\n", encoding="utf-8")
    (tmp_path / "pass.txt").write_text("pass phrase", encoding="utf-8")
    (tmp_path / "issuer.pem").write_text("certificate and key", encoding="utf-8")
    return tmp_path


def load(text: str, folder: Path, environ: Mapping[str, str] | None = None) -> settings.Settings:
    """The settings of a file with this text."""
    path = folder / "tapslip.yaml"
    path.write_text(text, encoding="utf-8")
    return settings.load(str(path), {"HOME": str(folder), **(environ or {})}, platform="linux")


def faults(text: str, folder: Path, environ: Mapping[str, str] | None = None) -> list[str]:
    """What is wrong with this text, without the folder's name."""
    with pytest.raises(errors.Misconfigured) as refusal:
        load(text, folder, environ)
    return [line.removeprefix(f"{folder}/") for line in refusal.value.advice.splitlines()[1:]]


@pytest.mark.parametrize(
    ("platform", "environ", "state_dir"),
    [
        ("linux", {"HOME": "/h/ada"}, "/h/ada/.local/state/tapslip"),
        ("linux", {"HOME": "/h/ada", "XDG_STATE_HOME": "/var/ada"}, "/var/ada/tapslip"),
        ("darwin", {"HOME": "/h/ada"}, "/h/ada/Library/Application Support/Tapslip"),
        ("win32", {"LOCALAPPDATA": "/c/ada/Local"}, "/c/ada/Local/Tapslip"),
        ("win32", {"USERPROFILE": "/c/ada"}, "/c/ada/AppData/Local/Tapslip"),
    ],
)
def test_without_a_file_everything_is_default_and_state_lies_with_the_user(
    platform: str, environ: dict[str, str], state_dir: str
) -> None:
    default = settings.load(None, environ, platform=platform)
    assert default == settings.Settings(
        state_dir=Path(state_dir),
        database_url=f"sqlite:///{state_dir}/tapslip.db",
        keys_file=Path(state_dir, "keys.json"),
        audit_anchor=Path(state_dir, "audit-anchors.jsonl"),
    )
    assert default.sandbox


def test_a_file_for_a_real_tenant_is_read_with_its_secrets(folder: Path) -> None:
    read = settings.load(str(folder / "tapslip.yaml"), {})
    assert read.tenant is not None
    assert read.tenant.cloud is settings.Cloud.US_GOV
    assert read.tenant.tenant_id == "0000aaaa-1111-2222-3333-44445555cccc"
    registrations = read.tenant.registrations
    assert registrations.watcher.secret == Secret(HIDDEN_TEXT)
    assert registrations.issuer.certificate_file == folder / "issuer.pem"
    assert registrations.issuer.passphrase == Secret("pass phrase")
    assert registrations.writer is None
    assert (read.state_dir, read.keys_file) == (folder / "state", folder / "state" / "keys.json")
    assert read.organisation == settings.Organisation("Contoso", "+44 20 7946 0000")
    assert read.sites == (settings.Site("Leeds", "Europe/London", ("en", "no")),)
    assert read.source == folder / "tapslip.yaml"
    assert HIDDEN_TEXT not in repr(read)


def test_a_registration_may_prove_itself_by_its_machine_or_by_a_token_of_its_platform(folder: Path) -> None:
    (folder / "token").write_text("a.b.c", encoding="utf-8")
    text = REAL.replace("secret_file: watcher.txt", "managed_identity: user")
    text = text.replace("certificate_file: issuer.pem, passphrase_file: pass.txt", "federated_token_file: token")
    read = load(text.replace("cloud: us_gov", "sign_in: device_code"), folder)
    assert read.tenant is not None
    assert read.tenant.sign_in == "device_code"
    assert read.tenant.registrations.watcher.managed_identity == "user"
    assert read.tenant.registrations.issuer.federated_token_file == folder / "token"
    by_default = load(REAL, folder).tenant
    assert by_default is not None
    assert by_default.sign_in == "browser"


def test_the_file_is_found_by_option_then_variable_then_current_folder(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other") / "other.yaml"
    other.write_text("organisation: {name: Other}\n", encoding="utf-8")
    environ = {"TAPSLIP_SETTINGS": str(other)}
    assert settings.load(str(folder / "tapslip.yaml"), environ).organisation.name == "Contoso"
    assert settings.load(None, environ).organisation.name == "Other"
    assert settings.load("~/tapslip.yaml", {"HOME": str(folder)}, platform="linux").organisation.name == "Contoso"


def test_a_variable_overrides_the_file_and_an_option_overrides_both(folder: Path) -> None:
    environ = {
        "TAPSLIP_STATE_DIR": "/from/variable",
        "TAPSLIP_ORGANISATION__NAME": "Fabrikam",
        "TAPSLIP_SITES__0__LANGUAGES": "de, en",
        "TAPSLIP_TENANT__CLOUD": "global",
    }
    read = settings.load(str(folder / "tapslip.yaml"), environ, overrides={"state_dir": "/from/option"})
    assert read.state_dir == Path("/from/option")
    assert read.organisation == settings.Organisation("Fabrikam", "+44 20 7946 0000")
    assert read.sites == (settings.Site("Leeds", "Europe/London", ("de", "en")),)
    assert read.tenant is not None
    assert read.tenant.cloud is settings.Cloud.GLOBAL


def test_roles_are_groups_by_id_and_passes_are_made_in_the_operators_name_on_a_real_tenant(folder: Path) -> None:
    first, second = "0000AAAA-1111-2222-3333-44445555CCCC", "11112222-bbbb-3333-cccc-4444dddd5555"
    text = f"{REAL}roles: {{technician: [{first}, {second}], admin: [{second}]}}\nprotected_groups: [{first}]\n"
    read = load(text, folder, {"TAPSLIP_ROLES__LEAD": f"{first}, {second}"})
    assert read.roles == settings.Roles(
        technician=frozenset({first.lower(), second}),
        lead=frozenset({first.lower(), second}),
        admin=frozenset({second}),
    )
    assert read.roles.every_group == {first.lower(), second}
    assert read.protected_groups == {first.lower()}
    assert read.issue_as is settings.IssueAs.OPERATOR
    by_app = load(f"{text}issue_as: app\n", folder)
    assert by_app.issue_as is settings.IssueAs.APP
    assert by_app.operators_sign_in
    assert not load("tenant: sandbox\n", folder).operators_sign_in
    assert load("issue_as: operator\n", folder).operators_sign_in


def test_a_variable_turns_a_real_tenant_into_the_sandbox(folder: Path) -> None:
    assert settings.load(str(folder / "tapslip.yaml"), {"TAPSLIP_TENANT": "sandbox"}).sandbox


def test_a_real_tenant_can_come_from_variables_alone(tmp_path: Path) -> None:
    guid = "00001111-aaaa-2222-bbbb-3333cccc4444"
    names = {"TENANT_ID": guid, "REGISTRATIONS__WATCHER__CLIENT_ID": guid, "REGISTRATIONS__ISSUER__CLIENT_ID": guid}
    names |= {"REGISTRATIONS__WATCHER__SECRET": "one", "REGISTRATIONS__ISSUER__SECRET": "two"}
    read = load("tenant: sandbox\n", tmp_path, {f"TAPSLIP_TENANT__{name}": text for name, text in names.items()})
    assert read.tenant is not None
    assert read.tenant.registrations.issuer == settings.Registration(guid, Secret("two"))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("state_dri: x", "1: state_dri: there is no such key; did you mean “state_dir”?"),
        ("state_dir: x\nstate_dir: y", "2: state_dir: stands here twice, first at line 1; keep one of them"),
        ("state_dir: &a x", "1: state_dir: anchors and aliases (& and *) are not allowed; write the value out"),
        ("state_dir: 7", "1: state_dir: must be text (put it in quotes if it looks like a number)"),
        ("state_dir: ''", "1: state_dir: must not be empty"),
        ("tenant: production", "1: tenant: must be one of sandbox"),
        (
            "sites:\n  - {zone: Mars/Olympus}",
            "2: sites.0.zone: is not a time zone; use an IANA name such as Europe/Berlin",
        ),
        ("sites:\n  - {languages: [English]}", "2: sites.0.languages.0: must be a language such as en or pt-BR"),
        ("sites: [{name: A}, {name: B}]", "1: sites: may have one element only in this version"),
        ("sites: [{wifi: x}]", "1: sites.0.wifi: is not available in this version; take it out"),
        ("retention_days: 30", "1: retention_days: is not available in this version; take it out"),
        ("limits:\n  hourly: 1", "1: limits: is not available in this version; take it out"),
        ("issue_as: operators", "1: issue_as: must be one of operator, app; did you mean “operator”?"),
        ("roles:\n  lead: [x]", "2: roles.lead.0: must be a GUID such as 00001111-aaaa-2222-bbbb-3333cccc4444"),
        ("roles:\n  leader: []", "2: roles.leader: there is no such key; did you mean “lead”?"),
        ("roles: {lead: []}", "1: roles.lead: must not be empty"),
        ("protected_groups: [Board]", "1: protected_groups.0: must be a GUID"),
        ("public_url: http://x.example", "1: public_url: must be an https address without a path"),
        ("database_url: mysql://x", "1: database_url: must begin with sqlite:/// or postgresql://"),
        ("proxy: proxy:8080", "1: proxy: must be an http address such as http://proxy.example.com:8080"),
        ("tls: {certificate_file: c.pem}", "1: tls.key_file: is missing"),
    ],
)
def test_one_thing_wrong_is_told_with_its_line_and_key(tmp_path: Path, text: str, fault: str) -> None:
    (found,) = faults(text, tmp_path)
    assert found.startswith(f"tapslip.yaml:{fault}")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("us_gov", "china", "2: tenant.cloud: Microsoft's cloud in China (21Vianet) has no Temporary Access Pass"),
        ("us_gov", "us-gov", "2: tenant.cloud: must be one of global, us_gov, us_gov_dod; did you mean “us_gov”?"),
        ("0000AAAA-", "", "3: tenant.tenant_id: must be a GUID such as"),
        ("watcher.txt", "gone.txt", "5: tenant.registrations.watcher.secret_file: the file"),
        (", secret_file: watcher.txt", "", "5: tenant.registrations.watcher: must have exactly one of"),
        (
            "secret_file: watcher.txt",
            "secret: a, certificate_file: issuer.pem",
            "5: tenant.registrations.watcher: must",
        ),
        ("issuer.pem,", "gone.pem,", "6: tenant.registrations.issuer.certificate_file: there is no file"),
        ("    issuer:", "    isuer:", "6: tenant.registrations.isuer: there is no such key; did you mean “issuer”?"),
        (
            "secret_file: watcher.txt",
            "managed_identity: yes",
            "5: tenant.registrations.watcher.managed_identity: must be one of system, user",
        ),
        (
            "secret_file: watcher.txt",
            "federated_token_file: gone.txt",
            "5: tenant.registrations.watcher.federated_token_file: there is no file",
        ),
        (
            "secret_file: watcher.txt",
            "managed_identity: system, federated_token_file: watcher.txt",
            "5: tenant.registrations.watcher: must have exactly one of",
        ),
        (
            "    issuer:",
            "    operators: {client_id: 00001111-aaaa-2222-bbbb-3333cccc4444, managed_identity: user}\n    issuer:",
            "6: tenant.registrations.operators: cannot be a managed identity",
        ),
        ("cloud: us_gov", "sign_in: email", "2: tenant.sign_in: must be one of browser, device_code"),
    ],
)
def test_a_wrong_tenant_is_told_with_its_line_and_key(folder: Path, old: str, new: str, fault: str) -> None:
    found = faults(REAL.replace(old, new, 1), folder)
    assert any(one.startswith(f"tapslip.yaml:{fault}") for one in found), found


def test_faults_of_file_and_environment_come_at_once_and_name_their_place(tmp_path: Path) -> None:
    environ = {"TAPSLIP_STATEDIR": "x", "TAPSLIP_SITES__0__ZONE": "Nowhere", "PATH": "z"}
    assert sorted(faults("organisation: {nam: x}\n", tmp_path, environ)) == [
        "environment: TAPSLIP_SITES__0__ZONE: is not a time zone; use an IANA name such as Europe/Berlin",
        "environment: TAPSLIP_STATEDIR: there is no such key; did you mean “state_dir”?",
        "tapslip.yaml:1: organisation.nam: there is no such key; did you mean “name”?",
    ]


@pytest.mark.parametrize("held", ["", "\n", "one\ntwo\n"])
def test_a_secret_file_holds_one_line(folder: Path, held: str) -> None:
    (folder / "watcher.txt").write_text(held, encoding="utf-8")
    (found,) = faults(REAL, folder)
    assert "must hold one line, the secret" in found


@pytest.mark.parametrize(
    "text",
    [
        REAL.replace("secret_file: watcher.txt", f"secret: {HIDDEN_TEXT}, nonsense: 1"),
        REAL.replace("secret_file: watcher.txt", f"secret: [{HIDDEN_TEXT}]"),
        REAL.replace("secret_file: watcher.txt", f"secret: {{a: {HIDDEN_TEXT}}}"),
        f"proxy: '{HIDDEN_TEXT}'",
        f"database_url: 'oracle://ada:{HIDDEN_TEXT}@db/x'",
        f"tenant: {HIDDEN_TEXT}",
    ],
)
def test_no_message_quotes_a_value(folder: Path, text: str) -> None:
    with pytest.raises(errors.Misconfigured) as refusal:
        load(text, folder)
    assert HIDDEN_TEXT not in f"{refusal.value} {refusal.value.advice} {refusal.value.__cause__!r}"


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_database_is_named_as_the_store_names_it(tmp_path: Path, scheme: str) -> None:
    url = f"{scheme}://ada@db.example/tapslip"
    assert load(f"database_url: {url}\n", tmp_path).database_url == url


def test_addresses_with_passwords_are_not_in_repr(tmp_path: Path) -> None:
    text = f"proxy: http://ada:{HIDDEN_TEXT}@proxy.example:8080\n"
    text += f"database_url: postgresql+psycopg://ada:{HIDDEN_TEXT}@db.example/tapslip\n"
    read = load(text, tmp_path)
    assert HIDDEN_TEXT in read.proxy
    assert HIDDEN_TEXT in read.database_url
    assert HIDDEN_TEXT not in repr(read)


def test_a_certificate_of_your_own_is_two_files_that_are_there(folder: Path) -> None:
    read = load("tls: {certificate_file: issuer.pem, key_file: pass.txt}\n", folder)
    assert read.tls == settings.Tls(folder / "issuer.pem", folder / "pass.txt")
    (found,) = faults("tls: {certificate_file: issuer.pem, key_file: gone.pem}\n", folder)
    assert found.startswith("tapslip.yaml:1: tls.key_file: there is no file")


def test_a_file_that_is_named_but_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.Misconfigured, match="settings cannot be used") as refusal:
        settings.load(str(tmp_path / "absent.yaml"), {})
    assert "absent.yaml: cannot be read: No such file or directory" in refusal.value.advice


def leaves(shape: typing.Any, above: str = "") -> Iterator[str]:
    """The keys below a shape, down to a registration, whose own keys the table tells in its meaning."""
    if dataclasses.is_dataclass(shape):
        yield from (f"{above}{field.name}" for field in dataclasses.fields(shape))
        return
    for name, field in shape.model_fields.items():
        key = f"{above}{getattr(field, 'alias', None) or name}"
        below = [found for found in shapes_in(field.annotation) if found is not settings_file.RegistrationShape]
        for found in below:
            yield from leaves(found, f"{key}.")
        if not below:
            yield key


def shapes_in(annotation: typing.Any) -> Iterator[typing.Any]:
    """The shapes that a type names, inside lists and alternatives too."""
    if isinstance(annotation, type) and (hasattr(annotation, "model_fields") or dataclasses.is_dataclass(annotation)):
        yield annotation
    for inner in typing.get_args(annotation):
        yield from shapes_in(inner)


def test_the_settings_table_has_every_key_and_no_other() -> None:
    told = [row.key for row in settings_table.TABLE]
    assert sorted(told) == sorted([*leaves(settings_file.SettingsShape), "tenant"])
    assert all(row.meaning for row in settings_table.TABLE)


def test_a_list_from_variables_has_no_gaps(tmp_path: Path) -> None:
    found = faults("{}\n", tmp_path, {"TAPSLIP_SITES__3__NAME": "x"})
    assert "environment: TAPSLIP_SITES__3__NAME: there is no such key" in found


def test_whom_managers_may_call_is_read_and_a_mailbox_that_is_none_is_refused(tmp_path: Path) -> None:
    text = 'notice: {from: it@contoso.example, telephone: "+44 20 7946 0000"}\n'
    assert load(text, tmp_path).notice == settings.Notices("it@contoso.example", "+44 20 7946 0000")
    assert load("{}", tmp_path).notice is None
    read = load(text, tmp_path, {"TAPSLIP_NOTICE__FROM": "desk@contoso.example"})
    assert read.notice == settings.Notices("desk@contoso.example", "+44 20 7946 0000")
    [wrong] = faults('notice: {from: me, telephone: "1"}\n', tmp_path)
    assert "notice.from: must be the address of a mailbox" in wrong
    assert "notice.telephone: is missing" in faults("notice: {from: it@contoso.example}\n", tmp_path)[0]


def test_guard_rails_are_read_from_file_and_variables(tmp_path: Path) -> None:
    text = "guard_rails:\n  hours: Mon-Fri 07:00-19:00\n  people: [AAAA1111-aaaa-2222-bbbb-3333cccc4444]\n"
    rails = load(text, tmp_path, {"TAPSLIP_GUARD_RAILS__PASSES_AN_HOUR": "30"}).guard_rails
    assert (rails.hours, rails.passes_an_hour, rails.approver) == ("Mon-Fri 07:00-19:00", 30, False)
    assert rails.people == ("AAAA1111-aaaa-2222-bbbb-3333cccc4444",)


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("hours: always", "guard_rails.hours: must be written like Mon-Fri 07:00-19:00, Sat 08:00-12:00"),
        ("hours: Fri-Mon 07:00-19:00", "guard_rails.hours: must go forward"),
        ("people: [Starters]", "guard_rails.people: must be object ids (GUIDs) of groups"),
        ("desk_number: INC(", "guard_rails.desk_number: is not a regular expression"),
        ("passes_an_hour: 0", "guard_rails.passes_an_hour: must be 1 or more"),
        ("proof_kinds: [photo-id]", "guard_rails.proof_kinds: means nothing without proof_of_identity"),
        ("proof_kinds: [badge]", "guard_rails.proof_kinds"),
        ("starter: true", "guard_rails.starter: belongs in a profile"),
        ("approval: true", "guard_rails.approval: there is no such key"),
    ],
)
def test_a_guard_rail_that_cannot_be_meant_is_refused_at_load(said: str, fault: str, tmp_path: Path) -> None:
    assert any(fault in line for line in faults(f"guard_rails:\n  {said}\n", tmp_path))
