import re
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from shopapi.contract.carts import Address
from shopapi.contract.orders import AttemptState, IssueKind
from tests.web.conftest import Browser, Page
from tests.web.fake_api import FakeApi
from tests.web.fake_orders import PDF

NUMBER = "TT-7K4M2P"
PAGE = f"/office/orders/{NUMBER}"
UNMATCHED = "/office/withdrawals"
PRIMARY = re.compile(r'<a class="btn low" href="([^"]+)">([^<]+)</a>')


@pytest.fixture
def clerk(browser: Browser) -> Browser:
    """A browser in which somebody is signed in who sells."""
    browser.sign_in("clerk@shop.example")
    return browser


@pytest.fixture
def reader(browser: Browser) -> Browser:
    """A browser in which somebody is signed in who only looks."""
    browser.sign_in("reader@shop.example")
    return browser


def badges(page: Page) -> list[tuple[str, str]]:
    return re.findall(r'<span class="badge ([^"]*)">([^<]+)</span>', page.html.split("</h1>")[1].split("</div>")[0])


def kinds(api: FakeApi) -> list[str]:
    return [event.kind for event in api.orders.orders[NUMBER].events]


def test_the_office_begins_with_the_orders_for_whoever_may_see_them(clerk: Browser, api: FakeApi) -> None:
    page = clerk.get("/office")
    assert str(page.answer.url).endswith("/office/orders")
    assert "Stock Orders E-mails" in page.text


def test_who_may_not_see_orders_finds_no_way_to_them(staff: Browser, api: FakeApi) -> None:
    api.orders.put()
    page = staff.get("/office")
    assert str(page.answer.url).endswith("/office/stock")
    assert "/office/orders" not in page.html
    for path in ("/office/orders", PAGE, f"{PAGE}/ship", f"{PAGE}/refund", "/office/emails", UNMATCHED):
        page = staff.get(path)
        assert page.status == 403
        assert "Your account lacks the right" in page.text


def test_nobody_sees_orders_without_signing_in(browser: Browser, api: FakeApi) -> None:
    api.orders.put()
    for path in ("/office/orders", PAGE, f"{PAGE}/pay", "/office/emails", "/office/withdrawals"):
        assert browser.get(path).title.startswith("Sign in")


def test_the_list_shows_whose_order_it_is_and_how_it_stands(clerk: Browser, api: FakeApi) -> None:
    api.orders.put()
    api.orders.put("TT-222222", provider="sandbox", state="unknown")
    api.orders.doubt("TT-222222", "no_answer")
    page = clerk.get("/office/orders")
    assert page.title == "Orders | Ton & Tinte"
    assert "All 2 To pay 2 To ship 0 Unclear 1 Done 0 Cancelled 0" in page.text
    assert re.search(r"TT-222222 Needs a look Anna Weber .* Unclear .*TT-7K4M2P Anna Weber", page.text)
    assert page.html.count('<span class="badge warn half">Unclear</span>') == 2, "On a desk and on a phone."
    assert "€88.00 6 units" in page.text


def test_views_and_filters_narrow_the_list_and_go_together(clerk: Browser, api: FakeApi) -> None:
    api.orders.put()
    api.orders.put("TT-222222", address=Address("Bo Lund", "1", "1", "Oslo", "NO"))
    api.orders.pay("TT-222222")
    page = clerk.get("/office/orders?view=to_ship&q=lund&from=2020-01-01&to=2099-01-01")
    assert "TT-222222" in page.text
    assert NUMBER not in page.text
    assert 'href="/office/orders?view=to_pay&amp;q=lund&amp;from=2020-01-01&amp;to=2099-01-01"' in page.html
    assert '<input type="hidden" name="view" value="to_ship">' in page.html
    asked = api.calls[-1].url.params
    assert (asked["placed_from"], asked["placed_to"]) == ("2020-01-01", "2099-01-01")
    page = clerk.get("/office/orders?q=nobody")
    assert "No order matches. Show all orders" in page.text


@pytest.mark.parametrize("query", ["from=yesterday", "to=2026-13-01", "view=strange", "start=-1", "from=2026-1-1"])
def test_a_filter_that_makes_no_sense_is_as_if_it_were_not_there(clerk: Browser, api: FakeApi, query: str) -> None:
    api.orders.put()
    page = clerk.get(f"/office/orders?{query}")
    assert page.status == 200
    assert NUMBER in page.text


def test_pages_follow_each_other_by_the_apis_cursor(clerk: Browser, api: FakeApi) -> None:
    for n in range(30):
        api.orders.put(f"TT-{n:06}")
    first = clerk.get("/office/orders?view=to_pay")
    assert "1 to 24 of 30" in first.text
    onward = re.search(r'href="([^"]*cursor=[^"]*)">Next 6<', first.html)
    assert onward
    second = clerk.get(onward[1].replace("&amp;", "&"))
    assert "25 to 30 of 30" in second.text
    assert 'href="/office/orders?view=to_pay">To the start' in second.html
    api.next_problem = (400, "invalid_request", {"errors": [{"field": "cursor", "message": "no"}]})
    assert clerk.get("/office/orders?cursor=old").answer.url.query == b""


def test_an_empty_shop_says_so(clerk: Browser) -> None:
    assert "Nobody has ordered yet." in clerk.get("/office/orders").text


def test_the_page_of_an_order_has_facts_people_and_money(clerk: Browser, api: FakeApi) -> None:
    api.orders.put(provider="sandbox", state="unknown")
    api.orders.pay(NUMBER)
    api.orders.write(NUMBER, "Your order")
    page = clerk.get(PAGE)
    assert badges(page) == [("ok full", "Confirmed"), ("ok full", "Paid"), ("warn", "Not shipped")]
    for said in (
        "in German, 6 units, 2 lines",
        "0 of 6 units shipped",
        "Becher „Westerwald“ Ton, 320 ml TT-BE-WW-TON-320 €18.50 4 0 of 4 €74.00",
        "Total €88.00",
        "Anna Weber anna.weber@example.de",
        "Karl-Heine-Straße 12 04229 Leipzig Germany",
        "Captured €88.00 Refunded €0.00 Can be refunded €88.00",
        "Sandbox Pay",
        "€88.00 paid (Sandbox Pay)",
        "Payment unclear: the provider did not answer, stock kept",
        "Order placed, 6 units reserved",
        "Invoice 2026-004117",
        "Confirmation Waits",
    ):
        assert said in page.text, said


def ask_at(api: FakeApi, at: datetime) -> None:
    """The provider is asked again then."""
    payment = api.orders.payments[NUMBER]
    api.orders.payments[NUMBER] = replace(payment, attempts=[replace(payment.attempts[0], next_check_at=at)])


