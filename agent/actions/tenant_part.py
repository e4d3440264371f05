"""The tenant-wide part of the facts: read at once, remembered for a short time, never trusted further than that.

How old it may be depends on what hangs on it:

- *Looking* (a preflight, a cohort's check) takes what was read up to three minutes ago, and each finding's evidence
  says when. A pass is not refused on that: a refusal is looked at once more with a part read for it (`preflight`).
- *Minting* reads it for itself. Entra itself refuses a create only where the pass policy is off, too narrow or does
  not cover the person; and even that it may not do when the policy changed minutes ago. Nothing in Entra refuses a
  pass whose status page outlives it, whose Windows has no web sign-in or whose Apple token has lapsed since: a stale
  "ok" would mint a pass that strands somebody. So `issue` begins with a part read for it, and while one issue goes on
  (the whole kit is judged again, sixty people are taken together) that one serves, for ten seconds.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from agent import errors
from agent.actions.reading import access, apple, windows
from agent.domain import cases
from agent.domain.facts import Known
from agent.ports import Agent

#: How old it may be for whoever only looks.
LOOKING = timedelta(minutes=3)
#: How old it may be in the course of one issue.
SAME_ISSUE = timedelta(seconds=10)
#: Read for this question.
NOW = timedelta(0)


def gather(agent: Agent, no_older_than: timedelta) -> tuple[cases.TenantFacts, bool]:
    """(the tenant part, whether it was remembered).

    Raises TenantUnreachable, TenantThrottled or Misconfigured when the tenant cannot be asked at all.
    """
    return agent.tenant_memory.get(agent.clock.now, no_older_than, lambda: _read(agent))


def _read(agent: Agent) -> cases.TenantFacts:
    with ThreadPoolExecutor(max_workers=7) as pool:
        policy = pool.submit(agent.tenant.policy)
        page = pool.submit(agent.tenant.status_page)
        skew = pool.submit(agent.tenant.skew)
        name = pool.submit(_organisation, agent)
        of_access = pool.submit(access.tenant, agent)
        of_windows = pool.submit(windows.tenant, agent)
        of_apple = pool.submit(apple.tenant, agent)
    return cases.TenantFacts(
        policy=policy.result(),
        status_page=page.result(),
        skew=skew.result(),
        organisation=name.result(),
        rail_groups=_rail_groups(agent),
        staff_groups=agent.settings.roles.every_group,
        protected_groups=agent.settings.protected_groups,
        access=of_access.result(),
        windows=of_windows.result(),
        apple=of_apple.result(),
    )


def _rail_groups(agent: Agent) -> frozenset[str]:
    """The groups that guard rails name; Misconfigured for one that the tenant does not have."""
    settings = agent.settings
    named = {"protected_groups": settings.protected_groups, "roles": settings.roles.every_group}
    named |= {f"guard_rails.people of {p.name}": frozenset(p.guard_rails.people) for p in agent.profiles.values()}
    named["guard_rails.people"] = frozenset(settings.guard_rails.people)
    places = {group.lower(): place for place, groups in named.items() for group in groups}
    missing = agent.tenant.groups_missing(places)
    if missing:
        faults = "\n".join(f"{places[group]}: this tenant has no group {group}" for group in sorted(missing))
        raise errors.Misconfigured("The settings or a profile name a group that is not there.", faults)
    return frozenset(group.lower() for place, groups in named.items() if "people" in place for group in groups)


def _organisation(agent: Agent) -> str:
    """The tenant's name where nobody set one; a slip must show what the device shows during set-up."""
    if agent.settings.organisation.named:
        return ""
    fact = agent.tenant.organisation()
    return fact.value.name if isinstance(fact, Known) else ""
