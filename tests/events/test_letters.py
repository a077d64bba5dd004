"""E-mails say what happened and what comes next, in both languages, whatever anybody has typed."""

from datetime import UTC, date, datetime
from typing import get_args

import pytest
from msgspec.structs import replace

from shopapi.catalog.rich_text import html_of
from shopapi.contract.carts import Discount, TaxLine
from shopapi.contract.catalog import Locale
from shopapi.contract.orders import BankTransfer, EmailKind, Order, OrderEvent, OrderShipping
from shopapi.events.emails import LawText, Rendered, opened, order_url, render, sealed, shown
from shopapi.events.letters import Occasion
from shopapi.events.words import words
from tests.events.orders import ACCOUNT, ANNA, SELLER, euros, order, withdrawal

SHOP = "https://shop.example"
URL = order_url(SHOP, "TT-7K4M2A", "secret-token_1")
KINDS: tuple[EmailKind, ...] = get_args(EmailKind)
LOCALES: tuple[Locale, ...] = get_args(Locale)
TERMS = LawText(
    "terms",
    html_of(
        "> **Muster.** Nur\nzum Ansehen.\n\n## Recht & Pflicht\n\nEs gilt.\\\nImmer. Lesen Sie "
        "[Datenschutz](/legal/privacy) oder <rechte@example.com>.\n\n- Waren *nach Maß*\n- Versiegeltes:\n"
        "  1. Seife\n  2. Tinte\n\n### Folgen\n\n1 < 2"
    ),
)


