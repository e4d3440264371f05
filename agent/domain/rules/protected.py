"""Who gets no pass from here because of a group: whoever holds a role in Tapslip, and whom the settings protect."""

from __future__ import annotations

from collections.abc import Iterator

from agent.domain.cases import Case, Finding
from agent.domain.facts import NotChecked
from agent.domain.rules import places, saying

_BY_HAND = places.USERS.then("an administrator makes one in Entra, with their own rights")


def by_group(case: Case) -> Iterator[Finding]:
    """Nobody with a role here, nobody protected; what could not be read refuses."""
    staff, protected, fact = case.tenant.staff_groups, case.tenant.protected_groups, case.person.groups
    if not staff | protected:
        return
    if isinstance(fact, NotChecked):
        yield saying.unchecked("protected", "Whether this person holds a role in Tapslip, or is protected", fact)
        return
    if staff & fact.value:
        yield saying.blocker(
            "tapslip_role",
            "This person holds a role in Tapslip: a pass for them would lend that role to whoever holds the slip.",
            who="a Privileged Authentication Administrator",
            place=_BY_HAND,
            fact=fact,
        )
    if protected & fact.value:
        yield saying.blocker(
            "protected_group",
            f"This person is in a group that is protected here: {', '.join(sorted(protected & fact.value))}.",
            who="a Privileged Authentication Administrator",
            place=_BY_HAND,
            fact=fact,
        )
