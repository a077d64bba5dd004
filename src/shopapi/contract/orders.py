"""Orders as customers and staff see them: lines, states, payment, shipments, timeline."""

from datetime import date, datetime
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from shopapi.contract.carts import MAX_NAME, Address, Discount, MoneyInput, TaxLine
from shopapi.contract.catalog import Image, Locale, Money
from shopapi.contract.fields import NOT_BLANK, Cursor, Email, Line, OrderNumber, PageLimit, Search

OrderState = Literal["placed", "confirmed", "closed", "cancelled"]
ShippingState = Literal["unshipped", "partly_shipped", "shipped"]
PaymentState = Literal[
    "pending", "unknown", "authorized", "captured", "partly_refunded", "refunded", "failed", "cancelled"
]
AttemptState = Literal["intended", "unknown", "succeeded", "failed"]
EventKind = Literal[
    "placed",
    "payment_unknown",
    "paid",
    "payment_failed",
    "cancel_asked",
    "cancelled",
    "revived",
    "shipped",
    "closed",
    "refunded",
    "refund_failed",
    "invoiced",
    "withdrawn",
    "withdrawal_moved",
    "withdrawal_settled",
    "payment_issue",
    "note",
]
CancelReason = Literal["customer", "staff", "expired", "payment_failed"]
IssueKind = Literal["amount_mismatch", "late_success", "orphan_charge", "no_answer", "refund_failed"]
SettleOutcome = Literal["not_meant", "done"]
EmailKind = Literal["confirmation", "payment_due", "paid", "shipped", "refunded", "cancelled", "withdrawal_received"]
EmailState = Literal["queued", "sent", "failed"]
OrderView = Literal["all", "to_pay", "to_ship", "unclear", "done", "cancelled"]


class OrderTokenQuery(Struct, forbid_unknown_fields=True, frozen=True):
    """The secret that came with the order's confirmation."""

    token: Annotated[str, Meta(min_length=16, max_length=128, pattern=r"^[A-Za-z0-9_-]+$")] | None = None


class OrderLine(Struct, frozen=True):
    """What was bought, as it was when it was. ``tax`` is the line's, in or on top of ``total``."""

    sku: str
    name: str
    fact: str
    options: dict[str, str]
    image: Image | None
    unit_price: Money
    quantity: int
    shipped: int
    discount: Money
    tax_rate_bp: int
    tax: Money
    total: Money


class NextAction(Struct, frozen=True):
    """What the customer has to do: go to ``url``, a page of the provider's."""

    type: Literal["redirect"]
    url: str


class BankTransfer(Struct, frozen=True):
    """Where the money goes that is paid in advance, and what the transfer must say."""

    holder: str
    iban: str
    bic: str
    bank: str
    reference: str
    due: date | None


class OrderPayment(Struct, frozen=True):
    """How an order is paid. ``captured`` has come in, ``refunded`` gone back."""

    provider: str
    state: PaymentState
    next_action: NextAction | None
    bank_transfer: BankTransfer | None
    amount: Money
    captured: Money
    refunded: Money


class OrderShipping(Struct, frozen=True):
    """The way that was chosen to deliver; working days."""

    name: str
    days_min: int
    days_max: int


class Shipment(Struct, frozen=True):
    """A parcel: units by sku."""

    id: str
    carrier: str
    tracking: str
    lines: dict[str, int]
    shipped_at: datetime


class OrderEvent(Struct, frozen=True):
    """A step in an order's life; ``sequence`` counts from 1 without a gap. ``actor`` is who, for staff."""

    sequence: int
    kind: EventKind
    at: datetime
    data: dict[str, str]
    actor: str | None = None


class InvoiceRef(Struct, frozen=True):
    """An invoice or, after a refund, a credit note."""

    id: str
    kind: Literal["invoice", "credit_note"]
    number: str
    issued_at: datetime


class Order(Struct, frozen=True):
    """An order. The sums are as in a cart. ``access_token`` is only in the answer that made it.

    ``expires_at`` is when the shop stops waiting for the money.
    """

    number: OrderNumber
    access_token: str | None
    state: OrderState
    shipping_state: ShippingState
    version: int
    placed_at: datetime
    expires_at: datetime | None
    locale: Locale
    currency: str
    prices_include_tax: bool
    lines: list[OrderLine]
    discounts: list[Discount]
    subtotal: Money
    discount: Money
    shipping: Money
    tax: Money
    taxes: list[TaxLine]
    total: Money
    email: str
    shipping_address: Address
    billing_address: Address
    shipping_method: OrderShipping
    payment: OrderPayment | None
    shipments: list[Shipment]
    events: list[OrderEvent]
    invoices: list[InvoiceRef]
    can_cancel: bool


