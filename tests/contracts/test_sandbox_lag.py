"""How late the sandbox shows what was done, per kind: after a time, after so many reads, or at once."""

from __future__ import annotations

from typing import Any

import pytest

from agent.sandbox import records, tenant, view
from agent.sandbox.areas import activity
from tests.contracts.operators import authorize
from tests.contracts.sandbox_side import Side

BETA_SIGN_INS = "/beta/auditLogs/signIns"


def late(kind: str, **lag: Any) -> Side:
    """A sandbox in which one kind of change shows late."""
    return Side(tenant.Options(lags={kind: view.Lag(**lag)}, throttling="off"))


def new_person(side: Side, name: str = "new.hire") -> str:
    body = {"user_name": f"{name}@tallisharbour.example", "name": "New Hire"}
    return str(side.door("POST", "people", body).get_json()["id"])


def test_a_new_person_is_missing_for_a_while_and_then_there() -> None:
    side = late("users", seconds=40)
    made = new_person(side)
    side.get(f"/v1.0/users/{made}", status=404)
    side.get("/v1.0/users/new.hire@tallisharbour.example", status=404)
    assert made not in {row["id"] for row in side.get("/v1.0/users")["value"]}

    side.clock.move(seconds=40)
    assert side.get(f"/v1.0/users/{made}")["displayName"] == "New Hire"
    assert made in {row["id"] for row in side.get("/v1.0/users")["value"]}


def test_a_new_member_is_missing_from_the_answers_while_the_pass_policy_counts_by_itself() -> None:
    side = late("groups", reads=1)
    person = side.person("alex.morgan")
    group = next(group for group in side.tenant.directory.groups.values() if group.name == "Ostend Quay")
    side.door("POST", "membership", {"group": group.id, "members": [*group.member_ids, person.id]})
    path, body = f"/v1.0/users/{person.id}/checkMemberGroups", {"groupIds": [group.id]}

    assert side.send("POST", path, body).get_json()["value"] == []
    assert side.send("POST", path, body).get_json()["value"] == [group.id]


def test_a_pass_shows_late_but_a_second_create_replaces_it_all_the_same() -> None:
    side = late("passes", reads=2)
    first = side.make_pass("mara.quist", {})
    assert [len(side.get(side.passes_of("mara.quist"))["value"]) for _ in range(3)] == [0, 0, 1]
    second = side.make_pass("mara.quist", {})
    assert second["id"] != first["id"]


def test_a_method_shows_late() -> None:
    side = late("methods", seconds=60)
    person = side.person("mara.quist")
    held = side.tenant.credentials.methods[person.id]
    side.tenant.view.before_change("methods", person.id, held)
    held.append(records.Method(side.tenant.new_id(), person.id, "fido2", created=side.clock.now))
    path = f"/v1.0/users/{person.id}/authentication/fido2Methods"

    assert side.get(path)["value"] == []
    side.clock.move(minutes=1)
    assert len(side.get(path)["value"]) == 1


def test_the_sign_in_page_offers_a_new_pass_late() -> None:
    side = late("pass_prompt", seconds=90)
    side.make_pass("omar.siddiq", {})
    offers = []
    for _ in range(2):
        window = side.sandbox.staff.window()
        page = window.open(authorize(side, "operators").removeprefix(side.tenant.origin))
        name = page.form("user-name")
        assert name is not None
        page = window.submit(name, {"loginfmt": side.person("omar.siddiq").upn})
        offers.append("accessPass" in {page.name, *(form.name.removeprefix("way-") for form in page.forms)})
        side.clock.move(seconds=90)
    assert offers == [False, True]


def sign_in(side: Side) -> None:
    attempt = activity.Attempt(side.person("mara.quist"), "app", "App", steps=(activity.Step("Temporary Access Pass"),))
    activity.record_sign_in(side.tenant, attempt)


def details(side: Side) -> Any:
    rows = side.get(BETA_SIGN_INS)["value"]
    return [step["authenticationMethod"] for step in rows[0]["authenticationDetails"]] if rows else None


def test_a_sign_in_comes_late_its_details_later_and_wrong_at_first_where_the_switch_says_so() -> None:
    side = Side(tenant.Options(sign_ins_revised=True, throttling="off"))
    sign_in(side)
    seen = []
    for seconds in (0, 20, 20, 40):
        side.clock.move(seconds=seconds)
        seen.append(details(side))
    assert seen == [None, [], ["Previously satisfied"], ["Temporary Access Pass"]]


def test_lags_are_set_in_the_seed_and_at_the_door_and_a_reset_forgets_the_door() -> None:
    side = Side()
    changed = side.door("PATCH", "options", {"lags": {"passes": {"reads": 1}}, "log_delay": 3})
    assert changed.get_json()["lags"] == {"passes": {"reads": 1, "seconds": 0.0}}
    side.make_pass("mara.quist", {})
    assert side.get(side.passes_of("mara.quist"))["value"] == []

    side.door("POST", "reset")
    side.clock.move(minutes=31)
    side.make_pass("mara.quist", {})
    assert len(side.get(side.passes_of("mara.quist"))["value"]) == 1


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"lags": {"weather": {"reads": 1}}}, "'weather' is none of users"),
        ({"lags": {"passes": {"reads": -1}}}, "takes reads and seconds"),
        ({"limits": {"writes": [0, 10]}}, "takes a count and seconds"),
        ({"speed": 0}, "must not be negative"),
        ({"throttling": True}, "takes str"),
        ({"colour": "red"}, "is not known"),
    ],
)
def test_a_wrong_switch_is_refused_with_a_sentence_and_changes_nothing(wrong: dict[str, Any], says: str) -> None:
    side = Side()
    before = side.door("GET", "options").get_json()
    refused = side.door("PATCH", "options", {"latency": 9, **wrong})

    assert refused.status_code == 422
    assert says in refused.get_json()["error"]
    assert side.door("GET", "options").get_json() == before
