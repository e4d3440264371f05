"""Every key of `tapslip.yaml` with its default and meaning, in the order of the file: the README's table.

Tests hold it against the declaration and the README against it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from agent.domain import hours
from agent.domain.people import Role
from agent.settings import Organisation, Site


class Row(NamedTuple):
    """One line of the README's table."""

    key: str
    default: str
    meaning: str


_REGISTRATION: Final = (
    "client_id and one of managed_identity (system or user), federated_token_file, certificate_file (PEM or PFX, with "
    "passphrase_file), secret_file and secret"
)
TABLE: Final = (
    Row("tenant", "sandbox", "sandbox, or the keys below for a real tenant"),
    Row("tenant.cloud", "global", "global, us_gov or us_gov_dod"),
    Row("tenant.tenant_id", "", "the tenant's id, a GUID"),
    Row("tenant.sign_in", "browser", "how operators sign in: browser, or device_code (which can be phished)"),
    Row("tenant.registrations.watcher", "", f"reads: {_REGISTRATION}"),
    Row("tenant.registrations.issuer", "", "makes and deletes passes: likewise"),
    Row(
        "tenant.registrations.writer",
        "none",
        "the pass policy in an administrator's name, later devices: likewise, but no managed identity",
    ),
    Row("tenant.registrations.operators", "none", "operators' sign-in: likewise, but no managed identity"),
    Row("tenant.registrations.sender", "none", "sends mail: likewise"),
    Row("state_dir", "per user", "folder of database, keys and the sandbox's ready line; owner-only when created"),
    Row("database_url", "SQLite in state_dir", "sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"),
    Row("keys_file", "keys.json in state_dir", "keys of audit and sessions; keep it out of the database's backups"),
    Row(
        "audit_anchor",
        "audit-anchors.jsonl in state_dir",
        "file that the audit is anchored in each hour; best where the database's administrators cannot write",
    ),
    Row("profiles_dir", "the shipped ten", "folder of profiles to use instead"),
    Row("public_url", "", "https address under which others reach the pages"),
    Row("tls.certificate_file", "local authority", "PEM certificate with its chain"),
    Row("tls.key_file", "local authority", "PEM private key of that certificate"),
    Row("proxy", "", "http address of the proxy to Microsoft; nothing is taken from other variables"),
    Row("organisation.name", Organisation().name, "the name that a device must show during set-up"),
    Row("organisation.support", Organisation().support, "whom to call, as printed on slips"),
    Row("sites.name", Site().name, "name of the site"),
    Row("sites.zone", Site().zone, "IANA time zone of the times on slips, such as Europe/Berlin"),
    Row("sites.languages", "en", "languages of slips, the first one that is there"),
    *(Row(f"roles.{role}", "nobody", f"Entra groups (object ids) whose members are {role}s") for role in Role),
    Row(
        "notice.from", "none", "user name of the mailbox that tells managers of passes (in a profile: notice: manager)"
    ),
    Row("notice.telephone", "", "the number that a manager may call about a notice"),
    Row("protected_groups", "none", "Entra groups (object ids) whose members get no pass"),
    Row(
        "issue_as",
        "operator; on the sandbox app",
        "operator: passes are made in the signed-in operator's own name, with their rights; app: in the issuer's",
    ),
    Row("guard_rails.starter", "false", "only in a profile: nobody who can sign in already"),
    Row("guard_rails.proof_of_identity", "false", "every pass needs a recorded proof of who the person is"),
    Row("guard_rails.person_present", "false", "every pass is handed over in person: no code is read out by telephone"),
    Row("guard_rails.approver", "false", "every pass needs the yes of an approver"),
    Row("guard_rails.names_lost_method", "false", "only in a profile: the lost method is named"),
    Row("guard_rails.proof_kinds", "all", "the proofs that count: photo-id, video-manager, call-back"),
    Row(
        "guard_rails.people", "everybody; on a real tenant nobody", "Entra groups (object ids) whose members get passes"
    ),
    Row("guard_rails.desk_number", "", "regular expression of the service desk's number that each pass must name"),
    Row("guard_rails.hours", "always", f"when passes may be made, in the site's time: {hours.EXAMPLE}"),
    Row("guard_rails.passes_an_hour", "no limit", "how many passes one operator may begin in an hour"),
    Row("guard_rails.ticket_days", "14", "how many days a ticket may be claimed, 14 at most"),
)
"""The settings table: key, default and meaning, in the order of the file. A test holds it against the declaration."""
