import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.web.conftest import Browser
from tests.web.fake_api import FakeApi


def test_set_in_the_list_leads_back_to_the_list_with_an_undo(staff: Browser, api: FakeApi) -> None:
    mug = api.put("Mug", 64)
    page = staff.send(staff.get("/office/stock?q=mug"), f"/office/stock/{mug.id}", quantity="70")
    assert str(page.answer.url).endswith(f"/office/stock?q=mug&item={mug.id}")
    assert "“Mug” is saved, with 70 on hand." in page.text
    page = staff.send(page, f"/office/stock/{mug.id}/undo")
    assert "Undone. “Mug” has 64 on hand again." in page.text
    assert mug.quantity == 64


def test_saving_sends_the_version_that_the_page_showed(staff: Browser, api: FakeApi) -> None:
    mug = api.put("Mug", 64)
    staff.send(staff.get(f"/office/stock/{mug.id}"), f"/office/stock/{mug.id}", "data-save", name="Cup")
    put = next(call for call in api.calls if call.method == "PUT")
    assert put.headers["if-match"] == '"v1"'
    assert (mug.name, mug.quantity) == ("Cup", 64)


def test_an_edit_conflict_shows_only_what_differs_and_saves_the_choice(staff: Browser, api: FakeApi) -> None:
    mug = api.put("Mug", 64)
    page = staff.get(f"/office/stock/{mug.id}")
    api.move(mug, -4, "write_off", "broken", actor="Jonas Okafor")
    page = staff.send(page, f"/office/stock/{mug.id}", "data-save", quantity="70")
    assert page.status == 412
    assert re.search(r"Jonas Okafor changed this item at \d\d:\d\d ", page.text)
    assert page.title.startswith("Error: Jonas Okafor")
    assert "60 saved 70 yours" in page.text
    assert 'type="radio" name="name"' not in page.html
    assert mug.quantity == 60
    chosen = page.form(f"/office/stock/{mug.id}")
    assert chosen["quantity"] == "70", "Yours is chosen where you changed it."
    page = staff.post(f"/office/stock/{mug.id}", {**chosen, "quantity": "60"})
    assert "“Mug” is saved, with 60 on hand." in page.text


def test_a_conflict_in_both_fields_is_decided_one_by_one(staff: Browser, api: FakeApi) -> None:
    mug = api.put("Mug", 64)
    page = staff.get(f"/office/stock/{mug.id}")
    mug.name = "Mug, blue"
    api.move(mug, 1, "receive")
    page = staff.send(page, f"/office/stock/{mug.id}", "data-save", name="Becher")
    assert page.status == 412
    chosen = page.form(f"/office/stock/{mug.id}")
    assert (chosen["name"], chosen["quantity"]) == ("Becher", "65"), "Theirs is chosen where you changed nothing."
    staff.post(f"/office/stock/{mug.id}", chosen)
    assert (mug.name, mug.quantity) == ("Becher", 65)


def test_a_second_conflict_asks_again(staff: Browser, api: FakeApi) -> None:
    mug = api.put("Mug", 64)
    page = staff.get(f"/office/stock/{mug.id}")
    api.move(mug, 1, "receive")
    page = staff.send(page, f"/office/stock/{mug.id}", "data-save", quantity="70")
    api.move(mug, 1, "receive")
    page = staff.send(page, f"/office/stock/{mug.id}")
    assert page.status == 412
    assert "66 saved 70 yours" in page.text


def test_saving_twice_is_no_conflict_with_oneself(staff: Browser, api: FakeApi) -> None:
    mug = api.put("Mug", 64)
    page = staff.get(f"/office/stock/{mug.id}")
    staff.send(page, f"/office/stock/{mug.id}", "data-save", quantity="70")
    again = staff.send(page, f"/office/stock/{mug.id}", "data-save", quantity="70")
    assert again.status == 200
    assert "“Mug” is saved, with 70 on hand." in again.text


def test_reserved_stock_says_how_many_and_the_least_possible(staff: Browser, api: FakeApi) -> None:
    mug = api.put("Mug", 64, reserved=6)
    page = staff.send(staff.get("/office/stock"), f"/office/stock/{mug.id}", quantity="5")
    assert page.status == 422
    assert page.text.count("6 units are reserved for open orders. The least possible is 6.") == 2
    assert page.form(f"/office/stock/{mug.id}", "data-save")["quantity"] == "5"


