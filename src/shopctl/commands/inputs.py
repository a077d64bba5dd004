"""What people type at the command line, made into what the API takes."""

import re
from typing import TypeVar

import msgspec

from shopapi.contract.fields import clean_text
from shopctl.console import fail

T = TypeVar("T")

_WHAT_IT_MUST_BE = {
    "email": "The e-mail address is none.",
    "name": "The name has 1 to 200 characters, on one line.",
    "role": "The role is one of owner, manager, clerk and viewer.",
    "password": "The password has 12 to 128 characters.",
    "expires_in_days": "A key lasts 1 to 3650 days.",
    "q": "--q has at most 128 characters, on one line.",
    "carrier": "--carrier has at most 200 characters, on one line.",
    "tracking": "--tracking has at most 200 characters, on one line.",
    "reference": "--reference has at most 200 characters, on one line.",
    "reason": "--reason has at most 200 characters, on one line.",
    "placed_from": "--from is a day such as 2026-12-01.",
    "placed_to": "--to is a day such as 2026-12-01.",
}


def checked(kind: type[T], **fields: object) -> T:
    """``fields`` as a ``kind`` of the contract; a value that does not fit ends the command as wrong usage."""
    tidy = {
        name: clean_text(value) if isinstance(value, str) and name != "password" else value
        for name, value in fields.items()
    }
    try:
        return msgspec.convert(tidy, kind)
    except msgspec.ValidationError as error:
        found = re.search(r"`\$\.(\w+)", str(error))
        name = found[1] if found else ""
        if name == "permissions":
            from typing import get_args

            from shopapi.contract.accounts import Permission

            fail(f"A permission is one of {', '.join(get_args(Permission))}.", exit_code=2)
        fail(_WHAT_IT_MUST_BE.get(name, str(error)), exit_code=2)
