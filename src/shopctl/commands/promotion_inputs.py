"""What people type of a promotion, made into what is kept; what does not fit ends the command as wrong usage."""

import re
from datetime import UTC, date, datetime
from typing import Any, Final

from shopapi.contract import calendar
from shopapi.contract.fields import clean_text
from shopapi.pricing.values import PromotionKind, PromotionScope
from shopapi.promotions.records import NewPromotion
from shopapi.promotions.refusals import InvalidPromotion, check_promotion
from shopapi.promotions.rules import MAX_CODE, normal_code
from shopctl.commands.amounts import typed
from shopctl.console import clean, fail
from shopctl.importers import numbers

_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_EFFECTS: Final = "--percent 10, --amount 5.00 or --free-shipping"


def kind_and_value(percent: str | None, amount_: str | None, *, free_shipping: bool) -> tuple[PromotionKind, int]:
    """What it does: exactly one of the three."""
    said = [percent is not None, amount_ is not None, free_shipping]
    if sum(said) != 1:
        fail("A promotion does one thing." if any(said) else "What does the promotion do?", _EFFECTS, 2)
    if percent is not None:
        return "percent", _basis_points(percent)
    if amount_ is not None:
        value = amount("--amount", amount_)
        if value == 0:
            fail(f'--amount: "{clean(amount_)}" takes nothing off.', "an amount such as 5.00", 2)
        return "amount", value
    return "free_shipping", 0


def scope_and_target(category: str | None, product: str | None) -> tuple[PromotionScope, str | None]:
    """What it is on: the order, or the one category or product that is named."""
    if category is not None and product is not None:
        fail("A promotion is on a category or on a product, not on both.", "--category SLUG or --product SLUG", 2)
    if category is not None:
        return "category", category
    return ("order", None) if product is None else ("product", product)


def amount(option: str, told: str) -> int:
    """Money in minor units."""
    return typed(option, told, "an amount such as 50.00")


def first_moment(told: str | None) -> datetime | None:
    """When the first day begins; ``None`` is now."""
    return None if told is None else calendar.midnight(_day("--from", told))


def end_of(told: str | None, from_: str | None) -> datetime | None:
    """When the last day is over; ``None`` is never."""
    if told is None:
        return None
    last = _day("--until", told)
    if from_ is not None and last < _day("--from", from_):
        fail(f"--until: {last} is before --from.", "the last day is the first one or a later one", 2)
    end = calendar.end_of(last)
    if end <= datetime.now(UTC):
        fail(f"--until: {last} is over already.", "today or a later day", 2)
    return end


def new_promotion(*, name_de: str, name_en: str, code: str | None, **rest: Any) -> NewPromotion:
    """The whole of it."""
    if code is not None and normal_code(code) is None:
        fail(f'--code: "{clean(code)}" is no code.', f"1 to {MAX_CODE} letters A to Z and digits, such as HERBST10", 2)
    names = {"de": clean_text(name_de), "en": clean_text(name_en)}
    wanted = NewPromotion(names=names, code=code, **rest)  # type: ignore[arg-type]
    try:
        check_promotion(wanted)
    except InvalidPromotion as error:
        fault = error.errors[0]
        fail(f"--{fault.field.replace('names.', 'name-').replace('_', '-')} {fault.message}.", exit_code=2)
    return wanted


def _basis_points(told: str) -> int:
    plain = told.removesuffix("%").rstrip()
    try:
        value = numbers.decimal(plain, comma="," in plain and "." not in plain) * 100
    except ValueError as error:
        fail(f'--percent: "{clean(told)}" {error}.', "a number such as 10 or 12.5", 2)
    if not 0 < value <= 100 * 100 or value != int(value):
        fail(f'--percent: "{clean(told)}" is not from 0.01 to 100.', "a number such as 10 or 12.5", 2)
    return int(value)


def _day(option: str, told: str) -> date:
    try:
        day = date.fromisoformat(told) if _DAY.fullmatch(told) else None
    except ValueError:
        day = None
    if day is None:
        fail(f'{option}: "{clean(told)}" is no day.', "year, month and day, such as 2026-12-31", 2)
    if not 2000 <= day.year < 9999:  # The day after the last one has no date.
        fail(f"{option}: {day} is not from the years 2000 to 9998.", "a day such as 2026-12-31", 2)
    return day
