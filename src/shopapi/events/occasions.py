"""Which e-mails an event of the shop asks for, and what they have to say."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import select

from shopapi.accounts.rules import normal_email
from shopapi.catalog.tables import shop, shop_text
from shopapi.contract.catalog import Locale, Money
from shopapi.contract.orders import EmailKind, Order, Withdrawal
from shopapi.db.engine import Reader
from shopapi.events.emails import LawText, order_url
from shopapi.events.letters import Occasion
from shopapi.http.problems import NotFound
from shopapi.invoices.seller import read_seller
from shopapi.orders.store import CUSTOMER
from shopapi.orders.tables import order_event, sales_order, withdrawal
from shopapi.payments.refund_reason import reason_told
from shopapi.payments.tables import refund

_FOR_GOOD: Final = ("withdrawal", "terms")
"""What a customer gets with the first e-mail, to keep: the law asks for a durable medium (section 312f BGB)."""


class Email(Struct, frozen=True):
    """An e-mail that shall be written."""

    kind: EmailKind
    recipient: str
    why: Occasion
    texts: list[LawText]


def kind_for(c: Reader, topic: str, sequence: int, payload: Mapping[str, Any], order: Order | None) -> EmailKind | None:
    """Which e-mail an event asks for, by its topic and its ``sequence`` in the order; most ask for none."""
    if topic in ("withdrawal.received", "order.withdrawn"):
        # Who was told that it came in is not told again when staff find its order.
        return None if "assigned" in payload else "withdrawal_received"
    if order is None:
        return None
    offline = order.payment is not None and order.payment.bank_transfer is not None
    if topic == "order.placed":
        # Who cancelled before this was taken in must not be asked for money.
        return "payment_due" if offline and order.state != "cancelled" else None
    if topic == "order.payment_unknown":
        # Their bank takes its time: they shall know without delay that the order is here (section 312i BGB).
        return "confirmation" if order.state != "cancelled" and sequence == _first_unclear(order) else None
    if topic == "order.payment_issue":
        return _of_an_issue(sequence, payload, order)
    if topic == "order.paid":
        return "paid" if offline or _was_confirmed(order) else "confirmation"
    if topic == "order.shipped":
        return "shipped"
    if topic == "order.refunded":
        return "refunded"
    if topic == "order.cancelled" and order.state != "cancelled":
        return None  # Its money came after all, before anybody was told.
    failed = payload.get("reason") == "payment_failed"
    if topic == "order.cancelled" and (offline or not failed or _waits_for_word(c, order)):
        return "cancelled"
    return None


def _of_an_issue(sequence: int, payload: Mapping[str, Any], order: Order) -> EmailKind | None:
    if "given_back" in payload:
        # What is cancelled with it says so itself; who was told before that it is cancelled hears of the money.
        before = any(event.kind == "cancelled" and event.sequence < sequence for event in order.events)
        return "refunded" if before else None
    # They are charged, and shall have the order's number as if all were well.
    return "confirmation" if order.state != "cancelled" and sequence == _first_unclear(order) else None


def _first_unclear(order: Order) -> int | None:
    """Since when nobody knew what had become of the money: no answer, or another amount than was asked for."""
    for event in order.events:
        if event.kind == "paid":
            return None  # What is wrong about a refund comes later.
        if event.kind == "payment_unknown" or event.data.get("issue") == "amount_mismatch":
            return event.sequence
    return None


def _was_confirmed(order: Order) -> bool:
    # An order that holds again was told to be cancelled, so all of it is said anew.
    return _first_unclear(order) is not None and all(event.kind != "revived" for event in order.events)


def _waits_for_word(c: Reader, order: Order) -> bool:
    # Somebody whose card was declined, or who called the payment off, saw it there and may just be trying again. Who
    # was told to wait for the bank saw nothing, and who asked the shop to cancel waits for word.
    return _first_unclear(order) is not None or _asked_to_cancel(c, order.number)


def _asked_to_cancel(c: Reader, number: str) -> bool:
    # The timeline that comes with an order is the customer's, which leaves it out.
    asked = (
        select(order_event.c.sequence)
        .join_from(order_event, sales_order, sales_order.c.id == order_event.c.order_id)
        .where(sales_order.c.number == number, order_event.c.kind == "cancel_asked", order_event.c.actor == CUSTOMER)
        .limit(1)
    )
    return c.execute(asked).first() is not None


def read_email(
    c: Reader, kind: EmailKind, payload: Mapping[str, Any], order: Order | None, *, shop_url: str, token: str
) -> Email:
    """Everything that the e-mail says; raises :class:`NotFound` where the event names what is not there.

    ``token`` is the secret that opens the order.
    """
    declared, spoken = _withdrawal(c, payload, order) if kind == "withdrawal_received" else (None, None)
    locale = order.locale if order else spoken
    if locale is None:
        raise ValueError("An e-mail is about an order or about a withdrawal.")
    recipient = declared.email if declared else order.email if order else ""
    # A receipt goes to the address that was typed: it may be anybody's, and must not open an order.
    opens = order is not None and (declared is None or normal_email(declared.email) == normal_email(order.email))
    refunded, reason = None, str(payload.get("reason", ""))
    if kind == "refunded" and order:
        refunded, reason = _refunded(c, payload, order)
    why = Occasion(
        locale=locale,
        seller=read_seller(c),
        order=order if opens else None,
        order_url=order_url(shop_url, order.number, token) if order and opens else "",
        order_code=token if opens else "",
        refunded=refunded,
        reason=reason,
        withdrawal=declared,
    )
    texts = [_text(c, one, locale) for one in _FOR_GOOD] if kind in ("confirmation", "payment_due") else []
    return Email(kind, recipient, why, [one for one in texts if one is not None])


def _withdrawal(c: Reader, payload: Mapping[str, Any], order: Order | None) -> tuple[Withdrawal, Locale]:
    row = c.execute(select(withdrawal).where(withdrawal.c.public_id == str(payload.get("withdrawal")))).first()
    if row is None:
        raise NotFound(f"There is no withdrawal {payload.get('withdrawal')}.")
    said = Withdrawal(row.public_id, row.name, row.order_number, row.email, row.created_at)
    return said, row.locale


def _refunded(c: Reader, payload: Mapping[str, Any], order: Order) -> tuple[Money, str]:
    """How much went back, and why where that is the shop's own word: what staff type is for colleagues."""
    if "given_back" in payload:
        return Money(int(payload["amount"]), str(payload["currency"])), ""
    row = c.execute(select(refund).where(refund.c.public_id == str(payload.get("refund")))).first()
    if row is None:
        raise NotFound(f"There is no refund {payload.get('refund')} of order {order.number}.")
    return Money(row.amount, order.currency), reason_told(row.reason, row.actor, order)


def _text(c: Reader, kind: str, locale: Locale) -> LawText | None:
    row = c.execute(
        select(shop_text.c.html)
        .join(shop, shop.c.id == 1)
        .where(shop_text.c.kind == kind)
        .order_by(shop_text.c.locale != locale, shop_text.c.locale != shop.c.default_locale)
        .limit(1)
    ).first()
    return None if row is None else LawText(kind, row.html)
