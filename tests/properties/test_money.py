"""Money over all that can be in a cart: parts sum to their whole, and the best legal choice wins.

``PROVE_EXAMPLES`` says how many carts each property tries; a few hundred without it.
"""

import itertools
import os
from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import floor

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from shopapi.pricing.combining import ALL_WAYS
from shopapi.pricing.division import allocate, tax_of
from shopapi.pricing.rules import price
from shopapi.pricing.values import Delivery, Goods, Promotion, PromotionKind, PromotionScope, Totals
from tests.pricing import baskets

many = settings(max_examples=int(os.environ.get("PROVE_EXAMPLES", "200")))
LARGEST = 10**15

AMOUNTS = st.one_of(st.integers(0, 60), st.integers(0, 30_000), st.integers(0, LARGEST))
RATES = st.one_of(st.sampled_from([0, 700, 1900, 2550]), st.integers(0, 9999))
WEIGHTS = st.lists(AMOUNTS, min_size=1, max_size=12).filter(any)
TARGETS = st.sampled_from([1, 2, 3])
WAYS = st.none() | st.builds(
    lambda cost, steps, by, free_from, rate: baskets.delivery(cost, *steps, by=by, free_from=free_from, rate_bp=rate),
    st.integers(0, 900),
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 900)), max_size=3),
    st.sampled_from(["weight", "subtotal"]),
    st.none() | st.integers(0, 300),
    RATES,
)


def carts(prices: st.SearchStrategy[int], most: int) -> st.SearchStrategy[list[Goods]]:
    """Lines of different variants in any order."""
    line = st.builds(
        lambda variant, price, quantity, product, categories, rate, weight: baskets.goods(
            price, quantity, variant=variant, product=product, categories=categories, rate_bp=rate, weight_g=weight
        ),
        *(st.integers(1, 99), prices, st.integers(1, 9), TARGETS, st.frozensets(TARGETS), RATES, st.integers(0, 90)),
    )
    return st.lists(line, max_size=most, unique_by=lambda one: one.variant_id)


@st.composite
def promotions(draw: st.DrawFn, least: int = 0, most: int = ALL_WAYS) -> list[Promotion]:
    """Promotions of every kind, some with codes, some exclusive."""
    made = []
    for number in range(1, draw(st.integers(least, most)) + 1):
        kind, scope = draw(KINDS), draw(SCOPES)
        value = draw({"percent": PERCENTS, "amount": AMOUNTS.map(lambda one: one or 1)}.get(kind, st.just(0)))
        made.append(
            baskets.promotion(
                kind,
                value,
                number=number,
                scope=scope,
                target=None if scope == "order" else draw(TARGETS),
                code=draw(st.sampled_from([None, None, f"CODE{number}"])),
                exclusive=draw(st.sampled_from([False, False, False, True])),
                min_subtotal=draw(st.sampled_from([0, 0, 1, 40, 5000])),
            )
        )
    return made


KINDS: st.SearchStrategy[PromotionKind] = st.sampled_from(["percent", "percent", "amount", "amount", "free_shipping"])
SCOPES: st.SearchStrategy[PromotionScope] = st.sampled_from(["order", "category", "product"])
PERCENTS = st.sampled_from([1, 333, 1000, 5000, 9999, 10_000]) | st.integers(1, 10_000)
SMALL = carts(st.integers(0, 60), 4)
ANY = carts(AMOUNTS, 8)


# --- spreading


@many
@given(AMOUNTS, WEIGHTS)
@example(LARGEST, [1, 1, 1])
@example(1, [0, 1, 0])
def test_parts_sum_to_the_whole_and_each_is_within_one_of_its_share(total: int, weights: list[int]) -> None:
    parts = allocate(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(total * weight, sum(weights))) < 1
        assert part <= weight or total > sum(weights), "Nobody pays back more than they paid."


@many
@given(AMOUNTS, WEIGHTS, st.randoms(use_true_random=False))
def test_who_gets_what_does_not_depend_on_the_order(total: int, weights: list[int], random: object) -> None:
    shuffled = list(weights)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    before, after = allocate(total, weights), allocate(total, shuffled)
    assert sorted(zip(weights, before, strict=True)) == sorted(zip(shuffled, after, strict=True))


