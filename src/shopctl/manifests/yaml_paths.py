"""Where a path such as ``services.frontend.read_only`` or ``Deployment/frontend.spec.replicas`` lies in a text."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from shopctl.manifests import yaml_text
from shopctl.manifests.render import Manifest


@dataclass(frozen=True)
class Place:
    """What a path names: its value's node, and its key's or, of a list's entry, its own."""

    key: Any
    value: Any
    path: str
    """Its path, in which an entry of a list is called by its name where it has one: numbers shift."""

    @property
    def line(self) -> int:
        """The line in which it begins, counted from 0."""
        return int((self.value if self.key is None else self.key).start_mark.line)

    @property
    def says(self) -> str:
        """What it holds, as text that can be compared."""
        return yaml.serialize(self.value)

    @property
    def is_single(self) -> bool:
        """Whether it holds one value, and no others in it."""
        return isinstance(self.value, yaml.ScalarNode)


def place_in(text: str, path: str) -> Place | None:
    """Where ``path`` is in a text of one or more documents."""
    return next(filter(None, (place_of(document, path) for document in yaml_text.nodes(text))), None)


def place_of(document: Any, path: str) -> Place | None:
    """Where ``path`` is in one document."""
    within = _within(document, path)
    return None if within is None else _walk(document, within, path[: len(path) - len(within)])


def near(manifests: Sequence[Manifest], path: str) -> list[str]:
    """Paths that are there and look like ``path``."""
    every: list[str] = []
    for manifest in manifests:
        for document in yaml_text.nodes(manifest.text):
            kind, name = _scalar(document, "kind"), _scalar(_child(document, "metadata"), "name")
            every += _paths(document, f"{kind}/{name}" if kind and name else "")
    return difflib.get_close_matches(path, every, n=3, cutoff=0.5)


def _within(document: Any, path: str) -> str | None:
    """The rest of a path that begins with ``Kind/name``, where that is this document's."""
    if "/" not in path.partition(".")[0]:
        return path
    kind, name = _scalar(document, "kind") or "", _scalar(_child(document, "metadata"), "name") or ""
    # A Job's name ends with a hash, which nobody knows by heart, and which a patch is without.
    address = f"{kind}/{(name.rpartition('-')[0] or name) if kind == 'Job' else name}"
    if path.lower() == address.lower():
        return ""
    return path[len(address) + 1 :] if path.lower().startswith(f"{address.lower()}.") else None


def _walk(node: Any, path: str, above: str, key: Any = None) -> Place | None:
    if not path:
        return Place(key, node, above.rstrip("."))
    if isinstance(node, yaml.MappingNode):
        below = [(name, name, entry, key) for name, key, entry in _entries(node)]
    elif isinstance(node, yaml.SequenceNode):
        below = [
            (called, _called(entry) or str(index), entry, entry)
            for index, entry in enumerate(node.value)
            for called in (_called(entry), str(index))
        ]
    else:
        below = []
    # A name may hold dots itself, so that more than one may begin the path.
    for name, steady, entry, key_of in below:
        if name and _begins(path, name):
            found = _walk(entry, path[len(name) + 1 :], f"{above}{steady}.", key_of)
            if found is not None:
                return found
    return None


def _called(entry: Any) -> str:
    """What a list's entry is called: by its ``name``, an argument by its own, other text by itself."""
    if isinstance(entry, yaml.ScalarNode):
        return str(entry.value).partition("=")[0] if str(entry.value).startswith("--") else str(entry.value)
    return _scalar(entry, "name") or ""


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


def _paths(node: Any, above: str) -> Iterator[str]:
    if above:
        yield above
    if isinstance(node, yaml.MappingNode):
        for name, _, entry in _entries(node):
            yield from _paths(entry, f"{above}.{name}" if above else name)
    if isinstance(node, yaml.SequenceNode):
        for index, entry in enumerate(node.value):
            yield from _paths(entry, f"{above}.{_scalar(entry, 'name') or index}")
