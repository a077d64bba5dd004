"""Everybody can use every page: by keyboard, by screen reader, on a phone, in the dark, in both languages."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visitor, sign_in, views
from tests.browser.fitness import Scheme, assert_fits_everybody, focused, press_until, too_small
from tests.browser.serving import VIEWER, RunningShop

LONG_NAME = "Donaudampfschifffahrtsgesellschaftskapitänsmützenhalterung" * 3


# Two looks each: together the two languages show every width and every scheme, each width in both schemes.
LOOKS: dict[str, tuple[tuple[int, Scheme], ...]] = {
    "en-GB": ((1280, "light"), (390, "dark")),
    "de-DE": ((1280, "dark"), (390, "light")),
}


@pytest.mark.parametrize("language", ["en-GB", "de-DE"])
def test_pages_of_the_office_fit_everybody(shop: RunningShop, visitor: Visitor, language: str) -> None:
    item = shop.add(f"{LONG_NAME} {language}", 64, reserved=6)
    shop.add(f"Low {language}", 3)
    shop.add(f"Out {language}", 0)
    shop.add(f"Held {language}", 3, reserved=3)
    page = visitor(shop, language=language)
    page.goto("/office/sign-in")
    assert_fits_everybody(page, LOOKS[language])
    page.locator("#password").press("Enter")
    page.locator("#errors").wait_for()
    assert_fits_everybody(page, LOOKS[language])
    sign_in(page)
    page.locator("#name").fill(f"Neu {language}")
    page.locator("#name").press("Enter")
    page.locator("#note").wait_for()
    assert_fits_everybody(page, LOOKS[language])
    page.locator("#name").press("Enter")
    page.locator("#errors").wait_for()
    assert_fits_everybody(page, LOOKS[language])
    page.goto(f"/office/stock/{item}")
    assert_fits_everybody(page, LOOKS[language])
    page.locator("#quantity").fill("1")
    page.locator("#quantity").press("Enter")
    page.locator("#errors").wait_for()
    assert_fits_everybody(page, LOOKS[language])


@pytest.mark.parametrize("language", ["en-GB", "de-DE"])
def test_pages_that_ask_back_fit_everybody(shop: RunningShop, visitor: Visitor, language: str) -> None:
    item = shop.add(f"Wok {LONG_NAME} {language}", 64)
    page = visitor(shop, language=language)
    sign_in(page)
    page.goto(f"/office/stock/{item}/delete")
    assert_fits_everybody(page, LOOKS[language])
    page.goto(f"/office/stock/{item}")
    other = page.context.new_page()
    other.goto(f"/office/stock/{item}")
    other.locator("#quantity").fill("60")
    other.locator("#quantity").press("Enter")
    other.locator("#note").wait_for()
    other.close()
    page.locator("#quantity").fill("70")
    page.locator("#quantity").press("Enter")
    page.locator(".choices").wait_for()
    assert_fits_everybody(page, LOOKS[language])


@pytest.mark.parametrize("language", ["en-GB", "de-DE"])
def test_pages_of_failure_fit_everybody(shop: RunningShop, visitor: Visitor, language: str) -> None:
    page = visitor(shop, language=language)
    page.goto("/office/nowhere")
    assert_fits_everybody(page, LOOKS[language])
    sign_in(page)
    page.evaluate("document.querySelectorAll('[name=token]').forEach((field) => { field.value = 'other' })")
    page.locator("#name").fill("X")
    page.locator("#name").press("Enter")
    page.locator("h1", has_text=re.compile("out of date|veraltet")).wait_for()
    assert_fits_everybody(page, LOOKS[language])
    page.goto("/office/stock")
    page.locator("#name").fill("X")
    shop.api.stop()
    try:
        page.locator("#name").press("Enter")
        page.locator(".door form").wait_for()
        assert_fits_everybody(page, LOOKS[language])
        page.goto("/office/stock")
        page.locator(".door").wait_for()
        assert_fits_everybody(page, LOOKS[language])
    finally:
        shop.api.start()


def test_pages_for_lookers_and_classrooms_fit_everybody(
    shop: RunningShop, open_shop: RunningShop, visitor: Visitor
) -> None:
    item = shop.add("Looked at", 3)
    page = visitor(shop)
    sign_in(page, VIEWER)
    assert_fits_everybody(page)
    page.goto(f"/office/stock/{item}")
    assert_fits_everybody(page)
    item = open_shop.add("Chalk", 3)
    page = visitor(open_shop)
    for path in ("/office/stock", f"/office/stock/{item}"):
        page.goto(path)
        assert_fits_everybody(page)


def test_a_clerk_without_a_mouse(shop: RunningShop, visitor: Visitor) -> None:
    page = visitor(shop)
    sign_in(page)
    page.goto("/office/stock")
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to content"
    page.keyboard.press("Enter")
    press_until(page, "Tab", lambda: focused(page) == "Item name")
    page.keyboard.type("Ladle")
    page.keyboard.press("Tab")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("x")
    page.keyboard.press("Enter")
    expect(page.locator("#errors")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert focused(page) == "Quantity"
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("4")
    page.keyboard.press("Enter")
    expect(page.locator("#note")).to_be_focused()
    page.keyboard.press("Tab")
    assert focused(page) == "Undo"
    page.keyboard.press("Enter")
    expect(page.locator("#note")).to_contain_text("off the list again")


def test_arrows_walk_the_list_and_enter_chooses(shop: RunningShop, visitor: Visitor) -> None:
    for n in range(3):
        shop.add(f"Peg {n}", n + 1)
    page = visitor(shop)
    sign_in(page)
    page.goto("/office/stock?q=Peg")
    page.get_by_role("link", name="Peg 2", exact=True).first.focus()
    page.keyboard.press("ArrowDown")
    assert focused(page) == "Peg 1"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    assert focused(page) == "Peg 1"
    page.keyboard.press("Enter")
    expect(page.locator("#movements")).to_contain_text("Sum of movements 2 = on hand 2")


def test_ctrl_s_saves(shop: RunningShop, visitor: Visitor) -> None:
    item = shop.add("Tray", 3)
    page = visitor(shop)
    sign_in(page)
    page.goto(f"/office/stock/{item}")
    page.get_by_label("On hand").fill("4")
    page.keyboard.press("ControlOrMeta+s")
    expect(page.get_by_role("status")).to_contain_text("with 4 on hand")


def test_a_new_page_is_read_from_its_heading_on(shop: RunningShop, visitor: Visitor) -> None:
    page = visitor(shop)
    sign_in(page)
    page.evaluate("window.sameDocument = true")
    views(page).get_by_role("link", name="Sold out").click()
    expect(page).to_have_url(re.compile("view=out"))
    expect(views(page).get_by_role("link", name="Sold out")).to_have_attribute("aria-current", "page")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    assert page.evaluate("window.sameDocument"), "htmx swaps; it does not load the page anew."


def test_a_slow_answer_shows_that_something_happens(shop: RunningShop, visitor: Visitor) -> None:
    page = visitor(shop)
    sign_in(page)
    waiting = []
    page.route("**/office/stock?view=low", lambda route: waiting.append(route))
    views(page).get_by_role("link", name="Low").click()
    expect(page.locator("main")).to_have_attribute("aria-busy", "true")
    waiting[0].continue_()
    expect(page.locator("main")).not_to_have_attribute("aria-busy", "true")
    expect(page).to_have_url(re.compile("view=low"))


def test_what_is_pressed_is_large_enough(shop: RunningShop, visitor: Visitor) -> None:
    item = shop.add("Pan", 3)
    page = visitor(shop, width=390)
    page.goto("/office/sign-in")
    assert too_small(page) == []
    sign_in(page)
    assert too_small(page) == []
    page.locator("#name").fill("Pan")
    page.locator("#name").press("Enter")
    page.get_by_role("button", name="Undo").wait_for()
    page.locator("summary").click()
    assert too_small(page) == []
    page.goto(f"/office/stock/{item}")
    assert too_small(page) == []
    page.goto(f"/office/stock/{item}/delete")
    assert too_small(page) == []
    page.goto("/office/nowhere")
    assert too_small(page) == []


def test_waiting_is_shown_without_movement_to_who_wants_none(shop: RunningShop, visitor: Visitor) -> None:
    page = visitor(shop)
    sign_in(page)
    page.evaluate("document.getElementById('main').setAttribute('aria-busy', 'true')")
    seen = page.evaluate(
        """() => {
            const [bar, ...others] = document.getAnimations();
            if (others.length) throw new Error("one thing at a time");
            const moves = bar.effect.getKeyframes().some((frame) => "transform" in frame);
            bar.pause();
            return [moves, ...[0, 290, 310].map((ms) => {
                bar.currentTime = ms;
                return getComputedStyle(document.getElementById("main"), "::before").opacity;
            })];
        }"""
    )
    assert seen == [False, "0", "0", "1"]


def test_ctrl_s_saves_what_is_being_typed(shop: RunningShop, visitor: Visitor) -> None:
    item = shop.add("Salver", 3)
    page = visitor(shop)
    sign_in(page)
    page.goto(f"/office/stock/{item}")
    page.get_by_label("Units").fill("4")
    page.keyboard.press("ControlOrMeta+s")
    expect(page.get_by_role("status")).to_contain_text("+4 of “Salver” recorded.")


@pytest.mark.parametrize("button", ["Sign out", "Delete and write off 2 units"])
def test_ctrl_s_presses_no_button_that_merely_has_the_focus(shop: RunningShop, visitor: Visitor, button: str) -> None:
    item = shop.add(f"Pitcher {button}", 2)
    page = visitor(shop)
    sign_in(page)
    page.goto(f"/office/stock/{item}/delete")
    page.get_by_role("button", name=button).focus()
    sent = []
    page.on("request", lambda request: sent.append(request.method))
    page.keyboard.press("ControlOrMeta+s")
    page.reload()
    expect(page.get_by_role("button", name=button)).to_be_visible()
    assert "POST" not in sent


def test_a_swapped_page_brings_its_language_and_theme_into_the_frame(shop: RunningShop, visitor: Visitor) -> None:
    page = visitor(shop)
    sign_in(page)
    other = page.context.new_page()
    other.goto("/office/stock")
    other.get_by_role("button", name="Deutsch").click()
    other.get_by_role("button", name="Darstellung").click()
    expect(other.locator("html")).to_have_attribute("data-theme", "light")
    page.evaluate("window.sameDocument = true")
    views(page).get_by_role("link", name="Sold out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Bestand")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    for _ in ("dark", "system"):
        other.get_by_role("button", name="Darstellung").click()
    expect(other.locator("html")).not_to_have_attribute("data-theme", re.compile("."))
    page.get_by_role("link", name="Alle").first.click()
    expect(page.locator("html")).not_to_have_attribute("data-theme", re.compile("."))
    assert page.evaluate("window.sameDocument")
