"""What must always be true, each as a query that must return no row.

``shopctl audit`` runs them, the worker does every hour, and so does every test that changes data. Each finding is a
sentence that names the rows that do not agree.
"""

from typing import Final

from msgspec import Struct
from sqlalchemy import bindparam, select, text

from shopapi.db import invariants_of_sales
from shopapi.db.engine import Reader
from shopapi.db.invariant import Invariant
from shopapi.db.types import Instant, clock

MOST_SHOWN: Final = 20
"""Findings that are told of one check; a shop that has more has one cause."""


class Check(Struct, frozen=True):
    """The outcome of one check: how many rows it looked at, and a sentence for each that is wrong."""

    name: str
    group: str
    checked: int
    findings: list[str]


INVARIANTS: Final = (
    Invariant(
        "stock",
        "on hand = sum of movements",
        "SELECT count(*) FROM stock_level",
        """SELECT v.sku || ' on hand ' || l.on_hand || ', movements ' || coalesce(sum(m.delta), 0)
        FROM stock_level l JOIN variant v ON v.id = l.variant_id
        LEFT JOIN stock_movement m ON m.variant_id = l.variant_id AND m.location_id = l.location_id
        GROUP BY v.sku, l.variant_id, l.location_id, l.on_hand HAVING l.on_hand <> coalesce(sum(m.delta), 0)""",
    ),
    Invariant(
        "stock",
        "every movement has a level",
        "SELECT count(*) FROM stock_movement",
        """SELECT m.public_id || ' moved stock where there is no level' FROM stock_movement m
        WHERE NOT EXISTS (SELECT 1 FROM stock_level l
          WHERE l.variant_id = m.variant_id AND l.location_id = m.location_id)""",
    ),
    Invariant(
        "stock",
        "reserved = sum of reservations",
        "SELECT count(*) FROM stock_level",
        """SELECT v.sku || ' reserved ' || l.reserved || ', reservations ' || coalesce(sum(r.quantity - r.shipped), 0)
        FROM stock_level l JOIN variant v ON v.id = l.variant_id
        LEFT JOIN reservation r ON r.variant_id = l.variant_id AND r.location_id = l.location_id
          AND r.state IN ('held', 'committed')
        GROUP BY v.sku, l.variant_id, l.location_id, l.reserved
        HAVING l.reserved <> coalesce(sum(r.quantity - r.shipped), 0)""",
    ),
    Invariant(
        "stock",
        "every reservation has a level",
        "SELECT count(*) FROM reservation",
        """SELECT 'order ' || r.order_id || ' reserves stock where there is no level' FROM reservation r
        WHERE r.state IN ('held', 'committed') AND NOT EXISTS (SELECT 1 FROM stock_level l
          WHERE l.variant_id = r.variant_id AND l.location_id = r.location_id)""",
    ),
    Invariant(
        "stock",
        "0 <= reserved <= on hand",
        "SELECT count(*) FROM stock_level",
        """SELECT v.sku || ' on hand ' || l.on_hand || ', reserved ' || l.reserved
        FROM stock_level l JOIN variant v ON v.id = l.variant_id
        WHERE l.reserved < 0 OR l.on_hand < 0 OR l.reserved > l.on_hand""",
    ),
    Invariant(
        "stock",
        "archived items hold no stock",
        "SELECT count(*) FROM variant WHERE archived_at IS NOT NULL",
        """SELECT v.sku || ' is archived with ' || l.on_hand || ' on hand'
        FROM variant v JOIN stock_level l ON l.variant_id = v.id
        WHERE v.archived_at IS NOT NULL AND l.on_hand <> 0""",
    ),
    Invariant(
        "catalog",
        "every product has a variant",
        "SELECT count(*) FROM product",
        """SELECT p.slug || ' has no variant' FROM product p
        WHERE NOT EXISTS (SELECT 1 FROM variant v WHERE v.product_id = p.id)""",
    ),
    Invariant(
        "catalog",
        "a product is archived with its last variant",
        "SELECT count(*) FROM product",
        """SELECT p.slug || ' is ' || p.state || ' with ' || count(v.archived_at) || ' of ' || count(*) || ' archived'
        FROM product p JOIN variant v ON v.product_id = p.id GROUP BY p.slug, p.state
        HAVING (p.state = 'archived') <> (count(v.archived_at) = count(*))""",
    ),
    Invariant(
        "catalog",
        "every living item has a level",
        "SELECT count(*) FROM variant WHERE item_name IS NOT NULL",
        """SELECT v.sku || ' has no stock level' FROM variant v WHERE v.item_name IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM stock_level l WHERE l.variant_id = v.id)""",
    ),
    Invariant(
        "catalog",
        "every slug answers",
        "SELECT count(*) FROM product",
        """SELECT p.slug || ' is not among the kept slugs of its product' FROM product p
        WHERE NOT EXISTS (SELECT 1 FROM product_slug s WHERE s.slug = p.slug AND s.product_id = p.id)""",
    ),
    Invariant(
        "catalog",
        "lists show what is on sale",
        "SELECT count(*) FROM product",
        """SELECT p.slug || CASE WHEN l.product_id IS NULL THEN ' is on sale and in no list' ELSE ' is listed, at '
          || l.price_min || ' to ' || l.price_max || ', and sold at ' || coalesce(s.low, 0) || ' to '
          || coalesce(s.high, 0) END
        FROM product p LEFT JOIN listing l ON l.product_id = p.id
        LEFT JOIN (SELECT product_id, min(price) AS low, max(price) AS high FROM variant
          WHERE item_name IS NOT NULL AND price IS NOT NULL GROUP BY product_id) s
          ON s.product_id = p.id AND p.state = 'active'
        WHERE (l.product_id IS NULL) <> (s.product_id IS NULL) OR l.price_min <> s.low OR l.price_max <> s.high""",
    ),
    Invariant(
        "catalog",
        "what is shown of stock is what can be had",
        "SELECT count(*) FROM product",
        """SELECT p.slug || ' shows ' || coalesce(a.units, -1) || ' units, and has ' || coalesce(s.units, 0)
        FROM product p LEFT JOIN availability a ON a.product_id = p.id
        LEFT JOIN (SELECT v.product_id,
            sum(CASE WHEN l.on_hand - l.reserved > 6 THEN 6 ELSE l.on_hand - l.reserved END) AS units
          FROM variant v JOIN stock_level l ON l.variant_id = v.id
          WHERE v.item_name IS NOT NULL AND v.price IS NOT NULL GROUP BY v.product_id) s ON s.product_id = p.id
        WHERE coalesce(a.units, -1) <> coalesce(s.units, 0)""",
    ),
    Invariant(
        "catalog",
        "categories show their products, and those below them",
        "SELECT count(*) FROM listing",
        """SELECT p.slug || ' is ' || CASE WHEN s.category_id IS NULL THEN 'not ' ELSE '' END || 'shown in ' || c.slug
        FROM listing l JOIN product p ON p.id = l.product_id CROSS JOIN category c
        LEFT JOIN listing_category s ON s.product_id = l.product_id AND s.category_id = c.id
        WHERE (s.category_id IS NULL) <> NOT EXISTS (
          SELECT 1 FROM product_category pc JOIN category own ON own.id = pc.category_id
          WHERE pc.product_id = l.product_id AND substr(own.path, 1, length(c.path)) = c.path)""",
    ),
    Invariant(
        "catalog",
        "counts of lists = their products",
        "SELECT count(*) FROM listing_count",
        """SELECT 'category ' || t.category_id || ' counts ' || coalesce(n.products, 0) || ', and shows ' || t.products
        FROM (SELECT 0 AS category_id, count(*) AS products FROM listing
          UNION ALL SELECT c.id, count(s.product_id) FROM category c
            LEFT JOIN listing_category s ON s.category_id = c.id GROUP BY c.id) t
        LEFT JOIN listing_count n ON n.category_id = t.category_id
        WHERE coalesce(n.products, 0) <> t.products""",
    ),
    Invariant(
        "catalog",
        "the price = the last price change",
        "SELECT count(*) FROM variant WHERE price IS NOT NULL",
        """SELECT v.sku || ' costs ' || coalesce(v.price, 0) || ', and its last change said ' || coalesce(p.price, 0)
        FROM variant v LEFT JOIN price_change p ON p.variant_id = v.id
          AND p.id = (SELECT max(id) FROM price_change WHERE variant_id = v.id)
        WHERE coalesce(v.price, -1) <> coalesce(p.price, -1)""",
    ),
    Invariant(
        "people",
        "somebody can manage the staff",
        "SELECT count(*) FROM staff",
        """SELECT 'no owner can sign in' FROM (SELECT count(*) AS n FROM staff) s WHERE s.n > 0
        AND NOT EXISTS (SELECT 1 FROM staff WHERE role = 'owner' AND disabled_at IS NULL)""",
    ),
    Invariant(
        "requests",
        "no idempotency key is stuck",
        "SELECT count(*) FROM idempotency_key",
        """SELECT k.scope || ' has a key without an answer' FROM idempotency_key k
        WHERE CASE k.state WHEN 'done' THEN k.status IS NULL OR k.body IS NULL
          ELSE k.lease_until IS NULL OR k.order_number IS NULL END""",
    ),
    *invariants_of_sales.INVARIANTS,
)
"""Every promise that the tables there are can break."""


def audit(c: Reader) -> list[Check]:
    """Run every check. A shop that is right has no findings, even while it works: each check is one statement,
    which sees one moment, so it never takes a change that is half done for a fault.
    """
    return [_run(c, invariant) for invariant in INVARIANTS]


def _run(c: Reader, invariant: Invariant) -> Check:
    checked = int(c.execute(text(invariant.of)).scalar_one())
    return Check(invariant.name, invariant.group, checked, findings(c, invariant))


def findings(c: Reader, invariant: Invariant) -> list[str]:
    """A sentence for each thing that breaks one promise, at most :data:`MOST_SHOWN`."""
    wrong = text(f"{invariant.wrong} LIMIT {MOST_SHOWN}")
    if ":quarter_ago" in invariant.wrong:
        at = c.execute(select(clock(-900).label("quarter_ago"), clock(-60).label("minute_ago"))).one()
        wrong = wrong.bindparams(
            bindparam("quarter_ago", at.quarter_ago, Instant()), bindparam("minute_ago", at.minute_ago, Instant())
        )
    return [str(row[0]) for row in c.execute(wrong)]
