"""The real line to the tenant's passes, with one weak point each: where it breaks, or what others do meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from agent import errors
from agent.actions import track
from agent.domain import passes
from agent.domain.facts import Fact
from agent.ports import Agent, Passes

Go = Callable[[], None]


def go() -> None:
    """Nothing holds it back."""


@dataclass
class Weak:
    """Passes everything on; it fits `ports.Passes`."""

    line: Passes

    def of(self, person_ids: Sequence[str]) -> Mapping[str, Fact[tuple[passes.TenantPass, ...]]]:
        return self.line.of(person_ids)

    def create(self, person_id: str, terms: passes.Terms, may_go: Go = go) -> passes.MintedPass:
        return self.line.create(person_id, terms, may_go)

    def delete(self, person_id: str, tenant_id: str) -> str:
        return self.line.delete(person_id, tenant_id)

    def ready(self) -> None:
        self.line.ready()

    def busy_for(self) -> float:
        return self.line.busy_for()

    def removal_due(self, until: datetime) -> None:
        self.line.removal_due(until)


class CannotLook(Weak):
    """The line that broke under the create stays broken for the look after it."""

    created = False

    def create(self, person_id: str, terms: passes.Terms, may_go: Go = go) -> passes.MintedPass:
        self.created = True
        return self.line.create(person_id, terms, may_go)

    def of(self, person_ids: Sequence[str]) -> Mapping[str, Fact[tuple[passes.TenantPass, ...]]]:
        if self.created:
            raise errors.TenantUnreachable("The line is down.")
        return self.line.of(person_ids)


class CannotDelete(Weak):
    """Nothing can be taken away."""

    def delete(self, person_id: str, tenant_id: str) -> str:
        raise errors.TenantUnreachable(f"The line is down: {person_id} keeps {tenant_id}.")


class DiesAfterCreate(Weak):
    """The process ends when the pass has been made and before anything is written down."""

    def create(self, person_id: str, terms: passes.Terms, may_go: Go = go) -> passes.MintedPass:
        self.line.create(person_id, terms, may_go)
        raise KeyboardInterrupt


@dataclass
class MendedMeanwhile(Weak):
    """While one process looks, the other has finished its sweep."""

    other: Agent

    def of(self, person_ids: Sequence[str]) -> Mapping[str, Fact[tuple[passes.TenantPass, ...]]]:
        track.track(self.other)
        return self.line.of(person_ids)


@dataclass
class SweptMeanwhile(Weak):
    """While one process deletes, the other has finished its sweep."""

    other: Agent

    def delete(self, person_id: str, tenant_id: str) -> str:
        track.track(self.other)
        return self.line.delete(person_id, tenant_id)


@dataclass
class MadeAfterDelete(Weak):
    """As soon as a pass is seen to be gone, somebody makes another."""

    make: Callable[[], object]
    gone: bool = False

    def of(self, person_ids: Sequence[str]) -> Mapping[str, Fact[tuple[passes.TenantPass, ...]]]:
        answer = self.line.of(person_ids)
        if self.gone:
            self.gone = False
            self.make()
        return answer

    def delete(self, person_id: str, tenant_id: str) -> str:
        self.gone = True
        return self.line.delete(person_id, tenant_id)


@dataclass
class BrokenFor(Weak):
    """The line breaks whenever this person is asked about."""

    person: str

    def of(self, person_ids: Sequence[str]) -> Mapping[str, Fact[tuple[passes.TenantPass, ...]]]:
        if self.person in person_ids:
            raise errors.TenantUnreachable("The line broke.")
        return self.line.of(person_ids)


@dataclass
class Meanwhile(Weak):
    """Once the tenant has answered, and before anything is made of it, somebody does something else."""

    act: Callable[[], object]
    waiting: bool = True

    def of(self, person_ids: Sequence[str]) -> Mapping[str, Fact[tuple[passes.TenantPass, ...]]]:
        answer = self.line.of(person_ids)
        if self.waiting:
            self.waiting = False
            self.act()
        return answer
