"""Withdrawing from a contract (section 356a BGB): every declaration counts, and nobody learns of others' orders."""

from typing import Any

import pytest
from sqlalchemy import text, update

from shopapi.db.engine import Database
from shopapi.db.types import clock
from shopapi.orders.rules import numbers_in
from shopapi.orders.store import Locked, lock_order
from shopapi.orders.tables import withdrawal
from tests import factories
from tests.api.bank import Bank
from tests.api.conftest import ApiWith
from tests.api.problems import problem
from tests.api.selling import ANNA, EMAIL, Counter, a_key, done, kinds, stock_the_shop


def declare(counter: Counter, **said: Any) -> Any:
    body = {"name": "Anna Weber", "order_number": "S-000000", "email": EMAIL, **said}
    return counter.api.post("/v1/withdrawals", json=body, headers=a_key())


def announced(counter: Counter) -> list[str]:
    with counter.database.reading() as c:
        rows = c.execute(text("SELECT topic FROM outbox WHERE topic LIKE '%withdraw%' ORDER BY id")).all()
    return [row.topic for row in rows]


def test_a_declaration_that_fits_an_order_is_noted_on_it(counter: Counter) -> None:
    order = counter.order("sandbox")
    told = done(declare(counter, order_number=order["number"]), 201)
    assert told["id"].startswith("wdr_")
    assert (told["name"], told["order_number"], told["email"]) == ("Anna Weber", order["number"], EMAIL)
    seen = counter.seen(order)
    assert [one["id"] for one in seen["withdrawals"]] == [told["id"]]
    assert kinds(counter.read(order)) == ["placed", "paid", "withdrawn"]
    assert counter.read(order)["state"] == "confirmed"  # What follows from it, people decide.
    assert announced(counter) == ["order.withdrawn"]


@pytest.mark.parametrize("shipped", [True, False])
def test_whoever_withdrew_is_seen_to_until_the_money_is_back(counter: Counter, shipped: bool) -> None:
    order = counter.order("sandbox")
    if shipped:
        done(counter.ship(order), 201)
    done(declare(counter, order_number=order["number"]), 201)
    views = done(counter.staff("GET", "orders?view=unclear"))["views"]
    assert (views["unclear"], views["to_ship"], views["done"]) == (1, 0, int(shipped))
    done(counter.refund(order, 1000), 201)
    assert done(counter.staff("GET", "orders?view=unclear"))["total"] == 1
    done(counter.refund(order), 201)
    views = done(counter.staff("GET", "orders"))["views"]
    # What is given back without being cancelled waits for that.
    assert (views["all"], views["unclear"], views["to_ship"]) == (1, int(not shipped), 0)


@pytest.mark.parametrize(
    "spelling",
    [
        *("words", "lower", "spaced", "alone", "letters", "\u2013", "\u2011", "\u2212", "\u00a0\u2014\u202f"),
        *("", " ", "-\u200b", "\u3164-", "\u200d-"),
        *("{0},nur den Becher", "{0}/{0}", "{0}:Becher", "Bestellnr.{0}", "Bestell-Nr:{0}", "Nr {1}", "No. {1}"),
        *("Bestellung {2} - {1} vom 3. November", "Bestellung {1}"),
    ],
)
def test_a_number_and_an_address_fit_however_they_are_written(counter: Counter, spelling: str) -> None:
    order = counter.order()
    number = order["number"]
    head, _, tail = number.partition("-")
    typed = {
        "words": f"Becher aus „{number}“, bestellt am 12. November",
        "lower": number.lower(),
        "spaced": f" {head} - {tail[:3]} {tail[3:]}",
        "alone": tail.lower(),
        "letters": f"{head}-{tail.replace('0', 'O').replace('1', 'l')}",
    }.get(spelling, spelling.format(number, tail, head) if "{" in spelling else f"{head}{spelling}{tail}")
    told = done(declare(counter, order_number=typed, email="Anna@Kundin.example"), 201)
    assert told["order_number"] == typed.translate(dict.fromkeys((0x200B, 0x3164))).strip()
    assert kinds(counter.read(order)) == ["placed", "withdrawn"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("TT 7K4M2P", ["TT-7K4M2P"]),
        ("Bestellung TT 7K4M2P vom 12. November", ["TT-7K4M2P"]),
        ("Bestellung tt7k4m2p, tt-000001 und (TT\u200b7K4M2P)", ["TT-7K4M2P", "TT-000001"]),
        ("7K4M2P", ["TT-7K4M2P"]),
        ("S-7K4M2P", ["S-7K4M2P", "TT-7K4M2P"]),
        ("Nr. 7K4M2P", ["NR-7K4M2P", "TT-7K4M2P"]),
        ("No ABCDEF", ["NO-ABCDEF", "TT-ABCDEF"]),
        ("A TT7K4M2P", ["ATT-7K4M2P", "TT-7K4M2P"]),
        ("Bestellung 7K4M2P", ["TT-7K4M2P"]),
        ("I want my shoes, not my kissen", ["MY-K1SSEN", "TT-K1SSEN"]),
        ("X-7K4M2P7, ÄTT-7K4M2P7", []),
        ("", []),
    ],
)
def test_what_may_be_a_number_among_free_words_is_one_of_these(text: str, named: list[str]) -> None:
    assert numbers_in(text, "TT") == named


