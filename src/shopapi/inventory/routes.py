"""Stock as staff see it: levels, the ledger of one sku, and movements with a reason."""

from typing import Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec.structs import replace
from sqlalchemy import Connection

from shopapi.contract.stock import (
    Ledger,
    Level,
    LevelPage,
    LevelQuery,
    MovementDone,
    MovementInput,
    MovementQuery,
)
from shopapi.db.engine import Database
from shopapi.http.body import ShopRequest
from shopapi.http.cursors import Cursors
from shopapi.http.etag import etag
from shopapi.http.idempotency import Answer, once
from shopapi.http.problems import NotFound
from shopapi.http.query import query_of
from shopapi.http.threads import in_thread
from shopapi.http.told import Route
from shopapi.inventory import level_store
from shopapi.inventory.rules import InsufficientStock, QuantityTooLarge, ReservedStock, UnknownSku, WrongDelta


@get(
    "/v1/admin/stock",
    opt={"told": Route("stock:read", "List stock levels", answers={200: LevelPage}, query=LevelQuery)},
    dependencies=query_of(LevelQuery),
)
@in_thread
def list_levels(
    asked: NamedDependency[LevelQuery], db: NamedDependency[Database], cursors: NamedDependency[Cursors]
) -> LevelPage:
    """Levels by sku and location, newest item first."""
    before = cursors.read("levels", asked.cursor)
    with db.reading() as c:
        levels, last = level_store.list_levels(c, asked, before=before)
        views, total = level_store.count_levels(c, asked)
    return LevelPage(data=levels, next_cursor=cursors.after("levels", last), total=total, views=views)


@get(
    "/v1/admin/stock/{sku:str}",
    opt={"told": Route("stock:read", "Read one sku's stock", answers={200: Level}, problems=(NotFound,), tagged=True)},
)
@in_thread
def get_level(sku: FromPath[str], db: NamedDependency[Database]) -> Response[Level]:
    """The stock of one variant."""
    with db.reading() as c:
        level = level_store.get_level(c, sku)
    return Response(level, headers={"ETag": etag(level.version)})


@get(
    "/v1/admin/stock/{sku:str}/movements",
    opt={
        "told": Route(
            "stock:read", "Read one sku's ledger", answers={200: Ledger}, problems=(NotFound,), query=MovementQuery
        )
    },
    dependencies=query_of(MovementQuery),
)
@in_thread
def read_ledger(
    sku: FromPath[str],
    asked: NamedDependency[MovementQuery],
    db: NamedDependency[Database],
    cursors: NamedDependency[Cursors],
) -> Ledger:
    """One variant's movements, newest first, with the proof that their sum is what is on hand."""
    before = cursors.read(f"ledger {sku}", asked.cursor)
    with db.reading() as c:
        ledger, last = level_store.read_ledger(c, sku, limit=asked.limit, before=before)
    return replace(ledger, next_cursor=cursors.after(f"ledger {sku}", last))


@post(
    "/v1/admin/stock/movements",
    opt={
        "told": Route(
            "stock:write",
            "Record a movement of stock",
            answers={201: MovementDone},
            problems=(UnknownSku, WrongDelta, InsufficientStock, ReservedStock, QuantityTooLarge),
            keyed=True,
        )
    },
)
@in_thread
def record_movement(
    data: JSONBody[MovementInput], request: ShopRequest, db: NamedDependency[Database]
) -> Response[bytes]:
    """Units that came or went, and why."""

    def change(c: Connection) -> Answer:
        return Answer(level_store.record_movement(c, data, actor=request.user.actor), 201)

    return once(request, db, data, change)


HANDLERS: Final = [list_levels, get_level, read_ledger, record_movement]
