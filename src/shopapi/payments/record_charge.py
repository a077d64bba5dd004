"""What happens when it is known what became of a charge, whoever says so: the provider's own answer, its webhook, the
worker that asked, or staff who saw the money come in. All of them call this; the second one changes nothing."""

from typing import Any, Final, Literal

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import ColumnElement, Connection, and_, case, literal, select, update

from shopapi.contract.orders import CancelReason
from shopapi.db.types import Instant, clock
from shopapi.orders import releasing
from shopapi.orders.store import SHOP, Locked
from shopapi.orders.tables import order_event
from shopapi.payments.begin_refund import intend_refund
from shopapi.payments.given_back import was_given_back
from shopapi.payments.ledger import Entry, clearing, post
from shopapi.payments.providers.interface import BY_CUSTOMER, CALLED_OFF, ChargeAnswer
from shopapi.payments.store import Owed, lock_payment, open_issue, resolve_issues, set_attempt, set_payment_state
from shopapi.payments.tables import payment, payment_attempt
from shopapi.runtime.failpoints import planted, reach

Recorded = Literal["confirmed", "cancelled", "open", "known", "refunding", "issue"]
"""What it came to. ``known``: it was recorded before. ``refunding``: it came too late and goes back by itself."""

BACKOFF_S: Final = (30, 60, 120)
"""When to ask again, after so many tries; two minutes at the most, so that an outage is over soon after it is over."""

OPEN_S: Final = 30
"""How often to ask about a charge that waits for its customer."""

GIVEN_UP_S: Final = 24 * 3600
"""After a day without an answer, a person has to look; the asking goes on."""


class GivenUp(Struct, frozen=True):
    """Why a charge that did not happen was called off, and by whom."""

    reason: CancelReason
    actor: str = SHOP
    why: str = ""

    def told(self) -> dict[str, str]:
        """What an event says of it."""
        return {"reason": self.reason, **({"why": self.why} if self.why else {})}


def record_charge(
    c: Connection, number: str, answer: ChargeAnswer, *, actor: str = SHOP, given_up: GivenUp | None = None
) -> Recorded:
    """Enter what became of the charge of this order; in the caller's transaction, which it opens with its locks.

    ``given_up`` says who had the shop call off what is ``failed`` now.
    """
    reach("before_record")
    order, owed = lock_payment(c, number)
    if owed is None:
        return "known"
    if answer.state == "succeeded":
        return _succeeded(c, order, owed, answer, actor)
    if owed.attempt_state in ("succeeded", "failed") or (order.state == "cancelled" and answer.state == "open"):
        return "known"  # It moves forward only: a late "failed" or "open" says nothing new.
    if answer.state == "open":
        return _open(c, order, owed, answer)
    return _failed(c, order, owed, answer.reason, given_up)


def _succeeded(c: Connection, order: Locked, owed: Owed, answer: ChargeAnswer, actor: str) -> Recorded:
    if owed.attempt_state == "succeeded" and not planted("record_without_compare"):
        return "known"
    if (answer.amount, answer.currency) != (owed.amount, owed.currency) and not planted("trust_amount"):
        return _wrong_amount(c, order, owed, answer)
    if not set_attempt(c, owed, "succeeded", provider_ref=answer.reference, next_check_at=None):
        return "known"
    set_payment_state(c, owed, "captured", captured=owed.captured + owed.amount, next_url=None)
    resolve_issues(c, owed.id, "no_answer", "amount_mismatch")
    post(
        c,
        "capture",
        "attempt",
        owed.attempt_id,
        owed.currency,
        [Entry(clearing(owed.provider), "receivable", owed.amount)],
    )
    if order.state == "placed":
        releasing.commit(c, order)
        order.set_state(c, "confirmed")
        order.add_event(c, "paid", actor=actor, provider=owed.provider)
        return "confirmed"
    return _too_late(c, order, owed)


def _too_late(c: Connection, order: Locked, owed: Owed) -> Recorded:
    if planted("late_success_is_lost"):
        return "known"
    if releasing.take_again(c, order):
        order.set_state(c, "confirmed")
        order.add_event(c, "revived")
        order.add_event(c, "paid", provider=owed.provider)
        return "confirmed"
    if open_issue(c, owed, "late_success", amount=str(owed.amount)):
        order.add_event(c, "payment_issue", issue="late_success")
    intend_refund(c, _captured(owed), owed.amount, key=f"late:{owed.public_id}", reason="late_payment", actor=SHOP)
    return "refunding"


def _captured(owed: Owed) -> Owed:
    return replace(owed, state="captured", captured=owed.captured + owed.amount)


