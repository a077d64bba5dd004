"""Which values make a line: found by trying others, and seeing whether the line changes.

What one value does may hang on another: HSTS is for a public host with a certificate alone. So each is tried on the
values that are given, and on some others that open what is shut by default.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from shopctl.manifests.kind_words import choices
from shopctl.manifests.values import Form, Value, Values, is_public
from shopctl.manifests.yaml_paths import Place

Look = Callable[[Values], Place | None]
"""Renders with some values, and finds the line."""

_GROUND: Final[Mapping[Form, tuple[tuple[str, ...], ...]]] = {
    "compose": ((),),
    "traefik": (("acme.email",), ("tls.cert", "tls.key")),
    "kubernetes": (("tls.secret",), ("tls.secret", "tls.issuer", "ingress.kind")),
}
"""What has its example at once, beside a public host."""

_CERTIFICATES: Final = ("acme.email", "tls.cert", "tls.key", "tls.secret", "tls.issuer")


def at_work(values: Values, look: Look) -> list[Value]:
    """The values of which some change what ``look`` finds, in their order."""
    known = {value.path: value for value in values.known()}
    found: set[str] = set()
    for ground in _grounds(values, known):
        now = _said(look(ground))
        for value in known.values():
            if value.path not in found and any(_said(look(other)) != now for other in _others(ground, value)):
                found.add(value.path)
    return [value for value in known.values() if value.path in found]


def _said(place: Place | None) -> str | None:
    return None if place is None else place.says


def _grounds(values: Values, known: Mapping[str, Value]) -> Iterator[Values]:
    yield values
    public = values if is_public(values["host"]) else values.having("host", known["host"].example)
    for chosen in _GROUND[values.form]:
        ground = public
        for path in _CERTIFICATES:
            if path in known and path not in chosen and ground[path]:
                ground = ground.having(path, "")
        for path in chosen:
            ground = ground.having(path, known[path].kind(known[path].example))
        yield ground


def _others(ground: Values, value: Value) -> Iterator[Values]:
    now = ground[value.path]
    default = value.default[ground.form]
    texts = [value.example, default if isinstance(default, str) else default(ground), *choices(value.kind)]
    if now.isdigit():
        # One of something may be another thing than several, and few may change nothing.
        texts += ["1", f"{now}0"]
    tried = {now}
    for text in texts:
        try:
            other = value.kind(text)
        except ValueError:
            continue
        if other not in tried:
            tried.add(other)
            yield ground.having(value.path, other)