def test_an_unknown_payment_says_when_the_provider_is_asked_again(clerk: Browser, api: FakeApi) -> None:
    api.orders.put(provider="sandbox", state="unknown")
    ask_at(api, datetime(2026, 11, 24, 15, 5, tzinfo=UTC))
    page = clerk.get(PAGE)
    assert ("warn half", "Unclear") in badges(page)
    assert "Unclear, next question at 16:05. The stock is kept until the provider answers." in page.text
    assert re.search(r"Capture, unclear [^,]+, [^,]+, next question at 16:05", page.text)
    assert "Mark as paid" not in page.text, "Only a bank transfer is told by hand."


def test_what_needs_a_look_is_said_in_words(clerk: Browser, api: FakeApi) -> None:
    api.orders.put(provider="sandbox", state="unknown")
    api.orders.doubt(NUMBER, "amount_mismatch")
    page = clerk.get(PAGE)
    assert ("bad half", "Needs a look") in badges(page)
    told = "The provider took another amount than was asked for. €90.00 instead of €88.00."
    assert f"{told} Cancel the order, then the wrong amount goes back." in page.text
    assert "Unclear: please check." in page.text
    assert "next question" not in page.text, "Nobody asks."


def test_what_was_charged_wrongly_is_named_before_it_goes_back_and_after(clerk: Browser, api: FakeApi) -> None:
    api.orders.put(provider="sandbox", state="unknown")
    api.orders.doubt(NUMBER, "amount_mismatch", charged="8799", currency="USD", expected="8800")
    asking = clerk.get(f"{PAGE}/cancel")
    assert "The goods go back on the shelf, and Anna Weber gets US$87.99 back." in asking.text
    api.orders.cancel(NUMBER, "expired")
    assert f'href="{PAGE}/cancel">Give back what was charged wrongly' in clerk.get(PAGE).html
    asking = clerk.get(f"{PAGE}/cancel")
    assert "Anna Weber gets US$87.99 back, which was charged wrongly." in asking.text
    payment = api.orders.payments[NUMBER]
    (issue,) = payment.issues
    settled = replace(issue, data={**issue.data, "given_back": "yes"}, resolved_at=datetime.now(UTC))
    api.orders.payments[NUMBER] = replace(payment, issues=[settled])
    api.orders.tell(NUMBER, "payment_issue", issue="amount_mismatch", given_back="yes", amount="8799", currency="USD")
    page = clerk.get(PAGE)
    assert "US$87.99, charged wrongly, given back" in page.text
    assert "Captured €0.00 Refunded €0.00 Charged wrongly, given back US$87.99" in page.text


def test_who_called_the_payment_off_is_not_said_to_be_declined(clerk: Browser, api: FakeApi) -> None:
    api.orders.put(provider="sandbox")
    api.orders.tell(NUMBER, "payment_failed", provider="sandbox", reason="cancelled_by_customer")
    api.orders.cancel(NUMBER, "payment_failed")
    text = clerk.get(PAGE).text
    assert "The customer called the payment off (Sandbox Pay)" in text
    assert "Order cancelled (not paid)" in text


@pytest.mark.parametrize(
    ("kind", "data", "told"),
    [
        ("late_success", {"amount": "8800"}, "given up. €88.00. The money goes back by itself."),
        (
            "refund_failed",
            {"amount": "1240", "reason": "card closed"},
            "A refund failed. €12.40, card closed. Refund it once more, or send it another way.",
        ),
        (
            "amount_mismatch",
            {"refunded": "1000", "expected": "1240"},
            "gave back another amount than was asked for. €10.00 instead of €12.40. Look it up with the provider.",
        ),
        ("orphan_charge", {"key": "k"}, "belongs to nothing here. Look it up with the provider."),
    ],
)
def test_every_issue_says_what_to_do(
    clerk: Browser, api: FakeApi, kind: IssueKind, data: dict[str, str], told: str
) -> None:
    api.orders.put(provider="sandbox")
    api.orders.pay(NUMBER)
    api.orders.doubt(NUMBER, kind, **data)
    assert told in clerk.get(PAGE).text


def test_a_provider_that_does_not_answer_is_asked_on(clerk: Browser, api: FakeApi) -> None:
    api.orders.put(provider="sandbox", state="unknown")
    ask_at(api, datetime(2026, 11, 24, 15, 5, tzinfo=UTC))
    api.orders.doubt(NUMBER, "no_answer", since="yesterday")
    assert "Look it up with the provider. Next question at 16:05." in clerk.get(PAGE).text


def test_the_next_sensible_action_stands_on_top(clerk: Browser, api: FakeApi) -> None:
    api.orders.put()
    primary = re.compile(r'<a class="btn low" href="([^"]+)">([^<]+)</a>')
    assert primary.findall(clerk.get(PAGE).html) == [(f"{PAGE}/pay", "Mark as paid")]
    api.orders.pay(NUMBER)
    assert primary.findall(clerk.get(PAGE).html) == [(f"{PAGE}/ship", "Ship 6 units")]
    api.orders.ship(NUMBER)
    page = clerk.get(PAGE)
    assert primary.findall(page.html) == []
    assert f'<a class="btn quiet low" href="{PAGE}/refund">Refund</a>' in page.html
    assert f"{PAGE}/cancel" not in page.html


@pytest.mark.parametrize("said", ["succeeded", "unknown"])
def test_what_has_no_money_left_is_cancelled_and_not_shipped(clerk: Browser, api: FakeApi, said: AttemptState) -> None:
    primary = re.compile(r'<a class="btn low" href="([^"]+)">([^<]+)</a>')
    api.orders.put(provider="sandbox")
    api.orders.pay(NUMBER)
    api.orders.refunds_say = said
    api.orders.give_back(NUMBER, 8799)
    assert primary.findall(clerk.get(PAGE).html) == [(f"{PAGE}/ship", "Ship 6 units")]
    api.orders.give_back(NUMBER, 1)
    page = clerk.get(PAGE)
    assert primary.findall(page.html) == [(f"{PAGE}/cancel", "Cancel the order")]
    assert f"{PAGE}/ship" not in page.html
    assert str(clerk.get(f"{PAGE}/ship").answer.url).endswith(PAGE), "The API would refuse."
    assert "What was paid has gone back, or is on its way." in clerk.get(f"{PAGE}/cancel").text


def test_who_only_reads_sees_all_and_can_do_nothing(reader: Browser, api: FakeApi) -> None:
    api.orders.put()
    api.orders.pay(NUMBER)
    page = reader.get(PAGE)
    assert "Anna Weber" in page.text
    for deed in ("/ship", "/pay", "/refund", "/cancel", "/notes"):
        assert f'"{PAGE}{deed}"' not in page.html
        if deed != "/notes":
            assert reader.get(f"{PAGE}{deed}").status == 403


def test_a_transfer_that_came_in_is_marked_as_paid_once(clerk: Browser, api: FakeApi) -> None:
    api.orders.put()
    asking = clerk.get(f"{PAGE}/pay")
    assert "€88.00 from Anna Weber have come into the bank account." in asking.text
    fields = {**asking.form(f"{PAGE}/pay"), "reference": "Statement 11"}
    page = clerk.post(f"{PAGE}/pay", fields)
    assert f"{NUMBER} is marked as paid." in page.text
    assert clerk.post(f"{PAGE}/pay", fields).status == 200
    assert kinds(api).count("paid") == 1
    assert "Jonas Okafor" in page.text, "The timeline says who did it."


