"""What an operator asks for, and the plan that comes of it: everything decided, nothing done.

A kit's plan names its person, its one pass and a sheet for each journey. The person's other open journeys belong to
it too, because Entra allows one pass: a new one serves them all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from agent import errors
from agent.actions import approvals, audit, desks, preflight, sheets, tenant_part
from agent.domain import asks, cases, findings, journeys, passes, people
from agent.domain.facts import Known
from agent.domain.people import Operator
from agent.domain.rules import devices
from agent.domain.secrets import PassCode
from agent.ports import Agent, AuditEntry, Paper, Transaction

#: A screen is given the code and shows it; it returns when the person has seen it.
Screen = Callable[[PassCode], None]


class Errand:
    """What a pass is made for beyond the request: nothing. A claim has a ticket to look after."""

    def require(self, agent: Agent, by: Operator, report: preflight.Report) -> tuple[asks.Ask, ...]:  # noqa: ARG002
        """The yeses of others that it needs; Refused once they are asked for."""
        return ()

    def begun(self, tx: Transaction, row: passes.Pass) -> None:
        """In the unit of work that writes the intent."""

    def issued(self, tx: Transaction, row: passes.Pass) -> None:
        """In the unit of work that writes the outcome."""

    def told(self) -> dict[str, str]:
        """What the audit tells of it in every row."""
        return {}


@dataclass(frozen=True, slots=True)
class Request:
    """What an operator asks for. At least one of `paper` and `screen` takes the code."""

    by: Operator
    asked: cases.KitAsked
    paper: Paper | None = None
    screen: Screen | None = None
    wanted: sheets.Wanted = field(default_factory=sheets.Wanted)
    errand: Errand = field(default_factory=Errand)


@dataclass(frozen=True, slots=True)
class Plan:
    """A kit that may be issued: everything decided, nothing done. `seconds` are the yeses that its errand needed."""

    request: Request
    report: preflight.Report
    person: people.Person
    row: passes.Pass
    sheets: tuple[sheets.Sheet, ...]
    approval: asks.Ask | None = None
    seconds: tuple[asks.Ask, ...] = ()

    @property
    def yeses(self) -> tuple[asks.Ask, ...]:
        """Every yes that is used up with this pass."""
        return (self.approval, *self.seconds) if self.approval else self.seconds

    @property
    def by(self) -> str:
        """The operator's name, as the audit has it."""
        return self.request.by.name


def plan(agent: Agent, request: Request, facts: cases.Facts | None = None, *, given: Plan | None = None) -> Plan:
    """Gather, judge and decide everything; raises Refused with every finding when a pass may not be made.

    `facts` are those that were gathered just now for many people, this one among them; `given` is an
    earlier plan for this request, whose yeses count for what they were said to and for nothing that came meanwhile.
    """
    request = replace(request, asked=replace(request.asked, desk=desks.of(agent, request.by)))
    if facts is None:
        report = preflight.preflight(agent, request.asked, no_older_than=tenant_part.NOW)
    else:
        report = preflight.judged(agent, request.asked, facts)
    who = report.facts.people[request.asked.person]
    terms, person = report.verdict.terms, who.person
    if isinstance(person, Known) and person.value is not None:
        _refuse_oneself(agent, request, person.value)
    if report.verdict.refusals or terms is None or not isinstance(person, Known) or person.value is None:
        raise refusal(agent, request.by, report, report.verdict.refusals)
    now = agent.clock.now()
    good = given is not None and approvals.cover(agent, given.yeses, report)
    approval = (given.approval if given and good else None) or approvals.require(agent, request.by, report)
    seconds = given.seconds if given and good else request.errand.require(agent, request.by, report)
    row = passes.Pass(
        id=agent.chance.uuid(),
        person_id=person.value.id,
        terms=terms,
        state=passes.PassState.REQUESTED,
        requested_at=now,
        by=request.by.name,
        by_id=request.by.id,
        others=tuple(found.id for found in who.listed.value) if isinstance(who.listed, Known) else (),
    )
    return Plan(request, report, person.value, row, _sheets(agent, request, report, row), approval, seconds)


