"""A typed, asynchronous client of the API.

    async with ShopClient("http://127.0.0.1:8000", token=token) as shop:
        item, created = await shop.add_item(ItemInput(name="Mug", quantity=12))

It takes and answers the types of :mod:`shopapi.contract`. An error is an exception that carries the problem document.
A call is repeated only where that is safe: a read, or a ``POST``, which always carries an ``Idempotency-Key``, after
any failure that may pass; every other call only where the API was never reached or said that it did nothing (503).
"""

import asyncio
import random
import secrets
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from shopapi.contract.accounts import (
    ApiKey,
    ApiKeyCreated,
    ApiKeyInput,
    ApiKeyPage,
    CurrentSession,
    PageQuery,
    SessionCreated,
    SessionInput,
    Staff,
    StaffInput,
    StaffPage,
    StaffPatch,
)
from shopapi.contract.carts import (
    Cart,
    CartInput,
    CheckoutInput,
    CodeInput,
    ContactInput,
    LineInput,
    LinePatch,
    ShippingInput,
    ShippingOptions,
)
from shopapi.contract.catalog import (
    CategoryTree,
    Product,
    ProductPage,
    ProductQuery,
    Shop,
    ShopText,
    TextKind,
)
from shopapi.contract.items import Item, ItemInput
from shopapi.contract.orders import (
    AdminOrder,
    AssignInput,
    CancelInput,
    CaptureInput,
    DismissInput,
    EmailMessage,
    EmailPage,
    EmailQuery,
    NoteInput,
    Order,
    OrderPage,
    OrderQuery,
    OrderTokenQuery,
    Payment,
    RefundInput,
    SettleInput,
    ShipmentInput,
    Withdrawal,
    WithdrawalInput,
    WithdrawalPage,
)
from shopapi.contract.problems import Problem
from shopapi.contract.stock import (
    Ledger,
    Level,
    LevelPage,
    LevelQuery,
    MovementDone,
    MovementInput,
    MovementQuery,
)

T = TypeVar("T")

_MAY_PASS: Final = (429, 502, 503, 504)
_NEVER_ARRIVED: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_LONGEST_WAIT_S: Final = 5.0
_PROVIDER_S: Final = 20.0
"""What calls a payment provider behind it may take longer than all others."""


class ShopApiError(Exception):
    """Whatever can go wrong with a call."""


class ApiUnavailable(ShopApiError):
    """No usable answer came: the API is away, too slow, or overloaded.

    Nobody knows whether a change was made, unless the call carried an idempotency key, or ``reached`` is false.
    """

    def __init__(self, message: str, *, reached: bool) -> None:
        super().__init__(message)
        self.reached = reached


class ProblemError(ShopApiError):
    """The API refused; ``problem`` is what it said."""

    def __init__(self, problem: Problem, retry_after_s: float | None = None) -> None:
        super().__init__(f"{problem.status} {problem.code}: {problem.detail}")
        self.problem = problem
        self.retry_after_s = retry_after_s


class BadRequest(ProblemError):
    """400: the request does not fit the schema; ``problem.errors`` names the fields."""


class Unauthenticated(ProblemError):
    """401: no session or key, or one that is no longer good."""


class PaymentDeclined(ProblemError):
    """402: it is not paid, and the cart is open again. Nothing was charged; only where the code is ``order_given_up``
    it may have been, and goes back."""


class Forbidden(ProblemError):
    """403: the principal lacks a permission."""


