"""The pages of the documentation, and what stands in them: links, code, blocks."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PAGES: Final = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
NAMES: Final = [str(page.relative_to(ROOT)) for page in PAGES]
"""Every page, by its path in the checkout."""

_BLOCK: Final = re.compile(r"^```([^\n]*)\n(.*?)^```\s*$", re.DOTALL | re.MULTILINE)
_LINK: Final = re.compile(r"(?<!`)!?\[[^\]]*\]\(([^)\s]+)\)")
_HEADING: Final = re.compile(r"^#+ (.+)$", re.MULTILINE)


def text_of(name: str) -> str:
    """The text of a page."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str, kind: str) -> list[str]:
    """A page's fenced blocks of a kind, such as ``console``."""
    return [body for told, body in _BLOCK.findall(text_of(name)) if told.split()[:1] == [kind]]


def links(name: str) -> list[str]:
    """Where a page's links go."""
    return _LINK.findall(_BLOCK.sub("", text_of(name)))


def anchors(name: str) -> set[str]:
    """What a link to a heading of a page may end with."""
    headings = _HEADING.findall(_BLOCK.sub("", text_of(name)))
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def code(name: str) -> list[str]:
    """Everything that stands as code on a page: in a block, or between backticks."""
    text = text_of(name)
    return [body for _, body in _BLOCK.findall(text)] + re.findall(r"`([^`\n]+)`", _BLOCK.sub("", text))


@dataclass(frozen=True)
class Step:
    """A command of a ``console`` block and the lines that the page shows below it."""

    command: str
    shown: tuple[str, ...]


def steps(block: str) -> list[Step]:
    """The commands of a block. ``$`` begins one, ``>`` goes on with it, ``^C`` is one by itself."""
    found: list[tuple[list[str], list[str]]] = []
    for line in block.splitlines():
        if line.startswith("$ ") or line == "^C":
            found.append(([line.removeprefix("$ ")], []))
        elif line.startswith("> ") and found and not found[-1][1]:
            found[-1][0].append(line.removeprefix("> "))
        elif line.strip():
            assert found, f"A console block begins with a command, not with {line!r}."
            found[-1][1].append(line)
    return [Step("\n".join(command), tuple(shown)) for command, shown in found]
