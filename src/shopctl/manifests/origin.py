"""From which template a line is: a file may be put together of several."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from shopctl.manifests.render import Part, environment

_MARK: Final = re.compile("\x02([^\x03]*)\x03")
"""Where a template begins, with its name, and where it ends, without."""

_IMPORT: Final = re.compile(r'{% from "([^"]+)" import')
_KEY: Final = re.compile(r"(?:- )*{?([\w./-]+:)")


def template_of(part: Part, line: int) -> str:
    """The template that ``line`` of a rendered part is in, counted from 0; where it may be in either, both."""
    _, template, facts = part
    name, text = list(_traced(_marked().get_template(template).render(facts)))[line]
    key = _KEY.match(text.strip())
    among = [name, *_IMPORT.findall(_source(name))]
    if key:
        # What a macro gives bears no mark: it is known by its key, where that is in one of them alone.
        among = [one for one in among if key[1] in _source(one)] or among
    return " or ".join(among)


def _traced(text: str) -> Iterator[tuple[str, str]]:
    """For each line the template that it is from, and the line without marks."""
    inside: list[str] = []
    for line in text.split("\n"):
        where = ""
        for number, piece in enumerate(_MARK.split(line)):
            if number % 2 == 0:
                where = where or (inside[-1] if piece.strip() else "")
            elif piece:
                inside.append(piece)
            else:
                inside.pop()
        yield where or (inside[-1] if inside else ""), _MARK.sub("", line)


@lru_cache
def _marked() -> Any:
    from jinja2 import FunctionLoader

    return environment().overlay(
        loader=FunctionLoader(lambda name: f"\x02{name}\x03{_source(name)}\x02\x03"), bytecode_cache=None
    )


def _source(name: str) -> str:
    made = environment()
    return str(made.loader.get_source(made, name)[0])
