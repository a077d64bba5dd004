"""HTTP servers are plug-ins: found by name, and said what to do where one cannot be used."""

import os
import socket
from pathlib import Path

import pytest

from shopctl import servers
from tests.cli.conftest import Shopctl, Start, import_path
from tests.cli.test_commands import SECRET_KEY
from tests.waiting import free_port, wait_until

PLUG_IN = """
import json, signal

class Mine:
    name = "mine"
    extra = "mine[server]"

    def available(self):
        return AVAILABLE

    def run(self, app_path, options):
        signal.signal(signal.SIGTERM, lambda *_: stopped.append(1))
        stopped = []
        with open("served.json.part", "w") as file:
            json.dump([app_path, options.host, options.port, options.workers, options.grace_s], file)
        import os
        os.rename("served.json.part", "served.json")
        while not stopped:
            signal.pause()
"""


def installed(directory: Path, *, available: bool = True) -> str:
    """Put a third party's package into ``directory``; the PYTHONPATH by which it is found."""
    (directory / "mine_server.py").write_text(PLUG_IN.replace("AVAILABLE", str(available)))
    (directory / "broken_server.py").write_text("raise RuntimeError('broken')")
    described = directory / "mine-1.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (described / "entry_points.txt").write_text(
        "[shopctl.servers]\nmine = mine_server:Mine\nbroken = broken_server:Broken\n"
    )
    return import_path(str(directory))


def test_an_unknown_server_is_told_those_there_are(shopctl: Shopctl) -> None:
    told = shopctl("serve-api", "--server", "gunicorn")
    assert told.code == 2
    assert told.err.startswith('  ✗ No server is called "gunicorn". There are uvicorn, granian')


def test_a_third_party_s_server_is_found_and_run(start: Start, tmp_path: Path) -> None:
    variables = {"PYTHONPATH": installed(tmp_path), "SHOP_SECRET_KEY": SECRET_KEY}
    port = free_port()
    process = start("shopctl", "serve-api", "--server", "mine", "--port", str(port), "--workers", "3", **variables)
    served = tmp_path / "served.json"
    wait_until(served.exists, 20, "the plug-in to run")
    assert served.read_text() == f'["shopctl.serving:api", "127.0.0.1", {port}, 3, 30]'
    process.terminate()
    assert process.wait(10) == 0


def test_a_server_that_is_not_installed_names_what_to_install(shopctl: Shopctl, tmp_path: Path) -> None:
    path = installed(tmp_path, available=False)
    told = shopctl("serve-web", "--server", "mine", PYTHONPATH=path)
    assert told.code == 2
    assert told.err == "  ✗ mine is not installed.\n  › pip install 'mine[server]'\n"
    told = shopctl("serve-web", "--server", "gunicorn", PYTHONPATH=path)
    assert "mine (not installed)" in told.err


def test_ours_are_registered_as_a_third_party_s_would_be() -> None:
    assert [server.name for server in servers.every_server()][:2] == ["uvicorn", "granian"]
    for server in servers.every_server():
        assert server.available()
    assert servers.Granian.extra == "shopctl[granian]"


@pytest.mark.parametrize(("command", "remedy"), [("serve-api", "PORT={} shopctl serve-api"), ("serve-web", "PORT={}")])
def test_a_port_that_is_taken_is_named_with_the_setting_that_moves_it(
    shopctl: Shopctl, command: str, remedy: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = shopctl(command, "--port", str(port), SHOP_SECRET_KEY=SECRET_KEY)
    assert told.code == 1
    assert f"✗ Port {port} is taken." in told.err
    assert remedy.format(port + 10 if port + 10 <= 65535 else port - 10) in told.err


@pytest.mark.parametrize("host", ["203.0.113.1", "no.such.host.invalid", "a" * 300, ".."])
def test_a_host_that_is_not_this_machine_s_is_refused(shopctl: Shopctl, host: str) -> None:
    told = shopctl("serve-api", "--host", host, SHOP_SECRET_KEY=SECRET_KEY)
    assert told.code == 2
    assert "is no address of this machine" in told.err


@pytest.mark.processes
@pytest.mark.parametrize("server", ["uvicorn", "granian"])
def test_the_api_starts_under_every_server_and_stops_cleanly(start: Start, sqlite_url: str, server: str) -> None:
    port = free_port()
    variables = {"SHOP_SECRET_KEY": SECRET_KEY, "DATABASE_URL": sqlite_url}
    process = start("shopctl", "serve-api", "--server", server, "--port", str(port), "--workers", "2", **variables)
    wait_until(lambda: _ready(port), 30, f"the API under {server}")
    process.terminate()
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, ""), err
    assert "Traceback" not in err


def _ready(port: int) -> bool:
    import httpx

    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def test_the_drain_file_is_gone_when_the_server_is(start: Start, tmp_path: Path) -> None:
    flags = tmp_path / "flags"
    flags.mkdir()
    variables = {"PYTHONPATH": installed(tmp_path), "SHOP_SECRET_KEY": SECRET_KEY, "TMPDIR": str(flags)}
    process = start("shopctl", "serve-api", "--server", "mine", "--port", str(free_port()), **variables)
    wait_until((tmp_path / "served.json").exists, 20, "the plug-in to run")
    assert len(os.listdir(flags)) == 1
    process.terminate()
    assert process.wait(10) == 0
    assert os.listdir(flags) == []


@pytest.mark.parametrize("command", ["serve-api", "worker"])
def test_what_asks_for_money_does_not_start_where_its_provider_cannot_be_used(
    shopctl: Shopctl, sqlite_url: str, command: str
) -> None:
    shopctl.environment |= {"DATABASE_URL": sqlite_url, "SHOP_SECRET_KEY": SECRET_KEY}
    told = shopctl(command, "--port", str(free_port()), SHOP_SANDBOX_URL="http://127.0.0.1:9")
    assert (told.code, told.out) == (2, "")
    assert told.err == (
        "  ✗ SHOP_SANDBOX_URL is set without SHOP_SANDBOX_SECRET.\n"
        "  › give the API, the worker and the sandbox the same\n"
    )


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"SHOP_FAILPOINTS": "after_psp=kill:1"}, "SHOP_FAILPOINTS is set without SHOP_TEST_MODE=1"),
        ({"SHOP_TEST_MODE": "1", "SHOP_PUBLIC_URL": "https://shop.example"}, "which others can reach"),
        ({"SHOP_TEST_MODE": "1", "SHOP_FAILPOINTS": "nowhere=kill"}, "nowhere=kill"),
    ],
)
@pytest.mark.parametrize("command", ["serve-api", "worker"])
def test_nothing_that_customers_reach_starts_with_a_fault_on_purpose(
    shopctl: Shopctl, command: str, environment: dict[str, str], words: str
) -> None:
    told = shopctl(command, "--port", str(free_port()), SHOP_SECRET_KEY=SECRET_KEY, **environment)
    assert told.code == 2
    assert words in told.err
    assert told.err.startswith("  ✗ ")