def test_money_that_came_after_the_order_was_given_up_can_still_be_told(clerk: Browser, api: FakeApi) -> None:
    api.orders.put()
    api.orders.cancel(NUMBER, "expired")
    page = clerk.get(PAGE)
    assert f'<a class="btn quiet low" href="{PAGE}/pay">The money came after all</a>' in page.html
    asking = clerk.get(f"{PAGE}/pay")
    assert "Otherwise nothing is changed here, and you transfer the money back yourself." in asking.text
    api.next_problem = (409, "invalid_transition", {})
    page = clerk.send(asking, f"{PAGE}/pay", reference="Statement 11")
    assert page.status == 422
    assert "its goods are gone. Transfer the money back. Nothing was changed here." in page.text
    assert "moved on" not in page.text
    assert page.form(f"{PAGE}/pay")["reference"] == "Statement 11"


def test_who_notes_a_transfer_that_goes_back_is_told_to_send_it(clerk: Browser, api: FakeApi) -> None:
    api.orders.put()
    api.orders.pay(NUMBER)
    form = clerk.get(f"{PAGE}/refund")
    assert "It came by bank transfer: you send it yourself, and it is only noted here." in form.text
    asking = clerk.send(form, f"{PAGE}/refund", amount="12,40", reason="")
    told = "Transfer €12.40 to Anna Weber yourself. It is only noted here."
    assert told in asking.text
    assert "goes back the way it came" not in asking.text
    page = clerk.send(asking, f"{PAGE}/refund/confirm")
    assert f"€12.40 is noted as refunded. {told}" in page.text


def test_who_cancels_what_was_transferred_is_told_to_send_it_back(clerk: Browser, api: FakeApi) -> None:
    api.orders.put()
    api.orders.pay(NUMBER)
    api.orders.give_back(NUMBER, 800)
    told = "Transfer €80.00 to Anna Weber yourself. It is only noted here."
    asking = clerk.get(f"{PAGE}/cancel")
    assert told in asking.text
    page = clerk.send(asking, f"{PAGE}/cancel", reason="")
    assert f"{NUMBER} is cancelled. {told}" in page.text


def test_what_a_provider_took_goes_back_without_anybodys_hand(clerk: Browser, api: FakeApi) -> None:
    api.orders.put(provider="sandbox")
    api.orders.pay(NUMBER)
    for page in (refund_of(clerk, "1"), clerk.send(clerk.get(f"{PAGE}/cancel"), f"{PAGE}/cancel", reason="")):
        assert "yourself" not in page.text


def test_shipping_says_who_carries_it_and_happens_once(clerk: Browser, api: FakeApi) -> None:
    api.orders.put()
    api.orders.pay(NUMBER)
    fields = {**clerk.get(f"{PAGE}/ship").form(f"{PAGE}/ship"), "carrier": "DHL", "tracking": "0034 0434"}
    page = clerk.post(f"{PAGE}/ship", fields)
    assert f"{NUMBER} is shipped, and the customer hears of it." in page.text
    assert "Parcel 1 , DHL 0034 0434" in page.text
    assert "Shipped (DHL, 0034 0434)" in page.text
    clerk.post(f"{PAGE}/ship", fields)
    assert len(api.orders.orders[NUMBER].shipments) == 1


def test_in_german_nobody_is_a_slash(clerk: Browser, api: FakeApi) -> None:
    api.orders.put()
    api.orders.pay(NUMBER)
    page = clerk.post(f"{PAGE}/ship", clerk.get(f"{PAGE}/ship").form(f"{PAGE}/ship"), Accept_Language="de")
    assert f"{NUMBER} ist versandt; die Nachricht an die Kundin oder den Kunden ist unterwegs." in page.text


def test_who_comes_too_late_loses_nothing_that_was_typed(clerk: Browser, api: FakeApi) -> None:
    api.orders.put()
    api.orders.pay(NUMBER)
    asking = clerk.get(f"{PAGE}/ship")
    api.orders.cancel(NUMBER, "customer")
    page = clerk.send(asking, f"{PAGE}/ship", carrier="DHL", tracking="123")
    assert page.status == 422
    assert page.title.startswith("Error: Ship order")
    assert page.text.count("The order has moved on meanwhile, so nothing was done.") == 2
    assert page.form(f"{PAGE}/ship")["tracking"] == "123"
    page = clerk.get(f"{PAGE}/ship")
    assert str(page.answer.url).endswith(PAGE)
    assert "The order has moved on meanwhile" in page.text


def test_a_line_that_is_too_long_is_told_at_its_field(clerk: Browser, api: FakeApi) -> None:
    api.orders.put()
    api.orders.pay(NUMBER)
    page = clerk.send(clerk.get(f"{PAGE}/ship"), f"{PAGE}/ship", carrier="x" * 201)
    assert page.text.count("This is one line of at most 200 characters.") == 2
    assert api.orders.orders[NUMBER].shipments == []


def test_cancelling_names_what_goes_back(clerk: Browser, api: FakeApi) -> None:
    api.orders.put()
    asking = clerk.get(f"{PAGE}/cancel")
    assert "The goods go back on the shelf. Nothing was paid, so nothing goes back." in asking.text
    api.orders.pay(NUMBER)
    asking = clerk.get(f"{PAGE}/cancel")
    assert "The goods go back on the shelf, and Anna Weber gets €88.00 back." in asking.text
    page = clerk.send(asking, f"{PAGE}/cancel", reason="Customer called")
    assert f"{NUMBER} is cancelled." in page.text
    assert "Order cancelled (by the shop, Customer called)" in page.text
    assert badges(page)[0] == ("", "Cancelled")


def test_an_unclear_payment_cannot_be_cancelled_yet(clerk: Browser, api: FakeApi) -> None:
    api.orders.put(provider="sandbox", state="unknown")
    asking = clerk.get(f"{PAGE}/cancel")
    assert "Nobody knows yet whether anything was paid; what was goes back." in asking.text
    api.next_problem = (409, "payment_unclear", {})
    page = clerk.send(asking, f"{PAGE}/cancel", reason="Why")
    assert "The bank does not say yet whether the money has moved. Try again in a few minutes." in page.text
    assert page.form(f"{PAGE}/cancel")["reason"] == "Why"


def refund_of(clerk: Browser, amount: str, reason: str = "") -> Page:
    return clerk.send(clerk.get(f"{PAGE}/refund"), f"{PAGE}/refund", amount=amount, reason=reason)