class Moved(ShopApiError):
    """301: it has another name now; ``name`` is the last part of its new address."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Moved to {name}")
        self.name = name


class NotFound(ProblemError):
    """404: no such thing, or none that this principal may see."""


class Conflict(ProblemError):
    """409: the state of things says no."""


class Stale(ProblemError):
    """412: it was changed meanwhile; read it again."""


class Unprocessable(ProblemError):
    """422: the value says no."""


class TooManyRequests(ProblemError):
    """429: too many tries; ``retry_after_s`` says when to come back."""


_ERRORS: Final[dict[int, type[ProblemError]]] = {
    400: BadRequest,
    401: Unauthenticated,
    402: PaymentDeclined,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: Stale,
    422: Unprocessable,
    429: TooManyRequests,
}


class Tagged(msgspec.Struct, Generic[T], frozen=True):
    """A value and the ETag to send as ``if_match`` when it is changed."""

    value: T
    etag: str


class Kept(msgspec.Struct, Generic[T], frozen=True):
    """An answer of the catalog that may be kept.

    Given to the same call again as ``known``, it is sent back unread where nothing has changed. ``version`` is the
    catalog's, as the API last said it beside this answer; ``size`` is what the answer weighed on the wire, in bytes.
    """

    value: T
    etag: str
    version: str
    size: int


class Media(msgspec.Struct, frozen=True):
    """A picture's bytes, their type, and the policy that a browser must show them under."""

    content: bytes
    kind: str
    policy: str


