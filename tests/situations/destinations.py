"""Situations that turn on what a person may register: passkeys by their make, Authenticator by its mode."""

from __future__ import annotations

from typing import Any

from agent.sandbox.areas.registration import PASSKEY_MAKERS
from tests.situations.people import lost
from tests.situations.seed import HOME, IPAD, IPHONE, RECOVERY
from tests.situations.situation import Situation, fails, works
from tests.world import World

RUTH = "ruth.adeyemi"
AUTHENTICATOR, KEY = "phone-authenticator", "security-key"
IOS, YUBIKEY = PASSKEY_MAKERS["iOS"].aaguid, PASSKEY_MAKERS["security-key"].aaguid
ANDROID = PASSKEY_MAKERS["Android"].aaguid
ANOTHER_MAKE = "d8522d9f-575b-4866-88a9-ba99fa02f35b"
APPROVAL = "warning approval_needed"
NARROW, CLOSED = "warning destination_narrow", "blocker destination_closed"
OTHER_WAY = "the person goes the way that is shut"


def method(w: World, name: str, **changes: Any) -> None:
    """Change a method's policy, in Graph's words."""
    w.sandbox.tenant.credentials.method_policies.setdefault(name, {}).update(changes)


def makes(w: World, kind: str, *aaguids: str) -> None:
    """Only these makes of passkey, or all but these."""
    method(w, "Fido2", keyRestrictions={"isEnforced": True, "enforcementType": kind, "aaGuids": list(aaguids)})


def push_only(w: World) -> None:
    """Authenticator approves sign-ins and does nothing more."""
    method(
        w,
        "MicrosoftAuthenticator",
        includeTargets=[{"targetType": "group", "id": "all_users", "authenticationMode": "push"}],
    )


def nothing_in_authenticator(w: World) -> None:
    """Neither a passkey nor phone sign-in."""
    push_only(w)
    makes(w, "block", IOS, ANDROID)


def android_only(w: World) -> None:
    """Passkeys in Authenticator on Android, and nothing else in Authenticator."""
    push_only(w)
    makes(w, "allow", ANDROID)


def by_administrators_only(w: World) -> None:
    """People register no passkey themselves, and Authenticator approves sign-ins only."""
    push_only(w)
    method(w, "Fido2", isSelfServiceRegistrationAllowed=False)


def not_for_ostend(w: World, name: str) -> None:
    """Ostend Quay is excluded from a method."""
    groups = w.sandbox.tenant.directory.groups.values()
    excluded = [{"targetType": "group", "id": group.id} for group in groups if group.name == "Ostend Quay"]
    method(w, name, excludeTargets=excluded)


def passkey_profiles(w: World) -> None:
    """Passkeys by profiles: everybody's admits security keys alone."""
    only_keys = {"isEnforced": True, "enforcementType": "allow", "aaGuids": [YUBIKEY]}
    method(
        w,
        "Fido2",
        passkeyProfiles=[{"id": "keys", "name": "Keys", "keyRestrictions": only_keys}],
        includeTargets=[{"targetType": "group", "id": "all_users", "allowedPasskeyProfiles": ["keys"]}],
    )


PHONES: tuple[Situation, ...] = (
    works("A passkey in Authenticator on somebody's own phone", AUTHENTICATOR, ends=HOME, minutes=60),
    works(
        "Phone sign-in where passkeys are switched off",
        AUTHENTICATOR,
        arrange=lambda w: method(w, "Fido2", state="disabled"),
        plays={"sets_up": "phone-sign-in"},
        ends=HOME,
        minutes=60,
        findings=(NARROW,),
    ),
    works(
        "A passkey is tried where passkeys are switched off",
        AUTHENTICATOR,
        arrange=lambda w: method(w, "Fido2", state="disabled"),
        ends=("authenticator",),
        minutes=60,
        findings=(NARROW,),
        doubt=OTHER_WAY,
    ),
    fails(
        "Neither a passkey nor phone sign-in is allowed in Authenticator",
        AUTHENTICATOR,
        arrange=nothing_in_authenticator,
        minutes=60,
        ends=("authenticator",),
        findings=(CLOSED,),
    ),
    works(
        "Only Authenticator on Android holds passkeys, and the phone is an iPhone",
        AUTHENTICATOR,
        arrange=android_only,
        asked=lambda _w: {"lifetime": 70},
        ends=("authenticator",),
        minutes=70,
        findings=(NARROW, "warning long_pass"),
        doubt=OTHER_WAY,
    ),
    works(
        "A tablet where only passkeys are allowed in Authenticator",
        IPAD,
        arrange=push_only,
        ends=("authenticator",),
        minutes=120,
        findings=(NARROW,),
        doubt=OTHER_WAY,
    ),
    fails(
        "A phone and a tablet, and nothing to set up in Authenticator",
        *(IPHONE, IPAD),
        arrange=nothing_in_authenticator,
        ends=("authenticator",) * 2,
        findings=(CLOSED,) * 2,
    ),
    works(
        "A tablet where passkey profiles admit security keys alone",
        IPAD,
        arrange=passkey_profiles,
        ends=HOME,
        minutes=120,
        findings=(NARROW,),
    ),
)

KEYS: tuple[Situation, ...] = (
    works("A security key", KEY, ends=("added",), minutes=60),
    fails(
        "A security key where passkeys are switched off",
        KEY,
        arrange=lambda w: method(w, "Fido2", state="disabled"),
        minutes=60,
        ends=("private-window",),
        findings=(CLOSED,),
    ),
    fails(
        "A lost phone where only administrators register keys, and Authenticator only approves",
        RECOVERY,
        person=RUTH,
        asked=lost,
        arrange=by_administrators_only,
        minutes=60,
        ends=("security-info",),
        findings=(CLOSED, APPROVAL),
    ),
    fails(
        "A security key beside a phone, for somebody whom passkeys exclude",
        *(KEY, IPHONE),
        person="leila.haddad",
        arrange=lambda w: not_for_ostend(w, "Fido2"),
        ends=("private-window", "home"),
        findings=(CLOSED, NARROW),
    ),
    works(
        "A security key of a make that is named",
        KEY,
        arrange=lambda w: makes(w, "allow", YUBIKEY),
        ends=("added",),
        minutes=60,
        findings=(NARROW,),
    ),
    works(
        "A security key of another make than those named",
        KEY,
        arrange=lambda w: makes(w, "allow", ANOTHER_MAKE),
        ends=("private-window",),
        minutes=60,
        findings=(NARROW,),
        doubt=OTHER_WAY,
    ),
    works(
        "A passkey on a new phone where only Authenticator's phone sign-in is allowed",
        RECOVERY,
        person=RUTH,
        asked=lost,
        arrange=lambda w: method(w, "Fido2", state="disabled"),
        ends=("private-window",),
        minutes=60,
        findings=(NARROW, APPROVAL),
        doubt=OTHER_WAY,
    ),
)

SITUATIONS = (*PHONES, *KEYS)
