"""A create is never retried blindly: what came of it is known, looked for, or said to be unknown."""

from __future__ import annotations

import dataclasses
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from agent import errors, ports
from agent.actions import issue, track
from agent.cli.folder import FolderPaper
from agent.domain import passes
from agent.domain.journeys import JourneyState
from agent.domain.passes import PassState, SlipState
from tests.actions import weak_lines
from tests.world import World

MARA, LAPTOP = "mara.quist", "windows-autopilot=PF4TH101"
CREATE = "POST */temporaryAccessPassMethods"


def newest(w: World) -> tuple[passes.Pass, JourneyState]:
    """Our newest pass and how its journey stands."""
    with w.agent.store.begin() as tx:
        (journey,) = tx.journeys.recent(1)
        return tx.passes.get(journey.pass_id), journey.state


def lose(w: World, kind: str = "lost") -> passes.Pass:
    """Issue, lose the answer and fail to look for it at once; our pass as it stands then."""
    w.fault(CREATE, kind)
    agent = dataclasses.replace(w.agent, passes=weak_lines.CannotLook(w.agent.passes))
    with pytest.raises(errors.OutcomeUnknown):
        issue.issue(agent, w.request_for_screen(MARA, LAPTOP))
    row, state = newest(w)
    assert (row.state, state) == (PassState.UNKNOWN, JourneyState.OPEN)
    return row


@pytest.mark.parametrize(
    ("kind", "error"), [("429", errors.TenantThrottled), ("unreachable", errors.TenantUnreachable)]
)
def test_a_create_that_surely_made_nothing_is_refused(w: World, kind: str, error: type[Exception]) -> None:
    w.fault(CREATE, kind, retry_after=120 if kind == "429" else None)
    with pytest.raises(error):
        w.take(MARA, LAPTOP)
    row, state = newest(w)
    assert (row.state, state) == (PassState.REFUSED, JourneyState.ABANDONED)
    assert w.tenant_passes(MARA) == []
    assert w.sandbox.gate.counters.early_returns == 0
    w.clock.pass_minutes(3)
    assert w.take(MARA, LAPTOP).row.state is PassState.ISSUED


@pytest.mark.parametrize("kind", ["lost", "truncated"])
def test_a_lost_answer_is_settled_at_once_when_the_pass_can_be_seen(w: World, kind: str) -> None:
    w.log_rows_after(0)
    w.fault(CREATE, kind)
    with pytest.raises(errors.TenantUnreachable, match="deleted") as lost:
        w.take(MARA, LAPTOP)
    assert lost.value.advice == "Nothing is live. Issue again."
    row, state = newest(w)
    assert (row.state, state) == (PassState.REFUSED, JourneyState.ABANDONED)
    assert w.tenant_passes(MARA) == []
    assert w.codes == []


def test_a_server_error_leaves_the_outcome_unknown_and_after_ten_minutes_of_nothing_refused(w: World) -> None:
    w.fault(CREATE, "500")
    with pytest.raises(errors.OutcomeUnknown) as unknown:
        w.take(MARA, LAPTOP)
    row, _ = newest(w)
    assert newest(w)[1] is JourneyState.OPEN
    assert row.reason == "no pass has appeared yet"
    assert "for 10 minutes" in unknown.value.advice
    with pytest.raises(errors.Refused, match="unknown"):
        w.take(MARA, LAPTOP)
    assert "no pass has appeared yet" in w.track(5).trouble[0]
    assert w.audit().count("pass.mend unknown") == 1
    assert w.track(6).settled == (f"pass {row.id}, in doubt until now, is refused: no pass ever appeared",)
    settled, state = newest(w)
    assert (settled.state, state) == (PassState.REFUSED, JourneyState.ABANDONED)
    assert settled.reason == "no pass ever appeared"
    assert w.take(MARA, LAPTOP).row.state is PassState.ISSUED


