"""Claiming a ticket: the paper's secret and the second facts against a pass that is minted now, by the one way.

1 limits, then secret and PIN      the same work and the same answer whatever is wrong, and nothing asked of Graph
2 lease                            one claim at a time, with a fence
3 issue, with a new preflight      the asked second facts are used up with the intent; the pass's clock starts now
4 claimed, or open again           in the unit of work that says `issued`; otherwise as the pass says

A claim that was left in the middle is settled by the sweep, or by the next claim: as its pass says.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace

from agent import errors
from agent.actions import audit, authority, clocks, freeze, issue, planning, preflight, second_facts, sheets, ticket
from agent.domain import asks, cases, claim_secrets, passes, tickets
from agent.domain.people import Operator
from agent.domain.profiles import SecondTime
from agent.domain.secrets import ClaimSecret
from agent.domain.tickets import Ticket
from agent.ports import Agent, Attempt, AuditEntry, Paper, Transaction

log = logging.getLogger(__name__)

_WHAT = "claim"


@dataclass(frozen=True, slots=True)
class Claim:
    """What is claimed and how: the number and secret from the paper, what the person says, and where the code goes.

    `replace` lets a pass die that is live; `proof` is how it was known now who the person is.
    """

    by: Operator
    number: str
    secret: ClaimSecret
    pin: ClaimSecret | None = None
    staff_number: str = ""
    replace: bool = False
    proof: str = ""
    paper: Paper | None = None
    screen: planning.Screen | None = None
    wanted: sheets.Wanted = field(default_factory=sheets.Wanted)


def claim(agent: Agent, wanted: Claim) -> issue.Issued:
    """Claim a ticket and issue its pass. Raises Refused (`ticket` for all that nobody may guess), and as `issue.issue`.

    Whatever is raised, the ticket is open again with the reason, or claiming until its pass is no longer in doubt.
    """
    authority.may(agent, wanted.by, authority.CLAIM)
    if wanted.paper is None and wanted.screen is None:
        raise errors.WrongUsage(
            "Nobody would see the code.", "Add --slip DIR for paper or --show-code for the terminal."
        )
    freeze.check(agent)
    clocks.refuse_set_back(agent, wanted.by, "ticket.claim")
    _limit(agent, wanted.by)
    held = _open(agent, wanted)
    request = planning.Request(
        wanted.by,
        _asked(agent, held, wanted),
        wanted.paper,
        wanted.screen,
        wanted.wanted,
        _Claiming(agent, held, wanted.by),
    )
    try:
        return issue.issue(agent, request)
    except BaseException as problem:
        _give_up(agent, held, wanted.by, problem)
        raise


def settle(agent: Agent) -> tuple[str, ...]:
    """Settle claims that were left half-way, as their passes say; a sentence for each."""
    said = []
    with agent.store.begin() as tx:
        for known in tx.tickets.waiting():
            after = known.left(_minted(tx, known), agent.clock.now())
            if after != known:
                saved = tx.tickets.save(after)
                tx.audit.append(ticket.entry(agent, authority.ITSELF, saved, "ticket.claim", why=saved.reason))
                said.append(f"ticket {saved.number} is {saved.state}: {saved.reason}".rstrip(": "))
    return tuple(said)


def _limit(agent: Agent, by: Operator) -> None:
    now = agent.clock.now()
    with agent.store.begin() as tx:
        attempt = Attempt(agent.chance.uuid(), _WHAT, by.id, now)
        tickets.refuse_many(*tx.attempts.count(attempt, now - tickets.A_MINUTE))


def _open(agent: Agent, wanted: Claim) -> Ticket:
    """The ticket, leased; Refused alike for a number that is not there, one that works no more, and a wrong fact."""
    with agent.store.begin() as tx:
        known = tx.tickets.find(wanted.number)
    said = ticket.spoken(known.facts if known else (), wanted.pin, wanted.staff_number)
    fits = agent.sealer.fits(wanted.secret.sealed_text(), known.secret if known else claim_secrets.NOBODYS)
    # Not joined by `and`: what is wrong must not show in the time it takes.
    fits &= agent.sealer.fits(said, known.spoken if known else claim_secrets.NOBODYS)
    with agent.store.begin() as tx:
        answer = _answer(agent, tx, wanted, fits=fits)
    if isinstance(answer, errors.Refused):
        raise answer
    return answer


def _answer(agent: Agent, tx: Transaction, wanted: Claim, *, fits: bool) -> Ticket | errors.Refused:
    """The leased ticket, or the refusal, which is kept whatever it is: a miss counts, and the audit has its row."""
    now, known = agent.clock.now(), tx.tickets.find(wanted.number)
    if known is not None:
        known = known.left(_minted(tx, known), now)
    if known is None or not fits or known.dead(now, again=_mints_again(agent, known)):
        if known is not None and not fits:
            known = tx.tickets.save(known.missed(now))
        tx.audit.append(_refused(agent, wanted, known))
        return tickets.refusal()
    try:
        _refuse_held(agent, tx, known)
        return tx.tickets.save(known.leased(wanted.by, now))
    except errors.Refused as refused:
        tx.audit.append(ticket.entry(agent, wanted.by, known, "ticket.claim", refusals=" ".join(refused.codes)))
        return refused


def _refused(agent: Agent, wanted: Claim, known: Ticket | None) -> AuditEntry:
    """The row of a refused claim. A number that is nobody's is not repeated: it may be a secret typed in its place."""
    if known is not None:
        told = ticket.entry(agent, wanted.by, known, "ticket.claim", refusals="ticket", why=known.reason)
        return replace(told, outcome="refused")
    facts = audit.operator(wanted.by) | {"refusals": "ticket"}
    return AuditEntry(agent.clock.now(), wanted.by.name, "ticket.claim", "refused", facts=facts)


