"""render-compose, render-traefik and render-k8s: manifests from one description of the shop."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

Set = Annotated[
    list[str] | None, typer.Option("--set", help="Set a value, such as host=shop.example.", metavar="NAME=VALUE")
]
ValuesFile = Annotated[list[str] | None, typer.Option("--values", help="A YAML file of values.", metavar="FILE")]
PatchFile = Annotated[
    list[str] | None,
    typer.Option("--patch", help="A YAML file of changes that no value covers.", metavar="FILE"),
]
ShowValues = Annotated[
    bool, typer.Option("--show-values", help="Print every value, its default and its meaning instead.")
]
Explain = Annotated[
    str | None,
    typer.Option(
        "--explain", help="Say why one line is as it is, such as services.frontend.read_only.", metavar="PATH"
    ),
]
Output = Annotated[
    str | None, typer.Option("--output", "-o", help="Write files to this directory, not to stdout.", metavar="DIR")
]
Check = Annotated[
    bool, typer.Option("--check", help="Write nothing; exit with 1 where what lies there differs, and show how.")
]


def render_compose(
    set_: Set = None,
    values: ValuesFile = None,
    patch: PatchFile = None,
    show_values: ShowValues = False,
    explain: Explain = None,
    output: Output = None,
    check: Check = False,
) -> None:
    """Render a Compose file for one host.

    Without --output, --check compares with ./compose.yaml.
    """
    with _uncollected():
        from shopctl.commands.rendering import Rendering

        Rendering("compose", set_, values, patch, output).answer(show_values, explain, check)


def render_traefik(
    set_: Set = None,
    values: ValuesFile = None,
    patch: PatchFile = None,
    provider: Annotated[
        str,
        typer.Option(
            help="docker: a Compose file with labels; file: Traefik's own files, for hosts without Docker.",
            metavar="docker|file",
        ),
    ] = "docker",
    self_signed: Annotated[
        bool,
        typer.Option("--self-signed", help="Make a certificate for the hosts and use it; for localhost."),
    ] = False,
    show_values: ShowValues = False,
    explain: Explain = None,
    output: Output = None,
    check: Check = False,
) -> None:
    """Render a Compose file with Traefik in front.

    Without --output, --check compares with deploy/compose.traefik.yaml or deploy/traefik.
    """
    with _uncollected():
        from shopctl.commands.rendering import Rendering

        rendering = Rendering("traefik", set_, values, patch, output, provider)
        if self_signed:
            rendering.with_own_certificate(Path(output or "."))
        rendering.answer(show_values, explain, check)


def render_k8s(
    set_: Set = None,
    values: ValuesFile = None,
    patch: PatchFile = None,
    show_values: ShowValues = False,
    explain: Explain = None,
    output: Output = None,
    check: Check = False,
) -> None:
    """Render Kubernetes manifests.

    Without --output, --check compares with deploy/kubernetes.
    """
    with _uncollected():
        from shopctl.commands.rendering import Rendering

        Rendering("kubernetes", set_, values, patch, output).answer(show_values, explain, check)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the garbage collector, which takes a tenth of so short a run and finds nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
