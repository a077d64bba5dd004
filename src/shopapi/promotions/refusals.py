"""What a promotion must be before it is kept; no I/O."""

import re
from typing import Final

from shopapi.contract.carts import MAX_TOTAL
from shopapi.contract.fields import NOT_BLANK
from shopapi.contract.problems import FieldError
from shopapi.http.problems import ShopError
from shopapi.pricing.division import WHOLE_BP
from shopapi.pricing.values import PromotionScope
from shopapi.promotions.records import NewPromotion
from shopapi.promotions.rules import MAX_CODE, normal_code

_MAX_NAME: Final = 200
_NAME: Final = re.compile(NOT_BLANK)


class CodeTaken(ShopError):
    """Another promotion has the code; a code is never given twice, so that old orders stay clear."""

    status, code, title = 409, "code_taken", "Code taken"

    def __init__(self, code: str) -> None:
        super().__init__(
            f"Another promotion has, or had, the code {code}. Choose another one.",
            errors=[FieldError("code", "is the code of another promotion")],
        )


class UnknownTarget(ShopError):
    """There is no such category or product."""

    status, code, title = 422, "unknown_target", "Unknown target"

    def __init__(self, scope: PromotionScope, slug: str) -> None:
        super().__init__(
            f'No {scope} has the slug "{slug}".', errors=[FieldError("target", f"is the slug of no {scope}")]
        )


class InvalidPromotion(ShopError):
    """A promotion that cannot be; ``errors`` names the field."""

    status, code, title = 422, "invalid_promotion", "Invalid promotion"

    def __init__(self, field: str, fault: str) -> None:
        super().__init__(f"{field} {fault}.", errors=[FieldError(field, fault)])


def check_promotion(new: NewPromotion) -> None:
    """Refuse what cannot be; raises :class:`InvalidPromotion`."""
    for locale, name in new.names.items():
        if len(name) > _MAX_NAME or not _NAME.fullmatch(name):
            raise InvalidPromotion(f"names.{locale}", f"has 1 to {_MAX_NAME} characters, on one line")
    if not new.names:
        raise InvalidPromotion("names", "are missing")
    _check_value(new)
    if (new.target is None) != (new.scope == "order"):
        raise InvalidPromotion("target", "is there for a category or a product, and only then")
    if not 0 <= new.min_subtotal <= MAX_TOTAL:
        raise InvalidPromotion("min_subtotal", f"is from 0 to {MAX_TOTAL}")
    if new.code is not None and normal_code(new.code) is None:
        raise InvalidPromotion("code", f"has 1 to {MAX_CODE} letters A to Z and digits")
    for field, limit in (("max_uses", new.max_uses), ("max_uses_per_customer", new.max_uses_per_customer)):
        if limit is not None and not 1 <= limit <= MAX_TOTAL:
            raise InvalidPromotion(field, f"is from 1 to {MAX_TOTAL}, or left out")


def _check_value(new: NewPromotion) -> None:
    if new.kind == "free_shipping":
        if new.value:
            raise InvalidPromotion("value", "is 0 where delivery is free")
        return
    most = WHOLE_BP if new.kind == "percent" else MAX_TOTAL
    if not 1 <= new.value <= most:
        raise InvalidPromotion("value", f"is from 1 to {most}: {'basis points' if most == WHOLE_BP else 'minor units'}")
