"""Deleting an item: a page that says what is lost, and the deed."""

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from shopapi.client import Conflict, NotFound, Stale
from shopweb.forms import FieldError, etag_of
from shopweb.office.desk import desk_page
from shopweb.office.refusals import refused
from shopweb.office.standing import item_standing, wanted_item
from shopweb.session import Note
from shopweb.visit import Page, Visit


@get("/office/stock/{item:str}/delete")
async def confirm_removal(visit: NamedDependency[Visit], item: FromPath[str]) -> Page:
    """The page that names the item and the units that would be written off."""
    visit.require_staff()
    if not visit.may("stock:write"):
        return visit.page("errors/forbidden.html", status=403, context={"right": "stock:write"})
    return await _confirm_page(visit, wanted_item(item))


@post("/office/stock/{item:str}/delete")
async def remove_item(visit: NamedDependency[Visit], item: FromPath[str]) -> Page:
    """Delete the item, unless it is no longer what the page said."""
    visit.require_staff()
    item_id = wanted_item(item)
    sent = await visit.read_form()
    units, etag = sent.get("units", "0"), etag_of(sent)
    try:
        await visit.api.delete_item(item_id, if_match=etag)
    except Stale:
        message = visit.gettext("The item was changed meanwhile. Look again before you delete it.")
        return await _confirm_page(visit, item_id, [FieldError("delete", message)], 412)
    except Conflict as error:
        return await _confirm_page(visit, item_id, refused(visit, error, quantity_field="delete"), 409)
    except NotFound:
        return visit.redirect("/office/stock", note=Note("gone"))
    count = int(units) if units.isascii() and units.isdigit() and len(units) < 8 else 0
    return visit.redirect("/office/stock", note=Note("deleted", sent.get("name", "")[:200], count))


async def _confirm_page(visit: Visit, item_id: int, errors: list[FieldError] | None = None, status: int = 200) -> Page:
    item = await item_standing(visit, item_id)
    reserved = item.level.reserved if item.level else 0
    return desk_page(visit, "office/delete.html", status=status, item=item, reserved=reserved, errors=errors or [])
