"""The guard rails: for whom, by whom, when and with which proof a pass may be made, and when another human says yes.

A finding that `asks` forbids nothing by itself: the pass is made once somebody else has approved exactly this.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.domain import passes
from agent.domain.cases import Case, Desk, Finding
from agent.domain.facts import Known, NotChecked
from agent.domain.guard_rails import InForce
from agent.domain.journeys import Sight
from agent.domain.people import MethodKind
from agent.domain.rules import saying
from agent.domain.rules.places import Place

_SETTINGS = Place("guard_rails in tapslip.yaml and in the profile")
_APPROVER = Place("issue asks for the yes; an approver gives it with `tapslip ask approve`")
#: Methods that people set up for themselves: whoever has one has been here before. Telephone numbers are often put
#: there beforehand, for starters, and for them alone do not count; addresses of mail sign nobody in.
_OWN = frozenset({MethodKind.AUTHENTICATOR, MethodKind.SOFTWARE_OATH})


def of_the_operator(case: Case) -> Iterator[Finding]:
    """Nobody issues to themselves, outside the hours or beyond their number of passes."""
    desk, person = case.asked.desk, case.known_person
    if desk.by is not None and person is not None and desk.by.id == person.id:
        yield saying.blocker(
            "own_pass",
            "Nobody makes a pass for themselves.",
            who="a colleague",
            place=Place("ask a colleague to issue it"),
        )
    rails = case.rails
    for hours in rails.hours:
        if desk.local is not None and not hours.admit(desk.local):
            yield saying.blocker(
                "outside_hours",
                f"Passes are made {hours.text} here, and it is {desk.local:%a %H:%M}.",
                who="whoever looks after Tapslip",
                place=_SETTINGS.then("hours"),
            )
    limit = rails.passes_an_hour
    if limit is not None and desk.begun >= limit:
        yield saying.blocker(
            "quota_used",
            f"You have begun {desk.begun} passes in the last hour, and {limit} are allowed.",
            who="you, or a colleague",
            place=_SETTINGS.then("wait, or let a colleague issue it"),
        )


def of_the_number(case: Case) -> Iterator[Finding]:
    """The service desk's number, where one is demanded."""
    given = case.asked.desk_number
    for pattern in case.rails.desk_numbers:
        if not given:
            yield saying.blocker(
                "desk_number_missing",
                "Every pass here names the number of its service desk ticket.",
                who=saying.YOU,
                place=Place("--desk-number NUMBER"),
            )
        elif not re.fullmatch(pattern, given):
            yield saying.blocker(
                "desk_number_odd",
                "That is not how a number of the service desk looks.",
                who=saying.YOU,
                place=Place(f"--desk-number as the pattern says: {pattern}"),
            )


def people_in_scope(case: Case) -> Iterator[Finding]:
    """The person is in one of the groups that each side names; on a real tenant somebody must name some."""
    named, groups, desk = case.rails.people, case.person.groups, case.asked.desk
    if not named:
        if desk.real:
            yield saying.blocker(
                "nobody_in_scope",
                "Nobody is in scope: no group is named whose members may get a pass.",
                who="whoever looks after Tapslip",
                place=_SETTINGS.then("people"),
            )
        return
    if isinstance(groups, NotChecked):
        yield saying.unchecked("people_in_scope", "Whether this person is among those who may get a pass", groups)
        return
    if any(not side & groups.value for side in named):
        yield saying.blocker(
            "not_in_scope",
            "This person is in none of the groups whose members get passes here.",
            who="whoever looks after Tapslip, or the group's owner",
            place=_SETTINGS.then("people"),
            fact=groups,
        )


def proof(case: Case) -> Iterator[Finding]:
    """A recorded proof of one of the kinds that count, and no code over the telephone without one."""
    rails, asked = case.rails, case.asked
    needed = rails.demands("proof_of_identity") or asked.by_phone
    kinds = ", ".join(rails.proof_kinds)
    if needed and not asked.proof:
        yield saying.blocker(
            "proof_of_identity_missing",
            "This journey needs a recorded proof of who the person is.",
            who=saying.YOU,
            place=Place(f"--proof KIND:NOTE, such as --proof photo-id:checked at the desk; kinds: {kinds}"),
        )
    elif asked.proof and asked.proof.partition(":")[0] not in rails.proof_kinds:
        yield saying.blocker(
            "proof_kind",
            f"“{asked.proof.partition(':')[0]}” is not a proof that counts here.",
            who=saying.YOU,
            place=Place(f"--proof KIND:NOTE with one of: {kinds}"),
        )
    if asked.by_phone and rails.demands("person_present"):
        yield saying.blocker(
            "person_not_present",
            f"{case.profile.title} is handed over in person; no code is read out by telephone.",
            who=saying.YOU,
            place=Place("hand it over at the desk"),
        )


def approvals(case: Case) -> Iterator[Finding]:
    """What another human has to say yes to."""
    rails = case.rails
    if rails.demands("approver"):
        yield _asks("approval_needed", f"{case.profile.title} needs the yes of an approver.")
    if case.asked.by_phone:
        yield _asks("by_phone", "A code that is read out by telephone needs the yes of an approver.")
    yield from _of_methods(case, rails)
    if case.asked.replace:
        yield from _of_replacing(case, case.asked.desk)


def _of_methods(case: Case, rails: InForce) -> Iterator[Finding]:
    fact, starter = case.person.methods, rails.demands("starter")
    if isinstance(fact, NotChecked):
        # of a starter, and of whoever lost a method, it is said with the methods themselves
        if not starter and not rails.demands("names_lost_method"):
            yield saying.unchecked("methods", "Which sign-in methods this person has", fact)
        return
    own = case.person.own_methods(case.now)
    others = [method for method in fact.value if method.id not in own]
    strong = [method for method in others if method.strong]
    if rails.demands("approver"):
        return
    if strong and not starter:
        yield _asks("can_sign_in", "This person can already sign in without a password, so an approver says yes.")
    theirs = _OWN if starter else _OWN | {MethodKind.PHONE}
    if not strong and any(method.kind in theirs for method in others):
        yield _asks(
            "has_methods",
            "This person has set up sign-in methods before, so they are no starter: an approver says yes.",
        )


def _of_replacing(case: Case, desk: Desk) -> Iterator[Finding]:
    ours, listed = case.person.ours, case.person.listed
    there = listed.value if isinstance(listed, Known) else ()
    live = [found for found in there if found.end > case.now and found.reason.lower() != "onetimeused"]
    signed_in = any(seen.sight is Sight.SIGN_IN for journey in case.person.kit for seen in journey.observations)
    if live and (signed_in or any(found.last_used is not None for found in live)):
        yield _asks("pass_used", "The pass that would die was used already: somebody may be in the middle of set-up.")
    if ours is not None and desk.by is not None and ours.by_id not in {"", desk.by.id}:
        yield _asks("pass_of_another", f"The pass that would die was made by {ours.by}.")
    if any(not _may_be_ours(found, ours) for found in live):
        yield _asks("pass_from_outside", "The pass that would die was not made here.")


def _may_be_ours(found: passes.TenantPass, ours: passes.Pass | None) -> bool:
    """Our own, or one that came while ours was in doubt."""
    if ours is None:
        return False
    return found.id == ours.tenant_id or (not ours.tenant_id and found.id not in ours.others)


def _asks(code: str, sentence: str) -> Finding:
    return saying.asking(code, sentence, who="an approver", place=_APPROVER)


OF_THE_JOURNEY = (of_the_operator, of_the_number, people_in_scope, proof, approvals)
