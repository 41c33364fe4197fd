"""The last units of some items, and many customers who want one at the same moment."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from google.protobuf.duration_pb2 import Duration

from onhand.api.stock.v1 import availability_pb2, reservations_pb2
from onhand.client import AsyncStock
from onhand.demo.live import Cells
from onhand.kit.clock import Clock
from onhand.kit.errors import InsufficientStock

CALLERS = 60
RACES = 5
MOST_LEFT = 3
HOLD_S = 30


@dataclass(frozen=True, slots=True)
class Race:
    location_id: str
    item_id: str
    available: int
    """Units before it."""
    won: int
    refused: int


def scarce(cells: Cells) -> list[tuple[str, str]]:
    """Pick cells with few units left, each of another store and item."""
    chosen: list[tuple[str, str]] = []
    for (location_id, item_id), cell in sorted(cells.items()):
        used = any(location_id == other[0] or item_id == other[1] for other in chosen)
        if 1 <= cell.available <= MOST_LEFT and not used and len(chosen) < RACES:
            chosen.append((location_id, item_id))
    return chosen


async def race(stock: AsyncStock, location_id: str, item_id: str, clock: Clock) -> Race:
    """Let everyone ask for one unit at once; who got one gives it back afterwards."""
    before = await stock.availability.GetAvailability(
        availability_pb2.GetAvailabilityRequest(
            item_ids=[item_id],
            location_ids=[location_id],
            consistency=availability_pb2.Consistency(fully_consistent=True),
        )
    )
    held = await asyncio.gather(*(_hold(stock, location_id, item_id, clock) for _ in range(CALLERS)))
    won = [reservation_id for reservation_id in held if reservation_id]
    await _release(stock, won, clock)
    return Race(location_id, item_id, before.lines[0].availability.available, len(won), CALLERS - len(won))


async def _hold(stock: AsyncStock, location_id: str, item_id: str, clock: Clock) -> str:
    request = reservations_pb2.CreateReservationRequest(
        request_id=str(clock.uuid()),
        lines=[reservations_pb2.ReservationLine(item_id=item_id, location_id=location_id, quantity=1)],
        hold_duration=Duration(seconds=HOLD_S),
        channel="web",
    )
    try:
        answer = await stock.reservations.CreateReservation(request)
    except InsufficientStock:
        return ""
    return answer.reservation.reservation_id


async def _release(stock: AsyncStock, reservation_ids: Iterable[str], clock: Clock) -> None:
    for reservation_id in reservation_ids:
        await stock.reservations.ReleaseReservation(
            reservations_pb2.ReleaseReservationRequest(
                request_id=str(clock.uuid()), reservation_id=reservation_id
            )
        )
