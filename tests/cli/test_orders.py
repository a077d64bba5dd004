"""``shopctl orders``: what the back office does with an order, from a terminal, with the same refusals."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection, select

from shopapi.contract.carts import Discount
from shopapi.contract.catalog import Money
from shopapi.contract.orders import AdminOrder, SettleInput, Withdrawal, WithdrawalInput
from shopapi.db.engine import Database
from shopapi.inventory.tables import stock_level
from shopapi.invoices.issue import issue_credit_note
from shopapi.orders.withdraw import settle_withdrawal, withdraw
from shopapi.payments.tables import payment_attempt
from shopctl.commands import order_words
from tests.cli.conftest import Shopctl
from tests.events.orders import order
from tests.invoices import sold
from tests.processes import ShopProcess
from tests.sandbox.conftest import SECRET, charge, client_at, standing_receiver, standing_sandbox

__all__ = ["standing_receiver", "standing_sandbox"]
TOTAL = 2 * 1850 + sold.SHIPPING


def placed(db: Database, *, provider: str = "manual", paid: bool = False, name: str = "Anna Weber") -> str:
    """An order of two units, and its number."""
    variant_id = sold.goods(db)

    def change(c: Connection) -> str:
        number = sold.place(c, variant_id, provider=provider, name=name)
        if paid:
            sold.pay(c, number)
        return number

    return db.write(change)


def shown(shop: Shopctl, number: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(shop("orders", "show", number, "--json").out)
    return answer


def charged(db: Database, number: str, sandbox: ShopProcess, token: str = "tok_ok") -> dict[str, Any]:
    """The order's money, charged at the sandbox under the key that the shop wrote down."""
    with db.reading() as c, client_at(sandbox) as client:
        key = c.execute(select(payment_attempt.c.provider_key).order_by(payment_attempt.c.id.desc()).limit(1))
        return charge(client, f"{key.scalar_one()}", token, amount=TOTAL, order_number=number)


def at(sandbox: ShopProcess) -> dict[str, str]:
    return {"SHOP_SANDBOX_URL": sandbox.url, "SHOP_SANDBOX_SECRET": SECRET}


def test_the_list_shows_who_owes_what_and_what_has_left(shop: Shopctl, database: Database) -> None:
    waiting = placed(database, name="Öykü Weber")
    paid = placed(database, paid=True)
    told = shop("orders", "list")
    assert (told.code, told.err) == (0, "")
    heads, _rule, first, second, next_step = told.out.splitlines()
    assert heads.split() == ["number", "placed", "customer", "total", "payment", "shipping"]
    assert [first.split()[0], second.split()[0]] == [paid, waiting]
    assert first.endswith("€41.90  captured  ○ not yet")
    assert "Öykü Weber" in second
    assert second.endswith("€41.90  pending   ○ not yet")
    assert next_step == f"  › shopctl orders show {paid}"


def test_the_list_can_be_narrowed_and_says_what_it_leaves_out(shop: Shopctl, database: Database) -> None:
    waiting, paid = placed(database), placed(database, paid=True)

    def numbers(*args: str) -> list[str]:
        told = shop("orders", "list", "--json", *args)
        assert (told.code, told.err) == (0, ""), told.err
        return [one["number"] for one in json.loads(told.out)["data"]]

    assert numbers() == [paid, waiting]
    assert numbers("--state", "placed") == numbers("--view", "to_pay") == [waiting]
    assert numbers("--view", "to_ship") == [paid]
    assert numbers("--q", waiting.lower()) == [waiting]
    assert numbers("--from", "2098-01-01") == []
    assert numbers("--to", "2020-01-01") == []
    assert numbers("--from", "0001-01-01", "--to", "9999-12-31") == [paid, waiting]
    assert json.loads(shop("orders", "list", "--json").out)["views"]["to_ship"] == 1
    assert "1 of 2: --limit shows more" in shop("orders", "list", "--limit", "1").out


