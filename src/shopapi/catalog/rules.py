"""Prices, names and what may be refused; no I/O."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from shopapi.catalog.records import VariantRecord, Words
from shopapi.contract.catalog import LOW_STOCK, BaseUnit, Money
from shopapi.contract.problems import FieldError
from shopapi.http.problems import ShopError

_PER: Final[dict[str, tuple[BaseUnit, int]]] = {"g": ("kg", 1000), "kg": ("kg", 1), "ml": ("l", 1000), "l": ("l", 1)}
_REFERENCE: Final = timedelta(days=30)
_MAX_ITEM_NAME: Final = 200
_SORTED_LETTERS: Final = 50
_SIGNS: Final = re.compile(r"[^\w ]+")
_SHARP_S: Final = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe"})


class UnknownVariant(ShopError):
    """No variant has this sku."""

    status, code, title = 404, "unknown_variant", "Unknown variant"

    def __init__(self, sku: str) -> None:
        super().__init__(f'No variant has the sku "{sku}".')


class NoPrice(ShopError):
    """A product on sale needs a price."""

    status, code, title = 422, "no_price", "No price"

    def __init__(self) -> None:
        super().__init__(
            "None of its variants has a price, so it cannot be on sale.",
            errors=[FieldError("price", "is missing: an active product has one")],
        )


class Archived(ShopError):
    """What is archived stays archived: its names belong to others by now."""

    status, code, title = 409, "archived", "Archived"

    def __init__(self) -> None:
        super().__init__("It is archived, which is for good. Make a new product.")


class CompareAtTooLow(ShopError):
    """The price before is none that was higher."""

    status, code, title = 422, "compare_at_too_low", "Compare-at price too low"

    def __init__(self, price: int) -> None:
        super().__init__(
            "The compare-at price is not above the price.",
            errors=[FieldError("compare_at_price", f"is not above the price, {price}")],
        )


class StockLeft(ShopError):
    """A product with units in stock cannot be archived."""

    status, code, title = 409, "stock_left", "There is stock left"

    def __init__(self, units: int) -> None:
        super().__init__(f"{units} units are in stock. Write them off first.")


def word(words: Words, locale: str, default: str) -> str:
    """The text in ``locale``, else in the shop's ``default`` language, else ``""``."""
    return words.get(locale) or words.get(default) or ""


def money(amount: int | None, currency: str) -> Money | None:
    """An amount that may be missing, as it is told."""
    return None if amount is None else Money(amount, currency)


def base_price(variant: VariantRecord) -> tuple[int, BaseUnit] | None:
    """The price of a kilogram or a litre in minor units, rounded half up (PAngV, sections 4 and 5).

    ``None`` where the variant has no price or says no content.
    """
    if variant.price is None or not variant.content_amount or variant.content_unit is None or variant.base_unit is None:
        return None
    unit, parts = _PER[variant.content_unit]
    if unit != variant.base_unit:
        return None
    return (2 * variant.price * parts + variant.content_amount) // (2 * variant.content_amount), unit


def lowest_before(changes: Sequence[tuple[datetime, int | None]], at: datetime, price: int | None) -> int | None:
    """What a price that holds from ``at`` on is a reduction of: the lowest of the 30 days before (PAngV, section 11).

    ``changes`` are earlier prices and when they began, oldest first. ``None`` where ``price`` is no reduction.
    """
    earlier = [(since, was) for since, was in changes if since < at]
    if price is None or not earlier or earlier[-1][1] is None or earlier[-1][1] <= price:
        return None
    begin = at - _REFERENCE
    in_force = [
        was for index, (_, was) in enumerate(earlier) if index + 1 == len(earlier) or earlier[index + 1][0] > begin
    ]
    lowest = min(was for was in in_force if was is not None)
    return lowest if lowest > price else None


def sort_name(name: str) -> str:
    """``name`` as it sorts in both languages: case, accents and signs do not count (DIN 5007-1: ä as a, ß as ss).

    Its first 50 letters decide: a cursor must hold it.
    """
    plain = unicodedata.normalize("NFKD", name.casefold().translate(_SHARP_S))
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    return " ".join(_SIGNS.sub(" ", letters).split())[:_SORTED_LETTERS].rstrip()


def item_name(product: str, values: Sequence[str], sku: str, taken: set[str]) -> str:
    """A variant's name in the classic interface: product and options, with its sku where that is ``taken``."""
    options = f" ({', '.join(values)})" if values else ""
    name = (
        product[: _MAX_ITEM_NAME - len(options)].rstrip() + options if len(options) < 150 else product[:_MAX_ITEM_NAME]
    )
    if name in taken:
        suffix = f" ({sku})"
        name = name[: _MAX_ITEM_NAME - len(suffix)].rstrip() + suffix
    return name


def as_kept(moment: datetime) -> datetime:
    """``moment`` in whole milliseconds, as fine as either database keeps it: so what comes out compares equal."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def shown_units(available: int) -> int:
    """How far units that can be had are told: up to one above ``LOW_STOCK``, which says that there are more."""
    return max(0, min(available, LOW_STOCK + 1))
