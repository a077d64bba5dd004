"""The API as one request sees it: over connections that are kept, in the name of whoever asks."""

from typing import Any

from litestar import Request

from shopapi.client import ShopClient
from shopapi.runtime import addresses
from shopweb.session import Session
from shopweb.settings import WebSettings


def calling_for(
    request: Request[Any, Any, Any], client: ShopClient, settings: WebSettings, session: Session | None
) -> ShopClient:
    """The client with the visitor's session, their address (signed: it is what limits go by) and the request's ids."""
    scope_headers = request.scope["headers"]
    address = addresses.caller(
        request.scope.get("client"), addresses.header(scope_headers, b"x-forwarded-for"), settings.trusted_proxies
    )
    state = request.scope["state"]
    headers = {"X-Request-ID": str(state["request_id"])}
    if address:
        headers[addresses.SIGNED_HEADER] = addresses.signed(address, settings.secret_key)
    if trace := state.get("traceparent"):
        headers["traceparent"] = trace
    return client.calling_as(token=session.token if session else None, headers=headers)
