"""An invoice on paper: what German law asks for, in either language, and whatever people are called."""

import logging
import re
from collections.abc import Iterator
from typing import Any, Literal, get_args
from xml.etree import ElementTree

import msgspec
import pytest
import typst
from msgspec.structs import replace

from shopapi.contract.catalog import Locale
from shopapi.invoices import sheet
from shopapi.invoices.content import Content, InvoiceKind, Parts, TaxSum, invoice_lines, parts_of, tax_sums
from shopapi.invoices.sheet import Sheet, pdf_of, sheet_of
from tests.events.orders import ANNA, SELLER, order


def content(kind: InvoiceKind = "invoice", locale: Locale = "de", **more: Any) -> Content:
    one = order(locale=locale)
    parts = parts_of(one, shipping_tax=0, shipping_tax_rate_bp=1900)
    is_invoice = kind == "invoice"
    made = Content(
        kind=kind,
        number="R2026-000123" if is_invoice else "G2026-000007",
        locale=locale,
        currency="EUR",
        issued_on="2026-11-25",
        seller=SELLER,
        customer=[ANNA.name, ANNA.line1, "04229 Leipzig"],
        order_number=one.number,
        ordered_on="2026-11-24",
        supplied_on="",
        supply_days=(2, 3),
        paid_on="2026-11-25",
        paid_by="manual",
        prices_include_tax=True,
        lines=invoice_lines(one) if is_invoice else [],
        shipping_name="DHL Paket",
        shipping=0,
        shipping_tax_rate_bp=1900,
        taxes=tax_sums(parts, 1900),
        total=8800,
        parts=parts,
        tax_country="DE",
        corrects="" if is_invoice else "R2026-000123",
        corrects_of="" if is_invoice else "2026-11-25",
    )
    return replace(made, **more)


def words(sheet: Sheet) -> str:
    def every(value: object) -> Iterator[str]:
        if isinstance(value, str):
            yield value
        elif isinstance(value, (list, tuple)):
            for one in value:
                yield from every(one)

    return "\n".join(word for name in Sheet.__struct_fields__ for word in every(getattr(sheet, name)))


def test_an_invoice_says_all_that_section_14_of_the_vat_act_asks_for() -> None:
    said = words(sheet_of(content())).replace("\N{NO-BREAK SPACE}", " ")
    for asked in (
        "Rechnung R2026-000123",
        "Ton & Tinte GmbH (Muster)",
        "Töpferweg 7",
        "DE000000000",
        "02/000/00000",
        "Anna Weber",
        "04229 Leipzig",
        "25. November 2026",
        "Lieferung\nvoraussichtlich November 2026",
        "Farbe: Salbei, WW-320",
        "Drei Schalen, Ø 11 bis 15 cm",
        "Becher „Westerwald“, Ton, 320 ml",
        "abzüglich Rabatt 2,96 €",
        "34,04 €",
        "58,75 €",
        "19 %",
        "11,17 €",
        "16,90 €",
        "7 %",
        "1,18 €",
        "88,00 €",
        "Bezahlt per Banküberweisung",
    ):
        assert asked in said, asked
    assert "spülmaschinenfest" not in said, "What was chosen says it, and more truly."


@pytest.mark.parametrize(
    ("issued", "locale", "month"),
    [
        ("2026-11-25", "de", "voraussichtlich November 2026"),
        ("2026-11-26", "de", "voraussichtlich Dezember 2026"),
        ("2026-12-29", "en", "expected January 2027"),
    ],
)
def test_goods_that_have_not_left_are_supplied_in_the_month_of_the_last_day_that_was_promised(
    issued: str, locale: Locale, month: str
) -> None:
    facts = sheet_of(content(locale=locale, issued_on=issued)).facts
    assert [value for name, value in facts if name in ("Lieferung", "Supply")] == [month]


def test_goods_that_have_left_are_supplied_on_their_day() -> None:
    assert ("Lieferdatum", "26. November 2026") in sheet_of(content(supplied_on="2026-11-26")).facts


