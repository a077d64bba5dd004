"""``shopctl up``: the whole shop by one command."""

import os
import sys
import time
from typing import Annotated, Any, Final

import typer

from shopctl import console
from shopctl.commands.serve import Host, Server, plug_in, require_free_port

SECRET_KEY_FILE: Final = ".shopctl/secret-key"  # noqa: S105 - where it lies, not what it is.
SANDBOX_SECRET_FILE: Final = ".shopctl/sandbox-secret"  # noqa: S105
_START_LIMIT_S: Final = 60.0
_EVERY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104

WebPort = Annotated[
    int, typer.Option(help="Port of the pages.", envvar="SHOP_WEB_PORT", min=1, max=65535, metavar="PORT")
]
ApiPort = Annotated[
    int, typer.Option(help="Port of the API.", envvar="SHOP_API_PORT", min=1, max=65535, metavar="PORT")
]
SandboxPort = Annotated[
    int,
    typer.Option(
        help="Port of the sandbox payment provider.", envvar="SHOP_SANDBOX_PORT", min=1, max=65535, metavar="PORT"
    ),
]


def up(
    host: Host = "127.0.0.1",
    web_port: WebPort = 5050,
    api_port: ApiPort = 8000,
    sandbox_port: SandboxPort = 8002,
    server: Server = "uvicorn",
) -> None:
    """Run the whole shop until Ctrl-C.

    Migrates the database, fills an empty one with the demo's goods and an owner, and runs API, web part, worker and a
    payment provider to try them with; one that dies is started again. Where SHOP_SANDBOX_URL names a payment provider
    for trying out, that one is used.
    """
    began = time.monotonic()
    plug_in(server)
    ports = {"api": api_port, "web": web_port}
    if not os.environ.get("SHOP_SANDBOX_URL"):
        ports["sandbox"] = sandbox_port
    _require_free_ports(host, ports)
    environ = _environment(host, ports, server)
    _require_good_settings(environ)
    _warn(environ)
    shop = _prepared(environ)
    reached = _EVERY_ADDRESS.get(host, host)
    docs = "  docs at /docs" if environ.get("SHOP_DOCS") != "off" else ""
    lines = {"database": shop["database"], **{part: _url(reached, port) for part, port in ports.items()}}
    lines["api"] += docs
    width = max(map(len, lines.values()))

    def ready(part: str) -> None:
        if part in lines:
            console.done(f"{part:<8}  {console.clean(lines[part]):<{width}}  {time.monotonic() - began:4.1f} s")

    ready("database")
    _run(environ, reached, ports, ready, shop)


def _require_free_ports(host: str, ports: dict[str, int]) -> None:
    names = {"api": "API", "web": "web part", "sandbox": "sandbox"}
    shared = [part for part, port in ports.items() if list(ports.values()).count(port) > 1]
    if shared:
        port = ports[shared[0]]
        words = f"{' and '.join(names[part] for part in shared)} cannot share port {port}."
        setting = "SHOP_API_PORT" if "api" in shared else "SHOP_SANDBOX_PORT"
        console.fail(words, f"{setting}={port + 10} shopctl up", 2)
    for part, port in ports.items():
        # The remedy names the setting, because that is what can be kept in an environment.
        require_free_port(host, port, f"SHOP_{part.upper()}_PORT={port + 10} shopctl up")


def _run(environ: dict[str, str], host: str, ports: dict[str, int], ready: Any, shop: dict[str, Any]) -> None:
    from shopapi.runtime.settings import read
    from shopctl.settings import ShopctlSettings
    from shopctl.supervisor import CannotStart, Part, Supervisor

    def part(name: str, command: str, *more: str, port: int = 0) -> Part:
        own = {**environ, "PORT": str(port)} if port else environ
        ready_at = (host, port) if port else None
        return Part(name, (sys.executable, "-P", "-m", "shopctl", command, *more), own, ready_at)

    times = read(ShopctlSettings, environ)
    parts = [
        part("web", "serve-web", port=ports["web"]),
        part("api", "serve-api", port=ports["api"]),
        part("worker", "worker", "--port", "0"),
    ]
    if "sandbox" in ports:
        # Last: what the others still ask while they stop is answered.
        parts.append(part("sandbox", "serve-sandbox-provider", "--port", str(ports["sandbox"]), port=ports["sandbox"]))
    supervisor = Supervisor(
        parts,
        start_limit_s=_START_LIMIT_S,
        # A part keeps to its own times; this one is for a part that hangs.
        stop_limit_s=times.drain_s + times.grace_s + 5,
    )
    try:
        clean = supervisor.run(lambda: _say_how_to_sign_in(shop), ready)
    except CannotStart as error:
        console.fail(str(error), "what stands above says why", error.exit_code)
    if not clean:
        raise typer.Exit(1)


