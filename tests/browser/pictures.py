"""Pictures of the pages, to be looked at: ``python -m tests.browser.pictures FOLDER``."""

import argparse
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page, sync_playwright

from tests import factories
from tests.browser.chromium import launch
from tests.browser.serving import OWNER, RunningShop, run_shop

GOODS = [
    ("Seife, Rose und Salbei", 3, 3),
    ("Pilea im Tontopf", 9, 4),
    ("Tinte „Mitternacht“ mit Federhalter", 0, 0),
    ("Kaffee „Hafenrunde“ (250 g)", 180, 14),
    ("Teekanne „Nachtblau“", 12, 1),
    ("Schalen-Trio", 5, 2),
    ("Becher „Westerwald“ (Mitternacht, 320 ml)", 41, 2),
    ("Becher „Westerwald“ (Ton, 320 ml)", 40, 6),
]

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
STOREFRONT = {
    "home": "/",
    "category": "/categories/tableware?option=glasur:mitternacht&option=glasur:ton",
    "category-whole": "/categories/pantry",
    "search": "/search?q=Becher",
    "search-nothing": "/search?q=xyzzy",
    "product": "/products/becher-westerwald?variant=TT-BE-WW-MIT-320",
    "product-sold-out": "/products/becher-westerwald?variant=TT-BE-WW-TON-450",
    "product-reduced": "/products/braeter-sonntag",
    "delivery": "/delivery",
    "terms": "/legal/terms",
    "404": "/nowhere",
}


Shoot = Callable[[str], None]


def take(folder: Path, home: Path) -> None:
    """Every page in two widths, light and dark; each in English and in German."""
    office = run_shop(home / "office")
    for name, quantity, reserved in GOODS:
        office.add(name, quantity, reserved=reserved)
    # The office without the demo's goods: they would fill the picture of its list.
    demo = run_shop(home / "demo", with_goods=True)
    with sync_playwright() as playwright, launch(playwright) as browser:
        for width in (1280, 390):
            for scheme in SCHEMES:
                for shop, pages in ((demo, _storefront), (office, _office)):
                    context = browser.new_context(
                        base_url=shop.url,
                        color_scheme=scheme,
                        locale="en-GB" if scheme == "light" else "de-DE",
                        viewport={"width": width, "height": 900 if width > 400 else 844},
                    )
                    page = context.new_page()
                    pages(shop, page, partial(_shoot, page, folder, f"{width}-{scheme}"))
                    context.close()
    demo.close()
    office.close()


def _shoot(page: Page, folder: Path, end: str, name: str) -> None:
    # Pictures further down load when somebody comes near, which a picture of the whole page does not do.
    page.evaluate(
        """async () => {
            await document.fonts.ready;
            for (const picture of document.images) picture.loading = "eager";
            await Promise.all([...document.images].map((picture) => picture.decode()));
        }"""
    )
    page.screenshot(path=folder / f"{name}-{end}.png", full_page=True)


def _storefront(shop: RunningShop, page: Page, shoot: Shoot) -> None:
    for name, path in STOREFRONT.items():
        page.goto(path)
        shoot(name)
    page.goto(STOREFRONT["category"])
    page.locator(".facets").evaluate("(facets) => { facets.open = true; }")
    shoot("category-unfolded")
    page.goto("/")
    if page.locator(".menu").is_visible():
        page.locator(".menu summary").click()
        shoot("menu")
    shop.api.stop()
    page.goto("/categories/bath")
    shoot("503")
    shop.api.start()


def _office(shop: RunningShop, page: Page, shoot: Shoot) -> None:
    page.goto("/office/sign-in")
    shoot("sign-in")
    page.fill("#email", OWNER)
    page.fill("#password", "wrong")
    page.press("#password", "Enter")
    page.wait_for_selector("#errors")
    shoot("sign-in-refused")
    page.fill("#email", OWNER)
    page.fill("#password", factories.PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_selector(".list")
    page.fill("#name", GOODS[-1][0])
    page.fill("#quantity", "24")
    page.press("#quantity", "Enter")
    page.wait_for_selector("#note")
    shoot("stock")
    item = shop.item_ids[GOODS[-1][0]]
    page.goto(f"/office/stock/{item}")
    shoot("item")
    page.fill("#quantity", "2")
    page.press("#quantity", "Enter")
    page.wait_for_selector("#errors")
    shoot("item-refused")
    page.goto(f"/office/stock/{shop.item_ids[GOODS[2][0]]}/delete")
    shoot("delete")
    page.goto(f"/office/stock/{item}")
    other = page.context.new_page()
    other.goto(f"/office/stock/{item}")
    other.fill("#quantity", str(int(other.input_value("#quantity")) + 1))
    other.press("#quantity", "Enter")
    other.wait_for_selector("#note")
    page.fill("#quantity", "70")
    page.press("#quantity", "Enter")
    page.wait_for_selector(".choices")
    shoot("conflict")
    page.goto("/office/nowhere")
    shoot("office-404")
    shop.api.stop()
    page.goto("/office/stock")
    shoot("office-503")
    shop.api.start()


def main() -> None:
    """Start two shops, take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        take(folder, Path(home))


if __name__ == "__main__":
    main()
