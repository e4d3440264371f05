"""What Conditional Access will say to a pass at each sign-in of a journey.

A blocker only where a policy covers this person and this sign-in wherever it happens, and wants what no pass can give.
What depends on where the person sits, on the device or on another provider is a warning with the name of the policy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from agent.domain import access
from agent.domain.access import AccessPolicy, Certainty, Demand, SignInAt
from agent.domain.cases import Case, Finding
from agent.domain.facts import Known, NotChecked
from agent.domain.people import Person
from agent.domain.rules import places, saying

_ADMINISTRATOR = "a Conditional Access Administrator"

_WANTS = {
    Demand.BLOCK: "blocks it",
    Demand.STRENGTH: "wants a stronger way to sign in than a pass",
    Demand.TERMS: "wants terms of use accepted, which cannot be shown while a device enrols",
    Demand.OTHER_PROVIDER: "wants another provider's check as well, which a pass does not satisfy",
    Demand.DEVICE: "wants a device that is compliant already",
    Demand.APP: "wants an approved or protected app",
    Demand.UNKNOWN: "wants something that Tapslip does not know",
}
_CERTAIN = frozenset({Demand.BLOCK, Demand.STRENGTH, Demand.TERMS})
_DOUBTS = {
    "place": "depending on where the person sits",
    "system": "depending on the system of the device",
    "filter": "depending on what its filter makes of the device",
}


@dataclass(frozen=True, slots=True)
class _Bite:
    """What one policy wants at one sign-in, and how sure that is."""

    demand: Demand
    sign_in: SignInAt
    holds: access.Holds

    @property
    def certain(self) -> bool:
        return self.holds.certainty is Certainty.ALWAYS and self.demand in _CERTAIN

    @property
    def code(self) -> str:
        return f"access_by_{self.holds.doubt}" if self.holds.doubt else f"access_{self.demand}"


def judge(case: Case) -> Iterator[Finding]:
    """Every policy that wants more of this person at this journey's sign-ins than a pass can give."""
    fact, groups, person = case.tenant.access.policies, case.person.groups, case.known_person
    if isinstance(fact, NotChecked):
        yield saying.unchecked("access", "What Conditional Access wants at these sign-ins", fact, refuses=False)
        return
    if isinstance(groups, NotChecked) or person is None:
        return  # the policy's scope says so already, and refuses
    for policy in fact.value:
        if policy.include.holds(person, groups.value):
            excluded = policy.exclude.holds(person, groups.value)
            yield from _excused(case, policy, person) if excluded else _bites(case, policy)


def _one_time(case: Case) -> bool:
    """A kit's one pass is one-time only where every journey can do with that."""
    return all(item.profile.terms.one_time for item in case.asked.items)


def _trusted(case: Case) -> bool:
    """Whether there is a trusted place; where nobody could look, there may be."""
    fact = case.tenant.access.places
    return not isinstance(fact, Known) or any(place.trusted for place in fact.value)


def _bites(case: Case, policy: AccessPolicy) -> Iterator[Finding]:
    bites = [
        _Bite(demands[0], sign_in, holds)
        for sign_in in access.sign_ins(case.profile)
        if access.targets(policy, sign_in)
        for holds in [access.conditions(policy, sign_in, trusted=_trusted(case))]
        for demands in [access.demands(policy, sign_in, one_time=_one_time(case))]
        if demands and holds.certainty is not Certainty.NEVER
    ]
    for code in dict.fromkeys(bite.code for bite in sorted(bites, key=lambda bite: not bite.certain)):
        yield _finding(case, policy, [bite for bite in bites if bite.code == code])


def _finding(case: Case, policy: AccessPolicy, bites: list[_Bite]) -> Finding:
    first = bites[0]
    where = " and ".join(dict.fromkeys(bite.sign_in.what for bite in bites))
    doubt = f", {_DOUBTS[first.holds.doubt]}" if first.holds.doubt else ""
    strength = f" (“{policy.strength.name}”)" if first.demand is Demand.STRENGTH and policy.strength else ""
    sentence = f"Conditional Access policy “{policy.name}” covers {where}{doubt} and {_WANTS[first.demand]}{strength}."
    say = saying.blocker if first.certain else saying.warning
    place = places.CONDITIONAL_ACCESS.below(policy.name).then(_mended(first))
    return say(first.code, sentence + _more(first), who=_ADMINISTRATOR, place=place, fact=_known(case))


def _known(case: Case) -> Known[object] | None:
    fact = case.tenant.access.policies
    return fact if isinstance(fact, Known) else None


def _more(bite: _Bite) -> str:
    if bite.demand is Demand.DEVICE and bite.sign_in.enrols:
        return " Microsoft's pages differ on whether enrolment is spared: try one device before a roll-out."
    if bite.holds.doubt == "place":
        return " Tapslip cannot see where that will be."
    return ""


def _mended(bite: _Bite) -> str:
    if bite.demand is Demand.STRENGTH:
        return "use a strength that takes a Temporary Access Pass for this, or exclude the person until it is done"
    if bite.sign_in.enrols:
        return "exclude the resource Microsoft Intune Enrollment"
    if bite.holds.doubt == "place":
        return "have the person sign in at a place that the policy lets in"
    return "exclude the person, or the resource, until it is done"


def _excused(case: Case, policy: AccessPolicy, person: Person) -> Iterator[Finding]:
    """Somebody who was left out of an MFA policy so that they could begin: with a pass that is needless."""
    one_time = _one_time(case)
    met = [
        sign_in
        for sign_in in access.sign_ins(case.profile)
        if access.targets(policy, sign_in)
        and access.conditions(policy, sign_in, trusted=_trusted(case)).certainty is not Certainty.NEVER
    ]
    asks = bool(policy.controls or policy.strength)
    if met and asks and not any(access.demands(policy, sign_in, one_time=one_time) for sign_in in met):
        yield saying.warning(
            "access_excused",
            f"{person.display_name} is excluded from Conditional Access policy “{policy.name}”, which a pass meets: "
            "an exception made for the first sign-in is no longer needed.",
            who=_ADMINISTRATOR,
            place=places.CONDITIONAL_ACCESS.below(policy.name).then("take the person out of its exclusions"),
            fact=_known(case),
        )
