"""Several of the staff see to the same withdrawals while the orders leave: nobody undoes what a colleague has done."""

import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

import pytest
from sqlalchemy import Connection, select

from shopapi.contract.orders import AssignInput, DismissInput, SettleInput, ShipmentInput, WithdrawalInput
from shopapi.db.engine import Database, open_database
from shopapi.http.problems import NotFound
from shopapi.orders.rules import InvalidTransition
from shopapi.orders.ship_order import ship_order
from shopapi.orders.tables import order_event, sales_order
from shopapi.orders.withdraw import assign_withdrawal, dismiss_withdrawal, read_withdrawal, settle_withdrawal, withdraw
from tests.invoices import sold

pytestmark = pytest.mark.concurrency

ROUNDS: Final = 12
SAW: Final = {True: "saw it confirmed", False: "saw it not confirmed"}
"""Who does something with a withdrawal: whoever saw it so."""

Deed = Callable[[Connection], object]


def moving(name: str, to: str, seen_with: str, *, certain: bool, confirmed: bool = False) -> Deed:
    what = AssignInput(to, certain, confirmed, seen_with)
    return lambda c: assign_withdrawal(c, name, what, actor=SAW[certain])


def settling(name: str, seen_with: str, *, certain: bool) -> Deed:
    what = SettleInput(name, "not_meant", certain)
    return lambda c: settle_withdrawal(c, seen_with, what, actor=SAW[certain])


def matching(name: str, to: str) -> Deed:
    return lambda c: assign_withdrawal(c, name, AssignInput(to, now_certain=False), actor="one")


def dismissing(name: str) -> Deed:
    return lambda c: dismiss_withdrawal(c, name, DismissInput("Another shop's."), actor="other")


def shipping(number: str) -> Deed:
    return lambda c: ship_order(c, number, ShipmentInput(), actor="packer")


def deeds_on(db: Database, name: str, here: str, there: str) -> list[Callable[[], Deed]]:
    """What staff do with one withdrawal: three by what they saw at first, two by what they see at that moment."""

    def look(act: Callable[[str, bool], Deed]) -> Deed:
        with db.reading() as c:
            one = read_withdrawal(c, name)
        return act(str(one.now_with), bool(one.certain))

    def move_on(seen: str, certain: bool) -> Deed:
        return moving(name, here if seen == there else there, seen, certain=certain)

    return [
        lambda: moving(name, there, here, certain=False),
        lambda: moving(name, here, here, certain=False, confirmed=True),
        lambda: settling(name, here, certain=False),
        lambda: look(move_on),
        lambda: look(lambda seen, certain: settling(name, seen, certain=certain)),
    ]


def all_at_once(db: Database, deeds: list[Callable[[], Deed]]) -> Counter[str]:
    """How many were done, and how many refused; raises whatever else becomes of any."""
    start = threading.Barrier(len(deeds))

    def do(one: Callable[[], Deed]) -> str:
        start.wait(10)
        try:
            db.write(one())
        except (InvalidTransition, NotFound):
            return "refused"
        return "done"

    with ThreadPoolExecutor(len(deeds)) as staff:
        return Counter(staff.map(do, deeds))


def history(db: Database, numbers: list[str], declared: list[str]) -> tuple[str, ...]:
    """What happened, order by order; raises where a step was taken by who saw something else than was so, or where
    what its customer had withdrawn from has left."""
    told, settled = list[str](), Counter[str]()
    with db.reading() as c:
        for number in numbers:
            open_here = dict[str, bool]()
            for event in c.execute(
                select(order_event)
                .join(sales_order, sales_order.c.id == order_event.c.order_id)
                .where(sales_order.c.number == number)
                .order_by(order_event.c.sequence)
            ):
                name = event.data.get("withdrawal", "")
                if name in open_here:
                    assert event.actor == SAW[open_here.pop(name)], f"{event.kind} of {name} by who saw it otherwise"
                if event.kind == "withdrawn":
                    open_here[name] = event.data["certain"] == "yes"
                settled[name] += event.kind == "withdrawal_settled"
                assert event.kind != "shipped" or not any(open_here.values()), f"{number} left all the same."
                told.append(event.kind)
            for name, certain in open_here.items():
                one = read_withdrawal(c, name)
                assert (one.now_with, one.certain, one.settled_at) == (number, certain, None), "The timeline is right."
    assert all(settled[name] <= 1 for name in declared), settled
    return tuple(told)


def test_staff_who_see_to_the_same_withdrawals_at_once_undo_nothing_and_ship_nothing_withdrawn(
    database: Database, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    numbers = list(sold.paid_orders(database, 2 * ROUNDS))
    chance = random.Random(12)
    became, seen = Counter[str](), set[tuple[str, ...]]()
    many = open_database(database_url, threads=12)
    try:
        for n in range(ROUNDS):
            one, other = numbers[2 * n : 2 * n + 2]
            # One declaration, or two that are moved crosswise.
            pairs = [(one, other), (other, one)][: 1 + n % 2]
            said = [WithdrawalInput("Anna Weber", here, "anna@work.example") for here, _ in pairs]
            with database.writing() as c:
                declared = [withdraw(c, what, "de").id for what in said]
            deeds: list[Callable[[], Deed]] = [partial(shipping, number) for number in (one, other)]
            for name, (here, there) in zip(declared, pairs, strict=True):
                deeds += deeds_on(many, name, here, there)
            chance.shuffle(deeds)
            became += all_at_once(many, deeds)
            seen.add(history(database, [one, other], declared))
    finally:
        many.close()
    assert "in a ring" not in caplog.text
    assert became.keys() == {"done", "refused"}, became
    assert len(seen) > 3, "The same thing happened all the time."


def test_of_those_who_assign_and_dismiss_the_same_withdrawal_at_once_one_has_their_way(
    database: Database, database_url: str
) -> None:
    (number,) = sold.paid_orders(database, 1)
    many = open_database(database_url, threads=4)
    try:
        for n in range(ROUNDS):
            with database.writing() as c:
                name = withdraw(c, WithdrawalInput("Anna Weber", f"blue {n}", "anna@work.example"), "de").id
            deeds: list[Callable[[], Deed]] = [partial(matching, name, number), partial(dismissing, name)]
            assert all_at_once(many, deeds * 2) == {"done": 1, "refused": 3}
            with database.reading() as c:
                one = read_withdrawal(c, name)
            assert (one.now_with is None) is (one.dismissed_at is not None)
    finally:
        many.close()
