"""What can be refused of a cart; no I/O."""

import re
import secrets
from typing import Final

from msgspec.structs import replace

from shopapi.contract.carts import MAX_LINE_QUANTITY, MAX_LINES, POSTCODE_DIGITS, Address, ContactInput
from shopapi.contract.countries import countries
from shopapi.contract.fields import UNSEEN
from shopapi.contract.postcodes import plain_postcode
from shopapi.contract.problems import FieldError
from shopapi.http.problems import InvalidRequest, ShopError

TOKEN_BYTES: Final = 32


class CartGone(ShopError):
    """There is no such cart."""

    status, code, title = 404, "cart_not_found", "No such cart"

    def __init__(self) -> None:
        super().__init__("No cart has this token. It may have been empty for too long; make a new one.")


class CartAlreadyOrdered(ShopError):
    """The cart has become an order."""

    status, code, title = 409, "cart_already_ordered", "Already ordered"

    def __init__(self) -> None:
        super().__init__("This cart has been ordered, so it cannot be changed. Make a new one.")


class NotForSale(ShopError):
    """The sku is none that can be bought."""

    status, code, title = 422, "not_for_sale", "Not for sale"

    def __init__(self, sku: str) -> None:
        super().__init__(
            f'"{sku}" is not for sale.', errors=[FieldError("sku", "is the sku of nothing that is for sale")]
        )


class NotInCart(ShopError):
    """The cart has no such line."""

    status, code, title = 404, "not_in_cart", "Not in the cart"

    def __init__(self, sku: str) -> None:
        super().__init__(f'The cart has no line for "{sku}".')


class TooFewInStock(ShopError):
    """There are fewer units than are wanted; ``left`` says how many."""

    status, code, title = 409, "insufficient_stock", "Not enough stock"

    def __init__(self, left: dict[str, int]) -> None:
        told = ", ".join(f"{units} of {sku}" for sku, units in sorted(left.items()))
        super().__init__(
            f"Not enough is left: {told} can be had.",
            errors=[FieldError(f"lines.{sku}", f"{units} left") for sku, units in sorted(left.items())],
            left=left,
        )


class TooMuch(ShopError):
    """More than a cart holds."""

    status, code, title = 422, "cart_full", "Too much for one cart"

    def __init__(self) -> None:
        super().__init__(
            f"A cart holds {MAX_LINES} skus, and {MAX_LINE_QUANTITY} units of each. Write to us about larger orders.",
            errors=[
                FieldError("quantity", f"the sum is over {MAX_LINE_QUANTITY}, or there are over {MAX_LINES} lines")
            ],
        )


class NoDelivery(ShopError):
    """Nothing is delivered there, or not this way."""

    status, code, title = 422, "no_delivery", "No delivery"

    def __init__(self, field: str, why: str) -> None:
        super().__init__(why, errors=[FieldError(field, why)])


def check_contact(contact: ContactInput) -> None:
    """Refuse an address that nobody could read or deliver to; raises :class:`InvalidRequest`.

    Not in the contract's type: an order of earlier on is read by it, whatever was let in then.
    """
    local, _, domain = contact.email.partition("@")
    # Not in the pattern of the document either: few readers of it can make an address of one with such limits.
    if len(local) > 64 or max(map(len, domain.split("."))) > 63:
        wanted = "is none: before the @ are at most 64 characters (RFC 5321), between two dots 63 (RFC 1035)"
        raise InvalidRequest.of("email", wanted)
    _check_address("shipping_address", contact.shipping_address)
    if contact.billing_address is not None:
        _check_address("billing_address", contact.billing_address)
        if (country := contact.billing_address.country) not in countries():
            wanted = f'is no country of ISO 3166-1, such as DE; it is "{country}"'
            raise InvalidRequest.of("billing_address.country", wanted)


def plain_contact(contact: ContactInput) -> ContactInput:
    """``contact`` with its postcodes as they are kept."""
    billing = contact.billing_address
    return replace(
        contact,
        shipping_address=_plain(contact.shipping_address),
        billing_address=None if billing is None else _plain(billing),
    )


def _plain(address: Address) -> Address:
    return replace(address, postal_code=plain_postcode(address.country, address.postal_code))


def _check_address(where: str, address: Address) -> None:
    for name in Address.__struct_fields__:
        if found := re.search(UNSEEN, getattr(address, name)):
            sign = f"U+{ord(found[0]):04X}"
            raise InvalidRequest.of(f"{where}.{name}", f"holds {sign}, a character that nobody sees; leave it out")
    digits = POSTCODE_DIGITS.get(address.country)
    if digits is not None and not re.fullmatch(rf"[0-9]{{{digits}}}", address.postal_code):
        wanted = f'has {digits} digits in {address.country}; it is "{address.postal_code}"'
        raise InvalidRequest.of(f"{where}.postal_code", wanted)


def new_token() -> str:
    """A cart's token: 256 random bits."""
    return secrets.token_urlsafe(TOKEN_BYTES)
