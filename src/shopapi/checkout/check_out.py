"""What happens when a customer orders, from top to bottom.

The cart is read and priced. Then one transaction places the order, reserves its goods and writes down the charge that
is to be made. Only then is the provider asked, with no connection held; a second transaction records what it said and
keeps the answer. A crash in between leaves an order and a charge that the same request, or the worker, goes on with.
"""

from dataclasses import dataclass
from typing import Final

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from shopapi.carts.pricing import price_cart
from shopapi.carts.reading import read_cart
from shopapi.carts.rules import CartAlreadyOrdered, TooFewInStock
from shopapi.checkout.draft import Draft, draft_order
from shopapi.checkout.placing import place
from shopapi.checkout.rules import (
    NOT_TAKEN,
    PROVIDER_BUSY,
    PROVIDER_TIME_S,
    OrderGivenUp,
    PaymentDeclined,
    ProviderBusy,
)
from shopapi.checkout.verdict import Kept, Verdict
from shopapi.contract.carts import CheckoutInput
from shopapi.contract.catalog import Locale
from shopapi.contract.orders import Order
from shopapi.db.engine import Database
from shopapi.http.etag import etag
from shopapi.http.idempotency import Claim, KeyInProgress, Replay, finish, look_up, refusal, store, take_over
from shopapi.http.problems import Overloaded, ShopError
from shopapi.orders.reading import read_order
from shopapi.orders.rules import access_token, access_token_hash
from shopapi.payments.providers.interface import Charge, ChargeAnswer, NoAnswer, NotTaken, PaymentProvider, TooBusy
from shopapi.payments.record_charge import mark_unknown, record_charge
from shopapi.payments.store import Owed, read_owed
from shopapi.payments.till import Till
from shopapi.promotions.rules import CodeExpired, CodeUsedUp, customer_key
from shopapi.runtime.failpoints import planted, reach

_TRIES: Final = 5
_DAY_S: Final = 86_400
_encode = msgspec.json.Encoder().encode
Said = tuple[int, dict[str, str], bytes]
"""An answer: status, headers, body."""


@dataclass(frozen=True)
class Asked:
    """A checkout that was asked for."""

    cart_token: str
    order: CheckoutInput
    locale: Locale | None
    claim: Claim
    secret_key: str
    public_url: str
    manual_payment_days: int


async def check_out(till: Till, asked: Asked) -> Said:
    """Place the order and charge for it, or answer as the first time where the request came before.

    Raises :class:`ShopError` where nothing was done.
    """
    payment = asked.order.payment
    provider = till.providers.get(payment.provider) if payment else None
    if provider is None or provider.offline:
        return await _check_out(till, asked, provider)
    with till.enter():
        return await _check_out(till, asked, provider)


async def _check_out(till: Till, asked: Asked, provider: PaymentProvider | None) -> Said:
    begun = await till.run(lambda db: _begin(db, asked, provider, list(till.providers)))
    if not isinstance(begun, _Begun):
        return begun
    reach("after_reserve")
    owed = await till.run(lambda db: _to_charge(db, begun.number))
    if provider is None or owed is None:
        return await till.run(lambda db: _finish(db, asked, begun.number, None))
    answer = await _charge(provider, asked, begun, owed)
    return await till.run(lambda db: _finish(db, asked, begun.number, answer))


@dataclass(frozen=True)
class _Begun:
    """An order whose charge comes next; ``fresh`` says that nobody can have asked for it before."""

    number: str
    fresh: bool


def _begin(db: Database, asked: Asked, provider: PaymentProvider | None, known: list[str]) -> Said | _Begun:
    """Place the order; answers what is to be said, or the order whose charge comes next."""
    if asked.claim.over_limit is not None:
        return _refused(db, asked, asked.claim.over_limit)
    for _ in range(_TRIES):
        try:
            with db.reading() as c:
                cart = read_cart(c, asked.cart_token, asked.locale)
            if cart.state != "open":
                raise CartAlreadyOrdered
            offline = provider is not None and provider.offline
            wait_s = asked.manual_payment_days * _DAY_S if offline else PROVIDER_TIME_S
            draft = draft_order(price_cart(cart), asked.order, provider, wait_s=wait_s, known=known)
        except ShopError as refused:
            return _refused(db, asked, refused)
        goes_on = not draft.is_free and not offline
        verdict = _place(db, asked, draft, goes_on=goes_on)
        if verdict.why == "placed":
            if goes_on:
                return _Begun(draft.number, fresh=True)
            return 201, _headers(draft.order), with_token(_encode(draft.order), draft.number, asked)
        if verdict.why == "stock":
            return _refused(db, asked, TooFewInStock(verdict.left))
        if verdict.why == "code" and (said := _code_refused(db, asked, verdict)) is not None:
            return _refused(db, asked, said)
        with db.reading() as c:
            seen = look_up(c, asked.claim)
        if seen is not None:
            return _again(db, asked, seen)
    raise Overloaded("Too many changed the same goods at the same moment. Nothing was done; come back in a second.")


def _place(db: Database, asked: Asked, draft: Draft, *, goes_on: bool) -> Verdict:
    kept = Kept(None, {}, None) if goes_on else Kept(201, _headers(draft.order), _encode(draft.order))
    token_hash = access_token_hash(access_token(draft.number, asked.secret_key))
    customer = customer_key(draft.email, asked.secret_key)

    def change(c: Connection) -> Verdict:
        return place(c, draft, asked.claim, kept, token_hash=token_hash, customer=customer)

    try:
        return db.write(change, one_statement=True)
    except IntegrityError:
        # The number was given to another order, or the same customer used the same code at the same moment.
        return Verdict("price", {})


