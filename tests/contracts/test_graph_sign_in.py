"""An operator's own sign-in, and the id tokens that are not believed."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from agent import errors, graph, ports
from agent.domain import passes, people
from agent.graph import id_tokens, loopback
from agent.sandbox.virtual import browser, staff
from tests.contracts import graph_side
from tests.contracts.graph_side import LOGIN, TENANT_ID, OddTenant, Reply, SandboxSide

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
NOW = graph_side.START
EXPECTED = id_tokens.Expected(f"{LOGIN}/{TENANT_ID}/v2.0", "operators-app", TENANT_ID, "a nonce")
GOOD = {
    "iss": f"{LOGIN}/{TENANT_ID}/v2.0",
    "aud": "operators-app",
    "tid": TENANT_ID,
    "nonce": "a nonce",
    "exp": int((NOW + timedelta(hours=1)).timestamp()),
    "nbf": int(NOW.timestamp()),
    "oid": graph_side.PERSON_ID,
}


def text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def token(claims: object, *, key: rsa.RSAPrivateKey = KEY, **head: Any) -> str:
    head = {"alg": "RS256", "kid": "one"} | head
    signed = ".".join(text(json.dumps(part).encode()) for part in (head, claims))
    return f"{signed}.{text(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def jwk(name: str, key: rsa.RSAPrivateKey) -> dict[str, str]:
    numbers = key.public_key().public_numbers()
    modulus, exponent = (text(number.to_bytes(256, "big").lstrip(b"\0")) for number in (numbers.n, numbers.e))
    return {"kid": name, "kty": "RSA", "use": "sig", "n": modulus, "e": exponent}


@pytest.fixture
def asked() -> list[str]:
    """Where keys were asked for."""
    return []


@pytest.fixture
def check(asked: list[str]) -> Iterator[Callable[[str], Any]]:
    """Judge a token as of NOW, with the tenant's one key."""

    def login(_method: str, path: str) -> Reply:
        asked.append(path)
        return Reply(json.dumps({"keys": [jwk("one", KEY), {"kty": "EC", "kid": "two"}, 5]}))

    with graph_side.connected(OddTenant(lambda *_: Reply(), login)) as side:
        keys = id_tokens.Keys(f"{LOGIN}/keys", side.graph.transport, side.clock)
        yield lambda given: id_tokens.checked(given, EXPECTED, keys, side.clock.now())


def test_a_token_that_holds_is_believed_and_the_keys_are_asked_for_once(
    check: Callable[[str], Any], asked: list[str]
) -> None:
    assert check(token(GOOD))["oid"] == graph_side.PERSON_ID
    check(token(GOOD))
    for _ in range(5):
        with pytest.raises(errors.Refused, match="key that the tenant does not have"):
            check(token(GOOD, kid="three"))
    assert len(asked) == 1


LATE = int((NOW - timedelta(minutes=6)).timestamp())
SOON = int((NOW + timedelta(minutes=6)).timestamp())


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"aud": "another-app"}, "another application"),
        ({"aud": ["operators-app"]}, "another application"),
        ({"tid": graph_side.PERSON_ID}, "another tenant"),
        ({"tid": None}, "another tenant"),
        ({"iss": f"{LOGIN}/{graph_side.PERSON_ID}/v2.0"}, "another issuer"),
        ({"iss": "https://evil.test/v2.0"}, "another issuer"),
        ({"exp": 1}, "time is over"),
        ({"exp": LATE}, "time is over"),
        ({"exp": None}, "time is over"),
        ({"exp": "9999999999"}, "time is over"),
        ({"nbf": SOON}, "time has not come"),
        ({"nonce": "another"}, "another sign-in"),
        ({"nonce": None}, "another sign-in"),
    ],
)
def test_a_token_with_a_foreign_claim_is_refused(
    check: Callable[[str], Any], changed: dict[str, Any], why: str
) -> None:
    with pytest.raises(errors.Refused, match=why) as caught:
        check(token(GOOD | changed))
    assert caught.value.codes == ("id_token",)
    assert caught.value.advice


def test_a_token_that_nobody_or_a_stranger_signed_is_refused(check: Callable[[str], Any]) -> None:
    unsigned = ".".join(text(json.dumps(part).encode()) for part in ({"alg": "none", "kid": "one"}, GOOD))
    changed = token(GOOD).split(".")
    changed[1] = text(json.dumps(GOOD | {"oid": TENANT_ID}).encode())
    for given, why in (
        (f"{unsigned}.", "not signed in the way"),
        (token(GOOD, alg="HS256"), "not signed in the way"),
        (token(GOOD, key=OTHER), "signature is wrong"),
        (".".join(changed), "signature is wrong"),
    ):
        with pytest.raises(errors.Refused, match=why):
            check(given)


