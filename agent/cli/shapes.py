"""What `--json` prints, as plain values. Names are the words of the screen; a code is in none of them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import click

from agent.actions import board, issue, preflight, reconcile
from agent.actions import incident as incidents
from agent.actions import policy as policies
from agent.actions import ticket as tickets
from agent.domain import asks, cases, characters, findings, worklist
from agent.domain.facts import Known


def echo(value: object) -> None:
    """One JSON document on standard output."""
    click.echo(characters.escaped(json.dumps(value, ensure_ascii=False, indent=2)))


def moment(at: datetime | None) -> str | None:
    """ISO 8601 in UTC to the second."""
    return at.isoformat(timespec="seconds") if at else None


def finding(found: cases.Finding) -> dict[str, Any]:
    """One finding."""
    return {
        "code": found.code,
        "level": found.level.value,
        "forbids": found.forbids,
        "about": found.about,
        "sentence": found.sentence,
        "who": found.who,
        "where": found.where,
        "link": found.link,
        "evidence": found.evidence,
    }


def ask(one: asks.Ask) -> dict[str, Any]:
    """One ask: what it is about, who asks, until when."""
    return {
        "id": one.id,
        "kind": one.kind.value,
        "state": one.state.value,
        "person": one.user_name,
        "kit": [{"profile": item.profile, "serial": item.serial} for item in one.matter.items],
        "lifetime": one.matter.lifetime,
        "one_time": one.matter.one_time,
        "proof": one.matter.proof,
        "replaces": list(one.matter.replaces),
        "why": list(one.why),
        "asked_by": one.asked_by_name,
        "asked_at": moment(one.asked_at),
        "lapses_at": moment(one.ends_at),
        "answer_from": sorted(one.roles),
    }


def worklist_row(row: worklist.Row) -> dict[str, Any]:
    """One thing to look at."""
    return {
        "cause": row.cause.value,
        "level": row.level.value,
        "person": row.person,
        "journey": row.journey_id,
        "pass": row.pass_id,
        "alert": row.alert_id,
        "since": moment(row.since),
        "reason": row.reason,
        "act": row.act,
        "link": row.link,
    }


def account(found: incidents.Account) -> dict[str, Any]:
    """One account of an incident."""
    return {
        "person": found.user_name,
        "passes": [{"id": row.id, "state": row.state.value, "by": row.by} for row in found.passes],
        "stray_passes": [alert.subject for alert in found.stray],
        "uses": [
            {
                "at": moment(use.at),
                "succeeded": use.succeeded,
                "error": use.error_code,
                "application": use.application,
                "address": use.address,
                "device": use.device_id,
                "operating_system": use.operating_system,
                "conditional_access": use.access,
            }
            for use in found.uses
        ],
        "methods": [
            {"id": m.id, "kind": m.kind.value, "name": m.name, "created": moment(m.created)} for m in found.methods
        ],
        "devices": [{"id": d.id, "name": d.name, "registered": moment(d.registered_at)} for d in found.devices],
        "not_checked": list(found.unread),
        "links": {"methods": found.page, "sessions": found.sessions},
    }


def report(made: preflight.Report) -> dict[str, Any]:
    """A preflight: the verdict, the terms, the person's methods and every finding."""
    verdict: findings.Verdict = made.verdict
    facts = made.facts.people[made.asked.person]
    methods = facts.methods.value if isinstance(facts.methods, Known) else ()
    terms = verdict.terms
    return {
        "person": made.asked.person,
        "ok": not verdict.refusals,
        "terms": {"lifetime": terms.lifetime, "one_time": terms.one_time} if terms else None,
        "methods": [{"id": m.id, "kind": m.kind.value, "name": m.name, "strong": m.strong} for m in methods],
        "findings": [finding(found) for found in verdict.findings],
    }


def issued(made: issue.Issued) -> dict[str, Any]:
    """An issued kit: pass, journeys and slips, never the code."""
    return {
        "person": made.person.user_name,
        "pass": {
            "id": made.row.id,
            "lifetime": made.row.terms.lifetime,
            "one_time": made.row.terms.one_time,
            "starts_at": moment(made.row.terms.start),
            "ends_at": moment(made.row.ends_at),
        },
        "journeys": [{"id": j.id, "profile": j.profile, "serial": j.serial} for j in made.journeys],
        "slips": [{"number": s.number, "journey": s.journey_id, "place": s.place} for s in made.slips],
        "findings": [finding(found) for found in made.findings],
    }


def ticket(row: tickets.Row) -> dict[str, Any]:
    """One ticket and how it stands; never its secret, which nobody has but the paper."""
    held = row.ticket
    return {
        "number": held.number,
        "standing": row.standing,
        "person": held.user_name,
        "name": held.person_name,
        "kit": [{"profile": item.profile, "serial": item.serial} for item in held.wanted.items],
        "second_facts": [fact.value for fact in held.facts],
        "made_at": moment(held.made_at),
        "made_by": held.made_by_name,
        "expires_at": moment(held.expires_at),
        "claimed_at": moment(held.claimed_at),
        "pass": held.pass_id or None,
        "reason": held.reason,
        "place": held.place,
    }


def ticket_made(made: tickets.Made) -> dict[str, Any]:
    """A ticket that was just made, where its papers lie, and what was found."""
    return {
        **ticket(tickets.Row(made.ticket, made.ticket.state.value)),
        "pin_letter": made.pin_place or None,
        "findings": [finding(found) for found in made.findings],
    }


def row(shown: board.Row) -> dict[str, Any]:
    """One journey with its milestones and the evidence of each."""
    journey = shown.journey
    return {
        "id": journey.id,
        "person": journey.user_name,
        "name": journey.person_name,
        "profile": journey.profile,
        "serial": journey.serial,
        "state": journey.state.value,
        "stage": shown.standing.stage,
        "opened_at": moment(journey.opened_at),
        "closed_at": moment(journey.closed_at),
        "note": journey.note,
        "pass": {"state": shown.row.state.value, "ends_at": moment(shown.row.ends_at)} if shown.row else None,
        "slips": [{"number": s.number, "state": s.state.value} for s in shown.slips],
        "milestones": {
            milestone.value: {"at": moment(proof.at), "source": proof.source, "detail": proof.detail}
            for milestone, proof in shown.standing.proofs.items()
        },
        "missing": [milestone.value for milestone in shown.standing.missing],
        "unexpected": list(shown.unexpected),
    }


def reconciled(found: reconcile.Reconciled) -> dict[str, Any]:
    """Our audit held against the tenant's: each deed with how it stands in both."""
    return {
        "since": moment(found.since),
        "read_at": moment(found.read_at),
        "newest": moment(found.newest),
        "app_known": found.app_known,
        "deeds": [
            {
                "match": one.match.value,
                "alarming": one.alarming,
                "deed": one.told.deed.value,
                "pass": one.told.id,
                "person_id": one.told.person_id,
                "at": moment(one.told.at),
                "row": one.ours.row if one.ours else None,
                "by": one.ours.by if one.ours else one.told.by,
            }
            for one in found.pairs
        ],
    }


def policy(explained: policies.Explained) -> dict[str, Any]:
    """The pass policy: its values, its sentences, and what it means for each profile."""
    held = explained.policy
    return {
        "enabled": held.enabled,
        "include": sorted(held.include),
        "exclude": sorted(held.exclude),
        "minimum": held.minimum,
        "maximum": held.maximum,
        "default": held.default,
        "one_time": held.one_time,
        "length": held.length,
        "sentences": list(explained.sentences),
        "profiles": {e.profile: {"possible": e.possible, "sentence": e.sentence} for e in explained.effects},
    }
