"""``shopctl serve-sandbox-provider``: what it refuses, and how it says so."""

import socket

import pytest

from tests.cli.conftest import Shopctl, shopctl
from tests.sandbox.conftest import SECRET
from tests.waiting import free_port

__all__ = ["shopctl"]


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, "SHOP_SANDBOX_SECRET is not set"),
        ({"SHOP_SANDBOX_SECRET": "short"}, "shorter than 32 bytes"),
        ({"SHOP_SANDBOX_SECRET": f"{SECRET},short"}, "shorter than 32 bytes"),
        ({"SHOP_SANDBOX_SECRET": SECRET, "SHOP_SANDBOX_WEBHOOK_URL": "nowhere"}, "SHOP_SANDBOX_WEBHOOK_URL"),
        ({"SHOP_SANDBOX_SECRET": SECRET, "SHOP_SANDBOX_WEBHOOK_URL": "http://u:s3cr3t@h/x"}, "user name"),
        ({"SHOP_SANDBOX_SECRET": SECRET, "SHOP_SANDBOX_URL": "ftp://x"}, "SHOP_SANDBOX_URL"),
        ({"SHOP_SANDBOX_SECRET": SECRET, "SHOP_SANDBOX_JURNAL": "x"}, "SHOP_SANDBOX_JOURNAL"),
    ],
)
def test_wrong_settings_are_named(shopctl: Shopctl, environment: dict[str, str], words: str) -> None:
    told = shopctl("serve-sandbox-provider", "--port", str(free_port()), **environment)
    assert told.code == 2, told.err
    assert words in told.err
    assert "s3cr3t" not in told.err
    assert SECRET not in told.err
    assert list(shopctl.directory.iterdir()) == []


def test_a_file_that_is_no_journal_is_named_and_left_alone(shopctl: Shopctl) -> None:
    file = shopctl.directory / "notes.txt"
    file.write_text("Remember the milk. " * 100)
    port = str(free_port())
    told = shopctl("serve-sandbox-provider", "--port", port, "--journal", "notes.txt", SHOP_SANDBOX_SECRET=SECRET)
    assert told.code == 1
    assert "notes.txt cannot be the sandbox's journal" in told.err
    assert file.read_text() == "Remember the milk. " * 100


def test_a_port_that_is_taken_is_named(shopctl: Shopctl) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = shopctl("serve-sandbox-provider", "--port", str(port), SHOP_SANDBOX_SECRET=SECRET)
    assert told.code == 1
    assert told.err.startswith(f"  ✗ Port {port} is taken.\n  › shopctl serve-sandbox-provider --port ")
