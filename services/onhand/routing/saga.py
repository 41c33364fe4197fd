"""Sees an order through: what is owed to stock, reservation, plan, in steps that survive a crash.

Each step is decided and recorded in a transaction of its own; calls to stock are made between them, under
a lease on the order, with ids that a repeat derives again. A process may die between any two: whoever
leases the order next finds what is under way and goes on from there.
"""

import asyncio
from datetime import timedelta

from onhand.kit.clock import Clock
from onhand.kit.errors import DependencyUnavailable, OnhandError, WrongState
from onhand.kit.telemetry import log
from onhand.routing.config import RoutingSettings
from onhand.routing.domain import placing
from onhand.routing.domain.lifecycle import LineState
from onhand.routing.domain.order import Assignment, Order
from onhand.routing.placer import BasketRefused, Placer
from onhand.routing.promiser import Promiser
from onhand.routing.stock import StockGateway
from onhand.routing.storage.leases import Lease, LeaseLostError
from onhand.routing.use_cases.orders import Orders
from onhand.routing.use_cases.steps import DelayStep, PlanStep, ReleaseStep, ReserveStep, Rest, Step


class Saga:
    """Advances orders."""

    def __init__(
        self,
        orders: Orders,
        placer: Placer,
        promiser: Promiser,
        stock: StockGateway,
        clock: Clock,
        settings: RoutingSettings,
    ) -> None:
        self._orders = orders
        self._placer = placer
        self._promiser = promiser
        self._stock = stock
        self._clock = clock
        self._settings = settings
        self._call_time = timedelta(seconds=settings.stock_timeout_s)
        self._under_way: set[asyncio.Task[None]] = set()

    def start(self, lease: Lease) -> asyncio.Task[None]:
        """Advance an order in the background; it goes on when nobody waits for it any more."""
        task = asyncio.create_task(self.advance(lease))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def advance_due(self) -> int:
        """Advance the orders that are due; returns how many."""
        leases = await self._orders.claim_due()
        if leases:
            # Not gathered: an advance under way goes on when this is cancelled, see `finish`.
            await asyncio.wait([self.start(lease) for lease in leases])
        return len(leases)

    async def plan_wave(self) -> int:
        """Plan the orders whose wave has begun together, and advance each; returns how many."""
        leases = await self._orders.claim_wave()
        try:
            steps = [(lease, await self._orders.next_step(lease)) for lease in leases]
            # One that may be substituted is planned alone: which item it takes is part of its own plan.
            together = [
                (lease, step.order)
                for lease, step in steps
                if isinstance(step, PlanStep)
                and not any(line.substitute_item_ids for line in step.order.lines)
            ]
            plans = await self._placer.plan_together([order for _, order in together]) if together else []
            for (lease, _), plan in zip(together, plans, strict=True):
                await self._orders.record_plan(lease, plan)
        except (OnhandError, LeaseLostError) as error:
            log.warning("wave waits", orders=len(leases), error=repr(error))
            for lease in leases:
                await self._postpone(lease)
            return 0
        if leases:
            await asyncio.wait([self.start(lease) for lease in leases])
        return len(leases)

    async def finish(self) -> None:
        """Let the advances under way end, so that no lease is left behind for others to wait for."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=self._settings.drain_s)

    async def advance(self, lease: Lease) -> None:
        """Take an order as far as it goes now, and end the lease."""
        try:
            async with asyncio.timeout(self._settings.advance_timeout_s):
                conflicts = 0
                while not isinstance(step := await self._orders.next_step(lease), Rest):
                    conflicts += await self._take(step, lease, conflicts)
            await self._orders.rest(lease)
        except LeaseLostError:
            log.warning("lease lost", order_id=lease.order_id)
        except Exception as error:  # noqa: BLE001 - one order's trouble must not stop the others
            known = isinstance(error, OnhandError | TimeoutError)
            log.warning("order waits", order_id=lease.order_id, error=repr(error), exc_info=not known)
            await self._postpone(lease)

    async def _postpone(self, lease: Lease) -> None:
        try:
            await self._orders.postpone(lease)
        except OnhandError as error:
            # The lease runs out by itself, and the order is due still.
            log.warning("order keeps its lease", order_id=lease.order_id, reason=error.reason)

    async def _take(self, step: Step, lease: Lease, conflicts: int) -> int:
        """Take one step; returns 1 when what was planned could not be had, else 0."""
        # A process that was paused for longer than its lease must not call stock for the order any more.
        if self._clock.now() + self._call_time >= lease.until:
            raise LeaseLostError
        match step:
            case ReleaseStep():
                await self._release(step, lease)
            case ReserveStep():
                return await self._reserve(step, lease, conflicts)
            case PlanStep(order):
                parked = any(line.state is LineState.PARKED for line in order.waiting())
                return await self._plan(order, lease, fully_consistent=parked or conflicts > 0)
            case DelayStep(location_id, line_ids, order):
                dates = await self._promiser.of_order(order, location_id)
                await self._orders.record_delay(lease, line_ids, dates.promise_time, dates.delivery_date)
        return 0

    async def _release(self, step: ReleaseStep, lease: Lease) -> None:
        release, versions = step.release, dict[str, int]()
        if release.shipment_id:
            await self._stock.call_off(release)
        basket = await self._stock.basket(release.reservation_id) if release.foreign else None
        if not release.foreign or (basket is not None and placing.may_be_of(step.order, basket)):
            versions = await self._stock.release(release)
        await self._orders.record_released(lease, release, versions)

    async def _plan(self, order: Order, lease: Lease, *, fully_consistent: bool) -> int:
        """Plan what waits; returns 1 when a location's capacity was used up meanwhile, else 0."""
        if order.basket_reservation_id:
            taken = await self._placer.take_basket(order)
            if isinstance(taken, BasketRefused):
                await self._orders.drop_basket(lease, taken.detail)
                return 0
        else:
            taken = await self._placer.plan(order, fully_consistent=fully_consistent)
            if not fully_consistent and len(taken.placed) < len(taken.question.demands):
                # Nobody is told to wait because the view that answered was a moment behind.
                taken = await self._placer.plan(order, fully_consistent=True)
        return int(not await self._orders.record_plan(lease, taken))

    async def _reserve(self, step: ReserveStep, lease: Lease, conflicts: int) -> int:
        assignment, order = step.assignment, step.order
        held = assignment.is_basket
        try:
            if not held:
                quantities = assignment.quantities()
                await self._stock.reserve(
                    order, assignment.reservation_id, assignment.location_id, quantities
                )
                held = True
            await self._stock.commit(order.order_id, assignment.reservation_id)
            if assignment.transfer_to:
                await self._send(assignment, order, lease)
                return 0
        except DependencyUnavailable:
            raise
        except OnhandError as error:
            # Stock decided: too few, or the hold ran out before it was committed.
            detail = f"stock refused at {assignment.location_id}: {error.message}"
            park = conflicts + 1 >= self._settings.max_conflicts
            await self._orders.record_refused(lease, assignment, detail, may_hold=held, park=park)
            return 1
        dates = await self._promiser.of_order(order, assignment.location_id)
        await self._orders.record_assigned(lease, assignment, dates.promise_time, dates.delivery_date)
        return 0

    async def _send(self, assignment: Assignment, order: Order, lease: Lease) -> None:
        """Have committed goods sent to the store that they are collected from."""
        distances = {assignment.location_id: assignment.distance_metres}
        found = await self._promiser.of_transfers(assignment.transfer_to, distances)
        if assignment.location_id not in found:
            raise WrongState("transfer", assignment.task_id, "without a carrier", "be sent")
        transfer = found[assignment.location_id]
        shipment_id = await self._stock.announce(order, assignment, transfer.arrive_time)
        await self._orders.record_sent(
            lease, assignment, shipment_id, transfer.promise_time, transfer.arrive_time
        )
