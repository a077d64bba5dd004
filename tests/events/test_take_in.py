"""Every event is acted on, and what it asks for happens once, whoever dies when."""

from collections.abc import Iterator

import pytest
from sqlalchemy import insert, select, update

from shopapi.contract.catalog import Money
from shopapi.contract.figures import money
from shopapi.contract.orders import AssignInput, EmailKind, WithdrawalInput
from shopapi.db.engine import Database
from shopapi.db.types import clock
from shopapi.events import outbox_store
from shopapi.events.emails import opened
from shopapi.events.leasing import WAITS_S
from shopapi.events.tables import email_message, outbox
from shopapi.events.take_in import take_in
from shopapi.invoices.tables import invoice
from shopapi.orders.cancel_order import begin_cancel
from shopapi.orders.rules import access_token
from shopapi.orders.store import lock_order
from shopapi.orders.tables import shipment
from shopapi.orders.withdraw import assign_withdrawal, withdraw
from shopapi.payments.given_back import record_given_back
from shopapi.payments.providers.interface import ChargeAnswer
from shopapi.payments.record_charge import GivenUp, cancel, mark_unknown, record_charge
from shopapi.runtime import failpoints
from shopapi.settings import ApiSettings
from tests.conftest import SECRET_KEY
from tests.invoices import sold


@pytest.fixture(autouse=True)
def disarmed(settings: ApiSettings) -> Iterator[None]:
    """No failpoint outlives its test."""
    yield
    arm(settings, "")


def arm(settings: ApiSettings, points: str) -> None:
    failpoints.arm(settings, test_mode=True, failpoints=points)


def take_in_all(db: Database, settings: ApiSettings) -> None:
    while take_in(db, settings):
        pass


def kinds(db: Database) -> list[EmailKind]:
    with db.reading() as c:
        return list(c.execute(select(email_message.c.kind).order_by(email_message.c.id)).scalars())


def papers(db: Database) -> list[str]:
    with db.reading() as c:
        return list(c.execute(select(invoice.c.kind).order_by(invoice.c.id)).scalars())


def end_leases(db: Database) -> None:
    with db.writing() as c:
        c.execute(update(outbox).where(outbox.c.done_at.is_(None)).values(lease_until=clock(-1)))


def waiting(db: Database) -> int:
    with db.reading() as c:
        open_rows = select(outbox.c.id).where(outbox.c.done_at.is_(None), outbox.c.dead_at.is_(None))
        return len(c.execute(open_rows).all())


def test_who_paid_online_gets_a_confirmation_and_an_invoice(database: Database, settings: ApiSettings) -> None:
    (number,) = sold.paid_orders(database, 1)
    take_in_all(database, settings)
    assert kinds(database) == ["confirmation"]
    assert papers(database) == ["invoice"]
    assert waiting(database) == 0
    with database.reading() as c:
        written = c.execute(select(email_message)).one()
    assert (written.recipient, written.order_number, written.locale) == ("anna@kundin.example", number, "de")
    assert written.state == "queued"
    link, token = f"http://127.0.0.1:5050/orders/{number}?token=", access_token(number, SECRET_KEY)
    for text in (written.text, written.html):
        assert token not in text, "Whoever reads the table could cancel the order."
        assert f"{link}{token}" in opened(text, token)


def test_who_transfers_the_money_learns_where_and_then_that_it_came(database: Database, settings: ApiSettings) -> None:
    variant_id = sold.goods(database)
    with database.writing() as c:
        sold.say_who_sells(c)
        number = sold.place(c, variant_id, provider="manual")
    take_in_all(database, settings)
    assert kinds(database) == ["payment_due"]
    with database.reading() as r:
        assert "DE02120300000000202051" in r.execute(select(email_message.c.text)).scalar_one()
    with database.writing() as c:
        sold.pay(c, number)
    take_in_all(database, settings)
    assert kinds(database) == ["payment_due", "paid"]


def test_who_cancelled_before_it_was_told_is_not_asked_for_money(database: Database, settings: ApiSettings) -> None:
    variant_id = sold.goods(database)
    with database.writing() as c:
        number = sold.place(c, variant_id, provider="manual")
        record_charge(c, number, ChargeAnswer("failed"), given_up=GivenUp("customer", actor="customer"))
    take_in_all(database, settings)
    assert kinds(database) == ["cancelled"]