@pytest.mark.parametrize(
    "said",
    [{"order_number": text} for text in ("S-000000", "keine Ahnung, Becher", "Becher vom 12.11.", "#0 (a@b) / 茶碗?")],
)
def test_a_declaration_that_fits_none_is_kept_and_answered_alike(counter: Counter, said: dict[str, str]) -> None:
    order = counter.order()
    fits = done(declare(counter, order_number=order["number"]), 201)
    other = done(declare(counter, **{"order_number": order["number"], **said}), 201)
    assert other.keys() == fits.keys()
    assert kinds(counter.read(order)) == ["placed", "withdrawn"]
    assert counter.rows("withdrawal") == 2
    assert announced(counter) == ["order.withdrawn", "withdrawal.received"]


def test_a_declaration_from_another_address_is_shown_to_staff_as_uncertain(counter: Counter) -> None:
    order = counter.order()
    done(declare(counter, order_number=order["number"], email="ben@kunde.example"), 201)
    assert kinds(counter.read(order)) == ["placed"], "It is not the customer's own."
    done(declare(counter, order_number=order["number"]), 201)
    assert [one["certain"] for one in counter.seen(order)["withdrawals"]] == [False, True]
    assert kinds(counter.seen(order)["order"]) == ["placed", "withdrawn", "withdrawn"]
    assert kinds(counter.read(order)) == ["placed", "withdrawn"]
    assert done(counter.staff("GET", "orders"))["data"][0]["withdrawn"] is True


def test_what_stands_for_good_its_customer_reads_also_from_another_address(counter: Counter) -> None:
    order = counter.order()
    done(counter.cancel(order))
    other, another = (
        done(declare(counter, order_number=order["number"], email="ben@kunde.example"), 201) for _ in range(2)
    )
    done(settle(counter, order, another))
    assert kinds(counter.read(order)) == ["placed", "cancelled"], "Nobody meant it."
    done(settle(counter, order, other, outcome="done"))
    seen = counter.read(order)
    assert kinds(seen) == ["placed", "cancelled", "withdrawn", "withdrawal_settled"]
    assert [event["data"]["withdrawal"] for event in seen["events"][2:]] == [other["id"], other["id"]]


def settle(
    counter: Counter,
    order: dict[str, Any],
    declared: dict[str, Any],
    reason: str = "Two came back.",
    outcome: str = "not_meant",
    *,
    sure: bool | None = None,
) -> Any:
    """``sure`` is whether it was seen as the customer's own: that from their address, where nothing else is said."""
    seen = declared.get("email") == EMAIL if sure is None else sure
    body = {"withdrawal": declared["id"], "outcome": outcome, "now_certain": seen, "reason": reason}
    return counter.staff("POST", f"orders/{order['number']}/withdrawals/settle", body)


