"""Is everything in order? One line for each thing, each with its remedy; what could not be looked at says so.

The first half needs no tenant (settings, profiles, store, keys, paper); the second asks the tenant itself.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from agent import errors
from agent.actions import audit
from agent.domain import passes, policy_changes, rights
from agent.domain.facts import Fact, Known, NotChecked
from agent.domain.milestones import CLOCK_SLACK
from agent.domain.people import Role
from agent.domain.profiles import Notice
from agent.ports import Agent, Tenant
from agent.settings import IssueAs
from agent.slips import slip, stocks

#: Registrations without which nothing works; the others only where the settings name them. The sandbox has four.
_REGISTRATIONS: Final = ("watcher", "issuer")
_OF_THE_SANDBOX: Final = (*_REGISTRATIONS, "writer", "operators", "sender")
#: A certificate is warned about this long before it ends: time to renew it calmly.
_CERTIFICATE_SOON: Final = timedelta(days=30)


class Health(StrEnum):
    """How a line stands, from best to worst."""

    OK = "ok"
    WARNING = "warning"
    NOT_CHECKED = "not checked"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at, what was found, and what to do."""

    name: str
    health: Health
    sentence: str
    remedy: str = ""


def examine(agent: Agent) -> tuple[Line, ...]:
    """Every line, in the order in which they should be mended. Raises nothing that a line can say."""
    lines: list[Line] = []
    for look in (_settings, _notices, _database, _keys_file, _audit, _fonts_and_paper, _printers, _certificates):
        lines.extend(_safely(look, agent))
    reached = tuple(_reach(agent))
    lines.extend(reached)
    there = all(line.health is Health.OK for line in reached)
    for look in (_tokens, _clock, _pass_policy, _exclusions, _profiles_under_the_policy, _rights, _roles):
        lines.extend(_safely(look, agent) if there else (_not_asked(look),))
    return tuple(lines)


def worst(lines: Iterable[Line]) -> Health:
    """How the whole stands: as its worst line."""
    order = list(Health)
    return max((line.health for line in lines), key=order.index, default=Health.OK)


def _not_asked(look: Callable[[Agent], Iterator[Line]]) -> Line:
    return Line(_name(look), Health.NOT_CHECKED, "nobody to ask: Microsoft is out of reach")


def _name(look: Callable[[Agent], Iterator[Line]]) -> str:
    return look.__name__.strip("_").replace("_", " ")


def _safely(look: Callable[[Agent], Iterator[Line]], agent: Agent) -> Iterator[Line]:
    name = _name(look)
    try:
        yield from look(agent)
    except errors.TenantUnreachable as away:
        yield Line(name, Health.NOT_CHECKED, away.summary, away.advice)
    except errors.AgentError as problem:
        yield Line(name, Health.FAILED, problem.summary, problem.advice)


def _settings(agent: Agent) -> Iterator[Line]:
    where = agent.settings.source or "no file: everything is default"
    tenant = "the sandbox" if agent.settings.sandbox else "a real tenant"
    yield Line("settings", Health.OK, f"{where}; tenant: {tenant}; state in {agent.settings.state_dir}")
    if not (agent.settings.sandbox or agent.settings.organisation.named):
        yield Line(
            "organisation",
            Health.WARNING,
            "no name is set: slips carry the tenant's own, and a device may show another during set-up",
            "Set organisation.name (and organisation.support) in the settings.",
        )
    yield Line("profiles", Health.OK, f"{len(agent.profiles)} profiles: {', '.join(sorted(agent.profiles))}")


def _notices(agent: Agent) -> Iterator[Line]:
    asking = sorted(name for name, profile in agent.profiles.items() if profile.notice is not Notice.NONE)
    real = agent.settings.tenant
    if not asking:
        return
    if agent.settings.notice is None or (real is not None and real.registrations.sender is None):
        said = f"{', '.join(asking)} want the manager told by mail, and nobody can send it: each pass will warn"
        yield Line("notices", Health.WARNING, said, "Set notice.from, notice.telephone, tenant.registrations.sender.")
    else:
        yield Line("notices", Health.OK, f"managers are told from {agent.settings.notice.mailbox}: {', '.join(asking)}")


def _database(agent: Agent) -> Iterator[Line]:
    at, newest = agent.store.revision()
    if at == newest:
        yield Line("database", Health.OK, f"at revision {at}")
    else:
        yield Line("database", Health.FAILED, f"at revision {at or 'none'}, not {newest}", "Run `tapslip migrate`.")


def _keys_file(agent: Agent) -> Iterator[Line]:
    path = agent.settings.keys_file
    mode = path.stat().st_mode if path.exists() else 0
    if not mode:
        yield Line("keys file", Health.FAILED, f"{path} is missing", "Put it back from its copy.")
    elif os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield Line("keys file", Health.FAILED, f"others can read {path}", f"chmod 600 {path}")
    else:
        yield Line("keys file", Health.OK, f"{path}, readable by its owner only; keep a copy apart from the database")


