"""Everybody can shop: by keyboard, by screen reader, on a phone, in the dark."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor
from tests.browser.fitness import assert_fits_everybody, focused, press_until, too_small
from tests.browser.serving import RunningShop

FEW = "/categories/tableware?option=glasur:mitternacht&in_stock=true&price_max=40"
MUG = "/products/becher-westerwald?variant=TT-BE-WW-TON-450"


@pytest.mark.parametrize("path", ["/", MUG], ids=["home", "product"])
def test_the_front_door_and_a_product_fit_everybody(demo: RunningShop, visitor: Visitor, path: str) -> None:
    page = visitor(demo, language="de-DE")
    page.goto(path)
    assert_fits_everybody(page)


# One page load each. German has the longer words; in English every page is seen on the narrowest phone by the crawl.
@pytest.mark.parametrize(
    "paths",
    [
        ("/categories/tableware", "/search?q=Becher", "/legal/terms", "/nowhere"),
        (FEW, "/search?q=xyzzy", "/search?price_min=x", "/search?sort=x", "/products/kaktus-kleiner-onkel"),
    ],
    ids=["found", "few-or-none"],
)
def test_every_kind_of_page_fits_everybody(demo: RunningShop, visitor: Visitor, paths: tuple[str, ...]) -> None:
    page = visitor(demo, language="de-DE")
    for path in paths:
        page.goto(path)
        assert_fits_everybody(page)


def test_what_is_unfolded_on_a_phone_fits_everybody(demo: RunningShop, visitor: Visitor) -> None:
    page = visitor(demo, width=390)
    page.goto(FEW)
    page.locator(".facets summary").click()
    page.locator(".menu summary").click()
    expect(page.locator(".menu ul")).to_be_visible()
    assert_fits_everybody(page, [(390, "light")])
    page.set_viewport_size({"width": 390, "height": 844})
    assert too_small(page, ".menu a", ".chip", ".check", ".kind") == []
    page.goto("/")
    assert too_small(page, ".arches a", ".good", ".foot li a") == []
    page.goto(MUG)
    assert too_small(page, ".option", ".gallery li a") == []


# What a keyboard reaches, in the order in which it does, each with how its focus shows.
WALK = """
() => {
  const e = document.activeElement, last = window.walked;
  if (!e || e === document.body) return null;
  const drawn = [getComputedStyle(e), getComputedStyle(e, "::after")];
  const seen = drawn.some((style) => style.outlineStyle === "solid" && parseFloat(style.outlineWidth) >= 3);
  const onward = !last || Boolean(last.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING);
  window.walked = e;
  return { name: e.outerHTML.slice(0, 90), seen, onward };
}
"""


@pytest.mark.parametrize("path", ["/categories/tableware", MUG], ids=["category", "product"])
def test_the_keyboard_reaches_everything_in_reading_order_and_shows_where_it_is(
    demo: RunningShop, visitor: Visitor, path: str
) -> None:
    page = visitor(demo)
    page.goto(path)
    page.keyboard.press("Tab")
    stops: list[dict[str, Any]] = []
    while (stop := page.evaluate(WALK)) and len(stops) < 120:
        stops.append(stop)
        page.keyboard.press("Tab")
    assert "skip" in stops[0]["name"]
    assert "dark" in stops[-1]["name"]
    assert [stop["name"] for stop in stops if not stop["seen"]] == []
    assert [stop["name"] for stop in stops if not stop["onward"]] == []
    there = page.evaluate(
        """() => [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, summary")]
        .filter((e) => e.checkVisibility()).length"""
    )
    assert len(stops) == there


def test_shopping_without_a_mouse(demo: RunningShop, visitor: Visitor) -> None:
    page = visitor(demo)
    page.goto("/")
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to content"
    expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert focused(page) == "See what is new", "The skip link leads past the menus."
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("mugs/")
    expect(page.locator("#q")).to_have_value("mugs/")
    page.keyboard.press("Backspace")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Search for “mugs”")

    found = page.get_by_role("status").inner_text()
    press_until(page, "Tab", lambda: focused(page).startswith("Midnight"))
    page.keyboard.press("Space")
    expect(page.get_by_role("status")).not_to_have_text(found)
    expect(page.get_by_role("checkbox", name="Midnight")).to_be_focused()
    press_until(page, "Tab", lambda: focused(page) == "Mug “Westerwald”")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Mug “Westerwald”")
    press_until(page, "Tab", lambda: focused(page).startswith("Sage"))
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("variant=TT-BE-WW-SAL-320$"))
    expect(page.locator(".option[aria-current]", has_text="Sage")).to_be_focused()


def test_the_phones_menu_closes_with_escape(demo: RunningShop, visitor: Visitor) -> None:
    page = visitor(demo, width=390)
    page.goto("/")
    menu = page.locator(".menu summary")
    menu.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert focused(page) == "Tableware"
    expect(page.locator(".menu ul")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".menu ul")).to_be_hidden()
    expect(menu).to_be_focused()


def shown(page: Page, selector: str, x: float, y: float) -> tuple[int, ...]:
    """The colour on the screen at a place in an element: red, green, blue."""
    box = page.locator(selector).bounding_box()
    assert box is not None
    png = page.screenshot(
        clip={"x": box["x"] + box["width"] * x, "y": box["y"] + box["height"] * y, "width": 1, "height": 1}
    )
    colour = page.evaluate(
        """async (bytes) => {
            const bitmap = await createImageBitmap(new Blob([new Uint8Array(bytes)], { type: "image/png" }));
            const canvas = new OffscreenCanvas(1, 1).getContext("2d");
            canvas.drawImage(bitmap, 0, 0);
            return [...canvas.getImageData(0, 0, 1, 1).data];
        }""",
        list(png),
    )
    return tuple(colour[:3])


@pytest.mark.parametrize("how", ["system", "button"])
def test_in_the_dark_the_wall_behind_the_goods_goes_dark_and_the_goods_stay_bright(
    demo: RunningShop, visitor: Visitor, how: str
) -> None:
    page = visitor(demo)
    page.goto("/products/becher-westerwald")
    wall, mug = shown(page, "img.big", 0.03, 0.15), shown(page, "img.big", 0.44, 0.80)
    assert sum(wall) > 3 * 200
    if how == "system":
        page.emulate_media(color_scheme="dark")
    else:
        page.get_by_role("button", name="Dark").click()
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("img.big")).to_be_in_viewport()
    assert sum(shown(page, "img.big", 0.03, 0.15)) < 3 * 80
    assert shown(page, "img.big", 0.44, 0.80) == mug