def test_a_refund_is_named_before_it_happens_and_happens_once(clerk: Browser, api: FakeApi) -> None:
    api.orders.put(provider="sandbox")
    api.orders.pay(NUMBER)
    asking = refund_of(clerk, "12,40", "Chipped rim")
    assert asking.title.startswith("Refund €12.40 to Anna Weber")
    assert api.orders.payments[NUMBER].refunds == [], "Nothing moves before the second click."
    fields = asking.form(f"{PAGE}/refund/confirm")
    page = clerk.post(f"{PAGE}/refund/confirm", fields)
    clerk.post(f"{PAGE}/refund/confirm", fields)
    assert "€12.40 is refunded." in page.text
    assert [refund.amount.amount for refund in api.orders.payments[NUMBER].refunds] == [1240]
    assert "Refunded €12.40 Can be refunded €75.60" in page.text


def test_a_refund_that_the_provider_refused_is_told_as_failed(clerk: Browser, api: FakeApi) -> None:
    api.orders.put(provider="sandbox")
    api.orders.pay(NUMBER)
    api.orders.refunds_say = "unknown"
    page = clerk.send(refund_of(clerk, "1"), f"{PAGE}/refund/confirm")
    assert "The refund of €1.00 is on its way. The provider has not confirmed it yet." in page.text
    api.orders.refunds_say = "failed"
    page = clerk.send(refund_of(clerk, "3"), f"{PAGE}/refund/confirm")
    told = "The refund of €3.00 failed: the provider refused it. Refund it once more, or send it another way."
    assert f'<div class="note warn" role="status" id="note" tabindex="-1">{told}</div>' in page.html
    api.orders.refunds_say = "succeeded"
    page = clerk.send(refund_of(clerk, "3"), f"{PAGE}/refund/confirm")
    assert "€3.00 is refunded." in page.text, "The first one is still on its way."


def test_who_cancels_hears_that_the_money_did_not_go_back(clerk: Browser, api: FakeApi) -> None:
    api.orders.put(provider="sandbox")
    api.orders.pay(NUMBER)
    api.orders.refunds_say = "failed"
    page = clerk.send(clerk.get(f"{PAGE}/cancel"), f"{PAGE}/cancel", reason="")
    told = (
        f"{NUMBER} is cancelled, but €88.00 did not go back: the provider refused the refund. "
        "Refund it once more, or send it another way."
    )
    assert f'<div class="note warn" role="status" id="note" tabindex="-1">{told}</div>' in page.html
    assert f'href="{PAGE}/refund"' in page.html


def test_all_that_is_left_stands_in_the_field(clerk: Browser, api: FakeApi) -> None:
    api.orders.put(provider="sandbox")
    api.orders.pay(NUMBER)
    api.orders.give_back(NUMBER, 1240)
    assert clerk.get(f"{PAGE}/refund").form(f"{PAGE}/refund")["amount"] == "75.60"
    api.orders.give_back(NUMBER, 7560)
    assert str(clerk.get(f"{PAGE}/refund").answer.url).endswith(PAGE), "Nothing is left."


@pytest.mark.parametrize(
    ("amount", "says"),
    [
        *((amount, "An amount from €0.01 to €83.00: no more is left to give back.") for amount in ("0", "83.01")),
        *(
            (amount, "An amount is a number, such as 12 or 12.50.")
            for amount in ("", "-1", "a lot", "1e3", "12,345", "٣", "99999999999999999999")
        ),
    ],
)
def test_never_more_than_is_left_can_be_refunded(clerk: Browser, api: FakeApi, amount: str, says: str) -> None:
    api.orders.put(provider="sandbox")
    api.orders.pay(NUMBER)
    api.orders.give_back(NUMBER, 500)
    page = refund_of(clerk, amount, "Why")
    assert page.status == 422
    assert page.text.count(says) == 2
    assert page.form(f"{PAGE}/refund")["reason"] == "Why"


def test_two_who_refund_at_once_give_back_no_more_than_came_in(clerk: Browser, api: FakeApi) -> None:
    api.orders.put(provider="sandbox")
    api.orders.pay(NUMBER)
    first, second = refund_of(clerk, "60"), refund_of(clerk, "60")
    clerk.send(first, f"{PAGE}/refund/confirm")
    page = clerk.send(second, f"{PAGE}/refund/confirm")
    assert page.status == 422
    assert page.text.count("An amount from €0.01 to €28.00: no more is left to give back.") == 2
    assert api.orders.payments[NUMBER].refunded.amount == 6000


@pytest.mark.parametrize("forged", [{"minor": "x"}, {"minor": ""}, {"currency": "EURO"}, {"payment": "../x"}])
def test_a_forged_field_refunds_nothing(clerk: Browser, api: FakeApi, forged: dict[str, str]) -> None:
    api.orders.put(provider="sandbox")
    api.orders.pay(NUMBER)
    form = refund_of(clerk, "1").form(f"{PAGE}/refund/confirm")
    page = clerk.post(f"{PAGE}/refund/confirm", {**form, **forged})
    assert page.status == 400
    assert api.orders.payments[NUMBER].refunds == []


def test_notes_are_for_colleagues_and_are_lost_by_no_fault(clerk: Browser, api: FakeApi) -> None:
    api.orders.put()
    page = clerk.send(clerk.get(PAGE), f"{PAGE}/notes", text="Leave it with the <b>neighbour</b>, no. 14.")
    assert "“Leave it with the <b>neighbour</b>, no. 14.”" in page.text
    assert "<b>neighbour" not in page.html
    assert "Jonas Okafor" in page.text
    page = clerk.send(page, f"{PAGE}/notes", text=" ")
    assert page.status == 422
    assert page.text.count("Write the note first.") == 2
    page = clerk.send(page, f"{PAGE}/notes", text="x" * 1001)
    assert page.form(f"{PAGE}/notes")["text"] == "x" * 1001
    assert kinds(api).count("note") == 1


def test_a_withdrawal_stands_on_top_of_its_order(clerk: Browser, api: FakeApi) -> None:
    api.orders.put()
    form = clerk.get(f"/withdrawal?order={NUMBER}")
    asking = clerk.send(form, "/withdrawal", name="Anna Weber", email="anna.weber@example.de")
    clerk.send(asking, "/withdrawal/confirm")
    page = clerk.get(PAGE)
    assert "Anna Weber declared a withdrawal on" in page.text
    assert "Receipt to anna.weber@example.de Do not ship. Cancel the order, then what was paid goes back." in page.text
    assert "The customer declared a withdrawal" in page.text
    assert "not confirmed" not in page.text
    assert ("bad", "Withdrawal") in badges(page)
    assert f'<a class="btn low" href="{PAGE}/cancel">Cancel the order</a>' in page.html
    api.orders.pay(NUMBER)
    page = clerk.get(PAGE)
    assert f"{PAGE}/ship" not in page.html
    said = "The customer has withdrawn. Cancel the order, or settle the withdrawal before you ship it."
    assert said in clerk.get(f"{PAGE}/ship").text
    assert re.search(f"{NUMBER} Withdrawal", clerk.get("/office/orders").text)
    api.orders.ship(NUMBER)
    assert "The goods come back first, then refund what was paid." in clerk.get(PAGE).text


