"""What a cart costs, by examples that were worked out by hand."""

import pytest

from shopapi.pricing.division import allocate
from shopapi.pricing.rules import price
from shopapi.pricing.values import Applied, LineTotals, Rejected
from tests.pricing.baskets import delivery, goods, promotion


def test_prices_that_include_tax_are_split_line_by_line() -> None:
    bowls, tea = goods(1850, 2), goods(790, variant=2, rate_bp=700)
    told = price([bowls, tea], [], delivery(490), prices_include_tax=True)
    assert told.lines == (LineTotals(0, 3700, 591), LineTotals(0, 790, 52))
    assert (told.subtotal, told.discount, told.shipping, told.shipping_tax) == (4490, 0, 490, 78)
    assert (told.tax, told.total) == (591 + 52 + 78, 4980)
    assert told.taxes == ((1900, 3109 + 412, 591 + 78), (700, 738, 52))


def test_tax_comes_on_top_where_prices_do_not_include_it() -> None:
    told = price([goods(1850, 2), goods(790, variant=2, rate_bp=700)], [], delivery(490), prices_include_tax=False)
    assert [line.tax for line in told.lines] == [703, 55]
    assert (told.shipping_tax, told.tax) == (93, 851)
    assert told.total == 4490 + 490 + 851
    assert told.taxes == ((1900, 3700 + 490, 703 + 93), (700, 790, 55))


def test_half_a_cent_goes_up() -> None:
    assert price([goods(50, rate_bp=100)], [], None, prices_include_tax=False).tax == 1
    assert price([goods(105)], [promotion("percent", 1000)], None, prices_include_tax=True).discount == 11


def test_an_empty_cart_costs_nothing() -> None:
    told = price([], [promotion("amount", 500)], None, prices_include_tax=True)
    assert (told.lines, told.subtotal, told.discount, told.total, told.shipping) == ((), 0, 0, 0, None)
    assert (told.applied, told.rejected) == ((), ())


def test_shipping_is_not_in_the_total_while_nobody_knows_how_it_goes() -> None:
    told = price([goods(1000)], [promotion("free_shipping", code="FREI")], None, prices_include_tax=True)
    assert (told.shipping, told.shipping_tax, told.total) == (None, 0, 1000)
    assert told.applied == (Applied(1, 1, 0, free_shipping=True),)


def test_free_delivery_leaves_no_tax_of_its_rate_behind() -> None:
    told = price([goods(1000, rate_bp=700)], [promotion("free_shipping")], delivery(490), prices_include_tax=True)
    assert (told.shipping, told.shipping_tax, told.total) == (0, 0, 1000)
    assert [rate for rate, _, _ in told.taxes] == [700]


def test_what_is_taken_off_the_order_is_spread_over_its_lines_to_the_cent() -> None:
    thirds = [goods(1000, variant=one) for one in (1, 2, 3)]
    told = price(thirds, [promotion("amount", 1000)], None, prices_include_tax=True)
    assert [line.discount for line in told.lines] == [334, 333, 333]
    assert [line.total for line in told.lines] == [666, 667, 667]
    assert told.discount == 1000


def test_who_gets_the_odd_cent_depends_on_the_goods_and_not_on_their_place() -> None:
    one, other = goods(10, variant=1, rate_bp=5000), goods(10, variant=2, rate_bp=0)
    for cart in ([one, other], [other, one]):
        told = price(cart, [promotion("amount", 1)], None, prices_include_tax=False)
        assert {cart[place].variant_id: line.discount for place, line in enumerate(told.lines)} == {1: 1, 2: 0}
        assert told.total == 19 + 5


def test_of_equal_remainders_the_heavier_weight_comes_first() -> None:
    assert (allocate(2, [1, 3]), allocate(2, [3, 1])) == ([0, 2], [2, 0])


