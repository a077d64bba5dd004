"""Everything that the page of an order shows, in the visitor's language."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from shopapi.contract.figures import in_groups, money
from shopapi.contract.orders import InvoiceRef, Order, Shipment
from shopapi.contract.standing import open_withdrawal
from shopweb import locale
from shopweb.storefront.order_address import address_lines
from shopweb.storefront.order_paths import order_path, withdrawal_path
from shopweb.storefront.order_standing import Standing, standing_of
from shopweb.storefront.order_state import awaits_invoice, came_back, is_written
from shopweb.storefront.order_stops import Stop, arrival_told, stops_of
from shopweb.storefront.order_sums import LineView, Sum, lines_of, sums_of
from shopweb.storefront.order_timeline import Step, timeline_of
from shopweb.storefront.order_times import When, when
from shopweb.visit import Visit

SOON_S: Final = 3
LATER_S: Final = 60
_SOON: Final = timedelta(minutes=15)


@dataclass(frozen=True)
class Parcel:
    """A parcel: who carries it under which number, and what is in it."""

    carrier: str
    tracking: str
    goods: str
    at: When


@dataclass(frozen=True)
class Transfer:
    """Where to send the money, as it is typed into a bank's form; the IBAN stands in groups of four."""

    holder: str
    iban: str
    bic: str
    bank: str
    reference: str
    amount: str
    due: str


@dataclass(frozen=True)
class Paper:
    """An invoice or a correction of it."""

    name: str
    href: str
    at: When


@dataclass(frozen=True)
class OrderView:
    """``seen`` changes whenever something on the page does; ``cancel`` and ``withdraw`` are empty where that
    cannot be done, or is not to be done again; ``withdrawn`` says that the customer's own withdrawal is being seen to;
    ``written`` that an e-mail confirms the order by now.

    ``looks_again_s`` says how often the page looks whether something has changed; 0 where nothing is awaited."""

    number: str
    seen: str
    placed: When
    email: str
    written: bool
    standing: Standing
    stops: list[Stop]
    lines: list[LineView]
    sums: list[Sum]
    transfer: Transfer | None
    parcels: list[Parcel]
    papers: list[Paper]
    awaits_invoice: bool
    looks_again_s: int
    steps: list[Step]
    address: list[str]
    billing: list[str]
    arrival: str
    cancel: str
    withdraw: str
    withdrawn: bool


def order_view(visit: Visit, order: Order, token: str) -> OrderView:
    """The view of an order to whoever has its ``token``."""
    standing, awaits = standing_of(visit, order), awaits_invoice(order, visit.now)
    same = order.billing_address == order.shipping_address
    given_back = order.payment is not None and order.payment.state == "refunded"
    stands, withdrawn = order.state != "cancelled", open_withdrawal(order) is not None and not given_back
    return OrderView(
        number=order.number,
        seen=f"{order.version}-back" if came_back(visit) else str(order.version),
        placed=when(visit, order.placed_at),
        email=order.email,
        written=is_written(order),
        standing=standing,
        stops=stops_of(visit, order),
        lines=lines_of(visit, order),
        sums=sums_of(visit, order),
        transfer=_transfer(visit, order),
        parcels=[parcel_view(visit, order, parcel) for parcel in order.shipments],
        papers=[_paper(visit, order, paper, token) for paper in order.invoices],
        awaits_invoice=awaits,
        looks_again_s=_looks_again_s(visit, order) if standing.waits or awaits else 0,
        steps=timeline_of(visit, order),
        address=address_lines(visit, order.shipping_address),
        billing=[] if same else address_lines(visit, order.billing_address),
        arrival=arrival_told(visit, order),
        cancel=order_path(order.number, token, "cancel") if order.can_cancel and not withdrawn else "",
        withdraw=withdrawal_path(order.number, token) if stands and not withdrawn else "",
        withdrawn=stands and withdrawn,
    )


def _looks_again_s(visit: Visit, order: Order) -> int:
    return SOON_S if visit.now - order.placed_at < _SOON else LATER_S


def _transfer(visit: Visit, order: Order) -> Transfer | None:
    payment = order.payment
    if order.state != "placed" or payment is None or payment.bank_transfer is None or open_withdrawal(order):
        return None
    to = payment.bank_transfer
    return Transfer(
        to.holder,
        in_groups(to.iban),
        to.bic,
        to.bank,
        to.reference,
        money(payment.amount, visit.language),
        locale.day(to.due, visit.language) if to.due else "",
    )


def parcel_view(visit: Visit, order: Order, parcel: Shipment) -> Parcel:
    """A parcel, its goods by their names."""
    names = {line.sku: line.name for line in order.lines}
    goods = ", ".join(f"{units} × {names.get(sku, sku)}" for sku, units in parcel.lines.items())
    return Parcel(parcel.carrier, parcel.tracking, goods, when(visit, parcel.shipped_at))


def paper_name(visit: Visit, paper: InvoiceRef) -> str:
    """What a paper is called: ``Invoice 2026-004117``."""
    _ = visit.gettext
    words = _("Invoice %(number)s") if paper.kind == "invoice" else _("Invoice correction %(number)s")
    return words % {"number": paper.number}


def _paper(visit: Visit, order: Order, paper: InvoiceRef, token: str) -> Paper:
    href = order_path(order.number, token, "invoices", paper.id)
    return Paper(paper_name(visit, paper), href, when(visit, paper.issued_at))
