"""The sandbox payment provider, by which a shop is tried out: ``shopctl serve-sandbox-provider``."""

import asyncio
import hashlib
import hmac
import logging
from collections.abc import Mapping
from typing import Final, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from shopapi.payments.providers.interface import (
    Charge,
    ChargeAnswer,
    NoAnswer,
    NotTaken,
    PaymentProvider,
    ProviderEvent,
    RefundAnswer,
    TooBusy,
)
from shopapi.payments.providers.sandbox_events import read_event
from shopapi.payments.providers.sandbox_wire import SandboxCharge, SandboxRefund, SandboxRefusal
from shopapi.runtime.settings import SettingsError
from shopapi.settings import ApiSettings

T = TypeVar("T")

CONNECT_S: Final = 2.0
READ_S: Final = 10.0
WHOLE_S: Final = 12.0
"""For the whole call: a read limit alone never ends an answer that comes byte by byte."""

_PURPOSE: Final = b"sandbox-provider api v1"
_NOT_DONE: Final = ("too_many_requests", "unauthenticated", "invalid_request")
_log = logging.getLogger(__name__)


def sandbox(settings: ApiSettings) -> PaymentProvider | None:
    """The provider, where ``SHOP_SANDBOX_URL`` names one; raises :class:`SettingsError` where its secret will not do.

    While the secret is being changed, ``SHOP_SANDBOX_SECRET`` holds the new and the old one with a comma between them:
    webhooks signed with either are good, and the shop calls with the first.
    """
    if settings.sandbox_url is None:
        return None
    secrets = tuple(part.strip() for part in settings.sandbox_secret.split(",") if part.strip())
    if not secrets:
        raise SettingsError(
            ["SHOP_SANDBOX_URL is set without SHOP_SANDBOX_SECRET"], "give the API, the worker and the sandbox the same"
        )
    if any(len(secret.encode()) < 32 for secret in secrets):
        raise SettingsError(
            ["SHOP_SANDBOX_SECRET holds a secret that is shorter than 32 bytes"], "openssl rand -base64 48 makes one"
        )
    return Sandbox(settings.sandbox_url.geturl(), secrets)


class Sandbox:
    """Calls the sandbox at ``url``. What cannot be relied on is :class:`NoAnswer`.

    :class:`TooBusy` is for what proves that nothing has moved: there was no connection to send the call on, or the
    sandbox itself says that it refused the call; :class:`NotTaken` where it finds the call wrong. A 503 proves nothing:
    a proxy may have given up on a call that was carried out.
    """

    name = "sandbox"
    offline = False

    def __init__(
        self,
        url: str,
        secrets: tuple[str, ...],
        *,
        connect_s: float = CONNECT_S,
        read_s: float = READ_S,
        whole_s: float = WHOLE_S,
    ) -> None:
        self._url = url
        self._secrets = secrets
        self._timeout = httpx.Timeout(read_s, connect=connect_s)
        self._whole_s = whole_s
        self._client: httpx.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def charge(self, charge: Charge) -> ChargeAnswer:
        """Charge by the token, or answer the hosted page's URL."""
        body = {
            "key": charge.key,
            "amount": charge.amount,
            "currency": charge.currency,
            "order_number": charge.order_number,
            "return_url": charge.return_url,
            "locale": charge.locale,
            "token": charge.token,
        }
        answer = await self._call("POST", "/charges", SandboxCharge, body, moves_money=True)
        return answer.told()

    async def ask(self, key: str) -> ChargeAnswer:
        """What became of a charge."""
        try:
            return (await self._call("GET", f"/charges/{_quoted(key)}", SandboxCharge)).told()
        except _Unheard:
            return ChargeAnswer("unheard")

    async def cancel(self, key: str) -> ChargeAnswer:
        """Let it not happen any more; the sandbox remembers a key that it never heard of."""
        answer = (await self._call("POST", f"/charges/{_quoted(key)}/cancel", SandboxCharge)).told()
        if answer.state == "open":
            raise NoAnswer("The sandbox left a charge open that was to be cancelled.")
        return answer

    async def refund(self, key: str, charge_key: str, amount: int, currency: str) -> RefundAnswer:
        """Give back money of a charge."""
        body = {"key": key, "amount": amount, "currency": currency}
        path = f"/charges/{_quoted(charge_key)}/refunds"
        return (await self._call("POST", path, SandboxRefund, body, moves_money=True)).told()

    async def ask_refund(self, key: str) -> RefundAnswer:
        """What became of a refund."""
        try:
            return (await self._call("GET", f"/refunds/{_quoted(key)}", SandboxRefund)).told()
        except _Unheard:
            return RefundAnswer("unheard")

    def event(self, headers: Mapping[str, str], body: bytes) -> ProviderEvent:
        """Read a webhook of the sandbox; raises :class:`BadSignature`, and ``ValueError`` where it makes no sense."""
        return read_event(headers, body, self._secrets)

    async def close(self) -> None:
        """Give back connections."""
        if self._client is not None and self._loop is asyncio.get_running_loop():
            await self._client.aclose()
        self._client = None

    async def _call(
        self, method: str, path: str, kind: type[T], body: object = None, *, moves_money: bool = False
    ) -> T:
        try:
            async with asyncio.timeout(self._whole_s):
                answer = await self._here().request(method, path, json=body)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            words = f"The sandbox cannot be reached ({type(error).__name__})."
            raise (TooBusy if moves_money else NoAnswer)(words) from error
        except (httpx.HTTPError, TimeoutError) as error:
            raise NoAnswer(f"The sandbox gave no answer ({type(error).__name__}).") from error
        if answer.status_code != 200:
            raise _refusal(answer, moves_money)
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise NoAnswer("The sandbox's answer cannot be read.") from error

    def _here(self) -> httpx.AsyncClient:
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            # Connections belong to the loop that opened them; those of a loop that is over cannot be used or closed.
            self._loop = loop
            self._client = httpx.AsyncClient(
                base_url=self._url,
                timeout=self._timeout,
                headers={"Authorization": f"Bearer {bearer(self._secrets[0])}"},
                limits=httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=4),
                follow_redirects=False,
                trust_env=False,
            )
        return self._client


class _Unheard(Exception):
    """The sandbox knows nothing of the key."""


def _refusal(answer: httpx.Response, moves_money: bool) -> Exception:
    status = answer.status_code
    try:
        code = msgspec.json.decode(answer.content, type=SandboxRefusal).code
    except (msgspec.DecodeError, UnicodeDecodeError):
        code = ""
    if status == 404 and code == "unheard" and not moves_money:
        return _Unheard()
    # A misconfigured shop shows here and nowhere else.
    _log.log(logging.ERROR if status in (400, 401) else logging.WARNING, "The sandbox answered %d %s.", status, code)
    # A 429 means what it says whoever gives it; what else was not done, only the sandbox itself can say.
    not_done = status == 429 or (status in (400, 401) and code in _NOT_DONE)
    words = f"The sandbox refused the call ({status} {code})."
    if not (moves_money and not_done):
        return NoAnswer(words)
    return NotTaken(words) if code == "invalid_request" and status == 400 else TooBusy(words)


def bearer(secret: str) -> str:
    """What the sandbox knows its shop by; the secret itself is never sent."""
    return hmac.new(secret.encode(), _PURPOSE, hashlib.sha256).hexdigest()


def _quoted(key: str) -> str:
    return quote(key, safe="")
