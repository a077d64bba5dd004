"""An item's page: its name and quantity, its movements, the whole ledger."""

from dataclasses import dataclass, replace
from typing import Final

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from shopapi.client import BadRequest, ProblemError, Stale
from shopapi.contract.items import ItemInput
from shopapi.contract.stock import MovementQuery
from shopweb.forms import MAX_NAME, FieldError, etag_of, new_key, one_line, own_path, whole_number
from shopweb.office.conflict import conflict_page
from shopweb.office.desk import desk_page
from shopweb.office.refusals import refused, wrong_name, wrong_quantity
from shopweb.office.rows import badges, ledger_view
from shopweb.office.standing import Standing, item_standing, wanted_item
from shopweb.session import Note, Undo
from shopweb.visit import Page, Visit

LEDGER_LINES: Final = 24


@dataclass(frozen=True)
class EditForm:
    """Name and quantity as they were typed, and the item as it was when the form was made."""

    name: str
    quantity: str
    base_name: str
    base_quantity: str
    etag: str
    back: str = ""

    @classmethod
    def sent_by(cls, sent: dict[str, str]) -> "EditForm":
        """The form that somebody sent."""
        return cls(
            one_line(sent.get("name", "")),
            sent.get("quantity", "").strip(),
            sent.get("base_name", ""),
            sent.get("base_quantity", ""),
            etag_of(sent) if sent.get("etag") else "",
            own_path(sent.get("back", ""), ""),
        )

    @classmethod
    def new(cls, item: Standing) -> "EditForm":
        """A form that nobody has typed into yet."""
        return cls(item.name, str(item.on_hand), item.name, str(item.on_hand), item.etag)


@dataclass(frozen=True)
class MovementForm:
    """A movement as it was typed."""

    reason: str = "receive"
    units: str = ""
    reference: str = ""
    key: str = ""


@get("/office/stock/{item:str}")
async def show_item(visit: NamedDependency[Visit], item: FromPath[str]) -> Page:
    """The item's page."""
    visit.require_staff()
    item_id = wanted_item(item)
    try:
        return await item_page(visit, item_id)
    except BadRequest:
        if not visit.asked("cursor"):
            raise
        return visit.redirect(f"/office/stock/{item_id}")


@post("/office/stock/{item:str}")
async def save_item(visit: NamedDependency[Visit], item: FromPath[str]) -> Page:
    """Set name and quantity, unless somebody else changed the item meanwhile."""
    visit.require_staff()
    item_id = wanted_item(item)
    form = EditForm.sent_by(await visit.read_form())
    units = whole_number(form.quantity)
    errors = wrong_name(visit, form.name) + wrong_quantity(visit, form.quantity)
    if units is not None and not errors:
        try:
            return await _saved_or_decided(visit, item_id, form, units)
        except ProblemError as error:
            errors = refused(visit, error)
    return await item_page(visit, item_id, edit=form, errors=errors, status=422)


async def _saved_or_decided(visit: Visit, item_id: int, form: EditForm, units: int) -> Page:
    try:
        return await _saved(visit, item_id, form, units)
    except Stale:
        now = await item_standing(visit, item_id)
    if (now.name, str(now.on_hand)) == (form.base_name, form.base_quantity):
        # Nobody edited it: units were reserved or let go, which is no matter of this form.
        try:
            return await _saved(visit, item_id, replace(form, etag=now.etag), units)
        except Stale:
            now = await item_standing(visit, item_id)
    return await _overtaken(visit, now, form, units)


async def item_page(
    visit: Visit,
    item_id: int,
    *,
    edit: EditForm | None = None,
    movement: MovementForm | None = None,
    errors: list[FieldError] | None = None,
    status: int = 200,
) -> Page:
    """The page; ``edit``, ``movement`` and ``errors`` are what came back from a form."""
    item = await item_standing(visit, item_id)
    ledger = None
    if item.level:
        cursor = visit.asked("cursor")
        found = await visit.api.list_movements(item.level.sku, MovementQuery(LEDGER_LINES, cursor or None))
        ledger = ledger_view(visit, found, older=f"/office/stock/{item_id}?cursor={found.next_cursor}#movements")
    return desk_page(
        visit,
        "office/item.html",
        status=status,
        item=item,
        badges=badges(visit, item.level) if item.level else (),
        ledger=ledger,
        edit=edit or EditForm.new(item),
        movement=movement or MovementForm(key=new_key()),
        errors=errors or [],
    )


async def _saved(visit: Visit, item_id: int, form: EditForm, units: int) -> Page:
    etag = form.etag
    if not etag:
        # The open list shows no ETags: what its form was made from must still be true.
        now = await visit.api.get_item(item_id)
        if (now.value.name, str(now.value.quantity)) != (form.base_name, form.base_quantity):
            return await _overtaken(visit, await item_standing(visit, item_id), form, units)
        etag = now.etag
    done = await visit.api.set_item(item_id, ItemInput(form.name, units), if_match=etag)
    before = whole_number(form.base_quantity)
    changed = (form.base_name, before) != (form.name, units)
    can_undo = changed and before is not None and 0 < len(form.base_name) <= MAX_NAME and done.etag
    undo = Undo(item_id, form.base_name, before or 0, done.etag) if can_undo else None
    note = Note("saved", done.value.name, done.value.quantity, undo)
    return visit.redirect(form.back or f"/office/stock/{item_id}", note=note)


async def _overtaken(visit: Visit, now: Standing, form: EditForm, units: int) -> Page:
    if (now.name, now.on_hand) == (form.name, units):
        # Sent twice, or both meant the same: what was wanted is true.
        return visit.redirect(form.back or f"/office/stock/{now.item_id}", note=Note("saved", now.name, now.on_hand))
    return await conflict_page(visit, now, replace(form, quantity=str(units)))
