"""The worker: what must happen without anybody asking for it. Any number may run at once.

For now that is the hourly audit and the clean-up of sessions and idempotency keys.
"""

import logging
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from shopapi.accounts.session_store import drop_dead_sessions
from shopapi.db.audit import audit
from shopapi.db.engine import Database, DatabaseUnavailable, open_database
from shopapi.http.idempotency import forget_old_keys
from shopapi.settings import ApiSettings

KEYS_KEPT_DAYS: Final = 30
"""Longer than any client repeats a request."""

_HOUR_S: Final = 3600.0
_log = logging.getLogger(__name__)


@dataclass
class Chore:
    """Work that comes round every ``every_s`` seconds; ``due`` is when, by the monotonic clock.

    ``counted`` is what ``work`` answered last: the audit, how many findings.
    """

    name: str
    every_s: float
    work: Callable[[Database], int | None]
    due: float = 0.0
    counted: int | None = None


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
    """Drop what has ended: sessions, and idempotency keys older than :data:`KEYS_KEPT_DAYS`."""
    sessions = db.write(drop_dead_sessions)
    keys = db.write(lambda c: forget_old_keys(c, days=KEYS_KEPT_DAYS))
    if sessions or keys:
        _log.info("clean-up: %d sessions and %d idempotency keys dropped", sessions, keys)


def chores() -> list[Chore]:
    """Everything that this worker does."""
    return [Chore("audit", _HOUR_S, audit_books), Chore("clean-up", _HOUR_S, clean_up)]


class Worker:
    """Runs chores until it is told to stop."""

    def __init__(self, db: Database, todo: list[Chore] | None = None) -> None:
        self._db = db
        self._todo = chores() if todo is None else todo
        self._stop = threading.Event()
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
        """Work until :meth:`stop`; a chore that fails is logged and comes round again in a minute."""
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
        except DatabaseUnavailable as error:
            self.failures += 1
            _log.warning("%s: %s; again in a minute", chore.name, error)
            chore.due = time.monotonic() + 60
        except Exception:
            # One chore's defect must not end the others.
            self.failures += 1
            _log.exception("%s failed; again in a minute", chore.name)
            chore.due = time.monotonic() + 60


def run(settings: ApiSettings, *, port: int, host: str = "127.0.0.1") -> None:
    """Run a worker until SIGTERM or SIGINT; at ``port`` (0: nowhere) it answers probes and monitoring."""
    from shopapi.worker_health import serve_health

    db = open_database(settings.database_url, threads=2, patient=True)
    worker = Worker(db)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    health = serve_health(worker, db, host, port) if port else None
    _log.info("worker started")
    try:
        worker.run()
    finally:
        if health is not None:
            health.shutdown()
        db.close()
    _log.info("worker stopped")
