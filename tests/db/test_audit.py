"""The audit: each promise, broken on purpose, is found by its name; and what is append-only stays so."""

import pytest
from sqlalchemy import Connection, insert, text
from sqlalchemy.exc import DBAPIError

from shopapi.contract.orders import ShipmentInput
from shopapi.db.audit import INVARIANTS, MOST_SHOWN, audit
from shopapi.db.engine import Database
from shopapi.events.heartbeat import beat
from shopapi.events.take_in import take_in
from shopapi.orders.ship_order import ship_order
from shopapi.payments.begin_refund import intend_refund
from shopapi.payments.providers.interface import RefundAnswer
from shopapi.payments.record_refund import record_refund
from shopapi.payments.store import lock_payment
from shopapi.payments.tables import payment_event
from shopapi.runtime.settings import read
from shopapi.settings import ApiSettings
from tests import factories
from tests.conftest import SECRET_KEY
from tests.templates import Filling

# What breaks each promise, in a shop of two items with ten units each, the first with three of them reserved, and one
# product on sale, in a category within another. Of that product four orders were made: one waits for its money, one is
# paid, one is paid and partly refunded, with its invoice and credit note, and one is shipped; they used a code.
SPOILERS = {
    "on hand = sum of movements": "UPDATE stock_level SET on_hand = on_hand + 1 WHERE variant_id = 1",
    "every movement has a level": "DELETE FROM stock_level WHERE variant_id = 2",
    "reserved = sum of reservations": "UPDATE stock_level SET reserved = reserved + 1 WHERE variant_id = 1",
    "every reservation has a level": "DELETE FROM stock_level WHERE variant_id = 1",
    "0 <= reserved <= on hand": "UPDATE stock_level SET reserved = on_hand + 1 WHERE variant_id = 1",
    "archived items hold no stock": "UPDATE variant SET item_name = NULL, archived_at = created_at WHERE id = 2",
    "every product has a variant": "DELETE FROM variant WHERE id = 2",
    "a product is archived with its last variant": "UPDATE product SET state = 'archived' WHERE id = 1",
    "every living item has a level": "DELETE FROM stock_level WHERE variant_id = 2",
    "every slug answers": "DELETE FROM product_slug WHERE product_id = 1",
    "lists show what is on sale": "UPDATE variant SET price = price + 1 WHERE sku = 'KRUG'",
    "what is shown of stock is what can be had": "UPDATE availability SET units = units - 1",
    "categories show their products, and those below them": "DELETE FROM product_category",
    "counts of lists = their products": "UPDATE listing_count SET products = products + 1 WHERE category_id <> 0",
    "the price = the last price change": "UPDATE variant SET price = price + 1 WHERE sku = 'KRUG'",
    "somebody can manage the staff": "UPDATE staff SET role = 'clerk'",
    "one live order for each cart": "UPDATE sales_order SET cart_id = 2 WHERE cart_id = 3",
    "a cart is ordered where it has a live order": "UPDATE cart SET state = 'open' WHERE id = 2",
    "lines, discount, shipping and tax sum to the total": "UPDATE sales_order SET tax = tax + 1 WHERE cart_id = 2",
    "an order that is not cancelled holds its stock, line by line": "UPDATE reservation SET state = 'released' "
    "WHERE order_id = 2",
    "every reservation belongs to an order": "DELETE FROM order_line WHERE order_id = 2",
    "never more shipped than ordered": "UPDATE shipment_line SET quantity = quantity + 1",
    "timelines have no gap, and say how an order stands": "UPDATE sales_order SET event_count = event_count + 1 "
    "WHERE id = 2",
    "what is confirmed is paid, what is paid is confirmed": "UPDATE sales_order SET state = 'confirmed' WHERE id = 2",
    "captured = sum of captures": "UPDATE payment SET captured = captured + 1 WHERE id = 2",
    "refunded = sum of refunds, within what was captured": "UPDATE payment SET refunded = refunded + 1 WHERE id = 3",
    "nobody forgets to ask about money": "UPDATE payment SET provider = 'sandbox' WHERE id = 1",
    "every movement of money is in the books, once": "DELETE FROM ledger_transaction WHERE kind = 'refund'",
    "what a provider owes = captured - refunded": "UPDATE ledger_line SET amount = amount + 1 "
    "WHERE credit LIKE 'clearing:%'",
    "uses = redemptions, within their limits": "UPDATE promotion_code SET used = used - 1",
    "numbers have no gap": "UPDATE invoice_counter SET last = last + 1",
    "the outbox has no gap": "DELETE FROM outbox WHERE sequence = 2 AND topic = 'order.paid'",
    "nothing waits that a worker should have taken in": "UPDATE outbox SET done_at = NULL, "
    "available_at = (SELECT min(valid_from) FROM tax_rate)",
    "no idempotency key is stuck": "INSERT INTO idempotency_key (scope, key, fingerprint, state, created_at) "
    "SELECT 's', 'k', token_hash, 'claimed', created_at FROM session",
}


