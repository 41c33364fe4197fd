"""What messages led to, and what people did."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.notifications.domain.activity import Act, Activity, ActivityKind, FunnelRow, View
from onhand.notifications.domain.experiments import ACTIVE_FOR, LAPSING_FOR, Segment
from onhand.notifications.domain.messages import Channel
from onhand.notifications.domain.occasions import Purpose
from onhand.notifications.vault import Vault

_NOTE_OPEN = text("""
    UPDATE messages SET open_time = :now
    WHERE message_id = :message_id AND open_time IS NULL AND identity_id IS NOT NULL
""")
_NOTE_CLICK = text("""
    UPDATE messages SET click_time = :now
    WHERE message_id = :message_id AND click_time IS NULL AND identity_id IS NOT NULL
""")
_ADD_ACT = text("""
    INSERT INTO order_acts (event_id, order_id, kind, location_id, act_time)
    VALUES (:event_id, :order_id, :kind, :location_id, :time) ON CONFLICT DO NOTHING
""")
_LAST = """
    SELECT max(happen_time) FROM (
        SELECT o.create_time AS happen_time FROM orders o JOIN identities i ON i.identity_id = o.identity_id
        WHERE i.contact_id = {contact_id}
        UNION ALL SELECT a.act_time FROM order_acts a JOIN orders o ON o.order_id = a.order_id
            JOIN identities i ON i.identity_id = o.identity_id WHERE i.contact_id = {contact_id} AND a.kind = 2
        UNION ALL SELECT l.look_up_time FROM look_ups l JOIN identities i ON i.identity_id = l.identity_id
            WHERE i.contact_id = {contact_id}
        UNION ALL SELECT m.click_time FROM messages m JOIN identities i ON i.identity_id = m.identity_id
            WHERE i.contact_id = {contact_id} AND m.click_time IS NOT NULL
    ) h WHERE happen_time < :before
"""
_LAST_OF = text(_LAST.format(contact_id=":contact_id"))
# Of people who were erased it is not known what they did; their messages count as made and sent.
_FUNNEL = """
    WITH told AS (
        SELECT m.message_id, m.purpose, m.channel, m.state, m.receipt, m.open_time, m.click_time, m.end_time,
               i.contact_id, {segment} AS segment
        FROM messages m LEFT JOIN identities i ON i.identity_id = m.identity_id
        WHERE m.topic IS NOT NULL AND m.create_time >= :since AND m.create_time < :until
    )
    SELECT purpose, channel, segment, count(*) AS made,
        count(*) FILTER (WHERE state = 4) AS suppressed,
        count(*) FILTER (WHERE state = 3) AS failed,
        count(*) FILTER (WHERE state = 2) AS sent,
        count(*) FILTER (WHERE state = 2 AND (receipt = 1 OR open_time IS NOT NULL OR click_time IS NOT NULL))
            AS delivered,
        count(*) FILTER (WHERE state = 2 AND receipt IN (2, 3)) AS bounced,
        count(*) FILTER (WHERE state = 2 AND (open_time IS NOT NULL OR click_time IS NOT NULL)) AS opened,
        count(*) FILTER (WHERE state = 2 AND click_time IS NOT NULL) AS clicked,
        count(*) FILTER (WHERE state = 2 AND EXISTS (
            SELECT FROM orders o JOIN identities i ON i.identity_id = o.identity_id
            WHERE i.contact_id = t.contact_id AND o.create_time > t.end_time
              AND o.create_time <= t.end_time + interval '7 days')) AS ordered,
        count(*) FILTER (WHERE state = 2 AND EXISTS (
            SELECT FROM orders o JOIN identities i ON i.identity_id = o.identity_id
            JOIN order_acts a ON a.order_id = o.order_id AND a.kind = 2
            WHERE i.contact_id = t.contact_id AND a.act_time > t.end_time
              AND a.act_time <= t.end_time + interval '7 days')) AS collected
    FROM told t GROUP BY purpose, channel, segment ORDER BY purpose, channel, segment
"""
_LAST_BEFORE = _LAST.format(contact_id="i.contact_id").replace(":before", ":since")
_SEGMENT = f"""
    (SELECT CASE WHEN last >= :since - CAST(:active AS interval) THEN 1
                 WHEN last >= :since - CAST(:lapsing AS interval) THEN 2 ELSE 3 END
     FROM ({_LAST_BEFORE}) AS l (last))
