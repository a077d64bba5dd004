"""A clerk's day, with scripts and without."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests import factories
from tests.browser.conftest import Visitor, go_back, sign_in
from tests.browser.serving import OWNER, VIEWER, RunningShop

BOTH = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])


@BOTH
def test_signing_in_says_what_is_wrong_and_then_leads_to_where_one_wanted(
    shop: RunningShop, visitor: Visitor, scripts: bool
) -> None:
    item = shop.add(f"Vase {scripts}", 3)
    page = visitor(shop, scripts=scripts)
    page.goto(f"/office/stock/{item}")
    page.get_by_label("E-mail").fill(OWNER)
    page.get_by_label("Password").fill("wrong password")
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_title(re.compile(r"^Error: Sign in \| "))
    expect(page.locator("#errors")).to_be_focused()
    expect(page.get_by_label("E-mail")).to_have_value(OWNER)
    page.get_by_label("Password").fill(factories.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_title(re.compile(rf"^Vase {scripts} \| "))
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status")).to_have_text("You are signed out.")


@BOTH
def test_a_clerk_adds_sets_undoes_renames_moves_and_deletes(shop: RunningShop, visitor: Visitor, scripts: bool) -> None:
    name = f"Lamp {scripts}"
    page = visitor(shop, scripts=scripts)
    sign_in(page)
    page.get_by_label("Item name").fill(name)
    page.get_by_label("Quantity", exact=True).fill("5")
    page.get_by_role("button", name="Add to stock").click()
    expect(page.get_by_role("status")).to_contain_text(f"“{name}” is new: a draft with 5 units.")
    page.get_by_label(f"On hand: {name}").fill("8")
    page.get_by_role("button", name=f"Set the quantity of {name}").click()
    expect(page.get_by_role("status")).to_contain_text(f"“{name}” is saved, with 8 on hand.")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_contain_text("has 5 on hand again")
    expect(page.locator("#movements")).to_contain_text("Sum of movements 5 = on hand 5")

    page.locator("#movements").get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    page.get_by_role("textbox", name="Name").fill(f"{name}, blue")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{name}, blue")
    page.get_by_label("Reason").select_option("write_off")
    page.get_by_label("Units").fill("2")
    page.get_by_label("Reference").fill("broken in transit")
    page.get_by_role("button", name="Record").click()
    expect(page.get_by_role("status")).to_have_text(f"−2 of “{name}, blue” recorded.")
    expect(page.locator("#movements")).to_contain_text("Mara Lindt, broken in transit")
    expect(page.locator("#movements")).to_contain_text("Sum of movements 3 = on hand 3")

    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete and write off 3 units").click()
    expect(page.get_by_role("status")).to_have_text(f"“{name}, blue” is deleted, 3 units written off.")
    expect(page.get_by_role("table")).not_to_contain_text(name)


@BOTH
def test_two_clerks_at_one_item_decide_together(shop: RunningShop, visitor: Visitor, scripts: bool) -> None:
    item = shop.add(f"Bowl {scripts}", 64)
    mine, theirs = visitor(shop, scripts=scripts), visitor(shop)
    for page in (mine, theirs):
        sign_in(page)
        page.goto(f"/office/stock/{item}")
    theirs.get_by_label("On hand").fill("60")
    theirs.get_by_role("button", name="Save").click()
    expect(theirs.get_by_role("status")).to_contain_text("with 60 on hand")
    mine.get_by_label("On hand").fill("70")
    mine.get_by_role("button", name="Save").click()
    expect(mine.get_by_role("heading", level=1)).to_have_text(re.compile(r"Mara Lindt changed this item at \d\d:\d\d"))
    expect(mine).to_have_title(re.compile(r"^Error: Mara Lindt"))
    expect(mine.get_by_role("radio")).to_have_count(2)
    expect(mine.get_by_role("radio", name="70 yours")).to_be_checked()
    mine.get_by_role("radio", name="60 saved").check()
    mine.get_by_role("button", name="Save together").click()
    expect(mine.get_by_role("status")).to_contain_text("with 60 on hand")


@BOTH
def test_reserved_stock_says_what_is_the_least(shop: RunningShop, visitor: Visitor, scripts: bool) -> None:
    item = shop.add(f"Soap {scripts}", 9, reserved=6)
    page = visitor(shop, scripts=scripts)
    sign_in(page)
    page.goto(f"/office/stock?item={item}")
    page.get_by_label(f"On hand: Soap {scripts}").fill("5")
    page.get_by_role("button", name=f"Set the quantity of Soap {scripts}").click()
    expect(page.locator("#errors")).to_be_focused()
    expect(page.locator("#errors")).to_contain_text("6 units are reserved for open orders. The least possible is 6.")
    page.get_by_role("link", name="6 units are reserved").click()
    expect(page.get_by_label("On hand")).to_be_focused()
    expect(page.get_by_label("On hand")).to_have_value("5")


def test_a_double_click_adds_once(shop: RunningShop, visitor: Visitor) -> None:
    shop.add("Kettle", 10)
    page = visitor(shop)
    sign_in(page)
    page.get_by_label("Item name").fill("Kettle")
    page.get_by_label("Quantity", exact=True).fill("3")
    page.get_by_role("button", name="Add to stock").dblclick()
    expect(page.get_by_role("status")).to_contain_text("3 units of “Kettle” received.")
    page.goto("/office/stock?q=Kettle")
    expect(page.get_by_label("On hand: Kettle")).to_have_value("13")


def test_choosing_an_item_shows_its_ledger_and_keeps_place_and_focus(shop: RunningShop, visitor: Visitor) -> None:
    for n in range(20):
        shop.add(f"Jar {n}", n + 1)
    page = visitor(shop)
    sign_in(page)
    page.goto("/office/stock?q=Jar")
    name = page.get_by_role("link", name="Jar 2", exact=True)
    name.scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    name.click()
    expect(page.locator("#movements")).to_contain_text("Sum of movements 3 = on hand 3")
    expect(page).to_have_url(re.compile(r"item=\d+"))
    assert page.evaluate("scrollY") == before
    expect(page.get_by_role("link", name="Jar 2", exact=True).first).to_be_focused()


def test_going_back_shows_the_page_as_it_is_now(shop: RunningShop, visitor: Visitor) -> None:
    item = shop.add("Clock", 4)
    page = visitor(shop)
    sign_in(page)
    page.goto(f"/office/stock?q=Clock&item={item}")
    page.locator("#movements").get_by_role("link", name="Clock").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Clock")
    page.get_by_label("On hand").fill("6")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("with 6 on hand")
    go_back(page)
    go_back(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Stock")
    expect(page.get_by_label("On hand: Clock")).to_have_value("6")


def test_who_may_only_look_sees_nothing_to_press(shop: RunningShop, visitor: Visitor) -> None:
    shop.add("Shelf", 2)
    page = visitor(shop)
    sign_in(page, VIEWER)
    expect(page.get_by_role("cell", name="2", exact=True).first).to_be_visible()
    expect(page.get_by_role("button", name="Set")).to_have_count(0)
    expect(page.get_by_role("link", name="Delete")).to_have_count(0)
    expect(page.get_by_label("Item name")).to_have_count(0)


@BOTH
def test_a_classroom_needs_no_signing_in(open_shop: RunningShop, visitor: Visitor, scripts: bool) -> None:
    name = f"Chalk {scripts}"
    page = visitor(open_shop, scripts=scripts)
    page.goto("/office")
    page.get_by_label("Item name").fill(name)
    page.get_by_role("button", name="Add to stock").click()
    expect(page.get_by_role("status")).to_contain_text(f"“{name}” is new")
    page.get_by_label(f"On hand: {name}").fill("30")
    page.get_by_role("button", name=f"Set the quantity of {name}").click()
    expect(page.get_by_role("status")).to_contain_text("with 30 on hand")
    page.get_by_role("link", name=f"Delete {name}").click()
    page.get_by_role("button", name="Delete and write off 30 units").click()
    expect(page.get_by_role("status")).to_contain_text("is deleted")
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()


def test_a_script_in_a_name_is_text_and_a_script_in_a_page_does_not_run(shop: RunningShop, visitor: Visitor) -> None:
    name = "<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>"
    item = shop.add(name, 1)
    page = visitor(shop)
    sign_in(page)
    for path in (f"/office/stock?item={item}", f"/office/stock/{item}", f"/office/stock/{item}/delete"):
        page.goto(path)
        expect(page.get_by_text(name).first).to_be_visible()
        expect(page).not_to_have_title("run")


def test_language_and_theme_change_the_frame_too(shop: RunningShop, visitor: Visitor) -> None:
    page = visitor(shop)
    sign_in(page)
    page.get_by_role("button", name="Deutsch").click()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.get_by_role("heading", level=1)).to_have_text("Bestand")
    page.get_by_role("button", name="Darstellung").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.get_by_role("button", name="Darstellung").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(16, 19, 31)"


def test_a_script_that_gets_into_a_page_does_not_run(shop: RunningShop, chromium: Browser) -> None:
    page = chromium.new_context(base_url=shop.url).new_page()
    page.goto("/office/sign-in")
    broken = page.evaluate(
        """() => new Promise((resolve) => {
            addEventListener("securitypolicyviolation", (event) => resolve(event.violatedDirective));
            const script = document.createElement("script");
            script.textContent = "window.ran = true";
            document.body.append(script);
        })"""
    )
    assert broken == "script-src-elem"
    assert page.evaluate("window.ran") is None
    page.context.close()
