"""``shopctl bank-account``: customers transfer to an account that can be one."""

import json

import pytest
from sqlalchemy import text

from shopapi.db.engine import Database
from tests.cli.conftest import Shopctl

ACCOUNT = ["--holder", " Ton &  Tinte GmbH", "--iban", "de02 1203 0000 0000 2020 51"]


def test_what_is_set_is_shown_and_written_down(shop: Shopctl, database: Database) -> None:
    assert shop("bank-account").code == 1, "A new shop has none."
    told = shop("bank-account", *ACCOUNT, "--bic", "byladem1001", "--bank", "DKB")
    assert (told.code, told.err) == (0, "")
    assert "Ton & Tinte GmbH  DE02 1203 0000 0000 2020 51" in told.out
    account = {"holder": "Ton & Tinte GmbH", "iban": "DE02120300000000202051", "bic": "BYLADEM1001", "bank": "DKB"}
    assert json.loads(shop("bank-account", "--json").out) == account
    with database.reading() as c:
        actions = c.execute(text("SELECT action, subject FROM audit_entry")).all()
    assert [tuple(one) for one in actions] == [("shop.bank_account", "shop")]


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--holder", "X", "--iban", "DE03120300000000202051"], 1, "is no IBAN"),
        (["--holder", "X", "--iban", "DE0212030000000020205١"], 1, "is no IBAN"),
        (["--holder", " ", "--iban", "DE02120300000000202051"], 1, "holder is empty"),
        (["--holder", "X" * 71, "--iban", "DE02120300000000202051"], 1, "longer than 70"),
        ([*ACCOUNT, "--bic", "DKB"], 1, "is no BIC"),
        (["--iban", "DE02120300000000202051"], 2, "--holder is missing"),
        (["--bic", "BYLADEM1001"], 2, "--holder is missing"),
    ],
)
def test_what_no_customer_could_transfer_to_is_refused(
    shop: Shopctl, options: list[str], code: int, words: str
) -> None:
    told = shop("bank-account", *options)
    assert (told.code, told.out) == (code, "")
    assert words in told.err
    assert json.loads(shop("bank-account", "--json").out) is None
