"""How an order stands, in one or two sentences: what happened, what holds, what to do."""

from dataclasses import dataclass, replace

from shopapi.contract.catalog import Money
from shopapi.contract.figures import money
from shopapi.contract.orders import Order
from shopapi.contract.standing import cancel_reason, may_be_revived, open_withdrawal, outcome_of, wrongly_charged
from shopweb.storefront.arrival import days_between
from shopweb.storefront.order_state import (
    arrives,
    came_back,
    has_its_cart,
    is_refunded,
    is_unfinished,
    last,
    needs_a_person,
    payment_page,
    waits_for_bank,
)
from shopweb.storefront.order_times import when
from shopweb.storefront.payment_failure import failure_of, failure_words
from shopweb.storefront.settled_words import settled_words
from shopweb.visit import Visit


@dataclass(frozen=True)
class Standing:
    """``title`` and ``text``; ``onward`` is where to go on, with ``button`` on it. ``strange`` leads to another site.

    ``waits`` is true while a provider's answer may change it at any moment. ``again`` offers to put the goods into the
    cart again.
    """

    title: str
    text: str
    look: str = ""
    onward: str = ""
    button: str = ""
    strange: bool = False
    waits: bool = False
    again: bool = False


def standing_of(visit: Visit, order: Order) -> Standing:
    """How it stands."""
    if order.state != "cancelled" and open_withdrawal(order):
        return _withdrawn(visit, order)
    standing = _cancelled(visit, order) if order.state == "cancelled" else _going_on(visit, order)
    if order.state == "cancelled" and standing.onward and not has_its_cart(visit, order):
        again = visit.gettext("If you still want the goods, put them into the cart again.")
        standing = replace(standing, text=again, onward="", button="", again=True)
    return replace(standing, text=f"{standing.text} {_settled(visit, order)}".strip())


def _settled(visit: Visit, order: Order) -> str:
    """What became of a withdrawal, for as long as it tells of what comes next."""
    _ = visit.gettext
    outcomes = [outcome_of(event) for event in order.events if event.kind == "withdrawal_settled"]
    if "done" in outcomes:
        return settled_words(visit, order, "done")
    if not outcomes or order.state == "cancelled" or order.shipping_state != "unshipped" or is_refunded(order):
        return ""
    goes_on = _("Your order goes on. Write to us if you did mean it.")
    return f"{settled_words(visit, order, 'not_meant')} {goes_on}"


def _going_on(visit: Visit, order: Order) -> Standing:
    if needs_a_person(order, visit.now):
        return _looked_into(visit)
    if is_unfinished(visit, order):
        return _unfinished(visit, order)
    if waits_for_bank(order):
        return _waiting(visit, payment_page(order))
    if order.state == "placed":
        return _to_pay(visit, order)
    return _on_its_way(visit, order)


def _unfinished(visit: Visit, order: Order) -> Standing:
    _ = visit.gettext
    title = _("The payment is not finished.")
    paid = _("If you have just paid, this page shows it in a moment.")
    until = order.expires_at
    if until is None or until <= visit.now:
        ends = _("The order ends by itself, and nothing is charged.")
        return Standing(title, f"{ends} {paid}", "warn", waits=True)
    text = _(
        "Your goods are kept for you until %(when)s. If you do not pay by then, the order ends by itself, "
        "and nothing is charged."
    )
    text = f"{text % {'when': when(visit, until).whole}} {paid}"
    return Standing(title, text, "warn", payment_page(order), _("Pay now"), strange=True, waits=True)


def _waiting(visit: Visit, page: str) -> Standing:
    _ = visit.gettext
    looks_again = _("Your goods are kept for you. This page looks again by itself.")
    if not page:
        return Standing(_("We are waiting for your bank. You need do nothing."), looks_again, waits=True)
    title = _("We are waiting for your bank.")
    if came_back(visit):
        return Standing(title, looks_again, waits=True)
    text = _(
        "If you have not paid yet, or your bank wants you to confirm, go to the payment page. "
        "Otherwise this page looks again by itself."
    )
    return Standing(title, text, onward=page, button=_("To the payment page"), strange=True, waits=True)


def _looked_into(visit: Visit) -> Standing:
    _ = visit.gettext
    title = _("We are looking into your payment. You need do nothing.")
    return Standing(title, _("Your goods are kept for you. We will write to you as soon as it is settled."))


def _to_pay(visit: Visit, order: Order) -> Standing:
    _ = visit.gettext
    title = _("Please transfer %(total)s.") % {"total": money(order.total, visit.language)}
    return Standing(title, _("Your goods are kept for you. We send them as soon as the money is here."), "warn")


