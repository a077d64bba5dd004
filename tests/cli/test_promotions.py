"""``shopctl promotions``: what is typed becomes what counts, and what cannot be is told in one sentence."""

import json
from typing import Any

import pytest

from shopapi.db.engine import Database
from tests import factories
from tests.cli.conftest import Shopctl

NAMES = ["--name-de", "Herbst", "--name-en", "Autumn"]


def added(shop: Shopctl, *args: str) -> dict[str, Any]:
    told = shop("promotions", "add", *NAMES, *args, "--json")
    assert told.code == 0, told.err
    answer: dict[str, Any] = json.loads(told.out)
    return answer


def listed(shop: Shopctl, *args: str) -> list[dict[str, Any]]:
    answer: list[dict[str, Any]] = json.loads(shop("promotions", "list", "--json", *args).out)["data"]
    return answer


def test_a_code_with_every_condition(shop: Shopctl) -> None:
    limits = ["--min-subtotal", "50.00", "--max-uses", "100", "--max-uses-per-customer", "1", "--exclusive"]
    window = ["--from", "2026-07-01", "--until", "2098-12-31"]
    made = added(shop, "--percent", "12.5", "--code", "herbst 10", *limits, *window)
    assert made["id"].startswith("promo_")
    assert made == {
        "id": made["id"],
        "names": {"de": "Herbst", "en": "Autumn"},
        "state": "running",
        "kind": "percent",
        "value": 1250,
        "currency": "EUR",
        "scope": "order",
        "target": None,
        "exclusive": True,
        "min_subtotal": 5000,
        # Midnight in Berlin, in summer and in winter; the last day is part of it.
        "starts_at": "2026-06-30T22:00:00Z",
        "ends_at": "2098-12-31T23:00:00Z",
        "code": "HERBST10",
        "used": 0,
        "max_uses": 100,
        "max_uses_per_customer": 1,
    }
    assert listed(shop) == [made]


def test_amounts_and_free_delivery_on_what_is_named(shop: Shopctl, database: Database) -> None:
    factories.save(database, factories.goods("Becher"))
    database.write(lambda c: factories.category(c, "Geschirr"))
    five = added(shop, "--amount", "5,00", "--product", "becher")
    free = added(shop, "--free-shipping", "--category", "geschirr")
    assert [five[one] for one in ("kind", "value", "scope", "target")] == ["amount", 500, "product", "becher"]
    assert [free[one] for one in ("kind", "value", "scope", "target")] == ["free_shipping", 0, "category", "geschirr"]
    out = shop("promotions", "list").out
    assert "€5.00 off" in out
    assert "free delivery" in out


def test_words_say_what_was_made(shop: Shopctl) -> None:
    told = shop("promotions", "add", *NAMES, "--percent", "10%", "--code", "HERBST10", "--min-subtotal", "50")
    assert (told.code, told.err) == (0, "")
    assert "10% off the order (Autumn)" in told.out
    assert "from €50.00 of goods" in told.out


def test_the_list_names_what_runs_and_with_all_what_ended(shop: Shopctl) -> None:
    empty = shop("promotions", "list")
    assert (empty.code, "shopctl promotions add" in empty.out) == (0, True)
    kept, gone = added(shop, "--percent", "10", "--code", "KEPT"), added(shop, "--percent", "20", "--code", "GONE")
    told = shop("promotions", "end", "go-ne")
    assert (told.code, "is over" in told.out) == (0, True)
    assert [one["id"] for one in listed(shop)] == [kept["id"]]
    assert [one["id"] for one in listed(shop, "--all")] == [gone["id"], kept["id"]]
    out = shop("promotions", "list", "--all").out
    assert "✓ runs" in out
    assert "✗ ended" in out


def test_to_end_twice_is_no_failure_and_says_so(shop: Shopctl) -> None:
    made = added(shop, "--percent", "10")
    first = json.loads(shop("promotions", "end", made["id"], "--json").out)
    again = shop("promotions", "end", made["id"])
    assert (first["state"], again.code) == ("ended", 0)
    assert "was over already" in again.out


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ([], "What does the promotion do?"),
        (["--percent", "10", "--free-shipping"], "A promotion does one thing."),
        (["--percent", "0"], '--percent: "0" is not from 0.01 to 100.'),
        (["--percent", "100.5"], '--percent: "100.5" is not from 0.01 to 100.'),
        (["--percent", "1.234"], '--percent: "1.234" is not from 0.01 to 100.'),
        (["--percent", "ten"], '--percent: "ten" is not a number.'),
        (["--percent", "-5"], '--percent: "-5" is less than zero.'),
        (["--percent", "1e1"], '--percent: "1e1" is not a number.'),
        (["--amount", "0.00"], '--amount: "0.00" takes nothing off.'),
        (["--amount", "5.005"], '--amount: "5.005" has more than two decimals.'),
        (["--amount", "99999999999"], '--amount: "99999999999" is more than a price may be.'),
        (["--percent", "10", "--min-subtotal", "x"], '--min-subtotal: "x" is not a number.'),
        (["--percent", "10", "--code", "10 %"], '--code: "10 %" is no code.'),
        (["--percent", "10", "--code", ""], '--code: "" is no code.'),
        (["--percent", "10", "--code", "A" * 65], "is no code."),
        (["--percent", "10", "--from", "tomorrow"], '--from: "tomorrow" is no day.'),
        (["--percent", "10", "--from", "2026-02-30"], '--from: "2026-02-30" is no day.'),
        (["--percent", "10", "--until", "9999-12-31"], "--until: 9999-12-31 is not from the years 2000 to 9998."),
        (["--percent", "10", "--until", "2020-01-01"], "--until: 2020-01-01 is over already."),
        (["--percent", "10", "--from", "2090-01-02", "--until", "2090-01-01"], "--until: 2090-01-01 is before --from."),
        (["--percent", "10", "--category", "a", "--product", "b"], "on a category or on a product, not on both"),
        (["--percent", "10", "--max-uses", "0"], "--max-uses"),
        (["--percent", "10", "--name-de", "\u200b"], "--name-de has 1 to 200 characters"),
    ],
)
def test_wrong_usage_names_the_option_and_its_value_and_makes_nothing(
    sqlite_url: str, shopctl: Shopctl, args: list[str], words: str
) -> None:
    shopctl.environment["DATABASE_URL"] = sqlite_url
    told = shopctl("promotions", "add", *NAMES, *args)
    assert (told.code, told.out) == (2, "")
    assert words in told.err
    assert listed(shopctl, "--all") == []


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["add", *NAMES, "--percent", "10", "--code", "her-bst"], "Another promotion has, or had, the code HERBST."),
        (["add", *NAMES, "--percent", "10", "--category", "nowhere"], 'No category has the slug "nowhere".'),
        (["add", *NAMES, "--percent", "10", "--product", "nothing"], 'No product has the slug "nothing".'),
        (["end", "NOSUCH"], 'No promotion has the id or code "NOSUCH".'),
        (["end", "promo_\x1b[31m"], 'No promotion has the id or code "promo_\ufffd[31m".'),
    ],
)
def test_what_fails_says_why_and_exits_with_1(shop: Shopctl, args: list[str], words: str) -> None:
    added(shop, "--percent", "10", "--code", "HERBST")
    told = shop("promotions", *args)
    assert (told.code, told.out) == (1, "")
    assert words in told.err
    assert len(listed(shop, "--all")) == 1


def test_without_a_database_it_says_what_to_do(shopctl: Shopctl) -> None:
    told = shopctl("promotions", "list")
    assert told.code == 1
    assert "shopctl migrate" in told.err
