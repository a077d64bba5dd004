"""Every setting of the web part: its name, default and meaning."""

from dataclasses import dataclass
from urllib.parse import SplitResult

from shopapi.runtime.part import PartSettings
from shopapi.runtime.settings import origins, setting, url


@dataclass(frozen=True)
class WebSettings(PartSettings):
    """The settings of the web part, as :func:`shopapi.runtime.settings.read` fills them."""

    api_server_url: SplitResult = setting(
        "API_SERVER_URL", url, "http://127.0.0.1:8000", "Where the web part finds the API."
    )
    payment_origins: tuple[str, ...] = setting(
        "SHOP_PAYMENT_ORIGINS",
        origins,
        "",
        "Origins of payment providers' pages that the checkout may lead to, separated by commas.",
    )
