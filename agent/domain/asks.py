"""An ask: a question that one person's screen puts to another human, and exactly what the answer is good for.

It names the person, the devices, the profiles as they stood and the terms. An answer is good for that matter and no
other: whatever changes afterwards has to be asked again. It is given once, by another human than the one who asks and
the one it is about, and it lapses.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from agent import errors
from agent.domain.people import Operator, Role

#: How long a question stays open, and how long an answer may be used after it was given.
LAPSES_AFTER = timedelta(minutes=30)


class AskKind(StrEnum):
    """What is asked for; `unfreeze` is the other half of lifting a freeze."""

    APPROVAL = "approval"
    SECOND_FACT = "second_fact"
    PRESENCE = "presence"
    HAND_OVER = "hand_over"
    UNFREEZE = "unfreeze"


class AskState(StrEnum):
    """Open, answered, or used up; one that lapsed stays as it was, `Ask.lapsed` tells."""

    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"
    SPENT = "spent"


@dataclass(frozen=True, slots=True)
class MatterItem:
    """One journey of a matter: the profile with its digest, and the serial ("" where it has no device)."""

    profile: str
    digest: str
    serial: str = ""


@dataclass(frozen=True, slots=True)
class Matter:
    """Exactly what is asked for; two matters are the same only if everything is.

    `lifetime` in minutes; `start` None means at once; `replaces` are the tenant's ids of the passes that would die;
    `about` names what is asked for where no pass is (the freeze, a ticket's number).
    """

    person_id: str = ""
    items: tuple[MatterItem, ...] = ()
    lifetime: int = 0
    one_time: bool = False
    start: datetime | None = None
    lost_method: str = ""
    proof: str = ""
    stolen: bool = False
    by_phone: bool = False
    replaces: tuple[str, ...] = ()
    about: str = ""

    def covers(self, other: Matter) -> bool:
        """Whether whoever said yes to this said yes to the other: the same, except that some of what dies is gone."""
        fewer = frozenset(other.replaces) <= frozenset(self.replaces)
        return fewer and replace(other, replaces=self.replaces) == self


@dataclass(frozen=True, slots=True)
class Ask:
    """One question. `why` holds the codes of the findings behind it; `asked_by` and `answered_by` are object ids.

    `roles` are those that may answer; `named`, where set, is the only one who may (an object id), whatever the role.
    """

    id: str
    kind: AskKind
    matter: Matter
    why: tuple[str, ...]
    roles: frozenset[Role]
    user_name: str
    asked_by: str
    asked_by_name: str
    asked_at: datetime
    named: str = ""
    state: AskState = AskState.OPEN
    answered_by: str = ""
    answered_by_name: str = ""
    answered_at: datetime | None = None
    note: str = ""
    version: int = 0

    @property
    def ends_at(self) -> datetime:
        """When the question lapses, or the answer to it."""
        return (self.answered_at or self.asked_at) + LAPSES_AFTER

    def lapsed(self, now: datetime) -> bool:
        """Nobody answered in time, or nobody used the answer in time."""
        return self.state in {AskState.OPEN, AskState.APPROVED} and now >= self.ends_at

    def waits(self, now: datetime) -> bool:
        """Whether it can still be answered."""
        return self.state is AskState.OPEN and not self.lapsed(now)

    def stands(self, now: datetime) -> bool:
        """Whether it was approved and may still be used."""
        return self.state is AskState.APPROVED and not self.lapsed(now)

    def answered(self, by: Operator, at: datetime, *, yes: bool, note: str = "") -> Ask:
        """This ask with its one answer; raises Refused for whoever may not give it and for one that waits no more."""
        _refuse_over(self, at)
        _refuse_stranger(self, by)
        state = AskState.APPROVED if yes else AskState.REFUSED
        return replace(self, state=state, answered_by=by.id, answered_by_name=by.name, answered_at=at, note=note)

    def spent(self, at: datetime) -> Ask:
        """This ask, used up; raises Refused when it no longer stands."""
        if not self.stands(at):
            raise errors.Refused(f"The ask {self.id} no longer stands.", "Ask again.", codes=("ask_over",))
        return replace(self, state=AskState.SPENT)

    def given_back(self) -> Ask:
        """This ask, as if it had not been used: what it was used for was surely not done."""
        return replace(self, state=AskState.APPROVED) if self.state is AskState.SPENT else self


def _refuse_over(ask: Ask, at: datetime) -> None:
    if ask.state is not AskState.OPEN:
        who = f" by {ask.answered_by_name}" if ask.answered_by_name else ""
        raise errors.Refused(
            f"The ask {ask.id} is {ask.state} already{who}.",
            "An ask is answered once; if it must be asked again, run the command behind it again.",
            codes=("ask_over",),
        )
    if ask.lapsed(at):
        minutes = int(LAPSES_AFTER.total_seconds() // 60)
        raise errors.Refused(
            f"The ask {ask.id} lapsed {minutes} minutes after it was put.",
            f"{ask.asked_by_name} can run the same command again, which asks anew.",
            codes=("ask_over",),
        )


def _refuse_stranger(ask: Ask, by: Operator) -> None:
    if by.id == ask.asked_by:
        raise errors.Refused(
            "Whoever asks cannot answer.", "Somebody else has to look at it and decide.", codes=("own_ask",)
        )
    if by.id == ask.matter.person_id:
        raise errors.Refused(
            "This ask is about you, so somebody else answers it.", "Ask a colleague to decide.", codes=("own_ask",)
        )
    if ask.named:
        if by.id != ask.named:
            raise errors.Refused("Another person is named for this ask.", "Only they can answer it.", codes=("role",))
    elif by.role not in ask.roles:
        raise errors.Refused(
            f"The role {by.role} may not answer this ask.",
            f"Its answer comes from: {_listed(ask.roles)}.",
            codes=("role",),
        )


def _listed(roles: Collection[Role]) -> str:
    return " or ".join(sorted(roles))
