"""serve-sandbox-provider: a payment provider to try the shop out with."""

import os
from typing import Annotated

import typer

from shopctl.commands.serve import Host, require_free_port
from shopctl.console import clean, fail

Port = Annotated[
    int, typer.Option(help="Port to listen at.", envvar="SHOP_SANDBOX_PORT", min=1, max=65535, metavar="PORT")
]
JournalFile = Annotated[
    str,
    typer.Option(
        "--journal", help="SQLite file that keeps every charge.", envvar="SHOP_SANDBOX_JOURNAL", metavar="FILE"
    ),
]
Webhook = Annotated[
    str,
    typer.Option(
        "--webhook",
        help="URL that events are sent to.",
        envvar="SHOP_SANDBOX_WEBHOOK_URL",
        metavar="URL",
        show_default="nowhere",
    ),
]
_GRACE_S = 5


def serve_sandbox_provider(
    host: Host = "127.0.0.1", port: Port = 8002, journal: JournalFile = "sandbox.db", webhook: Webhook = ""
) -> None:
    """Serve a payment provider to try the shop with.

    No money moves. It has test cards, a hosted page, signed webhooks, refunds and faults on demand.
    """
    from shopapi.runtime.settings import read
    from shopctl import parent, servers
    from shopctl.sandbox.journal import Journal, JournalError
    from shopctl.sandbox.settings import SandboxSettings, secrets_of
    from shopctl.settings import refuse_unknown_names

    refuse_unknown_names(os.environ)
    os.environ |= {"SHOP_SANDBOX_JOURNAL": journal, "SHOP_SANDBOX_WEBHOOK_URL": webhook}
    settings = read(SandboxSettings, os.environ)
    secrets_of(settings)
    require_free_port(host, port, _remedy(port))
    try:
        Journal(settings.journal).close()
    except JournalError as error:
        fail(clean(error), "shopctl serve-sandbox-provider --journal FILE")
    # One process: its faults live in its memory.
    options = servers.ServeOptions(host, port, grace_s=_GRACE_S)

    def start_logs() -> None:
        from shopapi.runtime import logs

        logs.start("sandbox", settings.log_level, settings.log_format)

    def run() -> None:
        servers.Uvicorn().run("shopctl.sandbox.app:serve", options)

    raise typer.Exit(parent.attend(run, parent.Stopping(0, _GRACE_S), start_logs))


def _remedy(port: int) -> str:
    from shopctl.parent import SUPERVISOR

    other = port + 10 if port + 10 <= 65535 else port - 10
    if SUPERVISOR in os.environ:
        return f"SHOP_SANDBOX_PORT={other} shopctl up"
    return f"shopctl serve-sandbox-provider --port {other}"
