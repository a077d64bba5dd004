"""YAML in, plain values out, by the quick parser where it is there."""

from typing import Any, Final

import yaml

_Loader: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class NotYaml(Exception):
    """A text that is no YAML: what is wrong, and in which line."""


class _Strict(_Loader):  # type: ignore[misc]
    """Refuses a key that is given twice, of which YAML's own parsers keep the last without a word."""


def _mapping(loader: Any, node: yaml.MappingNode) -> dict[Any, Any]:
    loader.flatten_mapping(node)
    seen: set[str] = set()
    for key, _ in node.value:
        if key.value in seen:
            raise NotYaml(f'line {key.start_mark.line + 1}: "{key.value}" is given twice')
        seen.add(key.value)
    return dict(loader.construct_pairs(node, deep=True))


_Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def documents(text: str, *, once: bool = False) -> list[Any]:
    """Every document of a text; with ``once``, no key may be given twice. Raises :class:`NotYaml`."""
    try:
        found = list(yaml.load_all(text, _Strict if once else _Loader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        raise NotYaml(f"{where}{getattr(error, 'problem', None) or 'it cannot be read'}") from None
    except (ValueError, RecursionError) as error:
        raise NotYaml(str(error) or "it cannot be read") from None
    return [document for document in found if document is not None]


def nodes(text: str) -> list[Any]:
    """Every document of a text as nodes, which know their lines."""
    return list(yaml.compose_all(text, _Loader))
