"""What delivery costs, by weight or by the value of the goods."""

import pytest

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


def test_delivery_is_taxed_by_its_own_rate() -> None:
    told = price([goods(1000, rate_bp=700)], [], delivery(595, rate_bp=1900), prices_include_tax=True)
    assert (told.shipping_tax, told.taxes) == (95, ((1900, 500, 95), (700, 935, 65)))
