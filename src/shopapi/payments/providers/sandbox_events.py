"""Webhooks of the sandbox: whether they are its own and fresh, and what they say.

The header ``Sandbox-Signature`` is ``t=SECONDS,v1=HEX``: HMAC-SHA256 over the timestamp, a dot and the raw body, with
as many ``v1`` as the sandbox has secrets.
"""

import hashlib
import hmac
import re
import time
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from shopapi.contract.forms import in_words
from shopapi.payments.providers.interface import BadSignature, ProviderEvent
from shopapi.payments.providers.sandbox_wire import SandboxEvent
from shopapi.runtime.failpoints import planted

HEADER: Final = "sandbox-signature"
TOLERANCE_S: Final = 300
"""How far the sandbox's clock may be from ours, either way; an older webhook may be one that somebody recorded."""

_MOST_SIGNATURES: Final = 8


def read_event(headers: Mapping[str, str], body: bytes, secrets: Iterable[str]) -> ProviderEvent:
    """Read a webhook; raises :class:`BadSignature`, and ``ValueError`` where it is signed but makes no sense."""
    if not planted("trust_webhook"):
        verify(headers, body, secrets, time.time())
    try:
        event = msgspec.json.decode(body, type=SandboxEvent)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"The webhook cannot be read: {_told(str(error))}") from None
    if event.type.startswith("charge.") and event.charge is not None:
        return ProviderEvent(event.id, event.type, "charge", event.charge.key, event.charge.told(), None)
    if event.type.startswith("refund.") and event.refund is not None:
        return ProviderEvent(event.id, event.type, "refund", event.refund.key, None, event.refund.told())
    return ProviderEvent(event.id, event.type, "other", "", None, None)


def _told(message: str) -> str:
    what, _, path = message.partition(" - at `$.")
    words = in_words(what)
    return f"{path.rstrip('`')} {words}." if words else message


def verify(headers: Mapping[str, str], body: bytes, secrets: Iterable[str], now: float) -> None:
    """Raise :class:`BadSignature` unless one of the secrets signed the body, at most :data:`TOLERANCE_S` from now."""
    given = next((value for name, value in headers.items() if name.lower() == HEADER), "")
    pairs = [part.strip().partition("=") for part in given.split(",")]
    times = [value for name, _, value in pairs if name == "t"]
    signatures = [value for name, _, value in pairs if name == "v1"]
    if len(times) != 1 or not re.fullmatch(r"[0-9]{1,12}", times[0]) or not 1 <= len(signatures) <= _MOST_SIGNATURES:
        raise BadSignature("The webhook has no signature that can be read.")
    told = times[0].encode() + b"." + body
    # Each with each, without a short cut: how long it takes must say nothing.
    good = [
        hmac.compare_digest(hmac.new(secret.encode(), told, hashlib.sha256).hexdigest().encode(), one.encode())
        for secret in secrets
        for one in signatures
    ]
    if not any(good):
        raise BadSignature("The webhook was signed with another secret, or changed on its way.")
    if abs(now - int(times[0])) > TOLERANCE_S:
        raise BadSignature(f"The webhook was signed more than {TOLERANCE_S} s from now.")
