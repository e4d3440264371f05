"""A freeze stops every mint in every process, what is under way too, until two offices lift it together."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from agent import errors
from agent.actions import asks, freeze
from agent.domain import passes
from agent.domain.people import Operator, Role
from tests.actions.weak_lines import Go, Weak, go
from tests.world import APPROVER, TECHNICIAN, World

MARA, LAPTOP = "mara.quist", "windows-autopilot=PF4TH101"
LEAD = Operator("local:lead", "Lea (lead)", Role.LEAD)
ADMIN = Operator("local:admin", "Ada (admin)", Role.ADMIN)


class FrozenOnTheWay(Weak):
    """While the request waits for its turn, somebody freezes; `late` says after it has left."""

    late = False
    world: World

    def create(self, person_id: str, terms: passes.Terms, may_go: Go = go) -> passes.MintedPass:
        if not self.late:
            freeze.freeze(self.world.agent, TECHNICIAN, "a stolen laptop")
        made = self.line.create(person_id, terms, may_go)
        freeze.freeze(self.world.agent, TECHNICIAN, "a stolen laptop")
        return made


def on_a_line(w: World, *, late: bool) -> World:
    line = FrozenOnTheWay(w.agent.passes)
    line.late, line.world = late, w
    return replace(w, agent=replace(w.agent, passes=line))


def refused(w: World, **more: Any) -> tuple[str, ...]:
    with pytest.raises(errors.Refused) as caught:
        w.take(MARA, LAPTOP, **more)
    return caught.value.codes


def test_nothing_is_minted_while_a_freeze_holds(w: World) -> None:
    freeze.freeze(w.agent, APPROVER, "codes on a photo")
    before = w.left_behind()
    assert refused(w) == ("frozen",)
    assert w.left_behind() == before
    with pytest.raises(errors.Refused, match="codes on a photo"):
        freeze.freeze(w.agent, LEAD, "again")


def test_what_waits_for_its_turn_is_held_back(w: World) -> None:
    assert refused(on_a_line(w, late=False)) == ("frozen",)
    assert w.tenant_passes(MARA) == []
    assert w.audit()[-1] == "pass.issue refused"


def test_what_was_made_meanwhile_is_deleted_and_its_code_shown_to_nobody(w: World) -> None:
    assert refused(on_a_line(w, late=True)) == ("frozen",)
    assert w.tenant_passes(MARA) == []
    assert w.codes == []


def test_a_lead_and_an_admin_lift_it_together(w: World) -> None:
    freeze.freeze(w.agent, TECHNICIAN, "")
    for nobody in (TECHNICIAN, APPROVER):
        with pytest.raises(errors.Refused, match="may not lift a freeze"):
            freeze.unfreeze(w.agent, nobody)
    ask = freeze.unfreeze(w.agent, LEAD)
    for nobody in (LEAD, TECHNICIAN, Operator("local:lead2", "Leo (lead)", Role.LEAD), replace(LEAD, role=Role.ADMIN)):
        with pytest.raises(errors.Refused):
            asks.answer(w.agent, ask.id, nobody, yes=True)
    assert freeze.holding(w.agent) is not None
    asks.answer(w.agent, ask.id, ADMIN, yes=True)
    assert freeze.holding(w.agent) is None
    w.take(MARA, LAPTOP)
    with pytest.raises(errors.Refused, match="Nothing is frozen"):
        freeze.unfreeze(w.agent, LEAD)


def test_an_old_yes_does_not_lift_a_new_freeze(w: World) -> None:
    freeze.freeze(w.agent, TECHNICIAN, "first")
    old, other = freeze.unfreeze(w.agent, LEAD), freeze.unfreeze(w.agent, ADMIN)
    asks.answer(w.agent, old.id, ADMIN, yes=True)
    freeze.freeze(w.agent, TECHNICIAN, "second")
    with pytest.raises(errors.Refused, match="is over already"):
        asks.answer(w.agent, other.id, LEAD, yes=True)
    assert freeze.holding(w.agent) is not None


def test_every_live_pass_can_be_taken_away(w: World) -> None:
    w.take(MARA, LAPTOP)
    w.take("jonas.ferreira", "ios-setup-assistant=DMTH401PWX")
    freeze.freeze(w.agent, LEAD, "")
    taken = freeze.take_all_away(w.agent, LEAD)
    assert (taken.gone, taken.trouble) == (2, ())
    assert w.tenant_passes(MARA) == w.tenant_passes("jonas.ferreira") == []
    with pytest.raises(errors.Refused, match="may not withdraw"):
        freeze.take_all_away(w.agent, ADMIN)


def test_a_pass_that_is_being_made_is_told_when_all_are_taken_away(w: World) -> None:
    made = w.take(MARA, LAPTOP).row
    freeze.freeze(w.agent, LEAD, "")
    with w.agent.store.begin() as tx:
        other = replace(made, id=w.agent.chance.uuid(), person_id=w.user("jonas.ferreira").id, tenant_id="")
        tx.passes.add(replace(other, state=passes.PassState.ISSUING, requested_at=w.clock.at))
    taken = freeze.take_all_away(w.agent, LEAD)
    assert taken.gone == 1
    assert [f"pass {other.id}: it is being made this moment" in line for line in taken.trouble] == [True]
    w.clock.pass_minutes(12)
    assert freeze.take_all_away(w.agent, LEAD).trouble == ()
    assert w.our_pass(other.id).state is passes.PassState.REFUSED


def test_of_many_that_freeze_at_once_one_does(w: World) -> None:
    start, outcomes = threading.Barrier(4), []

    def freeze_now() -> None:
        start.wait()
        try:
            freeze.freeze(w.agent, LEAD, "")
            outcomes.append("holds")
        except errors.Refused as problem:
            outcomes.append(problem.codes[0])

    threads = [threading.Thread(target=freeze_now) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["frozen", "frozen", "frozen", "holds"]
