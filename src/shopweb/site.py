"""What all requests share: settings, the client, the templates in both languages, static files."""

from functools import cache
from gettext import NullTranslations
from typing import Final

import httpx
from jinja2 import Environment, StrictUndefined

from shopapi.client import ShopClient
from shopapi.runtime.part import require_secret_key
from shopweb.assets import Assets
from shopweb.locale import LANGUAGES, Language, read_translations
from shopweb.session import Cookies, Signer
from shopweb.settings import WebSettings
from shopweb.storefront.shelf import Shelf
from shopweb.wording import Worded

_NAMELESS: Final = "Shop"


class Site:
    """Made once a process; raises :class:`SettingsError` without a secret key, as every cookie would be forgeable."""

    def __init__(self, settings: WebSettings, transport: httpx.AsyncBaseTransport | None) -> None:
        require_secret_key(settings.secret_key)
        self.settings = settings
        self.client = ShopClient(settings.api_server_url.geturl(), timeout_s=4, retries=1, transport=transport)
        self.shelf = Shelf()
        self.signer = Signer(settings.secret_key)
        self.cookies = Cookies(strict=settings.public_url.scheme == "https")
        self.assets = _assets()
        self.translations = {language: _translations(language) for language in LANGUAGES}
        self._templates = {language: _templates(language) for language in LANGUAGES}

    def render(self, language: Language, template: str, /, **context: object) -> str:
        """A page's HTML; ``shop`` is the shop's name as it was last heard, unless ``context`` says it."""
        named = {"shop": self.shop_name, **context}
        return self._templates[language].get_template(template).render(**named)

    @property
    def shop_name(self) -> str:
        """What the shop is called, as far as this process has heard."""
        return self.shelf.shop_name or _NAMELESS


# What ships with the package is read once a process, however many sites a process makes (tests make hundreds).


@cache
def _assets() -> Assets:
    return Assets()


@cache
def _translations(language: Language) -> NullTranslations:
    return read_translations(language)


@cache
def _templates(language: Language) -> Environment:
    env = Environment(
        loader=Worded(_translations(language), _assets()),
        autoescape=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    env.install_gettext_translations(_translations(language), newstyle=True)  # type: ignore[attr-defined]
    env.globals["asset"] = _assets().url
    # Compiled at start: the first visitor waits for nothing, and a broken template is no surprise at night.
    for name in env.list_templates(extensions=["html"]):
        env.get_template(name)
    return env
