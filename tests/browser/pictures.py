"""Pictures of the pages, to be looked at: ``python -m tests.browser.pictures FOLDER``."""

import argparse
import tempfile
from pathlib import Path

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


def take(shop: RunningShop, folder: Path) -> None:
    """Every page in two widths, light and dark."""
    for name, quantity, reserved in GOODS:
        shop.add(name, quantity, reserved=reserved)
    with sync_playwright() as playwright, launch(playwright) as browser:
        for width in (1280, 390):
            for scheme in ("light", "dark"):
                context = browser.new_context(
                    base_url=shop.url,
                    color_scheme=scheme,
                    locale="en-GB" if scheme == "light" else "de-DE",
                    viewport={"width": width, "height": 900 if width > 400 else 844},
                )
                page = context.new_page()
                _pages(
                    shop,
                    page,
                    lambda name, page=page, end=f"{width}-{scheme}": page.screenshot(
                        path=folder / f"{name}-{end}.png", full_page=True
                    ),
                )
                context.close()


def _pages(shop: RunningShop, page: Page, shoot: "object") -> None:
    assert callable(shoot)
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
    shoot("404")
    shop.api.stop()
    page.goto("/office/stock")
    shoot("503")
    shop.api.start()


def main() -> None:
    """Start a shop, take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        shop = run_shop(Path(home))
        take(shop, folder)
        shop.close()


if __name__ == "__main__":
    main()
