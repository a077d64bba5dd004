"""The worker: chores come round, one that fails does not end the others, and it stops when it is told."""

import logging
import math
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from prometheus_client.parser import text_string_to_metric_families as families
from sqlalchemy import select, text, update

from shopapi.accounts.tables import session
from shopapi.db.engine import Database, DatabaseUnavailable
from shopapi.db.types import clock
from shopapi.inventory.tables import stock_level
from shopapi.orders.tables import sales_order
from shopapi.settings import ApiSettings
from shopapi.worker import Chore, Worker, audit_books, chores, clean_up, close_after
from shopapi.worker_health import serve_health
from tests import factories
from tests.api.bank import Bank
from tests.api.selling import EMAIL, Counter, done
from tests.waiting import free_port, wait_until


@contextmanager
def running(worker: Worker) -> Iterator[threading.Thread]:
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield thread
    finally:
        worker.stop()
        thread.join(10)
        assert not thread.is_alive()


def test_the_worker_does_what_customers_wait_for_first_and_often(settings: ApiSettings) -> None:
    assert [(chore.name, chore.every_s) for chore in chores(settings)] == [
        ("heartbeat", 10),
        ("outbox", 1),
        ("e-mail", 1),
        ("expiry", 15),
        ("reconciliation", 5),
        ("audit", 3600),
        ("clean-up", 3600),
    ]


def test_chores_run_at_once_and_come_round_again(sqlite_database: Database) -> None:
    done: list[str] = []
    todo = [
        Chore("often", 0.01, lambda _: done.append("often")),
        Chore("rarely", 3600, lambda _: done.append("rarely")),
    ]
    with running(Worker(sqlite_database, todo)):
        wait_until(lambda: done.count("often") >= 3, 10)
    assert done.count("rarely") == 1


