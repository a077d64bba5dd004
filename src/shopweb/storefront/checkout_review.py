"""The third step: everything once more, and the one button that makes it an order."""

import logging
import re
from typing import Final
from urllib.parse import quote, urlsplit

from litestar import get, post
from litestar.di import NamedDependency
from msgspec.structs import replace

from shopapi.client import (
    ApiUnavailable,
    BadRequest,
    Conflict,
    NotFound,
    PaymentDeclined,
    ProblemError,
    TooManyRequests,
    Unprocessable,
)
from shopapi.contract.carts import MAX_TOTAL, CheckoutInput, MoneyInput, PaymentInput
from shopapi.contract.catalog import Money
from shopapi.contract.figures import money
from shopapi.contract.orders import Order
from shopweb.forms import NotAsWritten, Sent, key_of, new_key
from shopweb.session import Note
from shopweb.storefront.cart import PATH as CART
from shopweb.storefront.cart import read_cart_form
from shopweb.storefront.cart_notes import total_changed
from shopweb.storefront.cart_settling import Settled
from shopweb.storefront.checkout import REVIEW, SHIPPING, chosen_provider, reached, step_page
from shopweb.visit import Page, Visit

_log = logging.getLogger(__name__)
_TEMPLATE: Final = "storefront/checkout-review.html"
_AMOUNT: Final = re.compile(r"[0-9]{1,14}")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_PROVIDER: Final = re.compile(r"([a-z][a-z0-9-]{0,31})?")


@get(REVIEW)
async def show_review(visit: NamedDependency[Visit]) -> Page:
    """Goods, sums, addresses and what the law wants right above the button."""
    settled = await reached(visit, REVIEW)
    return await _page(visit, settled) if isinstance(settled, Settled) else settled


@post(REVIEW)
async def place_order(visit: NamedDependency[Visit]) -> Page:
    """Order. The form's key makes it one order, however often the form is sent."""
    sent = await read_cart_form(visit)
    if sent is None or visit.cart is None:
        return visit.redirect(CART)
    key, wanted = key_of(sent), _wanted(sent)
    try:
        order = await visit.api_for_nobody.check_out(visit.cart.token, wanted, key=key, language=visit.language)
    except PaymentDeclined as error:
        told = {"provider_busy": "busy", "order_given_up": "given_up"}.get(error.problem.code, "declined")
        return visit.redirect(SHIPPING, note=Note(told))
    except NotFound:
        visit.keep_cart(None)
        return visit.redirect(CART)
    except TooManyRequests:
        return await _once_more(visit, wanted, wait=True)
    except (Conflict, Unprocessable, BadRequest) as error:
        return await _refused(visit, wanted, error)
    return _placed(visit, order)


def _wanted(sent: Sent) -> CheckoutInput:
    """What the form asks for; raises :class:`NotAsWritten`."""
    amount, currency, provider = (sent.get(name, "") for name in ("expected_total", "currency", "provider"))
    right = _AMOUNT.fullmatch(amount) and _CURRENCY.fullmatch(currency) and _PROVIDER.fullmatch(provider)
    if not right or int(amount) > MAX_TOTAL:
        raise NotAsWritten
    return CheckoutInput(MoneyInput(int(amount), currency), PaymentInput(provider) if provider else None)


def _placed(visit: Visit, order: Order) -> Page:
    path = f"/orders/{quote(order.number)}"
    if order.access_token:
        path += f"?token={quote(order.access_token)}"
    if visit.cart:
        # The token stays: should the payment fail, the API opens this cart again.
        unpaid = path if order.state == "placed" else visit.cart.unpaid
        visit.keep_cart(replace(visit.cart, units=0, order=path, unpaid=unpaid))
    action = order.payment.next_action if order.payment else None
    if action is None:
        return visit.redirect(path)
    parts = urlsplit(action.url)
    origin = f"{parts.scheme}://{parts.netloc}"
    if origin not in visit.site.settings.payment_origins:
        _log.error("%s is no origin in SHOP_PAYMENT_ORIGINS: nobody is led there to pay.", origin)
        return visit.redirect(path)
    return visit.redirect(action.url)


async def _refused(visit: Visit, wanted: CheckoutInput, error: ProblemError) -> Page:
    match error.problem.code:
        case "cart_already_ordered":
            if visit.cart and visit.cart.order:
                return visit.redirect(visit.cart.order)
            return visit.redirect(CART, note=Note("ordered"))
        case "idempotency_in_progress":
            # Still being worked on after all tries: the same form with the same key asks again.
            raise ApiUnavailable(str(error), reached=True) from error
        case "price_changed" | "insufficient_stock" | "not_for_sale" | "idempotency_key_reused":
            pass
        case code if code.startswith("code_"):
            pass
        case code if "provider" in code or any("payment" in fault.field for fault in error.problem.errors):
            return visit.redirect(SHIPPING, note=Note("no_provider"))
        case _ if isinstance(error, Unprocessable):  # Something is missing, fits no more, or is not for sale any more.
            pass
        case _:
            raise error
    return await _once_more(visit, wanted)


async def _once_more(visit: Visit, wanted: CheckoutInput, *, wait: bool = False) -> Page:
    """The page as things are now, with a new key; it says that nothing was ordered, and why. Where a step is not done
    any more, it leads there."""
    agreed = Money(wanted.expected_total.amount, wanted.expected_total.currency)
    settled = await reached(visit, REVIEW, agreed)
    if not isinstance(settled, Settled):
        return settled
    _ = visit.gettext
    changed = agreed != settled.cart.total
    if wait:
        says = _("There were too many tries. Wait a minute, then try again.")
    elif changed:
        says = total_changed(visit, money(agreed, visit.language), money(settled.cart.total, visit.language))
    else:
        says = _("Nothing was ordered. Look through it once more, then order.")
    return await _page(visit, settled, says=says, marked=changed, status=429 if wait else 409)


async def _page(visit: Visit, settled: Settled, *, says: str = "", marked: bool = False, status: int = 200) -> Page:
    context = {
        "key": new_key(),
        "expected": settled.cart.total,
        "provider": chosen_provider(visit, settled.cart),
        "says": says,
        "marked": marked,
    }
    return await step_page(visit, _TEMPLATE, settled, status=status, context=context)
