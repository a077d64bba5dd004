"""config, openapi and version: what is in force, and what this program is."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from shopctl import console
from shopctl.commands.database import Json

if TYPE_CHECKING:
    from shopapi.runtime.settings import InForce


def config(json: Json = False) -> None:
    """Print every setting in force, and its source.

    Secrets are masked. Exits with 2 where a setting cannot be used.
    """
    from shopapi.runtime.logs import redacted
    from shopctl.console import Failed

    settings, problems = _in_force(os.environ), _problems(os.environ)
    if json:
        listed = [
            {"name": one.name, "value": redacted(one.value), "source": one.source, "meaning": one.meaning}
            for one in settings
        ]
        console.as_json({"settings": listed, "problems": [redacted(problem) for problem in problems]})
    else:
        rows = [(one.name, redacted(one.value) or "–", one.source) for one in settings]
        console.table(("setting", "value", "source"), rows)
    if problems:
        raise Failed([redacted(problem) for problem in problems], exit_code=2)


def openapi(
    output: Annotated[str | None, typer.Option("--output", "-o", help="Write to this file.", metavar="FILE")] = None,
) -> None:
    """Print the API's OpenAPI document."""
    from shopapi.http.openapi import document
    from shopapi.runtime.settings import read
    from shopapi.settings import ApiSettings
    from shopctl.settings import refuse_unknown_names

    refuse_unknown_names(os.environ)
    written = document(read(ApiSettings, os.environ))
    if output is None:
        console.document(written.decode().rstrip("\n"))
        return
    with open(output, "wb") as file:
        file.write(written)
    console.done(f"{output}  {len(written):,} bytes")


def version(json: Json = False) -> None:
    """Print this program's version.

    The commit that it was made of and when it was built are told where they are known.
    """
    from shopctl import __version__
    from shopctl.build import this_build

    build = this_build()
    if json:
        import platform

        known = {"version": __version__, "commit": build.commit, "built": build.built}
        console.as_json({**known, "python": platform.python_version()})
        return
    commit = f"commit {build.commit[:12]}" if build.commit else ""
    told = ", ".join(filter(None, (commit, f"built {build.built}" if build.built else "")))
    console.document(f"shopctl {__version__}" + (f" ({told})" if told else ""))


def _in_force(environ: Mapping[str, str]) -> list["InForce"]:
    from shopapi.runtime.settings import SettingsError, in_force, meanings
    from shopctl.settings import PARTS

    found: dict[str, InForce] = {}
    for cls in PARTS.values():
        try:
            shown = in_force(cls, environ)
        except SettingsError:
            # A secret's file that cannot be read is told among the problems; the rest is still shown.
            files = {f"{told.name}_FILE" for told in meanings(cls) if told.secret}
            shown = in_force(cls, {name: value for name, value in environ.items() if name not in files})
        found.update((one.name, one) for one in shown)
    return list(found.values())


def _problems(environ: Mapping[str, str]) -> list[str]:
    from shopapi.runtime.settings import SettingsError, read
    from shopctl.settings import PARTS, refuse_unknown_names

    found: dict[str, None] = {}
    for cls in PARTS.values():
        try:
            read(cls, environ)
        except SettingsError as error:
            found.update(dict.fromkeys(error.problems))
    try:
        refuse_unknown_names(environ)
    except SettingsError as error:
        found.update(dict.fromkeys(error.problems))
    return list(found)
