"""Who may call what: every route declares its permission, and one guard asks for it before anything is read."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import MethodNotAllowedException
from litestar.handlers import BaseRouteHandler

from shopapi.contract.accounts import Permission
from shopapi.http.limits import Limiter
from shopapi.http.problems import Forbidden, RateLimited, Unauthenticated
from shopapi.http.told import PUBLIC, SIGNED_IN, told_of
from shopapi.runtime.addresses import SIGNED_HEADER, believed, caller, limit_key
from shopapi.runtime.settings import Network


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling. ``actor`` is what the ledger and the audit log call them; ``scope`` what idempotency keys and
    limits go by; ``session_id`` and ``staff_id`` are there for a session."""

    actor: str
    scope: str
    permissions: frozenset[Permission]
    staff_id: int | None = None
    session_id: int | None = None


class Authenticator:
    """Turns a token into a principal, and an unknown caller into one by address. ``find`` asks the database."""

    def __init__(
        self,
        find: Callable[[str], Principal | None],
        *,
        items_open: bool,
        secret_key: str,
        trusted: tuple[Network, ...],
        limiter: Limiter,
    ) -> None:
        self._find = find
        self.items_open = items_open
        self._key = secret_key
        self._trusted = trusted
        self.limiter = limiter

    async def principal(self, token: str) -> Principal | None:
        """The principal behind a token, or ``None`` where it is no good."""
        return await asyncio.get_running_loop().run_in_executor(None, self._find, token)

    def address(self, connection: ASGIConnection[Any, Any, Any, Any]) -> str:
        """The address of the person behind a request: the web part's word for it, where it is signed."""
        signed = connection.headers.get(SIGNED_HEADER, "")
        if signed and (told := believed(signed, self._key)):
            return told
        return caller(connection.scope["client"], connection.headers.get("x-forwarded-for", ""), self._trusted)


async def let_in(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """The guard of every route. Refuses by default: a route without a permission is for nobody."""
    if connection.scope.get("method") == "OPTIONS":
        # The framework's own answer lists wrong methods, and no page of another host may call: there is no CORS.
        raise MethodNotAllowedException
    route = told_of(handler)
    needed = route.permission
    if needed == PUBLIC:
        return
    gate: Authenticator = connection.app.state.authenticator
    token = _bearer(connection.headers.get("authorization"))
    if token is None and route.open_in_classroom and gate.items_open:
        address = limit_key(gate.address(connection))
        connection.scope["user"] = Principal(actor="anyone", scope=f"address:{address}", permissions=frozenset())
        return
    principal = await gate.principal(token) if token else None
    if principal is None:
        raise Unauthenticated() if token is None else Unauthenticated("The token is unknown, ended or revoked.")
    if needed == SIGNED_IN and principal.session_id is None:
        raise Forbidden("An API key has no session. Sign in instead.")
    if needed != SIGNED_IN and needed not in principal.permissions:
        raise Forbidden(f"This needs the permission {needed}.")
    connection.scope["user"] = principal
    try:
        gate.limiter.take(principal.scope)
    except RateLimited as error:
        if not (route.keyed and "idempotency-key" in connection.headers):
            raise
        # A replay does not count; whether it is one, only the look for its key tells.
        connection.scope["state"]["over_limit"] = error


def _bearer(header: str | None) -> str | None:
    if not header:
        return None
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None
