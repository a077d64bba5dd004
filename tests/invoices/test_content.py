"""What an invoice says, and how a refund is divided."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopapi.invoices.content import Parts, invoice_lines, parts_of, remaining, share, tax_sums
from tests.events.orders import order

amounts = st.integers(min_value=0, max_value=10**9)
parts = st.builds(
    Parts,
    goods=st.dictionaries(st.sampled_from([0, 700, 1900]), amounts, min_size=1),
    shipping=amounts,
    tax=st.dictionaries(st.sampled_from([700, 1900]), amounts),
)


def test_the_parts_of_an_order_sum_to_its_total() -> None:
    one = order()
    whole = parts_of(one, shipping_tax=0, shipping_tax_rate_bp=1900)
    assert whole.total == one.total.amount == 8800
    assert [(tax.rate_bp, tax.net, tax.tax) for tax in tax_sums(whole, 1900)] == [(1900, 5875, 1117), (700, 1690, 118)]
    assert sum(line.total for line in invoice_lines(one)) == 8800


@given(parts, st.lists(st.integers(min_value=1, max_value=10**9), max_size=6))
def test_all_refunds_of_an_order_come_to_its_invoice_part_by_part(whole: Parts, wanted: list[int]) -> None:
    taken: list[Parts] = []
    for amount in wanted:
        left = remaining(whole, taken)
        taken.append(share(left, min(amount, left.total)))
        assert taken[-1].total == min(amount, left.total)
    left = remaining(whole, taken)
    assert min([*left.goods.values(), left.shipping, *left.tax.values()]) >= 0
    last = share(left, left.total)
    nothing = remaining(whole, [*taken, last])
    assert not any([*nothing.goods.values(), nothing.shipping, *nothing.tax.values()])


def test_a_refund_of_more_than_is_left_is_refused() -> None:
    whole = Parts(goods={1900: 84}, shipping=0, tax={1900: 16})
    with pytest.raises(ValueError, match="101 cannot be taken from 100"):
        share(whole, 101)
