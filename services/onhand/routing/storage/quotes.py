"""Quotes that may still be taken."""

import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.routing.domain.lifecycle import FulfilmentMethod
from onhand.routing.domain.order import Position
from onhand.routing.domain.quote import Quote

_INSERT = text("""
    INSERT INTO quotes (token, channel, customer_id, method, location_ids, lines, promise_time, expire_time,
        by_transfer, delivery_date, place, latitude, longitude)
    VALUES (:token, :channel, :customer_id, :method, :location_ids, CAST(:lines AS jsonb), :promise_time,
        :expire_time, :by_transfer, :delivery_date, :place, :latitude, :longitude)
""")
_LOCK = text("""
    SELECT token, channel, customer_id, method, location_ids, lines, promise_time, expire_time, by_transfer,
        delivery_date, place, latitude, longitude, order_id
    FROM quotes WHERE token = :token FOR UPDATE
""")
_TAKE = text("UPDATE quotes SET order_id = :order_id WHERE token = :token")
_FORGET = text("DELETE FROM quotes WHERE expire_time < :before")
_QUEUES = text("""
    SELECT location_id, count(*) AS lines FROM order_lines
    WHERE state IN (4, 5) AND location_id = ANY(CAST(:location_ids AS text[])) GROUP BY location_id
""")


async def add(connection: AsyncConnection, quotes: Sequence[Quote]) -> None:
    rows = [
        {
            "token": UUID(each.token),
            "channel": each.channel,
            "customer_id": each.customer_id,
            "method": each.method,
            "location_ids": list(each.location_ids),
            "lines": json.dumps(each.lines),
            "promise_time": each.promise_time,
            "expire_time": each.expire_time,
            "by_transfer": each.by_transfer,
            "delivery_date": each.delivery_date,
            "place": each.place,
            "latitude": each.position and each.position.latitude,
            "longitude": each.position and each.position.longitude,
        }
        for each in quotes
    ]
    if rows:
        await connection.execute(_INSERT, rows)


async def lock(connection: AsyncConnection, token: str) -> Quote | None:
    """Read a quote under its row lock; None when there is none, or none any more."""
    row = (await connection.execute(_LOCK, {"token": UUID(token)})).mappings().one_or_none()
    if row is None:
        return None
    lines = tuple((item_id, quantity) for item_id, quantity in row["lines"])
    values = {**row, "token": token, "method": FulfilmentMethod(row["method"]), "lines": lines}
    latitude, longitude = values.pop("latitude"), values.pop("longitude")
    position = None if latitude is None else Position(latitude, longitude)
    return Quote(**{**values, "location_ids": tuple(row["location_ids"]), "position": position})


async def take(connection: AsyncConnection, token: str, order_id: str) -> None:
    await connection.execute(_TAKE, {"token": UUID(token), "order_id": order_id})


async def forget(connection: AsyncConnection, before: datetime) -> int:
    """Drop quotes that expired before; returns how many."""
    return (await connection.execute(_FORGET, {"before": before})).rowcount


async def queues(connection: AsyncConnection, location_ids: Sequence[str]) -> dict[str, int]:
    """Return how many lines each location has to pick still."""
    found = (await connection.execute(_QUEUES, {"location_ids": list(location_ids)})).all()
    return {row.location_id: row.lines for row in found}
