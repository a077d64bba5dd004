"""Cells of our own CSV that hold more than one thing, and text that no spreadsheet takes for a formula.

A list stands one entry a line. Text that begins as a formula gets an apostrophe in front, which reading takes
away again.
"""

import re
from collections.abc import Sequence
from typing import Final

from shopapi.catalog.records import MediaRecord, Words
from shopapi.contract.catalog import LOCALES
from shopctl.importers.rows import Step

NO_PICTURES: Final = "none"

# Full-width signs as well: some programs take them for the narrow ones.
_FORMULA: Final = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")
_ARROW: Final = " > "


def guarded(text: str) -> str:
    """``text`` with an apostrophe where a spreadsheet would take it for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(text: str) -> str:
    """What :func:`guarded` made of a text, back again."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def money(amount: int | None) -> str:
    """Minor units with a decimal point."""
    return "" if amount is None else f"{amount // 100}.{amount % 100:02d}"


def category_cells(paths: Sequence[Sequence[Step]]) -> dict[str, str]:
    """Paths of categories: their slugs, and their names in each language."""
    found = {"categories": "\n".join(_ARROW.join(step.slug or "" for step in path) for path in paths)}
    for locale in LOCALES:
        lines = [_ARROW.join(_escaped(step.name.get(locale, "")) for step in path) for path in paths]
        found[f"categories_{locale}"] = "\n".join(lines) if any(line.strip("> ") for line in lines) else ""
    return found


def category_paths(slugs: str, names: dict[str, str]) -> list[list[Step]]:
    """The paths that :func:`category_cells` wrote; commas may part them as well, since no slug has one."""
    paths = [one for one in re.split(r"[,\n]", slugs) if one.strip()]
    told = {locale: cell.split("\n") for locale, cell in names.items() if cell}
    found = []
    for at, path in enumerate(paths):
        parts = {locale: _names(lines[at]) for locale, lines in told.items() if at < len(lines)}
        found.append([_step(part.strip(), n, parts) for n, part in enumerate(path.split(">"))])
    return found


def picture_cells(media: Sequence[MediaRecord] | None) -> dict[str, str]:
    """Pictures by name, and what is to be seen on each in each language; ``none`` where there is no picture."""
    if media is None:
        return {"pictures": ""}
    found = {"pictures": "\n".join(one.sha256 for one in media) or NO_PICTURES}
    for locale in LOCALES:
        found[f"pictures_{locale}"] = "\n".join(one.alt.get(locale, "") for one in media).rstrip("\n")
    return found


def pictures(names: str, alts: dict[str, str]) -> list[MediaRecord] | None:
    """The pictures that :func:`picture_cells` wrote."""
    told = {locale: cell.split("\n") for locale, cell in alts.items()}
    if names == NO_PICTURES:
        return []
    return (
        [
            MediaRecord(
                sha256=name, alt={locale: lines[at] for locale, lines in told.items() if lines[at : at + 1] > [""]}
            )
            for at, name in enumerate(re.split(r"[\s,]+", names))
        ]
        if names
        else None
    )


def _step(slug: str, at: int, parts: dict[str, list[str]]) -> Step:
    name: Words = {locale: names[at] for locale, names in parts.items() if at < len(names) and names[at]}
    return Step(name, slug)


def _escaped(name: str) -> str:
    return re.sub(r"([\\>])", r"\\\1", name)


def _names(line: str) -> list[str]:
    names = [""]
    for sign in re.findall(r"\\.|.", line):
        if sign == ">":
            names.append("")
        else:
            names[-1] += sign[-1]
    return [name.strip() for name in names]
