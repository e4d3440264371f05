"""The local authority: whom its certificates convince, what it may sign for, who can read its keys, when it renews."""

from __future__ import annotations

import stat
import sys
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from cryptography import x509

from agent import errors
from agent.web import local_ca

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def first(path: Path) -> x509.Certificate:
    """The first certificate of a PEM file."""
    return x509.load_pem_x509_certificates(path.read_bytes())[0]


def test_the_authority_may_sign_for_loopback_and_nothing_else(tmp_path: Path) -> None:
    made = local_ca.ensure(tmp_path / "tls", NOW)
    constraints = first(made.ca_file).extensions.get_extension_for_class(x509.NameConstraints)
    permitted = [str(name.value) for name in constraints.value.permitted_subtrees or ()]
    assert constraints.critical
    assert permitted == ["localhost", "127.0.0.1/32", "::1/128"]


def test_a_second_start_keeps_the_certificate(tmp_path: Path) -> None:
    before = local_ca.ensure(tmp_path, NOW)
    kept = (before.ca_file.read_bytes(), before.cert_file.read_bytes())
    after = local_ca.ensure(tmp_path, NOW + timedelta(days=300))
    assert (after.ca_file.read_bytes(), after.cert_file.read_bytes()) == kept


def test_a_certificate_about_to_end_is_renewed_by_the_same_authority(tmp_path: Path) -> None:
    serials = count(1000)
    before = local_ca.ensure(tmp_path, NOW, serials=lambda: next(serials))
    authority, server = before.ca_file.read_bytes(), first(before.cert_file)
    later = NOW + timedelta(days=380)
    after = local_ca.ensure(tmp_path, later, serials=lambda: next(serials))
    assert after.ca_file.read_bytes() == authority
    assert first(after.cert_file).not_valid_after_utc > later + timedelta(days=300)
    assert (server.serial_number, first(after.cert_file).serial_number) == (1001, 1002)


def test_other_names_need_another_authority(tmp_path: Path) -> None:
    before = local_ca.ensure(tmp_path, NOW).ca_file.read_bytes()
    after = local_ca.ensure(tmp_path, NOW, ("localhost", "bench.example"))
    names = first(after.cert_file).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert after.ca_file.read_bytes() != before
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "bench.example"]


@pytest.mark.parametrize("broken", ["ca.pem", "ca.key", "server.pem", "server.key"])
def test_a_damaged_file_is_made_anew(tmp_path: Path, broken: str) -> None:
    local_ca.ensure(tmp_path, NOW)
    (tmp_path / broken).write_text("not a certificate")
    mended = local_ca.ensure(tmp_path, NOW)
    first(mended.cert_file).verify_directly_issued_by(first(mended.ca_file))


@pytest.mark.skipif(sys.platform == "win32", reason="file rights: Windows keeps them on the profile's folder")
def test_only_the_owner_can_read_the_keys(tmp_path: Path) -> None:
    local_ca.ensure(tmp_path / "tls", NOW)
    rights = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "tls").iterdir()}
    assert stat.S_IMODE((tmp_path / "tls").stat().st_mode) == 0o700
    assert rights["ca.key"] == rights["server.key"] == 0o600


def test_a_folder_that_cannot_be_made_is_said_with_advice(tmp_path: Path) -> None:
    (tmp_path / "tls").write_text("in the way")
    with pytest.raises(errors.Misconfigured, match="cannot be kept in") as refused:
        local_ca.ensure(tmp_path / "tls", NOW)
    assert "state_dir" in refused.value.advice
