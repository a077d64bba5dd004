"""Every setting of the API and its worker: its name, default and meaning."""

from dataclasses import dataclass
from typing import Final, Literal, cast
from urllib.parse import SplitResult, urlsplit

from shopapi.runtime.settings import (
    Network,
    SettingsError,
    hosts,
    is_loopback,
    networks,
    one_of,
    secret_key,
    setting,
    switch,
    url,
    whole,
)

_POSTGRESQL: Final = ("postgres", "postgresql")


def database_url(value: str) -> str:
    """An SQLAlchemy URL: ``sqlite:///FILE``, or ``postgresql://`` and ``postgres://`` made to use psycopg2."""
    scheme, found, rest = value.partition("://")
    if found and scheme in _POSTGRESQL:
        try:
            parts = urlsplit(value)
            named = parts.path.strip("/") and parts.port is not False
        except ValueError:
            named = ""
        if not named:
            raise ValueError("names no database; write it like postgresql://user:password@host:5432/shop")
        return f"postgresql+psycopg2://{rest}"
    if found and scheme == "sqlite":
        if not rest.startswith("/") or rest.strip("/") in ("", ":memory:"):
            raise ValueError("names no file; write it like sqlite:///shop.db (an absolute path has four slashes)")
        return value
    shown = f'begins with "{scheme}://"' if found else "is no URL"
    raise ValueError(f"{shown}; it begins with sqlite:/// or postgresql://")


@dataclass(frozen=True)
class ApiSettings:
    """The settings of the API and its worker, as :func:`shopapi.runtime.settings.read` fills them."""

    database_url: str = setting(
        "DATABASE_URL",
        database_url,
        "sqlite:///shop.db",
        "Where the shop's data lies: SQLite or PostgreSQL.",
        secret=True,
    )
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
    db_threads: int = setting(
        "SHOP_DB_THREADS", whole(1, 64), "4", "Threads, and database connections, of each API process."
    )
    max_in_flight: int = setting(
        "SHOP_MAX_IN_FLIGHT", whole(1, 10_000), "256", "Requests answered at once; above that the answer is 503."
    )
    rate_limits: bool = setting(
        "SHOP_RATE_LIMITS",
        switch,
        "on",
        "Limits on sign-ins and on calls of each principal; off for bench and classroom.",
    )
    docs: bool = setting("SHOP_DOCS", switch, "on", "The page at /docs where the API can be tried.")
    access_log: bool = setting("SHOP_ACCESS_LOG", switch, "on", "One log line for each request.")
    log_level: str = setting(
        "SHOP_LOG_LEVEL", one_of("debug", "info", "warning", "error"), "info", "The least level that is logged."
    )
    log_format: Literal["auto", "json", "text"] = cast(
        Literal["auto", "json", "text"],
        setting("SHOP_LOG_FORMAT", one_of("auto", "json", "text"), "auto", "JSON lines on a pipe, text on a terminal."),
    )


def require_secret_key(key: str) -> None:
    """Refuse to serve without a secret key."""
    if not key:
        raise SettingsError(
            ["SHOP_SECRET_KEY is not set"], "export SHOP_SECRET_KEY=$(openssl rand -base64 48), the same for every part"
        )


def in_production(settings: ApiSettings) -> bool:
    """Whether the public URL is one that strangers can reach."""
    return not is_loopback(settings.public_url.hostname or "")
