"""What a cart or an order costs: the one function that prices everything. No I/O, no clock, no settings."""

from collections.abc import Sequence

from msgspec import Struct

from shopapi.pricing.combining import legal_choices, reaches, refusal
from shopapi.pricing.division import WHOLE_BP, allocate, half_up, tax_of
from shopapi.pricing.values import Applied, Delivery, Goods, LineTotals, Promotion, Rejected, Totals
from shopapi.shipping.rules import shipping_price


class _Basket(Struct, frozen=True):
    """What does not depend on promotions. ``goods`` are in an order of their own, that of no cart."""

    goods: tuple[Goods, ...]
    prices: tuple[int, ...]
    subtotal: int
    shipping: int | None
    shipping_rate_bp: int
    includes_tax: bool


class _Outcome(Struct, frozen=True):
    """What comes of a choice of promotions. ``taken`` is what each one takes off the goods."""

    chosen: tuple[Promotion, ...]
    taken: tuple[int, ...]
    lines: tuple[LineTotals, ...]
    shipping: int | None
    shipping_rate_bp: int
    shipping_tax: int
    tax: int
    total: int


def price(
    goods: Sequence[Goods],
    promotions: Sequence[Promotion],
    delivery: Delivery | None,
    *,
    prices_include_tax: bool,
) -> Totals:
    """Price ``goods`` with the best legal choice of ``promotions``: every one that may apply now, with all codes.

    The order is fixed: unit price x quantity, promotions on lines, promotions on the order spread over the lines by
    largest remainder, shipping, tax per line, and of shipping at a rate of its goods. Each step rounds half up, once
    per line, and parts sum to their whole.
    ``min_subtotal`` and shipping look at the value of goods before discounts, so no promotion ever raises the total.

    What costs least in all wins; of equals one with a code, then the one with more promotions, then the lower ids. At
    most one code counts, and ``rejected`` says of each other one why it does not. Lines come back in the order of
    ``goods``, and no other result depends on that order.
    """
    places = sorted(range(len(goods)), key=lambda i: _own_order(goods[i]))
    basket = _basket(tuple(goods[i] for i in places), delivery, prices_include_tax)
    known = {one.code_id: one for one in promotions}
    refused = {one.code_id: refusal(one, basket.goods, basket.subtotal) for one in known.values()}
    usable = [one for one in known.values() if refused[one.code_id] is None]
    best = min((_outcome(basket, choice) for choice in legal_choices(usable)), key=_rank)
    counting = {one.code_id for one in best.chosen}
    rejected = tuple(
        refused[one.code_id] or Rejected(one.code_id, "outdone", 0)
        for one in sorted(known.values(), key=lambda one: one.code_id)
        if one.code is not None and one.code_id not in counting
    )
    return _totals(basket, best, places, rejected)


def _own_order(goods: Goods) -> tuple[int, ...]:
    """Where equal remainders tie, this decides who gets the cent, not where a line stands in the cart."""
    return (
        *(goods.variant_id, goods.product_id, goods.unit_price, goods.quantity, goods.tax_rate_bp, goods.weight_g),
        *sorted(goods.category_ids),
    )


def _basket(goods: tuple[Goods, ...], delivery: Delivery | None, includes_tax: bool) -> _Basket:
    prices = tuple(one.unit_price * one.quantity for one in goods)
    subtotal = sum(prices)
    weight_g = sum(one.weight_g * one.quantity for one in goods)
    return _Basket(
        goods=goods,
        prices=prices,
        subtotal=subtotal,
        shipping=shipping_price(delivery, weight_g=weight_g, subtotal=subtotal) if delivery else None,
        shipping_rate_bp=delivery.tax_rate_bp if delivery else 0,
        includes_tax=includes_tax,
    )


