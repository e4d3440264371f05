"""What a registration proves itself with, in MSAL's form: a secret, a certificate with its key, or another's token.

Files are read when a proof is made, so that a renewed certificate or token is used without a restart.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from agent import errors
from agent.graph.connection import Credential

#: No federated token is longer; whatever is, is some other file.
_LONGEST_TOKEN = 64 * 1024


def of(registration: str, credential: Credential) -> str | dict[str, Any]:
    """The proof for MSAL; raises Misconfigured for files that are not there or not what they should be."""
    if credential.secret is not None:
        return credential.secret.expose()
    if credential.federated_token_file is not None:
        file = credential.federated_token_file
        return {"client_assertion": lambda: _federated(registration, file)}
    return _certificate(registration, credential)


def _certificate(registration: str, credential: Credential) -> dict[str, Any]:
    content = _content(registration, credential.certificate_file or "")
    passphrase = credential.passphrase.expose() if credential.passphrase is not None else None
    if b"-----BEGIN" not in content:
        return _from_pfx(registration, content, passphrase)
    pem = content.decode("ascii", errors="replace")
    key = re.search(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----", pem, re.DOTALL)
    certificate = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", pem, re.DOTALL)
    if key is None or certificate is None:
        raise _lacking(registration)
    proof = {"private_key": key.group(), "public_certificate": certificate.group()}
    if passphrase is not None:
        proof["passphrase"] = passphrase
    return proof


def _from_pfx(registration: str, content: bytes, passphrase: str | None) -> dict[str, Any]:
    try:
        key, certificate, _ = pkcs12.load_key_and_certificates(content, passphrase.encode() if passphrase else None)
    except ValueError:
        key = certificate = None
        wrong = True
    else:
        wrong = False
    if wrong:
        raise errors.Misconfigured(
            f"The certificate file of the registration “{registration}” is neither PEM nor a PFX that its passphrase "
            "opens.",
            "Check the file, and passphrase_file in the settings.",
        )
    if key is None or certificate is None:
        raise _lacking(registration)
    pem = serialization.Encoding.PEM
    unlocked = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return {"private_key": unlocked.decode(), "public_certificate": certificate.public_bytes(pem).decode()}


def _lacking(registration: str) -> errors.Misconfigured:
    return errors.Misconfigured(
        f"The certificate file of the registration “{registration}” lacks its private key or its certificate.",
        "Put both into the one file, as PEM or PFX.",
    )


def _content(registration: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        pass
    raise errors.Misconfigured(
        f"The certificate file of the registration “{registration}” cannot be read.",
        "Give it a client secret, or a readable file, PEM or PFX, with private key and certificate.",
    )


def _federated(registration: str, path: str) -> str:
    """The token that the platform keeps fresh in a file.

    learn.microsoft.com/entra/workload-id/workload-identity-federation
    """
    try:
        token = Path(path).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        token = ""
    if not token or len(token) > _LONGEST_TOKEN or token.count(".") != 2:
        raise errors.Misconfigured(
            f"The file with the federated token of the registration “{registration}” cannot be read or has no token.",
            "Check federated_token_file in the settings, and that the platform keeps a token in it.",
        )
    return token
