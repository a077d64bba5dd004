"""The apps as HTTP servers start them: functions without arguments, called in each process that serves."""

import gc
import logging
import os
from collections.abc import Callable
from typing import Final
from urllib.parse import SplitResult

from shopapi.runtime import logs
from shopapi.runtime.settings import is_loopback, read
from shopctl.servers import AsgiApp
from shopctl.signals import end_with

STARTUP_FAILED: Final = 3
"""What a server's process exits with where starting it again would fail again; uvicorn knows it too."""

_log = logging.getLogger(__name__)


def api() -> AsgiApp:
    """The API, with its settings from the environment."""
    from shopapi.settings import ApiSettings

    settings = read(ApiSettings, os.environ)
    logs.start("api", settings.log_level, settings.log_format)
    if settings.items_access == "open":
        _log.warning("SHOP_ITEMS_ACCESS=open: anybody who reaches this API may change the stock.")
    _warn_of_http(settings.public_url)

    def make() -> AsgiApp:
        from shopapi.app import create_app

        return create_app(settings)

    return _made(make)


def web() -> AsgiApp:
    """The web part, with its settings from the environment."""
    from shopweb.settings import WebSettings

    settings = read(WebSettings, os.environ)
    logs.start("web", settings.log_level, settings.log_format)
    _warn_of_http(settings.public_url)

    def make() -> AsgiApp:
        from shopweb.app import create_app

        return create_app(settings)

    return _made(make)


def _warn_of_http(public_url: SplitResult) -> None:
    if public_url.scheme == "http" and not is_loopback(public_url.hostname or ""):
        _log.warning("SHOP_PUBLIC_URL begins with http://, so cookies and passwords cross the network unencrypted.")


def _made(make: Callable[[], AsgiApp]) -> AsgiApp:
    # A server's own processes end with it, even where it is killed.
    end_with(os.getppid())
    # What is made at the start stays: to look through it for garbage meanwhile takes a tenth of the time to start.
    gc.disable()
    try:
        return make()
    except Exception as error:
        # In a worker nobody above us would catch it, and a traceback helps nobody who runs a shop.
        _log.error("This cannot start: %s: %s", type(error).__name__, error)
        _log.debug("Where it failed:", exc_info=True)
        raise SystemExit(STARTUP_FAILED) from None
    finally:
        gc.enable()
        gc.freeze()