def a_shop_that_sells(database: Database) -> None:
    with database.writing() as c:
        first, _ = factories.item(c, name="Mug"), factories.item(c, name="Plate")
        factories.reserve(c, first.id, 3)
        factories.session(c, factories.staff(c, role="owner"))
        factories.category(c, "Geschirr", "Krüge")
    factories.save(database, factories.goods("Krug", categories=["kruege"], on_hand=14))
    with database.writing() as c:
        sell(c)
    take_in(database, read(ApiSettings, {"SHOP_SECRET_KEY": SECRET_KEY}))
    with database.writing() as c:
        beat(c, "test")


@pytest.fixture
def starts_with(request: pytest.FixtureRequest) -> Filling | None:
    return a_shop_that_sells if "shop" in request.fixturenames else None


@pytest.fixture
def shop(database: Database) -> Database:
    """A database that starts with a shop that sells."""
    return database


def sell(c: Connection) -> None:
    """Four orders of a jug: the carts 2 to 5, because the reservation above is an order too, with payments 1 to 4."""
    factories.promotion(c, "HERBST10", max_uses_per_customer=3)
    factories.order(c, ("KRUG", 1), email="one@kunde.example", code="HERBST10")
    factories.paid_order(c, ("KRUG", 1), email="two@kunde.example", code="HERBST10")
    refunded = factories.paid_order(c, ("KRUG", 1))
    _, owed = lock_payment(c, refunded)
    assert owed is not None
    key = intend_refund(c, owed, 100, key="k", reason="broken", actor="shop")
    record_refund(c, key, RefundAnswer("succeeded", "r", 100))
    c.execute(insert(payment_event).values(provider="sandbox", provider_event_id="e1", kind="charge.open", data={}))
    ship_order(c, factories.paid_order(c, ("KRUG", 1)), ShipmentInput(), actor="shop")