def _audit(agent: Agent) -> Iterator[Line]:
    found = audit.verify(agent.store)
    fault, rows = found.check.fault, found.check.rows
    if fault is not None:
        said = f"row {fault.row}: {fault.sentence}"
        yield Line("audit", Health.FAILED, said, "Find out who could write to the database.")
    elif found.unanchored:
        said = f"the chain of {rows} rows holds; whether its end was cut is not checked: {found.unanchored}"
        yield Line("audit", Health.WARNING, said, "Run `tapslip track --once`.")
    else:
        yield Line("audit", Health.OK, f"the chain of {rows} rows holds")


def _fonts_and_paper(agent: Agent) -> Iterator[Line]:
    now = agent.clock.now()
    site = agent.settings.sites[0]
    sample = slip.SlipContent(
        number="SAMPLE",
        variant=slip.TECHNICIAN,
        organisation=agent.settings.organisation.name,
        support=agent.settings.organisation.support,
        person_name="Sample Person",
        user_name="sample.person@example.org",
        distinguishing=(),
        device_label="Sample device",
        serial="SAMPLE1",
        journey_title="Sample",
        works_from=now,
        works_until=now + timedelta(hours=1),
        zone=site.zone,
        keep_until_step=1,
        steps=(slip.Step("Sample step.", "code"),),
        start_page="",
        watermark="",
    )
    for stock in stocks.known():
        slip.rehearse(sample, stock, site.languages[0], code_length=8)
    yield Line("fonts and paper", Health.OK, f"a sample slip was set on {', '.join(stocks.known())}, and thrown away")


def _printers(agent: Agent) -> Iterator[Line]:
    yield Line("printers", Health.OK, f"none set: slips are written as PDF files (for {agent.settings.sites[0].name})")


def _reach(agent: Agent) -> Iterator[Line]:
    """The sign-in service and Graph; Graph is asked only with a token, and a refusal is an answer too."""
    asked: tuple[tuple[str, Callable[[Tenant], object]], ...] = (
        ("sign-in service", lambda tenant: tenant.token("watcher")),
        ("Microsoft Graph", lambda tenant: tenant.skew()),
    )
    for name, ask in asked:
        try:
            ask(agent.tenant)
        except errors.TenantUnreachable as away:
            yield Line(name, Health.FAILED, away.summary, away.advice)
            return
        except errors.AgentError as refused:
            yield Line(name, Health.OK, f"answers, though with a refusal: {refused.summary}")
        else:
            yield Line(name, Health.OK, "answers")


def _tokens(agent: Agent) -> Iterator[Line]:
    for registration in _registrations(agent):
        fact = agent.tenant.token(registration)
        if isinstance(fact, Known):
            yield Line(f"registration {registration}", Health.OK, f"gets a token (client id {fact.value})")
        else:
            yield Line(
                f"registration {registration}",
                Health.FAILED,
                fact.reason,
                f"Check tenant.registrations.{registration} in the settings.",
            )


def _clock(agent: Agent) -> Iterator[Line]:
    fact = agent.tenant.skew()
    if isinstance(fact, NotChecked):
        yield _unchecked("clock", fact)
    elif abs(fact.value) > CLOCK_SLACK.total_seconds():
        yield Line(
            "clock",
            Health.FAILED,
            f"this machine's clock is {abs(fact.value):.0f} s {'ahead of' if fact.value > 0 else 'behind'} Microsoft's",
            "Set the clock; nothing is issued until it agrees within five minutes.",
        )
    else:
        yield Line("clock", Health.OK, f"within {abs(fact.value):.0f} s of Microsoft's")


def _pass_policy(agent: Agent) -> Iterator[Line]:
    fact = agent.tenant.policy()
    if isinstance(fact, NotChecked):
        yield _unchecked("pass policy", fact)
        return
    policy = fact.value
    said = " ".join(policy_changes.sentences(policy, agent.tenant.group_names(policy.named_groups)))
    if not policy.enabled:
        yield Line("pass policy", Health.FAILED, said, "An administrator: `tapslip policy set --on`.")
    elif not policy.include:
        remedy = "An administrator: `tapslip policy set --include GROUP_ID`."
        yield Line("pass policy", Health.WARNING, f"no group is included, so nobody is in scope. {said}", remedy)
    else:
        yield Line("pass policy", Health.OK, said)


def _exclusions(agent: Agent) -> Iterator[Line]:
    """Entra refuses a pass for whoever is excluded, even if our own rules or our host failed."""
    fact = agent.tenant.policy()
    if isinstance(fact, NotChecked):
        yield _unchecked("exclusions", fact)
    elif fact.value.exclude:
        groups = agent.tenant.group_names(fact.value.exclude)
        named = ", ".join(sorted(groups.get(group, group) for group in fact.value.exclude))
        yield Line("exclusions", Health.OK, f"Entra itself refuses passes for {named}; see that all administrators are")
    else:
        yield Line(
            "exclusions",
            Health.WARNING,
            "the pass policy excludes nobody: administrators are kept out by Tapslip's own rules alone",
            "Put administrators into a group, and exclude it: `tapslip policy set --exclude GROUP_ID`.",
        )


