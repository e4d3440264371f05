"""The pass policy is changed by an administrator's own sign-in, and by nobody else."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
import requests

from agent import errors, ports
from agent.actions import policy
from agent.domain.facts import Known
from agent.domain.policy_changes import EVERYBODY, Change
from tests.world import World

POLICY = "*/authenticationMethodConfigurations/TemporaryAccessPass"


@pytest.fixture
def w(w: World) -> World:
    """The world as of now: the sign-in library looks at the machine's clock."""
    w.clock.at = datetime.now(UTC)
    return w


def at_the_browser(w: World, person: str) -> ports.Shown:
    """Somebody of the staff who signs in with their key wherever a browser opens."""

    def visit(address: str) -> None:
        came = w.sandbox.staff.sign_in(w.upn(person), address)
        requests.post(came["form_action"], data=came["fields"], timeout=10)

    return ports.Shown(lambda address: threading.Thread(target=visit, args=(address,)).start(), lambda *_: None)


def changed_by(w: World, person: str, change: Change) -> object:
    """The change, shown and then made by somebody's own sign-in; the policy as it is read afterwards."""
    proposal = policy.propose(w.agent, change)
    return policy.change(w.agent, proposal, w.agent.administration.sign_in(at_the_browser(w, person)))


def held(w: World) -> str:
    return repr(w.sandbox.tenant.credentials.policy)


def test_an_administrator_changes_everything_and_the_audit_tells_what_and_who(w: World) -> None:
    other = next(iter(w.sandbox.tenant.directory.groups))
    wish = Change(
        enabled=False,
        include=frozenset({EVERYBODY}),
        exclude=frozenset({other}),
        minimum=10,
        maximum=600,
        default=30,
        one_time=True,
        length=12,
    )
    proposal = policy.propose(w.agent, wish)
    assert len(proposal.differences) == 8
    assert changed_by(w, "ines.okafor", wish) == proposal.after
    with w.agent.store.begin() as tx:
        (entry,) = tx.audit.recent(1)
    assert (entry.action, entry.outcome, entry.by) == ("policy.set", "done", w.upn("ines.okafor"))
    assert entry.facts["length"] == "8 symbols → 12 symbols"
    assert entry.facts["by_id"] == w.user("ines.okafor").id


def test_what_stays_is_not_sent(w: World) -> None:
    proposal = policy.propose(w.agent, Change(maximum=500))
    administrator = w.agent.administration.sign_in(at_the_browser(w, "ines.okafor"))
    w.door("policy", defaultLength=10)
    administrator.write_policy(proposal.before, proposal.after)
    now = policy.explain(w.agent).policy
    assert (now.maximum, now.length) == (500, 10)


@pytest.mark.parametrize("person", ["omar.siddiq", "priya.venkat"])
def test_whose_role_does_not_allow_it_is_refused_and_nothing_is_changed(w: World, person: str) -> None:
    before = held(w)
    with pytest.raises(errors.TenantRefused, match="role does not allow it") as refused:
        changed_by(w, person, Change(maximum=500))
    assert "Authentication Policy Administrator" in refused.value.advice
    assert held(w) == before
    assert w.audit() == ["policy.set refused"]


def test_no_registration_may_change_the_policy_by_itself_not_even_after_an_administrator(w: World) -> None:
    changed_by(w, "ines.okafor", Change(maximum=500))
    assert isinstance(found := w.agent.tenant.rights("writer"), Known)
    assert not [permission for permission in found.value if permission.startswith("Policy.ReadWrite")]


def test_a_policy_that_somebody_changed_meanwhile_is_shown_again(w: World) -> None:
    proposal = policy.propose(w.agent, Change(maximum=500))
    w.door("policy", defaultLength=10)
    before = held(w)
    with pytest.raises(errors.Stale):
        policy.change(w.agent, proposal, w.agent.administration.sign_in(at_the_browser(w, "ines.okafor")))
    assert held(w) == before


def test_a_change_whose_answer_is_lost_is_unknown(w: World) -> None:
    proposal = policy.propose(w.agent, Change(maximum=500))
    administrator = w.agent.administration.sign_in(at_the_browser(w, "ines.okafor"))
    w.fault(f"PATCH {POLICY}", "lost", times=20)
    with pytest.raises(errors.OutcomeUnknown, match="may have been made"):
        policy.change(w.agent, proposal, administrator)
    assert w.audit() == ["policy.set unknown"]
    assert policy.explain(w.agent).policy.maximum == 500


def test_a_group_that_is_not_there_is_refused_before_anybody_signs_in(w: World) -> None:
    with pytest.raises(errors.Refused, match="There is no group") as refused:
        policy.propose(w.agent, Change(exclude=frozenset({"8f2d4c1a-5b6e-4f70-9a8b-1c2d3e4f5a6b"})))
    assert refused.value.codes == ("group_unknown",)


def test_the_profiles_that_a_change_makes_impossible_are_named(w: World) -> None:
    lost = {effect.profile: effect.sentence for effect in policy.propose(w.agent, Change(one_time=True)).lost}
    assert "every pass is one-time" in lost["windows-autopilot"]
    assert policy.propose(w.agent, Change(default=90)).lost == ()


def test_a_policy_that_may_not_be_read_is_neither_explained_nor_changed(w: World) -> None:
    w.door("deny", registration="watcher", permission="Policy.Read.All")
    for ask in (policy.explain, lambda agent: policy.propose(agent, Change(length=9))):
        with pytest.raises(errors.TenantRefused, match="could not be read") as refused:
            ask(w.agent)
        assert "Policy.Read.AuthenticationMethod" in refused.value.advice


def test_the_policy_is_explained_with_its_groups_names(w: World) -> None:
    explained = policy.explain(w.agent)
    assert any("All staff" in sentence for sentence in explained.sentences)
    assert all(effect.possible for effect in explained.effects)
