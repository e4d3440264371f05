"""Which directory roles reach a person: held directly, by a group, or only eligible, also by a group.

Any part that may not be read makes the whole fact not checked: an unseen administrator would be a false green.
learn.microsoft.com/entra/identity/role-based-access-control/privileged-roles-permissions
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from agent import errors
from agent.domain import people
from agent.domain.facts import Fact, Known, NotChecked
from agent.graph import answers, calls, urls

PERMISSION = "RoleManagement.Read.Directory"
GROUPS_PERMISSION = "GroupMember.Read.All"

#: (segment under /roleManagement/directory, whether it lists roles held now or roles that may be taken up)
_KINDS = (("roleAssignments", "held"), ("roleEligibilityScheduleInstances", "eligible"))

#: What is looked for in a person's memberships, with what is read of each.
_CASTS = {
    "microsoft.graph.group": "id,displayName,isAssignableToRole",
    "microsoft.graph.directoryRole": "id,displayName,roleTemplateId",
}

#: (ids of groups that may carry roles, names of roles held in whatever way)
Memberships = tuple[tuple[str, ...], tuple[str, ...]]
Roles = tuple[people.HeldRole, ...]
Names = Mapping[tuple[str, str], Fact[tuple[str, ...]]]


def read(graph: calls.Calls, person_ids: Sequence[str]) -> Mapping[str, Fact[Roles]]:
    """The roles of each person, without repetition. Most people cost one wait, those in groups that carry roles two."""
    persons = list(dict.fromkeys(urls.guid(person) for person in person_ids))
    first = _first(graph, persons)
    memberships = {person: _membership(*(first.reached[person, cast] for cast in _CASTS)) for person in persons}
    groups = {group for fact in memberships.values() if isinstance(fact, Known) for group in fact.value[0]}
    names = {
        **first.names,
        **_assignments(graph, [(group, segment) for group in sorted(groups) for segment, _ in _KINDS]),
    }
    found = {str(person): _of(str(person), memberships[person], names) for person in persons}
    return {person: found[person.lower()] for person in person_ids}


@dataclass(frozen=True, slots=True)
class _First:
    """What is asked of everybody at once: what reaches them, and what is assigned to themselves."""

    reached: Mapping[tuple[urls.Segment, str], Fact[tuple[answers.Row, ...]]]
    names: Names


def _first(graph: calls.Calls, persons: Sequence[urls.Segment]) -> _First:
    own = [(str(person), segment) for person in persons for segment, _ in _KINDS]
    with ThreadPoolExecutor(max_workers=1) as pool:
        names = pool.submit(_assignments, graph, own)
        reached = graph.many(
            lambda key: _reached(graph, *key),
            [(person, cast) for person in persons for cast in _CASTS],
            first=lambda key: calls.First(_reaching(*key), headers=calls.ADVANCED),
        )
    return _First(reached, names.result())


def _assignments(graph: calls.Calls, asked: Sequence[tuple[str, str]]) -> Names:
    return graph.many(lambda key: _names(graph, *key), asked, first=lambda key: calls.First(_assigned(*key)))


def _reaching(person: urls.Segment, cast: str) -> urls.Address:
    query = {"$select": _CASTS[cast], "$count": "true"}
    return urls.address(urls.V1, "users", person, "transitiveMemberOf", cast, query=query)


def _reached(graph: calls.Calls, person: urls.Segment, cast: str) -> Fact[tuple[answers.Row, ...]]:
    """The groups, or the roles, that a person is in by whatever way."""
    address = _reaching(person, cast)
    try:
        return graph.fact(
            lambda: tuple(graph.rows(address, headers=calls.ADVANCED)), f"GET {address.shape}", GROUPS_PERMISSION
        )
    except errors.TenantRefused as refused:
        if refused.status != 404:
            raise
        return NotChecked("The person is no longer in the directory.")


def _membership(groups: Fact[tuple[answers.Row, ...]], roles: Fact[tuple[answers.Row, ...]]) -> Fact[Memberships]:
    if isinstance(groups, NotChecked):
        return groups
    if isinstance(roles, NotChecked):
        return roles
    carrying = tuple(
        answers.text(row, "id").lower()
        for row in groups.value
        # null means no; a member that is absent could hide a role, so that group is looked at
        if row.get("isAssignableToRole", True) is True and urls.is_guid(answers.text(row, "id"))
    )
    return Known((carrying, tuple(_name(row) for row in roles.value)), roles.source, roles.at)


def _assigned(principal: str, segment: str) -> urls.Address:
    return urls.address(
        urls.V1,
        *("roleManagement", "directory", segment),
        query={"$filter": f"principalId eq {urls.literal(urls.guid(principal))}", "$expand": "roleDefinition"},
    )


def _names(graph: calls.Calls, principal: str, segment: str) -> Fact[tuple[str, ...]]:
    """The names of roles assigned to, or open to, one principal."""
    address = _assigned(principal, segment)

    def rows() -> tuple[str, ...]:
        found = graph.rows(address)
        own = [row for row in found if answers.text(row, "principalId").lower() == principal]
        return tuple(_name(answers.inner(row, "roleDefinition")) for row in own)

    return graph.fact(rows, f"GET {address.shape}", PERMISSION)


def _name(row: answers.Row) -> str:
    """A role whose name may not be read is still a role."""
    return answers.text(row, "displayName") or "a role without a readable name"


def _of(person: str, membership: Fact[Memberships], names: Names) -> Fact[Roles]:
    if isinstance(membership, NotChecked):
        return membership
    carrying, held = membership.value
    found: dict[str, str] = {}
    for principal in (person, *carrying):
        for segment, kind in _KINDS:
            fact = names[principal, segment]
            if isinstance(fact, NotChecked):
                return fact
            how = kind if kind == "eligible" else "direct" if principal == person else "group"
            for name in fact.value:
                found.setdefault(name, how)
    for name in held:
        if name not in found or found[name] == "eligible":
            found[name] = "group"
    roles = tuple(people.HeldRole(name, how) for name, how in sorted(found.items()))
    return Known(roles, membership.source, membership.at)