def let_everything_pass(c: Connection) -> None:
    """Take away what the database itself holds, so that the audit can be seen to find it."""
    c.execute(text("DROP INDEX uq_sales_order_live_cart"))
    if c.dialect.name == "sqlite":
        c.execute(text("PRAGMA ignore_check_constraints = ON"))
        for name in c.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all():
            c.execute(text(f'DROP TRIGGER "{name}"'))
        return
    c.execute(text("SET session_replication_role = replica"))
    checks = "SELECT conrelid::regclass, conname FROM pg_constraint WHERE contype = 'c' AND conrelid <> 0"
    for table, name in c.execute(text(checks)).all():
        if "pg_" not in str(table) and "information_schema" not in str(table):
            c.execute(text(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"'))


def found(database: Database) -> dict[str, list[str]]:
    with database.reading() as c:
        return {check.name: check.findings for check in audit(c) if check.findings}


def test_every_promise_has_a_spoiler() -> None:
    assert SPOILERS.keys() == {invariant.name for invariant in INVARIANTS}


def test_a_shop_that_is_right_has_no_finding(shop: Database) -> None:
    assert found(shop) == {}
    with shop.reading() as c:
        checked = {check.name: check.checked for check in audit(c)}
    assert checked["on hand = sum of movements"] == checked["every product has a variant"] == 3
    # None of them looks at nothing, but for what this shop has none of.
    assert {name for name, rows in checked.items() if not rows} == {"archived items hold no stock"}
    assert checked["reserved = sum of reservations"] == checked["lists show what is on sale"] == 3
    assert checked["categories show their products, and those below them"] == 1


def spoil(shop: Database, statement: str) -> None:
    """Break the books past everything that guards them."""
    with shop._writer.connect() as c:
        if shop.dialect == "sqlite":
            c.exec_driver_sql("PRAGMA foreign_keys = OFF")
            c.rollback()
            c.connection.driver_connection.execute("PRAGMA foreign_keys = OFF")  # type: ignore[union-attr]
        let_everything_pass(c)
        c.execute(text(statement))
        c.commit()


@pytest.mark.spoils_the_books
@pytest.mark.parametrize("promise", SPOILERS)
def test_a_broken_promise_is_found_by_its_name(shop: Database, promise: str) -> None:
    spoil(shop, SPOILERS[promise])
    told = found(shop)
    assert promise in told, told
    assert told[promise][0]


@pytest.mark.spoils_the_books
def test_findings_are_told_up_to_a_bound(database: Database) -> None:
    with database.writing() as c:
        factories.items(c, MOST_SHOWN + 5)
        c.execute(text("UPDATE stock_level SET on_hand = on_hand + 1"))
    assert len(found(database)["on hand = sum of movements"]) == MOST_SHOWN


# Each breaks a promise in another way than its spoiler does: none is found by luck.
MORE_SPOILERS = [
    ("lists show what is on sale", "UPDATE product SET state = 'draft' WHERE slug = 'krug'"),
    ("lists show what is on sale", "DELETE FROM listing"),
    ("lists show what is on sale", "UPDATE listing SET price_max = price_max + 1"),
    ("lists show what is on sale", "UPDATE variant SET price = NULL WHERE sku = 'KRUG'"),
    ("what is shown of stock is what can be had", "DELETE FROM availability WHERE product_id = 1"),
    ("what is shown of stock is what can be had", "UPDATE stock_level SET on_hand = 2, reserved = 1"),
    ("what is shown of stock is what can be had", "UPDATE variant SET price = 1 WHERE id = 1"),
    ("categories show their products, and those below them", "DELETE FROM listing_category WHERE category_id = 1"),
    ("categories show their products, and those below them", "UPDATE category SET path = 'x/' || path WHERE id = 2"),
    ("counts of lists = their products", "DELETE FROM listing_category"),
    ("counts of lists = their products", "DELETE FROM listing_count WHERE category_id = 0"),
    ("the price = the last price change", "UPDATE variant SET price = NULL WHERE sku = 'KRUG'"),
]


@pytest.mark.spoils_the_books
@pytest.mark.parametrize(("promise", "spoiler"), MORE_SPOILERS)
def test_every_way_to_break_what_shoppers_see_is_found(shop: Database, promise: str, spoiler: str) -> None:
    spoil(shop, spoiler)
    assert promise in found(shop)


APPEND_ONLY = {
    "stock_movement": "delta",
    "audit_entry": "action",
    "price_change": "price",
    "order_event": "kind",
    "payment_event": "kind",
    "ledger_transaction": "kind",
    "ledger_line": "amount",
    "invoice": "number",
}


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_what_is_append_only_refuses_every_change(shop: Database, table: str) -> None:
    column = APPEND_ONLY[table]
    statements = [f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"]
    if shop.dialect == "postgresql":
        statements.append(f"TRUNCATE {table} CASCADE")
    with shop.reading() as c:
        before = c.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
    assert before > 0
    for statement in statements:
        with pytest.raises(DBAPIError, match="append-only"):
            shop.write(lambda c, statement=statement: c.execute(text(statement)))  # type: ignore[misc]
    with shop.reading() as c:
        assert c.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE stock_level SET on_hand = -1",
        "UPDATE stock_level SET reserved = -1",
        "UPDATE stock_level SET reserved = on_hand + 1",
        "UPDATE stock_level SET on_hand = 1000001",
        "UPDATE variant SET item_name = 'Mug'",
        "UPDATE variant SET item_name = NULL",
        "UPDATE variant SET sku = 'same'",
        "UPDATE product SET slug = 'same'",
        "UPDATE product SET state = 'sold'",
        "UPDATE product SET tax_class = 'none'",
        "UPDATE variant SET price = -1",
        "UPDATE variant SET content_amount = 0",
        "UPDATE variant SET content_unit = 'lb'",
        "UPDATE variant SET image = 'nothing'",
        "UPDATE availability SET units = -1",
        "UPDATE listing SET price_min = -1",
        "UPDATE listing_count SET products = -1",
        "UPDATE shop SET id = 2",
        "UPDATE shop SET default_locale = 'fr'",
        "UPDATE category SET slug = 'same'",
        "UPDATE tax_rate SET rate_bp = 10000",
        "UPDATE shipping_method SET days_min = days_max + 1",
        "DELETE FROM product",
        "DELETE FROM category",
        "UPDATE staff SET role = 'god'",
        "UPDATE reservation SET quantity = 0",
        "UPDATE reservation SET shipped = quantity + 1",
        "UPDATE stock_level SET variant_id = variant_id + 100",
        "UPDATE idempotency_key SET state = 'x'",
        "UPDATE sales_order SET cart_id = 2",
        "UPDATE sales_order SET number = 'S-000000'",
        "UPDATE cart SET token = 'same'",
        "UPDATE payment SET captured = amount + 1",
        "UPDATE payment SET refund_pending = captured - refunded + 1",
        "UPDATE payment SET refunded = -1",
        "UPDATE promotion_code SET used = -1",
        "UPDATE promotion_code SET max_uses = used - 1",
        "UPDATE outbox SET sequence = 1",
        "UPDATE payment_attempt SET provider_key = 'same'",
        "UPDATE code_redemption SET slot = 1, customer_key = 'same'",
        "UPDATE payment SET amount = 0",
        "UPDATE payment SET state = 'paid'",
        "UPDATE payment SET refund_pending = -1",
        "UPDATE promotion SET kind = 'gift'",
        "UPDATE promotion SET scope = 'shop'",
        "UPDATE promotion SET value = -1",
        "UPDATE promotion SET value = 10001",
        "UPDATE promotion SET min_subtotal = -1",
        "UPDATE promotion SET scope = 'category'",
        "UPDATE promotion SET scope = 'product'",
        "UPDATE promotion_code SET max_uses_per_customer = 0",
        "UPDATE code_redemption SET slot = 0",
        "UPDATE shipping_method SET steps_by = 'length'",
        "UPDATE cart SET state = 'lost'",
        "INSERT INTO cart_line SELECT k.id, v.id, 0, 1, 1, v.created_at FROM cart k, variant v",
        "INSERT INTO cart_line SELECT k.id, v.id, 1000, 1, 1, v.created_at FROM cart k, variant v",
        "UPDATE sales_order SET state = 'lost'",
        "UPDATE sales_order SET shipping_state = 'lost'",
        "UPDATE sales_order SET total = -1",
        "UPDATE sales_order SET line_count = 0",
        "UPDATE order_line SET quantity = 0",
        "UPDATE order_line SET unit_price = -1",
        "UPDATE order_line SET discount = -1",
        "UPDATE order_line SET total = -1",
        "UPDATE shipment_line SET quantity = 0",
        "UPDATE payment_attempt SET state = 'lost'",
        "UPDATE payment_attempt SET kind = 'gift'",
        "UPDATE refund SET amount = 0",
        "UPDATE refund SET state = 'lost'",
        "UPDATE refund SET provider_key = NULL",
        "INSERT INTO payment_issue (payment_id, kind, data, created_at) SELECT id, 'x', '{}', created_at FROM payment",
        "UPDATE email_message SET state = 'lost'",
        "UPDATE invoice_counter SET last = -1",
        "INSERT INTO order_event (order_id, sequence, kind, actor, data, at) "
        "SELECT id, 0, 'note', 'shop', '{}', placed_at FROM sales_order",
        "INSERT INTO ledger_transaction (kind, source, source_id, created_at) "
        "SELECT 'gift', 'refund', id, created_at FROM payment",
        "INSERT INTO ledger_line (transaction_id, position, debit, credit, currency, amount, created_at) "
        "SELECT transaction_id, 99, debit, credit, currency, 0, created_at FROM ledger_line",
        "INSERT INTO ledger_line (transaction_id, position, debit, credit, currency, amount, created_at) "
        "SELECT transaction_id, 99, debit, debit, currency, 1, created_at FROM ledger_line",
        "INSERT INTO invoice (public_id, series, number, kind, order_id, refund_id, content, pdf, created_at) "
        "SELECT 'i' || id, 'X', 0, 'credit_note', order_id, 1, content, pdf, created_at FROM invoice "
        "WHERE kind = 'invoice'",
        "INSERT INTO invoice (public_id, series, number, kind, order_id, refund_id, content, pdf, created_at) "
        "SELECT 'i' || id, 'X', 1, 'gift', order_id, NULL, content, pdf, created_at FROM invoice "
        "WHERE kind = 'invoice'",
        "INSERT INTO invoice (public_id, series, number, kind, order_id, refund_id, content, pdf, created_at) "
        "SELECT 'i' || id, 'X', 1, 'credit_note', order_id, NULL, content, pdf, created_at FROM invoice",
        "DELETE FROM cart",
        "DELETE FROM sales_order",
        "DELETE FROM payment",
        "DELETE FROM variant",
        "UPDATE stock_level SET on_hand = 'many'",
    ],
)
def test_the_database_itself_refuses_what_must_never_be(shop: Database, statement: str) -> None:
    with shop.writing() as c:
        stuck = "INSERT INTO idempotency_key (scope, key, fingerprint, state, status, body, created_at) "
        c.execute(text(f"{stuck} SELECT 's', 'k', token_hash, 'done', 200, token_hash, created_at FROM session"))
    with pytest.raises(DBAPIError):
        shop.write(lambda c: c.execute(text(statement)))
