"""Mail that was handed in for sending: kept as it was told, delivered to nobody."""

from __future__ import annotations

from collections.abc import Sequence

from agent.sandbox import errors, records
from agent.sandbox import tenant as tenants


def send(tenant: tenants.Tenant, sender: records.User, letter: records.Mail) -> None:
    """Keep it; raises GraphError 404 where the sender has no mailbox.

    The code is what Exchange Online answers for an account without one; the page of sendMail names no errors.
    """
    if not sender.mail:
        raise errors.GraphError(
            404,
            "MailboxNotEnabledForRESTAPI",
            "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
        )
    tenant.activity.mails.append(letter)


def to(tenant: tenants.Tenant, address: str) -> Sequence[records.Mail]:
    """What was sent to somebody, oldest first."""
    return [mail for mail in tenant.activity.mails if address.lower() in mail.to]
