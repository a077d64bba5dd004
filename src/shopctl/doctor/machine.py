"""Checks of what this process is made of, runs on and can reach."""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Final

from shopapi.runtime.hosts import Hosts
from shopctl import __version__
from shopctl.build import checkout, this_build
from shopctl.doctor.checks import Check, Finding, Situation, fail, ok, warn
from shopctl.doctor.requirements import broken_requirements

_MIB: Final = 1024 * 1024
_DISK_WARN_MIB: Final = 1024
_DISK_FAIL_MIB: Final = 100
_SMALL_DISK_WARN: Final = 0.2
_SMALL_DISK_FAIL: Final = 0.05
_NETWORK_FILE_SYSTEMS: Final = ("nfs", "cifs", "smb", "9p", "ceph", "gluster", "fuse.sshfs", "afs", "lustre")
_PROBE_S: Final = 2.0
_GIT: Final = ("git", "--no-optional-locks", "-c", "core.fsmonitor=false", "status", "--porcelain")


def version(situation: Situation) -> Finding:
    """One code base, one version, and one can say which."""
    build = this_build()
    if build.commit:
        return ok(f"{__version__}, commit {build.commit[:12]}" + (f", built {build.built}" if build.built else ""))
    remedy = "COMMIT=$(git rev-parse HEAD) docker compose build, or docker build --build-arg COMMIT=…"
    return warn(f"{__version__}, of no known commit", remedy)


def dependencies(situation: Situation) -> Finding:
    """What the package declares is what is installed."""
    try:
        declared = metadata.requires("shopctl") or []
    except metadata.PackageNotFoundError:
        return warn("shopctl is not installed as a package, so it declares nothing", "make run, or pip install .")
    if broken := broken_requirements(declared):
        return fail("; ".join(broken), "install anew with the pinned versions: make run, or build the image again")
    return ok("everything that the package declares is installed")


def build(situation: Situation) -> Finding:
    """What runs was built, and is not worked on."""
    clone = checkout()
    if clone is None:
        return ok("an installed package")
    changed = _changed_files(clone)
    if changed is None:
        return ok("a clone; without git nobody can say whether it was changed")
    if changed:
        files = "file" if changed == 1 else "files"
        return warn(f"a clone with {changed} changed {files}: no commit says what runs", "commit, build, and run that")
    return ok("a clone without changes")


