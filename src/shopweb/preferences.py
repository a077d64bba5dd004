"""Language and theme: forms that stand on every page, kept in cookies."""

from typing import Final

from litestar import post
from litestar.di import NamedDependency

from shopweb.forms import own_path, read_form
from shopweb.locale import LANGUAGES
from shopweb.session import LANGUAGE_COOKIE, THEME_COOKIE
from shopweb.visit import THEMES, Page, Visit

_COOKIES: Final = {"language": (LANGUAGE_COOKIE, frozenset[str](LANGUAGES)), "theme": (THEME_COOKIE, frozenset(THEMES))}


@post("/preferences")
async def set_preferences(visit: NamedDependency[Visit]) -> Page:
    """Keep what was chosen. No token is asked for: the forms are the same for everybody, and harm nobody."""
    visit.check_origin()
    sent = await read_form(visit.request)
    chosen = [
        visit.site.cookies.set_preference(cookie, sent[name])
        for name, (cookie, allowed) in _COOKIES.items()
        if sent.get(name) in allowed
    ]
    return visit.redirect(own_path(sent.get("back", "")), *chosen)