def test_a_taken_name_is_said_at_the_name(staff: Browser, api: FakeApi) -> None:
    mug = api.put("Mug", 64)
    api.put("Jug", 1)
    page = staff.send(staff.get(f"/office/stock/{mug.id}"), f"/office/stock/{mug.id}", "data-save", name="Jug")
    assert '<span class="error" id="name-error">Another item already has this name.</span>' in page.html
    assert page.form(f"/office/stock/{mug.id}", "data-save")["name"] == "Jug"


@pytest.mark.parametrize(
    ("reason", "units", "left"),
    [("receive", "4", 68), ("return", "+1", 65), ("write_off", "4", 60), ("correct", "-3", 61), ("correct", "−3", 61)],
)
def test_a_movement_is_recorded_with_its_reason(
    staff: Browser, api: FakeApi, reason: str, units: str, left: int
) -> None:
    mug = api.put("Mug", 64)
    page = staff.get(f"/office/stock/{mug.id}")
    page = staff.send(page, f"/office/stock/{mug.id}/movements", reason=reason, units=units, reference="LS-1")
    assert "of “Mug” recorded." in page.text
    assert mug.quantity == left
    assert (mug.movements[0]["reason"], mug.movements[0]["reference"]) == (reason, "LS-1")
    assert f"Sum of movements {left} = on hand {left}" in page.text


@pytest.mark.parametrize(("reason", "units"), [("receive", "0"), ("receive", "-3"), ("return", "-1"), ("correct", "x")])
def test_units_that_make_no_sense_are_said_at_the_field(staff: Browser, api: FakeApi, reason: str, units: str) -> None:
    mug = api.put("Mug", 64)
    page = staff.get(f"/office/stock/{mug.id}")
    page = staff.send(page, f"/office/stock/{mug.id}/movements", reason=reason, units=units, reference="LS-1")
    assert page.status == 422
    assert 'id="units-error"' in page.html
    sent = page.form(f"/office/stock/{mug.id}/movements")
    assert (sent["reason"], sent["units"], sent["reference"]) == (reason, units, "LS-1")
    assert mug.quantity == 64


def test_a_movement_below_what_is_reserved_says_so_at_the_units(staff: Browser, api: FakeApi) -> None:
    mug = api.put("Mug", 64, reserved=6)
    page = staff.get(f"/office/stock/{mug.id}")
    page = staff.send(page, f"/office/stock/{mug.id}/movements", reason="write_off", units="60")
    assert 'id="units-error">6 units are reserved' in page.html


def test_a_movement_counts_once_however_often_it_is_sent(staff: Browser, api: FakeApi) -> None:
    mug = api.put("Mug", 64)
    page = staff.get(f"/office/stock/{mug.id}")
    for _ in range(3):
        staff.send(page, f"/office/stock/{mug.id}/movements", units="4")
    assert mug.quantity == 68


def test_the_whole_ledger_can_be_turned_over(staff: Browser, api: FakeApi) -> None:
    mug = api.put("Mug", 1)
    for n in range(30):
        api.move(mug, 1, "receive", f"LS-{n}")
    page = staff.get(f"/office/stock/{mug.id}")
    assert "LS-29" in page.text
    assert "LS-0 " not in page.text
    assert "Opening stock" in staff.get(f"/office/stock/{mug.id}?cursor=c24").text


def test_deleting_names_the_item_and_what_is_written_off(staff: Browser, api: FakeApi) -> None:
    mug = api.put("Mug", 5)
    page = staff.get(f"/office/stock/{mug.id}/delete")
    assert "Delete “Mug”" in page.text
    assert "5 units will be written off." in page.text
    page = staff.send(page, f"/office/stock/{mug.id}/delete")
    assert "“Mug” is deleted, 5 units written off." in page.text
    assert not api.items


def test_an_item_that_changed_is_not_deleted_unseen(staff: Browser, api: FakeApi) -> None:
    mug = api.put("Mug", 5)
    page = staff.get(f"/office/stock/{mug.id}/delete")
    api.move(mug, 95, "receive")
    page = staff.send(page, f"/office/stock/{mug.id}/delete")
    assert page.status == 412
    assert "The item was changed meanwhile." in page.text
    assert "100 units will be written off." in page.text
    assert mug.id in api.items


