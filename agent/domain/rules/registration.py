"""What pushes a person into another registration when they come with a pass, before they can do what they came for.

The page that does it offers neither a passkey nor phone sign-in
(learn.microsoft.com/entra/identity/authentication/howto-authentication-temporary-access-pass, known limitations).
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.domain.cases import Case, Finding, Level
from agent.domain.facts import Known, NotChecked
from agent.domain.people import MethodKind
from agent.domain.profiles import Milestone
from agent.domain.registration import Campaign, Reach
from agent.domain.rules import places, saying

_ENOUGH_FOR_DEFAULTS = frozenset({MethodKind.AUTHENTICATOR, MethodKind.SOFTWARE_OATH})
_ENOUGH_FOR_POLICIES = _ENOUGH_FOR_DEFAULTS | {MethodKind.PHONE}


def judge(case: Case) -> Iterator[Finding]:
    """Of the journeys without a device of their own, whose person signs in at a page that can hold them up."""
    if case.profile.device.value != "none":
        return
    yield from _defaults(case)
    if Milestone.AUTHENTICATOR_SET_UP in case.profile.done:
        return  # signed in to inside the app on a phone, where no campaign asks and no policy is known to interrupt
    yield from _campaign(case)
    yield from _policies(case)


def _held(case: Case) -> frozenset[MethodKind]:
    """The kinds of method that the person has, as far as known."""
    methods = case.person.methods
    return frozenset(one.kind for one in methods.value) if isinstance(methods, Known) else frozenset()


def _defaults(case: Case) -> Iterator[Finding]:
    """Security defaults; learn.microsoft.com/entra/fundamentals/security-defaults. Nobody documents them for a pass."""
    fact = case.tenant.access.security_defaults
    if isinstance(fact, NotChecked):
        yield saying.unchecked("security_defaults", "Whether security defaults are on", fact, refuses=False)
    elif fact.value and not _held(case) & _ENOUGH_FOR_DEFAULTS:
        yield saying.warning(
            "security_defaults",
            "Security defaults are on: after the code the page may want Authenticator for approvals set up first. Have "
            f"a phone at hand, and come back to {case.profile.title} when that is done.",
            who="a Security Administrator, or you with a phone for the person",
            place=places.SECURITY_DEFAULTS.then("replace security defaults by Conditional Access, or tell the person"),
            fact=fact,
        )


def _campaign(case: Case) -> Iterator[Finding]:
    fact, groups, person = case.tenant.access.campaign, case.person.groups, case.known_person
    if isinstance(fact, NotChecked):
        yield saying.unchecked("registration_campaign", "Whether a registration campaign runs", fact, refuses=False)
        return
    if isinstance(groups, NotChecked) or person is None:
        return  # the policy's scope says so already, and refuses
    if fact.value.of(person.id, groups.value) and _asked(fact.value, case):
        yield saying.warning(
            "registration_campaign",
            "A registration campaign may ask for Authenticator after the code: choose “Skip for now”, or after the "
            "third time set it up on a phone. Do not close the window: a code for one use would be used up.",
            who="an Authentication Policy Administrator, or you who tell the person",
            place=places.REGISTRATION_CAMPAIGN.then("exclude this person, or tell them"),
            fact=fact,
        )


def _asked(campaign: Campaign, case: Case) -> bool:
    """Whether the person's methods let the campaign ask them; it may where those could not be read."""
    held = _held(case)
    if isinstance(case.person.methods, NotChecked):
        return True
    reached = campaign.reach is Reach.ALL or MethodKind.PHONE in held
    return reached and MethodKind.AUTHENTICATOR not in held


def _policies(case: Case) -> Iterator[Finding]:
    """Self-service password reset and Identity Protection: Graph shows neither's registration policy."""
    if _held(case) & _ENOUGH_FOR_POLICIES:
        return
    yield Finding(
        "registration_policy_not_checked",
        Level.NOT_CHECKED,
        "Whether password reset or Identity Protection makes this person register something else first could not be "
        "checked: Microsoft Graph does not show those policies.",
        who="an Authentication Policy Administrator",
        where=places.REGISTRATION_POLICIES.name,
        link=places.REGISTRATION_POLICIES.link,
    )