def test_one_order_shows_its_lines_sums_payment_and_timeline(shop: Shopctl, database: Database) -> None:
    number = placed(database, paid=True)
    told = shop("orders", "show", f" {number.lower()} ")
    assert (told.code, told.err) == (0, "")
    for words in (
        f"{number}  confirmed, captured, ○ not yet",
        "Anna Weber  anna@kundin.example",
        "Karl-Heine-Straße 12, 04229 Leipzig, DE",
        "delivery (DHL Paket)",
        "manual: €41.90 of €41.90 paid",
        f"› shopctl orders ship {number}",
    ):
        assert words in told.out
    assert [one["kind"] for one in shown(shop, number)["order"]["events"]] == ["placed", "paid"]


def test_a_withdrawal_is_marked_in_the_list_and_shown_with_its_order(shop: Shopctl, database: Database) -> None:
    number = placed(database, paid=True)
    for email in ("anna@kundin.example", "eve@elsewhere.example"):
        with database.writing() as c:
            withdraw(c, WithdrawalInput("Anna Weber", number, email), "de")
    other = placed(database)
    rows = shop("orders", "list").out.splitlines()
    assert next(row for row in rows if number in row).endswith("○ not yet, ! withdrawn")
    assert not [row for row in rows if other in row and "withdrawn" in row]
    told = shop("orders", "show", number)
    assert (told.code, told.err) == (0, "")
    mine, theirs = [line for line in told.out.splitlines() if "! withdrawn by Anna Weber" in line]
    assert "anna@kundin.example" in mine
    assert "not confirmed" not in mine
    assert "eve@elsewhere.example" in theirs
    assert theirs.endswith(f', naming "{number}", not confirmed: another e-mail address than in the order')
    assert f"› shopctl orders cancel {number}" in told.out
    with database.writing() as c:
        withdraw(c, WithdrawalInput("Anna Weber", other, "eve@elsewhere.example"), "de")
    told = shop("orders", "show", other)
    assert "orders cancel" not in told.out, "A stranger's word ends nobody's order."
    assert "not confirmed" in told.out.partition("withdrawn by")[2].partition("withdrawn")[2], "In the timeline too."
    assert "› ask anna@kundin.example first whether the withdrawal is meant" in told.out
    refused = shop("orders", "ship", number)
    assert refused.code == 1
    assert "Its customer has withdrawn. Cancel the order, or settle the withdrawal first." in refused.err
    shop("orders", "cancel", number)
    told = shop("orders", "show", number)
    assert "withdrawn by Anna Weber" in told.out
    assert "! withdrawn" not in told.out, "Nothing is left to do."
    first, second = (one["id"] for one in shown(shop, number)["withdrawals"])
    with database.writing() as c:
        settle_withdrawal(c, number, SettleInput(first, "done", now_certain=True), actor="shop")
        settle_withdrawal(c, number, SettleInput(second, "not_meant", now_certain=False), actor="shop")
    told = shop("orders", "show", number)
    for words in (", settled: done, ", ", settled: not meant, ", "withdrawal settled: done", "withdrawal settled: not"):
        assert words in told.out
    assert not [row for row in shop("orders", "list").out.splitlines() if number in row and "withdrawn" in row]


def test_what_somebody_unconfirmed_withdrew_from_leaves_only_when_that_is_said(
    shop: Shopctl, database: Database
) -> None:
    number = placed(database, paid=True)
    with database.writing() as c:
        withdraw(c, WithdrawalInput("Eve", number, "eve@elsewhere.example"), "de")
    told = shop("orders", "ship", number)
    assert (told.code, told.out) == (1, "")
    assert told.err.startswith("  ✗ withdrawn by Eve, eve@elsewhere.example, ")
    assert "Nobody knows yet whether it is meant. Nothing has left." in told.err
    assert "› ask anna@kundin.example first, or ship with --despite-withdrawal" in told.err
    assert shown(shop, number)["order"]["shipping_state"] == "unshipped"
    with database.reading() as c:
        assert c.execute(select(stock_level.c.on_hand, stock_level.c.reserved)).one() == (5000, 2)
    told = shop("orders", "ship", number, "--despite-withdrawal")
    assert (told.code, told.out, told.err) == (0, f"  ✓ {number}  has left\n", "")
    again = shop("orders", "ship", number)
    assert "closed and shipped cannot be shipped" in again.err, "What the shop refuses anyway is told first."


