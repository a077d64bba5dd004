"""The carts of the stand-in for the API: priced, settled, checked out once for each key, by the contract."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from tests.web.fake_catalog import FakeCatalog, Good

STANDARD, EXPRESS = "ship_00000000000000000001", "ship_00000000000000000002"
NAMES = {STANDARD: ("DHL Paket", 490, 2, 3), EXPRESS: ("Express", 990, 1, 1)}
FREE_DELIVERY = "PORTOFREI"
AT = "2026-11-24T14:02:00Z"


def euros(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "EUR"}


@dataclass
class FakeCart:
    token: str
    lines: dict[str, int] = field(default_factory=dict)
    codes: list[str] = field(default_factory=list)
    contact: dict[str, Any] | None = None
    method: str | None = None
    state: str = "open"
    problems: list[dict[str, Any]] = field(default_factory=list)


class FakeCarts:
    """Answers ``/v1/carts``; tests turn its knobs."""

    def __init__(self, catalog: FakeCatalog) -> None:
        self.catalog = catalog
        self.carts: dict[str, FakeCart] = {}
        self.orders: dict[str, dict[str, Any]] = {}
        self.codes = {"HERBST10": 10, FREE_DELIVERY: 0}
        self.code_from = 0
        self.code_tries = 1_000_000
        """How many codes may still be tried."""
        self.stops: tuple[int, str] | None = None
        """What is answered to whoever adds to a cart."""
        self.unfit_codes: dict[str, tuple[str, str]] = {
            "ALT": ("code_expired", ""),
            "LEER": ("code_used_up", ""),
            "TEE": ("code_not_applicable", "not_in_cart"),
            "FREI": ("code_not_applicable", "nothing_off"),
            "WENIG": ("code_not_applicable", "outdone"),
            "TISCH": ("code_not_applicable", "not_in_cart"),
        }
        """The code of the problem and, where it has one, the reason."""
        self.providers = ["manual", "sandbox"]
        self.countries = ["DE", "AT", "CH"]
        self.unserved: set[str] = set()
        self.dearer: dict[str, int] = {}
        """What delivery costs on top, by country."""
        self.refuses: list[tuple[int, str, dict[str, Any]]] = []
        """What the next checkouts answer instead."""
        self.pay_at = "http://127.0.0.1:8002/pay/1"
        self.before: dict[str, int] = {}
        """Prices that were shown before, by sku."""

    @property
    def only(self) -> FakeCart:
        """The one cart that there is."""
        (cart,) = self.carts.values()
        return cart

    def answer(self, request: httpx.Request) -> httpx.Response | None:
        path = request.url.path
        if not path.startswith("/v1/carts"):
            return None
        parts, body = path.removeprefix("/v1/carts").strip("/").split("/"), json.loads(request.content or b"null")
        if parts == [""]:
            return self._create(body)
        cart = self.carts.get(parts[0])
        if cart is None:
            return problem(404, "cart_not_found")
        if len(parts) == 1:
            return self._whole(cart)
        if parts[1] == "checkout":
            return self._check_out(cart, body)
        if cart.state != "open" and request.method != "GET":
            return problem(409, "cart_already_ordered")
        answers = {
            "lines": self._lines,
            "contact": self._contact,
            "shipping-options": self._shipping_options,
            "shipping": self._shipping,
            "codes": self._codes,
        }
        return answers[parts[1]](cart, request.method, parts[2:], body)

    def left(self, sku: str) -> int:
        good, units = self._find(sku)
        return units if good else 0

    def _find(self, sku: str) -> tuple[Good | None, int]:
        for good in self.catalog.goods.values():
            for one in good.every_variant():
                if one.sku == sku:
                    return good, good.units
        return None, 0

    def _create(self, body: Any) -> httpx.Response:
        cart = FakeCart(f"{len(self.carts):043d}")
        for line in body["lines"]:
            if refused := self._put(cart, line["sku"], line["quantity"]):
                return refused
        self.carts[cart.token] = cart
        return self._whole(cart, 201)

    def _put(self, cart: FakeCart, sku: str, units: int) -> httpx.Response | None:
        good, left = self._find(sku)
        if good is None:
            return problem(422, "not_for_sale", errors=[{"field": "sku", "message": "is for sale nowhere"}])
        if units > 999 or len(cart.lines) >= 100:
            return problem(422, "cart_full")
        if units > left:
            return problem(409, "insufficient_stock", left={sku: left})
        cart.lines[sku] = units
        return None

    def _lines(self, cart: FakeCart, method: str, rest: list[str], body: Any) -> httpx.Response:
        if method == "POST":
            if self.stops:
                return problem(*self.stops)
            refused = self._put(cart, body["sku"], cart.lines.get(body["sku"], 0) + body["quantity"])
            return refused or self._whole(cart)
        if rest[0] not in cart.lines:
            return problem(404, "not_in_cart")
        units = 0 if method == "DELETE" else body["quantity"]
        if units == 0:
            del cart.lines[rest[0]]
        elif refused := self._put(cart, rest[0], units):
            return refused
        return self._whole(cart)

    def _contact(self, cart: FakeCart, method: str, rest: list[str], body: Any) -> httpx.Response:
        cart.contact = {**body, "billing_address": body.get("billing_address")}
        return self._whole(cart)

    def _shipping_options(self, cart: FakeCart, method: str, rest: list[str], body: Any) -> httpx.Response:
        if cart.contact and cart.contact["shipping_address"]["country"] in self.unserved:
            return httpx.Response(200, json={"data": []})
        return httpx.Response(200, json={"data": [self._option(cart, name) for name in NAMES]})

    def _shipping(self, cart: FakeCart, method: str, rest: list[str], body: Any) -> httpx.Response:
        if body["method"] not in NAMES:
            return problem(422, "no_delivery", errors=[{"field": "method", "message": "goes nowhere"}])
        cart.method = body["method"]
        return self._whole(cart)

    def _codes(self, cart: FakeCart, method: str, rest: list[str], body: Any) -> httpx.Response:
        if method == "DELETE":
            cart.codes.remove(rest[0])
            return self._whole(cart)
        if self.code_tries < 1:
            return problem(429, "rate_limited")
        self.code_tries -= 1
        code = body["code"].replace(" ", "").upper()
        if code not in self.codes:
            said, why = self.unfit_codes.get(code, ("code_unknown", ""))
            goods = {"goods": "Tableware"} if code == "TISCH" else {}
            return problem(422, said, **({"why": why} if why else {}), **goods)
        if self._subtotal(cart) < self.code_from:
            missing = {"amount": self.code_from - self._subtotal(cart), "currency": "EUR"}
            return problem(422, "code_not_applicable", why="min_subtotal", missing=missing)
        cart.codes = [code]
        return self._whole(cart)

    def _check_out(self, cart: FakeCart, body: Any) -> httpx.Response:
        if self.refuses:
            status, code, more = self.refuses.pop(0)
            return problem(status, code, **more)
        if cart.state != "open":
            return problem(409, "cart_already_ordered")
        whole = self._json(cart)
        if body["expected_total"] != whole["total"]:
            return problem(409, "price_changed")
        cart.state = "ordered"
        number = f"TT-7K4M2{len(self.orders)}"
        provider = body["payment"]["provider"] if body["payment"] else ""
        assert provider or not whole["total"]["amount"]
        self.orders[number] = order = self._order(number, whole, provider)
        return httpx.Response(201, json=order)

    def _order(self, number: str, cart: dict[str, Any], provider: str) -> dict[str, Any]:
        action = {"type": "redirect", "url": self.pay_at} if provider == "sandbox" else None
        payment = {
            "provider": provider,
            "state": "pending",
            "next_action": action,
            "bank_transfer": None,
            "amount": cart["total"],
            "captured": euros(0),
            "refunded": euros(0),
        }
        kept = ("currency", "prices_include_tax", "discounts", "subtotal", "discount", "tax", "taxes", "total")
        return {
            "number": number,
            "access_token": f"secret-of-{number}",
            "state": "placed",
            "shipping_state": "unshipped",
            "version": 1,
            "placed_at": AT,
            "expires_at": None,
            "locale": "de",
            **{name: cart[name] for name in kept},
            "shipping": cart["shipping"],
            "lines": [],
            "email": cart["contact"]["email"],
            "shipping_address": cart["contact"]["shipping_address"],
            "billing_address": cart["contact"]["shipping_address"],
            "shipping_method": {"name": "DHL Paket", "days_min": 2, "days_max": 3},
            "payment": payment if provider else None,
            "shipments": [],
            "events": [],
            "invoices": [],
            "can_cancel": True,
        }

    def _option(self, cart: FakeCart, method: str) -> dict[str, Any]:
        name, price, days_min, days_max = NAMES[method]
        free = FREE_DELIVERY in cart.codes or (method == STANDARD and self._subtotal(cart) >= 6000)
        price += self.dearer.get(cart.contact["shipping_address"]["country"], 0) if cart.contact else 0
        return {
            "method": method,
            "name": name,
            "price": euros(0 if free else price),
            "days_min": days_min,
            "days_max": days_max,
        }

    def _subtotal(self, cart: FakeCart) -> int:
        return sum(self._price(sku) * units for sku, units in cart.lines.items())

    def _price(self, sku: str) -> int:
        good, _ = self._find(sku)
        return next((one.price.amount for one in good.every_variant() if one.sku == sku), 0) if good else 1000

    def _line(self, cart: FakeCart, sku: str, units: int) -> dict[str, Any]:
        good, left = self._find(sku)
        card = good.card("en") if good else None
        image = card.image if card else None
        variant = next(one for one in good.every_variant() if one.sku == sku) if good else None
        return {
            "sku": sku,
            "fact": "Steinzeug, 320 ml",
            "slug": good.slug if good else "gone",
            "name": card.name if card else "Gone",
            "options": variant.options if variant else {},
            "image": {"url": image.url, "alt": "", "width": 400, "height": 500} if image else None,
            "unit_price": euros(self._price(sku)),
            "lowest_price_30_days": euros(good.was) if good and good.was else None,
            "base_price": {"price": euros(good.base_price.price.amount), "per": good.base_price.per}
            if good and good.base_price
            else None,
            "quantity": units,
            "discount": euros(0),
            "total": euros(self._price(sku) * units),
            "available": units <= left,
        }

    def _problems(self, cart: FakeCart) -> list[dict[str, Any]]:
        found = list(cart.problems)
        for sku, units in cart.lines.items():
            good, left = self._find(sku)
            if good is None:
                name = sku.removesuffix("-1").title()
                found.append({"kind": "not_for_sale", "detail": "x", "sku": sku, "goods": name})
            elif units > left:
                found.append({"kind": "insufficient_stock", "detail": "x", "sku": sku, "left": left})
            if sku in self.before:
                found.append({"kind": "price_changed", "detail": "x", "sku": sku, "before": euros(self.before[sku])})
        return found

    def _json(self, cart: FakeCart) -> dict[str, Any]:
        subtotal = self._subtotal(cart)
        off = sum(subtotal * self.codes[code] // 100 for code in cart.codes)
        shipping = self._option(cart, cart.method)["price"] if cart.method else None
        total = subtotal - off + (shipping["amount"] if shipping else 0)
        tax = total - round(total / 1.19)
        option = self._option(cart, cart.method) if cart.method else None
        return {
            "token": cart.token,
            "state": cart.state,
            "version": 1 + sum(cart.lines.values()),
            "currency": "EUR",
            "prices_include_tax": True,
            "lines": [self._line(cart, sku, units) for sku, units in cart.lines.items() if self._find(sku)[0]],
            "codes": cart.codes,
            "discounts": [
                {"name": "Herbst", "code": code, "amount": euros(off), "free_shipping": code == FREE_DELIVERY}
                for code in cart.codes
            ],
            "contact": cart.contact,
            "shipping_method": option,
            "payment_providers": self.providers,
            "countries": self.countries,
            "subtotal": euros(subtotal),
            "discount": euros(off),
            "shipping": shipping,
            "tax": euros(tax),
            "taxes": [{"rate_bp": 1900, "net": euros(total - tax), "tax": euros(tax)}],
            "total": euros(total),
            "shipping_from": self._option(cart, STANDARD)["price"],
            "free_shipping_from": euros(6000),
            "problems": self._problems(cart),
            "updated_at": datetime.now(UTC).isoformat(),
        }

    def _whole(self, cart: FakeCart, status: int = 200) -> httpx.Response:
        return httpx.Response(status, json=self._json(cart))


def problem(status: int, code: str, **more: Any) -> httpx.Response:
    told = {"type": "about:x", "title": code, "status": status, "detail": f"It is {code}.", "code": code}
    return httpx.Response(status, json={**told, "request_id": "r1", **more})
