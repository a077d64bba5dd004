"""The payment of an order as its page shows it: sums, tries, refunds, and what needs a look."""

from dataclasses import dataclass
from datetime import datetime

from shopapi.contract.catalog import Money
from shopapi.contract.figures import money
from shopapi.contract.orders import AdminOrder, Attempt, AttemptState, Payment, PaymentIssue, Refund
from shopapi.contract.standing import refundable, wrong_charges
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


def by_hand(payment: Payment) -> bool:
    """Whether staff send the money themselves when it goes back."""
    return payment.provider == "manual"


def has_wrong_charge(found: AdminOrder) -> bool:
    """Whether anything was charged wrongly that has not gone back: cancelling does that, of a cancelled order too."""
    return any(wrong_charges(payment, given_back=False) for payment in found.payments)


def payment_view(visit: Visit, payment: Payment) -> PaymentView:
    """The view of one payment."""
    _ = visit.gettext
    sums = [
        (_("To pay"), payment.amount),
        (_("Captured"), payment.captured),
        (_("Refunded"), payment.refunded),
        *([(_("Refund on its way"), payment.refund_pending)] if payment.refund_pending.amount else []),
        *([(_("Can be refunded"), refundable(payment))] if payment.captured.amount else []),
        *((_("Charged wrongly, given back"), wrong) for wrong in wrong_charges(payment, given_back=True)),
    ]
    return PaymentView(
        payment.id,
        provider_word(visit, payment.provider),
        payment_badge(visit, payment.state),
        [(word, money(amount, visit.language)) for word, amount in sums],
        _unclear(visit, payment),
        [_attempt(visit, attempt) for attempt in payment.attempts],
        [_refund(visit, refund) for refund in payment.refunds],
        [MoneyLine(event.kind, "", when(visit, event.at)) for event in payment.events],
        [_issue(visit, issue, payment) for issue in payment.issues],
    )


def _unclear(visit: Visit, payment: Payment) -> str:
    if payment.state != "unknown":
        return ""
    due = _next_question(visit, payment)
    if not due or any(issue.resolved_at is None for issue in payment.issues):
        return visit.gettext("Unclear: please check.")
    words = visit.gettext("Unclear, next question at %(time)s. The stock is kept until the provider answers.")
    return words % {"time": due}


def _next_question(visit: Visit, payment: Payment) -> str:
    """When the provider is asked again what became of a charge; empty where it is not."""
    return next(
        (
            _clock(visit, attempt.next_check_at)
            for attempt in payment.attempts
            if attempt.state == "unknown" and attempt.next_check_at
        ),
        "",
    )


def _clock(visit: Visit, at: datetime) -> str:
    return f"{visit.local(at):%H:%M}"


def _refund(visit: Visit, refund: Refund) -> MoneyLine:
    who = "" if refund.actor == "shop" else refund.actor
    more = ", ".join(filter(None, (reason_words(visit, refund.reason), who)))
    text = f"{money(refund.amount, visit.language)}, {_state(visit, refund.state)}"
    return MoneyLine(text, more, when(visit, refund.created_at))


def _issue(visit: Visit, issue: PaymentIssue, payment: Payment) -> MoneyLine:
    is_open = issue.resolved_at is None
    more = [_amounts(visit, issue, payment), *([_to_do(visit, issue, payment)] if is_open else [])]
    text = issue_words(visit, issue.kind, issue.data)
    return MoneyLine(text, " ".join(filter(None, more)), when(visit, issue.at), is_open)


def _amounts(visit: Visit, issue: PaymentIssue, payment: Payment) -> str:
    """What money an issue is about, in a sentence; empty where it does not say."""

    def told(name: str) -> str:
        text, currency = issue.data.get(name, ""), issue.data.get("currency", payment.amount.currency)
        return money(Money(int(text), currency), visit.language) if text.isascii() and text.isdigit() else ""

    moved, amount = told("charged") or told("refunded"), told("amount")
    if moved:
        expected = issue.data.get("expected", "")
        due = Money(int(expected), payment.amount.currency) if expected.isascii() and expected.isdigit() else None
        said = {"taken": moved, "due": money(due or payment.amount, visit.language)}
        return visit.gettext("%(taken)s instead of %(due)s.") % said
    reason = issue.data.get("reason", "")
    return f"{', '.join(filter(None, (amount, reason)))}." if amount else ""


def _to_do(visit: Visit, issue: PaymentIssue, payment: Payment) -> str:
    """What to do about an open issue."""
    _ = visit.gettext
    match issue.kind:
        case "amount_mismatch" if payment.state == "unknown":
            return _("Cancel the order, then the wrong amount goes back.")
        case "late_success":
            return _("The money goes back by itself.")
        case "refund_failed":
            return _("Refund it once more, or send it another way.")
        case "no_answer" if due := _next_question(visit, payment):
            return _("Look it up with the provider. Next question at %(time)s.") % {"time": due}
        case _:
            return _("Look it up with the provider.")


def _attempt(visit: Visit, attempt: Attempt) -> MoneyLine:
    _ = visit.gettext
    kind = {"authorize": _("Authorisation"), "capture": _("Capture"), "void": _("Void")}[attempt.kind]
    asked = visit.ngettext("asked %(count)s time", "asked %(count)s times", attempt.asked)
    more = [asked % {"count": visit.number(attempt.asked)}] if attempt.asked else []
    if attempt.next_check_at:
        more.append(_("next question at %(time)s") % {"time": _clock(visit, attempt.next_check_at)})
    elif attempt.state == "unknown":
        more.append(_("please check"))
    if attempt.reference:
        more.append(attempt.reference)
    return MoneyLine(f"{kind}, {_state(visit, attempt.state)}", ", ".join(more), when(visit, attempt.created_at))


def _state(visit: Visit, state: AttemptState) -> str:
    _ = visit.gettext
    return {
        "intended": _("under way"),
        "unknown": _("unclear"),
        "succeeded": _("done"),
        "failed": _("failed"),
    }[state]
