"""The tenant's pass policy: switched on, covering this person, excluding nobody who is asked for."""

from __future__ import annotations

from collections.abc import Iterator

from agent.domain.cases import Case, Finding
from agent.domain.facts import NotChecked
from agent.domain.rules import places, saying

_ADMINISTRATOR = "an Authentication Policy Administrator"


def scope(case: Case) -> Iterator[Finding]:
    """Whether the policy lets this person have a pass; exclusion wins over inclusion."""
    fact, groups = case.tenant.policy, case.person.groups
    if isinstance(fact, NotChecked):
        yield saying.unchecked("policy", "The Temporary Access Pass policy", fact)
        return
    policy = fact.value
    if not policy.enabled:
        yield saying.blocker(
            "policy_off",
            "Temporary Access Passes are switched off in this tenant.",
            who=_ADMINISTRATOR,
            place=places.PASS_POLICY,
            fact=fact,
        )
    if isinstance(groups, NotChecked):
        yield saying.unchecked("scope", "Whether the policy covers this person", groups)
    elif groups.value & policy.exclude:
        named = ", ".join(sorted(groups.value & policy.exclude))
        yield saying.blocker(
            "excluded_from_policy",
            "This person is in a group that the Temporary Access Pass policy excludes.",
            who=_ADMINISTRATOR,
            place=places.PASS_POLICY.below(f"Exclude: {named}"),
            fact=groups,
        )
    elif not policy.covers(groups.value):
        named = ", ".join(sorted(policy.include)) or "no group at all"
        yield saying.blocker(
            "out_of_scope",
            "This person is in none of the groups that the Temporary Access Pass policy covers.",
            who=_ADMINISTRATOR,
            place=places.PASS_POLICY.below(f"Include: {named}"),
            fact=groups,
        )
