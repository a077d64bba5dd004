"""How servers stop: the same under each, with one process and with two."""

import os
import signal
import socket
import subprocess

import httpx
import pytest

from tests.cli.conftest import Start
from tests.waiting import free_port, wait_until

pytestmark = pytest.mark.processes

every_server = pytest.mark.parametrize("server", ["uvicorn", "granian"])
every_number = pytest.mark.parametrize("workers", [1, 2])


class Tiny:
    def __init__(self, start: Start, server: str, *, workers: int = 1, drain: int = 0, grace: int = 5) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        words = (server, self.port, workers, drain, grace)
        self.process = start("tests.cli.tiny_server", *map(str, words))
        self._begun = set[str]()
        self.serving = int(wait_until(self._answer, 20, f"{server} to answer"))
        # A worker that has not begun yet may miss the signal to stop, and is killed then.
        wait_until(lambda: self._answer() and len(self._begun) == workers, 20, f"{workers} workers to answer")

    def _answer(self) -> str:
        assert self.process.poll() is None, self.process.communicate()[1]
        pid = self.get("/")
        if pid:
            self._begun.add(pid)
        return pid

    def get(self, path: str) -> str:
        try:
            return httpx.get(f"{self.url}{path}", timeout=10, trust_env=False).text.removeprefix("begun ")
        except httpx.TransportError:
            return ""

    def stop(self) -> tuple[int, str]:
        self.process.terminate()
        _, said = self.process.communicate(timeout=20)
        return self.process.returncode, said


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # A zombie that its new parent has not fetched yet counts as gone.
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return state.startswith("Z") or not state.strip()


def takes_connections(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@every_server
@every_number
def test_a_request_in_flight_is_answered_and_the_exit_is_clean(start: Start, server: str, workers: int) -> None:
    tiny = Tiny(start, server, workers=workers)
    with httpx.stream("GET", f"{tiny.url}/slow", timeout=10, trust_env=False) as answer:
        pieces = answer.iter_text()
        assert next(pieces).startswith("begun")
        code, said = tiny.stop()
        assert "".join(pieces).isdigit()
    assert code == 0
    assert said.count("lifespan over") == workers
    assert is_gone(tiny.serving)


@every_server
def test_while_it_drains_it_still_answers_and_says_so(start: Start, server: str) -> None:
    tiny = Tiny(start, server, workers=2, drain=30)
    assert tiny.get("/draining") == "False"
    tiny.process.terminate()
    wait_until(lambda: tiny.get("/draining") == "True", 5, "draining")
    assert tiny.process.poll() is None
    # The second signal cuts the wait short.
    assert tiny.stop()[0] == 0


@every_server
def test_what_does_not_end_is_killed_after_the_grace_time(start: Start, server: str) -> None:
    tiny = Tiny(start, server, grace=1)
    with httpx.stream("GET", f"{tiny.url}/stuck", timeout=10, trust_env=False) as answer:
        pieces = answer.iter_text()
        assert next(pieces).startswith("begun")
        tiny.stop()
    assert is_gone(tiny.serving)
    assert not takes_connections(tiny.port)


@every_server
def test_a_server_that_dies_ends_the_command(start: Start, server: str) -> None:
    tiny = Tiny(start, server)
    tiny.get("/die")
    _, said = tiny.process.communicate(timeout=20)
    assert tiny.process.returncode == 1
    assert "The server stopped by itself" in said
    assert not takes_connections(tiny.port)


@every_server
@every_number
def test_a_server_whose_parent_is_killed_does_not_live_on(start: Start, server: str, workers: int) -> None:
    tiny = Tiny(start, server, workers=workers)
    tiny.process.kill()
    wait_until(lambda: is_gone(tiny.serving), 10, "the server to end")
    wait_until(lambda: not takes_connections(tiny.port), 10, "the port to be free")


@every_server
@every_number
def test_an_app_that_cannot_be_made_ends_the_command_without_a_traceback(
    start: Start, server: str, workers: int
) -> None:
    process = start("tests.cli.tiny_server", server, str(free_port()), str(workers), "0", "5", "broken")
    _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "Traceback" not in said
    assert "The server stopped by itself" in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_each_signal_that_stops_is_a_clean_stop(start: Start, number: signal.Signals) -> None:
    tiny = Tiny(start, "uvicorn")
    tiny.process.send_signal(number)
    tiny.process.communicate(timeout=20)
    assert tiny.process.returncode == 0
    assert is_gone(tiny.serving)


@every_server
def test_no_server_writes_an_access_log_of_its_own(start: Start, server: str) -> None:
    assert "GET" not in Tiny(start, server).stop()[1]
