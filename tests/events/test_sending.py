"""E-mails reach the mail server once in fact, or are tried again, or are given up: none is lost without a word."""

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import Row, select, update

from shopapi.db.engine import Database
from shopapi.db.types import clock
from shopapi.events import email_store
from shopapi.events.emails import Rendered, order_url, sealed
from shopapi.events.leasing import WAITS_S
from shopapi.events.send_emails import send
from shopapi.events.tables import email_message
from shopapi.orders.rules import access_token
from shopapi.runtime import failpoints
from shopapi.runtime.settings import read
from shopapi.settings import ApiSettings
from tests.conftest import SECRET_KEY
from tests.events.mail_server import MailServer, mail_server
from tests.invoices import sold
from tests.waiting import free_port

WRITTEN = Rendered("Bestellung TT-000001 ist bei uns", "Grüße\n", "<p>Grüße</p>")


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as running:
        yield running


def queue(db: Database, number: int = 1, *, to: str = "anna@kundin.example", written: Rendered = WRITTEN) -> None:
    with db.writing() as c:
        sold.say_who_sells(c)
        for outbox_id in range(1, number + 1):
            email_store.queue(
                c, outbox_id, "confirmation", written, recipient=to, locale="de", order_number="TT-000001"
            )


def sending_to(environment: dict[str, str], url: str, **more: str) -> ApiSettings:
    return read(ApiSettings, {**environment, "SHOP_MAIL_URL": url, **more})


def rows(db: Database) -> list[Row[Any]]:
    with db.reading() as r:
        return list(r.execute(select(email_message).order_by(email_message.c.id)).all())


def let_time_pass(db: Database) -> None:
    with db.writing() as c:
        c.execute(update(email_message).values(available_at=clock(-1), lease_until=clock(-1)))


def test_an_e_mail_arrives_as_it_was_written(
    database: Database, environment: dict[str, str], server: MailServer
) -> None:
    queue(database)
    assert send(database, sending_to(environment, server.url)) == 1
    (message,) = server.received
    (row,) = rows(database)
    assert server.recipients == [["anna@kundin.example"]]
    assert message["To"] == "anna@kundin.example"
    assert message["From"].addresses[0].addr_spec == "hallo@shop.example"
    assert message["Subject"] == WRITTEN.subject
    assert message["Message-ID"] == f"<{row.public_id}@127.0.0.1>"
    assert message["Content-Language"] == "de"
    assert message["Auto-Submitted"] == "auto-generated"
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().splitlines() == WRITTEN.text.splitlines()
    assert html.get_content().strip() == WRITTEN.html
    assert (row.state, row.error) == ("sent", "")
    assert row.sent_at is not None
    assert send(database, sending_to(environment, server.url)) == 0


def test_the_secret_that_opens_the_order_is_in_what_goes_out_and_not_in_what_is_kept(
    database: Database, environment: dict[str, str], server: MailServer
) -> None:
    token = access_token("TT-000001", SECRET_KEY)
    link = order_url("https://shop.example", "TT-000001", token)
    queue(database, written=sealed(Rendered("Bestellung", f"{link}\n", f'<a href="{link}">Hier</a>'), token))
    send(database, sending_to(environment, server.url))
    (message,) = server.received
    for form in ("plain", "html"):
        body = message.get_body((form,))
        assert body is not None
        assert link in body.get_content()
    (row,) = rows(database)
    assert token not in row.text + row.html


def test_many_go_over_one_connection(database: Database, environment: dict[str, str], server: MailServer) -> None:
    queue(database, 12)
    settings = sending_to(environment, server.url)
    while send(database, settings):
        pass
    assert len(server.received) == 12
    assert server.connections == 2
    assert {row.state for row in rows(database)} == {"sent"}


def test_without_a_mail_server_all_stay_queued(database: Database, settings: ApiSettings) -> None:
    queue(database)
    assert send(database, settings) == 0
    (row,) = rows(database)
    assert (row.state, row.attempts, row.leased_by) == ("queued", 0, None)


def test_the_sender_is_who_the_settings_name(
    database: Database, environment: dict[str, str], server: MailServer
) -> None:
    queue(database)
    send(database, sending_to(environment, server.url, SHOP_MAIL_FROM="Ton & Tinte <post@shop.example>"))
    (message,) = server.received
    assert message["From"].addresses[0].display_name == "Ton & Tinte"
    assert message["From"].addresses[0].addr_spec == "post@shop.example"


@pytest.mark.parametrize("sender", ["nobody", "<@>"])
def test_a_sender_that_is_no_address_is_said_beside_each_e_mail(
    database: Database, environment: dict[str, str], server: MailServer, sender: str
) -> None:
    queue(database)
    send(database, sending_to(environment, server.url, SHOP_MAIL_FROM=sender))
    (row,) = rows(database)
    assert row.state == "queued"
    assert "SHOP_MAIL_FROM" in row.error


def test_nothing_that_was_typed_begins_a_header(
    database: Database, environment: dict[str, str], server: MailServer
) -> None:
    queue(database, written=replace(WRITTEN, subject="Hello\r\nBcc: all@shop.example\n\nBody"))
    send(database, sending_to(environment, server.url))
    (message,) = server.received
    assert message["Bcc"] is None
    assert message["Subject"] == "Hello Bcc: all@shop.example Body"
    assert server.recipients == [["anna@kundin.example"]]


