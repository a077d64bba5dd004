"""Faults planted on purpose, each of which one of the proofs must catch: what cannot fail proves nothing."""

from collections.abc import Callable
from typing import Final, get_args

import pytest
from sqlalchemy import text

from shopapi.runtime.failpoints import Point
from tests.concurrency.buyers import new_key
from tests.concurrency.conftest import OpenShop
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

pytestmark = [pytest.mark.concurrency, pytest.mark.processes, pytest.mark.spoils_the_books]

_ALL: Final = get_args(Point)
PLANTED: Final = _ALL[_ALL.index("check_then_act") :]
Scenario = Callable[[Shop], object]


def without(fence: str, scenario: Scenario) -> Scenario:
    """The database itself would refuse what the fault leads to: here the code has to stand alone."""
    table, _, rule = fence.partition(": ")

    def run(shop: Shop) -> object:
        with shop.database.writing() as c:
            c.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS ck_{table}_{rule}"))
        return scenario(shop)

    return run


def settle_one(shop: Shop) -> object:
    return settle_what_is_in_doubt(shop, 1, ["charged_500"])


CATCHERS: Final[dict[str, tuple[str, Scenario, str]]] = {
    "check_then_act": (
        "postgresql",
        without("stock_level: reserved", lambda shop: sell_all_of(shop, units=40, buyers=40, tries=2)),
        r"^(4[1-9]|[5-9]\d) of 40 units were sold",
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
        without("promotion_code: used", lambda shop: use_it_up(shop, new_key().upper(), buyers=32)),
        r"^(1[1-9]|[2-9]\d) of 10 uses",
    ),
    "refund_without_limit": (
        "postgresql",
        without("payment: captured", lambda shop: refund_three_times_over(shop, owner(shop), times=6)),
        r"^\d+ of \d+ were told, \d+ went",
    ),
    "trust_webhook": ("sqlite", forge, r"^Signed '', and answered 200"),
    "trust_amount": ("sqlite", lambda shop: wrong_sum(shop, "wrong_amount", 1), r"^Paid by another sum"),
    "forget_on_unknown": ("sqlite", settle_one, r"^Refused, and nobody knows: Counter\({'payment_declined'"),
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
        apis = 2 if fault == "check_then_act" else 1
        shop = opened(apis=apis, sandbox=True, SHOP_TEST_MODE="1", SHOP_FAILPOINTS=planted)
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
