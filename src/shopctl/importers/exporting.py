"""What happens when the catalog goes out: every product as our own CSV, a page after the other."""

from collections.abc import Iterator
from typing import Final, TextIO

from shopapi.catalog.category_store import read_tree
from shopapi.catalog.record_store import default_locale, read_records
from shopapi.catalog.records import ProductRecord, Words
from shopapi.contract.catalog import LOCALES, Category
from shopapi.db.engine import Database
from shopctl.importers.plain_writing import write
from shopctl.importers.rows import Step

_PAGE: Final = 100


def export_products(db: Database, file: TextIO) -> int:
    """Write the catalog to ``file`` and answer how many products it has. Memory does not grow with their number."""
    # The head line needs to know how many options there are, so the products are read twice.
    options = max((len(one.options) for one in _records(db)), default=0)
    return write(_records(db), _paths(db), file, options=options)


def _records(db: Database) -> Iterator[ProductRecord]:
    after: int | None = 0
    while after is not None:
        with db.reading() as c:
            records, after = read_records(c, after=after, limit=_PAGE)
        yield from (one for one in records if one.variants)


def _paths(db: Database) -> dict[str, list[Step]]:
    """The path to each category. Another language's name stands only where it is not the default's."""
    with db.reading() as c:
        default = default_locale(c)
        trees = {locale: dict(_branches(read_tree(c, locale)[0].data, ())) for locale in LOCALES}
    names: dict[str, Words] = {
        slug: {locale: trees[locale][slug][-1].name for locale in LOCALES} for slug in next(iter(trees.values()))
    }
    return {
        slug: [Step(_told(names[one.slug], default), one.slug) for one in path]
        for slug, path in next(iter(trees.values())).items()
    }


def _branches(tree: list[Category], above: tuple[Category, ...]) -> Iterator[tuple[str, tuple[Category, ...]]]:
    for one in tree:
        path = (*above, one)
        yield one.slug, path
        yield from _branches(one.children, path)


def _told(names: Words, default: str) -> Words:
    return {locale: name for locale, name in names.items() if locale == default or name != names[default]}
