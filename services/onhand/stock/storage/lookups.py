"""Histories of tags and health of readers: rows ⇄ domain."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.stock.domain.lookups import AntennaHealth, ReaderHealth, TagHistoryEvent
from onhand.stock.domain.model import Reason, TagState

_HISTORY = text("""
    SELECT e.location_id, e.tag_event_id, e.state_before, e.state, e.zone_before, e.zone_id, e.occur_time,
           e.record_time, e.movement_id, m.reason, m.document
    FROM tag_events e LEFT JOIN movements m USING (location_id, movement_id)
    WHERE e.epc = :epc AND (CAST(:before AS bigint) IS NULL OR e.tag_event_id < CAST(:before AS bigint))
      AND (CAST(:location_ids AS text[]) IS NULL OR e.location_id = ANY(CAST(:location_ids AS text[])))
    ORDER BY e.tag_event_id DESC LIMIT :count
""")
_ADD_READS = text("""
    INSERT INTO reader_minutes AS r (reader_id, antenna, minute, reads)
    SELECT * FROM unnest(CAST(:reader_ids AS text[]), CAST(:antennas AS smallint[]),
                         CAST(:minutes AS timestamptz[]), CAST(:reads AS bigint[]))
    ORDER BY 1, 2, 3
    ON CONFLICT (reader_id, antenna, minute) DO UPDATE SET reads = r.reads + excluded.reads
""")
_DEBT = text("SELECT coalesce(sum(abs(unidentified)), 0) FROM balances WHERE unidentified <> 0")
_ACCURACY = text("""
    SELECT location_id, 100.0 * sum(matched) / sum(matched + missing + found) AS percent FROM count_results
    WHERE end_time >= :since GROUP BY location_id HAVING sum(matched + missing + found) > 0
""")
_FORGET = text("DELETE FROM reader_minutes WHERE minute < :before")
_READERS = text("""
    WITH points AS (
        SELECT reader_id, antenna, location_id, zone_id,
               -- Antenna 0 stands for the others: it is as lively as its reader.
               CASE antenna WHEN 0 THEN max(last_read_time) OVER (PARTITION BY reader_id)
                            ELSE last_read_time END AS last_read_time
        FROM read_points WHERE reader_id > :after
    ),
    judged AS (
        SELECT *, location_id IS NOT NULL AND (last_read_time IS NULL OR last_read_time < :silent_before) AS silent
        FROM points
    ),
    chosen AS (
        SELECT reader_id FROM judged GROUP BY reader_id
        HAVING (CAST(:location_ids AS text[]) IS NULL
                OR bool_or(location_id = ANY(CAST(:location_ids AS text[]))))
           AND (NOT :only_silent OR bool_or(silent))
        ORDER BY reader_id LIMIT :count
    )
    SELECT j.reader_id, j.antenna, j.location_id, j.zone_id, j.last_read_time, j.silent,
           coalesce(m.reads, 0)::bigint AS reads
    FROM chosen JOIN judged j USING (reader_id)
    LEFT JOIN LATERAL (
        SELECT sum(reads) AS reads FROM reader_minutes m
        WHERE m.reader_id = j.reader_id AND m.antenna = j.antenna AND m.minute >= :since AND m.minute < :until
    ) AS m ON true
    ORDER BY j.reader_id, j.antenna
""")


async def tag_history(
    connection: AsyncConnection,
    epc: bytes,
    before: int | None,
    location_ids: Sequence[str] | None,
    count: int,
) -> list[TagHistoryEvent]:
    """Read what happened to a tag, latest first; at all locations, or some."""
    rows = await connection.execute(
        _HISTORY, {"epc": epc, "before": before, "location_ids": location_ids, "count": count}
    )
    return [
        TagHistoryEvent(
            row.location_id,
            row.tag_event_id,
            TagState(row.state_before) if row.state_before else None,
            TagState(row.state),
            row.zone_before,
            row.zone_id,
            row.occur_time,
            row.record_time,
            row.movement_id,
            Reason(row.reason) if row.reason else None,
            row.document or "",
        )
        for row in rows
    ]


async def add_reads(
    connection: AsyncConnection, counts: Mapping[tuple[str, int, datetime], int], forget_before: datetime
) -> None:
    """Add reads by reader, antenna and minute, and forget old minutes."""
    ordered = sorted(counts.items())
    await connection.execute(
        _ADD_READS,
        {
            "reader_ids": [key[0] for key, _ in ordered],
            "antennas": [key[1] for key, _ in ordered],
            "minutes": [key[2] for key, _ in ordered],
            "reads": [reads for _, reads in ordered],
        },
    )
    await connection.execute(_FORGET, {"before": forget_before})


async def readers(
    connection: AsyncConnection,
    location_ids: Sequence[str] | None,
    after: str,
    count: int,
    *,
    until: datetime,
    minutes: int,
    silent_before: datetime,
    only_silent: bool,
) -> list[ReaderHealth]:
    """Read how readers do, over the whole minutes before `until`."""
    rows = await connection.execute(
        _READERS,
        {
            "location_ids": location_ids,
            "after": after,
            "count": count,
            "since": until - timedelta(minutes=minutes),
            "until": until,
            "silent_before": silent_before,
            "only_silent": only_silent,
        },
    )
    found: dict[str, list[AntennaHealth]] = {}
    for row in rows:
        found.setdefault(row.reader_id, []).append(
            AntennaHealth(
                row.antenna,
                row.location_id or "",
                row.zone_id or "",
                row.last_read_time,
                row.reads / minutes,
                row.silent,
            )
        )
    return [ReaderHealth(reader_id, tuple(antennas)) for reader_id, antennas in found.items()]


async def debt(connection: AsyncConnection) -> int:
    """Return the units that bar codes moved and no tag has settled yet, of all cells."""
    return int((await connection.execute(_DEBT)).scalar_one())


async def accuracy(connection: AsyncConnection, since: datetime) -> dict[str, float]:
    """Return per cent of the units that counts found right since then, by location."""
    found = await connection.execute(_ACCURACY, {"since": since})
    return {row.location_id: float(row.percent) for row in found}
