"""An operator signs in: who they are by their own browser, what they may do by the directory, in whose name they issue.

    identify      the registration `operators`; their checked id token names them
    groups        read by `watcher`, through nested groups too; what cannot be read is no role
    own name      where passes are made so: a second sign-in of the same person, silent in the same browser

Nothing of it is kept: the next command asks again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from agent import errors
from agent.actions import audit, authority
from agent.domain.facts import NotChecked
from agent.domain.people import Operator, Role
from agent.ports import Agent, AuditEntry, Shown, SignedIn
from agent.settings import IssueAs


def sign_in(agent: Agent, shown: Shown, deed: authority.Deed, chosen: Role | None = None) -> Operator:
    """Wait for somebody to sign in, and give them the highest of their roles that serves, or the `chosen` one.

    Raises Misconfigured (no group for any role that serves), and Refused: nobody signed in, or they hold no such role,
    which is audited; TenantUnreachable.
    """
    require_groups(agent, deed)
    return admitted(agent, agent.operators.identify(shown), deed, chosen)


def admitted(agent: Agent, who: SignedIn, deed: authority.Deed, chosen: Role | None = None) -> Operator:
    """Somebody who signed in, as the operator they are; raises Refused, which is audited."""
    try:
        by = Operator(who.id, _name(who), _chosen(agent, who, _held(agent, who), deed, chosen))
        authority.may(agent, by, deed)
    except errors.Refused as refused:
        _record_refusal(agent, who, deed, refused)
        raise
    return by


def named(agent: Agent, shown: Shown, person_id: str) -> Operator:
    """Wait for the one person to sign in whom an ask names; they need no role.

    Raises Refused, which is audited, when it was somebody else; and as `sign_in` where nobody signed in.
    """
    who = agent.operators.identify(shown)
    if who.id != person_id:
        refused = errors.Refused(
            f"Another person than {_name(who)} is named for this ask.", "Only they can answer it.", codes=("role",)
        )
        _record_refusal(agent, who, authority.ANSWER, refused)
        raise refused
    return Operator(who.id, _name(who), None)


def in_own_name(agent: Agent, by: Operator, shown: Shown) -> Agent:
    """The agent whose passes are made and deleted in the operator's own name, where the settings want that.

    Raises as `sign_in`. Close the agent that was given, not the one that is returned.
    """
    if not by.signed_in or agent.settings.issue_as is IssueAs.APP:
        return agent
    return replace(agent, passes=agent.operators.passes_as(by, shown))


def require_groups(agent: Agent, deed: authority.Deed) -> None:
    """Nothing, if the settings name a group that could let somebody do this; raises Misconfigured."""
    if not any(agent.settings.roles.groups(role) for role in deed.roles):
        raise errors.Misconfigured(
            f"Nobody may {deed.said}: the settings name no group for {deed.allowed}.",
            f"Set roles.{deed.roles[-1]} to the object ids of Entra groups; their members hold the role.",
        )


def _held(agent: Agent, who: SignedIn) -> tuple[Role, ...]:
    """The roles that the directory gives them, by the settings' groups."""
    roles = agent.settings.roles
    fact = agent.people.groups([who.id], roles.every_group)[who.id]
    if isinstance(fact, NotChecked):
        raise errors.Refused(
            f"Which roles {_name(who)} holds could not be checked: {fact.reason}",
            f"Grant {fact.permission} to the registration watcher." if fact.permission else "",
            codes=("role_not_checked",),
        )
    return tuple(role for role in Role if roles.groups(role) & fact.value)


def _chosen(agent: Agent, who: SignedIn, held: tuple[Role, ...], deed: authority.Deed, chosen: Role | None) -> Role:
    if not held:
        raise errors.Refused(
            f"{_name(who)} holds no role here.",
            f"Members of these groups do; after joining one it takes a few minutes. {_groups_in_words(agent, Role)}",
            codes=("no_role",),
        )
    if chosen is not None and chosen not in held:
        raise errors.Refused(
            f"{_name(who)} does not hold the role {chosen}.", f"Roles held: {', '.join(held)}.", codes=("role",)
        )
    if chosen is not None:
        return chosen
    useful = [role for role in deed.roles if role in held]
    if not useful:
        raise errors.Refused(
            f"{_name(who)} may not {deed.said}, being {', '.join(held)}.",
            f"It takes {deed.allowed}. {_groups_in_words(agent, deed.roles)}",
            codes=("role",),
        )
    return useful[0]


def _groups_in_words(agent: Agent, roles: Iterable[Role]) -> str:
    """Each role with its groups: by name where that can be read, always by id."""
    try:
        names = agent.tenant.group_names(agent.settings.roles.every_group)
    except errors.AgentError:
        names = {}
    said = [
        f"{role}: " + ", ".join(f"{names[one]} ({one})" if one in names else one for one in sorted(ids))
        for role in roles
        if (ids := agent.settings.roles.groups(role))
    ]
    return "; ".join(said)


def _record_refusal(agent: Agent, who: SignedIn, deed: authority.Deed, refused: errors.Refused) -> None:
    facts = audit.told(by_id=who.id, deed=deed.said, refusals=" ".join(refused.codes))
    entry = AuditEntry(agent.clock.now(), _name(who), "operator.sign_in", "refused", facts=facts)
    with agent.store.begin() as tx:
        tx.audit.append(entry)


def _name(who: SignedIn) -> str:
    return who.user_name or who.id
