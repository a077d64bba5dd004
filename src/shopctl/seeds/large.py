"""A large made-up catalog: the same products each time, however many are asked for.

Most words grow more frequent with the catalog, as they do in a real shop. A maker's place does not: each has forty
products, so that a search for one finds as much in a small catalog as in a large one.
"""

import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final, Literal, TypeVar

from msgspec import Struct

from shopapi.catalog.records import MediaRecord, ProductRecord, VariantRecord
from shopapi.contract.catalog import TaxClass
from shopctl.seeds import shelf
from shopctl.seeds.demo import base_unit_of, chosen_options, picture_name

T = TypeVar("T")

MOST: Final = 999_999
"""As many as their six digits can count."""
PRODUCTS_A_PLACE: Final = 40

# Long before the demo's goods, so that the new ones in the shop are those that were drawn and written with care.
_FIRST_PUBLISHED: Final = datetime(2020, 1, 1, tzinfo=UTC)
_ENDING: Final = {"m": "er", "f": "e", "n": "es"}


class Kind(Struct, frozen=True, forbid_unknown_fields=True):
    """What a made-up product can be. ``prices`` are the lowest and the highest, in cents; ``differs`` is the option
    in which its variants differ; of each ``fixed`` option a product has one value."""

    de: str
    en: str
    gender: Literal["m", "f", "n"]
    category: str
    pictures: list[str]
    prices: tuple[int, int]
    differs: dict[str, list[str]]
    fixed: dict[str, list[str]]
    tax_class: TaxClass = "standard"
    content: shelf.Content | None = None


class Places(Struct, frozen=True, forbid_unknown_fields=True):
    """What the makers' places are made of."""

    beginnings: list[str]
    middles: list[str]
    ends: list[str]


class Vocabulary(Struct, frozen=True, forbid_unknown_fields=True):
    """The words of the catalog."""

    sentences: list[shelf.Both]
    adjectives: list[shelf.Both]
    names: list[shelf.Both]
    places: Places
    kind: list[Kind]


def made_up(count: int, start: int = 0) -> Iterator[ProductRecord]:
    """``count`` products behind the first ``start`` ones. They lie in the demo's categories and show its pictures."""
    return (_product(number) for number in range(start + 1, start + count + 1))


def slug_of(number: int) -> str:
    """The slug of the product of this number, from 1 on."""
    return f"made-up-{number:06}"


def place_of(number: int) -> str:
    """Where the maker of the product of this number, from 1 on, lives: a word of forty products and of no other."""
    places, block = _vocabulary().places, (number - 1) // PRODUCTS_A_PLACE
    block, end = divmod(block, len(places.ends))
    middle, beginning = divmod(block, len(places.beginnings))
    return places.beginnings[beginning] + places.middles[middle] + places.ends[end]


@cache
def _vocabulary() -> Vocabulary:
    return shelf.read("vocabulary.toml", Vocabulary)


def _product(number: int) -> ProductRecord:
    words, place = _vocabulary(), place_of(number)
    kind = _pick(words.kind, number, "kind")
    adjective, name = _pick(words.adjectives, number, "adjective"), _pick(words.names, number, "name")
    sentence = _pick(words.sentences, number, "sentence")
    full_name = {
        "de": f"{adjective.de.capitalize()}{_ENDING[kind.gender]} {kind.de} „{name.de}“",
        "en": f"{adjective.en.capitalize()} {kind.en} “{name.en}”",
    }
    variants = list(_variants(kind, number))
    return ProductRecord(
        slug=slug_of(number),
        name=full_name,
        fact={"de": f"Aus {place}", "en": f"From {place}"},
        description={"de": f"{sentence.de}\n\nGemacht in {place}.", "en": f"{sentence.en}\n\nMade in {place}."},
        state="active",
        tax_class=kind.tax_class,
        categories=[kind.category],
        options=chosen_options([one.options for one in variants]),
        variants=variants,
        media=[MediaRecord(sha256=picture_name(_pick(kind.pictures, number, "picture")), alt=full_name)],
        published_at=_FIRST_PUBLISHED + timedelta(minutes=number),
    )


def _variants(kind: Kind, number: int) -> Iterator[VariantRecord]:
    fixed = {code: _pick(values, number, code) for code, values in kind.fixed.items()}
    low, high = kind.prices
    price = low + _draw(number, "price") % ((high - low) // 10) * 10
    choices = [{code: value} for code, values in kind.differs.items() for value in values] or [{}]
    for place, choice in enumerate(choices[: 1 + _draw(number, "variants") % len(choices)]):
        yield VariantRecord(
            sku=f"MU-{number:06}-{place + 1}",
            options={**choice, **fixed},
            price=price + 100 * place,
            content_amount=kind.content.amount if kind.content else None,
            content_unit=kind.content.unit if kind.content else None,
            base_unit=base_unit_of(kind.content),
            weight_g=100 + _draw(number, "weight") % 2000,
            on_hand=_stock(_draw(number, f"stock {place}") % 100),
        )


def _stock(drawn: int) -> int:
    """Five in a hundred are sold out, five are short."""
    return 0 if drawn < 5 else drawn - 4 if drawn < 10 else drawn


def _pick(words: Sequence[T], number: int, what: str) -> T:
    return words[_draw(number, what) % len(words)]


def _draw(number: int, what: str) -> int:
    """A number that looks random and is always the same; a checksum, since `random` may change with Python."""
    return zlib.crc32(f"{what} {number}".encode()) >> 3
