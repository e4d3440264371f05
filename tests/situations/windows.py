"""Situations that turn on what Entra and Intune decide about a PC: who gets in, and where the person arrives."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from agent.sandbox import device_records, policy_records, records
from agent.sandbox.areas import device_policies
from tests.situations import situation
from tests.situations.seed import DESKTOP, LAPTOP
from tests.situations.situation import Situation
from tests.world import World

SERIAL = "PF4TH101"
FIRST_SCREEN, LOCKED = ("oobe",), ("lock-screen-password",)
SCOPE, TPM = "not checked mdm_scope_not_checked", "not checked tpm_not_checked"
UNSEEN: Final = (SCOPE, TPM)
"""What no program can see of a boxed PC beforehand."""

_ALL_SAID: Final = frozenset({"device_read_as", "restart_expected"})
HELLO = "_vendor_msft_passportforwork_{tenantid}_policies_"


def _told(make: Callable[..., Situation]) -> Callable[..., Situation]:
    """Here the findings are complete."""
    return functools.partial(make, unsaid=_ALL_SAID)


works, fails = _told(situation.works), _told(situation.fails)


def registration(**changes: Any) -> Callable[[World], None]:
    """The device registration policy is so."""

    def arrange(w: World) -> None:
        for name, value in changes.items():
            setattr(w.sandbox.tenant.devices.registration_policy, name, value)

    return arrange


def all_of(*arranged: Callable[[World], object]) -> Callable[[World], None]:
    """One after the other."""

    def arrange(w: World) -> None:
        for one in arranged:
            one(w)

    return arrange


def entra_object(w: World, serial: str = SERIAL) -> device_records.EntraDevice:
    """The object in Entra that the registration of a PC made."""
    devices = w.sandbox.tenant.devices
    identity = next(one for one in devices.autopilot.values() if one.serial == serial)
    return next(one for one in devices.entra.values() if one.device_id == identity.entra_device_id)


def object_gone(w: World) -> None:
    """Somebody tidied up in Entra."""
    del w.sandbox.tenant.devices.entra[entra_object(w).id]


def object_disabled(w: World) -> None:
    """Somebody disabled what looked unused."""
    entra_object(w).enabled = False


def without_licence(w: World) -> None:
    """Intune is switched off in the licence."""
    w.user("mara.quist").licences = ["AAD_PREMIUM"]


def mdm_scope(word: str) -> Callable[[World], None]:
    """Whose PCs enrol by themselves."""

    def arrange(w: World) -> None:
        for scope in w.sandbox.tenant.devices.mobility_policies.values():
            scope.applies_to = word

    return arrange


def configuration(kind: str, **properties: Any) -> Callable[[World], None]:
    """The default enrolment configuration of a kind says so."""

    def arrange(w: World) -> None:
        for one in w.sandbox.tenant.devices.enrolment_configurations.values():
            if one.kind == kind and one.priority == 0:
                one.properties.update(properties)

    return arrange


def windows(**rule: Any) -> Callable[[World], None]:
    """Intune takes only such Windows PCs."""
    return configuration("platform_restrictions", windowsRestriction=rule)


def old_windows(w: World) -> None:
    """The PC came with an older Windows."""
    w.sandbox.tenant.devices.boxed[SERIAL].os_version = "10.0.19045.3000"


def box(**hints: Any) -> Callable[[World], None]:
    """The PC in the box is so."""
    return lambda w: w.sandbox.tenant.devices.boxed[SERIAL].options.update(hints)


def no_updates(w: World) -> None:
    """No status page installs quality updates."""
    for one in w.sandbox.tenant.devices.enrolment_configurations.values():
        if one.kind == "status_page":
            one.properties["installQualityUpdates"] = False


def web_sign_in(*assignments: policy_records.Assignment) -> Callable[[World], None]:
    """The policy of web sign-in reaches these."""

    def arrange(w: World) -> None:
        for policy in w.sandbox.tenant.devices.configuration_policies.values():
            if device_policies.WEB_SIGN_IN in policy.settings:
                policy.assignments = list(assignments)

    return arrange


def policy(name: str, settings: dict[str, str], *assignments: policy_records.Assignment) -> Callable[[World], None]:
    """One more policy of the catalogue; `settings` are choices by definition."""

    def arrange(w: World) -> None:
        tenant = w.sandbox.tenant
        made = policy_records.ConfigurationPolicy(tenant.new_id(), name, settings=settings)
        made.assignments = list(assignments)
        tenant.devices.configuration_policies[made.id] = made

    return arrange


def chosen(definition: str, option: str) -> dict[str, str]:
    """A choice as the catalogue writes it."""
    return {definition: f"{definition}_{option}"}


def old_row(name: str, days: int, person: str = "omar.siddiq") -> Callable[[World], None]:
    """Intune still has a row of somebody who had this PC before it was reset."""

    def arrange(w: World) -> None:
        tenant, user = w.sandbox.tenant, w.user(person)
        row = device_records.ManagedDevice(tenant.new_id(), SERIAL, name, "Windows", "10.0.26100.2314")
        row.user_id, row.user_principal_name = user.id, user.upn
        row.enrolled, row.enrollment_type = w.clock.at - timedelta(days=days), "windowsAzureADJoin"
        tenant.devices.managed[row.id] = row

    return arrange


def denied(*permissions: str) -> Callable[[World], None]:
    """The registration that reads was granted less."""

    def arrange(w: World) -> None:
        for one in permissions:
            w.door("deny", registration="watcher", permission=one)

    return arrange


DEVICES = policy_records.Assignment(policy_records.ALL_DEVICES)
PEOPLE = policy_records.Assignment(records.ALL_USERS)
HELLO_ON = chosen(f"device{HELLO}usepassportforwork", "true")
HELLO_OFF = chosen(f"user{HELLO}usepassportforwork", "false")
WEB_OFF = chosen(device_policies.WEB_SIGN_IN, "2")


def home_edition(w: World) -> None:
    """A PC in use that somebody bought in a shop."""
    for row in w.sandbox.tenant.devices.managed.values():
        row.edition = "Home" if row.serial == IN_USE else row.edition
    w.sandbox.tenant.devices.boxed[IN_USE].options["edition"] = "Home"


def row_gone(w: World) -> None:
    """Somebody deleted the PC in Intune."""
    managed = w.sandbox.tenant.devices.managed
    for row in [one for one in managed.values() if one.serial == IN_USE]:
        del managed[row.id]


def prepared_long_ago(w: World) -> None:
    """A technician set the PC up, and it lay in a cupboard for more than half a year."""
    w.move(PREPARED, "power-on")
    w.move(PREPARED, "provision")
    w.clock.pass_minutes(60)
    w.see(PREPARED)
    w.move(PREPARED, "reseal")
    w.clock.pass_minutes(190 * 24 * 60)


IN_USE, PREPARED = "PF4TH113", "PF4TH112"
UNPROVEN = "not checked proof_not_gathered"
ON_ITS_DESK, FROM_THE_CUPBOARD = f"windows-joined={IN_USE}", f"windows-pre-provisioned={PREPARED}"

STANDING: tuple[Situation, ...] = (
    fails(
        "A PC in use with an old Windows",
        "windows-joined=PF4TH114",
        person="alex.morgan2",
        ends=LOCKED,
        findings=("blocker windows_too_old", UNPROVEN),
    ),
    fails(
        "A PC in use with Windows Home",
        ON_ITS_DESK,
        person="alex.morgan",
        arrange=home_edition,
        ends=LOCKED,
        findings=("blocker windows_home", UNPROVEN),
    ),
    fails(
        "A PC in use that no policy of web sign-in reaches",
        ON_ITS_DESK,
        person="alex.morgan",
        arrange=web_sign_in(),
        ends=LOCKED,
        findings=("blocker web_sign_in_missing", UNPROVEN),
    ),
    fails(
        "A PC in use that was deleted in Intune",
        ON_ITS_DESK,
        person="alex.morgan",
        arrange=row_gone,
        ends=LOCKED,
        findings=("blocker not_enrolled", UNPROVEN, TPM),
    ),
    fails(
        "A PC that a technician prepared more than half a year ago",
        FROM_THE_CUPBOARD,
        arrange=prepared_long_ago,
        ends=FIRST_SCREEN,
        findings=("blocker prepared_too_long_ago", UNPROVEN, SCOPE),
    ),
)

ENTRY: tuple[Situation, ...] = (
    fails(
        "Nobody but administrators may join PCs",
        LAPTOP,
        arrange=registration(join_allowed="none"),
        ends=FIRST_SCREEN,
        findings=("blocker may_not_join", *UNSEEN),
    ),
    fails(
        "Somebody with as many PCs as one may have",
        LAPTOP,
        person="chidi.eze",
        arrange=registration(user_device_quota=0),
        ends=FIRST_SCREEN,
        findings=("blocker device_quota", *UNSEEN),
    ),
    fails(
        "Somebody outside the group that may join, with too many PCs as well",
        LAPTOP,
        arrange=registration(user_device_quota=0, join_allowed=[]),
        ends=FIRST_SCREEN,
        findings=("blocker device_quota", "blocker may_not_join", *UNSEEN),
    ),
    fails(
        "A laptop whose object in Entra was deleted",
        LAPTOP,
        arrange=object_gone,
        ends=FIRST_SCREEN,
        findings=("blocker entra_object_gone", SCOPE),
    ),
    fails(
        "A laptop whose object in Entra was disabled",
        LAPTOP,
        arrange=object_disabled,
        ends=FIRST_SCREEN,
        findings=("blocker entra_object_disabled", *UNSEEN),
    ),
    fails(
        "Somebody without a licence for Intune",
        LAPTOP,
        arrange=without_licence,
        ends=FIRST_SCREEN,
        findings=("blocker no_intune_licence", *UNSEEN),
    ),
    works(
        "Nobody's PCs enrol by themselves",
        LAPTOP,
        arrange=mdm_scope("none"),
        ends=FIRST_SCREEN,
        minutes=190,
        findings=UNSEEN,
        doubt="no program may read the MDM user scope",
    ),
    fails(
        "Intune takes no Windows PCs",
        LAPTOP,
        arrange=windows(platformBlocked=True),
        ends=FIRST_SCREEN,
        findings=("blocker windows_blocked", *UNSEEN),
    ),
    works(
        "Intune takes Windows 11 only, and the laptop has it",
        LAPTOP,
        arrange=windows(osMinimumVersion="10.0.22000.0"),
        ends=DESKTOP,
        minutes=190,
        findings=("not checked windows_version_not_checked", *UNSEEN),
    ),
    works(
        "Intune takes Windows 11 only, and the laptop came with 10",
        LAPTOP,
        arrange=all_of(windows(osMinimumVersion="10.0.22000.0"), old_windows),
        ends=FIRST_SCREEN,
        minutes=190,
        findings=("not checked windows_version_not_checked", *UNSEEN),
        doubt="which Windows is in the box shows when it enrols",
    ),
    works(
        "A laptop that was a colleague's and has been reset",
        LAPTOP,
        arrange=old_row("TH-OSIDDIQ", 300),
        ends=DESKTOP,
        minutes=190,
        findings=("warning enrolled_already", *UNSEEN),
    ),
    works(
        "A laptop that two colleagues had before",
        LAPTOP,
        arrange=all_of(old_row("TH-OSIDDIQ", 300), old_row("TH-ASHDOWN", 700, "peter.ashdown")),
        ends=DESKTOP,
        minutes=190,
        findings=("warning enrolled_already", "warning stale_rows", *UNSEEN),
    ),
    works(
        "A laptop for somebody who has one under management",
        LAPTOP,
        person="alex.morgan",
        ends=DESKTOP,
        minutes=190,
        findings=(TPM,),
    ),
    works(
        "The rules of joining may not be read",
        LAPTOP,
        arrange=denied("Policy.Read.DeviceConfiguration"),
        ends=DESKTOP,
        minutes=190,
        findings=("not checked join_not_checked", *UNSEEN),
    ),
    works(
        "What Intune has may not be read",
        LAPTOP,
        arrange=denied("DeviceManagementManagedDevices.Read.All", "DeviceManagementConfiguration.Read.All"),
        ends=DESKTOP,
        minutes=190,
        findings=(
            *("not checked enrolled_not_checked", "not checked hello_not_checked"),
            *("not checked web_sign_in_not_checked", SCOPE),
        ),
    ),
)

ARRIVAL: tuple[Situation, ...] = (
    fails(
        "Windows Hello is switched off for the tenant",
        LAPTOP,
        arrange=configuration("hello", state="disabled"),
        ends=DESKTOP,
        findings=("blocker hello_off", SCOPE),
    ),
    fails(
        "A policy switches Windows Hello off for everybody",
        LAPTOP,
        arrange=policy("No Hello", HELLO_OFF, PEOPLE),
        ends=DESKTOP,
        findings=("blocker hello_off", *UNSEEN),
    ),
    works(
        "Two policies differ about Windows Hello",
        LAPTOP,
        arrange=all_of(policy("Hello", HELLO_ON, DEVICES), policy("No Hello", HELLO_OFF, PEOPLE)),
        ends=DESKTOP,
        minutes=190,
        findings=("warning hello_disputed", *UNSEEN),
        doubt="which of two policies wins is not published",
    ),
    works(
        "A policy against Windows Hello whose filter leaves this laptop out",
        LAPTOP,
        arrange=policy(
            "No Hello", HELLO_OFF, policy_records.Assignment(policy_records.ALL_DEVICES, filter_lets_in=False)
        ),
        ends=DESKTOP,
        minutes=190,
        findings=("warning hello_disputed", *UNSEEN),
    ),
    works(
        "Windows Hello is switched on by a policy, though off for the tenant",
        LAPTOP,
        arrange=all_of(configuration("hello", state="disabled"), policy("Hello", HELLO_ON, DEVICES)),
        ends=DESKTOP,
        minutes=190,
        findings=(SCOPE,),
    ),
    works(
        "A laptop without a security chip",
        LAPTOP,
        arrange=box(tpm=False),
        ends=DESKTOP,
        minutes=190,
        findings=UNSEEN,
        doubt="a chip shows only once the PC is in Intune",
    ),
    fails(
        "No policy of web sign-in, and updates restart the laptop",
        LAPTOP,
        arrange=web_sign_in(),
        ends=LOCKED,
        findings=("blocker web_sign_in_missing", *UNSEEN),
    ),
    works(
        "No policy of web sign-in, and nothing restarts the laptop",
        LAPTOP,
        arrange=all_of(web_sign_in(), no_updates),
        ends=DESKTOP,
        minutes=150,
        findings=("warning web_sign_in_missing", *UNSEEN),
    ),
    works(
        "No policy of web sign-in, and a policy nobody sees restarts the laptop",
        LAPTOP,
        arrange=all_of(web_sign_in(), no_updates, box(restart_by_policy=True)),
        ends=LOCKED,
        minutes=150,
        findings=("warning web_sign_in_missing", *UNSEEN),
        doubt="Graph does not say which policy restarts a PC",
    ),
    fails(
        "Web sign-in is meant for people, who come after the restart",
        LAPTOP,
        arrange=web_sign_in(PEOPLE),
        ends=LOCKED,
        findings=("blocker web_sign_in_too_late", *UNSEEN),
    ),
    fails(
        "A second policy switches web sign-in off",
        LAPTOP,
        arrange=policy("No web sign-in", WEB_OFF, DEVICES),
        ends=LOCKED,
        findings=("blocker web_sign_in_off", *UNSEEN),
    ),
    works(
        "Web sign-in behind a filter that lets the laptop in",
        LAPTOP,
        arrange=web_sign_in(policy_records.Assignment(policy_records.ALL_DEVICES, filter_lets_in=True)),
        ends=DESKTOP,
        minutes=190,
        findings=("warning web_sign_in_filtered", *UNSEEN),
    ),
    works(
        "Web sign-in behind a filter that leaves the laptop out",
        LAPTOP,
        arrange=web_sign_in(policy_records.Assignment(policy_records.ALL_DEVICES, filter_lets_in=False)),
        ends=LOCKED,
        minutes=190,
        findings=("warning web_sign_in_filtered", *UNSEEN),
        doubt="what a filter says of a PC cannot be read",
    ),
    works(
        "Nothing installs updates, and web sign-in is there all the same",
        LAPTOP,
        arrange=no_updates,
        ends=DESKTOP,
        minutes=150,
        findings=UNSEEN,
    ),
    fails(
        "No web sign-in, no Windows Hello and no licence",
        LAPTOP,
        arrange=all_of(web_sign_in(), configuration("hello", state="disabled"), without_licence),
        ends=FIRST_SCREEN,
        findings=(*("blocker hello_off", "blocker no_intune_licence", "blocker web_sign_in_missing", SCOPE),),
    ),
)

SITUATIONS: tuple[Situation, ...] = (*ENTRY, *ARRIVAL, *STANDING)