def test_a_withdrawal_from_a_strange_address_is_asked_about_first(clerk: Browser, api: FakeApi) -> None:
    api.orders.put()
    api.orders.pay(NUMBER)
    form = clerk.get(f"/withdrawal?order={NUMBER}")
    asking = clerk.send(form, "/withdrawal", name="Eve", email="eve@elsewhere.example")
    clerk.send(asking, "/withdrawal/confirm")
    page = clerk.get(PAGE)
    assert page.text.count("not confirmed: another e-mail address than in the order") == 2, (
        "On top and in the timeline."
    )
    assert "eve@elsewhere.example" in page.text
    ask = "Ask first whether it is meant, at the address in the order, anna.weber@example.de."
    assert f"{ask} Do not ship until you know." in page.text
    assert PRIMARY.findall(page.html) == [("#withdrawal-wdr_0", "See to the withdrawal")]
    assert 'id="withdrawal-wdr_0"' in page.html
    buttons = f'Refund</a><a class="btn quiet low" href="{PAGE}/ship">Ship 6 units</a>'
    assert buttons in page.html, "Shipping is possible, and nothing that is urged."
    asking = clerk.get(f"{PAGE}/ship")
    assert "Eve declared a withdrawal on" in asking.text.partition("Ship 6 units")[0]
    assert "eve@elsewhere.example, not confirmed" in asking.text
    assert "Do not ship until you know." in asking.text
    page = clerk.send(asking, f"{PAGE}/ship", carrier="DHL")
    assert (page.status, page.form(f"{PAGE}/ship")["carrier"]) == (422, "DHL")
    assert page.text.count("Nobody knows yet whether the withdrawal is meant. Find out first, or tick this.") == 2
    assert "shipped" not in kinds(api), "It is asked once more."
    withdraw(clerk)
    page = clerk.send(asking, f"{PAGE}/ship", carrier="DHL", anyway="wdr_0")
    assert "settle the withdrawal before you ship it." in page.text, "The customer's own came in meanwhile."
    assert "shipped" not in kinds(api)
    german = clerk.get(PAGE, Accept_Language="de").text
    assert "nicht bestätigt: andere E-Mail-Adresse als in der Bestellung" in german


def ticked(page: Page) -> str:
    """What the box says that ships in spite of the withdrawals that are shown."""
    return page.html.partition('name="anyway" value="')[2].partition('"')[0]


def test_what_a_stranger_has_withdrawn_from_leaves_once_that_is_said_and_is_spoken_of_as_gone(
    clerk: Browser, api: FakeApi
) -> None:
    api.orders.put()
    api.orders.pay(NUMBER)
    page = clerk.get(f"{PAGE}/ship")
    assert 'name="anyway"' not in page.html, "Nothing is asked where nobody withdrew."
    withdraw(clerk, email="eve@elsewhere.example")
    page = clerk.send(page, f"{PAGE}/ship", carrier="DHL")
    assert (page.status, "shipped" in kinds(api)) == (422, False), "It came in while the page was open."
    seen = ticked(page)
    withdraw(clerk, email="zoe@elsewhere.example")
    page = clerk.send(page, f"{PAGE}/ship", anyway=seen)
    assert page.status == 422
    assert "Another withdrawal has come in. Read it, then tick this again." in page.text
    assert "anyway" not in page.form(f"{PAGE}/ship"), "It is not ticked for what nobody had seen."
    fields = {**page.form(f"{PAGE}/ship"), "anyway": ticked(page)}
    page = clerk.post(f"{PAGE}/ship", fields)
    assert f"{NUMBER} is shipped, and the customer hears of it." in page.text
    assert "Do not ship" not in page.text
    assert "The order has left: if it is meant, the goods come back first." in page.text
    assert PRIMARY.findall(page.html) == [("#withdrawal-wdr_0", "See to the withdrawal")]
    clerk.post(f"{PAGE}/ship", fields)
    assert len(api.orders.orders[NUMBER].shipments) == 1


def test_a_withdrawal_from_a_part_stands_word_for_word_and_nobody_is_told_to_give_all_back(
    clerk: Browser, api: FakeApi
) -> None:
    api.orders.put()
    api.orders.pay(NUMBER)
    withdraw(clerk)
    assert f"In their words: “{NUMBER}” Receipt to anna.weber@example.de" in clerk.get(PAGE).text
    api.orders.withdrawals.clear()
    withdraw(clerk, "TT-7K4M2P, nur das Olivenöl <b>1 l</b>")
    api.orders.assigned["wdr_0"] = NUMBER
    api.orders.withdrawals[0] = replace(api.orders.withdrawals[0], certain=True)
    page, said = clerk.get(PAGE), "In their words: “TT-7K4M2P, nur das Olivenöl <b>1 l</b>”"
    assert said in page.text
    assert "<b>1 l" not in page.html
    assert PRIMARY.findall(page.html) == [("#withdrawal-wdr_0", "See to the withdrawal")]
    assert "then what was paid goes back" not in page.text
    assert "Do not ship yet. Read what they withdraw from: refund that part, or cancel the order if" in page.text
    assert clerk.get(f"{PAGE}/refund").form(f"{PAGE}/refund")["amount"] == "", "All that is left is not proposed."
    german = clerk.get(PAGE, Accept_Language="de").text
    assert "Wörtlich: „TT-7K4M2P, nur das Olivenöl <b>1 l</b>“" in german
    api.orders.ship(NUMBER)
    page = clerk.get(PAGE)
    assert said in page.text
    assert "then refund what was paid." not in page.text
    assert "then refund what was paid for them." in page.text


def test_a_withdrawal_that_is_declared_again_is_one_line_and_can_still_be_settled(clerk: Browser, api: FakeApi) -> None:
    api.orders.put()
    api.orders.pay(NUMBER)
    withdraw(clerk)
    withdraw(clerk)
    page = clerk.get(PAGE)
    assert page.text.count("In their words: “TT-7K4M2P”") == 2
    assert page.html.count("<summary>Declared once more, in the same words, on ") == 1
    settle = f"{PAGE}/withdrawals/wdr_1/settle"
    page = clerk.send(page, settle, reason="x" * 201, outcome="not_meant")
    assert "<details open><summary>Declared once more" in page.html, "What is wrong can be seen."
    clerk.send(page, settle, reason="Twice.", outcome="not_meant")
    assert [one.settled_at is None for one in api.orders.withdrawals] == [True, False]
    withdraw(clerk, email="eve@elsewhere.example")
    assert "Declared once more" not in clerk.get(PAGE).html.partition("wdr_2")[2], "Another address is no repetition."


def withdraw(browser: Browser, number: str = NUMBER, email: str = "anna.weber@example.de") -> None:
    form = browser.get("/withdrawal")
    asking = browser.send(form, "/withdrawal", name="Anna Weber", order_number=number, email=email)
    browser.send(asking, "/withdrawal/confirm")


