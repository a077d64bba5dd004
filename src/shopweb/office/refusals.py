"""What the API may say no to in a form of the stock pages, in words that stand at the field."""

from shopapi.client import ProblemError
from shopapi.contract.fields import MAX_ITEM_QUANTITY
from shopweb.forms import MAX_NAME, FieldError, whole_number
from shopweb.visit import Visit


def wrong_name(visit: Visit, name: str, field: str = "name") -> list[FieldError]:
    """What is wrong with an item's name, if anything."""
    if not name:
        return [FieldError(field, visit.gettext("The item needs a name."))]
    if len(name) > MAX_NAME:
        return [FieldError(field, visit.gettext("A name has at most 200 characters."))]
    return []


def wrong_quantity(visit: Visit, text: str, field: str = "quantity") -> list[FieldError]:
    """What is wrong with a number of units, if anything."""
    if whole_number(text) is None:
        message = visit.gettext("A quantity is a whole number from 0 to %(most)s.")
        return [FieldError(field, message % {"most": visit.number(MAX_ITEM_QUANTITY)})]
    return []


def refused(visit: Visit, error: ProblemError, *, quantity_field: str = "quantity") -> list[FieldError]:
    """The API's refusal as errors of the form; raises ``error`` again where no field of a form is to blame."""
    problem, most = error.problem, {"most": visit.number(MAX_ITEM_QUANTITY)}
    match problem.code:
        case "name_taken":
            return [FieldError("name", visit.gettext("Another item already has this name."))]
        case "reserved_stock":
            return [FieldError(quantity_field, reserved_sentence(visit, problem.reserved or 0))]
        case "insufficient_stock":
            return [FieldError(quantity_field, visit.gettext("There are not as many units on hand."))]
        case "quantity_too_large":
            message = visit.gettext("That would make more than %(most)s units, the most that an item can have.")
            return [FieldError(quantity_field, message % most)]
        case "idempotency_key_reused":
            message = visit.gettext(
                "This form was sent before with other values. Look at the list, then send it again."
            )
            return [FieldError(quantity_field, message)]
        case "idempotency_in_progress":
            message = visit.gettext("The same form is being worked on. Send it again in a moment.")
            return [FieldError(quantity_field, message)]
        case "invalid_request":
            fields = [fault.field for fault in problem.errors]
            if "name" in fields:
                return [FieldError("name", visit.gettext("This name has characters that cannot be kept."))]
            if "reference" in fields:
                return [FieldError("reference", visit.gettext("A reference is one line of at most 200 characters."))]
            if {"quantity", "delta"} & set(fields):
                message = visit.gettext("A quantity is a whole number from 0 to %(most)s.")
                return [FieldError(quantity_field, message % most)]
    raise error


def reserved_sentence(visit: Visit, reserved: int) -> str:
    """How many units are reserved, and that no fewer can lie in stock."""
    message = visit.ngettext(
        "%(count)s unit is reserved for open orders. The least possible is %(count)s.",
        "%(count)s units are reserved for open orders. The least possible is %(count)s.",
        reserved,
    )
    return message % {"count": visit.number(reserved)}
