"""Where a journey leads: whether the method that it is to set up is allowed for this person at all.

learn.microsoft.com/graph/api/resources/fido2authenticationmethodconfiguration and
/microsoftauthenticatorauthenticationmethodconfiguration. Whether a maker's attestation is wanted is passed over:
Authenticator and security keys give one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from agent.domain.people import AUTHENTICATOR_AAGUIDS, MethodKind
from agent.domain.profiles import Milestone, Profile

EVERYBODY = "all_users"
_SIGNS_IN_ALONE = frozenset({"any", "deviceBasedPush"})


@dataclass(frozen=True, slots=True)
class KeyRule:
    """Which makes of passkey are admitted, by AAGUID: those named (`allow`) or all but those; all if not enforced."""

    enforced: bool = False
    allow: bool = False
    aaguids: frozenset[str] = frozenset()

    def admits(self, aaguid: str) -> bool:
        """Whether a passkey of this make may be registered."""
        return not self.enforced or (aaguid in self.aaguids) is self.allow

    @property
    def admits_security_keys(self) -> bool:
        """Whether any make beside Authenticator itself is admitted."""
        return not (self.enforced and self.allow) or bool(self.aaguids - AUTHENTICATOR_AAGUIDS)

    @property
    def names_makes(self) -> bool:
        """Whether it depends on the make of a key."""
        return self.enforced and bool(self.aaguids - AUTHENTICATOR_AAGUIDS)


@dataclass(frozen=True, slots=True)
class MethodPolicy:
    """One method: switched on or off, for whom, and what each target adds: a mode, or ids of passkey profiles.

    `include` maps group ids (or `EVERYBODY`) to that; `exclude` wins.
    """

    enabled: bool
    include: Mapping[str, frozenset[str]] = field(default_factory=dict)
    exclude: frozenset[str] = frozenset()

    def of(self, groups: Collection[str]) -> frozenset[str] | None:
        """What the targets that hold a person add, None where the method is not for them."""
        held = {*groups, EVERYBODY}
        if not self.enabled or held & self.exclude or not held & self.include.keys():
            return None
        return frozenset(one for group in held & self.include.keys() for one in self.include[group])

    @property
    def named_groups(self) -> frozenset[str]:
        """The groups whose membership decides."""
        return frozenset(self.include.keys() | self.exclude) - {EVERYBODY}


@dataclass(frozen=True, slots=True)
class Destinations:
    """What may be registered: passkeys by their rules (`profiles` if the tenant has passkey profiles), Authenticator.

    `self_service`: whether people may register a passkey themselves.
    """

    passkeys: MethodPolicy
    authenticator: MethodPolicy
    self_service: bool = True
    rule: KeyRule = KeyRule()
    profiles: Mapping[str, KeyRule] = field(default_factory=dict)

    @property
    def named_groups(self) -> frozenset[str]:
        """The groups whose membership decides."""
        return self.passkeys.named_groups | self.authenticator.named_groups

    def key_rules(self, groups: Collection[str]) -> tuple[KeyRule, ...]:
        """The rules under which somebody in `groups` may register a passkey; none where they may not."""
        added = self.passkeys.of(groups)
        if added is None or not self.self_service:
            return ()
        if not self.profiles:
            return (self.rule,)
        return tuple(self.profiles[one] for one in sorted(added) if one in self.profiles)

    def phone_sign_in(self, groups: Collection[str]) -> bool:
        """Whether somebody in `groups` may sign in with Authenticator alone."""
        return bool((self.authenticator.of(groups) or frozenset()) & _SIGNS_IN_ALONE)


class Door(StrEnum):
    """A way to the end of a journey, in the words of findings."""

    AUTHENTICATOR_PASSKEY = "a passkey in Authenticator"
    PHONE_SIGN_IN = "phone sign-in in Authenticator"
    SECURITY_KEY = "a security key"


def doors(profile: Profile) -> tuple[Door, ...]:
    """The ways to this journey's end that the methods policy decides; none where a computer's own key is the end."""
    in_app = (Door.AUTHENTICATOR_PASSKEY, Door.PHONE_SIGN_IN)
    if Milestone.AUTHENTICATOR_SET_UP in profile.done:
        return in_app
    if Milestone.PASSKEY_SET_UP in profile.done:
        return (Door.SECURITY_KEY,)
    if Milestone.STRONG_METHOD_SET_UP in profile.done and MethodKind.PASSKEY in profile.registers:
        return in_app if profile.device.value != "none" else (*in_app, Door.SECURITY_KEY)
    return ()


class Openness(StrEnum):
    """Whether a door is open: wholly, for some makes only, or not."""

    OPEN = "open"
    SOME = "some"
    SHUT = "shut"


def openness(door: Door, allowed: Destinations, groups: Collection[str]) -> Openness:
    """Whether somebody in `groups` can go through this door."""
    rules = allowed.key_rules(groups)
    if door is Door.PHONE_SIGN_IN:
        return Openness.OPEN if allowed.phone_sign_in(groups) else Openness.SHUT
    if door is Door.AUTHENTICATOR_PASSKEY:
        admitted = {aaguid for aaguid in AUTHENTICATOR_AAGUIDS if any(rule.admits(aaguid) for rule in rules)}
        if admitted == AUTHENTICATOR_AAGUIDS:
            return Openness.OPEN
        return Openness.SOME if admitted else Openness.SHUT
    usable = [rule for rule in rules if rule.admits_security_keys]
    if not usable:
        return Openness.SHUT
    return Openness.SOME if all(rule.names_makes for rule in usable) else Openness.OPEN
