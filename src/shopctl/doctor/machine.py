"""Checks of what this process is made of, runs on and can reach."""

import shutil
import subprocess
import tempfile
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
_NETWORK_FILE_SYSTEMS: Final = ("nfs", "cifs", "smb", "9p", "ceph", "gluster", "fuse.sshfs", "afs", "lustre")
_PROBE_S: Final = 2.0
_GIT: Final = ("git", "--no-optional-locks", "-c", "core.fsmonitor=false", "status", "--porcelain")


def version(situation: Situation) -> Finding:
    """One code base, one version, and one can say which."""
    build = this_build()
    if build.commit:
        return ok(f"{__version__}, commit {build.commit[:12]}" + (f", built {build.built}" if build.built else ""))
    return warn(f"{__version__}, of no known commit", "build the image with SHOPCTL_COMMIT set in it")


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
        return warn(
            f"a clone with {changed} changed {_word('file', changed)}: no commit says what runs",
            "commit, build, and run that",
        )
    return ok("a clone without changes")


def _word(thing: str, number: int) -> str:
    return thing if number == 1 else f"{thing}s"


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
    """Room to write."""
    try:
        temporary = Path(tempfile.gettempdir())
    except OSError:
        return fail("there is no directory for temporary files", "make /tmp writable, or name another by TMPDIR")
    place = _sqlite_file(situation).parent if situation.is_sqlite else temporary
    free = shutil.disk_usage(place).free // _MIB
    found, remedy = f"{free:,} MiB are free in {place}", "make room there"
    if free < _DISK_FAIL_MIB:
        return fail(found, remedy)
    return warn(found, remedy) if free < _DISK_WARN_MIB else ok(found)


def _sqlite_file(situation: Situation) -> Path:
    from shopapi.db.engine import sqlite_file

    return sqlite_file(situation.api.database_url).absolute()


def ports(situation: Situation) -> Finding:
    """The ports that this shop binds itself."""
    from shopctl.commands.serve import require_free_port
    from shopctl.console import Failed

    settings = situation.shopctl
    wanted = [settings.port] if settings.port else [settings.web_port, settings.api_port]
    if len(set(wanted)) < len(wanted):
        return fail(f"API and web part both want {wanted[0]}", f"SHOP_API_PORT={wanted[0] + 10}")
    ours, free = list[int](), list[int]()
    for port in wanted:
        try:
            require_free_port(settings.host, port, "another port: PORT, SHOP_WEB_PORT or SHOP_API_PORT")
            free.append(port)
        except Failed as failed:
            if not _is_this_shop(settings.host, port):
                return fail(" ".join(failed.what).rstrip("."), failed.next_step)
            ours.append(port)
    told = [f"{_and(free)} free"] if free else []
    return ok(", ".join([*told, *([f"at {_and(ours)} a shop answers"] if ours else [])]))


def _and(numbers: list[int]) -> str:
    return " and ".join(map(str, numbers))


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
    import httpx

    url = situation.web.api_server_url.geturl()
    hosts = Hosts(situation.api.public_url, situation.api.allowed_hosts)
    refused = f"SHOP_ALLOWED_HOSTS={situation.web.api_server_url.netloc} for the API"
    try:
        answer = httpx.get(f"{url}/v1/shop", timeout=_PROBE_S, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        if not hosts.allows(situation.web.api_server_url.netloc):
            return warn(f"{url} does not answer, and with these settings it would refuse that name", refused)
        return warn(f"{url} does not answer ({type(error).__name__}); it may not be started", "shopctl serve-api")
    if answer.headers.get("server") != "shop":
        return fail(f"what answers at {url} is not the shop's API", "API_SERVER_URL names the API: http://shopapi:8000")
    if answer.status_code == 421:
        found = f"{url} answers 421: it does not know that name as its own"
        # Where nobody set API_SERVER_URL there may be no web part that asks by that name.
        return fail(found, refused) if situation.has("API_SERVER_URL") else warn(found, refused)
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
    Check(7, "ports", ports, ("HOST", "PORT", "SHOP_WEB_PORT", "SHOP_API_PORT")),
)
