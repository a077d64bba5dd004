"""Checks of what selling needs: payment, the bank account that transfers go to, e-mail, and no switch of the tests."""

from typing import Final
from urllib.parse import urlsplit

from shopctl.doctor.checks import Check, Finding, Situation, fail, ok, warn

_OTHERS: Final = "the affair of the API and the worker"
_HOW_TO_PAY: Final = "shopctl bank-account --holder NAME --iban IBAN"


def test_mode(situation: Situation) -> Finding:
    """Nothing breaks on purpose."""
    if not situation.api.test_mode:
        return ok("off")
    found = "SHOP_TEST_MODE=1: SHOP_FAILPOINTS may break things on purpose"
    return fail(found, "unset SHOP_TEST_MODE") if situation.is_public else warn(found, "unset it after the tests")


def sandbox(situation: Situation) -> Finding:
    """Goods go for real money."""
    if situation.api.sandbox_url is None:
        return ok("none")
    found = f"{situation.api.sandbox_url.geturl()}: whoever pays there pays nothing"
    remedy = "unset SHOP_SANDBOX_URL, once no order that was paid there is left to refund"
    return fail(found, remedy) if situation.is_public else ok(f"{found}, on this machine alone")


def mail(situation: Situation) -> Finding:
    """What the shop must tell its customers reaches them."""
    if situation.part in ("web", "once"):
        return ok(_OTHERS)
    if situation.api.mail_url:
        parts = urlsplit(situation.api.mail_url)
        return ok(f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}")
    if not situation.is_public:
        return ok("no server: e-mails stay in the back office, on this machine alone")
    found = "no server: customers get neither a confirmation nor the receipt of a withdrawal, which the law wants"
    return warn(found, "SHOP_MAIL_URL=smtp://user:password@mail.example:587")


def bank_account(situation: Situation) -> Finding:
    """Who pays in advance is told where to."""
    if situation.database.trouble or not situation.database.schema.is_current:
        return warn("not looked at: the schema is not there", "first the check of factor 12, schema")
    if situation.database.has_bank_account:
        return ok("there is one for transfers in advance")
    found = "none: who pays by transfer in advance is not told where to"
    return warn(found, _HOW_TO_PAY) if situation.is_public else ok(f"{found}; on this machine alone nobody does")


_PUBLIC: Final = ("SHOP_PUBLIC_URL",)
CHECKS: Final = (
    Check(3, "test mode", test_mode, (*_PUBLIC, "SHOP_TEST_MODE")),
    Check(4, "sandbox", sandbox, (*_PUBLIC, "SHOP_SANDBOX_URL")),
    Check(4, "mail", mail, (*_PUBLIC, "SHOP_MAIL_URL")),
    Check(12, "bank account", bank_account, (*_PUBLIC, "DATABASE_URL")),
)
