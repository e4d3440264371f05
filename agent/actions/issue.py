"""The main job: one pass for one person's kit, on paper or on a screen, with the outcome known or said to be unknown.

1 gather and judge            nothing is spent on a pass that would fail
2 rehearse the paper          nothing is minted that cannot be handed over
3 write the intent            one open pass per person, whoever else is trying
4 create                      the one outside effect, never retried blindly
5 code to paper               the code leaves this function here and is not kept
6 write the outcome
7 code to a screen            last, because people read slowly and the tracker settles what stays at `issuing`

4 refused -> refused;  5 or 6 fails -> ours is deleted, refused;  4 without an answer -> unknown, then mended;
7 fails -> ours is deleted, gone
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from agent import errors
from agent.actions import asks, audit, authority, clocks, desks, freeze, mend, notices, planning, removal, sheets
from agent.domain import cases, journeys, passes, people
from agent.domain.facts import Known
from agent.ports import Agent, AuditEntry, Transaction
from agent.slips import slip as slips


@dataclass(frozen=True, slots=True)
class Issued:
    """The outcome: our record of the pass, the kit's journeys, the slips made and what was found on the way."""

    row: passes.Pass
    person: people.Person
    journeys: tuple[journeys.Journey, ...]
    slips: tuple[passes.Slip, ...]
    findings: tuple[cases.Finding, ...]


def issue(agent: Agent, request: planning.Request, facts: cases.Facts | None = None) -> Issued:
    """Issue one pass for a kit. Raises Refused (with the findings' codes), TenantRefused, OutcomeUnknown and the rest.

    Whatever is raised, no pass is left live that nobody holds, or the record says `unknown` and is mended later.
    `facts` are those that were gathered just now for many people, this one among them.
    """
    authority.may_issue(agent, request.by)
    freeze.check(agent)
    if request.paper is None and request.screen is None:
        raise errors.WrongUsage(
            "Nobody would see the code.", "Add --slip DIR for paper or --show-code for the terminal."
        )
    clocks.refuse_set_back(agent, request.by, "pass.issue")
    plan = planning.plan(agent, request, facts)
    agent.passes.ready()
    _rehearse(agent, plan)
    cleared: list[str] = []
    try:
        if request.asked.replace:
            plan = _clear(agent, plan, cleared)
        else:
            _settle_what_is_over(agent, plan)
        return _make(agent, plan)
    except errors.AgentError as problem:
        if cleared:
            again = "" if isinstance(problem, errors.OutcomeUnknown) else "Issue again."
            problem.advice = " ".join(filter(None, [*cleared, again, problem.advice]))
        raise


def _make(agent: Agent, plan: planning.Plan) -> Issued:
    """From the intent on record to the code in somebody's hands; whatever breaks on the way, the pass goes again."""
    _begin(agent, plan)
    minted = _create(agent, plan)
    try:
        made = _write_slips(agent, plan, minted)
        issued = _finish(agent, plan, minted, made)
        if plan.request.screen is not None:
            plan.request.screen(minted.code)
    except BaseException as problem:
        left = _undo(agent, plan, minted)
        if isinstance(problem, errors.AgentError) or not isinstance(problem, Exception):
            raise
        raise _not_handed_over(left) from None
    if plan.request.screen is not None:
        _note(agent, plan)
    return replace(issued, findings=(*issued.findings, *notices.tell(agent, plan)))


def _rehearse(agent: Agent, plan: planning.Plan) -> None:
    if plan.request.paper is None:
        return
    plan.request.paper.check([sheet.number for sheet in plan.sheets])
    wanted = plan.request.wanted
    policy = plan.report.facts.tenant.policy
    longest = policy.value.length if isinstance(policy, Known) else slips.LONGEST_CODE
    for sheet in plan.sheets:
        slips.rehearse(sheet.content, wanted.stock, sheets.language(agent, wanted), code_length=longest)


def _settle_what_is_over(agent: Agent, plan: planning.Plan) -> None:
    """A pass of ours that works no more is taken off the record first; it stands in nobody's way."""
    facts = plan.report.facts.people[plan.request.asked.person]
    listed = {found.id for found in facts.listed.value} if isinstance(facts.listed, Known) else None
    why = passes.over(facts.ours, listed, agent.clock.now()) if facts.ours is not None else ""
    if facts.ours is not None and why:
        removal.remove(agent, facts.ours, removal.Reason(why, plan.by))


