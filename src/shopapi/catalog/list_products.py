"""What happens when somebody looks for goods: filters, words, order, page, facets; the answer as JSON."""

import hashlib
from typing import Final

import msgspec

from shopapi.catalog.facet_reader import read_facets
from shopapi.catalog.listing_reader import CardPage, Wanted, list_cards
from shopapi.catalog.narrowing import narrowing
from shopapi.catalog.related_reader import list_related
from shopapi.catalog.search.correcting import correct
from shopapi.catalog.search.words import Query, words_of
from shopapi.contract.catalog import Facets, Locale, ProductQuery, ProductSort
from shopapi.db.engine import Reader
from shopapi.http.cursors import Cursors
from shopapi.http.problems import InvalidRequest

_ALONE: Final = ProductQuery()


def list_products(c: Reader, asked: ProductQuery, cursors: Cursors, locale: Locale) -> bytes:
    """A ``ProductPage`` in JSON; raises :class:`InvalidRequest`, and :class:`NotFound` for an unknown category."""
    if asked.related_to is not None:
        if msgspec.structs.replace(asked, related_to=None, limit=_ALONE.limit) != _ALONE:
            raise InvalidRequest.of("related_to", "goes with limit alone")
        return _page(list_related(c, asked.related_to, locale=locale, limit=asked.limit), None, None, None)
    sort = _sort(asked)
    listing = _identity(asked, sort, locale)
    wanted = Wanted(
        locale=locale,
        sort=sort,
        filters=narrowing(asked),
        words=words_of(asked.q) if asked.q else None,
        after=cursors.place(listing, asked.cursor),
        limit=asked.limit,
    )
    found, suggestion = list_cards(c, wanted), None
    if not found.cards and wanted.words is not None:
        wanted, found, suggestion = _corrected(c, wanted, wanted.words, found)
    facets = read_facets(c, wanted) if asked.facets == "true" else None
    return _page(found, cursors.behind(listing, found.last), suggestion, facets)


def _corrected(c: Reader, wanted: Wanted, words: Query, found: CardPage) -> tuple[Wanted, CardPage, str | None]:
    """What the nearest spelling finds, where what was typed finds nothing."""
    spelling = correct(c, words, dialect=c.dialect.name)
    if spelling is None:
        return wanted, found, None
    nearer = msgspec.structs.replace(wanted, words=words_of(spelling))
    better = list_cards(c, nearer)
    return (nearer, better, spelling) if better.cards else (wanted, found, None)


def _sort(asked: ProductQuery) -> ProductSort:
    if asked.sort == "relevance" and not asked.q:
        raise InvalidRequest.of("sort", 'is "relevance", which needs q')
    return asked.sort or ("relevance" if asked.q else "newest")


def _identity(asked: ProductQuery, sort: ProductSort, locale: Locale) -> str:
    # A cursor is good for the list that gave it alone: the same filters and order, whatever the page's size.
    plain = msgspec.structs.replace(asked, cursor=None, limit=_ALONE.limit, facets="false", option=sorted(asked.option))
    told = msgspec.json.encode([plain, sort, locale if sort == "name" else ""])
    return f"products {hashlib.sha256(told).hexdigest()}"


def _page(found: CardPage, cursor: str | None, suggestion: str | None, facets: Facets | None) -> bytes:
    # The cards are JSON already; taking them apart to put them together again would cost more than the query.
    encode = msgspec.json.encode
    return b"".join(
        (
            b'{"data":[',
            ",".join(found.cards).encode(),
            b'],"next_cursor":',
            encode(cursor),
            b',"total":',
            encode(found.total),
            b',"suggestion":',
            encode(suggestion),
            b',"facets":',
            encode(facets),
            b"}",
        )
    )
