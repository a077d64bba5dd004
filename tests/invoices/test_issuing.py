"""Invoices and credit notes are numbered without a gap, issued once, and posted to the ledger."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import pytest
from sqlalchemy import Connection, func, select

from shopapi.db.engine import Database, DatabaseUnavailable, open_database
from shopapi.http.problems import NotFound
from shopapi.invoices import issue, numbers
from shopapi.invoices.draw_up import Subject, series_now, subject_of
from shopapi.invoices.reading import contents_of, read_pdf
from shopapi.invoices.sheet import pdf_of
from shopapi.invoices.tables import invoice, invoice_counter
from shopapi.orders.reading import read_order
from shopapi.orders.store import lock_order
from shopapi.orders.tables import sales_order
from shopapi.payments.tables import ledger_line, ledger_transaction
from tests.invoices import sold


class TakenBack(Exception):
    """The transaction is given up at its end."""


def numbers_of(db: Database, kind: str) -> list[int]:
    with db.reading() as c:
        rows = c.execute(select(invoice.c.number).where(invoice.c.kind == kind).order_by(invoice.c.number))
        return list(rows.scalars())


def balance(db: Database, account: str) -> int:
    with db.reading() as c:
        debit = c.execute(select(func.sum(ledger_line.c.amount)).where(ledger_line.c.debit == account)).scalar()
        credit = c.execute(select(func.sum(ledger_line.c.amount)).where(ledger_line.c.credit == account)).scalar()
    return int(debit or 0) - int(credit or 0)


def test_an_invoice_says_what_was_bought_and_clears_what_was_paid(database: Database) -> None:
    (number,) = sold.paid_orders(database, 1)
    ref = issue.issue_invoice(database, number)
    with database.reading() as c:
        pdf, name = read_pdf(c, number, ref.id)
        order = read_order(c, number)
        order_id = c.execute(select(sales_order.c.id)).scalar_one()
        (content,) = contents_of(c, order_id)
        assert order.invoices == [ref]
    assert pdf.startswith(b"%PDF-")
    assert name == f"{ref.number}.pdf"
    assert ref.number.endswith("-000001")
    assert ref.number[0] == "R"
    assert content.total == order.total.amount == 4190
    assert content.paid_on
    assert order.events[-1].kind == "invoiced"
    assert order.events[-1].data["number"] == ref.number
    assert balance(database, "receivable") == 0
    assert balance(database, "clearing:sandbox") == 4190
    assert -balance(database, "sales") == content.parts.goods[1900] == 3109
    assert -balance(database, "shipping_income") == 412
    assert -balance(database, "tax_payable:DE") == order.tax.amount == 669


def test_an_invoice_asked_for_twice_is_issued_once(database: Database) -> None:
    (number,) = sold.paid_orders(database, 1)
    assert issue.issue_invoice(database, number) == issue.issue_invoice(database, number)
    assert numbers_of(database, "invoice") == [1]


def test_one_order_asked_for_by_eight_at_once_gets_one_invoice(database: Database, database_url: str) -> None:
    (number,) = sold.paid_orders(database, 1)
    refs = each_with_own(
        database, database_url, lambda db, _: patiently(lambda: issue.issue_invoice(db, number)), [[number]] * 8
    )
    assert len({ref.id for ref in refs}) == 1
    assert numbers_of(database, "invoice") == [1]


T = TypeVar("T")


def each_with_own(db: Database, url: str, work: Callable[[Database, list[str]], T], shares: list[list[str]]) -> list[T]:
    """Do each share in a thread of its own, with connections of its own; on SQLite, with a place in one fair queue."""

    def one(share: list[str]) -> T:
        if db.dialect == "sqlite":
            return work(db, share)
        own = open_database(url, threads=1, patient=True)
        try:
            return work(own, share)
        finally:
            own.close()

    with ThreadPoolExecutor(len(shares)) as pool:
        return list(pool.map(one, shares))


def patiently(work: Callable[[], T]) -> T:
    """As a worker does: what could not be done in time is done a little later."""
    while True:
        try:
            return work()
        except DatabaseUnavailable:
            continue


@pytest.mark.concurrency
def test_sixteen_issuers_of_whom_a_third_fail_leave_no_gap(database: Database, database_url: str) -> None:
    orders = list(sold.paid_orders(database, 32))
    dice = random.Random(7)
    fails = {number: dice.random() < 0.3 for number in orders}
    assert any(fails.values())

    def work(db: Database, mine: list[str]) -> int:
        taken_back = 0
        for number in mine:
            if fails[number]:
                taken_back += patiently(partial(give_up, db, number))
            patiently(partial(issue.issue_invoice, db, number))
        return taken_back

    taken_back = sum(each_with_own(database, database_url, work, [orders[nth::16] for nth in range(16)]))
    assert taken_back == sum(fails.values())
    assert numbers_of(database, "invoice") == list(range(1, len(orders) + 1))
    with database.reading() as c:
        assert c.execute(select(invoice_counter.c.last)).scalar_one() == len(orders)
        posted = c.execute(select(func.count()).where(ledger_transaction.c.kind == "invoice")).scalar_one()
    assert posted == len(orders)


def give_up(db: Database, number: str) -> int:
    """Issue an invoice, and take the transaction back that has its number; answers how many were."""

    def keep_not(c: Connection) -> None:
        subject = subject_of(c, number)
        lock_order(c, number)
        numbers.lock(c, series_now(c, "invoice"))
        drawn = issue.draw_up(c, subject)
        assert drawn is not None
        assert issue.keep(c, issue.Draft(subject, *drawn, pdf_of(drawn[-1])))
        raise TakenBack

    with pytest.raises(TakenBack):
        db.write(keep_not)
    return 1


def test_who_loses_every_guess_issues_under_the_lock(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = sold.paid_orders(database, 2)
    draw_up = issue.draw_up
    issued: list[str] = []

    def somebody_is_quicker(c: object, subject: Subject) -> object:
        drawn = draw_up(c, subject)  # type: ignore[arg-type]
        if not issued:
            issued.append(first)
            issue.issue_invoice(database, first)
        return drawn

    monkeypatch.setattr(issue, "_GUESSES", 1)
    monkeypatch.setattr(issue, "draw_up", somebody_is_quicker)
    ref = issue.issue_invoice(database, second)
    assert ref.number.endswith("-000002")
    assert numbers_of(database, "invoice") == [1, 2]


def test_credit_notes_of_an_order_take_back_its_invoice_to_the_cent(database: Database) -> None:
    (number,) = sold.paid_orders(database, 1)
    with database.writing() as c:
        refunds = [
            sold.give_back(c, number, 333, reason="late_payment", actor="clerk@shop.example"),
            sold.give_back(c, number, 1, reason="customer", actor="customer"),
            sold.give_back(c, number, 3856),
        ]
    refs = [issue.issue_credit_note(database, number, one) for one in refunds]
    assert refs == [issue.issue_credit_note(database, number, one) for one in refunds]
    assert [ref.number[0] for ref in refs if ref] == ["G", "G", "G"]
    assert numbers_of(database, "credit_note") == [1, 2, 3]
    assert numbers_of(database, "invoice") == [1]
    with database.reading() as c:
        invoiced, *credited = contents_of(c, c.execute(select(sales_order.c.id)).scalar_one())
    assert [one.why for one in credited] == ["", "customer", ""], "What staff type is for colleagues."
    assert {one.corrects_total for one in credited} == {invoiced.total}
    assert {one.corrects for one in credited} == {invoiced.number}
    for account in ("receivable", "clearing:sandbox", "sales", "shipping_income", "tax_payable:DE"):
        assert balance(database, account) == 0, account


def test_money_that_came_too_late_and_went_back_needs_no_paper(database: Database) -> None:
    variant_id = sold.goods(database)
    with database.writing() as c:
        number = sold.place(c, variant_id)
        refund_id = sold.pay_too_late(c, number)
    assert issue.issue_credit_note(database, number, refund_id) is None
    assert numbers_of(database, "invoice") == numbers_of(database, "credit_note") == []
    assert balance(database, "receivable") == balance(database, "clearing:sandbox") == 0


def test_what_is_not_there_gets_no_paper(database: Database) -> None:
    first, second = sold.paid_orders(database, 2)
    with database.writing() as c:
        refund_id = sold.give_back(c, first, 100)
    with pytest.raises(NotFound, match="has no refund"):
        issue.issue_credit_note(database, second, refund_id)
    with pytest.raises(NotFound, match="There is no order"):
        issue.issue_invoice(database, "TT-ZZZZZZ")


def test_nobody_reads_the_invoice_of_another_order(database: Database) -> None:
    first, second = sold.paid_orders(database, 2)
    ref = issue.issue_invoice(database, first)
    with database.reading() as c, pytest.raises(NotFound):
        read_pdf(c, second, ref.id)