def test_a_withdrawal_from_a_part_stands_word_for_word_and_does_not_end_the_order(
    shop: Shopctl, database: Database
) -> None:
    number = placed(database, paid=True)
    with database.writing() as c:
        withdraw(c, WithdrawalInput("Anna Weber", f"{number}, nur das Olivenöl", "anna@kundin.example"), "de")
    told = shop("orders", "show", number).out
    assert f', naming "{number}, nur das Olivenöl"\n' in told
    assert "orders cancel" not in told
    assert f"› read what is withdrawn from: shopctl orders refund {number} --amount AMOUNT for a part" in told
    refused = shop("orders", "ship", number, "--despite-withdrawal")
    assert (refused.code, refused.out) == (1, "")
    assert "Its customer has withdrawn." in refused.err


def test_the_orders_own_number_in_any_shape_is_no_part_of_it_and_nothing_paid_is_not_refunded() -> None:
    own = Withdrawal("wdr_1", "Anna", "7k4m2a", "a@kundin.example", datetime.now(UTC), certain=True)
    told = AdminOrder(order(can_cancel=True), [], [own])
    assert order_words.next_step(told) == "shopctl orders cancel TT-7K4M2A"
    for words in ("TT-222222", "TT-7K4M2A, the oil"):
        free = replace(told, withdrawals=[replace(own, order_number=words)])
        all_of_it = "read what is withdrawn from, and cancel for all of it: shopctl orders cancel TT-7K4M2A"
        assert order_words.next_step(free) == all_of_it


def test_the_timeline_names_amounts_and_papers(shop: Shopctl, database: Database) -> None:
    number = placed(database, paid=True)
    database.write(sold.say_who_sells)
    assert shop("orders", "refund", number, "--amount", "5.00", "--reason", "a scratch").code == 0
    refund_id = shown(shop, number)["payments"][0]["refunds"][0]["id"]
    credit_note = issue_credit_note(database, number, refund_id)
    assert credit_note
    rows = [" ".join(row.split()) for row in shop("orders", "show", number).out.splitlines()]
    assert [row for row in rows if row.endswith(" refunded shopctl €5.00, a scratch")]
    (paper,) = [row for row in rows if " credit note written " in row]
    assert paper.endswith(f" {credit_note.number}")
    (invoiced,) = [row for row in rows if " invoice written " in row]
    assert invoiced.rpartition(" ")[2].startswith("R")


def test_a_code_for_free_delivery_is_named_where_it_took_the_price_away() -> None:
    free = Discount("Versand frei", "PORTOFREI", Money(0, "EUR"), free_shipping=True)
    tenth = Discount("Herbst", "HERBST10", Money(1000, "EUR"), free_shipping=False)
    rows = order_words.sums(replace(order(), discounts=[tenth, free], discount=Money(1000, "EUR")))
    assert [row for row in rows if row[0].startswith("d")] == [
        ("discount (HERBST10)", "-€10.00"),
        ("delivery (DHL Paket, PORTOFREI)", "€0.00"),
    ]


def test_a_transfer_is_noted_once(shop: Shopctl, database: Database) -> None:
    number = placed(database)
    told = shop("orders", "pay", number, "--reference", "SEPA 4711")
    assert (told.code, told.err) == (0, "")
    assert f"{number}  is paid, €41.90" in told.out
    order = shown(shop, number)
    assert order["order"]["state"] == "confirmed"
    assert order["payments"][0]["attempts"][0]["reference"].endswith("SEPA 4711")
    assert order["order"]["events"][-1]["actor"] == "shopctl"
    again = shop("orders", "pay", number)
    assert (again.code, again.out) == (1, "")
    assert "The money has been noted already." in again.err


