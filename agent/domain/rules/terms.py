"""The terms of a kit's one pass: possible under the policy, long enough for every journey, and not too long."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from agent import errors
from agent.domain import passes
from agent.domain.cases import Finding, Item, KitAsked, Level, TenantFacts
from agent.domain.facts import Known, NotChecked
from agent.domain.profiles import Profile
from agent.domain.rules import places, saying
from agent.domain.rules.places import Place

#: What is assumed of a status page that cannot be read: Intune's default time-out, and the longer way.
_ASSUMED = passes.StatusPage(60, quality_updates=True)


def judge(tenant: TenantFacts, asked: KitAsked, now: datetime) -> tuple[passes.Terms | None, tuple[Finding, ...]]:
    """(the terms, or None where there can be none; what there is to say of them). `now` is aware, UTC."""
    said = (*_start(asked.wish, now), *_unread(tenant, asked))
    if isinstance(tenant.policy, NotChecked):
        return None, said
    try:
        terms = passes.kit_terms(_profiles(asked), tenant.policy.value, _page(tenant), asked.wish)
    except errors.Refused as refused:
        return None, (*said, _refusal(refused, tenant.policy))
    return terms, (*said, *_short(tenant, asked, terms), *_long(tenant.policy.value, asked, terms))


def _start(wish: passes.Wish, now: datetime) -> Iterator[Finding]:
    """A pass begins to work now or later, and not so late that its paper is forgotten by then."""
    start, furthest = wish.start, now + passes.FURTHEST_START
    if start is not None and not now <= start <= furthest:
        yield saying.blocker(
            "start_out_of_range",
            f"The pass was to begin to work at {start:%Y-%m-%d %H:%M} UTC. "
            f"It may begin from {now:%Y-%m-%d %H:%M} until {furthest:%Y-%m-%d %H:%M} UTC.",
            who=saying.YOU,
            place=Place("--start inside that range, or none for a pass that works at once"),
        )


def _refusal(refused: errors.Refused, policy: Known[passes.PassPolicy]) -> Finding:
    who = "you, or an Authentication Policy Administrator"
    place = Place(refused.advice, places.PASS_POLICY.link)
    return saying.blocker(refused.codes[0], refused.summary, who=who, place=place, fact=policy)


def _profiles(asked: KitAsked) -> tuple[Profile, ...]:
    return tuple(item.profile for item in asked.items)


def _page(tenant: TenantFacts) -> passes.StatusPage:
    return tenant.status_page.value if isinstance(tenant.status_page, Known) else _ASSUMED


def _unread(tenant: TenantFacts, asked: KitAsked) -> Iterator[Finding]:
    if isinstance(tenant.status_page, NotChecked) and passes.needs_status_page(_profiles(asked)):
        yield Finding(
            "status_page_not_checked",
            Level.NOT_CHECKED,
            f"The enrolment status page could not be read ({tenant.status_page.reason}); "
            "60 minutes with quality updates are assumed.",
            who="an administrator of the app registration",
            where=tenant.status_page.permission,
        )


def _short(tenant: TenantFacts, asked: KitAsked, terms: passes.Terms) -> Iterator[Finding]:
    if isinstance(tenant.policy, NotChecked):
        return
    policy, page = tenant.policy.value, _page(tenant)
    need = passes.kit_need(_profiles(asked), policy, page)
    if terms.lifetime < need:
        longest = max(asked.items, key=lambda item: passes.needed_lifetime(item.profile, policy, page))
        reached = passes.reached(longest.profile, policy, page, terms.lifetime)
        again = f" The code is typed {longest.profile.sign_ins} times." if longest.profile.sign_ins > 1 else ""
        yield saying.warning(
            "lifetime_short",
            f"A pass of {terms.lifetime} minutes was asked for; this kit needs {need}. It may end during "
            f"{reached}, and a pass that ends on the way leaves the person stranded.{again}",
            who=saying.YOU,
            place=Place(f"--lifetime {need}, or none"),
        )


def _long(policy: passes.PassPolicy, asked: KitAsked, terms: passes.Terms) -> Iterator[Finding]:
    for item in asked.items:
        limit = item.profile.terms.warn_over
        if limit is not None and terms.lifetime > limit:
            yield _longer(item, terms, policy, asked.wish)


def _longer(item: Item, terms: passes.Terms, policy: passes.PassPolicy, wish: passes.Wish) -> Finding:
    """Why the pass lives longer than this journey would like, and who can change that."""
    if terms.lifetime == policy.minimum:
        why, who, place = "the policy allows no less", "an Authentication Policy Administrator", places.PASS_POLICY
    elif wish.lifetime is not None:
        why, who, place = "--lifetime asks for it", saying.YOU, Place("leave --lifetime out")
    else:
        why, who = "the journeys of this kit need it", saying.YOU
        place = Place("`tapslip revoke` once everything is set up")
    sentence = f"{item.profile.title} takes minutes; this pass lives {terms.lifetime}: {why}."
    return Finding("long_pass", Level.WARNING, sentence, who, place.name, about=item.label, link=place.link)
