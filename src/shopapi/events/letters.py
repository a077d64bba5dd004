"""What each kind of e-mail says, as plain values: no markup, no database, no clock."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from shopapi.contract.calendar import OF_THE_SHOP, working_day
from shopapi.contract.catalog import Locale, Money
from shopapi.contract.figures import money
from shopapi.contract.orders import BankTransfer, EmailKind, Order, OrderShipping, Shipment, Withdrawal
from shopapi.contract.standing import may_be_revived, open_withdrawal, wrongly_charged
from shopapi.events.sums import Sum, sums_of
from shopapi.events.words import Words, words
from shopapi.invoices.seller import Seller
from shopapi.invoices.written import address_lines, day, day_of_range, moment
from shopapi.orders.rules import normal_number


class Occasion(Struct, frozen=True):
    """Why an e-mail is written. ``order_url`` is the order's page with the secret that opens it, ``order_code`` that
    secret alone, for who types it."""

    locale: Locale
    seller: Seller
    order: Order | None = None
    order_url: str = ""
    order_code: str = ""
    refunded: Money | None = None
    reason: str = ""
    withdrawal: Withdrawal | None = None


class Facts(Struct, frozen=True):
    """A few things to know or to copy, each with its name; without a name it is a line of its own."""

    title: str
    rows: list[tuple[str, str]]


class Letter(Struct, frozen=True):
    """An e-mail before it has a form. The first paragraph says what comes next."""

    subject: str
    heading: str
    paragraphs: list[str]
    order_number: str | None
    order_url: str
    facts: list[Facts]
    sums: list[Sum]
    can_withdraw: bool


def letter(kind: EmailKind, why: Occasion) -> Letter:
    """What an e-mail of this kind says on this occasion."""
    told = words(why.locale)
    written = _WRITERS[kind](why, told)
    return replace(written, facts=[*written.facts, *_to_follow(why, told)])


def _confirmation(why: Occasion, told: Words) -> Letter:
    order = _order(why)
    said = told.of["confirmation"]
    waits = order.payment is not None and not order.payment.captured.amount
    if waits:
        # Another amount was charged than was asked for: no bank is waited for.
        wait = "checking" if any(event.kind == "payment_issue" for event in order.events) else "waiting"
        paragraphs = [said[f"next_{wait}"], said[f"more_{wait}"], _after_payment(order, told)]
    else:
        paragraphs = [_packing(order, told, said)]
    return _made(
        why,
        said,
        paragraphs=paragraphs,
        facts=[_delivery(order, why, told)],
        sums=sums_of(order, told, total="total" if waits else "total_paid"),
    )


def _payment_due(why: Occasion, told: Words) -> Letter:
    order = _order(why)
    said = told.of["payment_due"]
    account = order.payment.bank_transfer if order.payment else None
    due = account.due if account else None
    total = money(order.total, why.locale)
    until = (
        said["next_until"].format(total=total, due=day(due, why.locale)) if due else said["next"].format(total=total)
    )
    return _made(
        why,
        said,
        paragraphs=[until, said["more"], _after_payment(order, told)],
        facts=[*([_account(account, why, told)] if account else []), _delivery(order, why, told)],
        sums=sums_of(order, told, total="total_due"),
    )


def _paid(why: Occasion, told: Words) -> Letter:
    order = _order(why)
    said = told.of["paid"]
    return _made(
        why,
        said,
        paragraphs=[_packing(order, told, said), said["more"]],
        facts=[_delivery(order, why, told)],
        sums=sums_of(order, told, total="total_paid"),
    )


def _shipped(why: Occasion, told: Words) -> Letter:
    order = _order(why)
    said = told.of["shipped"]
    parcels = [_parcel(one, order, told) for one in order.shipments]
    left = max((one.shipped_at for one in order.shipments), default=order.placed_at)
    return _made(
        why,
        said,
        paragraphs=[said["next"].format(days=_arrives(order, told, left, has_left=True))],
        facts=[*parcels, _delivery(order, why, told)],
    )


def _refunded(why: Occasion, told: Words) -> Letter:
    said = told.of["refunded"]
    order = _order(why)
    amount = money(why.refunded or order.total, why.locale)
    by_hand = order.payment is not None and order.payment.bank_transfer is not None
    reason = [said[why.reason]] if why.reason else []
    return _made(
        why,
        said,
        paragraphs=[said["next_transfer" if by_hand else "next"].format(amount=amount), *reason, said["more"]],
        sums=[Sum(told.common["total_refunded"], amount, strong=True)],
        can_withdraw=order.state != "cancelled",
        amount=amount,
    )


def _cancelled(why: Occasion, told: Words) -> Letter:
    said = told.of["cancelled"]
    order = _order(why)
    payment = order.payment
    in_doubt = payment is not None and payment.state in ("pending", "unknown")
    reason, names, wrong = why.reason, list[str](), wrongly_charged(order)
    if reason in ("customer", "staff"):
        names = [reason, *(["in_doubt"] if in_doubt else [])]
    elif payment is not None and payment.bank_transfer is not None:
        names = ["expired", "late_transfer"]
    elif in_doubt:
        names = ["in_doubt"]
    elif wrong is None and payment is not None and not payment.captured.amount:
        # What was declined may have been given up by somebody too: then the money goes back, and else it may not.
        names = ["not_charged", "late_unclear" if reason == "payment_failed" else "late"]
    if may_be_revived(order):
        names.append("may_hold")
    if payment is not None and payment.captured.amount > payment.refunded.amount:
        names.append("paid_before")
    if wrong is not None:
        names.append("charged_wrongly")
    sums = {"charged": money(wrong, why.locale) if wrong else "", "total": money(order.total, why.locale)}
    paragraphs = [said["next"], *(said[name].format(**sums) for name in names)]
    return _made(why, said, paragraphs=paragraphs, can_withdraw=False)


def _withdrawal_received(why: Occasion, told: Words) -> Letter:
    said = told.of["withdrawal_received"]
    declared = why.withdrawal
    if declared is None:
        raise ValueError("A receipt is written for a declaration.")
    at = moment(declared.declared_at, why.locale)
    names = ("name", "order_number", "email", "declared_at")
    values = (declared.name, declared.order_number, declared.email, at)
    declaration = told.common["declaration"].format(number=declared.order_number)
    # What was declared, with day and time: section 356a BGB asks for both.
    rows = [(told.common[name], value) for name, value in zip(names, values, strict=True)]
    facts = Facts(told.common["declared"], [("", declaration), *rows])
    # Anybody may have anything sent to any address by this: of their words none stands in the subject.
    subject = said["subject" if normal_number(declared.order_number) else "subject_in_words"]
    return _made(
        why,
        {**said, "subject": subject},
        paragraphs=[said["next"].format(at=at), said["more"]],
        facts=[facts],
        can_withdraw=False,
        number=declared.order_number,
    )


_WRITERS: Final[dict[EmailKind, Callable[[Occasion, Words], Letter]]] = {
    "confirmation": _confirmation,
    "payment_due": _payment_due,
    "paid": _paid,
    "shipped": _shipped,
    "refunded": _refunded,
    "cancelled": _cancelled,
    "withdrawal_received": _withdrawal_received,
}


def _made(
    why: Occasion,
    said: dict[str, str],
    *,
    paragraphs: list[str],
    facts: list[Facts] | None = None,
    sums: list[Sum] | None = None,
    can_withdraw: bool = True,
    number: str = "",
    amount: str = "",
) -> Letter:
    order = why.order
    named = {
        "number": order.number if order else number,
        "name": order.billing_address.name if order else "",
        "total": money(order.total, why.locale) if order else "",
        "amount": amount,
    }
    return Letter(
        subject=said["subject"].format(**named),
        heading=said["heading"].format(**named),
        paragraphs=paragraphs,
        order_number=order.number if order else None,
        order_url=why.order_url,
        facts=facts or [],
        sums=sums or [],
        can_withdraw=can_withdraw,
    )


def _order(why: Occasion) -> Order:
    if why.order is None:
        raise ValueError("This kind of e-mail is about an order.")
    return why.order


def _arrives(order: Order, told: Words, start: datetime, *, has_left: bool = False) -> str:
    """The days on which what left or was paid at ``start`` should arrive."""
    begin, way = start.astimezone(OF_THE_SHOP).date(), order.shipping_method
    first, last = (working_day(begin, days, has_left=has_left) for days in (way.days_min, way.days_max))
    if first == last:
        return told.common["arrives_on"].format(day=day(last, order.locale))
    begun = day_of_range(first, last, order.locale)
    return told.common["arrives_between"].format(first=begun, last=day(last, order.locale))


def _packing(order: Order, told: Words, said: dict[str, str]) -> str:
    """What comes next of a paid order: nobody packs one that its customer has withdrawn from."""
    if open_withdrawal(order):
        return told.common["withdrawn"]
    return said["next"].format(days=_arrives(order, told, _paid_at(order)))


def _paid_at(order: Order) -> datetime:
    return next((event.at for event in reversed(order.events) if event.kind == "paid"), order.placed_at)


def _after_payment(order: Order, told: Words) -> str:
    return told.common["after_payment"].format(days=_days(order.shipping_method, told))


def _days(way: OrderShipping, told: Words) -> str:
    if way.days_min != way.days_max:
        return told.common["days_range"].format(min=way.days_min, max=way.days_max)
    return told.common["days_one" if way.days_min == 1 else "days_some"].format(min=way.days_min)


def _delivery(order: Order, why: Occasion, told: Words) -> Facts:
    lines = address_lines(order.shipping_address, why.locale, home=why.seller.country)
    return Facts(told.common["deliver_to"], [("", line) for line in lines])


def _to_follow(why: Occasion, told: Words) -> list[Facts]:
    """What the form asks for that leads to the order."""
    if why.order is None or not why.order_code:
        return []
    rows = [(told.common["order_number"], why.order.number), (told.common["order_code"], why.order_code)]
    return [Facts(told.common["to_follow"], rows)]


def _account(account: BankTransfer, why: Occasion, told: Words) -> Facts:
    rows = [(told.common[name], getattr(account, name)) for name in ("holder", "iban", "bic", "bank", "reference")]
    if account.due:
        rows.append((told.common["due"], day(account.due, why.locale)))
    return Facts(told.common["pay_to"], [(name, value) for name, value in rows if value])


def _parcel(parcel: Shipment, order: Order, told: Words) -> Facts:
    names = {line.sku: line.name for line in order.lines}
    rows = [(told.common[name], getattr(parcel, name)) for name in ("carrier", "tracking")]
    goods = [("", f"{units} × {names.get(sku, sku)}") for sku, units in parcel.lines.items()]
    return Facts(told.common["parcel"], [*((name, value) for name, value in rows if value), *goods])
