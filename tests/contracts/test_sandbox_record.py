"""The sandbox's record of its exchanges: whole, one line each, and without any code, token or secret."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from werkzeug.test import Client

from agent.sandbox.errors import ConnectionCut
from agent.sandbox.wire import recording
from tests import secrecy
from tests.contracts.sandbox_side import Side


class Recorded(Side):
    """A sandbox with its record; `codes` and `secrets` are all that must not be in it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.lines: list[bytes] = []
        self.client = Client(recording.Overheard(self.sandbox.wsgi, recording.Recorder(self.lines.append)))
        self.codes: set[str] = set()

    def exchanges(self) -> list[dict[str, Any]]:
        """Every line, read."""
        assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in self.lines)
        return [json.loads(line) for line in self.lines]

    def mint(self, key: str) -> str:
        """A pass's code."""
        code: str = self.make_pass(key, {"lifetimeInMinutes": 60})["temporaryAccessPass"]
        self.codes.add(code)
        return code

    def secrets(self) -> set[str]:
        """Codes, tokens, client secrets and the control door's key."""
        held = {one.secret for one in self.tenant.directory.registrations.values() if one.secret}
        return self.codes | held | {self.token(), self.sandbox.control_token}


@pytest.fixture
def side() -> Iterator[Recorded]:
    """Closed with a look at every line: nothing that anybody could use has got in."""
    made = Recorded()
    yield made
    for secret in made.secrets():
        assert secrecy.find(secret, made.lines) == []


def test_an_exchange_is_there_as_it_was_with_its_code_and_token_masked(side: Recorded) -> None:
    side.mint("mara.quist")
    side.get(f"{side.passes_of('mara.quist')}?$select=id")
    made, listed = side.exchanges()

    assert (made["request"]["method"], made["request"]["path"]) == ("POST", side.passes_of("mara.quist"))
    assert made["request"]["json"] == {"lifetimeInMinutes": 60}
    assert made["request"]["headers"]["authorization"] == "Bearer ********"
    assert (made["response"]["status"], made["response"]["json"]["temporaryAccessPass"]) == (201, "********")
    assert made["response"]["json"]["lifetimeInMinutes"] == 60
    assert made["response"]["headers"]["content-type"].startswith("application/json")
    assert listed["request"]["path"].endswith("?$select=id")
    assert [row["id"] for row in listed["response"]["json"]["value"]] == [made["response"]["json"]["id"]]


def test_what_is_null_stays_null(side: Recorded) -> None:
    side.mint("mara.quist")
    side.get(side.passes_of("mara.quist"))
    (row,) = side.exchanges()[-1]["response"]["json"]["value"]

    assert row["temporaryAccessPass"] is None


def test_a_code_in_the_answer_to_a_batch_is_masked(side: Recorded) -> None:
    place = side.passes_of("mara.quist").removeprefix("/v1.0")
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {side.token()}"}
    item = {"id": "1", "method": "POST", "url": place, "headers": headers, "body": {"lifetimeInMinutes": 60}}
    answer = side.send("POST", "/v1.0/$batch", {"requests": [item]}).get_json()["responses"][0]
    side.codes.add(answer["body"]["temporaryAccessPass"])
    (line,) = side.exchanges()

    assert line["request"]["json"]["requests"][0]["headers"]["Authorization"] == "********"
    assert line["response"]["json"]["responses"][0]["body"]["temporaryAccessPass"] == "********"


def test_a_code_that_somebody_sends_where_none_belongs_is_masked(side: Recorded) -> None:
    code = side.mint("mara.quist")
    place = side.passes_of("mara.quist")
    side.send("GET", f"{place}?$filter=id eq '{quote(code, safe='')}'")
    side.send("DELETE", f"{place}/{quote(code, safe='').replace('%2B', '%2b')}")
    side.send("DELETE", f"{place}/{''.join(f'%{byte:02x}' for byte in code.encode())}")
    side.send("POST", place, {"temporaryAccessPass": [code], "note": f"it was {code}"}, client_request_id=code)

    assert len(side.exchanges()) == 5
    assert b"it was ********" in side.lines[-1]


def test_a_body_that_is_not_json_is_left_out_and_its_length_told(side: Recorded) -> None:
    code = side.mint("mara.quist")
    side.client.post("/v1.0/users", data=f"password={code}", content_type="application/x-www-form-urlencoded")
    side.client.post("/v1.0/users", data=json.dumps(code), content_type="application/json")
    form, text = side.exchanges()[1:]

    assert (form["request"]["bytes"], "json" in form["request"]) == (len(f"password={code}"), False)
    assert text["request"]["json"] == "********"


@pytest.mark.parametrize("kind", ["lost", "truncated", "unreachable"])
def test_an_answer_that_was_cut_is_told_as_none(side: Recorded, kind: str) -> None:
    side.door("POST", "faults", {"match": "POST /v1.0/*", "kind": kind})
    with pytest.raises(ConnectionCut):
        side.make_pass("mara.quist", {"lifetimeInMinutes": 60})
    side.codes |= {made.code for made in side.tenant.credentials.passes.values()}
    (line,) = side.exchanges()

    assert (line["request"]["method"], line["response"]) == ("POST", None)


def test_sign_in_pages_tokens_and_the_control_door_are_not_recorded(side: Recorded) -> None:
    side.token()
    side.door("GET", "devices")
    side.client.get("/common/oauth2/v2.0/authorize")

    assert side.lines == []
