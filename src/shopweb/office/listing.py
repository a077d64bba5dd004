"""The list of the stock page: which part of it was asked for, and what is shown of it."""

from dataclasses import dataclass
from typing import Final

from shopapi.client import NotFound
from shopapi.contract.stock import Level, LevelPage, LevelQuery, MovementQuery, StockView
from shopweb.forms import item_id, one_line
from shopweb.office.rows import LedgerView, Row, item_row, ledger_view, level_row, stock_url
from shopweb.visit import Visit

PAGE_ROWS: Final = 24
OPEN_PAGE_ROWS: Final = 100
LEDGER_LINES: Final = 8


@dataclass(frozen=True)
class Wanted:
    """Which part of the list somebody asked for."""

    view: StockView
    q: str
    cursor: str
    start: int

    @classmethod
    def of(cls, visit: Visit) -> "Wanted":
        """What the query says; what makes no sense there is as if it were not said."""
        views: dict[str, StockView] = {"low": "low", "out": "out", "draft": "draft"}
        start = visit.asked("start")
        return cls(
            views.get(visit.asked("view"), "all"),
            one_line(visit.asked("q"))[:128],
            visit.asked("cursor"),
            int(start) if start.isascii() and start.isdigit() and len(start) < 8 else 0,
        )

    def url(self, **query: str | int) -> str:
        """The same part of the list, with other parameters as well."""
        view = "" if self.view == "all" else self.view
        return stock_url(**{"view": view, "q": self.q, "cursor": self.cursor, "start": self.start, **query})


@dataclass(frozen=True)
class Tab:
    """A view of the list with the number of its items."""

    word: str
    count: str
    url: str
    current: bool


@dataclass(frozen=True)
class StockList:
    """Everything that the stock page shows of the list; ``more`` is how many items the next page has."""

    rows: list[Row]
    tabs: list[Tab]
    wanted: Wanted
    shown: str
    first: str
    next: str
    more: int
    chosen: Row | None = None
    ledger: LedgerView | None = None


async def staff_list(visit: Visit, wanted: Wanted) -> StockList:
    """The list with levels, views and the chosen item's ledger."""
    page = await visit.api.list_levels(
        LevelQuery(q=wanted.q or None, view=wanted.view, limit=PAGE_ROWS, cursor=wanted.cursor or None)
    )
    level = await _chosen_level(visit, page)
    ledger = None
    if level:
        try:
            found = await visit.api.list_movements(level.sku, MovementQuery(limit=LEDGER_LINES))
            ledger = ledger_view(visit, found)
        except NotFound:  # Deleted between the two calls.
            level = None
    rows = [
        level_row(visit, row, choose=wanted.url(item=row.item_id), chosen=level is not None and row.sku == level.sku)
        for row in page.data
    ]
    return StockList(
        rows,
        _tabs(visit, page, wanted),
        wanted,
        shown(visit, wanted.start, len(rows), page.total),
        wanted.url(cursor="", start=0) if wanted.cursor else "",
        wanted.url(cursor=page.next_cursor, start=wanted.start + len(rows)) if page.next_cursor else "",
        _more(page, wanted.start + len(rows)),
        level_row(visit, level, choose="", chosen=True) if level else None,
        ledger,
    )


async def _chosen_level(visit: Visit, page: LevelPage) -> Level | None:
    chosen = item_id(visit.asked("item"))
    for level in page.data:
        if level.item_id == chosen:
            return level
    if chosen:
        others = await visit.api.list_levels(LevelQuery(item_id=chosen, limit=1))
        if others.data:
            return others.data[0]
    return page.data[0] if page.data else None


async def open_list(visit: Visit, wanted: Wanted) -> StockList:
    """The list of a classroom: names and quantities."""
    # The classic list has no pages and no filter of its own.
    items = [item for item in await visit.api.list_items() if wanted.q.casefold() in item.name.casefold()]
    end = wanted.start + OPEN_PAGE_ROWS
    rows = [item_row(item) for item in items[wanted.start : end]]
    return StockList(
        rows,
        [],
        wanted,
        shown(visit, wanted.start, len(rows), len(items)),
        wanted.url(start=0) if wanted.start else "",
        wanted.url(start=end) if end < len(items) else "",
        min(OPEN_PAGE_ROWS, len(items) - end),
    )


def _tabs(visit: Visit, page: LevelPage, wanted: Wanted) -> list[Tab]:
    _, views = visit.gettext, page.views
    found: list[tuple[StockView, str, int]] = [
        ("all", _("All"), views.all),
        ("low", _("Low"), views.low),
        ("out", _("Sold out"), views.out),
        ("draft", _("Drafts"), views.draft),
    ]
    return [
        Tab(word, visit.number(count), stock_url(view="" if view == "all" else view, q=wanted.q), view == wanted.view)
        for view, word, count in found
    ]


def _more(page: LevelPage, end: int) -> int:
    # Where the list goes on there is one more at least, whatever start somebody wrote into the address.
    return PAGE_ROWS if page.total is None else max(1, min(PAGE_ROWS, page.total - end))


def shown(visit: Visit, start: int, rows: int, total: int | None) -> str:
    """``1 to 24 of 148``, or without the whole where nobody counted it."""
    if not rows:
        return ""
    numbers = {"first": visit.number(start + 1), "last": visit.number(start + rows), "total": visit.number(total or 0)}
    if total is None:
        return visit.gettext("%(first)s to %(last)s") % numbers
    return visit.gettext("%(first)s to %(last)s of %(total)s") % numbers
