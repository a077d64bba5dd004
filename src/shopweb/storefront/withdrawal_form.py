"""The declaration of somebody who withdraws, as it was typed, and what may be wrong with it."""

import re
from dataclasses import dataclass
from typing import Final

from shopapi.client import ProblemError
from shopapi.contract.fields import EMAIL, NOT_BLANK
from shopapi.contract.orders import MAX_NAMED_CONTRACT, MAX_WITHDRAWAL_NAME, WithdrawalInput
from shopweb.forms import FieldError, Sent, one_line
from shopweb.visit import Visit

_EMAIL: Final = re.compile(EMAIL)
_NOT_BLANK: Final = re.compile(NOT_BLANK)
MAX_EMAIL: Final = 254


@dataclass(frozen=True)
class Declaration:
    """Who withdraws from which contract, and where the receipt goes."""

    name: str
    order_number: str
    email: str

    @classmethod
    def sent_by(cls, sent: Sent) -> "Declaration":
        """What a form holds."""
        return cls(*(one_line(sent.get(name, "")) for name in ("name", "order_number", "email")))

    def input(self) -> WithdrawalInput:
        """As the API takes it: word for word."""
        return WithdrawalInput(self.name, self.order_number, self.email)


def wrong(visit: Visit, declared: Declaration) -> list[FieldError]:
    """What is wrong with it, if anything: no more is asked than the law allows."""
    _, found = visit.gettext, []
    if not declared.name:
        found.append(FieldError("name", _("Tell us your name, as it stands on the order.")))
    elif len(declared.name) > MAX_WITHDRAWAL_NAME:
        found.append(FieldError("name", _("A name has at most 200 characters.")))
    if not _NOT_BLANK.fullmatch(declared.order_number):
        found.append(FieldError("order_number", _("Tell us the order's number, or what you ordered and when.")))
    elif len(declared.order_number) > MAX_NAMED_CONTRACT:
        message = _("This is one line of at most %(most)s characters.") % {"most": MAX_NAMED_CONTRACT}
        found.append(FieldError("order_number", message))
    if not _EMAIL.fullmatch(declared.email) or len(declared.email) > MAX_EMAIL:
        message = _("Tell us an e-mail address for the receipt, such as anna@example.org.")
        found.append(FieldError("email", message))
    return found


def refused(visit: Visit, error: ProblemError) -> list[FieldError]:
    """The API's refusal at the field that it names; raises ``error`` again where no field is to blame."""
    _ = visit.gettext
    if error.problem.code == "idempotency_key_reused":
        return [FieldError("name", _("This form was sent before with other values. Look at it, then send it again."))]
    if error.problem.code == "idempotency_in_progress":
        return [FieldError("name", _("The same form is being worked on. Send it again in a moment."))]
    fields = [fault.field for fault in error.problem.errors if fault.field in ("name", "order_number", "email")]
    if not fields:
        raise error
    return [FieldError(field, _("This cannot be kept as it is. Check it for strange characters.")) for field in fields]
