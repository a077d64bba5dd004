import re

import pytest

from tests.web.conftest import Browser
from tests.web.fake_api import FakeApi

HOSTILE_NAMES = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onfocus=alert(1) autofocus='",
    "{{ 7 * 7 }}{% raw %}",
    "%(name)s %s 100 %",
    "javascript:alert(1)",
    "a/../../b?c#d&e=f",
    "Ünïcödé 🫖 نص ",
]


def test_the_list_shows_what_is_reserved_available_and_on_hand(staff: Browser, api: FakeApi) -> None:
    api.put("Mug", 64, reserved=6)
    page = staff.get("/office/stock")
    assert page.title == "Stock | Ton & Tinte"
    assert [call.url.path for call in api.calls].count("/v1/shop") == 1, "Its name is asked for once."
    assert re.search(r"ITEM-1 6 reserved, 58 available 6 58", page.text)
    assert page.form("/office/stock/1")["quantity"] == "64"


def test_every_state_has_a_word_and_a_shape(staff: Browser, api: FakeApi) -> None:
    api.put("Low", 7, reserved=2)
    api.put("Out", 0)
    api.put("Held", 3, reserved=3)
    api.put("New", 50, state="draft")
    page = staff.get("/office/stock")
    for look, word in [
        ("warn half", "Low"),
        ("bad", "Sold out"),
        ("bad half", "All reserved"),
        ("draft", "Draft"),
    ]:
        assert page.html.count(f'<span class="badge {look}">{word}</span>') == 1


def test_views_have_counts_and_the_filter_keeps_the_view(staff: Browser, api: FakeApi) -> None:
    api.put("Red mug", 3)
    api.put("Blue mug", 2)
    api.put("Jug", 40)
    page = staff.get("/office/stock?view=low&q=red")
    assert "All 3 Low 2 Sold out 0 Drafts 0" in page.text
    assert "Red mug" in page.text
    assert "Blue mug" not in page.text
    assert '<input type="hidden" name="view" value="low">' in page.html


def test_pages_follow_each_other_by_the_apis_cursor(staff: Browser, api: FakeApi) -> None:
    for n in range(30):
        api.put(f"Mug {n}", 10)
    first = staff.get("/office/stock")
    assert "1 to 24 of 30" in first.text
    onward = re.search(r'href="([^"]*cursor=[^"]*)">Next 6<', first.html)
    assert onward
    second = staff.get(onward[1].replace("&amp;", "&"))
    assert "25 to 30 of 30" in second.text
    assert "Next" not in second.text
    assert "To the start" in second.text


def test_a_cursor_of_another_age_leads_to_the_start(staff: Browser, api: FakeApi) -> None:
    api.next_problem = (400, "invalid_request", {"errors": [{"field": "cursor", "message": "no"}]})
    page = staff.get("/office/stock?cursor=old")
    assert page.status == 200
    assert page.answer.url.query == b""


def test_the_ledger_is_the_chosen_items_and_ends_with_its_proof(staff: Browser, api: FakeApi) -> None:
    jug = api.put("Jug", 49)
    api.put("Mug", 3)
    api.move(jug, 24, "receive", "delivery LS-2291")
    api.move(jug, -9, "sell", "TT-7K4M2", actor="")
    page = staff.get(f"/office/stock?item={jug.id}")
    ledger = page.text[page.text.index("Movements Times are UTC. All 3") :]
    assert "+24 Received Mara Lindt, delivery LS-2291" in ledger
    assert "−9 Sold TT-7K4M2" in ledger
    assert "Sum of movements 64 = on hand 64" in ledger
    assert re.search(r'<time [^>]*datetime="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ" title="[^"]* UTC"', page.html)
    assert "Sum of movements 3 = on hand 3" in staff.get("/office/stock").text


def test_an_item_that_is_chosen_but_not_on_this_page_is_still_shown(staff: Browser, api: FakeApi) -> None:
    old = api.put("Old", 7)
    for n in range(30):
        api.put(f"Mug {n}", 10)
    assert "Sum of movements 7 = on hand 7" in staff.get(f"/office/stock?item={old.id}").text


def test_a_known_name_adds_and_a_new_one_makes_a_draft(staff: Browser, api: FakeApi) -> None:
    mug = api.put("Mug", 40)
    page = staff.send(staff.get("/office/stock"), "/office/stock", name="Mug", quantity="24")
    assert "24 units of “Mug” received." in page.text
    assert mug.quantity == 64
    page = staff.send(page, "/office/stock", name="Jug", quantity="1")
    assert "“Jug” is new: a draft with 1 unit." in page.text
    assert "received" not in staff.get("/office/stock").text, "The note is said once."


def test_adding_can_be_undone(staff: Browser, api: FakeApi) -> None:
    mug = api.put("Mug", 40)
    page = staff.send(staff.get("/office/stock"), "/office/stock", name="Mug", quantity="24")
    page = staff.send(page, f"/office/stock/{mug.id}/undo")
    assert "Undone. “Mug” has 40 on hand again." in page.text
    assert mug.quantity == 40
    page = staff.send(page, "/office/stock", name="Jug", quantity="5")
    page = staff.send(page, "/office/stock/2/undo")
    assert "Undone. “Jug” is off the list again." in page.text
    assert len(api.items) == 1


