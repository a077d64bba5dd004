"""What any command line gets: an answer, an exit code, words on the right stream, and never a traceback."""

import json
import os
import platform
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main

from shopctl import __version__
from shopctl.main import application
from tests.cli.conftest import Shopctl
from tests.processes import clean_environment

COMMANDS = [
    "up",
    "serve-api",
    "serve-web",
    "worker",
    "serve-sandbox-provider",
    "migrate",
    "seed",
    "orders",
    "products",
    "promotions",
    "bank-account",
    "import",
    "export",
    "render-compose",
    "render-traefik",
    "render-k8s",
    "audit",
    "doctor",
    "staff",
    "api-keys",
    "secrets",
    "config",
    "openapi",
    "version",
]
SECRET_KEY = "4dc1f0a0a7be1f4f49f9f3e5a1cf27a38a7c2b8f0d6e5b17"


def every_command(command: Any, *path: str) -> dict[str, Any]:
    found = {" ".join(path): command}
    for name, subcommand in getattr(command, "commands", {}).items():
        found |= every_command(subcommand, *path, name)
    return found


ALL = every_command(typer.main.get_command(application()), "shopctl")


def test_help_lists_what_is_finished_and_nothing_else(shopctl: Shopctl) -> None:
    told = shopctl("--help")
    listed = [line.split()[0] for line in told.out.partition("Commands:\n")[2].splitlines() if line.strip()]
    assert listed == COMMANDS
    assert told.code == 0
    assert "..." not in told.out.partition("Commands:\n")[2]


@pytest.mark.parametrize("path", ALL)
def test_every_command_has_help(shopctl: Shopctl, path: str) -> None:
    told = shopctl(*path.split()[1:], "--help")
    assert told.code == 0
    assert told.out.startswith(f"Usage: {path} ")
    for param in ALL[path].params:
        assert param.help, f"{path} {param.name} says nothing of itself"


def test_version_tells_commit_and_build(shopctl: Shopctl) -> None:
    image = {"SHOPCTL_COMMIT": "1a2b3c4d5e6f7a8b9c0d", "SHOPCTL_BUILT": "2026-11-28T10:00:00Z"}
    told = shopctl("version", **image)
    assert told.out == f"shopctl {__version__} (commit 1a2b3c4d5e6f, built 2026-11-28T10:00:00Z)\n"
    assert json.loads(shopctl("version", "--json", **image).out) == {
        "version": __version__,
        "commit": "1a2b3c4d5e6f7a8b9c0d",
        "built": "2026-11-28T10:00:00Z",
        "python": platform.python_version(),
    }
    here = shopctl("version", SHOPCTL_COMMIT="", SHOPCTL_BUILT="")
    assert re.fullmatch(rf"shopctl {re.escape(__version__)}( \(commit [0-9a-f]{{12}}\))?\n", here.out)


def test_no_argument_takes_a_password() -> None:
    for path, command in ALL.items():
        names = {name for param in command.params for name in param.opts}
        assert not names & {"--password", "-p", "password"}, path


def test_without_arguments_it_says_how_to_use_it(shopctl: Shopctl) -> None:
    told = shopctl()
    assert (told.code, told.out) == (2, "")
    assert told.err.startswith("Usage: shopctl")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["nope"], "No such command"),
        (["sed"], "Did you mean 'seed'"),
        (["seed", "--nope"], "No such option"),
        (["seed", "extra"], "extra"),
        (["serve-api", "--port", "x"], "--port"),
        (["serve-api", "--port", "99999999999999999999"], "--port"),
        (["serve-api", "--workers", "0"], "--workers"),
        (["serve-api", "--drain", "-1"], "--drain"),
        (["staff", "create"], "EMAIL"),
        (["api-keys", "create", "x"], "--permission"),
        (["api-keys", "create", "x", "--permission", "nope"], "stock:read"),
        (["api-keys", "create", "\udcff\x1b[31m", "--permission", "stock:read"], "The name"),
        (["staff", "create", "a" * 100_000, "--name", "A", "--role", "owner", "--password-file", "-"], "e-mail"),
        (["staff", "create", "a@b.c", "--name", "A\x1b]0;x\x07", "--role", "owner", "--password-file", "-"], "name"),
        (["staff", "create", "a@b.c", "--name", "A", "--role", "king", "--password-file", "-"], "The role"),
        (["staff", "create", "a@b.c", "--name", "A", "--role", "owner", "--password-file", "/nope"], "/nope"),
        (["\x1b[31m"], "No such command"),
        (["serve-api", "--server", "\x1b[31mred"], "No server is called"),
    ],
)
def test_wrong_usage_exits_with_2_and_says_what_is_wrong(shopctl: Shopctl, args: list[str], words: str) -> None:
    told = shopctl(*args, stdin="seven brave otters dance")
    assert told.code == 2, told.err
    assert words in told.err
    assert told.out == ""
    assert "\x1b" not in told.err
    assert told.err.lstrip().startswith("✗")