@pytest.mark.parametrize("to", ["a,b@kundin.example", "x<eve@elsewhere.example", "a@b,c", "a b@kundin.example", "a@b>"])
def test_what_is_no_address_is_given_up_at_once(
    database: Database, environment: dict[str, str], server: MailServer, to: str
) -> None:
    queue(database, to=to)
    send(database, sending_to(environment, server.url))
    (row,) = rows(database)
    assert row.state == "failed"
    assert "no address" in row.error
    assert server.received == []


def test_an_address_with_umlauts_gets_its_e_mail(
    database: Database, environment: dict[str, str], server: MailServer
) -> None:
    queue(database, to="anna@töpferei.example")
    send(database, sending_to(environment, server.url))
    assert server.recipients == [["anna@xn--tpferei-90a.example"]]


def test_what_the_server_refuses_for_good_is_given_up_and_the_others_go(
    database: Database, environment: dict[str, str], server: MailServer
) -> None:
    queue(database, 3)
    server.answers = ["250 OK", "554 No spam"]
    send(database, sending_to(environment, server.url))
    assert [row.state for row in rows(database)] == ["sent", "failed", "sent"]
    assert rows(database)[1].error == "Undeliverable: 554 No spam"
    server.refused["anna@kundin.example"] = "550 No such user"
    with database.writing() as c:
        c.execute(update(email_message).values(state="queued"))
    let_time_pass(database)
    send(database, sending_to(environment, server.url))
    assert {(row.state, row.error) for row in rows(database)} == {("failed", "Undeliverable: 550 No such user")}


def test_what_the_server_refuses_for_now_is_tried_again(
    database: Database, environment: dict[str, str], server: MailServer
) -> None:
    queue(database)
    settings = sending_to(environment, server.url)
    server.refused["anna@kundin.example"] = "451 Knock again"
    assert send(database, settings) == 1
    assert send(database, settings) == 0
    (row,) = rows(database)
    assert row.state == "queued"
    server.refused.clear()
    let_time_pass(database)
    send(database, settings)
    (row,) = rows(database)
    assert (row.state, row.attempts) == ("sent", 2)


def test_a_server_that_is_away_is_tried_for_days(database: Database, environment: dict[str, str]) -> None:
    queue(database)
    settings = sending_to(environment, f"smtp://127.0.0.1:{free_port()}")
    for tried in range(1, len(WAITS_S) + 2):
        let_time_pass(database)
        assert send(database, settings) == 0, "Others get their turn."
        (row,) = rows(database)
        assert row.attempts == tried
        assert row.error.startswith("ConnectionRefusedError")
    assert row.state == "failed"


def test_a_first_mail_server_gets_what_is_a_day_old_at_most_and_the_rest_is_marked_as_not_sent(
    database: Database, environment: dict[str, str], server: MailServer
) -> None:
    queue(database, 3)
    first, second, third = (row.id for row in rows(database))
    with database.writing() as c:
        of = update(email_message)
        c.execute(of.where(email_message.c.id == first).values(created_at=clock(-25 * 3600)))
        c.execute(of.where(email_message.c.id == second).values(created_at=clock(-23 * 3600)))
        c.execute(of.where(email_message.c.id == third).values(created_at=clock(-49 * 3600), attempts=4))
    assert send(database, sending_to(environment, server.url)) == 2
    assert [(row.state, row.attempts) for row in rows(database)] == [("failed", 0), ("sent", 1), ("sent", 5)]
    assert rows(database)[0].error == email_store.STALE
    assert len(server.received) == 2


def test_what_is_too_old_is_not_claimed_before_it_is_marked_either(database: Database) -> None:
    queue(database)
    with database.writing() as c:
        c.execute(update(email_message).values(created_at=clock(-25 * 3600)))
        assert email_store.claim_emails(c, "somebody") == []


def test_a_server_that_goes_away_between_two_takes_no_e_mail_along(
    database: Database, environment: dict[str, str], server: MailServer
) -> None:
    queue(database, 3)
    settings = sending_to(environment, server.url)
    server.hangs_up = True
    send(database, settings)
    assert [row.state for row in rows(database)] == ["queued"] * 3
    server.hangs_up = False
    let_time_pass(database)
    send(database, settings)
    assert [row.state for row in rows(database)] == ["sent"] * 3


def test_a_worker_that_dies_after_sending_sends_the_same_message_again(
    database: Database, environment: dict[str, str], server: MailServer
) -> None:
    queue(database)
    settings = sending_to(environment, server.url)
    failpoints.arm(settings, test_mode=True, failpoints="email_sent=raise")
    try:
        with pytest.raises(failpoints.Failed):
            send(database, settings)
    finally:
        failpoints.arm(settings, test_mode=True, failpoints="")
    let_time_pass(database)
    send(database, settings)
    first, again = server.received
    assert first["Message-ID"] == again["Message-ID"]
    assert [row.state for row in rows(database)] == ["sent"]


def test_who_must_sign_in_does(database: Database, environment: dict[str, str], server: MailServer) -> None:
    queue(database)
    server.extensions.append("AUTH PLAIN")
    send(database, sending_to(environment, server.url.replace("//", "//shop:se%20cret@")))
    assert server.signed_in == [("shop", "se cret")]
    assert len(server.received) == 1


def test_an_e_mail_is_written_once_for_a_row_and_kind(database: Database) -> None:
    queue(database)
    queue(database)
    assert len(rows(database)) == 1
