"""Templates and values in, manifests out: text, deterministic, one file a resource."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from shopctl import __version__
from shopctl.manifests import topology as shop
from shopctl.manifests.kinds import cores
from shopctl.manifests.topology import topology
from shopctl.manifests.values import COMMAND, Values

Part = tuple[str, str, dict[str, Any]]
"""A file's name, its template, and what this needs to know."""

_TEMPLATES: Final = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Manifest:
    """One file of a rendering: its name in a directory, its text, and the template that it came from."""

    name: str
    text: str
    template: str


def render(
    values: Values, *, provider: str = "docker", fresh: Callable[[], dict[str, str]] | None = None
) -> list[Manifest]:
    """Every manifest that ``values`` ask for, in the order in which they are to be applied.

    ``provider`` is Traefik's: ``docker`` gives a Compose file, ``file`` Traefik's own two files. ``fresh`` makes the
    secrets where they are to be rendered.
    """
    return [Manifest(part[0], text_of(part), part[1]) for part in parts(values, provider=provider, fresh=fresh)]


def parts(
    values: Values, *, provider: str = "docker", fresh: Callable[[], dict[str, str]] | None = None
) -> Iterator[Part]:
    """What :func:`render` renders, in its order."""
    facts = _facts(values)
    if values.form == "kubernetes":
        from shopctl.manifests.kubernetes import resources

        for name, template, more in resources(values, facts, fresh):
            yield f"{name}.yaml", f"kubernetes/{template}", facts | more
    elif provider == "file":
        for name in ("traefik.yaml", "dynamic.yaml"):
            yield name, f"traefik/{name}.j2", facts
    else:
        name = "compose.yaml" if values.form == "compose" else "compose.traefik.yaml"
        yield name, "compose/compose.yaml.j2", facts


def text_of(part: Part) -> str:
    """What a part is rendered to."""
    return str(environment().get_template(part[1]).render(part[2]))


def _facts(values: Values) -> dict[str, Any]:
    described = topology(values)
    return {
        "v": values,
        "services": described.services,
        "public_url": described.public_url,
        "hsts": described.hsts,
        "shop": shop,
        "version": __version__,
        "command": COMMAND[values.form],
    }


@lru_cache
def environment() -> Any:
    """The templates. A name that a template uses and nobody gave is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from shopctl.manifests.compiled import Compiled

    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        bytecode_cache=Compiled(_TEMPLATES / "__pycache__"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - YAML, not HTML: what may hold anything is quoted by q
    )
    made.filters |= {
        "q": quoted,
        "flow": flow,
        "compose_memory": lambda text: text[:-1],
        "cores": lambda text: f"{cores(text):g}",
        "split": lambda text: [part for part in text.split(",") if part],
    }
    made.globals |= {"rule": rule, "api_rule": api_rule}
    return made


def quoted(text: object) -> str:
    """``text`` as a YAML scalar that is a string, whatever it looks like."""
    return json.dumps(str(text), ensure_ascii=False)


def flow(texts: Sequence[object]) -> str:
    """A list of strings on one line."""
    return f"[{', '.join(quoted(text) for text in texts)}]"


def rule(host: str) -> str:
    """Traefik's rule for one host, without what only probes may ask."""
    return " && ".join([f"Host(`{host}`)", *(f"!Path(`{path}`)" for path in shop.HEALTH_PATHS)])


def api_rule(values: Values) -> str:
    """Traefik's rule for what is exposed of the API."""
    if values["api.expose"] == "webhooks":
        return f"Host(`{values['api.host']}`) && PathPrefix(`{shop.WEBHOOKS}`)"
    return rule(values["api.host"])


def one_stream(manifests: Sequence[Manifest]) -> str:
    """All of them as one text, as ``kubectl apply -f -`` reads it."""
    return "---\n".join(manifest.text for manifest in manifests)