def _clear(agent: Agent, plan: planning.Plan, cleared: list[str]) -> planning.Plan:
    """Replace: delete what is live, see it gone, void its slips; then go on as for a new one: with a fresh plan.

    What was taken away is added to `cleared` as sentences, because whatever fails afterwards must tell it.
    """
    facts = plan.report.facts.people[plan.request.asked.person]
    reason = removal.Reason("replaced by a new pass", plan.by)
    if facts.ours is not None:
        if facts.ours.state is not passes.PassState.ISSUED:
            mended = mend.mend(agent, facts.ours, plan.by)
            if mended.state.open:
                raise errors.OutcomeUnknown(
                    f"An earlier pass of this person is still in doubt: {mended.reason}.",
                    "Run `tapslip track` until it is settled, then issue again.",
                )
            # What is there now was taken for ours while that was in doubt: whether it may die is asked anew.
            return _clear(agent, planning.plan(agent, plan.request, given=plan), cleared)
        removal.remove(agent, facts.ours, reason)
        cleared.append(_what_went(facts.our_slips))
    known = facts.ours.tenant_id if facts.ours else ""
    for found in facts.listed.value if isinstance(facts.listed, Known) else ():
        if found.id != known:
            _note_outside(agent, plan, found, removal.delete_in_tenant(agent, plan.person.id, found.id))
            cleared.append("The pass that was made elsewhere is gone.")
    return replace(planning.plan(agent, plan.request, given=plan), report=plan.report)


def _what_went(numbers: Iterable[str]) -> str:
    void = "".join(f" Slip {number} is void." for number in numbers)
    return f"The earlier pass is gone.{void}"


def _note_outside(agent: Agent, plan: planning.Plan, found: passes.TenantPass, reference: str) -> None:
    facts = _about(plan) | audit.told(tenant_pass=found.id, reference=reference)
    entry = AuditEntry(agent.clock.now(), plan.by, "pass.replace_outside", "gone", plan.person.id, facts=facts)
    with agent.store.begin() as tx:
        tx.audit.append(entry)


def _begin(agent: Agent, plan: planning.Plan) -> None:
    """The intent on record: the pass as `issuing`, its journeys and papers, the audit, in one unit of work."""
    try:
        with agent.store.begin() as tx:
            freeze.check_in(tx)
            # One mark for everybody: whoever sets it second waits for the first, and then counts what that one began.
            clocks.remember(tx, agent)
            desks.refuse_beyond(agent, tx, plan.report.asked)
            for ask in plan.yeses:
                asks.spend(agent, tx, ask.id)
            tx.passes.add(plan.row.moved(passes.PassState.ISSUING))
            plan.request.errand.begun(tx, plan.row)
            for sheet in plan.sheets:
                if sheet.known:
                    tx.journeys.save(replace(_still_open(tx, sheet.journey.id), pass_id=plan.row.id))
                else:
                    tx.journeys.add(sheet.journey)
                if plan.request.paper is not None:
                    tx.slips.add(_planned(agent, plan, sheet, plan.request.paper.place(sheet.number)))
            tx.audit.append(_entry(agent, plan, "issuing", {}))
    except errors.Refused as refused:
        if refused.codes != ("live_pass",):
            raise
        raise _lost_race(agent, plan) from None


def _planned(agent: Agent, plan: planning.Plan, sheet: sheets.Sheet, place: str) -> passes.Slip:
    variant, now = plan.request.wanted.variant, agent.clock.now()
    state = passes.SlipState.PLANNED
    return passes.Slip(sheet.number, sheet.journey.id, plan.row.id, state, variant, place, now, plan.by)


def _lost_race(agent: Agent, plan: planning.Plan) -> errors.Refused:
    """Somebody else's intent for this person was written between our look and ours: name it, and audit the refusal."""
    facts = _about(plan) | {"refusals": "live_pass", "why": "another pass was begun at the same moment"}
    with agent.store.begin() as tx:
        there = tx.passes.open_of(plan.person.id)
        numbers = [slip.number for row in there for slip in tx.slips.of_pass(row.id)]
        entry = AuditEntry(agent.clock.now(), plan.by, "pass.issue", "refused", plan.person.id, facts=facts)
        tx.audit.append(entry)
    known = ", ".join(f"{row.state}, begun by {row.by} at {row.requested_at:%H:%M} UTC" for row in there)
    slip = f"; slip {', '.join(numbers)} goes with it" if numbers else ""
    return errors.Refused(
        f"Somebody else began a pass for this person at the same moment ({known or 'over already'}){slip}.",
        "Nothing was minted. Use that pass, `tapslip revoke` its journey, or issue again with --replace.",
        codes=("live_pass",),
    )


