"""People whose account reaches further than their own: who owns a group that carries roles, who is managed apart.

Holders of directory roles themselves stand in `persons`. What could not be read refuses.
learn.microsoft.com/entra/identity/role-based-access-control/privileged-roles-permissions
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.domain.cases import Case, Finding
from agent.domain.facts import Known, NotChecked
from agent.domain.people import Person
from agent.domain.rules import places, saying

_ELSEWHERE = "a Privileged Authentication Administrator"


def judge(case: Case) -> Iterator[Finding]:
    """A blocker for each way in which this person is protected."""
    person = case.known_person
    if person is None:
        return
    yield from _owner(case, person)
    if person.restricted:
        yield _protected(
            "restricted_unit",
            f"{person.display_name} is in a restricted management administrative unit: only those who hold a role for "
            "that unit may touch this account.",
            person,
            case.person.person,
        )


def _owner(case: Case, person: Person) -> Iterator[Finding]:
    fact = case.tenant.access.role_owners
    if isinstance(fact, NotChecked):
        yield saying.unchecked("role_owners", "Whether this person owns a group that carries roles", fact)
    elif person.id in fact.value:
        owned = ", ".join(fact.value[person.id])
        sentence = (
            f"This person owns a group that can carry directory roles ({owned}), and could give these to anybody."
        )
        yield _protected("owns_role_group", sentence, person, fact)


def _protected(code: str, sentence: str, person: Person, fact: object) -> Finding:
    place = places.methods_of(person).then("with their own rights")
    known = fact if isinstance(fact, Known) else None
    return saying.blocker(code, sentence, who=_ELSEWHERE, place=place, fact=known)
