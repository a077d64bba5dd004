"""The payment of an order as its page shows it: sums, tries, refunds, and what needs a look."""

from dataclasses import dataclass

from shopapi.contract.catalog import Money
from shopapi.contract.orders import Attempt, AttemptState, Payment, PaymentIssue
from shopweb.money import money
from shopweb.office.order_timeline import issue_words, reason_words
from shopweb.office.order_words import payment_badge, provider_word
from shopweb.office.rows import Badge
from shopweb.storefront.order_times import When, when
from shopweb.visit import Visit


@dataclass(frozen=True)
class MoneyLine:
    """A try, a refund, an event or an issue; ``open`` says that it still needs somebody."""

    text: str
    more: str
    at: When
    open: bool = False


@dataclass(frozen=True)
class PaymentView:
    """A payment. ``unclear`` is a sentence while nobody knows what became of the money."""

    id: str
    provider: str
    badge: Badge
    sums: list[tuple[str, str]]
    unclear: str
    attempts: list[MoneyLine]
    refunds: list[MoneyLine]
    events: list[MoneyLine]
    issues: list[MoneyLine]


def refundable(payment: Payment) -> Money:
    """What can still be given back: what came in, less what went back or is on its way."""
    left = payment.captured.amount - payment.refunded.amount - payment.refund_pending.amount
    return Money(left, payment.captured.currency)


def payment_view(visit: Visit, payment: Payment) -> PaymentView:
    """The view of one payment."""
    _ = visit.gettext
    sums = [
        (_("To pay"), payment.amount),
        (_("Captured"), payment.captured),
        (_("Refunded"), payment.refunded),
        *([(_("Refund on its way"), payment.refund_pending)] if payment.refund_pending.amount else []),
        *([(_("Can be refunded"), refundable(payment))] if payment.captured.amount else []),
    ]
    unclear = _("Unclear, asked every 30 s. The stock is kept until the provider answers.")
    issues = issue_words(visit)
    return PaymentView(
        payment.id,
        provider_word(visit, payment.provider),
        payment_badge(visit, payment.state),
        [(word, money(amount, visit.language)) for word, amount in sums],
        unclear if payment.state == "unknown" else "",
        [_attempt(visit, attempt) for attempt in payment.attempts],
        [
            MoneyLine(
                f"{money(refund.amount, visit.language)}, {_state(visit, refund.state)}",
                ", ".join(
                    filter(None, (reason_words(visit, refund.reason), "" if refund.actor == "shop" else refund.actor))
                ),
                when(visit, refund.created_at),
            )
            for refund in payment.refunds
        ],
        [MoneyLine(event.kind, "", when(visit, event.at)) for event in payment.events],
        [
            MoneyLine(
                issues[issue.kind],
                _taken(visit, issue, payment),
                when(visit, issue.at),
                issue.resolved_at is None,
            )
            for issue in payment.issues
        ],
    )


def _taken(visit: Visit, issue: PaymentIssue, payment: Payment) -> str:
    """What the provider took instead of what it should have taken, where that is known."""
    charged, currency = issue.data.get("charged", ""), issue.data.get("currency", payment.amount.currency)
    if not charged.isdigit() or not charged.isascii():
        return ""
    amounts = {
        "taken": money(Money(int(charged), currency), visit.language),
        "due": money(payment.amount, visit.language),
    }
    return visit.gettext("%(taken)s instead of %(due)s") % amounts


def _attempt(visit: Visit, attempt: Attempt) -> MoneyLine:
    _ = visit.gettext
    kind = {"authorize": _("Authorisation"), "capture": _("Capture"), "void": _("Void")}[attempt.kind]
    asked = visit.ngettext("asked %(count)s time", "asked %(count)s times", attempt.asked)
    more = [asked % {"count": visit.number(attempt.asked)}] if attempt.asked else []
    if attempt.next_check_at:
        more.append(_("again at %(when)s") % {"when": when(visit, attempt.next_check_at).short})
    if attempt.reference:
        more.append(attempt.reference)
    return MoneyLine(f"{kind}, {_state(visit, attempt.state)}", ", ".join(more), when(visit, attempt.created_at))


def _state(visit: Visit, state: AttemptState) -> str:
    _ = visit.gettext
    return {
        "intended": _("under way"),
        "unknown": _("unclear, asked every 30 s"),
        "succeeded": _("done"),
        "failed": _("failed"),
    }[state]
