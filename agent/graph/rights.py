"""What our own tokens carry and when our certificates end: read here so that the doctor can say it.

An access token is meant for Graph and its form is not promised to us; what cannot be read is said to be not checked.
learn.microsoft.com/entra/identity-platform/access-token-claims-reference
"""

from __future__ import annotations

import base64
import json
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12

from agent.graph.connection import Credential


def in_token(token: str) -> frozenset[str] | None:
    """The permissions that a token carries (`roles` app-only, `scp` delegated), or None when it cannot be read."""
    try:
        middle = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
        roles, scopes = claims.get("roles", []), claims.get("scp", "")
        return frozenset(str(role) for role in roles) | frozenset(str(scopes).split())
    except (IndexError, ValueError, AttributeError, TypeError):
        return None


def certificate_ends(credential: Credential) -> datetime | None:
    """When the certificate in the credential's PEM or PFX file ends (UTC); None without one, or if unreadable."""
    if not credential.certificate_file:
        return None
    try:
        content = Path(credential.certificate_file).read_bytes()
        return min(one.not_valid_after_utc for one in _certificates(content, credential))
    except (OSError, ValueError):
        return None


def _certificates(content: bytes, credential: Credential) -> list[x509.Certificate]:
    if b"-----BEGIN" in content:
        return x509.load_pem_x509_certificates(content)
    passphrase = credential.passphrase.expose().encode() if credential.passphrase is not None else None
    certificate = pkcs12.load_key_and_certificates(content, passphrase)[1]
    return [certificate] if certificate is not None else []
