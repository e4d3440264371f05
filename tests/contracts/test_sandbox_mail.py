"""sendMail as its page has it (learn.microsoft.com/graph/api/user-sendmail): 202 and no body, or a refusal."""

from __future__ import annotations

from typing import Any

import pytest

from agent.sandbox.areas import mail
from tests.contracts.sandbox_side import Side

LETTER = {
    "subject": "Meet for lunch?",
    "body": {"contentType": "Text", "content": "The new cafeteria is open."},
    "toRecipients": [{"emailAddress": {"address": "Helen.Strand@tallisharbour.example"}}],
}


@pytest.fixture
def side() -> Side:
    made = Side()
    made.who = "sender"
    return made


def post(side: Side, body: Any, sender: str = "tomasz.brandt@tallisharbour.example") -> Any:
    return side.send("POST", f"/v1.0/users/{sender}/sendMail", body)


def test_a_message_is_taken_in_without_an_answer_and_kept_as_it_was_told(side: Side) -> None:
    answer = post(side, {"message": LETTER, "saveToSentItems": False})
    assert (answer.status_code, answer.get_data()) == (202, b"")
    [kept] = mail.to(side.tenant, "helen.strand@tallisharbour.example")
    assert (kept.subject, kept.text) == ("Meet for lunch?", "The new cafeteria is open.")
    assert kept.sender == side.person("tomasz.brandt").id


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"message": "text"},
        {"message": LETTER, "colour": "red"},
        {"message": LETTER | {"toRecipients": []}},
        {"message": LETTER | {"toRecipients": [{"emailAddress": {"address": "nobody"}}]}},
        {"message": LETTER | {"body": {"contentType": "HTML", "content": "<b>"}}},
        {"message": LETTER | {"attachments": []}},
    ],
)
def test_what_is_no_plain_message_is_refused(side: Side, body: Any) -> None:
    assert post(side, body).status_code == 400
    assert side.tenant.activity.mails == []


def test_only_mail_send_opens_it_and_only_for_somebody_with_a_mailbox(side: Side) -> None:
    assert post(side, {"message": LETTER}, "nobody@tallisharbour.example").status_code == 404
    side.person("tomasz.brandt").mail = None
    assert post(side, {"message": LETTER}).status_code == 404
    side.who = "watcher"
    assert post(side, {"message": LETTER}).status_code == 403
    assert side.tenant.activity.mails == []
