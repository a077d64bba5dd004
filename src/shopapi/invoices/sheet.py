"""Invoices on paper: A4, as a tagged PDF that a screen reader can read out."""

import logging
import threading
import tomllib
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from shopapi.contract.calendar import working_day
from shopapi.contract.catalog import Locale, Money
from shopapi.contract.figures import money, percent
from shopapi.invoices.content import Content, InvoiceLine
from shopapi.invoices.export import is_export, is_taxed
from shopapi.invoices.glyphs import missing_glyphs
from shopapi.invoices.written import day, month

if TYPE_CHECKING:
    import typst

_log = logging.getLogger(__name__)
_ONE_AT_A_TIME: Final = threading.Lock()
_INK, _CLAY = "#2c3f96", "#a2451f"


Row = tuple[str, list[str], str, str, str, str]
"""Goods, what is to say of them, and the cells to the right."""


class Sheet(Struct, frozen=True):
    """Everything that is printed, word for word; the template only says where."""

    language: str
    title: str
    colour: str
    seller: list[str]
    customer: list[str]
    facts: list[tuple[str, str]]
    heads: list[str]
    rows: list[Row]
    tax_heads: list[str]
    taxes: list[tuple[str, str, str, str]]
    total_label: str
    total: str
    notes: list[str]
    foot: list[str]
    page: str


def pdf_of(content: Content) -> bytes:
    """The PDF of an invoice or a credit note.

    It meets PDF/UA-1, except where a name is written in a script that no font here has: then that name shows boxes,
    and the log names the invoice and the characters.
    """
    import typst  # It is large, and only the worker needs it.

    given = {"sheet": msgspec.json.encode(sheet_of(content)).decode()}
    issued = datetime.fromisoformat(content.issued_on).replace(tzinfo=UTC)
    with _ONE_AT_A_TIME:
        compiler, template = _compiler()
        try:
            made = compiler.compile(template, format="pdf", sys_inputs=given, pdf_standards="ua-1", timestamp=issued)
        except typst.TypstError as error:
            _log.warning("%s is no PDF/UA: %s", content.number, _what_is_wrong(compiler, given["sheet"], error))
            made = compiler.compile(template, format="pdf", sys_inputs=given, timestamp=issued)
    if not isinstance(made, bytes):
        raise AssertionError("unreachable: one document is one PDF")
    return made


def _what_is_wrong(compiler: "typst.Compiler", sheet: str, error: "typst.TypstError") -> str:
    if missing := missing_glyphs(compiler, sheet):
        return f"no font on this machine has {', '.join(missing)}"
    return str(error).partition("\n")[0]


@cache
def _compiler() -> tuple["typst.Compiler", bytes]:
    import typst

    # The system's fonts stand in where the embedded ones lack a script, such as Chinese.
    compiler = typst.Compiler(font_paths=typst.Fonts(include_system_fonts=True))
    return compiler, files("shopapi.invoices").joinpath("invoice.typ").read_bytes()


def sheet_of(content: Content) -> Sheet:
    """What is printed, in the language of the order."""
    said, locale = _words(content.locale), content.locale
    is_invoice = content.kind == "invoice"
    price = "" if not is_taxed(content) else "_gross" if content.prices_include_tax else "_net"
    return Sheet(
        language=locale,
        title=f"{said[content.kind]} {content.number}",
        colour=_INK if is_invoice else _CLAY,
        seller=[content.seller.called, *content.seller.address],
        customer=content.customer,
        facts=_facts(content, said),
        heads=[said["item"], said["quantity"], said[f"unit_price{price}"], said["rate"], said[f"amount{price}"]]
        if is_invoice
        else [],
        rows=_rows(content, said),
        tax_heads=[said["by_rate"], said["net"], said["tax"], said["gross"]],
        taxes=[
            (
                percent(one.rate_bp, locale),
                _sum(one.net, content),
                _sum(one.tax, content),
                _sum(one.net + one.tax, content),
            )
            for one in content.taxes
        ],
        total_label=said[f"total_{content.kind}"],
        total=_sum(content.total, content),
        notes=_notes(content, said),
        foot=_foot(content, said),
        page=said["page"],
    )