def assign(
    counter: Counter,
    declared: dict[str, Any],
    number: str,
    *,
    was: str = "",
    sure: bool | None = None,
    confirmed: bool = False,
    dismissed: bool = False,
    key: str = "",
) -> Any:
    """``was``, ``sure`` and ``dismissed`` are how it was seen: the order, whether as the customer's own, whether it was
    dismissed."""
    seen = bool(was) and declared.get("email") == EMAIL if sure is None else sure
    body = {"number": number, "now_certain": seen, "confirmed": confirmed, "now_dismissed": dismissed}
    body |= {"now_with": was} if was else {}
    headers = {"Idempotency-Key": key} if key else {}
    return counter.staff("POST", f"withdrawals/{declared['id']}/assign", body, **headers)


def dismiss(counter: Counter, declared: dict[str, Any], reason: str = "Another shop's.", **headers: str) -> Any:
    return counter.staff("POST", f"withdrawals/{declared['id']}/dismiss", {"reason": reason}, **headers)


def test_a_withdrawal_is_seen_to_until_the_money_is_back_or_staff_settle_it(counter: Counter) -> None:
    order = counter.order("sandbox")
    done(counter.ship(order), 201)
    declared = done(declare(counter, order_number=order["number"]), 201)
    done(counter.refund(order, 1000), 201)
    assert done(counter.staff("GET", "orders?view=unclear"))["total"] == 1
    told = done(settle(counter, order, declared, outcome="done"))
    (one,) = told["withdrawals"]
    assert (one["settled_at"], one["outcome"]) == (told["order"]["events"][-1]["at"], "done")
    known = {"withdrawal": declared["id"], "outcome": "done"}
    assert told["order"]["events"][-1]["data"] == known | {"why": "Two came back."}
    page = done(counter.staff("GET", "orders"))
    assert (page["views"]["unclear"], page["data"][0]["withdrawn"]) == (0, False)
    assert counter.read(order)["events"][-1]["data"] == known, "Why is for colleagues."
    problem(settle(counter, order, declared), 409, "invalid_transition")


def test_settling_one_declaration_leaves_every_other_open(counter: Counter) -> None:
    order = counter.order("sandbox")
    strangers = done(declare(counter, order_number=order["number"], email="eve@elsewhere.example"), 201)
    own = done(declare(counter, order_number=order["number"]), 201)
    done(settle(counter, order, strangers, ""))
    first, second = counter.seen(order)["withdrawals"]
    assert first["settled_at"] is not None
    assert second["settled_at"] is None
    page = done(counter.staff("GET", "orders?view=unclear"))
    assert (page["data"][0]["withdrawn"], page["views"]["to_ship"]) == (True, 0)
    assert kinds(counter.read(order)) == ["placed", "paid", "withdrawn"], "Of a stranger's nothing is told."
    done(settle(counter, order, own, ""))
    assert done(counter.staff("GET", "orders"))["views"]["unclear"] == 0
    late = done(declare(counter, order_number=order["number"]), 201)
    assert done(counter.staff("GET", "orders"))["views"]["unclear"] == 1
    assert [one["settled_at"] is None for one in counter.seen(order)["withdrawals"]] == [False, False, True]
    done(settle(counter, order, late))


def test_a_declaration_is_settled_on_its_own_order_alone(counter: Counter) -> None:
    order, other = counter.order("sandbox"), counter.order("sandbox")
    declared = done(declare(counter, order_number=order["number"]), 201)
    problem(settle(counter, other, declared), 404, "not_found")
    problem(settle(counter, order, {"id": f"wdr_{0:020}"}), 404, "not_found")
    problem(settle(counter, order, {"id": "all"}), 400, "invalid_request", "withdrawal")
    assert done(counter.staff("GET", "orders"))["views"]["unclear"] == 1


