"""From an exception to a problem document: the one place where that happens."""

import logging
from collections.abc import Callable
from typing import Any, Final

from litestar import Request, Response
from litestar.exceptions import (
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    SerializationException,
    ValidationException,
)

from shopapi.contract.problems import FieldError
from shopapi.db.engine import DatabaseUnavailable, OutcomeUnknown
from shopapi.http.problems import (
    CommitUnknown,
    Draining,
    InternalError,
    InvalidRequest,
    MethodNotAllowed,
    MisdirectedRequest,
    NotFound,
    Overloaded,
    ShopError,
    document,
)
from shopapi.runtime.edge import Headers, Scope

_log = logging.getLogger(__name__)


def answer(request: Request[Any, Any, Any], error: ShopError) -> Response[bytes]:
    """The problem document of a shop error."""
    return Response(
        document(error, request.scope["state"]["request_id"]),
        status_code=error.status,
        headers={"Cache-Control": "no-store", **error.headers},
        media_type="application/problem+json",
    )


def _shop_error(request: Request[Any, Any, Any], error: ShopError) -> Response[bytes]:
    return answer(request, error)


def _unavailable(request: Request[Any, Any, Any], error: DatabaseUnavailable) -> Response[bytes]:
    return answer(request, Overloaded("The database did not answer in time. Nothing was done; come back in a second."))


def _unknown(request: Request[Any, Any, Any], error: OutcomeUnknown) -> Response[bytes]:
    _log.error("The outcome of a change is unknown: %s", error)
    return answer(request, CommitUnknown())


def _framework(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    if isinstance(error, MethodNotAllowedException):
        allowed = _methods(request)
        told: ShopError = MethodNotAllowed(f"This address answers to {allowed}.")
        told.headers = {"Allow": allowed}
        return answer(request, told)
    if isinstance(error, NotFoundException):
        return answer(request, NotFound())
    if isinstance(error, ValidationException):
        return answer(request, _validation(error))
    if 400 <= error.status_code < 500:
        return answer(request, InvalidRequest.of("", "The request cannot be read."))
    _log.exception("The request failed.", exc_info=error)
    return answer(request, InternalError())


def _methods(request: Request[Any, Any, Any]) -> str:
    known = []
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        try:
            request.app.asgi_router.handle_routing(path=request.scope["path"], method=method)
        except HTTPException:
            continue
        known += [method, "HEAD"] if method == "GET" else [method]
    return ", ".join(known)


def _validation(error: ValidationException) -> InvalidRequest:
    told: list[dict[str, Any]] = error.extra if isinstance(error.extra, list) else []
    faults = [FieldError(str(fault.get("key", "")), str(fault.get("message", ""))) for fault in told]
    if not faults or faults[0].field == "data":
        return InvalidRequest.of("", "The body is missing: send a JSON object.")
    return InvalidRequest(f"{faults[0].field}: {faults[0].message}", errors=faults)


def _defect(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    _log.exception("The request failed.", exc_info=error)
    return answer(request, InternalError())


EXCEPTION_HANDLERS: Final[dict[int | type[Exception], Any]] = {
    ShopError: _shop_error,
    DatabaseUnavailable: _unavailable,
    OutcomeUnknown: _unknown,
    SerializationException: _defect,
    HTTPException: _framework,
    Exception: _defect,
}

_REFUSED: Final[dict[int, Callable[[], ShopError]]] = {
    404: NotFound,
    421: MisdirectedRequest,
    500: InternalError,
    503: Draining,
}


def refuse(status: int, code: str, scope: Scope) -> tuple[Headers, bytes]:
    """The problem document for what the edge refuses."""
    error = _REFUSED[status]()
    headers = [(name.lower().encode(), value.encode()) for name, value in error.headers.items()]
    headers += [(b"content-type", b"application/problem+json"), (b"cache-control", b"no-store")]
    return headers, document(error, scope["state"]["request_id"])