def test_a_paid_order_leaves_and_its_units_with_it(shop: Shopctl, database: Database) -> None:
    number = placed(database, paid=True)
    told = shop("orders", "ship", number, "--carrier", "DHL", "--tracking", "0034", "--json")
    assert told.code == 0, told.err
    answer = json.loads(told.out)
    assert [answer["order"]["state"], answer["order"]["shipping_state"]] == ["closed", "shipped"]
    assert [answer["order"]["shipments"][0][one] for one in ("carrier", "tracking")] == ["DHL", "0034"]
    assert shop("orders", "list").out.splitlines()[2].endswith("● shipped")
    with database.reading() as c:
        assert c.execute(select(stock_level.c.on_hand, stock_level.c.reserved)).one() == (4998, 0)
    again = shop("orders", "ship", number)
    assert again.code == 1
    assert "closed and shipped cannot be shipped" in again.err


def test_what_is_not_paid_does_not_leave(shop: Shopctl, database: Database) -> None:
    number = placed(database)
    told = shop("orders", "ship", number)
    assert (told.code, told.out) == (1, "")
    assert "placed and unshipped cannot be shipped" in told.err
    assert shown(shop, number)["order"]["shipments"] == []


def test_a_cancelled_order_frees_its_goods_and_says_what_to_transfer(shop: Shopctl, database: Database) -> None:
    waiting, paid = placed(database), placed(database, paid=True)
    told = shop("orders", "cancel", waiting, "--reason", "by phone")
    assert (told.code, told.out) == (0, f"  ✓ {waiting}  is cancelled\n")
    told = shop("orders", "cancel", paid)
    assert told.code == 0, told.err
    assert "€41.90 noted as given back" in told.out
    assert "› transfer €41.90 to Anna Weber" in told.out
    assert shown(shop, paid)["payments"][0]["state"] == "refunded"
    with database.reading() as c:
        assert c.execute(select(stock_level.c.reserved)).scalars().all() == [0, 0]
    again = shop("orders", "cancel", waiting)
    assert (again.code, again.out) == (1, "")
    assert "is cancelled, so it cannot be cancelled" in again.err


def test_money_goes_back_in_parts_and_never_more_than_came(shop: Shopctl, database: Database) -> None:
    number = placed(database, paid=True)
    told = shop("orders", "refund", number, "--amount", "5,00", "--reason", "a scratch")
    assert (told.code, told.err) == (0, "")
    assert f"{number}  €5.00 noted as given back" in told.out
    too_much = shop("orders", "refund", number, "--amount", "36.91")
    assert (too_much.code, too_much.out) == (1, "")
    assert f"€36.90 of {number} is left to give back, not €36.91." in too_much.err
    assert shop("orders", "refund", number).code == 0
    payment = shown(shop, number)["payments"][0]
    assert [one["amount"]["amount"] for one in payment["refunds"]] == [500, 3690]
    assert payment["refunds"][0]["reason"] == "a scratch"
    assert payment["state"] == "refunded"
    assert f"› shopctl orders cancel {number}" in shop("orders", "show", number).out
    nothing = shop("orders", "refund", number)
    assert nothing.code == 1
    assert "Nothing of" in nothing.err


def test_a_provider_gives_back_what_it_took(shop: Shopctl, database: Database, standing_sandbox: ShopProcess) -> None:
    number = placed(database, provider="sandbox")
    taken = charged(database, number, standing_sandbox)
    database.write(lambda c: sold.pay(c, number))
    told = shop("orders", "refund", number, "--amount", "5.00", **at(standing_sandbox))
    assert (told.code, told.out) == (0, f"  ✓ {number}  €5.00 given back by sandbox\n")
    told = shop("orders", "cancel", number, **at(standing_sandbox))
    assert (told.code, "€36.90 given back by sandbox" in told.out) == (0, True)
    with client_at(standing_sandbox) as client:
        assert client.get(f"/charges/{taken['key']}").json()["refunded"] == TOTAL


