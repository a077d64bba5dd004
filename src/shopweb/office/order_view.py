"""Everything that an order's page in the back office shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from shopapi.contract.orders import AdminOrder, EmailCard, Order, Payment, Withdrawal
from shopapi.contract.standing import can_be_done, cancel_reason, is_given_back, is_paid, refundable, to_see_to
from shopweb.office.order_money import PaymentView, has_wrong_charge, payment_view
from shopweb.office.order_timeline import OfficeStep, not_confirmed, office_timeline, settled_words
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
class Declared:
    """A withdrawal that was declared; ``certain`` says whether it is the customer's own, ``doubt`` why it may be
    somebody else's doing, ``todo`` what to do now: nothing where it is ``settled``, which says as what. ``settle`` is
    where to say so, empty where that changes nothing any more, and ``remedy`` what has to happen before that it is done
    can be said; ``assign`` is where to say which order it means. Both are empty for whoever may not."""

    id: str
    name: str
    email: str
    at: When
    certain: bool
    doubt: str
    todo: str
    settled: str
    settle: str
    remedy: str
    assign: str


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
        declared=[_declared(visit, found, one) for one in found.withdrawals],
    )


def declared_before(visit: Visit, found: AdminOrder) -> list[Declared]:
    """The withdrawals that ask for something before the order leaves."""
    return [_declared(visit, found, one) for one in to_see_to(found)]


def can_ship(found: AdminOrder) -> bool:
    """Whether it waits to be sent."""
    return _to_leave(found.order) and not is_given_back(found) and not customer_withdrew(found)


def customer_withdrew(found: AdminOrder) -> bool:
    """Whether its customer has withdrawn, and there is something to do about it. Another's is a question."""
    return any(one.certain is not False for one in to_see_to(found))


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
    order = found.order
    if to_see_to(found) and order.can_cancel:
        # One that may be somebody else's doing is to be asked about first: then nothing is the sensible thing to do.
        sure, word = customer_withdrew(found), visit.gettext("Cancel the order")
        return Act(order_page(order.number, "cancel"), word) if sure and visit.may("orders:write") else None
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


def _declared(visit: Visit, found: AdminOrder, one: Withdrawal) -> Declared:
    doubt = not_confirmed(visit) if one.certain is False else ""
    todo, settled = _to_do(visit, found, one), settled_words(visit, one.outcome) if one.outcome else ""
    seen_to = bool(settled) or not visit.may("orders:write")
    settle = order_page(found.order.number, "withdrawals", one.id, "settle")
    assign = f"/office/withdrawals/{one.id}/assign?{urlencode({'order': found.order.number})}"
    return Declared(
        *(one.id, one.name, one.email, when(visit, one.declared_at), bool(one.certain), doubt, todo, settled),
        settle="" if seen_to or _is_over(found) else settle,
        remedy=_remedy(visit, found),
        assign="" if seen_to else assign,
    )


def _is_over(found: AdminOrder) -> bool:
    """Whether nothing can come of a withdrawal any more. What the shop gave up by itself, late money may revive."""
    return is_given_back(found) or cancel_reason(found.order) in ("customer", "staff")


def _remedy(visit: Visit, found: AdminOrder) -> str:
    """What has to happen before a withdrawal that is meant is done; nothing where it can be said."""
    _ = visit.gettext
    if can_be_done(found):
        return ""
    if not is_paid(found):
        return _("If it is meant, cancel the order: nothing has come in for it.")
    if found.order.can_cancel:
        return _("If it is meant, cancel the order, or refund what is due first: nothing has gone back yet.")
    return _("If it is meant, refund what is due first: nothing has gone back yet.")


def _to_do(visit: Visit, found: AdminOrder, one: Withdrawal) -> str:
    _ = visit.gettext
    if one not in to_see_to(found):
        return ""
    if one.certain is False:
        return _("Ask first, at the address in the order, whether it is meant. Do not ship until you know.")
    if found.order.can_cancel:
        return _("Do not ship. Cancel the order, then what was paid goes back.")
    return _("The goods come back first, then refund what was paid.")


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
