"""The sign-in pages, Conditional Access and My Security Info: what a pass is worth, to whom, and until when."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from agent.sandbox.access_records import ConditionalAccessPolicy
from agent.sandbox.virtual import apps, browser, keys, signing_in
from tests.contracts import staging_day as bench
from tests.contracts.staging_day import CHIDI, MARA, NILS, RUTH, StagingDay

TREASURER = "lena.novak@tallisharbour.example"  # in the group the pass policy excludes
DISABLED = "victor.lamb@tallisharbour.example"


@pytest.fixture
def day() -> StagingDay:
    return StagingDay()


def press(window: browser.Browser, page: browser.Page, form: str, **values: str) -> browser.Page:
    found = page.form(form)
    assert found is not None, [one.name for one in page.forms]
    return window.submit(found, values)


def broker_tokens(day: StagingDay, person: str, code: str) -> tuple[signing_in.Window, signing_in.Tokens]:
    window = signing_in.Window(browser.Browser(day.transport, day.tenant.origin), day.tenant.id)
    tokens = window.sign_in(apps.BROKER, signing_in.Typed(person, code))
    assert isinstance(tokens, signing_in.Tokens)
    return window, tokens


def test_the_pass_is_asked_for_only_while_it_can_be_used(day: StagingDay) -> None:
    assert day.at_sign_in(MARA).name == "password"
    terms = {"startDateTime": "2026-11-23T10:00:00Z", "lifetimeInMinutes": 60}
    path = f"/v1.0/users/{MARA}/authentication/temporaryAccessPassMethods"
    day.graph("POST", path, terms, registration="issuer", status=201)
    assert day.at_sign_in(MARA).name == "password"
    day.clock.move(minutes=60)
    page = day.at_sign_in(MARA)
    assert page.name == "accessPass"
    assert page.form("way-password") is not None
    day.clock.move(minutes=60)
    assert day.at_sign_in(MARA).name == "password"


def test_the_pass_is_not_asked_of_somebody_whom_the_policy_leaves_out(day: StagingDay) -> None:
    day.issue(MARA)
    day.tenant.credentials.policy.exclude.append(
        next(group.id for group in day.tenant.directory.groups.values() if group.name == "Leith Harbour House")
    )
    assert day.at_sign_in(MARA).name == "password"


def spend(day: StagingDay, code: str) -> None:
    assert day.security_info(MARA, code).name == "security-info"


@pytest.mark.parametrize(
    ("meanwhile", "number"),
    [
        (lambda day, _code: day.clock.move(minutes=241), 130504),
        (spend, 130505),
        (lambda day, _code: setattr(day.tenant.credentials.policy, "enabled", False), 130502),
        (lambda day, _code: day.delete_pass(MARA), 130507),
        (lambda day, _code: day.issue(MARA, one_time=True), 130503),
    ],
    ids=["expired", "used", "policy", "deleted", "replaced"],
)
def test_a_code_typed_too_late_is_refused_with_its_number(
    day: StagingDay, meanwhile: Callable[[StagingDay, str], Any], number: int
) -> None:
    code = day.issue(MARA, one_time=True)
    window = day.window()
    page = day.at_sign_in(MARA, window=window)
    meanwhile(day, code)
    refused = press(window, page, "accessPass", value=code)
    assert refused.problem_code == str(number)
    assert f"AADSTS{number}" in refused.problem
    assert day.error_numbers(MARA)[-1] == number


def test_a_wrong_code_is_refused_and_never_put_back_into_a_page(day: StagingDay) -> None:
    day.issue(MARA)
    page = day.at_sign_in(MARA)
    form = page.form("accessPass")
    assert form is not None
    body = f"flow={form.fields['flow']}&method=accessPass&value=WrongCode99".encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = day.transport(browser.HttpRequest("POST", form.action, headers, body))
    assert b"130503" in answer.body
    assert b"WrongCode99" not in answer.body
    assert answer.header("Cache-Control") == "no-store"


def test_a_multi_use_pass_signs_in_until_it_expires(day: StagingDay) -> None:
    code = day.issue(MARA, minutes=60)
    for _ in range(3):
        assert day.security_info(MARA, code).name == "security-info"
        day.clock.move(minutes=19)
    day.clock.move(minutes=5)
    assert day.security_info(MARA, code).name == "password"


def test_a_disabled_account_may_hold_a_pass_but_not_sign_in(day: StagingDay) -> None:
    code = day.issue(DISABLED)
    refused = day.security_info(DISABLED, code)
    assert refused.problem_code == "50057"
    assert day.error_numbers(DISABLED) == [50057]


def test_an_unknown_user_name_is_refused_on_the_first_page(day: StagingDay) -> None:
    page = day.at_sign_in("nobody@tallisharbour.example")
    assert (page.name, page.problem_code) == ("user-name", "50034")


def test_a_password_alone_leads_to_the_mfa_page_and_no_further(day: StagingDay) -> None:
    for person, expected in ((CHIDI, "mfa-register"), (RUTH, "mfa-approve")):
        window = day.window()
        page = press(window, day.at_sign_in(person, window=window), "password", value=day.person(person).password or "")
        assert page.name == expected
        for _ in range(3):
            page = press(window, page, "again")
            assert page.name == expected
        assert window.open("/mysecurityinfo").name == "user-name"
        assert day.error_numbers(person) == [50076]


def test_a_pass_gets_through_where_the_password_was_not_enough(day: StagingDay) -> None:
    code = day.issue(CHIDI)
    window = day.window()
    page = press(window, day.at_sign_in(CHIDI, window=window), "way-password")
    page = press(window, page, "password", value=day.person(CHIDI).password or "")
    page = press(window, page, "way-accessPass")
    assert press(window, page, "accessPass", value=code).name == "security-info"


def test_a_password_suffices_where_nothing_demands_mfa_and_a_wrong_one_never(day: StagingDay) -> None:
    day.tenant.credentials.conditional_access.clear()
    window = day.window()
    page = press(window, day.at_sign_in(CHIDI, window=window), "password", value="guess")
    assert page.problem_code == "50126"
    assert press(window, page, "password", value=day.person(CHIDI).password or "").name == "security-info"


def test_a_pass_does_not_satisfy_a_phishing_resistant_strength(day: StagingDay) -> None:
    policy = ConditionalAccessPolicy("strong", "Keys only", grants=["phishing_resistant"])
    day.tenant.credentials.conditional_access["strong"] = policy
    assert day.security_info(MARA, day.issue(MARA)).problem_code == "53003"
    policy.exclude_users.append(day.person(MARA).id)
    assert day.security_info(MARA, day.issue(MARA)).name == "security-info"


def test_after_a_one_time_sign_in_a_method_can_be_added_for_ten_minutes(day: StagingDay) -> None:
    window = day.window()
    page = day.security_info(MARA, day.issue(MARA, one_time=True), window=window)
    day.clock.move(minutes=9)
    page = press(window, page, "add-passkey", name="Pixel", public_key=keys.DeviceKey("a phone").public)
    assert len(day.methods(MARA, "fido2Methods")) == 1
    day.clock.move(minutes=2)
    page = press(window, page, "add-passkey", name="Tablet", public_key=keys.DeviceKey("a tablet").public)
    assert page.problem_code == "801c03ed"
    assert len(day.methods(MARA, "fido2Methods")) == 1


@pytest.mark.parametrize("how", ["delete", "replace", "expire"])
def test_tokens_die_with_the_pass_they_came_from(day: StagingDay, how: str) -> None:
    window, tokens = broker_tokens(day, MARA, day.issue(MARA, minutes=60))
    again = window.refresh(apps.BROKER, tokens.refresh, resource=apps.INTUNE_ENROLMENT)
    assert isinstance(again, signing_in.Tokens)
    if how == "delete":
        day.delete_pass(MARA)
    elif how == "replace":
        day.issue(MARA)
    else:
        day.clock.move(minutes=60)
    dead = window.refresh(apps.BROKER, tokens.refresh, resource=apps.INTUNE_ENROLMENT)
    assert isinstance(dead, signing_in.Stopped)
    assert (dead.page, dead.number) == ("token", "invalid_grant")
    assert dead.problem.startswith("AADSTS130507")
    assert day.error_numbers(MARA)[-1] == 130507
    refused = day.window().call("/enrolment/join", {"serial": bench.LAPTOP}, tokens.access)
    assert refused.status == 401
    assert "AADSTS130507" in refused.json()["error"]["message"]
    silent = window.sign_in(apps.WINDOWS_SIGN_IN, None)
    assert isinstance(silent, signing_in.Stopped)


def test_a_token_never_outlives_its_pass(day: StagingDay) -> None:
    code = day.issue(MARA, minutes=60)
    day.clock.move(minutes=50)
    broker_tokens(day, MARA, code)
    (token,) = [one for one in day.tenant.sign_ins.access_tokens.values() if one.kind == "delegated"]
    assert (token.expires - day.clock()).total_seconds() == 600


def test_a_token_opens_only_the_service_it_was_made_for(day: StagingDay) -> None:
    _window, tokens = broker_tokens(day, MARA, day.issue(MARA))
    refused = day.window().call("/enrolment/manage", {"serial": bench.LAPTOP}, tokens.access)
    assert refused.status == 401
    unknown = day.window().call("/enrolment/teleport", {}, tokens.access)
    assert unknown.status == 501


def test_a_session_by_passkey_survives_the_pass(day: StagingDay) -> None:
    window, key = day.window(), keys.DeviceKey("Mara's phone")
    page = day.security_info(MARA, day.issue(MARA), window=window)
    press(window, page, "add-passkey", name="Pixel", public_key=key.public)
    other = day.window()
    held = signing_in.Held("fido2", key)
    assert signing_in.walk(other, other.open("/mysecurityinfo"), held, person=MARA).name == "security-info"
    day.delete_pass(MARA)
    assert window.open("/mysecurityinfo").name == "user-name"
    assert other.open("/mysecurityinfo").name == "security-info"


def test_a_signature_by_another_key_does_not_sign_in(day: StagingDay) -> None:
    window = day.window()
    page = day.security_info(MARA, day.issue(MARA), window=window)
    press(window, page, "add-passkey", name="Pixel", public_key=keys.DeviceKey("Mara's phone").public)
    other, stolen = day.window(), signing_in.Held("fido2", keys.DeviceKey("another phone"))
    assert signing_in.walk(other, other.open("/mysecurityinfo"), stolen, person=MARA).problem_code == "135004"


def test_my_security_info_shows_the_pass_and_lets_the_person_delete_it(day: StagingDay) -> None:
    window = day.window()
    page = day.security_info(RUTH, day.issue(RUTH), window=window)
    kinds = {row["kind"]: row["id"] for row in page.rows}
    assert set(kinds) == {"password", "microsoftAuthenticator", "phone", "temporaryAccessPass"}
    assert page.form(f"delete-{kinds['password']}") is None
    page = press(window, page, f"delete-{kinds['temporaryAccessPass']}")
    assert page.name == "user-name"
    path = f"/v1.0/users/{RUTH}/authentication/temporaryAccessPassMethods"
    assert day.graph("GET", path)["value"] == []


def test_signing_out_everywhere_ends_every_session(day: StagingDay) -> None:
    code = day.issue(MARA)
    window, other = day.window(), day.window()
    page = day.security_info(MARA, code, window=window)
    day.security_info(MARA, code, window=other)
    assert press(window, page, "sign-out-everywhere").name == "signed-out"
    assert other.open("/mysecurityinfo").name == "user-name"
    user = day.graph("GET", f"/v1.0/users/{MARA}?$select=signInSessionsValidFromDateTime")
    assert user["signInSessionsValidFromDateTime"] == "2026-11-23T09:00:00Z"


def test_a_form_without_the_pages_own_proof_changes_nothing(day: StagingDay) -> None:
    window = day.window()
    page = day.security_info(RUTH, day.issue(RUTH), window=window)
    (phone,) = [row["id"] for row in page.rows if row["kind"] == "phone"]
    assert press(window, page, f"delete-{phone}", proof="forged").name == "user-name"
    assert len(day.methods(RUTH, "phoneMethods")) == 1


def test_markup_in_a_name_stays_text(day: StagingDay) -> None:
    day.tenant.directory.organisation.display_name = "<b>Harbour</b>"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    query = "client_id=" + apps.TEAMS.client_id + "&redirect_uri=" + apps.TEAMS.redirect_uri
    url = f"{day.tenant.origin}/{day.tenant.id}/oauth2/v2.0/authorize?{query}&login_hint=%22%3E%3Cscript%3E"
    shown = day.transport(browser.HttpRequest("GET", url, headers)).body.decode()
    assert "<b>" not in shown
    assert "<script>" not in shown
    assert "SANDBOX" in shown


@pytest.mark.parametrize(
    ("client_id", "redirect_uri", "number"),
    [("nobody", "http://localhost", "700016"), (apps.TEAMS.client_id, "https://evil.example/", "50011")],
)
def test_an_unknown_app_or_address_is_not_served(
    day: StagingDay, client_id: str, redirect_uri: str, number: str
) -> None:
    query = {"client_id": client_id, "redirect_uri": redirect_uri}
    assert day.window().open(f"/{day.tenant.id}/oauth2/v2.0/authorize", query).problem_code == number


def operator_form(day: StagingDay, code: str, verifier: str) -> dict[str, str]:
    held = next(one for one in day.tenant.directory.registrations.values() if one.name == "operators")
    return {
        "grant_type": "authorization_code",
        "client_id": held.app_id,
        "client_secret": held.secret or "",
        "redirect_uri": "http://localhost:5173",
        "code": code,
        "code_verifier": verifier,
    }


def test_an_operator_signs_in_with_a_code_bound_to_its_verifier(day: StagingDay) -> None:
    verifier = "v" * 43
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    client_id = operator_form(day, "", "")["client_id"]
    query = {
        "client_id": client_id,
        "response_type": "code",
        "redirect_uri": "http://localhost:5173",
        "scope": "openid profile User.Read",
        "state": "abc",
        "nonce": "n0nce",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    codes = []
    for _ in range(2):
        window = day.window()
        page = window.open(f"/{day.tenant.id}/oauth2/v2.0/authorize", query)
        page = signing_in.walk(window, page, signing_in.Typed(NILS, day.issue(NILS)))
        assert page.answers["state"] == "abc"
        codes.append(page.answers["code"])
    refused = day.window().token(day.tenant.id, operator_form(day, codes[1], "w" * 43))
    assert refused.json()["error"] == "invalid_grant"
    answer = day.window().token(day.tenant.id, operator_form(day, codes[1], verifier))
    assert answer.status == 400, "a code is spent by its first use, right or wrong"


def test_an_operators_token_names_the_person(day: StagingDay) -> None:
    window = day.window()
    query = {
        "client_id": operator_form(day, "", "")["client_id"],
        "redirect_uri": "http://localhost:5173",
        "scope": "openid profile User.Read",
        "nonce": "n0nce",
    }
    page = window.open(f"/{day.tenant.id}/oauth2/v2.0/authorize", query)
    page = signing_in.walk(window, page, signing_in.Typed(NILS, day.issue(NILS)))
    answer = window.token(day.tenant.id, operator_form(day, page.answers["code"], "")).json()
    claims = browser.HttpResponse(200, (), base64.urlsafe_b64decode(answer["id_token"].split(".")[1] + "==")).json()
    assert (claims["preferred_username"], claims["nonce"], claims["tid"]) == (NILS, "n0nce", day.tenant.id)
    assert "User.Read" in answer["scope"]
    assert "refresh_token" not in answer


def test_a_person_outside_the_policy_who_holds_a_pass_cannot_use_it(day: StagingDay) -> None:
    day.tenant.options.creation_outside_policy = True
    code = day.issue(TREASURER)
    window = day.window()
    page = day.at_sign_in(TREASURER, window=window)
    assert page.name == "password"
    form = page.form("password")
    assert form is not None
    assert window.submit(form, {"method": "accessPass", "value": code}).problem_code == "130502"
