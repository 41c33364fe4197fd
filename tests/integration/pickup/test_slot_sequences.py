"""Any sequence of holds, bookings, plans and blackouts, against a model that only counts."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from onhand.api.pickup.v1 import slots_pb2 as pb
from onhand.kit.errors import OnhandError, WrongState
from onhand.pickup.domain.slots import Blackout, BookingState, SlotKind, SlotPlan, Span, Window
from onhand.pickup.use_cases import Ask, Deps, Slots

HOURS = 3
"""Slots that the sequences are about."""
ALL_DAY = tuple(Window(day, 0, 1440) for day in range(1, 8))


class Machine(RuleBasedStateMachine):
    """The model knows for each place its slot, until when it is held, and whether it is an order's."""

    world: Any
    loop: asyncio.AbstractEventLoop

    def do(self, work: Awaitable[Any]) -> Any:
        """Do something on the loop that has the database."""

        async def awaited() -> Any:
            return await work

        return asyncio.run_coroutine_threadsafe(awaited(), self.loop).result(30)

    def ask(self, request_id: str = "") -> Ask[Any]:
        return Ask("ana", pb.HoldSlotRequest(request_id=request_id or str(uuid4())), pb.HoldSlotResponse)

    @initialize(capacity=st.integers(0, 3))
    def begin(self, capacity: int) -> None:
        self.location_id = f"store-{uuid4()}"
        self.world.clock.ahead = timedelta()
        self.slots = Slots(
            Deps(self.world.database, self.world.clock, self.world.settings, self.world.deps.stock)
        )
        now = datetime.now(UTC)
        self.first = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=30)
        self.places: dict[str, tuple[int, datetime | None, str]] = {}
        """Of each place that may count: its slot, until when it is held (None: booked), and its order."""
        self.dark: dict[str, int] = {}
        self.plan(capacity)

    @rule(capacity=st.integers(0, 3))
    def plan(self, capacity: int) -> None:
        self.capacity = capacity
        plan = SlotPlan(
            self.location_id,
            SlotKind.LOCKER,
            "UTC",
            60,
            capacity,
            timedelta(),
            timedelta(days=7),
            ALL_DAY,
            overrun_occupies=False,
        )
        self.do(self.slots.put_plan(self.ask(), plan, lambda _: pb.HoldSlotResponse()))

    def start(self, slot: int) -> datetime:
        return self.first + timedelta(hours=slot)

    def taken(self, slot: int) -> int:
        now = self.world.clock.now()
        return sum(each == slot and (until is None or until > now) for each, until, _ in self.places.values())

    @rule(slot=st.integers(0, HOURS - 1), minutes=st.integers(1, 30), together=st.integers(1, 4))
    def hold(self, slot: int, minutes: int, together: int) -> None:
        left = max(self.capacity - self.taken(slot), 0) if slot not in self.dark.values() else 0
        wanted = (self.location_id, SlotKind.LOCKER, self.start(slot))
        asks = [self.ask() for _ in range(together)]
        before = self.world.clock.now()

        async def all_at_once() -> list[Any]:
            holds = (
                self.slots.hold(ask, wanted, timedelta(minutes=minutes), lambda _: pb.HoldSlotResponse())
                for ask in asks
            )
            return await asyncio.gather(*holds, return_exceptions=True)

        outcomes = self.do(all_at_once())
        held = [
            ask for ask, each in zip(asks, outcomes, strict=True) if isinstance(each, pb.HoldSlotResponse)
        ]
        assert len(held) == min(left, together)
        assert sum(isinstance(each, WrongState) for each in outcomes) == together - len(held)
        for ask in held:
            self.places[ask.request_id] = (slot, before + timedelta(minutes=minutes), "")

    def place(self, number: int) -> str:
        return sorted(self.places)[number % len(self.places)] if self.places else str(uuid4())

    @rule(number=st.integers(0, 20), order=st.sampled_from(["a", "b"]))
    def book(self, number: int, order: str) -> None:
        place = self.place(number)
        slot, until, _ = self.places.get(place, (0, None, ""))
        allowed = place in self.places and until is not None and until > self.world.clock.now()
        order_id = f"{order}-{self.location_id}"
        try:
            self.do(self.slots.book(self.ask(), place, order_id, lambda _: pb.HoldSlotResponse()))
        except OnhandError:
            assert not allowed
            return
        assert allowed
        self.places = {name: each for name, each in self.places.items() if each[2] != order_id}
        self.places[place] = (slot, None, order_id)

    @rule(number=st.integers(0, 20))
    def release(self, number: int) -> None:
        if self.places:
            place = self.place(number)
            self.do(self.slots.release(self.ask(), place, lambda _: pb.HoldSlotResponse()))
            del self.places[place]

    @rule(slot=st.integers(0, HOURS - 1))
    def close(self, slot: int) -> None:
        ask = self.ask()
        span = Span(self.start(slot), self.start(slot + 1))
        blackout = Blackout(ask.request_id, self.location_id, None, span, "")
        affected: list[str] = []

        def answer(_: Blackout, bookings: Any) -> pb.HoldSlotResponse:
            now = self.world.clock.now()
            affected.extend(
                each.booking_id for each in bookings if each.state_at(now) is not BookingState.EXPIRED
            )
            return pb.HoldSlotResponse()

        self.do(self.slots.add_blackout(ask, blackout, answer))
        assert len(affected) == self.taken(slot)
        self.dark[ask.request_id] = slot

    @rule(number=st.integers(0, 5))
    def open(self, number: int) -> None:
        if self.dark:
            name = sorted(self.dark)[number % len(self.dark)]
            self.do(self.slots.drop_blackout(self.ask(), name, lambda _: pb.HoldSlotResponse()))
            del self.dark[name]

    @rule(minutes=st.integers(1, 20), sweep=st.booleans())
    def time_passes(self, minutes: int, sweep: bool) -> None:  # noqa: FBT001
        self.world.clock.ahead += timedelta(minutes=minutes)
        if sweep:
            self.do(self.slots.expire())

    @invariant()
    def every_slot_offers_what_the_model_says(self) -> None:
        found = self.do(
            self.slots.list_slots(
                self.location_id, SlotKind.LOCKER, self.first, self.first + timedelta(hours=HOURS)
            )
        )
        for number, slot in enumerate(found):
            dark = number in self.dark.values()
            assert slot.usage.total == self.taken(number)
            assert slot.available == (0 if dark else max(self.capacity - self.taken(number), 0))


async def test_no_sequence_sells_a_place_twice(world: Any) -> None:
    Machine.world, Machine.loop = world, asyncio.get_running_loop()
    few = settings(
        max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
    )
    await asyncio.to_thread(run_state_machine_as_test, Machine, settings=few)
