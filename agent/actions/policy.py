"""The tenant's Temporary Access Pass policy: explained to whoever asks, changed by an administrator alone.

Tapslip's own registrations never write the policy. A change is made with the administrator's own sign-in, after the
difference was shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent import errors
from agent.actions import audit, authority, operators
from agent.domain import passes, policy_changes
from agent.domain.facts import Known, NotChecked
from agent.ports import Administrator, Agent, AuditEntry, SignedIn


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
    page = _page(agent)
    names = agent.tenant.group_names(policy.named_groups)
    effects = tuple(policy_changes.effect(profile, policy, page) for _, profile in sorted(agent.profiles.items()))
    return Explained(policy, policy_changes.sentences(policy, names), effects, names)


def _page(agent: Agent) -> passes.StatusPage:
    fact = agent.tenant.status_page()
    return fact.value if isinstance(fact, Known) else passes.StatusPage(quality_updates=True)


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
    """A change as it would be made: before, after, the difference to show, and the profiles made impossible by it."""

    before: passes.PassPolicy
    after: passes.PassPolicy
    differences: tuple[policy_changes.Difference, ...]
    lost: tuple[policy_changes.Effect, ...] = ()


def propose(agent: Agent, change: policy_changes.Change) -> Proposal:
    """Work out a change without making it.

    Raises Refused, with the allowed range, for a value that is not possible, and for a group that cannot be found;
    Misconfigured where operators sign in and nobody could hold the role that it takes.
    """
    if agent.settings.operators_sign_in:
        operators.require_groups(agent, authority.CHANGE_POLICY)
    before = _read(agent)
    after = policy_changes.apply(before, change)
    names = agent.tenant.group_names(before.named_groups | after.named_groups)
    strange = sorted(after.named_groups - before.named_groups - set(names))
    if strange:
        raise errors.Refused(
            f"There is no group {strange[0]}, or its name may not be read.",
            "Give the object id of a group: Entra admin centre › Groups.",
            codes=("group_unknown",),
        )
    page = _page(agent)
    was = {name for name, one in agent.profiles.items() if policy_changes.effect(one, before, page).possible}
    effects = (policy_changes.effect(agent.profiles[name], after, page) for name in sorted(was))
    lost = tuple(effect for effect in effects if not effect.possible)
    return Proposal(before, after, policy_changes.difference(before, after, names), lost)


def change(agent: Agent, proposal: Proposal, administrator: Administrator) -> passes.PassPolicy:
    """Make it with an administrator's own sign-in; returns the policy as read afterwards.

    Where operators sign in, the administrator must hold the role admin here as well: Refused, and audited. Raises
    Stale when somebody changed the policy since it was shown, TenantRefused when the administrator may not, and
    OutcomeUnknown when no answer came. Each of these but Stale is audited, with the difference.
    """
    if agent.settings.operators_sign_in:
        who = SignedIn(administrator.id, administrator.name)
        operators.admitted(agent, who, authority.CHANGE_POLICY)
    if _read(agent) != proposal.before:
        raise errors.Stale(
            "Somebody changed the policy since this difference was shown.",
            "Look at it again with `tapslip policy show`.",
        )
    try:
        reference = administrator.write_policy(proposal.before, proposal.after)
    except (errors.TenantRefused, errors.TenantThrottled) as refused:
        _record(agent, proposal, administrator, ("refused", refused.reference))
        raise
    except errors.OutcomeUnknown as lost:
        _record(agent, proposal, administrator, ("unknown", lost.reference))
        raise
    _record(agent, proposal, administrator, ("done", reference))
    return _read(agent)


def _record(agent: Agent, proposal: Proposal, administrator: Administrator, came: tuple[str, str]) -> None:
    """`came` is what came of it and the tenant's request id."""
    outcome, reference = came
    said = audit.told(by_id=administrator.id, reference=reference)
    facts = {each.setting: f"{each.before} → {each.after}" for each in proposal.differences}
    entry = AuditEntry(agent.clock.now(), administrator.name, "policy.set", outcome, facts={**said, **facts})
    with agent.store.begin() as tx:
        tx.audit.append(entry)
