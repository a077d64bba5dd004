"""The worker: what must happen without anybody asking for it. Any number may run at once.

It takes in what happened (invoices, e-mails), sends e-mails, asks payment providers about money that nobody knows of,
gives up orders that nobody paid, audits the books every hour and drops what has ended.
"""

import asyncio
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from shopapi.accounts.session_store import drop_dead_sessions
from shopapi.carts.store import drop_old_carts
from shopapi.checkout.expire_order import expire_orders
from shopapi.db.audit import audit
from shopapi.db.engine import Database, DatabaseUnavailable, open_database
from shopapi.events import take_in as events
from shopapi.events.heartbeat import beat
from shopapi.events.send_emails import send
from shopapi.http.idempotency import forget_old_keys
from shopapi.payments.providers import find_providers
from shopapi.payments.reconcile import reconcile
from shopapi.runtime import failpoints
from shopapi.runtime.structs import make_structs_ready
from shopapi.settings import ApiSettings

KEYS_KEPT_DAYS: Final = 30
"""Longer than any client repeats a request."""

_HOUR_S: Final = 3600.0
_MOST_BATCHES: Final = 20
_LONGEST_PAUSE_S: Final = 60
_LAST_QUESTION_S: Final = 25.0
"""A provider that is being asked gets so long to answer before the worker stops."""
_NAME: Final = f"{socket.gethostname()}:{os.getpid()}"
_log = logging.getLogger(__name__)


@dataclass
class Chore:
    """Work that comes round every ``every_s`` seconds; ``due`` is when, by the monotonic clock.

    ``counted`` is what ``work`` answered last: the audit, how many findings. ``failed`` is how often in a row it could
    not be done. One that is ``apart`` waits for others, and has a thread of its own, so that nothing waits for it.
    """

    name: str
    every_s: float
    work: Callable[[Database], int | None]
    due: float = 0.0
    counted: int | None = None
    failed: int = 0
    apart: bool = False


def audit_books(db: Database) -> int:
    """Run every invariant and log what does not agree; answers how many findings there are."""
    with db.reading() as c:
        checks = audit(c)
    for check in checks:
        for finding in check.findings:
            _log.error("audit: %s: %s", check.name, finding)
    failed = sum(bool(check.findings) for check in checks)
    _log.log(logging.ERROR if failed else logging.INFO, "audit: %d checks, %d failed", len(checks), failed)
    return sum(len(check.findings) for check in checks)


def clean_up(db: Database) -> None:
    """Drop what has ended: sessions, carts that nobody touched, events that were taken in long ago, and idempotency
    keys older than :data:`KEYS_KEPT_DAYS`."""
    sessions = db.write(drop_dead_sessions)
    keys = 0
    while dropped := db.write(lambda c: forget_old_keys(c, days=KEYS_KEPT_DAYS)):
        keys += dropped
    carts = db.write(drop_old_carts)
    dropped = events.drop_old(db)
    if sessions or keys or carts or dropped:
        _log.info(
            "clean-up: %d sessions, %d idempotency keys, %d carts and %d events dropped", sessions, keys, carts, dropped
        )


class Reconciler:
    """Asks payment providers, on an event loop of its own that lives as long as the worker.

    Raises :class:`SettingsError` where one of them cannot be used.
    """

    def __init__(self, settings: ApiSettings, stopping: Callable[[], bool] = lambda: False) -> None:
        self._providers = find_providers(settings)
        self._stopping = stopping
        self._runner = asyncio.Runner()

    def __call__(self, db: Database) -> int:
        """Ask about everything that is due, unless it is ``stopping``; answers how much that was."""
        return self._runner.run(reconcile(db, self._providers, self._stopping))


