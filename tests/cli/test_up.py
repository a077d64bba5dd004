"""``shopctl up``: one command, the whole shop."""

import os
import re
import signal
import socket
import subprocess
from functools import partial
from pathlib import Path

import httpx
import pytest

from shopctl.sandbox.signing import bearer
from tests.cli.conftest import Shopctl, Start
from tests.waiting import free_port, wait_until

pytestmark = pytest.mark.processes


def ports_of(web: int = 0, api: int = 0, sandbox: int = 0) -> dict[str, str]:
    """The settings of these ports, or of free ones."""
    given = {"SHOP_WEB_PORT": web, "SHOP_API_PORT": api, "SHOP_SANDBOX_PORT": sandbox}
    return {name: str(port or free_port()) for name, port in given.items()}


class Up:
    """A running ``shopctl up`` in its own directory."""

    def __init__(self, start: Start, **environment: str) -> None:
        self.web, self.api, self.sandbox = free_port(), free_port(), free_port()
        ports = ports_of(self.web, self.api, self.sandbox)
        self.process = start("shopctl", "up", **{**ports, **environment})
        self.lines: list[str] = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if "Ctrl-C stops all" in line:
                break
        assert self.lines, self.process.communicate()[1]

    def child(self, command: str) -> int | None:
        """The process id of the part that runs ``command``; None where there is none, or none yet."""
        # -ww: without a terminal ps cuts each line after 80 characters, and so, in a long path, before the command.
        listed = subprocess.run(
            ["ps", "-ww", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True
        ).stdout
        for pid, ppid, args in (line.split(None, 2) for line in listed.splitlines()):
            if int(ppid) == self.process.pid and f"shopctl {command}" in args:
                return int(pid)
        return None

    def stop(self, number: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        self.process.send_signal(number)
        _, err = self.process.communicate(timeout=30)
        return self.process.returncode, err


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_it_prints_what_runs_and_how_to_sign_in_and_stops_all_on_ctrl_c(start: Start, tmp_path: Path) -> None:
    up = Up(start)
    database, sandbox, api, web, sign_in = up.lines
    assert re.match(r"  ✓ database  shop\.db, schema \d{4}, 63 products ", database)
    assert api.startswith(f"  ✓ api       http://127.0.0.1:{up.api}  docs at /docs ")
    assert web.startswith(f"  ✓ web       http://127.0.0.1:{up.web} ")
    assert sandbox.startswith(f"  ✓ sandbox   http://127.0.0.1:{up.sandbox} ")
    assert {line[-2:] for line in (database, sandbox, api, web)} == {" s"}
    assert len({len(line) for line in (database, sandbox, api, web)}) == 1
    assert sign_in.startswith("  › sign in at /office as owner@shop.example, password ")
    assert sign_in.endswith(" (shown once)   Ctrl-C stops all")
    assert answers(up.api)
    assert answers(up.web)
    assert answers(up.sandbox)
    code, err = up.stop()
    assert code == 0, err
    assert is_free(up.api)
    assert is_free(up.web)
    assert is_free(up.sandbox)
    assert "Traceback" not in err
    assert sign_in.split()[8] not in err
    assert (tmp_path / ".shopctl").stat().st_mode & 0o777 == 0o700
    for name in ("secret-key", "sandbox-secret"):
        assert (tmp_path / ".shopctl" / name).stat().st_mode & 0o777 == 0o600


def test_the_second_start_keeps_key_goods_and_password(start: Start, tmp_path: Path) -> None:
    Up(start).stop()
    kept = {file: file.read_text() for file in (tmp_path / ".shopctl").iterdir()}
    again = Up(start)
    assert re.match(r"  ✓ database  shop\.db, schema \d{4}, 63 products ", again.lines[0])
    assert again.lines[-1] == "  › sign in at /office as owner@shop.example   Ctrl-C stops all"
    assert again.process.stdout is not None
    assert again.process.stdout.readline() == "  › password lost? shopctl staff reset-password owner@shop.example\n"
    assert again.stop(signal.SIGTERM)[0] == 0
    assert {file: file.read_text() for file in (tmp_path / ".shopctl").iterdir()} == kept
    assert len(set(kept.values())) == 2


def test_the_sandbox_takes_charges_with_the_kept_secret_and_parts_end_when_all_is_killed(
    start: Start, tmp_path: Path
) -> None:
    up = Up(start)
    token = bearer((tmp_path / ".shopctl/sandbox-secret").read_text().strip())
    asked = {"key": "key-1", "amount": 8800, "currency": "EUR", "order_number": "S-1001", "token": "tok_ok"}
    with httpx.Client(
        base_url=f"http://127.0.0.1:{up.sandbox}", headers={"Authorization": f"Bearer {token}"}, trust_env=False
    ) as sandbox:
        charged = sandbox.post("/charges", json={**asked, "return_url": f"http://127.0.0.1:{up.web}/orders/S-1001"})
        assert charged.json()["state"] == "succeeded"
        # The API was told of it, at the address that it takes webhooks at; whatever it answers.
        wait_until(lambda: sandbox.get("/events").json()[0]["attempts"], 10, "the webhook to be sent")
    assert (tmp_path / "sandbox.db").exists()
    up.process.kill()
    wait_until(lambda: all(map(is_free, (up.api, up.web, up.sandbox))), 15, "every part to end")


def test_an_open_shop_is_warned_of_and_a_sandbox_elsewhere_used_instead_of_one_of_its_own(
    start: Start, tmp_path: Path
) -> None:
    up = Up(
        start,
        SHOP_ITEMS_ACCESS="open",
        SHOP_SANDBOX_URL="http://127.0.0.1:9",
        SHOP_SANDBOX_SECRET="kq7Z0d9Hq1mVbX4tWc2nLp8sRy5fGj3aUe6iTo0v",
    )
    assert [line.split()[1] for line in up.lines[:-1]] == ["database", "api", "web"]
    assert is_free(up.sandbox)
    assert httpx.get(f"http://127.0.0.1:{up.api}/items", trust_env=False).status_code == 200
    code, err = up.stop()
    assert (code, "! SHOP_ITEMS_ACCESS=open" in err) == (0, True)
    assert not (tmp_path / "sandbox.db").exists()


def test_a_part_that_dies_is_started_again_and_said_so(start: Start) -> None:
    parts = {"serve-api": "api", "serve-web": "web", "worker": "worker", "serve-sandbox-provider": "sandbox"}
    up = Up(start)
    # The worker is not waited for when the shop opens: until it has become what it runs, it is nobody's process id.
    killed = {part: wait_until(partial(up.child, part), 15, f"{part} to be started") for part in parts}
    for pid in killed.values():
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
    for part, pid in killed.items():
        wait_until(lambda p=part, was=pid: up.child(p) not in (None, was), 15, f"{part} to be started again")  # type: ignore[misc]
    wait_until(lambda: all(map(answers, (up.api, up.web, up.sandbox))), 20, "all to answer again")
    code, err = up.stop()
    assert code == 0
    for name in parts.values():
        assert f"! {name} stopped by itself (signal 9); it starts again in 0.5 s" in err


@pytest.mark.parametrize("setting", ["SHOP_API_PORT", "SHOP_WEB_PORT", "SHOP_SANDBOX_PORT"])
def test_a_port_that_is_taken_is_named_with_the_setting_that_moves_it(shopctl: Shopctl, setting: str) -> None:
    ports = ports_of()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = shopctl("up", **{**ports, setting: str(port)})
    assert told.code == 1
    assert told.err.startswith(f"  ✗ Port {port} is taken.\n  › {setting}=")
    assert told.err.endswith(" shopctl up\n")
    assert list(shopctl.directory.iterdir()) == []


@pytest.mark.parametrize(
    ("one", "other", "words", "remedy"),
    [
        ("SHOP_API_PORT", "SHOP_WEB_PORT", "API and web part", "SHOP_API_PORT"),
        ("SHOP_API_PORT", "SHOP_SANDBOX_PORT", "API and sandbox", "SHOP_API_PORT"),
        ("SHOP_WEB_PORT", "SHOP_SANDBOX_PORT", "web part and sandbox", "SHOP_SANDBOX_PORT"),
    ],
)
def test_two_parts_cannot_share_a_port(shopctl: Shopctl, one: str, other: str, words: str, remedy: str) -> None:
    port = free_port()
    told = shopctl("up", **{**ports_of(), one: str(port), other: str(port)})
    assert told.code == 2
    assert told.err.startswith(f"  ✗ {words} cannot share port {port}.\n  › {remedy}=")
    assert list(shopctl.directory.iterdir()) == []


@pytest.mark.parametrize(
    ("environment", "code", "words"),
    [
        ({"SHOP_DB_THREADS": "0"}, 2, "SHOP_DB_THREADS"),
        ({"DATABASE_URL": "postgresql://shop:s3cr3t-pw@127.0.0.1:1/shop"}, 1, "cannot be reached"),
        ({"SHOP_SERVER": "gunicorn"}, 2, "gunicorn"),
        ({"DATABASE_URL": "sqlite:////nope/shop.db"}, 1, "/nope/shop.db"),
    ],
)
def test_what_stops_it_from_starting_is_told(
    shopctl: Shopctl, environment: dict[str, str], code: int, words: str
) -> None:
    told = shopctl("up", **ports_of(), **environment)
    assert told.code == code
    assert words in told.err
    assert "s3cr3t-pw" not in told.err
