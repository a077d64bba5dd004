"""The hosted page, where the customer pays with a test card. Plain HTML, one file of style, no script."""

from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from babel.numbers import format_currency, get_currency_precision
from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import MediaType, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from shopctl.sandbox import charges
from shopctl.sandbox.desk import Desk
from shopctl.sandbox.faults import CALL, DECLINES, WEBHOOK
from shopctl.sandbox.misbehaving import misbehave
from shopctl.sandbox.words import CARDS, FAULTS, WORDS

AnyRequest = Request[Any, Any, Any]
TheDesk = NamedDependency[Desk]
_OPEN: Final = ("open", "confirming")
_LOCALES: Final = {"de": "de_DE", "en": "en_GB"}


@get("/pay/{name:str}", media_type=MediaType.HTML)
async def show(desk: TheDesk, name: FromPath[str]) -> Response[Any]:
    """The test cards; where the charge is settled, the way back to the shop."""
    row = await desk.journal.run(lambda c: charges.by_page(c, name))
    if row is None:
        return _nothing()
    if row["state"] == "confirming":
        return _to(f"/pay/{name}/confirm", row)
    return _page("pay.html", row) if row["state"] == "open" else _to(row["return_url"], row)


@post("/pay/{name:str}", status_code=303)
async def pay(request: AnyRequest, desk: TheDesk, name: FromPath[str]) -> Response[Any]:
    """Pay with the card whose button was pressed, or not."""
    typed = await request.form()
    card, fault = str(typed.get("card", "")), str(typed.get("fault", ""))
    row = await desk.journal.run(lambda c: charges.by_page(c, name))
    if row is None:
        return _nothing()
    if row["state"] == "confirming":
        return _to(f"/pay/{name}/confirm", row)
    if row["state"] != "open":
        return _to(row["return_url"], row)
    if card not in CARDS and card != "cancel":
        return _page("pay.html", row, 400)
    if fault in CALL | WEBHOOK:
        await desk.change(lambda c: charges.prepare(c, row, fault))
    if card == "3ds":
        return await _settle(request, desk, name, "confirming", "")
    if card == "cancel":
        return await _settle(request, desk, name, "failed", "cancelled_by_customer")
    reason = card if card in DECLINES else ""
    return await _settle(request, desk, name, "failed" if reason else "succeeded", reason)


@get("/pay/{name:str}/confirm", media_type=MediaType.HTML)
async def ask_to_confirm(desk: TheDesk, name: FromPath[str]) -> Response[Any]:
    """The customer's bank asks whether it is really them."""
    row = await desk.journal.run(lambda c: charges.by_page(c, name))
    if row is None:
        return _nothing()
    if row["state"] == "open":
        return _to(f"/pay/{name}", row)
    return _page("confirm.html", row) if row["state"] == "confirming" else _to(row["return_url"], row)


@post("/pay/{name:str}/confirm", status_code=303)
async def confirm(request: AnyRequest, desk: TheDesk, name: FromPath[str]) -> Response[Any]:
    """Yes, or no."""
    answer = (await request.form()).get("answer", "")
    row = await desk.journal.run(lambda c: charges.by_page(c, name))
    if row is None:
        return _nothing()
    if row["state"] != "confirming":
        return _to(f"/pay/{name}" if row["state"] == "open" else row["return_url"], row)
    if answer not in ("approve", "refuse"):
        return _page("confirm.html", row, 400)
    if answer == "refuse":
        return await _settle(request, desk, name, "failed", "authentication_refused")
    return await _settle(request, desk, name, "succeeded", "")


@get("/style.css", media_type="text/css")
async def style() -> Response[bytes]:
    """The look of both pages."""
    return Response(_style(), headers={"Cache-Control": "public, max-age=300", "X-Content-Type-Options": "nosniff"})


async def _settle(request: AnyRequest, desk: Desk, name: str, state: Any, reason: str) -> Response[Any]:
    row = await desk.journal.run(lambda c: charges.by_page(c, name))
    assert row is not None  # noqa: S101 - charges are never removed
    base, fault = desk.base(request), row["fault"]
    goes_wrong = fault in CALL and state != "confirming"
    if goes_wrong:
        # Once: whoever comes back and tries again gets through.
        await desk.change(lambda c: charges.disarm(c, row))

    async def work() -> Response[Any]:
        settled = await desk.change(lambda c: charges.settle(c, charges.again(c, row), state, reason, base))
        return _to(f"/pay/{name}/confirm" if settled["state"] in _OPEN else settled["return_url"], settled)

    return await misbehave(fault if goes_wrong else "ok", None, work)


def _page(template: str, row: charges.Row, status: int = 200) -> Response[str]:
    words = WORDS[row["locale"]]
    html = (
        _templates()
        .get_template(template)
        .render(
            words=words,
            locale=row["locale"],
            amount=money(row["amount"], row["currency"], row["locale"]),
            order=row["order_number"],
            here=f"/pay/{row['page']}",
            cards=[(value, *told[row["locale"]]) for value, told in CARDS.items()],
            faults=[(value, told[row["locale"]]) for value, told in FAULTS.items()],
        )
    )
    return Response(html, status_code=status, media_type=MediaType.HTML, headers=_headers(row["return_url"]))


def _to(url: str, row: charges.Row) -> Response[Any]:
    return Response(None, status_code=303, headers={**_headers(row["return_url"]), "Location": url})


def _nothing() -> Response[str]:
    html = _templates().get_template("nothing.html").render(words=WORDS["en"], locale="en")
    return Response(html, status_code=404, media_type=MediaType.HTML, headers=_headers(""))


def _headers(return_url: str) -> dict[str, str]:
    parts = urlsplit(return_url)
    # Browsers hold the target of a form to this also where the answer leads on to the shop.
    forms = f"'self' {parts.scheme}://{parts.netloc}" if parts.netloc else "'self'"
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'self'; form-action {forms}; base-uri 'none'; frame-ancestors 'none'"
        ),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


def money(amount: int, currency: str, locale: str) -> str:
    """``88,00 €`` or ``€88.00``."""
    units = Decimal(amount).scaleb(-get_currency_precision(currency))
    return format_currency(units, currency, locale=_LOCALES[locale])


@cache
def _templates() -> Environment:
    return Environment(loader=PackageLoader("shopctl.sandbox"), autoescape=True, undefined=StrictUndefined)


@cache
def _style() -> bytes:
    return (Path(__file__).parent / "templates" / "style.css").read_bytes()


HANDLERS: Final = [show, pay, ask_to_confirm, confirm, style]
