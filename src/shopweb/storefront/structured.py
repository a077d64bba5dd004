"""What search engines are told: schema.org facts as JSON-LD, in a block that no browser runs."""

import json
from collections.abc import Sequence
from typing import Any, Final

from shopapi.contract.catalog import Product, Variant
from shopweb.money import decimal
from shopweb.storefront.frame import Crumb, Frame, absolute, product_path
from shopweb.storefront.pictures import media_path
from shopweb.visit import Visit

# JSON allows these as escapes everywhere they can stand; HTML then finds no tag and no comment in the block.
_HARMLESS: Final = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)


def shop_facts(visit: Visit, frame: Frame) -> str:
    """The shop and how it is searched."""
    home = absolute(visit, "/")
    find = {
        "@type": "SearchAction",
        "target": {"@type": "EntryPoint", "urlTemplate": f"{home}search?q={{q}}"},
        "query-input": "required name=q",
    }
    return _block([{"@type": "WebSite", "name": frame.name, "url": home, "potentialAction": find}])


def crumb_facts(visit: Visit, crumbs: Sequence[Crumb]) -> str:
    """The way to a page from the front page."""
    return _block([_crumbs(visit, crumbs)])


def product_facts(visit: Visit, product: Product, crumbs: Sequence[Crumb]) -> str:
    """A product, each of its variants as an offer."""
    url = absolute(visit, product_path(product.slug))
    facts: dict[str, Any] = {
        "@type": "Product",
        "name": product.name,
        "description": product.seo.description or product.fact,
        "url": url,
        "offers": [_offer(url, variant) for variant in product.variants],
    }
    if product.images:
        facts["image"] = [absolute(visit, media_path(image.url)) for image in product.images]
    if len(product.variants) == 1:
        facts["sku"] = product.variants[0].sku
    return _block([facts, _crumbs(visit, crumbs)])


def _offer(url: str, variant: Variant) -> dict[str, Any]:
    state = "InStock" if variant.available else "OutOfStock"
    offer: dict[str, Any] = {
        "@type": "Offer",
        "sku": variant.sku,
        "url": f"{url}?variant={variant.sku}",
        "price": decimal(variant.price),
        "priceCurrency": variant.price.currency,
        "availability": f"https://schema.org/{state}",
        "itemCondition": "https://schema.org/NewCondition",
    }
    barcode = variant.barcode or ""
    return {**offer, "gtin": barcode} if _is_gtin(barcode) else offer


def _is_gtin(barcode: str) -> bool:
    """Whether the number is the good's all over the world: those that begin with 2 are a shop's own."""
    if not (barcode.isascii() and barcode.isdecimal()) or len(barcode) not in (8, 12, 13, 14) or barcode[0] == "2":
        return False
    # From the right, the check digit counts once, the next one three times, and so on.
    return sum(int(digit) * (3 if n % 2 else 1) for n, digit in enumerate(reversed(barcode))) % 10 == 0


def _crumbs(visit: Visit, crumbs: Sequence[Crumb]) -> dict[str, Any]:
    steps = [
        {"@type": "ListItem", "position": n, "name": crumb.name, "item": absolute(visit, crumb.href)}
        for n, crumb in enumerate(crumbs, 1)
    ]
    return {"@type": "BreadcrumbList", "itemListElement": steps}


def _block(facts: list[dict[str, Any]]) -> str:
    text = json.dumps({"@context": "https://schema.org", "@graph": facts}, ensure_ascii=False, separators=(",", ":"))
    return text.translate(_HARMLESS)