def _code_refused(db: Database, asked: Asked, verdict: Verdict) -> ShopError | None:
    """The refusal of the customer's own code; one that applies by itself is left out the next time the cart is read."""
    with db.reading() as c:
        now = read_cart(c, asked.cart_token, asked.locale)
    for one in now.promotions:
        if one.code is not None and one.code_id in verdict.codes:
            return CodeUsedUp(one.code) if one.running else CodeExpired(one.code)
    return None


def _refused(db: Database, asked: Asked, error: ShopError) -> Said | _Begun:
    """A refusal, unless the same request was answered before; one that the state of things gives is kept."""
    with db.reading() as c:
        seen = look_up(c, asked.claim)
    if seen is not None:
        return _again(db, asked, seen)
    if error.status != 409:
        raise error
    status, headers, body = refusal(error, asked.claim)
    db.write(lambda c: store(c, asked.claim, status=status, headers=headers, body=body))
    with db.reading() as c:
        kept = look_up(c, asked.claim)
    return _again(db, asked, kept) if isinstance(kept, Replay) and kept.body != body else (status, headers, body)


def _again(db: Database, asked: Asked, seen: Replay | str) -> Said | _Begun:
    if isinstance(seen, str):
        db.write(lambda c: take_over(c, asked.claim))
        return _Begun(seen, fresh=False)
    body = seen.body
    if seen.order_number is not None:
        body = with_token(body, seen.order_number, asked)
    return seen.status, seen.headers, body


def _to_charge(db: Database, number: str) -> Owed | None:
    """What is to be charged; nothing where that is settled, or where nobody waits for the money any more."""
    with db.reading() as c:
        owed, order = read_owed(c, number), read_order(c, number)
    if owed is None or owed.attempt_state in ("succeeded", "failed") or order.state != "placed":
        return None
    return owed


async def _charge(provider: PaymentProvider, asked: Asked, begun: _Begun, owed: Owed) -> ChargeAnswer | None:
    """Ask the provider; nothing where it gave no answer."""
    number = begun.number
    token = access_token(number, asked.secret_key)
    charge = Charge(
        key=f"{owed.key}-2" if planted("charge_with_new_key") else owed.key,
        amount=owed.amount,
        currency=owed.currency,
        order_number=number,
        token=asked.order.payment.token if asked.order.payment else None,
        return_url=asked.order.return_url or f"{asked.public_url}/orders/{number}?token={token}&back=1",
        locale=asked.locale or "de",
    )
    reach("before_psp")
    answer: ChargeAnswer | None = None
    try:
        answer = await provider.charge(charge)
    except TooBusy as refused:
        # It says that this call moved nothing. One before it may have, whose answer was lost with its process.
        reason = NOT_TAKEN if isinstance(refused, NotTaken) else PROVIDER_BUSY
        answer = ChargeAnswer("failed", reason=reason) if begun.fresh else None
    except NoAnswer:
        pass  # Whatever became of it, the worker finds out.
    reach("after_psp")
    return answer


def _finish(db: Database, asked: Asked, number: str, answer: ChargeAnswer | None) -> Said:
    """Record what the provider said, and keep the answer to the request."""

    def change(c: Connection) -> Said | None:
        if answer is not None:
            record_charge(c, number, answer)
        else:
            mark_unknown(c, number)
        order = read_order(c, number)
        if order.state == "cancelled":
            status, headers, body = refusal(_declined(answer, order), asked.claim)
        else:
            status, headers, body = 201, _headers(order), _encode(order)
        kept = finish(c, asked.claim, status=status, headers=headers, body=body)
        return (status, headers, body) if kept else None

    said = db.write(change)
    reach("after_record")
    if said is None:  # Somebody else has taken the request over, and has answered it or will.
        with db.reading() as c:
            seen = look_up(c, asked.claim)
        if not isinstance(seen, Replay):
            raise KeyInProgress
        said = seen.status, seen.headers, seen.body
    status, headers, body = said
    return status, headers, with_token(body, number, asked) if status == 201 else body


def _declined(answer: ChargeAnswer | None, order: Order) -> PaymentDeclined:
    """Why there is no order: the provider's refusal, unless somebody gave it up before."""
    if answer is None or answer.state == "open":
        return OrderGivenUp(charged=None)
    cancelled = [event.data.get("reason") for event in order.events if event.kind == "cancelled"]
    if answer.state == "succeeded" or cancelled[-1:] != ["payment_failed"]:
        return OrderGivenUp(charged=answer.state == "succeeded")
    return ProviderBusy() if answer.reason == PROVIDER_BUSY else PaymentDeclined(answer.reason)


def _headers(order: Order) -> dict[str, str]:
    return {"ETag": etag(order.version), "Cache-Control": "no-store", "Content-Language": order.locale}


_NO_TOKEN: Final = b'"access_token":null'


def with_token(body: bytes, number: str, asked: Asked) -> bytes:
    """The answer with the order's secret, which is stored nowhere; before it there is no text of anybody's."""
    token = access_token(number, asked.secret_key)
    return body.replace(_NO_TOKEN, b'"access_token":"' + token.encode() + b'"', 1)