class CancelInput(Struct, forbid_unknown_fields=True, frozen=True):
    """Cancel an order that has not left yet; ``reason`` is for the shop."""

    reason: Line = ""


MAX_WITHDRAWAL_NAME: Final = MAX_NAME
MAX_NAMED_CONTRACT: Final = 200


class WithdrawalInput(Struct, forbid_unknown_fields=True, frozen=True):
    """The declaration of section 356a BGB: who withdraws from which contract, and where the receipt goes.

    ``order_number`` is whatever tells the contract: the order's number as somebody types it, or what was ordered and
    when. Staff find out which order is meant where it is no number of the shop's.
    """

    name: Annotated[str, Meta(min_length=1, max_length=MAX_WITHDRAWAL_NAME, pattern=NOT_BLANK)]
    order_number: Annotated[str, Meta(min_length=1, max_length=MAX_NAMED_CONTRACT, pattern=NOT_BLANK)]
    email: Email


class Withdrawal(Struct, frozen=True):
    """A declaration that came in, as its receipt says it.

    ``certain`` says that the e-mail address is the order's, or that its customer was asked: else it may be anybody's.
    ``settled_at`` is when staff said that nothing is left to do about it, ``outcome`` why: it was not meant, or it
    stands and is done. ``now_with`` is the order that it is with, if any; where there is none, ``dismissed_at`` is when
    staff said that it belongs to none, ``dismissed_by`` who did and ``dismissed_why`` the reason. Only staff are told
    these; but the order's timeline tells its customer when, and as what, their own was settled, or another that is
    done.
    """

    id: str
    name: str
    order_number: str
    email: str
    declared_at: datetime
    certain: bool | None = None
    settled_at: datetime | None = None
    outcome: SettleOutcome | None = None
    now_with: str | None = None
    dismissed_at: datetime | None = None
    dismissed_by: str | None = None
    dismissed_why: str | None = None


# --- for staff


class OrderQuery(Struct, forbid_unknown_fields=True, frozen=True):
    """Which orders to list, newest first. ``q`` finds a number, a name, an e-mail address or a sku."""

    q: Search | None = None
    view: OrderView = "all"
    state: OrderState | None = None
    placed_from: date | None = None
    placed_to: date | None = None
    limit: PageLimit = 24
    cursor: Cursor | None = None


class OrderCard(Struct, frozen=True):
    """An order in the list. ``attention`` says that something about its payment needs a person, ``withdrawn`` that
    somebody has withdrawn from it, and that there is still something to do about it."""

    number: str
    placed_at: datetime
    customer: str
    email: str
    country: str
    state: OrderState
    shipping_state: ShippingState
    payment_provider: str | None
    payment_state: PaymentState | None
    total: Money
    units: int
    attention: bool
    withdrawn: bool
    version: int


class OrderViews(Struct, frozen=True):
    """How many orders each view has, whatever the filter."""

    all: int
    to_pay: int
    to_ship: int
    unclear: int
    done: int
    cancelled: int


class OrderPage(Struct, frozen=True):
    """A page of orders, newest first.

    ``unmatched_withdrawals`` is how many declarations of the last 30 days name no order that the shop knows.
    """

    data: list[OrderCard]
    next_cursor: str | None
    total: int | None
    views: OrderViews
    unmatched_withdrawals: int


class Attempt(Struct, frozen=True):
    """One try to move money. ``key`` is what the provider knows it by, ``reference`` the provider's own name for it."""

    kind: Literal["authorize", "capture", "void"]
    state: AttemptState
    key: str
    reference: str | None
    asked: int
    next_check_at: datetime | None
    created_at: datetime


class Refund(Struct, frozen=True):
    """Money on its way back."""

    id: str
    amount: Money
    state: AttemptState
    reason: str
    actor: str
    created_at: datetime


class PaymentEvent(Struct, frozen=True):
    """What a provider told, as it came in."""

    id: str
    kind: str
    at: datetime


class PaymentIssue(Struct, frozen=True):
    """Something about a payment that a person should know; ``resolved_at`` is null while it is open."""

    kind: IssueKind
    data: dict[str, str]
    at: datetime
    resolved_at: datetime | None


