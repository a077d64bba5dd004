"""secrets: what nobody should make up, made once."""

import errno
import sys
from pathlib import Path
from typing import Annotated

import typer

from shopctl import console
from shopctl.console import clean, fail

app = typer.Typer(help="Make the shop's secrets.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def secrets() -> None:
    """Make the shop's secrets."""  # With it typer keeps `init` a command of its own, though it is the only one.


@app.command("init")
def init(
    directory: Annotated[
        str | None, typer.Argument(help="Where to make one file for each secret.", metavar="[DIR]", show_default=False)
    ] = None,
    if_missing: Annotated[
        str | None, typer.Option(help="The same, and leave alone what is there already.", metavar="DIR")
    ] = None,
    kubernetes: Annotated[
        bool, typer.Option("--kubernetes", help="Print a manifest for kubectl apply; nothing is written.")
    ] = False,
    database_host: Annotated[
        str, typer.Option(help="The host in DATABASE_URL.", metavar="HOST", show_default=True)
    ] = "database",
    namespace: Annotated[
        str, typer.Option(help="With --kubernetes: the namespace of the Secret.", metavar="NAME")
    ] = "shop",
    database_url_file: Annotated[
        str | None,
        typer.Option(
            help="With --kubernetes: read the URL of a database of your own from this file; - is standard input.",
            metavar="FILE",
        ),
    ] = None,
    mail_url_file: Annotated[
        str | None,
        typer.Option(
            help="With --kubernetes: read the mail server's URL, SHOP_MAIL_URL, from this file.", metavar="FILE"
        ),
    ] = None,
) -> None:
    """Make SHOP_SECRET_KEY, POSTGRES_PASSWORD and DATABASE_URL, which holds that password.

    Files have mode 0440, a new directory 0750. Any number of processes may do so at once: they end with one set. No
    secret is ever shown, but in the manifest of --kubernetes.
    """
    if sum((directory is not None, if_missing is not None, kubernetes)) != 1:
        fail("Name a directory, or --if-missing DIR, or --kubernetes: one of them.", "shopctl secrets init --help", 2)
    if kubernetes:
        _print_manifest(database_host, namespace, database_url_file, mail_url_file)
        return
    files = {"--database-url-file": database_url_file, "--mail-url-file": mail_url_file}
    given = next((option for option, file in files.items() if file is not None), "--namespace")
    if given != "--namespace" or namespace != "shop":
        fail(f"{given} goes with --kubernetes.", "shopctl secrets init --help", 2)
    if not (place := directory or if_missing):
        fail("The directory has no name.", "shopctl secrets init --help", 2)
    _make_files(Path(place), database_host, if_missing is not None)


def _make_files(directory: Path, database_host: str, if_missing: bool) -> None:
    from shopctl.secret_files import AlreadyThere, Busy, make_secrets
    from shopctl.secrets import Unfit

    try:
        made = make_secrets(directory, database_host, if_missing=if_missing)
    except AlreadyThere as error:
        names = f"{error} {'is' if len(error.names) == 1 else 'are'}"
        fail(f"{names} in {directory} already.", f"shopctl secrets init --if-missing {clean(directory)}")
    except Unfit as error:
        fail([f"{directory}: {problem}" for problem in error.problems], "mend or remove what is named, then again", 2)
    except Busy:
        fail(f"Another process has been making secrets in {directory} for 30 s.", "try again when it has ended")
    except ValueError as error:
        fail(f"--database-host {error}.", "shopctl secrets init --help", 2)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):  # The place is right, and full.
            raise
        fail(f"{directory}: {error.strerror}.", "name a directory that can be written", 2)
    for file in made.open_files:
        console.warn(
            f"{file} can be read by everybody on this machine: chmod 0440 {file}, once its group is the shop's"
        )
    if made.names:
        console.done(f"{', '.join(made.names)} made in {directory}")
    else:
        console.done(f"every secret is in {directory} already")


def _print_manifest(database_host: str, namespace: str, url_file: str | None, mail_file: str | None) -> None:
    from shopctl.secrets import (
        Unfit,
        external_secrets,
        fresh_secrets,
        is_namespace,
        manifest,
        namespace_manifest,
        with_mail,
    )

    if not is_namespace(namespace):
        fail(f'--namespace is "{clean(namespace)}"; it is up to 63 of a-z, 0-9 and -, like shop.', exit_code=2)
    try:
        if url_file is None:
            values = fresh_secrets(database_host)
        else:
            values = external_secrets(console.password_from(url_file, "the database's URL").strip())
    except Unfit as error:
        fail(f"--database-url-file: {error}", exit_code=2)
    except ValueError as error:
        fail(f"--database-host {error}.", "shopctl secrets init --help", 2)
    if mail_file is not None:
        try:
            values = with_mail(values, console.password_from(mail_file, "the mail server's URL").strip())
        except Unfit as error:
            fail(f"--mail-url-file: {error}", exit_code=2)
    if sys.stdout.isatty():
        console.warn("what follows is secret: shopctl secrets init --kubernetes | kubectl apply --server-side -f -")
    console.document(f"{namespace_manifest(namespace)}\n---\n{manifest(values, namespace)}")
