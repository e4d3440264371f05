"""Attempts to misuse Tapslip, told from the side of whoever tries. Others stand with the parts they are about."""

from __future__ import annotations

import threading
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from agent import errors
from agent.actions import freeze, issue_many
from agent.domain import passes
from agent.domain.journeys import JourneyState
from agent.domain.profiles import Milestone
from tests.actions.weak_lines import Go, Weak, go
from tests.world import TECHNICIAN, World

MARA, JONAS, LAPTOP = "mara.quist", "jonas.ferreira", "windows-autopilot=PF4TH101"


def refused(w: World, person: str, *wanted: str) -> tuple[str, ...]:
    """Why; nothing is left behind, and the refusal is on record."""
    before = w.left_behind()
    with pytest.raises(errors.Refused) as caught:
        w.take(person, *(wanted or (LAPTOP,)))
    assert w.left_behind() == before
    assert w.audit()[-1] == "pass.issue refused"
    return caught.value.codes


def test_a_starter_profile_for_somebody_with_a_passkey_is_refused(w: World) -> None:
    w.method(MARA, "fido2", model="YubiKey 5 NFC")
    assert refused(w, MARA) == ("has_strong_method",)


def test_when_roles_may_not_be_read_the_pass_is_refused_and_not_the_check_skipped(w: World) -> None:
    w.deny("RoleManagement.Read.Directory")
    assert "roles_not_checked" in refused(w, MARA)


def test_hello_with_a_security_key_that_nobody_expected_is_not_done(w: World) -> None:
    (journey,) = w.take(MARA, LAPTOP).journeys
    w.unbox("PF4TH101", MARA)
    w.method(MARA, "fido2", model="YubiKey 5 NFC")
    for _ in range(3):
        w.track(40)
    assert Milestone.HELLO_SET_UP in w.standing(journey.id).proofs
    assert w.journey(journey.id).state is not JourneyState.DONE


@pytest.mark.parametrize(
    "name", ["a'b@x", "../../servicePrincipals/1", "a#b?$select=x", "a/b@x", "%2e%2e/groups", "me", "' or '1' eq '1"]
)
def test_a_user_name_leads_to_no_other_request_than_the_intended_one(w: World, name: str) -> None:
    w.adapter.sent.clear()
    with pytest.raises(errors.AgentError):
        w.take(name, LAPTOP)
    asked = [urllib.parse.urlsplit(line.partition(" ")[2]) for line in w.adapter.sent]
    about = [address for address in asked if address.path.startswith(("/v1.0/users", "/beta/users", "/v1.0/me"))]
    literal = w.upn(name).replace("'", "''")
    for address in about:
        assert (address.path, address.fragment) == ("/v1.0/users", "")
        assert f"userPrincipalName eq '{literal}'" in urllib.parse.unquote_plus(address.query)
    assert not [address for address in asked if "servicePrincipals" in address.path or ".." in address.path]


class FrozenAmong(Weak):
    """Somebody freezes while many are being made."""

    def __init__(self, w: World, after: int) -> None:
        super().__init__(w.agent.passes)
        self.w, self.after = w, after
        self.made: list[bool] = []
        self.turn = threading.Lock()

    def create(self, person_id: str, terms: passes.Terms, may_go: Go = go) -> passes.MintedPass:
        """One more; in the middle of them the brake is pulled."""
        with self.turn:
            self.made.append(True)
            if len(self.made) == self.after:
                freeze.freeze(self.w.agent, TECHNICIAN, "codes on a photo")
        return self.line.create(person_id, terms, may_go)


def test_a_freeze_among_many_mints_of_two_processes_leaves_no_new_pass(w: World) -> None:
    """Two hundred would do no more than sixty: what counts is that some wait, some are asked for, some are answered."""
    people = w.newcomers(60)
    name, theirs = people[-1][0], "somebody else"
    w.outside_pass(name, by=theirs)
    with w.another_agent() as other:
        line = FrozenAmong(w, after=20)
        pair = (replace(w.agent, passes=line), replace(other, passes=line))
        asked = [[w.request_for_screen(*one) for one in half] for half in (people[::2], people[1::2])]
        with ThreadPoolExecutor(2) as pool:
            outcomes = [one for many in pool.map(issue_many.issue_many, pair, asked) for one in many]
    ours = [held for held in w.sandbox.tenant.credentials.passes.values() if held.made_by != theirs]
    issued = [one for one in outcomes if one.issued is not None]
    assert len(ours) == len(issued) <= 20
    assert {held.code for held in ours} <= set(w.codes)
    assert [held.made_by for held in w.tenant_passes(name)] == [theirs]
    assert "frozen" in {one.problem.codes[0] for one in outcomes if isinstance(one.problem, errors.Refused)}