"""
_ACTIVITY = text("""
    WITH mine AS (SELECT identity_id FROM identities WHERE contact_id = :contact_id),
    theirs AS (SELECT o.order_id, o.create_time FROM orders o JOIN mine USING (identity_id))
    SELECT * FROM (
        SELECT 1 AS kind, look_up_time AS happen_time, '' AS order_id, item_id, location_id,
               NULL::smallint AS purpose, NULL::smallint AS channel
        FROM look_ups JOIN mine USING (identity_id)
        UNION ALL SELECT 2, create_time, '', item_ids[1], coalesce(location_ids[1], ''), NULL, NULL
        FROM alerts JOIN mine USING (identity_id)
        UNION ALL SELECT 3, claim_time, '', offered_item_id, offered_location_id, NULL, NULL
        FROM alerts JOIN mine USING (identity_id) WHERE claim_time IS NOT NULL
        UNION ALL SELECT 4, end_time, order_id, '', '', purpose, channel
        FROM messages JOIN mine USING (identity_id) WHERE state = 2
        UNION ALL SELECT 5, click_time, order_id, '', '', purpose, channel
        FROM messages JOIN mine USING (identity_id) WHERE click_time IS NOT NULL
        UNION ALL SELECT 6, create_time, order_id, '', '', NULL, NULL FROM theirs
        UNION ALL SELECT CASE a.kind WHEN 2 THEN 7 ELSE 8 END, a.act_time, a.order_id, '', a.location_id, NULL, NULL
        FROM order_acts a JOIN theirs USING (order_id)
    ) done ORDER BY happen_time DESC, kind DESC LIMIT :limit
""")
_ADD_VIEW = text("""
    INSERT INTO activity_views (view_id, contact_id, actor, sealed_reason, key_id, view_time)
    VALUES (:view_id, :contact_id, :actor, :sealed_reason, :key_id, :now)
""")
_ERASE_VIEWS = text("UPDATE activity_views SET sealed_reason = NULL WHERE contact_id = :contact_id")
_VIEWS = text("""
    SELECT actor, sealed_reason, view_time FROM activity_views WHERE contact_id = :contact_id
    ORDER BY view_time DESC, view_id DESC LIMIT 1000
""")


async def note_open(connection: AsyncConnection, message_id: UUID, now: datetime) -> None:
    await connection.execute(_NOTE_OPEN, {"message_id": message_id, "now": now})


async def note_click(connection: AsyncConnection, message_id: UUID, now: datetime) -> None:
    await connection.execute(_NOTE_CLICK, {"message_id": message_id, "now": now})


async def add_act(connection: AsyncConnection, act: Act) -> None:
    """Remember what somebody did with an order; the same event again changes nothing."""
    values = {"event_id": act.event_id, "order_id": act.order_id, "kind": act.kind}
    await connection.execute(_ADD_ACT, {**values, "location_id": act.location_id, "time": act.time})


async def last_activity(connection: AsyncConnection, contact_id: UUID, before: datetime) -> datetime | None:
    """Return when a person last ordered, collected, clicked or looked for something."""
    found: datetime | None = await connection.scalar(_LAST_OF, {"contact_id": contact_id, "before": before})
    return found


async def funnel(
    connection: AsyncConnection, since: datetime, until: datetime, *, by_segment: bool
) -> list[FunnelRow]:
    """Return what came of the messages that were made in a period."""
    query = text(_FUNNEL.format(segment=_SEGMENT if by_segment else "NULL"))
    values: dict[str, object] = {"since": since, "until": until}
    if by_segment:
        values |= {"active": ACTIVE_FOR, "lapsing": LAPSING_FOR}
    return [
        FunnelRow(
            Purpose(row.purpose),
            Channel(row.channel),
            Segment(row.segment) if row.segment else None,
            *row[3:],
        )
        for row in await connection.execute(query, values)
    ]


async def activity(connection: AsyncConnection, contact_id: UUID, limit: int) -> list[Activity]:
    """Return what a person did and was told, latest first."""
    rows = await connection.execute(_ACTIVITY, {"contact_id": contact_id, "limit": limit})
    return [
        Activity(
            ActivityKind(row.kind),
            row.happen_time,
            row.order_id,
            row.item_id,
            row.location_id,
            Purpose(row.purpose) if row.purpose else None,
            Channel(row.channel) if row.channel else None,
        )
        for row in rows
    ]


async def add_view(
    connection: AsyncConnection, vault: Vault, view_id: UUID, contact_id: UUID, view: View
) -> None:
    """Remember who looked at a person's activity, and why."""
    values = {"view_id": view_id, "contact_id": contact_id, "actor": view.actor}
    sealed = {"sealed_reason": vault.seal(view.reason.encode()), "key_id": vault.key_id}
    await connection.execute(_ADD_VIEW, {**values, **sealed, "now": view.time})


async def erase_views(connection: AsyncConnection, contact_id: UUID) -> None:
    """Forget why somebody looked at a person, since it may name them; who and when stays."""
    await connection.execute(_ERASE_VIEWS, {"contact_id": contact_id})


async def views(connection: AsyncConnection, vault: Vault, contact_id: UUID) -> list[View]:
    """Return who looked at a person's activity, latest first."""
    return [
        View(
            row.actor,
            vault.open(row.sealed_reason).decode() if row.sealed_reason is not None else "",
            row.view_time,
        )
        for row in await connection.execute(_VIEWS, {"contact_id": contact_id})
    ]
