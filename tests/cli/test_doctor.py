"""The doctor looks at each of the twelve factors, says what to do, tells no secret, and never falls ill itself."""

import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import update

import shopctl.build
from shopapi.catalog.tables import shop as shop_table
from shopapi.db.engine import open_database
from shopctl.doctor import CHECKS, data, examine, machine
from shopctl.doctor.checks import Check, Finding, Situation, Told, ok
from shopctl.doctor.requirements import broken_requirements
from tests.cli.conftest import ROOT, Shopctl
from tests.processes import ShopProcess
from tests.waiting import free_port

KEY = "4dc1f0a0a7be1f4f49f9f3e5a1cf27a38a7c2b8f0d6e5b17"
PUBLIC = "https://shop.example"
Serving = Callable[[list[str], dict[str, str]], ShopProcess]
WORKER = {"API_SERVER_URL": "", "PORT": "8001"}
MAIL = "smtp://shop:s3cr3t-pw@mail.example:587"
AWAY = "postgresql://shop:s3cr3t-pw-of-16-ch@127.0.0.1:1/shop"


@pytest.fixture
def sound(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A configuration in which nothing fails; its API is not started."""
    monkeypatch.chdir(tmp_path)
    return {
        "DATABASE_URL": sqlite_url,
        "SHOP_SECRET_KEY": KEY,
        "SHOP_WEB_PORT": str(free_port()),
        "SHOP_API_PORT": str(free_port()),
        "SHOP_SANDBOX_PORT": str(free_port()),
        "API_SERVER_URL": f"http://127.0.0.1:{free_port()}",
    }


def told(environ: dict[str, str]) -> dict[str, Told]:
    return {one.name: one for one in examine(environ)}


def tell_where_to_pay(url: str) -> None:
    """The shop has a bank account."""
    db = open_database(url, threads=1)
    with db.writing() as c:
        c.execute(update(shop_table).values(bank_holder="Ton & Tinte GmbH", bank_iban="DE02120300000000202051"))
    db.close()


def test_a_bank_account_is_seen(sound: dict[str, str]) -> None:
    tell_where_to_pay(sound["DATABASE_URL"])
    assert told({**sound, "SHOP_PUBLIC_URL": PUBLIC})["bank account"].state == "ok"


def test_every_factor_has_a_check_and_every_check_a_name_of_its_own(sound: dict[str, str]) -> None:
    found = examine(sound)
    assert {one.factor for one in found} == set(range(1, 13))
    assert len({one.name for one in found}) == len(found) == len(CHECKS)


def test_a_sound_configuration_fails_in_nothing(sound: dict[str, str]) -> None:
    found = told(sound)
    assert {name for name, one in found.items() if one.state == "fail"} == set()
    assert {name for name, one in found.items() if one.state == "warn"} <= {"API", "build", "staff"}


def test_a_public_shop_that_is_set_up_well_fails_in_nothing(sound: dict[str, str], postgresql_url: str) -> None:
    public = {
        "DATABASE_URL": postgresql_url.replace("+psycopg2", ""),
        "SHOP_PUBLIC_URL": PUBLIC,
        "SHOP_TRUSTED_PROXIES": "10.0.0.0/8",
        "SHOP_DRAIN_S": "5",
        "SHOP_MAIL_URL": MAIL,
        "HOST": "0.0.0.0",
    }
    tell_where_to_pay(postgresql_url)
    found = told({**sound, **public})
    assert {name for name, one in found.items() if one.state == "fail"} == set()
    assert {name for name, one in found.items() if one.state == "warn"} <= {"API", "build", "staff"}


def test_a_web_part_is_not_asked_for_a_database(sound: dict[str, str]) -> None:
    web = {name: value for name, value in sound.items() if name != "DATABASE_URL"}
    found = told({**web, "SHOP_PUBLIC_URL": PUBLIC, "SHOP_TRUSTED_PROXIES": "10.0.0.0/8", "SHOP_DRAIN_S": "5"})
    assert {name for name, one in found.items() if one.state == "fail"} == set()
    assert {name for name, one in found.items() if one.state == "warn"} <= {"API", "build"}


CASES: list[tuple[dict[str, str], str, str, str]] = [
    ({"SHOP_PUBLIK_URL": "x"}, "settings", "fail", "Did you mean SHOP_PUBLIC_URL?"),
    ({"SHOP_DB_THREADS": "many"}, "settings", "fail", "SHOP_DB_THREADS"),
    ({"SHOP_DB_THREADS": "many"}, "connections", "warn", "SHOP_DB_THREADS cannot be used"),
    ({"SHOP_SECRET_KEY": "", "API_SERVER_URL": ""}, "secret key", "warn", "enough to migrate and to seed"),
    ({"SHOP_SECRET_KEY": "", "API_SERVER_URL": "", "PORT": "8000"}, "secret key", "fail", "is not set"),
    ({"SHOP_SECRET_KEY": ""}, "secret key", "fail", "SHOP_SECRET_KEY is not set"),
    ({"SHOP_SECRET_KEY": "short"}, "secret key", "fail", "SHOP_SECRET_KEY cannot be used"),
    ({"SHOP_SECRET_KEY": "change-me" * 8}, "settings", "fail", "is a placeholder"),
    ({"DATABASE_URL": f"postgresql://shop:{KEY}@127.0.0.1:1/shop"}, "secret key", "fail", "the database's password"),
    ({"SHOP_SECRET_KEY": "", "SHOP_SECRET_KEY_FILE": "/nope"}, "secret key", "fail", "cannot be used"),
    ({"SHOP_SECRET_KEY": "", "SHOP_SECRET_KEY_FILE": "x" * 300}, "secret files", "ok", "1 in use"),
    ({"DATABASE_URL": "postgresql://shop:shop@127.0.0.1:1/shop"}, "database password", "warn", "short or simple"),
    ({"DATABASE_URL": "postgresql://shop:shop@db:1/shop"}, "database password", "fail", "short or simple"),
    ({"DATABASE_URL": f"postgresql://shop:{'a' * 40}@db:1/shop"}, "database password", "fail", "short or simple"),
    ({"DATABASE_URL": AWAY}, "database password", "ok", "16 characters or more"),
    ({"SHOP_PUBLIC_URL": PUBLIC}, "public address", "ok", "stay with https"),
    ({"SHOP_PUBLIC_URL": PUBLIC, "SHOP_HSTS": "off"}, "public address", "warn", "may come by http again"),
    ({"SHOP_PUBLIC_URL": "http://shop.example"}, "public address", "fail", "in the clear"),
    ({"SHOP_PUBLIC_URL": "http://192.168.1.20:5050"}, "public address", "warn", "in the clear"),
    ({"SHOP_PUBLIC_URL": "https://shop.example/de"}, "public address", "warn", "not looked at"),
    ({"SHOP_ITEMS_ACCESS": "open"}, "/items", "warn", "may change the stock"),
    ({"SHOP_ITEMS_ACCESS": "open", "SHOP_PUBLIC_URL": PUBLIC}, "/items", "fail", "may change the stock"),
    ({"HOST": "0.0.0.0"}, "allowed hosts", "warn", "answers only to names of this machine"),
    ({"HOST": "0.0.0.0", "SHOP_PUBLIC_URL": "http://localhost:5050"}, "allowed hosts", "ok", "localhost"),
    ({"HOST": "0.0.0.0", "SHOP_ALLOWED_HOSTS": "shopapi:8000"}, "allowed hosts", "ok", "shopapi:8000"),
    ({"HOST": "0.0.0.0", "SHOP_PUBLIC_URL": PUBLIC}, "allowed hosts", "ok", "shop.example"),
    ({"SHOP_TRUSTED_PROXIES": "0.0.0.0/0"}, "trusted proxies", "fail", "0.0.0.0/0"),
    ({"SHOP_TRUSTED_PROXIES": "0.0.0.0/1,128.0.0.0/1"}, "trusted proxies", "fail", "128.0.0.0/1"),
    ({"SHOP_TRUSTED_PROXIES": "::/0"}, "trusted proxies", "fail", "::/0"),
    ({"SHOP_TRUSTED_PROXIES": "fc00::/7"}, "trusted proxies", "ok", "fc00::/7"),
    ({"SHOP_PUBLIC_URL": PUBLIC, **WORKER}, "trusted proxies", "ok", "a worker's"),
    ({"SHOP_PUBLIC_URL": PUBLIC, **WORKER}, "stopping", "ok", "a worker's"),
    ({"HOST": "0.0.0.0", **WORKER}, "allowed hosts", "ok", "a worker's"),
    ({"SHOP_PUBLIC_URL": PUBLIC}, "trusted proxies", "warn", "share one limit"),
    ({"SHOP_PUBLIC_URL": PUBLIC, "SHOP_TRUSTED_PROXIES": "10.0.0.0/8"}, "trusted proxies", "ok", "10.0.0.0/8"),
    ({"SHOP_RATE_LIMITS": "off"}, "rate limits", "ok", "off"),
    ({"SHOP_RATE_LIMITS": "off", "SHOP_PUBLIC_URL": PUBLIC}, "rate limits", "fail", "guessed"),
    ({"SHOP_GRACE_S": "1"}, "stopping", "warn", "cut off"),
    ({"SHOP_GRACE_S": "3600"}, "stopping", "warn", "lose patience"),
    ({"SHOP_PUBLIC_URL": PUBLIC}, "stopping", "warn", "until it notices"),
    ({"SHOP_PUBLIC_URL": PUBLIC, "SHOP_DRAIN_S": "5"}, "stopping", "ok", "5 s to drain"),
    ({"SHOP_PUBLIC_URL": PUBLIC}, "parity", "warn", "a public shop on SQLite"),
    ({"SHOP_PUBLIC_URL": PUBLIC, "DATABASE_URL": AWAY}, "parity", "ok", "PostgreSQL"),
    ({"SHOP_PUBLIC_URL": PUBLIC, "SHOP_LOG_FORMAT": "text"}, "logs", "warn", "SHOP_LOG_FORMAT=json"),
    ({"SHOP_PUBLIC_URL": PUBLIC, "SHOP_LOG_LEVEL": "debug"}, "logs", "warn", "debug"),
    ({"SHOP_LOG_FORMAT": "json"}, "logs", "ok", "JSON lines"),
    ({"SHOP_TEST_MODE": "1"}, "test mode", "warn", "break things on purpose"),
    ({"SHOP_TEST_MODE": "1", "SHOP_PUBLIC_URL": PUBLIC}, "test mode", "fail", "unset SHOP_TEST_MODE"),
    ({"SHOP_SANDBOX_URL": "http://127.0.0.1:8002"}, "sandbox", "ok", "on this machine alone"),
    ({"SHOP_SANDBOX_URL": "http://pay:8002", "SHOP_PUBLIC_URL": PUBLIC}, "sandbox", "fail", "pays nothing"),
    ({}, "mail", "ok", "stay in the back office"),
    ({"SHOP_PUBLIC_URL": PUBLIC}, "mail", "warn", "SHOP_MAIL_URL="),
    ({"SHOP_PUBLIC_URL": PUBLIC, "SHOP_MAIL_URL": MAIL}, "mail", "ok", "smtp://mail.example:587"),
    ({"SHOP_PUBLIC_URL": PUBLIC, "DATABASE_URL": ""}, "mail", "ok", "the affair of the API"),
    ({"SHOP_MAIL_URL": "http://s3cr3t-pw@mail.example"}, "mail", "warn", "SHOP_MAIL_URL cannot be used"),
    ({}, "bank account", "ok", "nobody does"),
    ({"SHOP_PUBLIC_URL": PUBLIC}, "bank account", "warn", "shopctl bank-account"),
    ({"DATABASE_URL": AWAY}, "bank account", "warn", "not looked at"),
    ({"DATABASE_URL": AWAY}, "database", "fail", "onnection refused"),
    ({"DATABASE_URL": AWAY}, "schema", "fail", "cannot be asked"),
    ({"DATABASE_URL": AWAY}, "clock", "warn", "not looked at"),
    ({"DATABASE_URL": AWAY}, "connections", "warn", "not looked at"),
    ({"DATABASE_URL": AWAY}, "staff", "warn", "not looked at"),
    ({"DATABASE_URL": "sqlite:///nope.db"}, "database", "fail", "shopctl migrate"),
    ({"DATABASE_URL": "sqlite:////nowhere/nope.db"}, "disk", "fail", "/nowhere"),
    ({"DATABASE_URL": "mysql://root:s3cr3t-pw@db/shop"}, "database", "warn", "DATABASE_URL cannot be used"),
    ({"DATABASE_URL": ""}, "database", "ok", "the API's affair"),
    ({"DATABASE_URL": ""}, "schema", "ok", "the API's affair"),
    ({"HOST": "203.0.113.7"}, "ports", "fail", "no address of this machine"),
    ({"SHOP_API_PORT": "6060", "SHOP_WEB_PORT": "6060"}, "ports", "fail", "SHOP_API_PORT=6070"),
    ({"SHOP_API_PORT": "6060", "SHOP_SANDBOX_PORT": "6060"}, "ports", "fail", "SHOP_SANDBOX_PORT=6070"),
    ({"SHOP_SANDBOX_PORT": "1", "SHOP_SANDBOX_URL": "http://127.0.0.1:8002"}, "ports", "ok", " and "),
    ({}, "API", "warn", "may not be started"),
    ({"API_SERVER_URL": "http://shopapi.invalid:8000"}, "API", "warn", "does not answer"),
    ({"API_SERVER_URL": "http://127.0.0.1:1", "SHOP_PUBLIC_URL": PUBLIC}, "API", "warn", "it would refuse that name"),
    ({"API_SERVER_URL": "", "SHOP_PUBLIC_URL": PUBLIC}, "API", "ok", "API_SERVER_URL is not set"),
]


@pytest.mark.parametrize(("environ", "name", "state", "words"), CASES)
def test_what_is_wrong_is_found_and_comes_with_a_remedy(
    sound: dict[str, str], environ: dict[str, str], name: str, state: str, words: str
) -> None:
    found = told({**sound, **environ})
    one = found[name]
    assert (one.state, one.found) == (state, one.found)
    assert words in f"{one.found} {one.remedy}"
    assert [other.remedy == "" for other in found.values()] == [other.state == "ok" for other in found.values()]
    assert not any(secret in str(found) for secret in (KEY, "s3cr3t-pw"))


def test_the_worst_comes_first(sound: dict[str, str]) -> None:
    found = examine({**sound, "SHOP_PUBLIC_URL": PUBLIC, "SHOP_ITEMS_ACCESS": "open", "SHOP_GRACE_S": "x"})
    order = [("fail", "warn", "ok").index(one.state) for one in found]
    assert order == sorted(order)
    assert {0, 1, 2} == set(order)
    for state in ("fail", "warn", "ok"):
        factors = [one.factor for one in found if one.state == state]
        assert factors == sorted(factors)


def test_a_check_that_breaks_is_a_failed_check_and_tells_no_secret(sound: dict[str, str]) -> None:
    def breaks(situation: Situation) -> Finding:
        raise RuntimeError(f"no use with {situation.api.secret_key}")

    with Situation(sound) as situation:
        found = Check(1, "broken", breaks).told(situation)
        assert Check(2, "whole", lambda _: ok("well")).told(situation).state == "ok"
    assert (found.state, found.found) == ("fail", "could not be looked at: RuntimeError: no use with ******")


def test_a_file_that_is_no_database_is_a_finding(sound: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "shop.db").write_text("this is no database, and long enough to be read as one" * 20)
    found = told(sound)
    assert (found["database"].state, found["schema"].state) == ("fail", "fail")
    assert "not a database" in found["database"].found


def test_a_schema_that_lacks_a_step_is_a_finding(sound: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "shop.db").write_bytes(b"")
    found = told(sound)["schema"]
    assert (found.state, found.remedy) == ("fail", "shopctl migrate")
    assert "step 0001" in found.found


def test_a_database_of_postgresql_is_reached_and_its_connections_are_counted(
    sound: dict[str, str], postgresql_url: str
) -> None:
    own = {**sound, "DATABASE_URL": postgresql_url.replace("+psycopg2", "")}
    found = told(own)
    assert {found[name].state for name in ("database", "clock", "schema", "connections", "processes")} == {"ok"}
    assert "version" in found["database"].found
    counted = re.search(r"takes 6 connections; PostgreSQL has (\d+): enough for (\d+)", found["connections"].found)
    assert counted is not None
    servers = (int(counted[1]) - 4) // 6  # A worker and one command want two each.
    assert int(counted[2]) == servers > 1
    tight = told({**own, "SHOP_SERVER_WORKERS": str(servers)})["connections"]
    assert (tight.state, "no second one fits" in tight.found) == ("warn", True)
    many = told({**own, "SHOP_SERVER_WORKERS": "64", "SHOP_DB_THREADS": "64"})["connections"]
    assert (many.state, "takes 4224 connections" in many.found) == ("fail", True)


@pytest.mark.parametrize(
    ("ahead_s", "state", "words"),
    [(0, "ok", "0.0 s"), (5, "warn", "s behind"), (-5, "warn", "s ahead of"), (45, "fail", "s behind")],
)
def test_a_clock_that_is_off_is_measured_against_the_database_s(
    sound: dict[str, str], postgresql_url: str, ahead_s: float, state: str, words: str
) -> None:
    environ = {**sound, "DATABASE_URL": postgresql_url.replace("+psycopg2", "")}
    with Situation(environ, clock=lambda: time.time() + ahead_s) as situation:
        found = data.clock(situation)
    assert found.state == state
    assert words in found.found


def test_somebody_can_sign_in_once_there_is_staff(shop: Shopctl, sound: dict[str, str]) -> None:
    environ = {**sound, **shop.environment}
    before = told(environ)["staff"]
    assert (before.state, "shopctl staff create" in before.remedy) == ("warn", True)
    shop("seed", "--profile", "empty")
    assert told(environ)["staff"].state == "ok"


@pytest.fixture
def taken() -> Iterator[int]:
    """A port at which something else listens."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


@pytest.mark.parametrize("name", ["PORT", "SHOP_WEB_PORT", "SHOP_SANDBOX_PORT"])
def test_a_port_that_something_else_has_is_a_finding(
    sound: dict[str, str], taken: int, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "_PROBE_S", 0.2)
    found = told({**sound, name: str(taken)})["ports"]
    assert (found.state, found.found) == ("fail", f"Port {taken} is taken")


@pytest.mark.processes
def test_a_running_api_is_found_at_its_port_and_by_the_name_that_the_web_part_calls_it(
    sound: dict[str, str], sqlite_url: str, serving: Serving
) -> None:
    own = {"DATABASE_URL": sqlite_url, "SHOP_SECRET_KEY": KEY, "SHOP_PUBLIC_URL": PUBLIC}
    strict = serving(["serve-api"], own)
    host = strict.url.removeprefix("http://")
    environ = {**sound, **own, "API_SERVER_URL": strict.url, "PORT": str(strict.port)}
    found = told(environ)
    assert (found["ports"].state, found["ports"].found) == ("ok", f"at {strict.port} a shop answers")
    assert (found["API"].state, found["API"].remedy) == ("fail", f"SHOP_ALLOWED_HOSTS of the API names {host} too")
    assert told({**environ, "API_SERVER_URL": ""})["API"].state == "ok", "Nobody calls it by that name."
    open_to_us = serving(["serve-api"], {**own, "SHOP_ALLOWED_HOSTS": "127.0.0.1"})
    assert told({**environ, "API_SERVER_URL": open_to_us.url})["API"].state == "ok"


@pytest.mark.processes
def test_a_running_worker_is_found_at_its_port(sound: dict[str, str], serving: Serving) -> None:
    worker = serving(["worker"], sound)
    found = told({**sound, "PORT": str(worker.port)})["ports"]
    assert (found.state, found.found) == ("ok", f"at {worker.port} a shop answers")


@pytest.mark.processes
def test_a_running_sandbox_is_found_at_its_port(sound: dict[str, str], serving: Serving) -> None:
    sandbox = serving(["serve-sandbox-provider"], {"SHOP_SANDBOX_SECRET": KEY})
    found = told({**sound, "SHOP_SANDBOX_PORT": str(sandbox.port)})["ports"]
    assert found.state == "ok"
    assert found.found.endswith(f"at {sandbox.port} a shop answers")


def test_a_dotenv_that_nobody_reads_is_told(sound: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# ours\nexport SHOP_DRAIN_S=5\nSHOP_SECRET_KEY=x\nPATH=/bin\n")
    found = told(sound)[".env"]
    assert (found.state, found.found) == ("warn", "it lies here and is not read; it sets SHOP_DRAIN_S")
    assert told({**sound, "SHOP_DRAIN_S": "5"})[".env"].state == "ok"


def test_a_secret_s_file_that_everybody_can_read_is_told(sound: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(KEY)
    own = {**sound, "SHOP_SECRET_KEY": "", "SHOP_SECRET_KEY_FILE": str(file)}
    file.chmod(0o644)
    assert told(own)["secret files"].remedy.startswith(f"chmod 0440 {file}, once the group is ")
    file.chmod(0o440)
    found = told(own)
    assert (found["secret files"].state, found["secret key"].state) == ("ok", "ok")


def test_sqlite_over_a_network_and_a_full_disk_are_found(
    sound: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for free, state in ((50, "fail"), (500, "warn"), (5000, "ok")):
        usage = SimpleNamespace(free=free * 1024 * 1024, total=free * 1024 * 1024)
        monkeypatch.setattr(shutil, "disk_usage", lambda _, usage=usage: usage)
        assert told(sound)["disk"].state == state
    monkeypatch.setattr(machine, "_file_system_of", lambda _: "nfs4")
    found = told(sound)["processes"]
    assert (found.state, "lies on nfs4" in found.found) == ("fail", True)


def test_what_gives_an_image_its_commit_is_the_argument_that_the_dockerfile_has(
    sound: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHOPCTL_COMMIT", raising=False)
    monkeypatch.setattr(shopctl.build, "checkout", lambda: None)
    found = told(sound)["version"]
    (argument,) = re.findall(r"--build-arg (\w+)=", found.remedy)
    assert f"\nARG {argument}=\n" in (ROOT / "deploy" / "Dockerfile").read_text()
    assert f"{argument}: ${{{argument}:-}}\n" in (ROOT / "compose.yaml").read_text()
    assert found.remedy.startswith(f"{argument}=")


def test_a_clone_that_was_changed_is_no_build(
    sound: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = tmp_path / "clone"
    subprocess.run(["git", "init", "--quiet", str(clone)], check=True)
    monkeypatch.setattr(machine, "checkout", lambda: clone)
    assert told(sound)["build"].found == "a clone without changes"
    (clone / "new.py").write_text("")
    found = told(sound)["build"]
    assert (found.state, "1 changed file:" in found.found) == ("warn", True)
    monkeypatch.setattr(machine, "checkout", lambda: None)
    assert told(sound)["build"].found == "an installed package"


@pytest.mark.parametrize(
    ("declared", "broken"),
    [
        ("sqlalchemy>=2.1", []),
        ("granian[reload]>=2.7.4; extra == 'granian'", []),
        ("nowhere-to-be-found>=1; extra == 'x'", []),
        ("nowhere-to-be-found>=1", ["nowhere-to-be-found is not installed"]),
        ("pytest>=9999.1", [f"pytest is {pytest.__version__}, and 9999.1 or newer is wanted"]),
        ("pytest @ file:///x", ["pytest @ file:///x is declared in a form that is not known here"]),
    ],
)
def test_what_is_installed_is_what_is_declared(declared: str, broken: list[str]) -> None:
    assert broken_requirements([declared]) == broken


def test_the_command_tells_the_worst_first_and_exits_with_1_where_something_fails(
    shopctl: Shopctl, sound: dict[str, str]
) -> None:
    good = shopctl("doctor", **sound)
    assert (good.code, good.err) == (0, "")
    assert "✗" not in good.out
    assert "  ✓ 12  schema: " in good.out
    assert good.out.splitlines()[-1].startswith("  0 failed, ")
    bad = shopctl("doctor", **sound, SHOP_ITEMS_ACCESS="open", SHOP_PUBLIC_URL="https://shop.example")
    assert (bad.code, bad.err) == (1, "")
    first, second = bad.out.splitlines()[:2]
    assert first == "  ✗  3  /items: open: whoever reaches the API may change the stock"
    assert second.startswith("  › SHOP_ITEMS_ACCESS=staff")


def test_as_json_it_is_one_document(shopctl: Shopctl, sound: dict[str, str]) -> None:
    good = shopctl("doctor", "--json", **sound)
    checks = json.loads(good.out)["checks"]
    assert good.code == 0
    assert len(checks) == len(CHECKS)
    assert all(list(one) == ["factor", "name", "state", "found", "remedy"] for one in checks)
    assert shopctl("doctor", "--json", **{**sound, "DATABASE_URL": AWAY}).code == 1


@pytest.mark.parametrize(
    "environ", [{}, {"DATABASE_URL": AWAY}, {"SHOP_X": "1", "PORT": "x", "DATABASE_URL": "\x1b[31m"}]
)
def test_with_nothing_at_hand_it_still_tells_everything(shopctl: Shopctl, environ: dict[str, str]) -> None:
    bad = shopctl("doctor", **environ)
    assert (bad.code, bad.err) == (1, "")
    assert "\x1b" not in bad.out
    assert len([line for line in bad.out.splitlines() if line[2:3] in "✓!✗"]) == len(CHECKS)
    assert list(shopctl.directory.iterdir()) == [], "It looks, and changes nothing."
