"""Orders: what the back office does with them, from a terminal."""

from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer

from shopctl import console
from shopctl.commands.amounts import shown, typed
from shopctl.commands.database import Json, shop_database
from shopctl.commands.staff import ACTOR
from shopctl.console import clean, fail

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from shopapi.contract.orders import AdminOrder, OrderCard, OrderQuery
    from shopapi.db.engine import Database, Reader

_PAGE = 100
_NUMBERS = ("units", "each", "total")

app = typer.Typer(help="List, show and move orders.", no_args_is_help=True, rich_markup_mode=None)

Number = Annotated[str, typer.Argument(help="The order's number.", metavar="NUMBER")]
Reason = Annotated[str, typer.Option(help="Why, for colleagues.", metavar="TEXT")]


@app.command("list")
def list_all(
    view: Annotated[
        Literal["all", "to_pay", "to_ship", "unclear", "done", "cancelled"],
        typer.Option(
            help="Only those that wait for this; unclear: a payment or a withdrawal that a person should look at."
        ),
    ] = "all",
    state: Annotated[
        Literal["placed", "confirmed", "closed", "cancelled"] | None, typer.Option(help="Only those in this state.")
    ] = None,
    q: Annotated[
        str | None, typer.Option("--q", help="Part of a number, name, e-mail address or SKU.", metavar="TEXT")
    ] = None,
    from_: Annotated[
        str | None, typer.Option("--from", help="Placed on this day or later, such as 2026-12-01.", metavar="DATE")
    ] = None,
    to: Annotated[str | None, typer.Option("--to", help="Placed on this day or earlier.", metavar="DATE")] = None,
    limit: Annotated[int, typer.Option(help="How many at the most.", min=1, max=100_000, metavar="N")] = 50,
    json: Json = False,
) -> None:
    """List orders, newest first."""
    from shopapi.contract.orders import OrderQuery
    from shopapi.orders.admin_store import count_orders
    from shopctl.commands.inputs import checked

    asked = checked(OrderQuery, q=q or None, view=view, state=state, placed_from=from_, placed_to=to)
    if asked.placed_from and asked.placed_to and asked.placed_from > asked.placed_to:
        fail(f"--from {asked.placed_from} is after --to {asked.placed_to}.", "shopctl orders list --help", 2)
    with shop_database() as db, db.reading() as c:
        cards = _cards(c, asked, limit)
        total, views = count_orders(c, asked)
    if json:
        console.as_json({"data": cards, "total": total, "views": views})
        return
    from shopctl.commands.order_words import row

    heads = ("number", "placed", "customer", "total", "payment", "shipping")
    console.table(heads, [row(card) for card in cards], numbers=_NUMBERS)
    if total > len(cards):
        console.next_step(f"{len(cards):,} of {total:,}: --limit shows more")
    if cards:
        console.next_step(f"shopctl orders show {cards[0].number}")


@app.command("show")
def show(number: Number, json: Json = False) -> None:
    """Show one order: lines, sums, payment, timeline."""
    with shop_database() as db:
        told = _read(db, _known(number))
    if json:
        console.as_json(told)
    else:
        _show(told)


@app.command("ship")
def ship(
    number: Number,
    carrier: Annotated[str, typer.Option(help="Who takes the parcel.", metavar="NAME")] = "",
    tracking: Annotated[str, typer.Option(help="The parcel's code there.", metavar="CODE")] = "",
    despite: Annotated[
        bool, typer.Option("--despite-withdrawal", help="Also where a withdrawal is not known to be the customer's.")
    ] = False,
    json: Json = False,
) -> None:
    """Ship a paid order, all of it in one parcel.

    Its units leave the stock, and the customer gets an e-mail. Where the customer has withdrawn, it does not leave.
    """
    from shopapi.contract.orders import ShipmentInput
    from shopapi.contract.standing import to_see_to
    from shopapi.orders.admin_store import read_admin_order
    from shopapi.orders.ship_order import ship_order
    from shopctl.commands.inputs import checked
    from shopctl.commands.order_words import withdrawal

    parcel = checked(ShipmentInput, carrier=carrier, tracking=tracking)

    def change(c: "Connection", known: str) -> None:
        # What the shop refuses anyway is told first; what is refused here is taken back.
        ship_order(c, known, parcel, actor=ACTOR)
        found = read_admin_order(c, known)
        if not despite and (unsure := to_see_to(found)):
            what = [*map(withdrawal, unsure), "Nobody knows yet whether it is meant. Nothing has left."]
            fail(what, f"ask {found.order.email} first, or ship with --despite-withdrawal")

    _tell(_change(number, change), json, "has left")


