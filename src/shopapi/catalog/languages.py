"""In which language a request is answered."""

from shopapi.catalog.record_store import default_locale
from shopapi.contract.catalog import Locale
from shopapi.db.engine import Reader
from shopapi.http.body import ShopRequest
from shopapi.http.language import preferred


class Languages:
    """The shop's default language is read once: products' own words are in it, so it stays what it is."""

    def __init__(self) -> None:
        self._default: Locale | None = None

    def of(self, request: ShopRequest, c: Reader) -> Locale:
        """What the caller prefers, else the shop's default language."""
        asked = preferred(request.headers.get("accept-language", ""))
        if asked is not None:
            return asked
        if self._default is None:
            self._default = default_locale(c)
        return self._default