def test_a_withdrawal_is_settled_with_a_reason_and_asks_for_nothing_more(clerk: Browser, api: FakeApi) -> None:
    api.orders.put()
    api.orders.pay(NUMBER)
    withdraw(clerk, email="eve@elsewhere.example")
    assert "Somebody declared a withdrawal (not confirmed" in clerk.get(PAGE).text
    settle = f"{PAGE}/withdrawals/wdr_0/settle"
    stale, page = clerk.get(PAGE), clerk.send(clerk.get(PAGE), settle, reason="x" * 201)
    no_letter = "although the receipt said that you would write: please do, to anna.weber@example.de."
    assert no_letter in stale.text
    assert (page.status, page.form(settle)["reason"]) == (422, "x" * 201)
    assert page.text.count("Choose what became of it.") == 2
    assert 'href="#outcome-wdr_0"' in page.html
    page = clerk.send(page, settle, reason="x" * 201, outcome="not_meant")
    assert (page.status, page.form(settle)["outcome"]) == (422, "not_meant"), "What was chosen is kept."
    page = clerk.send(page, settle, reason="Anna did not mean it.")
    assert "The withdrawal is settled." in page.text
    assert "Withdrawal settled: not meant (Anna did not mean it.)" in page.text
    assert "Jonas Okafor" in page.text
    assert "not confirmed: another e-mail address than in the order, settled: not meant" in page.text
    assert settle not in page.html
    assert no_letter not in page.text
    assert ("bad", "Withdrawal") not in badges(page)
    assert f'<a class="btn low" href="{PAGE}/ship">Ship 6 units</a>' in page.html, "It goes on as if nothing had been."
    page = clerk.send(stale, settle, outcome="done")
    assert "A colleague has settled the withdrawal or assigned it to another order meanwhile" in page.text
    assert kinds(api).count("withdrawal_settled") == 1
    assert str(clerk.get(settle).answer.url).endswith(PAGE)
    assert clerk.get(settle.replace("wdr_0", "all")).status == 404


def test_a_page_settles_the_declaration_that_it_showed_and_none_that_came_since(clerk: Browser, api: FakeApi) -> None:
    api.orders.put()
    api.orders.pay(NUMBER)
    api.orders.give_back(NUMBER, 1000)
    withdraw(clerk, email="eve@elsewhere.example")
    page = clerk.get(PAGE)
    withdraw(clerk)
    page = clerk.send(page, f"{PAGE}/withdrawals/wdr_0/settle", reason="Not Anna's.", outcome="not_meant")
    assert [one.settled_at is None for one in api.orders.withdrawals] == [False, True]
    assert "Do not ship. Cancel the order, then what was paid goes back." in page.text
    assert ("bad", "Withdrawal") in badges(page)
    assert f"{PAGE}/withdrawals/wdr_0/settle" not in page.html
    mine = f"{PAGE}/withdrawals/wdr_1/settle"
    page = clerk.send(page, mine, reason="x" * 201, outcome="done")
    assert 'href="#reason-wdr_1"' in page.html, "The summary leads to the field."
    page = clerk.send(page, mine, reason="")
    assert ("bad", "Withdrawal") not in badges(page)
    assert "Receipt to anna.weber@example.de, settled: done" in page.text
    german = clerk.get(PAGE, Accept_Language="de").text
    assert "erledigt: abgewickelt" in german
    assert "Widerruf erledigt: nicht gemeint" in german


def test_of_an_order_that_is_not_paid_the_page_offers_no_withdrawal_as_done(clerk: Browser, api: FakeApi) -> None:
    api.orders.put()
    withdraw(clerk)
    said = "If it is meant, cancel the order: nothing has come in for it."
    page = clerk.get(PAGE)
    assert (said in page.text, 'value="done"' in page.html) == (True, False)
    api.orders.cancel(NUMBER, "expired")
    page = clerk.get(PAGE)
    assert (said in page.text, 'value="done"' in page.html) == (False, True), "Late money may revive it."


@pytest.mark.parametrize("left", [False, True], ids=["still-here", "shipped"])
def test_of_what_is_paid_the_page_offers_a_withdrawal_as_done_once_money_goes_back(
    clerk: Browser, api: FakeApi, left: bool
) -> None:
    api.orders.put()
    api.orders.pay(NUMBER)
    if left:
        api.orders.ship(NUMBER)
    withdraw(clerk)
    said = "refund what is due first: nothing has gone back yet."
    page = clerk.get(PAGE)
    assert (said in page.text, "If it is meant, cancel the order, or" in page.text) == (True, not left)
    assert 'value="done"' not in page.html
    api.orders.refunds_say = "unknown"
    api.orders.give_back(NUMBER, 1000)
    page = clerk.get(PAGE)
    assert (said in page.text, 'value="done"' in page.html) == (False, True), "It is on its way."


def test_a_page_from_before_a_colleagues_decision_changes_nothing_and_shows_how_it_stands(
    clerk: Browser, api: FakeApi
) -> None:
    api.orders.put()
    api.orders.put("TT-222222")
    withdraw(clerk, email="anna@work.example")
    assign, settle = f"{UNMATCHED}/wdr_0/assign", f"{PAGE}/withdrawals/wdr_0/settle"
    asking, order = clerk.get(f"{assign}?order={NUMBER}"), clerk.get(PAGE)
    clerk.send(clerk.get(assign), assign, number=NUMBER, confirmed="1")
    page = clerk.send(asking, assign, number="TT-222222")
    assert "Or a colleague has just assigned, confirmed or settled it, or taken it off the list." in page.text
    assert (page.status, page.form(assign)["certain"]) == (422, "yes"), "It shows how it stands now."
    page = clerk.send(order, settle, outcome="not_meant", reason="It was Eve.")
    assert page.text.count("A colleague has changed it meanwhile, or the order has moved on.") == 2
    form = page.form(settle)
    assert (page.status, form["certain"], form["reason"]) == (422, "yes", "It was Eve.")
    assert "outcome" not in form, "That is to be thought over."
    assert kinds(api) == ["placed", "withdrawn", "withdrawn"]
    clerk.send(clerk.get(assign), assign, number="TT-222222")
    page = clerk.send(page, settle, outcome="not_meant")
    assert (page.status, str(page.answer.url).endswith(PAGE)) == (200, True)
    assert "A colleague has settled the withdrawal or assigned it to another order meanwhile" in page.text
    assert "withdrawal_settled" not in kinds(api)


def test_once_all_the_money_is_back_a_withdrawal_asks_for_nothing(clerk: Browser, api: FakeApi) -> None:
    api.orders.put()
    api.orders.pay(NUMBER)
    api.orders.ship(NUMBER)
    withdraw(clerk)
    api.orders.give_back(NUMBER, 1000)
    assert f"{PAGE}/withdrawals/wdr_0/settle" in clerk.get(PAGE).html
    api.orders.give_back(NUMBER, 7800)
    page = clerk.get(PAGE)
    assert "Anna Weber declared a withdrawal on" in page.text
    assert "The goods come back first" not in page.text
    assert ("bad", "Withdrawal") not in badges(page)
    assert "/withdrawals/wdr_0/assign" in page.html, "It may still mean another order."
    assert "/withdrawals/wdr_0/settle" not in page.html


