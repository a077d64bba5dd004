"""The cart: its page, and how lines come in, change and go."""

from dataclasses import replace
from typing import Final

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from shopapi.client import Conflict, NotFound, ProblemError
from shopapi.contract.carts import MAX_LINE_QUANTITY, Cart, CartInput, LineInput
from shopweb.forms import FieldError, NotAsWritten, own_path, read_form, whole_number
from shopweb.session import Note
from shopweb.storefront.cart_notes import LESS, refusal, said, spoken
from shopweb.storefront.cart_settling import Settled, note_units, settled_cart, short_sentence
from shopweb.storefront.cart_view import LineView, lines_of, means_of, sums_of, way_to_free_delivery
from shopweb.storefront.frame import frame_of, product_path, storefront_page, variant_path
from shopweb.visit import Page, Visit

PATH: Final = "/cart"
_SKU: Final = 64


@get(PATH)
async def show_cart(visit: NamedDependency[Visit]) -> Page:
    """What is in the cart and what it costs; the departments where it is empty."""
    return await cart_page(visit)


async def cart_page(
    visit: Visit,
    *,
    wrong_line: tuple[str, str] = ("", ""),
    code: str = "",
    errors: list[FieldError] | None = None,
    status: int = 200,
) -> Page:
    """The page; ``wrong_line`` is a sku with the quantity that was typed, ``code`` and ``errors`` came from a form."""
    settled = await settled_cart(visit)
    note = spoken(visit)
    frame = await frame_of(visit)
    if settled is None or not settled.cart.lines:
        context: dict[str, object] = {
            "note": note,
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
            "gone": settled.gone,
            "lines": _marked(visit, settled, *wrong_line),
            "sums": sums_of(visit, cart, shop.delivery),
            "way": way_to_free_delivery(visit, cart),
            "means": means_of(visit, cart, shop.country),
            "codes": cart.codes,
            "code_notes": settled.on_codes,
            "code": code,
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
        return _answered(visit, sku, slug, Note("quantity"))
    try:
        cart = await _with_line(visit, LineInput(sku, units))
    except ProblemError as error:
        note = refusal(error, sku)
        if note is None:
            raise
        return _answered(visit, sku, slug, note)
    note_units(visit, cart)
    name = next((line.name for line in cart.lines if line.sku == sku), sku)
    return _answered(visit, sku, slug, Note("in_cart", name, units))


@post("/cart/lines/{sku:str}")
async def change_line(visit: NamedDependency[Visit], sku: FromPath[str]) -> Page:
    """Set how many units a line has: what was typed, one more or less than that, or none."""
    sent = await read_cart_form(visit)
    if sent is None or visit.cart is None:
        return visit.redirect(PATH)
    typed = sent.get("quantity", "").strip()
    units = 0 if "remove" in sent else _wanted(typed, sent.get("step", ""))
    if units is None:
        message = visit.gettext("A quantity is a whole number from 0 to %(most)s.")
        error = FieldError(f"quantity-{sku}", message % {"most": visit.number(MAX_LINE_QUANTITY)})
        return await cart_page(visit, wrong_line=(sku, typed), errors=[error], status=422)
    name = ""
    try:
        if units == 0:
            before = await visit.api_for_nobody.get_cart(visit.cart.token, language=visit.language)
            name = next((line.name for line in before.lines if line.sku == sku), "")
        note_units(visit, await visit.api_for_nobody.set_cart_line(visit.cart.token, sku, units))
    except NotFound:  # The line or the cart went in another tab.
        return visit.redirect(PATH)
    except Conflict as error:
        return await _as_many_as_there_are(visit, sku, error)
    return visit.redirect(PATH, note=Note("removed", name) if name else None)


async def read_cart_form(visit: Visit) -> dict[str, str] | None:
    """A form of the cart or the checkout; ``None`` where the browser has no cart that it could be about."""
    if visit.cart is None:
        visit.check_origin()
        return None
    return await visit.read_form()


async def _with_line(visit: Visit, line: LineInput) -> Cart:
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
    path = own_path(variant_path(slug, sku), PATH) if slug else PATH
    return visit.redirect(f"{path}#added" if path.startswith(product_path("")) else path, note=note)


def _wanted(typed: str, step: str) -> int | None:
    units = whole_number(typed)
    if units is None or step not in ("", "-1", "1"):
        return None
    wanted = units + int(step or 0)
    return wanted if 0 <= wanted <= MAX_LINE_QUANTITY else None


async def _as_many_as_there_are(visit: Visit, sku: str, error: Conflict) -> Page:
    """The line gets what is left, and says so."""
    note = refusal(error, sku)
    if note is None or visit.cart is None:
        raise error
    if note.says == "short":
        try:
            note_units(visit, await visit.api_for_nobody.set_cart_line(visit.cart.token, sku, note.count))
        except ProblemError:  # Less still: the page settles it.
            return visit.redirect(PATH)
        return visit.redirect(PATH, note=Note(LESS, sku, note.count))
    return visit.redirect(PATH, note=note)


def _marked(visit: Visit, settled: Settled, sku: str, typed: str) -> list[LineView]:
    on_line = settled.on_line
    if visit.note and visit.note.says == LESS:
        on_line = {**on_line, visit.note.name: [short_sentence(visit, visit.note.count)]}
    lines = lines_of(visit, settled.cart, on_line)
    return [replace(line, quantity=typed) if sku and line.sku == sku else line for line in lines]