@pytest.mark.parametrize("given", ["", "a.b.c", "no token", token([1]), token(GOOD) + ".x", "ü.b.c", "e30.e30.e30"])
def test_what_is_no_token_is_refused(check: Callable[[str], Any], given: str) -> None:
    with pytest.raises(errors.Refused, match="it is no id token"):
        check(given)


def test_keys_that_cannot_be_had_stop_the_sign_in() -> None:
    with graph_side.connected(OddTenant(lambda *_: Reply(), lambda *_: Reply("<html>", 200, "text/html"))) as side:
        keys = id_tokens.Keys(f"{LOGIN}/keys", side.graph.transport, side.clock)
        with pytest.raises(errors.TenantUnreachable, match="no keys"):
            id_tokens.checked(token(GOOD), EXPECTED, keys, NOW)


PASSES = "UserAuthMethod-TAP.ReadWrite.All"


def lead(side: SandboxSide) -> people.Operator:
    """The service desk lead, whose directory role lets him make passes."""
    domain = side.sandbox.tenant.directory.organisation.domains[0]
    return people.Operator(side.person("tomasz.brandt"), f"tomasz.brandt@{domain}", people.Role.LEAD)


def path_of(address: str) -> str:
    """What a browser asks the tenant for."""
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


def posting(go_through: Callable[[str], Any]) -> ports.Shown:
    """A browser in which somebody goes through an address; what the tenant sends back is brought to who waits."""

    def visit(address: str) -> None:
        came = go_through(address)
        requests.post(came["form_action"], data=came["fields"], timeout=10)

    return ports.Shown(lambda address: threading.Thread(target=visit, args=(address,)).start(), lambda *_: None)


def visiting(side: SandboxSide, person: str, *, spoiled: bool = False) -> ports.Shown:
    """Somebody of the staff at a browser, or typing the code that they were shown."""
    host = side.sandbox.tenant
    people = staff.Staff(host, browser.through_wsgi(side.sandbox.wsgi))
    upn = f"{person}@{host.directory.organisation.domains[0]}"

    def visit(address: str) -> None:
        came = people.sign_in(upn, address)
        form = came["fields"] | ({"state": "another"} if spoiled else {})
        answer = requests.post(came["form_action"], data=form, timeout=10)
        assert "close this page" in answer.text

    def type_in(_address: str, code: str) -> None:
        people.enter_code(upn, code)

    return ports.Shown(lambda address: threading.Thread(target=visit, args=(address,)).start(), type_in)


@pytest.fixture
def now() -> datetime:
    """MSAL looks at the machine's clock."""
    return datetime.now(UTC)


def test_an_operator_is_identified_by_their_own_browser(now: datetime) -> None:
    with graph_side.on_sandbox(at=now) as side:
        identity = side.graph.sign_ins.identify(visiting(side, "tomasz.brandt"))
        assert identity.object_id == side.person("tomasz.brandt")
    assert identity.user_name.startswith("tomasz.brandt@")


def test_an_operators_own_token_makes_a_pass_in_their_name(now: datetime) -> None:
    with graph_side.on_sandbox(at=now) as side:
        signed_in = side.graph.sign_ins.delegated("issuer", [PASSES], visiting(side, "tomasz.brandt"))
        assert signed_in.bearer() not in repr(signed_in)
        own = side.graph.operators.passes_as(lead(side), visiting(side, "tomasz.brandt"))
        for held, named in ((own, True), (side.graph.passes, False)):
            held.create(side.person("mara.quist"), passes.Terms(lifetime=60, one_time=False))
            audit = side.sandbox.tenant.activity.audits[-1]
            assert (side.person("tomasz.brandt") in repr(audit)) is named


def test_in_one_browser_the_second_sign_in_asks_nothing(now: datetime) -> None:
    with graph_side.on_sandbox(at=now) as side:
        window, upn = side.sandbox.staff.window(), lead(side).name
        first = side.graph.operators.identify(posting(lambda at: side.sandbox.staff.sign_in(upn, at, window)))
        own = side.graph.operators.passes_as(lead(side), posting(lambda at: staff.shown(window.open(path_of(at)))))
        own.create(side.person("mara.quist"), passes.Terms(lifetime=60, one_time=False))
    assert first.id == side.person("tomasz.brandt")


def test_whoever_signs_in_second_must_be_the_same_person(now: datetime) -> None:
    refusal = pytest.raises(errors.Refused, match=r"Two people signed in: tomasz\.brandt@.*then omar\.siddiq@")
    with graph_side.on_sandbox(at=now) as side, refusal:
        side.graph.operators.passes_as(lead(side), visiting(side, "omar.siddiq"))


