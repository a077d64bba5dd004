"""The classic stock interface, ``/items``: a name and a quantity, over the same stock that the shop sells."""

import re
from typing import Final

from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from sqlalchemy import Connection

from shopapi.contract.fields import MAX_ID
from shopapi.contract.items import Item, ItemInput
from shopapi.db.engine import Database
from shopapi.http.body import ShopRequest
from shopapi.http.etag import IfMatch, etag
from shopapi.http.idempotency import Answer, once
from shopapi.http.problems import NotFound, Stale
from shopapi.http.threads import in_thread
from shopapi.http.told import Route
from shopapi.inventory import item_store
from shopapi.inventory.rules import NameTaken, QuantityTooLarge, ReservedStock

_ID: Final = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)


def item_number(text: str) -> int:
    """An item's id as it stands in a path; anything but one to nineteen digits without a leading zero is 404."""
    if not _ID.fullmatch(text) or int(text) > MAX_ID:
        raise NotFound("No item has this id.")
    return int(text)


@get(
    "/items",
    opt={"told": Route("stock:read", "List every item", answers={200: list[Item]}, open_in_classroom=True)},
)
@in_thread
def list_items(db: NamedDependency[Database]) -> list[Item]:
    """Every item in stock, by id."""
    with db.reading() as c:
        return item_store.list_items(c)


@post(
    "/items",
    opt={
        "told": Route(
            "stock:write",
            "Add units to an item, or make it",
            answers={200: Item, 201: Item},
            problems=(QuantityTooLarge,),
            tagged=True,
            keyed=True,
            open_in_classroom=True,
        )
    },
)
@in_thread
def add_item(data: JSONBody[ItemInput], request: ShopRequest, db: NamedDependency[Database]) -> Response[bytes]:
    """201 where the name is new, 200 where the item exists: the quantity is added to it."""

    def change(c: Connection) -> Answer:
        stored, made = item_store.add_item(c, data, actor=request.user.actor)
        return Answer(stored.item, 201 if made else 200, {"ETag": etag(stored.version)})

    return once(request, db, data, change, one_statement=True)


@get(
    "/items/{item_id:str}",
    opt={
        "told": Route(
            "stock:read", "Read an item", answers={200: Item}, problems=(NotFound,), tagged=True, open_in_classroom=True
        )
    },
)
@in_thread
def get_item(item_id: FromPath[str], db: NamedDependency[Database]) -> Response[Item]:
    """One item."""
    number = item_number(item_id)
    with db.reading() as c:
        stored = item_store.get_item(c, number)
    return Response(stored.item, headers={"ETag": etag(stored.version), "Cache-Control": "no-store"})


@put(
    "/items/{item_id:str}",
    opt={
        "told": Route(
            "stock:write",
            "Set an item's name and quantity",
            answers={200: Item},
            problems=(NotFound, NameTaken, ReservedStock, Stale),
            tagged=True,
            if_match=False,
            open_in_classroom=True,
        )
    },
)
@in_thread
def set_item(
    item_id: FromPath[str], data: JSONBody[ItemInput], request: ShopRequest, db: NamedDependency[Database]
) -> Response[Item]:
    """The difference in units is a correction in the ledger."""
    number, if_match = item_number(item_id), IfMatch(request.headers.get("if-match"))
    stored = db.write(lambda c: item_store.set_item(c, number, data, if_match, actor=request.user.actor))
    return Response(stored.item, headers={"ETag": etag(stored.version)})


@delete(
    "/items/{item_id:str}",
    opt={
        "told": Route(
            "stock:write",
            "Archive an item",
            answers={204: None},
            problems=(NotFound, ReservedStock, Stale),
            if_match=False,
            open_in_classroom=True,
        )
    },
)
@in_thread
def archive_item(item_id: FromPath[str], request: ShopRequest, db: NamedDependency[Database]) -> None:
    """The item leaves the list, its units are written off, its name is free again; the ledger stays whole."""
    number, if_match = item_number(item_id), IfMatch(request.headers.get("if-match"))
    db.write(lambda c: item_store.archive_item(c, number, if_match, actor=request.user.actor))


HANDLERS: Final = [list_items, add_item, get_item, set_item, archive_item]
