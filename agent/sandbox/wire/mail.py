"""The handler for mail (learn.microsoft.com/graph/api/user-sendmail): taken in with 202, which promises no delivery."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent.sandbox import records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import mail, people
from agent.sandbox.wire import exchange, odata, sent


def send_mail(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """POST /users/{id}/sendMail: subject, text body and recipients; other members of a message are not taken here."""
    sender = people.find(tenant, request.path_values["id"])
    found = sent.parameters(request, ("message", "saveToSentItems"))
    message = _object(found.get("message"), "message")
    body = _object(message.get("body"), "body")
    unknown = (message.keys() - {"subject", "body", "toRecipients"}) | (body.keys() - {"contentType", "content"})
    if unknown:
        raise odata.bad_request(f"The pretend tenant takes no '{min(unknown)}' in a message.")
    if str(body.get("contentType", "")).lower() != "text":
        raise odata.bad_request("The pretend tenant takes bodies of the contentType 'Text' only.")
    letter = records.Mail(
        at=tenant.now(),
        sender=sender.id,
        to=tuple(_address(one) for one in _list(message.get("toRecipients"))),
        subject=sent.text(message, "subject") or "",
        text=sent.text(body, "content") or "",
    )
    mail.send(tenant, sender, letter)
    return exchange.GraphResponse(None, 202)


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise odata.bad_request(f"The member '{name}' must be an object.")
    return sent.plain(value)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise odata.bad_request("At least one recipient is needed.")
    return value


def _address(recipient: Any) -> str:
    address = _object(_object(recipient, "recipient").get("emailAddress"), "emailAddress").get("address")
    if not isinstance(address, str) or "@" not in address:
        raise odata.bad_request("A recipient needs an address.")
    return address.lower()
