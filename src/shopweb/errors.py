"""Every error as a page: what happened, what holds, what to do."""

import logging
from typing import Final

from litestar import MediaType, Response
from litestar.exceptions import HTTPException, NotFoundException
from litestar.types import ExceptionHandlersMap

from shopapi.client import ApiUnavailable, Forbidden, NotFound, ProblemError, TooManyRequests, Unauthenticated
from shopapi.runtime.edge import Headers, Scope
from shopweb import locale
from shopweb.later import LaterPage
from shopweb.session import Note
from shopweb.site import Site
from shopweb.storefront.lost import lost_page
from shopweb.visit import THEMES, NotOurForm, OutdatedForm, PageRequest, SignInFirst, Visit, is_of_the_office

_log = logging.getLogger(__name__)

RETRY_S: Final = 5
_OF_MONEY: Final = ("/pay", "/refund", "/refund/confirm")
_PLAIN: Final = (400, 403, 404, 405, 413, 415, 421, 429, 500, 503)


def _sign_in_first(request: PageRequest, error: SignInFirst) -> Response[bytes]:
    visit = Visit.of(request)
    return visit.redirect("/office/sign-in", next=visit.here)


def _session_ended(request: PageRequest, error: Unauthenticated) -> Response[bytes]:
    visit = Visit.of(request)
    if visit.session is None:
        # The web part takes the stock for open and the API does not: settings that disagree.
        return visit.redirect("/office/sign-in", next=visit.here)
    forget = visit.site.cookies.forget(visit.site.cookies.session)
    return visit.redirect("/office/sign-in", forget, note=Note("session_ended"), next=visit.here)


def _api_away(request: PageRequest, error: ApiUnavailable) -> Response[bytes]:
    _log.warning("%s", error)
    visit = Visit.of(request)
    visit.keep_note()
    headers = {"Retry-After": str(RETRY_S)}
    sent = request.scope["path"] if request.scope["method"] == "POST" else ""
    return visit.page(
        "errors/away.html",
        status=503,
        headers=headers,
        context={"retry_s": RETRY_S, "action": sent, "sent": visit.sent},
    )


def _forbidden(request: PageRequest, error: Forbidden) -> Response[bytes]:
    path, reads = request.scope["path"], request.scope["method"] == "GET"
    room = "orders" if path.startswith(("/office/orders", "/office/emails")) else "stock"
    if room == "orders" and not reads and path.endswith(_OF_MONEY):
        room = "payments"
    right = f"{room}:read" if reads else f"{room}:write"
    return Visit.of(request).page("errors/forbidden.html", status=403, context={"right": right})


def _not_our_form(request: PageRequest, error: NotOurForm) -> Response[bytes]:
    visit = Visit.of(request)
    path = request.scope["path"]
    # Nobody orders by a form that was made for another cart: the page of the last step is looked at first.
    again = isinstance(error, OutdatedForm) and not visit.in_office and path != "/checkout/review"
    context = {"action": path if again else "", "sent": visit.sent}
    return visit.page("errors/not_our_form.html", status=403, context=context)


def _not_found(request: PageRequest, error: NotFound | NotFoundException) -> Response[bytes]:
    visit = Visit.of(request)
    if visit.in_office or visit.is_asset:
        return _plain(request, 404)
    return LaterPage(lambda: lost_page(visit))


def _too_many(request: PageRequest, error: TooManyRequests) -> Response[bytes]:
    return _plain(request, 429, {"Retry-After": str(int(error.retry_after_s or 60))})


def _refused(request: PageRequest, error: ProblemError) -> Response[bytes]:
    if error.problem.code == "outcome_unknown":  # The database went away in the middle: sent again, it counts once.
        return _api_away(request, ApiUnavailable(str(error), reached=True))
    # No page expects this answer: its form lacks the words for it.
    _log.error("The API refused what a page asked: %s", error)
    return _plain(request, 500)


def _http(request: PageRequest, error: HTTPException) -> Response[bytes]:
    return _plain(request, error.status_code, dict(error.headers or {}))


def _failed(request: PageRequest, error: Exception) -> Response[bytes]:
    _log.error("The page failed.", exc_info=error)
    return _plain(request, 500)


HANDLERS: Final[ExceptionHandlersMap] = {
    SignInFirst: _sign_in_first,
    NotOurForm: _not_our_form,
    Unauthenticated: _session_ended,
    Forbidden: _forbidden,
    NotFound: _not_found,
    NotFoundException: _not_found,
    TooManyRequests: _too_many,
    ApiUnavailable: _api_away,
    ProblemError: _refused,
    HTTPException: _http,
    Exception: _failed,
}


def _plain(request: PageRequest, status: int, headers: dict[str, str] | None = None) -> Response[bytes]:
    visit = Visit.of(request)
    sent = {**(headers or {}), "Cache-Control": "no-store"}
    sent.pop("content-type", None)
    body = _plain_body(visit.site, visit.language, visit.theme, status, visit.request_id, in_office=visit.in_office)
    return Response(body, status_code=status, media_type=MediaType.HTML, headers=sent)


def _plain_body(
    site: Site, language: locale.Language, theme: str, status: int, request_id: str, *, in_office: bool
) -> bytes:
    kind = status if status in _PLAIN else 500 if status >= 500 else 400
    context = {"kind": kind, "language": language, "theme": theme, "request_id": request_id, "in_office": in_office}
    return site.render(language, "errors/plain.html", **context).encode()


class RefusalPages:
    """The pages of what the edge refuses before a route is found: a strange host, a process about to stop."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def __call__(self, status: int, code: str, scope: Scope) -> tuple[Headers, bytes]:
        """Headers and body; ``code`` is for programs and no person reads it."""
        request, cookies = PageRequest(scope), self._site.cookies  # type: ignore[arg-type]
        chosen = request.cookies.get(cookies.language)
        language = locale.preferred(request.headers.get("accept-language", ""), chosen)
        theme = request.cookies.get(cookies.theme, "system")
        request_id = str(scope["state"]["request_id"])
        theme = theme if theme in THEMES else "system"
        body = _plain_body(self._site, language, theme, status, request_id, in_office=is_of_the_office(scope["path"]))
        return [(b"content-type", b"text/html; charset=utf-8"), (b"cache-control", b"no-store")], body
