"""What happens when a provider tells something by webhook: it is kept once, and recorded as an answer would be."""

from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from shopapi.http.problems import ShopError
from shopapi.payments.providers.interface import PaymentProvider, ProviderEvent
from shopapi.payments.record_charge import record_charge
from shopapi.payments.record_refund import record_refund
from shopapi.payments.store import Owed, lock_payment, order_of_key
from shopapi.payments.tables import payment_event
from shopapi.payments.till import Till
from shopapi.runtime.failpoints import planted


class UnsignedWebhook(ShopError):
    """The provider's signature is missing or wrong, or too old."""

    status, code, title = 401, "bad_signature", "Bad signature"

    def __init__(self, why: str = "") -> None:
        told = f"The signature is not good: {why}" if why else "The signature is not good"
        super().__init__(f"{told.rstrip('.')}. Nothing was changed.")


_SETTLED: Final = ("succeeded", "failed")


async def take_webhook(till: Till, provider: PaymentProvider, event: ProviderEvent) -> None:
    """Keep the event and do what it says, in one transaction; one that came before changes nothing."""
    await till.run(lambda db: db.write(lambda c: _take(c, provider.name, event)))


def _take(c: Connection, provider: str, event: ProviderEvent) -> None:
    number = order_of_key(c, event.key) if event.key else None
    # Locked before the event's row: two events of one payment would wait for each other for ever.
    owed = None if number is None else lock_payment(c, number)[1]
    if not _keep(c, provider, event, owed):
        return
    if number is not None and event.charge is not None and event.charge.state in _SETTLED:
        record_charge(c, number, event.charge)
    if number is not None and event.refund is not None and event.refund.state in _SETTLED:
        record_refund(c, event.key, event.refund)


def _keep(c: Connection, provider: str, event: ProviderEvent, owed: Owed | None) -> bool:
    """Keep the event, and say whether it is new: its unique key decides, whoever else holds a copy."""
    insert_once: Any = (postgresql if c.dialect.name == "postgresql" else sqlite).insert
    kept = c.execute(
        insert_once(payment_event)
        .values(
            provider=provider,
            provider_event_id=event.id,
            payment_id=None if owed is None else owed.id,
            kind=event.kind,
            data={"key": event.key},
        )
        .on_conflict_do_nothing()
    )
    return kept.rowcount == 1 or planted("take_event_twice")