def _facts(content: Content, said: dict[str, str]) -> list[tuple[str, str]]:
    def written(iso: str) -> str:
        return day(date.fromisoformat(iso), content.locale)

    facts = [
        (said[f"number_{content.kind}"], content.number),
        (said[f"issued_{content.kind}"], written(content.issued_on)),
    ]
    if content.corrects:
        of = said["corrects_of"].format(number=content.corrects, day=written(content.corrects_of))
        facts.append((said["corrects"], of))
    if content.corrects_total:
        part = said["whole" if content.total == content.corrects_total else "part"]
        facts.append((said["refunded"], part.format(total=_sum(content.corrects_total, content))))
    if content.why:
        facts.append((said["why"], said[f"why_{content.why}"]))
    facts.append((said["order"], said["order_of"].format(number=content.order_number, day=written(content.ordered_on))))
    if content.kind == "invoice":
        if content.supplied_on:
            facts.append((said["supplied"], written(content.supplied_on)))
        else:
            # The month is enough (section 31 (4) UStDV), and the last day of those that were promised the safest.
            due = working_day(date.fromisoformat(content.issued_on), content.supply_days[1])
            facts.append((said["supply"], said["supply_in"].format(month=month(due, content.locale))))
        if content.paid_on:
            facts.append((said["paid_on"], written(content.paid_on)))
    return facts


def _rows(content: Content, said: dict[str, str]) -> list[Row]:
    if content.kind == "credit_note":
        return []
    rows = [_goods(line, content, said) for line in content.lines]
    rate, shipping = percent(content.shipping_tax_rate_bp, content.locale), _sum(content.shipping, content)
    rows.append((said["shipping"].format(method=content.shipping_name), [], "1", shipping, rate, shipping))
    return rows


def _goods(line: InvoiceLine, content: Content, said: dict[str, str]) -> Row:
    # The fact is of all variants, so beside what was chosen it would name what others have.
    more = [line.fact] if line.fact and not line.options else []
    more.append(", ".join([*(f"{name}: {value}" for name, value in line.options.items()), line.sku]))
    if line.discount:
        more.append(said["discount"].format(amount=_sum(line.discount, content)))
    rate = percent(line.tax_rate_bp, content.locale)
    return line.name, more, str(line.quantity), _sum(line.unit_price, content), rate, _sum(line.total, content)


def _notes(content: Content, said: dict[str, str]) -> list[str]:
    how = said.get(f"how_{content.paid_by}", content.paid_by.capitalize())
    notes = []
    if content.kind == "credit_note":
        notes.append(said["refunded_by"].format(how=how))
    elif content.total and how:
        notes.append(said["paid_by"].format(how=how))
    else:
        notes.append(said["nothing_to_pay"])
    if is_export(content):
        notes.append(said["export"])
    return notes


def _foot(content: Content, said: dict[str, str]) -> list[str]:
    seller = content.seller
    foot = [", ".join([seller.called, *seller.address])]
    of_tax = [
        said["vat_id"].format(vat_id=seller.vat_id) if seller.vat_id else "",
        said["tax_number"].format(tax_number=seller.tax_number) if seller.tax_number else "",
        seller.email,
    ]
    foot.append(", ".join(filter(None, of_tax)))
    return [line for line in foot if line]


def _sum(amount: int, content: Content) -> str:
    return money(Money(amount, content.currency), content.locale)


@cache
def _words(locale: Locale) -> dict[str, str]:
    said: dict[str, str] = tomllib.loads(
        files("shopapi.invoices").joinpath(f"{locale}.toml").read_text(encoding="utf-8")
    )
    return said
