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
from dataclasses import dataclass, replace
from datetime import datetime

from agent import errors
from agent.actions import authority, mend, planning, removal, sheets
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
    authority.may_change_passes(agent, request.by)
    if request.paper is None and request.screen is None:
        raise errors.WrongUsage(
            "Nobody would see the code.", "Add --slip DIR for paper or --show-code for the terminal."
        )
    plan = planning.plan(agent, request, facts)
    agent.tenant.require_token("issuer")
    _rehearse(agent, plan)
    if request.asked.replace:
        plan = _clear(agent, plan)
    _begin(agent, plan)
    minted = _create(agent, plan)
    made = _write_slips(agent, plan, minted)
    issued = _finish(agent, plan, minted, made)
    _show(agent, plan, minted, issued.row)
    return issued


def _rehearse(agent: Agent, plan: planning.Plan) -> None:
    if plan.request.paper is None:
        return
    plan.request.paper.check([sheet.number for sheet in plan.sheets])
    wanted = plan.request.wanted
    policy = plan.report.facts.tenant.policy
    longest = policy.value.length if isinstance(policy, Known) else slips.LONGEST_CODE
    for sheet in plan.sheets:
        slips.rehearse(sheet.content, wanted.stock, sheets.language(agent, wanted), code_length=longest)


def _clear(agent: Agent, plan: planning.Plan) -> planning.Plan:
    """Replace: delete what is live, see it gone, void its slips; then go on as for a new one: with a fresh plan."""
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
        else:
            removal.remove(agent, facts.ours, reason)
    known = facts.ours.tenant_id if facts.ours else ""
    for found in facts.listed.value if isinstance(facts.listed, Known) else ():
        if found.id != known:
            removal.delete_in_tenant(agent, plan.person.id, found.id)
            _note_outside(agent, plan, found)
    return replace(planning.plan(agent, plan.request), report=plan.report)


def _note_outside(agent: Agent, plan: planning.Plan, found: passes.TenantPass) -> None:
    entry = AuditEntry(
        agent.clock.now(), plan.by, "pass.replace_outside", "gone", plan.person.id, facts={"tenant_pass": found.id}
    )
    with agent.store.begin() as tx:
        tx.audit.append(entry)


def _begin(agent: Agent, plan: planning.Plan) -> None:
    """The intent on record: the pass as `issuing`, its journeys, the audit, in one unit of work."""
    with agent.store.begin() as tx:
        tx.passes.add(replace(plan.row, state=passes.PassState.ISSUING))
        for sheet in plan.sheets:
            if sheet.known:
                tx.journeys.save(replace(_still_open(tx, sheet.journey.id), pass_id=plan.row.id))
            else:
                tx.journeys.add(sheet.journey)
        tx.audit.append(_entry(agent, plan, "issuing", _terms_in_words(plan)))


def _still_open(tx: Transaction, journey_id: str) -> journeys.Journey:
    journey = tx.journeys.get(journey_id)
    if journey.state is not journeys.JourneyState.OPEN:
        raise errors.Stale(
            f"Journey {journey.id} was closed in the meantime ({journey.state}).", "Nothing was minted. Issue again."
        )
    return journey


def _terms_in_words(plan: planning.Plan) -> dict[str, str]:
    terms = plan.row.terms
    said = {
        "terms": f"{terms.lifetime} min, {'one-time' if terms.one_time else 'multi-use'}",
        "kit": " ".join(f"{sheet.journey.id}:{sheet.journey.profile}={sheet.journey.serial}" for sheet in plan.sheets),
        "profiles": " ".join(sorted({sheet.journey.profile_digest[:16] for sheet in plan.sheets})),
        "findings": " ".join(finding.code for finding in plan.report.verdict.findings),
    }
    if plan.request.asked.proof:
        said["proof"] = plan.request.asked.proof
    return said


def _entry(agent: Agent, plan: planning.Plan, outcome: str, facts: dict[str, str]) -> AuditEntry:
    journey_id = plan.sheets[0].journey.id
    now = agent.clock.now()
    return AuditEntry(now, plan.by, "pass.issue", outcome, plan.person.id, journey_id, plan.row.id, facts)


def _create(agent: Agent, plan: planning.Plan) -> passes.MintedPass:
    try:
        return agent.passes.create(plan.person.id, plan.row.terms)
    except errors.OutcomeUnknown as lost:
        _settle(agent, plan, passes.PassState.UNKNOWN, lost.summary, lost.reference)
        raise _after_a_lost_answer(agent, plan, lost) from None
    except errors.AgentError as refused:
        _settle(agent, plan, passes.PassState.REFUSED, refused.summary, refused.reference)
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


def _settle(agent: Agent, plan: planning.Plan, state: passes.PassState, why: str, reference: str) -> None:
    """Write an outcome that is not `issued`; a refused kit leaves no new journey open."""
    now = agent.clock.now()
    with agent.store.begin() as tx:
        row = tx.passes.get(plan.row.id)
        if row.state is passes.PassState.ISSUING:
            tx.passes.save(row.moved(state, reason=why, reference=reference))
        if state is passes.PassState.REFUSED:
            _abandon_new(tx, plan, now, why)
        tx.audit.append(_entry(agent, plan, state.value, {"why": why, "reference": reference}))


