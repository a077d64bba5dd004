"""A cart as pages show it: lines and sums in words."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from shopapi.contract.carts import Cart, CartLine, ShippingOption
from shopapi.contract.catalog import Money
from shopapi.contract.figures import money
from shopweb import locale
from shopweb.money import round_money
from shopweb.storefront.cards import base_price, struck_price
from shopweb.storefront.frame import variant_path
from shopweb.storefront.pictures import Picture, picture
from shopweb.storefront.sum_rows import delivery_name, price_or_free, taken_off, tax_rows
from shopweb.visit import Visit


@dataclass(frozen=True)
class LineView:
    """A line. ``facts`` are those of :func:`facts_of`; ``each`` is ``2 × 18,50 €``; ``was`` the lowest price of the
    last 30 days, where it is reduced."""

    sku: str
    href: str
    name: str
    facts: str
    picture: Picture | None
    quantity: str
    total: str
    each: str
    was: str
    base_price: str
    notes: list[str] = field(default_factory=list)
    error: str = ""


@dataclass(frozen=True)
class Row:
    """A row of the sums; ``code`` is there for what a code takes off."""

    label: str
    amount: str
    code: str = ""


@dataclass(frozen=True)
class Sums:
    """What it all costs. ``taxes`` are in ``total`` or were added to it."""

    subtotal: str
    discounts: list[Row]
    delivery: Row
    total: str
    before_delivery: bool
    taxes: list[Row]
    added_taxes: list[Row]


@dataclass(frozen=True)
class Way:
    """How far it is to free delivery."""

    text: str
    reached: bool


def lines_of(visit: Visit, cart: Cart, notes: Mapping[str, list[str]] | None = None) -> list[LineView]:
    """The lines; ``notes`` are what is to be said on them, by sku."""
    return [replace(_line(visit, line), notes=(notes or {}).get(line.sku, [])) for line in cart.lines]


def facts_of(fact: str, options: Mapping[str, str]) -> str:
    """What a line says of its goods (section 312j (2) BGB): what was chosen, or else their one fact. Not both: the fact
    is of all variants, and names what others have."""
    return ", ".join(options.values()) or fact


def units_of(cart: Cart) -> int:
    """How many units are in the cart."""
    return sum(line.quantity for line in cart.lines)


def country_of(cart: Cart, home: str) -> str:
    """The country that delivery is priced for: the address's, or the shop's own until there is one."""
    return cart.contact.shipping_address.country if cart.contact else home


def sums_of(visit: Visit, cart: Cart, home: str) -> Sums:
    """The sums. Until a way to deliver is chosen, they say what delivery costs at least, and in which country."""
    taxes = [Row(*row) for row in tax_rows(visit, cart.taxes, included=cart.prices_include_tax)]
    return Sums(
        subtotal=money(cart.subtotal, visit.language),
        discounts=[Row(name, off, one.code or "") for one, name, off in taken_off(visit, cart.discounts)],
        delivery=_delivery(visit, cart, home),
        total=money(cart.total, visit.language),
        before_delivery=cart.shipping is None and not _is_free(cart),
        taxes=taxes if cart.prices_include_tax else [],
        added_taxes=[] if cart.prices_include_tax else taxes,
    )


def way_to_free_delivery(visit: Visit, cart: Cart, home: str) -> Way | None:
    """What is missing to it, or that it is reached; ``None`` where there is none, or it is free as it is."""
    if cart.free_shipping_from is None:
        return None
    costs = cart.shipping or cart.shipping_from
    country = locale.country(country_of(cart, home), visit.language)
    missing = cart.free_shipping_from.amount - cart.subtotal.amount
    if missing > 0 and costs is not None and not costs.amount:
        return None
    if missing <= 0:
        words = visit.gettext("From %(free_from)s delivery (%(country)s) is free.")
        free_from = round_money(cart.free_shipping_from, visit.language)
        return Way(words % {"free_from": free_from, "country": country}, reached=True)
    words = visit.gettext("%(missing)s to go until delivery (%(country)s) is free.")
    lacks = money(Money(missing, cart.currency), visit.language)
    return Way(words % {"missing": lacks, "country": country}, reached=False)


def countries_of(visit: Visit, cart: Cart, home: str) -> list[tuple[str, str]]:
    """Where the shop delivers to, by code and name: its own country first, then as the language sorts them."""
    named = [(code, locale.country(code, visit.language)) for code in cart.countries]
    return sorted(named, key=lambda country: (country[0] != home, locale.sorting(country[1])))


def means_of(visit: Visit, cart: Cart, home: str) -> list[str]:
    """Where it is delivered to and how it can be paid (section 312j (1) BGB)."""
    countries = ", ".join(name for _, name in countries_of(visit, cart, home))
    providers = ", ".join(provider_name(visit, name) for name in cart.payment_providers)
    return [
        *([visit.gettext("We deliver to: %(countries)s.") % {"countries": countries}] if countries else []),
        *([visit.gettext("You can pay by: %(providers)s.") % {"providers": providers}] if providers else []),
    ]


def provider_name(visit: Visit, name: str) -> str:
    """A payment provider in words; one that is not known by its own name."""
    match name:
        case "manual":
            return visit.gettext("Bank transfer in advance")
        case "sandbox":
            return visit.gettext("Test card (sandbox)")
    return name


def days_of(visit: Visit, option: ShippingOption) -> str:
    """How long a way of delivery takes."""
    if option.days_min == option.days_max:
        return visit.ngettext("%(count)s working day", "%(count)s working days", option.days_max) % {
            "count": option.days_max
        }
    words = visit.gettext("%(fewest)s to %(most)s working days")
    return words % {"fewest": option.days_min, "most": option.days_max}


def _line(visit: Visit, line: CartLine) -> LineView:
    before = struck_price(line.unit_price, line.lowest_price_30_days)
    whole = Money(line.unit_price.amount * line.quantity, line.unit_price.currency)
    return LineView(
        sku=line.sku,
        href=variant_path(line.slug, line.sku),
        name=line.name,
        facts=facts_of(line.fact, line.options),
        picture=picture(line.image),
        quantity=str(line.quantity),
        total=money(whole, visit.language),
        each=f"{visit.number(line.quantity)} × {money(line.unit_price, visit.language)}",
        was=money(before, visit.language) if before else "",
        base_price=base_price(visit, line.base_price),
    )


def _is_free(cart: Cart) -> bool:
    return cart.shipping_from is not None and not cart.shipping_from.amount


def _delivery(visit: Visit, cart: Cart, home: str) -> Row:
    _ = visit.gettext
    if cart.shipping_method and cart.shipping:
        return Row(delivery_name(visit, cart.shipping_method.name), price_or_free(visit, cart.shipping))
    if cart.shipping_from is None:
        return Row(_("Delivery"), _("once we know the address"))
    label = _("Delivery (%(country)s)") % {"country": locale.country(country_of(cart, home), visit.language)}
    if _is_free(cart):
        return Row(label, _("free"))
    return Row(label, _("from %(price)s") % {"price": money(cart.shipping_from, visit.language)})
