"""The command line as a user has it: a process with arguments, an environment and a directory."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile

import pytest

from tests.processes import clean_environment
from tests.warm import Streams, start_shopctl

ROOT = Path(__file__).resolve().parents[2]


def import_path(*more: str) -> str:
    """A PYTHONPATH with ``more`` in front of what it is now."""
    return os.pathsep.join(filter(None, [*more, os.environ.get("PYTHONPATH", "")]))


@dataclass(frozen=True)
class Told:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str


@dataclass
class Shopctl:
    """Runs ``shopctl`` in ``directory``, with ``environment`` on top of a clean one."""

    directory: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self, *args: str, stdin: str = "", **environment: str) -> Told:
        with TemporaryFile("w+") as typed, TemporaryFile("w+") as out, TemporaryFile("w+") as err:
            typed.write(stdin)
            typed.seek(0)
            settings = clean_environment(**self.environment, **environment)
            process = start_shopctl(list(args), settings, self.directory, Streams(typed, out, err))
            try:
                code = process.wait(60)
            finally:
                process.kill()
            out.seek(0)
            err.seek(0)
            told = Told(code, out.read(), err.read())
        assert "Traceback" not in told.err + told.out, told.err
        return told


@pytest.fixture
def shopctl(tmp_path: Path) -> Shopctl:
    """The command line in an empty directory, with SQLite there and no setting."""
    return Shopctl(tmp_path)


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Shopctl:
    """The command line over a migrated, empty database of each kind."""
    return Shopctl(tmp_path, {"DATABASE_URL": database_url.replace("+psycopg2", "")})


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts Python processes whose output is collected; what still runs when the test ends is killed."""
    started: list[subprocess.Popen[str]] = []

    def begin(*args: str, **environment: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", *args],
            cwd=tmp_path,
            env=clean_environment(**{"PYTHONPATH": import_path(str(ROOT)), **environment}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=10)