def _changed_files(clone: Path) -> int | None:
    try:
        told = subprocess.run(  # noqa: S603 - our own command.
            _GIT, cwd=clone, capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return len(told.stdout.splitlines()) if told.returncode == 0 else None


def processes(situation: Situation) -> Finding:
    """Nothing of a process outlives it but what the database has."""
    if not situation.is_sqlite:
        return ok("nothing is kept outside the database")
    file = _sqlite_file(situation)
    kind = _file_system_of(file.parent)
    if kind.startswith(_NETWORK_FILE_SYSTEMS):
        found = f"{file} lies on {kind}, where SQLite's locks and its log do not work"
        return fail(found, "a local disk, or DATABASE_URL=postgresql://…")
    return ok(f"nothing is kept outside {file}, on a local disk")


def _file_system_of(directory: Path) -> str:
    """What Linux calls the file system that ``directory`` is on; empty where the system does not tell."""
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    found = {fields[1]: fields[2] for fields in map(str.split, mounts) if len(fields) > 2}
    there = directory.resolve()
    return next((found[str(above)] for above in (there, *there.parents) if str(above) in found), "")


def disk(situation: Situation) -> Finding:
    """Room to write.

    Beside PostgreSQL only passing files are written, to a file system that may be small and in memory: of such a one it
    counts which share is free.
    """
    try:
        temporary = Path(tempfile.gettempdir())
    except OSError:
        return fail("there is no directory for temporary files", "make /tmp writable, or name another by TMPDIR")
    place = _sqlite_file(situation).parent if situation.is_sqlite else temporary
    usage = shutil.disk_usage(place)
    free, total = usage.free / _MIB, float("inf") if situation.is_sqlite else usage.total / _MIB
    found, remedy = f"{free:,.0f} MiB are free in {place}", "make room there"
    if free < min(_DISK_FAIL_MIB, total * _SMALL_DISK_FAIL):
        return fail(found, remedy)
    return warn(found, remedy) if free < min(_DISK_WARN_MIB, total * _SMALL_DISK_WARN) else ok(found)


def _sqlite_file(situation: Situation) -> Path:
    from shopapi.db.engine import sqlite_file

    return sqlite_file(situation.api.database_url).absolute()


def ports(situation: Situation) -> Finding:
    """The ports that this shop binds itself."""
    from shopctl.commands.serve import require_free_port
    from shopctl.console import Failed

    settings = situation.shopctl
    names = {"SHOP_WEB_PORT": settings.web_port, "SHOP_API_PORT": settings.api_port}
    if not situation.has("SHOP_SANDBOX_URL"):
        names["SHOP_SANDBOX_PORT"] = settings.sandbox_port
    wanted = [settings.port] if settings.port else list(names.values())
    shared = [name for name, port in names.items() if list(names.values()).count(port) > 1]
    if shared and not settings.port:
        port = names[shared[0]]
        return fail(f"{_and(shared)} want one port: {port}", f"{shared[-1]}={port + 10}")
    ours, free = list[int](), list[int]()
    remedy = "end what has it, or another port: PORT, SHOP_WEB_PORT, SHOP_API_PORT or SHOP_SANDBOX_PORT"
    for port in wanted:
        try:
            require_free_port(settings.host, port, remedy)
            free.append(port)
        except Failed as failed:
            if not _is_this_shop(settings.host, port):
                return fail(" ".join(failed.what).rstrip("."), failed.next_step)
            ours.append(port)
    told = [f"{_and(free)} free"] if free else []
    return ok(", ".join([*told, *([f"at {_and(ours)} a shop answers"] if ours else [])]))


def _and(several: Sequence[object]) -> str:
    return " and ".join(map(str, several))


def _is_this_shop(host: str, port: int) -> bool:
    import httpx

    reached = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(host, host)  # noqa: S104
    try:
        answer = httpx.get(f"http://{reached}:{port}/healthz", timeout=_PROBE_S, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL):
        return False
    server = str(answer.headers.get("server", ""))
    # The worker answers by the standard library's server, under that one's name.
    return server == "shop" or (server.startswith("BaseHTTP") and answer.text == "ok\n")


def api(situation: Situation) -> Finding:
    """The API that the web part calls."""
    if not situation.has("API_SERVER_URL"):
        return ok("not asked: API_SERVER_URL is not set, so no web part is known that calls one")
    import httpx

    url, name = situation.web.api_server_url.geturl(), situation.web.api_server_url.netloc
    refused = f"SHOP_ALLOWED_HOSTS of the API names {name} too"
    try:
        answer = httpx.get(f"{url}/v1/shop", timeout=_PROBE_S, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # A web part alone has no SHOP_ALLOWED_HOSTS of the API: what it would refuse, nobody can say here.
        hosts = Hosts(situation.api.public_url, situation.api.allowed_hosts)
        if situation.part != "web" and not hosts.allows(name):
            return warn(f"{url} does not answer, and with these settings it would refuse that name", refused)
        found = f"{url} does not answer ({type(error).__name__}); it may not be started"
        return warn(found, "start the API where it runs (shopctl serve-api), or mend API_SERVER_URL")
    if answer.headers.get("server") != "shop":
        return fail(f"what answers at {url} is not the shop's API", "mend API_SERVER_URL, such as http://shopapi:8000")
    if answer.status_code == 421:
        return fail(f"{url} answers 421: it does not know that name as its own", refused)
    if answer.status_code >= 500:
        return fail(f"{url} answers {answer.status_code}", "its log says why")
    return ok(f"{url} answers")


_URL: Final = ("DATABASE_URL",)
CHECKS: Final = (
    Check(1, "version", version),
    Check(2, "dependencies", dependencies),
    Check(4, "API", api, ("API_SERVER_URL", "SHOP_PUBLIC_URL", "SHOP_ALLOWED_HOSTS")),
    Check(5, "build", build),
    Check(6, "processes", processes, _URL),
    Check(6, "disk", disk, _URL),
    Check(
        7, "ports", ports, ("HOST", "PORT", "SHOP_WEB_PORT", "SHOP_API_PORT", "SHOP_SANDBOX_PORT", "SHOP_SANDBOX_URL")
    ),
)
