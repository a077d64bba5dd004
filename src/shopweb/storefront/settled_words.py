"""What became of a withdrawal, in the customer's words."""

from shopapi.contract.orders import Order, SettleOutcome
from shopweb.visit import Visit


def settled_words(visit: Visit, order: Order, outcome: SettleOutcome) -> str:
    """What staff have settled it as."""
    _ = visit.gettext
    if outcome == "not_meant":
        return _("We noted that you did not mean your withdrawal.")
    if order.payment is not None and order.payment.captured.amount:
        return _("Your withdrawal is done: what was due to you has gone back, or is on its way.")
    return _("Your withdrawal is done.")
