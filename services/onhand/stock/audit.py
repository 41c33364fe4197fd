"""Proof that the books are true, from nothing but the database.

What a cell keeps (its buckets, what is promised of it, its tags) follows from the ledger, the lines of reservations
and the histories of tags: it is put right by `onhand.stock.repair`.
"""

from onhand.kit.audit import Check
from onhand.stock.domain.counts import CountState, LineKind
from onhand.stock.domain.model import COUNTED, INSIDE, TAGGABLE, Reason, ReservationState, TagState
from onhand.stock.domain.shipments import ShipmentState

ARCHIVED = """
    SELECT location_id, item_id, bucket, quantity FROM opening_balances
    UNION ALL
    SELECT location_id, item_id, bucket, quantity FROM archived_sums s
    WHERE EXISTS (SELECT FROM archives a
                  WHERE a.table_name = 'movements' AND a.month = s.month AND a.part = s.part)
"""
"""What the movements of archived months add up to."""


def _buckets() -> str:
    """Each bucket of each cell against the sum of its movements, archived ones too: one pass over the ledger."""
    names = [(bucket.name.lower(), int(bucket)) for bucket in INSIDE]
    sums = ", ".join(
        f"sum(CASE {number} WHEN to_bucket THEN quantity WHEN from_bucket THEN -quantity ELSE 0 END) AS {name}"
        for name, number in names
    )
    columns = ", ".join(
        f"b.{name} AS b_{name}, coalesce(m.{name}, 0) + coalesce(o.{name}, 0) AS m_{name}"
        for name, _ in names
    )
    openings = ", ".join(
        f"sum(quantity) FILTER (WHERE bucket = {number}) AS {name}" for name, number in names
    )
    values = ", ".join(
        f"('{name} equals its movements', coalesce(b_{name}, 0), m_{name})" for name, _ in names
    )
    return f"""
        WITH m AS (SELECT location_id, item_id, {sums} FROM movements GROUP BY location_id, item_id),
        o AS (SELECT location_id, item_id, {openings} FROM ({ARCHIVED}) AS a GROUP BY location_id, item_id),
        both_sides AS (
            SELECT location_id, item_id, {columns}
            FROM balances b FULL JOIN m USING (location_id, item_id) FULL JOIN o USING (location_id, item_id)
        )
        SELECT what, location_id, item_id AS subject, item_id, stored, expected
        FROM both_sides, LATERAL (VALUES {values}) AS v (what, stored, expected)
        WHERE stored <> expected
    """


_TAGGABLE_SUM = " + ".join(f"b.{bucket.name.lower()}" for bucket in sorted(TAGGABLE))
_COUNTED_STATES = ", ".join(str(int(state)) for state in sorted(COUNTED))
_KEPT_STATES = f"{_COUNTED_STATES}, {TagState.MISSING:d}"
"""Of tags whose rows are never dropped."""
CELL = ("location_id", "item_id")
"""What names the cell that is put right."""

