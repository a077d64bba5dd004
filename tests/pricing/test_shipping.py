"""What delivery costs, by weight or by the value of the goods."""

import pytest

from shopapi.pricing.division import tax_of
from shopapi.pricing.rules import price
from shopapi.shipping.rules import shipping_price
from tests.pricing.baskets import delivery, goods, promotion

BY_WEIGHT = delivery(490, (5000, 690), (10_000, 1190))


@pytest.mark.parametrize(
    ("weight_g", "costs"), [(0, 490), (4999, 490), (5000, 690), (9999, 690), (10_000, 1190), (10**9, 1190)]
)
def test_a_step_costs_what_it_says_from_its_weight_on(weight_g: int, costs: int) -> None:
    assert shipping_price(BY_WEIGHT, weight_g=weight_g, subtotal=0) == costs


def test_steps_by_value_look_at_the_goods_and_not_at_their_weight() -> None:
    by_value = delivery(990, (5000, 490), (10_000, 0), by="subtotal")
    assert [shipping_price(by_value, weight_g=10**6, subtotal=one) for one in (4999, 5000, 9999, 10_000)] == [
        *(990, 490, 490, 0)
    ]


def test_the_order_of_steps_does_not_matter() -> None:
    shuffled = delivery(490, (10_000, 1190), (5000, 690))
    assert shipping_price(shuffled, weight_g=7000, subtotal=0) == 690


def test_nothing_from_free_from_on_however_heavy() -> None:
    free = delivery(490, (5000, 690), free_from=6000)
    assert shipping_price(free, weight_g=6000, subtotal=5999) == 690
    assert shipping_price(free, weight_g=6000, subtotal=6000) == 0
    assert shipping_price(delivery(490, free_from=0), weight_g=0, subtotal=0) == 0


def test_the_weight_is_that_of_all_units() -> None:
    cart = [goods(100, 3, weight_g=1500), goods(100, 1, variant=2, weight_g=500)]
    assert price(cart, [], BY_WEIGHT, prices_include_tax=True).shipping == 690


def test_a_discount_takes_free_delivery_from_nobody() -> None:
    free = delivery(490, free_from=6000)
    told = price([goods(6000)], [promotion("percent", 5000)], free, prices_include_tax=True)
    assert (told.shipping, told.total) == (0, 3000)


@pytest.mark.parametrize(
    ("lines", "own", "rate"),
    [
        ([(1000, 700)], 1900, 700),
        ([(1000, 700), (1000, 1900)], 1900, 1900),
        ([(1000, 700), (0, 1900)], 1900, 700),
        ([(0, 1900), (0, 700)], 1900, 700),
        ([(1000, 1900)], 700, 700),
        ([(1000, 0)], 1900, 0),
    ],
    ids=["reduced alone", "the highest", "of what costs something", "all for nothing", "at most its own", "export"],
)
def test_delivery_is_taxed_as_its_goods_are(lines: list[tuple[int, int]], own: int, rate: int) -> None:
    basket = [goods(amount, variant=n, rate_bp=rate_bp) for n, (amount, rate_bp) in enumerate(lines, 1)]
    told = price(basket, [], delivery(595, rate_bp=own), prices_include_tax=True)
    assert (told.shipping_tax_rate_bp, told.shipping_tax) == (rate, tax_of(595, rate, included=True))
    assert sum(net + tax for _, net, tax in told.taxes) == told.total
