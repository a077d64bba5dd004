"""Signing in and out. One message for every failure: nobody learns which addresses are known."""

from contextlib import suppress
from datetime import UTC, datetime

from litestar import get, post
from litestar.di import NamedDependency

from shopapi.client import ApiUnavailable, BadRequest, ShopApiError, TooManyRequests, Unauthenticated
from shopapi.contract.accounts import SessionCreated, SessionInput
from shopweb.forms import FieldError, own_path
from shopweb.office.desk import desk_page
from shopweb.session import Note, Session
from shopweb.visit import OutdatedForm, Page, Visit


@get("/office/sign-in")
async def show_sign_in(visit: NamedDependency[Visit]) -> Page:
    """The form; somebody who is signed in is led on."""
    onward = own_path(visit.asked("next"))
    return visit.redirect(onward) if visit.session else _sign_in_page(visit, "", onward)


@post("/office/sign-in")
async def sign_in(visit: NamedDependency[Visit]) -> Page:
    """Make a session, or say why not."""
    try:
        await visit.read_form(before_sign_in=True)
        outdated = False
    except OutdatedForm:
        outdated = True
    sent = visit.sent
    email, onward = sent.get("email", "").strip(), own_path(sent.get("next", ""))
    if outdated:
        message = visit.gettext("This page was open for too long. Enter your password again.")
        return _sign_in_page(visit, email[:254], onward, FieldError("password", message), 403)
    try:
        made = await visit.api_for_nobody.sign_in(SessionInput(email, sent.get("password", ""), "staff"))
        return await _signed_in(visit, made, onward)
    except (Unauthenticated, BadRequest):
        message, status = visit.gettext("E-mail and password do not match."), 422
    except TooManyRequests as error:
        message, status = _wait_sentence(visit, error.retry_after_s), 429
    except ApiUnavailable:
        # Not the page that sends a form again by itself: a password is written into no page.
        message, status = visit.gettext("The shop cannot be reached just now. Try again in a moment."), 503
    return _sign_in_page(visit, email[:254], onward, FieldError("email", message), status)


@get("/office/sign-out")
async def show_sign_out(visit: NamedDependency[Visit]) -> Page:
    """Signing out is a form's deed; a link or a reload changes nothing."""
    return visit.redirect("/office/stock")


@post("/office/sign-out")
async def sign_out(visit: NamedDependency[Visit]) -> Page:
    """End the session; the cookie goes even where the API cannot be told."""
    if visit.session is None:  # Another tab was quicker.
        visit.check_origin()
        return visit.redirect("/office/sign-in", note=Note("signed_out"))
    await visit.read_form()
    with suppress(ShopApiError):
        await visit.api.sign_out()
    forget = visit.site.cookies.forget(visit.site.cookies.session)
    return visit.redirect("/office/sign-in", forget, note=Note("signed_out"))


async def _signed_in(visit: Visit, made: SessionCreated, onward: str) -> Page:
    who = await visit.api_for_nobody.calling_as(token=made.token).current_session()
    session = Session(made.token, who.name, who.permissions, made.expires_at)
    max_age_s = max(0, int((made.expires_at - datetime.now(UTC)).total_seconds()))
    cookie = visit.site.cookies.set_session(visit.site.signer.signed("session", session), max_age_s)
    if visit.session:  # Another tab was quicker; what nobody uses any more is ended.
        with suppress(ShopApiError):
            await visit.api.sign_out()
    return visit.redirect(onward, cookie)


def _sign_in_page(visit: Visit, email: str, onward: str, error: FieldError | None = None, status: int = 200) -> Page:
    errors = [error] if error else []
    return desk_page(visit, "office/sign_in.html", status=status, email=email, onward=onward, errors=errors)


def _wait_sentence(visit: Visit, retry_after_s: float | None) -> str:
    minutes = max(1, round((retry_after_s or 60) / 60))
    message = visit.ngettext(
        "There were too many tries. Wait %(count)s minute, then try again.",
        "There were too many tries. Wait %(count)s minutes, then try again.",
        minutes,
    )
    return message % {"count": visit.number(minutes)}