def test_a_chore_that_fails_does_not_end_the_others(
    sqlite_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []

    def broken(_: Database) -> None:
        raise ZeroDivisionError

    def away(_: Database) -> None:
        raise DatabaseUnavailable("The database is gone.")

    todo = [Chore("broken", 0, broken), Chore("away", 0, away), Chore("good", 0.01, lambda _: done.append("x"))]
    with running(Worker(sqlite_database, todo)):
        wait_until(lambda: len(done) >= 3, 10)
    assert caplog.text.count("broken failed; again in a minute") == 1
    assert caplog.text.count("away: The database is gone.; again in 1 s") == 1


def test_stopping_is_quick_even_when_nothing_is_due(sqlite_database: Database) -> None:
    worker = Worker(sqlite_database, [Chore("rarely", 3600, lambda _: None)])
    with running(worker) as thread:
        wait_until(lambda: worker._todo[0].due > 0, 10)
        began = time.monotonic()
        worker.stop()
        thread.join(5)
    assert time.monotonic() - began < 1.5


def test_a_stop_is_heard_between_two_chores(sqlite_database: Database) -> None:
    done: list[str] = []
    worker = Worker(sqlite_database, [])
    worker._todo = [Chore("last", 3600, lambda _: worker.stop()), Chore("never", 3600, lambda _: done.append("x"))]
    with running(worker) as thread:
        thread.join(10)
    assert done == []


def test_the_database_is_not_closed_under_a_chore_that_still_waits(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shopapi.worker._LAST_QUESTION_S", 0.01)
    answer, closed = threading.Event(), list[bool]()
    thread = threading.Thread(target=answer.wait, args=(10,))
    with monkeypatch.context() as patched:
        patched.setattr(sqlite_database, "close", lambda: closed.append(thread.is_alive()))
        thread.start()
        close_after([thread], sqlite_database)
        assert closed == []
        answer.set()
        thread.join(10)
        close_after([thread], sqlite_database)
        assert closed == [False]


def test_clean_up_drops_what_has_ended_and_nothing_else(database: Database) -> None:
    with database.writing() as c:
        who = factories.staff(c, role="owner")
        factories.session(c, who)
        c.execute(update(session).values(expires_at=clock(-1)))
        factories.session(c, who)
    clean_up(database)
    with database.reading() as c:
        assert len(c.execute(select(session)).all()) == 1


@pytest.mark.spoils_the_books
def test_the_audit_logs_what_does_not_agree(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    audit_books(database)
    assert ", 0 failed" in caplog.text
    with database.writing() as c:
        factories.item(c, name="Mug", quantity=3)
        c.execute(update(stock_level).values(on_hand=4))
    audit_books(database)
    assert "audit: on hand = sum of movements: ITEM-1 on hand 4, movements 3" in caplog.text
    assert ", 1 failed" in caplog.text


@contextmanager
def answering(worker: Worker, db: Database) -> Iterator[Callable[..., tuple[int, str]]]:
    """The worker's answers: status and text by path, and by the Host that is asked for."""
    port = free_port()
    server = serve_health(worker, db, "127.0.0.1", port)

    def asked(path: str, host: str = "10.244.1.9:8001") -> tuple[int, str]:
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Host": host})
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    try:
        yield asked
    finally:
        server.shutdown()
        server.server_close()


def test_probes_learn_of_a_worker_that_hangs_and_of_a_schema_that_is_not_there(sqlite_database: Database) -> None:
    worker = Worker(sqlite_database, [])
    with answering(worker, sqlite_database) as asked:
        assert (asked("/healthz"), asked("/readyz")) == ((200, "ok\n"), (200, "ready\n"))
        assert asked("/nothing")[0] == 404
        worker.last_round -= 301
        assert asked("/healthz")[0] == 503
        with sqlite_database.writing() as c:
            c.exec_driver_sql("UPDATE schema_step SET checksum = 'x'")
        assert asked("/readyz")[0] == 503


@pytest.mark.spoils_the_books
def test_monitoring_learns_how_often_it_looked_and_what_the_last_audit_found(sqlite_database: Database) -> None:
    audit = Chore("audit", 3600, audit_books)
    worker = Worker(sqlite_database, [audit])
    with answering(worker, sqlite_database) as asked:

        def told(name: str) -> float:
            status, text = asked("/metrics")
            assert status == 200
            return next(value for family in families(text) for one, _, value, *_ in family.samples if one == name)

        assert told("shop_worker_rounds_total") == 0
        assert math.isnan(told("shop_audit_findings"))
        with running(worker):
            wait_until(lambda: told("shop_worker_rounds_total") >= 1, 10)
            assert told("shop_audit_findings") == 0
            with sqlite_database.writing() as c:
                factories.item(c, name="Mug", quantity=3)
                c.execute(update(stock_level).values(on_hand=4))
            audit.due = 0
            wait_until(lambda: told("shop_audit_findings") >= 1, 10)
        assert told("shop_worker_failures_total") == 0
        assert told("shop_worker_last_round_timestamp_seconds") == pytest.approx(time.time(), abs=5)


def test_a_failing_chore_is_counted(sqlite_database: Database) -> None:
    def away(_: Database) -> None:
        raise DatabaseUnavailable("The database is gone.")

    worker = Worker(sqlite_database, [Chore("away", 0, away)])
    with running(worker), answering(worker, sqlite_database) as asked:
        wait_until(lambda: 'shop_worker_failures_total{part="worker"} 1.0' in asked("/metrics")[1], 10)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_a_worker_answers_under_no_public_name(sqlite_database: Database, path: str) -> None:
    with answering(Worker(sqlite_database, []), sqlite_database) as asked:
        assert [asked(path, host)[0] for host in ("10.244.1.9", "localhost:8001", "worker")] == [200, 200, 200]
        assert [asked(path, host)[0] for host in ("shop.example", "api.shop.example:443")] == [404, 404]


def test_an_order_goes_its_way_by_the_worker_alone(counter: Counter, bank: Bank, settings: ApiSettings) -> None:
    """A charge without an answer is asked for, an order without its money is given up, and customers are written to."""
    bank.silent = True
    unclear = counter.order("sandbox")
    bank.silent = False
    unpaid = counter.order(KRUG=1)
    with counter.database.writing() as c:
        of_unpaid = sales_order.c.number == unpaid["number"]
        c.execute(update(sales_order).where(of_unpaid).values(expires_at=clock(-1)))
    counter.checks_are_due()
    with running(Worker(counter.database, chores(settings))):
        wait_until(lambda: counter.read(unclear)["state"] == "confirmed", 30, "the payment")
        wait_until(lambda: counter.read(unpaid)["state"] == "cancelled", 30, "the expiry")
        wait_until(lambda: counter.read(unclear)["invoices"], 30, "the invoice")
        wait_until(lambda: len(done(counter.staff("GET", "emails"))["data"]) >= 3, 30, "the e-mails")
    assert bank.taken() == unclear["total"]["amount"]
    mails = done(counter.staff("GET", f"emails?order={unpaid['number']}"))["data"]
    assert {mail["kind"] for mail in mails} == {"payment_due", "cancelled"}
    assert {mail["to"] for mail in mails} == {EMAIL}


def test_two_workers_at_once_do_everything_once(counter: Counter, bank: Bank, settings: ApiSettings) -> None:
    bank.silent = True
    orders = [counter.order("sandbox", KRUG=1) for _ in range(3)]
    bank.silent = False
    counter.checks_are_due()
    first, second = (Worker(counter.database, chores(settings)) for _ in range(2))
    with running(first), running(second):
        for order in orders:
            wait_until(lambda order=order: counter.read(order)["invoices"], 30, "the invoice")  # type: ignore[misc]
    assert [len(counter.read(order)["invoices"]) for order in orders] == [1, 1, 1]
    assert counter.rows("ledger_transaction") == 6  # A capture and an invoice of each.
    with counter.database.reading() as c:
        twice = c.execute(text("SELECT order_number, kind FROM email_message GROUP BY 1, 2 HAVING count(*) > 1")).all()
    assert twice == []