@pytest.mark.parametrize(("email", "certain"), [(EMAIL, True), ("bo@elsewhere.example", False)])
def test_staff_assign_a_declaration_to_the_order_that_is_meant(counter: Counter, email: str, certain: bool) -> None:
    order = counter.order("sandbox")
    declared = done(declare(counter, order_number="the blue one", email=email), 201)
    told = done(assign(counter, declared, order["number"]))
    (one,) = told["withdrawals"]
    assert (one["id"], one["order_number"], one["certain"]) == (declared["id"], "the blue one", certain)
    assert one["declared_at"] == declared["declared_at"], "The day that it came in counts."
    step = told["order"]["events"][-1]
    assert (step["kind"], step["data"]["assigned"]) == ("withdrawn", "yes")
    assert step["actor"] not in ("customer", "shop"), "Who did it is told to colleagues."
    assert (done(counter.staff("GET", "withdrawals"))["total"], counter.rows("withdrawal")) == (0, 1)
    page = done(counter.staff("GET", "orders"))
    assert (page["unmatched_withdrawals"], page["views"]["unclear"]) == (0, 1)
    assert ("withdrawn" in kinds(counter.read(order))) is certain
    done(settle(counter, order, declared))
    assert done(counter.staff("GET", "orders"))["views"]["unclear"] == 0


def test_staff_read_a_declaration_with_the_order_that_it_is_with(counter: Counter) -> None:
    order = counter.order("sandbox")
    declared = done(declare(counter, order_number="the blue one", email="bo@elsewhere.example"), 201)
    path = f"withdrawals/{declared['id']}"
    assert done(counter.staff("GET", path)) == declared | {"certain": False}
    done(assign(counter, declared, order["number"]))
    found = done(counter.staff("GET", path))
    assert found == declared | {"certain": False, "now_with": order["number"]}
    done(settle(counter, order, declared))
    (settled,) = counter.seen(order)["withdrawals"]
    end = {"settled_at": settled["settled_at"], "outcome": "not_meant"}
    assert done(counter.staff("GET", path)) == found | end == settled
    problem(counter.staff("GET", f"withdrawals/wdr_{0:020}"), 404, "not_found")


def test_a_declaration_is_assigned_once_and_to_an_order_that_there_is(counter: Counter) -> None:
    order = counter.order()
    declared = done(declare(counter, order_number="the blue one"), 201)
    problem(assign(counter, declared, "S-000000"), 404, "order_not_found")
    problem(assign(counter, declared, "the blue one"), 400, "invalid_request", "number")
    problem(assign(counter, {"id": f"wdr_{0:020}"}, order["number"]), 404, "not_found")
    key = a_key()["Idempotency-Key"]
    first, again = (assign(counter, declared, order["number"], key=key) for _ in range(2))
    assert (done(first), again.headers["idempotent-replayed"]) == (done(again), "true")
    problem(assign(counter, declared, order["number"], was=order["number"]), 409, "invalid_transition")
    assert kinds(counter.seen(order)["order"]) == ["placed", "withdrawn"]


def test_a_declaration_that_was_put_to_the_wrong_order_is_moved_to_the_right_one(counter: Counter) -> None:
    wrong, right = counter.order(), counter.order()
    declared = done(declare(counter, order_number="the blue one"), 201)
    done(assign(counter, declared, wrong["number"]))
    stale = problem(assign(counter, declared, right["number"]), 409, "invalid_transition")
    assert wrong["number"] in stale["detail"], "Whoever saw it with no order undoes nobody's work."
    done(assign(counter, declared, right["number"], was=wrong["number"]))
    assert [one["id"] for one in counter.seen(right)["withdrawals"]] == [declared["id"]]
    left = counter.seen(wrong)
    assert (kinds(left["order"]), left["withdrawals"]) == (["placed", "withdrawn", "withdrawal_moved"], [])
    assert left["order"]["events"][-1]["data"] == {"withdrawal": declared["id"], "to": right["number"]}
    assert kinds(counter.read(wrong)) == ["placed"], "Its customer need not know."
    assert kinds(counter.read(right)) == ["placed", "withdrawn"]
    assert done(counter.staff("GET", "orders"))["views"]["unclear"] == 1
    done(assign(counter, declared, wrong["number"], was=right["number"]))  # It was the wrong one after all.
    assert kinds(counter.read(wrong)) == ["placed", "withdrawn"]
    done(settle(counter, wrong, declared))
    assert done(counter.staff("GET", "orders"))["views"]["unclear"] == 0
    problem(assign(counter, declared, right["number"], was=wrong["number"]), 409, "invalid_transition")
    assert kinds(counter.read(wrong)) == ["placed", "withdrawn", "withdrawal_settled"]


