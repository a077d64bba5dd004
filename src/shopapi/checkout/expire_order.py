"""What happens when nobody pays: the order is given up, and its goods, codes and cart are free again, all at once.

An order with a charge under way is not given up by the clock but by the provider's word (``payments/reconcile.py``),
unless the provider has been silent for two hours: then the goods are sold to others, and money that comes after all is
dealt with as it comes.
"""

import logging
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, and_, exists, or_, select

from shopapi.db.engine import Database, DatabaseUnavailable, OutcomeUnknown
from shopapi.db.types import clock
from shopapi.orders.reading import OFFLINE
from shopapi.orders.tables import sales_order
from shopapi.payments.providers.interface import ChargeAnswer
from shopapi.payments.record_charge import GivenUp, asked_to_cancel, cancel, record_charge
from shopapi.payments.store import lock_payment
from shopapi.payments.tables import payment, payment_issue
from shopapi.runtime.failpoints import planted

SILENT_S: Final = 2 * 3600
"""So long after its time an order waits for a provider that does not answer."""

_BATCH: Final = 100
_log = logging.getLogger(__name__)


# A person decides on these, and the goods stay reserved until then.
_MISMATCHED: Final = exists().where(
    payment_issue.c.payment_id == payment.c.id,
    payment_issue.c.kind == "amount_mismatch",
    payment_issue.c.resolved_at.is_(None),
)


def _due() -> Select[Any]:
    return (
        select(sales_order.c.number)
        .join_from(sales_order, payment, payment.c.order_id == sales_order.c.id)
        .where(
            sales_order.c.state == "placed",
            ~_MISMATCHED,
            or_(
                and_(sales_order.c.expires_at < clock(), payment.c.provider.in_(OFFLINE)),
                sales_order.c.expires_at < clock(-SILENT_S),
            ),
        )
        .order_by(sales_order.c.expires_at)
        .limit(_BATCH)
    )


def expire_orders(db: Database) -> int:
    """Give up what is due; answers how many orders that were."""
    with db.reading() as c:
        rows: list[Row[Any]] = list(c.execute(_due()))
    return sum(_expired(db, row.number) for row in rows)


def _expired(db: Database, number: str) -> bool:
    try:
        return db.write(lambda c: expire_order(c, number))
    except (DatabaseUnavailable, OutcomeUnknown):
        raise
    except Exception:
        # One order's defect must not keep the others waiting.
        _log.exception("expiry of %s failed", number)
        return False


def expire_order(c: Connection, number: str) -> bool:
    """Give up one order, unless it was paid meanwhile; whether it was given up."""
    order, owed = lock_payment(c, number)
    if owed is None or (not (order.state == "placed" and order.expired) and not planted("release_paid")):
        return False
    if owed.provider in OFFLINE:
        record_charge(c, number, ChargeAnswer("failed"), given_up=GivenUp("expired"))
    else:
        # The charge stays unknown, and is asked for as before.
        cancel(c, order, asked_to_cancel(c, order) or GivenUp("expired"))
    return True
