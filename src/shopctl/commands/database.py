"""migrate, seed and audit: what is done to the database, and what is asked of it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from shopctl import console
from shopctl.console import Failed, fail

if TYPE_CHECKING:
    from shopapi.db.audit import Check
    from shopapi.db.engine import Database
    from shopapi.db.schema import SchemaStatus
    from shopctl.seeds.load import Progress, SeedReport

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]

migrations = typer.Typer(rich_markup_mode=None)


def database_url() -> str:
    """The database that the settings name; raises SettingsError where they are wrong."""
    from shopapi.runtime.settings import read
    from shopapi.settings import ApiSettings
    from shopctl.settings import refuse_unknown_names

    refuse_unknown_names(os.environ)
    settings = read(ApiSettings, os.environ)
    if settings.log_level == "debug":
        from shopapi.runtime import logs

        logs.start("shopctl", settings.log_level, settings.log_format)
    else:
        import logging

        # What goes wrong is told by the one message at the end.
        logging.getLogger("shopapi").addHandler(logging.NullHandler())
    return settings.database_url


@contextmanager
def shop_database(*, threads: int = 1) -> Iterator["Database"]:
    """The shop's database, open and with the schema that this program wants."""
    url = database_url()
    from shopapi.db.engine import open_database, sqlite_file
    from shopapi.db.schema import schema_status

    if url.startswith("sqlite") and not sqlite_file(url).exists():
        fail(f"There is no database at {sqlite_file(url)}.", "shopctl migrate")
    db = open_database(url, threads=threads, patient=True)
    try:
        schema = schema_status(db)
        if not schema.is_current:
            fail(_not_current(schema), "shopctl migrate")
        yield db
    finally:
        db.close()


@migrations.callback(invoke_without_command=True)
def migrate(
    context: typer.Context,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; exit with 1 when steps are missing.")] = False,
    wait: Annotated[
        int, typer.Option(help="Seconds to wait for another process that migrates.", min=0, metavar="SECONDS")
    ] = 300,
    json: Json = False,
) -> None:
    """Bring the database's schema up to date.

    Any number of processes may do so at once: one works, the others wait for it.
    """
    if context.invoked_subcommand is not None:
        return
    from shopapi.db import migrate as migrating

    url = database_url()
    if check:
        _report(migrating.status(url), json)
        return
    applied = migrating.migrate(url, wait_s=wait)
    current = migrating.status(url).current
    if json:
        console.as_json({"applied": applied, "current": current})
    else:
        console.done(f"schema {current}, {_count(len(applied), 'step')} applied" if applied else f"schema {current}")


@migrations.command("status")
def status(json: Json = False) -> None:
    """List the schema's steps and which have run."""
    from shopapi.db.migrate import status as read_status

    schema = read_status(database_url())
    if json:
        console.as_json(schema)
        return
    rows = [
        (step.version, step.title, _state(step.applied, step.checksum_good), _moment(step.finished_at))
        for step in schema.steps
    ]
    console.table(("step", "title", "state", "finished"), rows)
    for problem in schema.problems:
        console.warn(problem)
    if not schema.is_current:
        console.next_step("shopctl migrate", sys.stderr)


def seed(
    profile: Annotated[
        Literal["demo", "empty"], typer.Option(help="The demo shop, or no more than an owner.")
    ] = "demo",
    products: Annotated[
        int, typer.Option(help="Have so many made-up products besides.", min=0, max=999_999, metavar="NUMBER")
    ] = 0,
    owner: Annotated[
        bool, typer.Option("--owner/--no-owner", help="Make an owner where there is no staff, and show the password.")
    ] = True,
    json: Json = False,
) -> None:
    """Fill an empty shop with the demo's goods.

    An owner is made where there is no staff; the password is shown once. --no-owner makes none and shows no password:
    for a container, whose output is kept. What is there is never changed: to run it again does no harm, and finishes
    what was broken off.
    """
    from shopctl.seeds.load import seed as load

    with shop_database(threads=2) as db, _bar(products) as progress:
        report = load(db, profile, products, progress, owner=owner)
        nobody = not owner and _nobody_works_here(db)
    if json:
        console.as_json(report)
    else:
        _tell_of(report)
        if nobody:
            console.next_step("shopctl staff create EMAIL --name NAME --role owner")
    if report.refused:
        raise typer.Exit(1)


