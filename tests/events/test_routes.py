"""Staff see every e-mail as it was or would be sent, page by page, and nobody else does."""

import httpx
from sqlalchemy import select

from shopapi.db.engine import Database
from shopapi.events import email_store
from shopapi.events.emails import Rendered, order_url, sealed
from shopapi.events.tables import email_message
from shopapi.orders.rules import access_token
from tests.conftest import SECRET_KEY, AsRole

WRITTEN = Rendered("Bestellung ist bei uns", "Guten Tag\n", "<p>Guten Tag</p>")


def queue(db: Database, number: int, written: Rendered = WRITTEN) -> None:
    with db.writing() as c:
        for nth in range(1, number + 1):
            email_store.queue(
                c,
                nth,
                "confirmation",
                written,
                recipient=f"anna{nth}@kundin.example",
                locale="de",
                order_number="TT-000001" if nth % 2 else None,
            )


def test_e_mails_are_listed_newest_first_page_by_page(api: httpx.Client, as_role: AsRole, database: Database) -> None:
    queue(database, 5)
    first = api.get("/v1/admin/emails?limit=3", headers=as_role("viewer")).json()
    assert [one["to"] for one in first["data"]] == [f"anna{nth}@kundin.example" for nth in (5, 4, 3)]
    assert (first["total"], first["sending"]) == (5, False)
    rest = api.get(f"/v1/admin/emails?limit=3&cursor={first['next_cursor']}", headers=as_role("viewer")).json()
    assert [one["to"] for one in rest["data"]] == ["anna2@kundin.example", "anna1@kundin.example"]
    assert rest["next_cursor"] is None


def test_the_e_mails_of_one_order_are_found(api: httpx.Client, as_role: AsRole, database: Database) -> None:
    queue(database, 5)
    found = api.get("/v1/admin/emails?order=TT-000001&limit=2", headers=as_role("clerk")).json()
    assert found["total"] == 3
    assert {one["order_number"] for one in found["data"]} == {"TT-000001"}
    elsewhere = api.get(f"/v1/admin/emails?cursor={found['next_cursor']}", headers=as_role("clerk"))
    assert elsewhere.status_code == 400
    assert api.get("/v1/admin/emails?order=TT-000009", headers=as_role("clerk")).json()["data"] == []


def test_an_e_mail_is_shown_word_for_word(api: httpx.Client, as_role: AsRole, database: Database) -> None:
    queue(database, 1)
    with database.reading() as r:
        name = r.execute(select(email_message.c.public_id)).scalar_one()
    shown = api.get(f"/v1/admin/emails/{name}", headers=as_role("viewer")).json()
    assert (shown["text"], shown["html"]) == (WRITTEN.text, WRITTEN.html)
    assert (shown["card"]["state"], shown["card"]["subject"]) == ("queued", WRITTEN.subject)
    missing = api.get("/v1/admin/emails/mail_00000000000000000000", headers=as_role("viewer"))
    assert missing.status_code == 404
    assert missing.json()["detail"] == "No e-mail has this id."


def test_staff_see_where_the_link_leads_and_not_the_secret_that_opens_the_order(
    api: httpx.Client, as_role: AsRole, database: Database
) -> None:
    token = access_token("TT-000001", SECRET_KEY)
    link = order_url("https://shop.example", "TT-000001", token)
    queue(database, 1, sealed(Rendered("Bestellung", f"Hier: {link} .", f'<a href="{link}">Hier</a>'), token))
    with database.reading() as r:
        name = r.execute(select(email_message.c.public_id)).scalar_one()
    answer = api.get(f"/v1/admin/emails/{name}", headers=as_role("owner"))
    assert token not in answer.text
    assert answer.json()["text"] == "Hier: https://shop.example/orders/TT-000001 ."
    assert answer.json()["html"] == '<a href="https://shop.example/orders/TT-000001">Hier</a>'


def test_who_is_not_signed_in_sees_no_e_mail(api: httpx.Client, database: Database) -> None:
    queue(database, 1)
    assert api.get("/v1/admin/emails").status_code == 401
    assert api.get("/v1/admin/emails/mail_00000000000000000000").status_code == 401
