"""Two terminals, as a reader of the tutorial has them: one where the shop runs, one for all else."""

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

from tests.cli.conftest import import_path
from tests.docs.pages import ROOT, Step
from tests.processes import ShopProcess, clean_environment
from tests.waiting import free_port, wait_until

_LIMIT_S: Final = 60
_PORTS: Final = re.compile(r"\b(5050|8000|8001|8002)\b")
_DATABASE: Final = "postgresql://shop:secret@127.0.0.1:5432/shop"
_DONE: Final = "=== done"


class Desk:
    """Runs what pages show, in ``home``, on free ports, and finds there what they show below it."""

    def __init__(self, home: Path, database_url: str) -> None:
        self._home, self._database_url = home, database_url
        self._ports = {name: str(free_port()) for name in ("5050", "8000", "8001", "8002")}
        _stand_in(home)
        self._shop: Terminal | None = None
        self._shell = Terminal(home, "bash --norc", self._environment())
        self._shell.type("set -m")  # Jobs, as in a terminal of one's own.

    def do(self, step: Step) -> None:
        """Run one command and compare; ``^C`` stops the shop that runs in the first terminal."""
        if step.command == "^C":
            assert self._shop is not None, "Nothing runs that Ctrl-C could stop."
            code = self._shop.interrupt()
            shop, self._shop = self._shop, None
            assert code == 0, shop.said()
            shop.find(step.shown)
        elif re.search(r"\bmake run$", step.command):
            assert self._shop is None, "The shop runs already."
            self._shop = Terminal(self._home, self._here(step.command), self._environment())
            self._shop.wait_for("… Ctrl-C stops all")  # A page may show less than comes.
            self._shop.find(tuple(map(self._here, step.shown)))
        else:
            code = self._shell.run(self._here(step.command))
            self._shell.find(tuple(map(self._here, step.shown)))
            assert code == 0, f"{step.command}\nended with {code}\n{self._shell.said()}"

    def close(self) -> None:
        """Kill whatever still runs."""
        for terminal in filter(None, (self._shop, self._shell)):
            terminal.kill()

    def _here(self, text: str) -> str:
        text = text.replace(_DATABASE, self._database_url)
        return _PORTS.sub(lambda found: self._ports[found[0]], text)

    def _environment(self) -> dict[str, str]:
        ports = {
            "SHOP_WEB_PORT": self._ports["5050"],
            "SHOP_API_PORT": self._ports["8000"],
            "SHOP_SANDBOX_PORT": self._ports["8002"],
        }
        path = f"{self._home}/stand-in{os.pathsep}{os.environ['PATH']}"
        return clean_environment(PATH=path, PYTHONPATH=import_path(), **ports)


class Terminal:
    """A process, what was typed to it, and all that it said."""

    def __init__(self, home: Path, command: str, environment: dict[str, str]) -> None:
        self._popen = subprocess.Popen(
            ["bash", "-c", f"exec {command}" if command.startswith("bash") else command],
            cwd=home,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._lines: list[str] = []
        self._from = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def type(self, line: str) -> None:
        assert self._popen.stdin is not None
        self._popen.stdin.write(f"{line}\n".encode())
        self._popen.stdin.flush()

    def run(self, command: str) -> int:
        """Run a command of a shell to its end; its exit code."""
        self._from = len(self._lines)
        self.type(f"{command}\nprintf '\\n{_DONE} %d\\n' $?")
        wait_until(lambda: self._ended() is not None, _LIMIT_S, f"{command} to end; it said:\n{self.said()}")
        code = self._ended()
        assert code is not None
        return code

    def wait_for(self, *shown: str) -> None:
        """Wait until it has said all of these."""
        try:
            wait_until(lambda: missing(shown, self._lines) is None or self._popen.poll() is not None, _LIMIT_S)
        finally:
            self.find(shown)

    def find(self, shown: tuple[str, ...]) -> None:
        """Fail unless the last command said these lines, in this order."""
        line = missing(shown, self._lines[self._from :])
        assert line is None, f"The page shows:\n{line}\nwhat came was:\n{self.said()}"

    def said(self) -> str:
        """What it said since the last command."""
        return "\n".join(self._lines[self._from :])

    def interrupt(self) -> int:
        """Press Ctrl-C, and wait for the end; the exit code."""
        os.killpg(self._popen.pid, signal.SIGINT)
        code = self._popen.wait(_LIMIT_S)
        self._reader.join(_LIMIT_S)
        return code

    def kill(self) -> None:
        ShopProcess("", 0, Path(os.devnull), self._popen).kill()

    def _ended(self) -> int | None:
        for line in self._lines[self._from :]:
            if line.startswith(_DONE):
                return int(line.removeprefix(_DONE))
        return None

    def _read(self) -> None:
        assert self._popen.stdout is not None
        for line in self._popen.stdout:
            self._lines.append(line.decode().rstrip("\r\n"))


def missing(shown: tuple[str, ...], said: list[str]) -> str | None:
    """The first line that is shown but did not come in its place; ``…`` stands for anything."""
    coming = iter([" ".join(line.split()) for line in list(said)])
    for line in shown:
        pattern = ".*".join(map(re.escape, " ".join(line.split()).split("…")))
        if not any(re.fullmatch(pattern, found) for found in coming):
            return line
    return None


def _stand_in(home: Path) -> None:
    """What `make run` would install: here, this Python and the shop that it has."""
    assert "exec $(BIN)/shopctl up $(ARGS)" in (ROOT / "Makefile").read_text(), "`make run` does something else."
    shopctl = f'exec "{sys.executable}" -m shopctl "$@"'
    programs = {
        "stand-in/make": 'test "$*" = run && exec .venv/bin/shopctl up',
        ".venv/bin/python": f'exec "{sys.executable}" "$@"',
        ".venv/bin/shopctl": shopctl,
        # The how-to pages speak to somebody who has it installed.
        "stand-in/shopctl": shopctl,
    }
    for name, does in programs.items():
        file = home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"#!/bin/sh\n{does}\n")
        file.chmod(0o755)
    (home / ".venv/bin/activate").write_text('export PATH="$PWD/.venv/bin:$PATH"\n')