def test_nothing_below_0_is_spread_nor_over_nothing() -> None:
    for total, weights in ((-1, [1]), (1, [2, -1]), (1, [0, 0]), (1, [])):
        with pytest.raises(ValueError, match="cannot be spread"):
            allocate(total, weights)
    assert (allocate(0, [0, 0]), allocate(0, [])) == ([0, 0], [])


def test_an_amount_takes_no_more_than_what_it_is_on_costs() -> None:
    cart = [goods(300, categories=[7]), goods(2000, variant=2)]
    told = price(cart, [promotion("amount", 500, scope="category", target=7)], delivery(490), prices_include_tax=True)
    assert [line.total for line in told.lines] == [0, 2000]
    assert (told.discount, told.total) == (300, 2490)
    assert told.applied == (Applied(1, 1, 300, free_shipping=False),)


def test_a_promotion_on_a_product_leaves_the_others_alone() -> None:
    cart = [goods(1000), goods(1000, variant=2)]
    told = price(cart, [promotion("percent", 2500, scope="product", target=2)], None, prices_include_tax=True)
    assert [line.discount for line in told.lines] == [0, 250]


def test_lines_come_before_the_order_and_percents_before_amounts() -> None:
    cart = [goods(10_000, categories=[7])]
    told = price(
        cart,
        [
            promotion("amount", 500, number=1),
            promotion("percent", 1000, number=2),
            promotion("amount", 1000, number=3, scope="category", target=7),
            promotion("percent", 2000, number=4, scope="category", target=7),
        ],
        None,
        prices_include_tax=True,
    )
    # 100.00 less a fifth, less 10.00, less a tenth, less 5.00
    assert [(one.promotion_id, one.amount) for one in told.applied] == [(4, 2000), (3, 1000), (2, 700), (1, 500)]
    assert told.total == 5800


def test_nothing_gets_cheaper_than_free() -> None:
    every = [promotion("percent", 10_000), promotion("percent", 1000, number=2), promotion("amount", 500, number=3)]
    told = price(
        [goods(1234, 3)], [*every, promotion("free_shipping", number=4)], delivery(490), prices_include_tax=False
    )
    assert (told.discount, told.total, told.tax) == (3702, 0, 0)


def test_an_automatic_promotion_that_finds_nothing_left_is_not_used() -> None:
    told = price(
        [goods(1000)],
        [promotion("percent", 10_000, number=1), promotion("amount", 500, number=2)],
        None,
        prices_include_tax=True,
    )
    assert [one.promotion_id for one in told.applied] == [1]


# --- codes


def test_a_code_and_every_automatic_promotion_count_together() -> None:
    told = price(
        [goods(10_000)],
        [promotion("amount", 500, number=1), promotion("percent", 1000, number=2, code="HERBST10")],
        None,
        prices_include_tax=True,
    )
    assert [(one.code_id, one.amount) for one in told.applied] == [(2, 1000), (1, 500)]


def test_of_two_codes_the_better_one_counts_and_the_other_is_told_why_not() -> None:
    codes = [promotion("percent", 1000, number=1, code="TEN"), promotion("percent", 2000, number=2, code="TWENTY")]
    told = price([goods(1000)], codes, None, prices_include_tax=True)
    assert [one.code_id for one in told.applied] == [2]
    assert told.rejected == (Rejected(1, "outdone", 0),)


def test_a_code_that_needs_more_goods_says_how_much_is_missing() -> None:
    code = promotion("percent", 1000, code="HERBST10", min_subtotal=5000)
    told = price([goods(4260)], [code], None, prices_include_tax=True)
    assert (told.discount, told.rejected) == (0, (Rejected(1, "min_subtotal", 740),))
    assert price([goods(5000)], [code], None, prices_include_tax=True).discount == 500


def test_the_value_that_a_code_asks_for_is_that_before_discounts() -> None:
    both = [promotion("percent", 5000), promotion("percent", 1000, number=2, code="HERBST10", min_subtotal=5000)]
    told = price([goods(5000)], both, None, prices_include_tax=True)
    assert (told.total, told.rejected) == (2250, ())