# --- tax


@many
@given(AMOUNTS, RATES)
def test_tax_that_is_put_on_top_can_be_taken_out_again(net: int, rate_bp: int) -> None:
    on_top = tax_of(net, rate_bp, included=False)
    assert tax_of(net + on_top, rate_bp, included=True) == on_top
    assert abs(on_top - Fraction(net * rate_bp, 10_000)) <= Fraction(1, 2)


@many
@given(AMOUNTS, RATES)
def test_tax_that_is_taken_out_comes_back_but_for_one(gross: int, rate_bp: int) -> None:
    inside = tax_of(gross, rate_bp, included=True)
    assert 0 <= inside <= gross
    assert abs(tax_of(gross - inside, rate_bp, included=False) - inside) <= 1


# --- whole carts


@many
@given(ANY, promotions(most=9), WAYS, st.booleans())
def test_every_sum_agrees_with_its_parts(
    cart: list[Goods], offers: list[Promotion], way: Delivery | None, included: bool
) -> None:
    told = price(cart, offers, way, prices_include_tax=included)
    shipping = told.shipping or 0
    for one, line in zip(cart, told.lines, strict=True):
        assert 0 <= line.discount <= one.unit_price * one.quantity
        assert line.total == one.unit_price * one.quantity - line.discount
        assert line.tax == tax_of(line.total, one.tax_rate_bp, included=included)
    assert told.subtotal == sum(one.unit_price * one.quantity for one in cart)
    assert told.discount == sum(line.discount for line in told.lines) == sum(one.amount for one in told.applied)
    assert told.tax == sum(line.tax for line in told.lines) + told.shipping_tax
    assert told.total == told.subtotal - told.discount + shipping + (0 if included else told.tax)
    assert told.total >= 0
    assert (told.shipping is None) == (way is None)
    assert told.total == sum(net + tax for _, net, tax in told.taxes)
    assert told.tax == sum(tax for _, _, tax in told.taxes)
    assert [rate for rate, _, _ in told.taxes] == sorted({rate for rate, _, _ in told.taxes}, reverse=True)


@many
@given(ANY, promotions(most=9), WAYS, st.booleans())
def test_what_counts_is_legal_and_every_other_code_is_told_why_not(
    cart: list[Goods], offers: list[Promotion], way: Delivery | None, included: bool
) -> None:
    told = price(cart, offers, way, prices_include_tax=included)
    known = {one.code_id: one for one in offers}
    counting = [known[one.code_id] for one in told.applied]
    codes = [one.code_id for one in counting if one.code is not None]
    assert len(codes) <= 1
    assert len(counting) == 1 or not any(one.exclusive for one in counting)
    assert all(one.min_subtotal <= told.subtotal for one in counting)
    assert {one.code_id for one in told.rejected} == {one.code_id for one in offers if one.code} - set(codes)
    for no in told.rejected:
        assert (no.missing > 0) == (no.why == "min_subtotal")
        assert no.missing in (0, known[no.code_id].min_subtotal - told.subtotal)


@many
@given(ANY, promotions(most=9), WAYS, st.booleans(), st.randoms(use_true_random=False))
def test_no_order_of_lines_or_promotions_changes_anything(
    cart: list[Goods], offers: list[Promotion], way: Delivery | None, included: bool, random: object
) -> None:
    first = price(cart, offers, way, prices_include_tax=included)
    places, again = list(range(len(cart))), [*offers, *offers]
    random.shuffle(places)  # type: ignore[attr-defined]
    random.shuffle(again)  # type: ignore[attr-defined]
    second = price([cart[place] for place in places], again, way, prices_include_tax=included)
    assert [second.lines[places.index(place)] for place in range(len(cart))] == list(first.lines)
    assert _without_lines(first) == _without_lines(second)


@many
@given(SMALL, promotions(least=1), WAYS, st.booleans())
def test_the_best_legal_choice_wins(
    cart: list[Goods], offers: list[Promotion], way: Delivery | None, included: bool
) -> None:
    told = price(cart, offers, way, prices_include_tax=included)
    totals = [_total(cart, choice, way, included=included) for choice in _legal(cart, offers)]
    assert told.total == min(totals)


