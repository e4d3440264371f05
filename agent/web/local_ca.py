"""A certificate authority of this machine's own, so that pages on loopback have TLS without anybody's help.

Made at the first start and used by `serve`, `demo` and `sandbox`. It is constrained to the names it serves: whoever
trusts it, or steals its key, gains nothing for any other host. It is never installed in a trust store by Tapslip.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import exceptions, x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from agent import errors

LOOPBACK: Final = (ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1"))
_AUTHORITY_LIFE: Final = timedelta(days=3650)
#: Browsers refuse server certificates that last longer than 398 days.
_SERVER_LIFE: Final = timedelta(days=397)
_RENEW_BEFORE: Final = timedelta(days=30)
#: A clock that is set back a little must not make a fresh certificate "not yet valid".
_BACKDATED: Final = timedelta(days=1)

Serials = Callable[[], int]


@dataclass(frozen=True, slots=True)
class Certificate:
    """Absolute PEM files: the server's certificate with its chain, its key, and the authority for clients to trust."""

    cert_file: Path
    key_file: Path
    ca_file: Path


@dataclass(frozen=True, slots=True)
class _Holder:
    """A certificate with its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def ensure(
    folder: Path,
    now: datetime,
    names: Sequence[str] = ("localhost",),
    *,
    serials: Serials = x509.random_serial_number,
) -> Certificate:
    """A certificate for `names`, 127.0.0.1 and ::1, made or renewed in `folder` where needed.

    The folder and both keys are their owner's only (on Windows the rights of the user's profile apply). An authority
    that is missing, damaged, about to end or made for other names is made anew. Raises Misconfigured when the folder
    cannot be written.
    """
    folder = folder.absolute()
    files = Certificate(folder / "server.pem", folder / "server.key", folder / "ca.pem")
    wanted = tuple(dict.fromkeys(name.lower() for name in names))
    try:
        _private_folder(folder)
        authority = _read(files.ca_file, folder / "ca.key")
        if authority is None or not _good(authority, now, wanted):
            authority = _authority(now, wanted, serials)
            _write(authority, files.ca_file, folder / "ca.key", chain=())
        server = _read(files.cert_file, files.key_file)
        if server is None or not _good(server, now, wanted) or not _signed_by(server, authority):
            server = _server(now, wanted, serials, authority)
            _write(server, files.cert_file, files.key_file, chain=(authority.certificate,))
    except OSError as problem:
        raise errors.Misconfigured(
            f"The certificate for the pages cannot be kept in {folder}: {problem.strerror}.",
            "Give yourself the right to write there, or set state_dir to another folder.",
        ) from problem
    return files


def _private_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(PermissionError):
        folder.chmod(0o700)


def _read(certificate: Path, key: Path) -> _Holder | None:
    """What the two files hold; None if either is missing, damaged, or not the other's."""
    try:
        held = x509.load_pem_x509_certificate(certificate.read_bytes())
        private = serialization.load_pem_private_key(key.read_bytes(), password=None)
    except (FileNotFoundError, ValueError, TypeError):
        return None
    if not isinstance(private, ec.EllipticCurvePrivateKey) or private.public_key() != held.public_key():
        return None
    return _Holder(held, private)


def _good(holder: _Holder, now: datetime, names: tuple[str, ...]) -> bool:
    """Whether it is valid now and for a while yet, and made for exactly these names."""
    certificate = holder.certificate
    in_time = certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - _RENEW_BEFORE
    return in_time and _names(certificate) == frozenset(names)


def _names(certificate: x509.Certificate) -> frozenset[str]:
    """The host names a server certificate is for, or an authority may sign for."""
    general: list[x509.GeneralName] = []
    for extension in certificate.extensions:
        if isinstance(extension.value, x509.SubjectAlternativeName):
            general += extension.value
        elif isinstance(extension.value, x509.NameConstraints):
            general += extension.value.permitted_subtrees or ()
    return frozenset(name.value for name in general if isinstance(name, x509.DNSName))


def _signed_by(server: _Holder, authority: _Holder) -> bool:
    try:
        server.certificate.verify_directly_issued_by(authority.certificate)
    except (ValueError, TypeError, exceptions.InvalidSignature):
        return False
    return True


def _called(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(subject: x509.Name, now: datetime, life: timedelta, serial: int) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .serial_number(serial)
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + life)
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _authority(now: datetime, names: tuple[str, ...], serials: Serials) -> _Holder:
    key = ec.generate_private_key(ec.SECP256R1())
    serial = serials()
    # The serial in the name keeps an older authority in somebody's trust store from being taken for this one.
    itself = _called(f"Tapslip on this machine {serial:x}"[:60])
    permitted: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
    permitted += [x509.IPAddress(ipaddress.ip_network(address)) for address in LOOPBACK]
    certificate = (
        _builder(itself, now, _AUTHORITY_LIFE, serial)
        .issuer_name(itself)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(authority=True), critical=True)
        .add_extension(x509.NameConstraints(permitted, excluded_subtrees=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _Holder(certificate, key)


def _server(now: datetime, names: tuple[str, ...], serials: Serials, authority: _Holder) -> _Holder:
    key = ec.generate_private_key(ec.SECP256R1())
    signer = authority.certificate
    alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
    alternatives += [x509.IPAddress(address) for address in LOOPBACK]
    certificate = (
        _builder(_called("Tapslip pages"), now, _SERVER_LIFE, serials())
        .issuer_name(signer.subject)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    return _Holder(certificate, key)


def _write(holder: _Holder, certificate: Path, key: Path, *, chain: Sequence[x509.Certificate]) -> None:
    pem = serialization.Encoding.PEM
    plain = holder.key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    _put(key, plain)
    _put(certificate, b"".join(held.public_bytes(pem) for held in (holder.certificate, *chain)))


def _put(path: Path, content: bytes) -> None:
    """Replace a file whole, never readable by others in between."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    draft.replace(path)
