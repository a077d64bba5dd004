"""Products as staff see them."""

from typing import Final

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from shopapi.catalog import admin_store
from shopapi.contract.catalog import AdminProduct, AdminProductPage, AdminProductQuery
from shopapi.db.engine import Database
from shopapi.http.cursors import Cursors
from shopapi.http.etag import etag
from shopapi.http.problems import NotFound
from shopapi.http.query import query_of
from shopapi.http.threads import in_thread
from shopapi.http.told import Route


@get(
    "/v1/admin/products",
    opt={"told": Route("products:read", "List products", answers={200: AdminProductPage}, query=AdminProductQuery)},
    dependencies=query_of(AdminProductQuery),
)
@in_thread
def list_admin_products(
    asked: NamedDependency[AdminProductQuery], db: NamedDependency[Database], cursors: NamedDependency[Cursors]
) -> AdminProductPage:
    """Products in every state, newest first."""
    before = cursors.read("admin products", asked.cursor)
    with db.reading() as c:
        cards, last, total = admin_store.list_products(c, asked, before=before)
    return AdminProductPage(data=cards, next_cursor=cursors.after("admin products", last), total=total)


@get(
    "/v1/admin/products/{slug:str}",
    opt={
        "told": Route("products:read", "Read a product", answers={200: AdminProduct}, problems=(NotFound,), tagged=True)
    },
)
@in_thread
def get_admin_product(slug: FromPath[str], db: NamedDependency[Database]) -> Response[AdminProduct]:
    """A product in whatever state, with all its variants and words."""
    with db.reading() as c:
        found = admin_store.get_product(c, slug)
    return Response(found, headers={"ETag": etag(found.version)})


HANDLERS: Final = [list_admin_products, get_admin_product]
