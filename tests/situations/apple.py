"""Situations that turn on Apple: tokens and certificates that end, Company Portal, and the device's own record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from agent.sandbox import apple_records, device_records, policy_records
from agent.sandbox.areas import mac
from tests.situations.seed import DESKTOP, HOME, IPAD, IPHONE
from tests.situations.situation import Situation, fails, works
from tests.world import World

OWN_MAC = "mac-platform-sso=C02TH501MD"
MAC = "ios-setup-assistant=C02TH501MD"
USED_BY_HELEN = "H4TH306QLM"
UNSYNCED = "ios-company-portal=H4TH307QLM"
WRONG_PAPER = "the paper tells the steps of another journey, and the person is lost in the middle"


def programme(w: World) -> device_records.DepToken:
    """The one programme token."""
    (token,) = w.sandbox.tenant.devices.dep_tokens.values()
    return token


def volume(w: World) -> device_records.VppToken:
    """The one volume purchase token."""
    (token,) = w.sandbox.tenant.devices.vpp_tokens.values()
    return token


def portal(w: World) -> apple_records.StoreApp:
    """Company Portal as it was bought."""
    (app,) = w.sandbox.tenant.devices.store_apps.values()
    return app


def profiles(w: World) -> list[device_records.DepProfile]:
    """The enrolment profiles."""
    return list(w.sandbox.tenant.devices.dep_profiles.values())


def token_ends(days: int) -> Callable[[World], None]:
    """The programme token ends in so many days, or ended so many ago."""

    def arrange(w: World) -> None:
        programme(w).expires = w.clock.at + timedelta(days=days)

    return arrange


def push_ends(days: int) -> Callable[[World], None]:
    """The push certificate ends in so many days, or ended so many ago."""

    def arrange(w: World) -> None:
        held = w.sandbox.tenant.devices.push_certificate
        assert held is not None
        held.expires = w.clock.at + timedelta(days=days)

    return arrange


def no_push(w: World) -> None:
    """Nobody ever uploaded a push certificate."""
    w.sandbox.tenant.devices.push_certificate = None


def new_terms(w: World) -> None:
    """Apple has new terms, and the last synchronisation, by itself, was refused for them."""
    programme(w).terms_accepted = False
    w.clock.pass_minutes(13 * 60)


def volume_ends(days: int) -> Callable[[World], None]:
    """The volume token ends in so many days, or ended so many ago."""

    def arrange(w: World) -> None:
        volume(w).expires = w.clock.at + timedelta(days=days)

    return arrange


def volume_is(state: str) -> Callable[[World], None]:
    """The volume token is in that state, in Graph's words."""

    def arrange(w: World) -> None:
        volume(w).state = state

    return arrange


def volume_gone(w: World) -> None:
    """Somebody deleted the volume token that the profiles name, and what it bought went with it."""
    w.sandbox.tenant.devices.vpp_tokens.clear()
    w.sandbox.tenant.devices.store_apps.clear()


def none_left(w: World) -> None:
    """Every licence of Company Portal is in use."""
    portal(w).used = portal(w).total


def not_bought(w: World) -> None:
    """Nobody bought Company Portal."""
    w.sandbox.tenant.devices.store_apps.clear()


def not_required(w: World) -> None:
    """Company Portal is assigned to people, with licences of theirs."""
    portal(w).assignments = [apple_records.AppAssignment("available", apple_records.ALL_USERS, device_licensed=False)]


def by_apple_account(w: World) -> None:
    """The profiles name no volume token; whoever sets up the iPad has an Apple Account."""
    for profile in profiles(w):
        profile.vpp_token_id = None
    w.sandbox.tenant.devices.boxed["DMTH401PWX"].options["apple_account"] = True


def account_driven(w: World) -> None:
    """Everybody is meant to enrol by their own account."""
    made = apple_records.UserEnrolment("ade00000-0000-4000-8000-000000000001", "BYOD", group_ids=["all_users"])
    w.sandbox.tenant.devices.user_enrolments[made.id] = made


def setup_assistant(*, user: bool) -> Callable[[World], None]:
    """The iPad's profile asks in the old way, or enrols for nobody."""

    def arrange(w: World) -> None:
        profile = next(one for one in profiles(w) if one.web_sign_in and one.platform == "ios")
        profile.web_sign_in = profile.company_portal_required = False
        profile.requires_user, profile.vpp_token_id = user, None

    return arrange


def erased(w: World) -> None:
    """Mara's own iPhone was erased by hand, and its row in Intune stayed."""
    mara = w.user("mara.quist")
    for row in w.sandbox.tenant.devices.managed.values():
        if row.serial == USED_BY_HELEN:
            row.user_id, row.user_principal_name = mara.id, mara.upn
    w.move(USED_BY_HELEN, "reset")


