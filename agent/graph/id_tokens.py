"""Whether an id token says the truth: who signed in, in our tenant, to our registration, just now.

MSAL leaves most of this to its caller: it has been seen to accept another audience, another tenant, a time long past
and no signature at all. So every claim that we lean on is checked here.
learn.microsoft.com/entra/identity-platform/id-tokens and /access-tokens#validate-tokens
"""

from __future__ import annotations

import base64
import hmac
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from agent import errors, ports
from agent.graph import answers
from agent.graph.login import unreachable
from agent.graph.transport import Silence, Transport

#: How far the tenant's clock and ours may be apart; more stops issuing anyhow.
SLACK = timedelta(minutes=5)
#: A key that is not among those known may be new, but a stranger's tokens must not make us ask without end.
_ASK_AGAIN = timedelta(minutes=5)
_LONGEST = 64 * 1024
_SMALLEST_KEY = 2048

_ADVICE = "Sign in again; if it happens again, check the tenant id and client id in the settings, and the clock."


@dataclass(frozen=True, slots=True)
class Expected:
    """What the token must say; `nonce` None where the way of signing in has none (device code)."""

    issuer: str
    audience: str
    tenant_id: str
    nonce: str | None


class Keys:
    """The tenant's signing keys by their id, fetched from the sign-in service and kept."""

    def __init__(self, address: str, transport: Transport, clock: ports.Clock) -> None:
        self._address = address
        self._transport = transport
        self._clock = clock
        self._known: dict[str, rsa.RSAPublicKey] = {}
        self._asked: datetime | None = None
        self._lock = threading.Lock()

    def get(self, name: str) -> rsa.RSAPublicKey | None:
        """The key of that id, None when the tenant has none such; raises TenantUnreachable."""
        with self._lock:
            now = self._clock.now()
            if name not in self._known and (self._asked is None or now - self._asked > _ASK_AGAIN):
                self._known = self._fetched()
                self._asked = now
            return self._known.get(name)

    def _fetched(self) -> dict[str, rsa.RSAPublicKey]:
        answer = self._transport.exchange("GET", self._address, {})
        if isinstance(answer, Silence):
            raise unreachable("The sign-in service of the tenant", answer)
        rows = answers.inner_rows(answers.content(answer) or {}, "keys") if answer.status == 200 else []
        keys = {answers.text(row, "kid"): _key(row) for row in rows if answers.text(row, "kty") == "RSA"}
        if not keys:
            raise errors.TenantUnreachable(
                "The sign-in service gave no keys to check a sign-in with.", "Try again later.", answer.reference
            )
        return {name: key for name, key in keys.items() if name and key is not None}


def checked(token: str, expected: Expected, keys: Keys, now: datetime) -> Mapping[str, Any]:
    """The claims of a token that holds in every respect; raises Refused, saying in which it does not."""
    head, claims, signed, signature = _parts(token)
    if head.get("alg") != "RS256":
        raise _refused("it is not signed in the way that Entra signs")
    key = keys.get(answers.text(head, "kid"))
    if key is None:
        raise _refused("it is signed with a key that the tenant does not have")
    try:
        key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        signature = b""
    if not signature:
        raise _refused("its signature is wrong")
    _check(claims, expected, now)
    return claims


def _check(claims: Mapping[str, Any], expected: Expected, now: datetime) -> None:
    if answers.text(claims, "iss") != expected.issuer:
        raise _refused("it comes from another issuer")
    if answers.text(claims, "aud") != expected.audience:
        raise _refused("it is meant for another application")
    if answers.text(claims, "tid").lower() != expected.tenant_id.lower():
        raise _refused("it comes from another tenant")
    ends, begins = answers.number(claims, "exp"), answers.number(claims, "nbf") or 0
    if ends is None or ends + SLACK.total_seconds() <= now.timestamp():
        raise _refused("its time is over")
    if begins - SLACK.total_seconds() > now.timestamp():
        raise _refused("its time has not come")
    if expected.nonce is not None and not hmac.compare_digest(
        answers.text(claims, "nonce").encode(), expected.nonce.encode()
    ):
        raise _refused("it answers another sign-in")


def _parts(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any], bytes, bytes]:
    """(header, claims, what is signed, signature)."""
    head, claims, signature = {}, {}, b""
    texts = token.split(".")
    if len(texts) == 3 and len(token) <= _LONGEST and token.isascii():
        try:
            head, claims = (json.loads(_decoded(text)) for text in texts[:2])
            signature = _decoded(texts[2])
        except (ValueError, RecursionError):
            head = claims = {}
    if not (isinstance(head, dict) and isinstance(claims, dict) and head and claims):
        raise _refused("it is no id token")
    return head, claims, ".".join(texts[:2]).encode(), signature


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _key(row: answers.Row) -> rsa.RSAPublicKey | None:
    """An RSA key for signatures, or None for one that cannot be used."""
    if answers.text(row, "use") not in {"", "sig"}:
        return None
    try:
        modulus, exponent = (int.from_bytes(_decoded(answers.text(row, name)), "big") for name in ("n", "e"))
        return rsa.RSAPublicNumbers(exponent, modulus).public_key() if modulus.bit_length() >= _SMALLEST_KEY else None
    except ValueError:
        return None


def _refused(why: str) -> errors.Refused:
    return errors.Refused(f"The sign-in cannot be trusted: {why}.", _ADVICE, codes=("id_token",))
