"""A kit is what was asked for and the person's other open journeys: one pass serves them all."""

from __future__ import annotations

from dataclasses import replace

from agent import errors
from agent.domain import cases, findings, journeys, profiles
from agent.domain.rules import devices
from agent.ports import Agent


def whole(agent: Agent, asked: cases.KitAsked, facts: cases.Facts) -> cases.KitAsked:
    """What was asked, with the journeys that are open already; a new pass serves them too, and each gets a new slip.

    Raises Misconfigured where an open journey's profile is no longer there.
    """
    kit = facts.people[asked.person].kit
    records = map(devices.matched, findings.cases(facts, asked, agent.clock.now()))
    serials = {record.serial.upper() for record in records if record}
    without = {item.profile.name for item in asked.items if not item.scanned}
    others = [j for j in kit if (j.serial.upper() not in serials if j.serial else j.profile not in without)]
    items = [*asked.items, *(cases.Item(_profile(agent, journey), journey.serial) for journey in others)]
    lost = asked.lost_method or next((j.lost_method for j in others if j.lost_method), "")
    return replace(asked, items=tuple(items), lost_method=lost)


def _profile(agent: Agent, journey: journeys.Journey) -> profiles.Profile:
    found = agent.profiles.get(journey.profile)
    if found is None:
        raise errors.Misconfigured(
            f"This person's open journey {journey.id} uses the profile {journey.profile}, which is no longer there.",
            f"Put the profile back, or `tapslip close {journey.id}`.",
        )
    return found