def without_licence(w: World) -> None:
    """Mara's licence for Intune has been taken away."""
    w.user("mara.quist").licences.remove("INTUNE_A")


def no_room_in_entra(w: World) -> None:
    """Nobody may own a device."""
    w.sandbox.tenant.devices.registration_policy.user_device_quota = 0


def rule_for_staff(kind: str, **settings: object) -> Callable[[World], None]:
    """An enrolment configuration of this kind for all staff, ranked first."""

    def arrange(w: World) -> None:
        groups = [group.id for group in w.sandbox.tenant.directory.groups.values() if group.name == "All staff"]
        name = f"ade00000-0000-4000-8000-000000000002_{kind}"
        made = device_records.EnrolmentConfiguration(name, kind, "For staff", 1, group_ids=groups)
        made.properties = dict(settings)
        w.sandbox.tenant.devices.enrolment_configurations[made.id] = made

    return arrange


def one_device_held(w: World) -> None:
    """Staff may have one device in Intune, and Mara has it: a phone from before."""
    rule_for_staff("limit", limit=1)(w)
    mara = w.user("mara.quist")
    held = device_records.ManagedDevice("ade00000-0000-4000-8000-000000000003", "OLDPHONE", "Old phone", "iOS")
    held.user_id, held.user_principal_name = mara.id, mara.upn
    w.sandbox.tenant.devices.managed[held.id] = held


def blocked(platform: str) -> Callable[[World], None]:
    """Staff may not enrol this platform."""
    return rule_for_staff("platform_restriction", platformType=platform, platformRestriction={"platformBlocked": True})


def sso(w: World) -> policy_records.ConfigurationPolicy:
    """The Platform SSO policy."""
    known = w.sandbox.tenant.devices.configuration_policies.values()
    return next(policy for policy in known if policy.name == "Platform SSO for Macs")


def sso_for_nobody(w: World) -> None:
    """Nobody assigned it."""
    sso(w).assignments = []


def sso_for_guests(w: World) -> None:
    """It is assigned to a group that Mara is not in, which might be one of Macs."""
    groups = [group.id for group in w.sandbox.tenant.directory.groups.values() if group.name == "Guests"]
    sso(w).assignments = [policy_records.Assignment(group) for group in groups]


def sso_by_password(w: World) -> None:
    """It has people sign in with the work account's password."""
    sso(w).settings[mac.METHOD] = f"{mac.METHOD}_0"


