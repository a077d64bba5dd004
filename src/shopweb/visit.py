"""One request for a page: who asks, in which language and theme, what they sent, and how they are answered."""

import gzip
import secrets
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any, Final, Self
from urllib.parse import quote, urlencode, urlsplit

from litestar import MediaType, Request, Response
from litestar.datastructures import Cookie

from shopapi.client import ShopApiError, ShopClient
from shopapi.contract.accounts import Permission
from shopapi.contract.calendar import OF_THE_SHOP
from shopapi.contract.figures import number
from shopweb import locale
from shopweb.api import calling_for
from shopweb.assets import accepts_gzip
from shopweb.forms import own_path, read_form
from shopweb.policy import content_policy
from shopweb.session import KeptCart, Note, Session
from shopweb.site import Site
from shopweb.storefront.shelf import Question

PageRequest = Request[Any, Any, Any]
Page = Response[bytes]

LOOKS_AGAIN: Final = "x-looks-again"
"""Sent by the script that looks whether the API is back: nobody reads the page that answers it."""

THEMES: Final = ("system", "light", "dark")
_MOST_SHOWN: Final = 100
_FORM_AGAIN: Final = (409, 422, 429)
_WORTH_COMPRESSING: Final = 1024


class NotOurForm(Exception):
    """A form that did not come from one of our pages, or from a page of another session."""


class OutdatedForm(NotOurForm):
    """One of ours by where it comes from, but made for another session, or for nobody we know."""


class SignInFirst(Exception):
    """The page is for staff and nobody is signed in."""