def _still_open(tx: Transaction, journey_id: str) -> journeys.Journey:
    journey = tx.journeys.get(journey_id)
    if journey.state is not journeys.JourneyState.OPEN:
        raise errors.Stale(
            f"Journey {journey.id} was closed in the meantime ({journey.state}).", "Nothing was minted. Issue again."
        )
    return journey


def _about(plan: planning.Plan) -> dict[str, str]:
    """What every row about this kit tells, whatever came of it."""
    terms = plan.row.terms
    said = {"terms": f"{terms.lifetime} min, {'one-time' if terms.one_time else 'multi-use'}"}
    asked, kit = planning.asked_in_words(plan.report), audit.kit(sheet.journey for sheet in plan.sheets)
    errand = plan.request.errand.told() | audit.second_facts(plan.seconds)
    return audit.operator(plan.request.by) | said | asked | kit | audit.approver(plan.approval) | errand


def _entry(agent: Agent, plan: planning.Plan, outcome: str, facts: dict[str, str]) -> AuditEntry:
    journey_id = plan.sheets[0].journey.id
    now = agent.clock.now()
    said = _about(plan) | audit.told(**facts)
    return AuditEntry(now, plan.by, "pass.issue", outcome, plan.person.id, journey_id, plan.row.id, said)


def _create(agent: Agent, plan: planning.Plan) -> passes.MintedPass:
    try:
        return agent.passes.create(plan.person.id, plan.row.terms, lambda: freeze.check(agent))
    except errors.OutcomeUnknown as lost:
        _settle(agent, plan, passes.PassState.UNKNOWN, {"why": lost.summary, "reference": lost.reference})
        raise _after_a_lost_answer(agent, plan, lost) from None
    except errors.AgentError as refused:
        _settle(agent, plan, passes.PassState.REFUSED, {"why": refused.summary, "reference": refused.reference})
        raise


def _after_a_lost_answer(agent: Agent, plan: planning.Plan, lost: errors.OutcomeUnknown) -> errors.AgentError:
    """Look once at once: what can be settled now need not wait for the tracker."""
    try:
        with agent.store.begin() as tx:
            row = tx.passes.get(plan.row.id)
        mended = mend.mend(agent, row, plan.by)
    except errors.AgentError:
        mended = None
    if mended is not None and mended.state is passes.PassState.REFUSED:
        return errors.TenantUnreachable(
            "The tenant's answer was lost on the way, so nobody has the code; the pass it made has been deleted.",
            "Nothing is live. Issue again.",
            lost.reference,
        )
    return errors.OutcomeUnknown(
        lost.summary,
        f"Tapslip looks for it whenever `tapslip track` runs, for 10 minutes (journey {plan.sheets[0].journey.id}).",
        lost.reference,
    )


def _settle(agent: Agent, plan: planning.Plan, state: passes.PassState, facts: dict[str, str]) -> None:
    """Write an outcome that is not `issued`, with `why` and `reference`; a refused kit leaves no new journey open."""
    why, now = facts["why"], agent.clock.now()
    with agent.store.begin() as tx:
        row = tx.passes.get(plan.row.id)
        if row.state is passes.PassState.ISSUING:
            tx.passes.save(row.moved(state, reason=why, reference=facts["reference"]))
        mend.void_planned(tx, plan.row.id)
        if state is passes.PassState.REFUSED:
            _abandon_new(tx, plan, now, why)
            for ask in plan.yeses:
                asks.give_back(tx, ask.id)
        tx.audit.append(_entry(agent, plan, state.value, facts))


def _abandon_new(tx: Transaction, plan: planning.Plan, now: datetime, why: str) -> None:
    for sheet in plan.sheets:
        journey = tx.journeys.get(sheet.journey.id)
        if not sheet.known and journey.state is journeys.JourneyState.OPEN:
            tx.journeys.save(journey.closed(journeys.JourneyState.ABANDONED, now, why))


def _write_slips(agent: Agent, plan: planning.Plan, minted: passes.MintedPass) -> dict[str, str]:
    """Code to paper; where each slip lies, by its number."""
    paper, wanted = plan.request.paper, plan.request.wanted
    made: dict[str, str] = {}
    if paper is None:
        return made
    for sheet in plan.sheets:
        pdf = slips.render_live(sheet.content, minted.code, wanted.stock, sheets.language(agent, wanted))
        made[sheet.number] = paper.put(sheet.number, pdf)
    return made


