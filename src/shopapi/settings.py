"""Every setting of the API and its worker: its name, default and meaning."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from shopapi.runtime.part import PartSettings
from shopapi.runtime.settings import flag, origins, secret_key, setting, switch, text, url_or_none, whole

_POSTGRESQL: Final = ("postgres", "postgresql")


def database_url(value: str) -> str:
    """An SQLAlchemy URL: ``sqlite:///FILE``, or ``postgresql://`` and ``postgres://`` made to use psycopg2."""
    scheme, found, rest = value.partition("://")
    if found and scheme in _POSTGRESQL:
        if not _names_a_database(value):
            raise ValueError("names no database; write it like postgresql://user:password@host:5432/shop")
        return f"postgresql+psycopg2://{rest}"
    if found and scheme == "sqlite":
        if not rest.startswith("/") or rest.strip("/") in ("", ":memory:"):
            raise ValueError("names no file; write it like sqlite:///shop.db (an absolute path has four slashes)")
        return value
    shown = f'begins with "{scheme}://"' if found else "is no URL"
    raise ValueError(f"{shown}; it begins with sqlite:/// or postgresql://")


def mail_url(value: str) -> str:
    """A mail server: ``smtp://`` (STARTTLS where it is offered) or ``smtps://``, with user and password if it asks."""
    if not value:
        return value
    try:
        parts = urlsplit(value)
        sane = parts.scheme in ("smtp", "smtps") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        sane = False
    if not sane or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("is no mail server; write it like smtp://user:password@mail.example:587")
    return value


def _names_a_database(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return bool(parts.path.strip("/")) and (parts.port or 1) > 0  # .port raises where it is no number
    except ValueError:
        return False


@dataclass(frozen=True)
class ApiSettings(PartSettings):
    """The settings of the API and its worker, as :func:`shopapi.runtime.settings.read` fills them."""

    database_url: str = setting(
        "DATABASE_URL",
        database_url,
        "sqlite:///shop.db",
        "Where the shop's data lies: SQLite or PostgreSQL.",
        secret=True,
    )
    db_threads: int = setting(
        "SHOP_DB_THREADS", whole(1, 64), "4", "Threads, and database connections, of each API process."
    )
    max_in_flight: int = setting(
        "SHOP_MAX_IN_FLIGHT", whole(1, 10_000), "256", "Requests answered at once; above that the answer is 503."
    )
    catalog_cache_mib: int = setting(
        "SHOP_CATALOG_CACHE_MIB",
        whole(0, 4096),
        "24",
        "MiB of catalog answers that each API process keeps in memory; 0 keeps none.",
    )
    manual_payment_days: int = setting(
        "SHOP_MANUAL_PAYMENT_DAYS", whole(1, 90), "7", "Days that an order waits for its bank transfer."
    )
    return_origins: tuple[str, ...] = setting(
        "SHOP_RETURN_ORIGINS",
        origins,
        "",
        "More origins that a payment page may lead back to, separated by commas; the shop's own is one.",
    )
    sandbox_url: SplitResult | None = setting(
        "SHOP_SANDBOX_URL", url_or_none, "", "The sandbox payment provider, for trying out; none by default."
    )
    sandbox_secret: str = setting(
        "SHOP_SANDBOX_SECRET",
        secret_key,
        "",
        "What the shop and the sandbox payment provider sign with; 32 bytes or more.",
        secret=True,
    )
    mail_url: str = setting(
        "SHOP_MAIL_URL",
        mail_url,
        "",
        "The mail server, such as smtp://user:password@mail.example:587; without one, e-mails stay in the back office.",
        secret=True,
    )
    mail_from: str = setting(
        "SHOP_MAIL_FROM", text, "", "The sender of e-mails; the shop's own address where it is not set."
    )
    test_mode: bool = setting(
        "SHOP_TEST_MODE", flag, "0", "1 lets SHOP_FAILPOINTS break things on purpose; only where the shop is local."
    )
    failpoints: str = setting(
        "SHOP_FAILPOINTS", text, "", "Where a process shall fail, for tests, such as after_psp=kill:0.3."
    )
    rate_limits: bool = setting(
        "SHOP_RATE_LIMITS",
        switch,
        "on",
        "Limits on sign-ins and on calls of each principal; off for bench and classroom.",
    )
    docs: bool = setting("SHOP_DOCS", switch, "on", "The page at /docs where the API can be tried.")
