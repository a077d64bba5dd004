"""Whether a page fits everybody: any width, light or dark, a screen reader, a keyboard, a finger."""

from collections.abc import Callable, Iterable
from typing import Literal

from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.sync_api import Page

Scheme = Literal["light", "dark"]

# Of each layout the narrowest window that has it, where things are tightest: the stylesheets change at these.
WIDTHS = (320, 350, 560, 700, 720, 860, 960, 1000, 1100, 1400)
# No style depends on width and scheme together, so each of either once is enough.
EVERY_LOOK: tuple[tuple[int, Scheme], ...] = ((1280, "light"), (390, "dark"))

# Only what is wrong comes back: all that is right would be a megabyte a page.
_FAULTS = "axe.run({ resultTypes: ['violations'] }).then(({ violations }) => ({ violations }))"
_PRESSED = "button, .btn, .input, .select, .tool, .logo, .go, .tabs a, .card > header > a, summary"


def assert_fits_everybody(page: Page, looks: Iterable[tuple[int, Scheme]] = EVERY_LOOK) -> None:
    """axe finds nothing on a phone or a desk, in the light or the dark; nothing scrolls sideways."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    for width, scheme in looks:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found = AxeResults(page.evaluate(_FAULTS))
        assert found.violations_count == 0, f"{page.url} {width} {scheme}\n{found.generate_report()}"
    for width in WIDTHS:
        # No width depends on the height, and a low window is painted sooner.
        page.set_viewport_size({"width": width, "height": 300})
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{page.url} is {wide} px wide on {width} px"
    page.set_viewport_size({"width": 1280, "height": 900})


def press_until(page: Page, key: str, reached: Callable[[], bool]) -> None:
    """Press ``key`` until the focus is where a person wants it, at most 60 times."""
    for _ in range(60):
        page.keyboard.press(key)
        if reached():
            return
    raise AssertionError(f"{key} never led there")


def focused(page: Page) -> str:
    """The name of what has the focus."""
    return str(
        page.evaluate(
            """() => { const e = document.activeElement;
            return e.getAttribute("aria-label") ?? (e.labels?.[0]?.innerText ?? e.innerText ?? "").trim() }"""
        )
    )


def too_small(page: Page, *more: str) -> list[str]:
    """What is pressed and lower than 44 px, or 38 px in a table; links within text are as high as their line.

    ``more`` are selectors of what is pressed on this page alone.
    """
    found: list[str] = page.evaluate(
        """(pressed) => [...document.querySelectorAll(pressed)]
        .filter((e) => e.checkVisibility())
        .filter((e) => {
            const { height, width } = e.getBoundingClientRect(), least = e.closest("table") ? 38 : 44;
            return height < least || width < least;
        })
        .map((e) => `${e.outerHTML.slice(0, 80)} ${e.getBoundingClientRect().height}`)""",
        ", ".join((_PRESSED, *more)),
    )
    return found
