"""render-compose, render-traefik and render-k8s: manifests from one description of the shop."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from shopctl import console
from shopctl.console import fail

if TYPE_CHECKING:
    from shopctl.manifests.explain import Explanation
    from shopctl.manifests.patches import Patch
    from shopctl.manifests.render import Manifest
    from shopctl.manifests.values import Form, Values

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

_NAMED: Final = 12
_CHECKED_IN: Final = {
    "compose": ".",
    "traefik": "deploy",
    "traefik file": "deploy/traefik",
    "kubernetes": "deploy/kubernetes",
}


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
    _Rendering("compose", set_, values, patch).answer(show_values, explain, output, check)


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
    rendering = _Rendering("traefik", set_, values, patch, provider)
    if self_signed:
        rendering.sign_certificate(Path(output or "."))
    rendering.answer(show_values, explain, output, check)


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
    _Rendering("kubernetes", set_, values, patch).answer(show_values, explain, output, check)


class _Rendering:
    """One command's rendering: its values read, its patches at hand."""

    def __init__(
        self,
        form: "Form",
        settings: Sequence[str] | None,
        files: Sequence[str] | None,
        patch_files: Sequence[str] | None,
        provider: str = "docker",
    ) -> None:
        if provider not in ("docker", "file"):
            fail(f'--provider is "{console.clean(provider)}"; it is docker or file.', exit_code=2)
        self.form: Form = form
        self.provider = provider
        self.settings = list(settings or ())
        self.files = [(name, _one_document(name)) for name in files or ()]
        self.patches = _patches(patch_files or ())
        self.values = self._read()
        self.signed = False

    def _read(self) -> "Values":
        from shopctl.manifests.values import COMMAND, ValuesError, read

        try:
            return read(self.form, self.files, self.settings)
        except ValuesError as error:
            fail(error.problems, f"shopctl {COMMAND[self.form]} --show-values", 2)

    def sign_certificate(self, folder: Path) -> None:
        """Make a certificate and key in ``folder`` and have Traefik use them."""
        from shopctl.manifests.certificate import CannotSign, self_signed

        for path in ("tls.cert", "tls.key", "acme.email"):
            if self.values[path]:
                fail(f"--self-signed makes a certificate, and {path} is set too; keep one of them.", exit_code=2)
        try:
            cert, key, made = self_signed(folder / "tls", [self.values["host"], self.values["api.host"]])
        except CannotSign as error:
            fail(str(error), error.remedy, 2)
        except OSError as error:
            fail(f"{error.filename}: {error.strerror}.", exit_code=2)
        beside = [f"tls.cert=./tls/{cert.name}", f"tls.key=./tls/{key.name}"]
        if self.provider == "file":
            beside = [f"tls.cert={cert.absolute()}", f"tls.key={key.absolute()}"]
        self.settings += beside
        self.values = self._read()
        self.signed = True
        console.warn(f"{cert} {'was made' if made else 'is there'}: browsers will ask before they trust it")

    def answer(self, show_values: bool, explain: str | None, output: str | None, check: bool) -> None:
        if show_values:
            _show(self.values)
        elif explain is not None:
            self._explain(explain)
        else:
            self._write(output, check)

    def _rendered(self, values: "Values") -> "list[Manifest]":
        from shopctl.manifests.render import render

        manifests = render(values, provider=self.provider)
        if self.patches:
            from shopctl.manifests.patches import patched

            manifests = patched(self.form, self.provider, manifests, self.patches)
        return manifests

    def _explain(self, path: str) -> None:
        from shopctl.manifests.explain import NoSuchPath, explained

        try:
            _tell(explained(path, self.values, self._checked))
        except NoSuchPath as error:
            near = f"  Near it: {', '.join(error.near)}" if error.near else ""
            fail(f'Nothing rendered is called "{console.clean(path)}".{near}', exit_code=2)

    def _checked(self, values: "Values") -> "list[Manifest]":
        from shopctl.manifests.check import Unsound, checked, weaknesses

        try:
            manifests = self._rendered(values)
            documents = checked(self.form, self.provider, manifests)
            if self.patches:
                from shopctl.manifests.schemas import faults

                if found := faults(self.form, self.provider, documents):
                    raise Unsound(found)
        except Unsound as error:
            fail(error.problems, exit_code=2)
        if self.patches and values is self.values:
            for weakness in weaknesses(self.form, self.provider, documents):
                console.warn(weakness)
        return manifests

    def _write(self, output: str | None, check: bool) -> None:
        from shopctl.manifests.render import one_stream

        manifests = self._checked(self.values)
        kind = f"{self.form} file" if self.provider == "file" else self.form
        if output is None and not check:
            console.document(one_stream(manifests).rstrip("\n"))
            return
        if self.form == "kubernetes":
            from shopctl.manifests.kubernetes import kustomization

            manifests = [*manifests, kustomization(manifests)]
        folder = Path(output or _CHECKED_IN[kind])
        try:
            if check:
                self._compare(folder, manifests)
            else:
                self._to_folder(folder, manifests)
        except OSError as error:
            fail(f"{console.clean(error.filename or folder)}: {error.strerror}.", exit_code=2)

    def _compare(self, folder: Path, manifests: "Sequence[Manifest]") -> None:
        from shopctl.manifests.output import differences
        from shopctl.manifests.values import COMMAND

        lines = list(differences(folder, manifests, COMMAND[self.form]))
        if lines:
            console.document("\n".join(lines))
            fail(f"{folder} is not what would be rendered.", "the same without --check writes it")
        console.done(f"{folder} is what would be rendered")

    def _to_folder(self, folder: Path, manifests: "Sequence[Manifest]") -> None:
        from shopctl.manifests.output import NotOurs, write
        from shopctl.manifests.values import COMMAND

        try:
            report = write(folder, manifests, COMMAND[self.form])
        except NotOurs as error:
            fail(f"{error} is not ours, and would be overwritten.", "move it, or choose another --output", 2)
        unchanged = f", {len(report.unchanged)} as they were" if report.unchanged else ""
        console.done(f"{folder}: {len(report.written)} written{unchanged}")
        if report.removed:
            console.done(f"removed, as they are no longer rendered: {', '.join(report.removed)}")
        strangers = [name for name in report.left_alone if not (self.signed and name == "tls")]
        if strangers:
            more = f" and {len(strangers) - _NAMED} more" if len(strangers) > _NAMED else ""
            named = f"{', '.join(strangers[:_NAMED])}{more}"
            console.warn(f"left alone, as they are not ours: {named}", sys.stdout)


