"""Paths of categories, as other shops write them, and the categories of this shop that they mean."""

import re
from collections.abc import Iterable
from typing import Final

from shopapi.catalog.records import CategoryRecord
from shopapi.contract.catalog import Category
from shopapi.names import slug
from shopctl.importers.rows import Step
from shopctl.importers.words import one_line, shortened, visible

_NO_CATEGORY: Final = {"uncategorized", "uncategorised", "unkategorisiert", "allgemein-unkategorisiert"}
_MOST_STEPS: Final = 8


def paths(cell: str, locale: str, *, separator: str | None = ",") -> list[list[Step]]:
    """The paths in a cell: ``Clothing > Hoodies, Sale``. One that only leads to another is left out."""
    found: list[list[Step]] = []
    for path in unescaped(cell, separator) if separator else [cell]:
        names = [shortened(one_line(name)) for name in path.split(">")]
        steps = [Step({locale: name}) for name in names if visible(name)][:_MOST_STEPS]
        if steps and slug(steps[0].name[locale]) not in _NO_CATEGORY and steps not in found:
            found.append(steps)
    return [one for one in found if not any(other[: len(one)] == one for other in found if other is not one)]


def unescaped(cell: str, separator: str) -> list[str]:
    """The parts of a list in one cell, in which a backslash before the separator makes it part of the text."""
    parts = re.split(rf"(?<!\\){re.escape(separator)}", cell)
    return [part.replace(f"\\{separator}", separator).strip() for part in parts if part.strip()]


class CategoryBook:
    """Which category of this shop a path means, and which are still to be made.

    It knows the shop's categories and those that the file named so far: it grows with their number, not with the file.
    """

    def __init__(self, tree: Iterable[Category]) -> None:
        self._parents: dict[str, str | None] = {}
        self._fresh: list[CategoryRecord] = []
        self._learn(tree, None)

    def _learn(self, tree: Iterable[Category], parent: str | None) -> None:
        for one in tree:
            self._parents[one.slug] = parent
            self._learn(one.children, one.slug)

    def place(self, path: Iterable[Step]) -> str:
        """The slug of the category at the end of a path."""
        found: str | None = None
        for step in path:
            found = self._slug(step, found)
        return found or ""

    def fresh(self) -> list[CategoryRecord]:
        """The categories that nobody made yet, parents first; each is handed out once."""
        fresh, self._fresh = self._fresh, []
        return fresh

    def _slug(self, step: Step, parent: str | None) -> str:
        if step.slug:  # One that is there stays where it is in the tree.
            return self._known(step.slug, step, parent)
        wanted = slug(next(iter(step.name.values())))
        candidates = [wanted, *([f"{parent}-{wanted}"[:90].rstrip("-")] if parent else [])]
        for candidate in candidates:
            if self._parents.get(candidate, parent) == parent:
                return self._known(candidate, step, parent)
        number = 2
        while self._parents.get(f"{candidates[-1]}-{number}", parent) != parent:
            number += 1
        return self._known(f"{candidates[-1]}-{number}", step, parent)

    def _known(self, found: str, step: Step, parent: str | None) -> str:
        if found not in self._parents:
            self._parents[found] = parent
            self._fresh.append(CategoryRecord(slug=found, parent=parent, name=step.name))
        return found
