"""E-mails say what happened and what comes next, in both languages, whatever anybody has typed."""

from datetime import date
from typing import get_args

import pytest
from msgspec.structs import replace

from shopapi.contract.carts import TaxLine
from shopapi.contract.catalog import Locale
from shopapi.contract.orders import EmailKind
from shopapi.events.emails import LawText, Rendered, order_url, render
from shopapi.events.letters import Occasion
from shopapi.events.words import words
from tests.events.orders import ACCOUNT, ANNA, SELLER, euros, order, withdrawal

SHOP = "https://shop.example"
URL = order_url(SHOP, "TT-7K4M2A", "secret-token_1")
KINDS: tuple[EmailKind, ...] = get_args(EmailKind)
LOCALES: tuple[Locale, ...] = get_args(Locale)
TERMS = LawText(
    "terms", '<h2>Recht</h2><p><a href="/legal/privacy">Datenschutz</a></p>', "## Recht\n\nEs gilt.\\\nImmer."
)


def occasion(locale: Locale = "de", **more: object) -> Occasion:
    made = Occasion(
        locale,
        SELLER,
        order=order(locale=locale, account=ACCOUNT),
        order_url=URL,
        refunded=euros(1240),
        reason="staff",
        withdrawal=withdrawal(),
    )
    return replace(made, **more)


def plain(written: Rendered) -> str:
    return written.text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("locale", LOCALES)
def test_every_kind_says_the_fact_the_link_and_the_law(kind: EmailKind, locale: Locale) -> None:
    written = render(kind, occasion(locale), SHOP)
    assert "TT-7K4M2A" in written.subject
    for form in (written.text, written.html.replace("&amp;", "&")):
        assert URL in form
        for kind_of_text in words(locale).legal:
            assert f"{SHOP}/legal/{kind_of_text}" in form
        assert "Ton & Tinte GmbH (Muster)" in form
        assert "DE000000000" in form
        assert "{" not in form.partition("<style>")[0] + form.partition("</style>")[2]
    assert written.html.count('class="b"') == 1, "One button, and no more."
    assert f'<html lang="{locale}">' in written.html
    assert "<img" not in written.html
    assert "http-equiv" not in written.html


def test_both_languages_say_the_same_things() -> None:
    german, english = words("de"), words("en")
    assert german.common.keys() == english.common.keys()
    assert german.legal.keys() == english.legal.keys()
    assert german.of.keys() == english.of.keys() == set(KINDS)
    assert {kind: said.keys() for kind, said in german.of.items()} == {
        kind: said.keys() for kind, said in english.of.items()
    }


def test_a_confirmation_lists_what_was_bought_with_its_taxes() -> None:
    text = plain(render("confirmation", occasion(order=order()), SHOP, [TERMS]))
    assert "2 × Becher „Westerwald“, Ton, 320 ml, Salbei: 37,00 €" in text
    assert "Code HERBST10: −7,60 €" in text
    assert "Gesamt, bezahlt: 88,00 €" in text
    assert "enthält 19 % MwSt. 11,17 €, 7 % MwSt. 1,18 €" in text
    assert "in 2 bis 3 Werktagen" in text
    assert "Karl-Heine-Straße 12" in text


def test_prices_without_tax_show_it_before_the_total() -> None:
    one = order(prices_include_tax=False, taxes=[TaxLine(1900, euros(8800), euros(1672))], total=euros(10472))
    text = plain(render("confirmation", occasion(order=one), SHOP))
    assert text.index("zzgl. 19 % MwSt.: 16,72 €") < text.index("Gesamt, bezahlt: 104,72 €")
    assert "enthält" not in text


def test_the_law_texts_are_in_the_e_mail_for_good() -> None:
    written = render("payment_due", occasion(), SHOP, [TERMS])
    assert "## Recht\n\nEs gilt.\nImmer." in written.text
    assert "<h2>Recht</h2>" in written.html
    assert f'href="{SHOP}/legal/privacy"' in written.html.partition("<h2>Recht</h2>")[2]


def test_who_has_to_pay_learns_where_how_much_and_until_when() -> None:
    written = render("payment_due", occasion(), SHOP)
    assert "88,00" in written.subject
    text = plain(written)
    for fact in ("DE02 1203 0000 0000 2020 51", "BYLADEM1001", "Verwendungszweck: TT-7K4M2A", "1. Dezember 2026"):
        assert fact in text
    assert date(2026, 12, 1) == ACCOUNT.due


def test_a_parcel_is_told_with_its_number_and_what_is_in_it() -> None:
    text = plain(render("shipped", occasion(), SHOP))
    assert "Sendungsnummer: 00340434161094042557" in text
    assert "2 × Becher „Westerwald“, Ton, 320 ml" in text


def test_a_cancellation_says_why_and_what_becomes_of_the_money() -> None:
    text = plain(render("cancelled", occasion(), SHOP))
    assert "Wir haben die Bestellung storniert." in text
    assert "Was Sie gezahlt haben, zahlen wir zurück." in text
    unpaid = order()
    assert unpaid.payment is not None
    unpaid = replace(unpaid, payment=replace(unpaid.payment, captured=euros(0)))
    text = plain(render("cancelled", occasion(order=unpaid, reason="expired"), SHOP))
    assert "Ihre Zahlung kam nicht rechtzeitig an." in text
    assert "zahlen wir zurück" not in text


def test_the_receipt_of_a_withdrawal_has_its_words_day_and_time() -> None:
    text = plain(render("withdrawal_received", occasion(order=None, order_url=""), SHOP))
    assert "Hiermit widerrufe ich den Vertrag." in text
    assert "25. November 2026, 09:00:00 MEZ" in text
    assert "anna@kundin.example" in text
    assert "token=" not in text


NASTY = "Eve <script>alert(1)</script> \"'& {0} {number}\r\nBcc: all@shop.example\n\nHello"


def test_nothing_that_was_typed_becomes_markup_a_header_or_a_line_of_its_own() -> None:
    eve = replace(ANNA, name=NASTY, line1=NASTY)
    one = order(billing_address=eve, shipping_address=eve)
    declared = replace(withdrawal(), name=NASTY, order_number=NASTY)
    for kind in KINDS:
        why = occasion(order=None if kind == "withdrawal_received" else one, withdrawal=declared)
        written = render(kind, why, SHOP)
        assert "\n" not in written.subject
        assert "\r" not in written.subject
        assert "<script" not in written.html
        assert not [line for line in written.text.splitlines() if line.startswith("Bcc:")]


def test_a_text_has_no_html_entities() -> None:
    assert "Ton & Tinte" in render("confirmation", occasion(), SHOP).text
    assert "&amp;" not in render("confirmation", occasion(), SHOP).text


def test_yen_have_no_decimals() -> None:
    from shopapi.contract.catalog import Money
    from shopapi.invoices.written import money

    assert money(Money(1234567, "JPY"), "en") == "JP¥1,234,567"
    assert money(Money(-1234567, "EUR"), "de") == "−12.345,67\N{NO-BREAK SPACE}€"
