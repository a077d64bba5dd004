"""Limits against a model, and the address that the web part vouches for."""

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from shopapi.http.limits import Limiter
from shopapi.http.problems import RateLimited
from shopapi.runtime.addresses import believed, limit_key, signed

CALLS, SECONDS = 5, 60.0
WAITS = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 90)), min_size=1, max_size=60)
ADDRESSES = st.ip_addresses().map(str)


@given(WAITS)
def test_a_limiter_is_a_bucket_that_fills_up_again(calls: list[tuple[str, int]]) -> None:
    limiter, now = Limiter(CALLS, SECONDS), 0.0
    left: dict[str, float] = {}
    last: dict[str, float] = {}
    for key, wait in calls:
        now += wait
        filled = (now - last.get(key, now)) * CALLS / SECONDS
        left[key] = min(float(CALLS), left.get(key, float(CALLS)) + filled)
        last[key] = now
        try:
            limiter.take(key, now)
        except RateLimited as error:
            assert left[key] < 1 + 1e-9
            wait_s = int(error.headers["Retry-After"])
            assert 1 <= wait_s <= SECONDS / CALLS + 1
            assert left[key] + wait_s * CALLS / SECONDS >= 1 - 1e-9, "Whoever waits as long as told is let through."
        else:
            assert left[key] >= 1 - 1e-9
            left[key] -= 1


@given(WAITS)
def test_no_more_get_through_in_a_minute_than_the_burst_and_the_refill(calls: list[tuple[str, int]]) -> None:
    limiter, now, let_through = Limiter(CALLS, SECONDS), 0.0, []
    for _, wait in calls:
        now += wait
        try:
            limiter.take("key", now)
        except RateLimited:
            continue
        let_through.append(now)
    for begin in let_through:
        assert sum(begin <= at <= begin + SECONDS for at in let_through) <= 2 * CALLS


@given(ADDRESSES, st.floats(-299, 299))
def test_a_signed_address_is_believed_for_five_minutes(address: str, age: float) -> None:
    assert believed(signed(address, "key", now=1000), "key", now=1000 + age) == address


@given(ADDRESSES, st.floats(302, 1e6) | st.floats(-1e6, -302))
def test_an_old_word_is_not_believed(address: str, age: float) -> None:
    assert believed(signed(address, "key", now=1_000_000), "key", now=1_000_000 + age) is None


@given(ADDRESSES, ADDRESSES, st.text(max_size=60))
def test_nothing_that_was_changed_or_made_up_is_believed(address: str, other: str, made_up: str) -> None:
    word = signed(address, "key", now=1000)
    if other != address:
        assert believed(word.replace(address, other, 1), "key", now=1000) is None
    assert believed(word, "another key", now=1000) is None
    assert believed(word[:-1], "key", now=1000) is None
    assert believed(made_up, "key", now=1000) is None
    assert believed(f"{address};1000;{made_up}", "key", now=1000) is None


@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
def test_one_network_of_v6_has_one_allowance(address: ipaddress.IPv6Address, host: int) -> None:
    neighbour = ipaddress.IPv6Address(int(address) >> 64 << 64 | host)
    if address.ipv4_mapped is None and neighbour.ipv4_mapped is None:
        assert limit_key(str(address)) == limit_key(str(neighbour))


@given(st.text(max_size=40))
def test_no_address_is_a_fault(text: str) -> None:
    assert limit_key(text) == text or ipaddress.ip_network(limit_key(text))
