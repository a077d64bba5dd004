"""The texts that the law asks for."""

import asyncio
from dataclasses import replace
from typing import Final, cast, get_args

from litestar import get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from shopapi.client import NotFound, ShopApiError
from shopapi.contract.catalog import TextKind
from shopweb.storefront.answers import answer_or_error
from shopweb.storefront.frame import absolute, frame_of, storefront_page
from shopweb.storefront.kept_pages import kept_page
from shopweb.visit import Page, Visit

_KINDS: Final = frozenset[str](get_args(TextKind))


@get("/legal/{kind:str}")
async def show_text(visit: NamedDependency[Visit], kind: FromPath[str]) -> Page:
    """One of them; 404 where the shop has not written it yet, but not as if its address were wrong."""
    if kind not in _KINDS:
        raise NotFoundException
    return await kept_page(visit, lambda: _text(visit, cast(TextKind, kind)))


async def _text(visit: Visit, kind: TextKind) -> Page:
    frame, text = await asyncio.gather(frame_of(visit), answer_or_error(visit.site.shelf.text(visit, kind)))
    words = {"heading": _heading(visit, kind), "text": text}
    if isinstance(text, NotFound):
        return storefront_page(visit, "storefront/legal.html", frame, status=404, context={**words, "text": None})
    if isinstance(text, ShopApiError):
        raise text
    frame = replace(frame, canonical=absolute(visit, f"/legal/{kind}"), index=True)
    return storefront_page(visit, "storefront/legal.html", frame, context=words)


def _heading(visit: Visit, kind: TextKind) -> str:
    _ = visit.gettext
    return {
        "imprint": _("Imprint"),
        "terms": _("Terms and conditions"),
        "privacy": _("Privacy"),
        "withdrawal": _("Right of withdrawal"),
        "accessibility": _("Accessibility"),
    }[kind]
