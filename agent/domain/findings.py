"""From facts to findings: what stands in the way of this pass for this person on this device, and who can mend it.

`judge` is pure and says everything it finds, not only the first thing. A fact that could not be read is reported as
not checked with the permission that would allow it; on privilege, scope, kind of account, strong methods and live
pass that alone refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from agent import errors
from agent.domain import characters, device_findings, passes
from agent.domain.cases import Case, Facts, Finding, Item, KitAsked, Level, TenantFacts
from agent.domain.facts import Known, NotChecked
from agent.domain.milestones import CLOCK_SLACK
from agent.domain.people import Person, PersonKind

_POLICY_PLACE = "Entra admin centre › Authentication methods › Policies › Temporary Access Pass"
_USER_PLACE = "Entra admin centre › Users"


def _unchecked(code: str, what: str, fact: NotChecked) -> Finding:
    need = f" It needs the permission {fact.permission}." if fact.permission else ""
    return Finding(
        f"{code}_not_checked",
        Level.NOT_CHECKED,
        f"{what} could not be checked: {fact.reason}{need}",
        who="an administrator of the app registration",
        where="Entra admin centre › App registrations › API permissions",
        refuses=True,
    )


def _person(case: Case) -> Iterator[Finding]:
    fact = case.person.person
    if isinstance(fact, NotChecked):
        yield _unchecked("person", "Who this is", fact)
        return
    person = fact.value
    if person is None:
        yield Finding(
            "person_unknown",
            Level.BLOCKER,
            f"There is no user {case.person.asked} in this tenant.",
            who="you",
            where="check the spelling of the user name (the UPN, not the mail address)",
            evidence=fact.source,
        )
        return
    if not person.enabled:
        yield Finding(
            "person_disabled",
            Level.BLOCKER,
            f"The account of {person.display_name} is disabled; nobody can sign in to it.",
            who="a user administrator",
            where=_USER_PLACE,
            evidence=fact.source,
        )
    if person.kind is PersonKind.EXTERNAL_GUEST:
        yield Finding(
            "external_guest",
            Level.BLOCKER,
            f"{person.display_name} is an external guest: their home tenant must issue the pass.",
            who="the guest's own IT",
            where="their tenant; this one cannot hold a pass for them",
            evidence=fact.source,
        )
    yield from _unprintable(person, fact.source)


def _unprintable(person: Person, source: str) -> Iterator[Finding]:
    named = [("display name", person.display_name), ("user name", person.user_name)]
    for name, text in (*named, *(("detail that tells people apart", part) for part in person.distinguishing)):
        sign = characters.misleading(text)
        if sign:
            yield Finding(
                "unprintable",
                Level.BLOCKER,
                f"The {name} “{characters.shown(text)}” holds the invisible character U+{ord(sign):04X}, "
                "which would print as something else on the slip.",
                who="a user administrator",
                where=f"{_USER_PLACE}: correct the {name}",
                evidence=source,
            )


def _roles(case: Case) -> Iterator[Finding]:
    fact = case.person.roles
    if isinstance(fact, NotChecked):
        yield _unchecked("roles", "Whether this person holds a directory role", fact)
    elif fact.value:
        held = ", ".join(f"{role.name} ({role.how})" for role in fact.value)
        yield Finding(
            "holds_role",
            Level.BLOCKER,
            f"This person holds a directory role: {held}. Tapslip never makes a pass for an administrator.",
            who="a Privileged Authentication Administrator",
            where=f"{_USER_PLACE} › Authentication methods, with their own rights",
            evidence=fact.source,
        )


def _methods(case: Case) -> Iterator[Finding]:
    fact = case.person.methods
    rails = case.profile.guard_rails
    if not (rails.starter or rails.names_lost_method):
        return
    if isinstance(fact, NotChecked):
        yield _unchecked("methods", "Which sign-in methods this person has", fact)
        return
    own = case.person.own_methods(case.now)
    strong = [method for method in fact.value if method.strong and method.id not in own]
    if rails.starter and strong:
        names = ", ".join(f"{m.kind.value.replace('_', ' ')} {m.name}".strip() for m in strong)
        yield Finding(
            "has_strong_method",
            Level.BLOCKER,
            f"This person can already sign in without a password ({names}), and {case.profile.title} is for starters.",
            who="you, or an approver",
            where="let them sign in with what they have, or issue account-recovery if it is lost",
            evidence=fact.source,
        )
    if rails.names_lost_method:
        yield from _lost_method(case, {method.id for method in fact.value})


def _lost_method(case: Case, listed: set[str]) -> Iterator[Finding]:
    """What an open recovery names is gone once it is deleted, and still the method it named."""
    known = {journey.lost_method for journey in case.person.kit if journey.lost_method}
    if not case.asked.lost_method:
        yield Finding(
            "lost_method_not_named",
            Level.BLOCKER,
            "A recovery must name the method that was lost, so that it is gone when the recovery is done.",
            who="you",
            where="--lost METHOD_ID; `tapslip preflight` lists the ids: "
            + (", ".join(sorted(listed)) or "there are none"),
        )
    elif case.asked.lost_method not in listed | known:
        yield Finding(
            "lost_method_unknown",
            Level.BLOCKER,
            f"This person has no method {case.asked.lost_method}.",
            who="you",
            where="choose one of: " + (", ".join(sorted(listed)) or "there are none"),
        )


def _proof(case: Case) -> Iterator[Finding]:
    rails = case.profile.guard_rails
    if case.profile.proof_missing:
        yield Finding(
            "proof_not_gathered",
            Level.NOT_CHECKED,
            f"Tapslip cannot yet prove that {case.profile.title} worked: {case.profile.proof_missing}",
            who="nobody yet",
            where="use another profile",
            refuses=True,
        )
    if rails.proof_of_identity and not case.asked.proof:
        yield Finding(
            "proof_of_identity_missing",
            Level.BLOCKER,
            "This journey needs a recorded proof of who the person is.",
            who="you",
            where="--proof KIND:NOTE, such as --proof photo-id:checked at the desk",
        )
    if rails.approver and not case.asked.sandbox:
        yield Finding(
            "approval_not_available",
            Level.BLOCKER,
            "This journey needs an approver, and approvals are not part of this version.",
            who="a Privileged Authentication Administrator",
            where=f"{_USER_PLACE} › Authentication methods",
        )


def _clock(case: Case) -> Iterator[Finding]:
    fact = case.tenant.skew
    if isinstance(fact, NotChecked):
        unread = _unchecked("clock", "Whether this machine's clock is right", fact)
        yield replace(unread, refuses=False)
    elif abs(fact.value) > CLOCK_SLACK.total_seconds():
        way = "ahead of" if fact.value > 0 else "behind"
        yield Finding(
            "clock_skew",
            Level.BLOCKER,
            f"This machine's clock is {abs(fact.value):.0f} seconds {way} Microsoft's: when a pass works and ends "
            "would be wrong on paper.",
            who="whoever looks after this machine",
            where="set its clock; five minutes are allowed",
            evidence=fact.source,
        )


def _scope(case: Case) -> Iterator[Finding]:
    fact, groups = case.tenant.policy, case.person.groups
    if isinstance(fact, NotChecked):
        yield _unchecked("policy", "The Temporary Access Pass policy", fact)
        return
    policy = fact.value
    if not policy.enabled:
        yield Finding(
            "policy_off",
            Level.BLOCKER,
            "Temporary Access Passes are switched off in this tenant.",
            who="an Authentication Policy Administrator",
            where=_POLICY_PLACE,
            evidence=fact.source,
        )
    if isinstance(groups, NotChecked):
        yield _unchecked("scope", "Whether the policy covers this person", groups)
    elif groups.value & policy.exclude:
        yield Finding(
            "excluded_from_policy",
            Level.BLOCKER,
            "This person is in a group that the Temporary Access Pass policy excludes.",
            who="an Authentication Policy Administrator",
            where=f"{_POLICY_PLACE} › Exclude: " + ", ".join(sorted(groups.value & policy.exclude)),
            evidence=groups.source,
        )
    elif not policy.covers(groups.value):
        yield Finding(
            "out_of_scope",
            Level.BLOCKER,
            "This person is in none of the groups that the Temporary Access Pass policy covers.",
            who="an Authentication Policy Administrator",
            where=f"{_POLICY_PLACE} › Include: " + (", ".join(sorted(policy.include)) or "no group at all"),
            evidence=groups.source,
        )


def _our_pass(case: Case, ours: passes.Pass, level: Level) -> Finding:
    if ours.state is passes.PassState.ISSUED:
        until = f" until {ours.ends_at:%Y-%m-%d %H:%M} UTC" if ours.ends_at else ""
        slips = ", ".join(case.person.our_slips)
        carried = f"slip {slips} carries it" if slips else "its code was shown on a screen"
        sentence = f"This person has a pass of ours ({ours.state}{until}); {carried}."
        where = "wait, `tapslip revoke` its journey, or add --replace, which makes that slip void"
    elif ours.state is passes.PassState.UNKNOWN:
        why = f": {ours.reason}" if ours.reason else ""
        sentence = f"Whether an earlier pass of ours was made for this person is unknown{why}."
        where = "`tapslip track` looks until it is settled; then issue again, or add --replace, which looks at once"
    else:
        sentence = f"A pass of ours is being made for this person ({ours.state})."
        where = "wait for it; `tapslip track` settles what a program left behind"
    return Finding("live_pass", level, sentence, who="you", where=where, evidence=f"our record {ours.id}")


def _live_pass(case: Case) -> Iterator[Finding]:
    ours, fact = case.person.ours, case.person.listed
    level = Level.WARNING if case.asked.replace else Level.BLOCKER
    listed = {found.id for found in fact.value} if isinstance(fact, Known) else None
    if ours is not None and not passes.over(ours, listed, case.now):
        yield _our_pass(case, ours, level)
    if isinstance(fact, NotChecked):
        yield _unchecked("live_pass", "Whether a pass is live already", fact)
        return
    known = ours.tenant_id if ours else ""
    for found in fact.value:
        if found.id != known and found.end > case.now and found.reason.lower() != "onetimeused":
            yield Finding(
                "live_pass_outside",
                level,
                f"A pass made elsewhere is there until {found.end:%Y-%m-%d %H:%M} UTC; a new one would kill it.",
                who="you, with whoever made it",
                where=f"{_USER_PLACE} › Authentication methods; or add --replace",
                evidence=f"{fact.source}, pass {found.id}",
            )


_ABOUT_THE_PERSON: tuple[Callable[[Case], Iterable[Finding]], ...] = (_person, _clock, _roles, _scope, _live_pass)
_ABOUT_THE_JOURNEY: tuple[Callable[[Case], Iterable[Finding]], ...] = (_methods, _proof, device_findings.judge)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the judge says of a kit: every finding, and the terms of its one pass where they are possible."""

    findings: tuple[Finding, ...]
    terms: passes.Terms | None

    @property
    def refusals(self) -> tuple[Finding, ...]:
        """The findings that forbid a pass."""
        return tuple(finding for finding in self.findings if finding.forbids)


