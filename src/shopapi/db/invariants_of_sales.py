"""What must always be true of orders, payments, promotions, papers and events; see :mod:`shopapi.db.audit`."""

from typing import Final

from shopapi.db.invariant import Invariant

INVARIANTS: Final = (
    Invariant(
        "orders",
        "one live order for each cart",
        "SELECT count(*) FROM cart WHERE state = 'ordered'",
        """SELECT 'cart ' || cart_id || ' has ' || count(*) || ' live orders' FROM sales_order
        WHERE state <> 'cancelled' GROUP BY cart_id HAVING count(*) > 1""",
    ),
    Invariant(
        "orders",
        "a cart is ordered where it has a live order",
        "SELECT count(*) FROM cart",
        """SELECT 'cart ' || k.id || ' is ' || k.state || CASE WHEN o.cart_id IS NULL THEN ' without' ELSE ' with' END
          || ' a live order'
        FROM cart k LEFT JOIN (SELECT DISTINCT cart_id FROM sales_order WHERE state <> 'cancelled') o
          ON o.cart_id = k.id
        WHERE (k.state = 'ordered') <> (o.cart_id IS NOT NULL)""",
    ),
    Invariant(
        "orders",
        "lines, discount, shipping and tax sum to the total",
        "SELECT count(*) FROM sales_order",
        """SELECT o.number || ' totals ' || o.total || ', its parts ' || (o.subtotal - o.discount + o.shipping
          + CASE WHEN o.prices_include_tax THEN 0 ELSE o.tax END) || ', its lines ' || coalesce(sum(l.total), 0)
        FROM sales_order o LEFT JOIN order_line l ON l.order_id = o.id
        GROUP BY o.id, o.number, o.total, o.subtotal, o.discount, o.shipping, o.tax, o.shipping_tax, o.line_count,
          o.prices_include_tax
        HAVING o.total <> o.subtotal - o.discount + o.shipping + CASE WHEN o.prices_include_tax THEN 0 ELSE o.tax END
          OR o.subtotal <> sum(l.unit_price * l.quantity) OR o.discount <> sum(l.discount)
          OR o.subtotal - o.discount <> sum(l.total) OR o.tax <> sum(l.tax) + o.shipping_tax
          OR o.line_count <> count(l.position)""",
    ),
    Invariant(
        "orders",
        "an order that is not cancelled holds its stock, line by line",
        "SELECT count(*) FROM order_line",
        """SELECT o.number || ' (' || o.state || ') line ' || l.sku || ' of ' || l.quantity || ' has '
          || coalesce(r.quantity, 0) || ' ' || coalesce(r.state, 'unreserved')
        FROM sales_order o JOIN order_line l ON l.order_id = o.id
        LEFT JOIN reservation r ON r.order_id = o.id AND r.variant_id = l.variant_id
        WHERE r.order_id IS NULL OR r.quantity <> l.quantity OR r.state <> CASE o.state WHEN 'placed' THEN 'held'
          WHEN 'confirmed' THEN 'committed' WHEN 'closed' THEN 'shipped' ELSE 'released' END""",
    ),
    Invariant(
        "orders",
        "every reservation belongs to an order",
        "SELECT count(*) FROM reservation",
        """SELECT 'order ' || r.order_id || ' reserves stock and is none' FROM reservation r
        WHERE NOT EXISTS (SELECT 1 FROM order_line l WHERE l.order_id = r.order_id AND l.variant_id = r.variant_id)""",
    ),
    Invariant(
        "orders",
        "never more shipped than ordered",
        "SELECT count(*) FROM shipment_line",
        """SELECT o.number || ' shipped ' || sum(i.quantity) || ' of ' || l.sku || ', ordered ' || l.quantity
        FROM shipment h JOIN shipment_line i ON i.shipment_id = h.id JOIN sales_order o ON o.id = h.order_id
        LEFT JOIN order_line l ON l.order_id = o.id AND l.variant_id = i.variant_id
        GROUP BY o.number, l.sku, l.quantity HAVING sum(i.quantity) > coalesce(l.quantity, 0)""",
    ),
    Invariant(
        "orders",
        "timelines have no gap, and say how an order stands",
        "SELECT count(*) FROM sales_order",
        """SELECT o.number || ' (' || o.state || ') counts ' || o.event_count || ' events, has ' || count(e.sequence)
        FROM sales_order o LEFT JOIN order_event e ON e.order_id = o.id GROUP BY o.id, o.number, o.state, o.event_count
        HAVING count(e.sequence) <> o.event_count OR max(e.sequence) <> o.event_count
          OR max(CASE WHEN e.kind = 'placed' THEN 1 ELSE 0 END) = 0
          OR (o.state = 'cancelled' AND max(CASE WHEN e.kind = 'cancelled' THEN 1 ELSE 0 END) = 0)
          OR (o.state IN ('confirmed', 'closed') AND max(CASE WHEN e.kind = 'paid' THEN 1 ELSE 0 END) = 0)
          OR (o.state = 'closed' AND max(CASE WHEN e.kind = 'closed' THEN 1 ELSE 0 END) = 0)""",
    ),
    Invariant(
        "payments",
        "what is confirmed is paid, what is paid is confirmed",
        "SELECT count(*) FROM sales_order",
        """SELECT o.number || ' is ' || o.state || ', captured ' || coalesce(p.captured, 0) || ' of ' || o.total
        FROM sales_order o LEFT JOIN payment p ON p.order_id = o.id
        WHERE (o.total > 0) <> (p.id IS NOT NULL) OR p.amount <> o.total
          OR (o.state IN ('confirmed', 'closed') AND coalesce(p.captured, 0) <> o.total)
          OR (o.state = 'placed' AND p.captured > 0)
          OR (o.state = 'cancelled' AND p.captured > p.refunded + p.refund_pending
            AND NOT EXISTS (SELECT 1 FROM payment_issue i WHERE i.payment_id = p.id AND i.kind = 'refund_failed'
              AND i.resolved_at IS NULL))""",
    ),
    Invariant(
        "payments",
        "captured = sum of captures",
        "SELECT count(*) FROM payment",
        """SELECT o.number || ' captured ' || p.captured || ' of ' || p.amount || ' (' || p.state || ') by '
          || count(a.id) || ' captures'
        FROM payment p JOIN sales_order o ON o.id = p.order_id
        LEFT JOIN payment_attempt a ON a.payment_id = p.id AND a.kind = 'capture' AND a.state = 'succeeded'
        GROUP BY o.number, p.id, p.captured, p.amount, p.state
        HAVING count(a.id) > 1 OR p.captured <> p.amount * count(a.id)
          OR (p.captured > 0) <> (p.state IN ('captured', 'partly_refunded', 'refunded'))""",
    ),
    Invariant(
        "payments",
        "refunded = sum of refunds, within what was captured",
        "SELECT count(*) FROM refund",
        """SELECT o.number || ' refunded ' || p.refunded || ' and ' || p.refund_pending || ' pending of ' || p.captured
        FROM payment p JOIN sales_order o ON o.id = p.order_id LEFT JOIN refund f ON f.payment_id = p.id
        GROUP BY o.number, p.id, p.refunded, p.refund_pending, p.captured
        HAVING p.refunded <> coalesce(sum(CASE WHEN f.state = 'succeeded' THEN f.amount END), 0)
          OR p.refund_pending <> coalesce(sum(CASE WHEN f.state IN ('intended', 'unknown') THEN f.amount END), 0)
          OR p.refunded + p.refund_pending > p.captured""",
    ),
    Invariant(
        "payments",
        "nobody forgets to ask about money",
        "SELECT count(*) FROM payment_attempt WHERE state IN ('intended', 'unknown')",
        """SELECT o.number || ' has a charge that is ' || a.state || ' and that nobody asks about'
        FROM payment_attempt a JOIN payment p ON p.id = a.payment_id JOIN sales_order o ON o.id = p.order_id
        WHERE a.state IN ('intended', 'unknown') AND a.next_check_at IS NULL AND p.provider <> 'manual'
          AND NOT EXISTS (SELECT 1 FROM payment_issue i WHERE i.payment_id = p.id AND i.resolved_at IS NULL)
        UNION ALL
        SELECT o.number || ' has a refund that is ' || f.state || ' and that nobody asks about'
        FROM refund f JOIN payment p ON p.id = f.payment_id JOIN sales_order o ON o.id = p.order_id
        WHERE f.state IN ('intended', 'unknown') AND f.next_check_at IS NULL
          AND NOT EXISTS (SELECT 1 FROM payment_issue i WHERE i.payment_id = p.id AND i.resolved_at IS NULL)""",
    ),
    Invariant(
        "ledger",
        "every movement of money is in the books, once",
        "SELECT count(*) FROM ledger_transaction",
        """SELECT o.number || ' has a capture that is not in the books' FROM payment_attempt a
        JOIN payment p ON p.id = a.payment_id JOIN sales_order o ON o.id = p.order_id
        WHERE a.kind = 'capture' AND a.state = 'succeeded' AND NOT EXISTS (SELECT 1 FROM ledger_transaction t
          WHERE t.kind = 'capture' AND t.source = 'attempt' AND t.source_id = a.id)
        UNION ALL
        SELECT o.number || ' has a refund that is not in the books' FROM refund f
        JOIN payment p ON p.id = f.payment_id JOIN sales_order o ON o.id = p.order_id
        WHERE f.state = 'succeeded' AND NOT EXISTS (SELECT 1 FROM ledger_transaction t
          WHERE t.kind = 'refund' AND t.source = 'refund' AND t.source_id = f.id)""",
    ),
    Invariant(
        "ledger",
        "what a provider owes = captured - refunded",
        "SELECT count(*) FROM ledger_account WHERE code LIKE 'clearing:%'",
        """SELECT b.account || ' stands at ' || b.amount || ' ' || b.currency || ', payments ' || coalesce(s.amount, 0)
        FROM (SELECT account, currency, sum(amount) AS amount FROM (
            SELECT debit AS account, currency, amount FROM ledger_line
            UNION ALL SELECT credit, currency, -amount FROM ledger_line) e
          WHERE account LIKE 'clearing:%' GROUP BY account, currency) b
        LEFT JOIN (SELECT 'clearing:' || provider AS account, currency, sum(captured - refunded) AS amount
          FROM payment GROUP BY provider, currency) s ON s.account = b.account AND s.currency = b.currency
        WHERE b.amount <> coalesce(s.amount, 0)""",
    ),
    Invariant(
        "promotions",
        "uses = redemptions, within their limits",
        "SELECT count(*) FROM promotion_code",
        """SELECT coalesce(d.code, 'promotion ' || d.promotion_id) || ' used ' || d.used || ' times, redeemed '
          || count(r.order_id) || ', limit ' || coalesce(CAST(d.max_uses AS text), 'none')
        FROM promotion_code d LEFT JOIN code_redemption r ON r.code_id = d.id
        GROUP BY d.id, d.code, d.promotion_id, d.used, d.max_uses
        HAVING d.used <> count(r.order_id) OR count(r.order_id) > coalesce(d.max_uses, count(r.order_id))
        UNION ALL
        SELECT coalesce(d.code, 'promotion ' || d.promotion_id) || ' was used ' || count(*) || ' times by one customer'
        FROM promotion_code d JOIN code_redemption r ON r.code_id = d.id
        GROUP BY d.id, d.code, d.promotion_id, d.max_uses_per_customer, r.customer_key
        HAVING count(*) > d.max_uses_per_customer""",
    ),
    Invariant(
        "invoices",
        "numbers have no gap",
        "SELECT count(*) FROM invoice",
        """SELECT c.series || ' counts ' || c.last || ', has ' || count(n.id) || ' up to ' || coalesce(max(n.number), 0)
        FROM invoice_counter c LEFT JOIN invoice n ON n.series = c.series GROUP BY c.series, c.last
        HAVING c.last <> count(n.id) OR c.last <> coalesce(max(n.number), 0)""",
    ),
    Invariant(
        "events",
        "the outbox has no gap",
        "SELECT count(*) FROM outbox",
        """SELECT aggregate || ' has ' || count(*) || ' events from ' || min(sequence) || ' to ' || max(sequence)
        FROM outbox GROUP BY aggregate HAVING max(sequence) - min(sequence) + 1 <> count(*)
        UNION ALL
        SELECT o.number || ' counts ' || o.event_count || ' events, and told ' || coalesce(max(b.sequence), 0)
        FROM sales_order o JOIN outbox b ON b.aggregate = 'order:' || o.number
        GROUP BY o.id, o.number, o.event_count HAVING max(b.sequence) <> o.event_count""",
    ),
    Invariant(
        "events",
        "nothing waits that a worker should have taken in",
        "SELECT count(*) FROM outbox WHERE done_at IS NULL AND dead_at IS NULL",
        """SELECT b.aggregate || ' waits with ' || b.topic || ' since ' || b.available_at FROM outbox b
        WHERE b.done_at IS NULL AND b.dead_at IS NULL AND b.available_at < :quarter_ago
          AND (b.lease_until IS NULL OR b.lease_until < :quarter_ago)
          AND EXISTS (SELECT 1 FROM worker_heartbeat w WHERE w.at > :minute_ago)""",
    ),
)
"""Every promise of a sale that the tables can break."""
