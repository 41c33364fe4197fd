"""Slots by gRPC on a real database: no place is sold twice."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from onhand.api.pickup.v1 import slots_pb2 as pb
from onhand.kit.errors import InvalidField, NotFound, WrongLocation, WrongState
from onhand.pickup.use_cases import Slots

STORE = "store-1"
LOCKER = "SLOT_KIND_LOCKER"
CAPACITY = 7


def stamp(moment: datetime) -> Timestamp:
    message = Timestamp()
    message.FromDatetime(moment)
    return message


class Shop:
    """What a channel does about slots, in few words."""

    def __init__(self, world: Any) -> None:
        self.world = world
        self.client = world.client.slots
        # Once: a test may pass the end of an hour.
        self.this_hour = world.clock.now().replace(minute=0, second=0, microsecond=0)

    async def plan(self, capacity: int = CAPACITY, **fields: Any) -> pb.SlotPlan:
        every_day = [pb.SlotWindow(day_of_week=day, start_minute=0, end_minute=1440) for day in range(1, 8)]
        values = {
            "location_id": STORE,
            "kind": LOCKER,
            "time_zone": "UTC",
            "slot_minutes": 60,
            "capacity": capacity,
            "windows": every_day,
            **fields,
        }
        request = pb.UpdateSlotPlanRequest(request_id=str(uuid4()), plan=pb.SlotPlan(**values))
        return (await self.client.UpdateSlotPlan(request)).plan

    def hour(self, ahead: int) -> datetime:
        return self.this_hour + timedelta(hours=ahead)

    async def hold(self, ahead: int = 3, request_id: str = "", **fields: Any) -> pb.SlotBooking:
        request = pb.HoldSlotRequest(
            request_id=request_id or str(uuid4()),
            location_id=STORE,
            kind=LOCKER,
            start_time=stamp(self.hour(ahead)),
            **fields,
        )
        return (await self.client.HoldSlot(request)).booking

    async def book(self, booking_id: str, order_id: str) -> pb.SlotBooking:
        request = pb.BookSlotRequest(request_id=str(uuid4()), slot_booking_id=booking_id, order_id=order_id)
        return (await self.client.BookSlot(request)).booking

    async def release(self, booking_id: str) -> pb.SlotBooking:
        request = pb.ReleaseSlotRequest(request_id=str(uuid4()), slot_booking_id=booking_id)
        return (await self.client.ReleaseSlot(request)).booking

    async def slot(self, ahead: int = 3) -> pb.Slot:
        start = self.hour(ahead)
        request = pb.ListSlotsRequest(
            location_id=STORE,
            kind=LOCKER,
            start_time=stamp(start),
            end_time=stamp(start + timedelta(hours=1)),
        )
        return (await self.client.ListSlots(request)).slots[0]


@pytest.fixture
def shop(world: Any) -> Shop:
    return Shop(world)


async def test_two_hundred_holders_get_the_places_there_are(shop: Shop) -> None:
    await shop.plan()
    outcomes = await asyncio.gather(*(shop.hold() for _ in range(200)), return_exceptions=True)
    held = [each for each in outcomes if isinstance(each, pb.SlotBooking)]
    assert len(held) == CAPACITY
    full = [each for each in outcomes if isinstance(each, WrongState)]
    assert len(full) == 200 - CAPACITY
    assert {each.state for each in full} == {"full"}
    slot = await shop.slot()
    assert (slot.capacity, slot.held_count, slot.available_count) == (CAPACITY, CAPACITY, 0)
    assert (await shop.slot(4)).available_count == CAPACITY


async def test_a_released_or_expired_place_is_sold_once_again_among_many(shop: Shop) -> None:
    await shop.plan(2)
    first = await shop.hold(hold_duration=Duration(seconds=60))
    second = await shop.hold(hold_duration=Duration(seconds=3600))
    await shop.release(second.slot_booking_id)
    shop.world.clock.ahead = timedelta(seconds=60)
    outcomes = await asyncio.gather(*(shop.hold() for _ in range(50)), return_exceptions=True)
    assert sum(isinstance(each, pb.SlotBooking) for each in outcomes) == 2
    # A process whose clock is behind must not book what was sold again.
    shop.world.clock.ahead = timedelta()
    with pytest.raises(WrongState, match="EXPIRED"):
        await shop.book(first.slot_booking_id, "order-1")


async def test_the_same_hold_again_is_one_place(shop: Shop) -> None:
    await shop.plan()
    request_id = str(uuid4())
    answers = await asyncio.gather(*(shop.hold(request_id=request_id) for _ in range(10)))
    assert all(each == answers[0] for each in answers)
    assert (await shop.slot()).held_count == 1


async def test_an_order_books_one_slot_and_moving_it_frees_the_other(shop: Shop) -> None:
    await shop.plan(1)
    early = await shop.book((await shop.hold(3)).slot_booking_id, "order-1")
    assert early.state == pb.SlotBooking.STATE_BOOKED
    assert not early.HasField("expire_time")
    late = await shop.book((await shop.hold(4)).slot_booking_id, "order-1")
    assert (await shop.slot(3)).available_count == 1
    assert (await shop.slot(4)).booked_count == 1
    request = pb.GetSlotBookingRequest(slot_booking_id=early.slot_booking_id)
    assert (await shop.client.GetSlotBooking(request)).booking.state == pb.SlotBooking.STATE_RELEASED
    assert (await shop.release(late.slot_booking_id)).state == pb.SlotBooking.STATE_RELEASED
    assert (await shop.release(late.slot_booking_id)).state == pb.SlotBooking.STATE_RELEASED
    assert (await shop.slot(4)).available_count == 1
    with pytest.raises(WrongState, match="RELEASED"):
        await shop.book(late.slot_booking_id, "order-2")


async def test_a_blackout_closes_a_span_names_who_is_in_it_and_opens_again(shop: Shop) -> None:
    await shop.plan()
    booked = await shop.book((await shop.hold(3)).slot_booking_id, "order-1")
    request = pb.CreateBlackoutRequest(
        request_id=str(uuid4()),
        location_id=STORE,
        start_time=stamp(shop.hour(3) + timedelta(minutes=59)),
        end_time=stamp(shop.hour(4)),
        detail="stock-taking",
    )
    made = await shop.client.CreateBlackout(request)
    assert [each.slot_booking_id for each in made.affected_bookings] == [booked.slot_booking_id]
    assert (await shop.slot(3)).closed_by == "blackout"
    assert (await shop.slot(4)).closed_by == ""
    with pytest.raises(WrongState, match="closed by blackout"):
        await shop.hold(3)
    listed = await shop.client.ListBlackouts(pb.ListBlackoutsRequest(location_id=STORE))
    assert list(listed.blackouts) == [made.blackout]
    delete = pb.DeleteBlackoutRequest(request_id=str(uuid4()), blackout_id=made.blackout.blackout_id)
    assert await shop.client.DeleteBlackout(delete) == await shop.client.DeleteBlackout(delete)
    assert (await shop.slot(3)).available_count == CAPACITY - 1


async def test_a_smaller_plan_keeps_what_is_booked_and_offers_no_more(shop: Shop) -> None:
    assert (await shop.plan(3)).version == 1
    for number in range(3):
        await shop.book((await shop.hold()).slot_booking_id, f"order-{number}")
    assert (await shop.plan(1)).version == 2
    slot = await shop.slot()
    assert (slot.booked_count, slot.available_count) == (3, 0)
    with pytest.raises(WrongState, match="full"):
        await shop.hold()
    # A booking under an earlier length takes its place of every slot that it reaches into.
    await shop.plan(4, slot_minutes=30)
    assert (await shop.slot()).available_count == 1


async def test_what_no_plan_offers_cannot_be_held(shop: Shop) -> None:
    with pytest.raises(NotFound):
        await shop.client.GetSlotPlan(pb.GetSlotPlanRequest(location_id=STORE, kind=LOCKER))
    with pytest.raises(NotFound):
        await shop.hold()
    await shop.plan(lead_duration=Duration(seconds=7200), horizon_duration=Duration(seconds=86_400))
    with pytest.raises(WrongState, match="closed by lead time"):
        await shop.hold(2)
    with pytest.raises(WrongState, match="closed by horizon"):
        await shop.hold(26)
    with pytest.raises(InvalidField, match="time_zone"):
        await shop.plan(time_zone="Europe/Nowhere")
    with pytest.raises(InvalidField, match="31 days"):
        await shop.client.ListSlots(
            pb.ListSlotsRequest(
                location_id=STORE, kind=LOCKER, end_time=stamp(datetime.now(UTC) + timedelta(days=40))
            )
        )


async def test_holds_that_ran_out_are_swept(shop: Shop) -> None:
    await shop.plan()
    held = await shop.hold()
    shop.world.clock.ahead = timedelta(minutes=15)
    request = pb.GetSlotBookingRequest(slot_booking_id=held.slot_booking_id)
    assert (await shop.client.GetSlotBooking(request)).booking.state == pb.SlotBooking.STATE_EXPIRED
    assert await Slots(shop.world.deps).expire() == 1
    assert await Slots(shop.world.deps).expire() == 0
    assert [row.state for row in await shop.world.rows("SELECT state FROM slot_bookings")] == [6]


async def test_a_token_of_another_store_sees_no_slots(shop: Shop, mint: Any) -> None:
    await shop.plan()
    held = await shop.hold()
    other = shop.world.open_client(mint(locations=["store-2"])).slots
    for call, request in (
        (other.GetSlotPlan, pb.GetSlotPlanRequest(location_id=STORE, kind=LOCKER)),
        (other.ListSlots, pb.ListSlotsRequest(location_id=STORE, kind=LOCKER)),
        (other.ListBlackouts, pb.ListBlackoutsRequest(location_id=STORE)),
        (other.GetSlotBooking, pb.GetSlotBookingRequest(slot_booking_id=held.slot_booking_id)),
        (
            other.ReleaseSlot,
            pb.ReleaseSlotRequest(request_id=str(uuid4()), slot_booking_id=held.slot_booking_id),
        ),
    ):
        with pytest.raises(WrongLocation):
            await call(request)