def test_an_undo_that_comes_too_late_changes_nothing(staff: Browser, api: FakeApi) -> None:
    mug = api.put("Mug", 40)
    page = staff.send(staff.get("/office/stock"), "/office/stock", name="Mug", quantity="24")
    api.move(mug, -4, "sell")
    page = staff.send(page, f"/office/stock/{mug.id}/undo")
    assert "“Mug” was changed meanwhile, so nothing was undone." in page.text
    assert mug.quantity == 60


def test_a_double_click_and_a_back_button_add_once(staff: Browser, api: FakeApi) -> None:
    mug = api.put("Mug", 40)
    page = staff.get("/office/stock")
    for _ in range(3):
        staff.send(page, "/office/stock", name="Mug", quantity="24")
    assert mug.quantity == 64


@pytest.mark.parametrize(
    ("name", "quantity", "words", "field"),
    [
        ("", "1", "The item needs a name.", "name"),
        ("   ", "1", "The item needs a name.", "name"),
        ("x" * 201, "1", "A name has at most 200 characters.", "name"),
        ("Mug", "", "A quantity is a whole number from 0 to 1,000,000.", "quantity"),
        ("Mug", "-1", "A quantity is a whole number from 0 to 1,000,000.", "quantity"),
        ("Mug", "1.5", "A quantity is a whole number from 0 to 1,000,000.", "quantity"),
        ("Mug", "1_0", "A quantity is a whole number from 0 to 1,000,000.", "quantity"),
        ("Mug", "٣", "A quantity is a whole number from 0 to 1,000,000.", "quantity"),
        ("Mug", "1000001", "A quantity is a whole number from 0 to 1,000,000.", "quantity"),
    ],
)
def test_what_is_wrong_is_said_on_top_at_the_field_and_in_the_title_and_nothing_typed_is_lost(
    staff: Browser, api: FakeApi, name: str, quantity: str, words: str, field: str
) -> None:
    page = staff.send(staff.get("/office/stock"), "/office/stock", name=name, quantity=quantity)
    assert page.status == 422
    assert page.title.startswith("Error:")
    assert f'<a href="#{field}" hx-boost="false">{words}</a>' in page.html
    assert f'<span class="error" id="{field}-error">{words}</span>' in page.html
    assert re.search(rf'id="{field}"[^>]*aria-invalid="true"[^>]*aria-describedby="{field}-error"', page.html)
    sent = page.form("/office/stock")
    assert (sent["name"], sent["quantity"]) == (name, quantity)
    assert not api.items


def test_a_sum_that_is_too_large_is_said_at_the_quantity(staff: Browser, api: FakeApi) -> None:
    api.put("Mug", 999_999)
    page = staff.send(staff.get("/office/stock"), "/office/stock", name="Mug", quantity="2")
    assert "That would make more than 1,000,000 units" in page.text


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_hostile_name_is_shown_as_it_is_written_and_does_nothing(staff: Browser, api: FakeApi, name: str) -> None:
    page = staff.send(staff.get("/office/stock"), "/office/stock", name=name, quantity="1")
    assert page.status == 200
    assert name.strip() in page.text
    for path in ("/office/stock/1", "/office/stock/1/delete", "/office/stock"):
        page = staff.get(path)
        assert "<img src=x" not in page.html
        assert "<script>alert" not in page.html
        assert "onfocus=alert(1) autofocus='" not in re.sub(r'"[^"]*"|>[^<]*<', "", page.html)


@pytest.mark.parametrize(
    "query", ["?q=%ff", "?q=%00", "?view=nonsense", "?start=-1", "?item=%D9%A3", "?x=1&x=2", "?q=" + "a" * 5000]
)
def test_a_query_that_makes_no_sense_gets_a_page(staff: Browser, api: FakeApi, query: str) -> None:
    api.put("Mug", 3)
    assert staff.get(f"/office/stock{query}").status == 200


def test_who_may_only_look_sees_no_form_that_would_be_refused(browser: Browser, api: FakeApi) -> None:
    api.put("Mug", 3)
    browser.sign_in("viewer@shop.example")
    for path in ("/office/stock", "/office/stock/1"):
        page = browser.get(path)
        assert "Mug" in page.text
        assert not [form for form in re.findall(r'<form method="post" action="([^"]*)"', page.html) if "stock" in form]
        assert not re.search(r'href="[^"]*/delete"', page.html)
        assert 'name="quantity"' not in page.html


def test_an_empty_shelf_says_so_and_shows_one_way_on(staff: Browser, api: FakeApi) -> None:
    assert "The shelves are empty. Add the first item" in staff.get("/office/stock").text
    api.put("Mug", 3)
    assert "No item matches. Show all items" in staff.get("/office/stock?q=jug").text


@pytest.mark.parametrize(("items", "words"), [(25, "Next one"), (30, "Next 6"), (48, "Next 24"), (60, "Next 24")])
def test_the_pager_says_how_many_come_next(staff: Browser, api: FakeApi, items: int, words: str) -> None:
    for n in range(items):
        api.put(f"Mug {n}", 10)
    assert re.search(rf'href="[^"]*cursor=[^"]*">{words}<', staff.get("/office/stock").html)


def test_who_may_only_look_reads_numbers_as_the_language_writes_them(browser: Browser, api: FakeApi) -> None:
    api.put("Mug", 12_345)
    browser.sign_in("viewer@shop.example")
    assert '<td class="r">12,345</td></tr>' in browser.get("/office/stock").html