def cases(facts: Facts, asked: KitAsked, now: datetime) -> tuple[Case, ...]:
    """One case for each journey asked for."""
    person = facts.people[asked.person]
    return tuple(Case(facts.tenant, person, facts.devices.get(item.scanned), item, asked, now) for item in asked.items)


def judge(facts: Facts, asked: KitAsked, now: datetime) -> Verdict:
    """Every finding about a kit; the terms are for all its journeys together, or None when there can be none.

    `facts` must hold `asked.person` and each item's serial; `now` is aware, UTC.
    """
    all_cases = cases(facts, asked, now)
    found: list[Finding] = []
    person = all_cases[0].person.person
    about_person = _ABOUT_THE_PERSON if isinstance(person, Known) and person.value else (_person, _clock)
    for rule in about_person:
        found.extend(rule(all_cases[0]))
    about_journey = _ABOUT_THE_JOURNEY if isinstance(person, Known) and person.value else (device_findings.judge,)
    for case in all_cases:
        found.extend(replace(finding, about=case.item.label) for rule in about_journey for finding in rule(case))
    found.extend(device_findings.twice(all_cases))
    terms = None
    try:
        terms = _terms(facts.tenant, asked, found)
    except errors.Refused as refused:
        found.append(
            Finding(
                refused.codes[0],
                Level.BLOCKER,
                refused.summary,
                who="you, or an Authentication Policy Administrator",
                where=refused.advice,
            )
        )
    return Verdict(tuple(found), terms)