def chores(settings: ApiSettings, stopping: Callable[[], bool] = lambda: False) -> list[Chore]:
    """Everything that this worker does, what customers wait for first. What is long stops once it is ``stopping``."""
    return [
        Chore("heartbeat", 10.0, lambda db: db.write(lambda c: beat(c, _NAME))),
        Chore("outbox", 1.0, lambda db: _until_done(lambda: events.take_in(db, settings), stopping)),
        Chore("e-mail", 1.0, lambda db: _until_done(lambda: send(db, settings), stopping)),
        Chore("expiry", 15.0, expire_orders),
        Chore("reconciliation", 5.0, Reconciler(settings, stopping), apart=True),
        Chore("audit", _HOUR_S, audit_books),
        Chore("clean-up", _HOUR_S, clean_up),
    ]


def _until_done(batch: Callable[[], int], stopping: Callable[[], bool]) -> int:
    """A full batch is followed by another, but not for ever: other chores have their turn too."""
    done = 0
    for _ in range(_MOST_BATCHES):
        count = batch()
        done += count
        if not count or stopping():
            break
    return done


class Worker:
    """Runs chores until it is told to stop, or others that share its ``stop`` are."""

    def __init__(self, db: Database, todo: list[Chore], stop: threading.Event | None = None) -> None:
        self._db = db
        self._todo = todo
        self._stop = stop or threading.Event()
        self.last_round = time.monotonic()
        self.rounds = 0
        self.failures = 0

    def counted(self, name: str) -> int | None:
        """What the chore of this name counted last; nothing before it was done for the first time."""
        return next((chore.counted for chore in self._todo if chore.name == name), None)

    def stop(self) -> None:
        """Stop after the chore at hand."""
        self._stop.set()

    def run(self) -> None:
        """Work until :meth:`stop`; a chore that fails is logged and comes round again in a minute, one that only lacked
        the database after a second, then after twice as long each time."""
        while not self._stop.is_set():
            for chore in self._todo:
                if chore.due <= time.monotonic() and not self._stop.is_set():
                    self._do(chore)
            self.last_round = time.monotonic()
            self.rounds += 1
            self._stop.wait(min(1.0, max(0.05, min(chore.due for chore in self._todo) - time.monotonic())))

    def _do(self, chore: Chore) -> None:
        chore.due = time.monotonic() + chore.every_s
        try:
            chore.counted = chore.work(self._db)
            chore.failed = 0
        except DatabaseUnavailable as error:
            self.failures += 1
            pause_s = min(_LONGEST_PAUSE_S, 2**chore.failed)
            chore.failed += 1
            _log.warning("%s: %s; again in %d s", chore.name, error, pause_s)
            chore.due = time.monotonic() + pause_s
        except Exception:
            # One chore's defect must not end the others.
            self.failures += 1
            _log.exception("%s failed; again in a minute", chore.name)
            chore.due = time.monotonic() + 60


def run(settings: ApiSettings, *, port: int, host: str = "127.0.0.1") -> None:
    """Run a worker until SIGTERM or SIGINT; at ``port`` (0: nowhere) it answers probes and monitoring."""
    from shopapi.worker_health import serve_health

    make_structs_ready()
    failpoints.arm(settings, test_mode=settings.test_mode, failpoints=settings.failpoints)
    db = open_database(settings.database_url, threads=3, patient=True)
    end = threading.Event()
    todo = chores(settings, end.is_set)
    worker = Worker(db, [chore for chore in todo if not chore.apart], end)
    others = [Worker(db, [chore], end) for chore in todo if chore.apart]
    threads = [threading.Thread(target=other.run, daemon=True) for other in others]
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: end.set())
    health = serve_health(worker, db, host, port) if port else None
    _log.info("worker started")
    try:
        for thread in threads:
            thread.start()
        worker.run()
    finally:
        end.set()
        if health is not None:
            health.shutdown()
        close_after(threads, db)
    _log.info("worker stopped")


def close_after(threads: list[threading.Thread], db: Database) -> None:
    """Close the database once the threads have ended. Where one still waits for a provider, it is left open: the end of
    the process undoes what was begun, and what was asked is asked again."""
    for thread in threads:
        thread.join(_LAST_QUESTION_S)
    if any(thread.is_alive() for thread in threads):
        _log.warning("a payment provider still has not answered after %d s; it is asked again later", _LAST_QUESTION_S)
    else:
        db.close()
