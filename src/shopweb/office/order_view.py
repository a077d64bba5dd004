"""Everything that an order's page in the back office shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from shopapi.contract.orders import AdminOrder, EmailCard, Order, Payment
from shopapi.contract.standing import is_given_back, refundable, to_see_to
from shopweb.office.order_declared import Declared, customer_withdrew, declared_on, says_more
from shopweb.office.order_money import PaymentView, has_wrong_charge, payment_view
from shopweb.office.order_timeline import OfficeStep, office_timeline
from shopweb.office.order_words import (
    attention_badge,
    email_badge,
    email_kind,
    order_badge,
    payment_badge,
    shipping_badge,
    withdrawn_badge,
)
from shopweb.office.rows import Badge
from shopweb.storefront.order_address import address_lines
from shopweb.storefront.order_sums import LineView, Sum, lines_of, sums_of
from shopweb.storefront.order_times import When, when
from shopweb.storefront.order_view import Paper, Parcel, paper_name, parcel_view
from shopweb.visit import Visit


@dataclass(frozen=True)
class Act:
    """Something that can be done with an order: where, and what its button says."""

    href: str
    word: str


@dataclass(frozen=True)
class Letter:
    """An e-mail that belongs to the order."""

    href: str
    word: str
    badge: Badge
    at: When


@dataclass(frozen=True)
class OfficeOrder:
    """``next`` is the one sensible thing to do now, ``acts`` are others; ``cancel`` is empty where it is too late."""

    number: str
    page: str
    placed: When
    about: str
    badges: list[Badge]
    next: Act | None
    acts: list[Act]
    cancel: str
    lines: list[LineView]
    shipped: str
    sums: list[Sum]
    parcels: list[Parcel]
    steps: list[OfficeStep]
    customer: str
    email: str
    address: list[str]
    billing: list[str]
    payments: list[PaymentView]
    papers: list[Paper]
    letters: list[Letter]
    declared: list[Declared]


def order_page(number: str, *more: str) -> str:
    """The page of an order in the back office, or one below it."""
    return "/".join(("/office/orders", *(quote(part, safe="") for part in (number, *more))))


def office_order(visit: Visit, found: AdminOrder, emails: Sequence[EmailCard]) -> OfficeOrder:
    """The view of an order, with the actions that the visitor may take."""
    order = found.order
    same = order.billing_address == order.shipping_address
    return OfficeOrder(
        number=order.number,
        page=order_page(order.number),
        placed=when(visit, order.placed_at),
        about=_about(visit, order),
        badges=_badges(visit, found),
        next=_next(visit, found),
        acts=_others(visit, found),
        cancel=order_page(order.number, "cancel") if order.can_cancel and visit.may("orders:write") else "",
        lines=lines_of(visit, order),
        shipped=_shipped(visit, order),
        sums=sums_of(visit, order),
        parcels=[parcel_view(visit, order, parcel) for parcel in order.shipments],
        steps=office_timeline(visit, order),
        customer=order.shipping_address.name,
        email=order.email,
        address=address_lines(visit, order.shipping_address),
        billing=[] if same else address_lines(visit, order.billing_address),
        payments=[payment_view(visit, payment) for payment in found.payments],
        papers=[
            Paper(
                paper_name(visit, paper),
                order_page(order.number, "invoices", paper.id),
                when(visit, paper.issued_at),
            )
            for paper in order.invoices
        ],
        letters=[_letter(visit, card) for card in emails],
        declared=[declared_on(visit, found, one, order_page(order.number)) for one in found.withdrawals],
    )


def can_ship(found: AdminOrder) -> bool:
    """Whether it waits to be sent."""
    return _to_leave(found.order) and not is_given_back(found) and not customer_withdrew(found)


def is_asked_first(found: AdminOrder) -> bool:
    """Whether it could leave, but somebody has withdrawn who may be its customer: staff have to find out first."""
    return can_ship(found) and bool(to_see_to(found))


def transfer_awaited(found: AdminOrder) -> Payment | None:
    """The bank transfer that may still come in, late as it may be."""
    for payment in found.payments:
        if payment.provider == "manual" and payment.state in ("pending", "cancelled") and not payment.captured.amount:
            return payment
    return None


def payment_to_refund(found: AdminOrder) -> Payment | None:
    """The payment of which something can be given back."""
    return next((payment for payment in found.payments if refundable(payment).amount > 0), None)


def units_of(order: Order) -> int:
    """How many units it has."""
    return sum(line.quantity for line in order.lines)


def _to_leave(order: Order) -> bool:
    return order.state == "confirmed" and order.shipping_state == "unshipped"


def _next(visit: Visit, found: AdminOrder) -> Act | None:
    order, declared = found.order, to_see_to(found)
    if declared:
        if not visit.may("orders:write"):
            return None
        if order.can_cancel and any(one.certain is not False and not says_more(found, one) for one in declared):
            return Act(order_page(order.number, "cancel"), visit.gettext("Cancel the order"))
        # It may be somebody else's doing, or mean a part: that has to be found out before anything is done.
        return Act(f"#withdrawal-{declared[0].id}", visit.gettext("See to the withdrawal"))
    if can_ship(found) and visit.may("orders:write"):
        return _ship(visit, order)
    if _to_leave(order) and order.can_cancel and visit.may("orders:write"):
        return Act(order_page(order.number, "cancel"), visit.gettext("Cancel the order"))
    if order.state == "placed" and transfer_awaited(found) and visit.may("payments:write"):
        return Act(order_page(order.number, "pay"), visit.gettext("Mark as paid"))
    return None


def _ship(visit: Visit, order: Order) -> Act:
    units = units_of(order)
    word = visit.ngettext("Ship %(count)s unit", "Ship %(count)s units", units)
    return Act(order_page(order.number, "ship"), word % {"count": visit.number(units)})


def _others(visit: Visit, found: AdminOrder) -> list[Act]:
    order, acts = found.order, list[Act]()
    asked_first = bool(to_see_to(found)) and order.can_cancel
    if asked_first and order.state == "placed" and transfer_awaited(found) and visit.may("payments:write"):
        acts.append(Act(order_page(order.number, "pay"), visit.gettext("Mark as paid")))
    if order.state == "cancelled" and transfer_awaited(found) and visit.may("payments:write"):
        acts.append(Act(order_page(order.number, "pay"), visit.gettext("The money came after all")))
    if order.state == "cancelled" and has_wrong_charge(found) and visit.may("orders:write"):
        acts.append(Act(order_page(order.number, "cancel"), visit.gettext("Give back what was charged wrongly")))
    if payment_to_refund(found) and visit.may("payments:write"):
        acts.append(Act(order_page(order.number, "refund"), visit.gettext("Refund")))
    if asked_first and can_ship(found) and visit.may("orders:write"):
        acts.append(_ship(visit, order))
    return acts


def _badges(visit: Visit, found: AdminOrder) -> list[Badge]:
    order = found.order
    state = order.payment.state if order.payment else None
    shipping = shipping_badge(visit, order.state, order.shipping_state)
    issues = any(issue.resolved_at is None for payment in found.payments for issue in payment.issues)
    badges = [order_badge(visit, order.state), payment_badge(visit, state)]
    more = [*([attention_badge(visit)] if issues else []), *([withdrawn_badge(visit)] if to_see_to(found) else [])]
    return [*badges, *([shipping] if shipping else []), *more]


def _about(visit: Visit, order: Order) -> str:
    _, ngettext = visit.gettext, visit.ngettext
    units, lines = units_of(order), len(order.lines)
    language = {"de": _("in German"), "en": _("in English")}[order.locale]
    counted = ngettext("%(count)s unit", "%(count)s units", units) % {"count": visit.number(units)}
    listed = ngettext("%(count)s line", "%(count)s lines", lines) % {"count": visit.number(lines)}
    return f"{language}, {counted}, {listed}"


def _shipped(visit: Visit, order: Order) -> str:
    sent = {"sent": visit.number(sum(line.shipped for line in order.lines)), "units": visit.number(units_of(order))}
    return visit.gettext("%(sent)s of %(units)s units shipped") % sent


def _letter(visit: Visit, card: EmailCard) -> Letter:
    href = f"/office/emails/{quote(card.id, safe='')}"
    return Letter(href, email_kind(visit, card.kind), email_badge(visit, card.state), when(visit, card.created_at))
