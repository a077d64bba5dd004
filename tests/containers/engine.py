"""A Docker Engine, by its command line: every call has a limit, and what fails says what it was and what came of it."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CALL_LIMIT_S = 60
DEFAULT_SOCKET = "/var/run/docker.sock"
BUILD_LIMIT_S = 900
CA_BUNDLE = Path(os.environ.get("SSL_CERT_FILE") or "/etc/ssl/certs/ca-certificates.crt")
HARDENED = (
    "--read-only",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--pids-limit=200",
    "--memory=512m",
    "--tmpfs=/tmp",
)
"""What the rendered manifests ask of every container, as options of ``docker run``."""


class NoEngine(Exception):
    """There is no engine to run containers on; says what is needed."""


class EngineError(AssertionError):
    """A command of the engine failed."""


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Engine:
    """An engine that answers. ``environment`` is what its command line needs to find it; ``socket`` is the socket that
    a container can mount, as the engine itself sees it."""

    client: str
    socket: str = DEFAULT_SOCKET
    environment: Mapping[str, str] = field(default_factory=dict)

    def ask(self, *arguments: str, limit_s: float = CALL_LIMIT_S, given: str = "") -> Said:
        """Run ``docker`` with ``arguments``, whatever comes of it."""
        return call([self.client, *arguments], self.environment, limit_s, given)

    def run(self, *arguments: str, limit_s: float = CALL_LIMIT_S, given: str = "") -> str:
        """The same, and answer what it printed; raises :class:`EngineError` where it fails."""
        return checked(["docker", *arguments], self.ask(*arguments, limit_s=limit_s, given=given))

    def inspect(self, kind: str, name: str) -> Any:
        """What the engine knows of an image, container, volume or network."""
        return json.loads(self.run(kind, "inspect", name))[0]

    def has_image(self, name: str) -> bool:
        """Whether the image is here already."""
        return self.ask("image", "inspect", "--format={{.Id}}", name).code == 0

    def build(self, context: Path, tag: str, *options: str) -> str:
        """Build an image of ``context``, and answer what the build said."""
        said = self.ask("build", "--progress=plain", f"--tag={tag}", *options, str(context), limit_s=BUILD_LIMIT_S)
        if said.code:
            raise EngineError(f"The build of {tag} failed:\n{said.out}{said.err}")
        return said.out + said.err


def call(command: Sequence[str], environment: Mapping[str, str], limit_s: float, given: str = "") -> Said:
    """Run a program of the engine's and wait for its end; raises :class:`EngineError` where it takes too long."""
    try:
        ended = subprocess.run(
            command,
            env={**os.environ, "DOCKER_BUILDKIT": "1", "BUILDX_BUILDER": "default", **environment},
            input=given,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        shown = " ".join(command)
        raise EngineError(
            f"{shown} took longer than {limit_s:g} s\n{_text(error.stdout)}{_text(error.stderr)}"
        ) from None
    return Said(ended.returncode, ended.stdout, ended.stderr)


def checked(command: Sequence[str], said: Said) -> str:
    """What a command printed; raises :class:`EngineError` where it failed."""
    if said.code:
        raise EngineError(f"{' '.join(command)} ended with {said.code}:\n{said.out}{said.err}")
    return said.out


def find_client() -> str:
    """A ``docker`` command that can build with BuildKit; raises :class:`NoEngine`."""
    directories = os.environ.get("PATH", os.defpath).split(os.pathsep)
    found = [program for directory in directories if (program := shutil.which("docker", path=directory))]
    if not found:
        raise NoEngine("There is no docker command. Install Docker, or Debian's docker.io.")
    for program in found:
        if _builds(program):
            return program
    raise NoEngine(f"{found[0]} cannot build with BuildKit. Install its plug-in buildx (Debian: docker-buildx).")


def find_compose() -> str:
    """The ``docker-compose`` that came with the test dependencies; raises :class:`NoEngine`."""
    beside = Path(sys.executable).with_name("docker-compose")
    if not beside.exists():
        raise NoEngine("docker-compose is not installed beside Python. It is one of the test dependencies: make test.")
    return str(beside)


def engine_that_is_there() -> Engine:
    """The engine that this machine's user has, as ``docker`` finds it; raises :class:`NoEngine`."""
    host = os.environ.get("DOCKER_HOST", "")
    engine = Engine(find_client(), host.removeprefix("unix://") if host.startswith("unix://") else DEFAULT_SOCKET)
    try:
        told = engine.ask("version", "--format={{.Server.Version}}", limit_s=15)
    except EngineError as error:
        raise NoEngine(f"The Docker Engine does not answer: {error}") from None
    if told.code or not told.out.strip():
        why = (told.err.strip().splitlines() or ["it does not answer"])[-1]
        raise NoEngine(
            f"No Docker Engine answers ({why}). Start one; or, as root on a machine that is thrown away afterwards, "
            "set SHOPCTL_E2E_ENGINE=own (Debian: apt install docker.io iptables mmdebstrap)."
        )
    return engine


def _builds(program: str) -> bool:
    # Up to 20.10 the command line brings the engine's own BuildKit into play; since 23 that takes the plug-in.
    version = re.search(r"\d+", call([program, "--version"], {}, CALL_LIMIT_S).out)
    if version and int(version[0]) < 23:
        return True
    return call([program, "buildx", "version"], {}, CALL_LIMIT_S).code == 0


def _text(output: bytes | str | None) -> str:
    return output.decode(errors="replace") if isinstance(output, bytes) else output or ""