def test_a_declaration_that_belongs_to_no_order_is_dismissed_and_kept_word_for_word(counter: Counter) -> None:
    declared = done(declare(counter, order_number="the blue one"), 201)
    key = a_key()
    told, again = (done(dismiss(counter, declared, **key)) for _ in range(2))
    assert (told["dismissed_at"] > told["declared_at"], told["dismissed_why"]) == (True, "Another shop's.")
    assert told["dismissed_by"] not in (None, "shop"), "Who did it is told to colleagues."
    said = {field: told[field] for field in ("dismissed_at", "dismissed_by", "dismissed_why")}
    assert declared | {"certain": False} | said == told == again
    assert done(counter.staff("GET", f"withdrawals/{declared['id']}")) == told
    assert done(counter.staff("GET", "withdrawals")) == {"data": [], "next_cursor": None, "total": 0}
    assert done(counter.staff("GET", "orders"))["unmatched_withdrawals"] == 0
    refused = problem(dismiss(counter, declared, "Twice."), 409, "invalid_transition")
    assert refused["detail"] == "By now the withdrawal is dismissed: staff said that it belongs to no order."
    assert announced(counter) == ["withdrawal.received"], "Its receipt goes out all the same."


def test_a_declaration_that_was_dismissed_is_still_assigned_to_the_order_that_is_meant(counter: Counter) -> None:
    order = counter.order()
    declared = done(declare(counter, order_number="the blue one"), 201)
    done(dismiss(counter, declared))
    refused = problem(assign(counter, declared, order["number"]), 409, "invalid_transition")
    assert "dismissed" in refused["detail"], "Whoever saw it before undoes nobody's work."
    (one,) = done(assign(counter, declared, order["number"], dismissed=True))["withdrawals"]
    assert (one["id"], one["dismissed_at"], one["dismissed_by"], one["dismissed_why"]) == (
        *(declared["id"], None, None, None),
    )
    assert kinds(counter.read(order)) == ["placed", "withdrawn"]
    refused = problem(dismiss(counter, declared), 409, "invalid_transition")
    assert refused["detail"] == f"By now the withdrawal is with order {order['number']} and its customer's own."
    other = counter.order()
    done(assign(counter, declared, other["number"], was=order["number"]))
    assert kinds(counter.read(other)) == ["placed", "withdrawn"], "As any other it is moved."


@pytest.mark.parametrize("reason", ["", " ", "a\nb", "x" * 501])
def test_a_declaration_is_dismissed_with_a_reason_and_only_where_there_is_one(counter: Counter, reason: str) -> None:
    problem(dismiss(counter, {"id": f"wdr_{0:020}"}), 404, "not_found")
    declared = done(declare(counter, order_number="the blue one"), 201)
    problem(dismiss(counter, declared, reason), 400, "invalid_request", "reason")
    assert done(counter.staff("GET", "withdrawals"))["total"] == 1


