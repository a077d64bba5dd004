"""Promotions: what takes something off, by itself or by a code."""

from typing import TYPE_CHECKING, Annotated

import typer

from shopctl import console
from shopctl.commands.database import Json, shop_database
from shopctl.commands.staff import ACTOR

if TYPE_CHECKING:
    from shopapi.db.engine import Reader
    from shopapi.promotions.records import KeptPromotion

_PAGE = 100

app = typer.Typer(help="Manage what takes something off.", no_args_is_help=True, rich_markup_mode=None)


@app.command("add")
def add(
    name_de: Annotated[str, typer.Option(help="What it is called in German.", metavar="NAME")],
    name_en: Annotated[str, typer.Option(help="What it is called in English.", metavar="NAME")],
    percent: Annotated[
        str | None, typer.Option(help="Take off so many percent, such as 10 or 12.5.", metavar="PERCENT")
    ] = None,
    amount: Annotated[
        str | None, typer.Option(help="Take off an amount once an order, such as 5.00.", metavar="AMOUNT")
    ] = None,
    free_shipping: Annotated[bool, typer.Option("--free-shipping", help="Deliver for nothing.")] = False,
    code: Annotated[
        str | None, typer.Option(help="Only for who enters this code; else it applies by itself.", metavar="CODE")
    ] = None,
    category: Annotated[
        str | None, typer.Option(help="Only on goods of this category, by its slug.", metavar="SLUG")
    ] = None,
    product: Annotated[str | None, typer.Option(help="Only on this product, by its slug.", metavar="SLUG")] = None,
    from_: Annotated[
        str | None, typer.Option("--from", help="The first day, such as 2026-12-01; else at once.", metavar="DATE")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="The last day; else it runs until it is ended.", metavar="DATE")
    ] = None,
    min_subtotal: Annotated[
        str | None, typer.Option(help="Only from this value of goods on, such as 50.00.", metavar="AMOUNT")
    ] = None,
    max_uses: Annotated[int | None, typer.Option(help="Orders that may use it in all.", min=1, metavar="N")] = None,
    max_uses_per_customer: Annotated[
        int | None, typer.Option(help="Orders of one e-mail address that may use it.", min=1, metavar="N")
    ] = None,
    exclusive: Annotated[bool, typer.Option("--exclusive", help="Never together with another one.")] = False,
    json: Json = False,
) -> None:
    """Add a promotion.

    A customer gets every automatic one and one code at once, or an exclusive one alone, whichever costs less. Days are
    those of the shop, in Europe/Berlin.
    """
    from shopapi.promotions.store import add_promotion
    from shopctl.commands import promotion_inputs as inputs

    kind, value = inputs.kind_and_value(percent, amount, free_shipping=free_shipping)
    scope, target = inputs.scope_and_target(category, product)
    wanted = inputs.new_promotion(
        name_de=name_de,
        name_en=name_en,
        kind=kind,
        value=value,
        scope=scope,
        target=target,
        exclusive=exclusive,
        min_subtotal=inputs.amount("--min-subtotal", min_subtotal) if min_subtotal is not None else 0,
        starts_at=inputs.first_moment(from_),
        ends_at=inputs.end_of(until, from_),
        code=code,
        max_uses=max_uses,
        max_uses_per_customer=max_uses_per_customer,
    )
    with shop_database() as db:
        made = db.write(lambda c: add_promotion(c, wanted, actor=ACTOR))
    if json:
        console.as_json(made)
        return
    from shopctl.commands.promotion_words import conditions, sentence

    console.done(f"promotion {made.id}  {sentence(made)}")
    console.under(conditions(made))


@app.command("list")
def list_all(
    everything: Annotated[bool, typer.Option("--all", help="Those that ended, too.")] = False,
    json: Json = False,
) -> None:
    """List the promotions that run or will run, newest first."""
    with shop_database() as db, db.reading() as c:
        found = [one for one in _every_one(c) if everything or one.state != "ended"]
    if json:
        console.as_json({"data": found})
        return
    from shopctl.commands.promotion_words import conditions, sentence, state, uses

    # Either names it to `end`; with both, no room is left for words.
    rows = [(one.code or one.id, sentence(one), conditions(one), uses(one), state(one)) for one in found]
    console.table(("code or id", "what", "when", "used", "state"), rows)
    if not found:
        console.next_step("shopctl promotions add --name-de NAME --name-en NAME --percent 10")


@app.command("end")
def end(
    which: Annotated[str, typer.Argument(help="Its id, as promotions list prints it, or its code.", metavar="ID|CODE")],
    json: Json = False,
) -> None:
    """End a promotion, at once and for good.

    Orders that have it keep it.
    """
    from shopapi.promotions.store import end_promotion

    with shop_database() as db:
        gone, now = db.write(lambda c: end_promotion(c, which, actor=ACTOR))
    if json:
        console.as_json(gone)
        return
    from shopctl.commands.promotion_words import sentence

    console.done(f"promotion {gone.id}  {sentence(gone)}: {'is over' if now else 'was over already'}")


def _every_one(c: "Reader") -> list["KeptPromotion"]:
    from shopapi.promotions.store import list_promotions

    found, after = list_promotions(c, after=None, limit=_PAGE)
    while after is not None:
        more, after = list_promotions(c, after=after, limit=_PAGE)
        found += more
    return found
