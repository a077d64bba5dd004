"""The account that customers transfer to."""

from typing import Annotated

import typer

from shopctl import console
from shopctl.commands.database import Json, shop_database
from shopctl.commands.staff import ACTOR

Holder = Annotated[str | None, typer.Option(help="Whose account it is.", metavar="NAME")]
Iban = Annotated[str | None, typer.Option(help="Its IBAN, with or without spaces.", metavar="IBAN")]
Bic = Annotated[str, typer.Option(help="Its BIC, for customers abroad.", metavar="BIC")]
Bank = Annotated[str, typer.Option(help="The bank's name.", metavar="NAME")]


def bank_account(holder: Holder = None, iban: Iban = None, bic: Bic = "", bank: Bank = "", json: Json = False) -> None:
    """Show or set where customers transfer to.

    It is set by --holder and --iban. Open orders ask for a transfer to the new one from then on.
    """
    from shopapi.contract.figures import in_groups
    from shopapi.payments.bank_account import BankAccount, set_bank_account
    from shopapi.payments.bank_account import bank_account as current

    asked = holder is not None or iban is not None or bic or bank
    if asked and (not holder or not iban):
        lacking = "--iban" if holder else "--holder"
        console.fail(f"An account needs a holder and an IBAN; {lacking} is missing.", "shopctl bank-account --help", 2)
    account: BankAccount | None
    with shop_database() as db:
        if asked:
            wanted = BankAccount(holder or "", iban or "", bic, bank)
            account = db.write(lambda c: set_bank_account(c, wanted, actor=ACTOR))
        else:
            with db.reading() as c:
                account = current(c)
    if json:
        console.as_json(account)
    elif account is None:
        console.fail(
            "There is no account that customers could transfer to.",
            'shopctl bank-account --holder "Your GmbH" --iban "DE02 1203 0000 0000 2020 51"',
        )
    else:
        console.done(f"{account.holder}  {in_groups(account.iban)}")
        console.under(", ".join(filter(None, (account.bic, account.bank))))
