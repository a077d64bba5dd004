"""Why one line of a rendering is as it is: the comment, the values and the patches that make it so, its template."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shopctl.manifests.comments import outer_comment, own_comment
from shopctl.manifests.render import Manifest, Part, parts, text_of
from shopctl.manifests.tries import at_work
from shopctl.manifests.values import Value, Values
from shopctl.manifests.yaml_paths import Place, near, place_in

if TYPE_CHECKING:
    from shopctl.manifests.patches import Patch


@dataclass(frozen=True)
class Explanation:
    """One line: where it stands and what it says, and why."""

    file: str
    line: int
    text: str
    why: str
    """The comment that is meant for it."""

    within: tuple[str, str]
    """Without one, the nearest line around it that has a comment, and this comment."""

    values: Sequence[Value]
    patches: Sequence[str]
    """The sources of those that change it."""

    unpatched: str
    """The line as it would be without them, if there would be one."""

    template: str


class NoSuchPath(Exception):
    """A path that the rendering does not have; ``near`` are some that it has."""

    def __init__(self, path: str, near: Sequence[str]) -> None:
        super().__init__(path)
        self.path = path
        self.near = list(near)


@dataclass(frozen=True)
class _Line:
    """What a path names in one file."""

    manifest: Manifest
    place: Place

    @property
    def text(self) -> str:
        return self.manifest.text.splitlines()[self.place.line].strip()

    def comment(self) -> tuple[str, tuple[str, str]]:
        lines, line = self.manifest.text.splitlines(), self.place.line
        end = self.place.value.end_mark
        own = own_comment(lines, line, end.column if end.line == line else 0)
        return own, ("", "") if own else outer_comment(lines, line)


def explained(
    path: str, values: Values, provider: str, patches: "Sequence[Patch]", final: Sequence[Manifest]
) -> Explanation:
    """What is known of ``path``, such as ``services.frontend.read_only`` or ``Deployment/frontend.spec.replicas``.

    ``final`` is what is rendered with these values, these patches and :func:`no_secrets`. Raises :class:`NoSuchPath`.
    """
    found = _line(final, path)
    if found is None:
        raise NoSuchPath(path, near(final, path))
    rendered = list(parts(values, provider=provider, fresh=no_secrets))
    plain = [Manifest(part[0], text_of(part), part[1]) for part in rendered]
    before = _line(plain, path)
    changed = list(_changing(path, values, provider, plain, patches, found)) if _said(found) != _said(before) else []
    why, within = found.comment() if before or not changed else ("", ("", ""))
    last_word = bool(changed) and found.place.is_single and any(_holds(patch, path) for patch in patches)
    return Explanation(
        found.manifest.name,
        found.place.line + 1,
        found.text,
        why,
        within,
        [] if before is None or last_word else _at_work(before, values, provider),
        changed,
        before.text if before else "",
        _template(rendered, before),
    )


def no_secrets() -> dict[str, str]:
    """What stands for secrets: the same each time, or every value would seem to change them, and none to keep."""
    from shopctl.secrets import fresh_secrets

    return dict.fromkeys(fresh_secrets(), "made when it is rendered")


def _line(manifests: Sequence[Manifest], path: str) -> _Line | None:
    found = ((manifest, place_in(manifest.text, path)) for manifest in manifests)
    return next((_Line(manifest, place) for manifest, place in found if place), None)


def _said(line: _Line | None) -> str:
    return line.place.says if line else ""


def _changing(
    path: str, values: Values, provider: str, plain: Sequence[Manifest], patches: "Sequence[Patch]", found: _Line
) -> Iterator[str]:
    """The sources of the patches that change a line, which is ``found`` when all are merged, one after the other."""
    from shopctl.manifests.patches import patched

    last = _line(plain, path)
    for number, patch in enumerate(patches, 1):
        some = patches[:number]
        line = found if number == len(patches) else _line(patched(values.form, provider, plain, some), path)
        if _said(line) != _said(last):
            yield patch.source
        last = line


def _holds(patch: "Patch", path: str) -> bool:
    import yaml

    return place_in(yaml.safe_dump(patch.content), path) is not None


def _at_work(line: _Line, values: Values, provider: str) -> list[Value]:
    """Tried without patches, which are merged into what the values have made."""

    def look(other: Values) -> Place | None:
        every = parts(other, provider=provider, fresh=no_secrets)
        part = next((one for one in every if one[0] == line.manifest.name), None)
        return place_in(text_of(part), line.place.path) if part else None

    return at_work(values, look)


def _template(rendered: Sequence[Part], line: _Line | None) -> str:
    if line is None:
        return ""
    from shopctl.manifests.origin import template_of

    return template_of(next(part for part in rendered if part[0] == line.manifest.name), line.place.line)
