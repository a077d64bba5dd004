"""SQL that places an order: stock, order, reservation, payment, codes, timeline, outbox and the answer to the request,
all or nothing. On PostgreSQL it is one statement, so that a hot row stays locked for one round trip and no longer."""

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, TextClause, bindparam, text

from shopapi.catalog.tables import VERSION_SLOTS
from shopapi.checkout.draft import Draft
from shopapi.checkout.placing_on_sqlite import place_on_sqlite
from shopapi.checkout.verdict import Kept, Verdict, Why
from shopapi.db.prepared import prepared
from shopapi.db.types import Bytes, Instant, Json
from shopapi.http.idempotency import LEASE_S, Claim
from shopapi.runtime.failpoints import Point, planted

# What is locked, in this order: the cart, stock by variant (each variant before its level), codes, what is shown.
# Everything that is written hangs on `claim`, so a key that was seen before changes nothing. The lists of ids tell the
# planner how few rows there are: of a JSON document it expects a hundred, and would read whole tables for them.
_PLACE: Final = f"""
WITH bought AS MATERIALIZED (
  SELECT id FROM cart WHERE id = :cart AND version = :cart_version AND state = 'open' FOR UPDATE
), want AS MATERIALIZED (
  SELECT * FROM json_to_recordset(CAST(:lines AS json)) AS t(position bigint, variant_id bigint, sku text, name text,
    fact text, options jsonb, image jsonb, unit_price bigint, quantity bigint, discount bigint, tax_rate_bp bigint,
    tax bigint, total bigint)
  WHERE EXISTS (SELECT 1 FROM bought)
), held AS MATERIALIZED (
  SELECT v.id AS variant_id, v.product_id, w.sku, w.quantity, l.on_hand - l.reserved AS free,
    v.price IS NOT DISTINCT FROM w.unit_price AND v.item_name IS NOT NULL AS as_told
  FROM variant v JOIN want w ON w.variant_id = v.id
  JOIN stock_level l ON l.variant_id = v.id AND l.location_id = 1
  WHERE v.id = ANY(CAST(:variants AS bigint[])) AND l.variant_id = ANY(CAST(:variants AS bigint[]))
  ORDER BY v.id FOR NO KEY UPDATE OF v, l
), codes AS MATERIALIZED (
  SELECT d.id, 1 + (SELECT coalesce(max(r.slot), 0) FROM code_redemption r
      WHERE r.code_id = d.id AND r.customer_key = :customer) AS slot,
    (d.max_uses IS NULL OR d.used < d.max_uses) AND p.starts_at <= now() AND (p.ends_at IS NULL OR p.ends_at > now())
    AND (d.max_uses_per_customer IS NULL OR d.max_uses_per_customer > (SELECT count(*) FROM code_redemption r
      WHERE r.code_id = d.id AND r.customer_key = :customer)) AS good
  FROM promotion_code d JOIN promotion p ON p.id = d.promotion_id
  WHERE d.id = ANY(CAST(:codes AS bigint[])) AND (SELECT count(*) FROM held) > 0
  ORDER BY d.id FOR NO KEY UPDATE OF d
), verdict AS MATERIALIZED (
  SELECT EXISTS (SELECT 1 FROM bought) AS open,
    (SELECT count(*) FROM held WHERE as_told) = :line_count AS as_told,
    (SELECT count(*) FROM held WHERE free >= quantity) = :line_count AS enough,
    (SELECT count(*) FROM codes WHERE good) = cardinality(CAST(:codes AS bigint[])) AS codes_good
), claim AS (
  INSERT INTO idempotency_key (scope, key, fingerprint, state, status, headers, body, owner, lease_until, order_number,
    created_at)
  SELECT :scope, :key, :fingerprint, :key_state, CAST(:status AS bigint), CAST(:headers AS jsonb), :body, :owner,
    CASE WHEN :key_state = 'claimed' THEN now() + make_interval(secs => {LEASE_S}) END, :number, now()
  FROM verdict WHERE open AND as_told AND enough AND codes_good
  ON CONFLICT DO NOTHING RETURNING 1
), made AS (
  INSERT INTO sales_order (number, cart_id, state, currency, prices_include_tax, subtotal, discount, shipping,
    shipping_tax_rate_bp, shipping_tax, tax, total, line_count, discounts, email, customer_name, country,
    shipping_address, billing_address, shipping_method, locale, access_token_hash, search_words, placed_at, expires_at,
    event_count, created_at, updated_at)
  SELECT :number, :cart, :state, :currency, :prices_include_tax, :subtotal, :discount, :shipping,
    :shipping_tax_rate_bp, :shipping_tax, :tax, :total, :line_count, :discounts, :email, :customer_name, :country,
    :shipping_address, :billing_address, :shipping_method, :locale, :access_token_hash, :search_words, :placed_at,
    :expires_at, :event_count, now(), now()
  FROM claim RETURNING id
), lines AS (
  INSERT INTO order_line (order_id, position, variant_id, sku, name, fact, options, image, unit_price, quantity,
    discount, tax_rate_bp, tax, total, created_at)
  SELECT made.id, w.position, w.variant_id, w.sku, w.name, w.fact, w.options, w.image, w.unit_price, w.quantity,
    w.discount, w.tax_rate_bp, w.tax, w.total, now()
  FROM made, want w
), taken AS (
  UPDATE stock_level l SET reserved = l.reserved + h.quantity, updated_at = now() FROM made, held h
  WHERE l.variant_id = h.variant_id AND l.location_id = 1 AND l.variant_id = ANY(CAST(:variants AS bigint[]))
), reserved AS (
  INSERT INTO reservation (order_id, variant_id, location_id, quantity, state, expires_at, created_at)
  SELECT made.id, h.variant_id, 1, h.quantity, :reservation_state, :expires_at, now() FROM made, held h
), owed AS (
  INSERT INTO payment (public_id, order_id, provider, currency, amount, state, created_at, updated_at)
  SELECT :payment_id, made.id, :provider, :currency, :total, 'pending', now(), now() FROM made WHERE :total > 0
  RETURNING id
), attempt AS (
  INSERT INTO payment_attempt (payment_id, kind, provider_key, state, next_check_at, created_at, updated_at)
  SELECT owed.id, 'capture', :payment_key, 'intended',
    CASE WHEN :key_state = 'claimed' THEN now() + make_interval(secs => {LEASE_S}) END, now(), now()
  FROM owed
), redeemed AS (
  INSERT INTO code_redemption (code_id, order_id, customer_key, slot, created_at)
  SELECT codes.id, made.id, :customer, codes.slot, now() FROM made, codes
), used AS (
  UPDATE promotion_code d SET used = d.used + 1 FROM made, codes
  WHERE d.id = codes.id AND d.id = ANY(CAST(:codes AS bigint[]))
), happened AS (
  INSERT INTO order_event (order_id, sequence, kind, actor, data, at)
  SELECT made.id, e.sequence, e.kind, 'customer', '{{}}', :placed_at
  FROM made, json_to_recordset(CAST(:events AS json)) AS e(sequence bigint, kind text)
), announced AS (
  INSERT INTO outbox (topic, aggregate, sequence, payload, available_at, created_at)
  SELECT 'order.' || e.kind, 'order:' || :number, e.sequence, jsonb_build_object('order', :number), now(), now()
  FROM made, json_to_recordset(CAST(:events AS json)) AS e(sequence bigint, kind text)
), ordered AS (
  UPDATE cart SET state = 'ordered', version = cart.version + 1, updated_at = now() FROM made WHERE cart.id = :cart
), fewer AS MATERIALIZED (
  SELECT product_id, sum(least(free, 6) - least(free - quantity, 6)) AS units FROM held
  GROUP BY product_id HAVING sum(least(free, 6) - least(free - quantity, 6)) > 0
), shelf AS MATERIALIZED (
  SELECT a.product_id, f.units FROM made, availability a JOIN fewer f ON f.product_id = a.product_id
  WHERE a.product_id = ANY(CAST(:products AS bigint[]))
  ORDER BY a.product_id FOR NO KEY UPDATE OF a
), shown AS (
  UPDATE availability a SET units = a.units - s.units FROM shelf s
  WHERE a.product_id = s.product_id AND a.product_id = ANY(CAST(:products AS bigint[])) RETURNING 1
), newer AS (
  UPDATE catalog_version SET value = value + 1 WHERE slot = :slot AND EXISTS (SELECT 1 FROM shown)
)
SELECT v.open, v.as_told, v.enough, v.codes_good, EXISTS (SELECT 1 FROM made) AS placed,
  (SELECT json_object_agg(sku, greatest(free, 0)) FROM held WHERE free < quantity) AS left,
  (SELECT json_agg(id) FROM codes WHERE NOT good) AS used_up
FROM verdict v
"""  # noqa: S608 - of our own words alone

