"""Language and theme: links and forms that stand on every page, kept in cookies."""

from litestar import get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from shopweb.forms import own_path, read_form
from shopweb.locale import LANGUAGES
from shopweb.visit import THEMES, Page, Visit


@post("/preferences")
async def set_preferences(visit: NamedDependency[Visit]) -> Page:
    """Keep what was chosen. No token is asked for: the forms are the same for everybody, and harm nobody."""
    visit.check_origin()
    sent = await read_form(visit.request)
    cookies = visit.site.cookies
    kept = {"language": (cookies.language, frozenset[str](LANGUAGES)), "theme": (cookies.theme, frozenset(THEMES))}
    chosen = [
        cookies.set_preference(cookie, sent[name])
        for name, (cookie, allowed) in kept.items()
        if sent.get(name) in allowed
    ]
    return visit.redirect(own_path(sent.get("back", ""), "/"), *chosen)


@get("/language/{language:str}")
async def set_language(visit: NamedDependency[Visit], language: FromPath[str]) -> Page:
    """Speak ``language`` from now on: by a link, so that pages can be sent round in the language they were read in."""
    if language not in LANGUAGES:
        raise NotFoundException
    cookie = visit.site.cookies.set_preference(visit.site.cookies.language, language)
    return visit.redirect(own_path(visit.asked("back"), "/"), cookie)
