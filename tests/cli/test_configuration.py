"""Settings at the command line: shown with their source, masked where secret, refused where wrong."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from shopapi.runtime.settings import meanings, read
from shopctl.settings import ShopctlSettings
from tests.cli.conftest import Shopctl
from tests.cli.test_commands import ALL, SECRET_KEY


def shown(shopctl: Shopctl, **environment: str) -> dict[str, dict[str, str]]:
    told = json.loads(shopctl("config", "--json", **environment).out)
    return {one["name"]: one for one in told["settings"]}


def test_config_says_what_is_in_force_and_where_it_came_from(shopctl: Shopctl) -> None:
    settings = shown(shopctl, SHOP_DB_THREADS="8")
    assert (settings["SHOP_DB_THREADS"]["value"], settings["SHOP_DB_THREADS"]["source"]) == ("8", "environment")
    assert (settings["SHOP_SERVER"]["value"], settings["SHOP_SERVER"]["source"]) == ("uvicorn", "default")


@pytest.mark.parametrize("args", [["config"], ["config", "--json"]])
def test_config_masks_secrets(shopctl: Shopctl, args: list[str]) -> None:
    url = "postgresql://shop:s3cr3t-pw@127.0.0.1:1/shop"
    told = shopctl(*args, SHOP_SECRET_KEY=SECRET_KEY, DATABASE_URL=url)
    assert told.code == 0
    assert SECRET_KEY not in told.out + told.err
    assert "s3cr3t-pw" not in told.out + told.err
    assert "******" in told.out


def test_a_secret_may_lie_in_a_file(shopctl: Shopctl) -> None:
    (shopctl.directory / "key").write_text(f"{SECRET_KEY}\n")
    told = shown(shopctl, SHOP_SECRET_KEY_FILE="key")["SHOP_SECRET_KEY"]
    assert (told["value"], told["source"]) == ("******", "file key")


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"SHOP_DB_THREADS": "many"}, "SHOP_DB_THREADS"),
        ({"SHOP_SECRET_KEY": "short"}, "SHOP_SECRET_KEY"),
        ({"SHOP_SECRET_KEY_FILE": "/nope"}, "SHOP_SECRET_KEY_FILE names /nope"),
        ({"SHOP_SECRET_KEY_FILE": "/nope", "SHOP_SECRET_KEY": SECRET_KEY}, "keep one of them"),
        ({"SHOP_SERVR": "x"}, "Did you mean SHOP_SERVER"),
        ({"DATABASE_URL": "mysql://root:s3cr3t-pw@db/shop"}, "DATABASE_URL"),
        ({"API_SERVER_URL": "http://user:s3cr3t-pw@api"}, "API_SERVER_URL"),
        ({"SHOP_GRACE_S": "x"}, "SHOP_GRACE_S"),
    ],
)
def test_config_still_shows_everything_when_something_is_wrong(
    shopctl: Shopctl, environment: dict[str, str], words: str
) -> None:
    told = shopctl("config", **environment)
    assert told.code == 2
    assert words in told.err
    assert "SHOP_LOG_LEVEL" in told.out
    assert "s3cr3t-pw" not in told.out + told.err
    as_json = shopctl("config", "--json", **environment)
    assert as_json.code == 2
    assert words in "".join(json.loads(as_json.out)["problems"])
    assert "s3cr3t-pw" not in as_json.out


@pytest.mark.parametrize("command", [["serve-api"], ["serve-web"], ["worker"], ["migrate"], ["up"], ["openapi"]])
def test_a_misspelt_name_stops_every_command_before_it_begins(shopctl: Shopctl, command: list[str]) -> None:
    told = shopctl(*command, SHOP_PUBLIK_URL="http://x.example", SHOP_SECRET_KEY=SECRET_KEY)
    assert told.code == 2
    assert "Did you mean SHOP_PUBLIC_URL?" in told.err
    assert not (shopctl.directory / "shop.db").exists()


def test_names_that_kubernetes_gives_are_left_alone(shopctl: Shopctl) -> None:
    names = {"SHOP_SERVICE_HOST": "10.0.0.1", "SHOP_PORT": "tcp://10.0.0.1:80", "SHOP_API_PORT_80_TCP_ADDR": "10.0.0.1"}
    assert shopctl("config", **names).code == 0


@pytest.mark.parametrize("part", ["serve-api", "serve-web"])
def test_no_server_starts_without_a_good_secret_key(shopctl: Shopctl, part: str) -> None:
    for key, words in [("", "is not set"), ("short", "32 bytes"), ("change-me" * 8, "placeholder")]:
        told = shopctl(part, SHOP_SECRET_KEY=key)
        assert told.code == 2
        assert words in told.err
        assert "openssl rand" in told.err


@pytest.mark.parametrize("name", ["uvicorn", "granian"])
def test_reload_is_for_one_process_under_every_server(shopctl: Shopctl, name: str) -> None:
    told = shopctl("serve-api", "--server", name, "--reload", "--workers", "2", SHOP_SECRET_KEY=SECRET_KEY)
    assert told.code == 2
    assert "--workers 1" in told.err


def test_the_options_of_commands_are_the_settings_that_are_documented() -> None:
    defaults: dict[str, Any] = {told.name: told.default for told in meanings(ShopctlSettings)}
    seen = set()
    for path, command in ALL.items():
        for param in command.params:
            if getattr(param, "envvar", None) in defaults:
                seen.add(param.envvar)
                if param.envvar != "PORT":
                    assert str(param.default) == defaults[param.envvar], path
    assert seen == set(defaults)
    assert read(ShopctlSettings, {}).grace_s == 30


def test_a_document_is_written_where_it_is_asked_for(shopctl: Shopctl, tmp_path: Path) -> None:
    printed = shopctl("openapi")
    assert json.loads(printed.out)["openapi"].startswith("3.1")
    assert shopctl("openapi", "--output", "openapi.json").code == 0
    assert json.loads((tmp_path / "openapi.json").read_text()) == json.loads(printed.out)
    told = shopctl("openapi", "--output", "/nope/openapi.json")
    assert told.code == 1
    assert "/nope/openapi.json" in told.err


@pytest.mark.parametrize(
    ("setting", "value", "warned"),
    [
        ("SHOP_ITEMS_ACCESS", "open", "anybody who reaches this API may change the stock"),
        ("SHOP_PUBLIC_URL", "http://shop.example", "cross the network unencrypted"),
        ("SHOP_PUBLIC_URL", "https://shop.example", ""),
        ("SHOP_PUBLIC_URL", "http://127.0.0.1:5050", ""),
    ],
)
def test_a_start_warns_of_what_is_not_safe(
    setting: str,
    value: str,
    warned: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    from shopctl import serving

    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/shop.db")
    monkeypatch.setenv("SHOP_SECRET_KEY", "0f1e2d3c4b5a69788796a5b4c3d2e1f0aa")
    monkeypatch.setenv(setting, value)
    monkeypatch.setattr(serving, "end_with", lambda pid: None)
    monkeypatch.setattr(logging.root, "handlers", [])
    serving.api()
    said = capfd.readouterr().err
    assert warned in said
    assert bool(warned) is ("warning" in said)
