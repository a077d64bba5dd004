"""What it costs to deliver; no I/O."""

from shopapi.pricing.values import Delivery


def shipping_price(delivery: Delivery, *, weight_g: int, subtotal: int) -> int:
    """The price of ``delivery``, in minor units, for goods of this weight and value.

    It is the price of the last step that is reached, or the method's own where none is, and nothing from ``free_from``
    on. ``subtotal`` is before discounts, so that a promotion never takes free delivery away again.
    """
    if delivery.free_from is not None and subtotal >= delivery.free_from:
        return 0
    measure = weight_g if delivery.steps_by == "weight" else subtotal
    price = delivery.price
    for start, costs in sorted(delivery.steps):
        if measure >= start:
            price = costs
    return price