def test_reserved_units_keep_an_item_from_being_deleted(staff: Browser, api: FakeApi) -> None:
    mug = api.put("Mug", 5)
    page = staff.get(f"/office/stock/{mug.id}/delete")
    mug.reserved = 2
    assert staff.send(page, f"/office/stock/{mug.id}/delete").status == 409
    page = staff.get(f"/office/stock/{mug.id}/delete")
    assert "2 units are reserved for open orders." in page.text
    assert f'action="/office/stock/{mug.id}/delete"' not in page.html


def test_deleting_twice_says_that_it_is_gone(staff: Browser, api: FakeApi) -> None:
    mug = api.put("Mug", 5)
    page = staff.get(f"/office/stock/{mug.id}/delete")
    staff.send(page, f"/office/stock/{mug.id}/delete")
    assert "That item is no longer on the list." in staff.send(page, f"/office/stock/{mug.id}/delete").text


@pytest.mark.parametrize("item", ["0", "01", "+1", "1_0", "%D9%A3", "1e3", "9" * 20, "9223372036854775808", "x", "77"])
def test_what_is_no_items_id_is_not_on_the_shelf(staff: Browser, item: str) -> None:
    for path in (f"/office/stock/{item}", f"/office/stock/{item}/delete"):
        page = staff.get(path)
        assert page.status == 404
        assert page.title.startswith("This page is not on the shelf")


@pytest.mark.parametrize("path", ["movements", "undo"])
def test_reloading_a_form_that_was_sent_lands_on_the_item(staff: Browser, api: FakeApi, path: str) -> None:
    mug = api.put("Mug", 5)
    assert staff.get(f"/office/stock/{mug.id}/{path}").title.startswith("Mug")


def test_a_movement_of_an_item_that_was_just_deleted_is_not_on_the_shelf(staff: Browser, api: FakeApi) -> None:
    mug = api.put("Mug", 64)
    page = staff.get(f"/office/stock/{mug.id}")
    del api.items[mug.id]
    assert staff.send(page, f"/office/stock/{mug.id}/movements", units="4").status == 404


def test_a_conflict_with_a_change_of_another_day_says_day_and_time(staff: Browser, api: FakeApi) -> None:
    mug = api.put("Mug", 64)
    page = staff.get(f"/office/stock/{mug.id}")
    movement = api.move(mug, -4, "write_off", actor="Jonas Okafor")
    at = datetime.now(UTC) - timedelta(days=2)
    movement["at"] = at.isoformat()
    page = staff.send(page, f"/office/stock/{mug.id}", "data-save", quantity="70")
    assert re.search(rf"changed this item at {at.day} \w+, {at:%H:%M} ", page.text)


@pytest.mark.parametrize("path", ["/office/stock", "/office/stock/1"])
def test_a_reservation_meanwhile_is_no_conflict(staff: Browser, api: FakeApi, path: str) -> None:
    mug = api.put("Mug", 64)
    page = staff.get(path)
    mug.reserved, mug.version = 6, mug.version + 1
    page = staff.send(page, "/office/stock/1", quantity="70")
    assert page.status == 200
    assert "“Mug” is saved, with 70 on hand." in page.text
    assert mug.quantity == 70


def test_a_reservation_of_more_than_what_is_set_is_said_at_the_field(staff: Browser, api: FakeApi) -> None:
    mug = api.put("Mug", 64)
    page = staff.get("/office/stock/1")
    mug.reserved, mug.version = 6, mug.version + 1
    page = staff.send(page, "/office/stock/1", "data-save", quantity="5")
    assert page.status == 422
    assert "The least possible is 6." in page.text


def test_the_ledgers_say_once_that_times_are_utc(staff: Browser, api: FakeApi) -> None:
    api.put("Mug", 3)
    for path in ("/office/stock", "/office/stock/1"):
        assert staff.get(path).text.count("UTC") == 1


def test_who_may_only_look_gets_no_page_that_deletes(browser: Browser, api: FakeApi) -> None:
    mug = api.put("Mug", 3)
    browser.sign_in("viewer@shop.example")
    page = browser.get(f"/office/stock/{mug.id}/delete")
    assert page.status == 403
    assert "You may not do this" in page.text
