"""The orders of the stand-in for the API: they behave by the contract, as far as pages ask."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import msgspec
from msgspec.structs import replace

from shopapi.contract.carts import Address, Discount, TaxLine
from shopapi.contract.catalog import Money
from shopapi.contract.orders import (
    AdminOrder,
    Attempt,
    AttemptState,
    BankTransfer,
    CancelReason,
    EmailCard,
    EmailKind,
    EmailMessage,
    EmailPage,
    InvoiceRef,
    IssueKind,
    NextAction,
    Order,
    OrderCard,
    OrderEvent,
    OrderLine,
    OrderPage,
    OrderPayment,
    OrderShipping,
    OrderViews,
    Payment,
    PaymentIssue,
    PaymentState,
    Refund,
    Shipment,
    Withdrawal,
    WithdrawalPage,
)
from shopapi.contract.standing import can_be_done
from tests.web.fake_catalog import picture_of

ANNA = Address("Anna Weber", "Karl-Heine-Straße 12", "04229", "Leipzig", "DE")
Problem = Callable[..., httpx.Response]
PDF = b"%PDF-1.7\n%%EOF\n"


def euros(amount: int) -> Money:
    return Money(amount, "EUR")


def token_of(number: str) -> str:
    return hashlib.sha256(number.encode()).hexdigest()[:43]


def tokens_of(number: str) -> tuple[str, str]:
    """Both that open an order: of one that a test put here, and of one that came from a cart."""
    return token_of(number), f"secret-of-{number}"


@dataclass
class FakeOrders:
    """``put`` makes an order; what the pages do to it is done to it."""

    problem: Problem
    orders: dict[str, Order] = field(default_factory=dict)
    payments: dict[str, Payment] = field(default_factory=dict)
    withdrawals: list[Withdrawal] = field(default_factory=list)
    assigned: dict[str, str] = field(default_factory=dict)
    emails: list[EmailMessage] = field(default_factory=list)
    sending: bool = False
    refunds_say: AttemptState = "succeeded"

    # what a test arranges

    def put(
        self,
        number: str = "TT-7K4M2P",
        *,
        provider: str = "manual",
        state: PaymentState = "pending",
        address: Address = ANNA,
        total: int = 8800,
        placed_at: datetime | None = None,
        next_url: str | None = None,
    ) -> str:
        """An order that was just placed, and its page's address."""
        placed = placed_at or datetime.now(UTC)
        transfer = None
        if provider == "manual":
            due = (placed + timedelta(days=7)).date()
            transfer = BankTransfer("Ton & Tinte GmbH", "DE02120300000000202051", "BYLADEM1001", "DKB", number, due)
        action = NextAction("redirect", next_url) if next_url else None
        zero = euros(0)
        line = OrderLine(
            "TT-BE-WW-TON-320",
            "Becher „Westerwald“",
            "Steinzeug, 320 ml",
            {"Glasur": "Ton", "Größe": "320 ml"},
            picture_of("mug"),
            euros(1850),
            4,
            0,
            zero,
            1900,
            euros(1182),
            euros(7400),
        )
        coffee = OrderLine(
            "TT-KA-HR-250",
            "Kaffee „Hafenrunde“",
            "Ganze Bohne, 250 g",
            {},
            None,
            euros(1080),
            2,
            0,
            zero,
            700,
            euros(141),
            euros(2160),
        )
        self.orders[number] = Order(
            number=number,
            access_token=None,
            state="placed",
            shipping_state="unshipped",
            version=1,
            placed_at=placed,
            expires_at=placed + timedelta(days=7),
            locale="de",
            currency="EUR",
            prices_include_tax=True,
            lines=[line, coffee],
            discounts=[Discount("Herbst", "HERBST10", euros(760), False)],
            subtotal=euros(9560),
            discount=euros(760),
            shipping=zero,
            tax=euros(1220),
            taxes=[TaxLine(1900, euros(5748), euros(1092)), TaxLine(700, euros(1832), euros(128))],
            total=euros(total),
            email="anna.weber@example.de",
            shipping_address=address,
            billing_address=address,
            shipping_method=OrderShipping("DHL Paket", 2, 3),
            payment=OrderPayment(provider, state, action, transfer, euros(total), zero, zero),
            shipments=[],
            events=[OrderEvent(1, "placed", placed, {})],
            invoices=[],
            can_cancel=True,
        )
        attempt = Attempt("capture", "unknown" if state == "unknown" else "intended", "k", None, 0, None, placed)
        payment_id = f"pay_{hashlib.sha256(number.encode()).hexdigest()[:20]}"
        self.payments[number] = Payment(
            payment_id, number, provider, state, euros(total), zero, zero, zero, [attempt], [], [], [], placed
        )
        if state == "unknown":
            self.tell(number, "payment_unknown")
        return f"/orders/{number}?token={token_of(number)}"

    def tell(self, number: str, kind: Any, actor: str | None = None, **data: str) -> None:
        """One more event."""
        order = self.orders[number]
        events = [*order.events, OrderEvent(len(order.events) + 1, kind, datetime.now(UTC), data, actor)]
        self.orders[number] = replace(order, events=events, version=order.version + 1)

    def pay(self, number: str, actor: str | None = None) -> None:
        """The money has come in."""
        order, payment = self.orders[number], self.payments[number]
        assert order.payment
        self.payments[number] = replace(payment, state="captured", captured=payment.amount)
        paid = replace(order.payment, state="captured", captured=order.total, next_action=None)
        self.orders[number] = replace(order, state="confirmed", payment=paid)
        self.tell(number, "paid", actor, provider=payment.provider)
        order = self.orders[number]
        invoice = InvoiceRef(f"inv_{number[-6:].lower()}", "invoice", "2026-004117", datetime.now(UTC))
        self.orders[number] = replace(order, invoices=[invoice])

    def cancel(self, number: str, reason: CancelReason, actor: str | None = None, **more: str) -> None:
        """It is cancelled; what was paid goes back."""
        order, payment = self.orders[number], self.payments[number]
        assert order.payment
        ended: PaymentState = "failed" if reason == "payment_failed" else "cancelled"
        if payment.captured.amount:
            ended = "refunded"
        left = payment.captured.amount - payment.refunded.amount - payment.refund_pending.amount
        if left and self.refunds_say != "succeeded":
            self.orders[number] = replace(order, state="cancelled", can_cancel=False)
            self.tell(number, "cancelled", actor, reason=reason, **more)
            self.give_back(number, left, reason, actor or "")
            return
        back = Refund(f"re_{len(payment.refunds)}", euros(left), "succeeded", reason, actor or "", datetime.now(UTC))
        refunds = [*payment.refunds, *([back] if left else [])]
        self.payments[number] = replace(payment, state=ended, refunded=payment.captured, refunds=refunds)
        shown = replace(order.payment, state=ended, refunded=payment.captured, next_action=None)
        self.orders[number] = replace(order, state="cancelled", payment=shown, can_cancel=False)
        self.tell(number, "cancelled", actor, reason=reason, **more)

    def ship(self, number: str, carrier: str = "DHL", tracking: str = "00340434", actor: str | None = None) -> None:
        """All of it leaves."""
        order = self.orders[number]
        lines = [replace(line, shipped=line.quantity) for line in order.lines]
        units = {line.sku: line.quantity for line in lines}
        parcel = Shipment("shp_1", carrier, tracking, units, datetime.now(UTC))
        self.orders[number] = replace(
            order, shipping_state="shipped", state="closed", lines=lines, shipments=[parcel], can_cancel=False
        )
        self.tell(number, "shipped", actor, carrier=carrier, tracking=tracking)

    def give_back(self, number: str, amount: int, reason: str = "", actor: str = "Jonas Okafor") -> None:
        """Money goes back."""
        order, payment = self.orders[number], self.payments[number]
        assert order.payment
        refund = Refund(f"re_{len(payment.refunds)}", euros(amount), self.refunds_say, reason, actor, datetime.now(UTC))
        if refund.state != "succeeded":
            waits = 0 if refund.state == "failed" else amount
            pending = euros(payment.refund_pending.amount + waits)
            self.payments[number] = replace(payment, refund_pending=pending, refunds=[*payment.refunds, refund])
            if refund.state == "failed":
                self.tell(number, "refund_failed", amount=str(amount), reason="card closed")
            return
        refunded = euros(payment.refunded.amount + amount)
        state: PaymentState = "refunded" if refunded == payment.captured else "partly_refunded"
        self.payments[number] = replace(payment, state=state, refunded=refunded, refunds=[*payment.refunds, refund])
        self.orders[number] = replace(order, payment=replace(order.payment, state=state, refunded=refunded))
        self.tell(number, "refunded", actor, amount=str(amount))

    def doubt(self, number: str, kind: IssueKind, **data: str) -> None:
        """Something about its payment needs a person."""
        payment = self.payments[number]
        said = data or {"charged": "9000", "currency": "EUR", "expected": "8800"}
        issue = PaymentIssue(kind, said, datetime.now(UTC), None)
        self.payments[number] = replace(payment, issues=[issue])

    def write(self, number: str | None, subject: str, html: str = "", kind: EmailKind = "confirmation") -> str:
        """An e-mail; its id."""
        card = EmailCard(
            f"eml_{len(self.emails)}",
            kind,
            "anna.weber@example.de",
            subject,
            "queued",
            number,
            datetime.now(UTC),
            None,
        )
        text = f"Your order: http://127.0.0.1:5050/orders/{number}?token=abc."
        page = html or f"<html><head><title>x</title></head><body><h1>{subject}</h1></body></html>"
        self.emails.append(EmailMessage(card, text, page))
        return card.id

    # what the API answers

    def answer(self, request: httpx.Request, body: Any, staff: str | None, rights: list[str]) -> httpx.Response | None:
        """The answer, or ``None`` where it is about something else."""
        path = request.url.path
        if path.startswith("/v1/orders/"):
            return self._for_customers(request, path.split("/")[3:])
        if path == "/v1/withdrawals":
            return self._withdraw(body)
        if not path.startswith(("/v1/admin/orders", "/v1/admin/payments", "/v1/admin/emails", "/v1/admin/withdrawals")):
            return None
        if staff is None:
            return self.problem(401, "unauthenticated")
        room = "payments" if path.startswith("/v1/admin/payments") else "orders"
        if f"{room}:{'read' if request.method == 'GET' else 'write'}" not in rights:
            return self.problem(403, "forbidden")
        return self._for_staff(request, body, staff, path.split("/")[3:])

    def _for_customers(self, request: httpx.Request, parts: list[str]) -> httpx.Response:
        order = self.orders.get(parts[0])
        if order is None or request.url.params.get("token") not in tokens_of(parts[0]):
            return self.problem(404, "order_not_found")
        if parts[1:] == ["cancel"]:
            if not order.can_cancel:
                return self.problem(409, "invalid_transition")
            self.cancel(parts[0], "customer")
        if parts[1:2] == ["invoices"]:
            known = any(invoice.id == parts[2] for invoice in order.invoices)
            return httpx.Response(200, content=PDF) if known else self.problem(404, "not_found")
        return _said(self.orders[parts[0]])

    def _withdraw(self, body: dict[str, str]) -> httpx.Response:
        name, number, email = body["name"], body["order_number"], body["email"]
        made = Withdrawal(f"wdr_{len(self.withdrawals)}", name, number, email, datetime.now(UTC))
        self.withdrawals.append(made)
        if made.order_number in self.orders:
            certain = made.email == self.orders[made.order_number].email
            self.withdrawals[-1] = replace(made, certain=certain)
            self.tell(made.order_number, "withdrawn", withdrawal=made.id, certain="yes" if certain else "no")
        return _said(made, 201)

    def _for_staff(self, request: httpx.Request, body: Any, staff: str, parts: list[str]) -> httpx.Response:
        query = request.url.params
        match parts:
            case ["orders"]:
                return self._list(query)
            case ["withdrawals"]:
                found = list(reversed(self._unmatched()))
                start, limit = int(query.get("cursor", "c0")[1:]), int(query["limit"])
                after = f"c{start + limit}" if start + limit < len(found) else None
                return _said(WithdrawalPage(found[start : start + limit], after, len(found)))
            case ["withdrawals", withdrawal_id]:
                one = next((one for one in self.withdrawals if one.id == withdrawal_id), None)
                return self.problem(404, "not_found") if one is None else _said(self._for_desk(one))
            case ["withdrawals", withdrawal_id, "assign"]:
                return self._assign(withdrawal_id, body, staff)
            case ["withdrawals", withdrawal_id, "dismiss"]:
                return self._dismiss(withdrawal_id, body, staff)
            case ["emails"]:
                cards = [email.card for email in reversed(self.emails)]
                cards = [card for card in cards if query.get("order") in (None, card.order_number)]
                start, limit = int(query.get("cursor", "c0")[1:]), int(query["limit"])
                after = f"c{start + limit}" if start + limit < len(cards) else None
                return _said(EmailPage(cards[start : start + limit], after, len(cards), self.sending))
            case ["emails", email_id]:
                letters = [email for email in self.emails if email.card.id == email_id]
                return _said(letters[0]) if letters else self.problem(404, "not_found")
            case ["payments", payment_id, deed]:
                numbers = [number for number, payment in self.payments.items() if payment.id == payment_id]
                return self._move(numbers[0], deed, body, staff) if numbers else self.problem(404, "not_found")
            case ["orders", number, *more] if number in self.orders:
                return self._one(number, more, body, staff)
        return self.problem(404, "not_found")

    def _one(self, number: str, more: list[str], body: Any, staff: str) -> httpx.Response:
        order = self.orders[number]
        if more[:1] == ["invoices"]:
            return httpx.Response(200, content=PDF)
        if more == ["shipments"]:
            if order.state != "confirmed" or any(
                one.certain and one.settled_at is None for one in self._declared(number)
            ):
                return self.problem(409, "invalid_transition")
            self.ship(number, body["carrier"], body["tracking"], staff)
        if more == ["cancel"]:
            if not order.can_cancel:
                return self.problem(409, "invalid_transition")
            self.cancel(number, "staff", staff, why=body["reason"])
        if more == ["notes"]:
            self.tell(number, "note", staff, text=body["text"])
        if more == ["withdrawals", "settle"]:
            known = [one for one in self._declared(number) if one.id == body["withdrawal"]]
            if not known:
                return self.problem(404, "not_found")
            if known[0].settled_at is not None:
                return self.problem(409, "invalid_transition")
            outcome = body["outcome"]
            if bool(known[0].certain) != body["now_certain"]:
                return self.problem(409, "invalid_transition")
            if outcome == "done" and not can_be_done(AdminOrder(order, self._paid_by(number), [])):
                return self.problem(409, "invalid_transition")
            end = replace(known[0], settled_at=datetime.now(UTC), outcome=outcome)
            self.withdrawals[self.withdrawals.index(known[0])] = end
            self.tell(number, "withdrawal_settled", staff, withdrawal=end.id, outcome=outcome, why=body["reason"])
        return _said(AdminOrder(self.orders[number], self._paid_by(number), self._declared(number)))

    def _paid_by(self, number: str) -> list[Payment]:
        return [self.payments[number]] if number in self.payments else []

    def _declared(self, number: str) -> list[Withdrawal]:
        return [one for one in self.withdrawals if self.assigned.get(one.id, one.order_number) == number]

    def _for_desk(self, one: Withdrawal) -> Withdrawal:
        number = self.assigned.get(one.id, one.order_number)
        known = number in self.orders
        return replace(one, certain=bool(one.certain), now_with=number if known else None)

    def _assign(self, withdrawal_id: str, body: Any, staff: str) -> httpx.Response:
        number = body["number"]
        if number not in self.orders:
            return self.problem(404, "order_not_found")
        found = [one for one in self.withdrawals if one.id == withdrawal_id]
        if not found:
            return self.problem(404, "not_found")
        before = self.assigned.get(withdrawal_id, found[0].order_number)
        stays = before == number and bool(found[0].certain)
        certain = body.get("confirmed", False) or stays or found[0].email == self.orders[number].email
        seen = (body.get("now_with"), body["now_certain"], body.get("now_dismissed", False))
        dismissed = found[0].dismissed_at is not None
        if (before if before in self.orders else None, bool(found[0].certain), dismissed) != seen:
            return self.problem(409, "invalid_transition")
        if found[0].settled_at or (before, found[0].certain) == (number, certain):
            return self.problem(409, "invalid_transition")
        if before in self.orders and before != number:
            self.tell(before, "withdrawal_moved", staff, withdrawal=withdrawal_id, to=number)
        self.assigned[withdrawal_id] = number
        self.withdrawals[self.withdrawals.index(found[0])] = replace(found[0], certain=certain, dismissed_at=None)
        said = "yes" if certain else "no"
        self.tell(number, "withdrawn", staff, withdrawal=withdrawal_id, certain=said, assigned="yes")
        return self._one(number, [], None, staff)

    def _dismiss(self, withdrawal_id: str, body: Any, staff: str) -> httpx.Response:
        one = next((one for one in self._unmatched() if one.id == withdrawal_id), None)
        if one is None:
            return self.problem(409, "invalid_transition")
        said = {"dismissed_at": datetime.now(UTC), "dismissed_by": staff, "dismissed_why": body["reason"]}
        self.withdrawals[self.withdrawals.index(one)] = replace(one, **said)
        return _said(replace(one, **said))

    def _move(self, number: str, deed: str, body: Any, staff: str) -> httpx.Response:
        payment = self.payments[number]
        if deed == "capture":
            if payment.state != "pending":
                return self.problem(409, "invalid_transition")
            self.pay(number, staff)
        if deed == "refunds":
            amount = body["amount"]["amount"]
            if payment.refunded.amount + amount > payment.captured.amount:
                return self.problem(422, "refund_too_large")
            self.give_back(number, amount, body["reason"], staff)
        return _said(self.payments[number], 201)

    def _list(self, query: httpx.QueryParams) -> httpx.Response:
        every = list(reversed(self.orders.values()))
        views = {
            "all": every,
            "to_pay": [order for order in every if order.state == "placed"],
            "to_ship": [order for order in every if order.state == "confirmed"],
            "unclear": [order for order in every if order.payment and order.payment.state == "unknown"],
            "done": [order for order in every if order.state == "closed"],
            "cancelled": [order for order in every if order.state == "cancelled"],
        }
        wanted = query.get("q", "").casefold()
        found = [
            order
            for order in views[query["view"]]
            if wanted in f"{order.number} {order.shipping_address.name} {order.email}".casefold()
            and query.get("placed_from", "") <= order.placed_at.date().isoformat()
            and order.placed_at.date().isoformat() <= query.get("placed_to", date.max.isoformat())
        ]
        start, limit = int(query.get("cursor", "c0")[1:]), int(query["limit"])
        after = f"c{start + limit}" if start + limit < len(found) else None
        cards = [self._card(order) for order in found[start : start + limit]]
        counts = OrderViews(**{view: len(orders) for view, orders in views.items()})
        return _said(OrderPage(cards, after, len(found), counts, len(self._unmatched())))

    def _unmatched(self) -> list[Withdrawal]:
        return [
            one
            for one in self.withdrawals
            if one.dismissed_at is None and self.assigned.get(one.id, one.order_number) not in self.orders
        ]

    def _card(self, order: Order) -> OrderCard:
        return OrderCard(
            order.number,
            order.placed_at,
            order.shipping_address.name,
            order.email,
            order.shipping_address.country,
            order.state,
            order.shipping_state,
            order.payment.provider if order.payment else None,
            order.payment.state if order.payment else None,
            order.total,
            sum(line.quantity for line in order.lines),
            bool(self.payments[order.number].issues),
            any(event.kind == "withdrawn" for event in order.events),
            order.version,
        )


def _said(value: msgspec.Struct, status: int = 200) -> httpx.Response:
    return httpx.Response(status, content=msgspec.json.encode(value), headers={"Content-Type": "application/json"})
