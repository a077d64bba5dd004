"""Errors of the shop, and the one place where they become problem documents (RFC 9457)."""

import math
from typing import ClassVar

import msgspec

from shopapi.contract.carts import CodeWhy
from shopapi.contract.catalog import Money
from shopapi.contract.problems import FieldError, Problem


class ShopError(Exception):
    """Something that a caller must know. A subclass says which: its ``status`` (HTTP), stable ``code`` and ``title``.

    ``detail`` says to people what happened, what holds and what to do. ``errors`` names the fields of bad input.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Internal error"

    def __init__(
        self,
        detail: str,
        *,
        errors: list[FieldError] | None = None,
        headers: dict[str, str] | None = None,
        reserved: int | None = None,
        left: dict[str, int] | None = None,
        total: Money | None = None,
        missing: Money | None = None,
        why: CodeWhy | None = None,
        goods: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors or []
        self.headers = headers or {}
        self.reserved = reserved
        self.left = left
        self.total = total
        self.missing = missing
        self.why = why
        self.goods = goods


class InvalidRequest(ShopError):
    """The request does not fit the schema; ``errors`` has at least the first fault."""

    status, code, title = 400, "invalid_request", "Invalid request"

    @classmethod
    def of(cls, field: str, message: str) -> "InvalidRequest":
        """The error of one field."""
        return cls(f"{field}: {message}" if field else message, errors=[FieldError(field, message)])


class Unauthenticated(ShopError):
    """There is no token, or none that is still good."""

    status, code, title = 401, "unauthenticated", "Not signed in"

    def __init__(self, detail: str = "Send a session's token or an API key: Authorization: Bearer TOKEN.") -> None:
        super().__init__(detail, headers={"WWW-Authenticate": 'Bearer realm="shop"'})


class InvalidCredentials(ShopError):
    """One answer for every reason, so that nobody learns who has an account."""

    status, code, title = 401, "invalid_credentials", "Wrong e-mail or password"

    def __init__(self) -> None:
        super().__init__(
            "The e-mail address and the password do not belong together.",
            headers={"WWW-Authenticate": 'Bearer realm="shop"'},
        )


class Forbidden(ShopError):
    """The principal lacks the permission."""

    status, code, title = 403, "forbidden", "Not allowed"


class NotFound(ShopError):
    """There is no such thing, or none that the caller may see."""

    status, code, title = 404, "not_found", "Not found"

    def __init__(self, detail: str = "There is nothing at this address.") -> None:
        super().__init__(detail)


class MethodNotAllowed(ShopError):
    """The resource has no such method."""

    status, code, title = 405, "method_not_allowed", "Method not allowed"


class Stale(ShopError):
    """The resource changed after the caller read it."""

    status, code, title = 412, "stale", "Changed meanwhile"

    def __init__(self, version: int) -> None:
        super().__init__(
            f'It was changed meanwhile and is at "v{version}" now. Read it again and repeat your change.',
            headers={"ETag": f'"v{version}"'},
        )


class PreconditionRequired(ShopError):
    """A change of a staff resource must say which version it changes."""

    status, code, title = 428, "precondition_required", "If-Match is missing"

    def __init__(self) -> None:
        super().__init__("Send If-Match with the ETag that you read, so that nobody's change is lost.")


class BodyTooLarge(ShopError):
    """The body is over the limit."""

    status, code, title = 413, "body_too_large", "Body too large"


class BodyTooSlow(ShopError):
    """The body did not arrive in time."""

    status, code, title = 408, "body_too_slow", "Body too slow"

    def __init__(self) -> None:
        super().__init__("The body did not arrive in time. Send it again.")


class UnsupportedMediaType(ShopError):
    """The body is not JSON by its Content-Type, or is compressed."""

    status, code, title = 415, "unsupported_media_type", "Unsupported media type"


class MisdirectedRequest(ShopError):
    """``Host`` is no name that this server answers to."""

    status, code, title = 421, "misdirected_request", "Wrong host"

    def __init__(self) -> None:
        super().__init__(
            "This server does not answer to that host name. SHOP_PUBLIC_URL and SHOP_ALLOWED_HOSTS say it."
        )


class RateLimited(ShopError):
    """Too many calls; ``retry_after_s`` says when the next one is good."""

    status, code, title = 429, "rate_limited", "Too many requests"

    def __init__(self, retry_after_s: float) -> None:
        seconds = max(1, math.ceil(retry_after_s))
        super().__init__(f"Too many requests. Come back in {seconds} s.", headers={"Retry-After": str(seconds)})


class Overloaded(ShopError):
    """There was no room for the request, and nothing was done."""

    status, code, title = 503, "overloaded", "Overloaded"

    def __init__(self, detail: str = "Too much is going on. Nothing was done; come back in a second.") -> None:
        super().__init__(detail, headers={"Retry-After": "1"})


class NotReady(ShopError):
    """The process cannot serve now; ``detail`` names what is missing."""

    status, code, title = 503, "not_ready", "Not ready"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"Retry-After": "5"})


class Draining(NotReady):
    """The process is about to stop."""

    code = "draining"

    def __init__(self) -> None:
        super().__init__("This process is about to stop.")


class CommitUnknown(ShopError):
    """The database went away in the middle of COMMIT."""

    status, code, title = 500, "outcome_unknown", "Outcome unknown"

    def __init__(self) -> None:
        super().__init__(
            "The database went away while the change was being stored: it may or may not have been made. "
            "Repeat the request with the same Idempotency-Key, or look before you repeat it."
        )


class InternalError(ShopError):
    """A defect of the shop's own."""

    def __init__(self) -> None:
        super().__init__("The shop made a mistake. The request id finds it in the log.")


_encode = msgspec.json.Encoder().encode


def document(error: ShopError, request_id: str) -> bytes:
    """The problem document of an error, as JSON."""
    return _encode(
        Problem(
            type=f"urn:shopctl:problem:{error.code}",
            title=error.title,
            status=error.status,
            detail=error.detail,
            code=error.code,
            request_id=request_id,
            errors=error.errors,
            reserved=error.reserved,
            left=error.left,
            total=error.total,
            missing=error.missing,
            why=error.why,
            goods=error.goods,
        )
    )