def _outcome(basket: _Basket, chosen: tuple[Promotion, ...]) -> _Outcome:
    left, taken = list(basket.prices), list[int]()
    for promotion in chosen:
        parts = _taken_from(basket.goods, left, promotion)
        left = [amount - part for amount, part in zip(left, parts, strict=True)]
        taken.append(sum(parts))
    lines = tuple(
        LineTotals(before - after, after, tax_of(after, one.tax_rate_bp, included=basket.includes_tax))
        for one, before, after in zip(basket.goods, basket.prices, left, strict=True)
    )
    shipping = basket.shipping
    if shipping is not None and any(one.kind == "free_shipping" for one in chosen):
        shipping = 0
    shipping_rate_bp = _shipping_rate(basket, left)
    shipping_tax = tax_of(shipping or 0, shipping_rate_bp, included=basket.includes_tax)
    tax = sum(line.tax for line in lines) + shipping_tax
    total = sum(left) + (shipping or 0) + (0 if basket.includes_tax else tax)
    return _Outcome(chosen, tuple(taken), lines, shipping, shipping_rate_bp, shipping_tax, tax, total)


def _shipping_rate(basket: _Basket, left: Sequence[int]) -> int:
    """Delivery shares the rate of its goods (section 3.10 (5) UStAE), the highest of those that cost something, and has
    at most its own. Where nothing costs anything it is the lowest, so that no promotion raises the total."""
    rates = [one.tax_rate_bp for one in basket.goods]
    paid = [rate_bp for rate_bp, amount in zip(rates, left, strict=True) if amount]
    of_goods = max(paid) if paid else min(rates, default=basket.shipping_rate_bp)
    return min(basket.shipping_rate_bp, of_goods)


def _taken_from(goods: Sequence[Goods], left: Sequence[int], promotion: Promotion) -> list[int]:
    """What ``promotion`` takes off each line, of which ``left`` is what earlier ones left of its price."""
    if promotion.kind == "free_shipping":
        return [0] * len(left)
    within = [amount if reaches(promotion, one) else 0 for one, amount in zip(goods, left, strict=True)]
    if promotion.kind == "amount":
        return allocate(min(promotion.value, sum(within)), within)
    if promotion.scope == "order":
        return allocate(half_up(sum(within) * promotion.value, WHOLE_BP), within)
    return [half_up(amount * promotion.value, WHOLE_BP) for amount in within]


def _rank(outcome: _Outcome) -> tuple[int, bool, int, list[int]]:
    has_code = any(one.code is not None for one in outcome.chosen)
    return outcome.total, not has_code, -len(outcome.chosen), [one.code_id for one in outcome.chosen]


def _totals(basket: _Basket, best: _Outcome, places: Sequence[int], rejected: tuple[Rejected, ...]) -> Totals:
    lines = dict(zip(places, best.lines, strict=True))
    applied = tuple(
        Applied(one.id, one.code_id, amount, one.kind == "free_shipping")
        for one, amount in zip(best.chosen, best.taken, strict=True)
        # An automatic one that finds nothing left to take has not been used.
        if amount or one.kind == "free_shipping" or one.code is not None
    )
    return Totals(
        lines=tuple(lines[i] for i in range(len(places))),
        subtotal=basket.subtotal,
        discount=sum(best.taken),
        shipping=best.shipping,
        shipping_tax_rate_bp=best.shipping_rate_bp,
        shipping_tax=best.shipping_tax,
        tax=best.tax,
        taxes=_taxes(basket, best),
        total=best.total,
        applied=applied,
        rejected=rejected,
    )


def _taxes(basket: _Basket, best: _Outcome) -> tuple[tuple[int, int, int], ...]:
    lines = [(one.tax_rate_bp, line.total, line.tax) for one, line in zip(basket.goods, best.lines, strict=True)]
    shipping = best.shipping_rate_bp, best.shipping or 0, best.shipping_tax
    return sum_taxes(lines, shipping, included=basket.includes_tax)


def sum_taxes(
    lines: Sequence[tuple[int, int, int]], shipping: tuple[int, int, int], *, included: bool
) -> tuple[tuple[int, int, int], ...]:
    """(rate, net, tax) by falling rate, of (rate, amount, tax) of lines, and of shipping where it costs something."""
    sums: dict[int, tuple[int, int]] = {}
    for rate_bp, amount, tax in [*lines, shipping] if shipping[1] else lines:
        net_so_far, tax_so_far = sums.get(rate_bp, (0, 0))
        net = amount - tax if included else amount
        sums[rate_bp] = net_so_far + net, tax_so_far + tax
    return tuple((rate_bp, *sums[rate_bp]) for rate_bp in sorted(sums, reverse=True))
