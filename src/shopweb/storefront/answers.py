"""Answers of the API that are awaited together, though one of them may fail."""

from collections.abc import Awaitable
from typing import TypeVar

from shopapi.client import ShopApiError

T = TypeVar("T")


async def answer_or_error(call: Awaitable[T]) -> T | ShopApiError:
    """What ``call`` answers, or its error: it is looked at when the others are there."""
    try:
        return await call
    except ShopApiError as error:
        return error
