"""The sandbox's own journal against the shop's books, charge by charge.

A charge that succeeded there is a captured payment here, with the same amount and refunds; or it was given back whole
there; or an open issue here shows it to a person. There is never more than one that succeeded under one key.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Final

import httpx
import msgspec
from msgspec import Meta, Struct
from sqlalchemy import exists, select

from shopapi.contract.orders import AttemptState
from shopapi.db.audit import MOST_SHOWN, Check
from shopapi.db.engine import Database, Reader
from shopapi.orders.tables import sales_order
from shopapi.payments.providers.sandbox import bearer
from shopapi.payments.tables import payment, payment_attempt, payment_issue

_UNDECIDED: Final = ("intended", "unknown")
_TIME_S: Final = 10.0


class Charged(Struct, frozen=True):
    """A charge of the sandbox's journal; amounts in minor units."""

    key: str
    order_number: str
    amount: Annotated[int, Meta(ge=0)]
    currency: str
    state: str
    refunded: Annotated[int, Meta(ge=0)]


class Booked(Struct, frozen=True):
    """An attempt to charge, and its payment, in the shop's books; amounts in minor units.

    ``waits``: the worker is to ask again. ``issue``: something about it is open to a person.
    """

    key: str
    order_number: str
    state: AttemptState
    currency: str
    captured: int
    refunded: int
    refund_pending: int
    waits: bool
    issue: bool


class _Page(Struct, frozen=True):
    charges: list[Charged]
    next: int | None


class JournalAway(Exception):
    """The sandbox's journal cannot be read; the message says why."""


def check_journal(db: Database, sandbox: httpx.Client) -> Check:
    """Compare both; a finding counts where a second look makes it again, so that work that goes on is none."""
    name = "the sandbox's journal and ours agree, charge by charge"
    try:
        theirs, findings = _look(db, sandbox)
        if findings:
            again = set(_look(db, sandbox)[1])
            findings = [finding for finding in findings if finding in again]
    except JournalAway as away:
        return Check(name, "payments", 0, [str(away)])
    return Check(name, "payments", len(theirs), findings[:MOST_SHOWN])


def compare(theirs: Sequence[Charged], ours: Mapping[str, Booked], *, settled: bool = False) -> list[str]:
    """A sentence for each charge on which the two do not agree.

    ``settled`` says that nothing goes on any more: then what the worker still has to ask about counts, too.
    """
    taken = [one for one in theirs if one.state == "succeeded"]
    found = [
        f"{key[:16]} was charged {times} times" for key, times in Counter(one.key for one in taken).items() if times > 1
    ]
    found += [words for one in taken if (words := _unlike(one, ours.get(one.key), settled))]
    known = {one.key for one in taken}
    return found + [
        f"{one.order_number} captured {one.captured} {one.currency}, and the sandbox charged nothing"
        for one in ours.values()
        if one.state == "succeeded" and one.key not in known
    ]


def _unlike(there: Charged, here: Booked | None, settled: bool) -> str:
    told = f"{there.order_number or there.key[:16]} was charged {there.amount} {there.currency}"
    if here is not None and here.state == "succeeded":
        if (there.amount, there.currency) != (here.captured, here.currency):
            return f"{told}, and captured {here.captured} {here.currency}"
        # What is on its way back may have arrived there already.
        most = here.refunded + (0 if settled else here.refund_pending)
        if not here.refunded <= there.refunded <= most:
            return f"{told}, {there.refunded} of it given back, and {here.refunded} refunded here"
        return ""
    if there.refunded == there.amount or (here is not None and here.issue):
        return ""
    if here is None:
        return f"{told} under a key that is none of the shop's"
    if here.waits and here.state in _UNDECIDED and not settled:
        return ""
    return f"{told}, and its attempt here is {here.state}"


def read_charges(sandbox: httpx.Client) -> list[Charged]:
    """Every charge of the journal; raises :class:`JournalAway`."""
    found: list[Charged] = []
    after: int | None = 0
    while after is not None:
        try:
            answer = sandbox.get("/charges", params={"after": after}).raise_for_status()
            page = msgspec.json.decode(answer.content, type=_Page)
        except httpx.HTTPStatusError as error:
            code = error.response.status_code
            hint = ": SHOP_SANDBOX_SECRET is not the sandbox's" if code == 401 else ""
            raise JournalAway(f"The sandbox's journal cannot be read: it answered {code}{hint}.") from None
        except httpx.HTTPError as error:
            raise JournalAway(f"The sandbox's journal cannot be read: {type(error).__name__}.") from None
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise JournalAway("The sandbox's journal cannot be read: its answer makes no sense.") from None
        found += page.charges
        after = page.next
    return found


def read_books(c: Reader, provider: str = "sandbox") -> dict[str, Booked]:
    """Every attempt to charge by this provider, by the key that the provider knows it by."""
    issue = exists().where(payment_issue.c.payment_id == payment.c.id, payment_issue.c.resolved_at.is_(None))
    rows = c.execute(
        select(
            payment_attempt.c.provider_key,
            sales_order.c.number,
            payment_attempt.c.state,
            payment.c.currency,
            payment.c.captured,
            payment.c.refunded,
            payment.c.refund_pending,
            payment_attempt.c.next_check_at.is_not(None).label("waits"),
            issue.label("issue"),
        )
        .join_from(payment_attempt, payment, payment.c.id == payment_attempt.c.payment_id)
        .join(sales_order, sales_order.c.id == payment.c.order_id)
        .where(payment.c.provider == provider, payment_attempt.c.kind == "capture")
    )
    return {
        row.provider_key: Booked(
            key=row.provider_key,
            order_number=row.number,
            state=row.state,
            currency=row.currency,
            captured=row.captured,
            refunded=row.refunded,
            refund_pending=row.refund_pending,
            waits=bool(row.waits),
            issue=bool(row.issue),
        )
        for row in rows
    }


def sandbox_client(url: str, secret: str) -> httpx.Client:
    """A caller of the sandbox; of several secrets the first counts."""
    token = bearer(secret.partition(",")[0].strip())
    return httpx.Client(base_url=url, timeout=_TIME_S, headers={"Authorization": f"Bearer {token}"}, trust_env=False)


def _look(db: Database, sandbox: httpx.Client) -> tuple[list[Charged], list[str]]:
    # Theirs first: the shop writes every charge down before it asks for it, so what is there must be here by then.
    theirs = read_charges(sandbox)
    with db.reading() as c:
        return theirs, compare(theirs, read_books(c))