@many
@given(SMALL, promotions(least=1, most=ALL_WAYS + 1), WAYS, st.booleans())
def test_one_more_promotion_never_raises_the_total(
    cart: list[Goods], offers: list[Promotion], way: Delivery | None, included: bool
) -> None:
    assume(sum(one.code is None for one in offers) <= ALL_WAYS)
    fewer = price(cart, offers[:-1], way, prices_include_tax=included)
    assert price(cart, offers, way, prices_include_tax=included).total <= fewer.total


def _without_lines(told: Totals) -> list[object]:
    return [getattr(told, name) for name in Totals.__struct_fields__ if name != "lines"]


# --- the model: the words of the rule, over fractions, over every subset


def _legal(cart: Sequence[Goods], offers: Sequence[Promotion]) -> Iterator[tuple[Promotion, ...]]:
    subtotal = sum(one.unit_price * one.quantity for one in cart)
    for size in range(len(offers) + 1):
        for choice in itertools.combinations(offers, size):
            reached = all(one.scope == "order" or any(_reached(one, line) for line in cart) for one in choice)
            alone = size < 2 or not any(one.exclusive for one in choice)
            one_code = sum(one.code is not None for one in choice) <= 1
            if reached and alone and one_code and all(one.min_subtotal <= subtotal for one in choice):
                yield choice


def _reached(offer: Promotion, line: Goods) -> bool:
    if offer.scope == "category":
        return offer.target_id in line.category_ids
    return offer.scope == "order" or offer.target_id == line.product_id


def _total(cart: Sequence[Goods], choice: Sequence[Promotion], way: Delivery | None, *, included: bool) -> int:
    lines = sorted(cart, key=lambda one: one.variant_id)
    left = {one.variant_id: one.unit_price * one.quantity for one in lines}
    subtotal, weight_g = sum(left.values()), sum(one.weight_g * one.quantity for one in lines)
    for scopes, kind in itertools.product((("category", "product"), ("order",)), ("percent", "amount")):
        for offer in sorted(choice, key=lambda one: one.id):
            if offer.scope in scopes and offer.kind == kind:
                _take(offer, lines, left)
    shipping = 0
    if way is not None and not any(one.kind == "free_shipping" for one in choice):
        measure = weight_g if way.steps_by == "weight" else subtotal
        reached = [step for step in way.steps if step[0] <= measure]
        free = way.free_from is not None and subtotal >= way.free_from
        shipping = 0 if free else max(reached)[1] if reached else way.price
    total = sum(left.values()) + shipping
    if not included:
        total += sum(_round(Fraction(left[one.variant_id] * one.tax_rate_bp, 10_000)) for one in lines)
        total += _round(Fraction(shipping * _delivery_rate(lines, left, way), 10_000)) if way is not None else 0
    return total


def _delivery_rate(lines: Sequence[Goods], left: dict[int, int], way: Delivery) -> int:
    """The highest of what costs something, the lowest where nothing does, and at most its own."""
    paid = [one.tax_rate_bp for one in lines if left[one.variant_id] > 0]
    free = [one.tax_rate_bp for one in lines]
    return min(way.tax_rate_bp, max(paid) if paid else min(free, default=way.tax_rate_bp))


def _take(offer: Promotion, lines: Sequence[Goods], left: dict[int, int]) -> None:
    on = [one.variant_id for one in lines if _reached(offer, one)]
    whole = sum(left[one] for one in on)
    if offer.kind == "percent" and offer.scope != "order":
        for one in on:
            left[one] -= _round(left[one] * Fraction(offer.value, 10_000))
    elif whole:
        off = min(offer.value, whole) if offer.kind == "amount" else _round(whole * Fraction(offer.value, 10_000))
        shares = {one: Fraction(off * left[one], whole) for one in on}
        short = off - sum(floor(share) for share in shares.values())
        by_remainder = sorted(on, key=lambda one: (shares[one] % 1, left[one], -one), reverse=True)
        for place, one in enumerate(by_remainder):
            left[one] -= floor(shares[one]) + (place < short)


def _round(number: Fraction) -> int:
    return floor(number + Fraction(1, 2))