def test_a_credit_note_names_the_invoice_that_it_corrects() -> None:
    sheet = sheet_of(content("credit_note", "en"))
    assert ("For invoice", "R2026-000123 of 25 November 2026") in sheet.facts
    assert sheet.rows == []
    assert sheet.colour != sheet_of(content()).colour


@pytest.mark.parametrize(
    ("why", "german", "english"),
    [
        ("customer", "Sie haben die Bestellung storniert", "you cancelled the order"),
        ("staff", "Wir haben die Bestellung storniert", "we cancelled the order"),
        ("late_payment", "Ihre Zahlung kam an, als die Bestellung schon", "your payment came after the order"),
        ("", "", ""),
    ],
)
def test_a_credit_note_says_what_of_the_invoice_goes_back_and_why(why: str, german: str, english: str) -> None:
    part = sheet_of(content("credit_note", total=1240, corrects_total=8800, why=why)).facts
    assert ("Erstattet wird", "ein Teil des Rechnungsbetrags von 88,00\N{NO-BREAK SPACE}€") in part
    assert dict(part).get("Grund", "").startswith(german)
    assert ("Grund" in dict(part)) == bool(why)
    whole = sheet_of(content("credit_note", "en", corrects_total=8800, why=why)).facts
    assert ("Refunded", "the whole amount of the invoice") in whole
    assert dict(whole).get("Reason", "").startswith(english)


def drawn(said: Sheet, form: Literal["png", "svg"]) -> bytes:
    """The first page as a picture."""
    compiler, template = sheet._compiler()
    given = {"sheet": msgspec.json.encode(said).decode()}
    made = compiler.compile(template, format=form, sys_inputs=given)
    assert isinstance(made, bytes), "It is one page."
    return made


def heights_of_lines(page: ElementTree.Element, above: float = 0) -> Iterator[float]:
    """How far below the top of the page each piece of text stands, in millimetres."""
    moved = page.get("transform", "")
    here = above + (float(moved.rstrip(")").split()[-1]) * 25.4 / 72 if moved else 0)
    if moved.startswith("matrix"):
        yield round(here, 1)
    for part in page:
        yield from heights_of_lines(part, here)


@pytest.mark.parametrize("lines", [3, 7, 8, 12])
def test_however_long_an_address_is_the_title_stands_apart_from_it(lines: int) -> None:
    said = replace(sheet_of(content(customer=["Weberei"] * lines)), seller=["Ton & Tinte"])
    name, sender, *rest = sorted(set(heights_of_lines(ElementTree.fromstring(drawn(said, "svg")))))
    address, title = rest[:lines], rest[lines]
    assert name < sender
    assert address[-1] - address[-2] < 5 < 9 < title - address[-1]


def test_no_line_ends_within_an_article_number() -> None:
    page = sheet_of(content())
    name, _, *cells = page.rows[0]
    said, number = "Farbe: Salbei, Inhalt: 320 ml, Material: Steinzeug,", "TT-BE-WW-TON-320"
    wraps, apart = ((name, more, *cells) for more in ([f"{said} {number}"], [said, number]))
    assert drawn(replace(page, rows=[wraps]), "png") == drawn(replace(page, rows=[apart]), "png")


@pytest.mark.parametrize("kind", get_args(InvoiceKind))
@pytest.mark.parametrize("locale", ["de", "en"])
def test_every_paper_is_a_tagged_pdf_in_its_language(
    kind: InvoiceKind, locale: Locale, caplog: pytest.LogCaptureFixture
) -> None:
    pdf = pdf_of(content(kind, locale))
    assert pdf.startswith(b"%PDF-1.7")
    assert b"/StructTreeRoot" in pdf
    assert f"/Lang({locale}".encode() in pdf
    assert not caplog.records, "It is no PDF/UA."


def untaxed(country: str, locale: Locale = "de", kind: InvoiceKind = "invoice", total: int = 8800) -> Content:
    one = content(kind, locale)
    return replace(
        one,
        lines=[replace(line, tax_rate_bp=0) for line in one.lines],
        shipping_tax_rate_bp=0,
        taxes=[TaxSum(0, total, 0)] if total else [],
        total=total,
        parts=Parts(goods={0: total}, shipping=0, tax={}),
        tax_country=country,
    )


