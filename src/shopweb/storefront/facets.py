"""What a list can be narrowed by, and what it is narrowed by already."""

from dataclasses import dataclass

from shopapi.contract.catalog import Facets, Money, OptionFacet
from shopweb.money import round_money
from shopweb.storefront.cards import Dot, dot
from shopweb.storefront.filters import Filters
from shopweb.visit import Visit


@dataclass(frozen=True)
class Choice:
    """A box to tick; ``count`` is how many goods it leaves."""

    id: str
    value: str
    label: str
    count: str
    checked: bool
    dot: Dot | None = None


@dataclass(frozen=True)
class Group:
    """The boxes of one option."""

    legend: str
    choices: list[Choice]


@dataclass(frozen=True)
class Kind:
    """A category further down (or back up, without a count), as a link."""

    label: str
    href: str
    count: str


@dataclass(frozen=True)
class Chip:
    """Something that the list is narrowed by, and where it leads without."""

    label: str
    href: str


@dataclass(frozen=True)
class FacetPanel:
    """All of it; ``cheapest`` and ``dearest`` stand in the empty price fields."""

    kinds: list[Kind]
    in_stock: Choice | None
    groups: list[Group]
    cheapest: str
    dearest: str


def panel_of(visit: Visit, filters: Filters, facets: Facets, kinds: list[Kind]) -> FacetPanel:
    """The panel beside a list."""
    groups = [_group(visit, filters, option, n) for n, option in enumerate(facets.options, 1)]
    spread = facets.price
    in_stock = None
    if facets.in_stock != 0 or filters.in_stock:
        label = visit.gettext("In stock only")
        in_stock = Choice(
            "in-stock",
            "true",
            label,
            "" if facets.in_stock is None else visit.number(facets.in_stock),
            filters.in_stock,
        )
    return FacetPanel(
        kinds=kinds,
        in_stock=in_stock,
        groups=[group for group in groups if group.choices],
        cheapest=round_money(spread.min, visit.language) if spread else "",
        dearest=round_money(spread.max, visit.language) if spread else "",
    )


def chips_of(visit: Visit, filters: Filters, facets: Facets, currency: str, category_name: str) -> list[Chip]:
    """What the list is narrowed by, each with the way to be rid of it."""
    _ = visit.gettext
    names = {f"{option.code}:{value.code}": value.name for option in facets.options for value in option.values}
    chips = [Chip(category_name, filters.href(category=""))] if filters.category else []
    if filters.in_stock:
        chips.append(Chip(_("In stock"), filters.href(in_stock=False)))
    if filters.reduced:
        chips.append(Chip(_("Reduced"), filters.href(reduced=False)))
    for option in filters.options:
        chips.append(Chip(names.get(option, option.partition(":")[2]), filters.without_option(option)))
    if filters.price_min is not None:
        label = _("from %(price)s") % {"price": round_money(Money(filters.price_min, currency), visit.language)}
        chips.append(Chip(label, filters.href(price_min=None)))
    if filters.price_max is not None:
        label = _("up to %(price)s") % {"price": round_money(Money(filters.price_max, currency), visit.language)}
        chips.append(Chip(label, filters.href(price_max=None)))
    return chips


def _group(visit: Visit, filters: Filters, option: OptionFacet, n: int) -> Group:
    choices = []
    for m, value in enumerate(option.values, 1):
        chosen = f"{option.code}:{value.code}"
        colour = dot(value.swatch) if value.swatch else None
        choice = Choice(
            f"option-{n}-{m}", chosen, value.name, visit.number(value.count), chosen in filters.options, colour
        )
        if value.count or choice.checked:
            choices.append(choice)
    return Group(option.name, choices)
