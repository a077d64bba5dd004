"""What Traefik is told, by files, arguments or labels: as paths and values, and as what routes requests."""

from collections.abc import Iterator, Mapping
from typing import Any

Path = tuple[str, ...]


def flat(told: Any, above: Path = ()) -> Iterator[tuple[Path, Any]]:
    """A file as paths and what stands there; the entries of a list of mappings have ``[0]`` and so on."""
    if isinstance(told, dict) and told:
        for key, value in told.items():
            yield from flat(value, (*above, str(key)))
    elif isinstance(told, list) and any(isinstance(one, dict | list) for one in told):
        for number, one in enumerate(told):
            yield from flat(one, (*above, f"[{number}]"))
    else:
        yield above, told


def parts(name: str) -> Path:
    """``http.tls.domains[0].main``, taken apart."""
    return tuple(part for part in name.replace("[", ".[").split(".") if part)


def arguments(command: Any) -> dict[Path, str]:
    """The static part that arguments tell, such as ``--log.level=INFO``."""
    words = command.split() if isinstance(command, str) else [str(word) for word in command or ()]
    found: dict[Path, str] = {}
    for word, following in zip(words, [*words[1:], "--"], strict=False):
        name, equals, text = word.partition("=")
        if name.startswith("--"):
            # Without a value it switches on, unless its value is the next word.
            found[parts(name[2:])] = text if equals else "true" if following.startswith("--") else following
    return found


def names(told: Any) -> list[str]:
    """A list of names, which may be told with commas."""
    several = told if isinstance(told, list) else str(told or "").split(",")
    return [str(name).strip() for name in several if str(name).strip()]


def own(name: str) -> str:
    """A name without the provider that may stand behind it: ``auth@docker`` is ``auth``."""
    return name.partition("@")[0]


def is_known(name: str, among: Mapping[str, Any], provider: str) -> bool:
    """Whether a name is defined among ``provider``'s; of what others define nothing is known here."""
    alone, at, of = name.partition("@")
    return alone in among if not at or of == provider else True


class Routing:
    """Routers, services and middlewares by name, each with its options in lower case."""

    def __init__(self) -> None:
        self.routers: dict[str, dict[str, Any]] = {}
        self.services: dict[str, dict[str, Any]] = {}
        self.middlewares: dict[str, dict[str, Any]] = {}

    def take(self, path: Path, value: Any) -> None:
        """One option, such as ``http.routers.web.rule``; what belongs to none of the three is left out."""
        if len(path) < 3 or path[0].lower() != "http":
            return
        sections = {"routers": self.routers, "services": self.services, "middlewares": self.middlewares}
        if (section := sections.get(path[1].lower())) is not None:
            section.setdefault(path[2], {})[".".join(path[3:]).lower()] = value

    def through(self, static: Mapping[Path, Any]) -> set[str]:
        """Every middleware that a router, a chain or an entry point names."""
        lists = [router.get("middlewares") for router in self.routers.values()]
        lists += [middleware.get("chain.middlewares") for middleware in self.middlewares.values()]
        lists += [told for path, told in static.items() if _is_of_an_entry_point(path)]
        return {own(name) for told in lists for name in names(told)}


def _is_of_an_entry_point(path: Path) -> bool:
    return len(path) == 4 and (path[0].lower(), path[3].lower()) == ("entrypoints", "middlewares")
