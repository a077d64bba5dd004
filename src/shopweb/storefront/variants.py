"""Which variant a product's page shows, and the links to the others."""

from collections.abc import Mapping
from dataclasses import dataclass

from shopapi.contract.catalog import Option, Product, Variant
from shopweb.money import difference
from shopweb.storefront.cards import Dot, dot
from shopweb.storefront.frame import variant_path
from shopweb.visit import Visit


@dataclass(frozen=True)
class Chip:
    """A link to the variant that differs in one value."""

    id: str
    href: str
    label: str
    dot: Dot | None
    difference: str
    current: bool
    available: bool


@dataclass(frozen=True)
class Choice:
    """An option with what is chosen of it and what could be."""

    name: str
    chosen: str
    chips: list[Chip]


@dataclass(frozen=True)
class Fact:
    """An option that all variants agree in."""

    name: str
    value: str


def chosen_variant(product: Product, sku: str) -> Variant:
    """The variant called ``sku``, else the first that can be had, else the first."""
    available = (variant for variant in product.variants if variant.available)
    named = (variant for variant in product.variants if variant.sku == sku)
    return next(named, None) or next(available, None) or product.variants[0]


def choices_of(visit: Visit, product: Product, chosen: Variant) -> list[Choice]:
    """What can be chosen, each with a chip a value."""
    return [
        Choice(option.name, _value_name(option, chosen.options), _chips(visit, product, option, chosen, n))
        for n, option in enumerate(product.options, 1)
        if len(_offered(product, option)) > 1
    ]


def facts_of(product: Product, chosen: Variant) -> list[Fact]:
    """What there is nothing to choose about."""
    return [
        Fact(option.name, _value_name(option, chosen.options))
        for option in product.options
        if len(_offered(product, option)) == 1
    ]


def _chips(visit: Visit, product: Product, option: Option, chosen: Variant, n: int) -> list[Chip]:
    chips = []
    for m, value in enumerate(option.values, 1):
        if value.code not in _offered(product, option):
            continue
        variant = _nearest(product, chosen, option.code, value.code)
        chips.append(
            Chip(
                id=f"option-{n}-{m}",
                href=variant_path(product.slug, variant.sku),
                label=value.name,
                dot=dot(value.swatch) if value.swatch else None,
                difference=difference(variant.price, chosen.price, visit.language),
                current=chosen.options.get(option.code) == value.code,
                available=variant.available,
            )
        )
    return chips


def _nearest(product: Product, chosen: Variant, code: str, value: str) -> Variant:
    """The variant with ``value`` that has the most in common with the chosen one, one that can be had among equals."""
    wanted = {**chosen.options, code: value}

    def alike(variant: Variant) -> tuple[int, bool]:
        common = sum(variant.options.get(name) == each for name, each in wanted.items())
        return common, variant.available

    return max((one for one in product.variants if one.options.get(code) == value), key=alike)


def _offered(product: Product, option: Option) -> set[str]:
    return {variant.options[option.code] for variant in product.variants if option.code in variant.options}


def _value_name(option: Option, options: Mapping[str, str]) -> str:
    code = options.get(option.code)
    return next((value.name for value in option.values if value.code == code), code or "")