def test_a_password_that_is_too_short_is_wrong_usage(shopctl: Shopctl) -> None:
    told = shopctl("staff", "create", "a@b.c", "--name", "A", "--role", "owner", "--password-file", "-", stdin="short")
    assert told.code == 2
    assert "12 to 128" in told.err
    assert "short" not in told.err


def test_a_reader_that_goes_away_is_no_failure_to_talk_about(shopctl: Shopctl) -> None:
    read, write = os.pipe()
    os.close(read)
    with open(write, "wb") as nobody:
        ended = subprocess.run(
            [sys.executable, "-m", "shopctl", "config"],
            cwd=shopctl.directory,
            env=clean_environment(),
            stdout=nobody,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert ended.stderr == b""
    assert ended.returncode == 1


@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_colour_is_for_terminals_and_for_those_who_want_it(
    shopctl: Shopctl, variables: dict[str, str], coloured: bool
) -> None:
    code, said = on_a_terminal(shopctl.directory, ["nope"], [], **{"TERM": "xterm", **variables})
    assert code == 2
    assert ("\x1b[31m✗" in said) is coloured
    assert "✗" in said


def test_a_password_is_asked_for_twice_and_not_shown(shop: Shopctl) -> None:
    args = ["staff", "create", "mara@shop.example", "--name", "Mara", "--role", "owner"]
    password = "seven brave otters dance"
    code, said = on_a_terminal(shop.directory, args, typed=[password, password], **shop.environment)
    assert code == 0, said
    assert "mara@shop.example is owner now" in said
    assert password not in said
    code, said = on_a_terminal(shop.directory, args, typed=[password, "another one altogether"], **shop.environment)
    assert code == 2
    assert "not the same" in said


def test_without_a_terminal_a_password_comes_from_a_file(shopctl: Shopctl) -> None:
    told = shopctl("staff", "create", "a@b.c", "--name", "A", "--role", "owner")
    assert told.code == 2
    assert "--password-file" in told.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_commands(shopctl: Shopctl, shell: str) -> None:
    variables = {
        "_SHOPCTL_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": "shopctl api",
        "COMP_CWORD": "1",
        "_TYPER_COMPLETE_ARGS": "shopctl api",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    assert "api-keys" in shopctl(**variables).out


@pytest.mark.parametrize("args", [["--help"], ["version"], ["serve-api", "--help"], ["doctor", "--help"], ["nope"]])
def test_a_command_that_needs_little_loads_little(shopctl: Shopctl, args: list[str]) -> None:
    heavy = {"litestar", "sqlalchemy", "alembic", "uvicorn", "granian", "httpx", "jinja2", "psycopg2", "rich"}
    loaded = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "shopctl", *args],
        cwd=shopctl.directory,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    ).stderr
    names = {line.rpartition("|")[2].strip().partition(".")[0] for line in loaded.splitlines() if "|" in line}
    assert "typer" in names
    assert not names & heavy
    assert "pydantic" not in names, "typer loads it to judge options; see shopctl.main"


def on_a_terminal(directory: Path, args: list[str], typed: list[str] | None = None, **more: str) -> tuple[int, str]:
    """Run ``shopctl`` with a terminal of its own; its exit code and all that the terminal shows."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(directory)
        os.execve(sys.executable, [sys.executable, "-m", "shopctl", *args], clean_environment(**more))
    waiting, said = list(typed or []), b""
    while True:
        try:
            read = os.read(terminal, 4096)
        except OSError:  # Linux says so when the other side is closed.
            read = b""
        if not read:
            break
        said += read
        if waiting and read.endswith(b": "):
            os.write(terminal, f"{waiting.pop(0)}\n".encode())
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said.decode()
