"""migrate, seed, audit, staff and api-keys, on both databases."""

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from shopapi.db.engine import open_database
from shopapi.db.schema import steps
from shopctl.seeds import demo
from tests.cli.conftest import Shopctl
from tests.cli.test_commands import SECRET_KEY

PASSWORD = "seven brave otters dance"


def test_migrate_says_what_it_did_and_check_whether_there_is_something_to_do(shopctl: Shopctl) -> None:
    missing = shopctl("migrate", "--check")
    assert missing.code == 1
    assert "shopctl migrate" in missing.err
    assert not (shopctl.directory / "shop.db").exists()
    first = shopctl("migrate", "--json")
    assert first.code == 0
    assert json.loads(first.out)["applied"] == [step.version for step in steps()]
    assert json.loads(shopctl("migrate", "--json").out) == {"applied": [], "current": steps()[-1].version}
    assert shopctl("migrate", "--check").code == 0
    assert json.loads(shopctl("migrate", "--check", "--json").out)["is_current"] is True
    assert (shopctl.directory / "shop.db").stat().st_mode & 0o777 == 0o600


def test_migrate_status_lists_the_steps(shop: Shopctl) -> None:
    told = shop("migrate", "status")
    assert "0001" in told.out
    assert "✓ applied" in told.out
    steps = json.loads(shop("migrate", "status", "--json").out)["steps"]
    assert steps[0]["version"] == "0001"
    assert steps[0]["applied"]


@pytest.mark.parametrize("args", [["seed"], ["audit"], ["staff", "list"], ["api-keys", "list"]])
def test_a_database_that_is_not_there_is_told_with_the_remedy(shopctl: Shopctl, args: list[str]) -> None:
    told = shopctl(*args)
    assert told.code == 1
    assert told.err == "  ✗ There is no database at shop.db.\n  › shopctl migrate\n"
    assert not (shopctl.directory / "shop.db").exists()


@pytest.mark.parametrize("args", [["seed"], ["audit"], ["staff", "list"]])
def test_a_database_that_is_not_migrated_is_told_with_the_remedy(
    shopctl: Shopctl, empty_postgresql_url: str, args: list[str]
) -> None:
    told = shopctl(*args, DATABASE_URL=empty_postgresql_url.replace("+psycopg2", ""))
    assert told.code == 1
    assert told.err == "  ✗ The database is not migrated.\n  › shopctl migrate\n"


@pytest.mark.parametrize("args", [["seed"], ["migrate"], ["migrate", "--check"], ["audit", "--json"]])
def test_a_database_that_cannot_be_reached_is_one_message_without_its_password(
    shopctl: Shopctl, args: list[str]
) -> None:
    told = shopctl(*args, DATABASE_URL="postgresql://shop:s3cr3t-pw@127.0.0.1:1/shop")
    assert (told.code, told.out) == (1, "")
    assert "The database cannot be reached" in told.err
    assert "shopctl config" in told.err
    assert len(told.err.splitlines()) == 2
    assert "s3cr3t-pw" not in told.err


def test_a_file_that_is_no_database_is_one_message(shopctl: Shopctl) -> None:
    (shopctl.directory / "shop.db").write_text("this is no database, and long enough to be read as one" * 20)
    for args in (["seed"], ["migrate"], ["audit"], ["migrate", "--check"]):
        told = shopctl(*args)
        assert (told.code, told.out) == (1, "")
        assert "not migrated" not in told.err


def test_a_database_that_another_process_has_locked_is_told_so(shopctl: Shopctl, sqlite_url: str) -> None:
    db = open_database(sqlite_url)
    try:
        with db.writing():
            told = shopctl("seed", DATABASE_URL=sqlite_url)
    finally:
        db.close()
    assert told.code == 1
    assert "locked" in told.err


def test_seed_fills_an_empty_shop_once(shop: Shopctl) -> None:
    first = json.loads(shop("seed", "--json").out)
    assert first["demo_products_added"] == first["products"] == len(demo.products(datetime.now(UTC)))
    assert first["owner_email"] == "owner@shop.example"
    assert len(first["owner_password"]) >= 12
    again = json.loads(shop("seed", "--json").out)
    assert again == {
        "demo_products_added": 0,
        "made_up_products_added": 0,
        "products": first["products"],
        "owner_email": None,
        "owner_password": None,
        "refused": [],
    }
    assert shop("seed").out == "  ✓ no product added: the shop has 63 products\n"


def test_seed_says_what_it_added(shop: Shopctl) -> None:
    told = shop("seed", "--products", "7")
    assert told.err == ""
    assert told.out.startswith("  ✓ 63 products added\n  ✓ 7 made-up products added\n  ✓ owner owner@shop.example, ")
    assert shop("seed", "--products", "8").out == "  ✓ 1 made-up product added\n"


def test_an_empty_profile_makes_no_more_than_an_owner(shop: Shopctl) -> None:
    told = shop("seed", "--profile", "empty")
    assert told.out.startswith("  ✓ no product added: the shop has 0 products\n  ✓ owner owner@shop.example, ")


def test_a_seed_without_an_owner_prints_no_password_and_says_how_to_make_one(shop: Shopctl) -> None:
    told = shop("seed", "--no-owner")
    assert (told.code, told.err) == (0, "")
    assert told.out == "  ✓ 63 products added\n  › shopctl staff create EMAIL --name NAME --role owner\n"
    assert json.loads(shop("staff", "list", "--json").out)["data"] == []
    again = json.loads(shop("seed", "--no-owner", "--json").out)
    assert (again["owner_email"], again["owner_password"]) == (None, None)
    assert "owner owner@shop.example, password" in shop("seed").out
    assert "staff create" not in shop("seed", "--no-owner").out, "There is an owner now."