def test_once_staff_have_cancelled_it_nothing_is_left_to_say_of_a_withdrawal(clerk: Browser, api: FakeApi) -> None:
    api.orders.put()
    withdraw(clerk)
    clerk.send(clerk.get(f"{PAGE}/cancel"), f"{PAGE}/cancel")
    page = clerk.get(PAGE)
    assert "Anna Weber declared a withdrawal on" in page.text
    assert f"{PAGE}/withdrawals/wdr_0/settle" not in page.html


def test_who_only_looks_settles_and_assigns_nothing(reader: Browser, api: FakeApi) -> None:
    api.orders.put()
    withdraw(reader)
    withdraw(reader, "the blue one")
    for page, deed in (
        (PAGE, f"{PAGE}/withdrawals/wdr_0/settle"),
        (UNMATCHED, f"{UNMATCHED}/wdr_1/assign"),
        (UNMATCHED, f"{UNMATCHED}/wdr_1/dismiss"),
    ):
        assert deed not in reader.get(page).html
        assert reader.post(deed, {}).status == 403
    assert kinds(api) == ["placed", "withdrawn"]


@pytest.mark.parametrize(("words", "all_of_it"), [("7K4M2P", True), ("TT-222222", False)])
def test_the_orders_own_number_is_no_part_however_it_is_typed_and_another_is_no_word_on_all_of_it(
    clerk: Browser, api: FakeApi, words: str, all_of_it: bool
) -> None:
    api.orders.put()
    api.orders.pay(NUMBER)
    withdraw(clerk, words)
    api.orders.assigned["wdr_0"] = NUMBER
    api.orders.withdrawals[0] = replace(api.orders.withdrawals[0], certain=True)
    assert ("Do not ship. Cancel the order, then what was paid goes back." in clerk.get(PAGE).text) is all_of_it


def test_nobody_is_told_to_refund_an_order_that_cost_nothing(clerk: Browser, api: FakeApi) -> None:
    api.orders.put(total=0)
    del api.orders.payments[NUMBER]
    api.orders.orders[NUMBER] = replace(api.orders.orders[NUMBER], state="confirmed", payment=None)
    withdraw(clerk, f"{NUMBER}, the oil")
    api.orders.assigned["wdr_0"] = NUMBER
    page = clerk.get(PAGE)
    assert "Do not ship yet. Read what they withdraw from, and cancel the order if it is all." in page.text
    assert "If it is meant, cancel the order: nothing has come in for it." in page.text
    assert "refund" not in page.text.lower()
    api.orders.ship(NUMBER)
    page = clerk.get(PAGE)
    assert "The goods come back. Nothing was paid for them." in page.text
    assert "refund what" not in page.text


def test_a_withdrawal_is_assigned_to_the_order_that_is_meant(clerk: Browser, api: FakeApi) -> None:
    api.orders.put()
    withdraw(clerk, "the blue one")
    assign = f"{UNMATCHED}/wdr_0/assign"
    for typed, said in (("blue", "Enter the order's number, such as TT-7K4M2P."), ("TT-222222", "is not one of ours")):
        page = clerk.send(clerk.get(UNMATCHED), assign, number=typed, cursor="old")
        assert (page.status, page.form(assign)["number"]) == (422, typed)
        assert said in page.text
        assert 'href="#number-wdr_0"' in page.html
    stale, page = clerk.get(UNMATCHED), clerk.send(clerk.get(UNMATCHED), assign, number="tt-7k4m2p")
    assert str(page.answer.url).endswith(PAGE)
    assert "The withdrawal belongs to this order of Anna Weber now." in page.text
    assert "Do not ship yet. Read what they withdraw from" in page.text, "Who knows which one is blue?"
    assert "Withdrawal assigned to this order" in page.text
    assert "There are none." in clerk.get(UNMATCHED).text
    api.orders.put("TT-222222")
    page = clerk.send(stale, assign, number="TT-222222")
    assert (page.status, page.form(assign)["number"]) == (422, "TT-222222")
    assert "Or a colleague has just assigned, confirmed or settled it, or taken it off the list." in page.text
    assert kinds(api) == ["placed", "withdrawn"]
    assert clerk.get(f"{UNMATCHED}/all/assign").status == 404


def test_a_withdrawal_is_moved_to_another_order_or_confirmed_from_its_orders_page(clerk: Browser, api: FakeApi) -> None:
    api.orders.put()
    api.orders.put("TT-222222")
    withdraw(clerk, email="anna@work.example")
    assign = f"{UNMATCHED}/wdr_0/assign"
    assert f'<a href="{assign}?order={NUMBER}">' in clerk.get(PAGE).html
    page = clerk.get(f"{assign}?order={NUMBER}")
    assert (page.form(assign)["number"], page.form(assign)["order"]) == (NUMBER, NUMBER)
    page = clerk.send(page, assign, number="TT-333333", confirmed="1")
    assert f'<a class="btn plain" href="{PAGE}">' in page.html
    assert page.form(assign)["confirmed"] == "1"
    page = clerk.send(page, assign, number=NUMBER)
    assert "not confirmed" not in page.text.partition("Timeline")[0]
    assert api.orders.withdrawals[0].certain is True
    page = clerk.send(clerk.get(f"{assign}?order={NUMBER}"), assign, number="TT-222222")
    assert str(page.answer.url).endswith("/TT-222222")
    assert "Withdrawal assigned to order TT-222222" in clerk.get(PAGE).text
    assert ("bad", "Withdrawal") not in badges(clerk.get(PAGE))


def test_what_is_assigned_is_shown_word_for_word_and_as_it_stands(clerk: Browser, api: FakeApi) -> None:
    api.orders.put()
    api.orders.put("TT-222222")
    withdraw(clerk, "the blue one", "bo@kunde.example")
    assign = f"{UNMATCHED}/wdr_0/assign"
    page = clerk.get(assign)
    assert "Name Anna Weber Order named the blue one E-mail bo@kunde.example" in page.text
    assert "With order none yet Settled not yet" in page.text
    assert '<a href="/office/orders?q=bo%40kunde.example">Orders with this e-mail address</a>' in page.html
    assert f'datetime="{api.orders.withdrawals[0].declared_at:%Y-%m-%dT%H:%M}' in page.html
    assert re.search("[0-9]\N{NO-BREAK SPACE}[A-Z][a-z]+\N{NO-BREAK SPACE}20[0-9]{2}, [0-9:]+</time>", page.html)
    clerk.send(page, assign, number=NUMBER)
    said = f"With order {NUMBER} not confirmed: another e-mail address than in the order Settled not yet"
    page = clerk.get(f"{assign}?order=TT-222222")
    assert said in page.text
    assert "It is no longer with order TT-222222: a colleague has assigned it meanwhile." in page.text
    stale = clerk.get(f"{assign}?order={NUMBER}")
    assert "no longer with" not in stale.text
    settle = f"{PAGE}/withdrawals/wdr_0/settle"
    clerk.send(clerk.get(PAGE), settle, reason="Bo meant another shop.", outcome="not_meant")
    for page, status in ((clerk.get(assign), 200), (clerk.send(stale, assign, number="TT-222222"), 422)):
        assert page.status == status
        assert "It is settled: nothing is left to do about it, and it stays with this order." in page.text
        assert f'action="{assign}"' not in page.html, "It could only be refused."
    assert clerk.get(f"{UNMATCHED}/wdr_9/assign").status == 404, "There is none of that name."


