"""HTTP servers as plug-ins.

A server is a class with the shape of :class:`HttpServer`, registered under the entry-point group ``shopctl.servers``::

    [project.entry-points."shopctl.servers"]
    mine = "my_package:MyServer"

``shopctl serve-api --server mine`` then runs it. What stands here is public: a third party's package may rely on it.
"""

import signal
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module, util
from typing import Any, Final, Protocol, cast

GROUP: Final = "shopctl.servers"
KEEP_ALIVE_S: Final = 15
"""How long an idle connection is kept: longer than the shop's own client does (4 s), so it meets no closed one."""

_Message = MutableMapping[str, Any]
AsgiApp = Callable[
    [_Message, Callable[[], Awaitable[_Message]], Callable[[_Message], Awaitable[None]]], Awaitable[None]
]


@dataclass(frozen=True)
class ServeOptions:
    """How to serve, with the same meaning under every server.

    ``workers`` is the number of processes. ``reload`` starts anew when a Python file under ``reload_paths`` changes. On
    SIGTERM a server takes no new connection and gives running requests ``grace_s`` seconds. The app writes its own
    access log and judges proxy headers itself: a server must do neither.
    """

    host: str
    port: int
    workers: int = 1
    reload: bool = False
    reload_paths: tuple[str, ...] = ()
    grace_s: int = 30
    keep_alive_s: int = KEEP_ALIVE_S
    backlog: int = 2048


class HttpServer(Protocol):
    """What a plug-in is. ``extra`` is what to install with pip where ``available()`` is false."""

    name: str
    extra: str

    def available(self) -> bool:
        """Whether this server is installed; must be quick and import nothing heavy."""
        ...

    def run(self, app_path: str, options: ServeOptions) -> None:
        """Serve until SIGTERM, then return.

        ``app_path`` is ``module:function`` and names a function without arguments that makes the ASGI app; it is to be
        called in each process that serves.
        """
        ...


class Uvicorn:
    """uvicorn, with uvloop and httptools."""

    name = "uvicorn"
    extra = "shopctl"

    def available(self) -> bool:
        """Whether uvicorn is installed; it comes with shopctl."""
        return util.find_spec("uvicorn") is not None

    def run(self, app_path: str, options: ServeOptions) -> None:
        """Serve until SIGTERM."""
        import uvicorn

        uvicorn.run(
            app_path,
            factory=True,
            host=options.host,
            port=options.port,
            workers=options.workers,
            reload=options.reload,
            reload_dirs=list(options.reload_paths) if options.reload else None,
            loop="auto",
            http="httptools",
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            backlog=options.backlog,
            timeout_keep_alive=options.keep_alive_s,
            # Its own winding up must come before the kill of whoever waits for the same time.
            timeout_graceful_shutdown=max(1, options.grace_s - 1),
            # More than its 5 s, for a slow machine; not much more, for it looks after no signal while it waits.
            timeout_worker_healthcheck=10,
        )


class Granian:
    """granian, with HTTP/1.1 alone, so that it speaks what uvicorn speaks."""

    name = "granian"
    extra = "shopctl[granian]"

    def available(self) -> bool:
        """Whether granian is installed."""
        return util.find_spec("granian") is not None

    def run(self, app_path: str, options: ServeOptions) -> None:
        """Serve until SIGTERM."""
        from pathlib import Path

        from granian.constants import HTTPModes, Interfaces
        from granian.http import HTTP1Settings
        from granian.log import LogLevels
        from granian.server import Server

        Server(
            app_path,
            address=options.host,
            port=options.port,
            interface=Interfaces.ASGI,
            workers=options.workers,
            # As uvicorn does it: several processes replace one that died, a single one ends the server.
            respawn_failed_workers=options.workers > 1,
            workers_kill_timeout=max(1, options.grace_s - 1),
            reload=options.reload,
            reload_paths=[Path(path) for path in options.reload_paths] or None,
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(header_read_timeout=options.keep_alive_s * 1000),
            websockets=False,
            backlog=options.backlog,
            # It counts connections, idle ones too; how many requests may run at once is the app's business.
            backpressure=options.backlog,
            log_level=LogLevels.warning,
            log_dictconfig={"handlers": {}, "formatters": {}, "loggers": {"_granian": {"propagate": True}}},
            log_access=False,
        ).serve(target_loader=partial(_load_in_worker, app_path), wrap_loader=False)


class NoSuchServer(LookupError):
    """No plug-in has that name. ``there_are`` holds those there are."""

    def __init__(self, name: str, there_are: list[HttpServer]) -> None:
        super().__init__(name)
        self.there_are = there_are


class NotInstalled(LookupError):
    """The plug-in is known, but its server is not installed."""

    def __init__(self, server: HttpServer) -> None:
        super().__init__(server.name)
        self.server = server


def load(app_path: str) -> AsgiApp:
    """Call the factory that ``app_path`` names."""
    module, _, function = app_path.partition(":")
    return cast(AsgiApp, getattr(import_module(module), function)())


def _load_in_worker(app_path: str) -> AsgiApp:
    # A granian worker has its parent's handlers until the app is loaded: they swallow a SIGTERM that comes meanwhile,
    # and the worker would then serve until it is killed.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    return load(app_path)


def every_server() -> list[HttpServer]:
    """Every plug-in that is registered, ours first; one that cannot be loaded is left out."""
    from importlib.metadata import entry_points

    found: dict[str, HttpServer] = {"uvicorn": Uvicorn(), "granian": Granian()}
    for entry in entry_points(group=GROUP):
        if entry.name not in found:
            try:
                found[entry.name] = entry.load()()
            except Exception:  # noqa: S112 - a stranger's broken package must not stop the other servers.
                continue
    return list(found.values())


def server_named(name: str) -> HttpServer:
    """The plug-in called ``name``; raises :class:`NoSuchServer` or :class:`NotInstalled`."""
    ours: dict[str, HttpServer] = {"uvicorn": Uvicorn(), "granian": Granian()}
    # Ours need no look through every installed package, which would cost each start 30 ms.
    server = ours.get(name) or next((one for one in every_server() if one.name == name), None)
    if server is None:
        raise NoSuchServer(name, every_server())
    if not server.available():
        raise NotInstalled(server)
    return server
