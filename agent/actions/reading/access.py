"""What is read of Conditional Access and of whatever else decides whether a sign-in is let through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from agent.domain import cases
from agent.domain.access import AccessPolicy
from agent.domain.facts import NOT_READ, Fact, Known
from agent.domain.people import Person
from agent.domain.topics.access import PersonPart, TenantPart
from agent.ports import Agent


def tenant(agent: Agent) -> TenantPart:
    """The tenant's part, remembered for some minutes; places only where a policy names one."""
    with ThreadPoolExecutor(max_workers=6) as pool:
        allowed = pool.submit(agent.access.destinations)
        owners = pool.submit(agent.access.role_owners)
        federated = pool.submit(agent.access.federated)
        defaults = pool.submit(agent.access.security_defaults)
        campaign = pool.submit(agent.access.campaign)
        policies = agent.access.policies()
        places = agent.access.places() if _name_places(policies) else NOT_READ
    return TenantPart(
        policies,
        places,
        allowed.result(),
        owners.result(),
        federated.result(),
        defaults.result(),
        campaign.result(),
    )


def _name_places(policies: Fact[tuple[AccessPolicy, ...]]) -> bool:
    found = policies.value if isinstance(policies, Known) else ()
    return any(policy.places or policy.without_places for policy in found)


def people(_agent: Agent, found: Sequence[Person], _tenant: cases.TenantFacts) -> Mapping[str, PersonPart]:
    """Each person's part, by object id; two waits at most."""
    return {person.id: PersonPart() for person in found}