SITUATIONS: tuple[Situation, ...] = (
    fails(
        "A programme token that ended yesterday",
        IPHONE,
        ends=("no-management",),
        findings=("blocker apple_token_expired",),
        arrange=token_ends(-1),
    ),
    works(
        "A programme token that ends in three weeks",
        IPHONE,
        ends=HOME,
        minutes=90,
        findings=("warning apple_token_ends_soon",),
        arrange=token_ends(21),
    ),
    works(
        "Terms of Apple that nobody accepted, and an iPad that Intune knows",
        IPAD,
        ends=HOME,
        minutes=120,
        findings=("warning apple_sync_failed",),
        arrange=new_terms,
    ),
    fails(
        "Terms of Apple that nobody accepted, and an iPhone bought since",
        UNSYNCED,
        ends=("no-management",),
        findings=("blocker device_unknown", "warning apple_sync_failed"),
        arrange=new_terms,
    ),
    fails(
        "A push certificate that ended yesterday",
        IPAD,
        ends=("remote-management",),
        findings=("blocker push_certificate_expired",),
        arrange=push_ends(-1),
    ),
    fails(
        "No push certificate at all",
        IPHONE,
        ends=("no-management",),
        findings=("blocker push_certificate_missing",),
        arrange=no_push,
    ),
    works(
        "A push certificate that ends next week",
        IPAD,
        ends=HOME,
        minutes=120,
        findings=("warning push_certificate_ends_soon",),
        arrange=push_ends(7),
    ),
    fails(
        "A volume token that ended yesterday",
        IPHONE,
        ends=("guided-access",),
        findings=("blocker company_portal_token_expired",),
        arrange=volume_ends(-1),
    ),
    works(
        "A volume token that ends in four weeks",
        IPHONE,
        ends=HOME,
        minutes=90,
        findings=("warning company_portal_token_ends_soon",),
        arrange=volume_ends(28),
    ),
    fails(
        "A volume token that another service manages",
        IPAD,
        ends=("awaiting-configuration",),
        findings=("blocker company_portal_token_elsewhere",),
        arrange=volume_is("assignedToExternalMDM"),
    ),
    fails(
        "A volume token that is not valid",
        IPAD,
        ends=("awaiting-configuration",),
        findings=("blocker company_portal_token_invalid",),
        arrange=volume_is("invalid"),
    ),
    fails(
        "A volume token that somebody deleted",
        IPHONE,
        ends=("guided-access",),
        findings=("blocker company_portal_not_bought", "blocker company_portal_token_gone"),
        arrange=volume_gone,
    ),
    fails(
        "No licence of Company Portal left",
        IPHONE,
        ends=("guided-access",),
        findings=("blocker company_portal_licences_out",),
        arrange=none_left,
    ),
    fails(
        "No licence of Company Portal left for a tablet",
        IPAD,
        ends=("awaiting-configuration",),
        findings=("blocker company_portal_licences_out",),
        arrange=none_left,
    ),
    fails(
        "Company Portal was never bought",
        IPHONE,
        ends=("guided-access",),
        findings=("blocker company_portal_not_bought",),
        arrange=not_bought,
    ),
    works(
        "Company Portal is only offered to people",
        IPHONE,
        ends=HOME,
        minutes=90,
        findings=("warning company_portal_not_required",),
        arrange=not_required,
    ),
    works(
        "Company Portal from the App Store, for somebody with an Apple Account",
        IPAD,
        ends=HOME,
        minutes=120,
        findings=("warning company_portal_by_apple_account",),
        arrange=by_apple_account,
    ),
    fails(
        "Everybody enrols by their own account",
        IPHONE,
        ends=("company-portal",),
        findings=("blocker account_driven_enrolment",),
        arrange=account_driven,
    ),
    fails(
        "A profile that takes only a password",
        IPAD,
        ends=("legacy",),
        findings=("blocker legacy_sign_in",),
        arrange=setup_assistant(user=True),
    ),
    fails(
        "A profile for nobody",
        IPAD,
        ends=("legacy",),
        findings=("blocker no_sign_in",),
        arrange=setup_assistant(user=False),
    ),
    fails(
        "A Mac with the paper of a tablet",
        MAC,
        ends=DESKTOP,
        findings=("blocker other_kind_of_device",),
        danger=WRONG_PAPER,
    ),
    fails(
        "An iPhone that a colleague uses",
        f"ios-company-portal={USED_BY_HELEN}",
        ends=("in-use",),
        findings=("blocker enrolled_by_other",),
    ),
    works(
        "One's own iPhone, erased by hand",
        f"ios-company-portal={USED_BY_HELEN}",
        ends=HOME,
        minutes=90,
        findings=("warning enrolled_already",),
        arrange=erased,
    ),
    fails(
        "A tablet for somebody without a licence",
        IPAD,
        ends=("remote-management",),
        findings=("blocker no_intune_licence",),
        arrange=without_licence,
    ),
    fails(
        "A phone for somebody without a licence",
        IPHONE,
        ends=("company-portal",),
        findings=("blocker no_intune_licence",),
        arrange=without_licence,
    ),
    fails(
        "A tablet for somebody who may own no more devices",
        IPAD,
        ends=("home-screen",),
        findings=("blocker device_quota",),
        arrange=no_room_in_entra,
    ),
    fails(
        "A tablet for somebody who has as many as Intune allows",
        IPAD,
        ends=("remote-management",),
        findings=("blocker device_limit",),
        arrange=one_device_held,
    ),
    fails(
        "A phone where Intune lets in no iPhones",
        IPHONE,
        ends=("company-portal",),
        findings=("blocker apple_blocked",),
        arrange=blocked("ios"),
    ),
    works("A Mac with Platform SSO", OWN_MAC, asked=lambda _w: {"lifetime": 185}, ends=DESKTOP, minutes=185),
    fails(
        "A Mac where Intune lets in no Macs",
        OWN_MAC,
        ends=("remote-management",),
        findings=("blocker apple_blocked",),
        arrange=blocked("mac"),
    ),
    fails(
        "A Mac that no Platform SSO policy reaches",
        OWN_MAC,
        ends=DESKTOP,
        findings=("blocker platform_sso_not_assigned",),
        arrange=sso_for_nobody,
    ),
    works(
        "A Mac whose Platform SSO policy is for another group",
        OWN_MAC,
        ends=DESKTOP,
        minutes=180,
        findings=("not checked platform_sso_not_checked",),
        arrange=sso_for_guests,
        doubt="nobody knows yet which groups the Mac will be in",
    ),
    fails(
        "A Mac whose Platform SSO wants a password",
        OWN_MAC,
        ends=("password-required",),
        findings=("blocker platform_sso_by_password",),
        arrange=sso_by_password,
    ),
)
