"""What an owner changes after every rendering: partial documents, merged into those that they name.

A patch is YAML shaped like what it changes, with ``kind`` and ``metadata.name`` for Kubernetes. Mappings merge as
JSON Merge Patch has it (RFC 7396): ``null`` takes a key away. Lists whose entries have a ``name`` merge by it, and
``$patch: delete`` beside a name takes that entry away; every other list is replaced whole. A patch that changes
nothing that is there is an error: it would be forgotten without a word.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from typing import Any, Final

from shopctl.manifests.check import Unsound
from shopctl.manifests.hashes import patched_name, restamped
from shopctl.manifests.render import Manifest
from shopctl.manifests.values import Form
from shopctl.manifests.yaml_text import Written

DELETE: Final = "$patch"
_BELOW: Final = 3
"""Where ruamel.yaml keeps the comment between a key and the first entry below it."""


@dataclass(frozen=True)
class Patch:
    """One document of a patch file, and where it stands there."""

    source: str
    content: dict[Any, Any]

    def __post_init__(self) -> None:
        """Plain numbers, whatever they look like in the file: what is merged is written anew."""
        object.__setattr__(self, "content", _plain(self.content))

    @property
    def file(self) -> str:
        """The file's name."""
        return self.source.partition(", document ")[0]


def patched(form: Form, provider: str, manifests: Sequence[Manifest], patches: Sequence[Patch]) -> list[Manifest]:
    """``manifests`` with every patch merged in; comments stay. Raises :class:`Unsound` where one matches nothing."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    editor = YAML()
    editor.preserve_quotes = True
    editor.width = 4096
    editor.indent(mapping=2, sequence=4, offset=2)
    documents = [editor.load(manifest.text) for manifest in manifests]
    touched: set[int] = set()
    problems: list[str] = []
    for patch in patches:
        if wrong := _misshapen(patch.content):
            problems.append(f"{patch.source}: {wrong}")
            continue
        index = _target(form, provider, manifests, documents, patch.content)
        if index is None:
            problems.append(f"{patch.source} matches nothing: {_address(form, patch.content)} is not rendered.")
            continue
        merge = _Merge(patch.source)
        try:
            merge.into(documents[index], _changes(form, patch.content), "", new_allowed=_may_add(form, provider))
        except YAMLError as error:
            problems.append(f"{patch.source} cannot be merged: {error}")
        if not merge.problems and not merge.changed:
            problems.append(f"{patch.source} changes nothing: all that it asks for is there already.")
        problems += merge.problems
        touched.add(index)
    if problems:
        raise Unsound(problems)
    merged = [
        replace(manifest, text=_written(editor, documents[index])) if index in touched else manifest
        for index, manifest in enumerate(manifests)
    ]
    return restamped(merged) if form == "kubernetes" else merged


def _misshapen(patch: Any) -> str:
    """Why a patch can be no part of a manifest; empty where it can."""
    if patch == {}:
        return "it is empty, and so changes nothing."
    for key in _keys(patch):
        if not isinstance(key, str):
            return f"the key {key} is no text; write it in quotes."
    return ""


def _keys(told: Any) -> Iterator[Any]:
    for key, one in told.items() if isinstance(told, dict) else ():
        yield key
        yield from _keys(one)
    for one in told if isinstance(told, list) else ():
        yield from _keys(one)


def _may_add(form: Form, provider: str) -> bool:
    return form != "kubernetes" and provider == "docker"


def _changes(form: Form, patch: dict[str, Any]) -> dict[str, Any]:
    """A patch without its address: a Job is called by its name without a hash, and keeps its own."""
    if form != "kubernetes":
        return patch
    metadata = {key: value for key, value in patch["metadata"].items() if key != "name"}
    return {**patch, "metadata": metadata}


def _written(editor: Any, document: Any) -> str:
    out = StringIO()
    editor.dump(document, out)
    return out.getvalue()


def _target(
    form: Form, provider: str, manifests: Sequence[Manifest], documents: Sequence[Any], patch: Any
) -> int | None:
    if form == "kubernetes":
        wanted = _identity(patch)
        names = [(one.get("kind"), patched_name(one)) for one in documents]
        return names.index(wanted) if wanted in names else None
    if provider == "file":
        name = "dynamic.yaml" if {"http", "tcp", "udp", "tls"} & set(patch) else "traefik.yaml"
        return next(index for index, one in enumerate(manifests) if one.name == name)
    return 0


def _identity(document: Any) -> tuple[object, object]:
    metadata = document.get("metadata")
    return document.get("kind"), metadata.get("name") if isinstance(metadata, dict) else None


def _address(form: Form, patch: Any) -> str:
    kind, name = _identity(patch)
    if kind is None or name is None:
        return "a patch needs kind and metadata.name, so what it means"
    return f"{kind}/{name}"


class _Merge:
    """One patch on its way into a document."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.problems: list[str] = []
        self.changed = False

    def into(self, target: Any, patch: dict[Any, Any], path: str, *, new_allowed: bool) -> None:
        for key, wanted in patch.items():
            here = f"{path}.{key}" if path else str(key)
            if wanted is None:
                self._remove(target, key, here)
            elif key not in target:
                if (
                    path == "services"
                    and new_allowed
                    and not (isinstance(wanted, dict) and {"image", "build"} & set(wanted))
                ):
                    self.problems.append(
                        f"{self.source} matches nothing: there is no {here}, and a new service needs an image."
                    )
                else:
                    self._set(target, key, wanted)
            elif isinstance(wanted, dict) and isinstance(target[key], dict):
                self._own(target, key)
                self.into(target[key], wanted, here, new_allowed=new_allowed)
            elif isinstance(wanted, list) and _named(wanted) and _named(target[key]):
                self._own(target, key)
                self._into_list(target[key], wanted, here)
            elif not _same(target[key], wanted):
                self._set(target, key, wanted)

    def _set(self, target: Any, key: object, wanted: Any) -> None:
        comments = target.ca.items.get(key)
        if isinstance(target.get(key), dict | list) and comments and len(comments) > _BELOW:
            # It would stand before the first entry of what is no longer there.
            comments[_BELOW] = None
        target[key] = _without_nulls(wanted)
        self.changed = True

    def _remove(self, target: Any, key: object, here: str) -> None:
        if key not in target:
            self.problems.append(f"{self.source} matches nothing: there is no {here} to take away.")
        elif _inherited(target, key) is not None or _is_shared(target):
            self.problems.append(
                f"{self.source} cannot take {here} away: it comes from an anchor that others share; set it instead."
            )
        else:
            del target[key]
            self.changed = True

    def _into_list(self, target: list[Any], wanted: list[Any], here: str) -> None:
        for one in wanted:
            index = next((index for index, known in enumerate(target) if known["name"] == one["name"]), None)
            if one.get(DELETE) == "delete":
                if index is None:
                    self.problems.append(f"{self.source} matches nothing: {here} has no {one['name']} to take away.")
                else:
                    del target[index]
                    self.changed = True
            elif index is None:
                target.append(_without_nulls(one))
                self.changed = True
            else:
                self.into(target[index], one, f"{here}.{one['name']}", new_allowed=False)

    def _own(self, target: Any, key: object) -> None:
        """What comes from an anchor is shared: it gets a copy of its own before it is changed."""
        if target[key] is _inherited(target, key):
            from copy import deepcopy

            target[key] = deepcopy(target[key])


def _inherited(target: Any, key: object) -> Any:
    """What ``key`` is in the anchor that ``target`` was merged from, if it is there."""
    anchors = target.merge.value if getattr(target, "merge", None) else ()
    return next((anchor[key] for anchor in anchors if key in anchor), None)


def _is_shared(target: Any) -> bool:
    """Whether others are merged from ``target``: of these ruamel.yaml cannot take a key away."""
    anchor = target.yaml_anchor() if hasattr(target, "yaml_anchor") else None
    return bool(anchor and anchor.value)


def _named(entries: Any) -> bool:
    return (
        isinstance(entries, list) and bool(entries) and all(isinstance(one, dict) and "name" in one for one in entries)
    )


def _same(there: Any, wanted: Any) -> bool:
    # To Python true is 1.
    return isinstance(there, bool) == isinstance(wanted, bool) and bool(there == wanted)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {_plain(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return int(value) if isinstance(value, Written) else value


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(one) for key, one in value.items() if one is not None}
    if isinstance(value, list):
        return [_without_nulls(one) for one in value]
    return value
