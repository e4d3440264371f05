"""Client assertions: the signed JWT by which a registration proves that it holds its certificate's key.

Old clients sign RS256 and name the certificate by SHA-1 (`x5t`), current MSAL signs PS256 and names it by SHA-256
(`x5t#S256`); both are accepted (learn.microsoft.com/entra/identity-platform/certificate-credentials). An assertion by
somebody else counts where the registration names that issuer and subject (workload identity federation).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from agent.sandbox import errors, records, signing
from agent.sandbox import tenant as tenants

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SKEW = timedelta(minutes=5)


def check(host: tenants.Tenant, registration: records.Registration, form: Mapping[str, str]) -> None:
    """Accept the form's `client_assertion` or raise TokenError with `invalid_client`."""
    if form.get("client_assertion_type") != JWT_BEARER:
        raise _refused("AADSTS50027: JWT token is invalid or malformed: client_assertion_type.")
    try:
        header_text, claims_text, signature_text = form["client_assertion"].split(".")
        header = json.loads(signing.unb64url(header_text))
        claims = json.loads(signing.unb64url(claims_text))
        signature = signing.unb64url(signature_text)
    except ValueError:
        raise _refused("AADSTS50027: JWT token is invalid or malformed.") from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise _refused("AADSTS50027: JWT token is invalid or malformed.")
    signed = f"{header_text}.{claims_text}".encode()
    if registration.federated and claims.get("iss") != registration.app_id:
        _check_federated(host, registration, claims, _Signed(header, signed, signature))
        return
    _check_signature(registration, header, signed, signature)
    _check_claims(host, registration, claims)


@dataclass(frozen=True, slots=True)
class _Signed:
    header: dict[str, Any]
    text: bytes
    signature: bytes


def _check_federated(
    host: tenants.Tenant, registration: records.Registration, claims: dict[str, Any], sent: _Signed
) -> None:
    """Issuer, audience and subject must fit to the letter
    (learn.microsoft.com/entra/workload-id/workload-identity-federation-create-trust)."""
    left = registration.federated
    for name, claim, number in (("issuer", "iss", 700211), ("audience", "aud", 700212), ("subject", "sub", 700213)):
        said = claims.get(claim)
        left = [one for one in left if getattr(one, name) in (said if isinstance(said, list) else [said])]
        if not left:
            raise _refused(
                f"AADSTS{number}: No matching federated identity record found for presented assertion {name} '{said}'."
            )
    if not any(_signed_by(host, credential, sent) for credential in left):
        raise _refused("AADSTS7000275: Federated assertion contains an invalid signature.")
    _check_time(host, claims)


def _signed_by(host: tenants.Tenant, credential: records.FederatedCredential, sent: _Signed) -> bool:
    if sent.header.get("alg") != "RS256":
        return False
    if not credential.keys:
        return host.signer.verifies(sent.text, sent.signature)
    pem = credential.keys.get(str(sent.header.get("kid", "")))
    key = None if pem is None else serialization.load_pem_public_key(pem.encode())
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    try:
        key.verify(sent.signature, sent.text, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _check_signature(
    registration: records.Registration, header: dict[str, Any], signed: bytes, signature: bytes
) -> None:
    if registration.certificate is None:
        raise _refused(
            "AADSTS700027: The certificate used to sign the client assertion is not registered on application."
        )
    certificate = x509.load_pem_x509_certificate(registration.certificate.encode())
    sha1 = signing.b64url(certificate.fingerprint(hashes.SHA1()))  # noqa: S303 - Microsoft's old name for a certificate
    sha256 = signing.b64url(certificate.fingerprint(hashes.SHA256()))
    named = str(header.get("x5t#S256") or header.get("x5t") or "").rstrip("=")
    if named not in (sha1, sha256):
        raise _refused(
            "AADSTS700027: The certificate with identifier used to sign the client assertion is not registered on "
            f"application. [Reason - The key was not found., Thumbprint of key used by client: '{named}']."
        )
    key = certificate.public_key()
    paddings: dict[str, padding.AsymmetricPadding] = {
        "RS256": padding.PKCS1v15(),
        "PS256": padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.DIGEST_LENGTH),
    }
    algorithm = str(header.get("alg"))
    if algorithm not in paddings or not isinstance(key, rsa.RSAPublicKey):
        raise _refused(f"AADSTS5002738: Invalid JWT token. '{algorithm}' is not a supported signature algorithm.")
    try:
        key.verify(signature, signed, paddings[algorithm], hashes.SHA256())
    except InvalidSignature:
        raise _refused("AADSTS700027: Client assertion contains an invalid signature.") from None


def _check_claims(host: tenants.Tenant, registration: records.Registration, claims: dict[str, Any]) -> None:
    if claims.get("iss") != registration.app_id or claims.get("sub") != registration.app_id:
        raise _refused("AADSTS700021: Client assertion application identifier doesn't match 'client_id' parameter.")
    if claims.get("aud") not in _audiences(host):
        raise _refused("AADSTS700023: Client assertion audience claim does not match Realm issuer.")
    _check_time(host, claims)


def _check_time(host: tenants.Tenant, claims: dict[str, Any]) -> None:
    now = host.now()
    starts, ends = claims.get("nbf", claims.get("iat", 0)), claims.get("exp")
    if not isinstance(ends, int | float) or not isinstance(starts, int | float):
        raise _refused("AADSTS50027: JWT token is invalid or malformed: exp is missing.")
    if not _moment(now, starts) - _SKEW <= now <= _moment(now, ends) + _SKEW:
        raise _refused(
            "AADSTS700024: Client assertion is not within its valid time range. "
            f"Current time: {now:%Y-%m-%dT%H:%M:%SZ}, assertion valid until {_moment(now, ends):%Y-%m-%dT%H:%M:%SZ}."
        )


def _moment(now: datetime, seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, tz=now.tzinfo)


def _audiences(host: tenants.Tenant) -> list[str]:
    names = [host.id, *host.directory.organisation.domains]
    ends = ("oauth2/v2.0/token", "v2.0")
    return [f"{host.origin}/{name}/{end}" for name in names for end in ends]


def _refused(description: str) -> errors.TokenError:
    return errors.TokenError("invalid_client", description, status=401)
