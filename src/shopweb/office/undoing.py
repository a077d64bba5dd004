"""Taking back what was just done, as long as nobody has touched the item since."""

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from shopapi.client import Conflict, NotFound, Stale
from shopapi.contract.items import ItemInput
from shopweb.forms import NotAsWritten, Sent, etag_of, whole_number
from shopweb.office.rows import stock_url
from shopweb.office.standing import wanted_item
from shopweb.session import Note
from shopweb.visit import Page, Visit


@get("/office/stock/{item:str}/undo")
async def show_undone(visit: NamedDependency[Visit], item: FromPath[str]) -> Page:
    """Where a browser lands that reloads an undo: the item, as it is."""
    return visit.redirect(f"/office/stock/{wanted_item(item)}")


@post("/office/stock/{item:str}/undo")
async def undo(visit: NamedDependency[Visit], item: FromPath[str]) -> Page:
    """Set the item back to what it was, or delete it again where the change had made it."""
    visit.require_staff()
    item_id = wanted_item(item)
    sent = await visit.read_form()
    before, etag = _as_it_was(sent), etag_of(sent)
    try:
        if sent.get("made"):
            await visit.api.delete_item(item_id, if_match=etag)
            return visit.redirect("/office/stock", note=Note("unmade", before.name))
        await visit.api.set_item(item_id, before, if_match=etag)
    except Stale:
        return visit.redirect(stock_url(item=item_id), note=Note("undo_stale", before.name))
    except Conflict:
        return visit.redirect(stock_url(item=item_id), note=Note("undo_refused", before.name))
    except NotFound:
        return visit.redirect("/office/stock", note=Note("gone"))
    return visit.redirect(stock_url(item=item_id), note=Note("undone", before.name, before.quantity))


def _as_it_was(sent: Sent) -> ItemInput:
    units = whole_number(sent.get("quantity", ""))
    try:
        return msgspec.convert({"name": sent.get("name", ""), "quantity": units}, ItemInput)
    except msgspec.ValidationError:
        raise NotAsWritten from None
