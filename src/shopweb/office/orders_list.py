"""The list of orders: which part of it was asked for, and what is shown of it."""

from dataclasses import dataclass
from datetime import date
from typing import Final, get_args
from urllib.parse import urlencode

from shopapi.contract.figures import money
from shopapi.contract.orders import OrderCard, OrderPage, OrderQuery, OrderView
from shopweb import locale
from shopweb.forms import one_line
from shopweb.office.listing import Tab, shown
from shopweb.office.order_words import attention_badge, payment_badge, shipping_badge, withdrawn_badge
from shopweb.office.rows import Badge
from shopweb.storefront.order_times import When, when
from shopweb.visit import Visit

PAGE_ROWS: Final = 24
_VIEWS: Final[dict[str, OrderView]] = {view: view for view in get_args(OrderView)}


@dataclass(frozen=True)
class WantedOrders:
    """Which part of the list somebody asked for; dates are ``2026-11-24`` or empty."""

    view: OrderView
    q: str
    placed_from: str
    placed_to: str
    cursor: str
    start: int

    @classmethod
    def of(cls, visit: Visit) -> "WantedOrders":
        """What the query says; what makes no sense there is as if it were not said."""
        start = visit.asked("start")
        return cls(
            _VIEWS.get(visit.asked("view"), "all"),
            one_line(visit.asked("q"))[:128],
            _day(visit.asked("from")),
            _day(visit.asked("to")),
            visit.asked("cursor"),
            int(start) if start.isascii() and start.isdigit() and len(start) < 8 else 0,
        )

    @property
    def narrowed(self) -> bool:
        """Whether it is not simply every order."""
        return bool(self.view != "all" or self.q or self.placed_from or self.placed_to)

    def query(self) -> OrderQuery:
        """What to ask the API."""
        return OrderQuery(
            q=self.q or None,
            view=self.view,
            placed_from=date.fromisoformat(self.placed_from) if self.placed_from else None,
            placed_to=date.fromisoformat(self.placed_to) if self.placed_to else None,
            limit=PAGE_ROWS,
            cursor=self.cursor or None,
        )

    def url(self, **query: str | int) -> str:
        """The same part of the list, with other parameters as well; empty ones are left out."""
        asked: dict[str, str | int] = {
            "view": self.view,
            "q": self.q,
            "from": self.placed_from,
            "to": self.placed_to,
            "cursor": self.cursor,
            "start": self.start,
            **query,
        }
        said = {name: value for name, value in asked.items() if value not in ("", 0) and (name, value) != _EVERY}
        return "/office/orders" + (f"?{urlencode(said)}" if said else "")


_EVERY: Final = ("view", "all")


@dataclass(frozen=True)
class OrderRow:
    """An order in the list."""

    number: str
    page: str
    placed: When
    customer: str
    email: str
    country: str
    total: str
    units: str
    payment: Badge
    shipping: Badge | None
    marks: list[Badge]


@dataclass(frozen=True)
class OrderList:
    """Everything that the page shows; ``more`` is how many orders the next page has, ``unmatched`` how many withdrawals
    name no order."""

    rows: list[OrderRow]
    tabs: list[Tab]
    wanted: WantedOrders
    shown: str
    first: str
    next: str
    more: int
    unmatched: int


async def order_list(visit: Visit, wanted: WantedOrders) -> OrderList:
    """The list; raises ``BadRequest`` for a cursor that is none."""
    page = await visit.api.list_orders(wanted.query())
    end = wanted.start + len(page.data)
    return OrderList(
        [_row(visit, card) for card in page.data],
        _tabs(visit, page, wanted),
        wanted,
        shown(visit, wanted.start, len(page.data), page.total),
        wanted.url(cursor="", start=0) if wanted.cursor else "",
        wanted.url(cursor=page.next_cursor, start=end) if page.next_cursor else "",
        PAGE_ROWS if page.total is None else max(1, min(PAGE_ROWS, page.total - end)),
        page.unmatched_withdrawals,
    )


def _row(visit: Visit, card: OrderCard) -> OrderRow:
    return OrderRow(
        card.number,
        f"/office/orders/{card.number}",
        when(visit, card.placed_at),
        card.customer,
        card.email,
        locale.country(card.country, visit.language),
        money(card.total, visit.language),
        visit.ngettext("%(count)s unit", "%(count)s units", card.units) % {"count": visit.number(card.units)},
        payment_badge(visit, card.payment_state),
        shipping_badge(visit, card.state, card.shipping_state),
        [
            *([withdrawn_badge(visit)] if card.withdrawn else []),
            *([attention_badge(visit)] if card.attention else []),
        ],
    )


def _tabs(visit: Visit, page: OrderPage, wanted: WantedOrders) -> list[Tab]:
    _, views = visit.gettext, page.views
    found: list[tuple[OrderView, str, int]] = [
        ("all", _("All"), views.all),
        ("to_pay", _("To pay"), views.to_pay),
        ("to_ship", _("To ship"), views.to_ship),
        ("unclear", _("Unclear"), views.unclear),
        ("done", _("Done"), views.done),
        ("cancelled", _("Cancelled"), views.cancelled),
    ]
    return [
        Tab(word, visit.number(count), wanted.url(view=view, cursor="", start=0), view == wanted.view)
        for view, word, count in found
    ]


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat() if len(text) == 10 else ""
    except ValueError:
        return ""
