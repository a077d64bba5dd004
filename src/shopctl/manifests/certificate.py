"""A certificate that nobody but its maker trusts: to try the shop by https on one's own machine."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_DAYS: Final = 365
REMEDY: Final = "pip install 'shopctl[manifests]'"


class CannotSign(Exception):
    """The library that makes certificates is not installed, or half a pair lies there."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


def self_signed(folder: Path, hosts: Sequence[str]) -> tuple[Path, Path, bool]:
    """A certificate for ``hosts`` and its key in ``folder``, and whether they were made now; those there are kept.

    The key is its owner's alone. Raises :class:`CannotSign` and :class:`OSError`.
    """
    cert, key = folder / f"{hosts[0]}.crt", folder / f"{hosts[0]}.key"
    if cert.exists() and key.exists():
        return cert, key, False
    if cert.exists() or key.exists():
        there = cert if cert.exists() else key
        raise CannotSign(f"{there} is there without its other half.", f"rm {there}")
    try:
        certificate, private = _pair(hosts)
    except ImportError:
        raise CannotSign("The library that makes certificates is not installed.", REMEDY) from None
    folder.mkdir(parents=True, exist_ok=True)
    _write(key, private, 0o600)
    _write(cert, certificate, 0o644)
    return cert, key, True


def _write(file: Path, content: bytes, mode: int) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as opened:
        opened.write(content)


def _pair(hosts: Sequence[str]) -> tuple[bytes, bytes]:
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID

    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, hosts[0][:64])])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=_DAYS))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(private, hashes.SHA256())
    )
    return (
        certificate.public_bytes(serialization.Encoding.PEM),
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
    )
