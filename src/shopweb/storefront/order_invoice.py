"""An order's invoice as PDF."""

import asyncio
import re
from typing import Final

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from shopapi.client import BadRequest, NotFound
from shopapi.contract.orders import Order
from shopweb.storefront.order import missing_page
from shopweb.storefront.order_paths import NUMBER, TOKEN
from shopweb.visit import Page, Visit

INVOICE_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_POLICY: Final = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"


@get("/orders/{number:str}/invoices/{invoice:str}")
async def show_invoice(visit: NamedDependency[Visit], number: FromPath[str], invoice: FromPath[str]) -> Page:
    """The PDF, to whoever has the order's secret."""
    token = visit.asked("token")
    if not NUMBER.fullmatch(number) or not TOKEN.fullmatch(token) or not INVOICE_ID.fullmatch(invoice):
        return await missing_page(visit)
    api = visit.api_for_nobody
    try:
        content, order = await asyncio.gather(
            api.get_invoice(number, token, invoice), api.get_order(number, token, language=visit.language)
        )
    except (NotFound, BadRequest):
        return await missing_page(visit)
    return pdf_page(content, order, invoice)


def pdf_page(content: bytes, order: Order, invoice: str) -> Page:
    """A PDF that browsers show, and save under its own number; no cache keeps it, no search engine lists it."""
    number = next((paper.number for paper in order.invoices if paper.id == invoice), order.number)
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'inline; filename="{number}.pdf"',
        "Content-Security-Policy": _POLICY,
        "X-Robots-Tag": "noindex",
    }
    return Response(content, media_type="application/pdf", headers=headers)
