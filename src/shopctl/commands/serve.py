"""serve-api, serve-web and worker: one process of the shop each, in the foreground."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from shopctl.console import clean, fail

if TYPE_CHECKING:
    from shopapi.settings import ApiSettings
    from shopctl.servers import HttpServer

Host = Annotated[str, typer.Option(help="Address to listen at.", envvar="HOST", metavar="ADDRESS")]
Port = Annotated[int, typer.Option(help="Port to listen at.", envvar="PORT", min=1, max=65535, metavar="PORT")]
Reload = Annotated[bool, typer.Option("--reload", help="Start anew when a Python file changes; for development.")]
AccessLog = Annotated[
    bool | None,
    typer.Option("--access-log/--no-access-log", help="A log line for each request; as SHOP_ACCESS_LOG says."),
]
TrustedProxies = Annotated[
    str,
    typer.Option(
        help="Networks of proxies whose X-Forwarded-For is believed, with commas.",
        envvar="SHOP_TRUSTED_PROXIES",
        metavar="NETWORKS",
        show_default="none are",
    ),
]
Drain = Annotated[
    int,
    typer.Option(
        help="Seconds to say that the server is not ready, before it stops.",
        envvar="SHOP_DRAIN_S",
        min=0,
        max=600,
        metavar="SECONDS",
    ),
]
Grace = Annotated[
    int,
    typer.Option(
        help="Seconds that running requests get to finish, before the kill.",
        envvar="SHOP_GRACE_S",
        min=1,
        max=3600,
        metavar="SECONDS",
    ),
]


def _server_names(incomplete: str) -> list[str]:
    from shopctl.servers import every_server

    return [server.name for server in every_server() if server.name.startswith(incomplete)]


Server = Annotated[
    str, typer.Option(help="HTTP server to use.", envvar="SHOP_SERVER", autocompletion=_server_names, metavar="NAME")
]
Workers = Annotated[
    int, typer.Option(help="Processes to serve with.", envvar="SHOP_SERVER_WORKERS", min=1, max=64, metavar="N")
]


def serve_api(
    server: Server = "uvicorn",
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Workers = 1,
    reload: Reload = False,
    access_log: AccessLog = None,
    trusted_proxies: TrustedProxies = "",
    drain: Drain = 0,
    grace: Grace = 30,
) -> None:
    """Serve the REST API until SIGTERM or Ctrl-C."""
    _set(access_log, trusted_proxies)
    _serve("api", server, host, port, workers, reload, drain, grace)


def serve_web(
    server: Server = "uvicorn",
    host: Host = "127.0.0.1",
    port: Port = 5050,
    workers: Workers = 1,
    reload: Reload = False,
    access_log: AccessLog = None,
    trusted_proxies: TrustedProxies = "",
    drain: Drain = 0,
    grace: Grace = 30,
) -> None:
    """Serve the pages until SIGTERM or Ctrl-C."""
    _set(access_log, trusted_proxies)
    _serve("web", server, host, port, workers, reload, drain, grace)


def worker(
    host: Host = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(
            help="Port for health and metrics; 0 listens at none.", envvar="PORT", min=0, max=65535, metavar="PORT"
        ),
    ] = 8001,
) -> None:
    """Do the background work until SIGTERM or Ctrl-C."""
    from shopapi.runtime import logs
    from shopapi.runtime.settings import read
    from shopapi.settings import ApiSettings
    from shopctl.parent import end_with_supervisor
    from shopctl.settings import refuse_unknown_names

    refuse_unknown_names(os.environ)
    settings = read(ApiSettings, os.environ)
    if port:
        require_free_port(host, port, f"PORT={_other(port)} shopctl worker")
    end_with_supervisor()
    logs.start("worker", settings.log_level, settings.log_format)
    from shopapi import worker as background

    background.run(settings, host=host, port=port)


def _set(access_log: bool | None, trusted_proxies: str) -> None:
    # What serves reads its settings from the environment, in whichever process the server makes it.
    if access_log is not None:
        os.environ["SHOP_ACCESS_LOG"] = "on" if access_log else "off"
    os.environ["SHOP_TRUSTED_PROXIES"] = trusted_proxies


def _serve(part: str, name: str, host: str, port: int, workers: int, reload: bool, drain: int, grace: int) -> None:
    from shopapi.runtime import failpoints
    from shopapi.runtime.part import require_secret_key
    from shopapi.runtime.settings import read
    from shopapi.settings import ApiSettings
    from shopctl import parent, servers
    from shopctl.settings import refuse_unknown_names
    from shopweb.settings import WebSettings

    server = plug_in(name)
    refuse_unknown_names(os.environ)
    settings = read(ApiSettings, os.environ) if part == "api" else read(WebSettings, os.environ)
    require_secret_key(settings.secret_key)
    if isinstance(settings, ApiSettings):
        # Its own processes do so too; here it ends as wrong settings do.
        failpoints.arm(settings, test_mode=settings.test_mode, failpoints=settings.failpoints)
    if reload and workers > 1:
        fail("--reload works with one process.", f"shopctl serve-{part} --reload --workers 1", 2)
    require_free_port(host, port, _remedy(part, port))
    paths = _source_folders() if reload else ()
    options = servers.ServeOptions(host, port, workers, reload, paths, grace_s=grace)

    def start_logs() -> None:
        from shopapi.runtime import logs

        logs.start(part, settings.log_level, settings.log_format)

    def run() -> None:
        if isinstance(settings, ApiSettings):
            _require_providers(settings)
        server.run(f"shopctl.serving:{part}", options)

    raise typer.Exit(parent.attend(run, parent.Stopping(drain, grace), start_logs))


def _require_providers(settings: "ApiSettings") -> None:
    """End as wrong settings do, and not as a server that breaks down, where a payment provider cannot be used."""
    from shopapi.payments.providers import find_providers
    from shopapi.runtime.settings import SettingsError
    from shopctl.failures import tell

    try:
        find_providers(settings)
    except SettingsError as error:
        raise SystemExit(tell(error)) from None


def plug_in(name: str) -> "HttpServer":
    """The HTTP server called ``name``; fails, and names those there are, where it cannot be used."""
    from shopctl import servers

    try:
        return servers.server_named(name)
    except servers.NotInstalled as error:
        fail(f"{error.server.name} is not installed.", f"pip install '{error.server.extra}'", 2)
    except servers.NoSuchServer as error:
        missing = [server for server in error.there_are if not server.available()]
        shown = [server.name + (" (not installed)" if server in missing else "") for server in error.there_are]
        remedy = f"pip install '{missing[0].extra}'" if missing else "shopctl serve-api --server uvicorn"
        fail(f'No server is called "{name}". There are {", ".join(shown)}.', remedy, 2)


def require_free_port(host: str, port: int, remedy: str) -> None:
    """Fail where ``port`` is taken, and where ``host`` is no address of this machine."""
    import errno
    import socket

    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as tried:
            # As servers do it: what an earlier server left behind in TIME_WAIT takes no port.
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
    except (OSError, UnicodeError) as error:
        number = getattr(error, "errno", None)
        if number == errno.EADDRINUSE:
            fail(f"Port {port} is taken.", remedy)
        if number == errno.EACCES:
            fail(f"Port {port} is one that this user may not listen at.", remedy)
        fail(f'"{clean(host)}" is no address of this machine.', "HOST=127.0.0.1, or HOST=0.0.0.0 for every address", 2)


def _remedy(part: str, port: int) -> str:
    from shopctl.parent import SUPERVISOR

    if SUPERVISOR in os.environ:
        return f"SHOP_{part.upper()}_PORT={_other(port)} shopctl up"
    return f"PORT={_other(port)} shopctl serve-{part}"


def _other(port: int) -> int:
    return port + 10 if port + 10 <= 65535 else port - 10


def _source_folders() -> tuple[str, ...]:
    from pathlib import Path

    beside = Path(__file__).resolve().parents[2]
    return tuple(str(beside / name) for name in ("shopapi", "shopctl", "shopweb") if (beside / name).is_dir())
