"""Rules about passes, people and sign-ins that no other file says: every state, every setting, every cloud."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from agent.sandbox import tenant
from agent.sandbox.access_records import ConditionalAccessPolicy
from agent.sandbox.areas import people
from agent.sandbox.virtual import browser
from tests.contracts import staging_day as bench
from tests.contracts.sandbox_side import Side
from tests.contracts.staging_day import MARA, StagingDay

POLICY = "/v1.0/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/TemporaryAccessPass"
JONAS = "jonas.ferreira@tallisharbour.example"
NO_RESTART = "PF4TH122"

LEFT_OUT = {
    "an audit row for the pass that a second create replaces": (
        "nobody has shown that Microsoft writes one; the new pass is registered, and no deletion is made up"
    ),
    "wrong assertions answered 400": "Microsoft names 400 and 401 for invalid_client; all of them are 401 here",
    "hours until the registration report shows a pass": "what is published speaks of methods; a pass shows at once",
    "what another provider asks for": "a federated person is sent there, and nothing stands behind that page",
    "more than one forced restart in a run, each of which asks for the code again": (
        "a PC here restarts at most once, and asks again after that one"
    ),
    "campaigns that nudge people to set up a passkey": "every journey here sets one up, or something as strong",
    "what else security defaults do": "no legacy protocol is spoken here, and no Azure portal is signed in to",
    "whether a maker's attestation is enforced for passkeys": "everything that holds passkeys here attests them",
    "policies that look at the risk of a sign-in or of a person": "nobody is at risk here",
    "the action “register security info” where Windows Hello or Platform SSO makes a key": (
        "Microsoft's pages speak of the combined registration; that is where it counts here"
    ),
}
"""What real tenants do about people and this one does not, or what no public source settles -> why."""


@pytest.fixture
def side() -> Side:
    return Side()


@pytest.fixture
def day() -> StagingDay:
    return StagingDay()


def press(window: browser.Browser, page: browser.Page, form: str, **values: str) -> browser.Page:
    found = page.form(form)
    assert found is not None, [one.name for one in page.forms]
    return window.submit(found, values)


def spend(day: StagingDay, code: str) -> None:
    assert day.security_info(MARA, code).name == "security-info"


def expire(day: StagingDay, _code: str) -> None:
    day.clock.move(minutes=241)


def force_one_time(day: StagingDay, _code: str) -> None:
    day.tenant.credentials.policy.one_time = True


@pytest.mark.parametrize(
    ("one_time", "reach", "state"),
    [
        (False, lambda _day, _code: None, "EnabledByPolicy"),
        (True, spend, "OneTimeUsed"),
        (False, expire, "Expired"),
        (False, force_one_time, "DisabledByPolicy"),
    ],
    ids=["usable", "used", "expired", "disabled"],
)
def test_a_second_create_replaces_a_pass_in_any_state_and_its_code_stops_at_once(
    day: StagingDay, one_time: bool, reach: Callable[[StagingDay, str], None], state: str
) -> None:
    path = f"/v1.0/users/{MARA}/authentication/temporaryAccessPassMethods"
    old = day.issue(MARA, one_time=one_time)
    reach(day, old)
    (before,) = day.find(path)
    assert before["methodUsabilityReason"] == state
    new = day.issue(MARA, one_time=True)
    (after,) = day.find(path)
    assert after["id"] != before["id"]
    assert day.security_info(MARA, old).problem_code == "130503"
    assert day.security_info(MARA, new).name == "security-info"


def test_a_refused_lifetime_names_the_limits_of_the_policy_in_force(side: Side) -> None:
    side.door("POST", "policy", {"minimumLifetimeInMinutes": 30, "maximumLifetimeInMinutes": 90})
    for minutes in (29, 91):
        error = side.make_pass("mara.quist", {"lifetimeInMinutes": minutes}, status=400)["error"]
        assert error["message"] == "Invalid LifetimeInMinutes specified. The valid range between 30 and 90."
    for minutes in (30, 90):
        side.make_pass("mara.quist", {"lifetimeInMinutes": minutes})


@pytest.mark.parametrize("length", [8, 13, 48])
def test_a_code_is_as_long_as_the_policy_says_and_mixes_letters_digits_and_symbols(side: Side, length: int) -> None:
    side.door("POST", "policy", {"defaultLength": length})
    code = side.make_pass("mara.quist", {})["temporaryAccessPass"]
    assert len(code) == length
    kinds = (str.isupper, str.islower, str.isdigit, "+!".__contains__)
    assert all(any(kind(sign) for sign in code) for kind in kinds)


@pytest.mark.parametrize("length", [7, 49])
def test_a_length_outside_eight_to_forty_eight_is_refused(side: Side, length: int) -> None:
    body = {
        "@odata.type": "#microsoft.graph.temporaryAccessPassAuthenticationMethodConfiguration",
        "defaultLength": length,
    }
    assert side.send("PATCH", POLICY, body).status_code == 400


def test_whether_a_start_in_the_past_is_accepted_is_a_switch() -> None:
    past = {"startDateTime": "2026-11-23T08:30:00Z", "lifetimeInMinutes": 60}
    side = Side()
    side.make_pass("mara.quist", past)
    side.clock.move(minutes=30)
    (row,) = side.get(side.passes_of("mara.quist"))["value"]
    assert row["methodUsabilityReason"] == "Expired"
    strict = Side(tenant.Options(past_start_refused=True))
    assert strict.make_pass("mara.quist", past, status=400)["error"]["code"] == "badRequest"
    assert strict.get(strict.passes_of("mara.quist"))["value"] == []


def test_whether_somebody_out_of_scope_is_refused_with_400_or_403_is_a_switch() -> None:
    error = Side(tenant.Options(scope_refusal_status=403)).make_pass("peter.ashdown", {}, status=403)["error"]
    assert error["code"] == "accessDenied"
    assert error["message"].startswith("Converged UserCredentialPolicy does not allow")


def test_joining_an_excluded_group_reaches_the_sign_in_page_after_the_delay_that_is_set() -> None:
    day = StagingDay(tenant.Options(membership_delay=90))
    day.issue(MARA)
    excluded = day.tenant.directory.groups[day.tenant.credentials.policy.exclude[0]]
    people.set_members(day.tenant, excluded.id, [*excluded.member_ids, day.person(MARA).id])
    day.clock.move(seconds=89)
    assert day.at_sign_in(MARA).name == "accessPass"
    day.clock.move(seconds=1)
    assert day.at_sign_in(MARA).name == "password"


def test_only_a_sign_in_that_works_spends_a_one_time_pass(day: StagingDay) -> None:
    code = day.issue(MARA, one_time=True)
    assert day.security_info(MARA, "WrongCode99").problem_code == "130503"
    policy = ConditionalAccessPolicy("strong", "Keys only", grants=["phishing_resistant"])
    day.tenant.credentials.conditional_access["strong"] = policy
    assert day.security_info(MARA, code).problem_code == "53003"
    policy.state = "disabled"
    assert day.security_info(MARA, code).name == "security-info"


@pytest.mark.parametrize(
    ("grant", "stops_with"),
    [("mfa", None), ("mfa_strength", None), ("passwordless", "53003"), ("phishing_resistant", "53003")],
)
def test_a_pass_is_mfa_and_the_strength_of_that_name_and_none_beyond(
    day: StagingDay, grant: str, stops_with: str | None
) -> None:
    day.tenant.credentials.conditional_access["wanted"] = ConditionalAccessPolicy("wanted", "Wanted", grants=[grant])
    page = day.security_info(MARA, day.issue(MARA))
    assert (page.problem_code or None) == stops_with
    assert (page.name == "security-info") is (stops_with is None)


def test_a_policy_that_wants_a_strength_names_it_and_what_satisfies_it(side: Side) -> None:
    wanted = {"mfa_strength": True, "passwordless": False, "phishing_resistant": False}
    for grant in wanted:
        made = ConditionalAccessPolicy(side.tenant.new_id(), grant, grants=[grant])
        side.tenant.credentials.conditional_access[made.id] = made
    rows = side.get("/v1.0/identity/conditionalAccess/policies")["value"]
    strengths = {row["displayName"]: row["grantControls"]["authenticationStrength"] for row in rows}
    for grant, by_pass in wanted.items():
        assert ("temporaryAccessPassMultiUse" in strengths[grant]["allowedCombinations"]) is by_pass


def test_windows_hello_after_a_spent_one_time_pass_ends_at_mfa_registration(day: StagingDay) -> None:
    code = day.issue(JONAS, one_time=True)
    day.power_on(NO_RESTART)
    day.sign_in(NO_RESTART, JONAS, code)
    waiting = day.wait(NO_RESTART)
    assert (waiting["screen"], waiting["asks"]) == ("hello", "code")
    assert "no usable Temporary Access Pass" in day.sign_in(NO_RESTART, JONAS, code)["message"]
    stuck = day.sign_in(NO_RESTART, JONAS, password=day.person(JONAS).password or "")
    assert stuck["message"] == "The page wants Authenticator set up on a phone before it goes on."
    assert (stuck["screen"], stuck["finished"]) == ("hello", False)
    assert day.methods(JONAS, "windowsHelloForBusinessMethods") == []


def test_a_hello_key_bears_its_pcs_name_and_time_and_comes_to_the_report_hours_later(day: StagingDay) -> None:
    code = day.issue(MARA)
    day.power_on(bench.LAPTOP)
    for _ in range(2):
        day.sign_in(bench.LAPTOP, MARA, code)
        day.wait(bench.LAPTOP)
    method, device = day.held_by(MARA, "windowsHelloForBusinessMethods")
    assert method["displayName"] == device["displayName"]
    assert method["createdDateTime"].startswith("2026-11-23T")
    report = f"/v1.0/reports/authenticationMethods/userRegistrationDetails/{day.person(MARA).id}"
    assert day.graph("GET", report)["isPasswordlessCapable"] is False
    day.clock.move(hours=4)
    assert day.graph("GET", report)["isPasswordlessCapable"] is True


def test_a_replaced_pass_leaves_a_registered_row_for_each_create(side: Side) -> None:
    side.make_pass("mara.quist", {})
    side.make_pass("mara.quist", {})
    side.clock.move(minutes=10)
    reasons = [row["resultReason"] for row in side.get("/v1.0/auditLogs/directoryAudits")["value"]]
    assert reasons.count("Admin registered temporary access pass method for user") == 2


def test_the_cloud_of_the_us_government_has_passes_and_their_policy() -> None:
    side = Side(tenant.Options(cloud="usgov"))
    made = side.make_pass("mara.quist", {})
    assert [row["id"] for row in side.get(side.passes_of("mara.quist"))["value"]] == [made["id"]]
    assert side.get(POLICY)["state"] == "enabled"
    assert side.send("DELETE", f"{side.passes_of('mara.quist')}/{made['id']}").status_code == 204


def test_what_is_left_out_is_printed_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        for rule, why in LEFT_OUT.items():
            sys.stdout.write(f"\nleft out about people: {rule}: {why}")
    assert all(LEFT_OUT.values())
