"""Each method of selling against the real API: what the contract types promise is what comes over the wire."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import httpx
import pytest

from shopapi.app import create_app
from shopapi.client import Conflict, NotFound, PaymentDeclined, ShopClient, Unprocessable
from shopapi.contract.carts import (
    CartInput,
    CheckoutInput,
    ContactInput,
    LineInput,
    MoneyInput,
    PaymentInput,
)
from shopapi.contract.orders import (
    AssignInput,
    CancelInput,
    CaptureInput,
    DismissInput,
    EmailQuery,
    NoteInput,
    Order,
    OrderQuery,
    RefundInput,
    SettleInput,
    ShipmentInput,
    WithdrawalInput,
)
from shopapi.db.engine import Database
from shopapi.events.take_in import take_in
from shopapi.settings import ApiSettings
from tests import factories
from tests.api.bank import Bank
from tests.api.conftest import bank
from tests.api.selling import EMAIL, KRUG, stock_the_shop
from tests.app_client import client_of
from tests.conftest import TokenFor

T = TypeVar("T")
Use = Callable[[ShopClient], Awaitable[T]]
KEY = "a-key-of-the-caller-s"
__all__ = ["bank"]


class Calling:
    """Calls the real API in this process through the typed client."""

    def __init__(self, api: httpx.Client, token: str) -> None:
        self._api, self._token = api, token

    def as_customer(self, use: Use[T]) -> T:
        return self._call(use, None)

    def as_owner(self, use: Use[T]) -> T:
        return self._call(use, self._token)

    def _call(self, use: Use[T], token: str | None) -> T:
        def passed_on(request: httpx.Request) -> httpx.Response:
            answer = self._api.send(
                self._api.build_request(request.method, request.url, headers=request.headers, content=request.content)
            )
            headers = {name: value for name, value in answer.headers.items() if name != "content-encoding"}
            return httpx.Response(answer.status_code, headers=headers, content=answer.content)

        async def calling() -> T:
            url = str(self._api.base_url)
            async with ShopClient(url, token=token, transport=httpx.MockTransport(passed_on)) as shop:
                return await use(shop)

        return asyncio.run(calling())

    def ready(self, units: int = 2) -> tuple[str, CheckoutInput]:
        """The token of a cart with all that an order needs, and the order."""

        async def fill(shop: ShopClient) -> tuple[str, CheckoutInput]:
            cart = await shop.create_cart(CartInput([LineInput(KRUG, units)]))
            await shop.set_cart_contact(cart.token, ContactInput(EMAIL, factories.ANNA))
            ways = await shop.list_shipping_options(cart.token)
            cart = await shop.set_cart_shipping(cart.token, ways.data[0].method)
            agreed = MoneyInput(cart.total.amount, cart.total.currency)
            return cart.token, CheckoutInput(agreed, PaymentInput("manual"))

        return self.as_customer(fill)

    def order(self) -> tuple[Order, str]:
        """An order that was just placed, with its secret."""
        token, asked = self.ready()
        placed = self.as_customer(lambda shop: shop.check_out(token, asked, key=f"{KEY}-{token}"))
        assert placed.access_token is not None
        return placed, placed.access_token


@pytest.fixture
def calling(bank: Bank, database: Database, settings: ApiSettings, token_for: TokenFor) -> Any:
    stock_the_shop(database)
    database.write(lambda c: factories.promotion(c, "HERBST10"))
    token = token_for("owner")
    with client_of(create_app(settings)) as api:
        yield Calling(api, token)


def test_a_cart_is_filled_changed_and_read(calling: Calling) -> None:
    async def use(shop: ShopClient) -> None:
        made = await shop.create_cart(language="en")
        added = await shop.add_to_cart(made.token, LineInput(KRUG, 3))
        assert [(line.sku, line.quantity) for line in added.lines] == [(KRUG, 3)]
        assert (await shop.set_cart_line(made.token, KRUG, 2)).lines[0].quantity == 2
        with_code = await shop.add_cart_code(made.token, " herbst-10 ")
        assert (with_code.codes, with_code.discount.amount) == (["HERBST10"], 370)
        assert await shop.get_cart(made.token) == with_code
        assert (await shop.remove_cart_code(made.token, "herbst 10")).codes == []
        assert (await shop.remove_cart_line(made.token, KRUG)).lines == []

    calling.as_customer(use)


def test_what_is_refused_says_what_is_left_and_what_it_costs(calling: Calling) -> None:
    token, asked = calling.ready()
    with pytest.raises(Conflict) as short:
        calling.as_customer(lambda shop: shop.add_to_cart(token, LineInput(KRUG, 99)))
    assert short.value.problem.left == {KRUG: 10}
    dear = CheckoutInput(MoneyInput(1, "EUR"), asked.payment)
    with pytest.raises(Conflict) as changed:
        calling.as_customer(lambda shop: shop.check_out(token, dear, key=KEY))
    assert changed.value.problem.total is not None
    assert changed.value.problem.total.amount == asked.expected_total.amount
    with pytest.raises(Unprocessable):
        calling.as_customer(lambda shop: shop.add_cart_code(token, "NOTHING"))
    with pytest.raises(NotFound):
        calling.as_customer(lambda shop: shop.get_cart("A" * 43))


def test_the_same_key_is_the_same_order(calling: Calling) -> None:
    token, asked = calling.ready()
    first = calling.as_customer(lambda shop: shop.check_out(token, asked, key=KEY))
    assert calling.as_customer(lambda shop: shop.check_out(token, asked, key=KEY)) == first


def test_a_declined_payment_is_an_error_of_its_own(calling: Calling, bank: Bank) -> None:
    bank.says = "declined"
    token, asked = calling.ready()
    by_card = CheckoutInput(asked.expected_total, PaymentInput("sandbox", "tok_declined"))
    with pytest.raises(PaymentDeclined):
        calling.as_customer(lambda shop: shop.check_out(token, by_card, key=KEY))
    assert calling.as_customer(lambda shop: shop.get_cart(token)).state == "open"


def test_an_order_is_read_cancelled_and_withdrawn_from_by_its_customer(calling: Calling) -> None:
    order, secret = calling.order()
    assert calling.as_customer(lambda shop: shop.get_order(order.number, secret)).total == order.total
    with pytest.raises(NotFound):
        calling.as_customer(lambda shop: shop.get_order(order.number, "A" * 43))
    declared = WithdrawalInput("Anna Weber", order.number, EMAIL)
    told = calling.as_customer(lambda shop: shop.withdraw(declared))
    assert told.order_number == order.number
    assert calling.as_customer(lambda shop: shop.cancel_order(order.number, secret)).state == "cancelled"
    with pytest.raises(Conflict):
        calling.as_customer(lambda shop: shop.cancel_order(order.number, secret))


def test_staff_see_to_withdrawals(calling: Calling) -> None:
    order, _ = calling.order()

    async def declare(shop: ShopClient) -> None:
        for number in (order.number, "the blue one"):
            await shop.withdraw(WithdrawalInput("Anna Weber", number, EMAIL))

    calling.as_customer(declare)
    page = calling.as_owner(lambda shop: shop.list_unmatched_withdrawals())
    assert [one.order_number for one in page.data] == ["the blue one"]
    found, to = page.data[0].id, AssignInput(order.number, now_certain=False, now_dismissed=True)
    why = DismissInput("Another shop's.")
    assert calling.as_owner(lambda shop: shop.dismiss_withdrawal(found, why)).dismissed_why == why.reason
    with pytest.raises(Conflict):
        calling.as_owner(lambda shop: shop.dismiss_withdrawal(found, why))
    assigned = calling.as_owner(lambda shop: shop.assign_withdrawal(found, to))
    assert [one.certain for one in assigned.withdrawals] == [True, True]
    with pytest.raises(Conflict):
        calling.as_owner(lambda shop: shop.assign_withdrawal(found, to))
    with pytest.raises(NotFound):
        calling.as_owner(lambda shop: shop.assign_withdrawal("wdr/none", to))
    assert calling.as_owner(lambda shop: shop.get_withdrawal(found)).now_with == order.number
    other, _ = calling.order()
    theirs = AssignInput(other.number, now_certain=True, confirmed=True, now_with=order.number)
    calling.as_owner(lambda shop: shop.assign_withdrawal(found, theirs))
    again = AssignInput(order.number, now_certain=True, now_with=other.number)
    calling.as_owner(lambda shop: shop.assign_withdrawal(found, again))
    what = SettleInput(found, "not_meant", now_certain=True, reason="A mistake.")
    settled = calling.as_owner(lambda shop: shop.settle_withdrawal(order.number, what))
    assert [one.outcome for one in settled.withdrawals] == [None, "not_meant"]
    with pytest.raises(Conflict):
        calling.as_owner(lambda shop: shop.settle_withdrawal(order.number, what))


def test_staff_take_an_order_from_its_money_to_its_parcel(
    calling: Calling, database: Database, settings: ApiSettings
) -> None:
    order, secret = calling.order()
    number = order.number

    async def sell(shop: ShopClient) -> None:
        (payment,) = (await shop.get_admin_order(number)).payments
        paid = await shop.capture_payment(payment.id, CaptureInput("Kontoauszug 1"), key=KEY)
        assert paid.captured == order.total
        back = await shop.refund_payment(payment.id, RefundInput(MoneyInput(100, "EUR"), "scratch"), key=KEY)
        assert back.refunded.amount == 100
        assert await shop.get_payment(payment.id) == back
        noted = await shop.note_on_order(number, NoteInput("Fragile."))
        assert noted.order.events[-1].kind == "note"
        shipped = await shop.ship_order(number, ShipmentInput("DHL", "0034"))
        assert shipped.order.state == "closed"
        with pytest.raises(Conflict):
            await shop.cancel_admin_order(number, CancelInput("too late"))
        page = await shop.list_orders(OrderQuery(view="done"))
        assert [card.number for card in page.data] == [number]

    async def read_papers(shop: ShopClient) -> None:
        seen = (await shop.get_admin_order(number)).order
        papers = [await shop.get_admin_invoice(number, one.id) for one in seen.invoices]
        assert [one.kind for one in seen.invoices] == ["invoice", "credit_note"]
        assert all(paper.startswith(b"%PDF") for paper in papers)
        assert await shop.get_invoice(number, secret, seen.invoices[0].id) == papers[0]
        mails = await shop.list_emails(EmailQuery(order=number))
        assert {mail.kind for mail in mails.data} >= {"paid", "shipped", "refunded"}
        assert number in (await shop.get_email(mails.data[0].id)).text

    calling.as_owner(sell)
    while take_in(database, settings):
        pass
    calling.as_owner(read_papers)


def test_staff_cancel_an_order_that_is_paid_and_its_money_goes_back(calling: Calling, bank: Bank) -> None:
    token, asked = calling.ready()
    by_card = CheckoutInput(asked.expected_total, PaymentInput("sandbox"))
    order = calling.as_customer(lambda shop: shop.check_out(token, by_card, key=KEY))
    told = calling.as_owner(lambda shop: shop.cancel_admin_order(order.number, CancelInput("sold twice")))
    assert (told.order.state, told.payments[0].state, bank.taken()) == ("cancelled", "refunded", 0)