@pytest.mark.parametrize("args", [["--profile", "nope"], ["--products", "-1"], ["--products", "1000000"]])
def test_seed_refuses_what_it_cannot_do(shopctl: Shopctl, args: list[str]) -> None:
    told = shopctl("seed", *args)
    assert (told.code, told.out) == (2, "")
    assert args[0] in told.err


def test_audit_passes_on_good_books(shop: Shopctl) -> None:
    shop("seed")
    told = shop("audit")
    assert told.code == 0
    assert "checks passed" in told.out
    report = json.loads(shop("audit", "--json").out)
    assert report["failed"] == 0
    assert report["passed"] == len(report["checks"]) > 0


@pytest.mark.spoils_the_books
def test_audit_names_what_does_not_agree_and_exits_with_1(shop: Shopctl) -> None:
    shop("seed")
    db = open_database(_url(shop))
    with db.writing() as c:
        c.execute(text("UPDATE stock_level SET on_hand = on_hand + 7 WHERE on_hand = 64"))
    db.close()
    told = shop("audit")
    assert told.code == 1
    assert "  ✗ " in told.out
    assert " failed" in told.out.splitlines()[-1]
    report = json.loads(shop("audit", "--json").out)
    assert report["failed"] == sum(bool(check["findings"]) for check in report["checks"]) > 0
    assert shop("audit", "--json").code == 1


def test_staff_are_created_listed_disabled_and_given_passwords(shop: Shopctl) -> None:
    shop("seed")
    file = shop.directory / "password"
    file.write_text(f"{PASSWORD}\n")
    create = ["staff", "create", "mara@shop.example", "--name", "Mara \x9b31mLindt", "--role", "clerk"]
    assert shop(*create, "--password-file", str(file)).code == 2
    create[4] = "Mara Lindt"
    made = shop(*create, "--password-file", str(file), "--json")
    assert json.loads(made.out)["role"] == "clerk"
    twice = shop(*create, "--password-file", "-", stdin=PASSWORD)
    assert twice.code == 1
    assert "already" in twice.err
    listed = json.loads(shop("staff", "list", "--json").out)["data"]
    assert [one["email"] for one in listed] == ["mara@shop.example", "owner@shop.example"]
    table = shop("staff", "list").out
    assert "Mara Lindt" in table
    assert all(len(line) <= 80 for line in table.splitlines())
    assert shop("staff", "disable", "mara@shop.example").code == 0
    assert "✗ disabled" in shop("staff", "list").out
    reset = json.loads(shop("staff", "reset-password", "owner@shop.example", "--json").out)
    assert len(reset["password"]) >= 12
    by_file = shop("staff", "reset-password", "owner@shop.example", "--password-file", str(file))
    assert by_file.code == 0
    assert PASSWORD not in by_file.out


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # What is told is the same on both.
@pytest.mark.parametrize(
    ("args", "stdin", "words"),
    [
        (["staff", "disable", "nobody@shop.example"], "", "nobody@shop.example"),
        (["staff", "disable", "owner@shop.example"], "", "last owner"),
        (["staff", "reset-password", "nobody@shop.example"], "", "nobody@shop.example"),
        (["staff", "reset-password", "owner@shop.example", "--password-file", "-"], "passwordpassword", "guess"),
        (["api-keys", "revoke", "key_nope"], "", ""),
        (["api-keys", "create", "x", "--permission", "stock:read", "--for", "nobody@shop.example"], "", "No member"),
    ],
)
def test_what_cannot_be_done_is_told_and_exits_with_1(shop: Shopctl, args: list[str], stdin: str, words: str) -> None:
    shop("seed")
    told = shop(*args, stdin=stdin)
    assert (told.code, told.out) == (1, "")
    assert words in told.err
    assert told.err.startswith("  ✗ ")


def test_api_keys_are_made_listed_and_revoked(shop: Shopctl) -> None:
    shop("seed")
    made = json.loads(shop("api-keys", "create", "scanner", "--permission", "stock:read", "--json").out)
    assert made["secret"].startswith("shk_live_")
    assert made["key"]["permissions"] == ["stock:read"]
    shown = shop("api-keys", "create", "till", "--permission", "stock:read", "--permission", "stock:write")
    assert "shk_live_" in shown.out
    assert "shown once" in shown.out
    assert shop("api-keys", "revoke", made["key"]["id"]).code == 0
    listed = json.loads(shop("api-keys", "list", "--json").out)["data"]
    assert [(one["name"], one["revoked_at"] is None) for one in listed] == [("till", True), ("scanner", False)]
    table = shop("api-keys", "list").out
    assert made["secret"] not in table
    assert "✗ revoked" in table
    assert all(len(line) <= 80 for line in table.splitlines())


def test_a_key_needs_somebody_whose_it_is(shop: Shopctl) -> None:
    told = shop("api-keys", "create", "scanner", "--permission", "stock:read")
    assert told.code == 1
    assert "shopctl seed" in told.err


def test_what_the_shop_says_cannot_steer_the_terminal(shop: Shopctl) -> None:
    shop("seed")
    db = open_database(_url(shop))
    with db.writing() as c:
        c.execute(text("UPDATE staff SET name = :name"), {"name": "\x1b]0;owned\x07\u202eMara"})
    db.close()
    told = shop("staff", "list")
    assert "owned" in told.out
    assert not set(told.out) & {"\x1b", "\x07", "\u202e"}


def _url(shop: Shopctl) -> str:
    return shop.environment["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg2://")


def test_migrate_and_seed_need_no_secret_key(shopctl: Shopctl) -> None:
    assert shopctl("migrate").code == 0
    assert shopctl("seed").code == 0
    assert SECRET_KEY not in (shopctl.directory / "shop.db").read_text(errors="replace")
