"""The sandbox's own journal against the shop's books, as the audit compares them, once nothing goes on any more."""

from collections import Counter
from collections.abc import Sequence

from shopapi.payments.journal import compare, read_books, read_charges
from tests.concurrency.standing import Shop


def assert_the_provider_agrees(shop: Shop, numbers: Sequence[str]) -> int:
    """Fail where one of these orders was charged twice, or where books and journal differ about it; the charges."""
    with shop.provider() as provider:
        theirs = [one for one in read_charges(provider) if one.order_number in set(numbers)]
    times = Counter(one.order_number for one in theirs if one.state == "succeeded")
    twice = {number: n for number, n in times.items() if n > 1}
    assert not twice, f"Charged more than once: {twice}"
    with shop.database.reading() as c:
        ours = {key: one for key, one in read_books(c).items() if one.order_number in set(numbers)}
    differing = compare(theirs, ours, settled=True)
    assert not differing, f"The provider's journal says otherwise: {differing}"
    return times.total()
