"""The catalog for everybody: lists, pages, categories, pictures, the shop's own words."""

from typing import Final, get_args

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from shopapi.catalog.category_store import read_tree
from shopapi.catalog.desk import Desk
from shopapi.catalog.list_products import list_products
from shopapi.catalog.page_reader import Moved, read_page
from shopapi.catalog.shop_store import read_shop, read_text
from shopapi.contract.catalog import (
    CategoryTree,
    Product,
    ProductPage,
    ProductQuery,
    Shop,
    ShopText,
    TextKind,
)
from shopapi.http.body import ShopRequest
from shopapi.http.problems import NotFound
from shopapi.http.query import query_of
from shopapi.http.threads import in_thread
from shopapi.http.told import PUBLIC, Route

_JSON: Final = "application/json"
_KINDS: Final = {kind: kind for kind in get_args(TextKind)}


@get("/v1/shop", opt={"told": Route(PUBLIC, "Read the shop", answers={200: Shop}, tagged=True)})
@in_thread
def get_shop(request: ShopRequest) -> Response[Shop]:
    """Its name, languages and currency, what delivery costs, and what it says of itself."""
    desk = Desk.of(request)
    with desk.db.reading() as c:
        found, locale = read_shop(c, desk.languages.of(request, c))
    return Response(found, headers={"Content-Language": locale})


@get(
    "/v1/shop/texts/{kind:str}",
    opt={
        "told": Route(
            PUBLIC, "Read one of the shop's law texts", answers={200: ShopText}, problems=(NotFound,), tagged=True
        )
    },
)
@in_thread
def get_shop_text(kind: FromPath[str], request: ShopRequest) -> Response[ShopText]:
    """Imprint, terms, privacy, withdrawal or accessibility, as sanitised HTML."""
    if kind not in _KINDS:
        raise NotFound(f"There is no such text. There are {', '.join(_KINDS)}.")
    desk = Desk.of(request)
    with desk.db.reading() as c:
        found = read_text(c, _KINDS[kind], desk.languages.of(request, c))
    return Response(found, headers={"Content-Language": found.locale})


@get(
    "/v1/products",
    opt={
        "told": Route(
            PUBLIC,
            "List products",
            answers={200: ProductPage},
            problems=(NotFound,),
            query=ProductQuery,
            tagged=True,
        )
    },
    dependencies=query_of(ProductQuery),
)
@in_thread
def get_products(
    asked: NamedDependency[ProductQuery],
    request: ShopRequest,
) -> Response[bytes]:
    """Products on sale, newest first unless asked otherwise; with words, the best match first."""
    desk = Desk.of(request)
    with desk.db.reading() as c:
        locale = desk.languages.of(request, c)
        found = list_products(c, asked, desk.cursors, locale)
    return Response(found, media_type=_JSON, headers={"Content-Language": locale})


@get(
    "/v1/products/{slug:str}",
    opt={"told": Route(PUBLIC, "Read a product", answers={200: Product, 301: None}, problems=(NotFound,), tagged=True)},
)
@in_thread
def get_product(slug: FromPath[str], request: ShopRequest) -> Response[Product | None]:
    """A product on sale with all its variants. An old slug is answered with 301 to the new one."""
    desk = Desk.of(request)
    with desk.db.reading() as c:
        found, locale = read_page(c, slug, desk.languages.of(request, c))
    if isinstance(found, Moved):
        return Response(None, status_code=301, headers={"Location": f"/v1/products/{found.slug}"})
    return Response(found, headers={"Content-Language": locale})


@get("/v1/categories", opt={"told": Route(PUBLIC, "List categories", answers={200: CategoryTree}, tagged=True)})
@in_thread
def get_categories(request: ShopRequest) -> Response[CategoryTree]:
    """The whole tree, with how many products each category shows."""
    desk = Desk.of(request)
    with desk.db.reading() as c:
        tree, locale = read_tree(c, desk.languages.of(request, c))
    return Response(tree, headers={"Content-Language": locale})


HANDLERS: Final = [get_shop, get_shop_text, get_products, get_product, get_categories]
