"""What a list was asked for by the page's address, and the addresses of lists that differ in one thing."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self, cast, get_args
from urllib.parse import urlencode

from shopapi.contract.catalog import ProductQuery, ProductSort
from shopweb.forms import FieldError, one_line
from shopweb.money import typed, typed_amount
from shopweb.visit import Visit

PAGE: Final = 24
_MAX_Q: Final = 128
_PRICES: Final = ("price_min", "price_max")
_SORTS: Final = frozenset[str](get_args(ProductSort))


class UnknownFilter(Exception):
    """An order or a filter that no page of ours offers."""


@dataclass(frozen=True)
class Filters:
    """Prices are in cents. ``shown`` is how many goods stand before this page; it is only told, never believed."""

    path: str
    category: str = ""
    q: str = ""
    options: tuple[str, ...] = ()
    in_stock: bool = False
    reduced: bool = False
    price_min: int | None = None
    price_max: int | None = None
    sort: str = ""
    cursor: str = ""
    shown: int = 0
    typed: dict[str, str] = field(default_factory=dict)
    errors: list[FieldError] = field(default_factory=list)

    @classmethod
    def of(cls, visit: Visit, path: str) -> Self:
        """What the address of this page asks for; what it does not know (such as a campaign's name) is nothing to it.

        Raises :class:`UnknownFilter`.
        """
        sort, shown = visit.asked("sort"), visit.asked("from")
        if sort and sort not in _SORTS:
            raise UnknownFilter
        q = one_line(visit.asked("q"))[:_MAX_Q].strip()
        asked = cls(
            path=path,
            category=visit.asked("category"),
            q=q,
            options=tuple(dict.fromkeys(visit.request.query_params.getall("option", []))),
            in_stock=visit.asked("in_stock") == "true",
            reduced=visit.asked("reduced") == "true",
            sort=sort if q or sort != "relevance" else "",
            cursor=visit.asked("cursor"),
            shown=int(shown) if shown.isascii() and shown.isdecimal() and len(shown) < 8 else 0,
        )
        return asked._priced(visit)

    def query(self, *, category: str = "") -> ProductQuery:
        """What to ask the API, in ``category`` where the page itself is one."""
        order = self.sort or ("relevance" if self.q else "newest")
        return ProductQuery(
            q=self.q or None,
            category=category or self.category or None,
            price_min=self.price_min,
            price_max=self.price_max,
            in_stock="true" if self.in_stock else None,
            reduced="true" if self.reduced else None,
            option=list(self.options),
            sort=cast(ProductSort, order),
            facets="true",
            limit=PAGE,
            cursor=self.cursor or None,
        )

    @property
    def narrowing(self) -> bool:
        """Whether fewer goods are wanted than the page has by itself."""
        return bool(self.category or self.options or self.in_stock or self.reduced) or self._by_price

    @property
    def _by_price(self) -> bool:
        return self.price_min is not None or self.price_max is not None

    def pairs(self) -> list[tuple[str, str]]:
        """Everything but the page, as the address and the forms' hidden fields have it."""
        found = [("q", self.q), ("category", self.category), *(("option", option) for option in self.options)]
        found += [("in_stock", "true")] if self.in_stock else []
        found += [("reduced", "true")] if self.reduced else []
        # As typed: how a number is written is not to change under those who wrote it.
        found += [(name, self.typed[name]) for name in _PRICES if getattr(self, name) is not None]
        return [(name, value) for name, value in [*found, ("sort", self.sort)] if value]

    def href(self, *, path: str = "", more: Iterable[tuple[str, str]] = (), **changes: Any) -> str:
        """The address of this list with ``changes``, from its first page on."""
        query = urlencode([*replace(self, **changes).pairs(), *more])
        return f"{path or self.path}?{query}" if query else path or self.path

    def without_option(self, option: str) -> str:
        """The address of this list without one value of an option."""
        return self.href(options=tuple(other for other in self.options if other != option))

    def _priced(self, visit: Visit) -> Self:
        words = {name: one_line(visit.asked(name))[:20].strip() for name in _PRICES}
        least, most = (typed_amount(words[name]) for name in _PRICES)
        if least is not None and most is not None and least > most:
            least, most = most, least
            words = dict(zip(_PRICES, reversed(words.values()), strict=True))
        message = visit.gettext("A price is a number, such as 12 or %(example)s.")
        example = {"example": typed(1250, visit.language)}
        errors = [
            FieldError(name, message % example) for name in _PRICES if words[name] and typed_amount(words[name]) is None
        ]
        return replace(self, price_min=least, price_max=most, typed=words, errors=errors)