def _show(values: "Values") -> None:
    rows = [
        (value.path, values[value.path] or "–", values.source(value.path), value.meaning) for value in values.known()
    ]
    console.table(("value", "is", "from", "meaning"), rows)


def _tell(told: "Explanation") -> None:
    console.line(f"{told.file}, line {told.line}: {told.text}")
    console.line(f"why       {told.why or 'as every rendering has it'}")
    if told.values:
        for value, text, source in told.values:
            console.line(f"value     {value.path} = {text or '(empty)'}  ({source})  {value.meaning}")
    else:
        console.line("value     none: every rendering says it; a --patch can change it")
    console.line(f"template  {told.template}")


def _one_document(name: str) -> Any:
    documents = _documents(name)
    if len(documents) > 1:
        fail(f"{console.clean(name)} holds {len(documents)} documents; values are one.", exit_code=2)
    return documents[0] if documents else None


def _documents(name: str) -> list[Any]:
    from shopctl.manifests.yaml_text import NotYaml, documents

    try:
        return documents(Path(name).read_text(encoding="utf-8"), once=True)
    except OSError as error:
        fail(f"{console.clean(name)} cannot be read: {error.strerror}.", exit_code=2)
    except UnicodeDecodeError:
        fail(f"{console.clean(name)} is not UTF-8 text.", exit_code=2)
    except NotYaml as error:
        fail(f"{console.clean(name)} is no YAML: {error}.", exit_code=2)


def _patches(names: Sequence[str]) -> "list[Patch]":
    if not names:
        return []
    from shopctl.manifests.patches import Patch
    from shopctl.manifests.schemas import SchemasMissing, require

    try:
        require()
    except SchemasMissing:
        fail(
            "A patch is checked against the schemas of Compose and Kubernetes, which are not installed.",
            "pip install 'shopctl[manifests]'",
            2,
        )
    found = []
    for name in names:
        for number, content in enumerate(_documents(name), 1):
            source = f"{name}, document {number}"
            if not isinstance(content, dict):
                fail(f"{console.clean(source)} is no mapping; it is shaped like what it changes.", exit_code=2)
            found.append(Patch(source, content))
    return found
