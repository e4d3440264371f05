"""The terms of a kit's one pass: possible under the policy, long enough for every journey, and not too long."""

from __future__ import annotations

from collections.abc import Iterator

from agent import errors
from agent.domain import passes
from agent.domain.cases import Finding, Item, KitAsked, Level, TenantFacts
from agent.domain.facts import Known, NotChecked
from agent.domain.profiles import Profile
from agent.domain.rules import places, saying
from agent.domain.rules.places import Place

#: What is assumed of a status page that cannot be read: Intune's default time-out, and the longer way.
_ASSUMED = passes.StatusPage(60, quality_updates=True)


def judge(tenant: TenantFacts, asked: KitAsked) -> tuple[passes.Terms | None, tuple[Finding, ...]]:
    """(the terms, or None where there can be none; what there is to say of them)."""
    if isinstance(tenant.policy, NotChecked):
        return None, ()
    try:
        terms = passes.kit_terms(_profiles(asked), tenant.policy.value, _page(tenant), asked.wish)
    except errors.Refused as refused:
        return None, (*_unread(tenant, asked), _refusal(refused, tenant.policy))
    said = (*_unread(tenant, asked), *_short(tenant, asked, terms), *_long(tenant.policy.value, asked, terms))
    return terms, said


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
    need = passes.kit_need(_profiles(asked), tenant.policy.value, _page(tenant))
    if terms.lifetime < need:
        yield saying.warning(
            "lifetime_short",
            f"A pass of {terms.lifetime} minutes was asked for; this kit needs {need}, "
            "and a pass that ends on the way leaves the person stranded.",
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