@pytest.mark.parametrize("person", ["tomasz.brandt", "ines.okafor"])
def test_what_entra_does_not_let_an_operator_do_is_told_as_theirs(now: datetime, person: str) -> None:
    """Not oneself, no administrator, and nobody at all without the directory role."""
    with graph_side.on_sandbox(at=now) as side:
        own = side.graph.operators.passes_as(lead(side), visiting(side, "tomasz.brandt"))
        with pytest.raises(errors.TenantRefused, match=r"Entra does not let tomasz\.brandt@.* make") as refused:
            own.create(side.person(person), passes.Terms(lifetime=60, one_time=False))
        assert refused.value.status == 403
        assert "Authentication Administrator" in refused.value.advice
        given = side.graph.passes.create(side.person(person), passes.Terms(lifetime=60, one_time=False))
        with pytest.raises(errors.TenantRefused, match="delete the pass of this person"):
            own.delete(side.person(person), given.tenant_pass.id)


def test_an_answer_that_belongs_to_another_sign_in_is_refused(now: datetime) -> None:
    with graph_side.on_sandbox(at=now) as side, pytest.raises(errors.Refused, match="another sign-in"):
        side.graph.sign_ins.identify(visiting(side, "tomasz.brandt", spoiled=True))


def test_a_device_code_is_used_only_where_the_settings_say_so(now: datetime) -> None:
    with graph_side.on_sandbox(at=now) as side:
        line = graph_side.sandbox_connection(side.sandbox)
        by_code = graph.Connection(
            line.graph, line.login, line.tenant_id, line.registrations, sandbox=True, sign_in="device_code"
        )
        client = graph.connect(by_code, side.clock, graph_side.OrderedChance(), {line.graph: side.adapter})
        identity = client.sign_ins.identify(visiting(side, "tomasz.brandt"))
        client.close()
        assert identity.object_id == side.person("tomasz.brandt")


def test_the_page_that_is_come_back_to_takes_one_answer_for_itself_alone() -> None:
    with loopback.Landing() as landing:
        port = urlsplit(landing.address).port
        for address in (f"http://127.0.0.1:{port}", f"{landing.address}/x"):
            assert requests.post(address, data={"code": "1"}, timeout=5).status_code == 404
        for form in ({"x": "1"}, {"code": "1" * 20_000}):
            assert requests.post(landing.address, data=form, timeout=5).status_code == 404
        assert requests.get(f"{landing.address}/?code=1", timeout=5).status_code == 501
        answer = requests.post(landing.address, data={"code": "mine", "state": "s"}, timeout=5)
        assert answer.headers["Cache-Control"] == "no-store"
        assert "mine" not in answer.text
        requests.post(landing.address, data={"code": "theirs", "state": "s"}, timeout=5)
        assert landing.wait(1) == {"code": "mine", "state": "s"}
    with loopback.Landing() as landing, pytest.raises(errors.Refused, match="Nobody signed in"):
        landing.wait(0)


def test_the_address_asks_for_pkce_state_and_nonce_and_comes_back_to_this_machine(now: datetime) -> None:
    seen: list[str] = []

    def refuse(address: str) -> None:
        seen.append(address)
        asked = parse_qs(urlsplit(address).query)
        form = {"error": "access_denied", "state": asked["state"][0]}
        sending = {"data": form, "timeout": 5}
        threading.Thread(target=requests.post, args=(asked["redirect_uri"][0],), kwargs=sending).start()

    with graph_side.on_sandbox(at=now) as side, pytest.raises(errors.Refused, match="Nobody signed in"):
        side.graph.sign_ins.identify(ports.Shown(refuse, lambda *_: None))
    asked = parse_qs(urlsplit(seen[0]).query)
    assert asked["redirect_uri"][0].startswith("http://localhost:")
    assert (asked["code_challenge_method"], asked["response_type"]) == (["S256"], ["code"])
    assert asked["response_mode"] == ["form_post"]
    assert {"code_challenge", "state", "nonce"} <= set(asked)
    assert "offline_access" not in asked["scope"][0]


def test_nobody_signs_in_by_a_registration_that_is_not_there_or_is_a_machine() -> None:
    held = {"operators": graph.Credential("app", managed_identity="system")}
    nobody = ports.Shown(lambda _: None, lambda *_: None)
    for registrations, why in (({}, "the settings name none"), (held, "managed identity")):
        tenant, refused = OddTenant(lambda *_: Reply()), pytest.raises(errors.Misconfigured, match=why)
        with graph_side.connected(tenant, registrations=registrations) as side, refused:
            side.graph.sign_ins.identify(nobody)
