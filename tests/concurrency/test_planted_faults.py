"""Faults planted on purpose, each of which one of the proofs must catch: what cannot fail proves nothing."""

from collections.abc import Callable
from typing import Final, get_args

import pytest
from sqlalchemy import text

from shopapi.runtime.failpoints import Point
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
from tests.proving.proof import Proof

pytestmark = [pytest.mark.concurrency, pytest.mark.processes, pytest.mark.spoils_the_books]

_ALL: Final = get_args(Point)
PLANTED: Final = _ALL[_ALL.index("check_then_act") :]


def without_the_fence(shop: Shop) -> object:
    """The database itself would refuse to reserve what is not there: here the code has to stand alone."""
    with shop.database.writing() as c:
        c.execute(text("ALTER TABLE stock_level DROP CONSTRAINT ck_stock_level_reserved"))
    return sell_all_of(shop, units=40, buyers=40, tries=2)


CATCHERS: Final[dict[str, tuple[str, Callable[[Shop], object], str]]] = {
    "check_then_act": ("postgresql", without_the_fence, "units"),
    "no_fingerprint": ("sqlite", reuse_a_key, ": 201"),
    "record_without_compare": ("sqlite", lambda shop: tell_twenty_times(shop, orders=2, copies=4), "200"),
    "release_paid": (
        "postgresql",
        lambda shop: expire_and_confirm(shop, orders=40, provider="sandbox", sweepers=1),
        "Given up and paid",
    ),
    "ignore_expected_total": (
        "sqlite",
        lambda shop: buy_at_moving_prices(shop, buyers=8, each=3),
        "Agreed to",
    ),
    "code_without_limit": ("sqlite", lambda shop: use_it_up(shop, "HERBST", buyers=24), "uses|once"),
    "refund_without_limit": (
        "sqlite",
        lambda shop: refund_three_times_over(shop, owner(shop), times=6),
        "went|500",
    ),
    "trust_webhook": ("sqlite", forge, ": 200"),
    "trust_amount": ("sqlite", lambda shop: wrong_sum(shop, "wrong_amount", 1), "Paid by another sum"),
    "forget_on_unknown": (
        "sqlite",
        lambda shop: settle_what_is_in_doubt(shop, 1, ["charged_500"]),
        "402|payment_declined",
    ),
    "charge_with_new_key": (
        "sqlite",
        lambda shop: settle_what_is_in_doubt(shop, 1, ["charged_500"]),
        "the provider took|Charged",
    ),
    "lose_outbox": ("sqlite", lambda shop: papers_follow(shop, buy(shop, 1, "tok_ok")), "has 0 invoices"),
    "release_twice": (
        "postgresql",
        lambda shop: expire_and_confirm(shop, orders=24, provider="manual"),
        "units are held|reserved",
    ),
    "late_success_is_lost": (
        "sqlite",
        lambda shop: pay_after_all(shop, orders=1, sold_out=True),
        "Money that came late|the provider took",
    ),
}
"""By fault: a kind of database on which it can show, the proof that catches it, and what that says."""


def test_every_fault_that_can_be_planted_has_its_catcher() -> None:
    assert sorted(CATCHERS) == sorted(PLANTED)
    assert len(CATCHERS) >= 12


@pytest.mark.parametrize(
    ("database_url", "fault"),
    [(kind, fault) for fault, (kind, _, _) in CATCHERS.items()],
    indirect=["database_url"],
    ids=list(CATCHERS),
)
def test_a_planted_fault_is_caught(request: pytest.FixtureRequest, opened: OpenShop, fault: str) -> None:
    _, scenario, says = CATCHERS[fault]
    proof = Proof(request, "planted", f"{fault}: caught", "one quick run")
    shop = opened(
        apis=2 if fault == "check_then_act" else 1, sandbox=True, SHOP_TEST_MODE="1", SHOP_FAILPOINTS=f"{fault}=on"
    )
    with pytest.raises(Exception, match=says) as caught:
        scenario(shop)
    proof.sometimes("caught", 1)
    proof.count(type(caught.value).__name__, 1)