def _not_handed_over(left: passes.PassState) -> errors.AgentError:
    if left is passes.PassState.UNKNOWN:
        return errors.OutcomeUnknown(
            "The pass was made, but its code could not be handed over, and the pass could not be deleted.",
            "Run `tapslip track` until it is settled: it deletes and asks again.",
        )
    return errors.AgentError(
        "The pass was made, but its code could not be handed over; the pass has been deleted.",
        "Nothing is live. Try again; if it happens again, run `tapslip doctor`.",
    )


def _undo(agent: Agent, plan: planning.Plan, minted: passes.MintedPass) -> passes.PassState:
    """Delete what we just made and take its papers back; returns how our record stands.

    If the deletion fails, a pass that is on record as issued stays so with its papers, and what the tenant says is
    raised: it can be revoked. Otherwise the record says `unknown` and is mended later.
    """
    problem: errors.AgentError | None = None
    try:
        removal.delete_in_tenant(agent, plan.person.id, minted.tenant_pass.id)
    except errors.AgentError as kept:
        problem = kept
    if problem is None:
        _withdraw(plan)
    with agent.store.begin() as tx:
        row = tx.passes.get(plan.row.id)
        if row.state is passes.PassState.ISSUED and problem is None:
            why = "the code could not be shown"
            removal.record_gone(agent, tx, row, removal.Reason(why, plan.by))
            _abandon_new(tx, plan, agent.clock.now(), why)
            return passes.PassState.GONE
        row = tx.passes.save(replace(row, tenant_id=minted.tenant_pass.id))
    if row.state is passes.PassState.ISSUED and problem is not None:
        raise problem
    return _undone(agent, plan, minted, problem)


def _undone(
    agent: Agent, plan: planning.Plan, minted: passes.MintedPass, problem: errors.AgentError | None
) -> passes.PassState:
    _withdraw(plan)
    state, why = passes.PassState.REFUSED, "the code could not be handed over"
    if problem is not None:
        state, why = passes.PassState.UNKNOWN, f"{why}, and the pass could not be deleted: {problem.summary}"
    facts = {"why": why, "tenant_pass": minted.tenant_pass.id, "reference": minted.reference}
    _settle(agent, plan, state, facts)
    return state


def _withdraw(plan: planning.Plan) -> None:
    if plan.request.paper is not None:
        for sheet in plan.sheets:
            plan.request.paper.withdraw(sheet.number)


def _finish(agent: Agent, plan: planning.Plan, minted: passes.MintedPass, made: dict[str, str]) -> Issued:
    tenant_pass = minted.tenant_pass
    with agent.store.begin() as tx:
        freeze.check_in(tx)
        row = tx.passes.save(
            _still_issuing(tx, plan.row.id).moved(
                passes.PassState.ISSUED,
                issued_at=agent.clock.now(),
                ends_at=tenant_pass.end,
                tenant_id=tenant_pass.id,
                reference=minted.reference,
                shown=passes.Shown.OPEN if plan.request.screen is not None else passes.Shown.NONE,
            )
        )
        planned = {slip.number: slip for slip in tx.slips.of_pass(row.id)}
        live = tuple(
            tx.slips.save(replace(planned[number], state=passes.SlipState.LIVE, place=place))
            for number, place in made.items()
        )
        plan.request.errand.issued(tx, row)
        said = {"slips": " ".join(f"{slip.number}>{slip.place}" for slip in live), "tenant_pass": tenant_pass.id}
        tx.audit.append(_entry(agent, plan, "issued", said | {"reference": minted.reference}))
    kit = tuple(sheet.journey for sheet in plan.sheets)
    return Issued(row, plan.person, kit, live, plan.report.verdict.findings)


def _note(agent: Agent, plan: planning.Plan) -> None:
    """Whoever looked at the screen said that the code is noted; if the row moved on meanwhile, that counts more."""
    with suppress(errors.Stale), agent.store.begin() as tx:
        tx.passes.save(replace(tx.passes.get(plan.row.id), shown=passes.Shown.NOTED))


def _still_issuing(tx: Transaction, pass_id: str) -> passes.Pass:
    row = tx.passes.get(pass_id)
    if row.state is not passes.PassState.ISSUING:
        raise errors.Stale(
            f"This took so long that the tracker took it for abandoned: the pass is {row.state}.",
            "Nothing is live. Issue again.",
        )
    return row
