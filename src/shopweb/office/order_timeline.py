"""What happened to an order, in the words of those who work on it, with who did it."""

from collections.abc import Mapping
from dataclasses import dataclass

from shopapi.contract.figures import money
from shopapi.contract.orders import Order, OrderEvent, SettleOutcome
from shopapi.contract.standing import outcome_of
from shopweb.office.order_words import provider_word
from shopweb.storefront.order_state import amount_told
from shopweb.storefront.order_times import When, when
from shopweb.visit import Visit


@dataclass(frozen=True)
class OfficeStep:
    """A line of the timeline: what happened (``text``), more of it, and who did it. ``look`` is its mark."""

    text: str
    more: str
    who: str
    at: When
    look: str


_LOOKS = {"paid": "ok", "shipped": "ok", "refunded": "ok", "closed": "ok", "note": "note-by"}
_BAD = frozenset(("payment_failed", "refund_failed", "payment_issue"))


def office_timeline(visit: Visit, order: Order) -> list[OfficeStep]:
    """What happened, latest first."""
    return [_step(visit, order, event) for event in reversed(order.events)]


def _step(visit: Visit, order: Order, event: OrderEvent) -> OfficeStep:
    is_bad = event.kind in _BAD and "given_back" not in event.data
    look = "bad" if is_bad else _LOOKS.get(event.kind, "")
    more, who = _more(visit, order, event), _who(visit, event.actor)
    return OfficeStep(_text(visit, order, event), more, who, when(visit, event.at), look)


def _text(visit: Visit, order: Order, event: OrderEvent) -> str:
    _ = visit.gettext
    amount = amount_told(event, order.currency)
    sum_told = {"amount": money(amount, visit.language) if amount else ""}
    match event.kind:
        case "placed":
            units = sum(line.quantity for line in order.lines)
            words = visit.ngettext(
                "Order placed, %(count)s unit reserved", "Order placed, %(count)s units reserved", units
            )
            return words % {"count": visit.number(units)}
        case "payment_unknown":
            return _("Payment unclear: the provider did not answer, stock kept")
        case "paid":
            return _("%(amount)s paid") % {"amount": money(amount or order.total, visit.language)}
        case "payment_failed":
            return {
                "cancelled_by_customer": _("The customer called the payment off"),
                "cancelled": _("Payment called off"),
            }.get(event.data.get("reason", ""), _("Payment declined"))
        case "cancel_asked":
            return _("Cancellation asked for")
        case "cancelled":
            return _("Order cancelled")
        case "revived":
            return _("The money came after all: the order holds again")
        case "shipped":
            return _("Shipped")
        case "closed":
            return _("Order closed")
        case "refunded":
            return _("%(amount)s refunded") % sum_told if amount else _("Refunded")
        case "refund_failed":
            return _("Refund of %(amount)s failed") % sum_told if amount else _("Refund failed")
        case "invoiced":
            return _("Credit note written") if event.data.get("paper") == "credit_note" else _("Invoice written")
        case "withdrawn":
            if "assigned" in event.data:
                return _("Withdrawal assigned to this order")
            stranger = event.data.get("certain") == "no"
            return _("Somebody declared a withdrawal") if stranger else _("The customer declared a withdrawal")
        case "withdrawal_moved":
            return _("Withdrawal assigned to order %(number)s") % {"number": event.data.get("to", "")}
        case "withdrawal_settled":
            is_done = outcome_of(event) == "done"
            return _("Withdrawal settled: done") if is_done else _("Withdrawal settled: not meant")
        case "payment_issue":
            if "given_back" in event.data:
                return _("%(amount)s, charged wrongly, given back") % sum_told
            return _("The payment needs a look")
        case "note":
            return f"“{event.data.get('text', '')}”" if visit.language == "en" else f"„{event.data.get('text', '')}“"


def _more(visit: Visit, order: Order, event: OrderEvent) -> str:
    """What an event tells beside its kind."""
    told = event.data
    match event.kind:
        case "cancel_asked" | "cancelled":
            found = (reason_words(visit, told.get("reason", "")), told.get("why", ""))
        case "refunded":
            found = (reason_words(visit, told.get("why", "")), "")
        case "withdrawal_settled":
            found = (told.get("why", ""), "")
        case "refund_failed":
            found = (told.get("reason", ""), "")
        case "payment_issue":
            found = ("" if "given_back" in told else issue_words(visit, told.get("issue", ""), told), "")
        case "withdrawn":
            found = (not_confirmed(visit) if told.get("certain") == "no" else "", "")
        case "invoiced":
            found = (next((paper.number for paper in order.invoices if paper.id == told.get("invoice")), ""), "")
        case "shipped":
            found = (told.get("carrier", ""), told.get("tracking", ""))
        case "paid" | "payment_failed":
            reason = told.get("reason", "")
            said = reason in ("cancelled_by_customer", "cancelled")
            found = (provider_word(visit, told.get("provider", "")), "" if said else reason)
        case _:
            found = ("", "")
    return ", ".join(filter(None, found))


def _who(visit: Visit, actor: str | None) -> str:
    """Who did it, where it was a person."""
    return {None: "", "shop": "", "customer": visit.gettext("Customer")}.get(actor, actor or "")


def reason_words(visit: Visit, reason: str) -> str:
    """Why an order was cancelled or money went back; what staff typed stays as it is."""
    _ = visit.gettext
    return {
        "customer": _("by the customer"),
        "staff": _("by the shop"),
        "expired": _("not paid in time"),
        "payment_failed": _("not paid"),
        "late_payment": _("paid too late"),
    }.get(reason, reason)


def not_confirmed(visit: Visit) -> str:
    """Why a withdrawal may be somebody else's doing."""
    return visit.gettext("not confirmed: another e-mail address than in the order")


def settled_words(visit: Visit, outcome: SettleOutcome) -> str:
    """That a withdrawal is settled, and as what."""
    _ = visit.gettext
    return {"not_meant": _("settled: not meant"), "done": _("settled: done")}[outcome]


def issue_words(visit: Visit, kind: str, told: Mapping[str, str]) -> str:
    """What is wrong with a payment; ``told`` is what the issue says of it."""
    _ = visit.gettext
    if kind == "amount_mismatch" and "refunded" in told:
        return _("The provider gave back another amount than was asked for.")
    return {
        "amount_mismatch": _("The provider took another amount than was asked for."),
        "refund_failed": _("A refund failed."),
        "late_success": _("The money came after the order was given up."),
        "orphan_charge": _("The provider knows a charge that belongs to nothing here."),
        "no_answer": _("The provider has not answered for a long time."),
    }.get(kind, kind)
