"""Whether a Mac's journey has a destination: Platform SSO assigned, with a key in the Secure Enclave as its way.

learn.microsoft.com/mem/intune/configuration/platform-sso-macos. A Mac has no object in Entra before it is registered,
so which groups of devices it will be in is not known yet: a policy that is meant only for groups without this person
is not checked rather than missing.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.domain import apple, device_policies
from agent.domain.cases import Case, Finding
from agent.domain.device_policies import Reach
from agent.domain.devices import AppleRecord
from agent.domain.facts import Known, NotChecked
from agent.domain.people import MethodKind
from agent.domain.rules import places, saying

_ADMINISTRATOR = "an Intune administrator"
_WHAT = "Whether Platform SSO reaches this Mac"


def assigned(case: Case, _record: AppleRecord) -> Iterator[Finding]:
    """Only for journeys that end with a platform credential, of a person who is known."""
    if MethodKind.PLATFORM_CREDENTIAL not in case.profile.registers or case.known_person is None:
        return
    fact, groups = case.tenant.apple.platform_sso, case.person.groups
    for read in (fact, groups):
        if isinstance(read, NotChecked):
            yield saying.unchecked("platform_sso", _WHAT, read, refuses=False)
            return
    if isinstance(fact, Known) and isinstance(groups, Known):
        yield from _reached(fact, groups.value)


def _reached(fact: Known[tuple[apple.PlatformSso, ...]], groups: frozenset[str]) -> Iterator[Finding]:
    reaches = [(one, device_policies.reach(one.targets, groups, frozenset())) for one in fact.value]
    surely = [one for one, reach in reaches if reach in (Reach.BY_DEVICE, Reach.BY_PERSON)]
    perhaps = [one for one, reach in reaches if reach is Reach.PERHAPS or _for_other_groups(one, reach)]
    other = next((one for one in surely if one.way is not apple.SsoWay.KEY), None)
    if other is not None:
        yield saying.blocker(
            "platform_sso_by_password",
            f"The policy “{other.name}” has people sign in to the Mac by {other.way.value}, not by a key in its Secure "
            "Enclave: no credential comes of it, and a pass does not help.",
            who=_ADMINISTRATOR,
            place=places.CONFIGURATION.then("choose Secure Enclave key as the authentication method"),
            fact=fact,
        )
    elif not surely and perhaps:
        names = ", ".join(f"“{one.name}”" for one in perhaps)
        unclear = NotChecked(f"{names}: assigned by a filter, or to groups of which only the enrolled Mac can be one.")
        yield saying.unchecked("platform_sso", _WHAT, unclear, refuses=False)
    elif not surely:
        yield saying.blocker(
            "platform_sso_not_assigned",
            "No Platform SSO policy is assigned to this person or to all devices: the Mac will ask for nothing.",
            who=_ADMINISTRATOR,
            place=places.CONFIGURATION.then("assign a macOS policy with Platform SSO and a Secure Enclave key"),
            fact=fact,
        )


def _for_other_groups(policy: apple.PlatformSso, reach: Reach) -> bool:
    return reach is Reach.NOT and any(target.group and not target.left_out for target in policy.targets)
