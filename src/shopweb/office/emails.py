"""The e-mails that the shop wrote: in a shop without a mail server, what would have been sent."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from litestar import MediaType, Response, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from shopapi.client import BadRequest
from shopapi.contract.orders import EmailCard, EmailMessage, EmailQuery
from shopweb.office.desk import desk_page
from shopweb.office.listing import shown
from shopweb.office.order_view import order_page
from shopweb.office.order_words import email_badge, email_kind
from shopweb.office.orders import lacks
from shopweb.office.rows import Badge
from shopweb.policy import content_policy
from shopweb.storefront.order_paths import NUMBER
from shopweb.storefront.order_times import When, when
from shopweb.visit import Page, Visit

PAGE_ROWS: Final = 24
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_URL: Final = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:)]")
_SHOWS_A_FRAME: Final = content_policy("'self'") + "; frame-src 'self'"
# Its links open in a window of their own; nothing else in it does anything.
_LETTER_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)


@dataclass(frozen=True)
class EmailRow:
    """An e-mail in the list."""

    page: str
    subject: str
    to: str
    kind: str
    badge: Badge
    at: When
    order: str
    order_page: str


@get("/office/emails")
async def show_emails(visit: NamedDependency[Visit]) -> Page:
    """The list, newest first; ``order`` narrows it to one order."""
    if lacking := lacks(visit, "orders:read"):
        return lacking
    order = visit.asked("order") if NUMBER.fullmatch(visit.asked("order")) else ""
    cursor, start = visit.asked("cursor"), visit.asked("start")
    begin = int(start) if start.isascii() and start.isdigit() and len(start) < 8 else 0
    try:
        found = await visit.api.list_emails(EmailQuery(order or None, PAGE_ROWS, cursor or None))
    except BadRequest:
        if not cursor:
            raise
        return visit.redirect("/office/emails")
    onward = {"order": order, "cursor": found.next_cursor or "", "start": str(begin + len(found.data))}
    return desk_page(
        visit,
        "office/emails.html",
        rows=[_row(visit, card) for card in found.data],
        sending=found.sending,
        order=order,
        shown=shown(visit, begin, len(found.data), found.total),
        first=_url({"order": order}) if cursor else "",
        next=_url(onward) if found.next_cursor else "",
    )


@get("/office/emails/{email:str}")
async def show_email(visit: NamedDependency[Visit], email: FromPath[str]) -> Page:
    """One of them: its text, and how it looks, in a frame that may do nothing."""
    if lacking := lacks(visit, "orders:read"):
        return lacking
    found = await _found(visit, email)
    page = desk_page(
        visit,
        "office/email.html",
        email=_row(visit, found.card),
        sent=when(visit, found.card.sent_at) if found.card.sent_at else None,
        pieces=list(_pieces(found.text)),
        letter=f"/office/emails/{quote(email)}/html",
    )
    page.headers["Content-Security-Policy"] = _SHOWS_A_FRAME
    return page


@get("/office/emails/{email:str}/html")
async def show_letter(visit: NamedDependency[Visit], email: FromPath[str]) -> Page:
    """The e-mail itself, as a page that runs no script and loads nothing."""
    if lacking := lacks(visit, "orders:read"):
        return lacking
    found = await _found(visit, email)
    html = found.html.replace("<head>", '<head><base target="_blank">', 1)
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": _LETTER_POLICY}
    return Response(html.encode(), media_type=MediaType.HTML, headers=headers)


async def _found(visit: Visit, email: str) -> EmailMessage:
    if not _ID.fullmatch(email):
        raise NotFoundException
    return await visit.api.get_email(email)


def _row(visit: Visit, card: EmailCard) -> EmailRow:
    return EmailRow(
        f"/office/emails/{quote(card.id, safe='')}",
        card.subject,
        card.to,
        email_kind(visit, card.kind),
        email_badge(visit, card.state),
        when(visit, card.created_at),
        card.order_number or "",
        order_page(card.order_number) if card.order_number else "",
    )


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """The text, cut where its links begin and end; the flag says which pieces are links."""
    end = 0
    for link in _URL.finditer(text):
        yield text[end : link.start()], False
        yield link[0], True
        end = link.end()
    yield text[end:], False


def _url(query: dict[str, str]) -> str:
    said = {name: value for name, value in query.items() if value}
    return "/office/emails" + (f"?{urlencode(said)}" if said else "")