def test_a_lost_pass_is_found_and_deleted_by_the_tracker(w: World) -> None:
    lose(w)
    assert len(w.tenant_passes(MARA)) == 1
    w.track()
    row, state = newest(w)
    assert (row.state, state) == (PassState.REFUSED, JourneyState.ABANDONED)
    assert w.tenant_passes(MARA) == []


def test_without_the_audit_log_terms_time_and_id_are_proof_enough(w: World) -> None:
    w.door("deny", registration="watcher", permission="AuditLog.Read.All")
    lose(w)
    w.track()
    assert w.tenant_passes(MARA) == []


@pytest.mark.parametrize("minutes", [60, 190])
def test_a_pass_that_somebody_else_made_meanwhile_is_never_deleted(w: World, minutes: int) -> None:
    lose(w)
    foreign = w.outside_pass(MARA, minutes)
    assert "not provably ours" in w.track(5).trouble[0]
    assert newest(w)[0].state is PassState.UNKNOWN
    w.track(6)
    assert newest(w)[0].state is PassState.REFUSED
    assert [held.id for held in w.tenant_passes(MARA)] == [foreign.id]
    with pytest.raises(errors.Refused) as refusal:
        w.take(MARA, LAPTOP)
    assert refusal.value.codes == ("live_pass_outside",)


@pytest.mark.parametrize("delay", [4 * 60, 20 * 60])
def test_a_pass_like_ours_is_not_deleted_while_the_audit_log_has_not_named_its_maker(w: World, delay: int) -> None:
    w.log_rows_after(delay)
    w.fault(CREATE, "500")
    with pytest.raises(errors.OutcomeUnknown):
        w.take(MARA, LAPTOP)
    foreign = w.outside_pass(MARA, newest(w)[0].terms.lifetime)
    for minutes in (1, 4, 3):
        w.track(minutes)
        assert newest(w)[0].state is PassState.UNKNOWN
    w.track(3)
    assert newest(w)[0].reason.endswith("a person decides")
    assert [held.id for held in w.tenant_passes(MARA)] == [foreign.id]


def test_our_lost_pass_is_deleted_as_soon_as_the_late_audit_log_names_us(w: World) -> None:
    w.log_rows_after(4 * 60)
    lose(w)
    w.track(3)
    assert (newest(w)[0].state, len(w.tenant_passes(MARA))) == (PassState.UNKNOWN, 1)
    w.track(2)
    assert (newest(w)[0].state, w.tenant_passes(MARA)) == (PassState.REFUSED, [])


@dataclasses.dataclass
class StoreDies:
    """The machine stops when the slip lies there: from then on nothing can be written."""

    line: ports.Store
    dead: bool = False

    @property
    def anchors(self) -> ports.Anchors:
        return self.line.anchors

    def begin(self) -> AbstractContextManager[ports.Transaction]:
        if self.dead:
            raise KeyboardInterrupt
        return self.line.begin()

    def stamp(self, tenant_id: str) -> None:
        self.line.stamp(tenant_id)

    def revision(self) -> tuple[str, str]:
        return self.line.revision()

    def migrate(self) -> None:
        self.line.migrate()

    def backup(self, target: Path) -> None:
        self.line.backup(target)


def test_a_slip_that_a_dead_process_left_behind_is_named_and_void(w: World) -> None:
    store = StoreDies(w.agent.store)

    class Killed(FolderPaper):
        def put(self, number: str, pdf: bytes) -> str:
            super().put(number, pdf)
            store.dead = True
            raise KeyboardInterrupt

        def withdraw(self, number: str) -> None:
            pass

    agent = dataclasses.replace(w.agent, store=store, passes=weak_lines.CannotDelete(w.agent.passes))
    with pytest.raises(KeyboardInterrupt):
        issue.issue(agent, dataclasses.replace(w.request(MARA, LAPTOP), paper=Killed(w.paper)))
    (paper,) = w.paper.iterdir()
    row, _ = newest(w)
    assert (row.state, set(w.slips_of(row.id).values())) == (PassState.ISSUING, {SlipState.PLANNED})
    w.track(3)
    row, state = newest(w)
    assert (row.state, state) == (PassState.REFUSED, JourneyState.ABANDONED)
    (number,) = w.slips_of(row.id)
    assert row.reason == f"our pass was found and deleted; destroy slip {number} at {paper.resolve()} if it is there"
    assert w.slips_of(row.id) == {number: SlipState.VOID}


