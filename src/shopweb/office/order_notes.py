"""What the next page says about what was just done with an order."""

from typing import Final

from shopweb.office.order_words import send_yourself
from shopweb.session import Note
from shopweb.visit import Visit

ORDER_WARNINGS: Final = frozenset(
    ("order_moved_on", "refund_failed", "cancelled_unrefunded", "order_withdrawn", "withdrawal_changed")
)


def order_sentence(visit: Visit, note: Note) -> str | None:
    """The sentence, or ``None`` where the note is about no order.

    ``name`` is the order's number, or an amount; where staff have to send money, what :func:`to_send` put together;
    of a cancelled order whose money did not go back, its number and the amount, each on a line; of a withdrawal that
    was assigned, the order's number and its customer.
    """
    _ = visit.gettext
    name, _line, rest = note.name.partition("\n")
    again = _("Refund it once more, or send it another way.")
    match note.says:
        case "shipped":
            text = _("%(name)s is shipped, and the customer hears of it.")
        case "paid":
            text = _("%(name)s is marked as paid.")
        case "order_cancelled":
            text = _("%(name)s is cancelled.")
        case "withdrawal_settled":
            text = _("The withdrawal is settled.")
        case "withdrawal_dismissed":
            text = _("The withdrawal is off the list: it belongs to no order. What was declared is kept.")
        case "withdrawal_assigned":
            return _("The withdrawal belongs to this order of %(customer)s now.") % {"customer": rest}
        case "withdrawal_changed":
            text = _(
                "A colleague has settled the withdrawal or assigned it to another order meanwhile. Look at it again."
            )
        case "order_withdrawn":
            text = _("The customer has withdrawn. Cancel the order, or settle the withdrawal before you ship it.")
        case "noted":
            text = _("Your note is kept.")
        case "refunded":
            text = _("%(name)s is refunded.")
        case "noted_refund":
            text = _("%(name)s is noted as refunded.")
        case "refund_pending":
            text = _("The refund of %(name)s is on its way. The provider has not confirmed it yet.")
        case "refund_failed":
            text = _("The refund of %(name)s failed: the provider refused it.")
            return f"{text % {'name': name}} {again}"
        case "cancelled_unrefunded":
            text = _("%(name)s is cancelled, but %(amount)s did not go back: the provider refused the refund.")
            return f"{text % {'name': name, 'amount': rest}} {again}"
        case "order_moved_on":
            text = _("The order has moved on meanwhile, so nothing was done. Look at where it stands now.")
        case _:
            return None
    told = text % {"name": name}
    amount, _line, customer = rest.partition("\n")
    return f"{told} {send_yourself(visit, amount, customer)}" if amount else told


def to_send(says: str, name: str, amount: str, customer: str) -> Note:
    """A note on what was done that also says what money staff have to send themselves."""
    return Note(says, f"{name}\n{amount}\n{' '.join(customer.split())}")
