"""Passes through the real client on the sandbox: listed, minted once, refused with reasons, deleted, lost."""

from __future__ import annotations

import traceback
from datetime import timedelta

import pytest

from agent import errors
from agent.domain import facts, passes, secrets
from tests.contracts import graph_side
from tests.contracts.graph_side import SandboxSide

TERMS = passes.Terms(lifetime=90, one_time=False)
CREATE = "POST */temporaryAccessPassMethods"


def listed(side: SandboxSide, person: str) -> tuple[passes.TenantPass, ...]:
    fact = side.graph.passes.of([person])[person]
    assert isinstance(fact, facts.Known)
    assert fact.source == "GET /v1.0/users/{id}/authentication/temporaryAccessPassMethods"
    return fact.value


def test_a_pass_is_minted_listed_without_its_code_and_deleted() -> None:
    with graph_side.on_sandbox() as side:
        person = side.person("mara.quist")
        assert listed(side, person) == ()
        minted = side.graph.passes.create(person, TERMS)
        (seen,) = listed(side, person)
        assert minted.tenant_pass == seen
        assert minted.code == secrets.PassCode(side.sandbox.tenant.credentials.passes[person].code)
        assert len(minted.code) == 8
        assert minted.reference
        assert (seen.lifetime, seen.one_time, seen.usable) == (90, False, True)
        assert seen.end == side.clock.now() + timedelta(minutes=90)
        side.graph.passes.delete(person, seen.id)
        assert listed(side, person) == ()
        side.graph.passes.delete(person, seen.id)


def test_a_pass_that_starts_later_is_listed_as_not_yet_valid_and_then_expires() -> None:
    with graph_side.on_sandbox() as side:
        person = side.person("mara.quist")
        start = side.clock.now() + timedelta(hours=2)
        side.graph.passes.create(person, passes.Terms(60, one_time=True, start=start))
        (seen,) = listed(side, person)
        assert (seen.start, seen.one_time, seen.reason) == (start, True, "NotYetValid")
        side.clock.wait(4 * 3600)
        (later,) = listed(side, person)
        assert (later.reason, later.usable) == ("Expired", False)


def test_passes_are_read_by_the_watcher_and_made_by_the_issuer() -> None:
    with graph_side.on_sandbox() as side:
        person = side.person("mara.quist")
        line = side.sandbox.ready_line()["registrations"]
        side.graph.passes.create(person, TERMS)
        made_by = side.sandbox.tenant.credentials.passes[person].made_by
        assert made_by == line["issuer"]["client_id"]
        side.deny("UserAuthMethod-TAP.Read.All")
    with graph_side.on_sandbox() as side:
        side.deny("UserAuthMethod-TAP.Read.All")
        fact = side.graph.passes.of([side.person("mara.quist")])[side.person("mara.quist")]
    assert isinstance(fact, facts.NotChecked)
    assert fact.permission == "UserAuthMethod-TAP.Read.All"
    assert fact.permission in fact.reason


@pytest.mark.parametrize(
    ("person", "terms", "said", "advice"),
    [
        ("mara.quist", passes.Terms(30, one_time=False), "The valid range between 60 and 480.", "policy's range"),
        ("lena.novak", TERMS, "does not cover this person", "group"),
        ("peter.ashdown", TERMS, "does not cover this person", "group"),
        ("sofia.ribeiro_pallasfreight.example#EXT#", TERMS, "external guest", "home organisation"),
    ],
)
def test_a_refusal_says_why_and_what_to_do(person: str, terms: passes.Terms, said: str, advice: str) -> None:
    with graph_side.on_sandbox() as side, pytest.raises(errors.TenantRefused) as caught:
        side.graph.passes.create(side.person(person), terms)
    assert said in caught.value.summary
    assert advice in caught.value.advice
    assert caught.value.status == 400
    assert caught.value.reference


def test_a_multi_use_pass_under_a_one_time_policy_is_refused_with_the_reason() -> None:
    with graph_side.on_sandbox() as side:
        side.sandbox.tenant.credentials.policy.one_time = True
        with pytest.raises(errors.TenantRefused, match="one-time passes only"):
            side.graph.passes.create(side.person("mara.quist"), TERMS)


def test_a_person_who_is_not_there_has_no_pass_and_gets_none() -> None:
    with graph_side.on_sandbox() as side:
        assert listed(side, graph_side.PERSON_ID) == ()
        with pytest.raises(errors.TenantRefused) as caught:
            side.graph.passes.create(graph_side.PERSON_ID, TERMS)
        assert caught.value.status == 404


@pytest.mark.parametrize(
    ("kind", "expected", "made"),
    [
        ("lost", errors.OutcomeUnknown, True),
        ("truncated", errors.OutcomeUnknown, True),
        ("500", errors.OutcomeUnknown, False),
        ("503", errors.OutcomeUnknown, False),
    ],
)
def test_a_fault_while_minting_is_told_as_it_is_and_never_repeated(
    kind: str, expected: type[errors.AgentError], made: bool
) -> None:
    with graph_side.on_sandbox() as side:
        person = side.person("mara.quist")
        side.fault(CREATE, kind)
        with pytest.raises(expected) as caught:
            side.graph.passes.create(person, TERMS)
        posts = [line for line in side.adapter.sent if line.startswith("POST") and "temporaryAccessPass" in line]
        held = side.sandbox.tenant.credentials.passes.get(person)
    assert type(caught.value) is expected
    assert len(posts) == 1
    assert (held is not None) is made
    if held is not None:
        assert held.code not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("kind", ["429", "unreachable"])
def test_a_creation_that_surely_made_nothing_is_sent_again(kind: str) -> None:
    with graph_side.on_sandbox() as side:
        person = side.person("mara.quist")
        side.fault(CREATE, kind, retry_after=3 if kind == "429" else None)
        assert side.graph.passes.create(person, TERMS).tenant_pass.usable
        posts = [line for line in side.adapter.sent if line.startswith("POST") and "temporaryAccessPass" in line]
        assert (len(posts), side.sandbox.gate.counters.early_returns) == (2, 0)


@pytest.mark.parametrize("kind", ["lost", "500", "503", "429"])
def test_a_deletion_is_repeated_until_it_is_sure(kind: str) -> None:
    with graph_side.on_sandbox() as side:
        person = side.person("mara.quist")
        minted = side.graph.passes.create(person, TERMS)
        side.fault("DELETE */temporaryAccessPassMethods/*", kind, retry_after=3 if kind == "429" else None)
        side.graph.passes.delete(person, minted.tenant_pass.id)
        assert listed(side, person) == ()
        assert side.sandbox.gate.counters.early_returns == 0


def test_a_token_that_ran_out_is_replaced_in_the_middle_of_a_creation() -> None:
    with graph_side.on_sandbox() as side:
        person = side.person("mara.quist")
        side.graph.passes.create(person, TERMS)
        side.clock.wait(2 * 3600)
        assert side.graph.passes.create(person, TERMS).tenant_pass.usable