class Visit:
    """Handlers get one as an argument; error pages find it by :meth:`of`."""

    def __init__(self, request: PageRequest) -> None:
        self.site: Site = request.app.state.site
        self.request = request
        self.sent: dict[str, str] = {}
        self.told: dict[Question, str] = {}
        self.untold: dict[Question, ShopApiError] = {}
        self.now = datetime.now(UTC)
        cookies = request.cookies
        self.language = locale.preferred(
            request.headers.get("accept-language", ""), cookies.get(self.site.cookies.language)
        )
        self.theme = cookies.get(self.site.cookies.theme, "system")
        if self.theme not in THEMES:
            self.theme = "system"
        self._outgoing: list[Cookie] = []

    @classmethod
    def of(cls, request: PageRequest) -> Self:
        """The visit of ``request``, made when it is first asked for."""
        state = request.scope["state"]
        if "visit" not in state:
            state["visit"] = cls(request)
        visit: Self = state["visit"]
        return visit

    # who asks

    @property
    def request_id(self) -> str:
        """What this request is called in the logs."""
        return str(self.request.scope["state"]["request_id"])

    @property
    def today(self) -> date:
        """The day it is where the shop packs its parcels."""
        return self.local(self.now).date()

    def local(self, at: datetime) -> datetime:
        """``at`` by the clock where the shop packs its parcels."""
        return at.astimezone(OF_THE_SHOP)

    @cached_property
    def takes_gzip(self) -> bool:
        """Whether their browser takes a compressed page."""
        return accepts_gzip(self.request.headers.get("accept-encoding", ""))

    @property
    def in_office(self) -> bool:
        """Whether the page is one of the back office."""
        return is_of_the_office(self.request.scope["path"])

    @property
    def is_asset(self) -> bool:
        """Whether a program asks for it: a static file or a picture, which needs no page around it."""
        return self.request.scope["path"].startswith(("/static/", "/media/"))

    @cached_property
    def api(self) -> ShopClient:
        """The API, called for this visitor."""
        return calling_for(self.request, self.site.client, self.site.settings, self.session)

    @cached_property
    def api_for_nobody(self) -> ShopClient:
        """The API without the session: an old one must not spoil signing in."""
        return calling_for(self.request, self.site.client, self.site.settings, None)

    @property
    def open_items(self) -> bool:
        """Whether the stock is everybody's (a classroom) and nobody is signed in."""
        return self.session is None and self.site.settings.items_access == "open"

    def may(self, permission: Permission) -> bool:
        """Whether to show what needs ``permission``; the API decides for itself."""
        return self.open_items if self.session is None else permission in self.session.permissions

    def require_staff(self) -> None:
        """Let nobody pass who is not signed in, unless the stock is everybody's."""
        if self.session is None and not self.open_items:
            raise SignInFirst

    @cached_property
    def session(self) -> Session | None:
        """Who is signed in; looked at by pages that ask, as what everybody sees need not know."""
        text = self.request.cookies.get(self.site.cookies.session, "")
        if not text:
            return None
        session = self.site.signer.believed("session", text, Session)
        return session if session and session.expires_at > self.now else None

    @cached_property
    def cart(self) -> KeptCart | None:
        """The cart that this browser has, as its cookie says: the API may know better."""
        text = self.request.cookies.get(self.site.cookies.cart, "")
        return self.site.signer.believed("cart", text, KeptCart) if text else None

    def keep_cart(self, kept: KeptCart | None) -> None:
        """Let the browser keep ``kept`` from now on, or forget its cart."""
        cookies = self.site.cookies
        if kept == self.cart:
            return
        self.cart = kept
        self._outgoing = [cookie for cookie in self._outgoing if cookie.key != cookies.cart]
        self._outgoing.append(
            cookies.set_cart(self.site.signer.signed("cart", kept)) if kept else cookies.forget(cookies.cart)
        )

    @property
    def units(self) -> int:
        """How many units the cart holds, as far as the frame of a page counts them."""
        return min(self.cart.units, _MOST_SHOWN) if self.cart else 0

    @property
    def by_script(self) -> bool:
        """Whether a script asked, which puts the answer into the page that is there."""
        return "hx-request" in self.request.headers

    # what they sent

    async def read_form(self, *, before_sign_in: bool = False) -> dict[str, str]:
        """The form, once it is sure that one of our own pages sent it; raises :class:`NotOurForm`.

        ``before_sign_in`` is for the page that was made for a visitor: another tab may have signed in since.
        """
        self.check_origin()
        self.sent = await read_form(self.request)
        bound_to = self._visitor if before_sign_in else self._bound_to
        if not self.site.signer.is_form_token(self.sent.pop("token", ""), bound_to):
            raise OutdatedForm
        return self.sent

    def check_origin(self) -> None:
        """Refuse a form that another site sent: by ``Sec-Fetch-Site``, else by ``Origin`` or ``Referer``."""
        headers = self.request.headers
        site = headers.get("sec-fetch-site")
        if site is not None:
            if site not in ("same-origin", "none"):
                raise NotOurForm
            return
        sent_from = urlsplit(headers.get("origin") or headers.get("referer") or "")
        # The edge has let only our own names through as Host.
        own = {self.site.settings.public_url.netloc, headers.get("host", "")}
        if sent_from.scheme not in ("http", "https") or sent_from.netloc not in own:
            raise NotOurForm

    @property
    def _bound_to(self) -> str:
        if is_of_the_till(self.request.scope["path"]) and self.cart:
            return f"cart:{self.cart.token}"
        return f"session:{self.session.token}" if self.session else self._visitor

    @property
    def _visitor(self) -> str:
        visitor = self.request.cookies.get(self.site.cookies.visitor, "")
        return f"visitor:{visitor}" if visitor else ""

    @cached_property
    def form_token(self) -> str:
        """What every form of this page carries that changes something."""
        bound_to = self._bound_to
        return self.site.signer.form_token(bound_to) if bound_to else self.sign_in_token

    @cached_property
    def sign_in_token(self) -> str:
        """What the sign-in form carries: it is the visitor's, as another tab may sign in before it is sent."""
        bound_to = self._visitor
        if not bound_to:
            visitor = secrets.token_urlsafe(24)
            self._outgoing.append(self.site.cookies.set_visitor(visitor))
            bound_to = f"visitor:{visitor}"
        return self.site.signer.form_token(bound_to)

    def asked(self, name: str) -> str:
        """A parameter of the query, ``""`` where it is missing."""
        return str(self.request.query_params.get(name, ""))

    @property
    def asked_as_sent(self) -> str:
        """The query with its ``?``, or ``""``, to be appended to another path."""
        query = quote(self.request.scope["query_string"], safe="/?:@!$&'()*+,;=%")
        return f"?{query}" if query else ""

    # their language

    def gettext(self, message: str) -> str:
        """``message`` in the visitor's language."""
        return self.site.translations[self.language].gettext(message)

    def ngettext(self, one: str, many: str, count: int) -> str:
        """``one`` or ``many`` in the visitor's language, as ``count`` needs it."""
        return self.site.translations[self.language].ngettext(one, many, count)

    def number(self, value: int) -> str:
        """A whole number as the visitor's language writes it."""
        return number(value, self.language)

    # the answer

    @property
    def here(self) -> str:
        """Where this page is, for forms that lead back to it."""
        query = self.request.scope["query_string"].decode("latin-1")
        otherwise = "/office/stock" if self.in_office else "/"
        return own_path(self.request.scope["path"] + (f"?{query}" if query else ""), otherwise)

    @cached_property
    def note(self) -> Note | None:
        """What was just done; said once."""
        text = self.request.cookies.get(self._note_cookie, "")
        if not text or LOOKS_AGAIN in self.request.headers:
            return None
        self._outgoing.append(self.site.cookies.forget(self._note_cookie))
        return self.site.signer.believed("note", text, Note)

    def keep_note(self) -> None:
        """Keep the note for a page that can say it, however long that takes."""
        text = self.request.cookies.get(self._note_cookie, "")
        if self.site.signer.believed("note", text, Note):
            self._outgoing.append(self.site.cookies.set_note(text, in_office=self.in_office))

    @property
    def has_note(self) -> bool:
        """Whether the page that is asked for has something to say that only this visitor should read."""
        return self._note_cookie in self.request.cookies

    @property
    def _note_cookie(self) -> str:
        return self.site.cookies.note if self.in_office else self.site.cookies.shop_note

    def page(
        self,
        template: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        context: Mapping[str, object] | None = None,
    ) -> Page:
        """A page, kept by nobody unless ``headers`` say so: it is one person's.

        The browser that sent a form of a purchase keeps the page that says what is wrong with it, to go back to.
        """
        body = self.site.render(self.language, template, visit=self, **(context or {})).encode()
        sent = {
            "Cache-Control": "private, no-cache" if self._is_form_again(status) else "no-store",
            "Content-Language": self.language,
            "Vary": "Accept-Encoding, Accept-Language, Cookie",
            **self._leads_to_payment(),
            **(headers or {}),
        }
        if len(body) > _WORTH_COMPRESSING and self.takes_gzip:
            # No time in it: the same page has the same bytes, and so the same ETag, whichever process makes it.
            body, sent["Content-Encoding"] = gzip.compress(body, 5, mtime=0), "gzip"
        return Response(body, status_code=status, media_type=MediaType.HTML, headers=sent, cookies=self._outgoing)

    def _is_form_again(self, status: int) -> bool:
        """Whether the page is the form that was just sent, with what was typed: docs/decisions/0016-going-back.md."""
        path = self.request.scope["path"]
        of_a_purchase = is_of_the_till(path) or path == "/withdrawal" or path.startswith("/withdrawal/")
        return of_a_purchase and self.request.scope["method"] == "POST" and status in _FORM_AGAIN

    def _leads_to_payment(self) -> dict[str, str]:
        """A form of the checkout may end on a payment provider's page: browsers look at redirects too."""
        origins = self.site.settings.payment_origins
        if not origins or not self.request.scope["path"].startswith("/checkout"):
            return {}
        return {"Content-Security-Policy": content_policy("'self'", *origins)}

    def redirect(self, path: str, *cookies: Cookie, note: Note | None = None, **query: str) -> Page:
        """Lead on by ``GET`` (303), so that reloading the next page repeats nothing."""
        outgoing = [*cookies, *self._outgoing]
        if note:
            signed = self.site.signer.signed("note", note)
            outgoing.append(self.site.cookies.set_note(signed, in_office=self.in_office))
        headers = {"Location": f"{path}?{urlencode(query)}" if query else path, "Cache-Control": "no-store"}
        return Response(b"", status_code=303, media_type=MediaType.HTML, headers=headers, cookies=outgoing)

    def moved(self, path: str) -> Page:
        """Lead to where the page is now, for good (301)."""
        headers = {"Location": path, "Cache-Control": "no-cache"}
        return Response(b"", status_code=301, media_type=MediaType.HTML, headers=headers)


def is_of_the_till(path: str) -> bool:
    """Whether ``path`` is the cart's or the checkout's: its forms are bound to the cart."""
    return path in ("/cart", "/checkout") or path.startswith(("/cart/", "/checkout/"))


def is_of_the_office(path: str) -> bool:
    """Whether ``path`` is in the back office."""
    return path == "/office" or path.startswith("/office/")


async def visit_of(request: PageRequest) -> Visit:
    """The dependency ``visit`` of every handler."""
    visit = Visit.of(request)
    if (
        visit.in_office and not visit.open_items
    ):  # Where the stock is everybody's, the classic interface is all it asks.
        await visit.site.shelf.learn_name(visit)
    return visit