def _nobody_works_here(db: "Database") -> bool:
    from shopapi.accounts.store import has_staff

    with db.reading() as c:
        return not has_staff(c)


@contextmanager
def _bar(products: int) -> Iterator["Progress"]:
    if products == 0:
        yield lambda number: None
        return
    with console.progress("made-up products", products) as one_passed:

        def progress(number: int) -> None:
            for _ in range(number):
                one_passed()

        yield progress


def _tell_of(report: "SeedReport") -> None:
    if report.demo_products_added:
        console.done(f"{_count(report.demo_products_added, 'product')} added")
    if report.made_up_products_added:
        console.done(f"{_count(report.made_up_products_added, 'made-up product')} added")
    if not report.demo_products_added and not report.made_up_products_added:
        console.done(f"no product added: the shop has {_count(report.products, 'product')}")
    if report.owner_password is not None:
        console.done(f"owner {report.owner_email}, password {report.owner_password} (shown once)")
    for reason in report.refused:
        console.warn(f"refused: {reason}")


def audit(json: Json = False) -> None:
    """Recompute what must always be true.

    Prints what does not agree, and exits with 1 then. Where SHOP_SANDBOX_URL is set, the sandbox's own journal is
    compared, charge by charge.
    """
    from shopapi.db.audit import audit as recompute

    with shop_database() as db:
        with db.reading() as c:
            checks = recompute(c)
        checks += _journal_of_the_sandbox(db)
    broken = [check for check in checks if check.findings]
    passed = len(checks) - len(broken)
    if json:
        console.as_json({"passed": passed, "failed": len(broken), "checks": checks})
    else:
        for check in broken:
            console.failed(f"{check.group}  {check.name}  {len(check.findings)} of {check.checked}", sys.stdout)
            for finding in check.findings:
                console.under(finding)
        told = f"{_count(passed, 'check')} passed"
        if broken:
            console.line(f"{told}, {len(broken)} failed")
        else:
            console.done(told)
    if broken:
        raise typer.Exit(1)


def _journal_of_the_sandbox(db: "Database") -> "list[Check]":
    from shopapi.runtime.settings import read
    from shopapi.settings import ApiSettings

    settings = read(ApiSettings, os.environ)
    if settings.sandbox_url is None:
        return []
    from shopapi.payments.journal import check_journal, sandbox_client

    with sandbox_client(settings.sandbox_url.geturl(), settings.sandbox_secret) as sandbox:
        return [check_journal(db, sandbox)]


def _report(schema: "SchemaStatus", json: bool) -> None:
    if json:
        console.as_json({"is_current": schema.is_current, "current": schema.current, "problems": schema.problems})
        if not schema.is_current:
            raise typer.Exit(1)
    elif schema.is_current:
        console.done(f"schema {schema.current}")
    else:
        raise Failed(_not_current(schema), "shopctl migrate")


def _not_current(schema: "SchemaStatus") -> list[str]:
    if schema.current is None and len(schema.problems) == len(schema.steps):
        return ["The database is not migrated."]
    return [f"The database is not up to date: {problem}." for problem in schema.problems]


def _state(applied: bool, good: bool) -> str:
    if not good:
        return "✗ another content"
    return "✓ applied" if applied else "! missing"


def _moment(at: object) -> str:
    return at.strftime("%Y-%m-%d %H:%M") if hasattr(at, "strftime") else ""


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}" + ("" if number == 1 else "s")
