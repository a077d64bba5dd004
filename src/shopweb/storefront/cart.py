"""The cart: its page, and how lines come in, change and go."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from litestar import get, post
from litestar.di import NamedDependency

from shopapi.client import Conflict, NotFound, ProblemError
from shopapi.contract.carts import MAX_LINE_QUANTITY, Cart, CartInput, LineInput
from shopweb.forms import FieldError, NotAsWritten, own_path, read_form, whole_number
from shopweb.session import Note, Undo
from shopweb.storefront.cart_lines import Wanted, shown
from shopweb.storefront.cart_notes import LESS, refusal, said, spoken
from shopweb.storefront.cart_redeem import Redeemed, redeem
from shopweb.storefront.cart_settling import Settled, note_units, settled_cart, short_sentence
from shopweb.storefront.cart_view import LineView, lines_of, means_of, sums_of, way_to_free_delivery
from shopweb.storefront.frame import frame_of, product_path, storefront_page, variant_path
from shopweb.storefront.last_order import unpaid_order
from shopweb.visit import Page, Visit

PATH: Final = "/cart"
_SKU: Final = 64
_TYPED: Final = 10
"""As many signs as the field of a quantity takes."""


@get(PATH)
async def show_cart(visit: NamedDependency[Visit]) -> Page:
    """What is in the cart and what it costs; the departments where it is empty."""
    return await cart_page(visit)


async def cart_page(
    visit: Visit,
    *,
    wanted: Wanted | None = None,
    short: Mapping[str, int] | None = None,
    errors: list[FieldError] | None = None,
    status: int = 200,
) -> Page:
    """The page; ``wanted`` and ``errors`` came from its form, ``short`` is what could be had instead, by sku."""
    settled = await settled_cart(visit)
    note = spoken(visit)
    note = note and replace(note, leads_to_cart=False)
    unpaid = await unpaid_order(visit)
    frame = await frame_of(visit)
    if settled is None or not settled.cart.lines:
        context: dict[str, object] = {
            "note": note,
            "unpaid": unpaid,
            "gone": settled.gone if settled else [],
            "order": visit.cart.order if visit.cart else "",
        }
        return storefront_page(visit, "storefront/cart-empty.html", frame, own=True, context=context)
    shop = await visit.site.shelf.shop(visit)
    cart = settled.cart
    return storefront_page(
        visit,
        "storefront/cart.html",
        frame,
        status=status,
        own=True,
        context={
            "note": note,
            "unpaid": unpaid,
            "gone": settled.gone,
            "shown": shown(cart),
            "lines": _marked(visit, settled, wanted, short or {}),
            "sums": sums_of(visit, cart, shop.country),
            "way": way_to_free_delivery(visit, cart, shop.country),
            "means": means_of(visit, cart, shop.country),
            "codes": cart.codes,
            "code_notes": settled.on_codes,
            "code": wanted.code if wanted and any(error.field == "code" for error in errors or []) else "",
            "errors": errors or [],
        },
    )


@post("/cart/lines")
async def add_to_cart(visit: NamedDependency[Visit]) -> Page:
    """Add units of a variant. The form is the same for everybody, so it holds no token: where it comes from tells."""
    visit.check_origin()
    visit.sent = await read_form(visit.request)
    sku, slug = visit.sent.get("variant", ""), visit.sent.get("slug", "")
    if not sku or len(sku) > _SKU:
        raise NotAsWritten
    units = whole_number(visit.sent.get("quantity", ""))
    if units is None or not 1 <= units <= MAX_LINE_QUANTITY:
        path, wrong = _product_of(sku, slug), Note("quantity", visit.sent.get("quantity", "")[:_TYPED])
        return _answered(visit, sku, slug, wrong) if path == PATH else visit.redirect(path, note=wrong)
    try:
        cart = await with_line(visit, LineInput(sku, units))
    except ProblemError as error:
        note = refusal(error, sku)
        if note is None:
            raise
        return _answered(visit, sku, slug, note)
    note_units(visit, cart)
    name = next((line.name for line in cart.lines if line.sku == sku), sku)
    return _answered(visit, sku, slug, Note("in_cart", name, units))


@post(PATH)
async def change_cart(visit: NamedDependency[Visit]) -> Page:
    """Set what was typed or pressed, whichever button sent it; then go on, or show the cart."""
    sent = await read_cart_form(visit)
    if sent is None or visit.cart is None:
        return visit.redirect(PATH)
    wanted, redeemed = Wanted.sent_by(sent), Redeemed([])
    try:
        cart = await visit.api_for_nobody.get_cart(visit.cart.token, language=visit.language)
        if cart.state != "open":
            return ordered_already(visit)
        changed = await _changed(visit, cart, wanted)
        errors = wanted.errors(visit)
        if wanted.code:
            redeemed = await _redeemed(visit, cart, wanted, alone=not errors)
            errors += redeemed.faults
        elif wanted.redeems:
            errors.append(FieldError("code", visit.gettext("Enter the code of your voucher.")))
    except NotFound:  # The shop dropped it.
        return visit.redirect(PATH)
    except Conflict as error:
        return ordered_already(visit, error)
    if errors:
        return await cart_page(visit, wanted=wanted, short=changed.short, errors=errors, status=422)
    if wanted.goes_on and not changed.note:
        return visit.redirect("/checkout", note=redeemed.note)
    return visit.redirect(PATH, note=changed.note or redeemed.note)


def ordered_already(visit: Visit, error: Conflict | None = None) -> Page:
    """The cart's page, which leads to the order that came of it; raises ``error`` again where that is another one."""
    if error and error.problem.code != "cart_already_ordered":
        raise error
    order = visit.cart.order if visit.cart else ""
    return visit.redirect(PATH, note=Note("ordered", urlsplit(order).path.rpartition("/")[2]))