def test_a_withdrawal_that_belongs_to_no_order_leaves_the_list_with_a_reason(clerk: Browser, api: FakeApi) -> None:
    api.orders.put()
    withdraw(clerk, "the blue one")
    assign, dismiss = f"{UNMATCHED}/wdr_0/assign", f"{UNMATCHED}/wdr_0/dismiss"
    assert f'href="{assign}"' in clerk.get(UNMATCHED).html
    stale, page = clerk.get(assign), clerk.get(assign)
    for typed, said in (("", "Say why it belongs to no order."), ("x" * 501, "at most 500 characters")):
        page = clerk.send(page, dismiss, reason=typed)
        assert (page.status, page.form(dismiss)["reason"]) == (422, typed)
        assert said in page.text
        assert 'href="#reason-wdr_0"' in page.html
    page = clerk.send(page, dismiss, reason="Another shop's.")
    assert str(page.answer.url).endswith(UNMATCHED)
    assert "The withdrawal is off the list: it belongs to no order." in page.text
    assert "There are none." in page.text
    late = clerk.send(stale, dismiss, reason="Twice."), clerk.send(stale, assign, number=NUMBER)
    for page in late:
        assert page.status == 422
        assert "taken it off the list. Nothing was changed." in page.text
        assert "that it belongs to no order: Another shop's." in page.text
        assert f'action="{dismiss}"' not in page.html, "It could only be refused."
    assert str(clerk.get(dismiss).answer.url).endswith(assign)
    clerk.send(clerk.get(assign), assign, number=NUMBER)
    assert kinds(api) == ["placed", "withdrawn"], "It means an order after all."


def test_withdrawals_that_name_no_order_are_told_above_the_orders_and_listed(clerk: Browser, api: FakeApi) -> None:
    api.orders.put()
    page = clerk.get("/office/orders")
    assert "named no order" not in page.text
    assert '<a href="/office/withdrawals">Withdrawals without an order</a>' in page.html, "Old ones are found as well."
    assert "There are none." in clerk.get("/office/withdrawals").text
    withdraw(clerk, "the blue one", "bo@kunde.example")
    page = clerk.get("/office/orders")
    assert "In the last 30 days 1 withdrawal named no order that we know. Find out what is meant" in page.text
    assert '<a href="/office/withdrawals">' in page.html
    page = clerk.get("/office/withdrawals")
    assert page.html.count('href="/office/orders" aria-current="page"') == 2, "Both menus say where it is."
    assert page.title.startswith("Withdrawals without an order")
    assert re.search("Anna Weber bo@kunde.example .*the blue one bo@kunde.example", page.text)
    assert '<a href="/office/orders?q=bo%40kunde.example">' in page.html, "Perhaps that customer has an order."
    for n in range(25):
        api.orders.withdrawals.append(replace(api.orders.withdrawals[0], order_number=f"no {n}"))
    first = clerk.get("/office/withdrawals")
    assert "1 to 24 of 26" in first.text
    assert "25 to 26 of 26" in clerk.get("/office/withdrawals?cursor=c24&start=24").text
    api.next_problem = (400, "invalid_request", {"errors": [{"field": "cursor", "message": "no"}]})
    assert clerk.get("/office/withdrawals?cursor=old").answer.url.query == b""


def test_invoices_are_pdfs(clerk: Browser, api: FakeApi) -> None:
    api.orders.put()
    api.orders.pay(NUMBER)
    link = re.search(r'<a href="([^"]+)" hx-boost="false">Invoice 2026-004117</a>', clerk.get(PAGE).html)
    assert link
    answer = clerk.get(link[1]).answer
    assert answer.content == PDF
    assert answer.headers["content-disposition"] == 'inline; filename="2026-004117.pdf"'


@pytest.mark.parametrize("path", ["/office/orders/TT-000000", "/office/orders/x", "/office/orders/TT-000000/ship"])
def test_an_order_that_is_none_is_not_found(clerk: Browser, path: str) -> None:
    assert clerk.get(path).status == 404


def test_deeds_take_a_form_of_ours(clerk: Browser, api: FakeApi) -> None:
    api.orders.put()
    api.orders.pay(NUMBER)
    fields = clerk.get(f"{PAGE}/ship").form(f"{PAGE}/ship")
    for deed in ("ship", "pay", "cancel", "refund", "refund/confirm", "notes"):
        assert clerk.post(f"{PAGE}/{deed}", fields, Sec_Fetch_Site="cross-site").status == 403
        assert clerk.post(f"{PAGE}/{deed}", {**fields, "token": "x.y"}).status == 403
    assert kinds(api) == ["placed", "paid"]


@pytest.mark.parametrize("deed", ["notes", "refund/confirm"])
def test_a_reload_without_the_form_leads_back(clerk: Browser, api: FakeApi, deed: str) -> None:
    assert clerk.get(f"{PAGE}/{deed}", follow=False).status == 303


def test_a_right_that_was_taken_away_is_named(clerk: Browser, api: FakeApi) -> None:
    api.orders.put()
    api.next_problem = (403, "forbidden", {})
    page = clerk.get("/office/orders")
    assert page.status == 403
    assert "orders:read" in page.text


@pytest.mark.parametrize(("deed", "right"), [("pay", "payments:write"), ("cancel", "orders:write")])
def test_a_right_that_was_taken_away_meanwhile_is_the_one_that_the_deed_takes(
    clerk: Browser, api: FakeApi, deed: str, right: str
) -> None:
    api.orders.put()
    asking = clerk.get(f"{PAGE}/{deed}")
    api.next_problem = (403, "forbidden", {})
    page = clerk.send(asking, f"{PAGE}/{deed}")
    assert page.status == 403
    assert f"lacks the right {right}." in page.text


def test_the_page_speaks_german(clerk: Browser, api: FakeApi) -> None:
    api.orders.put(provider="sandbox", state="unknown")
    ask_at(api, datetime(2026, 11, 24, 15, 5, tzinfo=UTC))
    page = clerk.get(PAGE, Accept_Language="de")
    assert "Unklar, nächste Frage um 16:05." in page.text
    assert "88,00 €" in page.text