@pytest.mark.parametrize(
    ("provider", "reason", "written"),
    [
        ("sandbox", "expired", ["cancelled"]),
        ("sandbox", "payment_failed", []),
        ("sandbox", "staff", ["cancelled"]),
        ("manual", "expired", ["payment_due", "cancelled"]),
    ],
)
def test_who_saw_a_payment_fail_hears_nothing_and_who_left_its_page_hears_that_nothing_was_charged(
    database: Database, settings: ApiSettings, provider: str, reason: str, written: list[EmailKind]
) -> None:
    variant_id = sold.goods(database)
    with database.writing() as c:
        number = sold.place(c, variant_id, provider=provider)
    take_in_all(database, settings)
    with database.writing() as c:
        record_charge(c, number, ChargeAnswer("failed"), given_up=GivenUp(reason))  # type: ignore[arg-type]
    take_in_all(database, settings)
    assert kinds(database) == written
    assert papers(database) == []


def unclear(db: Database) -> str:
    """An order whose provider did not say what became of its money; its number."""
    variant_id = sold.goods(db)
    with db.writing() as c:
        sold.say_who_sells(c)
        number = sold.place(c, variant_id)
        mark_unknown(c, number)
    return number


def test_who_waits_for_the_bank_is_told_at_once_and_again_when_it_is_paid(
    database: Database, settings: ApiSettings
) -> None:
    number = unclear(database)
    take_in_all(database, settings)
    with database.writing() as c:
        sold.pay(c, number)
    take_in_all(database, settings)
    assert kinds(database) == ["confirmation", "paid"]
    with database.reading() as r:
        first, second = r.execute(select(email_message.c.text).order_by(email_message.c.id)).scalars()
    assert "Wir warten auf Ihre Bank" in first
    assert "Wir packen Ihr Paket." in second


@pytest.mark.parametrize("late", [False, True])
def test_a_bank_that_falls_silent_twice_is_told_once(database: Database, settings: ApiSettings, late: bool) -> None:
    number = unclear(database)
    if not late:
        take_in_all(database, settings)
    with database.writing() as c:
        record_charge(c, number, ChargeAnswer("open", url="https://bank.example/pay"))
        mark_unknown(c, number)
    take_in_all(database, settings)
    with database.reading() as r:
        told = r.execute(select(outbox.c.id).where(outbox.c.topic == "order.payment_unknown")).all()
    assert len(told) == 2
    assert kinds(database) == ["confirmation"]


@pytest.mark.parametrize("reason", ["expired", "payment_failed"])
def test_who_was_told_to_wait_for_the_bank_hears_that_nothing_came_of_it(
    database: Database, settings: ApiSettings, reason: str
) -> None:
    number = unclear(database)
    take_in_all(database, settings)
    with database.writing() as c:
        record_charge(c, number, ChargeAnswer("failed"), given_up=GivenUp(reason))  # type: ignore[arg-type]
    take_in_all(database, settings)
    assert kinds(database) == ["confirmation", "cancelled"]
    with database.reading() as r:
        text = r.execute(select(email_message.c.text).where(email_message.c.kind == "cancelled")).scalar_one()
    assert "Es wurde nichts abgebucht." in text


@pytest.mark.parametrize(("actor", "written"), [("customer", ["cancelled"]), ("stf_1", [])])
def test_who_asked_to_cancel_hears_of_it_although_the_bank_declined(
    database: Database, settings: ApiSettings, actor: str, written: list[EmailKind]
) -> None:
    variant_id = sold.goods(database)
    with database.writing() as c:
        sold.say_who_sells(c)
        number = sold.place(c, variant_id)
        begin_cancel(c, number, GivenUp("customer" if actor == "customer" else "staff", actor))
        record_charge(c, number, ChargeAnswer("failed", reason="insufficient_funds"))
    take_in_all(database, settings)
    assert kinds(database) == written


@pytest.mark.parametrize("charged", [ChargeAnswer("succeeded", amount=1, currency="EUR"), None])
def test_who_was_charged_wrongly_is_told_that_the_order_is_here_and_then_what_went_back(
    database: Database, settings: ApiSettings, charged: ChargeAnswer | None
) -> None:
    variant_id = sold.goods(database)
    with database.writing() as c:
        sold.say_who_sells(c)
        number = sold.place(c, variant_id)
        total = lock_order(c, number).total
        wrong = charged or ChargeAnswer("succeeded", amount=total, currency="USD")
        for _ in range(2):
            record_charge(c, number, wrong)
    take_in_all(database, settings)
    assert kinds(database) == ["confirmation"]
    assert "Wir prüfen Ihre Zahlung" in letter(database, "confirmation")
    with database.writing() as c:
        record_given_back(c, number, wrong)
        record_charge(c, number, ChargeAnswer("failed", reason="cancelled"), given_up=GivenUp("staff", "stf_1"))
        record_given_back(c, number, wrong)
    take_in_all(database, settings)
    assert kinds(database) == ["confirmation", "cancelled"]
    amount = "0,01 €" if charged else f"{money(Money(total, 'USD'), 'de')}".replace("\N{NO-BREAK SPACE}", " ")
    assert f"wurden {amount} abgebucht." in letter(database, "cancelled").replace("\N{NO-BREAK SPACE}", " ")


