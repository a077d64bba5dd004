"""The whole shop at work: pages, API, payment provider and worker; and what its books say of a customer."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

import httpx
import msgspec

from shopapi.contract.orders import OrderCard, OrderPage, OrderState
from shopapi.db.engine import open_database
from shopapi.runtime.settings import read
from shopapi.settings import ApiSettings
from shopapi.worker import Worker, chores
from shopctl.sandbox.signing import bearer
from shopctl.sandbox.wire import Charge, Charges
from tests import factories
from tests.browser.serving import _SECRET, OWNER, RunningShop, run_shop
from tests.conftest import assert_the_books_agree
from tests.events.mail_server import MailServer, mail_server
from tests.waiting import wait_until

_LINK = re.compile(r"https?://\S+/orders/\S+token=[\w-]+")


@dataclass
class WholeShop(RunningShop):
    """A shop with the goods of the demo, whose worker is at work and whose customers may pay by card."""

    staff: dict[str, str] = field(default_factory=dict)
    mail: MailServer = field(default_factory=MailServer)

    @property
    def payment_url(self) -> str:
        """Where the payment provider's pages are."""
        assert self.sandbox is not None
        return self.sandbox.url

    def orders_of(self, email: str) -> list[OrderCard]:
        """Every order of a customer, newest first, as staff see them."""
        self.staff = self.staff or _sign_in(self.api.url)
        answer = httpx.get(f"{self.api.url}/v1/admin/orders", params={"q": email}, headers=self.staff, timeout=30)
        return msgspec.json.decode(answer.raise_for_status().content, type=OrderPage).data

    def link_sent_to(self, email: str) -> str:
        """The order's page with its secret, from the first e-mail that the customer got: it is kept nowhere else."""

        def found() -> re.Match[str] | None:
            letters = zip(self.mail.recipients, self.mail.received, strict=False)
            texts = (_text_of(letter) for to, letter in letters if to == [email])
            return next(filter(None, map(_LINK.search, texts)), None)

        wait_until(lambda: found() is not None, 30, f"an e-mail to {email} with a link")
        link = found()
        assert link
        return link[0]

    def charges_for(self, *numbers: str) -> list[Charge]:
        """What the payment provider was asked to charge for orders, oldest first."""
        known = {"Authorization": f"Bearer {bearer(_SECRET)}"}
        answer = httpx.get(f"{self.payment_url}/charges", headers=known, timeout=30).raise_for_status()
        found = msgspec.json.decode(answer.content, type=Charges)
        assert found.next is None, "There are more charges than one page holds."
        return [charge for charge in found.charges if charge.order_number in numbers]

    def assert_one_sale(self, email: str, state: OrderState = "confirmed") -> OrderCard:
        """The customer has one order, it was charged once, and the books agree."""
        orders = self.orders_of(email)
        assert len(orders) == 1, orders
        order, charges = orders[0], self.charges_for(orders[0].number)
        assert order.state == state, order
        assert [(charge.state, charge.amount) for charge in charges] == [("succeeded", order.total.amount)], charges
        assert_the_books_agree(self.database_url)
        return order


@contextmanager
def run_whole_shop(folder: Path) -> Iterator[WholeShop]:
    """Start every part over a new SQLite file in ``folder``; the worker is a thread of this process."""
    parts = run_shop(folder, with_goods=True, with_sandbox=True)
    with mail_server() as mail:
        shop = WholeShop(parts.api, parts.web, parts.database_url, parts.sandbox, mail=mail)
        try:
            with _working(shop):
                yield shop
        finally:
            shop.close()


@contextmanager
def _working(shop: WholeShop) -> Iterator[None]:
    told = {
        "DATABASE_URL": shop.database_url,
        "SHOP_MAIL_URL": shop.mail.url,
        "SHOP_PUBLIC_URL": shop.url,
        "SHOP_SANDBOX_SECRET": _SECRET,
        "SHOP_SANDBOX_URL": shop.payment_url,
        "SHOP_SECRET_KEY": _SECRET,
    }
    database = open_database(shop.database_url, threads=2, patient=True)
    worker = Worker(database, chores(read(ApiSettings, told)))
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        worker.stop()
        thread.join(30)
        database.close()
    assert not thread.is_alive(), "The worker did not stop."
    assert not worker.failures, "A chore of the worker failed."
    assert not worker.counted("audit"), "The worker's audit found something."


def _sign_in(api_url: str) -> dict[str, str]:
    who = {"email": OWNER, "password": factories.PASSWORD, "realm": "staff"}
    answer = httpx.post(f"{api_url}/v1/sessions", json=who, timeout=30).raise_for_status()
    return {"Authorization": f"Bearer {answer.json()['token']}"}


def _text_of(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    return str(body.get_content()) if body else ""
