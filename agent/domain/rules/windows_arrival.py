"""Whether a PC's person arrives: a lock screen that takes a pass after a restart, and Windows Hello at the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from agent.domain import device_policies
from agent.domain.cases import Case, Finding, Level, Rule
from agent.domain.device_policies import DevicePolicy, Reach
from agent.domain.devices import newest
from agent.domain.facts import Fact, Known, NotChecked
from agent.domain.rules import places, saying
from agent.domain.topics.windows import DevicePart

_ADMINISTRATOR = "an Intune administrator"


def hello(case: Case) -> Iterator[Finding]:
    """Windows Hello is to be set up for this person on this PC, else the journey never ends.

    The catalogue's policies count before the tenant-wide setting, and Windows offers Hello on joined PCs where nobody
    says anything: both are our reading, so only a plain "off" forbids.
    """
    if not case.profile.wants_hello:
        return
    policies, rules = case.tenant.windows.policies, case.tenant.windows.enrolment
    for fact in (policies, rules, case.person.groups, _part(case).groups):
        if isinstance(fact, NotChecked):
            yield saying.unchecked("hello", "Whether Windows Hello is set up for this person", fact, refuses=False)
            return
    if not isinstance(policies, Known) or not isinstance(rules, Known):
        return
    told = [(one, how) for one, how in _reaching(case, policies.value) if one.hello is not None]
    certain = {one.hello for one, how in told if how is not Reach.PERHAPS}
    names = ", ".join(f"“{one.name}”" for one, _ in told if not one.hello)
    tenant = rules.value.hello
    if certain == {False} or (not told and tenant is not None and tenant.state == "disabled"):
        by = f"by {names}" if told else "for the whole tenant"
        yield saying.blocker(
            "hello_off",
            f"Windows Hello is switched off {by}; the person would reach the desktop without it.",
            who=_ADMINISTRATOR,
            place=places.CONFIGURATION if told else places.HELLO,
            fact=policies if told else rules,
        )
    elif names:
        yield saying.warning(
            "hello_disputed",
            f"{names} would switch Windows Hello off, and other settings or a filter say otherwise; it may never come.",
            who=_ADMINISTRATOR,
            place=places.CONFIGURATION.then("let one policy decide"),
            fact=policies,
        )


def security_chip(case: Case) -> Iterator[Finding]:
    """Where Hello demands a TPM: whether the PC has one shows only once it has been in Intune."""
    policies, rules = case.tenant.windows.policies, case.tenant.windows.enrolment
    if not case.profile.wants_hello or not isinstance(policies, Known) or not isinstance(rules, Known):
        return
    told = [one.needs_tpm for one, _ in _reaching(case, policies.value) if one.needs_tpm is not None]
    tenant = rules.value.hello
    needed = any(told) if told else tenant is not None and tenant.state == "enabled" and tenant.needs_tpm
    hardware = _part(case).hardware
    if not needed or (isinstance(hardware, Known) and hardware.value and hardware.value.tpm_version):
        return
    reason = "it has not been in Intune yet"
    if isinstance(hardware, NotChecked):
        reason = hardware.reason
    elif hardware.value is not None:
        reason = "Intune names none"
    yield Finding(
        "tpm_not_checked",
        Level.NOT_CHECKED,
        f"Windows Hello is set up only with a security chip (TPM) here; whether this PC has one could not be checked: "
        f"{reason}.",
        who="you",
        where="`tpm.msc` on the PC, or its data sheet; PCs made for Windows 11 have one",
        evidence=hardware.evidence if isinstance(hardware, Known) else "",
    )


def lock_screen(case: Case) -> Iterator[Finding]:
    """Web sign-in on the lock screen: always for a PC in use, else after a restart in the middle of set-up.

    learn.microsoft.com/windows/security/identity-protection/web-sign-in
    """
    policies, groups = case.tenant.windows.policies, _part(case).groups
    for fact in (policies, groups, case.person.groups):
        if isinstance(fact, NotChecked):
            what = "Whether the lock screen takes a pass (web sign-in)"
            yield saying.unchecked("web_sign_in", what, fact, refuses=False)
            return
    if isinstance(policies, Known):
        yield from _web_sign_in(case, policies)
    yield from _windows_of(case)


def _web_sign_in(case: Case, policies: Known[tuple[DevicePolicy, ...]]) -> Iterator[Finding]:
    told = [(one.web_sign_in, how) for one, how in _reaching(case, policies.value) if one.web_sign_in is not None]
    off = any(not on for on, _ in told)
    ways = {how for on, how in told if on}
    early = Reach.BY_DEVICE in ways or (Reach.BY_PERSON in ways and not case.profile.enrols)
    if early and not off:
        return
    certain = Reach.PERHAPS not in {how for _, how in told}
    code, why = "web_sign_in_missing", "no policy that reaches this PC switches it on"
    if not certain:
        code, why = "web_sign_in_filtered", "a filter decides which policy reaches this PC"
    elif off:
        code, why = "web_sign_in_off", "a policy that reaches this PC switches it off"
    elif Reach.BY_PERSON in ways:
        code, why = "web_sign_in_too_late", "the policy is assigned to people, and arrives with their first session"
    needed = not case.profile.enrols or _restarts(case)
    made = saying.blocker if certain and needed else saying.warning
    yield made(
        code,
        f"The lock screen takes only a password: {why}. {_consequence(case, certain=certain and needed)}",
        who=_ADMINISTRATOR,
        place=places.CONFIGURATION.then("assign “Enable Web Sign In” to a group that this PC is in"),
        fact=policies,
    )


def _consequence(case: Case, *, certain: bool) -> str:
    if not case.profile.enrols:
        return "A pass could not be typed there."
    if certain:
        return "Set-up restarts this PC, and the pass could not be typed again."
    return "A restart during set-up would strand the person."


def _windows_of(case: Case) -> Iterator[Finding]:
    """A PC in use tells its version and edition; one in its box does not."""
    part = _part(case)
    if case.profile.enrols:
        return
    if isinstance(part.managed, NotChecked):
        yield saying.unchecked("windows_version", "Which Windows is on this PC", part.managed, refuses=False)
        return
    row = newest(part.managed.value)
    if row is None:
        yield saying.blocker(
            "not_enrolled",
            "Intune does not have this PC, so no policy of web sign-in reaches it.",
            who=_ADMINISTRATOR,
            place=places.INTUNE_DEVICES.then("enrol the PC"),
            fact=part.managed,
        )
        return
    told = device_policies.version(row.os_version)
    if told and told < device_policies.WEB_SIGN_IN_SINCE:
        yield saying.blocker(
            "windows_too_old",
            f"Windows {row.os_version} on {row.name} is older than 11 22H2 with KB5030310; its lock screen takes only "
            "a password.",
            who=_ADMINISTRATOR,
            place=places.INTUNE_DEVICES.then("update Windows"),
            fact=part.managed,
        )
    hardware = part.hardware.value if isinstance(part.hardware, Known) else None
    if hardware is not None and _is_home(hardware.edition):
        yield saying.blocker(
            "windows_home",
            f"{row.name} runs Windows {hardware.edition}, which has no web sign-in.",
            who=_ADMINISTRATOR,
            place=places.INTUNE_DEVICES.then("upgrade the edition"),
            fact=part.managed,
        )


def _is_home(edition: str) -> bool:
    """How Windows names its Home editions; that Intune repeats those words is our reading."""
    return edition.lower().startswith(("home", "core"))


def updates(case: Case) -> Iterator[Finding]:
    """Quality updates during set-up: longer, and a second sign-in after the restart; said, not warned of.

    learn.microsoft.com/mem/intune/enrollment/windows-enrollment-status
    """
    if case.profile.enrols and _restarts(case):
        yield Finding(
            "restart_expected",
            Level.OK,
            "Set-up installs quality updates: 20 to 40 minutes more, then a restart, after which the code is typed "
            "again.",
        )


def _restarts(case: Case) -> bool:
    """Whether the status page of this person and PC surely installs quality updates."""
    rules, groups = case.tenant.windows.enrolment, _part(case).groups
    if not isinstance(rules, Known) or not isinstance(case.person.groups, Known) or not isinstance(groups, Known):
        return False
    page = rules.value.page(case.person.groups.value | groups.value)
    return page is not None and page.quality_updates


def _part(case: Case) -> DevicePart:
    return case.device.windows_part if case.device else DevicePart()


def _of_a_pc(rule: Rule) -> Rule:
    """A rule that is asked only where one PC is meant that gets so far: its object in Entra is there, and a person
    signs in to it."""

    def asked(case: Case) -> Iterable[Finding]:
        entra = _part(case).entra
        gone = isinstance(entra, Known) and entra.value is None
        return rule(case) if case.pc is not None and not gone else ()

    return asked


def _reaching(case: Case, policies: tuple[DevicePolicy, ...]) -> list[tuple[DevicePolicy, Reach]]:
    of_person, of_device = _known(case.person.groups), _known(_part(case).groups)
    reached = [(one, one.reach(of_person, of_device)) for one in policies]
    return [(one, how) for one, how in reached if how is not Reach.NOT]


def _known(fact: Fact[frozenset[str]]) -> frozenset[str]:
    return fact.value if isinstance(fact, Known) else frozenset()


#: Asked of each journey whose person is known.
OF_THE_JOURNEY: tuple[Rule, ...] = tuple(map(_of_a_pc, (updates, lock_screen, hello, security_chip)))
