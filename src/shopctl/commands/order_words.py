"""Orders in words, for a terminal."""

from datetime import UTC, datetime
from typing import Final

from shopapi.contract.calendar import OF_THE_SHOP
from shopapi.contract.catalog import Money
from shopapi.contract.fields import typed_number
from shopapi.contract.orders import (
    AdminOrder,
    Order,
    OrderCard,
    OrderEvent,
    OrderState,
    Payment,
    ShippingState,
    Withdrawal,
)
from shopapi.contract.standing import is_given_back, outcome_of, to_see_to, wrong_charges
from shopctl.commands.amounts import shown

_SETTLED: Final = {"not_meant": "settled: not meant", "done": "settled: done"}
_SHIPPING: Final = {"unshipped": "○ not yet", "partly_shipped": "◐ partly", "shipped": "● shipped"}


def moment(at: datetime) -> str:
    """When, by the shop's own clock; the year where it is another one."""
    here = at.astimezone(OF_THE_SHOP)
    this_year = here.year == datetime.now(UTC).astimezone(OF_THE_SHOP).year
    return f"{here:%d %b %H:%M}" if this_year else f"{here:%d %b %Y}"


def shipping(order: OrderState, state: ShippingState) -> str:
    """What has left; of a cancelled order, that nothing will."""
    return "✗ cancelled" if order == "cancelled" and state == "unshipped" else _SHIPPING[state]


def payment(card: OrderCard) -> str:
    """What became of the money; an exclamation mark where a person should look."""
    state = (card.payment_state or "free").replace("_", " ")
    return f"! {state}" if card.attention else state


def row(card: OrderCard) -> tuple[str, ...]:
    """An order's row in the list."""
    return (
        card.number,
        moment(card.placed_at),
        card.customer,
        shown(card.total),
        payment(card),
        shipping(card.state, card.shipping_state) + (", ! withdrawn" if card.withdrawn else ""),
    )


def heading(order: Order) -> str:
    """The first line on an order: its number and where it stands."""
    states: list[str] = [order.state]
    if order.payment is not None:
        states.append(order.payment.state.replace("_", " "))
    return f"{order.number}  {', '.join(states)}, {shipping(order.state, order.shipping_state)}"


def whereto(order: Order) -> list[str]:
    """Who ordered, and where it goes."""
    to = order.shipping_address
    place = f"{to.postal_code} {to.city}".strip()
    parts = (to.name, to.company, to.line1, to.line2, place, to.region, to.country)
    return [f"{order.billing_address.name}  {order.email}", ", ".join(filter(None, parts))]


def withdrawals(told: AdminOrder) -> list[str]:
    """A line for each declaration of withdrawal; an exclamation mark where something is to be done."""
    open_ones = to_see_to(told)
    return [f"{'! ' if one in open_ones else ''}{withdrawal(one)}" for one in told.withdrawals]


def withdrawal(one: Withdrawal) -> str:
    """Who withdrew, where the receipt went, when, from what (word for word), if it is certain, how it was settled."""
    said = f'withdrawn by {one.name}, {one.email}, {moment(one.declared_at)}, naming "{one.order_number}"'
    said += ", not confirmed: another e-mail address than in the order" if one.certain is False else ""
    settled = f", {_SETTLED[one.outcome]}, {moment(one.settled_at)}" if one.outcome and one.settled_at else ""
    return said + settled


def sums(order: Order) -> list[tuple[str, str]]:
    """What it costs, from the goods to the total."""
    found = [("goods", shown(order.subtotal))]
    if order.discount.amount:
        names = ", ".join(one.code or one.name for one in order.discounts if not one.free_shipping)
        found.append((f"discount ({names})" if names else "discount", f"-{shown(order.discount)}"))
    free = [one.code or one.name for one in order.discounts if one.free_shipping]
    found.append((f"delivery ({', '.join([order.shipping_method.name, *free])})", shown(order.shipping)))
    found.append((f"{'with' if order.prices_include_tax else 'plus'} VAT", shown(order.tax)))
    return [*found, ("total", shown(order.total))]


def money_lines(told: Payment) -> list[str]:
    """What came in and went back, and what is unclear about it."""
    parts = [f"{told.provider}: {shown(told.captured)} of {shown(told.amount)} paid"]
    if told.refunded.amount:
        parts.append(f"{shown(told.refunded)} refunded")
    if told.refund_pending.amount:
        parts.append(f"{shown(told.refund_pending)} on its way back")
    parts += [f"{shown(wrong)} charged wrongly and given back" for wrong in wrong_charges(told, given_back=True)]
    open_issues = [one.kind.replace("_", " ") for one in told.issues if one.resolved_at is None]
    return [", ".join(parts), *(f"! {kind}: a person should look" for kind in open_issues)]


def step(event: OrderEvent, currency: str) -> tuple[str, str, str, str]:
    """A row of the timeline; ``currency`` is the order's."""
    told, kind = event.data, event.kind.replace("_", " ")
    more = [shown(Money(int(told["amount"]), told.get("currency", currency)))] if "amount" in told else []
    more += [value for name, value in told.items() if value and name in _TOLD]
    more += [words for said, words in _SAID.items() if said in told.items()]
    if event.kind == "withdrawal_settled":
        kind = f"withdrawal {_SETTLED[outcome_of(event)]}"
    if event.kind == "invoiced":
        kind = f"{told.get('paper', 'invoice').replace('_', ' ')} written"
    return (moment(event.at), kind, event.actor or "", ", ".join(more))


_TOLD: Final = ("provider", "reason", "why", "issue", "carrier", "tracking", "text", "to", "number")
"""What of an event's data says something to a person; ids stand elsewhere."""
_SAID: Final = {
    ("assigned", "yes"): "assigned by staff",
    ("certain", "no"): "not confirmed",
    ("given_back", "yes"): "given back",
}
"""What says it in other words."""


def next_step(told: AdminOrder) -> str:
    """The command that takes the order on, if there is one."""
    order, paid = told.order, told.order.payment
    withdrawn = [one for one in told.withdrawals if one.settled_at is None]
    own = [one for one in withdrawn if one.certain]
    if order.can_cancel and (is_given_back(told) or any(_names(order, one) for one in own)):
        return f"shopctl orders cancel {order.number}"
    if order.can_cancel and own:
        # More is said than its number: not all of the order may be meant.
        if not told.payments:
            return f"read what is withdrawn from, and cancel for all of it: shopctl orders cancel {order.number}"
        part = f"shopctl orders refund {order.number} --amount AMOUNT for a part"
        return f"read what is withdrawn from: {part}, or cancel for all of it"
    if order.can_cancel and withdrawn:
        return f"ask {order.email} first whether the withdrawal is meant"
    if order.state == "placed" and paid is not None and paid.bank_transfer is not None:
        return f"shopctl orders pay {order.number} --reference TEXT"
    if order.state == "confirmed" and order.shipping_state == "unshipped":
        return f"shopctl orders ship {order.number} --carrier NAME --tracking CODE"
    return ""


def _names(order: Order, one: Withdrawal) -> bool:
    """Whether it names this order's number and nothing else, the shop's initials or not."""
    return typed_number(one.order_number, order.number.partition("-")[0]) == order.number