def _profiles_under_the_policy(agent: Agent) -> Iterator[Line]:
    fact, page = agent.tenant.policy(), agent.tenant.status_page()
    if isinstance(fact, NotChecked):
        yield _unchecked("profiles under the policy", fact)
        return
    known = page.value if isinstance(page, Known) else passes.StatusPage(quality_updates=True)
    effects = [policy_changes.effect(profile, fact.value, known) for _, profile in sorted(agent.profiles.items())]
    lost = [f"{effect.profile} ({effect.sentence})" for effect in effects if not effect.possible]
    if lost:
        remedy = "`tapslip policy show` says what each needs; an administrator: `tapslip policy set`."
        yield Line("profiles under the policy", Health.WARNING, f"not possible: {'; '.join(lost)}", remedy)
    else:
        yield Line("profiles under the policy", Health.OK, f"all {len(effects)} are possible")


def _rights(agent: Agent) -> Iterator[Line]:
    for registration in _registrations(agent):
        fact = _rights_of(agent, registration)
        if isinstance(fact, NotChecked):
            yield _unchecked(f"rights of {registration}", fact)
            continue
        yield from _judged(agent, rights.judge(registration, fact.value))


def _rights_of(agent: Agent, registration: str) -> Fact[frozenset[str]]:
    try:
        return agent.tenant.rights(registration)
    except errors.Misconfigured:
        return NotChecked("this registration gets no token")


def _judged(agent: Agent, found: rights.Rights) -> Iterator[Line]:
    name = f"rights of {found.registration}"
    if found.together:
        yield Line(
            name,
            Health.FAILED,
            f"it may make passes and also holds {', '.join(found.together)}: together they take over any account",
            "Take these permissions away in Entra, or use a registration of its own for them.",
        )
    for need in found.missing:
        by_itself = found.registration == "issuer" and agent.settings.issue_as is IssueAs.OPERATOR
        yield Line(
            name,
            Health.FAILED if found.registration == "issuer" and not by_itself else Health.WARNING,
            f"{need.permission} is missing: no {need.feature}" + (" but in operators' names" if by_itself else ""),
            "Grant it in the Entra admin centre › App registrations › API permissions, with admin consent.",
        )
    if found.broader and not found.together:
        yield Line(
            name,
            Health.WARNING,
            f"granted beyond need: {', '.join(found.broader)}",
            "Remove what nothing here needs; what was never granted cannot be stolen.",
        )
    if not (found.together or found.missing or found.broader):
        yield Line(name, Health.OK, f"{len(found.granted)} permissions, all needed")


def _roles(agent: Agent) -> Iterator[Line]:
    """Who may act here: a way to sign in, and groups that are there."""
    if not agent.settings.operators_sign_in:
        yield Line("roles", Health.OK, "played on the sandbox: `--as` chooses one")
        return
    roles, real = agent.settings.roles, agent.settings.tenant
    if real is not None and real.registrations.operators is None:
        remedy = "Name the registration operators in the settings; the README says how to make it."
        yield Line("roles", Health.WARNING, "nobody can sign in, so nothing can be issued", remedy)
    if not roles.technician | roles.lead:
        remedy = "Set roles.technician to the object ids of Entra groups."
        yield Line("roles", Health.WARNING, "no group holds the role technician or lead: nobody may issue", remedy)
    names = agent.tenant.group_names(roles.every_group)
    for role in Role:
        lost = sorted(roles.groups(role) - set(names))
        if lost:
            said = f"{role}: no group {', '.join(lost)} can be read in this tenant"
            yield Line("roles", Health.FAILED, said, f"Correct roles.{role} in the settings.")
        elif roles.groups(role):
            named = ", ".join(sorted(names[one] for one in roles.groups(role)))
            yield Line("roles", Health.OK, f"{role}: members of {named}")


def _certificates(agent: Agent) -> Iterator[Line]:
    for registration in _registrations(agent):
        ends = agent.tenant.certificate_ends(registration)
        if ends is None:
            continue
        left = ends - agent.clock.now()
        said = f"ends on {ends:%Y-%m-%d}"
        health = Health.OK if left > _CERTIFICATE_SOON else Health.WARNING if left > timedelta() else Health.FAILED
        remedy = "" if health is Health.OK else "Make a new one and upload it beside the old one before that day."
        yield Line(f"certificate of {registration}", health, said, remedy)


def _registrations(agent: Agent) -> tuple[str, ...]:
    """Those that are in use; the optional ones only where the settings name them."""
    real = agent.settings.tenant
    if real is None:
        return _OF_THE_SANDBOX
    named = real.registrations
    optional = (("writer", named.writer), ("operators", named.operators), ("sender", named.sender))
    return (*_REGISTRATIONS, *(name for name, held in optional if held is not None))


def _unchecked(name: str, fact: Fact[object]) -> Line:
    reason = fact.reason if isinstance(fact, NotChecked) else ""
    permission = fact.permission if isinstance(fact, NotChecked) else ""
    return Line(name, Health.NOT_CHECKED, reason, f"Grant {permission} to watcher." if permission else "")