def test_a_code_for_goods_that_are_not_in_the_cart_says_so() -> None:
    code = promotion("percent", 1000, code="TEE", scope="category", target=7, min_subtotal=5000)
    told = price([goods(1000, categories=[1])], [code], None, prices_include_tax=True)
    assert told.rejected == (Rejected(1, "not_in_cart", 0),)


def test_an_exclusive_promotion_stands_alone_and_only_where_that_is_cheaper() -> None:
    automatic, code = promotion("percent", 1000), promotion("percent", 1500, number=2, code="ALONE", exclusive=True)
    told = price([goods(10_000)], [automatic, code], None, prices_include_tax=True)
    assert [one.promotion_id for one in told.applied] == [2]
    better = promotion("percent", 1000, number=3)
    told = price([goods(10_000)], [automatic, better, code], None, prices_include_tax=True)
    assert (told.discount, told.rejected) == (1900, (Rejected(2, "outdone", 0),))


def test_of_two_exclusive_codes_and_one_that_adds_up_only_the_best_legal_choice_counts() -> None:
    choice = [
        promotion("percent", 1000, number=1, code="A", exclusive=True),
        promotion("percent", 1200, number=2, code="B", exclusive=True),
        promotion("percent", 1100, number=3, code="C"),
    ]
    told = price([goods(10_000)], choice, None, prices_include_tax=True)
    assert (told.discount, [one.code_id for one in told.applied]) == (1200, [2])
    assert told.rejected == (Rejected(1, "outdone", 0), Rejected(3, "outdone", 0))


def test_of_equals_the_one_with_the_code_counts() -> None:
    automatic, code = promotion("percent", 1000, exclusive=True), promotion("percent", 1000, number=2, code="SAME")
    told = price([goods(1000)], [automatic, code], None, prices_include_tax=True)
    assert [one.code_id for one in told.applied] == [2]


def test_free_delivery_is_weighed_against_a_discount() -> None:
    choice = [
        promotion("free_shipping", code="FREI", number=1, exclusive=True),
        promotion("amount", 300, code="DREI", number=2, exclusive=True),
    ]
    told = price([goods(1000)], choice, delivery(490), prices_include_tax=True)
    assert ([one.code_id for one in told.applied], told.total) == ([1], 1000)


def test_the_same_code_twice_counts_once() -> None:
    code = promotion("percent", 1000, code="HERBST10")
    told = price([goods(1000)], [code, code], None, prices_include_tax=True)
    assert (told.discount, told.rejected) == (100, ())


def test_a_promotion_that_is_there_by_itself_and_by_a_code_counts_once() -> None:
    by_itself = promotion("percent", 1000, number=1, promotion_id=9)
    by_code = promotion("percent", 1000, number=2, promotion_id=9, code="HERBST10")
    told = price([goods(1000)], [by_itself, by_code], None, prices_include_tax=True)
    assert ([one.code_id for one in told.applied], told.discount) == ([2], 100)


def test_of_many_automatic_promotions_all_count() -> None:
    many = [promotion("amount", 10, number=one) for one in range(1, 13)]
    told = price([goods(1000)], many, None, prices_include_tax=False)
    assert (told.discount, len(told.applied)) == (120, 12)


@pytest.mark.parametrize("included", [True, False])
def test_a_full_cart_with_many_promotions_tells_every_sum_that_belongs_to_it(included: bool) -> None:
    cart = [goods(99 + 7 * n, 1 + n % 9, variant=n, categories=[n % 5], rate_bp=700 * (n % 3)) for n in range(100)]
    many = [promotion("percent", 100 * n + 33, number=n, scope="category", target=n % 5) for n in range(1, 9)]
    told = price(cart, [*many, promotion("amount", 4321, number=9)], delivery(490), prices_include_tax=included)
    assert told.discount == sum(line.discount for line in told.lines) == sum(one.amount for one in told.applied)
    assert told.tax == sum(tax for _, _, tax in told.taxes)
    assert told.total == sum(net + tax for _, net, tax in told.taxes)
