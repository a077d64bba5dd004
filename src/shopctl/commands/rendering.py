"""One rendering from its options to its end: told, compared, printed or written."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from shopctl import console
from shopctl.commands.render_inputs import one_document, patches
from shopctl.commands.render_told import show, tell
from shopctl.console import fail

if TYPE_CHECKING:
    from shopctl.manifests.certificate import Pair
    from shopctl.manifests.render import Manifest
    from shopctl.manifests.values import Form, Values

_NAMED: Final = 12
_CHECKED_IN: Final = {
    "compose": ".",
    "traefik": "deploy",
    "traefik file": "deploy/traefik",
    "kubernetes": "deploy/kubernetes",
}


class Rendering:
    """One command's rendering: its values read, its patches at hand."""

    def __init__(
        self,
        form: "Form",
        settings: Sequence[str] | None,
        files: Sequence[str] | None,
        patch_files: Sequence[str] | None,
        output: str | None,
        provider: str = "docker",
    ) -> None:
        if provider not in ("docker", "file"):
            fail(f'--provider is "{console.clean(provider)}"; it is docker or file.', exit_code=2)
        for option, names in (("--values", files), ("--patch", patch_files), ("--output", [output])):
            if "" in (names or ()):
                what = "directory" if option == "--output" else "file"
                fail(f"{option} is empty; it is the name of a {what}.", exit_code=2)
        self.form: Form = form
        self.provider = provider
        self.settings = list(settings or ())
        self.files: list[tuple[str, Any]] = [(name, one_document(name)) for name in files or ()]
        self.patches = patches(patch_files or ())
        self.values = self._read()
        self.output = output
        self.pair: Pair | None = None

    def _read(self) -> "Values":
        from shopctl.manifests.values import COMMAND, ValuesError, read

        try:
            return read(self.form, self.files, self.settings)
        except ValuesError as error:
            fail(error.problems, f"shopctl {COMMAND[self.form]} --show-values", 2)

    def with_own_certificate(self, folder: Path) -> None:
        """Have Traefik use a certificate in ``folder`` that :meth:`answer` makes, and nobody but its maker trusts."""
        from shopctl.manifests.certificate import Pair

        for path in ("tls.cert", "tls.key", "acme.email"):
            if self.values[path]:
                fail(f"--self-signed makes a certificate, and {path} is set too; keep one of them.", exit_code=2)
        pair = Pair(folder / "tls", (self.values["host"], self.values["api.host"]))
        beside = {"tls.cert": f"./tls/{pair.cert.name}", "tls.key": f"./tls/{pair.key.name}"}
        if self.provider == "file":
            beside = {"tls.cert": str(pair.cert.absolute()), "tls.key": str(pair.key.absolute())}
        self.files.append(("--self-signed", beside))
        self.values = self._read()
        self.values.self_signed = True
        self.pair = pair

    def answer(self, show_values: bool, explain: str | None, check: bool) -> None:
        """Do what is asked for: tell, compare, print or write."""
        if explain == "":
            fail("--explain is empty; it is a path such as services.frontend.read_only.", exit_code=2)
        instead = [
            name for name, given in (("--show-values", show_values), ("--explain", explain is not None)) if given
        ]
        writing = [name for name, given in (("--output", self.output is not None), ("--check", check)) if given]
        if instead and len(instead) + len(writing) > 1:
            fail(f"{instead[0]} prints something else instead: it goes without {(instead + writing)[1]}.", exit_code=2)
        if show_values:
            show(self.values)
        elif explain is not None:
            self._explain(explain)
        elif check:
            self._compare(self._folder())
        elif self.output is None:
            self._print()
        else:
            self._to_folder(self._folder())

    def _explain(self, path: str) -> None:
        from shopctl.manifests.explain import NoSuchPath, explained, no_secrets

        manifests = self._checked(no_secrets)
        try:
            tell(explained(path, self.values, self.provider, self.patches, manifests), self.values)
        except NoSuchPath as error:
            near = f"  Near it: {', '.join(error.near)}" if error.near else ""
            fail(f'Nothing rendered is called "{console.clean(path)}".{near}', exit_code=2)

    def _checked(self, fresh: Callable[[], dict[str, str]] | None = None) -> "list[Manifest]":
        from shopctl.manifests.check import Unsound, checked, weaknesses
        from shopctl.manifests.render import render

        try:
            manifests = render(self.values, provider=self.provider, fresh=fresh)
            if self.patches:
                from shopctl.manifests.patches import patched

                manifests = patched(self.form, self.provider, manifests, self.patches)
            documents = checked(self.form, self.provider, manifests, self.patches)
        except Unsound as error:
            fail(error.problems, exit_code=2)
        if self.patches:
            for weakness in weaknesses(self.form, self.provider, documents):
                console.warn(weakness)
        return manifests

    def _folder(self) -> Path:
        return Path(self.output or _CHECKED_IN[f"{self.form} file" if self.provider == "file" else self.form])

    def _files(self) -> "list[Manifest]":
        if self.form == "kubernetes" and self.values.is_on("secrets.create"):
            fail(
                "secrets.create is true: each rendering has other secrets, so it goes to standard output alone.",
                "shopctl secrets init --kubernetes  makes them once",
                2,
            )
        manifests = self._checked()
        if self.form != "kubernetes":
            return manifests
        from shopctl.manifests.kubernetes import kustomization

        return [*manifests, kustomization(manifests)]

    def _print(self) -> None:
        from shopctl.manifests.render import one_stream

        text = one_stream(self._checked())
        self._sign()
        console.document(text.rstrip("\n"))

    def _compare(self, folder: Path) -> None:
        from shopctl.manifests.output import differences
        from shopctl.manifests.values import COMMAND

        manifests = self._files()
        with _told_by_name(folder):
            lines = list(differences(folder, manifests, COMMAND[self.form]))
        if lines:
            console.document("\n".join(lines))
            fail(f"{folder} is not what would be rendered.", "the same without --check writes it")
        console.done(f"{folder} is what would be rendered")

    def _to_folder(self, folder: Path) -> None:
        from shopctl.manifests.output import NotOurs, write
        from shopctl.manifests.values import COMMAND

        manifests = self._files()
        self._look_at_pair()
        try:
            with _told_by_name(folder):
                report = write(folder, manifests, COMMAND[self.form])
        except NotOurs as error:
            fail(f"{error} is not ours, and would be overwritten.", "move it, or choose another --output", 2)
        self._sign()
        unchanged = f", {len(report.unchanged)} as they were" if report.unchanged else ""
        console.done(f"{folder}: {len(report.written)} written{unchanged}")
        if report.removed:
            console.done(f"removed, as they are no longer rendered: {', '.join(report.removed)}")
        strangers = [name for name in report.left_alone if not (self.pair and name == "tls")]
        if strangers:
            more = f" and {len(strangers) - _NAMED} more" if len(strangers) > _NAMED else ""
            named = f"{', '.join(strangers[:_NAMED])}{more}"
            console.warn(f"left alone, as they are not ours: {named}", sys.stdout)

    def _look_at_pair(self) -> None:
        """Refuse a certificate that does not fit before anything is written."""
        if self.pair:
            with _told_by_name(self.pair.folder):
                self.pair.is_there()

    def _sign(self) -> None:
        if self.pair:
            with _told_by_name(self.pair.folder):
                made = self.pair.make()
            told = "was made" if made else "is there"
            console.warn(f"{self.pair.cert} {told}: browsers will ask before they trust it")


@contextmanager
def _told_by_name(folder: Path) -> Iterator[None]:
    from shopctl.manifests.certificate import CannotSign

    try:
        yield
    except CannotSign as error:
        fail(str(error), error.remedy, 2)
    except OSError as error:
        fail(f"{console.clean(error.filename or folder)}: {error.strerror}.", exit_code=2)
