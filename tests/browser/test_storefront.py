"""A shopper's way from the front door to the goods, with scripts and without."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visitor, go_back
from tests.browser.serving import RunningShop

BOTH = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
MUG = "/products/becher-westerwald"


def heading(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def stock(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.locator(".stock")).to_have_text(text)


def option(page: Page, label: str) -> Locator:
    """The chip of a value, by what is written on it."""
    return page.locator(".option", has_text=label)


def picture(page: Page) -> str:
    return str(page.locator("img.big").get_attribute("src"))


def goods(page: Page) -> list[str]:
    """The names in the list, from the first to the last."""
    return page.locator("#goods h3").all_inner_texts()


def stay(page: Page) -> None:
    """From here on, :func:`stayed` tells whether the document is still this one."""
    page.evaluate("window.sameDocument = true")


def stayed(page: Page) -> bool:
    return bool(page.evaluate("window.sameDocument"))


@BOTH
def test_from_the_front_door_to_a_mug_of_the_right_glaze_and_size(
    demo: RunningShop, visitor: Visitor, scripts: bool
) -> None:
    page = visitor(demo, scripts=scripts)
    page.goto("/")
    expect(page.locator(".good")).to_have_count(12)
    page.get_by_role("main").get_by_role("link", name="Tableware").click()
    heading(page, "Tableware")
    page.locator(".kind", has_text="Mugs").click()
    heading(page, "Mugs")
    page.get_by_role("link", name="Mug “Westerwald”").click()
    heading(page, "Mug “Westerwald”")
    stock(page, re.compile("^In stock, with you on .* (or|to) "))
    expect(page.locator(".cost")).to_have_text("€18.50")
    clay = picture(page)
    if scripts:
        stay(page)

    option(page, "Midnight").click()
    expect(page).to_have_url(re.compile(r"\?variant=TT-BE-WW-MIT-320$"))
    expect(page).to_have_title("Mug “Westerwald”, Midnight, 320 ml | Ton & Tinte")
    expect(page.locator("#option-1-2")).to_have_attribute("aria-current", "true")
    assert picture(page) != clay
    expect(option(page, "220 ml")).to_have_accessible_name("220 ml −€2.00")
    option(page, "220 ml").click()
    expect(page.locator(".cost")).to_have_text("€16.50")
    expect(page).to_have_url(re.compile(r"\?variant=TT-BE-WW-MIT-220$"))
    page.get_by_role("link", name="Picture 1").click()
    expect(page).to_have_url(re.compile(r"&picture=1$"))
    expect(page.locator("img.big")).to_have_attribute("src", clay)
    if scripts:
        assert stayed(page), "The pictures and chips swap; they do not load the page anew."
        expect(page.locator("#picture-1")).to_be_focused()

    go_back(page)
    expect(page).to_have_url(re.compile(r"\?variant=TT-BE-WW-MIT-220$"))
    expect(page.locator("img.big")).not_to_have_attribute("src", clay)


@BOTH
def test_a_sold_out_size_says_so_on_its_chip_and_on_its_page(
    demo: RunningShop, visitor: Visitor, scripts: bool
) -> None:
    page = visitor(demo, scripts=scripts)
    page.goto(MUG)
    chip = page.get_by_role("link", name="450 ml sold out")
    assert chip.evaluate("(e) => getComputedStyle(e).borderStyle") == "dashed"
    chip.click()
    stock(page, "Sold out, but other versions are in stock.")
    expect(page.get_by_role("link", name="450 ml sold out")).to_have_attribute("aria-current", "true")
    expect(page.locator("main").get_by_role("button")).to_have_count(0)
    option(page, "Sage").click()
    stock(page, re.compile("^In stock"))


def test_what_is_short_or_gone_is_said_on_the_product_and_its_card(demo: RunningShop, visitor: Visitor) -> None:
    page = visitor(demo, scripts=False, language="de-DE")
    page.goto("/products/schalen-trio")
    stock(page, re.compile("^Nur noch 3, bei Ihnen am "))
    page.goto("/products/kaktus-kleiner-onkel")
    stock(page, "Ausverkauft")
    expect(page.locator("main").get_by_role("button")).to_have_count(0)
    page.goto("/categories/house-plants")
    expect(page.locator(".good", has_text="Kleiner Onkel").locator(".flag")).to_have_text("Ausverkauft")
    page.goto("/products/braeter-sonntag")
    expect(page.locator(".cost")).to_have_text(re.compile(r"99,00\s€ statt 129,00\s€"))
    page.goto("/products/olivenoel-kalamata")
    expect(page.locator(".buy .lead")).to_contain_text(re.compile(r"27,00\s€ / l"))
    expect(page.locator(".buy .lead")).to_contain_text(re.compile(r"inkl. 7\s% MwSt., zzgl. Versand"))


@BOTH
def test_the_search_finds_what_was_misspelt_and_helps_when_it_finds_nothing(
    demo: RunningShop, visitor: Visitor, scripts: bool
) -> None:
    page = visitor(demo, scripts=scripts, language="de-DE")
    page.goto("/")
    field = page.get_by_role("searchbox", name="Im Laden suchen")
    field.fill("Tekanne")
    page.get_by_role("button", name="Suchen").click()
    expect(page.get_by_role("status")).to_have_text("2 Artikel")
    expect(field).to_have_value("Tekanne")
    assert sorted(goods(page)) == ["Teekanne „Nachtblau“", "Teekanne „Wiesengrund“"]
    field.fill("TT-KR-ZB-12")
    field.press("Enter")
    expect(page.get_by_role("status")).to_have_text("1 Artikel")
    field.fill("<script>xyzzy%_\"'")
    field.press("Enter")
    expect(page.get_by_role("status")).to_have_text("0 Artikel")
    heading(page, "Suche nach „<script>xyzzy%_\"'“")
    expect(page.locator(".arches a")).to_have_count(8)
    page.locator(".arches a", has_text="Papier").click()
    heading(page, "Papier")


def test_filters_apply_at_once_and_the_address_follows(demo: RunningShop, visitor: Visitor) -> None:
    page = visitor(demo)
    page.goto("/categories/tableware")
    expect(page.get_by_role("status")).to_have_text("12 items")
    stay(page)
    midnight = page.get_by_role("checkbox", name="Midnight 3")
    midnight.check()
    expect(page).to_have_url(re.compile(r"/categories/tableware\?option=glasur%3Amitternacht$"))
    expect(page.get_by_role("status")).to_have_text("3 of 12 items")
    expect(page.locator(".good")).to_have_count(3)
    expect(midnight).to_be_checked()
    expect(midnight).to_be_focused()
    most = page.get_by_role("textbox", name="Price up to")
    most.fill("17")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    most.press("Enter")
    expect(page.get_by_role("status")).to_have_text("1 of 12 items")
    expect(page).to_have_url(re.compile(r"price_max=17$"))
    assert len([url for url in asked if "price_max" in url]) == 1, "Enter is a change and a sending: one is enough."
    page.get_by_role("link", name="Midnight remove").click()
    expect(page.locator(".chip")).to_have_text([re.compile("^up to €17")])
    expect(page.locator(".chip")).to_be_focused()
    page.get_by_label("Sort").focus()
    page.get_by_label("Sort").select_option("Price, low to high")
    expect(page).to_have_url(re.compile("sort=price$"))
    expect(page.get_by_label("Sort")).to_be_focused()
    page.get_by_role("link", name="up to €17 remove").click()
    expect(page.get_by_role("status")).to_have_text("12 items")
    expect(page).to_have_url(re.compile(r"/categories/tableware\?sort=price$"))
    prices = [float(price[1:]) for price in page.locator("#goods .price").all_inner_texts()]
    assert prices == sorted(prices)
    assert stayed(page), "The list swaps; it does not load the page anew."
    go_back(page)
    expect(page.get_by_role("status")).not_to_have_text("12 items")
    expect(page.get_by_label("Sort")).to_have_value("price")


def test_filters_are_a_form_for_who_has_no_scripts(demo: RunningShop, visitor: Visitor) -> None:
    page = visitor(demo, scripts=False, language="de-DE")
    page.goto("/categories/tableware")
    page.get_by_role("checkbox", name="Mitternacht 3").check()
    page.get_by_role("textbox", name="Preis bis").fill("17")
    page.get_by_role("button", name="Anwenden").click()
    expect(page.get_by_role("status")).to_have_text("1 von 12 Artikeln")
    expect(page.get_by_role("checkbox", name="Mitternacht")).to_be_checked()
    expect(page.get_by_role("textbox", name="Preis bis")).to_have_value("17")
    page.get_by_label("Sortieren").select_option("-price")
    page.get_by_role("button", name="Sortieren").click()
    expect(page.get_by_role("status")).to_have_text("1 von 12 Artikeln")
    page.get_by_role("link", name="Mitternacht").click()
    expect(page.locator(".chip")).to_have_count(1)
    expect(page.get_by_label("Sortieren")).to_have_value("-price")


@BOTH
def test_a_price_that_is_no_number_is_said_at_its_field(demo: RunningShop, visitor: Visitor, scripts: bool) -> None:
    page = visitor(demo, scripts=scripts)
    page.goto("/categories/tableware")
    least = page.get_by_role("textbox", name="Price from")
    least.fill("cheap")
    if scripts:
        least.press("Enter")
    else:
        page.get_by_role("button", name="Apply").click()
    expect(least).to_have_attribute("aria-invalid", "true")
    expect(least).to_have_value("cheap")
    expect(least).to_have_accessible_description("A price is a number, such as 12 or 12.50.")
    least.fill("50")
    if scripts:
        least.press("Enter")
    else:
        page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("status")).to_have_text("3 of 12 items")


def test_filters_that_leave_nothing_are_chips_to_drop(demo: RunningShop, visitor: Visitor) -> None:
    page = visitor(demo)
    page.goto("/categories/tableware?option=glasur:mitternacht&price_max=1")
    expect(page.get_by_role("main")).to_contain_text("Nothing fits all of that. Remove one of the filters.")
    page.get_by_role("link", name="up to €1 remove").click()
    expect(page.get_by_role("status")).to_have_text("3 of 12 items")
    page.goto("/categories/tableware?option=")
    heading(page, "The shop does not know these filters")
    page.get_by_role("link", name="Show everything without filters").click()
    expect(page.get_by_role("status")).to_have_text("12 items")


def test_more_goods_are_appended_and_read_on_from_the_first_of_them(demo: RunningShop, visitor: Visitor) -> None:
    page = visitor(demo)
    page.goto("/search")
    stay(page)
    expect(page.locator("#goods > li")).to_have_count(24)
    page.get_by_role("link", name="Show 24 more").click()
    expect(page.locator("#goods > li")).to_have_count(48)
    expect(page.locator("#goods > li").nth(24).get_by_role("link")).to_be_focused()
    page.get_by_role("link", name="Show 15 more").click()
    expect(page.locator("#goods > li")).to_have_count(63)
    expect(page.locator("#pager a")).to_have_count(0)
    assert len(set(goods(page))) == 63
    assert stayed(page)


def test_more_goods_are_a_page_for_who_has_no_scripts(demo: RunningShop, visitor: Visitor) -> None:
    page = visitor(demo, scripts=False)
    page.goto("/search?sort=name")
    seen = goods(page)
    for label in ("Show 24 more", "Show 15 more"):
        page.get_by_role("link", name=label).click()
        expect(page.get_by_role("link", name="Back to the first page")).to_be_visible()
        expect(page.locator("#goods h3").first).not_to_have_text(seen[-24])
        seen += goods(page)
    expect(page.locator("#pager a")).to_have_count(0)
    assert len(seen) == len(set(seen)) == 63
    page.get_by_role("link", name="Back to the first page").click()
    expect(page.locator("#goods h3").first).to_have_text(seen[0])


@BOTH
def test_the_language_is_the_browsers_until_another_is_chosen_and_kept(
    demo: RunningShop, visitor: Visitor, scripts: bool
) -> None:
    page = visitor(demo, scripts=scripts, language="de-DE")
    page.goto(f"{MUG}?variant=TT-BE-WW-MIT-320")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    heading(page, "Becher „Westerwald“")
    expect(page.locator(".cost")).to_have_text(re.compile(r"^18,50\s€$"))
    page.get_by_role("link", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page).to_have_title("Mug “Westerwald”, Midnight, 320 ml | Ton & Tinte")
    other = page.context.new_page()
    other.goto("/legal/imprint")
    heading(other, "Imprint")
    [cookie] = [one for one in page.context.cookies() if "language" in str(one.get("name"))]
    assert cookie.get("expires", -1) > 0, "It outlives the browser's session."


def test_language_and_appearance_lead_back_to_what_is_shown_now(demo: RunningShop, visitor: Visitor) -> None:
    page = visitor(demo)
    page.goto("/categories/tableware")
    page.get_by_role("checkbox", name="Midnight 3").check()
    expect(page).to_have_url(re.compile(r"\?option=glasur%3Amitternacht$"))
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("status")).to_have_text("3 of 12 items")
    page.get_by_role("link", name="Midnight remove").click()
    expect(page).to_have_url(re.compile(r"/categories/tableware$"))
    go_back(page)
    expect(page.get_by_role("status")).to_have_text("3 of 12 items")
    page.get_by_role("link", name="Deutsch").click()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page).to_have_url(re.compile(r"/categories/tableware\?option=glasur%3Amitternacht$"))
    expect(page.get_by_role("status")).to_have_text("3 von 12 Artikeln")


def test_a_click_for_another_tab_leaves_this_page_as_it_is(demo: RunningShop, visitor: Visitor) -> None:
    page = visitor(demo)
    page.goto("/search")
    asked_by_htmx: list[str] = []
    page.on("request", lambda request: asked_by_htmx.append(request.url) if "hx-request" in request.headers else None)
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Show 24 more").click(modifiers=["ControlOrMeta"])
    expect(opened.value.get_by_role("link", name="Back to the first page")).to_be_visible()
    expect(page.locator("#goods > li")).to_have_count(24)
    page.goto(MUG)
    with page.context.expect_page() as opened:
        option(page, "Midnight").click(modifiers=["ControlOrMeta"])
    expect(opened.value).to_have_title(re.compile("Midnight"))
    expect(page).to_have_url(re.compile(f"{MUG}$"))
    assert not asked_by_htmx
    option(page, "Midnight").click()
    expect(page).to_have_title(re.compile("Midnight"))
    assert asked_by_htmx, "Without a modifier it swaps."


def background(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


WHITE, NIGHT = "rgb(255, 255, 255)", "rgb(16, 19, 31)"


@BOTH
def test_the_dark_is_the_systems_until_the_foot_of_the_page_says_otherwise(
    demo: RunningShop, visitor: Visitor, scripts: bool
) -> None:
    page = visitor(demo, scripts=scripts, scheme="dark")
    page.goto("/categories/light")
    assert background(page) == NIGHT
    page.get_by_role("button", name="Light", exact=True).click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    expect(page.get_by_role("button", name="Light", exact=True)).to_have_attribute("aria-pressed", "true")
    heading(page, "Light")
    assert background(page) == WHITE
    page.emulate_media(color_scheme="light")
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.goto(MUG)
    assert background(page) == NIGHT
    page.get_by_role("button", name="As the system").click()
    expect(page.locator("html")).not_to_have_attribute("data-theme", re.compile("."))
    assert background(page) == WHITE


@BOTH
def test_on_a_phone_departments_and_filters_are_folded(demo: RunningShop, visitor: Visitor, scripts: bool) -> None:
    page = visitor(demo, scripts=scripts, width=390)
    page.goto("/")
    button = page.get_by_role("link", name="See what is new")
    box = button.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 844, "Picture, sentence and button fill the first screen of a phone."
    page.locator(".menu summary").click()
    page.get_by_role("navigation", name="Departments, small").get_by_role("link", name="Tableware").click()
    heading(page, "Tableware")
    midnight = page.get_by_role("checkbox", name="Midnight")
    expect(midnight).to_be_hidden()
    page.get_by_text("Filter", exact=True).click()
    midnight.check()
    if not scripts:
        page.get_by_role("button", name="Apply").click()
    expect(page.locator(".facets summary")).to_have_text("Filter 1 chosen")
    expect(page.get_by_role("status")).to_have_text("3 of 12 items")
    if scripts:
        expect(midnight).to_be_visible()


def test_what_delivery_costs_is_one_click_from_every_price(demo: RunningShop, visitor: Visitor) -> None:
    page = visitor(demo)
    page.goto(MUG)
    folded = page.get_by_text("Delivery costs €4.90, from €60 it is free.")
    expect(folded).to_be_hidden()
    page.get_by_role("main").locator("summary", has_text="Delivery and returns").click()
    expect(folded).to_be_visible()
    page.locator(".lead").get_by_role("link", name="delivery").click()
    heading(page, "Delivery and returns")
    expect(page.locator(".facts").first).to_contain_text("€4.90")
    expect(page.get_by_role("heading", name="Switzerland")).to_be_visible()


def test_what_is_lost_leads_to_the_search_and_the_departments(demo: RunningShop, visitor: Visitor) -> None:
    page = visitor(demo, scripts=False)
    for path in ("/nowhere", "/products/nowhere", "/categories/nowhere"):
        page.goto(path)
        heading(page, "This page is not on the shelf")
        expect(page.locator(".arches a")).to_have_count(8)
    page.get_by_role("search", name="Search for what is missing").get_by_role("searchbox").fill("candle")
    page.get_by_role("search", name="Search for what is missing").get_by_role("button").click()
    heading(page, "Search for “candle”")
    expect(page.locator(".good").first).to_be_visible()
