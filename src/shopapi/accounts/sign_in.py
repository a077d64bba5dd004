"""What happens when somebody signs in: limits, the password beside the event loop, a new session.

One answer for every reason to refuse, in the same time: a hash is worked out even where there is no such account.
"""

import asyncio
import functools
from typing import Final

from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from shopapi.accounts import session_store
from shopapi.accounts.passwords import Passwords, needs_rehash
from shopapi.accounts.rules import PERMISSIONS, normal_email
from shopapi.contract.accounts import CurrentSession, SessionCreated, SessionInput
from shopapi.db.engine import Database
from shopapi.http.body import ShopRequest
from shopapi.http.limits import Limiter
from shopapi.http.problems import InvalidCredentials
from shopapi.http.threads import in_thread
from shopapi.http.told import PUBLIC, SIGNED_IN, Route
from shopapi.runtime.addresses import limit_key

_TRIES: Final = 3


class SignInLimits:
    """How often somebody may try: 5 a minute for an account from an address, 20 a minute from an address,
    100 an hour for an account."""

    def __init__(self, *, on: bool) -> None:
        self._both = Limiter(5, 60, on=on)
        self._address = Limiter(20, 60, on=on)
        self._account = Limiter(100, 3600, on=on)

    def take(self, address: str, email: str) -> None:
        """Count one try; raises :class:`RateLimited`."""
        self._address.take(address)
        self._both.take(f"{address} {email}")
        self._account.take(email)


@post(
    "/v1/sessions",
    opt={"told": Route(PUBLIC, "Sign in", answers={201: SessionCreated}, problems=(InvalidCredentials,))},
)
async def sign_in(
    data: JSONBody[SessionInput],
    request: ShopRequest,
    db: NamedDependency[Database],
    passwords: NamedDependency[Passwords],
    sign_in_limits: NamedDependency[SignInLimits],
) -> Response[SessionCreated]:
    """Each call makes a session of its own; it ends after 12 hours, or 30 minutes without use."""
    email = normal_email(data.email)
    sign_in_limits.take(limit_key(request.app.state.authenticator.address(request)), email)
    loop = asyncio.get_running_loop()

    def look_up() -> session_store.Candidate | None:
        with db.reading() as c:
            return session_store.candidate(c, email)

    def begin(who: session_store.Candidate) -> SessionCreated | None:
        with db.writing() as c:
            # The password took its time: it, or the account, may have been changed meanwhile.
            if not session_store.still_stands(c, who):
                return None
            token, ends = session_store.create_session(c, who.row_id, user_agent=request.headers.get("user-agent", ""))
        return SessionCreated(token=token, expires_at=ends, permissions=sorted(PERMISSIONS[who.role]))

    # Once more where the stored hash is another one now: another sign-in may just have made it anew.
    for _ in range(_TRIES):
        who = await loop.run_in_executor(None, look_up)
        good = await passwords.verify(who.password_hash if who else None, data.password)
        if who is None or not good:
            break
        if made := await loop.run_in_executor(None, begin, who):
            if needs_rehash(who.password_hash):
                fresh = await passwords.hash(data.password)
                await loop.run_in_executor(
                    None, db.write, functools.partial(session_store.rehash, who=who, password_hash=fresh)
                )
            return Response(made, status_code=201, headers={"Cache-Control": "no-store"})
    raise InvalidCredentials


@get(
    "/v1/sessions/current",
    opt={"told": Route(SIGNED_IN, "Read the session behind the token", answers={200: CurrentSession})},
)
@in_thread
def current_session(request: ShopRequest, db: NamedDependency[Database]) -> Response[CurrentSession]:
    """Who is signed in, and what they may do."""
    with db.reading() as c:
        session = session_store.current_session(c, request.user.session_id or 0)
    return Response(session, headers={"Cache-Control": "no-store"})


@delete(
    "/v1/sessions/current",
    opt={"told": Route(SIGNED_IN, "Sign out", answers={204: None})},
)
@in_thread
def sign_out(request: ShopRequest, db: NamedDependency[Database]) -> None:
    """End the session behind the token, at once and in every process."""
    db.write(lambda c: session_store.end_session(c, request.user.session_id or 0))


HANDLERS: Final = [sign_in, current_session, sign_out]
