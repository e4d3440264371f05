"""Mail by the registration `sender`, which needs Mail.Send and should be limited to the one mailbox it sends from.

learn.microsoft.com/graph/api/user-sendmail; limiting it: learn.microsoft.com/graph/auth-limit-mailbox-access
"""

from __future__ import annotations

from agent import errors, ports
from agent.graph import urls
from agent.graph.calls import Calls

REGISTRATION = "sender"


class GraphMail:
    """Fits `ports.Mail`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def send(self, letter: ports.Letter) -> str:
        """Hand it in, once: a second message would say that a second pass was made."""
        address = urls.address(urls.V1, "users", urls.guid(letter.mailbox), "sendMail")
        message = {
            "subject": letter.subject,
            "body": {"contentType": "Text", "content": letter.text},
            "toRecipients": [{"emailAddress": {"address": letter.to}}],
        }
        try:
            return self._calls.create(address, REGISTRATION, {"message": message}, _may_always_go).reference
        except errors.OutcomeUnknown as lost:
            raise errors.OutcomeUnknown(
                "The message left, and no answer came back: it may have been sent.",
                "Nothing is sent again.",
                lost.reference,
            ) from None


def _may_always_go() -> None:
    """Nothing stops a message on its way."""
