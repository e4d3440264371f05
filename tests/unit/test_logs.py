"""The redaction net: what looks like a code or a secret leaves no handler."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from agent import logs
from agent.domain.secrets import HIDDEN, PassCode, Secret

CODE = "W+!0Ol1I@#S5"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where the root logger writes during one test."""
    written = io.StringIO()
    level = logging.getLogger().level
    handler = logs.set_up(written, level=logging.DEBUG)
    yield written
    logging.getLogger().removeHandler(handler)
    logging.getLogger().setLevel(level)


@pytest.mark.parametrize(
    "text",
    [
        f'{{"temporaryAccessPass": "{CODE}", "lifetimeInMinutes": 60}}',
        f'{{"temporaryAccessPass":"{CODE}',
        f'body b\'{{"temporaryAccessPass":"{CODE}"}}\'',
        f"{{'temporaryAccessPass': '{CODE}'}}",
        json.dumps({"body": json.dumps({"temporaryAccessPass": CODE})}),
        f"&quot;temporaryAccessPass&quot;:&quot;{CODE}&quot;",
        f"Temporary Access Pass: {CODE}",
        f"accesspass={CODE}&login=ada%40example.com",
        f"grant_type=client_credentials&client_secret={CODE}&scope=x",
        f"client_assertion={CODE}",
        f"clientSecret: {CODE}",
        f"proxy http://ada:{CODE.replace('@', '')}@proxy.example.com:8080",
        f"-----BEGIN PRIVATE KEY-----\n{CODE}\n-----END PRIVATE KEY-----",
        f"-----BEGIN RSA PRIVATE KEY-----\n{CODE}",
    ],
)
def test_a_named_value_is_blanked(text: str) -> None:
    redacted = logs.redacted(text)
    assert HIDDEN in redacted
    assert CODE not in redacted
    assert CODE[:6] not in redacted


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Authorization: Bearer opaque-token-0123456789", "opaque"),
        ("{'Authorization': 'Bearer opaque-token-0123456789'}", "opaque"),
        ("token eyJhbGciOiJub25lIn0.eyJhdWQiOiJ4In0.c2ln end", "eyJ"),
        ("GET /callback?code=0.AXoA-xyz&state=1", "AXoA"),
    ],
)
def test_a_token_is_blanked_by_its_shape(text: str, secret: str) -> None:
    assert secret not in logs.redacted(text)


@pytest.mark.parametrize(
    "text",
    [
        "POST /v1.0/users/x/authentication/temporaryAccessPassMethods 201",
        "error code=BadRequest request-id=00001111-aaaa-2222-bbbb-3333cccc4444",
        "https://login.example.com/tenant/oauth2/v2.0/token answered 200",
        "mail ada@example.com",
    ],
)
def test_what_a_reader_needs_stays(text: str) -> None:
    assert logs.redacted(text) == text


def test_arguments_and_tracebacks_go_through_the_net(stream: io.StringIO) -> None:
    log = logging.getLogger("urllib3.test")
    log.warning("answer %s", {"temporaryAccessPass": CODE})
    local = CODE
    try:
        raise ValueError(f'unexpected body {{"temporaryAccessPass": "{local}"}}')
    except ValueError:
        log.exception("reading failed")
    assert CODE not in stream.getvalue()
    assert "ValueError: unexpected body" in stream.getvalue()


def test_typed_secrets_show_nothing_even_without_the_net() -> None:
    assert CODE not in f"{PassCode(CODE)} {Secret(CODE)!r} {[PassCode(CODE)]}"


def test_arguments_that_do_not_fit_neither_raise_nor_print_themselves(stream: io.StringIO) -> None:
    template = "one %s %s"
    logging.getLogger("test").warning(template, CODE)
    assert "its arguments do not fit" in stream.getvalue()
    assert CODE not in stream.getvalue()


def test_a_stream_that_fails_prints_no_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    handler = logs.set_up(stream)
    stream.close()
    try:
        logging.getLogger("test").warning("lost %s", CODE)
    finally:
        logging.getLogger().removeHandler(handler)
    assert capsys.readouterr().err == ""


def test_a_line_is_one_line_and_cannot_move_the_cursor(stream: io.StringIO) -> None:
    logging.getLogger("test").warning("name %s", "Ada\n2026 error forged\x1b[2J\u202e")
    (line,) = stream.getvalue().splitlines()
    assert line.endswith(r"Z warning test: name Ada\n2026 error forged\x1b[2J\u202e")


def test_json_lines_hold_time_level_logger_message_and_traceback() -> None:
    stream = io.StringIO()
    handler = logs.set_up(stream, json_lines=True)
    try:
        raise KeyError("lost")
    except KeyError:
        logging.getLogger("test").exception("first\nsecond")
    finally:
        logging.getLogger().removeHandler(handler)
    line = json.loads(stream.getvalue())
    assert (line["level"], line["logger"], line["message"]) == ("error", "test", "first\nsecond")
    assert line["time"].endswith("Z")
    assert line["traceback"].endswith("KeyError: 'lost'")


def test_setting_up_again_replaces_the_earlier_handler(stream: io.StringIO) -> None:
    second = io.StringIO()
    handler = logs.set_up(second)
    logging.getLogger("test").warning("once")
    logging.getLogger().removeHandler(handler)
    assert stream.getvalue() == ""
    assert second.getvalue().count("once") == 1
