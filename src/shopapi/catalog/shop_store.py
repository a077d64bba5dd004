"""SQL over the shop itself: who it is, what delivery costs, what the law wants said."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, bindparam, func, insert, select, update

from shopapi.catalog.records import ShopWords
from shopapi.catalog.rich_text import html_of
from shopapi.catalog.stock_shown import changed
from shopapi.catalog.tables import shipping_method, shop, shop_text
from shopapi.contract.catalog import (
    LOCALES,
    Delivery,
    DeliveryWay,
    Locale,
    Money,
    PriceStep,
    Promise,
    Shop,
    ShopText,
    TextKind,
)
from shopapi.db.engine import Reader
from shopapi.db.types import clock
from shopapi.http.problems import NotFound

_SHOP: Final = (
    select(
        shop,
        shipping_method.c.names,
        shipping_method.c.countries,
        shipping_method.c.price,
        shipping_method.c.free_from,
        shipping_method.c.steps_by,
        shipping_method.c.steps,
        shipping_method.c.days_min,
        shipping_method.c.days_max,
    )
    .outerjoin(shipping_method, shipping_method.c.id > 0)
    .order_by(shipping_method.c.position, shipping_method.c.id)
)
_TEXT: Final = (
    select(shop_text)
    .join(shop, shop.c.id == 1)
    .where(shop_text.c.kind == bindparam("kind"))
    # The language asked for, else the shop's own, else any.
    .order_by(
        shop_text.c.locale != func.coalesce(bindparam("locale"), shop.c.default_locale),
        shop_text.c.locale != shop.c.default_locale,
    )
    .limit(1)
)


def read_shop(c: Reader, locale: Locale | None) -> tuple[Shop, str]:
    """What every page needs to know of the shop, and the language of its words."""
    rows = c.execute(_SHOP).all()
    own = rows[0]
    spoken = locale or own.default_locale
    words = msgspec.convert(own.words.get(spoken) or own.words.get(own.default_locale) or {}, ShopWords)
    home = next((row for row in rows if row.countries and own.country in row.countries), None)
    told = Shop(
        name=own.name,
        locales=list(LOCALES),
        default_locale=own.default_locale,
        currency=own.currency,
        country=own.country,
        prices_include_tax=own.prices_include_tax,
        delivery=None if home is None else _delivery(home, own.currency),
        returns_days=own.returns_days,
        headline=words.headline,
        intro=words.intro,
        about=words.about,
        promises=[Promise(title, text) for title, text in words.promises],
        read_only=own.read_only,
        ways=[_way(row, spoken, own) for row in rows if row.countries],
    )
    return told, spoken


def _delivery(row: Any, currency: str) -> Delivery:
    free_from = None if row.free_from is None else Money(row.free_from, currency)
    return Delivery(Money(row.price, currency), free_from, row.days_min, row.days_max)


def _way(row: Any, spoken: str, own: Any) -> DeliveryWay:
    told = _delivery(row, own.currency)
    return DeliveryWay(
        told.price,
        told.free_from,
        told.days_min,
        told.days_max,
        name=row.names.get(spoken) or row.names.get(own.default_locale) or next(iter(row.names.values()), ""),
        countries=row.countries,
        steps_by=row.steps_by,
        steps=[PriceStep(start, Money(costs, own.currency)) for start, costs in sorted(row.steps)],
    )


def read_text(c: Reader, kind: TextKind, locale: Locale | None) -> ShopText:
    """One of the texts that the law asks for; raises :class:`NotFound` where it was not written yet."""
    row = c.execute(_TEXT, {"kind": kind, "locale": locale}).first()
    if row is None:
        raise NotFound("The shop has not written this text yet.")
    return ShopText(row.kind, row.locale, row.html, row.updated_at)


def save_shop(
    c: Connection,
    *,
    name: str,
    legal_name: str,
    address: str,
    vat_id: str,
    email: str,
    country: str = "DE",
    returns_days: int | None = None,
    words: Mapping[str, ShopWords] | None = None,
) -> None:
    """Say who the shop is."""
    c.execute(
        update(shop).values(
            name=name,
            legal_name=legal_name,
            address=address,
            vat_id=vat_id,
            email=email,
            country=country,
            returns_days=returns_days,
            words=msgspec.to_builtins(words or {}),
            version=shop.c.version + 1,
            updated_at=clock(),
        )
    )
    changed(c, 0)


def save_text(c: Connection, kind: TextKind, locale: Locale, markdown: str) -> None:
    """Set one of the texts that the law asks for."""
    html = html_of(markdown)
    which = (shop_text.c.kind == kind, shop_text.c.locale == locale)
    if not c.execute(update(shop_text).where(*which).values(body=markdown, html=html, updated_at=clock())).rowcount:
        c.execute(insert(shop_text).values(kind=kind, locale=locale, body=markdown, html=html))
    changed(c, 0)