def test_what_only_a_provider_that_is_not_set_can_give_back_is_left_alone(shop: Shopctl, database: Database) -> None:
    number = placed(database, provider="sandbox", paid=True)
    for deed in ("refund", "cancel"):
        told = shop("orders", deed, number)
        assert (told.code, told.out) == (2, "")
        assert "Only sandbox can give back" in told.err
        assert "SHOP_SANDBOX_URL is not set here" in told.err
    seen = shown(shop, number)
    assert (seen["order"]["state"], seen["payments"][0]["refunds"]) == ("confirmed", [])


def test_a_charge_that_may_have_happened_is_called_off_or_nothing_is_done(
    shop: Shopctl, database: Database, standing_sandbox: ShopProcess
) -> None:
    number = placed(database, provider="sandbox")
    told = shop("orders", "cancel", number)
    assert (told.code, told.out) == (1, "")
    assert "only sandbox can say" in told.err
    assert shown(shop, number)["order"]["state"] == "placed"
    told = shop("orders", "cancel", number, **at(standing_sandbox))
    assert (told.code, told.out) == (0, f"  ✓ {number}  is cancelled\n")
    order = shown(shop, number)
    assert [order["order"]["state"], order["payments"][0]["state"]] == ["cancelled", "cancelled"]
    with client_at(standing_sandbox) as client:
        assert client.get(f"/charges/key-{number}").json()["state"] == "cancelled"


def test_what_was_charged_wrongly_is_told_once_it_went_back(
    shop: Shopctl, database: Database, standing_sandbox: ShopProcess
) -> None:
    number = placed(database, provider="sandbox")
    charged(database, number, standing_sandbox, "tok_wrong_amount")
    assert shop("orders", "cancel", number, **at(standing_sandbox)).code == 0
    told = shop("orders", "show", number).out
    assert "sandbox: €0.00 of €41.90 paid, €41.89 charged wrongly and given back" in told
    assert "amount_mismatch, given back" in told


@pytest.mark.parametrize(
    ("command", "number"),
    [
        ("show", "TT-ZZZZZZ"),
        ("ship", "TT-ZZZZZZ"),
        ("pay", "nonsense"),
        ("cancel", "TT-ZZZZZZ"),
        ("refund", "\x1b[31m"),
    ],
)
def test_an_order_that_is_none_is_told_so(sqlite_url: str, tmp_path: Path, command: str, number: str) -> None:
    told = Shopctl(tmp_path, {"DATABASE_URL": sqlite_url})("orders", command, number)
    assert (told.code, told.out) == (1, "")
    assert "No order has the number" in told.err
    assert "› shopctl orders list" in told.err
    assert "\x1b" not in told.err


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["refund", "TT-000001", "--amount", "ten"], '--amount: "ten" is not a number.'),
        (["refund", "TT-000001", "--amount", "1.005"], "has more than two decimals"),
        (["refund", "TT-000001", "--amount", "0"], '--amount: "0" gives nothing back.'),
        (["refund", "TT-000001", "--amount=-5"], '--amount: "-5" is less than zero.'),
        (["list", "--from", "2026-12-02", "--to", "2026-12-01"], "--from 2026-12-02 is after --to 2026-12-01."),
        (["ship", "TT-000001", "--carrier", "x" * 201], "--carrier has at most 200 characters"),
        (["cancel", "TT-000001", "--reason", "a\nb"], "--reason has at most 200 characters, on one line."),
        (["list", "--state", "lost"], "--state"),
        (["list", "--from", "yesterday"], "--from is a day such as 2026-12-01."),
    ],
)
def test_wrong_usage_is_told_in_a_sentence(shopctl: Shopctl, args: list[str], words: str) -> None:
    told = shopctl("orders", *args)
    assert (told.code, told.out) == (2, "")
    assert words in told.err
