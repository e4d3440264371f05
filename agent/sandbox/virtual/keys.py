"""Key pairs that live in a device: the tenant only ever sees the public half."""

from __future__ import annotations

import base64
import hashlib

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256 (FIPS 186)


def made_earlier(origin: str, serial: str) -> DeviceKey:
    """The key in a device that was set up before the sandbox began; the seed knows its public half."""
    return DeviceKey(f"{origin} {serial.upper()} made earlier")


class DeviceKey:
    """An EC P-256 key that follows from its `origin` alone, so that the same device makes the same keys again."""

    def __init__(self, origin: str) -> None:
        number = int.from_bytes(hashlib.sha256(origin.encode()).digest(), "big") % (_ORDER - 1)
        self._private = ec.derive_private_key(number + 1, ec.SECP256R1())

    @property
    def public(self) -> str:
        """The public half as PEM text."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self._private.public_key().public_bytes(serialization.Encoding.PEM, form).decode()

    def sign(self, nonce: str) -> str:
        """The answer to a page's challenge, in base64."""
        return base64.b64encode(self._private.sign(nonce.encode(), ec.ECDSA(hashes.SHA256()))).decode()