_TYPES: Final[dict[str, Any]] = {
    **dict.fromkeys(("discounts", "shipping_address", "billing_address", "shipping_method"), Json()),
    **dict.fromkeys(("placed_at", "expires_at"), Instant()),
    **dict.fromkeys(("fingerprint", "body", "access_token_hash"), Bytes),
}


def _typed(statement: str) -> TextClause:
    return prepared(text(statement).bindparams(*(bindparam(name, type_=kind) for name, kind in _TYPES.items())))


_ON_POSTGRESQL: Final = _typed(_PLACE)
_UNLOCKED: Final[dict[Point, TextClause]] = {
    "check_then_act": _typed(_PLACE.replace(" FOR NO KEY UPDATE OF v, l", "")),
    "code_without_limit": _typed(_PLACE.replace(" FOR NO KEY UPDATE OF d", "")),
}
"""Faults that tests plant: units, or uses of a code, are counted while others take them."""


def place(c: Connection, draft: Draft, claim: Claim, kept: Kept, *, token_hash: bytes, customer: str) -> Verdict:
    """Place the order and reserve its goods, or change nothing at all. ``customer`` is whose uses of codes count.

    Raises ``IntegrityError`` where another order was given the same number, or the same customer used the same code at
    the same moment: then it is to be tried again.
    """
    values = _values(draft, claim, kept, token_hash, customer)
    if c.dialect.name == "postgresql":
        faulty = (statement for point, statement in _UNLOCKED.items() if planted(point))
        row = c.execute(next(faulty, _ON_POSTGRESQL), values).one()
        if row.placed:
            return Verdict("placed", {})
        why = _why(row.open, row.as_told, row.enough, row.codes_good)
        return Verdict(why, row.left or {}, tuple(row.used_up or ()))
    return place_on_sqlite(c, draft, values)


