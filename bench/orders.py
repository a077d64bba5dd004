"""What placing an order costs PostgreSQL alone: pgbench, with the shop's own statement and the values of orders that
the shop drew up itself."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, TextClause, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.compiler import SQLCompiler

from bench.carts import Models, opened
from bench.plan import CannotMeasureError
from shopapi.carts.pricing import price_cart
from shopapi.carts.reading import read_cart
from shopapi.checkout import placing
from shopapi.checkout.draft import draft_order
from shopapi.checkout.verdict import Kept
from shopapi.contract.carts import CheckoutInput, MoneyInput, PaymentInput
from shopapi.db.engine import Reader
from shopapi.db.types import Json
from shopapi.http.etag import etag
from shopapi.http.idempotency import Claim
from shopapi.payments.providers.manual import Manual

PLACE_ORDER: Final = placing._ON_POSTGRESQL
# pgbench draws numbers alone. Out of the cart's comes all that no two orders may share.
DRAWN: Final = {
    "cart": ":cart",
    "number": "'B-' || CAST(:cart AS text)",
    "key": "'pgbench-order-' || CAST(:cart AS text)",
    "payment_id": "'pay_' || CAST(:cart AS text)",
    "payment_key": "'charge-' || CAST(:cart AS text)",
}
# A copy of a cart begins anew. The moments are one draft's: what they are does not change what the statement does.
_OF_ONE: Final = ("cart_version", "placed_at", "expires_at")
_KINDS: Final = {int: "bigint", str: "text", bytes: "bytea", bool: "boolean", list: "bigint[]"}
_CLAIM: Final = Claim("bench", "", bytes(32), "bench", "bench", None)
_WEEK_S: Final = 604_800

Values = Mapping[str, Any]


def drawn_up(of: Models) -> list[Values]:
    """What the shop's statement is given for an order of each of the models, paid in advance."""
    with opened(of.made) as db, db.reading() as c:
        return [_values(c, token, total) for token, total in zip(of.tokens, of.totals, strict=True)]


def _values(c: Reader, token: str, total: int) -> Values:
    cart = read_cart(c, token, "de")
    asked = CheckoutInput(MoneyInput(total, cart.currency), PaymentInput("manual"))
    draft = draft_order(price_cart(cart), asked, Manual(), wait_s=_WEEK_S, known=["manual"])
    headers = {"ETag": etag(draft.order.version), "Cache-Control": "no-store", "Content-Language": cart.locale}
    kept = Kept(201, headers, msgspec.json.encode(draft.order))
    return {**placing._values(draft, _CLAIM, kept, bytes(32), "c" * 64), "cart_version": 1}


def script(of: Models, statement: TextClause = PLACE_ORDER) -> tuple[str, dict[str, str]]:
    """The statement as a pgbench script that orders one cart after the other, and the values that do not change.

    What goes by the goods is looked up by the cart's model, in a table that is made for it. Raises
    :class:`CannotMeasureError` where the statement has a parameter that the shop's own values do not name.
    """
    every = drawn_up(of)
    compiled = rendered(statement)
    if unknown := set(compiled.params) - set(every[0]):
        raise CannotMeasureError(f"pgbench has no value for {', '.join(sorted(unknown))} of the statement")
    as_json = {name for name, bound in compiled.binds.items() if isinstance(bound.type, Json)}
    differing = [name for name in sorted(compiled.params) if _differs(every, name)]
    fixed = {name: every[0][name] for name in compiled.params if name not in DRAWN and name not in differing}
    terms = {**DRAWN, **{name: f"(SELECT {name} FROM model)" for name in differing}}
    terms |= {name: "NULL" for name, value in fixed.items() if value is None}
    if differing:
        _keep(of, every, differing)
    lines = [r"\set turn :turn + 1", r"\set cart :first + :turn * :clients + :client_id"]
    lines += [r"\set place :cart % :models"] if differing else []
    told = {name: as_text(value, json=name in as_json) for name, value in fixed.items() if value is not None}
    return "\n".join([*lines, f"{_with_terms(str(compiled), terms)};", ""]), {**told, "models": str(len(every))}


def rendered(statement: TextClause) -> SQLCompiler:
    """As the shop sends it, with pgbench's way to name a parameter."""
    return statement.compile(dialect=postgresql.dialect(paramstyle="named"))  # type: ignore[no-untyped-call]


def _differs(every: Sequence[Values], name: str) -> bool:
    if name in DRAWN or name in _OF_ONE:
        return False
    return any(values[name] != every[0][name] for values in every)


def _with_terms(statement: str, terms: Mapping[str, str]) -> str:
    """The statement with ``terms`` in the place of parameters. Once more than one model is there, it says which."""
    looked_up = any("FROM model" in term for term in terms.values())
    statement = re.sub(r"(?<![:\w]):(\w+)", lambda found: terms.get(found[1], found[0]), statement.strip())
    if not looked_up:
        return statement
    return re.sub(r"^WITH ", f"WITH {MODEL},\n", statement)


MODEL: Final = "model AS MATERIALIZED (SELECT * FROM bench_model WHERE place = :place)"
"""What is put before the statement's own words where orders are for more than one basket of goods."""


def _keep(of: Models, every: Sequence[Values], names: Sequence[str]) -> None:
    kinds = {name: _KINDS[type(every[0][name])] for name in names}
    columns = ", ".join(f"{name} {kind}" for name, kind in kinds.items())
    terms = ", ".join(f"CAST(:{name} AS {kind})" for name, kind in kinds.items())
    rows = [{"place": place, **{name: values[name] for name in names}} for place, values in enumerate(every)]

    def change(c: Connection) -> None:
        c.execute(text("DROP TABLE IF EXISTS bench_model"))
        c.execute(text(f"CREATE TABLE bench_model (place bigint PRIMARY KEY, {columns})"))
        c.execute(text(f"INSERT INTO bench_model VALUES (:place, {terms})"), rows)
        c.execute(text("ANALYZE bench_model"))

    with opened(of.made) as db:
        db.write(change)


def as_text(value: Any, *, json: bool) -> str:
    """A value as PostgreSQL reads it."""
    if json:
        return msgspec.json.encode(value).decode()
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list):
        return f"{{{', '.join(map(str, value))}}}"
    return str(value)
