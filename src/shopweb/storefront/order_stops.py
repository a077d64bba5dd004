"""The four stops of an order on its way: ordered, paid, shipped, with the customer."""

from dataclasses import dataclass
from typing import Literal

from shopapi.contract.orders import Order
from shopapi.contract.standing import open_withdrawal
from shopweb import locale
from shopweb.storefront.arrival import days_after_payment, days_between
from shopweb.storefront.order_state import (
    arrives,
    is_paid,
    is_refunded,
    is_unfinished,
    last,
    needs_a_person,
    paid_at,
    shipped_at,
    waits_for_bank,
)
from shopweb.storefront.order_times import when
from shopweb.visit import Visit

Look = Literal["done", "now", "later", "ended"]


@dataclass(frozen=True)
class Stop:
    """One of them: reached, next, later, or the end; ``state`` says which in a word, ``told`` since or until when."""

    word: str
    told: str
    look: Look
    state: str


def stops_of(visit: Visit, order: Order) -> list[Stop]:
    """All four, or those up to where it ended."""
    _ = visit.gettext
    ordered = _stop(visit, _("Ordered"), when(visit, order.placed_at).short, "done")
    if order.state == "cancelled":
        event = last(order, "cancelled")
        return [ordered, _stop(visit, _("Cancelled"), when(visit, event.at).short if event else "", "ended")]
    paid, gone = paid_at(order), shipped_at(order)
    if paid and is_refunded(order):
        event = last(order, "refunded")
        back = _stop(visit, _("Refunded"), when(visit, event.at).short if event else "", "ended")
        return [ordered, _stop(visit, _("Paid"), when(visit, paid).short, "done"), back]
    if withdrawn := open_withdrawal(order):
        reached = [(_("Paid"), paid), (_("Shipped"), gone)]
        return [
            ordered,
            *(_stop(visit, word, when(visit, at).short, "done") for word, at in reached if at),
            _stop(visit, _("Withdrawn"), when(visit, withdrawn.at).short, "ended"),
        ]
    return [
        ordered,
        _stop(visit, _("Paid"), when(visit, paid).short if paid else _unpaid(visit, order), "done" if paid else "now"),
        _stop(
            visit,
            _("Shipped"),
            when(visit, gone).short if gone else _unshipped(visit, order),
            "done" if gone else "now" if is_paid(order) else "later",
        ),
        _stop(visit, _("With you"), arrival_told(visit, order), "now" if gone else "later"),
    ]


def _stop(visit: Visit, word: str, told: str, look: Look) -> Stop:
    _ = visit.gettext
    return Stop(
        word, told, look, {"done": _("done"), "now": _("next"), "later": _("later"), "ended": _("the end")}[look]
    )


def _unpaid(visit: Visit, order: Order) -> str:
    _ = visit.gettext
    if needs_a_person(order, visit.now):
        return _("we are looking into it")
    if is_unfinished(visit, order):
        return _("not finished")
    if waits_for_bank(order):
        return _("we are waiting for your bank")
    transfer = order.payment.bank_transfer if order.payment else None
    if transfer and transfer.due:
        return _("by transfer until %(day)s") % {"day": locale.day(transfer.due, visit.language)}
    return _("open")


def _unshipped(visit: Visit, order: Order) -> str:
    _ = visit.gettext
    if order.shipping_state == "partly_shipped":
        return _("in part")
    return _("we are packing it") if is_paid(order) else _("as soon as it is paid")


def arrival_told(visit: Visit, order: Order) -> str:
    """When it arrives: days, or how many working days after the payment."""
    days = arrives(visit, order)
    if days:
        return days_between(visit, *days)
    if is_paid(order):
        return visit.gettext("we will write to you")
    method = order.shipping_method
    return days_after_payment(visit, method.days_min, method.days_max)