def test_a_pass_that_was_known_before_is_never_deleted(w: World) -> None:
    old = w.outside_pass(MARA, 190)
    w.clock.pass_minutes(191)
    lose(w, "500")
    w.track()
    assert newest(w)[0].reason == "no pass has appeared yet"
    assert [held.id for held in w.tenant_passes(MARA)] == [old.id]


def test_while_passes_cannot_be_listed_the_doubt_stays_with_its_reason(w: World) -> None:
    lose(w)
    w.door("deny", registration="watcher", permission="UserAuthMethod-TAP.Read.All")
    assert "UserAuthMethod-TAP.Read.All" in w.track().trouble[0]
    assert newest(w)[0].state is PassState.UNKNOWN


def test_a_doubt_that_cannot_be_looked_into_now_does_not_stop_the_sweep(w: World) -> None:
    (other,) = w.take("leila.haddad", "ios-company-portal=H4TH301QLM").journeys
    w.clock.pass_minutes(1)
    lose(w)
    w.fault("DELETE */temporaryAccessPassMethods/*", "unreachable")
    sweep = w.track()
    assert "cannot be reached" in sweep.trouble[0]
    assert other.id in {progress.journey.id for progress in sweep.progress}


def test_a_deletion_that_is_not_confirmed_leaves_the_doubt(w: World) -> None:
    lose(w)
    w.door("deny", registration="issuer", permission="UserAuthMethod-TAP.ReadWrite.All")
    w.track()
    assert newest(w)[0].state is PassState.UNKNOWN
    assert len(w.tenant_passes(MARA)) == 1


def test_what_a_dead_process_left_at_issuing_is_mended_after_two_minutes(w: World) -> None:
    agent = dataclasses.replace(w.agent, passes=weak_lines.DiesAfterCreate(w.agent.passes))
    with pytest.raises(KeyboardInterrupt):
        issue.issue(agent, w.request_for_screen(MARA, LAPTOP))
    w.track(1)
    assert newest(w)[0].state is PassState.ISSUING
    assert len(w.tenant_passes(MARA)) == 1
    w.track(2)
    row, state = newest(w)
    assert (row.state, state) == (PassState.REFUSED, JourneyState.ABANDONED)
    assert w.tenant_passes(MARA) == []


def test_a_doubt_that_another_process_settles_meanwhile_is_left_as_settled(w: World) -> None:
    lose(w)
    w.clock.pass_minutes(1)
    agent = dataclasses.replace(w.agent, passes=weak_lines.MendedMeanwhile(w.agent.passes, w.agent))
    track.track(agent)
    row, state = newest(w)
    assert (row.state, state) == (PassState.REFUSED, JourneyState.ABANDONED)


def test_a_lost_replacement_leaves_the_kits_earlier_journey_open(w: World) -> None:
    w.log_rows_after(0)
    first = w.take(MARA, LAPTOP)
    w.fault(CREATE, "lost")
    w.clock.pass_minutes(1)
    with pytest.raises(errors.TenantUnreachable):
        w.take(MARA, "ios-company-portal=H4TH301QLM", replace=True)
    with w.agent.store.begin() as tx:
        states = {journey.serial: journey.state for journey in tx.journeys.recent(10)}
    assert states == {"PF4TH101": JourneyState.OPEN, "H4TH301QLM": JourneyState.ABANDONED}
    again = w.take(MARA, LAPTOP)
    assert again.journeys[0].id == first.journeys[0].id
