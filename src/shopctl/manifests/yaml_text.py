"""YAML in, plain values out, by the quick parser where it is there."""

from typing import Any, Final

import yaml

_Loader: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST: Final = 50
_MOST: Final = 20_000


class NotYaml(Exception):
    """A text that is no YAML, or none that can be used: what is wrong, and in which line."""


class Written(int):
    """A whole number that YAML reads otherwise than it looks: ``0777`` is 511. As text it is what was written."""

    text: str

    def __str__(self) -> str:
        return self.text


class _ByHand(_Loader):  # type: ignore[misc]
    """For what people write. A key that is given twice is refused: YAML's own parsers keep the last without a word."""


def _mapping(loader: Any, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[str] = set()
    for key, _ in node.value:
        line = f"line {key.start_mark.line + 1}: "
        if not isinstance(key, yaml.ScalarNode):
            raise NotYaml(f"{line}a key is no text")
        if key.value in seen:
            raise NotYaml(f'{line}"{key.value}" is given twice')
        seen.add(key.value)
    loader.flatten_mapping(node)
    return dict(loader.construct_pairs(node, deep=True))


def _whole(loader: Any, node: yaml.ScalarNode) -> int:
    number: int = loader.construct_yaml_int(node)
    if str(number) == node.value:
        return number
    written = Written(number)
    written.text = node.value
    return written


def _text(loader: Any, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


_ByHand.add_constructor("tag:yaml.org,2002:map", _mapping)
_ByHand.add_constructor("tag:yaml.org,2002:int", _whole)
# A date is text to Compose, to Kubernetes and to Traefik.
_ByHand.add_constructor("tag:yaml.org,2002:timestamp", _text)


def documents(text: str, *, once: bool = False) -> list[Any]:
    """Every document of a text. Raises :class:`NotYaml`.

    ``once`` is for what somebody wrote: no key may be given twice, nothing may grow beyond all bounds, whole numbers
    may be :class:`Written`, and comments alone are one empty mapping.
    """
    loader = _ByHand if once else _Loader
    try:
        if once:
            _bound(text)
        found = [document for document in yaml.load_all(text, loader) if document is not None]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        raise NotYaml(f"{where}{getattr(error, 'problem', None) or 'it cannot be read'}") from None
    except (ValueError, RecursionError) as error:
        raise NotYaml(str(error) or "it cannot be read") from None
    return found or [{}] if once else found


def _bound(text: str) -> None:
    """Refuse what is too deep, what holds itself, and what a few aliases make too much, before it is built."""
    total = 0
    sizes: dict[str, int] = {}
    around: list[tuple[str, int]] = []
    # Any: of events from C the types say less than there is.
    events: Any = yaml.parse(text, _Loader)
    for event in events:
        where = f"line {event.start_mark.line + 1}: "
        if isinstance(event, yaml.AliasEvent):
            if event.anchor in [anchor for anchor, _ in around]:
                raise NotYaml(f"{where}*{event.anchor} stands within what it stands for")
            total += sizes.get(str(event.anchor), 0)
        elif isinstance(event, yaml.NodeEvent):
            total += 1
            if isinstance(event, yaml.CollectionStartEvent):
                around.append((event.anchor or "", total))
            else:
                sizes[event.anchor or ""] = 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = around.pop()
            sizes[anchor] = total - before + 1
        if len(around) > _DEEPEST:
            raise NotYaml(f"{where}it is more than {_DEEPEST} levels deep")
        if total > _MOST:
            raise NotYaml(f"{where}it holds more than {_MOST} values")


def nodes(text: str) -> list[Any]:
    """Every document of a text as nodes, which know their lines."""
    return list(yaml.compose_all(text, _Loader))
