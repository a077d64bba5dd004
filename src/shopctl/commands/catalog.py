"""products, import and export: the goods, one by one and in bulk."""

import sys
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from shopctl import console
from shopctl.commands import amounts
from shopctl.commands.database import Json, shop_database
from shopctl.console import clean, fail

if TYPE_CHECKING:
    from msgspec import UnsetType

    from shopapi.contract.catalog import AdminProduct, AdminProductCard, AdminProductQuery
    from shopapi.db.engine import Reader

ACTOR: Final = "shopctl"
_PAGE: Final = 100

products = typer.Typer(help="List, show and price products.", no_args_is_help=True, rich_markup_mode=None)
imports = typer.Typer(help="Take in goods from other shops.", no_args_is_help=True, rich_markup_mode=None)
exports = typer.Typer(help="Write the goods to a file.", no_args_is_help=True, rich_markup_mode=None)


@imports.callback()
def _imports() -> None:
    """Take in goods from other shops."""


@exports.callback()
def _exports() -> None:
    """Write the goods to a file."""


@imports.command("products")
def import_products(
    file: Annotated[str, typer.Argument(help="A CSV of Shopify, WooCommerce or shopctl.", metavar="FILE")],
    file_format: Annotated[
        Literal["shopify", "woocommerce", "shopctl"] | None,
        typer.Option("--format", help="Whose CSV it is; else its head line tells."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would come in, and change nothing.")] = False,
    report: Annotated[
        str | None,
        typer.Option(help="Write what became of each product to this file, a line of JSON each.", metavar="FILE"),
    ] = None,
    set_stock: Annotated[
        bool, typer.Option("--set-stock", help="Set the stock of known variants too, not of new ones alone.")
    ] = False,
    untracked_stock: Annotated[
        int | None,
        typer.Option(help="Units on hand where the other shop does not count.", min=0, max=1_000_000, metavar="N"),
    ] = None,
    state: Annotated[
        Literal["active", "draft"] | None, typer.Option(help="What products are to be, whatever the file says.")
    ] = None,
    json: Json = False,
) -> None:
    """Take in the products of a CSV file.

    Each comes in whole or not at all. To import the same file again changes nothing.
    """
    from shopctl.importers import files, formats
    from shopctl.importers.importing import Wishes
    from shopctl.importers.importing import import_products as take_in
    from shopctl.importers.reading import open_source
    from shopctl.importers.telling import tell

    wishes = Wishes(dry_run=dry_run, set_stock=set_stock, untracked_stock=untracked_stock, state=state)
    source = open_source(file)
    table = formats.open_table(source, file_format)
    found = formats.survey(table)
    with (
        shop_database() as db,
        files.report_file(report, file) as lines,
        console.progress(table.format.title, found.rows) as passed,
    ):
        result = take_in(db, table, found, wishes, lines=lines, passed=passed)
    if json:
        console.as_json(result)
    else:
        tell(result, source.guessed_encoding, untracked_stock)
    if result.interrupted:
        raise typer.Exit(130)
    if not result.all_in:
        raise typer.Exit(1)


@exports.command("products")
def export_products(
    file: Annotated[str, typer.Argument(help="The file to write; - is standard output.", metavar="FILE")] = "-",
) -> None:
    """Write every product as shopctl's own CSV.

    To import it into an empty shop gives the same products again, but for pictures, which it names alone, earlier
    prices, and the categories' texts and order.
    """
    from shopctl.importers import files
    from shopctl.importers.exporting import export_products as put_out

    with shop_database() as db:
        if file == "-":
            with open(sys.stdout.fileno(), "w", encoding="utf-8", newline="", closefd=False) as out:
                put_out(db, out)
            return
        with files.written_whole(file) as out:
            count = put_out(db, out)
    console.done(f"{_count(count, 'product')} in {file}")


@products.command("list")
def list_all(
    state: Annotated[
        Literal["draft", "active", "archived"] | None, typer.Option(help="Only those in this state.")
    ] = None,
    q: Annotated[str | None, typer.Option("--q", help="Part of a name or of a SKU.", metavar="TEXT")] = None,
    limit: Annotated[int, typer.Option(help="How many at the most.", min=1, max=100_000, metavar="N")] = 50,
    json: Json = False,
) -> None:
    """List products, newest first."""
    from shopapi.contract.catalog import AdminProductQuery
    from shopctl.commands.inputs import checked

    asked = checked(AdminProductQuery, q=q or None, state=state)
    with shop_database() as db, db.reading() as c:
        cards, total = _cards(c, asked, limit)
    if json:
        console.as_json({"data": cards, "total": total})
        return
    rows = [
        (one.slug, one.name, one.state, amounts.shown(one.price), f"{one.variant_count:,}", f"{one.on_hand:,}")
        for one in cards
    ]
    console.table(("slug", "name", "state", "price", "variants", "on hand"), rows, numbers=_NUMBERS)
    if total is None or total > len(cards):
        console.next_step(f"{len(cards):,} of {f'{total:,}' if total is not None else 'many'}: --limit shows more")


@products.command("show")
def show(
    name: Annotated[str, typer.Argument(help="The product's slug, or the SKU of one of its variants.", metavar="NAME")],
    json: Json = False,
) -> None:
    """Show one product with all its variants."""
    with shop_database() as db, db.reading() as c:
        product = _found(c, name)
    if json:
        console.as_json(product)
    else:
        _show(product)


@products.command("set")
def set_one(
    sku: Annotated[str, typer.Argument(help="The SKU of the variant.", metavar="SKU")],
    price: Annotated[
        str | None, typer.Option(help="The price, such as 12.90; none takes it off sale.", metavar="AMOUNT")
    ] = None,
    compare_at: Annotated[
        str | None, typer.Option(help="The price that it was reduced from, or none.", metavar="AMOUNT")
    ] = None,
    state: Annotated[
        Literal["active", "draft", "archived"] | None, typer.Option(help="What the whole product is to be.")
    ] = None,
    tax_class: Annotated[
        Literal["standard", "reduced", "zero"] | None, typer.Option(help="The whole product's class of VAT.")
    ] = None,
    json: Json = False,
) -> None:
    """Price a variant, put its product on sale or take it off."""
    if all(told is None for told in (price, compare_at, state, tax_class)):
        fail("There is nothing to change.", "--price, --compare-at, --state or --tax-class says what", 2)
    from msgspec import UNSET

    from shopapi.catalog.set_variant import VariantChange, set_variant

    change = VariantChange(
        price=_amount("--price", price),
        compare_at_price=_amount("--compare-at", compare_at),
        state=state or UNSET,
        tax_class=tax_class or UNSET,
    )
    with shop_database() as db:
        product = db.write(lambda c: set_variant(c, sku, change, actor=ACTOR))
    if json:
        console.as_json(product)
        return
    own = next(one for one in product.variants if one.sku == sku)
    reduced = f", reduced from {amounts.shown(own.compare_at_price)}" if own.compare_at_price else ""
    console.done(f"{sku}  {amounts.shown(own.price) or 'no price'}{reduced}  {product.state}, {product.tax_class} tax")


_NUMBERS: Final = ("price", "variants", "on hand", "reserved")


def _cards(c: "Reader", asked: "AdminProductQuery", limit: int) -> "tuple[list[AdminProductCard], int | None]":
    from msgspec.structs import replace

    from shopapi.catalog.admin_store import list_products

    cards: list[AdminProductCard] = []
    total, before = None, None
    while True:
        page = replace(asked, limit=min(_PAGE, limit - len(cards)))
        more, last, counted = list_products(c, page, before=before)
        total = counted if before is None else total
        cards += more
        if last is None or len(cards) >= limit:
            return cards, total
        before = last


def _found(c: "Reader", name: str) -> "AdminProduct":
    from shopapi.catalog.admin_store import get_product, product_slug_of
    from shopapi.http.problems import NotFound

    try:
        return get_product(c, name)
    except NotFound:
        slug = product_slug_of(c, name)
    if slug is None:
        fail(f'No product has the slug or SKU "{clean(name)}".', "shopctl products list --q TEXT")
    return get_product(c, slug)


def _show(product: "AdminProduct") -> None:
    for locale, words in product.texts.items():
        console.line(f"{words.name}  ({locale})" if words.name else f"({locale})")
        if words.fact:
            console.under(words.fact)
    facts = [product.state, f"{product.tax_class} tax", *product.categories]
    console.line(f"{product.slug}  {', '.join(facts)}")
    console.line("")
    rows = [
        (
            one.sku,
            " ".join(one.options.values()) + (" (archived)" if one.archived else ""),
            amounts.shown(one.price),
            amounts.shown(one.compare_at_price),
            f"{one.on_hand:,}",
            f"{one.reserved:,}",
        )
        for one in product.variants
    ]
    console.table(("sku", "options", "price", "before", "on hand", "reserved"), rows, numbers=(*_NUMBERS, "before"))


def _amount(option: str, told: str | None) -> "int | UnsetType | None":
    from msgspec import UNSET

    if told is None:
        return UNSET
    return None if told == "none" else amounts.typed(option, told, "a price such as 12.90, or none")


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}" + ("" if number == 1 else "s")
