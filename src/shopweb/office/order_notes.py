"""What the next page says about what was just done with an order."""

from typing import Final

from shopweb.session import Note
from shopweb.visit import Visit

ORDER_WARNINGS: Final = frozenset(("order_moved_on",))


def order_sentence(visit: Visit, note: Note) -> str | None:
    """The sentence, or ``None`` where the note is about no order. ``name`` is the order's number, or an amount."""
    _ = visit.gettext
    match note.says:
        case "shipped":
            text = _("%(name)s is shipped, and the customer hears of it.")
        case "paid":
            text = _("%(name)s is marked as paid.")
        case "order_cancelled":
            text = _("%(name)s is cancelled.")
        case "noted":
            text = _("Your note is kept.")
        case "refunded":
            text = _("%(name)s is refunded.")
        case "refund_pending":
            text = _("The refund of %(name)s is on its way. The provider has not confirmed it yet.")
        case "order_moved_on":
            text = _("The order has moved on meanwhile, so nothing was done. Look at where it stands now.")
        case _:
            return None
    return text % {"name": note.name}