def occasion(locale: Locale = "de", **more: object) -> Occasion:
    made = Occasion(
        locale,
        SELLER,
        order=order(locale=locale, account=ACCOUNT),
        order_url=URL,
        order_code="secret-token_1",
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
    assert "Schalen-Trio: 39,00 €\n  Drei Schalen, Ø 11 bis 15 cm\n" in text
    assert "spülmaschinenfest" not in text, "What was chosen says it, and more truly."
    assert "Zwischensumme: 95,60 €" in text
    assert "Versand, DHL Paket: kostenlos" in text
    assert "enthält 19 % MwSt. auf 69,92 €: 11,17 €\nenthält 7 % MwSt. auf 18,08 €: 1,18 €" in text
    assert "zwischen dem 27. und dem 30. November 2026" in text, "Paid on a Wednesday."
    assert "Karl-Heine-Straße 12" in text


def test_prices_without_tax_show_it_before_the_total() -> None:
    one = order(prices_include_tax=False, taxes=[TaxLine(1900, euros(8800), euros(1672))], total=euros(10472))
    text = plain(render("confirmation", occasion(order=one), SHOP))
    assert text.index("zuzüglich 19 % MwSt. auf 88,00 €: 16,72 €") < text.index("Gesamt, bezahlt: 104,72 €")
    assert "enthält" not in text


@pytest.mark.parametrize("included", [True, False])
def test_where_no_tax_is_charged_none_is_told(included: bool) -> None:
    one = order(prices_include_tax=included, taxes=[TaxLine(0, euros(8800), euros(0))])
    text = plain(render("confirmation", occasion(order=one), SHOP))
    assert "Gesamt, bezahlt: 88,00 €" in text
    assert "MwSt." not in text, "Out of the European Union, say."


def test_a_code_that_only_makes_delivery_free_is_listed() -> None:
    one = order(discounts=[Discount("Versand frei", "FREI", euros(0), True)])
    assert "Code FREI: Versand kostenlos" in plain(render("confirmation", occasion(order=one), SHOP))


def unpaid(account: BankTransfer | None = None) -> Order:
    """The order before any money has come in."""
    one = order(events=[], account=account)
    assert one.payment is not None
    return replace(one, payment=replace(one.payment, captured=euros(0)))


def given_up(
    reason: str, account: BankTransfer | None = None, *, withdrawn: bool = False, settled: str | None = None
) -> Order:
    """It was cancelled before any money had come in; its customer may have withdrawn, and staff have settled that."""
    one = unpaid(account)
    assert one.payment is not None
    told = {"withdrawal": "wdr_1", "certain": "yes"}
    events = [OrderEvent(1, "cancelled", one.placed_at, {"reason": reason})]
    if withdrawn:
        events.append(OrderEvent(2, "withdrawn", one.placed_at, told))
    if settled:
        events.append(OrderEvent(3, "withdrawal_settled", one.placed_at, {"withdrawal": "wdr_1", "outcome": settled}))
    payment = replace(one.payment, state="cancelled")
    return replace(one, state="cancelled", can_cancel=False, payment=payment, events=events)


def test_who_waits_for_the_bank_learns_that_the_order_is_here_and_that_nothing_is_to_do() -> None:
    text = plain(render("confirmation", occasion(order=unpaid()), SHOP, [TERMS]))
    assert "Ihre Bestellung ist eingegangen. Wir warten auf Ihre Bank" in text
    assert "Lieferung: 2 bis 3 Werktage nach dem Zahlungseingang." in text
    assert "\nGesamt: 88,00 €" in text
    assert "bezahlt" not in text
    assert "=== AGB ===" in text


def test_a_parcel_that_left_is_told_with_the_days_on_which_it_comes() -> None:
    one = order(locale="en", shipping_method=OrderShipping("Express", 1, 1))
    text = plain(render("shipped", occasion("en", order=one), SHOP))
    assert "Your parcel will reach you on 26 November 2026." in text


@pytest.mark.parametrize(
    ("paid", "days", "german", "english"),
    [
        (29, (1, 2), "zwischen dem 1. und dem 2. Dezember 2026", "between 1 and 2 December 2026"),
        (26, (2, 3), "zwischen dem 30. November und dem 1. Dezember 2026", "between 30 November and 1 December 2026"),
        (29, (22, 24), "zwischen dem 31. Dezember 2026 und dem 5. Januar", "between 31 December 2026 and 5 January"),
        (29, (1, 1), "am 1. Dezember 2026", "on 1 December 2026"),
    ],
)
def test_what_is_paid_on_a_sunday_leaves_on_monday_and_no_month_is_told_twice(
    paid: int, days: tuple[int, int], german: str, english: str
) -> None:
    at = datetime(2026, 11, paid, 18, 28, tzinfo=UTC)
    way = OrderShipping("Express", *days)
    one = replace(order(), events=[OrderEvent(1, "paid", at, {})], shipping_method=way)
    assert f"Es kommt {german}" in plain(render("confirmation", occasion(order=one), SHOP))
    assert f"reach you {english}" in plain(
        render("confirmation", occasion("en", order=replace(one, locale="en")), SHOP)
    )


def test_what_was_transferred_is_transferred_back_and_nobody_says_that_it_was_already() -> None:
    text = plain(render("refunded", occasion(), SHOP))
    assert "Wir überweisen Ihnen 12,40 € zurück." in text
    assert "zurückgezahlt" not in text
    assert "Wir haben 12,40 € zurückgezahlt" in plain(render("refunded", occasion(order=order()), SHOP))


@pytest.mark.parametrize("reason", ["expired", "customer"])
def test_while_nobody_knows_whether_money_moved_the_cancellation_says_so(reason: str) -> None:
    one = given_up(reason)
    assert one.payment is not None
    one = replace(one, payment=replace(one.payment, state="unknown"))
    text = plain(render("cancelled", occasion(order=one, reason=reason), SHOP))
    assert "Wir wissen noch nicht, ob Ihre Bank etwas abgebucht hat" in text
    assert "Was abgebucht wurde, geht von selbst zurück." in text
    assert "nichts abgebucht" not in text
    assert ("gilt Ihre Bestellung doch" in text) == (reason == "expired"), "Who cancelled gets nothing any more."


@pytest.mark.parametrize("kind", ["paid", "confirmation"])
def test_who_has_withdrawn_is_promised_no_parcel_until_that_is_settled(kind: EmailKind) -> None:
    one, told = order(), {"withdrawal": "wdr_1", "certain": "yes"}
    declared = OrderEvent(3, "withdrawn", one.placed_at, told)
    text = plain(render(kind, occasion(order=replace(one, events=[*one.events, declared])), SHOP))
    assert "Auch Ihr Widerruf ist eingegangen. Wir prüfen ihn, versenden so lange nichts" in text
    assert "packen" not in text
    settled = OrderEvent(4, "withdrawal_settled", one.placed_at, {"withdrawal": "wdr_1"})
    text = plain(render(kind, occasion(order=replace(one, events=[*one.events, declared, settled])), SHOP))
    assert "Widerruf ist eingegangen" not in text
    assert "packen" in text


def test_who_paid_too_late_is_not_told_that_nothing_was_charged() -> None:
    text = plain(render("cancelled", occasion(order=order(), reason="expired"), SHOP))
    assert "nichts abgebucht" not in text
    assert "Was Sie gezahlt haben, zahlen wir zurück." in text


@pytest.mark.parametrize(
    ("reason", "german", "english"),
    [
        ("late_payment", "Ihre Zahlung kam an, als die Bestellung schon beendet war", "after the order had ended"),
        ("customer", "Sie haben die Bestellung storniert.", "You cancelled the order."),
        ("staff", "Wir haben die Bestellung storniert.", "We cancelled the order."),
    ],
)
def test_a_refund_says_why(reason: str, german: str, english: str) -> None:
    assert german in plain(render("refunded", occasion(reason=reason), SHOP))
    assert english in plain(render("refunded", occasion("en", reason=reason), SHOP))


@pytest.mark.parametrize("kind", ["refunded", "cancelled"])
def test_there_is_nothing_to_withdraw_from_once_an_order_is_cancelled(kind: EmailKind) -> None:
    said = "Sie können den Vertrag widerrufen"
    written = render(kind, occasion(order=replace(order(), state="cancelled"), reason="customer"), SHOP)
    assert said not in plain(written)
    assert f'{SHOP}/withdrawal"' not in written.html
    assert said in plain(render("refunded", occasion(), SHOP))


@pytest.mark.parametrize(
    ("reason", "late"),
    [
        (
            "expired",
            "Sollte doch noch Geld abgehen, geht es von selbst zurück.\n\nNur wenn wir die Ware dann noch haben",
        ),
        ("payment_failed", "Sollte doch noch Geld abgehen, klären wir das und schreiben Ihnen."),
    ],
)
def test_who_waited_for_the_bank_in_vain_learns_that_nothing_was_charged(reason: str, late: str) -> None:
    text = plain(render("cancelled", occasion(order=given_up(reason), reason=reason), SHOP))
    assert "Es wurde nichts abgebucht." in text
    assert late in text, "Who asked for it before their card was declined must not be told that the order may hold."
    assert "überweisen" not in text


@pytest.mark.parametrize("account", [None, ACCOUNT])
@pytest.mark.parametrize(("settled", "holds"), [(None, False), ("done", False), ("not_meant", True)])
def test_who_has_withdrawn_is_not_told_that_an_expired_order_may_hold(
    account: BankTransfer | None, settled: str | None, holds: bool
) -> None:
    text = plain(render("cancelled", occasion(order=given_up("expired", account), reason="expired"), SHOP))
    assert "gilt Ihre Bestellung doch" in text
    one = given_up("expired", account, settled=settled, withdrawn=True)
    text = plain(render("cancelled", occasion(order=one, reason="expired"), SHOP))
    assert ("gilt Ihre Bestellung doch" in text) == holds
    assert "zurück" in text, "What comes goes back, where the order does not hold."


def test_the_law_texts_are_in_the_e_mail_for_good() -> None:
    written = render("payment_due", occasion(), SHOP, [TERMS])
    heading = "<h2>Recht &amp; Pflicht</h2>"
    assert heading in written.html
    assert f'href="{SHOP}/legal/privacy"' in written.html.partition(heading)[2]
    assert written.text.partition("=== AGB ===")[2] == (
        "\n\nMuster. Nur zum Ansehen.\n\nRecht & Pflicht\n---------------\n\nEs gilt.\nImmer. Lesen Sie "
        f"Datenschutz ({SHOP}/legal/privacy) oder rechte@example.com.\n\n- Waren nach Maß\n- Versiegeltes:\n"
        "  1. Seife\n  2. Tinte\n\nFolgen\n------\n\n1 < 2\n"
    ), "In words alone: nobody reads Markdown's marks."


def test_who_has_to_pay_learns_where_how_much_and_until_when() -> None:
    written = render("payment_due", occasion(), SHOP)
    assert "88,00" in written.subject
    text = plain(written)
    for fact in ("DE02 1203 0000 0000 2020 51", "BYLADEM1001", "Verwendungszweck: TT-7K4M2A", "1. Dezember 2026"):
        assert fact in text
    assert "Lieferung: 2 bis 3 Werktage nach dem Zahlungseingang." in text
    assert date(2026, 12, 1) == ACCOUNT.due


def test_a_parcel_is_told_with_its_number_and_what_is_in_it() -> None:
    text = plain(render("shipped", occasion(), SHOP))
    assert "Sendungsnummer: 00340434161094042557" in text
    assert "2 × Becher „Westerwald“, Ton, 320 ml" in text


def test_a_cancellation_says_why_and_what_becomes_of_the_money() -> None:
    text = plain(render("cancelled", occasion(), SHOP))
    assert "Wir haben die Bestellung storniert." in text
    assert "Was Sie gezahlt haben, zahlen wir zurück." in text
    text = plain(render("cancelled", occasion(order=unpaid(ACCOUNT), reason="expired"), SHOP))
    assert "Ihre Zahlung kam nicht rechtzeitig an." in text
    assert "zahlen wir zurück" not in text


def test_the_receipt_of_a_withdrawal_has_its_words_day_and_time() -> None:
    text = plain(render("withdrawal_received", occasion(order=None, order_url=""), SHOP))
    assert "Hiermit widerrufe ich den Vertrag über die Waren dieser Bestellung: TT-7K4M2A\n" in text
    assert "Name: Anna Weber" in text
    assert "25. November 2026, 09:00:00 MEZ" in text
    assert "anna@kundin.example" in text
    assert "token=" not in text
    declared = replace(withdrawal(), order_number="https://elsewhere.example/win")
    subject = render("withdrawal_received", occasion(order=None, order_url="", withdrawal=declared), SHOP).subject
    assert subject == "Ihr Widerruf ist eingegangen", "Anybody may have it sent to anybody."


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


def test_an_e_mail_is_kept_without_the_secret_that_opens_the_order_and_goes_out_with_it() -> None:
    written = render("confirmation", occasion(), SHOP)
    kept = sealed(written, "secret-token_1")
    for before, text in ((written.text, kept.text), (written.html, kept.html)):
        assert "secret-token_1" not in text
        assert opened(text, "secret-token_1") == before
        assert f"{SHOP}/orders/TT-7K4M2A" in shown(text)
        assert "token" not in shown(text)


@pytest.mark.parametrize(("locale", "number", "code"), [("de", "Bestellung", "Code"), ("en", "Order", "Code")])
def test_a_letter_says_the_number_and_the_code_that_the_form_for_following_asks_for(
    locale: Locale, number: str, code: str
) -> None:
    written = render("confirmation", occasion(locale), SHOP)
    assert f"{number}: TT-7K4M2A\n{code}: secret-token_1\n" in written.text
    kept = sealed(written, "secret-token_1")
    assert "secret-token_1" not in kept.text + kept.html
    assert f"{number}: TT-7K4M2A\n{code}: …\n" in shown(kept.text), "Staff see that there is one."
    assert opened(kept.text, "secret-token_1") == written.text
    stranger = render("withdrawal_received", occasion(locale, order=None, order_url="", order_code=""), SHOP)
    assert f"{code}:" not in stranger.text


@pytest.mark.parametrize(
    "name", ["{{access_token}}", "{{access{{access_token}}_token}}", "{{acc{{access_token}}ess_token}}"]
)
def test_nobody_gets_the_secret_by_typing_what_stands_in_its_place(name: str) -> None:
    declared = replace(withdrawal(), name=name, order_number=name, email=f"{name}@elsewhere.example")
    why = occasion(order=None, order_url="", withdrawal=declared)
    kept = sealed(render("withdrawal_received", why, SHOP), "secret-token_1")
    assert "secret-token_1" not in opened(kept.text + kept.html, "secret-token_1")


def test_a_text_has_no_html_entities() -> None:
    assert "Ton & Tinte" in render("confirmation", occasion(), SHOP).text
    assert "&amp;" not in render("confirmation", occasion(), SHOP).text


def test_yen_have_no_decimals() -> None:
    from shopapi.contract.catalog import Money
    from shopapi.contract.figures import money

    assert money(Money(1234567, "JPY"), "en") == "JP¥1,234,567"
    assert money(Money(-1234567, "EUR"), "de") == "−12.345,67\N{NO-BREAK SPACE}€"
