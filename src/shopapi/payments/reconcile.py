"""What the worker does about money that nobody knows about: it asks the provider by the shop's own key until it knows.

A row is claimed by moving its next check on: any number of workers may ask at once. Nothing is ever assumed: what the
provider has not heard of is called off under the same key first, so that it cannot happen afterwards.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Connection, select, update

from shopapi.db.engine import Database, DatabaseUnavailable, OutcomeUnknown
from shopapi.db.types import clock
from shopapi.orders.tables import sales_order
from shopapi.payments.providers.interface import (
    ChargeAnswer,
    NoAnswer,
    PaymentProvider,
    RefundAnswer,
    TooBusy,
)
from shopapi.payments.record_charge import GIVEN_UP_S, GivenUp, mark_unknown, record_charge
from shopapi.payments.record_refund import mark_refund_unknown, record_refund
from shopapi.payments.refunds import open_refund
from shopapi.payments.store import lock_payment, open_issue
from shopapi.payments.tables import payment, payment_attempt, refund

_BATCH: Final = 20
_MOST_BATCHES: Final = 5
_AT_ONCE: Final = 16
_CLAIM_S: Final = 120
"""While a worker asks, no other one does: a batch takes a minute and a half where the provider is silent."""

_log = logging.getLogger(__name__)


class Due(Struct, frozen=True):
    """A charge whose outcome is to be asked for. ``expired``: nobody waits for it any more."""

    key: str
    number: str
    provider: str
    expired: bool
    old: bool


async def reconcile(
    db: Database, providers: Mapping[str, PaymentProvider], stopping: Callable[[], bool] = lambda: False
) -> int:
    """Ask about the charges and refunds that are due, batch by batch while one is full; answers how many there were.

    Once ``stopping`` says so, nobody is asked any more: whose turn has not come is due again at once.
    """
    lanes, done = asyncio.Semaphore(_AT_ONCE), 0
    for _ in range(_MOST_BATCHES):
        charges, refunds = db.write(_claim_charges), db.write(_claim_refunds)
        questions = [_settle_charge(db, providers.get(due.provider), due) for due in charges]
        questions += [_settle_refund(db, providers.get(provider), key) for key, provider in refunds]
        asked = await asyncio.gather(*(_asked(lanes, question, stopping) for question in questions))
        keys = [due.key for due in charges] + [key for key, _ in refunds]
        _give_back(db, [key for key, was in zip(keys, asked, strict=True) if not was])
        done += len(questions)
        if max(len(charges), len(refunds)) < _BATCH or stopping():
            break
    return done


async def _asked(lanes: asyncio.Semaphore, question: Coroutine[Any, Any, None], stopping: Callable[[], bool]) -> bool:
    """Ask, unless the worker is ``stopping``; whether it was asked."""
    async with lanes:
        if stopping():
            question.close()
            return False
        try:
            await question
        except (DatabaseUnavailable, OutcomeUnknown) as error:
            _log.warning("reconciliation: %s; asked again later", error)
        except Exception:
            # One payment's defect must not keep the others waiting: its claim ends, and it comes round again.
            _log.exception("reconciliation of one payment failed")
        return True


def _claim_charges(c: Connection) -> list[Due]:
    claimed = _claim(c, payment_attempt)
    rows = c.execute(
        select(
            payment_attempt.c.provider_key,
            sales_order.c.number,
            payment.c.provider,
            (sales_order.c.expires_at < clock()).label("expired"),
            (sales_order.c.state != "placed").label("given_up"),
            (payment_attempt.c.created_at < clock(-GIVEN_UP_S)).label("old"),
        )
        .join_from(payment_attempt, payment, payment.c.id == payment_attempt.c.payment_id)
        .join(sales_order, sales_order.c.id == payment.c.order_id)
        .where(payment_attempt.c.id.in_(claimed))
        .order_by(payment_attempt.c.id)
    )
    return [
        Due(row.provider_key, row.number, row.provider, bool(row.expired or row.given_up), bool(row.old))
        for row in rows
    ]


def _claim_refunds(c: Connection) -> list[tuple[str, str]]:
    claimed = _claim(c, refund)
    rows = c.execute(
        select(refund.c.provider_key, payment.c.provider)
        .join_from(refund, payment, payment.c.id == refund.c.payment_id)
        .where(refund.c.id.in_(claimed))
    )
    return [(row.provider_key, row.provider) for row in rows]


def _claim(c: Connection, table: Any) -> list[int]:
    due = (
        select(table.c.id)
        .where(table.c.state.in_(("intended", "unknown")), table.c.next_check_at <= clock())
        .order_by(table.c.next_check_at)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    )
    ids = list(c.execute(due).scalars())
    if ids:
        c.execute(update(table).where(table.c.id.in_(ids)).values(next_check_at=clock(_CLAIM_S)))
    return ids


def _give_back(db: Database, keys: list[str]) -> None:
    """End the claims of charges and refunds that nobody was asked about."""

    def change(c: Connection) -> None:
        for table in (payment_attempt, refund):
            # What was settled meanwhile, or is left to a person, has no next check, and gets none.
            mine = table.c.provider_key.in_(keys), table.c.next_check_at > clock()
            c.execute(update(table).where(*mine).values(next_check_at=clock()))

    if keys:
        db.write(change)


async def _settle_charge(db: Database, provider: PaymentProvider | None, due: Due) -> None:
    given_up = GivenUp("expired") if due.expired else None
    try:
        if provider is None:
            raise NoAnswer(f"no provider {due.provider} is configured")
        answer = await provider.ask(due.key)
        if answer.state == "unheard" or (answer.state == "open" and due.expired):
            answer = await provider.cancel(due.key)
    except (NoAnswer, TooBusy) as error:
        _log.warning("payment of %s: no answer: %s", due.number, error)
        db.write(lambda c: _still_unknown(c, due))
        return
    db.write(lambda c: _record(c, due, answer, given_up))


def _record(c: Connection, due: Due, answer: ChargeAnswer, given_up: GivenUp | None) -> None:
    came_to = record_charge(c, due.number, answer, given_up=given_up)
    _log.info("payment of %s: %s, %s", due.number, answer.state, came_to)


def _still_unknown(c: Connection, due: Due) -> None:
    mark_unknown(c, due.number)
    if not due.old:
        return
    order, owed = lock_payment(c, due.number)
    if owed is not None and open_issue(c, owed, "no_answer"):
        order.add_event(c, "payment_issue", issue="no_answer")


async def _settle_refund(db: Database, provider: PaymentProvider | None, key: str) -> None:
    due = open_refund(db, key)
    if due is None:
        return
    try:
        if provider is None:
            raise NoAnswer(f"no provider {due.provider} is configured")
        answer: RefundAnswer = await provider.ask_refund(key)
        if answer.state == "unheard":
            answer = await provider.refund(key, due.charge_key, due.amount, due.currency)
    except (NoAnswer, TooBusy) as error:
        _log.warning("refund %s: no answer: %s", key[:12], error)
        db.write(lambda c: mark_refund_unknown(c, key))
        return
    db.write(lambda c: record_refund(c, key, answer))
