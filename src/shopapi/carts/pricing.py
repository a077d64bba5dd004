"""A stored cart, priced: the same for its page, for checkout and for the order that comes of it. No I/O."""

from collections.abc import Sequence

from msgspec import Struct

from shopapi.carts.reading import (
    PagedProduct,
    PagedVariant,
    StoredCart,
    StoredLine,
    StoredMethod,
    StoredPromotion,
    paged,
)
from shopapi.contract.carts import (
    Cart,
    CartLine,
    CartProblem,
    CodeWhy,
    Contact,
    Discount,
    ShippingOption,
    TaxLine,
)
from shopapi.contract.catalog import Image, Money, TaxClass
from shopapi.pricing.rules import price
from shopapi.pricing.values import Applied, Delivery, Goods, Promotion, Totals
from shopapi.promotions.rules import why_not
from shopapi.shipping.rules import shipping_price


class Words(Struct, frozen=True):
    """A line in the customer's language. ``options`` map an option's name to its value's."""

    name: str
    fact: str
    options: dict[str, str]
    image: Image | None


class Priced(Struct, frozen=True):
    """A cart with its prices. ``sold`` are the lines that are for sale, with their words, tax rates and totals."""

    cart: StoredCart
    sold: list[StoredLine]
    words: list[Words]
    tax_rates_bp: list[int]
    totals: Totals
    method: StoredMethod | None
    discounts: list[Discount]
    problems: list[CartProblem]


def price_cart(cart: StoredCart) -> Priced:
    """What the cart costs now. A line that is not for sale any more costs nothing and is named as a problem."""
    sold = [line for line in cart.lines if line.price is not None and line.page is not None]
    country = cart.country or cart.home
    goods = [
        Goods(
            variant_id=line.variant_id,
            product_id=line.product_id,
            category_ids=frozenset(line.categories),
            unit_price=line.price or 0,
            quantity=line.quantity,
            tax_rate_bp=_rate(cart, country, line.tax_class),
            weight_g=line.weight_g or 0,
        )
        for line in sold
    ]
    method = chosen_method(cart)
    delivery = None if method is None else _delivery(cart, method, country)
    promotions = [_promotion(cart, one) for one in cart.promotions if one.live]
    totals = price(goods, promotions, delivery, prices_include_tax=cart.prices_include_tax)
    return Priced(
        cart=cart,
        sold=sold,
        words=[_words(line) for line in sold],
        tax_rates_bp=[one.tax_rate_bp for one in goods],
        totals=totals,
        method=method,
        discounts=[_discount(cart, one) for one in totals.applied],
        problems=_problems(cart, totals),
    )


def chosen_method(cart: StoredCart) -> StoredMethod | None:
    """The way to deliver that was chosen, where it still goes to the cart's country."""
    return next((one for one in methods_to(cart) if one.id == cart.shipping_method_id), None)


def methods_to(cart: StoredCart) -> list[StoredMethod]:
    """Every way to deliver to the cart's country; none while that is not known."""
    return [one for one in cart.methods if cart.country in one.countries]


def shipping_options(priced: Priced) -> list[ShippingOption]:
    """Every way to deliver to the cart's country with its price, cheapest first."""
    told = [shipping_option(priced, one) for one in methods_to(priced.cart)]
    return sorted(told, key=lambda one: one.price.amount)


def shipping_option(priced: Priced, method: StoredMethod) -> ShippingOption:
    """One way to deliver with its price for this cart."""
    cart, country = priced.cart, priced.cart.country or priced.cart.home
    weight_g = sum((line.weight_g or 0) * line.quantity for line in priced.sold)
    cost = shipping_price(_delivery(cart, method, country), weight_g=weight_g, subtotal=priced.totals.subtotal)
    if any(one.free_shipping for one in priced.totals.applied):
        cost = 0
    return ShippingOption(
        method=method.public_id,
        name=word(method.names, cart),
        price=Money(cost, cart.currency),
        days_min=method.days_min,
        days_max=method.days_max,
    )


def word(names: dict[str, str], cart: StoredCart) -> str:
    """A name in the cart's language, else in the shop's."""
    return names.get(cart.locale) or names.get(cart.default_locale) or next(iter(names.values()), "")


def tax_lines(totals: Totals, currency: str) -> list[TaxLine]:
    """The taxes of a sum, as they are told."""
    return [TaxLine(rate, Money(net, currency), Money(tax, currency)) for rate, net, tax in totals.taxes]


def told(priced: Priced, providers: Sequence[str]) -> Cart:
    """The cart as it is answered."""
    cart, totals, currency = priced.cart, priced.totals, priced.cart.currency
    countries = sorted({country for method in cart.methods for country in method.countries})
    return Cart(
        token=cart.token,
        state=cart.state,
        version=cart.version,
        currency=currency,
        prices_include_tax=cart.prices_include_tax,
        lines=_lines(priced),
        codes=[one.code for one in cart.promotions if one.code is not None],
        discounts=priced.discounts,
        contact=contact(cart),
        shipping_method=None if priced.method is None else shipping_option(priced, priced.method),
        payment_providers=list(providers),
        countries=countries,
        subtotal=Money(totals.subtotal, currency),
        discount=Money(totals.discount, currency),
        shipping=None if totals.shipping is None else Money(totals.shipping, currency),
        tax=Money(totals.tax, currency),
        taxes=tax_lines(totals, currency),
        total=Money(totals.total, currency),
        free_shipping_from=_free_from(priced),
        problems=priced.problems,
        updated_at=cart.updated_at,
        shipping_from=_shipping_from(priced),
    )


