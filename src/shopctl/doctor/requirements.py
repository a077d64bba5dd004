"""Whether what is installed is what a package declares, for the form that this package uses: ``name>=version``."""

import re
from importlib import metadata
from typing import Final

_DECLARED: Final = re.compile(r"(?P<name>[\w.-]+)(?:\[[^\]]*\])?\s*(?:>=\s*(?P<least>[\d.]+))?\s*(?:;\s*(?P<only>.*))?")


def broken_requirements(declared: list[str]) -> list[str]:
    """A sentence for each of ``declared`` that is not there or too old.

    One that is declared for some systems alone may be absent, for nobody says here whether this is one of them.
    """
    return [problem for one in declared if (problem := _problem(one))]


def _problem(requirement: str) -> str:
    found = _DECLARED.fullmatch(requirement.strip())
    if found is None:
        return f"{requirement} is declared in a form that is not known here"
    name, least, only = found["name"], found["least"], found["only"]
    try:
        installed = metadata.version(name)
    except metadata.PackageNotFoundError:
        return "" if only else f"{name} is not installed"
    if least and _numbers(installed) < _numbers(least):
        return f"{name} is {installed}, and {least} or newer is wanted"
    return ""


def _numbers(version: str) -> tuple[int, ...]:
    leading = re.match(r"\d+(\.\d+)*", version)
    numbers = [int(part) for part in leading[0].split(".")] if leading else []
    while numbers and numbers[-1] == 0:  # 4 and 4.0 are one version.
        numbers.pop()
    return tuple(numbers)