def _refuse_oneself(agent: Agent, request: Request, person: people.Person) -> None:
    """An operator's own account is somebody else's to serve; Entra says so too where passes are made in their name."""
    if person.id != request.by.id:
        return
    facts = audit.operator(request.by) | audit.told(person=person.user_name, refusals="own_pass")
    entry = AuditEntry(agent.clock.now(), request.by.name, "pass.issue", "refused", person.id, facts=facts)
    with agent.store.begin() as tx:
        tx.audit.append(entry)
    raise errors.Refused(
        "You cannot make a pass for yourself.", "Ask a colleague; an administrator can in Entra.", codes=("own_pass",)
    )


def refusal(
    agent: Agent, by: Operator, report: preflight.Report, refusals: Sequence[cases.Finding], action: str = "pass.issue"
) -> errors.Refused:
    """The first finding as the error, the others in its advice; the refusal is audited, nothing else is written."""
    first = refusals[0]
    lines = [f"{first.who}: {first.where}" if first.where else first.who]
    lines += [f"Also: {finding.sentence} ({finding.who}: {finding.where})" for finding in refusals[1:]]
    codes = tuple(finding.code for finding in refusals)
    who = report.facts.people[report.asked.person].person
    person_id = who.value.id if isinstance(who, Known) and who.value else ""
    facts = audit.operator(by) | asked_in_words(report)
    entry = AuditEntry(agent.clock.now(), by.name, action, "refused", person_id, facts=facts)
    with agent.store.begin() as tx:
        tx.audit.append(entry)
    return errors.Refused(first.sentence, "\n".join(lines), codes=codes)


def asked_in_words(report: preflight.Report) -> dict[str, str]:
    """For the audit: for whom, which journeys on which devices, with which proof, and what was found."""
    asked = report.asked
    return audit.told(
        person=asked.person,
        kit=" ".join(item.label for item in asked.items),
        device=" ".join(item.scanned for item in asked.items if item.scanned),
        profiles=" ".join(sorted({item.profile.digest for item in asked.items})),
        proof=asked.proof,
        desk_number=asked.desk_number,
        findings=" ".join(finding.code for finding in report.verdict.findings),
        refusals=" ".join(finding.code for finding in report.verdict.refusals),
    )


def _sheets(agent: Agent, request: Request, report: preflight.Report, row: passes.Pass) -> tuple[sheets.Sheet, ...]:
    """One sheet for each journey of the kit, with the journey as it will be opened (or is open already)."""
    facts = report.facts.people[request.asked.person]
    person = facts.person.value if isinstance(facts.person, Known) else None
    if person is None:
        raise ValueError("a kit without a person is never planned")
    baseline = frozenset(m.id for m in facts.methods.value) if isinstance(facts.methods, Known) else frozenset[str]()
    window = sheets.Window(row.terms.start or row.requested_at, row.terms.ends(row.requested_at))
    made = []
    for case in findings.cases(report.facts, report.asked, row.requested_at):
        journey = _journey(agent, case, person, row, baseline)
        number = agent.chance.symbols(6)
        said = sheets.content(agent, number, case, window=window, variant=request.wanted.variant)
        known = any(journey.id == other.id for other in case.person.kit)
        made.append(sheets.Sheet(number, journey, said, known))
    return tuple(made)


def _journey(
    agent: Agent, case: cases.Case, person: people.Person, row: passes.Pass, baseline: frozenset[str]
) -> journeys.Journey:
    record = devices.matched(case)
    serial = record.serial if record else ""
    for known in case.person.kit:
        if known.profile == case.profile.name and known.serial.upper() == serial.upper():
            return replace(known, pass_id=row.id)
    return journeys.Journey(
        id="J" + agent.chance.symbols(6),
        person_id=person.id,
        user_name=person.user_name,
        person_name=person.display_name,
        profile=case.profile.name,
        profile_digest=case.profile.digest,
        serial=serial,
        pass_id=row.id,
        opened_at=row.requested_at,
        opened_by=row.by,
        baseline=baseline,
        lost_method=case.asked.lost_method if case.profile.guard_rails.names_lost_method else "",
        stolen=case.asked.stolen and case.profile.guard_rails.names_lost_method,
    )
