"""The states of orders, payments and e-mails as badges: a colour, a shape and a word."""

from shopapi.contract.orders import EmailKind, EmailState, OrderState, PaymentState, ShippingState
from shopweb.office.rows import Badge
from shopweb.visit import Visit


def order_badge(visit: Visit, state: OrderState) -> Badge:
    """Where an order stands."""
    _ = visit.gettext
    return {
        "placed": Badge("info", _("Placed")),
        "confirmed": Badge("ok full", _("Confirmed")),
        "closed": Badge("full", _("Closed")),
        "cancelled": Badge("", _("Cancelled")),
    }[state]


def payment_badge(visit: Visit, state: PaymentState | None) -> Badge:
    """What became of the money."""
    _ = visit.gettext
    if state is None:
        return Badge("full", _("Nothing to pay"))
    return {
        "pending": Badge("warn", _("To pay")),
        "unknown": Badge("warn half", _("Unclear")),
        "authorized": Badge("info half", _("Authorised")),
        "captured": Badge("ok full", _("Paid")),
        "partly_refunded": Badge("info half", _("Partly refunded")),
        "refunded": Badge("full", _("Refunded")),
        "failed": Badge("bad", _("Declined")),
        "cancelled": Badge("", _("Not paid")),
    }[state]


def shipping_badge(visit: Visit, order: OrderState, state: ShippingState) -> Badge | None:
    """What has left; nothing to say of a cancelled order that never did."""
    _ = visit.gettext
    if order == "cancelled" and state == "unshipped":
        return None
    return {
        "unshipped": Badge("warn" if order == "confirmed" else "", _("Not shipped")),
        "partly_shipped": Badge("warn half", _("Partly shipped")),
        "shipped": Badge("ok full", _("Shipped")),
    }[state]


def attention_badge(visit: Visit) -> Badge:
    """Something about the payment needs a person."""
    return Badge("bad half", visit.gettext("Needs a look"))


def withdrawn_badge(visit: Visit) -> Badge:
    """Somebody has declared a withdrawal."""
    return Badge("bad", visit.gettext("Withdrawal"))


def send_yourself(visit: Visit, amount: str, customer: str) -> str:
    """What is left to do where money that was transferred goes back: the shop has no hand in it."""
    words = visit.gettext("Transfer %(amount)s to %(customer)s yourself. It is only noted here.")
    return words % {"amount": amount, "customer": customer}


def email_badge(visit: Visit, state: EmailState) -> Badge:
    """Whether an e-mail has left."""
    _ = visit.gettext
    return {
        "queued": Badge("warn", _("Waits")),
        "sent": Badge("ok full", _("Sent")),
        "failed": Badge("bad", _("Not sent")),
    }[state]


def email_kind(visit: Visit, kind: EmailKind) -> str:
    """What an e-mail is about."""
    _ = visit.gettext
    return {
        "confirmation": _("Confirmation"),
        "payment_due": _("Payment due"),
        "paid": _("Payment received"),
        "shipped": _("Shipping notice"),
        "refunded": _("Refund notice"),
        "cancelled": _("Cancellation"),
        "withdrawal_received": _("Receipt of a withdrawal"),
    }[kind]


def provider_word(visit: Visit, provider: str) -> str:
    """What a payment provider is called."""
    _ = visit.gettext
    return {"manual": _("Bank transfer"), "sandbox": _("Sandbox Pay")}.get(provider, provider)
