"""SQL that changes carts. A cart's row is locked first, so that what happens to one cart happens in turn."""

from typing import Any, Final

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, Row, bindparam, delete, insert, select, text, update

from shopapi.carts.pricing import methods_to
from shopapi.carts.reading import StoredCart, read_cart
from shopapi.carts.redeeming import check_code
from shopapi.carts.rules import (
    CartAlreadyOrdered,
    CartGone,
    NoDelivery,
    NotForSale,
    NotInCart,
    TooFewInStock,
    TooMuch,
    check_contact,
    new_token,
    plain_contact,
)
from shopapi.carts.tables import KEPT_DAYS, cart, cart_code, cart_line
from shopapi.catalog.tables import shop, variant
from shopapi.contract.carts import MAX_LINE_QUANTITY, MAX_LINES, ContactInput, LineInput
from shopapi.contract.catalog import Locale
from shopapi.db.engine import TryAgain
from shopapi.db.prepared import prepared
from shopapi.db.types import clock
from shopapi.promotions.rules import normal_code
from shopapi.promotions.store import find_code

_BATCH: Final = 1000


def create_cart(c: Connection, lines: list[LineInput], locale: Locale | None) -> StoredCart:
    """A new cart with these lines, all of them or none.

    Raises :class:`NotForSale`, :class:`TooMuch`, and :class:`TooFewInStock` with everything that lacks.
    """
    token = new_token()
    c.execute(insert(cart).from_select(["token", "state", "currency"], _NEW_CART), {"token": token})
    short: dict[str, int] = {}
    for line in lines:
        try:
            add_line(c, token, line)
        except TooFewInStock as error:
            short |= error.left or {}
    if short:
        raise TooFewInStock(short)
    return read_cart(c, token, locale)


_NEW_CART: Final = select(bindparam("token"), text("'open'"), shop.c.currency)

# What a line needs to know, in one row, whatever there is; `had` is what the cart holds of it.
_FACTS: Final = """
SELECT k.id, k.state, v.id AS variant_id, v.price, e.on_hand - e.reserved AS free,
  coalesce((SELECT l.quantity FROM cart_line l WHERE l.cart_id = k.id AND l.variant_id = v.id), 0) AS had,
  (SELECT count(*) FROM cart_line l WHERE l.cart_id = k.id) AS lines,
  (SELECT coalesce(max(l.position), 0) + 1 FROM cart_line l WHERE l.cart_id = k.id) AS position
FROM cart k
LEFT JOIN (variant v JOIN product p ON p.id = v.product_id AND p.state = 'active'
  JOIN stock_level e ON e.variant_id = v.id AND e.location_id = 1)
  ON v.sku = :sku AND v.item_name IS NOT NULL AND v.price IS NOT NULL
WHERE k.token = :token
"""
_FITS: Final = f"least(free, {MAX_LINE_QUANTITY})"
# One statement: the cart's row is locked before anything is read, and what two callers add at once is summed on the
# line's newest version, never on what was read before.
_ADD_ON_POSTGRESQL: Final = prepared(
    text(f"""
WITH locked AS MATERIALIZED (SELECT id FROM cart WHERE token = :token AND state = 'open' FOR UPDATE),
facts AS MATERIALIZED ({_FACTS} AND EXISTS (SELECT 1 FROM locked)),
added AS (
  INSERT INTO cart_line (cart_id, variant_id, quantity, price_told, position, created_at)
  SELECT id, variant_id, CAST(:quantity AS bigint), price, position, now() FROM facts
  WHERE state = 'open' AND free IS NOT NULL AND had + :quantity <= {_FITS} AND (had > 0 OR lines < {MAX_LINES})
  ON CONFLICT (cart_id, variant_id) DO UPDATE
    SET quantity = cart_line.quantity + excluded.quantity, price_told = excluded.price_told
    WHERE cart_line.quantity + excluded.quantity <= (SELECT {_FITS} FROM facts)
  RETURNING 1
), newer AS (
  UPDATE cart SET version = version + 1, updated_at = now() FROM added WHERE cart.id = (SELECT id FROM facts)
)
SELECT facts.*, EXISTS (SELECT 1 FROM added) AS added FROM facts
""")  # noqa: S608 - of our own words alone
)
_FACTS_ALONE: Final = text(_FACTS)


