"""A stand-in for the API that behaves by the contract: items, levels, a ledger, sessions, idempotency keys."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.web.fake_carts import FakeCarts
from tests.web.fake_catalog import FakeCatalog
from tests.web.fake_orders import FakeOrders

ROLES = {
    "owner@shop.example": ("Mara Lindt", "owner", ["stock:read", "stock:write"]),
    "viewer@shop.example": ("Vera Blick", "viewer", ["stock:read"]),
    "nobody@shop.example": ("Nils Leer", "viewer", []),
    "clerk@shop.example": (
        "Jonas Okafor",
        "clerk",
        ["stock:read", "stock:write", "orders:read", "orders:write", "payments:read", "payments:write"],
    ),
    "reader@shop.example": ("Rita Les", "viewer", ["stock:read", "orders:read", "payments:read"]),
}
PASSWORD = "correct horse battery"


@dataclass
class Entry:
    id: int
    name: str
    quantity: int
    reserved: int = 0
    state: str = "active"
    version: int = 1
    movements: list[dict[str, Any]] = field(default_factory=list)

    def item(self) -> dict[str, Any]:
        return {"id": self.id, "name": self.name, "quantity": self.quantity}

    def level(self) -> dict[str, Any]:
        return {
            "sku": f"ITEM-{self.id}",
            "item_id": self.id,
            "name": self.name,
            "location": "store",
            "on_hand": self.quantity,
            "reserved": self.reserved,
            "available": self.quantity - self.reserved,
            "state": self.state,
            "version": self.version,
            "updated_at": "2026-11-24T14:02:00Z",
        }


class FakeApi:
    """Hand ``transport`` to the web part; ``calls`` holds every request that came."""

    def __init__(self, *, open_items: bool = False) -> None:
        self.items: dict[int, Entry] = {}
        self.sessions: dict[str, str] = {}
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.calls: list[httpx.Request] = []
        self.away = False
        self.next_problem: tuple[int, str, dict[str, Any]] | None = None
        self.open_items = open_items
        self.catalog = FakeCatalog()
        self.orders = FakeOrders(self._problem)
        self.carts = FakeCarts(self.catalog)
        self.transport = httpx.MockTransport(self.answer)

    def put(
        self, name: str, quantity: int, *, reserved: int = 0, state: str = "active", actor: str = "Mara Lindt"
    ) -> Entry:
        entry = Entry(len(self.items) + 1, name, 0, reserved, state)
        self.items[entry.id] = entry
        self.move(entry, quantity, "receive", "Opening stock", actor)
        entry.version = 1
        return entry

    def move(
        self, entry: Entry, delta: int, reason: str, reference: str = "", actor: str = "Mara Lindt"
    ) -> dict[str, Any]:
        entry.quantity += delta
        entry.version += 1
        movement = {
            "id": f"mov_{len(entry.movements)}",
            "sku": f"ITEM-{entry.id}",
            "location": "store",
            "delta": delta,
            "reason": reason,
            "reference": reference,
            "actor": actor,
            "at": datetime.now(UTC).isoformat(),
        }
        if delta:
            entry.movements.insert(0, movement)
        return movement

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(request)
        if self.away:
            raise httpx.ConnectError("refused")
        if self.next_problem:
            status, code, more = self.next_problem
            self.next_problem = None
            return self._problem(status, code, **more)
        key = request.headers.get("idempotency-key")
        if key and key in self.answers:
            status, content = self.answers[key]
            return httpx.Response(status, content=content, headers={"Idempotent-Replayed": "true"})
        response = self.catalog.answer(request) or self.carts.answer(request) or self._routed(request)
        if key and response.status_code < 300:
            self.answers[key] = (response.status_code, response.content)
        return response

    def _routed(self, request: httpx.Request) -> httpx.Response:
        path, body = request.url.path, json.loads(request.content or b"null")
        if path == "/v1/sessions":
            return self._session(body)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        who = self.sessions.get(token)
        staff, rights = (ROLES[who][0], ROLES[who][2]) if who else (None, [])
        if told := self.orders.answer(request, body, staff, rights):
            return told
        needed = "stock:read" if request.method == "GET" else "stock:write"
        if who is None:
            if not (self.open_items and path.startswith("/items")):
                return self._problem(401, "unauthenticated")
        elif path == "/v1/sessions/current":
            return self._current(request.method, token, who)
        elif needed not in ROLES[who][2]:
            return self._problem(403, "forbidden")
        if path == "/items":
            return self._items(request.method, body)
        if path.startswith("/items/"):
            return self._one(request, int(path.removeprefix("/items/")), body)
        if path == "/v1/admin/stock":
            return self._levels(request.url.params)
        if path == "/v1/admin/stock/movements":
            return self._movement(body)
        if path.endswith("/movements"):
            return self._ledger(path.split("/")[-2], request.url.params)
        return self._problem(404, "not_found")

    def _session(self, body: dict[str, Any]) -> httpx.Response:
        if body["email"] not in ROLES or body["password"] != PASSWORD:
            return self._problem(401, "invalid_credentials")
        token = f"shs_{len(self.sessions)}"
        self.sessions[token] = body["email"]
        ends = (datetime.now(UTC) + timedelta(hours=12)).isoformat()
        return httpx.Response(201, json={"token": token, "expires_at": ends, "permissions": ROLES[body["email"]][2]})

    def _current(self, method: str, token: str, who: str) -> httpx.Response:
        if method == "DELETE":
            del self.sessions[token]
            return httpx.Response(204)
        name, role, permissions = ROLES[who]
        ends = (datetime.now(UTC) + timedelta(hours=12)).isoformat()
        told = {"staff_id": "stf_1", "email": who, "name": name, "role": role, "permissions": permissions}
        return httpx.Response(200, json={**told, "expires_at": ends})

    def _items(self, method: str, body: Any) -> httpx.Response:
        if method == "GET":
            return httpx.Response(200, json=[entry.item() for entry in self.items.values()])
        for entry in self.items.values():
            if entry.name == body["name"]:
                if entry.quantity + body["quantity"] > 1_000_000:
                    return self._problem(422, "quantity_too_large")
                self.move(entry, body["quantity"], "receive")
                return httpx.Response(200, json=entry.item())
        entry = self.put(body["name"], body["quantity"], state="draft")
        return httpx.Response(201, json=entry.item())

    def _one(self, request: httpx.Request, item_id: int, body: Any) -> httpx.Response:
        entry = self.items.get(item_id)
        if entry is None:
            return self._problem(404, "not_found")
        etag = {"ETag": f'"v{entry.version}"'}
        if request.method == "GET":
            return httpx.Response(200, json=entry.item(), headers=etag)
        if request.headers.get("if-match", etag["ETag"]) != etag["ETag"]:
            return self._problem(412, "stale")
        if request.method == "DELETE":
            if entry.reserved:
                return self._problem(409, "reserved_stock", reserved=entry.reserved)
            del self.items[item_id]
            return httpx.Response(204)
        if body["quantity"] < entry.reserved:
            return self._problem(409, "reserved_stock", reserved=entry.reserved)
        if any(other.name == body["name"] and other.id != item_id for other in self.items.values()):
            return self._problem(409, "name_taken")
        entry.name = body["name"]
        self.move(entry, body["quantity"] - entry.quantity, "correct")
        return httpx.Response(200, json=entry.item(), headers={"ETag": f'"v{entry.version}"'})

    def _levels(self, query: httpx.QueryParams) -> httpx.Response:
        every = list(reversed(self.items.values()))
        views = {
            "all": every,
            "low": [entry for entry in every if 1 <= entry.quantity - entry.reserved <= 5],
            "out": [entry for entry in every if entry.quantity - entry.reserved <= 0],
            "draft": [entry for entry in every if entry.state == "draft"],
        }
        found = [entry for entry in views[query["view"]] if query.get("q", "").lower() in entry.name.lower()]
        if "item_id" in query:
            found = [entry for entry in found if entry.id == int(query["item_id"])]
        start, limit = int(query.get("cursor", "c0")[1:]), int(query["limit"])
        more = start + limit < len(found)
        return httpx.Response(
            200,
            json={
                "data": [entry.level() for entry in found[start : start + limit]],
                "next_cursor": f"c{start + limit}" if more else None,
                "total": len(found),
                "views": {name: len(entries) for name, entries in views.items()},
            },
        )

    def _ledger(self, sku: str, query: httpx.QueryParams) -> httpx.Response:
        entry = self.items.get(int(sku.removeprefix("ITEM-")))
        if entry is None:
            return self._problem(404, "not_found")
        start, limit = int(query.get("cursor", "c0")[1:]), int(query["limit"])
        more = start + limit < len(entry.movements)
        return httpx.Response(
            200,
            json={
                "data": entry.movements[start : start + limit],
                "next_cursor": f"c{start + limit}" if more else None,
                "total": len(entry.movements),
                "on_hand": entry.quantity,
                "reserved": entry.reserved,
                "sum_of_deltas": sum(movement["delta"] for movement in entry.movements),
            },
        )

    def _movement(self, body: dict[str, Any]) -> httpx.Response:
        entry = self.items[int(body["sku"].removeprefix("ITEM-"))]
        if entry.quantity + body["delta"] < entry.reserved:
            return self._problem(409, "reserved_stock", reserved=entry.reserved)
        movement = self.move(entry, body["delta"], body["reason"], body["reference"])
        return httpx.Response(201, json={"movement": movement, "level": entry.level()})

    def _problem(self, status: int, code: str, headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        problem = {
            "type": f"about:{code}",
            "title": code,
            "status": status,
            "detail": f"It is {code}.",
            "code": code,
            "request_id": "r1",
            **more,
        }
        return httpx.Response(status, json=problem, headers=headers)