def test_who_was_told_that_it_is_cancelled_hears_when_a_wrong_charge_goes_back(
    database: Database, settings: ApiSettings
) -> None:
    number = unclear(database)
    wrong = ChargeAnswer("succeeded", amount=1, currency="EUR")
    with database.writing() as c:
        cancel(c, lock_order(c, number), GivenUp("expired"))
        record_charge(c, number, wrong)
        record_given_back(c, number, wrong)
        record_charge(c, number, ChargeAnswer("failed", reason="cancelled"))
    take_in_all(database, settings)
    assert kinds(database) == ["cancelled", "refunded"]
    assert "Wir haben 0,01 € zurückgezahlt" in letter(database, "refunded").replace("\N{NO-BREAK SPACE}", " ")


def test_an_order_that_holds_again_is_confirmed_anew(database: Database, settings: ApiSettings) -> None:
    number = unclear(database)
    with database.writing() as c:
        record_charge(c, number, ChargeAnswer("failed"), given_up=GivenUp("expired"))
        sold.pay(c, number)
    take_in_all(database, settings)
    assert kinds(database)[-1] == "confirmation"


def letter(db: Database, kind: EmailKind) -> str:
    with db.reading() as c:
        return str(c.execute(select(email_message.c.text).where(email_message.c.kind == kind)).scalar_one())


def test_who_paid_too_late_learns_why_the_money_comes_back(database: Database, settings: ApiSettings) -> None:
    variant_id = sold.goods(database)
    with database.writing() as c:
        sold.say_who_sells(c)
        sold.pay_too_late(c, sold.place(c, variant_id))
    take_in_all(database, settings)
    assert "Ihre Zahlung kam an, als die Bestellung schon beendet war." in letter(database, "refunded")


@pytest.mark.parametrize("typed", ["late_payment", "customer", "staff"])
def test_what_staff_type_about_a_refund_is_for_colleagues_whatever_it_spells(
    database: Database, settings: ApiSettings, typed: str
) -> None:
    (number,) = sold.paid_orders(database, 1)
    with database.writing() as c:
        sold.give_back(c, number, 1240, reason=typed, actor="stf_1")
    take_in_all(database, settings)
    text = letter(database, "refunded")
    assert "storniert" not in text
    assert "beendet" not in text


def test_who_was_told_to_wait_is_not_told_that_nothing_was_charged_while_nobody_knows(
    database: Database, settings: ApiSettings
) -> None:
    number = unclear(database)
    with database.writing() as c:
        cancel(c, lock_order(c, number), GivenUp("expired"))
    take_in_all(database, settings)
    assert "Wir wissen noch nicht, ob Ihre Bank etwas abgebucht hat" in letter(database, "cancelled")


def test_an_order_that_held_again_before_it_was_told_is_not_said_to_be_cancelled(
    database: Database, settings: ApiSettings
) -> None:
    number = unclear(database)
    with database.writing() as c:
        record_charge(c, number, ChargeAnswer("failed"), given_up=GivenUp("expired"))
        sold.pay(c, number)
    take_in_all(database, settings)
    assert "cancelled" not in kinds(database)


def test_a_refund_is_told_with_its_amount_and_gets_a_credit_note(database: Database, settings: ApiSettings) -> None:
    (number,) = sold.paid_orders(database, 1)
    with database.writing() as c:
        sold.give_back(c, number, 1240)
    take_in_all(database, settings)
    assert kinds(database) == ["confirmation", "refunded"]
    assert papers(database) == ["invoice", "credit_note"]
    with database.reading() as r:
        subject = r.execute(select(email_message.c.subject).where(email_message.c.kind == "refunded")).scalar_one()
    assert "12,40\N{NO-BREAK SPACE}€" in subject


def test_a_credit_note_that_comes_first_brings_its_invoice_along(database: Database, settings: ApiSettings) -> None:
    (number,) = sold.paid_orders(database, 1)
    with database.writing() as c:
        sold.give_back(c, number, 1240)
        c.execute(update(outbox).where(outbox.c.topic == "order.paid").values(available_at=clock(600)))
    take_in_all(database, settings)
    assert papers(database) == ["invoice", "credit_note"]
    with database.writing() as c:
        c.execute(update(outbox).values(available_at=clock()))
    take_in_all(database, settings)
    assert papers(database) == ["invoice", "credit_note"]
    assert kinds(database) == ["refunded", "confirmation"]


def test_a_parcel_is_told(database: Database, settings: ApiSettings) -> None:
    (number,) = sold.paid_orders(database, 1)
    with database.writing() as c:
        order = lock_order(c, number)
        c.execute(insert(shipment).values(public_id="shp_1", order_id=order.id, carrier="DHL", tracking="0034"))
        order.add_event(c, "shipped", shipment="shp_1")
    take_in_all(database, settings)
    assert kinds(database) == ["confirmation", "shipped"]
    with database.reading() as r:
        text = r.execute(select(email_message.c.text).where(email_message.c.kind == "shipped")).scalar_one()
    assert "0034" in text