def add_line(c: Connection, token: str, line: LineInput) -> None:
    """Add units of a sku; those that are in the cart already count as well.

    Raises :class:`CartGone`, :class:`CartAlreadyOrdered`, :class:`NotForSale`, :class:`TooFewInStock`,
    :class:`TooMuch`.
    """
    if c.dialect.name == "postgresql":
        row = c.execute(_ADD_ON_POSTGRESQL, {"token": token, "sku": line.sku, "quantity": line.quantity}).first()
        if row is None:  # It is none, or is ordered by now: a new statement sees which.
            row = c.execute(_FACTS_ALONE, {"token": token, "sku": line.sku}).first()
            _refuse(row, line, added=True)  # It is open again: whether the units fit, the next try tells.
            raise TryAgain(f"cart {token}")
        _refuse(row, line, added=row.added)
        return
    row = c.execute(_FACTS_ALONE, {"token": token, "sku": line.sku}).first()
    _refuse(row, line, added=_fits(row, line))
    if row is not None:
        _set_quantity(c, row, row.had + line.quantity)


def _fits(row: Row[Any] | None, line: LineInput) -> bool:
    if row is None or row.state != "open" or row.free is None:
        return False
    wanted = int(row.had) + line.quantity
    return bool(wanted <= min(row.free, MAX_LINE_QUANTITY) and (row.had > 0 or row.lines < MAX_LINES))


def _refuse(row: Row[Any] | None, line: LineInput, *, added: bool) -> None:
    if row is None:
        raise CartGone
    if row.state != "open":
        raise CartAlreadyOrdered
    if row.free is None:
        raise NotForSale(line.sku)
    if added:
        return
    if row.had + line.quantity > MAX_LINE_QUANTITY or (not row.had and row.lines >= MAX_LINES):
        raise TooMuch
    raise TooFewInStock({line.sku: max(0, row.free)})


def _set_quantity(c: Connection, row: Row[Any], quantity: int) -> None:
    if row.had:
        c.execute(
            update(cart_line)
            .where(cart_line.c.cart_id == row.id, cart_line.c.variant_id == row.variant_id)
            .values(quantity=quantity, price_told=row.price)
        )
    else:
        c.execute(
            insert(cart_line).values(
                cart_id=row.id,
                variant_id=row.variant_id,
                quantity=quantity,
                price_told=row.price,
                position=row.position,
            )
        )
    _newer(c, row.id)


def set_line(c: Connection, token: str, sku: str, quantity: int) -> None:
    """Set how many units a line has; 0 removes it. The price that holds now is what the shopper has been told.

    Raises as :func:`add_line`, and :class:`NotInCart`.
    """
    cart_id = lock_open(c, token)
    row = c.execute(_FACTS_ALONE, {"token": token, "sku": sku}).one()
    if quantity == 0:
        of_sku = select(variant.c.id).where(variant.c.sku == sku).scalar_subquery()
        gone = c.execute(delete(cart_line).where(cart_line.c.cart_id == cart_id, cart_line.c.variant_id == of_sku))
        if not gone.rowcount:
            raise NotInCart(sku)
        _newer(c, cart_id)
        return
    if row.free is None:
        raise NotForSale(sku)
    if not row.had:
        raise NotInCart(sku)
    if quantity > row.free:
        raise TooFewInStock({sku: max(0, row.free)})
    _set_quantity(c, row, quantity)


def set_contact(c: Connection, token: str, contact: ContactInput, *, customer_key: str) -> None:
    """Say who buys and where it goes; a way to deliver that does not go there is taken back.

    Raises :class:`CartGone`, :class:`CartAlreadyOrdered`, :class:`NoDelivery`, :class:`InvalidRequest`.
    """
    contact = plain_contact(contact)
    check_contact(contact)
    cart_id = lock_open(c, token)
    country = contact.shipping_address.country
    ways = {one.id for one in read_cart(c, token, None).methods if country in one.countries}
    if not ways:
        raise NoDelivery("shipping_address.country", f"Nothing is delivered to {country}.")
    billing = contact.billing_address
    c.execute(
        update(cart)
        .where(cart.c.id == cart_id)
        .values(
            email=contact.email,
            customer_key=customer_key,
            shipping_address=msgspec.to_builtins(contact.shipping_address),
            billing_address=None if billing is None else msgspec.to_builtins(billing),
            country=country,
        )
    )
    c.execute(
        update(cart)
        .where(cart.c.id == cart_id, cart.c.shipping_method_id.not_in(sorted(ways)))
        .values(shipping_method_id=None)
    )
    _newer(c, cart_id)