def test_who_moves_a_declaration_locks_by_the_carts_and_meets_nobody_in_a_ring(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = iter(("S-200000", "S-100000"))
    monkeypatch.setattr("shopapi.checkout.draft.new_number", lambda _: next(numbers))
    first, second = counter.order(), counter.order()
    declared = done(declare(counter, order_number=first["number"]), 201)
    made, locked = Locked.__init__, list[str]()

    def spy(self: Locked, row: Any, **more: Any) -> None:
        locked.append(row.number)
        made(self, row, **more)

    monkeypatch.setattr(Locked, "__init__", spy)
    done(assign(counter, declared, second["number"], was=first["number"]))
    assert locked == [first["number"], second["number"]], "Numbers come at random, carts one after the other."


def test_once_the_customer_was_asked_a_strangers_declaration_is_their_own(counter: Counter) -> None:
    order = counter.order("sandbox")
    declared = done(declare(counter, order_number=order["number"], email="anna@work.example"), 201)
    number = order["number"]
    problem(assign(counter, declared, number, was=number), 409, "invalid_transition")
    told = done(assign(counter, declared, number, was=number, confirmed=True))
    assert (told["withdrawals"][0]["certain"], told["order"]["events"][-1]["data"]["certain"]) == (True, "yes")
    assert kinds(counter.read(order)) == ["placed", "paid", "withdrawn"]
    problem(counter.ship(order), 409, "invalid_transition")
    problem(assign(counter, declared, number, was=number), 409, "invalid_transition")
    problem(assign(counter, declared, number, was=number, sure=True), 409, "invalid_transition")
    assert counter.seen(order)["withdrawals"][0]["certain"], "Nobody takes it back by assigning it anew."
    done(settle(counter, order, declared, sure=True))  # It was somebody else on the telephone.
    done(counter.ship(order), 201)


def test_who_saw_a_declaration_before_its_customer_confirmed_it_neither_moves_nor_settles_it(counter: Counter) -> None:
    order, other = counter.order("sandbox"), counter.order("sandbox")
    number, elsewhere = order["number"], other["number"]
    declared = done(declare(counter, order_number=number, email="anna@work.example"), 201)
    done(assign(counter, declared, number, was=number, confirmed=True))
    for answer in (
        assign(counter, declared, elsewhere, was=number),
        settle(counter, order, declared),
        settle(counter, order, declared, outcome="done"),
    ):
        refused = problem(answer, 409, "invalid_transition")
        assert refused["detail"] == f"By now the withdrawal is with order {number} and its customer's own."
    problem(counter.ship(order), 409, "invalid_transition")
    assert kinds(counter.seen(order)["order"]) == ["placed", "paid", "withdrawn", "withdrawn"]
    # Who looks again may find that it was the wrong order all the same; there nobody has confirmed it.
    done(assign(counter, declared, elsewhere, was=number, sure=True))
    refused = problem(settle(counter, other, declared, sure=True), 409, "invalid_transition")
    assert refused["detail"] == f"By now the withdrawal is with order {elsewhere} and not confirmed by its customer."


@pytest.mark.parametrize("said", [{}, {"now_certain": None}])
def test_who_settles_or_assigns_a_declaration_says_as_what_they_saw_it(counter: Counter, said: dict[str, Any]) -> None:
    order = counter.order()
    declared = done(declare(counter, order_number=order["number"]), 201)["id"]
    settling = {"withdrawal": declared, "outcome": "not_meant", **said}
    for path, body in (
        (f"orders/{order['number']}/withdrawals/settle", settling),
        (f"withdrawals/{declared}/assign", {"number": order["number"], "now_with": order["number"], **said}),
    ):
        problem(counter.staff("POST", path, body), 400, "invalid_request", "now_certain")


def test_a_withdrawal_from_what_cost_nothing_is_seen_to_until_it_is_settled(counter: Counter) -> None:
    with counter.database.writing() as c:
        factories.promotion(c, "ALLES", value=10000)
        factories.promotion(c, None, kind="free_shipping", value=0)
    order = counter.order(code="ALLES")
    done(counter.ship(order), 201)
    declared = done(declare(counter, order_number=order["number"]), 201)
    assert done(counter.staff("GET", "orders"))["views"]["unclear"] == 1
    done(settle(counter, order, declared, outcome="done"))
    assert done(counter.staff("GET", "orders"))["views"]["unclear"] == 0


@pytest.mark.parametrize("outcome", ["not_meant", "done"])
def test_what_its_customer_has_withdrawn_from_leaves_only_when_that_is_settled(counter: Counter, outcome: str) -> None:
    order = counter.order("sandbox")
    strangers = done(declare(counter, order_number=order["number"], email="eve@elsewhere.example"), 201)
    assert done(counter.staff("GET", "orders"))["views"]["to_ship"] == 1, "Anybody can declare for any number."
    own = done(declare(counter, order_number=order["number"]), 201)
    done(settle(counter, order, strangers))
    assert "withdrawn" in problem(counter.ship(order), 409, "invalid_transition")["detail"]
    assert (done(counter.staff("GET", "orders"))["views"]["to_ship"], counter.stock()) == (0, (10, 2))
    if outcome == "done":
        refused = problem(settle(counter, order, own, outcome="done"), 409, "invalid_transition")
        assert refused["detail"].endswith("Refund what is due first, or cancel the order."), (
            "Then all of it would leave."
        )
        done(counter.refund(order, 1850), 201)
    done(settle(counter, order, own, outcome=outcome))
    assert done(counter.staff("GET", "orders"))["views"]["to_ship"] == 1
    done(counter.ship(order), 201)


def test_of_an_order_that_stands_and_is_not_paid_no_withdrawal_is_done(counter: Counter) -> None:
    order = counter.order()
    declared = done(declare(counter, order_number=order["number"]), 201)
    refused = problem(settle(counter, order, declared, outcome="done"), 409, "invalid_transition")
    assert "Cancel it" in refused["detail"]
    assert kinds(counter.read(order)) == ["placed", "withdrawn"]
    done(counter.cancel(order))
    done(settle(counter, order, declared, outcome="done"))


@pytest.mark.parametrize("goes", ["back", "on its way", "nowhere: it is refused"])
def test_what_has_left_is_done_once_money_goes_back(counter: Counter, bank: Bank, goes: str) -> None:
    order = counter.order("sandbox")
    done(counter.ship(order), 201)
    declared = done(declare(counter, order_number=order["number"]), 201)
    refused = problem(settle(counter, order, declared, outcome="done"), 409, "invalid_transition")
    assert refused["detail"] == "Nothing of what was paid has gone back. Refund what is due first."
    bank.silent, bank.refunds_say = goes == "on its way", "failed" if goes.startswith("nowhere") else "succeeded"
    counter.refund(order, 1850)
    answer = settle(counter, order, declared, outcome="done")
    if goes.startswith("nowhere"):
        problem(answer, 409, "invalid_transition")
    else:
        done(answer)


def test_what_was_settled_without_an_outcome_was_not_meant_and_without_an_id_settles_nothing(counter: Counter) -> None:
    order = counter.order("sandbox")
    first, second = (done(declare(counter, order_number=order["number"]), 201) for _ in range(2))
    with counter.database.writing() as c:
        locked = lock_order(c, order["number"])
        locked.add_event(c, "withdrawal_settled", actor="shop", why="All of them.")
        locked.add_event(c, "withdrawal_settled", actor="shop", withdrawal=first["id"], why="By mistake.")
    told = {one["id"]: one for one in counter.seen(order)["withdrawals"]}
    assert told[first["id"]]["outcome"] == "not_meant"
    assert (told[second["id"]]["outcome"], told[second["id"]]["settled_at"]) == (None, None)
    assert done(counter.staff("GET", "orders"))["views"]["unclear"] == 1


@pytest.mark.parametrize("by", ["cancelled", "refunded"])
def test_a_withdrawal_that_had_its_way_asks_for_nothing(counter: Counter, by: str) -> None:
    order = counter.order("sandbox")
    if by == "refunded":
        done(counter.ship(order), 201)
    done(declare(counter, order_number=order["number"]), 201)
    assert done(counter.staff("GET", "orders"))["data"][0]["withdrawn"] is True
    done(counter.cancel(order) if by == "cancelled" else counter.refund(order), 200 if by == "cancelled" else 201)
    page = done(counter.staff("GET", "orders"))
    assert (page["data"][0]["withdrawn"], page["views"]["unclear"]) == (False, 0)


def test_a_name_may_be_as_long_as_in_an_address(counter: Counter) -> None:
    longest = "x" * 200
    address = {"email": EMAIL, "shipping_address": ANNA | {"name": longest}}
    done(counter.api.put(f"/v1/carts/{counter.new_cart(KRUG=1)}/contact", json=address))
    assert done(declare(counter, name=longest), 201)["name"] == longest


def test_reasons_are_kept_without_what_nobody_sees(counter: Counter) -> None:
    order = counter.order()
    fits = done(declare(counter, order_number=order["number"]), 201)
    other = done(declare(counter, order_number="the blue one"), 201)
    for refused in (dismiss(counter, other, "\u3164"), settle(counter, order, fits, "\u3164")):
        problem(refused, 400, "invalid_request", "reason")
    assert done(dismiss(counter, other, "abc\u202edef\u3164"))["dismissed_why"] == "abcdef"
    settled = done(settle(counter, order, fits, "abc\u202edef\u3164"))["order"]["events"][-1]
    assert settled["data"]["why"] == "abcdef"


def test_a_name_is_kept_without_what_nobody_sees(counter: Counter) -> None:
    told = done(declare(counter, name="\u2067An\u200bna\u202e \u3164Weber\u200f\U000e0100\U000e0020 "), 201)
    assert told["name"] == "Anna Weber\U000e0100", "By a selector some Japanese names are told from others."
    assert done(counter.staff("GET", "withdrawals"))["data"][0]["name"] == told["name"]


def test_staff_find_those_that_name_no_order(counter: Counter) -> None:
    order = counter.order()
    done(declare(counter, order_number=order["number"]), 201)
    assert done(counter.staff("GET", "orders"))["unmatched_withdrawals"] == 0
    for n in range(3):
        done(declare(counter, order_number=f"No {n}"), 201)
    assert done(counter.staff("GET", "orders"))["unmatched_withdrawals"] == 3
    page = done(counter.staff("GET", "withdrawals?limit=2"))
    assert ([one["order_number"] for one in page["data"]], page["total"]) == (["No 2", "No 1"], 3)
    assert (page["data"][0]["name"], page["data"][0]["email"]) == ("Anna Weber", EMAIL)
    rest = done(counter.staff("GET", f"withdrawals?limit=2&cursor={page['next_cursor']}"))
    assert ([one["order_number"] for one in rest["data"]], rest["next_cursor"]) == (["No 0"], None)
    with counter.database.writing() as c:
        c.execute(update(withdrawal).values(created_at=clock(-31 * 86_400)))
    assert done(counter.staff("GET", "orders"))["unmatched_withdrawals"] == 0, "Long ago: the list speaks of the new."
    assert done(counter.staff("GET", "withdrawals"))["total"] == 3


def test_the_same_declaration_twice_is_one(counter: Counter) -> None:
    key = a_key()
    body = {"name": "Anna Weber", "order_number": "S-000000", "email": EMAIL}
    first = counter.api.post("/v1/withdrawals", json=body, headers=key)
    again = counter.api.post("/v1/withdrawals", json=body, headers=key)
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    assert counter.rows("withdrawal") == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(
            ("name", ""),
            ("name", "\u200b"),
            ("name", "\u061c"),
            ("name", "\u200b\u061c"),
            ("name", "\u3164"),
            ("name", "x" * 201),
            ("email", "anna"),
            ("email", ""),
        ),
        *(("order_number", value) for value in ("", " ", "\u200b", "\u061c", "x" * 201, "a\nb")),
    ],
)
def test_what_cannot_be_answered_is_400_at_its_field(counter: Counter, field: str, value: str) -> None:
    problem(declare(counter, **{field: value}), 400, "invalid_request", field)
    assert counter.rows("withdrawal") == 0


def test_one_address_can_declare_so_often_and_no_more(api_with: ApiWith, database: Database) -> None:
    stock_the_shop(database)
    counter = Counter(api_with(SHOP_RATE_LIMITS="on"), {}, database)
    for _ in range(20):
        done(declare(counter), 201)
    problem(declare(counter), 429, "rate_limited")
    assert counter.rows("withdrawal") == 20


def test_a_declaration_that_comes_again_does_not_count(api_with: ApiWith, database: Database) -> None:
    stock_the_shop(database)
    counter = Counter(api_with(SHOP_RATE_LIMITS="on"), {}, database)
    key = a_key()
    body = {"name": "Anna Weber", "order_number": "S-000000", "email": EMAIL}
    for _ in range(30):
        done(counter.api.post("/v1/withdrawals", json=body, headers=key), 201)
    done(declare(counter), 201)
    for _ in range(18):
        done(declare(counter), 201)
    problem(declare(counter), 429, "rate_limited")
    assert counter.api.post("/v1/withdrawals", json=body, headers=key).headers["idempotent-replayed"] == "true"
    assert counter.rows("withdrawal") == 20