def _minted(tx: Transaction, known: Ticket) -> passes.PassState | None:
    return tx.passes.get(known.pass_id).state if known.pass_id else None


def _mints_again(agent: Agent, known: Ticket) -> bool:
    """Whether a profile of the kit has the same ticket mint for the second sign-in."""
    kit = (agent.profiles.get(item.profile) for item in known.wanted.items)
    return any(profile is not None and profile.second_time is SecondTime.SECOND_CLAIM for profile in kit)


def _refuse_held(agent: Agent, tx: Transaction, known: Ticket) -> None:
    """A restore may have brought a ticket back that was claimed, and a profile may want more since it was made."""
    if known.held(tx.epochs.present().number):
        raise errors.Refused(
            "This ticket is held since a backup was restored: it may have been claimed already.",
            f"A lead looks into the audit's export, then runs `tapslip ticket release {known.number}`, or voids it.",
            codes=("ticket_held",),
        )
    kit = [item.profile for item in ticket.asked_again(agent, known).items]
    if not set(second_facts.of(kit)) <= set(known.facts):
        raise errors.Refused(
            "The profile wants another second fact than when this ticket was made.",
            f"Make a new one with `tapslip ticket reprint {known.number}`.",
            codes=("profile_changed",),
        )


def _asked(agent: Agent, held: Ticket, wanted: Claim) -> cases.KitAsked:
    asked = ticket.asked_again(agent, held)
    return replace(asked, replace=wanted.replace, proof=wanted.proof or asked.proof)


class _Claiming(planning.Errand):
    """The ticket's part in the units of work of its pass."""

    def __init__(self, agent: Agent, held: Ticket, by: Operator) -> None:
        self._agent, self._held, self._by = agent, held, by

    def require(self, agent: Agent, by: Operator, report: preflight.Report) -> tuple[asks.Ask, ...]:
        """The yeses of a technician and the manager, where the ticket needs them."""
        return second_facts.require(agent, by, report, (self._held.number, self._held.facts))

    def begun(self, tx: Transaction, row: passes.Pass) -> None:
        """Which pass this claim mints, so that nobody has to guess after a crash."""
        tx.tickets.save(tx.tickets.get(self._held.number).begun(self._held.fence, row.id))

    def issued(self, tx: Transaction, row: passes.Pass) -> None:  # noqa: ARG002  the pass is on record already
        """Claimed, together with `issued`."""
        after = tx.tickets.get(self._held.number).claimed(self._held.fence, self._agent.clock.now())
        tx.audit.append(ticket.entry(self._agent, self._by, tx.tickets.save(after), "ticket.claim"))

    def told(self) -> dict[str, str]:
        """The ticket's number."""
        return {"ticket": self._held.number}


def _give_up(agent: Agent, held: Ticket, by: Operator, problem: BaseException) -> None:
    """Let the ticket go, as its pass says; if even that fails, the sweep does it when the lease is over."""
    why = problem.summary if isinstance(problem, errors.AgentError) else "the claim was broken off"
    codes = " ".join(problem.codes) if isinstance(problem, errors.Refused) else ""
    try:
        with agent.store.begin() as tx:
            known = tx.tickets.get(held.number)
            after = known.given_up(held.fence, _minted(tx, known), agent.clock.now(), why)
            if after != known:
                saved = tx.tickets.save(after)
                tx.audit.append(ticket.entry(agent, by, saved, "ticket.claim", refusals=codes, why=why))
    except errors.AgentError as also:
        log.warning("ticket %s stays as it is for now: %s", held.number, also.summary)
