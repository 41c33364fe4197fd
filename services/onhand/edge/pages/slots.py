"""The store's slots: how full each is, who comes, and closing one."""

import asyncio
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from google.protobuf.timestamp_pb2 import Timestamp
from starlette.datastructures import QueryParams

from onhand.api.pickup.v1 import slots_pb2, tasks_pb2
from onhand.api.stock.v1 import catalog_pb2
from onhand.client import AsyncPickup
from onhand.edge.pages import rendering
from onhand.edge.pages.floor import Action, Fields, plural, time_of
from onhand.edge.pages.queue import ENDED, Queues
from onhand.edge.pages.rendering import moment
from onhand.edge.pages.session import number
from onhand.kit.clock import Clock

KINDS = {
    tasks_pb2.SLOT_KIND_COUNTER: "Counter",
    tasks_pb2.SLOT_KIND_CURBSIDE: "Curbside",
    tasks_pb2.SLOT_KIND_LOCKER: "Lockers",
}
DAYS_AHEAD = 7
"""Days that can be looked at, today included."""


class SlotBoard:
    def __init__(self, pickup: AsyncPickup, queues: Queues, clock: Clock) -> None:
        self._pickup = pickup
        self._queues = queues
        self._clock = clock

    def actions(self) -> dict[str, Action]:
        slots = self._pickup.slots
        return {
            "close-slot": Action(slots.CreateBlackout, _close, _closed),
            "open-slot": Action(
                slots.DeleteBlackout,
                lambda _, f: slots_pb2.DeleteBlackoutRequest(blackout_id=f["blackout_id"]),
                lambda _: "It is offered again",
            ),
        }

    async def show(self, location: catalog_pb2.Location, _: str, asked: QueryParams) -> str:
        zone = ZoneInfo(location.time_zone)
        now = self._clock.now()
        today = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
        ahead = min(number(asked.get("day", "")), DAYS_AHEAD - 1)
        kind = next((each for each in KINDS if str(each) == asked.get("kind")), tasks_pb2.SLOT_KIND_COUNTER)
        # In the store's wall clock: a day of 23 or 25 hours is a day.
        start, end = today + timedelta(days=ahead), today + timedelta(days=ahead + 1)
        question = slots_pb2.ListSlotsRequest(
            location_id=location.location_id, kind=kind, start_time=_stamp(start), end_time=_stamp(end)
        )
        listed, blackouts, queue = await asyncio.gather(
            self._pickup.slots.ListSlots(question),
            self._pickup.slots.ListBlackouts(
                slots_pb2.ListBlackoutsRequest(location_id=location.location_id)
            ),
            self._queues.snapshot(location),
        )
        coming = defaultdict(list)
        for task in queue.tasks:
            if task.HasField("slot") and task.slot.kind == kind and task.state not in ENDED:
                coming[task.slot.start_time.seconds].append(task.customer_display_name or task.order_id)
        return rendering.fragment(
            "slots.html",
            location_id=location.location_id,
            kinds=KINDS,
            kind=kind,
            days=[(each, _day(today + timedelta(days=each), each)) for each in range(DAYS_AHEAD)],
            day=ahead,
            slots=[
                {
                    "slot": slot,
                    "from": f"{moment(slot.start_time).astimezone(zone):%H:%M}",
                    "until": f"{moment(slot.end_time).astimezone(zone):%H:%M}",
                    "taken": slot.held_count + slot.booked_count + slot.overrun_count,
                    "names": coming[slot.start_time.seconds],
                    "blackout": next((each for each in blackouts.blackouts if _covers(each, slot)), None),
                }
                for slot in listed.slots
                if moment(slot.end_time) > now
            ],
        )


def _stamp(value: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(value)
    return stamp


def _day(day: datetime, ahead: int) -> str:
    return ("Today", "Tomorrow")[ahead] if ahead < 2 else f"{day:%a} {day.day} {day:%b}"  # noqa: PLR2004 - the words


def _covers(blackout: slots_pb2.Blackout, slot: slots_pb2.Slot) -> bool:
    return (
        blackout.kind in {tasks_pb2.SLOT_KIND_UNSPECIFIED, slot.kind}
        and moment(blackout.start_time) < moment(slot.end_time)
        and moment(slot.start_time) < moment(blackout.end_time)
    )


def _close(location_id: str, fields: Fields) -> slots_pb2.CreateBlackoutRequest:
    return slots_pb2.CreateBlackoutRequest(
        location_id=location_id,
        kind=number(fields["kind"]),  # type: ignore[arg-type]
        start_time=time_of(fields["start_time"]),
        end_time=time_of(fields["end_time"]),
        detail="closed at the store's page",
    )


def _closed(answer: Any) -> str:
    booked = len(answer.affected_bookings)
    return f"Closed. {plural(booked, 'customer')} had taken it: call them" if booked else "Closed"
