"""Why one line of a rendering is as it is: the comment over it, the values that make it so, the template it is from.

Which values those are is found by trying: each is given its example in turn, and what then changes here is theirs.
"""

import difflib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from shopctl.manifests import yaml_text
from shopctl.manifests.render import Manifest
from shopctl.manifests.values import Value, Values, ValuesError

Render = Callable[[Values], Sequence[Manifest]]


@dataclass(frozen=True)
class Explanation:
    """One line: where it stands, what it says, why, which values make it, and its template."""

    path: str
    file: str
    line: int
    text: str
    why: str
    values: tuple[tuple[Value, str, str], ...]
    """Each with its text and its source."""

    template: str


class NoSuchPath(Exception):
    """A path that the rendering does not have; ``near`` are some that it has."""

    def __init__(self, path: str, near: Sequence[str]) -> None:
        super().__init__(path)
        self.path = path
        self.near = list(near)


def explained(path: str, values: Values, render: Render) -> Explanation:
    """What is known of ``path``, such as ``services.frontend.read_only`` or ``Deployment/frontend.spec.replicas``."""
    manifests = render(values)
    found = [(manifest, node) for manifest, node in _found(manifests, path)]
    if not found:
        raise NoSuchPath(path, _near(manifests, path))
    manifest, (key, value) = found[0]
    lines = manifest.text.splitlines()
    marks = [mark for mark in (key, value) if mark is not None]
    line = marks[0].start_mark.line
    return Explanation(
        path,
        manifest.name,
        line + 1,
        lines[line].strip(),
        comment_of(lines, line),
        tuple(_at_work(path, values, render, _shown(value))),
        manifest.template,
    )


def _at_work(path: str, values: Values, render: Render, now: str) -> Iterator[tuple[Value, str, str]]:
    for value in values.known():
        try:
            other = render(values.having(value.path, value.kind(value.example)))
        except (ValueError, ValuesError):
            continue
        found = _found(other, path)
        if not found or _shown(found[0][1][1]) != now:
            yield value, values[value.path], values.source(value.path)


def _shown(node: Any) -> str:
    return yaml.serialize(node) if node is not None else ""


def _found(manifests: Sequence[Manifest], path: str) -> list[tuple[Manifest, tuple[Any, Any]]]:
    found = []
    for manifest in manifests:
        for document in yaml_text.nodes(manifest.text):
            within = _within(document, path)
            if within is not None and (pair := _walk(document, within)) is not None:
                found.append((manifest, pair))
    return found


def _within(document: Any, path: str) -> str | None:
    """The rest of a path that begins with ``Kind/name``, where that is this document's."""
    if "/" not in path.partition(".")[0]:
        return path
    kind, name = _scalar(document, "kind") or "", _scalar(_child(document, "metadata"), "name") or ""
    # A Job's name ends with a hash, which nobody knows by heart.
    address = f"{kind}/{name.rpartition('-')[0] if kind == 'Job' else name}"
    if path.lower() == address.lower():
        return ""
    return path[len(address) + 1 :] if path.lower().startswith(f"{address.lower()}.") else None


def _walk(node: Any, path: str, key: Any = None) -> tuple[Any, Any] | None:
    if not path:
        return key, node
    if isinstance(node, yaml.MappingNode):
        # A key may hold dots itself, so that more than one may begin the path.
        for name, below, entry in _entries(node):
            if _begins(path, name) and (found := _walk(entry, path[len(name) + 1 :], below)) is not None:
                return found
    if isinstance(node, yaml.SequenceNode):
        for index, entry in enumerate(node.value):
            for called in (_scalar(entry, "name"), str(index)):
                if called and _begins(path, called):
                    return _walk(entry, path[len(called) + 1 :], entry)
    return None


def _begins(path: str, name: str) -> bool:
    return path == name or path.startswith(f"{name}.")


def _entries(node: Any) -> Iterator[tuple[str, Any, Any]]:
    merged: list[Any] = []
    for key, value in node.value:
        if key.tag == "tag:yaml.org,2002:merge":
            merged += value.value if isinstance(value, yaml.SequenceNode) else [value]
        else:
            yield key.value, key, value
    for anchor in merged:
        yield from _entries(anchor)


def _child(node: Any, name: str) -> Any:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, _, value in _entries(node) if key == name), None)
    return None


def _scalar(node: Any, name: str) -> str | None:
    child = _child(node, name)
    return child.value if isinstance(child, yaml.ScalarNode) else None


def comment_of(lines: Sequence[str], line: int) -> str:
    """The comment beside a line, or over it, or over what it is part of."""
    if beside := re.search(r"\s#\s(.*)$", lines[line]):
        return beside[1]
    current = line
    for above in range(line - 1, -1, -1):
        text, indent = lines[above].strip(), _indent(lines[above])
        if text.startswith("#"):
            if indent == _indent(lines[current]) and _belongs(lines, above, current):
                return _comment(lines, above)
        elif text and indent < _indent(lines[current]):
            current = above
    return ""


def _belongs(lines: Sequence[str], comment: int, line: int) -> bool:
    """Whether a comment over a line, or over others of a group with it, is meant for it."""
    own = _group(lines[line])
    between = [text for text in lines[comment + 1 : line] if _indent(text) <= _indent(lines[line]) and text.strip()]
    return all(_group(text) == own is not None and text.strip()[0] != "#" for text in between)


def _group(line: str) -> str | None:
    """What entries that stand together have in common: that they are a list's, or their keys up to the last dot."""
    text = line.strip()
    if text.startswith("- "):
        return "-"
    key = text.split(":")[0]
    return key.rpartition(".")[0] or None


def _comment(lines: Sequence[str], last: int) -> str:
    first = last
    while first > 0 and lines[first - 1].strip().startswith("#") and _indent(lines[first - 1]) == _indent(lines[last]):
        first -= 1
    return " ".join(line.strip().lstrip("#").strip() for line in lines[first : last + 1])


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _near(manifests: Sequence[Manifest], path: str) -> list[str]:
    every: list[str] = []
    for manifest in manifests:
        for document in yaml_text.nodes(manifest.text):
            kind, name = _scalar(document, "kind"), _scalar(_child(document, "metadata"), "name")
            every += _paths(document, f"{kind}/{name}" if kind and name else "")
    return difflib.get_close_matches(path, every, n=3, cutoff=0.5)


def _paths(node: Any, above: str) -> Iterator[str]:
    if above:
        yield above
    if isinstance(node, yaml.MappingNode):
        for name, _, entry in _entries(node):
            yield from _paths(entry, f"{above}.{name}" if above else name)
    if isinstance(node, yaml.SequenceNode):
        for index, entry in enumerate(node.value):
            yield from _paths(entry, f"{above}.{_scalar(entry, 'name') or index}")
