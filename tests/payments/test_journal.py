"""The sandbox's journal and the shop's books: they agree charge by charge, or the difference is told."""

import secrets
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection

from shopapi.db.engine import Database
from shopapi.payments.journal import Booked, Charged, check_journal, compare, read_books
from shopapi.payments.providers.interface import ChargeAnswer
from shopapi.payments.record_charge import record_charge
from shopapi.payments.store import open_issue, read_owed
from tests.cli.conftest import Shopctl
from tests.invoices import sold
from tests.sandbox.conftest import (
    OTHER_SECRET,
    SECRET,
    SandboxProcess,
    charge,
    client_at,
    receiver,
    sandbox,
    sandbox_process,
)

__all__ = ["receiver", "sandbox", "sandbox_process"]
TOTAL = 2 * 1850 + sold.SHIPPING


def charged(**more: Any) -> Charged:
    told = {"key": "k1", "order_number": "TT-000001", "amount": 500, "currency": "EUR", "state": "succeeded"}
    return Charged(**{**told, "refunded": 0, **more})


def booked(**more: Any) -> Booked:
    told = {"key": "k1", "order_number": "TT-000001", "state": "succeeded", "currency": "EUR", "captured": 500}
    rest = {"refunded": 0, "refund_pending": 0, "waits": False, "issue": False}
    return Booked(**{**told, **rest, **more})


FAILED = booked(state="failed", captured=0)
WAITING = booked(state="unknown", captured=0, waits=True)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ([], []),
        ([charged()], [booked()]),
        ([charged(refunded=200)], [booked(refunded=200)]),
        ([charged(refunded=200)], [booked(refund_pending=200)]),
        ([charged()], [booked(refund_pending=200)]),
        ([charged(state="failed"), charged(key="k2", state="open")], [FAILED]),
        ([charged(refunded=500)], [FAILED]),
        ([charged(refunded=500)], []),
        ([charged(amount=499)], [booked(state="unknown", captured=0, issue=True)]),
        ([charged()], [WAITING]),
        ([charged(), charged(state="cancelled")], [booked()]),
    ],
)
def test_what_agrees_is_no_finding(theirs: list[Charged], ours: list[Booked]) -> None:
    assert compare(theirs, {one.key: one for one in ours}) == []


@pytest.mark.parametrize(
    ("theirs", "ours", "words"),
    [
        ([charged(), charged()], [booked()], "k1 was charged 2 times"),
        ([charged()], [], "TT-000001 was charged 500 EUR under a key that is none of the shop's"),
        ([charged()], [FAILED], "TT-000001 was charged 500 EUR, and its attempt here is failed"),
        ([charged()], [booked(state="unknown", captured=0)], "TT-000001 was charged 500 EUR, and its attempt here is"),
        ([charged(amount=499)], [booked()], "TT-000001 was charged 499 EUR, and captured 500 EUR"),
        ([charged(currency="USD")], [booked()], "TT-000001 was charged 500 USD, and captured 500 EUR"),
        ([charged(refunded=200)], [booked()], "200 of it given back, and 0 refunded here"),
        ([charged()], [booked(refunded=200)], "0 of it given back, and 200 refunded here"),
        ([charged(refunded=499)], [FAILED], "and its attempt here is failed"),
        ([], [booked()], "TT-000001 captured 500 EUR, and the sandbox charged nothing"),
        ([charged(state="failed")], [booked()], "and the sandbox charged nothing"),
    ],
)
def test_what_does_not_agree_is_one(theirs: list[Charged], ours: list[Booked], words: str) -> None:
    found = compare(theirs, {one.key: one for one in ours})
    assert len(found) == 1
    assert words in found[0]


@pytest.mark.parametrize("here", [WAITING, booked(refund_pending=200)])
def test_where_all_is_settled_nothing_may_wait_any_more(here: Booked) -> None:
    there = charged() if here.state == "unknown" else charged(refunded=200)
    assert compare([there], {"k1": here}) == []
    assert len(compare([there], {"k1": here}, settled=True)) == 1


def an_order(db: Database) -> tuple[str, str]:
    """The number of an order that waits for its charge, and the charge's key."""
    variant_id = sold.goods(db)
    number = db.write(lambda c: sold.place(c, variant_id))
    with db.reading() as c:
        owed = read_owed(c, number)
    assert owed is not None
    return number, owed.key