def _abandon_new(tx: Transaction, plan: planning.Plan, now: datetime, why: str) -> None:
    for sheet in plan.sheets:
        journey = tx.journeys.get(sheet.journey.id)
        if not sheet.known and journey.state is journeys.JourneyState.OPEN:
            tx.journeys.save(journey.closed(journeys.JourneyState.ABANDONED, now, why))


def _write_slips(agent: Agent, plan: planning.Plan, minted: passes.MintedPass) -> tuple[passes.Slip, ...]:
    """Code to paper; whatever goes wrong, the pass is deleted and the papers are taken back."""
    made: list[passes.Slip] = []
    wanted, now = plan.request.wanted, agent.clock.now()
    try:
        if plan.request.paper is not None:
            for sheet in plan.sheets:
                pdf = slips.render_live(sheet.content, minted.code, wanted.stock, sheets.language(agent, wanted))
                place = plan.request.paper.put(sheet.number, pdf)
                made.append(
                    passes.Slip(
                        sheet.number,
                        sheet.journey.id,
                        plan.row.id,
                        passes.SlipState.LIVE,
                        wanted.variant,
                        place,
                        now,
                        plan.by,
                    )
                )
    except BaseException as problem:
        _undo(agent, plan, minted, made)
        if isinstance(problem, errors.AgentError) or not isinstance(problem, Exception):
            raise
        raise _not_handed_over() from None
    return tuple(made)


def _not_handed_over() -> errors.AgentError:
    return errors.AgentError(
        "The pass was made, but its code could not be handed over; the pass has been deleted.",
        "Nothing is live. Try again; if it happens again, run `tapslip doctor`.",
    )


def _undo(agent: Agent, plan: planning.Plan, minted: passes.MintedPass, made: list[passes.Slip]) -> None:
    """Delete what we just made; if even that fails the record says `unknown` and is mended later."""
    why = "the code could not be handed over"
    state = passes.PassState.REFUSED
    try:
        removal.delete_in_tenant(agent, plan.person.id, minted.tenant_pass.id)
    except errors.AgentError as problem:
        state, why = passes.PassState.UNKNOWN, f"{why}, and the pass could not be deleted: {problem.summary}"
    _withdraw(plan, made)
    with agent.store.begin() as tx:
        tx.passes.save(replace(tx.passes.get(plan.row.id), tenant_id=minted.tenant_pass.id))
    _settle(agent, plan, state, why, minted.reference)


def _withdraw(plan: planning.Plan, made: Iterable[passes.Slip]) -> None:
    if plan.request.paper is not None:
        for slip in made:
            plan.request.paper.withdraw(slip.number)


def _finish(agent: Agent, plan: planning.Plan, minted: passes.MintedPass, made: tuple[passes.Slip, ...]) -> Issued:
    tenant_pass = minted.tenant_pass
    try:
        with agent.store.begin() as tx:
            row = tx.passes.save(
                _still_issuing(tx, plan.row.id).moved(
                    passes.PassState.ISSUED,
                    issued_at=agent.clock.now(),
                    ends_at=tenant_pass.end,
                    tenant_id=tenant_pass.id,
                    reference=minted.reference,
                )
            )
            for slip in made:
                tx.slips.add(slip)
            said = {"slips": " ".join(f"{slip.number}>{slip.place}" for slip in made), "tenant_pass": tenant_pass.id}
            tx.audit.append(_entry(agent, plan, "issued", said | {"reference": minted.reference}))
    except errors.AgentError:
        _undo(agent, plan, minted, list(made))
        raise
    kit = tuple(sheet.journey for sheet in plan.sheets)
    return Issued(row, plan.person, kit, made, plan.report.verdict.findings)


def _still_issuing(tx: Transaction, pass_id: str) -> passes.Pass:
    row = tx.passes.get(pass_id)
    if row.state is not passes.PassState.ISSUING:
        raise errors.Stale(
            f"This took so long that the tracker took it for abandoned: the pass is {row.state}.",
            "Nothing is live. Issue again.",
        )
    return row


def _show(agent: Agent, plan: planning.Plan, minted: passes.MintedPass, row: passes.Pass) -> None:
    """Code to a screen; if nobody could see it to the end, the pass, its papers and its new journeys go."""
    if plan.request.screen is None:
        return
    try:
        plan.request.screen(minted.code)
    except BaseException as problem:
        _take_back(agent, plan, row)
        if isinstance(problem, errors.AgentError) or not isinstance(problem, Exception):
            raise
        raise _not_handed_over() from None


def _take_back(agent: Agent, plan: planning.Plan, row: passes.Pass) -> None:
    """Raises what the tenant says when it cannot be deleted: it is on record as issued then, and can be revoked."""
    why = "the code could not be shown"
    removal.remove(agent, row, removal.Reason(why, plan.by))
    with agent.store.begin() as tx:
        _withdraw(plan, tx.slips.of_pass(row.id))
        _abandon_new(tx, plan, agent.clock.now(), why)
