"""The settings of the sandbox payment provider."""

from dataclasses import dataclass
from typing import Final, Literal, cast
from urllib.parse import SplitResult, urlsplit

from shopapi.runtime.settings import SettingsError, one_of, secret_key, setting, text, url_or_none

SANDBOX_PORT: Final = 8002


def webhook_url(value: str) -> str:
    """An http or https URL with a path, or nothing."""
    if not value:
        return value
    if "@" in value:  # It may be a password: it is not shown.
        raise ValueError("holds a user name or a password; write it like http://127.0.0.1:8000/v1/webhook")
    try:
        parts = urlsplit(value)
        sane = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        sane = False
    if not sane or parts.fragment:
        raise ValueError(f'is "{value}"; write it like http://127.0.0.1:8000/v1/webhook')
    return value


@dataclass(frozen=True)
class SandboxSettings:
    """What the sandbox reads from its environment."""

    url: SplitResult | None = setting(
        "SHOP_SANDBOX_URL", url_or_none, "", "The sandbox payment provider, for trying out; none by default."
    )
    secret: str = setting(
        "SHOP_SANDBOX_SECRET",
        secret_key,
        "",
        "What the shop and the sandbox payment provider sign with; 32 bytes or more.",
        secret=True,
    )
    webhook_url: str = setting(
        "SHOP_SANDBOX_WEBHOOK_URL", webhook_url, "", "Where the sandbox payment provider sends its webhooks; nowhere."
    )
    journal: str = setting(
        "SHOP_SANDBOX_JOURNAL", text, "sandbox.db", "The SQLite file of the sandbox payment provider's own journal."
    )
    log_level: str = setting(
        "SHOP_LOG_LEVEL", one_of("debug", "info", "warning", "error"), "info", "The least level that is logged."
    )
    log_format: Literal["auto", "json", "text"] = cast(
        Literal["auto", "json", "text"],
        setting("SHOP_LOG_FORMAT", one_of("auto", "json", "text"), "auto", "JSON lines on a pipe, text on a terminal."),
    )


def secrets_of(settings: SandboxSettings) -> tuple[str, ...]:
    """The secrets in force, the newest first; raises :class:`SettingsError` where there is none that will do.

    While a secret is being changed, ``SHOP_SANDBOX_SECRET`` holds the new and the old one with a comma between them.
    """
    found = tuple(part.strip() for part in settings.secret.split(",") if part.strip())
    if not found:
        raise SettingsError(
            ["SHOP_SANDBOX_SECRET is not set"],
            "export SHOP_SANDBOX_SECRET=$(openssl rand -base64 48), the same for the API and the worker",
        )
    if any(len(secret.encode()) < 32 for secret in found):
        raise SettingsError(
            ["SHOP_SANDBOX_SECRET holds a secret that is shorter than 32 bytes"], "openssl rand -base64 48 makes one"
        )
    return found
