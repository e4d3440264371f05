"""Telling the person's manager by mail that a pass was made, where the profile says so: a second pair of eyes.

The message names who, why and when, the journey and a telephone number. It never has the code in it, and no link: what
asks people to click is what they must not trust. That it cannot be sent never undoes a pass; it is audited and told.
"""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo

from agent import errors
from agent.actions import audit, planning
from agent.domain import cases
from agent.domain.characters import shown
from agent.domain.facts import NotChecked
from agent.domain.journeys import Journey
from agent.domain.people import Addressee
from agent.domain.profiles import Notice
from agent.ports import Agent, AuditEntry, Letter
from agent.settings import Notices

_TEXT: Final = """\
Hello {greeting},

a Temporary Access Pass was made for {name} ({user_name}), whose manager you are in the directory. With it one signs in
for a short time, to set up a way to sign in without a password.

  Why      {why}
  By       {by}
  When     {when}
  Journey  {journeys}

If you did not expect this, call {telephone} at once and say the journey number.

This message has no code and no link in it. Nobody will ask you for a code; please do not pass this on.
"""


def tell(agent: Agent, plan: planning.Plan) -> tuple[cases.Finding, ...]:
    """Send the notice that a kit's profiles ask for; a warning when it could not be sent, else nothing."""
    if not any(sheet.journey.profile in _asking(agent) for sheet in plan.sheets):
        return ()
    to = ""
    try:
        chosen = _chosen(agent)
        manager = _manager(agent, plan)
        to = manager.address
        reference = agent.mail.send(_letter(agent, plan, chosen, manager))
    except errors.AgentError as problem:
        outcome = "unknown" if isinstance(problem, errors.OutcomeUnknown) else "not sent"
        _record(agent, plan, outcome, audit.told(to=to, why=problem.summary, reference=problem.reference))
        return (_warning(problem),)
    _record(agent, plan, "sent", audit.told(to=to, reference=reference))
    return ()


def _asking(agent: Agent) -> frozenset[str]:
    return frozenset(name for name, profile in agent.profiles.items() if profile.notice is Notice.MANAGER)


def _chosen(agent: Agent) -> Notices:
    if agent.settings.notice is None:
        raise errors.Misconfigured(
            "The profile wants the manager told by mail, and no mailbox is set.",
            "Set notice.from and notice.telephone, and tenant.registrations.sender.",
        )
    return agent.settings.notice


def _manager(agent: Agent, plan: planning.Plan) -> Addressee:
    fact = agent.people.manager(plan.person.id)
    if isinstance(fact, NotChecked):
        raise errors.TenantRefused(f"Whom to tell could not be read: {fact.reason}", status=403)
    if fact.value is None:
        raise errors.NotFound("The directory names no manager with a mail address.", "Have the manager set in Entra.")
    return fact.value


def _letter(agent: Agent, plan: planning.Plan, chosen: Notices, manager: Addressee) -> Letter:
    fact = agent.people.find([chosen.mailbox])[chosen.mailbox]
    if isinstance(fact, NotChecked) or fact.value is None:
        raise errors.NotFound(f"The mailbox {chosen.mailbox} was not found.", "Correct notice.from in the settings.")
    kit = [sheet.journey for sheet in plan.sheets]
    now = agent.clock.now().astimezone(ZoneInfo(agent.settings.sites[0].zone))
    said = {
        "greeting": manager.name,
        "name": plan.person.display_name,
        "user_name": plan.person.user_name,
        "why": "; ".join(_why(agent, journey) for journey in kit),
        "by": plan.by,
        "when": f"{now:%d %B %Y, %H:%M} ({now.tzname()})",
        "journeys": ", ".join(journey.id for journey in kit),
        "telephone": chosen.telephone,
    }
    safe = {name: shown(text) for name, text in said.items()}
    return Letter(fact.value.id, manager.address, f"A sign-in pass was made for {safe['name']}", _TEXT.format(**safe))


def _why(agent: Agent, journey: Journey) -> str:
    device = f", serial number {journey.serial}" if journey.serial else ""
    return f"{agent.profiles[journey.profile].title}{device}"


def _record(agent: Agent, plan: planning.Plan, outcome: str, facts: dict[str, str]) -> None:
    said = audit.operator(plan.request.by) | audit.kit(sheet.journey for sheet in plan.sheets) | facts
    entry = AuditEntry(
        agent.clock.now(),
        plan.by,
        "notice.send",
        outcome,
        plan.person.id,
        plan.sheets[0].journey.id,
        plan.row.id,
        said,
    )
    with agent.store.begin() as tx:
        tx.audit.append(entry)


def _warning(problem: errors.AgentError) -> cases.Finding:
    return cases.Finding(
        "notice_not_sent",
        cases.Level.WARNING,
        f"The pass was made, but the manager was not told: {problem.summary}",
        who="administrator",
        where=problem.advice,
    )
