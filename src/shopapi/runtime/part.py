"""The settings that every serving part of the shop has in common: one name, one default, one meaning."""

from dataclasses import dataclass
from typing import Literal, cast
from urllib.parse import SplitResult

from shopapi.runtime.settings import (
    Network,
    SettingsError,
    hosts,
    networks,
    one_of,
    secret_key,
    setting,
    switch,
    url,
)


@dataclass(frozen=True)
class PartSettings:
    """What the API and the web part both read; each adds its own."""

    secret_key: str = setting(
        "SHOP_SECRET_KEY",
        secret_key,
        "",
        "Signs cookies, cursors and what the parts tell each other; 32 bytes or more, the same for every part.",
        secret=True,
    )
    public_url: SplitResult = setting(
        "SHOP_PUBLIC_URL", url, "http://127.0.0.1:5050", "The address that customers see. https makes cookies strict."
    )
    hsts: bool = setting(
        "SHOP_HSTS",
        switch,
        "on",
        "Tell browsers to come by https only from now on (HSTS); off while the certificate is not one that browsers "
        "trust.",
    )
    allowed_hosts: frozenset[str] = setting(
        "SHOP_ALLOWED_HOSTS", hosts, "", "More names that this server answers to, separated by commas."
    )
    trusted_proxies: tuple[Network, ...] = setting(
        "SHOP_TRUSTED_PROXIES", networks, "", "Networks of proxies whose X-Forwarded-For is believed; none by default."
    )
    items_access: Literal["staff", "open"] = cast(
        Literal["staff", "open"],
        setting(
            "SHOP_ITEMS_ACCESS",
            one_of("staff", "open"),
            "staff",
            "Who may use /items: staff with a token, or anybody (open, for a classroom).",
        ),
    )
    access_log: bool = setting("SHOP_ACCESS_LOG", switch, "on", "One log line for each request.")
    log_level: str = setting(
        "SHOP_LOG_LEVEL", one_of("debug", "info", "warning", "error"), "info", "The least level that is logged."
    )
    log_format: Literal["auto", "json", "text"] = cast(
        Literal["auto", "json", "text"],
        setting("SHOP_LOG_FORMAT", one_of("auto", "json", "text"), "auto", "JSON lines on a pipe, text on a terminal."),
    )


def require_secret_key(key: str) -> None:
    """Refuse to serve without a secret key; raises :class:`SettingsError`."""
    if not key:
        raise SettingsError(
            ["SHOP_SECRET_KEY is not set"], "export SHOP_SECRET_KEY=$(openssl rand -base64 48), the same for every part"
        )
