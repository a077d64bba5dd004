"""Finding a Chromium, and starting it so that it talks to nobody but the shop."""

import os
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Playwright, sync_playwright

# The headless shell is a Chromium without windows, tabs and extensions: it takes about two thirds of the time.
_NAMES = ("chromium-headless-shell", "/usr/bin/chromium", "chromium", "chromium-browser", "google-chrome")
_FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class NoChromium(Exception):
    """There is none on this machine."""


def find(playwright: Playwright) -> str:
    """The path of a Chromium: the one that ``CHROMIUM`` names, the system's, or Playwright's own."""
    named = os.environ.get("CHROMIUM")
    if named:
        if not shutil.which(named):
            raise NoChromium(f"CHROMIUM names {named}, which is no program.")
        return named
    for name in _NAMES:
        if found := shutil.which(name):
            return found
    if Path(playwright.chromium.executable_path).exists():
        return playwright.chromium.executable_path
    raise NoChromium(
        "There is no Chromium. Set CHROMIUM, install Debian's chromium-headless-shell, or run: make browser"
    )


@contextmanager
def launch(playwright: Playwright) -> Iterator[Browser]:
    """A running Chromium, closed at the end."""
    # The sandbox needs an ordinary user; as root (a container) Chromium would refuse to start.
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    try:
        browser = playwright.chromium.launch(
            executable_path=find(playwright), args=[*_FLAGS, *(["--no-sandbox"] if as_root else [])]
        )
    except Error as error:
        raise NoChromium(f"Chromium does not start: {error.message}") from error
    yield browser
    browser.close()


@contextmanager
def chromium_of_tests() -> Iterator[Browser]:
    """A running Chromium. Without one the tests fail in CI; at home they are skipped, and say so."""
    with sync_playwright() as playwright:
        try:
            with launch(playwright) as browser:
                yield browser
        except NoChromium as error:
            if os.environ.get("CI"):
                pytest.fail(str(error))
            warnings.warn(f"THE BROWSER TESTS DID NOT RUN. {error}", stacklevel=1)
            pytest.skip(str(error))