CHECKS = (
    Check(_buckets(), CELL),
    Check(
        f"""
            SELECT 'opening balances of a cell cancel out' AS what, location_id, item_id AS subject,
                   sum(quantity) AS stored, 0 AS expected
            FROM ({ARCHIVED}) AS a GROUP BY location_id, item_id HAVING sum(quantity) <> 0
        """,
    ),
    Check(
        f"""
            SELECT what, location_id, item_id AS subject, item_id, stored, expected FROM (
                SELECT location_id, item_id,
                       coalesce(b.reserved, 0) AS b_reserved, coalesce(b.committed, 0) AS b_committed,
                       coalesce(l.reserved, 0) AS l_reserved, coalesce(l.committed, 0) AS l_committed
                FROM balances b FULL JOIN (
                    SELECT location_id, item_id,
                           sum(quantity - fulfilled - released) FILTER (WHERE r.state <> {ReservationState.COMMITTED:d})
                               AS reserved,
                           sum(quantity - fulfilled - released) FILTER (WHERE r.state = {ReservationState.COMMITTED:d})
                               AS committed
                    FROM reservation_lines JOIN reservations r USING (reservation_id)
                    WHERE fulfilled + released < quantity GROUP BY location_id, item_id
                ) l USING (location_id, item_id)
            ) AS both_sides,
            LATERAL (VALUES ('reserved equals open held lines', b_reserved, l_reserved),
                            ('committed equals open committed lines', b_committed, l_committed))
                AS v (what, stored, expected)
            WHERE stored <> expected
        """,
        CELL,
    ),
    Check(
        f"""
            SELECT 'units without a tag add up' AS what, location_id, item_id AS subject, item_id,
                   coalesce(b.unidentified, 0) AS stored,
                   coalesce({_TAGGABLE_SUM}, 0) - coalesce(t.tags, 0) AS expected
            FROM balances b FULL JOIN (
                SELECT location_id, item_id, count(*) AS tags FROM tags
                WHERE item_id IS NOT NULL AND state IN ({_COUNTED_STATES}) GROUP BY location_id, item_id
            ) t USING (location_id, item_id)
            WHERE coalesce(b.unidentified, 0) <> coalesce({_TAGGABLE_SUM}, 0) - coalesce(t.tags, 0)
        """,
        CELL,
    ),
    Check(
        """
            SELECT 'shortfall is what is promised and not there' AS what, location_id, item_id AS subject, item_id,
                   shortfall AS stored, greatest(0, reserved + committed - sellable) AS expected
            FROM balances WHERE shortfall <> greatest(0, reserved + committed - sellable)
        """,
        CELL,
    ),
    Check(
        """
            SELECT 'a tag is in the state of its last event' AS what, t.location_id,
                   encode(t.epc, 'hex') AS subject, t.item_id, t.state AS stored, e.state AS expected
            FROM tags t JOIN LATERAL (
                SELECT state FROM tag_events e WHERE e.epc = t.epc AND e.location_id = t.location_id
                ORDER BY tag_event_id DESC LIMIT 1
            ) e ON true
            WHERE t.state <> e.state
        """,
        CELL,
    ),
    Check(
        f"""
            SELECT 'a tag that is here has a row' AS what, e.location_id, encode(e.epc, 'hex') AS subject, m.item_id,
                   0 AS stored, e.state AS expected
            FROM tag_events e
            JOIN LATERAL (
                SELECT w.movement_id FROM tag_events w
                WHERE w.epc = e.epc AND w.location_id = e.location_id AND w.movement_id IS NOT NULL
                ORDER BY w.tag_event_id DESC LIMIT 1
            ) w ON true
            JOIN movements m ON m.location_id = e.location_id AND m.movement_id = w.movement_id
            WHERE e.state IN ({_KEPT_STATES})
              AND NOT EXISTS (SELECT FROM tags t WHERE t.location_id = e.location_id AND t.epc = e.epc)
              AND NOT EXISTS (SELECT FROM tag_events later WHERE later.epc = e.epc
                              AND later.location_id = e.location_id AND later.tag_event_id > e.tag_event_id)
        """,
        CELL,
    ),
    Check(
        f"""
            SELECT 'an ended reservation holds nothing' AS what, l.location_id,
                   r.reservation_id::text AS subject, l.item_id,
                   l.quantity - l.fulfilled - l.released AS stored, 0 AS expected
            FROM reservations r JOIN reservation_lines l USING (reservation_id)
            WHERE r.expire_time IS NULL AND r.state <> {ReservationState.COMMITTED:d}
              AND l.fulfilled + l.released < l.quantity
        """,
        CELL,
    ),
    Check(
        """
            SELECT 'in transit equals the open lines of shipments' AS what, location_id, item_id AS subject,
                   coalesce(b.in_transit, 0) AS stored, coalesce(l.in_transit, 0) AS expected
            FROM balances b FULL JOIN (
                SELECT location_id, item_id, sum(in_transit)::bigint AS in_transit FROM shipment_lines
                GROUP BY location_id, item_id
            ) l USING (location_id, item_id)
            WHERE coalesce(b.in_transit, 0) <> coalesce(l.in_transit, 0)
        """,
    ),
    Check(
        f"""
            SELECT 'an ended shipment has nothing in transit' AS what, l.location_id,
                   s.shipment_id::text || ' ' || l.item_id AS subject, l.in_transit AS stored, 0 AS expected
            FROM shipments s JOIN shipment_lines l USING (shipment_id)
            WHERE s.state IN ({ShipmentState.CLOSED:d}, {ShipmentState.CANCELLED:d}) AND l.in_transit <> 0
        """,
    ),
    Check(
        """
            SELECT 'units seen before their receipt are settled once each' AS what, location_id,
                   shipment_id::text AS subject,
                   coalesce(l.seen_before, 0) AS stored, coalesce(s.settled, 0) AS expected
            FROM (
                SELECT location_id, shipment_id, sum(seen_before)::bigint AS seen_before
                FROM shipment_lines GROUP BY 1, 2
            ) l FULL JOIN (
                SELECT location_id, shipment_id, count(*) AS settled FROM shipment_settlements s
                WHERE EXISTS (SELECT FROM movements m WHERE m.location_id = s.location_id
                              AND m.movement_id = s.movement_id AND m.epc IS NOT NULL)
                   OR EXISTS (SELECT FROM archives a WHERE a.table_name = 'movements' AND a.month =
                              date_trunc('month', uuid_extract_timestamp(s.movement_id) AT TIME ZONE 'UTC'))
                GROUP BY 1, 2
            ) s USING (location_id, shipment_id)
            WHERE coalesce(l.seen_before, 0) <> coalesce(s.settled, 0)
        """,
    ),
    Check(
        f"""
            SELECT 'a count that was not finished moved nothing' AS what, c.location_id,
                   c.count_id::text AS subject, count(*) AS stored, 0 AS expected
            FROM movements m JOIN counts c ON c.location_id = m.location_id AND c.count_id::text = m.document
            WHERE m.reason = {Reason.COUNTED:d} AND c.state NOT IN ({CountState.FINISHING:d}, {CountState.FINISHED:d})
            GROUP BY c.location_id, c.count_id
        """,
    ),
    Check(
        f"""
            SELECT what, r.location_id, r.count_id::text AS subject, stored, expected
            FROM (
                SELECT location_id, count_id, sum(missing)::bigint AS missing, sum(found)::bigint AS found
                FROM count_results JOIN counts USING (location_id, count_id) GROUP BY 1, 2
            ) r LEFT JOIN (
                SELECT location_id, count_id,
                       coalesce(sum(quantity) FILTER (WHERE kind = {LineKind.MISSING:d}), 0)::bigint AS missing,
                       coalesce(sum(quantity) FILTER (WHERE kind = {LineKind.FOUND:d}), 0)::bigint AS found
                FROM count_lines GROUP BY 1, 2
            ) l USING (location_id, count_id),
            LATERAL (VALUES ('missing of a count equals its lines', r.missing, coalesce(l.missing, 0)),
                            ('found of a count equals its lines', r.found, coalesce(l.found, 0)))
                AS v (what, stored, expected)
            WHERE stored <> expected
        """,
    ),
)