def findings(db: Database, sandbox: httpx.Client) -> list[str]:
    return check_journal(db, sandbox).findings


def test_a_charge_is_followed_from_the_call_to_the_books(database: Database, sandbox: httpx.Client) -> None:
    number, key = an_order(database)
    assert findings(database, sandbox) == []
    charge(sandbox, key, "tok_ok", amount=TOTAL, order_number=number)
    assert findings(database, sandbox) == []  # The worker is to ask what became of it.
    database.write(lambda c: sold.pay(c, number))
    check = check_journal(database, sandbox)
    assert (check.checked, check.findings) == (1, [])
    answer = sandbox.post(f"/charges/{key}/refunds", json={"key": "r1", "amount": 300, "currency": "EUR"})
    assert answer.status_code == 200
    assert findings(database, sandbox) == [
        f"{number} was charged {TOTAL} EUR, 300 of it given back, and 0 refunded here"
    ]
    database.write(lambda c: sold.give_back(c, number, 300))
    assert findings(database, sandbox) == []


def test_money_that_the_shop_forgot_is_found(database: Database, sandbox: httpx.Client) -> None:
    number, key = an_order(database)
    charge(sandbox, key, "tok_ok", amount=TOTAL, order_number=number)
    database.write(lambda c: record_charge(c, number, ChargeAnswer("failed", reason="insufficient_funds")))
    assert findings(database, sandbox) == [f"{number} was charged {TOTAL} EUR, and its attempt here is failed"]

    def show_it_to_somebody(c: Connection) -> None:
        owed = read_owed(c, number)
        assert owed is not None
        open_issue(c, owed, "late_success")

    database.write(show_it_to_somebody)
    assert findings(database, sandbox) == []


def test_a_charge_of_nobody_s_and_a_payment_that_nobody_made_are_found(
    database: Database, sandbox: httpx.Client
) -> None:
    number, _ = an_order(database)
    database.write(lambda c: sold.pay(c, number))
    charge(sandbox, secrets.token_hex(12), "tok_ok", amount=700)
    found = findings(database, sandbox)
    assert len(found) == 2
    assert "700 EUR under a key that is none of the shop's" in found[0]
    assert f"{number} captured {TOTAL} EUR, and the sandbox charged nothing" in found[1]


def test_a_journal_of_many_pages_is_read_to_its_end(database: Database, sandbox: httpx.Client) -> None:
    for _ in range(501):
        charge(sandbox, None, "tok_insufficient_funds")
    number, key = an_order(database)
    charge(sandbox, key, "tok_ok", amount=TOTAL, order_number=number)
    database.write(lambda c: sold.pay(c, number))
    check = check_journal(database, sandbox)
    assert (check.checked, check.findings) == (502, [])


def test_the_books_hold_nothing_of_other_providers(database: Database) -> None:
    variant_id = sold.goods(database)
    database.write(lambda c: sold.place(c, variant_id, provider="manual"))
    with database.reading() as c:
        assert read_books(c) == {}


def test_the_audit_compares_where_a_sandbox_is_set(
    sqlite_url: str, tmp_path: Path, sandbox_process: SandboxProcess
) -> None:
    standing, shop = sandbox_process(), Shopctl(tmp_path, {"DATABASE_URL": sqlite_url})
    told = {"SHOP_SANDBOX_URL": standing.url, "SHOP_SANDBOX_SECRET": SECRET}
    without, good = shop("audit").out.split(), shop("audit", **told)
    assert (good.code, int(good.out.split()[1]) - int(without[1])) == (0, 1)
    with client_at(standing) as client:
        charge(client, None, "tok_ok", order_number="S-1001")
    bad = shop("audit", **told)
    assert bad.code == 1
    assert "✗ payments  the sandbox's journal and ours agree, charge by charge  1 of 1" in bad.out
    assert "S-1001 was charged 8800 EUR under a key that is none of the shop's" in bad.out
    other = shop("audit", **{**told, "SHOP_SANDBOX_SECRET": OTHER_SECRET})
    assert (other.code, "SHOP_SANDBOX_SECRET is not the sandbox's" in other.out) == (1, True)
    standing.kill()
    away = shop("audit", **told)
    assert (away.code, "journal cannot be read" in away.out) == (1, True)
