"""A Docker Engine of the tests' own, for a machine that is thrown away afterwards: other engines are not touched.

It sets the machine's FORWARD policy to DROP and turns IP forwarding on, as every engine does. What it pulled or built
stays in its directory, so that the next run starts warm.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.containers.engine import Engine, EngineError, NoEngine, find_client
from tests.waiting import wait_until

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "shopctl-e2e"
_START_LIMIT_S = 60
_STOP_LIMIT_S = 30
_LOCK_LIMIT_S = 600
_BUILD_CACHE = "4GB"


@contextmanager
def own_engine() -> Iterator[Engine]:
    """Start an engine, and stop it whatever happens; raises :class:`NoEngine` where this machine cannot bear one."""
    _check_machine()
    client = find_client()
    CACHE.mkdir(parents=True, exist_ok=True)
    with _turn():
        _stop(_left_over())
        socket = CACHE / "docker.sock"
        daemon = _start(socket)
        engine = Engine(
            client, str(socket), {"DOCKER_HOST": f"unix://{socket}", "DOCKER_CONFIG": str(CACHE / "config")}
        )
        try:
            wait_until(lambda: _answers(engine, daemon), _START_LIMIT_S, f"an answer of dockerd ({CACHE}/dockerd.log)")
            _sweep(engine)
            yield engine
            _sweep(engine)
        finally:
            _stop(daemon.pid)
            daemon.wait(_STOP_LIMIT_S)


def _check_machine() -> None:
    lacking = [name for name in ("dockerd", "iptables", "setpriv") if shutil.which(name) is None]
    if lacking:
        raise NoEngine(
            f"SHOPCTL_E2E_ENGINE=own needs {', '.join(lacking)}, not installed here (Debian: apt install docker.io "
            "iptables)."
        )
    if os.geteuid() != 0:
        raise NoEngine("SHOPCTL_E2E_ENGINE=own starts a Docker Engine, which takes root.")


@contextmanager
def _turn() -> Iterator[None]:
    """Only one run at a time has the engine's directory."""
    with (CACHE / "lock").open("w") as file:
        deadline = time.monotonic() + _LOCK_LIMIT_S
        while True:
            with suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            if time.monotonic() > deadline:
                raise NoEngine(f"Another run has held {CACHE} for {_LOCK_LIMIT_S} s.")
            time.sleep(0.2)
        yield


def _start(socket: Path) -> "subprocess.Popen[bytes]":
    log = (CACHE / "dockerd.log").open("wb")
    with log:
        return subprocess.Popen(
            [
                # However this process ends, the engine gets a SIGTERM.
                *("setpriv", "--pdeathsig", "TERM", "dockerd"),
                f"--host=unix://{socket}",
                f"--data-root={CACHE / 'data'}",
                f"--exec-root={CACHE / 'exec'}",
                f"--pidfile={_pid_file()}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for pytest, which stops the containers before the engine.
        )


def _answers(engine: Engine, daemon: "subprocess.Popen[bytes]") -> bool:
    if daemon.poll() is not None:
        log = (CACHE / "dockerd.log").read_text(errors="replace").splitlines()
        raise EngineError("dockerd ended at once:\n" + "\n".join(log[-15:]))
    return engine.ask("version", "--format={{.Server.Version}}").code == 0


def _left_over() -> int | None:
    """The process of an engine over the same directory, of a run that was killed."""
    try:
        pid = int(_pid_file().read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return pid if str(CACHE / "data").encode() in command else None


def _stop(pid: int | None) -> None:
    """Ask an engine to stop, and kill it where it does not."""
    if pid is None:
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        with suppress(AssertionError):
            wait_until(lambda: _has_ended(pid), _STOP_LIMIT_S, f"the end of dockerd ({pid})")
            return


def _has_ended(pid: int) -> bool:
    try:
        # Field 3 is the state, after a name in brackets that may hold anything; a zombie has ended.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def _sweep(engine: Engine) -> None:
    """Nothing but images and the build's cache outlives a run."""
    if containers := engine.run("ps", "--all", "--quiet").split():
        engine.run("rm", "--force", "--volumes", *containers)
    if volumes := engine.run("volume", "ls", "--quiet").split():
        engine.run("volume", "rm", "--force", *volumes)
    engine.run("network", "prune", "--force")
    engine.run("image", "prune", "--force")
    engine.run("builder", "prune", "--force", f"--keep-storage={_BUILD_CACHE}", limit_s=120)


def _pid_file() -> Path:
    return CACHE / "dockerd.pid"