def _wrong_amount(c: Connection, order: Locked, owed: Owed, answer: ChargeAnswer) -> Recorded:
    if was_given_back(c, owed, answer):
        return "known"
    # Nobody can say what it means: the money stays where it is, the goods stay reserved, and a person decides.
    if owed.attempt_state in ("intended", "unknown"):
        set_attempt(c, owed, "unknown", next_check_at=None)
        if owed.state == "pending":
            set_payment_state(c, owed, "unknown", next_url=None)
    charged = {"charged": str(answer.amount), "currency": answer.currency, "expected": str(owed.amount)}
    if open_issue(c, owed, "amount_mismatch", **charged):
        order.add_event(c, "payment_issue", issue="amount_mismatch", **charged)
    return "issue"


def _open(c: Connection, order: Locked, owed: Owed, answer: ChargeAnswer) -> Recorded:
    order.touch(c)
    next_check: ColumnElement[Any] = clock(OPEN_S)
    if order.expires_at is not None:
        end = literal(order.expires_at, Instant())
        next_check = case((and_(end > clock(), end < next_check), end), else_=next_check)
    c.execute(
        update(payment_attempt)
        .where(payment_attempt.c.id == owed.attempt_id)
        .values(provider_ref=answer.reference, next_check_at=next_check, updated_at=clock())
    )
    if owed.state == "unknown":
        set_payment_state(c, owed, "pending")
    c.execute(update(payment).where(payment.c.id == owed.id).values(next_url=answer.url, updated_at=clock()))
    return "open"


def _failed(c: Connection, order: Locked, owed: Owed, reason: str, given_up: GivenUp | None) -> Recorded:
    given_up = _called_off(c, order, reason, given_up)
    set_attempt(c, owed, "failed", next_check_at=None)
    resolve_issues(c, owed.id, "no_answer", "amount_mismatch")
    # What its customer called off was declined by nobody.
    called_off = given_up is not None or reason == BY_CUSTOMER
    set_payment_state(c, owed, "cancelled" if called_off else "failed", next_url=None)
    if order.state == "placed":
        if given_up is None:
            order.add_event(c, "payment_failed", provider=owed.provider, reason=reason)
            given_up = GivenUp("payment_failed")
        cancel(c, order, given_up)
    return "cancelled"


def _called_off(c: Connection, order: Locked, reason: str, given_up: GivenUp | None) -> GivenUp | None:
    """Who had a charge called off that the provider did not decline. Its webhook may overtake the answer to the call,
    and knows neither who asked for it nor that the time to pay was over: both come to the same."""
    if reason not in ("", CALLED_OFF, BY_CUSTOMER):
        return None
    if given_up is not None and given_up.actor != SHOP:
        return given_up
    asked = asked_to_cancel(c, order)
    if asked is not None or reason == BY_CUSTOMER:
        return asked
    return given_up or (GivenUp("expired") if order.expired else None)


def cancel(c: Connection, order: Locked, given_up: GivenUp) -> None:
    """Cancel an order that holds its goods: state, stock, codes, cart, timeline and outbox in one transaction."""
    releasing.release(c, order)
    # Nobody shall be led to a page where they would pay for what they do not get.
    c.execute(update(payment).where(payment.c.order_id == order.id).values(next_url=None))
    order.set_state(c, "cancelled")
    order.add_event(c, "cancelled", actor=given_up.actor, **given_up.told())


def asked_to_cancel(c: Connection, order: Locked) -> GivenUp | None:
    """Who last asked for the order to be cancelled, whether or not they got an answer to it."""
    return next(iter(asks_to_cancel(c, order)), None)


def asks_to_cancel(c: Connection, order: Locked) -> list[GivenUp]:
    """Everybody who asked for it and was written down, the last one first."""
    asked = c.execute(
        select(order_event.c.actor, order_event.c.data)
        .where(order_event.c.order_id == order.id, order_event.c.kind == "cancel_asked")
        .order_by(order_event.c.sequence.desc())
    )
    return [GivenUp(one.data["reason"], one.actor, one.data.get("why", "")) for one in asked]


def mark_unknown(c: Connection, number: str) -> None:
    """Nobody knows what became of the charge: ask again later, and keep the goods till then."""
    order, owed = lock_payment(c, number)
    if owed is None or owed.attempt_state in ("succeeded", "failed"):
        return
    if planted("forget_on_unknown"):
        _failed(c, order, owed, "no answer", None)
        return
    wait_s = BACKOFF_S[min(owed.asked, len(BACKOFF_S) - 1)]
    set_attempt(c, owed, "unknown", asked=owed.asked + 1, next_check_at=clock(wait_s))
    if owed.state == "pending":
        set_payment_state(c, owed, "unknown")
        order.add_event(c, "payment_unknown", provider=owed.provider)
