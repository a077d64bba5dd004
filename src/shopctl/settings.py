"""The settings of the command line itself, and the names of all there are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from shopapi.runtime.settings import Meaning, check_names, meanings, setting, text, whole
from shopapi.settings import ApiSettings
from shopctl.sandbox.settings import SANDBOX_PORT, SandboxSettings
from shopweb.settings import WebSettings

WEB_PORT: Final = 5050
API_PORT: Final = 8000
WORKER_PORT: Final = 8001


def port(value: str) -> int | None:
    """A TCP port, or nothing: then each command has its own."""
    return whole(0, 65535)(value) if value else None


@dataclass(frozen=True)
class ShopctlSettings:
    """How servers are started and stopped. Every one of these is an option of a command as well."""

    host: str = setting("HOST", text, "127.0.0.1", "The address that every server listens at.")
    port: int | None = setting(
        "PORT", port, "", f"The port: {WEB_PORT} for serve-web, {API_PORT} for serve-api, {WORKER_PORT} for worker."
    )
    web_port: int = setting(
        "SHOP_WEB_PORT", whole(1, 65535), str(WEB_PORT), "The port of the web part under shopctl up."
    )
    api_port: int = setting("SHOP_API_PORT", whole(1, 65535), str(API_PORT), "The port of the API under shopctl up.")
    sandbox_port: int = setting(
        "SHOP_SANDBOX_PORT", whole(1, 65535), str(SANDBOX_PORT), "The port of the sandbox payment provider."
    )
    server: str = setting("SHOP_SERVER", text, "uvicorn", "The HTTP server to use: uvicorn, granian or one of yours.")
    workers: int = setting("SHOP_SERVER_WORKERS", whole(1, 64), "1", "Processes of an HTTP server.")
    drain_s: int = setting(
        "SHOP_DRAIN_S",
        whole(0, 600),
        "0",
        "Seconds from SIGTERM to the stop in which a server says that it is not ready.",
    )
    grace_s: int = setting(
        "SHOP_GRACE_S", whole(1, 3600), "30", "Seconds that requests get to finish before a server is killed."
    )


PARTS: Final[dict[str, type]] = {
    "shopctl": ShopctlSettings,
    "API, worker": ApiSettings,
    "web": WebSettings,
    "sandbox": SandboxSettings,
}
"""Every part's settings class, by the name that people know the part by."""


def every_meaning() -> list[Meaning]:
    """Every setting of every part, each name once."""
    found = {told.name: told for cls in PARTS.values() for told in meanings(cls)}
    return list(found.values())


def refuse_unknown_names(environ: Mapping[str, str]) -> None:
    """Raise :class:`shopapi.runtime.settings.SettingsError` where a ``SHOP_`` name is known to no part."""
    check_names(environ, every_meaning())
