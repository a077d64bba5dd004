"""The columns of our own CSV, in their order."""

import re
from collections.abc import Sequence
from typing import Final

from shopapi.contract.catalog import LOCALES

TEXTS: Final = ("name", "fact", "description", "seo_title", "seo_description")
PRODUCT: Final = (
    "slug",
    "state",
    "tax_class",
    "published_at",
    *(f"{text}_{locale}" for text in TEXTS for locale in LOCALES),
    *("categories", *(f"categories_{locale}" for locale in LOCALES)),
    *("pictures", *(f"pictures_{locale}" for locale in LOCALES)),
)
"""What the first row of a product says."""

VARIANT: Final = (
    "sku",
    "price",
    "compare_at_price",
    "content_amount",
    "content_unit",
    "base_unit",
    "barcode",
    "weight_g",
    "picture",
    "on_hand",
)
REQUIRED: Final = ("slug", "sku")
NUMBERS: Final = ("price", "compare_at_price")

_OPTION: Final = re.compile(r"option([1-9]\d?)(_value)?(_[a-z]+)?")


def option(n: int) -> tuple[str, ...]:
    """The columns of a product's ``n``-th option."""
    return (
        f"option{n}",
        *(f"option{n}_{locale}" for locale in LOCALES),
        f"option{n}_value",
        *(f"option{n}_value_{locale}" for locale in LOCALES),
        f"option{n}_swatch",
    )


def head(options: int) -> list[str]:
    """The head line of a file whose products have so many options at the most."""
    return [*PRODUCT, *VARIANT, *(name for n in range(1, options + 1) for name in option(n))]


def unknown(titles: Sequence[str]) -> list[str]:
    """Columns that our own CSV does not have; a misspelt one would lose what stands in it."""
    known = {*PRODUCT, *VARIANT}
    return [one for one in titles if one and one not in known and not _is_option(one)]


def _is_option(title: str) -> bool:
    told = _OPTION.fullmatch(title)
    return told is not None and title in option(int(told[1]))
