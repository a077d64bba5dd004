"""The stock page: the list of items, a line to add to it, and the ledger of the chosen item."""

from dataclasses import dataclass

from litestar import get, post
from litestar.di import NamedDependency

from shopapi.client import BadRequest, ProblemError, ShopApiError
from shopapi.contract.items import Item, ItemInput
from shopweb.forms import FieldError, key_of, new_key, one_line, whole_number
from shopweb.office.desk import desk_page
from shopweb.office.listing import Wanted, open_list, staff_list
from shopweb.office.refusals import refused, wrong_name, wrong_quantity
from shopweb.office.rows import stock_url
from shopweb.session import Note, Undo
from shopweb.visit import Page, Visit


@dataclass(frozen=True)
class AddLine:
    """The line that adds to the stock, as it was typed."""

    name: str = ""
    quantity: str = "1"
    key: str = ""


@get("/office/stock")
async def show_stock(visit: NamedDependency[Visit]) -> Page:
    """The list."""
    visit.require_staff()
    try:
        return await stock_page(visit)
    except BadRequest:  # A cursor that was cut short, or is of another release.
        if not visit.asked("cursor"):
            raise
        return visit.redirect("/office/stock")


@post("/office/stock")
async def add_stock(visit: NamedDependency[Visit]) -> Page:
    """Add units to the item of that name, or make it."""
    visit.require_staff()
    sent = await visit.read_form()
    name, quantity, key = one_line(sent.get("name", "")), sent.get("quantity", ""), key_of(sent)
    units = whole_number(quantity)
    errors = wrong_name(visit, name) + wrong_quantity(visit, quantity)
    if units is not None and not errors:
        try:
            item, made = await visit.api.add_item(ItemInput(name, units), key=key)
            return visit.redirect(stock_url(item=item.id), note=await _note_of(visit, item, units, made))
        except ProblemError as error:
            errors = refused(visit, error)
    return await stock_page(visit, add=AddLine(sent.get("name", ""), quantity, new_key()), errors=errors, status=422)


async def stock_page(
    visit: Visit, *, add: AddLine | None = None, errors: list[FieldError] | None = None, status: int = 200
) -> Page:
    """The page with its list; ``add`` and ``errors`` are what came back from a form."""
    wanted = Wanted.of(visit)
    found = await (open_list(visit, wanted) if visit.open_items else staff_list(visit, wanted))
    return desk_page(
        visit,
        "office/stock.html",
        status=status,
        list=found,
        add=add or AddLine(key=new_key()),
        errors=errors or [],
    )


async def _note_of(visit: Visit, item: Item, units: int, made: bool) -> Note:
    undo = None
    try:
        now = await visit.api.get_item(item.id)
    except ShopApiError:
        pass  # The units are added; that they can be undone is only a favour.
    else:
        # Only where nobody has changed it since: the ETag is that of what this form left.
        if now.value == item and (made or units):
            undo = Undo(item.id, item.name, 0 if made else item.quantity - units, now.etag, made)
    return Note("made" if made else "added", item.name, units, undo)
