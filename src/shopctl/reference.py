"""Writes the references of the command line and of the settings: ``python -m shopctl.reference docs/reference``."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import typer.main

from shopapi.runtime.settings import Meaning, meanings
from shopctl.main import application
from shopctl.settings import PARTS

_GENERATED: Final = (
    "<!-- Written by `python -m shopctl.reference docs/reference`; change the program, not this page. -->"
)

_CLI: Final = """\
# The command line

Results go to standard output, all else to standard error. Every command that lists or reports something takes `--json`
and then prints one JSON document. Colour is used on a terminal only, and never where `NO_COLOR` is set.

| exit code | means |
| --- | --- |
| 0 | done |
| 1 | a check or an operation failed |
| 2 | wrong usage or configuration |
| 130 | interrupted by Ctrl-C |

Options come before the environment, and that before the default. `SHOP_LOG_LEVEL=debug` shows where an unexpected error
came from. `shopctl --install-completion` installs completion for your shell, `shopctl --show-completion` prints it.
"""

_SETTINGS: Final = """\
# Settings

Settings are read from the environment, once, when a process starts. An empty variable counts as one that is not set.
`shopctl config` prints what is in force and where it came from; secrets are masked there.

A setting that is marked as secret may come as the name of a file instead: `SHOP_SECRET_KEY_FILE=/run/secrets/key`.
A name that begins with `SHOP_` and is none of these is refused at start, for it is a misspelt one; names that
Kubernetes gives to every pod, such as `SHOP_SERVICE_HOST`, are left alone.
"""

_NOTES: Final = """\
## Servers

`SHOP_SERVER` names the HTTP server. uvicorn comes with shopctl, granian with `pip install 'shopctl[granian]'`. A
package of yours adds one under the entry-point group `shopctl.servers`; the module `shopctl.servers` says what it must
look like. Every setting here means the same under each.

With more than one process (`SHOP_SERVER_WORKERS`) an answer of `/metrics` is that of the process which happened to give
it. To count them all, run more servers of one process each.

On SIGTERM a server first says for `SHOP_DRAIN_S` seconds that it is not ready (`/readyz` answers 503, and each answer
asks for the connection to be closed), takes no new connection then, gives running requests `SHOP_GRACE_S` seconds, and
is killed after that. A second signal cuts the wait short. The exit code is 0 after a clean stop.
"""


def command_line() -> str:
    """The page on every command."""
    root: Any = typer.main.get_command(application(completion=False))
    context = typer.Context(root, info_name="shopctl")
    pages = [page for name in root.list_commands(context) for page in _command(f"shopctl {name}", root.commands[name])]
    return "\n".join((_GENERATED, "", _CLI, *pages))


def settings() -> str:
    """The page on every setting."""
    read_by: dict[str, list[str]] = {}
    every: dict[str, Meaning] = {}
    for part, cls in PARTS.items():
        for told in meanings(cls):
            every.setdefault(told.name, told)
            read_by.setdefault(told.name, []).append(part)
    rows = [
        f"| `{told.name}`{' (secret)' if told.secret else ''} | {_code(told.default)} | {told.meaning} "
        f"| {', '.join(read_by[told.name])} |"
        for told in sorted(every.values(), key=lambda told: told.name)
    ]
    heads = ["| name | default | meaning | read by |", "| --- | --- | --- | --- |"]
    return "\n".join((_GENERATED, "", _SETTINGS, *heads, *rows, "", _NOTES))


def pages() -> dict[str, str]:
    """Every generated page by its file's name."""
    return {"cli.md": command_line(), "settings.md": settings()}


def write(directory: Path) -> None:
    """Write every page into ``directory``."""
    for name, page in pages().items():
        (directory / name).write_text(page, encoding="utf-8")


def _command(path: str, command: Any) -> Iterator[str]:
    shown = [param for param in command.params if not getattr(param, "hidden", False)]
    arguments = [param for param in shown if param.param_type_name == "argument"]
    options = [param for param in shown if param.param_type_name == "option"]
    subcommands: dict[str, Any] = getattr(command, "commands", {})
    yield f"## `{' '.join([path, *(argument.metavar for argument in arguments)])}`\n"
    yield f"{command.help.strip()}\n"
    if arguments:
        yield "| argument | meaning |\n| --- | --- |"
        yield "\n".join(f"| `{argument.metavar}` | {argument.help} |" for argument in arguments) + "\n"
    if options:
        yield "| option | meaning | default | environment |\n| --- | --- | --- | --- |"
        yield "\n".join(map(_option, options)) + "\n"
    for name, subcommand in subcommands.items():
        yield from _command(f"{path} {name}", subcommand)


def _option(option: Any) -> str:
    names = " ".join(filter(None, [", ".join(option.opts), "" if option.is_flag else option.metavar]))
    names += "".join(f" / {name}" for name in option.secondary_opts)
    if option.required:
        default = "required"
    elif option.is_flag or option.default is None:
        default = ""
    else:
        default = _code(str(option.default))
    return f"| `{names}` | {option.help} | {default} | {_code(option.envvar or '')} |"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/reference"))
