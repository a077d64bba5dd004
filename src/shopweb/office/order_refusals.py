"""What the API may say no to in a form of an order's pages, in words that stand at the field."""

from shopapi.client import Conflict, ProblemError
from shopweb.forms import FieldError
from shopweb.visit import Visit


def order_refused(visit: Visit, error: ProblemError, field: str) -> list[FieldError]:
    """The refusal as an error at ``field``; raises ``error`` again where no form is to blame."""
    _ = visit.gettext
    match error.problem.code:
        case "idempotency_key_reused":
            message = _("This form was sent before with other values. Look at the order, then send it again.")
        case "idempotency_in_progress":
            message = _("The same form is being worked on. Send it again in a moment.")
        case "invalid_request":
            message = _("This cannot be kept as it is. Check it for strange characters.")
        case "payment_unclear":
            message = _("The bank does not say yet whether the money has moved. Try again in a few minutes.")
        case _ if isinstance(error, Conflict):
            message = _("The order has moved on meanwhile, so nothing was done. Look at where it stands now.")
        case _:
            raise error
    return [FieldError(field, message)]


def goods_gone(visit: Visit) -> str:
    """Why a cancelled order cannot be paid any more, and what to do with money that came for it."""
    return visit.gettext(
        "The order is cancelled for good, or its goods are gone. Transfer the money back. Nothing was changed here."
    )


def too_long(visit: Visit, field: str, text: str, most: int = 200) -> list[FieldError]:
    """What is wrong with a line of text, if anything."""
    if len(text) <= most:
        return []
    return [FieldError(field, visit.gettext("This is one line of at most %(most)s characters.") % {"most": most})]
