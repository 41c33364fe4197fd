"""Slots: places are held, booked and given back, never more than there are.

Locks go plan first, then tasks, then bookings: whoever takes or closes a place holds the plan's row.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit.errors import NotFound
from onhand.pickup.domain import slots, transitions
from onhand.pickup.domain.slots import COUNTS, Blackout, Booking, BookingState, Slot, SlotKind, SlotPlan, Span
from onhand.pickup.domain.task import Alert, AlertKind
from onhand.pickup.storage import slots as storage
from onhand.pickup.storage import tasks
from onhand.pickup.use_cases.changes import SERVICE, Ask, R, once, save
from onhand.pickup.use_cases.deps import Deps


class Slots:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._overrun_reach = timedelta(seconds=deps.settings.slot_overrun_s)

    async def get_plan(self, location_id: str, kind: SlotKind) -> SlotPlan:
        plan = await self._deps.database.read(lambda c: storage.find_plan(c, location_id, kind))
        if plan is None:
            raise NotFound("slot plan", f"{location_id}/{kind.name}")
        return plan

    async def list_slots(
        self, location_id: str, kind: SlotKind, start: datetime, end: datetime
    ) -> Sequence[Slot]:
        """Return the slots of a store that begin in a span; none where it has no plan."""

        async def work(connection: AsyncConnection) -> Sequence[Slot]:
            plan = await storage.find_plan(connection, location_id, kind)
            if plan is None:
                return []
            return await self._offered(connection, plan, list(slots.spans(plan, Span(start, end))))

        return await self._deps.database.read(work)

    async def _offered(
        self, connection: AsyncConnection, plan: SlotPlan, wanted: Sequence[Span]
    ) -> Sequence[Slot]:
        if not wanted:
            return []
        now = self._deps.clock.now()
        used = await storage.usages(connection, plan, wanted, now, self._overrun_reach)
        closed = await storage.closed(connection, plan, Span(wanted[0].start, wanted[-1].end))
        return [slots.slot(plan, span, usage, closed, now) for span, usage in zip(wanted, used, strict=True)]

    async def get_booking(self, booking_id: str) -> Booking:
        return await self._deps.database.read(lambda connection: storage.get(connection, booking_id))

    async def list_blackouts(self, location_id: str) -> Sequence[Blackout]:
        now = self._deps.clock.now()
        return await self._deps.database.read(lambda c: storage.blackouts(c, location_id, now))

    async def location_of_blackout(self, blackout_id: str) -> str:
        """Return where a blackout is, or was; raises NotFound when it was never there."""
        found = await self._deps.database.read(lambda c: storage.get_blackout(c, blackout_id))
        return found.location_id

    async def put_plan(self, ask: Ask[R], plan: SlotPlan, answer: Callable[[SlotPlan], R]) -> R:
        async def effect(connection: AsyncConnection) -> R:
            return answer(replace(plan, version=await storage.put_plan(connection, plan)))

        return await once(self._deps, ask, effect)

    async def hold(
        self,
        ask: Ask[R],
        wanted: tuple[str, SlotKind, datetime],
        hold_time: timedelta,
        answer: Callable[[Booking], R],
    ) -> R:
        """Hold a place of the slot of a location and kind that begins at a time."""
        location_id, kind, start = wanted
        now = self._deps.clock.now()

        async def effect(connection: AsyncConnection) -> R:
            plan = await storage.lock_plan(connection, location_id, kind)
            span = None if plan is None else slots.find(plan, start)
            if plan is None or span is None:
                raise NotFound("slot", f"{location_id}/{kind.name}/{start.isoformat()}")
            await storage.expire_in(connection, plan, span, now)
            (offered,) = await self._offered(connection, plan, [span])
            slots.require_place(offered)
            booking = Booking(ask.request_id, location_id, kind, span, BookingState.HELD, now + hold_time)
            await storage.insert(connection, booking, now)
            return answer(booking)

        return await once(self._deps, ask, effect)

    async def book(self, ask: Ask[R], booking_id: str, order_id: str, answer: Callable[[Booking], R]) -> R:
        """Make a hold an order's, in place of what it has booked at the store."""
        now = self._deps.clock.now()

        async def effect(connection: AsyncConnection) -> R:
            location_id = (await storage.get(connection, booking_id)).location_id
            of_order = await tasks.lock_of_order(connection, order_id, location_id)
            held = await storage.lock(connection, booking_id)
            slots.require_held(held, now)
            others = await storage.of_order(connection, order_id, held.location_id)
            released = [replace(each, state=BookingState.RELEASED) for each in others]
            booked = replace(held, state=BookingState.BOOKED, expire_time=None, order_id=order_id)
            await storage.update(connection, [*released, booked])
            await tasks.touch(connection, of_order)
            return answer(booked)

        return await once(self._deps, ask, effect)

    async def release(self, ask: Ask[R], booking_id: str, answer: Callable[[Booking], R]) -> R:
        """Give a place back; what has ended stays as it is."""
        now = self._deps.clock.now()

        async def effect(connection: AsyncConnection) -> R:
            before = await storage.get(connection, booking_id)
            of_order: Sequence[str] = ()
            if before.order_id:
                of_order = await tasks.lock_of_order(connection, before.order_id, before.location_id)
            booking = await storage.lock(connection, booking_id)
            if booking.state_at(now) in COUNTS:
                booking = replace(booking, state=BookingState.RELEASED, expire_time=None)
                await storage.update(connection, [booking])
                await tasks.touch(connection, of_order)
            return answer(booking)

        return await once(self._deps, ask, effect)

    async def add_blackout(
        self, ask: Ask[R], blackout: Blackout, answer: Callable[[Blackout, Sequence[Booking]], R]
    ) -> R:
        """Close a span to new holds."""

        async def effect(connection: AsyncConnection) -> R:
            await storage.lock_plans(connection, blackout.location_id)
            await storage.add_blackout(connection, blackout)
            return answer(blackout, await storage.in_blackout(connection, blackout))

        return await once(self._deps, ask, effect)

    async def drop_blackout(self, ask: Ask[R], blackout_id: str, answer: Callable[[Blackout], R]) -> R:
        async def effect(connection: AsyncConnection) -> R:
            blackout = await storage.get_blackout(connection, blackout_id)
            await storage.drop_blackout(connection, blackout_id)
            return answer(blackout)

        return await once(self._deps, ask, effect)

    async def expire(self) -> int:
        """End a batch of holds that have run out; returns how many."""
        now, limit = self._deps.clock.now(), self._deps.settings.sweep_batch
        return await self._deps.database.transaction(lambda c: storage.expire(c, now, limit))

    async def overrun(self) -> int:
        """Note of a batch of bookings that their slot has passed; returns how many."""
        now, limit = self._deps.clock.now(), self._deps.settings.sweep_batch
        late = await self._deps.database.read(lambda c: storage.passed(c, now, limit))
        for booking in late:
            await self._pass(booking)
        return len(late)

    async def _pass(self, late: Booking) -> None:
        """End a booking whose slot has passed, or let it run over while its order's task lives."""

        async def work(connection: AsyncConnection) -> None:
            of_order = await tasks.lock_of_order(connection, late.order_id, late.location_id)
            booking = await storage.lock(connection, late.booking_id)
            if booking.state is not BookingState.BOOKED:
                return
            state = BookingState.OVERRUN if of_order else BookingState.ENDED
            await storage.update(connection, [replace(booking, state=state)])
            if of_order:
                task = await tasks.get(connection, of_order[0])
                detail = f"{booking.kind.name.lower()} slot until {booking.span.end:%H:%M} UTC has passed"
                alert = Alert(
                    str(self._deps.clock.uuid()), AlertKind.SLOT_OVERRUN, self._deps.clock.now(), detail
                )
                await save(self._deps, connection, task, transitions.alert(task, alert), SERVICE)

        await self._deps.database.transaction(work)
        self._deps.watchers.notify([late.location_id])