def _why(open_: bool, as_told: bool, enough: bool, codes_good: bool) -> Why:
    if not open_:
        return "cart"
    if not as_told:
        return "price"
    if not enough:
        return "stock"
    return "key" if codes_good else "code"


def _values(draft: Draft, claim: Claim, kept: Kept, token_hash: bytes, customer: str) -> dict[str, Any]:
    cart, totals, order = draft.priced.cart, draft.priced.totals, draft.order
    return {
        "cart": cart.id,
        "cart_version": cart.version,
        "lines": msgspec.json.encode(_lines(draft)).decode(),
        "line_count": len(draft.priced.sold),
        "variants": [line.variant_id for line in draft.priced.sold],
        "products": sorted({line.product_id for line in draft.priced.sold}),
        "codes": sorted(one.code_id for one in draft.redeemed),
        "customer": customer,
        "scope": claim.scope,
        "key": claim.key,
        "fingerprint": claim.fingerprint,
        "owner": claim.owner,
        "key_state": "claimed" if kept.status is None else "done",
        "status": kept.status,
        "headers": msgspec.json.encode(kept.headers).decode(),
        "body": kept.body,
        "number": draft.number,
        "state": order.state,
        "currency": cart.currency,
        "prices_include_tax": cart.prices_include_tax,
        "subtotal": totals.subtotal,
        "discount": totals.discount,
        "shipping": totals.shipping or 0,
        "shipping_tax_rate_bp": totals.shipping_tax_rate_bp,
        "shipping_tax": totals.shipping_tax,
        "tax": totals.tax,
        "total": totals.total,
        "discounts": msgspec.to_builtins(order.discounts),
        "email": draft.email,
        "customer_name": draft.billing_address.name,
        "country": draft.shipping_address.country,
        "shipping_address": msgspec.to_builtins(draft.shipping_address),
        "billing_address": msgspec.to_builtins(draft.billing_address),
        "shipping_method": msgspec.to_builtins(order.shipping_method),
        "locale": order.locale,
        "access_token_hash": token_hash,
        "search_words": draft.search_words,
        "placed_at": draft.placed_at,
        "expires_at": draft.expires_at,
        "event_count": len(order.events),
        "events": msgspec.json.encode([{"sequence": e.sequence, "kind": e.kind} for e in order.events]).decode(),
        "reservation_state": "committed" if draft.is_free else "held",
        "payment_id": draft.payment_id,
        "provider": draft.provider,
        "payment_key": draft.payment_key,
        "slot": min(line.variant_id for line in draft.priced.sold) % VERSION_SLOTS,
    }


def _lines(draft: Draft) -> list[dict[str, Any]]:
    return [
        {
            "position": position,
            "variant_id": line.variant_id,
            "sku": line.sku,
            "name": told.name,
            "fact": told.fact,
            # Pairs: jsonb sorts the names of an object.
            "options": list(told.options.items()),
            "image": msgspec.to_builtins(told.image),
            "unit_price": told.unit_price.amount,
            "quantity": told.quantity,
            "discount": told.discount.amount,
            "tax_rate_bp": told.tax_rate_bp,
            "tax": told.tax.amount,
            "total": told.total.amount,
        }
        for position, (line, told) in enumerate(zip(draft.priced.sold, draft.order.lines, strict=True), 1)
    ]
