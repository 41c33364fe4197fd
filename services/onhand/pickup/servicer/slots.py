"""Slots ⇄ their use cases."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from onhand.api.pickup.v1 import slots_pb2 as pb
from onhand.api.pickup.v1 import tasks_pb2
from onhand.kit import auth
from onhand.kit.clock import Clock
from onhand.kit.errors import FieldViolation, InvalidField
from onhand.pickup.domain.slots import (
    Blackout,
    Booking,
    Slot,
    SlotKind,
    SlotPlan,
    Span,
    Window,
)
from onhand.pickup.servicer.calls import ask_at
from onhand.pickup.use_cases import Slots

DEFAULT_HORIZON = DEFAULT_SPAN = timedelta(days=7)
MAX_SPAN = timedelta(days=31)
DEFAULT_HOLD = timedelta(minutes=15)


class SlotServicer:
    def __init__(self, slots: Slots, clock: Clock) -> None:
        self._slots = slots
        self._clock = clock

    async def GetSlotPlan(self, request: pb.GetSlotPlanRequest, _: Any) -> pb.GetSlotPlanResponse:
        auth.current().require_location(request.location_id)
        plan = await self._slots.get_plan(request.location_id, SlotKind(request.kind))
        return pb.GetSlotPlanResponse(plan=_plan_message(plan))

    async def UpdateSlotPlan(self, request: pb.UpdateSlotPlanRequest, _: Any) -> pb.UpdateSlotPlanResponse:
        ask = ask_at(request.plan.location_id, request, pb.UpdateSlotPlanResponse)
        return await self._slots.put_plan(
            ask, _plan(request.plan), lambda plan: pb.UpdateSlotPlanResponse(plan=_plan_message(plan))
        )

    async def ListSlots(self, request: pb.ListSlotsRequest, _: Any) -> pb.ListSlotsResponse:
        auth.current().require_location(request.location_id)
        start = _time(request, "start_time", self._clock.now())
        end = _time(request, "end_time", start + DEFAULT_SPAN)
        if end > start + MAX_SPAN:
            raise InvalidField([FieldViolation("end_time", "is more than 31 days after start_time")])
        kind = SlotKind(request.kind)
        found = await self._slots.list_slots(request.location_id, kind, start, end)
        return pb.ListSlotsResponse(slots=[_slot_message(request.location_id, kind, each) for each in found])

    async def HoldSlot(self, request: pb.HoldSlotRequest, _: Any) -> pb.HoldSlotResponse:
        ask = ask_at(request.location_id, request, pb.HoldSlotResponse)
        asked = request.HasField("hold_duration")
        return await self._slots.hold(
            ask,
            (request.location_id, SlotKind(request.kind), request.start_time.ToDatetime(UTC)),
            request.hold_duration.ToTimedelta() if asked else DEFAULT_HOLD,
            lambda booking: pb.HoldSlotResponse(booking=self._booking(booking)),
        )

    async def BookSlot(self, request: pb.BookSlotRequest, _: Any) -> pb.BookSlotResponse:
        held = await self._slots.get_booking(request.slot_booking_id)
        ask = ask_at(held.location_id, request, pb.BookSlotResponse)
        return await self._slots.book(
            ask,
            held.booking_id,
            request.order_id,
            lambda booking: pb.BookSlotResponse(booking=self._booking(booking)),
        )

    async def ReleaseSlot(self, request: pb.ReleaseSlotRequest, _: Any) -> pb.ReleaseSlotResponse:
        held = await self._slots.get_booking(request.slot_booking_id)
        ask = ask_at(held.location_id, request, pb.ReleaseSlotResponse)
        return await self._slots.release(
            ask, held.booking_id, lambda booking: pb.ReleaseSlotResponse(booking=self._booking(booking))
        )

    async def GetSlotBooking(self, request: pb.GetSlotBookingRequest, _: Any) -> pb.GetSlotBookingResponse:
        booking = await self._slots.get_booking(request.slot_booking_id)
        auth.current().require_location(booking.location_id)
        return pb.GetSlotBookingResponse(booking=self._booking(booking))

    async def CreateBlackout(self, request: pb.CreateBlackoutRequest, _: Any) -> pb.CreateBlackoutResponse:
        ask = ask_at(request.location_id, request, pb.CreateBlackoutResponse)
        blackout = Blackout(
            ask.request_id,
            request.location_id,
            SlotKind(request.kind) if request.kind else None,
            Span(request.start_time.ToDatetime(UTC), request.end_time.ToDatetime(UTC)),
            request.detail,
        )
        return await self._slots.add_blackout(ask, blackout, self._blackout_made)

    def _blackout_made(self, blackout: Blackout, affected: Sequence[Booking]) -> pb.CreateBlackoutResponse:
        return pb.CreateBlackoutResponse(
            blackout=_blackout_message(blackout), affected_bookings=map(self._booking, affected)
        )

    async def DeleteBlackout(self, request: pb.DeleteBlackoutRequest, _: Any) -> pb.DeleteBlackoutResponse:
        location_id = await self._slots.location_of_blackout(request.blackout_id)
        ask = ask_at(location_id, request, pb.DeleteBlackoutResponse)
        return await self._slots.drop_blackout(
            ask,
            request.blackout_id,
            lambda blackout: pb.DeleteBlackoutResponse(blackout=_blackout_message(blackout)),
        )

    async def ListBlackouts(self, request: pb.ListBlackoutsRequest, _: Any) -> pb.ListBlackoutsResponse:
        auth.current().require_location(request.location_id)
        found = await self._slots.list_blackouts(request.location_id)
        return pb.ListBlackoutsResponse(blackouts=map(_blackout_message, found))

    def _booking(self, booking: Booking) -> pb.SlotBooking:
        return pb.SlotBooking(
            slot_booking_id=booking.booking_id,
            location_id=booking.location_id,
            kind=tasks_pb2.SlotKind.Name(booking.kind),
            state=pb.SlotBooking.State.Name(booking.state_at(self._clock.now())),
            start_time=_stamp(booking.span.start),
            end_time=_stamp(booking.span.end),
            expire_time=None if booking.expire_time is None else _stamp(booking.expire_time),
            order_id=booking.order_id,
        )


def _plan(message: pb.SlotPlan) -> SlotPlan:
    """Read a plan; raises InvalidField for an unknown time zone."""
    try:
        ZoneInfo(message.time_zone)
    except (OSError, KeyError, ValueError):
        raise InvalidField([FieldViolation("plan.time_zone", "is not known")]) from None
    horizon = message.horizon_duration.ToTimedelta() if message.HasField("horizon_duration") else None
    return SlotPlan(
        location_id=message.location_id,
        kind=SlotKind(message.kind),
        time_zone=message.time_zone,
        slot_minutes=message.slot_minutes,
        capacity=message.capacity,
        lead=message.lead_duration.ToTimedelta(),
        horizon=horizon or DEFAULT_HORIZON,
        windows=tuple(
            Window(each.day_of_week, each.start_minute, each.end_minute) for each in message.windows
        ),
        overrun_occupies=message.overrun_occupies,
    )


def _plan_message(plan: SlotPlan) -> pb.SlotPlan:
    return pb.SlotPlan(
        location_id=plan.location_id,
        kind=tasks_pb2.SlotKind.Name(plan.kind),
        time_zone=plan.time_zone,
        slot_minutes=plan.slot_minutes,
        capacity=plan.capacity,
        lead_duration=_duration(plan.lead),
        horizon_duration=_duration(plan.horizon),
        windows=[
            pb.SlotWindow(
                day_of_week=each.day_of_week, start_minute=each.start_minute, end_minute=each.end_minute
            )
            for each in plan.windows
        ],
        overrun_occupies=plan.overrun_occupies,
        version=plan.version,
    )


def _slot_message(location_id: str, kind: SlotKind, slot: Slot) -> pb.Slot:
    return pb.Slot(
        location_id=location_id,
        kind=tasks_pb2.SlotKind.Name(kind),
        start_time=_stamp(slot.span.start),
        end_time=_stamp(slot.span.end),
        capacity=slot.capacity,
        held_count=slot.usage.held,
        booked_count=slot.usage.booked,
        overrun_count=slot.usage.overrun,
        available_count=slot.available,
        closed_by=slot.closed_by,
    )


def _blackout_message(blackout: Blackout) -> pb.Blackout:
    return pb.Blackout(
        blackout_id=blackout.blackout_id,
        location_id=blackout.location_id,
        kind=tasks_pb2.SlotKind.Name(blackout.kind or 0),
        start_time=_stamp(blackout.span.start),
        end_time=_stamp(blackout.span.end),
        detail=blackout.detail,
    )


def _time(message: Any, field: str, default: datetime) -> datetime:
    if not message.HasField(field):
        return default
    return getattr(message, field).ToDatetime(UTC)  # type: ignore[no-any-return]


def _stamp(moment: datetime) -> Timestamp:
    message = Timestamp()
    message.FromDatetime(moment)
    return message


def _duration(length: timedelta) -> Duration:
    message = Duration()
    message.FromTimedelta(length)
    return message
