"""What a route says of itself beside its permission: the answers and the problems that its document lists."""

from typing import Any

from shopapi.http.access import Needed, needs
from shopapi.http.problems import ShopError


def told(
    permission: Needed,
    summary: str,
    *,
    answers: dict[int, Any],
    problems: tuple[type[ShopError], ...] = (),
    query: type | None = None,
    tagged: bool = False,
    if_match: bool | None = None,
    keyed: bool = False,
    open_in_classroom: bool = False,
) -> dict[str, Any]:
    """A route's ``opt``.

    ``answers`` maps a status to the contract type of its body (``None`` for none); ``tagged`` says that it carries an
    ETag; ``if_match`` that the header is read (``True``: required); ``keyed`` that ``Idempotency-Key`` is.
    """
    return {
        **needs(permission, open_in_classroom=open_in_classroom),
        "summary": summary,
        "answers": answers,
        "problems": problems,
        "query": query,
        "tagged": tagged,
        "if_match": if_match,
        "keyed": keyed,
    }
