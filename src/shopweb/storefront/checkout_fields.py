"""The fields of an address: what was typed, what is wrong with it, and what the API gets of it."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from shopapi.client import ProblemError
from shopapi.contract.carts import POSTCODE_DIGITS, Address, Contact, ContactInput
from shopapi.contract.fields import EMAIL, NOT_BLANK, UNSEEN
from shopapi.contract.postcodes import plain_postcode
from shopweb import locale
from shopweb.forms import FieldError, Sent, one_line
from shopweb.visit import Visit

BILLING: Final = "billing_"
_MOST: Final = {
    "email": 254,
    "name": 200,
    "company": 200,
    "line1": 200,
    "line2": 200,
    "postal_code": 20,
    "city": 200,
    "country": 2,
    "phone": 40,
}
_NEEDED: Final = ("name", "line1", "city")
_ADDRESS: Final = tuple(name for name in _MOST if name != "email")
_BILLED: Final = tuple(BILLING + name for name in _ADDRESS if name != "phone")


@dataclass(frozen=True)
class ContactForm:
    """What was typed, by the name of the field; ``same`` says that the invoice goes to the same address.

    ``asks_to_bill`` says that another address was asked for on a page that may not have shown its fields: nothing is
    in them, and so nothing wrong.
    """

    values: dict[str, str]
    same: bool = True
    asks_to_bill: bool = False

    @classmethod
    def sent_by(cls, sent: Sent) -> "ContactForm":
        """The form that somebody sent, without what nobody sees: it comes along with what one copies."""
        names = ("email", *_ADDRESS, *_BILLED)
        values = {name: one_line(re.sub(UNSEEN, "", sent.get(name, ""))) for name in names}
        for where in ("", BILLING):
            values[where + "postal_code"] = plain_postcode(values[where + "country"], values[where + "postal_code"])
        same, typed = "same" in sent, any(values[name] for name in _BILLED if name != BILLING + "country")
        return cls(values, same, asks_to_bill=not same and not typed and "asked_to_bill" not in sent)

    @classmethod
    def of(cls, contact: Contact | None, country: str) -> "ContactForm":
        """The form as it is first shown; ``country`` is the one most of them live in."""
        values = dict.fromkeys(("email", *_ADDRESS, *_BILLED), "") | {"country": country, BILLING + "country": country}
        if contact is None:
            return cls(values)
        values |= {"email": contact.email, **_told(contact.shipping_address)}
        if contact.billing_address:
            values |= {BILLING + name: text for name, text in _told(contact.billing_address).items()}
        return cls(values, same=contact.billing_address is None)

    @property
    def unfolds(self) -> bool:
        """Whether something stands in the fields that are folded at first."""
        return any(self.values[name] for name in ("company", "line2", "phone"))

    def contact(self) -> ContactInput:
        """What the API gets."""
        return ContactInput(
            self.values["email"], _address(self.values), None if self.same else _address(self.values, BILLING)
        )


def wrong_fields(visit: Visit, form: ContactForm, countries: Sequence[str]) -> list[FieldError]:
    """What is wrong with it, in the order of the page."""
    found = [*_wrong_email(visit, form.values["email"]), *_wrong_address(visit, form.values, "", countries)]
    if form.same or form.asks_to_bill:
        return found
    return [*found, *(_to_bill(visit, error) for error in _wrong_address(visit, form.values, BILLING, countries))]


def refused_fields(visit: Visit, error: ProblemError) -> list[FieldError]:
    """The API's refusal as errors of the form; raises ``error`` again where no field is to blame."""
    found = [
        _to_bill(visit, FieldError(field, _refused(visit, field)))
        for field in dict.fromkeys(map(_field_of, (fault.field for fault in error.problem.errors)))
        if field.removeprefix(BILLING) in _MOST
    ]
    if not found and "country" in error.problem.code:
        found = [FieldError("country", _refused(visit, "country"))]
    if not found:
        raise error
    return found


def _wrong_email(visit: Visit, text: str) -> Iterator[FieldError]:
    _ = visit.gettext
    if not text:
        yield FieldError("email", _("Enter your e-mail address."))
    elif "@" not in text:
        yield FieldError("email", _("The e-mail address lacks its @ sign."))
    elif not re.search(EMAIL, text) or len(text) > _MOST["email"]:
        yield FieldError("email", _refused(visit, "email"))


def _wrong_address(visit: Visit, values: dict[str, str], prefix: str, countries: Iterable[str]) -> Iterator[FieldError]:
    for name in _ADDRESS:
        field = prefix + name
        text = values.get(field, "")
        if name in _NEEDED and not re.search(NOT_BLANK, text):
            yield FieldError(field, _missing(visit, name))
        elif name == "postal_code" and (message := _wrong_postcode(visit, values[prefix + "country"], text)):
            yield FieldError(field, message)
        elif name == "country" and text not in countries:
            yield FieldError(field, _refused(visit, field))
        elif len(text) > _MOST[name]:
            words = visit.gettext("At most %(count)s characters fit in here.")
            yield FieldError(field, words % {"count": visit.number(_MOST[name])})


def _wrong_postcode(visit: Visit, country: str, text: str) -> str:
    digits = POSTCODE_DIGITS.get(country)
    if digits is None or re.fullmatch(rf"[0-9]{{{digits}}}", text):
        return ""
    if country == "DE":
        return visit.gettext("A German postcode has five digits, such as 04109.")
    words = visit.gettext("A postcode in this country has %(count)s digits: %(country)s.")
    return words % {"count": digits, "country": locale.country(country, visit.language)}


def _missing(visit: Visit, name: str) -> str:
    _ = visit.gettext
    return {
        "name": _("Enter first and last name."),
        "line1": _("Enter street and house number."),
        "city": _("Enter the town."),
    }[name]


def _refused(visit: Visit, field: str) -> str:
    _ = visit.gettext
    match field.removeprefix(BILLING):
        case "email":
            return _("This is no complete e-mail address, such as anna@example.com.")
        case "country" if field == "country":
            return _("We do not deliver there. Choose one of these countries.")
        case "country":
            return _("Choose one of these countries.")
        case "postal_code":
            return _("This postcode does not fit the country.")
    return _("We cannot use this as it stands. Write it in one line, without special signs.")


def _to_bill(visit: Visit, error: FieldError) -> FieldError:
    """``error``; where it is one of the invoice's address, it says so."""
    return replace(error, where=visit.gettext("Address of the invoice")) if error.field.startswith(BILLING) else error


def _field_of(path: str) -> str:
    """The field of the page for a path such as ``billing_address.postal_code``."""
    where, _, name = path.rpartition(".")
    return BILLING + name if where.endswith("billing_address") else name


def _told(address: Address) -> dict[str, str]:
    return {name: getattr(address, name) for name in _ADDRESS}


def _address(values: dict[str, str], prefix: str = "") -> Address:
    return Address(**{name: values.get(prefix + name, "") for name in _ADDRESS})
