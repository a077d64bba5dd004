"""How the sandbox knows the shop, and how the shop knows what comes from the sandbox."""

import hashlib
import hmac
from collections.abc import Iterable
from typing import Final

HEADER: Final = "Sandbox-Signature"
_PURPOSE: Final = b"sandbox-provider api v1"


def bearer(secret: str) -> str:
    """The token that a call of the API carries: made of the secret, so that the secret itself never travels."""
    return hmac.new(secret.encode(), _PURPOSE, hashlib.sha256).hexdigest()


def is_known(token: str, secrets: Iterable[str]) -> bool:
    """Whether ``token`` is the bearer of one of the secrets; takes as long wherever it differs."""
    # All are compared, so that the time says nothing of which one it was.
    same = [hmac.compare_digest(token.encode(), bearer(secret).encode()) for secret in secrets]
    return any(same)


def signature(body: bytes, secrets: Iterable[str], at: int) -> str:
    """The header of a webhook: ``t`` is when it was sent (seconds), and there is one ``v1`` for each secret.

    A ``v1`` is the HMAC-SHA256 of the timestamp, a dot and the raw body, in hex, as Stripe does it.
    """
    told = f"{at}.".encode() + body
    signed = [hmac.new(secret.encode(), told, hashlib.sha256).hexdigest() for secret in secrets]
    return ",".join([f"t={at}", *(f"v1={one}" for one in signed)])