async def read_cart_form(visit: Visit) -> dict[str, str] | None:
    """A form of the cart or the checkout; ``None`` where the browser has no cart that it could be about."""
    if visit.cart is None:
        visit.check_origin()
        return None
    return await visit.read_form()


async def with_line(visit: Visit, line: LineInput) -> Cart:
    """The cart with these units in it, a new one where this browser has none that is open."""
    api, language = visit.api_for_nobody, visit.language
    if visit.cart:
        try:
            return await api.add_to_cart(visit.cart.token, line, language=language)
        except NotFound:  # It lay about for too long, and the shop dropped it.
            pass
        except Conflict as error:
            if error.problem.code != "cart_already_ordered":
                raise
    return await api.create_cart(CartInput([line]), language=language)


def _answered(visit: Visit, sku: str, slug: str, note: Note) -> Page:
    """The note alone for a script, which puts it beside the button; else the product's page with it."""
    if visit.by_script:
        return visit.page("storefront/cart-added.html", context={"note": said(visit, note), "units": visit.units})
    path = _product_of(sku, slug)
    return visit.redirect(f"{path}#added" if path.startswith(product_path("")) else path, note=note)


def _product_of(sku: str, slug: str) -> str:
    return own_path(variant_path(slug, sku), PATH) if slug else PATH


async def _redeemed(visit: Visit, cart: Cart, wanted: Wanted, *, alone: bool) -> Redeemed:
    """Enter the code. Whoever was told what is wrong with it, and goes to the checkout again, goes without it."""
    redeemed = await redeem(visit, cart, wanted.code)
    if not wanted.goes_on:
        return redeemed
    if alone and wanted.code == wanted.refused:
        return replace(redeemed, faults=[])
    way = visit.gettext("%(fault)s To go on without it, press “To the checkout” again.")
    told = [replace(fault, message=way % {"fault": fault.message}) for fault in redeemed.faults]
    return replace(redeemed, faults=told)


@dataclass(frozen=True)
class _Changed:
    """``short`` is what could be had instead of what was wanted, by sku; ``note`` is what the next page says."""

    short: dict[str, int]
    note: Note | None


async def _changed(visit: Visit, cart: Cart, wanted: Wanted) -> _Changed:
    """Set the lines that shall have other units; one that went in another tab stays away."""
    short: dict[str, int] = {}
    note = None
    before = {line.sku: line for line in cart.lines}
    for sku, units in wanted.units.items():
        line = before.get(sku)
        if line is None or line.quantity == units:
            continue
        try:
            cart = await visit.api_for_nobody.set_cart_line(cart.token, sku, units)
            if units == 0:
                note = Note("removed", line.name, undo=Undo(0, sku, line.quantity, ""))
        except NotFound:
            continue
        except Conflict as error:
            note = refusal(error, sku)
            if note is None:
                raise
            if note.says == "short":
                with suppress(ProblemError):  # Less still: the page settles it.
                    cart = await visit.api_for_nobody.set_cart_line(cart.token, sku, note.count)
                    short[sku] = note.count
                note = Note(LESS, sku, note.count)
    note_units(visit, cart)
    return _Changed(short, note)


def _marked(visit: Visit, settled: Settled, wanted: Wanted | None, short: Mapping[str, int]) -> list[LineView]:
    if visit.note and visit.note.says == LESS:
        short = {**short, visit.note.name: visit.note.count}
    on_line = {**settled.on_line, **{sku: [short_sentence(visit, left)] for sku, left in short.items()}}
    typed = wanted.typed if wanted else {}
    lines = lines_of(visit, settled.cart, on_line)
    return [replace(line, quantity=typed.get(line.sku, line.quantity)) for line in lines]
