"""Why money went back, where that is the shop's own word; no I/O."""

from shopapi.contract.orders import Order
from shopapi.orders.store import CUSTOMER, SHOP


def reason_told(reason: str, actor: str, order: Order) -> str:
    """``late_payment``, ``customer`` or ``staff``; else ``""``: what staff type is for colleagues."""
    by_itself = (reason, actor) in (("late_payment", SHOP), ("customer", CUSTOMER))
    return reason if by_itself or (reason == "staff" and order.state == "cancelled") else ""
