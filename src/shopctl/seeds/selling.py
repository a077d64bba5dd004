"""What the demo shop needs to sell, brought in beside what is there: accounts, rates, ways to deliver, a promotion."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, insert, select, update

from shopapi.catalog.stock_shown import changed
from shopapi.catalog.tables import shipping_method, shop, tax_rate
from shopapi.names import public_id
from shopapi.promotions.records import NewPromotion
from shopapi.promotions.store import add_promotion
from shopapi.promotions.tables import promotion_code
from shopctl.seeds.shelf import Both, read

_IN_FORCE: Final = datetime(2021, 1, 1, tzinfo=UTC)
"""As old as the rates that every shop has."""


class Seller(Struct, frozen=True, forbid_unknown_fields=True):
    """Who is paid; the fields are the shop's own columns."""

    tax_number: str
    bank_holder: str
    bank_iban: str
    bank_bic: str
    bank_name: str


class Rate(Struct, frozen=True, forbid_unknown_fields=True):
    """A country's rates of VAT, in percent."""

    country: str
    standard: Decimal
    reduced: Decimal


class Method(Struct, frozen=True, forbid_unknown_fields=True):
    """A way to deliver, in so many working days."""

    id: str
    name: Both
    countries: list[str]
    price: Decimal
    steps_by: Literal["weight", "subtotal"]
    steps: list[tuple[Decimal, Decimal]]
    days: tuple[int, int]
    free_from: Decimal | None = None


class Offer(Struct, frozen=True, forbid_unknown_fields=True):
    """A promotion on the whole order."""

    code: str
    name: Both
    percent: Decimal
    min_subtotal: Decimal


class Selling(Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    seller: Seller
    rate: list[Rate]
    method: list[Method]
    promotion: list[Offer]


def selling() -> Selling:
    """What the demo shop sells with."""
    return read("selling.toml", Selling)


def add_selling(c: Connection, *, actor: str) -> int:
    """Add what is missing, and answer how many things those were. Nothing that is there is changed."""
    told = selling()
    added = sum([_say_who_is_paid(c, told.seller), _add_rates(c, told.rate), _add_methods(c, told.method)])
    added += sum(_add_offer(c, offer, actor) for offer in told.promotion)
    if added:
        changed(c, 0)
    return added


def _say_who_is_paid(c: Connection, seller: Seller) -> int:
    said = msgspec.structs.asdict(seller)
    untouched = [shop.c[name] == "" for name in said]
    return c.execute(update(shop).where(*untouched).values(**said, version=shop.c.version + 1)).rowcount


def _add_rates(c: Connection, rates: list[Rate]) -> int:
    taxed = {(row.country, row.tax_class) for row in c.execute(select(tax_rate.c.country, tax_rate.c.tax_class))}
    rows: list[dict[str, Any]] = [
        {
            "public_id": public_id("tax"),
            "country": one.country,
            "tax_class": tax_class,
            "rate_bp": _hundredfold(percent),
            "valid_from": _IN_FORCE,
        }
        for one in rates
        for tax_class, percent in (("standard", one.standard), ("reduced", one.reduced), ("zero", Decimal(0)))
        if (one.country, tax_class) not in taxed
    ]
    if rows:
        c.execute(insert(tax_rate), rows)
    return len(rows)


def _add_methods(c: Connection, methods: list[Method]) -> int:
    known = set(c.execute(select(shipping_method.c.public_id)).scalars())
    rows = [_method_row(one, place) for place, one in enumerate(methods, start=1) if one.id not in known]
    if rows:
        c.execute(insert(shipping_method), rows)
    return len(rows)


def _method_row(one: Method, place: int) -> dict[str, Any]:
    by_weight = one.steps_by == "weight"
    return {
        "public_id": one.id,
        "names": {"de": one.name.de, "en": one.name.en},
        "countries": one.countries,
        "price": _hundredfold(one.price),
        "free_from": None if one.free_from is None else _hundredfold(one.free_from),
        "steps_by": one.steps_by,
        "steps": [[int(start) if by_weight else _hundredfold(start), _hundredfold(cost)] for start, cost in one.steps],
        "tax_class": "standard",
        "days_min": one.days[0],
        "days_max": one.days[1],
        "position": place,
    }


def _add_offer(c: Connection, one: Offer, actor: str) -> int:
    if c.execute(select(promotion_code.c.id).where(promotion_code.c.code == one.code)).first() is not None:
        return 0
    new = NewPromotion(
        names={"de": one.name.de, "en": one.name.en},
        kind="percent",
        value=_hundredfold(one.percent),
        code=one.code,
        min_subtotal=_hundredfold(one.min_subtotal),
    )
    add_promotion(c, new, actor=actor)
    return 1


def _hundredfold(number: Decimal) -> int:
    """Euros in cents, percents in basis points."""
    return int(number * 100)
