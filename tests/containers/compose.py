"""A Compose project on an engine: brought up, asked, broken and mended from outside, and taken down, within limits."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tests.containers.engine import CALL_LIMIT_S, Engine, EngineError, Said, call, checked, find_compose
from tests.containers.images import SHOP
from tests.waiting import wait_until

T = TypeVar("T")
_LABEL = "com.docker.compose"
_ASK_EVERY_S = 0.25
UP_LIMIT_S = 120
DOWN_LIMIT_S = 90


@dataclass(frozen=True)
class Project:
    """A project of its own name; ``files`` are its Compose files, later ones over earlier ones. ``environment`` is what
    its user would have exported."""

    engine: Engine
    name: str
    files: tuple[Path, ...]
    environment: Mapping[str, str] = field(default_factory=dict)

    def ask(self, *arguments: str, limit_s: float = CALL_LIMIT_S, given: str = "") -> Said:
        """Run ``docker-compose`` with ``arguments``, whatever comes of it."""
        command = [find_compose(), "--progress=plain", f"--project-name={self.name}"]
        command += [f"--file={file}" for file in self.files]
        return call([*command, *arguments], {**self.engine.environment, **self.environment}, limit_s, given)

    def run(self, *arguments: str, limit_s: float = CALL_LIMIT_S, given: str = "") -> str:
        """The same, and answer what it printed; raises :class:`EngineError` where it fails."""
        return checked(["docker-compose", *arguments], self.ask(*arguments, limit_s=limit_s, given=given))

    # --- the whole

    def up(self, *services: str, scale: Mapping[str, int] | None = None) -> None:
        """Start the services (all, where none is named) and wait until they are healthy, or have done their work."""
        scales = [f"--scale={service}={n}" for service, n in (scale or {}).items()]
        said = self.ask("up", "--detach", "--no-build", *scales, *services, limit_s=UP_LIMIT_S)
        try:
            checked(["up"], said)
            wait_for(self._is_settled, UP_LIMIT_S, "health of every service")
        except AssertionError as error:
            raise EngineError(f"{error}\n{self.state()}\n{self.logs()}") from None

    def _is_settled(self) -> bool:
        found = [(it["Name"], it["State"]) for it in self._inspected(self._listed())]
        failed = [name for name, state in found if state["Status"] == "exited" and state["ExitCode"] != 0]
        if failed:
            raise EngineError(f"{', '.join(failed)} failed")
        return all(state["Status"] == "exited" or _health(state) in ("running", "healthy") for _, state in found)

    def down(self) -> None:
        """Take everything away, the volumes too."""
        self.run("down", "--volumes", "--remove-orphans", "--timeout=10", limit_s=DOWN_LIMIT_S)

    def state(self) -> str:
        """A line for each container, for the messages of failed tests."""
        return self.ask("ps", "--all").out

    def logs(self, *services: str) -> str:
        """What the containers wrote."""
        return self.ask("logs", "--no-color", "--timestamps", *services).out

    # --- one service

    def containers(self, service: str) -> list[str]:
        """The ids of its containers by their numbers, those that ended too."""
        return self._listed(f"--filter=label={_LABEL}.service={service}")

    def container(self, service: str, index: int = 0) -> Any:
        """What the engine knows of one of its containers."""
        return self.engine.inspect("container", self.containers(service)[index])

    def health(self, service: str, index: int = 0) -> str:
        """``healthy``, ``unhealthy`` or ``starting``; of one without a health check, or not running, its state."""
        return _health(self.container(service, index)["State"])

    def are_healthy(self, *services: str) -> bool:
        """Whether every container of these services is."""
        found = [
            it for it in self._inspected(self._listed()) if it["Config"]["Labels"][f"{_LABEL}.service"] in services
        ]
        return all(_health(it["State"]) == "healthy" for it in found) and len(found) >= len(services)

    def _listed(self, *filters: str) -> list[str]:
        # The engine's own command line answers in a third of the time that Compose takes.
        form = f'--format={{{{.Label "{_LABEL}.container-number"}}}} {{{{.ID}}}}'
        mine = (f"--filter=label={_LABEL}.project={self.name}", f"--filter=label={_LABEL}.oneoff=False")
        lines = self.engine.run("ps", "--all", "--no-trunc", form, *mine, *filters).splitlines()
        return [line.split()[1] for line in sorted(lines, key=lambda line: int(line.split()[0]))]

    def _inspected(self, containers: list[str]) -> list[Any]:
        return list(json.loads(self.engine.run("container", "inspect", *containers)))

    def ask_in(self, service: str, *command: str, limit_s: float = CALL_LIMIT_S, given: str = "") -> Said:
        """Run a command in its container, whatever comes of it."""
        return self.ask("exec", "--no-TTY", service, *command, limit_s=limit_s, given=given)

    def run_in(self, service: str, *command: str, limit_s: float = CALL_LIMIT_S, given: str = "") -> str:
        """The same, and answer what it printed; raises :class:`EngineError` where it fails."""
        return checked([service, *command], self.ask_in(service, *command, limit_s=limit_s, given=given))

    def reaches(self, service: str, host: str, port: int) -> bool:
        """Whether a connection from inside its container is taken there, within three seconds."""
        knock = f"import socket; socket.create_connection(({host!r}, {port}), 3)"
        return self.ask_in(service, "python", "-c", knock).code == 0

    def kill(self, service: str, index: int = 0) -> None:
        """Kill a container as a power cut would. The engine takes this for its user's wish, and restarts nothing."""
        self.engine.run("kill", "--signal=KILL", self.containers(service)[index])

    def crash(self, service: str, index: int = 0) -> None:
        """Kill it behind the engine's back, as the kernel does out of memory: what its restart policy is for."""
        pid = self.container(service, index)["State"]["Pid"]
        killing = ("--entrypoint=python", SHOP, "-c", f"import os; os.kill({pid}, 9)")
        self.engine.run("run", "--rm", "--pid=host", "--network=none", "--user=0", *killing)

    def start(self, service: str, index: int = 0) -> None:
        """Start a container that ended, or was killed."""
        self.engine.run("start", self.containers(service)[index])

    def stop_all(self, grace_s: int = 30) -> None:
        """Stop every container, those that need others first."""
        self.run("stop", f"--timeout={grace_s}", limit_s=4 * grace_s)

    def stop(self, service: str, index: int = 0, grace_s: int = 30) -> None:
        """Stop a container as an operator does: SIGTERM, and SIGKILL after ``grace_s``."""
        self.engine.run("stop", f"--time={grace_s}", self.containers(service)[index], limit_s=grace_s + CALL_LIMIT_S)

    @contextmanager
    def paused(self, service: str, index: int = 0) -> Iterator[None]:
        """A container that hangs: its sockets are open, and nobody answers."""
        container = self.containers(service)[index]
        self.engine.run("pause", container)
        try:
            yield
        finally:
            self.engine.run("unpause", container)

    @contextmanager
    def cut_off(self, service: str, network: str, index: int = 0) -> Iterator[None]:
        """A partition: a container without one of the project's networks. At the end it is there again by its name."""
        container, name = self.containers(service)[index], f"{self.name}_{network}"
        self.engine.run("network", "disconnect", name, container)
        try:
            yield
        finally:
            self.engine.run("network", "connect", f"--alias={service}", name, container)

    def port(self, service: str, inside: int) -> int:
        """The port of 127.0.0.1 at which the machine finds a port of the service."""
        address = self.run("port", service, str(inside)).strip()
        return int(address.rpartition(":")[2])

    # --- what is left

    def remains(self) -> list[str]:
        """Every container, volume and network that still belongs to the project: none after :meth:`down`."""
        label = f"--filter=label={_LABEL}.project={self.name}"
        lists = (("ps", "--all"), ("volume", "ls"), ("network", "ls"))
        lines = [line for words in lists for line in self.engine.run(*words, label, "--format={{json .}}").splitlines()]
        return [str(found.get("Names") or found.get("Name")) for found in map(json.loads, lines)]


def wait_for(condition: Callable[[], T], limit_s: float, what: str) -> T:
    """As ``wait_until``, for what an engine is asked: each question is a process, and what is waited for needs the
    processor too."""

    def ask() -> T:
        if not (answer := condition()):
            time.sleep(_ASK_EVERY_S)
        return answer

    return wait_until(ask, limit_s, what)


def _health(state: Mapping[str, Any]) -> str:
    return str(state["Health"]["Status"] if state.get("Health") and state["Running"] else state["Status"])


@contextmanager
def project(
    engine: Engine, name: str, files: tuple[Path, ...], environment: Mapping[str, str] | None = None
) -> Iterator[Project]:
    """A project that is not up yet; it is taken down at the end, whatever happens."""
    it = Project(engine, name, files, environment or {})
    try:
        yield it
    finally:
        it.down()