def contact(cart: StoredCart) -> Contact | None:
    """Who buys, where that was said."""
    if cart.email is None or cart.shipping_address is None:
        return None
    return Contact(cart.email, cart.shipping_address, cart.billing_address)


def _lines(priced: Priced) -> list[CartLine]:
    currency = priced.cart.currency
    lines = []
    for line, words, totals in zip(priced.sold, priced.words, priced.totals.lines, strict=True):
        page = paged(line)
        shown = _variant(page, line.sku)
        lines.append(
            CartLine(
                sku=line.sku,
                slug=line.slug,
                name=words.name,
                fact=words.fact,
                options=words.options,
                image=words.image,
                unit_price=Money(line.price or 0, currency),
                lowest_price_30_days=shown.lowest_price_30_days if shown else None,
                base_price=shown.base_price if shown else None,
                quantity=line.quantity,
                discount=Money(totals.discount, currency),
                total=Money(totals.total, currency),
                available=line.free >= line.quantity,
            )
        )
    return lines


def _name(line: StoredLine) -> str:
    page = paged(line)
    return page.name if page else line.name


def _words(line: StoredLine) -> Words:
    page = paged(line)
    variant = _variant(page, line.sku)
    if page is None or variant is None:
        return Words(line.name, "", {}, None)
    options = {
        option.name: value.name
        for option in page.options
        for value in option.values
        if variant.options.get(option.code) == value.code
    }
    own = next((one for one in page.images if one.url == variant.image), None)
    return Words(page.name, page.fact, options, own or (page.images[0] if page.images else None))


def _variant(page: PagedProduct | None, sku: str) -> PagedVariant | None:
    return next((one for one in page.variants if one.sku == sku), None) if page else None


def _rate(cart: StoredCart, country: str, tax_class: TaxClass) -> int:
    # Where the country of delivery has none of its own, the shop's own country's holds.
    for where in (country, cart.home):
        found = [one.rate_bp for one in cart.rates if one.country == where and one.tax_class == tax_class]
        if found:
            return found[-1]
    return 0


def _delivery(cart: StoredCart, method: StoredMethod, country: str) -> Delivery:
    return Delivery(
        method_id=method.id,
        price=method.price,
        free_from=method.free_from,
        steps_by=method.steps_by,
        steps=tuple((start, cost) for start, cost in method.steps),
        tax_rate_bp=_rate(cart, country, method.tax_class),
    )


def _promotion(cart: StoredCart, one: StoredPromotion) -> Promotion:
    return Promotion(
        id=one.id,
        code_id=one.code_id,
        code=one.code,
        name=word(one.names, cart),
        kind=one.kind,
        value=one.value,
        scope=one.scope,
        target_id=one.category_id if one.scope == "category" else one.product_id,
        exclusive=one.exclusive,
        min_subtotal=one.min_subtotal,
    )


def _discount(cart: StoredCart, applied: Applied) -> Discount:
    one = next(one for one in cart.promotions if one.code_id == applied.code_id)
    return Discount(word(one.names, cart), one.code, Money(applied.amount, cart.currency), applied.free_shipping)


def _free_from(priced: Priced) -> Money | None:
    cart = priced.cart
    methods = [priced.method] if priced.method else usual_methods(cart)
    known = [one.free_from for one in methods if one.free_from is not None]
    return Money(min(known), cart.currency) if known else None


def _shipping_from(priced: Priced) -> Money | None:
    prices = [shipping_option(priced, one).price for one in usual_methods(priced.cart)]
    return min(prices, key=lambda price: price.amount, default=None)


def usual_methods(cart: StoredCart) -> list[StoredMethod]:
    """Every way to deliver to the cart's country, and to the shop's own until that is known."""
    country = cart.country or cart.home
    return [one for one in cart.methods if country in one.countries]


def _problems(cart: StoredCart, totals: Totals) -> list[CartProblem]:
    found = [problem for line in cart.lines for problem in _problems_of(cart, line)]
    for one in cart.promotions:
        if one.code is not None and not one.live:
            found.append(_idle(cart, one, "used_up" if one.running else "ended"))
    by_code = {one.code_id: one for one in cart.promotions if one.code is not None}
    for rejected in totals.rejected:
        found.append(_idle(cart, by_code[rejected.code_id], rejected.why, rejected.missing))
    return found


def _idle(cart: StoredCart, one: StoredPromotion, why: CodeWhy, lacks: int = 0) -> CartProblem:
    """What is told of a code that is in the cart and takes nothing off."""
    missing = Money(lacks, cart.currency) if why == "min_subtotal" else None
    target = word(one.category_names, cart) if one.category_names else one.product_name
    goods = target if why == "not_in_cart" else None
    detail = f"{one.code} {why_not(why, missing, goods)}."
    return CartProblem("code_not_applicable", detail, code=one.code, missing=missing, why=why, goods=goods)


def _problems_of(cart: StoredCart, line: StoredLine) -> list[CartProblem]:
    sku, name = line.sku, line.name
    if line.price is None or line.page is None:
        return [CartProblem("not_for_sale", f"{name} is not for sale any more.", sku=sku, goods=_name(line))]
    found = []
    if line.free < line.quantity:
        left = max(0, line.free)
        found.append(CartProblem("insufficient_stock", f"Only {left} of {name} left.", sku=sku, left=left))
    if line.price != line.price_told:
        before = Money(line.price_told, cart.currency)
        found.append(CartProblem("price_changed", f"The price of {name} has changed.", sku=sku, before=before))
    return found