class ShopClient:
    """Calls one API. Close it, or use it as a context manager; one object serves many tasks at once.

    Args:
        base_url: where the API is, such as ``http://127.0.0.1:8000``.
        token: a session's token or an API key.
        timeout_s: how long one try may take.
        retries: how often a call that may be repeated is repeated.
        headers: sent with every call.
        transport: how httpx reaches the API; for tests.
    """

    def __init__(
        self,
        base_url: str,
        *,
        token: str | None = None,
        timeout_s: float = 5.0,
        retries: int = 2,
        headers: Mapping[str, str] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        # trust_env off: a proxy of the environment must never see tokens meant for our own API.
        self._http = httpx.AsyncClient(
            base_url=base_url,
            timeout=httpx.Timeout(timeout_s, connect=min(timeout_s, 2.0)),
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=64, keepalive_expiry=4.0),
            transport=transport,
            trust_env=False,
        )
        self._retries = retries
        self._headers = dict(headers or {})
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"

    def calling_as(self, *, token: str | None = None, headers: Mapping[str, str] | None = None) -> "ShopClient":
        """The same connections under another token and with other headers, for the length of one request."""
        other = object.__new__(ShopClient)
        other._http, other._retries = self._http, self._retries
        other._headers = {**self._headers, **(headers or {})}
        if token is not None:
            other._headers["Authorization"] = f"Bearer {token}"
        return other

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    # the classic stock interface

    async def list_items(self) -> list[Item]:
        """Every item in stock, by id."""
        return _decoded(await self._call("GET", "/items"), list[Item])

    async def add_item(self, item: ItemInput, *, key: str | None = None) -> tuple[Item, bool]:
        """Add units to the item of that name, or make it; the flag says whether it was made."""
        answer = await self._call("POST", "/items", body=item, key=key)
        return _decoded(answer, Item), answer.status_code == 201

    async def get_item(self, item_id: int) -> Tagged[Item]:
        """One item; raises :class:`NotFound`."""
        return _tagged(await self._call("GET", f"/items/{item_id}"), Item)

    async def set_item(self, item_id: int, item: ItemInput, *, if_match: str | None = None) -> Tagged[Item]:
        """Set an item's name and quantity; :class:`Stale` when ``if_match`` is given and no longer true."""
        return _tagged(await self._call("PUT", f"/items/{item_id}", body=item, if_match=if_match), Item)

    async def delete_item(self, item_id: int, *, if_match: str | None = None) -> None:
        """Archive an item and write off its units."""
        await self._call("DELETE", f"/items/{item_id}", if_match=if_match)

    # sessions

    async def sign_in(self, who: SessionInput) -> SessionCreated:
        """Make a session; raises :class:`Unauthenticated` whatever the reason."""
        return _decoded(await self._call("POST", "/v1/sessions", body=who, key=""), SessionCreated)

    async def current_session(self) -> CurrentSession:
        """The session behind the token."""
        return _decoded(await self._call("GET", "/v1/sessions/current"), CurrentSession)

    async def sign_out(self) -> None:
        """End the session behind the token."""
        await self._call("DELETE", "/v1/sessions/current")

    # stock

    async def list_levels(self, which: LevelQuery | None = None) -> LevelPage:
        """Stock levels, newest first."""
        return _decoded(await self._call("GET", "/v1/admin/stock", query=which), LevelPage)

    async def get_level(self, sku: str) -> Level:
        """The stock of one variant."""
        return _decoded(await self._call("GET", f"/v1/admin/stock/{quote(sku, safe='')}"), Level)

    async def list_movements(self, sku: str, which: MovementQuery | None = None) -> Ledger:
        """One variant's ledger, newest first."""
        path = f"/v1/admin/stock/{quote(sku, safe='')}/movements"
        return _decoded(await self._call("GET", path, query=which), Ledger)

    async def record_movement(self, movement: MovementInput, *, key: str | None = None) -> MovementDone:
        """Bring or take units, with a reason."""
        return _decoded(await self._call("POST", "/v1/admin/stock/movements", body=movement, key=key), MovementDone)

    # the catalog

    async def get_shop(self, *, language: str | None = None, known: Kept[Shop] | None = None) -> Kept[Shop]:
        """What every page needs to know of the shop."""
        return await self._kept("/v1/shop", Shop, language, known)

    async def get_shop_text(
        self, kind: TextKind, *, language: str | None = None, known: Kept[ShopText] | None = None
    ) -> Kept[ShopText]:
        """One of the texts that the law asks for; raises :class:`NotFound`."""
        return await self._kept(f"/v1/shop/texts/{quote(kind, safe='')}", ShopText, language, known)

    async def list_products(
        self,
        which: ProductQuery | None = None,
        *,
        language: str | None = None,
        known: Kept[ProductPage] | None = None,
    ) -> Kept[ProductPage]:
        """A page of products; :class:`BadRequest` for a filter, an order or a cursor that the API does not know."""
        return await self._kept("/v1/products", ProductPage, language, known, which)

    async def get_product(
        self, slug: str, *, language: str | None = None, known: Kept[Product] | None = None
    ) -> Kept[Product]:
        """One product; raises :class:`Moved` where its slug is another one now, or :class:`NotFound`."""
        return await self._kept(f"/v1/products/{quote(slug, safe='')}", Product, language, known)

    async def list_categories(
        self, *, language: str | None = None, known: Kept[CategoryTree] | None = None
    ) -> Kept[CategoryTree]:
        """Every category."""
        return await self._kept("/v1/categories", CategoryTree, language, known)

    async def get_media(self, name: str, *, width: int | None = None) -> Media:
        """A picture by its name, ``<sha256>.<ending>``, in the width that is nearest to ``width``."""
        path = f"/v1/media/{quote(name, safe='')}"
        answer = await self._call("GET", f"{path}?w={width}" if width is not None else path)
        headers = answer.headers
        return Media(answer.content, headers.get("content-type", ""), headers.get("content-security-policy", ""))

    # carts and checkout

    async def create_cart(
        self, cart: CartInput | None = None, *, language: str | None = None, key: str | None = None
    ) -> Cart:
        """A new cart; :class:`Conflict` where there is not that much."""
        body = cart or CartInput()
        return _decoded(await self._call("POST", "/v1/carts", body=body, key=key, headers=_in(language)), Cart)

    async def get_cart(self, token: str, *, language: str | None = None) -> Cart:
        """A cart, priced as of now; raises :class:`NotFound`."""
        return _decoded(await self._call("GET", _cart(token), headers=_in(language)), Cart)

    async def add_to_cart(
        self, token: str, line: LineInput, *, language: str | None = None, key: str | None = None
    ) -> Cart:
        """Add units; :class:`Conflict` where there are not that many."""
        answer = await self._call("POST", _cart(token, "lines"), body=line, key=key, headers=_in(language))
        return _decoded(answer, Cart)

    async def set_cart_line(self, token: str, sku: str, quantity: int, *, language: str | None = None) -> Cart:
        """Set how many units a line has; 0 removes it."""
        path, change = _cart(token, "lines", sku), LinePatch(quantity)
        return _decoded(await self._call("PATCH", path, body=change, headers=_in(language)), Cart)

    async def remove_cart_line(self, token: str, sku: str, *, language: str | None = None) -> Cart:
        """Take a line out."""
        return _decoded(await self._call("DELETE", _cart(token, "lines", sku), headers=_in(language)), Cart)

    async def set_cart_contact(self, token: str, contact: ContactInput, *, language: str | None = None) -> Cart:
        """Say who buys and where it goes."""
        return _decoded(await self._call("PUT", _cart(token, "contact"), body=contact, headers=_in(language)), Cart)

    async def list_shipping_options(self, token: str, *, language: str | None = None) -> ShippingOptions:
        """Every way to deliver to the cart's address."""
        return _decoded(
            await self._call("GET", _cart(token, "shipping-options"), headers=_in(language)), ShippingOptions
        )

    async def set_cart_shipping(self, token: str, method: str, *, language: str | None = None) -> Cart:
        """Choose one of them."""
        answer = await self._call("PUT", _cart(token, "shipping"), body=ShippingInput(method), headers=_in(language))
        return _decoded(answer, Cart)

    async def add_cart_code(self, token: str, code: str, *, language: str | None = None) -> Cart:
        """Enter a code; :class:`Unprocessable` says why it takes nothing off."""
        path = _cart(token, "codes")
        return _decoded(await self._call("POST", path, body=CodeInput(code), headers=_in(language)), Cart)

    async def remove_cart_code(self, token: str, code: str, *, language: str | None = None) -> Cart:
        """Take a code out."""
        return _decoded(await self._call("DELETE", _cart(token, "codes", code), headers=_in(language)), Cart)

    async def check_out(self, token: str, order: CheckoutInput, *, key: str, language: str | None = None) -> Order:
        """Order what is in the cart; repeated with the same ``key`` it is the same order.

        Raises :class:`Conflict` (``insufficient_stock``, ``price_changed``, ``cart_already_ordered``),
        :class:`PaymentDeclined`, :class:`Unprocessable` where contact or shipping is missing.
        """
        path = _cart(token, "checkout")
        answer = await self._call("POST", path, body=order, key=key, headers=_in(language), timeout_s=_PROVIDER_S)
        return _decoded(answer, Order)

    # orders, by the secret that came with the confirmation

    async def get_order(self, number: str, token: str, *, language: str | None = None) -> Order:
        """An order; raises :class:`NotFound` where number and token do not belong together."""
        query = OrderTokenQuery(token)
        return _decoded(await self._call("GET", _order(number), query=query, headers=_in(language)), Order)

    async def cancel_order(self, number: str, token: str, *, key: str | None = None) -> Order:
        """Cancel an order that has not left yet; :class:`Conflict` where it cannot be any more."""
        path, query = _order(number, "cancel"), OrderTokenQuery(token)
        answer = await self._call("POST", path, body=CancelInput(), query=query, key=key, timeout_s=_PROVIDER_S)
        return _decoded(answer, Order)

    async def get_invoice(self, number: str, token: str, invoice_id: str) -> bytes:
        """An invoice as PDF."""
        path, query = _order(number, "invoices", invoice_id), OrderTokenQuery(token)
        return (await self._call("GET", path, query=query)).content

    async def withdraw(
        self, declaration: WithdrawalInput, *, language: str | None = None, key: str | None = None
    ) -> Withdrawal:
        """Withdraw from a contract (section 356a BGB); the receipt goes out by e-mail."""
        answer = await self._call("POST", "/v1/withdrawals", body=declaration, key=key, headers=_in(language))
        return _decoded(answer, Withdrawal)

    # orders, for staff

    async def list_orders(self, which: OrderQuery | None = None) -> OrderPage:
        """Orders, newest first."""
        return _decoded(await self._call("GET", "/v1/admin/orders", query=which), OrderPage)

    async def get_admin_order(self, number: str) -> AdminOrder:
        """An order with its payments and withdrawals."""
        return _decoded(await self._call("GET", _admin_order(number)), AdminOrder)

    async def ship_order(self, number: str, parcel: ShipmentInput, *, key: str | None = None) -> AdminOrder:
        """The whole order leaves."""
        path = _admin_order(number, "shipments")
        return _decoded(await self._call("POST", path, body=parcel, key=key), AdminOrder)

    async def cancel_admin_order(self, number: str, why: CancelInput, *, key: str | None = None) -> AdminOrder:
        """Cancel an order that has not left yet; what was paid is refunded."""
        path = _admin_order(number, "cancel")
        return _decoded(await self._call("POST", path, body=why, key=key, timeout_s=_PROVIDER_S), AdminOrder)

    async def note_on_order(self, number: str, note: NoteInput, *, key: str | None = None) -> AdminOrder:
        """Leave a remark for colleagues."""
        return _decoded(await self._call("POST", _admin_order(number, "notes"), body=note, key=key), AdminOrder)

    async def settle_withdrawal(self, number: str, what: SettleInput, *, key: str | None = None) -> AdminOrder:
        """Nothing is left to do about one withdrawal from an order; ``what.outcome`` says why.

        :class:`Conflict` where it is settled already, is not as it was seen, or is done while nothing has gone back.
        """
        path = _admin_order(number, "withdrawals", "settle")
        return _decoded(await self._call("POST", path, body=what, key=key), AdminOrder)

    async def list_unmatched_withdrawals(self, which: PageQuery | None = None) -> WithdrawalPage:
        """Withdrawals that name no order which the shop knows, newest first."""
        return _decoded(await self._call("GET", "/v1/admin/withdrawals", query=which), WithdrawalPage)

    async def get_withdrawal(self, withdrawal_id: str) -> Withdrawal:
        """A withdrawal, with the order that it is with, if any."""
        return _decoded(await self._call("GET", _withdrawal(withdrawal_id)), Withdrawal)

    async def assign_withdrawal(self, withdrawal_id: str, to: AssignInput, *, key: str | None = None) -> AdminOrder:
        """A withdrawal means this order, whatever it named.

        :class:`Conflict` where it is settled, is there already, or is not as ``to`` says that it was seen.
        """
        path = _withdrawal(withdrawal_id, "assign")
        return _decoded(await self._call("POST", path, body=to, key=key), AdminOrder)

    async def dismiss_withdrawal(self, withdrawal_id: str, why: DismissInput, *, key: str | None = None) -> Withdrawal:
        """A withdrawal belongs to no order.

        :class:`Conflict` where it is with one, or dismissed already.
        """
        path = _withdrawal(withdrawal_id, "dismiss")
        return _decoded(await self._call("POST", path, body=why, key=key), Withdrawal)

    async def get_admin_invoice(self, number: str, invoice_id: str) -> bytes:
        """An invoice as PDF."""
        return (await self._call("GET", _admin_order(number, "invoices", invoice_id))).content

    async def get_payment(self, payment_id: str) -> Payment:
        """A payment with its attempts, refunds and events."""
        return _decoded(await self._call("GET", _payment(payment_id)), Payment)

    async def capture_payment(self, payment_id: str, what: CaptureInput, *, key: str) -> Payment:
        """Note that a bank transfer has come in."""
        return _decoded(await self._call("POST", _payment(payment_id, "capture"), body=what, key=key), Payment)

    async def refund_payment(self, payment_id: str, what: RefundInput, *, key: str) -> Payment:
        """Give money back; :class:`Unprocessable` where that is more than was captured."""
        path = _payment(payment_id, "refunds")
        return _decoded(await self._call("POST", path, body=what, key=key, timeout_s=_PROVIDER_S), Payment)

    async def list_emails(self, which: EmailQuery | None = None) -> EmailPage:
        """E-mails, newest first."""
        return _decoded(await self._call("GET", "/v1/admin/emails", query=which), EmailPage)

    async def get_email(self, email_id: str) -> EmailMessage:
        """One e-mail as it was or would be sent."""
        return _decoded(await self._call("GET", f"/v1/admin/emails/{quote(email_id, safe='')}"), EmailMessage)

    # staff and API keys

    async def list_staff(self, which: PageQuery | None = None) -> StaffPage:
        """Staff, newest first."""
        return _decoded(await self._call("GET", "/v1/admin/staff", query=which), StaffPage)

    async def get_staff(self, staff_id: str) -> Tagged[Staff]:
        """One member of staff."""
        return _tagged(await self._call("GET", f"/v1/admin/staff/{quote(staff_id, safe='')}"), Staff)

    async def create_staff(self, who: StaffInput, *, key: str | None = None) -> Staff:
        """A new member of staff."""
        return _decoded(await self._call("POST", "/v1/admin/staff", body=who, key=key), Staff)

    async def change_staff(self, staff_id: str, change: StaffPatch, *, if_match: str) -> Tagged[Staff]:
        """Change a member of staff; ends their sessions where role, password or state changes."""
        path = f"/v1/admin/staff/{quote(staff_id, safe='')}"
        return _tagged(await self._call("PATCH", path, body=change, if_match=if_match), Staff)

    async def list_api_keys(self, which: PageQuery | None = None) -> ApiKeyPage:
        """API keys, newest first, revoked ones included."""
        return _decoded(await self._call("GET", "/v1/admin/api-keys", query=which), ApiKeyPage)

    async def create_api_key(self, wanted: ApiKeyInput, *, key: str | None = None) -> ApiKeyCreated:
        """A new API key, with its secret."""
        return _decoded(await self._call("POST", "/v1/admin/api-keys", body=wanted, key=key), ApiKeyCreated)

    async def revoke_api_key(self, key_id: str) -> ApiKey:
        """End an API key; at once and for good."""
        return _decoded(await self._call("DELETE", f"/v1/admin/api-keys/{quote(key_id, safe='')}"), ApiKey)

    # how a call is made

    async def _kept(
        self, path: str, kind: type[T], language: str | None, known: Kept[T] | None, query: msgspec.Struct | None = None
    ) -> Kept[T]:
        headers = {"Accept-Language": language} if language else {}
        if known is not None:
            headers["If-None-Match"] = known.etag
        answer = await self._call("GET", path, query=query, headers=headers)
        version = answer.headers.get("shop-catalog-version", "")
        if answer.status_code == 304 and known is not None:
            return Kept(known.value, known.etag, version, known.size)
        if answer.status_code in (301, 308):
            raise Moved(answer.headers.get("location", "").partition("?")[0].rpartition("/")[2])
        return Kept(_decoded(answer, kind), answer.headers.get("etag", ""), version, len(answer.content))

    async def _call(
        self,
        method: str,
        path: str,
        *,
        body: msgspec.Struct | None = None,
        query: msgspec.Struct | None = None,
        key: str | None = None,
        if_match: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> httpx.Response:
        headers = {**self._headers, **(headers or {})}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if if_match is not None:
            headers["If-Match"] = if_match
        if method == "POST" and key != "":
            headers["Idempotency-Key"] = key or secrets.token_urlsafe(24)
        return await self._tried(method, path, body, query, headers, timeout_s)

    async def _tried(
        self,
        method: str,
        path: str,
        body: msgspec.Struct | None,
        query: msgspec.Struct | None,
        headers: dict[str, str],
        timeout_s: float | None,
    ) -> httpx.Response:
        limit = httpx.USE_CLIENT_DEFAULT if timeout_s is None else httpx.Timeout(timeout_s, connect=2.0)
        repeatable = method == "GET" or "Idempotency-Key" in headers
        content = msgspec.json.encode(body) if body is not None else None
        tried = 0
        while True:
            last = tried >= self._retries
            try:
                answer = await self._http.request(
                    method, path, content=content, params=_params(query), headers=headers, timeout=limit
                )
            except _NEVER_ARRIVED as error:
                if last:
                    raise ApiUnavailable(f"The API cannot be reached: {error}", reached=False) from error
                wait_s = None
            except httpx.RequestError as error:  # Broken off, too late, or no HTTP that can be read.
                if last or not repeatable:
                    raise ApiUnavailable(f"The API did not answer: {error}", reached=True) from error
                wait_s = None
            else:
                if answer.status_code < 400:
                    return answer
                wait_s = _retry_after_s(answer)
                too_long = wait_s is not None and wait_s > _LONGEST_WAIT_S
                if last or too_long or not _may_pass(answer, repeatable=repeatable):
                    raise _error(answer, wait_s)
            tried += 1
            spread = random.uniform(0.05, 0.1)  # noqa: S311 - so that callers do not come back all at once
            await asyncio.sleep(wait_s if wait_s is not None else spread * 2**tried)


def _in(language: str | None) -> dict[str, str]:
    return {"Accept-Language": language} if language else {}


def _path(*parts: str) -> str:
    return "/v1/" + "/".join(quote(part, safe="") for part in parts)


def _cart(token: str, *more: str) -> str:
    return _path("carts", token, *more)


def _order(number: str, *more: str) -> str:
    return _path("orders", number, *more)


def _admin_order(number: str, *more: str) -> str:
    return _path("admin", "orders", number, *more)


def _withdrawal(withdrawal_id: str, *more: str) -> str:
    return _path("admin", "withdrawals", withdrawal_id, *more)


def _payment(payment_id: str, *more: str) -> str:
    return _path("admin", "payments", payment_id, *more)


def _may_pass(answer: httpx.Response, *, repeatable: bool) -> bool:
    running = answer.status_code == 409 and b'"idempotency_in_progress"' in answer.content
    return (answer.status_code in _MAY_PASS and repeatable) or running or answer.status_code == 503


def _params(query: msgspec.Struct | None) -> dict[str, Any] | None:
    if query is None:
        return None
    # What is not said is not sent; a list repeats its name.
    return {name: value for name, value in msgspec.to_builtins(query).items() if value is not None and value != []}


def _decoded(answer: httpx.Response, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.content, type=kind)
    except msgspec.MsgspecError as error:
        raise ApiUnavailable(f"The answer is not what the contract says: {error}", reached=True) from error


def _tagged(answer: httpx.Response, kind: type[T]) -> Tagged[T]:
    return Tagged(_decoded(answer, kind), answer.headers.get("etag", ""))


def _retry_after_s(answer: httpx.Response) -> float | None:
    value = answer.headers.get("retry-after", "")
    return float(value) if value.isascii() and value.isdigit() else None


def _error(answer: httpx.Response, retry_after_s: float | None) -> ShopApiError:
    try:
        problem = msgspec.json.decode(answer.content, type=Problem)
    except msgspec.MsgspecError:
        return ApiUnavailable(f"HTTP {answer.status_code} without a problem document", reached=True)
    if answer.status_code in (502, 503, 504):
        return ApiUnavailable(f"{problem.status} {problem.code}: {problem.detail}", reached=True)
    return _ERRORS.get(answer.status_code, ProblemError)(problem, retry_after_s)
