"""Callers without a principal: whose idempotency keys are whose, and how often somebody may guess at a secret."""

import hashlib
from dataclasses import dataclass, field

from shopapi.contract.catalog import Locale
from shopapi.http.body import ShopRequest
from shopapi.http.language import preferred
from shopapi.http.limits import Limiter
from shopapi.http.problems import RateLimited
from shopapi.runtime.addresses import limit_key


@dataclass(frozen=True)
class GuestLimits:
    """What somebody whom nobody knows may try: codes and checkouts by cart, secrets of orders by address."""

    on: bool
    codes_of_cart: Limiter = field(init=False)
    codes_of_address: Limiter = field(init=False)
    checkouts: Limiter = field(init=False)
    look_ups: Limiter = field(init=False)
    withdrawals: Limiter = field(init=False)

    def __post_init__(self) -> None:
        for name, calls, seconds in (
            ("codes_of_cart", 10, 60),
            ("codes_of_address", 60, 3600),
            ("checkouts", 10, 60),
            ("look_ups", 20, 3600),
            ("withdrawals", 20, 3600),
        ):
            object.__setattr__(self, name, Limiter(calls, seconds, on=self.on))


def take(request: ShopRequest, limiter: Limiter, key: str) -> None:
    """Count a call. A keyed one that is too much may be a replay, which does not count: whether it is one, only the
    look for its key tells, so its refusal waits in the request's state."""
    try:
        limiter.take(key)
    except RateLimited as error:
        if "idempotency-key" not in request.headers:
            raise
        request.scope["state"]["over_limit"] = error
    else:
        request.scope["state"].setdefault("counted", []).append((limiter, key))


def give_back(request: ShopRequest) -> None:
    """Take back what :func:`take` counted: the call was a replay."""
    for limiter, key in request.scope["state"].get("counted", ()):
        limiter.give_back(key)


def cart_scope(token: str) -> str:
    """Whose keys a cart's are: its own. The token itself is a secret, and stands in no other table."""
    return f"cart:{hashlib.sha256(token.encode()).hexdigest()[:32]}"


def address_of(request: ShopRequest) -> str:
    """What limits of strangers count by."""
    return limit_key(request.app.state.authenticator.address(request))


def asked_locale(request: ShopRequest) -> Locale | None:
    """The language that the caller prefers, of those that the shop speaks."""
    return preferred(request.headers.get("accept-language", ""))
