"""A certificate that nobody but its maker trusts: to try the shop by https on one's own machine."""

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_DAYS: Final = 365
REMEDY: Final = "pip install 'shopctl[manifests]'"


class CannotSign(Exception):
    """The library that makes certificates is not installed, or what lies there does not fit."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


class Pair:
    """A certificate for ``hosts`` and its key, in ``folder``: the first host's name with ``.crt`` and ``.key``."""

    def __init__(self, folder: Path, hosts: Sequence[str]) -> None:
        self.folder = folder
        self.hosts = list(dict.fromkeys(hosts))
        self.cert, self.key = folder / f"{hosts[0]}.crt", folder / f"{hosts[0]}.key"

    def is_there(self) -> bool:
        """Whether it lies there and can be used. Raises :class:`CannotSign` where neither it nor a new one can be."""
        try:
            import cryptography  # noqa: F401
        except ImportError:
            raise CannotSign("The library that makes certificates is not installed.", REMEDY) from None
        there = [file for file in (self.cert, self.key) if file.exists()]
        if len(there) == 1:
            raise CannotSign(f"{there[0]} is there without its other half.", f"rm {shlex.quote(str(there[0]))}")
        if there and (fault := _fault(self.cert.read_bytes(), self.key.read_bytes(), self.hosts)):
            both = shlex.join([str(self.cert), str(self.key)])
            raise CannotSign(f"{self.cert} {fault}.", f"rm {both}  and the same again makes a new one")
        return bool(there)

    def make(self) -> bool:
        """Make it, its key for its owner alone, where it is not there yet; whether that was so.

        Raises :class:`CannotSign` and :class:`OSError`.
        """
        if self.is_there():
            return False
        certificate, private = _pair(self.hosts)
        self.folder.mkdir(parents=True, exist_ok=True)
        _write(self.key, private, 0o600)
        _write(self.cert, certificate, 0o644)
        return True


def self_signed(folder: Path, hosts: Sequence[str]) -> tuple[Path, Path, bool]:
    """The certificate and the key of :class:`Pair`, and whether they were made now."""
    pair = Pair(folder, hosts)
    made = pair.make()
    return pair.cert, pair.key, made


def _fault(cert: bytes, key: bytes, hosts: Sequence[str]) -> str:
    """Why a certificate and a key that lie there are not a pair for ``hosts`` today; empty where they are."""
    from datetime import UTC, datetime

    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        certificate = x509.load_pem_x509_certificate(cert)
        private = load_pem_private_key(key, password=None)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, TypeError, x509.ExtensionNotFound):
        return "and its key cannot be read as a certificate for hosts and a key without a password"
    if private.public_key() != certificate.public_key():
        return "does not belong to the key beside it"
    if missing := [host for host in hosts if host not in names.get_values_for_type(x509.DNSName)]:
        return f"is not for {' and '.join(missing)}"
    if certificate.not_valid_after_utc <= datetime.now(UTC):
        return f"was valid until {certificate.not_valid_after_utc:%Y-%m-%d}"
    return ""


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