@app.command("pay")
def pay(
    number: Number,
    reference: Annotated[str, typer.Option(help="What the bank's statement says.", metavar="TEXT")] = "",
    json: Json = False,
) -> None:
    """Note that the bank transfer for an order has come in, the whole of it."""
    from shopapi.contract.orders import CaptureInput
    from shopapi.http.problems import NotFound
    from shopapi.orders.rules import OrderGone
    from shopapi.payments.capture_by_hand import capture_by_hand
    from shopctl.commands.inputs import checked

    said = checked(CaptureInput, reference=reference)

    def change(c: "Connection", known: str) -> None:
        try:
            capture_by_hand(c, known, reference=said.reference, actor=ACTOR)
        except OrderGone:
            raise
        except NotFound:
            fail(f"{known} costs nothing, so there is nothing to pay.")

    told = _change(number, change)
    _tell(told, json, f"is paid, {shown(told.payments[0].captured)}")


@app.command("cancel")
def cancel(number: Number, reason: Reason = "", json: Json = False) -> None:
    """Cancel an order of which nothing has left.

    Its goods are free again. What was paid by a provider goes back by itself; a bank transfer you send back by hand.
    """
    from shopapi.contract.orders import CancelInput
    from shopctl.commands import order_money
    from shopctl.commands.inputs import checked

    said, known = checked(CancelInput, reason=reason), _known(number)
    with shop_database() as db:
        before = [back.id for payment in _read(db, known).payments for back in payment.refunds]
        order_money.cancel(db, known, said.reason)
        told = _read(db, known)
    _tell(told, json, "is cancelled")
    for back in [back for payment in told.payments for back in payment.refunds if back.id not in before]:
        order_money.tell(told, back, json=json)


@app.command("refund")
def refund(
    number: Number,
    amount: Annotated[
        str | None, typer.Option(help="How much, such as 5.00; else all that is left.", metavar="AMOUNT")
    ] = None,
    reason: Reason = "",
    json: Json = False,
) -> None:
    """Give money back, never more than came in.

    A provider sends it; a bank transfer you send back by hand.
    """
    from shopapi.contract.orders import RefundInput
    from shopctl.commands import order_money
    from shopctl.commands.inputs import checked

    wanted = None if amount is None else typed("--amount", amount, "an amount such as 5.00")
    if wanted == 0:
        fail(f'--amount: "{clean(amount)}" gives nothing back.', "an amount such as 5.00", 2)
    said, known = checked(RefundInput, reason=reason), _known(number)
    with shop_database() as db:
        _read(db, known)
        back = order_money.refund(db, known, wanted, said.reason)
        told = _read(db, known)
    if json:
        console.as_json(told)
    order_money.tell(told, back, json=json)


def _cards(c: "Reader", asked: "OrderQuery", limit: int) -> "list[OrderCard]":
    from msgspec.structs import replace

    from shopapi.orders.admin_store import list_orders

    cards: list[OrderCard] = []
    before = None
    while True:
        more, before = list_orders(c, replace(asked, limit=min(_PAGE, limit - len(cards))), before=before)
        cards += more
        if before is None or len(cards) >= limit:
            return cards


def _known(number: str) -> str:
    """The number as the shop writes it, whatever was typed for its hyphen."""
    from shopapi.orders.rules import normal_number

    known = normal_number(number)
    if known is None:
        _no_such(number)
    return known


def _no_such(number: str) -> NoReturn:
    fail(f'No order has the number "{clean(number)}".', "shopctl orders list --q TEXT")


def _read(db: "Database", number: str) -> "AdminOrder":
    from shopapi.orders.admin_store import read_admin_order
    from shopapi.orders.rules import OrderGone

    try:
        with db.reading() as c:
            return read_admin_order(c, number)
    except OrderGone:
        _no_such(number)


def _change(number: str, change: "Callable[[Connection, str], None]") -> "AdminOrder":
    known = _known(number)
    with shop_database() as db:
        _read(db, known)
        db.write(lambda c: change(c, known))
        return _read(db, known)


def _tell(told: "AdminOrder", json: bool, words: str) -> None:
    if json:
        console.as_json(told)
        return
    from shopctl.commands.order_words import next_step

    console.done(f"{told.order.number}  {words}")
    if following := next_step(told):
        console.next_step(following)


def _show(told: "AdminOrder") -> None:
    from shopctl.commands import order_words as words

    order = told.order
    console.line(words.heading(order))
    for text in words.whereto(order):
        console.under(text)
    for text in words.withdrawals(told):
        console.line(text)
    console.line("")
    rows = [
        (one.sku, " ".join([one.name, *one.options.values()]), f"{one.quantity:,}", shown(one.unit_price))
        for one in order.lines
    ]
    console.table(("sku", "what", "units", "each"), rows, numbers=_NUMBERS)
    console.line("")
    console.table(("sums", "total"), words.sums(order), numbers=_NUMBERS)
    for payment in told.payments:
        for text in words.money_lines(payment):
            console.line(text)
    for paper in order.invoices:
        console.line(f"{paper.kind.replace('_', ' ')} {paper.number}")
    console.line("")
    console.table(("when", "what", "who", "more"), [words.step(event, order.currency) for event in order.events])
    if following := words.next_step(told):
        console.next_step(following)
