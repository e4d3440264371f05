"""The tenant's Temporary Access Pass policy: explained to whoever asks, changed by an administrator alone.

Tapslip's own registrations never write the policy. A change is made with the administrator's own sign-in, after the
difference was shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agent import errors
from agent.domain import passes, policy_changes
from agent.domain.facts import Known, NotChecked
from agent.ports import Agent


@dataclass(frozen=True, slots=True)
class Explained:
    """The policy as read, in sentences, with group names and what it means for each profile."""

    policy: passes.PassPolicy
    sentences: tuple[str, ...]
    effects: tuple[policy_changes.Effect, ...]
    names: Mapping[str, str]


def explain(agent: Agent) -> Explained:
    """Read and explain it. Raises TenantRefused when it may not be read, TenantUnreachable when nobody answers."""
    policy = _read(agent)
    fact = agent.tenant.status_page()
    page = fact.value if isinstance(fact, Known) else passes.StatusPage(quality_updates=True)
    names = agent.tenant.group_names(policy.named_groups)
    effects = tuple(policy_changes.effect(profile, policy, page) for _, profile in sorted(agent.profiles.items()))
    return Explained(policy, policy_changes.sentences(policy, names), effects, names)


def _read(agent: Agent) -> passes.PassPolicy:
    fact = agent.tenant.policy()
    if isinstance(fact, NotChecked):
        raise errors.TenantRefused(
            f"The Temporary Access Pass policy could not be read: {fact.reason}",
            f"Grant {fact.permission} to the registration watcher." if fact.permission else "",
            status=403,
        )
    return fact.value


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change as it would be made: before, after, and the difference to show."""

    before: passes.PassPolicy
    after: passes.PassPolicy
    differences: tuple[policy_changes.Difference, ...]


def propose(agent: Agent, change: policy_changes.Change) -> Proposal:
    """Work out a change without making it. Raises Refused, with the allowed range, for a value that is not possible."""
    before = _read(agent)
    after = policy_changes.apply(before, change)
    names = agent.tenant.group_names(before.named_groups | after.named_groups)
    return Proposal(before, after, policy_changes.difference(before, after, names))


def change(agent: Agent, proposal: Proposal, write: Callable[[passes.PassPolicy], None]) -> passes.PassPolicy:
    """Make it through `write`, which carries the administrator's own sign-in; returns the policy as read afterwards.

    Raises Stale when somebody changed the policy since it was shown, and whatever `write` raises.
    """
    if _read(agent) != proposal.before:
        raise errors.Stale(
            "Somebody changed the policy since this difference was shown.",
            "Look at it again with `tapslip policy show`.",
        )
    write(proposal.after)
    return _read(agent)
