"""How we print: results to stdout, the rest to stderr.

A mark, a word and, on a terminal, a colour: ``✓`` done, ``!`` look at this, ``✗`` failed, ``›`` what to do next.
Text that comes from the shop or from the environment passes :func:`clean`, or it could steer the terminal.
"""

import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NoReturn, TextIO

PIPED_WIDTH: Final = 80
_BAR_WIDTH: Final = 18
_BAR_EVERY_S: Final = 0.05
_COLOURS: Final = {"✓": "32", "!": "33", "✗": "31", "›": "36"}
# C0 and C1 controls, and the marks that turn the direction of text around.
_STEERING: Final = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class Failed(Exception):
    """A command could not do what it was asked for. ``run`` prints ``what`` and ``next_step``, and exits."""

    def __init__(self, what: str | Sequence[str], next_step: str = "", exit_code: int = 1) -> None:
        self.what = [what] if isinstance(what, str) else list(what)
        self.next_step = next_step
        self.exit_code = exit_code
        super().__init__("; ".join(self.what))


def fail(what: str | Sequence[str], next_step: str = "", exit_code: int = 1) -> NoReturn:
    """End the command: say what is wrong, what to do next, and exit with 1 (failed) or 2 (used wrongly)."""
    raise Failed(what, next_step, exit_code)


def clean(text: object) -> str:
    """``text`` without anything that could steer a terminal."""
    return _STEERING.sub("\ufffd", str(text))


def done(text: str) -> None:
    """A result: something was done, or is good."""
    _mark("✓", text, sys.stdout)


def next_step(text: str, stream: TextIO | None = None) -> None:
    """What one would do now."""
    _mark("›", text, stream or sys.stdout)


def warn(text: str, stream: TextIO | None = None) -> None:
    """Something to look at; the command goes on."""
    _mark("!", text, stream or sys.stderr)


def failed(text: str, stream: TextIO | None = None) -> None:
    """Something is wrong."""
    _mark("✗", text, stream or sys.stderr)


def line(text: str) -> None:
    """A line of a result without a mark."""
    _write(f"  {clean(text)}", sys.stdout)


def under(text: str) -> None:
    """A line that belongs to the one above."""
    _write(f"    {clean(text)}", sys.stdout)


def document(text: str) -> None:
    """A result that is a text of its own, as it is."""
    _write(text, sys.stdout)


def as_json(answer: object) -> None:
    """The whole result as one JSON document."""
    import msgspec

    # Not on a terminal's account: what programs read is the same wherever it goes, and JSON has no raw escapes
    # but DEL and the C1 ones, which JSON lets through.
    text = msgspec.json.encode(answer).decode()
    _write(re.sub("[\x7f-\x9f]", lambda found: f"\\u{ord(found[0]):04x}", text), sys.stdout)


def table(heads: Sequence[str], rows: Sequence[Sequence[object]], *, numbers: Sequence[str] = ()) -> None:
    """Rows under heads with one rule between; the columns named in ``numbers`` stand right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    on_terminal = sys.stdout.isatty()
    console = Console(
        file=sys.stdout,
        width=None if on_terminal else PIPED_WIDTH,
        force_terminal=on_terminal,
        no_color=not _coloured(sys.stdout),
        highlight=False,
        markup=False,
        emoji=False,
    )
    shown = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="")
    for head in heads:
        shown.add_column(head, justify="right" if head in numbers else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(Text(clean(cell)) for cell in row))
    with console.capture() as captured:
        console.print(shown, width=console.width - 2)
    _write("\n".join(f"  {line.rstrip()}" for line in captured.get().splitlines()), sys.stdout)


@contextmanager
def progress(title: str, total: int) -> Iterator[Callable[[], None]]:
    """A bar on stderr while rows pass, on a terminal only; the block calls what it gets once for each row."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("  {task.description} ", markup=False),
        BarColumn(bar_width=_BAR_WIDTH, complete_style="cyan", finished_style="green"),
        TextColumn(" {task.completed:,.0f}/{task.total:,.0f}  {task.fields[rate]:,.0f} rows/s "),
        TimeElapsedColumn(),
    )
    console = Console(file=sys.stderr, no_color=not _coloured(sys.stderr), highlight=False)
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(clean(title), total=total, rate=0.0)
        passed, begun, shown = 0, time.monotonic(), 0.0

        def show(now: float) -> None:
            bar.update(task, completed=passed, rate=passed / max(now - begun, 0.001))

        def one_passed() -> None:
            nonlocal passed, shown
            passed += 1
            now = time.monotonic()
            if now - shown >= _BAR_EVERY_S:  # To tell rich of every row takes longer than to read it.
                shown = now
                show(now)

        try:
            yield one_passed
        finally:
            show(time.monotonic())


def password_from(file: str | None, what: str) -> str:
    """A password from ``file`` (``-`` is stdin), or asked for twice without showing it; never from an argument."""
    if file is not None:
        return _password_in(file)
    if not sys.stdin.isatty():
        fail(f"There is no terminal to ask for {what} at.", "--password-file FILE  (- reads standard input)", 2)
    import getpass

    password = getpass.getpass(f"  {what[0].upper()}{what[1:]}: ")
    if getpass.getpass("  The same again: ") != password:
        fail("The two are not the same.", exit_code=2)
    return password


def _password_in(file: str) -> str:
    try:
        if file == "-":
            raw = sys.stdin.buffer.read(4096)
        else:
            with open(file, "rb") as opened:
                raw = opened.read(4096)
        return raw.decode().removesuffix("\n").removesuffix("\r")
    except OSError as error:
        fail(f"{clean(file)} cannot be read: {error.strerror}.", exit_code=2)
    except UnicodeDecodeError:
        fail(f"{clean(file)} is not UTF-8 text.", exit_code=2)


def _mark(mark: str, text: str, stream: TextIO) -> None:
    shown = f"\x1b[{_COLOURS[mark]}m{mark}\x1b[0m" if _coloured(stream) else mark
    _write(f"  {shown} {clean(text)}", stream)


def _coloured(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _write(text: str, stream: TextIO) -> None:
    stream.write(f"{text}\n")
    stream.flush()
