"""How items and movements are shown: small values that the templates only have to print."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from shopapi.contract.items import Item
from shopapi.contract.stock import Ledger, Level, Movement
from shopweb import locale
from shopweb.visit import Visit

LOW: Final = 5
"""So many units or fewer count as low, as the API's view ``low`` has it."""


@dataclass(frozen=True)
class Badge:
    """A state as a colour and a shape (``look``) and a word."""

    look: str
    word: str


@dataclass(frozen=True)
class Row:
    """An item in the list. What only signed-in staff see is empty in the open list."""

    item_id: int
    name: str
    on_hand: int
    page: str
    sku: str = ""
    reserved: str = ""
    available: str = ""
    badges: tuple[Badge, ...] = ()
    etag: str = ""
    choose: str = ""
    chosen: bool = False


@dataclass(frozen=True)
class MovementLine:
    """A line of the ledger."""

    delta: str
    comes: bool
    word: str
    told: str
    at: locale.Moment


@dataclass(frozen=True)
class LedgerView:
    """A ledger with its proof: the sum of the movements beside the units on hand."""

    lines: list[MovementLine]
    total: str
    on_hand: str
    reserved: str
    available: str
    sum_of_deltas: str
    balanced: bool
    older: str


def stock_url(**query: str | int) -> str:
    """The stock page with these parameters; empty ones are left out."""
    found = {name: value for name, value in query.items() if value not in ("", 0)}
    return "/office/stock" + (f"?{urlencode(found)}" if found else "")


def level_row(visit: Visit, level: Level, *, choose: str, chosen: bool) -> Row:
    """A row for signed-in staff."""
    return Row(
        item_id=level.item_id,
        name=level.name,
        on_hand=level.on_hand,
        page=f"/office/stock/{level.item_id}",
        sku=level.sku,
        reserved=visit.number(level.reserved),
        available=visit.number(level.available),
        badges=badges(visit, level),
        etag=level_etag(level),
        choose=choose,
        chosen=chosen,
    )


def item_row(item: Item) -> Row:
    """A row of the open list."""
    return Row(item_id=item.id, name=item.name, on_hand=item.quantity, page=f"/office/stock/{item.id}")


def level_etag(level: Level) -> str:
    """The ETag that ``/items/{id}`` has while the level is as it was read."""
    return f'"v{level.version}"'


def badges(visit: Visit, level: Level) -> tuple[Badge, ...]:
    """What is to be seen of an item at a glance."""
    found = []
    if level.state == "draft":
        found.append(Badge("draft", visit.gettext("Draft")))
    if level.on_hand == 0:
        found.append(Badge("bad", visit.gettext("Sold out")))
    elif level.available <= 0:
        found.append(Badge("bad half", visit.gettext("All reserved")))
    elif level.available <= LOW:
        found.append(Badge("warn half", visit.gettext("Low")))
    return tuple(found)


def ledger_view(visit: Visit, ledger: Ledger, *, older: str = "") -> LedgerView:
    """A page of a ledger; ``older`` is where its next page is."""
    return LedgerView(
        lines=[_movement_line(visit, movement) for movement in ledger.data],
        total=visit.number(ledger.total),
        on_hand=visit.number(ledger.on_hand),
        reserved=visit.number(ledger.reserved),
        available=visit.number(ledger.on_hand - ledger.reserved),
        sum_of_deltas=visit.number(ledger.sum_of_deltas),
        balanced=ledger.sum_of_deltas == ledger.on_hand,
        older=older if ledger.next_cursor else "",
    )


def _movement_line(visit: Visit, movement: Movement) -> MovementLine:
    told = ", ".join(filter(None, (movement.actor, movement.reference)))
    at = locale.Moment(movement.at, visit.now, visit.language)
    return MovementLine(
        locale.signed(movement.delta, visit.language), movement.delta > 0, _reason(visit, movement), told, at
    )


def _reason(visit: Visit, movement: Movement) -> str:
    match movement.reason:
        case "receive":
            return visit.gettext("Received")
        case "correct":
            return visit.gettext("Correction")
        case "sell":
            return visit.gettext("Sold")
        case "return":
            return visit.gettext("Returned")
        case "write_off":
            return visit.gettext("Written off")
        case "transfer":
            return visit.gettext("Transfer")
