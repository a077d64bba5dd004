"""A search for a piece of text, whatever stands in it."""

from sqlalchemy import ColumnElement, func


def contains(column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    """Whether ``text`` stands anywhere in ``column``; case does not count, and ``%`` and ``_`` mean themselves."""
    pattern = "%" + "".join(f"\\{char}" if char in "\\%_" else char for char in text.lower()) + "%"
    return func.lower(column).like(pattern, escape="\\")
