"""The whole web part on one screen: settings in, an ASGI app out."""

from typing import Final

import httpx
from litestar import Litestar, get
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide

from shopapi.runtime.draining import Draining
from shopapi.runtime.edge import SECURITY_HEADERS, App, Edge, Headers, strict_transport
from shopapi.runtime.hosts import Hosts
from shopapi.runtime.logs import AccessLog
from shopapi.runtime.metrics import Metrics
from shopapi.runtime.settings import is_loopback
from shopweb import assets, health, preferences
from shopweb.errors import HANDLERS, RefusalPages
from shopweb.forms import MAX_BODY_BYTES
from shopweb.office import item, movements, removal, sign_in, stock, undoing
from shopweb.office.order_routes import OFFICE_ORDERS
from shopweb.policy import content_policy
from shopweb.settings import WebSettings
from shopweb.site import Site
from shopweb.storefront import (
    cart,
    cart_again,
    cart_codes,
    category,
    checkout,
    checkout_address,
    checkout_review,
    checkout_shipping,
    delivery,
    feeds,
    home,
    legal,
    media,
    product,
    search,
)
from shopweb.storefront.kept_pages import KeptPages
from shopweb.storefront.order_routes import ORDER_PAGES
from shopweb.visit import Page, Visit, visit_of

CONTENT_POLICY: Final = content_policy("'self'")


def create_app(settings: WebSettings, *, transport: httpx.AsyncBaseTransport | None = None) -> App:
    """The web part. ``transport`` is how it reaches the API, for tests; ``SettingsError`` without a secret key."""
    site, measured = Site(settings, transport), Metrics("web")
    pages = Litestar(
        route_handlers=[
            home.show_home,
            category.show_category,
            search.search,
            product.show_product,
            legal.show_text,
            delivery.show_delivery,
            media.show_media,
            cart.show_cart,
            cart.add_to_cart,
            cart.change_cart,
            cart_again.put_in_again,
            cart_codes.remove_code,
            checkout.begin,
            checkout_address.show_address,
            checkout_address.keep_address,
            checkout_shipping.show_shipping,
            checkout_shipping.keep_shipping,
            checkout_review.show_review,
            checkout_review.place_order,
            *ORDER_PAGES,
            feeds.robots,
            feeds.favicon,
            feeds.sitemap,
            feeds.sitemap_part,
            feeds.nothing_there,
            lead_on,
            sign_in.show_sign_in,
            sign_in.sign_in,
            sign_in.show_sign_out,
            sign_in.sign_out,
            stock.show_stock,
            stock.add_stock,
            item.show_item,
            item.save_item,
            movements.show_movements,
            movements.record_movement,
            removal.confirm_removal,
            removal.remove_item,
            undoing.show_undone,
            undoing.undo,
            *OFFICE_ORDERS,
            preferences.set_preferences,
            preferences.set_language,
            assets.static_file,
            health.healthz,
            health.readyz,
            health.metrics,
        ],
        dependencies={"visit": Provide(visit_of)},
        exception_handlers=HANDLERS,
        on_shutdown=[site.client.aclose],
        logging_config=None,
        openapi_config=None,
        request_max_body_size=MAX_BODY_BYTES,
        state=State({"site": site, "pages": KeptPages(), "site_maps": feeds.SiteMaps(), "metrics": measured}),
    )
    return Edge(
        pages,  # type: ignore[arg-type]
        hosts=Hosts(settings.public_url, settings.allowed_hosts),
        metrics=measured,
        access_log=AccessLog("web", settings.log_format) if settings.access_log else None,
        draining=Draining(),
        headers=_headers(settings),
        refuse=RefusalPages(site),
    )


@get("/office")
async def lead_on(visit: NamedDependency[Visit]) -> Page:
    """The back office begins with the orders, for whoever may see them."""
    return visit.redirect("/office/orders" if visit.session and visit.may("orders:read") else "/office/stock")


def _headers(settings: WebSettings) -> Headers:
    https = settings.public_url.scheme == "https"
    # Browsers say where a form comes from (Sec-Fetch-Site) only over https and to loopback names. Elsewhere Origin has
    # to tell, which `no-referrer` would turn to "null"; `same-origin` tells other sites just as little.
    trustworthy = https or is_loopback(settings.public_url.hostname or "")
    referrer = b"no-referrer" if trustworthy else b"same-origin"
    return [
        *SECURITY_HEADERS,
        (b"content-security-policy", CONTENT_POLICY.encode()),
        (b"referrer-policy", referrer),
        *strict_transport(settings),
    ]
