"""The account that customers transfer to. It is the shop's own; its row has it."""

import re
import string
from typing import Final

import msgspec
from sqlalchemy import Connection, select, update

from shopapi.accounts.audit_log import note
from shopapi.catalog.tables import shop
from shopapi.contract.problems import FieldError
from shopapi.db.engine import Reader
from shopapi.db.types import clock
from shopapi.http.problems import ShopError

_MAX_NAME: Final = 70
"""So many characters a bank's form takes of a name (EPC guidelines for SEPA credit transfers, AT-21)."""
_IBAN: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_BIC: Final = re.compile(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?")
_DIGITS: Final = {letter: str(value) for value, letter in enumerate(string.digits + string.ascii_uppercase)}


class BankAccount(msgspec.Struct, frozen=True):
    """Whose account it is and where; ``iban`` and ``bic`` in capitals without spaces, empty where there is none."""

    holder: str
    iban: str
    bic: str = ""
    bank: str = ""


class InvalidBankAccount(ShopError):
    """No customer could transfer to it."""

    status, code, title = 422, "invalid_bank_account", "Invalid bank account"

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name} {problem}.", errors=[FieldError(name, problem)])


def bank_account(c: Reader) -> BankAccount | None:
    """The account; ``None`` before there is one."""
    row = c.execute(select(shop.c.bank_holder, shop.c.bank_iban, shop.c.bank_bic, shop.c.bank_name)).one()
    return BankAccount(row.bank_holder, row.bank_iban, row.bank_bic, row.bank_name) if row.bank_iban else None


def set_bank_account(c: Connection, wanted: BankAccount, *, actor: str) -> BankAccount:
    """Have customers transfer to ``wanted`` from now on, those of open orders too; raises :class:`InvalidBankAccount`.

    An IBAN is checked by its check digits (ISO 13616), so that a slip of a finger sends nobody's money elsewhere.
    """
    before, after = bank_account(c), _checked(wanted)
    if before == after:
        return after
    c.execute(
        update(shop).values(
            bank_holder=after.holder,
            bank_iban=after.iban,
            bank_bic=after.bic,
            bank_name=after.bank,
            version=shop.c.version + 1,
            updated_at=clock(),
        )
    )
    told = None if before is None else msgspec.structs.asdict(before)
    note(c, actor, "shop.bank_account", "shop", told, msgspec.structs.asdict(after), "")
    return after


def _checked(wanted: BankAccount) -> BankAccount:
    holder, bank = (" ".join(name.split()) for name in (wanted.holder, wanted.bank))
    iban, bic = ("".join(code.split()).upper() for code in (wanted.iban, wanted.bic))
    for name, value in (("holder", holder), ("bank", bank)):
        if len(value) > _MAX_NAME or not value.isprintable():
            raise InvalidBankAccount(name, f"is longer than {_MAX_NAME} characters, or not printable")
    if not holder:
        raise InvalidBankAccount("holder", "is empty: a transfer needs the name of whom it goes to")
    if not _IBAN.fullmatch(iban) or int("".join(_DIGITS[one] for one in iban[4:] + iban[:4])) % 97 != 1:
        raise InvalidBankAccount(
            "iban", f'"{wanted.iban}" is no IBAN: its check digits say that something was mistyped'
        )
    if bic and not _BIC.fullmatch(bic):
        raise InvalidBankAccount("bic", f'"{wanted.bic}" is no BIC, which has 8 or 11 letters and digits')
    return BankAccount(holder, iban, bic, bank)
