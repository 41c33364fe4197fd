"""What can be done with orders: one method an intention, one transaction each."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.api.routing.v1.orders_pb2 import (
    CancelOrderRequest,
    CancelOrderResponse,
    ChangeOrderRequest,
    ChangeOrderResponse,
    SubmitOrderRequest,
    SubmitOrderResponse,
)
from onhand.kit import idempotency
from onhand.kit.clock import Clock
from onhand.kit.db import Database
from onhand.kit.errors import AlreadyExists, FieldViolation, InvalidField, NotFound
from onhand.routing import events
from onhand.routing.config import RoutingSettings
from onhand.routing.domain import ending, placing, quote, transfers
from onhand.routing.domain.facts import OrderAccepted
from onhand.routing.domain.lifecycle import LineState
from onhand.routing.domain.order import Assignment, Cause, Order, Release
from onhand.routing.domain.plan import Plan
from onhand.routing.measures import measure
from onhand.routing.messages.orders import address_message, destination_from, place_of, uuid_text
from onhand.routing.storage import leases, orders, plans, quotes
from onhand.routing.storage.leases import Lease
from onhand.routing.use_cases.steps import DelayStep, PlanStep, ReleaseStep, ReserveStep, Rest, Step
from onhand.routing.watchers import Watchers

T = TypeVar("T")

ITSELF = "routing"
"""Actor of what routing does on its own."""
MAX_WOKEN = 100
"""Parked lines looked at when an item arrives; protects the consumer. Others are tried at their interval."""


class Orders:
    def __init__(
        self, database: Database, clock: Clock, settings: RoutingSettings, watchers: Watchers
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._watchers = watchers
        self._lease_duration = timedelta(seconds=settings.lease_s)
        self._wave_grace = timedelta(seconds=settings.wave_lease_s)
        self._park_retry = timedelta(seconds=settings.park_retry_s)

    # What callers ask.

    async def submit(self, actor: str, request: SubmitOrderRequest, order: Order) -> Lease | None:
        """Take an order. Returns the right to advance it at once; None if it was taken before, or for a wave.

        Raises RequestIdReused, AlreadyExists, InvalidField when its auto-cancel time has passed, and NotFound,
        WrongState or InvalidField when it may not have the quote that it names.
        """
        quote_token = uuid_text(request.quote_token, "quote_token")
        lease = None if order.wave_time else self._lease(order.order_id)
        taken = False

        async def effect_of(connection: AsyncConnection) -> SubmitOrderResponse:
            nonlocal taken
            if order.auto_cancel_time <= order.create_time:
                raise InvalidField([FieldViolation("order.auto_cancel_time", "must be in the future")])
            if quote_token:
                await self._take_quote(connection, quote_token, order)
            if not await orders.insert(connection, order, lease):
                raise AlreadyExists("order", order.order_id)
            await events.publish(connection, self._clock, order, [OrderAccepted()])
            taken = True
            return SubmitOrderResponse()

        async def work(connection: AsyncConnection) -> None:
            nonlocal taken
            taken = False
            await idempotency.once(
                connection, actor, request, SubmitOrderResponse, lambda: effect_of(connection)
            )

        placing.accept(order, Cause(order.create_time, actor))
        await self._database.transaction(work)
        return lease if taken else None

    def _lease(self, order_id: str) -> Lease:
        return Lease(order_id, str(self._clock.uuid()), self._clock.now() + self._lease_duration)

    async def _take_quote(self, connection: AsyncConnection, token: str, order: Order) -> None:
        offered = await quotes.lock(connection, token)
        if offered is None:
            raise NotFound("quote", token)
        place = place_of(address_message(order)) if order.shipping_position else ""
        quote.take(offered, order, place, order.create_time)
        await quotes.take(connection, token, order.order_id)

    async def get(self, order_id: str) -> Order:
        """Raises NotFound."""
        return await self._database.read(lambda connection: orders.read(connection, order_id))

    async def version(self, order_id: str) -> int:
        """Raises NotFound."""
        return await self._database.read(lambda connection: orders.version(connection, order_id))

    async def latest(
        self, customer_id: str, state: LineState | None, before: tuple[datetime, str] | None, most: int
    ) -> list[Order]:
        return await self._database.read(
            lambda connection: orders.latest(connection, customer_id, state, before, most)
        )

    async def cancel(self, actor: str, request: CancelOrderRequest) -> Order:
        """Raises NotFound, RequestIdReused, or WrongState when the goods of a line have left."""
        order_id, line_ids = request.order_id, list(request.line_ids)
        detail = request.detail or "cancelled by the channel"

        async def effect(connection: AsyncConnection) -> CancelOrderResponse:
            def change(order: Order, now: datetime) -> None:
                ending.cancel(order, line_ids, detail, Cause(now, actor))

            await self._apply(connection, order_id, change)
            return CancelOrderResponse()

        async def work(connection: AsyncConnection) -> None:
            await idempotency.once(
                connection, actor, request, CancelOrderResponse, lambda: effect(connection)
            )

        await self._database.transaction(work)
        self._watchers.notify(order_id)
        return await self.get(order_id)

    async def change(self, actor: str, request: ChangeOrderRequest) -> Order:
        """Raises NotFound, RequestIdReused, or WrongState when goods of a line have left."""
        order_id, to = request.order_id, destination_from(request)
        detail = request.detail or "changed by the channel"

        async def effect(connection: AsyncConnection) -> ChangeOrderResponse:
            await self._apply(
                connection,
                order_id,
                lambda order, now: ending.change(order, to, detail, Cause(now, actor)),
            )
            return ChangeOrderResponse()

        async def work(connection: AsyncConnection) -> None:
            await idempotency.once(
                connection, actor, request, ChangeOrderResponse, lambda: effect(connection)
            )

        await self._database.transaction(work)
        self._watchers.notify(order_id)
        return await self.get(order_id)

    # What events tell; inside the consumer's transaction.

    async def task_changed(self, connection: AsyncConnection, news: ending.News, actor: str) -> None:
        """Bring an order to where its store's task is. News of an order that is not ours is passed over."""
        grace = timedelta(seconds=self._settings.ready_grace_s)
        try:
            await self._apply(
                connection,
                news.order_id,
                lambda order, now: ending.take(order, news, Cause(now, actor or "pickup"), grace),
            )
        except NotFound:
            return

    async def stock_arrived(
        self, connection: AsyncConnection, item_id: str, location_id: str, available: int, version: int
    ) -> None:
        """Wake the parked lines that what is available now may serve, oldest order first."""
        woken = []
        for order_id, may_split, quantity in await orders.parked_for(
            connection, item_id, location_id, MAX_WOKEN
        ):
            if available <= 0:
                break
            if quantity <= available or may_split:
                available -= quantity
                woken.append(order_id)
        # Locked in one order everywhere; fairness comes from the job: of those woken at one time it takes the
        # oldest first.
        cause = Cause(self._clock.now(), ITSELF)
        for order_id in sorted(set(woken)):
            await self._apply(
                connection,
                order_id,
                lambda order, _: placing.wake(order, cause, item_id, location_id, version),
            )

    async def shipment_changed(self, connection: AsyncConnection, news: transfers.ShipmentNews) -> None:
        """Bring the lines that a transfer carries to where it is; other shipments are nobody's here."""
        for order_id in await orders.transferred_by(connection, news.shipment_id):
            await self._apply(
                connection, order_id, lambda order, now: transfers.take(order, news, Cause(now, "stock"))
            )

    # What the saga does, under its lease.

    async def claim_due(self) -> list[Lease]:
        """Lease orders that are due."""
        lease_id, now = str(self._clock.uuid()), self._clock.now()

        async def work(connection: AsyncConnection) -> list[Lease]:
            return await leases.claim(
                connection, now, lease_id, self._lease_duration, self._settings.job_batch, self._wave_grace
            )

        return await self._database.transaction(work)

    async def claim_wave(self) -> list[Lease]:
        """Lease the orders whose wave has begun."""
        lease_id, now = str(self._clock.uuid()), self._clock.now()
        duration = timedelta(seconds=self._settings.wave_lease_s)
        return await self._database.transaction(
            lambda connection: leases.claim_wave(
                connection, now, lease_id, duration, self._settings.wave_orders
            )
        )

    async def next_step(self, lease: Lease) -> Step:
        """Decide what to do next for an order, and do what needs no one else.

        What is owed to stock goes first, so that lines are planned on true counts. Raises LeaseLostError.
        """

        def change(order: Order, now: datetime) -> Step:
            cause = Cause(now, ITSELF)
            for assignment in order.assignments:
                # A transfer may have been announced already: it is seen through, and called off then.
                if not assignment.transfer_to and not placing.still_wanted(order, assignment):
                    placing.abandon(order, assignment)
            transfers.overdue(order, now, cause)
            if now >= order.auto_cancel_time:
                placing.give_up(order, cause)
            if order.releases:
                return ReleaseStep(order.releases[0], order)
            if order.assignments:
                return ReserveStep(order.assignments[0], order)
            if any(line.action_time and line.action_time <= now for line in order.waiting()):
                return PlanStep(order)
            return self._overdue(order, cause)

        return await self._change(lease, change)

    def _overdue(self, order: Order, cause: Cause) -> Step:
        late = placing.overdue(order, cause.now)
        ready = [line for line in late if line.state is LineState.READY]
        placing.remind(order, ready, timedelta(days=1), cause)
        unready = [line for line in late if line.state is not LineState.READY]
        if not unready:
            return Rest()
        location_id = unready[0].location_id
        line_ids = tuple(line.line_id for line in unready if line.location_id == location_id)
        return DelayStep(location_id, line_ids, order)

    async def record_plan(self, lease: Lease, plan: Plan) -> bool:
        """Take a plan over, before stock is asked for anything. Raises LeaseLostError.

        False when a location's capacity was used up since the plan was made; then nothing is recorded.
        """

        def change(order: Order, now: datetime) -> tuple[Order, datetime]:
            order.failures = 0
            placing.record_plan(order, plan, Cause(now, ITSELF), self._park_retry)
            return order, now

        async def work(connection: AsyncConnection) -> bool:
            if not await self._has_capacity(connection, lease.order_id, plan):
                return False
            order, now = await self._apply(connection, lease.order_id, change, lease)
            await plans.add(connection, order, plan, now)
            return True

        recorded = await self._database.transaction(work)
        self._watchers.notify(lease.order_id)
        return recorded

    async def _has_capacity(self, connection: AsyncConnection, order_id: str, plan: Plan) -> bool:
        """Tell whether the chosen locations of limited capacity have room still, and lock it."""
        limits = plan.limits()
        if not limits:
            return True
        # The order's row before the locations' locks, as everywhere.
        await orders.version(connection, order_id, lock=True)
        await plans.lock_capacity(connection, list(limits))
        days = {each.location_id: each.day for each in plan.question.options if each.day is not None}
        given = await plans.orders_given(connection, {each: days[each] for each in limits if each in days})
        return all(given.get(location_id, 0) < limit for location_id, limit in limits.items())

    async def record_assigned(
        self, lease: Lease, assignment: Assignment, promise_time: datetime, delivery_date: date | None
    ) -> None:
        """Stock is committed: give the location its task. Raises LeaseLostError."""
        slack = timedelta(seconds=self._settings.promise_slack_s)
        await self._change_assignment(
            lease,
            assignment,
            lambda order, same, cause: placing.assign(order, same, promise_time, delivery_date, slack, cause),
        )

    async def record_sent(
        self,
        lease: Lease,
        assignment: Assignment,
        shipment_id: str,
        promise_time: datetime,
        arrive_time: datetime,
    ) -> None:
        """Stock is committed and a transfer announced: the lines are on their way. Raises LeaseLostError."""
        slack = timedelta(seconds=self._settings.promise_slack_s)
        overdue_time = arrive_time + timedelta(seconds=self._settings.transfer_grace_s)
        await self._change_assignment(
            lease,
            assignment,
            lambda order, same, cause: transfers.send(
                order, same, shipment_id, promise_time, overdue_time, slack, cause
            ),
        )

    async def record_refused(
        self, lease: Lease, assignment: Assignment, detail: str, *, may_hold: bool, park: bool
    ) -> None:
        """Stock refused an assignment: plan again, or park. Raises LeaseLostError."""

        def change(order: Order, same: Assignment, cause: Cause) -> None:
            placing.refuse(order, same, cause, detail, may_hold=may_hold)
            if park:
                placing.park(order, order.waiting(), cause, detail, self._park_retry)

        async def explain(connection: AsyncConnection) -> None:
            await plans.extend_outcome(connection, lease.order_id, assignment.attempt, detail)

        await self._change_assignment(lease, assignment, change, explain)

    async def drop_basket(self, lease: Lease, detail: str) -> None:
        """Do without the held basket that came with the order. Raises LeaseLostError."""
        await self._change(lease, lambda order, now: placing.drop_basket(order, Cause(now, ITSELF), detail))

    async def record_released(self, lease: Lease, release: Release, versions: Mapping[str, int]) -> None:
        """Stock confirmed a release, at these versions of its cells by item. Raises LeaseLostError."""
        await self._change(lease, lambda order, _: placing.released(order, release.release_id, versions))

    async def record_delay(
        self, lease: Lease, line_ids: Sequence[str], promise_time: datetime, delivery_date: date | None
    ) -> None:
        """Give lines a later promise. Raises LeaseLostError."""
        await self._change(
            lease,
            lambda order, now: placing.delay(
                order, line_ids, promise_time, delivery_date, Cause(now, ITSELF)
            ),
        )

    async def rest(self, lease: Lease) -> None:
        """End a lease; the order is looked at again at its next action time."""

        async def work(connection: AsyncConnection) -> None:
            await leases.end(connection, lease)

        await self._database.transaction(work)

    async def postpone(self, lease: Lease) -> None:
        """End a lease because stock does not answer; later, the more often that happened."""
        first = timedelta(seconds=self._settings.first_backoff_s)
        most = timedelta(seconds=self._settings.max_backoff_s)

        async def work(connection: AsyncConnection) -> None:
            await leases.postpone(connection, lease, self._clock.now(), first, most)

        await self._database.transaction(work)

    async def _change_assignment(
        self,
        lease: Lease,
        assignment: Assignment,
        change: Callable[[Order, Assignment, Cause], None],
        also: Callable[[AsyncConnection], Awaitable[None]] | None = None,
    ) -> None:
        """Change an order by what stock answered about one of its assignments."""
        key = (assignment.attempt, assignment.part)

        def on_order(order: Order, now: datetime) -> None:
            same = next(each for each in order.assignments if (each.attempt, each.part) == key)
            order.failures = 0
            change(order, same, Cause(now, ITSELF))

        async def work(connection: AsyncConnection) -> None:
            await self._apply(connection, lease.order_id, on_order, lease)
            if also is not None:
                await also(connection)

        await self._database.transaction(work)
        self._watchers.notify(lease.order_id)

    async def _change(self, lease: Lease, change: Callable[[Order, datetime], T]) -> T:
        result = await self._database.transaction(
            lambda connection: self._apply(connection, lease.order_id, change, lease)
        )
        self._watchers.notify(lease.order_id)
        return result

    async def _apply(
        self,
        connection: AsyncConnection,
        order_id: str,
        change: Callable[[Order, datetime], T],
        lease: Lease | None = None,
    ) -> T:
        """Change an order under its row lock and publish what that tells others."""
        locked = await orders.lock(connection, order_id, lease)
        now = self._clock.now()
        result = change(locked.order, now)
        measure(locked.order)
        await locked.save(connection, now)
        await events.publish(connection, self._clock, locked.order, locked.order.facts)
        return result
