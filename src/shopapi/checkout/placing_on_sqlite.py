"""The same as :mod:`shopapi.checkout.placing`, as SQLite needs it: a few statements under its one write lock."""

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, insert, select, text, update

from shopapi.carts.tables import cart
from shopapi.catalog.stock_shown import Change, stocks_changed
from shopapi.catalog.tables import variant
from shopapi.checkout.draft import Draft
from shopapi.checkout.verdict import Verdict
from shopapi.db.types import clock
from shopapi.events.outbox_store import tell
from shopapi.http.idempotency import LEASE_S
from shopapi.http.idempotency_table import idempotency_key
from shopapi.inventory.tables import MAIN_LOCATION, reservation, stock_level
from shopapi.orders.tables import order_event, order_line, sales_order
from shopapi.payments.tables import payment, payment_attempt
from shopapi.promotions.tables import code_redemption, promotion_code

_ORDER: Final = (
    "number", "state", "currency", "prices_include_tax", "subtotal", "discount", "shipping", "shipping_tax_rate_bp",
    "shipping_tax", "tax", "total", "line_count", "discounts", "email", "customer_name", "country", "shipping_address",
    "billing_address", "shipping_method", "locale", "access_token_hash", "search_words", "placed_at", "expires_at",
    "event_count",
)  # fmt: skip
_CODE: Final = text(
    """SELECT d.id, 1 + (SELECT coalesce(max(r.slot), 0) FROM code_redemption r
      WHERE r.code_id = d.id AND r.customer_key = :customer) AS slot,
    (d.max_uses IS NULL OR d.used < d.max_uses) AND p.starts_at <= :now AND (p.ends_at IS NULL OR p.ends_at > :now)
    AND (d.max_uses_per_customer IS NULL OR d.max_uses_per_customer > (SELECT count(*) FROM code_redemption r
      WHERE r.code_id = d.id AND r.customer_key = :customer)) AS good
    FROM promotion_code d JOIN promotion p ON p.id = d.promotion_id WHERE d.id = :code"""
)
_LEVELS: Final = (
    select(
        variant.c.id,
        variant.c.product_id,
        variant.c.price,
        variant.c.item_name,
        (stock_level.c.on_hand - stock_level.c.reserved).label("free"),
    )
    .join_from(variant, stock_level, stock_level.c.variant_id == variant.c.id)
    .where(stock_level.c.location_id == MAIN_LOCATION)
)


def place_on_sqlite(c: Connection, draft: Draft, values: dict[str, Any]) -> Verdict:
    """Place the order or change nothing; the caller holds the write lock."""
    open_cart = cart.c.id == values["cart"], cart.c.version == values["cart_version"], cart.c.state == "open"
    if c.execute(select(cart.c.id).where(*open_cart)).first() is None:
        return Verdict("cart", {})
    wanted = {line.variant_id: line for line in draft.priced.sold}
    levels = {row.id: row for row in c.execute(_LEVELS.where(variant.c.id.in_(wanted)))}
    if any(levels[key].price != line.price or levels[key].item_name is None for key, line in wanted.items()):
        return Verdict("price", {})
    short = {line.sku: max(0, levels[key].free) for key, line in wanted.items() if levels[key].free < line.quantity}
    if short:
        return Verdict("stock", short)
    now = c.execute(select(clock())).scalar_one()
    told = {"customer": values["customer"], "now": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
    codes = [c.execute(_CODE, {**told, "code": code}).one() for code in values["codes"]]
    used_up = tuple(code.id for code in codes if not code.good)
    if used_up:
        return Verdict("code", {}, used_up)
    if not _claimed(c, values):
        return Verdict("key", {})
    _write(c, draft, values, codes)
    for key in sorted(wanted):
        _take(c, levels[key], wanted[key].quantity)
    return Verdict("placed", {})


def _claimed(c: Connection, values: dict[str, Any]) -> bool:
    from sqlalchemy.dialects.sqlite import insert as insert_or_ignore

    waits = values["key_state"] == "claimed"
    statement = insert_or_ignore(idempotency_key).values(
        scope=values["scope"],
        key=values["key"],
        fingerprint=values["fingerprint"],
        state=values["key_state"],
        status=values["status"],
        headers=msgspec.json.decode(values["headers"]),
        body=values["body"],
        owner=values["owner"],
        lease_until=clock(LEASE_S) if waits else None,
        order_number=values["number"],
    )
    return c.execute(statement.on_conflict_do_nothing()).rowcount == 1


def _write(c: Connection, draft: Draft, values: dict[str, Any], codes: list[Row[*tuple[Any, ...]]]) -> None:
    order_id = c.execute(
        insert(sales_order)
        .values(cart_id=values["cart"], **{name: values[name] for name in _ORDER})
        .returning(sales_order.c.id)
    ).scalar_one()
    lines = msgspec.json.decode(values["lines"])
    c.execute(insert(order_line), [{"order_id": order_id, **line} for line in lines])
    c.execute(
        insert(reservation),
        [
            {
                "order_id": order_id,
                "variant_id": line["variant_id"],
                "location_id": MAIN_LOCATION,
                "quantity": line["quantity"],
                "state": values["reservation_state"],
                "expires_at": values["expires_at"],
            }
            for line in lines
        ],
    )
    if values["total"]:
        _owe(c, order_id, values)
    for code in codes:
        c.execute(
            insert(code_redemption).values(
                code_id=code.id, order_id=order_id, customer_key=values["customer"], slot=code.slot
            )
        )
        c.execute(update(promotion_code).where(promotion_code.c.id == code.id).values(used=promotion_code.c.used + 1))
    for event in draft.order.events:
        c.execute(
            insert(order_event).values(
                order_id=order_id,
                sequence=event.sequence,
                kind=event.kind,
                actor="customer",
                data={},
                at=values["placed_at"],
            )
        )
        tell(c, f"order.{event.kind}", f"order:{draft.number}", event.sequence, {"order": draft.number})
    c.execute(
        update(cart)
        .where(cart.c.id == values["cart"])
        .values(state="ordered", version=cart.c.version + 1, updated_at=clock())
    )


def _owe(c: Connection, order_id: int, values: dict[str, Any]) -> None:
    payment_id = c.execute(
        insert(payment)
        .values(
            public_id=values["payment_id"],
            order_id=order_id,
            provider=values["provider"],
            currency=values["currency"],
            amount=values["total"],
            state="pending",
        )
        .returning(payment.c.id)
    ).scalar_one()
    c.execute(
        insert(payment_attempt).values(
            payment_id=payment_id,
            kind="capture",
            provider_key=values["payment_key"],
            state="intended",
            next_check_at=clock(LEASE_S) if values["key_state"] == "claimed" else None,
        )
    )


def _take(c: Connection, level: Row[*tuple[Any, ...]], quantity: int) -> None:
    c.execute(
        update(stock_level)
        .where(stock_level.c.variant_id == level.id, stock_level.c.location_id == MAIN_LOCATION)
        .values(reserved=stock_level.c.reserved + quantity, updated_at=clock())
    )
    after = level.free - quantity
    stocks_changed(c, [Change(level.product_id, level.id, level.price, level.free, after)])