def test_the_receipt_of_a_withdrawal_goes_to_who_declared_it_and_opens_nobody_elses_order(
    database: Database, settings: ApiSettings
) -> None:
    (number,) = sold.paid_orders(database, 1)
    with database.writing() as c:
        for email in ("Anna@kundin.example", "eve@elsewhere.example"):
            last = withdraw(c, WithdrawalInput("Anna Weber", number, email), "en")
        # Before its receipt is written, staff have asked the customer: the address is still not theirs.
        assign_withdrawal(
            c, last.id, AssignInput(number, now_certain=False, confirmed=True, now_with=number), actor="staff"
        )
        withdrawn = withdraw(c, WithdrawalInput("Anna Weber", "TT-000000", "anna@kundin.example"), "en")
    take_in_all(database, settings)
    with database.reading() as r:
        receipts = r.execute(
            select(email_message).where(email_message.c.kind == "withdrawal_received").order_by(email_message.c.id)
        ).all()
    mine, theirs, unknown = receipts
    assert (mine.recipient, mine.order_number) == ("Anna@kundin.example", number)
    assert f"/orders/{number}?token=" in mine.text
    assert f"{number}\nCode: " in mine.text
    assert (theirs.recipient, theirs.order_number) == ("eve@elsewhere.example", number)
    assert (unknown.order_number, unknown.locale) == (None, "en")
    for one in (theirs, unknown):
        for text in (one.text, one.html):
            assert "token" not in text
            assert "/orders/" not in text
            assert "Code: " not in text
    with database.writing() as c:
        assign_withdrawal(c, withdrawn.id, AssignInput(number, now_certain=False, confirmed=True), actor="staff")
    take_in_all(database, settings)
    assert kinds(database).count("withdrawal_received") == 3, "Who was told that it came in is not told twice."
    assert f"Hiermit widerrufe ich den Vertrag über die Waren dieser Bestellung: {number}\n" in theirs.text
    assert "I hereby withdraw from the contract for the goods of this order: TT-000000\n" in unknown.text


@pytest.mark.parametrize("point", ["outbox_claimed", "outbox_sent"])
def test_a_worker_that_dies_leaves_one_e_mail_and_one_invoice(
    database: Database, settings: ApiSettings, point: str
) -> None:
    sold.paid_orders(database, 3)
    arm(settings, f"{point}=raise")
    with pytest.raises(failpoints.Failed):
        take_in(database, settings)
    arm(settings, "")
    end_leases(database)
    take_in_all(database, settings)
    assert kinds(database) == ["confirmation"] * 3
    assert papers(database) == ["invoice"] * 3
    assert waiting(database) == 0


def test_a_lost_outbox_is_noticed(database: Database, settings: ApiSettings) -> None:
    sold.paid_orders(database, 1)
    arm(settings, "lose_outbox=on")
    take_in_all(database, settings)
    assert waiting(database) == 0
    # What every test above looks for is not there.
    assert kinds(database) == []
    assert papers(database) == []


def test_an_event_that_makes_no_sense_is_tried_for_days_and_holds_up_nobody(
    database: Database, settings: ApiSettings
) -> None:
    with database.writing() as c:
        outbox_store.tell(c, "order.paid", "order:TT-999999", 1, {"order": "TT-999999"})
    sold.paid_orders(database, 1)
    for _ in range(len(WAITS_S) + 1):
        take_in_all(database, settings)
        with database.writing() as c:
            c.execute(update(outbox).where(outbox.c.done_at.is_(None)).values(available_at=clock(-1)))
    assert kinds(database) == ["confirmation"]
    with database.reading() as r:
        dead = r.execute(select(outbox).where(outbox.c.dead_at.is_not(None))).one()
    assert dead.topic == "order.paid"
    assert dead.attempts == len(WAITS_S) + 1
    assert "There is no order TT-999999" in dead.error


def test_a_row_on_which_every_worker_dies_is_given_up(database: Database, settings: ApiSettings) -> None:
    sold.paid_orders(database, 1)
    arm(settings, "outbox_claimed=raise")
    for _ in range(len(WAITS_S) + 1):
        with pytest.raises(failpoints.Failed):
            take_in(database, settings)
        end_leases(database)
    arm(settings, "")
    take_in_all(database, settings)
    with database.reading() as r:
        errors = r.execute(select(outbox.c.error).where(outbox.c.dead_at.is_not(None))).scalars().all()
    assert errors == ["No worker lived to the end of it."] * 2
    assert kinds(database) == []
