"""Attributes of WooCommerce's products: which of them its variations differ in, and in which words."""

from collections.abc import Iterator, Sequence

from shopapi.names import slug
from shopctl.importers import words
from shopctl.importers.categories import unescaped
from shopctl.importers.options import ANY, Chosen
from shopctl.importers.rows import Note, Row, Terms

_MOST: int = 100


def chosen(parent: Row, variations: Sequence[Row], terms: Terms) -> list[Chosen]:
    """What each variation chooses. One that leaves an attribute empty fits every value: it chooses "any"."""
    if not variations:
        return [[]]
    told = [dict(_attributes(row)) for row in variations]
    spelt = _spellings(parent)
    names = [name for name, _ in _attributes(parent) if any(own.get(name) for own in told)]
    names += [name for own in told for name, value in own.items() if value and name not in names]
    any_value = ANY[terms.locale] if terms.locale in ANY else ANY["en"]
    return [
        [(name, _spelt(own.get(name, ""), spelt.get(name, {})) or any_value) for name in dict.fromkeys(names)]
        for own in told
    ]


def order_of(parent: Row) -> dict[str, list[str]]:
    """The values of each attribute in the product's own order."""
    return {name: _values(cell) for name, cell in _attributes(parent)}


def any_notes(variations: Sequence[Row]) -> list[Note]:
    """A note for each variation that leaves open what others choose."""
    told = [(row, dict(_attributes(row))) for row in variations]
    names = {name for _, own in told for name, value in own.items() if value}
    return [Note("any_value", row.number) for row, own in told if any(not own.get(name) for name in names)]


def _attributes(row: Row) -> Iterator[tuple[str, str]]:
    for n in range(1, _MOST + 1):
        if not row.has(f"attribute{n}_name"):
            return
        if name := words.shortened(words.one_line(row[f"attribute{n}_name"])):
            yield name, row[f"attribute{n}_values"]


def _values(cell: str) -> list[str]:
    return [words.shortened(words.one_line(value)) for value in unescaped(cell, ",")]


def _spellings(parent: Row) -> dict[str, dict[str, str]]:
    # Old shops write the slug of a value in the variation, and its name in the product.
    return {name: {slug(value): value for value in reversed(values)} for name, values in order_of(parent).items()}


def _spelt(cell: str, known: dict[str, str]) -> str:
    value = words.shortened(words.one_line(cell.replace(r"\,", ",")))
    return value if not value or value in known.values() else known.get(slug(value), value)
