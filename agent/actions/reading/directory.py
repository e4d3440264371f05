"""What is read of every person: roles, methods, group memberships and passes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from agent.domain import passes, people
from agent.domain.facts import Fact
from agent.ports import Agent


@dataclass(frozen=True, slots=True)
class Directory:
    """Each by object id."""

    roles: Mapping[str, Fact[tuple[people.HeldRole, ...]]]
    methods: Mapping[str, Fact[tuple[people.SignInMethod, ...]]]
    groups: Mapping[str, Fact[frozenset[str]]]
    listed: Mapping[str, Fact[tuple[passes.TenantPass, ...]]]


def people_of(agent: Agent, ids: Sequence[str], named_groups: Collection[str]) -> Directory:
    """Two waits: roles and methods each name what must be asked next."""
    with ThreadPoolExecutor(max_workers=4) as pool:
        roles = pool.submit(agent.people.roles, ids)
        methods = pool.submit(agent.people.methods, ids)
        groups = pool.submit(agent.people.groups, ids, named_groups)
        listed = pool.submit(agent.passes.of, ids)
    return Directory(roles.result(), methods.result(), groups.result(), listed.result())