class Payment(Struct, frozen=True):
    """A payment with all that happened to it."""

    id: str
    order_number: str
    provider: str
    state: PaymentState
    amount: Money
    captured: Money
    refunded: Money
    refund_pending: Money
    attempts: list[Attempt]
    refunds: list[Refund]
    events: list[PaymentEvent]
    issues: list[PaymentIssue]
    created_at: datetime


class AdminOrder(Struct, frozen=True):
    """An order with what only staff see."""

    order: Order
    payments: list[Payment]
    withdrawals: list[Withdrawal]


class ShipmentInput(Struct, forbid_unknown_fields=True, frozen=True):
    """The whole order leaves, in one parcel."""

    carrier: Line = ""
    tracking: Line = ""


class CaptureInput(Struct, forbid_unknown_fields=True, frozen=True):
    """The money has come in; ``reference`` is what the bank's statement says."""

    reference: Line = ""


class RefundInput(Struct, forbid_unknown_fields=True, frozen=True):
    """Give money back: ``amount``, or all that is left where it is null."""

    amount: MoneyInput | None = None
    reason: Line = ""


class NoteInput(Struct, forbid_unknown_fields=True, frozen=True):
    """A remark for colleagues."""

    text: Annotated[str, Meta(min_length=1, max_length=1000, pattern=NOT_BLANK)]


WITHDRAWAL_ID: Final = r"^wdr_[0-9a-hjkmnp-tv-z]{20}$"


class SettleInput(Struct, forbid_unknown_fields=True, frozen=True):
    """Nothing is left to do about this withdrawal, and no other; ``reason`` is for colleagues.

    ``outcome``: ``not_meant``, as if nobody had declared it; or ``done``, it stands, and what is due has gone back or
    is on its way, or nothing had come in: money that comes late for a cancelled order goes back too, and what is left
    can be shipped. ``now_certain`` is the ``certain`` that it was seen with: where a colleague has changed that
    meanwhile, nothing is settled.
    """

    withdrawal: Annotated[str, Meta(pattern=WITHDRAWAL_ID)]
    outcome: SettleOutcome
    now_certain: bool
    reason: Line = ""


class AssignInput(Struct, forbid_unknown_fields=True, frozen=True):
    """The order that a withdrawal means, whatever it named. ``confirmed`` says that the customer was asked, and has
    declared it: then it is theirs, from whichever e-mail address it came. ``now_with`` is the order that it was seen
    with, if any, ``now_certain`` the ``certain`` that it was seen with, false where it was with none, and
    ``now_dismissed`` says that it was seen dismissed: what somebody else has assigned, confirmed or dismissed meanwhile
    stays as it is."""

    number: OrderNumber
    now_certain: bool
    confirmed: bool = False
    now_with: OrderNumber | None = None
    now_dismissed: bool = False


MAX_DISMISS_REASON: Final = 500


class DismissInput(Struct, forbid_unknown_fields=True, frozen=True):
    """A withdrawal that is with no order belongs to none: it is meant for another shop, say, or came twice. ``reason``
    is for colleagues."""

    reason: Annotated[str, Meta(min_length=1, max_length=MAX_DISMISS_REASON, pattern=NOT_BLANK)]


class WithdrawalPage(Struct, frozen=True):
    """A page of withdrawals, newest first; ``total`` is null where they are too many to count."""

    data: list[Withdrawal]
    next_cursor: str | None
    total: int | None


class EmailQuery(Struct, forbid_unknown_fields=True, frozen=True):
    """Which e-mails to list, newest first."""

    order: OrderNumber | None = None
    limit: PageLimit = 24
    cursor: Cursor | None = None


class EmailCard(Struct, frozen=True):
    """An e-mail in the list; ``order_number`` is null where it belongs to none."""

    id: str
    kind: EmailKind
    to: str
    subject: str
    state: EmailState
    order_number: str | None
    created_at: datetime
    sent_at: datetime | None


class EmailMessage(Struct, frozen=True):
    """An e-mail as it was or would be sent."""

    card: EmailCard
    text: str
    html: str


class EmailPage(Struct, frozen=True):
    """A page of e-mails, newest first. ``sending`` says whether a mail server is set; without one, they stay here."""

    data: list[EmailCard]
    next_cursor: str | None
    total: int | None
    sending: bool