def _say_how_to_sign_in(shop: dict[str, Any]) -> None:
    who = shop["owner"]
    if shop["password"]:
        console.next_step(f"sign in at /office as {who}, password {shop['password']} (shown once)   Ctrl-C stops all")
    elif who:
        console.next_step(f"sign in at /office as {who}   Ctrl-C stops all")
        console.next_step(f"password lost? shopctl staff reset-password {who}")
    else:
        console.next_step("shopctl staff create EMAIL --name NAME --role owner   Ctrl-C stops all")


def _environment(host: str, ports: dict[str, int], server: str) -> dict[str, str]:
    """What the parts are started with: everything of ours, and what they must know of each other."""
    from shopctl.parent import SUPERVISOR

    reached = _EVERY_ADDRESS.get(host, host)
    environ = {
        **os.environ,
        "HOST": host,
        "SHOP_SERVER": server,
        "API_SERVER_URL": _url(reached, ports["api"]),
        SUPERVISOR: str(os.getpid()),
    }
    environ.setdefault("SHOP_PUBLIC_URL", "")
    environ["SHOP_PUBLIC_URL"] = environ["SHOP_PUBLIC_URL"] or _url(reached, ports["web"])
    # The web part calls the API by its address, which is not the name that customers know.
    allowed = [environ.get("SHOP_ALLOWED_HOSTS", ""), _url(reached, ports["api"]).removeprefix("http://")]
    environ["SHOP_ALLOWED_HOSTS"] = ",".join(filter(None, allowed))
    if not environ.get("SHOP_SECRET_KEY") and not environ.get("SHOP_SECRET_KEY_FILE"):
        environ["SHOP_SECRET_KEY"] = kept_secret_key()
    if "sandbox" in ports:
        _introduce_sandbox(environ, _url(reached, ports["sandbox"]))
    return environ


def _introduce_sandbox(environ: dict[str, str], url: str) -> None:
    """Tell the parts where the sandbox is, and the sandbox where the API takes webhooks."""
    environ["SHOP_SANDBOX_URL"] = url
    if not environ.get("SHOP_SANDBOX_SECRET") and not environ.get("SHOP_SANDBOX_SECRET_FILE"):
        environ["SHOP_SANDBOX_SECRET"] = _kept_secret(SANDBOX_SECRET_FILE)
    environ["SHOP_PAYMENT_ORIGINS"] = ",".join(filter(None, [environ.get("SHOP_PAYMENT_ORIGINS", ""), url]))
    environ["SHOP_SANDBOX_WEBHOOK_URL"] = (
        environ.get("SHOP_SANDBOX_WEBHOOK_URL") or f"{environ['API_SERVER_URL']}/v1/payments/sandbox/webhook"
    )


def kept_secret_key() -> str:
    """The secret key of the shop in this directory; made where there is none yet, and readable by its owner alone."""
    return _kept_secret(SECRET_KEY_FILE)


def _kept_secret(name: str) -> str:
    from pathlib import Path

    file = Path(name)
    if not file.exists():
        import secrets

        file.parent.mkdir(mode=0o700, exist_ok=True)
        fresh = file.with_name(f"{file.name}.{os.getpid()}")
        try:
            with open(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as made:
                made.write(f"{secrets.token_urlsafe(48)}\n")
            os.link(fresh, file)  # Whole or not at all, and never over another one's key.
        except FileExistsError:
            pass
        finally:
            fresh.unlink(missing_ok=True)
    return file.read_text(encoding="ascii", errors="replace").strip()


def _require_good_settings(environ: dict[str, str]) -> None:
    from shopapi.runtime.settings import read
    from shopctl.settings import PARTS, refuse_unknown_names

    refuse_unknown_names(environ)
    for cls in PARTS.values():
        read(cls, environ)


def _warn(environ: dict[str, str]) -> None:
    if environ.get("SHOP_ITEMS_ACCESS") == "open":
        console.warn("SHOP_ITEMS_ACCESS=open: whoever reaches this machine may change the stock, without signing in")


def _prepared(environ: dict[str, str]) -> dict[str, Any]:
    """Migrate and fill the database in a process of its own, so that this one, which stays, remains small."""
    import json

    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _prepare_and_exit(environ, writer)
    os.close(writer)
    with open(reader, "rb") as pipe:
        told = pipe.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code:
        raise typer.Exit(code if code > 0 else 1)
    shop: dict[str, Any] = json.loads(told)
    return shop


def _prepare_and_exit(environ: dict[str, str], writer: int) -> None:
    code = 1
    try:
        os.environ.update(environ)
        from shopctl.preparing import prepare

        with open(writer, "wb") as pipe:
            pipe.write(prepare())
        code = 0
    except KeyboardInterrupt:
        code = 130
    except BaseException as error:
        from shopctl.failures import tell

        code = tell(error)
    finally:
        os._exit(code)


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