def _on_its_way(visit: Visit, order: Order) -> Standing:
    _ = visit.gettext
    given_back = _given_back(visit, order)
    if is_refunded(order):
        return Standing(_("This order was refunded."), given_back)
    days = arrives(visit, order)
    text = _("It should reach you on %(days)s.") % {"days": days_between(visit, *days)} if days else ""
    if order.shipping_state == "shipped":
        title = _("Your order is on its way.")
    elif order.shipping_state == "partly_shipped":
        title, text = _("A part of your order is on its way."), _("We will write to you when the rest leaves.")
    else:
        title = _("It is paid. We are packing your order.")
        text = text or _("We will write to you when it leaves.")
    return Standing(title, f"{text} {given_back}".strip(), "ok")


def _withdrawn(visit: Visit, order: Order) -> Standing:
    _, payment, money_back = visit.gettext, order.payment, _given_back(visit, order)
    if payment is not None and payment.state == "refunded":
        return Standing(_("This order was refunded."), money_back)
    if payment is None:
        text = _("We look into it, and write to you.")
    elif order.shipping_state != "unshipped":
        text = _("We look into it, and write to you where the goods shall go and when your money comes back.")
    elif payment.captured.amount:
        text = _("We send nothing while we look into it, and write to you when your money comes back.")
    elif payment.state == "unknown":
        text = _("We do not know yet whether anything was charged. We clear it up, and what was charged goes back.")
    else:
        text = _("You need not pay. We send nothing while we look into it, and write to you.")
        if waits_for_bank(order):
            text += " " + _("Whatever was charged goes back.")
    waits = waits_for_bank(order) and not needs_a_person(order, visit.now)
    return Standing(_("Your withdrawal has come in."), f"{text} {money_back}".strip(), waits=waits)


def _cancelled(visit: Visit, order: Order) -> Standing:
    _ = visit.gettext
    reason, payment = cancel_reason(order), order.payment
    money_back = _given_back(visit, order) or _wrong_amount_back(visit, order)
    in_doubt = ""
    if payment is not None and payment.state in ("pending", "unknown"):
        in_doubt = _("We do not know yet whether anything was charged. We clear it up, and what was charged goes back.")
    failed = reason is None and payment is not None and payment.state == "failed"
    if (reason == "payment_failed" or failed) and not money_back:
        text = _("Your cart is as it was. Choose another way to pay, or try again.")
        return Standing(
            failure_words(visit, failure_of(order)), text, "warn", "/checkout/shipping", _("Choose how to pay")
        )
    if reason == "expired":
        return _expired(visit, order, money_back or in_doubt)
    title = _("You cancelled this order.") if reason == "customer" else _("This order is cancelled.")
    if money_back or in_doubt:
        return Standing(title, money_back or in_doubt)
    if last(order, "payment_issue"):  # Another amount may have been charged than was asked for.
        return Standing(title, _("You owe nothing. Should money leave your account after all, it goes back by itself."))
    return Standing(title, _("Nothing was charged, and you owe nothing."))


def _expired(visit: Visit, order: Order, known: str) -> Standing:
    """``known`` is what became of its money, where anything is known."""
    _ = visit.gettext
    if order.payment is not None and order.payment.bank_transfer is not None:
        late = _("You owe nothing. If your transfer is under way, we send the money back.")
    else:
        late = _("You owe nothing. Should money leave your account after all, it goes back by itself.")
    text = known or late
    if may_be_revived(order):
        text += " " + _(
            "Only if we still have the goods then, and you have not reordered, your order holds after all. "
            "We will write to you about that, too."
        )
    return Standing(_("The payment did not come in time, so the order is cancelled."), text, "warn")


def _wrong_amount_back(visit: Visit, order: Order) -> str:
    """What the provider had charged wrongly, and that it went back."""
    wrong = wrongly_charged(order)
    if wrong is None:
        return ""
    words = visit.gettext("%(charged)s was charged instead of %(total)s. We have sent %(charged)s back to you.")
    return words % {"charged": money(wrong, visit.language), "total": money(order.total, visit.language)}


def _given_back(visit: Visit, order: Order) -> str:
    """What became of money that had come in, or will."""
    payment, _ = order.payment, visit.gettext
    if payment is None:
        return ""
    back, left = payment.refunded, payment.captured.amount - payment.refunded.amount
    said = [_("We have sent %(amount)s back to you.") % {"amount": money(back, visit.language)}] if back.amount else []
    if order.state == "cancelled" and left > 0:
        amount = money(Money(left, back.currency), visit.language)
        said.append(_("%(amount)s is on its way back to you.") % {"amount": amount})
    return " ".join(said)
