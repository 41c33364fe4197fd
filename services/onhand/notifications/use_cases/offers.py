"""Units that have come, offered to those who wait for them, in their order."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit.clock import Clock
from onhand.kit.db import Database
from onhand.notifications.config import NotificationsSettings
from onhand.notifications.domain.alerts import Alert, AlertState, Cell, HoldState, UnitHold, units_to_hold
from onhand.notifications.domain.occasions import Line, Occasion, Purpose, wished
from onhand.notifications.storage import alerts, supply
from onhand.notifications.use_cases.journeys import Journeys

LOOK_AGAIN = timedelta(days=1)
"""How long a person who could not be told is passed over, and the pause between looks for alternatives."""
HOLDS_AT_ONCE = 500
"""Units wanted in one transaction; protects the relay."""
SCANNED = 10
"""People tried for one unit in one transaction; protects the relay from a queue that cannot be told."""


@dataclass(frozen=True)
class Offers:
    """Units that have come, and who is offered them. Each step is one transaction of a job."""

    database: Database
    clock: Clock
    settings: NotificationsSettings
    journeys: Journeys

    # What there is

    async def supply_changed(
        self, connection: AsyncConnection, cell: Cell, version: int, *, rose: bool
    ) -> None:
        """Take what stock says of a cell; of an item that nobody waits for it is left out."""
        await supply.put(connection, cell, version, rose=rose)

    # Offered

    async def want_units(self) -> bool:
        """Decide how many units of a cell are to be held, for whom there is; False when nothing has come."""
        per_unit = self.settings.alert_people_per_unit

        async def work(connection: AsyncConnection) -> bool:
            cell = await supply.next_risen(connection)
            if cell is None:
                return False
            now, limit = self.clock.now(), HOLDS_AT_ONCE * per_unit
            waiting = await alerts.count_waiting(connection, cell, now, limit)
            wanted = await alerts.count_wanted(connection, cell)
            count = units_to_hold(cell, wanted, waiting, per_unit)
            if count:
                await alerts.add_holds(connection, [self.clock.uuid() for _ in range(count)], cell, now)
            return True

        return await self.database.transaction(work)

    async def due_units(self, limit: int) -> list[UnitHold]:
        """Lease units about which something has to be done."""
        now = self.clock.now()
        lease_time = now + timedelta(seconds=self.settings.alert_lease_s)
        return await self.database.transaction(
            lambda connection: alerts.due_holds(connection, now, lease_time, limit)
        )

    async def unit_held(self, unit: UnitHold, expire_time: datetime | None) -> None:
        """Offer a unit that stock holds to whoever is next; None: stock does not hold it."""

        async def work(connection: AsyncConnection) -> None:
            hold = await alerts.get_hold(connection, unit.hold_id)
            if hold is None or (hold.state, hold.round) != (unit.state, unit.round):
                return  # another process was there first
            if expire_time is None:
                await alerts.drop_hold(connection, hold.hold_id)
                return
            deadline = await self._offer(connection, hold)
            now = self.clock.now()
            state, due = (HoldState.HELD, deadline) if deadline else (HoldState.RELEASING, now)
            await alerts.set_hold(
                connection, hold, state, due, round_=hold.round + 1, expire_time=expire_time
            )

        await self.database.transaction(work)

    async def _offer(self, connection: AsyncConnection, hold: UnitHold) -> datetime | None:
        """Tell those who are next that a unit is held for them; returns until when, None: nobody could be told."""
        now, window = self.clock.now(), timedelta(seconds=self.settings.alert_claim_window_s)
        deadlines: list[datetime] = []
        for alert in await alerts.next_waiting(connection, self.journeys.vault, hold, now, SCANNED):
            told_at = await self._tell(connection, alert, hold, now + window)
            if told_at is None:
                await alerts.put_off(connection, alert.alert_id, now + LOOK_AGAIN)
                continue
            await alerts.offer(connection, alert.alert_id, hold, told_at + window)
            deadlines.append(told_at + window)
            if len(deadlines) == self.settings.alert_people_per_unit:
                break
        return max(deadlines, default=None)

    async def _tell(
        self, connection: AsyncConnection, alert: Alert, hold: UnitHold, deadline: datetime
    ) -> datetime | None:
        cause = uuid5(hold.hold_id, f"{hold.round} {alert.alert_id}")
        # Who waits for it wherever it is, has it sent to them.
        place = hold.location_id if alert.location_ids else ""
        occasion = self._occasion(cause, Purpose.BACK_IN_STOCK, alert, hold.item_id)
        occasion = replace(occasion, location_id=place, claim_deadline=deadline)
        return await self.journeys.tell_of(connection, occasion, alert.contact_id)

    async def window_over(self, unit: UnitHold) -> None:
        """End what was offered of a unit that nobody took; it is held on if somebody else waits for it."""

        async def work(connection: AsyncConnection) -> None:
            hold = await alerts.get_hold(connection, unit.hold_id)
            if hold is None or (hold.state, hold.round) != (unit.state, unit.round):
                return
            await alerts.lapse(connection, hold.hold_id)
            now = self.clock.now()
            cell = Cell(hold.item_id, hold.location_id, 1)
            waits = await alerts.count_waiting(connection, cell, now, 1)
            state = HoldState.EXTENDING if waits else HoldState.RELEASING
            await alerts.set_hold(connection, hold, state, now)

        await self.database.transaction(work)

    async def unit_released(self, unit: UnitHold) -> None:
        """Forget a unit that was given back."""
        await self.database.transaction(lambda connection: alerts.drop_hold(connection, unit.hold_id))

    async def waited_long(self) -> bool:
        """Offer alternatives to whoever has waited for long, or end an alert; False when none is due."""

        async def work(connection: AsyncConnection) -> bool:
            now = self.clock.now()
            alert = await alerts.next_due(connection, self.journeys.vault, now)
            if alert is None:
                return False
            if alert.expire_time <= now:
                await alerts.end(connection, alert.alert_id, AlertState.EXPIRED)
                return True
            await supply.think_again(connection, alert.item_ids)
            after = timedelta(seconds=self.settings.alert_alternatives_after_s)
            told = alert.alternatives_told
            if not told and alert.create_time + after <= now:
                told = await self._offer_alternatives(connection, alert)
            due = min(alert.expire_time, now + LOOK_AGAIN)
            await alerts.set_due(connection, alert.alert_id, due, told=told)
            return True

        return await self.database.transaction(work)

    async def _offer_alternatives(self, connection: AsyncConnection, alert: Alert) -> bool:
        found = await supply.available(connection, alert.alternative_ids, alert.location_ids)
        there = {each.item_id for each in found}
        if not there:
            return False
        lines = tuple(Line(each, each, None) for each in alert.alternative_ids if each in there)
        cause = uuid5(alert.alert_id, "alternatives")
        occasion = self._occasion(cause, Purpose.ALTERNATIVES, alert, alert.item_ids[0])
        await self.journeys.tell_of(connection, replace(occasion, lines=lines), alert.contact_id)
        return True  # once, whether they could be told or not

    # Where things are

    async def unsurveyed(self, *, settled: timedelta, limit: int = 50) -> list[str]:
        """Return items that are waited for since lately, and of which nobody has looked where they are."""
        before = self.clock.now() - settled
        return await self.database.read(lambda connection: supply.unsurveyed(connection, before, limit))

    async def surveyed(self, items: list[str], found: list[Cell]) -> None:
        """Take where items are."""

        async def work(connection: AsyncConnection) -> None:
            for each in found:
                await supply.put(connection, each, 0, rose=True)
            await supply.surveyed(connection, items, self.clock.now())

        await self.database.transaction(work)

    async def locate(self, found: list[tuple[str, float | None, float | None]]) -> None:
        """Remember where locations are."""
        await self.database.transaction(lambda connection: supply.put_places(connection, found))

    async def watched(self) -> frozenset[str]:
        """Return the items of which somebody wants to hear."""
        return await self.database.read(supply.watched)

    async def forget(self) -> dict[str, int]:
        """Drop some of what has ended and was kept long enough; returns how many."""
        now, transaction = self.clock.now(), self.database.transaction
        ended = now - timedelta(days=self.settings.message_retention_days)
        looked = now - timedelta(days=self.settings.look_up_retention_days)
        day = now - timedelta(days=1)
        return {
            "alerts": await transaction(lambda connection: alerts.drop(connection, ended)),
            "units": await transaction(lambda connection: alerts.drop_claimed(connection, day)),
            "look_ups": await transaction(lambda connection: alerts.drop_look_ups(connection, looked)),
            "watched": await transaction(lambda connection: supply.forget(connection, day)),
        }

    def _occasion(self, cause: UUID, purpose: Purpose, alert: Alert, item_id: str) -> Occasion:
        occasion = wished(cause, self.clock.now(), purpose, item_id, alert.identity_id)
        return replace(occasion, address_id=alert.address_id, alert_id=alert.alert_id, offer=alert.offer)
