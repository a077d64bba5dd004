"""Which comment of a rendering is meant for which line.

A comment is for the line it stands beside, or directly over. Of entries that follow one another it is for those, too,
whose names begin as the first one's does, up to its last dot: over ``a.b.c`` it is for ``a.b.d`` and not for ``a.e``;
over ``--log`` for ``--log.level``. The next comment begins anew. A comment over a mapping is for what is in it, as
far as that has none of its own.
"""

import re
from collections.abc import Iterator, Sequence


def own_comment(lines: Sequence[str], line: int, column: int = 0) -> str:
    """The comment that is meant for a line itself; beside it, ``#`` counts from ``column`` on, where its value ends."""
    if beside := re.search(r"(?:^|\s)#\s(.*)$", lines[line][column:]):
        return beside[1]
    above = _comment_over(lines, line)
    return "" if above is None else _text(lines, above)


def outer_comment(lines: Sequence[str], line: int) -> tuple[str, str]:
    """The line that a line is in, the nearest one that has a comment, and this comment; both empty without one."""
    for outer in _outer(lines, line):
        if comment := own_comment(lines, outer):
            return lines[outer].strip(), comment
    return "", ""


def _outer(lines: Sequence[str], line: int) -> Iterator[int]:
    indent = _depth(lines[line])
    for above in range(line - 1, -1, -1):
        text = lines[above].strip()
        if text and not text.startswith("#") and _depth(lines[above]) < indent:
            indent = _depth(lines[above])
            yield above


def _comment_over(lines: Sequence[str], line: int) -> int | None:
    """The last line of the comment that is meant for ``line``."""
    depth = _depth(lines[line])
    first = line
    for above in range(line - 1, -1, -1):
        text = lines[above].strip()
        if text.startswith("#") and _depth(lines[above]) == depth:
            directly = above + 1 == first
            return above if directly and _in_group(_name(lines[line]), _name(lines[first])) else None
        if not text or _depth(lines[above]) < depth:
            return None
        if _depth(lines[above]) == depth:
            first = above
    return None


def _in_group(name: str, first: str) -> bool:
    if name == first:
        return True
    return bool(first) and name.startswith(f"{first.rpartition('.')[0] or first}.")


def _name(line: str) -> str:
    """What a line is called: its key or, of a list's entry that is an argument, the name of this argument."""
    text = line.strip()
    if text.startswith("- "):
        return text[2:].partition("=")[0] if text.startswith("- --") else text
    return text.partition(":")[0]


def _text(lines: Sequence[str], last: int) -> str:
    first = last
    while first > 0 and lines[first - 1].strip().startswith("#") and _depth(lines[first - 1]) == _depth(lines[last]):
        first -= 1
    return " ".join(line.strip().lstrip("#").strip() for line in lines[first : last + 1]).strip()


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())
