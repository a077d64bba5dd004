"""Faults planted on purpose, each of which one of the proofs must catch: what cannot fail proves nothing."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, get_args

import psycopg2
import pytest
from sqlalchemy import select, text

from shopapi.events.tables import outbox
from shopapi.events.take_in import take_in
from shopapi.runtime.failpoints import Point
from shopapi.runtime.settings import read
from shopapi.settings import ApiSettings
from tests.concurrency.buyers import new_key
from tests.concurrency.conftest import OpenShop
from tests.concurrency.settling import LIMIT_S, faults_here
from tests.concurrency.standing import Shop
from tests.concurrency.test_buyers import sell_all_of
from tests.concurrency.test_codes_at_once import use_it_up
from tests.concurrency.test_crashes import papers_follow
from tests.concurrency.test_expiry_races import expire_and_confirm, pay_after_all
from tests.concurrency.test_keys import reuse_a_key
from tests.concurrency.test_prices_change import buy_at_moving_prices
from tests.concurrency.test_provider_faults import settle_what_is_in_doubt
from tests.concurrency.test_refunds_at_once import owner, refund_three_times_over
from tests.concurrency.test_webhooks import buy, forge, tell_twenty_times, wrong_sum
from tests.proving.proof import Proof, is_full
from tests.waiting import wait_until

pytestmark = [pytest.mark.concurrency, pytest.mark.processes, pytest.mark.spoils_the_books]

_ALL: Final = get_args(Point)
PLANTED: Final = _ALL[_ALL.index("check_then_act") :]
Scenario = Callable[[Shop], object]


def without(fences: Sequence[str], scenario: Scenario) -> Scenario:
    """The database itself would refuse what the fault leads to: here the code has to stand alone."""

    def run(shop: Shop) -> object:
        for fence in fences:
            table, _, rule = fence.partition(": ")
            with shop.database.writing() as c:
                c.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS ck_{table}_{rule}"))
        return scenario(shop)

    return run


_GATE: Final = """
CREATE OR REPLACE FUNCTION wait_at_the_gate() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NEW; END $$;
CREATE OR REPLACE TRIGGER gate BEFORE {} FOR EACH ROW EXECUTE FUNCTION wait_at_the_gate();
"""
_AT_THE_GATE: Final = text(
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


def together(number: int, scenario: Scenario, gate_before: str = "INSERT ON sales_order") -> Scenario:
    """Nothing is written there before so many have looked at the books, and so know nothing of each other."""

    def run(shop: Shop) -> object:
        with shop.database.writing() as c:
            c.execute(text(_GATE.format(gate_before)))
        gate = psycopg2.connect(shop.environment["DATABASE_URL"])
        gate.autocommit = True
        gate.cursor().execute("SELECT pg_advisory_lock(1)")
        over = threading.Event()

        def keep_the_gate() -> None:
            try:
                wait_until(lambda: over.is_set() or _waiting(shop) >= number, LIMIT_S, f"{number} at the gate")
            finally:
                gate.close()

        with ThreadPoolExecutor(1) as keeper:
            keeping = keeper.submit(keep_the_gate)
            try:
                return scenario(shop)
            finally:
                over.set()
                keeping.result()

    return run


def _waiting(shop: Shop) -> int:
    with shop.database.reading() as c:
        return int(c.execute(_AT_THE_GATE).scalar_one())


def settle_one(shop: Shop) -> object:
    return settle_what_is_in_doubt(shop, 1, ["charged_500"])


def work_side_by_side(shop: Shop) -> object:
    """Two workers take in what happened, which is enough for both; raises where something is lent to both."""
    buy(shop, 15, "tok_ok")
    settings = read(ApiSettings, shop.environment)

    def take_in_at_once(shop: Shop) -> object:
        with faults_here(shop), ThreadPoolExecutor(2) as workers:
            return [one.result() for one in [workers.submit(take_in, shop.database, settings) for _ in range(2)]]

    together(2, take_in_at_once, "UPDATE ON outbox")(shop)
    with shop.database.reading() as c:
        lent = Counter(c.execute(select(outbox.c.attempts).where(outbox.c.attempts > 0)).scalars())
    assert lent.keys() == {1}, f"{lent[2]} events were lent to two workers."
    return lent


CATCHERS: Final[dict[str, tuple[str, Scenario, str]]] = {
    "check_then_act": (
        "postgresql",
        # Each of eight wants one unit at least, and sees four.
        without(
            ["stock_level: reserved", "availability: units"],
            together(8, lambda shop: sell_all_of(shop, units=4, buyers=16, tries=1)),
        ),
        r"^([5-9]|[1-4]\d) of 4 units were sold",
    ),
    "no_fingerprint": ("sqlite", reuse_a_key, r"^A key with another request: 201"),
    "record_without_compare": (
        "sqlite",
        lambda shop: tell_twenty_times(shop, orders=2, copies=4),
        r"^Copies were answered Counter\({.*409",
    ),
    "release_paid": (
        "postgresql",
        lambda shop: expire_and_confirm(shop, orders=40, provider="sandbox", sweepers=1),
        r"^Given up and paid: .*\('cancelled', 'captured'\)",
    ),
    "ignore_expected_total": (
        "sqlite",
        lambda shop: buy_at_moving_prices(shop, buyers=8, each=3),
        r"^Agreed to \d+, charged \d+",
    ),
    "code_without_limit": (
        "postgresql",
        # Twelve customers see a code of ten uses that nobody has used.
        without(
            ["promotion_code: used"],
            together(12, lambda shop: use_it_up(shop, new_key().upper(), buyers=16, each=1)),
        ),
        r"^1[1-6] of 10 uses",
    ),
    "refund_without_limit": (
        "postgresql",
        without(["payment: captured"], lambda shop: refund_three_times_over(shop, owner(shop), times=6)),
        r"^\d+ of \d+ were told, \d+ went",
    ),
    "trust_webhook": ("sqlite", forge, r"^Signed '', and answered 200"),
    "trust_amount": ("sqlite", lambda shop: wrong_sum(shop, "wrong_amount", 1), r"^Paid by another sum"),
    "forget_on_unknown": ("sqlite", settle_one, r"^Refused, and nobody knows: Counter\({'order_given_up'"),
    "charge_with_new_key": ("sqlite", settle_one, r"was charged \d+ EUR under a key that is none of the shop's"),
    "lose_outbox": (
        "sqlite",
        lambda shop: papers_follow(shop, buy(shop, 1, "tok_ok")),
        r"was paid, and has 0 invoices",
    ),
    "release_twice": (
        "postgresql",
        lambda shop: expire_and_confirm(shop, orders=24, provider="manual"),
        r"^\d+ units are held for 24 paid orders",
    ),
    "late_success_is_lost": (
        "sqlite",
        lambda shop: pay_after_all(shop, orders=1, sold_out=True),
        r"^Money that came late: .*\('cancelled', 'captured'\)",
    ),
    "take_event_twice": (
        "sqlite",
        lambda shop: wrong_sum(shop, "wrong_amount", 1),
        r"^Settled by staff, and told once",
    ),
    "lend_without_lock": ("postgresql", work_side_by_side, r"^\d+ events were lent to two workers"),
}
"""By fault: a kind of database on which it can show, the proof that catches it, and what that says of the promise."""


def test_every_fault_that_can_be_planted_has_its_catcher() -> None:
    assert sorted(CATCHERS) == sorted(PLANTED)
    assert len(CATCHERS) >= 12


TIMES: Final = 8
"""A race is not lost each time: the run is repeated until the fault shows, at most so often."""


@pytest.fixture
def catch(request: pytest.FixtureRequest, opened: OpenShop) -> Callable[[str, int], None]:
    """Run what catches a fault, so many times, in a shop in which ``planted`` holds."""

    def run(planted: str, times: int) -> None:
        fault = request.node.callspec.params["fault"]
        settings = {"SHOP_TEST_MODE": "1", "SHOP_FAILPOINTS": planted, "SHOP_DB_THREADS": "16"}
        shop = opened(apis=1, sandbox=True, **settings)
        for _ in range(times):
            CATCHERS[fault][1](shop)

    return run


EACH: Final = pytest.mark.parametrize(
    ("database_url", "fault"),
    [(kind, fault) for fault, (kind, _, _) in CATCHERS.items()],
    indirect=["database_url"],
    ids=list(CATCHERS),
)


@EACH
def test_a_planted_fault_is_caught(
    request: pytest.FixtureRequest, catch: Callable[[str, int], None], fault: str
) -> None:
    proof = Proof(request, "planted", f"{fault}: caught", f"at most {TIMES} quick runs")
    with pytest.raises(AssertionError, match=CATCHERS[fault][2]):
        catch(f"{fault}=on", TIMES)
    proof.sometimes("caught", 1)


@pytest.mark.skipif(not is_full(), reason="each is a small run of a proof that runs anyhow; make prove has them")
@EACH
def test_without_the_fault_the_same_run_holds(
    request: pytest.FixtureRequest, catch: Callable[[str, int], None], fault: str
) -> None:
    proof = Proof(request, "planted", f"{fault}: without it, green", "the same run")
    catch("", 1)
    proof.sometimes("held", 1)