def set_shipping(c: Connection, token: str, method: str) -> None:
    """Choose a way to deliver; raises :class:`NoDelivery` where it does not go to the cart's address."""
    cart_id = lock_open(c, token)
    stored = read_cart(c, token, None)
    if stored.country is None:
        raise NoDelivery("method", "Say first where it goes: PUT contact.")
    chosen = next((one for one in methods_to(stored) if one.public_id == method), None)
    if chosen is None:
        raise NoDelivery("method", f"No such way to deliver goes to {stored.country}.")
    c.execute(update(cart).where(cart.c.id == cart_id).values(shipping_method_id=chosen.id))
    _newer(c, cart_id)


def add_code(c: Connection, token: str, code: str, locale: Locale | None = None) -> StoredCart:
    """Put a code into the cart, in place of one that was there; answers the cart with it.

    Raises what :func:`shopapi.promotions.store.find_code` and :func:`shopapi.carts.redeeming.check_code` do.
    """
    cart_id = lock_open(c, token)
    found = find_code(c, normal_code(code))
    c.execute(delete(cart_code).where(cart_code.c.cart_id == cart_id, cart_code.c.code_id == found.code_id))
    c.execute(insert(cart_code).values(cart_id=cart_id, code_id=found.code_id))
    _newer(c, cart_id)
    # Read once with either code, so that both are compared at the same prices.
    both = read_cart(c, token, locale)
    before = [one for one in both.promotions if one.code_id != found.code_id]
    after = [one for one in both.promotions if one.code is None or one.code_id == found.code_id]
    check_code(replace(both, promotions=before), replace(both, promotions=after), code)
    c.execute(delete(cart_code).where(cart_code.c.cart_id == cart_id, cart_code.c.code_id != found.code_id))
    return replace(both, promotions=after)


def remove_code(c: Connection, token: str, code: str) -> None:
    """Take a code out; one that is not there is no mistake."""
    cart_id = lock_open(c, token)
    gone = c.execute(
        text(
            """DELETE FROM cart_code WHERE cart_id = :cart
            AND code_id IN (SELECT id FROM promotion_code WHERE code = :code)"""
        ),
        {"cart": cart_id, "code": normal_code(code)},
    )
    if gone.rowcount:
        _newer(c, cart_id)


def lock_open(c: Connection, token: str) -> int:
    """Lock a cart that can be changed and answer its id; raises :class:`CartGone`, :class:`CartAlreadyOrdered`."""
    row = c.execute(select(cart.c.id, cart.c.state).where(cart.c.token == token).with_for_update()).first()
    if row is None:
        raise CartGone
    if row.state != "open":
        raise CartAlreadyOrdered
    return int(row.id)


def _newer(c: Connection, cart_id: int) -> None:
    c.execute(update(cart).where(cart.c.id == cart_id).values(version=cart.c.version + 1, updated_at=clock()))


def drop_old_carts(c: Connection) -> int:
    """Drop open carts that nobody touched for ``KEPT_DAYS`` and that no order came of; answers how many."""
    old = (
        select(cart.c.id)
        .where(cart.c.state == "open", cart.c.updated_at < clock(-86_400 * KEPT_DAYS))
        .where(text("NOT EXISTS (SELECT 1 FROM sales_order o WHERE o.cart_id = cart.id)"))
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    )
    ids = list(c.execute(old).scalars())
    for table in (cart_line, cart_code):
        c.execute(delete(table).where(table.c.cart_id.in_(ids)))
    return c.execute(delete(cart).where(cart.c.id.in_(ids))).rowcount