def _terms(tenant: TenantFacts, asked: KitAsked, found: list[Finding]) -> passes.Terms | None:
    if isinstance(tenant.policy, NotChecked):
        return None
    profiles = tuple(item.profile for item in asked.items)
    page = (
        tenant.status_page.value
        if isinstance(tenant.status_page, Known)
        else passes.StatusPage(60, quality_updates=True)
    )
    if isinstance(tenant.status_page, NotChecked) and passes.needs_status_page(profiles):
        found.append(
            Finding(
                "status_page_not_checked",
                Level.NOT_CHECKED,
                f"The enrolment status page could not be read ({tenant.status_page.reason}); "
                "60 minutes with quality updates are assumed.",
                who="an administrator of the app registration",
                where=tenant.status_page.permission,
            )
        )
    terms = passes.kit_terms(profiles, tenant.policy.value, page, asked.wish)
    need = passes.kit_need(profiles, tenant.policy.value, page)
    if terms.lifetime < need:
        found.append(
            Finding(
                "lifetime_short",
                Level.WARNING,
                f"A pass of {terms.lifetime} minutes was asked for; this kit needs {need}, "
                "and a pass that ends on the way leaves the person stranded.",
                who="you",
                where=f"--lifetime {need}, or none",
            )
        )
    found.extend(_long(item, terms, tenant.policy.value, asked.wish) for item in asked.items if _is_long(item, terms))
    return terms


def _is_long(item: Item, terms: passes.Terms) -> bool:
    limit = item.profile.terms.warn_over
    return limit is not None and terms.lifetime > limit


def _long(item: Item, terms: passes.Terms, policy: passes.PassPolicy, wish: passes.Wish) -> Finding:
    """Why the pass lives longer than this journey would like, and who can change that."""
    if terms.lifetime == policy.minimum:
        why, who, where = "the policy allows no less", "an Authentication Policy Administrator", _POLICY_PLACE
    elif wish.lifetime is not None:
        why, who, where = "--lifetime asks for it", "you", "leave --lifetime out"
    else:
        why, who, where = "the journeys of this kit need it", "you", "`tapslip revoke` once everything is set up"
    sentence = f"{item.profile.title} takes minutes; this pass lives {terms.lifetime}: {why}."
    return Finding("long_pass", Level.WARNING, sentence, who=who, where=where, about=item.label)
