"""The tenant's RSA key: signs access and ID tokens, and publishes its public half for whoever checks them.

JWTs are written by hand on `cryptography` alone. The key is made at first use, because making it takes a tenth
of a second that most tests need not pay.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa


def b64url(raw: bytes) -> str:
    """Base64 for addresses, without padding (RFC 7515)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def unb64url(text: str) -> bytes:
    """The bytes behind `b64url`; raises ValueError when it is not that."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


class Signer:
    """One RSA key of 2048 bits, made when first needed."""

    @functools.cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @functools.cached_property
    def key_id(self) -> str:
        """The `kid` in tokens and in the published keys."""
        public = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return b64url(hashlib.sha256(public).digest()[:20])

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A compact JWT with these claims, RS256."""
        header = {"typ": "JWT", "alg": "RS256", "kid": self.key_id}
        body = ".".join(b64url(json.dumps(part).encode()) for part in (header, dict(claims)))
        signature = self._key.sign(body.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{body}.{b64url(signature)}"

    def verifies(self, signed: bytes, signature: bytes) -> bool:
        """Whether this key made the signature (RS256)."""
        try:
            self._key.public_key().verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return False
        return True

    def jwks(self, issuer: str) -> dict[str, Any]:
        """The key set document, as at `/discovery/v2.0/keys`."""
        numbers = self._key.public_key().public_numbers()
        size = (numbers.n.bit_length() + 7) // 8
        key = {
            "kty": "RSA",
            "use": "sig",
            "kid": self.key_id,
            "n": b64url(numbers.n.to_bytes(size, "big")),
            "e": b64url(numbers.e.to_bytes(3, "big")),
            "issuer": issuer,
        }
        return {"keys": [key]}
