"""Templates whose fixed words and addresses are put in when they are compiled, not again with every page.

``{{ _("Search") }}`` says the same on each page of a language, and a page has forty such words. Looked up, formatted
and escaped each time, they took a third of what it takes to render it.
"""

import re
from collections.abc import Callable
from gettext import NullTranslations
from typing import Final

from jinja2 import Environment, PackageLoader
from markupsafe import escape

from shopweb.assets import Assets

_FIXED: Final = re.compile(r'\{\{ (_|asset)\("([^"\\]*)"\) \}\}')


class Worded(PackageLoader):
    """The package's templates in one language."""

    def __init__(self, translations: NullTranslations, assets: Assets) -> None:
        super().__init__("shopweb")
        self._translations, self._assets = translations, assets

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool] | None]:
        """The source; its lines are those of the file, so that an error names the right one."""
        source, filename, is_current = super().get_source(environment, template)
        return _FIXED.sub(self._put_in, source), filename, is_current

    def _put_in(self, found: re.Match[str]) -> str:
        kind, name = found.groups()
        # "%%" is how a catalog writes a percent sign.
        text = self._assets.url(name) if kind == "asset" else self._translations.gettext(name) % {}
        return str(escape(text))
