"""Arrange what a test needs, in the words of the shop. Each takes a connection inside a transaction."""

from functools import cache
from itertools import count
from typing import Final

from sqlalchemy import Connection, func, insert, select, update

from shopapi.accounts import store as accounts
from shopapi.accounts.key_store import create_api_key
from shopapi.accounts.passwords import hash_password
from shopapi.accounts.session_store import create_session
from shopapi.accounts.tables import staff as staff_table
from shopapi.catalog.tables import variant
from shopapi.contract.accounts import ApiKeyInput, Permission, Role, Staff, StaffInput
from shopapi.contract.items import Item, ItemInput
from shopapi.contract.stock import Ledger
from shopapi.db.engine import Reader
from shopapi.db.types import clock
from shopapi.inventory.item_store import add_item
from shopapi.inventory.level_store import read_ledger
from shopapi.inventory.tables import MAIN_LOCATION, reservation, stock_level, stock_movement

PASSWORD: Final = "correct-horse-battery-staple"
"""What everybody of the staff signs in with."""

_numbers = count(1)


def staff(c: Connection, *, role: Role = "clerk", email: str = "", name: str = "Anna Weber") -> Staff:
    """A member of staff, who signs in with :data:`PASSWORD`. The first one is an owner, or gets one beside them."""
    if role != "owner" and not accounts.has_staff(c):
        staff(c, role="owner")  # A shop in which nobody can manage the staff is a finding of the audit.
    who = StaffInput(email=email or f"{role}-{next(_numbers)}@shop.example", name=name, role=role, password=PASSWORD)
    return accounts.create_staff(c, who, actor="shopctl", password_hash=_hash())


def session(c: Connection, who: Staff) -> str:
    """The token of a new session of ``who``."""
    row_id = c.execute(select(staff_table.c.id).where(staff_table.c.public_id == who.id)).scalar_one()
    return create_session(c, row_id)[0]


def api_key(c: Connection, maker: Staff, *permissions: Permission) -> str:
    """The secret of a new API key that ``maker`` made."""
    wanted = ApiKeyInput(name="till", permissions=list(permissions))
    secret = create_api_key(c, wanted, actor=maker.id, maker_email=maker.email).secret
    assert secret is not None
    return secret


def item(c: Connection, *, name: str = "", quantity: int = 10) -> Item:
    """An item in stock."""
    wanted = ItemInput(name=name or f"Mug {next(_numbers)}", quantity=quantity)
    return add_item(c, wanted, actor="shopctl")[0].item


def items(c: Connection, number: int, *, quantity: int = 10) -> list[Item]:
    """So many items in stock."""
    return [item(c, quantity=quantity) for _ in range(number)]


def sku_of(c: Connection, item_id: int) -> str:
    """The sku of an item."""
    return str(c.execute(select(variant.c.sku).where(variant.c.id == item_id)).scalar_one())


def reserve(c: Connection, item_id: int, quantity: int, *, order_id: int = 0) -> int:
    """Hold units of an item as an order does, and answer the order's id; raises where there are not so many."""
    order_id = order_id or next(_numbers)
    c.execute(
        insert(reservation).values(
            order_id=order_id,
            variant_id=item_id,
            location_id=MAIN_LOCATION,
            quantity=quantity,
            state="held",
            expires_at=clock(900),
        )
    )
    _change_reserved(c, item_id, quantity)
    return order_id


def release(c: Connection, order_id: int, item_id: int) -> None:
    """Let go of what :func:`reserve` held."""
    held = c.execute(
        update(reservation)
        .where(reservation.c.order_id == order_id, reservation.c.variant_id == item_id, reservation.c.state == "held")
        .values(state="released")
        .returning(reservation.c.quantity)
    ).scalar_one()
    _change_reserved(c, item_id, -held)


def _change_reserved(c: Connection, item_id: int, units: int) -> None:
    changed = c.execute(
        update(stock_level)
        .where(stock_level.c.variant_id == item_id, stock_level.c.location_id == MAIN_LOCATION)
        .values(reserved=stock_level.c.reserved + units, version=stock_level.c.version + 1, updated_at=clock())
    )
    assert changed.rowcount == 1, f"No item has the id {item_id}."


@cache
def _hash() -> str:
    # Made once a run: a password hash is slow on purpose.
    return hash_password(PASSWORD)


def sums_of_movements(c: Reader) -> dict[str, int]:
    """Units moved in all, by reason."""
    rows = c.execute(
        select(stock_movement.c.reason, func.sum(stock_movement.c.delta).label("units")).group_by(
            stock_movement.c.reason
        )
    )
    return {row.reason: int(row.units) for row in rows}


def ledger(c: Reader, sku: str) -> Ledger:
    """The newest page of a sku's ledger."""
    return read_ledger(c, sku, limit=1, before=None)[0]
