"""Time passes for what waits, by changed rows, and the worker goes on with it until nothing is in doubt any more."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Lock

from sqlalchemy import select, update

from shopapi.db.engine import DatabaseUnavailable
from shopapi.db.types import clock
from shopapi.events.tables import outbox
from shopapi.http.idempotency_table import idempotency_key
from shopapi.orders.tables import sales_order
from shopapi.payments.tables import payment, payment_attempt, payment_issue, refund
from shopapi.runtime import failpoints
from shopapi.runtime.settings import read
from shopapi.settings import ApiSettings
from shopapi.worker import chores
from tests.concurrency.standing import Shop
from tests.waiting import wait_until

LIMIT_S = 120
"""Within so many seconds of a worker's life everything is settled, with the waiting in between left out."""

_IN_DOUBT = ("intended", "unknown")
_PASSING = Lock()
_WORK = ("expiry", "reconciliation", "outbox")


def checks_are_due(shop: Shop) -> None:
    """It is time to ask the provider again about everything that is in doubt."""
    with shop.database.writing() as c:
        for table in (payment_attempt, refund):
            waits = table.c.next_check_at.is_not(None), table.c.state.in_(_IN_DOUBT)
            c.execute(update(table).where(*waits).values(next_check_at=clock(-1)))


def leases_end(shop: Shop) -> None:
    """Whoever worked on a request, an event or an e-mail has done so for too long."""
    # Sixteen buyers may call at once, and this process has four connections.
    with _PASSING, shop.database.writing() as c:
        c.execute(
            update(idempotency_key).where(idempotency_key.c.lease_until.is_not(None)).values(lease_until=clock(-1))
        )
        c.execute(update(outbox).where(outbox.c.lease_until.is_not(None)).values(lease_until=clock(-1)))


def orders_expire(shop: Shop, numbers: Sequence[str], *, seconds_ago: int = 1) -> None:
    """Nobody waits for the money of these orders any more."""
    with shop.database.writing() as c:
        c.execute(
            update(sales_order)
            .where(sales_order.c.number.in_(numbers), sales_order.c.expires_at.is_not(None))
            .values(expires_at=clock(-seconds_ago))
        )


@contextmanager
def faults_here(shop: Shop) -> Iterator[None]:
    """The faults that are planted in the shop's processes are planted in this one too, but for those that end it."""
    settings = read(ApiSettings, shop.environment)
    planted = ",".join(part for part in settings.failpoints.split(",") if part.endswith("=on"))
    failpoints.arm(settings, test_mode=settings.test_mode, failpoints=planted)
    try:
        yield
    finally:
        failpoints.arm(settings, test_mode=False, failpoints="")


class Work:
    """The worker's chores about orders and money, done at once and in this process, beside any worker that runs."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        settings = read(ApiSettings, shop.environment)
        self._chores = [one for one in chores(settings) if one.name in _WORK]

    def go_on(self) -> None:
        """One round."""
        with faults_here(self._shop):
            for chore in self._chores:
                # Where others wrote meanwhile, the next round does it.
                with suppress(DatabaseUnavailable):
                    chore.work(self._shop.database)


def in_doubt(shop: Shop, numbers: Sequence[str]) -> list[str]:
    """Those orders whose charge or refund nobody knows about, but for those that a person was called in for."""
    called_in = select(payment_issue.c.payment_id).where(payment_issue.c.kind == "amount_mismatch")
    own = (
        payment.c.order_id == sales_order.c.id,
        payment.c.provider == "sandbox",
        payment.c.id.not_in(called_in),
        sales_order.c.number.in_(numbers),
    )
    with shop.database.reading() as c:
        charges = c.execute(
            select(sales_order.c.number)
            .join_from(sales_order, payment, own[0])
            .join(payment_attempt, payment_attempt.c.payment_id == payment.c.id)
            .where(*own, payment_attempt.c.state.in_(_IN_DOUBT))
        ).scalars()
        refunds = c.execute(
            select(sales_order.c.number)
            .join_from(sales_order, payment, own[0])
            .join(refund, refund.c.payment_id == payment.c.id)
            .where(*own, refund.c.state.in_(_IN_DOUBT))
        ).scalars()
        return [*charges, *refunds]


def settle(shop: Shop, numbers: Sequence[str], *, limit_s: float = LIMIT_S) -> int:
    """Let time pass and the worker work until none of the orders is in doubt; answers how many were at first."""
    at_first, work = len(in_doubt(shop, numbers)), Work(shop)

    def all_is_known() -> bool:
        if not in_doubt(shop, numbers):
            return True
        checks_are_due(shop)
        leases_end(shop)
        work.go_on()
        return not in_doubt(shop, numbers)

    wait_until(all_is_known, limit_s, f"the end of all doubt about {in_doubt(shop, numbers)[:5]}")
    return at_first


def states(shop: Shop, numbers: Sequence[str]) -> dict[str, tuple[str, str]]:
    """State of order and of payment, by the order's number."""
    with shop.database.reading() as c:
        rows = c.execute(
            select(sales_order.c.number, sales_order.c.state, payment.c.state.label("paid"))
            .join_from(sales_order, payment, payment.c.order_id == sales_order.c.id)
            .where(sales_order.c.number.in_(numbers))
        )
        return {row.number: (row.state, row.paid) for row in rows}


def numbers_of(shop: Shop, tokens: Sequence[str]) -> list[str]:
    """The orders that came of these carts."""
    from shopapi.carts.tables import cart

    with shop.database.reading() as c:
        return list(
            c.execute(
                select(sales_order.c.number)
                .join_from(sales_order, cart, cart.c.id == sales_order.c.cart_id)
                .where(cart.c.token.in_(tokens))
                .order_by(sales_order.c.id)
            ).scalars()
        )