EXPORT = {
    "de": "Steuerfreie Ausfuhrlieferung (§ 4 Nr. 1 Buchst. a, § 6 UStG).",
    "en": "Tax-free export delivery (section 4 no. 1 a, section 6 UStG).",
}


@pytest.mark.parametrize("locale", ["de", "en"])
@pytest.mark.parametrize("kind", get_args(InvoiceKind))
@pytest.mark.parametrize("total", [8800, 0])
def test_a_delivery_out_of_the_eu_without_tax_says_why_there_is_none(
    locale: Locale, kind: InvoiceKind, total: int
) -> None:
    assert EXPORT[locale] in sheet_of(untaxed("CH", locale, kind, total)).notes


@pytest.mark.parametrize("country", ["DE", "AT", "FR", "MC", "GR"])
def test_goods_that_stay_in_the_eu_are_no_export(country: str) -> None:
    assert EXPORT["de"] not in sheet_of(untaxed(country)).notes


def test_goods_that_bear_tax_are_no_export_wherever_they_go_and_however_little_it_is() -> None:
    assert EXPORT["de"] not in sheet_of(content(tax_country="CH")).notes
    cent = content("credit_note", tax_country="CH", taxes=[TaxSum(1900, 1, 0)], total=1)
    assert EXPORT["de"] not in sheet_of(cent).notes


def test_prices_are_gross_or_net_only_where_there_is_tax() -> None:
    assert sheet_of(untaxed("CH")).heads == ["Artikel", "Menge", "Einzelpreis", "USt.", "Betrag"]
    assert sheet_of(content()).heads[2::2] == ["Einzelpreis (brutto)", "Betrag (brutto)"]
    assert sheet_of(content(prices_include_tax=False)).heads[2::2] == ["Einzelpreis (netto)", "Betrag (netto)"]


def test_the_invoice_prints_latin_greek_and_cyrillic_by_itself_and_the_log_names_what_it_cannot(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = typst.Compiler(font_paths=typst.Fonts(include_system_fonts=False))
    template = sheet._compiler()[1]
    monkeypatch.setattr(sheet, "_compiler", lambda: (alone, template))
    pdf_of(content(customer=["Łukasz Đorđević", "Nguyễn Thị Ánh", "Ελένη Ἀθηνᾶ", "Анна Їжак"]))
    assert not caplog.records
    pdf_of(content(customer=["王小明", "한글", "ไทย"]))
    (record,) = caplog.records
    assert record.getMessage() == (
        "R2026-000123 is no PDF/UA: no font on this machine has "
        "U+0E17, U+0E22, U+0E44, U+5C0F, U+660E, U+738B, U+AE00, U+D55C"
    )


def test_a_long_order_takes_as_many_pages_as_it_needs() -> None:
    one = content()
    assert pages(pdf_of(one)) == 1
    assert pages(pdf_of(replace(one, lines=one.lines * 34))) > 5


def pages(pdf: bytes) -> int:
    found = re.search(rb"/Type/Pages/Count (\d+)", pdf)
    assert found is not None
    return int(found[1])


@pytest.mark.parametrize(
    "name", ["Анна Вебер", "Zoë Łukasiewicz", '#panic("run") $x$ *b* \\ ` </a> "', "=" * 200, "王小明", "😀"]
)
def test_whatever_somebody_is_called_gets_an_invoice(name: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert pdf_of(content(customer=[name], seller=replace(SELLER, legal_name=name))).startswith(b"%PDF-")
    # What cannot be shown here is told, and stops nothing.
    assert all("is no PDF/UA" in record.getMessage() for record in caplog.records)
    assert bool(caplog.records) <= (name in ("王小明", "😀"))


def test_the_same_invoice_is_drawn_the_same() -> None:
    assert pdf_of(content()) == pdf_of(content())
