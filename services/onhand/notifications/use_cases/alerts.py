"""Alerts: what people wait for, asked, told and claimed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.api.notifications.v1 import alerts_pb2 as pb
from onhand.kit import idempotency
from onhand.kit.clock import Clock
from onhand.kit.db import Database
from onhand.kit.errors import (
    DependencyUnavailable,
    FieldViolation,
    InvalidField,
    LimitReached,
    NotFound,
    WrongState,
)
from onhand.notifications.config import NotificationsSettings
from onhand.notifications.domain import alerts as domain
from onhand.notifications.domain.alerts import Alert, AlertState, HoldState, LookUp, UnitHold
from onhand.notifications.domain.contacts import KIND_OF, Contact, Topic
from onhand.notifications.domain.occasions import Purpose, wished
from onhand.notifications.storage import alerts, contacts, supply
from onhand.notifications.use_cases.contacts import Contacts
from onhand.notifications.use_cases.journeys import Journeys
from onhand.notifications.use_cases.redaction import redacted

T = TypeVar("T")

DEFAULT_RADIUS_M = 10_000
MAX_LOCATIONS = 50
"""Stores of one alert; protects the search for who waits."""


@dataclass(frozen=True)
class Alerts:
    """What people wait for."""

    database: Database
    clock: Clock
    settings: NotificationsSettings
    contacts: Contacts
    journeys: Journeys

    # Asked

    async def create(
        self,
        actor: str,
        request: pb.CreateAlertRequest,
        wait: timedelta,
        position: tuple[float, float] | None,
    ) -> Alert:
        """Wait for something. Raises NotFound, InvalidField, LimitReached, DependencyUnavailable."""
        if not self.settings.alerting:
            raise DependencyUnavailable("stock")
        asked, now = request.alert, self.clock.now()

        async def effect(connection: AsyncConnection) -> pb.CreateAlertResponse:
            contact = await self._locked(connection, UUID(asked.contact_id))
            limit = self.settings.max_alerts_per_contact
            if await alerts.count_of_contact(connection, contact.contact_id) >= limit:
                raise LimitReached(f"{limit} alerts of one person")
            address_id = UUID(asked.address_id) if asked.address_id else None
            address = contact.address(address_id) if address_id else None
            if address_id and address is None:
                raise NotFound("address", asked.address_id)
            last = max(contact.identities, key=lambda each: each.update_time)
            locations = tuple(asked.location_ids)
            if position is not None:
                locations = await self._near(connection, position, request.near.radius_m)
            alert = Alert(
                alert_id=self.clock.uuid(),
                contact_id=contact.contact_id,
                identity_id=(contact.identity_of(address) if address else last).identity_id,
                address_id=address_id,
                item_ids=tuple(asked.item_ids),
                location_ids=locations,
                alternative_ids=tuple(asked.alternative_item_ids),
                offer=asked.offer,
                state=AlertState.WAITING,
                create_time=now,
                expire_time=now + wait,
            )
            await alerts.add(connection, self.contacts.vault, alert, self._first_due(alert))
            await supply.watch(connection, (*alert.item_ids, *alert.alternative_ids), now)
            await supply.think_again(connection, alert.item_ids)
            return pb.CreateAlertResponse(alert=pb.Alert(alert_id=str(alert.alert_id)))

        async def work(connection: AsyncConnection) -> Alert:
            response = await idempotency.once(
                connection,
                actor,
                redacted(request, self.contacts.vault),
                pb.CreateAlertResponse,
                lambda: effect(connection),
            )
            return await self._alert(connection, UUID(response.alert.alert_id))

        return await self.database.transaction(work)

    async def _near(
        self, connection: AsyncConnection, position: tuple[float, float], radius_m: int
    ) -> tuple[str, ...]:
        found = domain.near(await supply.places(connection), *position, radius_m or DEFAULT_RADIUS_M)
        if not found:
            raise InvalidField([FieldViolation("near", "no store is there")])
        return tuple(found[:MAX_LOCATIONS])

    def _first_due(self, alert: Alert) -> datetime:
        if not alert.alternative_ids:
            return alert.expire_time
        after = timedelta(seconds=self.settings.alert_alternatives_after_s)
        return min(alert.expire_time, alert.create_time + after)

    async def get(self, alert_id: UUID) -> Alert:
        """Return an alert. Raises NotFound."""
        return await self.database.read(lambda connection: self._alert(connection, alert_id))

    async def list_of(self, contact_id: UUID) -> list[Alert]:
        """Return a person's alerts, latest first. Raises NotFound."""
        contact = await self.contacts.get(contact_id)
        return await self.database.read(
            lambda connection: alerts.of_contact(connection, self.contacts.vault, contact.contact_id)
        )

    async def cancel(self, alert_id: UUID) -> Alert:
        """End an alert; a unit that was held for it alone goes to the next. Raises NotFound."""

        async def work(connection: AsyncConnection, alert: Alert, hold: UnitHold | None) -> Alert:
            if alert.state in {AlertState.WAITING, AlertState.OFFERED}:
                await alerts.end(connection, alert_id, AlertState.CANCELLED)
                if hold is not None and not await alerts.count_offered(connection, hold.hold_id):
                    await alerts.set_hold(connection, hold, hold.state, self.clock.now())
            return await self._alert(connection, alert_id)

        return await self._with_its_unit(alert_id, work)

    async def claim(self, alert_id: UUID) -> tuple[Alert, UnitHold]:
        """Give a person the unit that is held for them. Raises NotFound, WrongState."""

        async def work(
            connection: AsyncConnection, alert: Alert, hold: UnitHold | None
        ) -> tuple[Alert, UnitHold]:
            now = self.clock.now()
            if hold is not None and alert.state is AlertState.CLAIMED:
                return alert, hold
            held_until = None if hold is None else hold.expire_time
            ends = [each for each in (alert.claim_deadline, held_until) if each is not None]
            offered = alert.state is AlertState.OFFERED and bool(ends) and now < min(ends)
            if hold is None or hold.state is not HoldState.HELD or not offered:
                state = AlertState.LAPSED if alert.state is AlertState.OFFERED else alert.state
                raise WrongState("alert", str(alert_id), state.name, "claim")
            await alerts.claim(connection, alert_id, hold.hold_id, now)
            await alerts.set_hold(connection, hold, HoldState.CLAIMED, None)
            return await self._alert(connection, alert_id), hold

        return await self._with_its_unit(alert_id, work)

    async def _with_its_unit(
        self, alert_id: UUID, work: Callable[[AsyncConnection, Alert, UnitHold | None], Awaitable[T]]
    ) -> T:
        """Run `work` on an alert and the unit held for it, in a transaction that has locked them in their order."""

        async def locked(connection: AsyncConnection) -> T:
            seen = await self._alert(connection, alert_id)
            hold = await alerts.get_hold(connection, seen.hold_id) if seen.hold_id else None
            alert = await alerts.get(connection, self.contacts.vault, alert_id, for_update=True)
            if alert is None:
                raise NotFound("alert", str(alert_id))
            return await work(connection, alert, hold if alert.hold_id == seen.hold_id else None)

        return await self.database.transaction(locked)

    # Looked for

    async def record_look_up(
        self, contact_id: UUID, item_id: str, location_id: str, *, was_out: bool
    ) -> None:
        """Note that a person looked for something. Raises NotFound."""

        async def work(connection: AsyncConnection) -> None:
            contact = await self._locked(connection, contact_id)
            last = max(contact.identities, key=lambda each: each.update_time)
            now = self.clock.now()
            look_up = LookUp(item_id, location_id, was_out, now)
            await alerts.add_look_up(connection, last.identity_id, look_up)
            if was_out and self.settings.alerting:
                await supply.watch(connection, [item_id], now)

        await self.database.transaction(work)

    async def pass_by(self, contact_id: UUID, position: tuple[float, float]) -> bool:
        """Tell a person of something that they looked for in vain and that a store near them has. Raises NotFound."""

        async def work(connection: AsyncConnection) -> bool:
            contact = await self._locked(connection, contact_id)
            if not _agrees(contact):
                return False
            identity_ids = [each.identity_id for each in contact.identities]
            in_vain = await alerts.in_vain(connection, identity_ids)
            places = await supply.places(connection)
            here = domain.near(places, *position, self.settings.nearby_radius_m)
            found = await supply.available(connection, [each.item_id for each in in_vain], here)
            cells = {(each.item_id, each.location_id) for each in found} if here else set()
            for look_up in in_vain:
                for location_id in here:
                    if location_id == look_up.location_id or (look_up.item_id, location_id) not in cells:
                        continue
                    cause = uuid5(identity_ids[0], f"nearby {look_up.item_id} {self.clock.now().date()}")
                    occasion = wished(
                        cause, self.clock.now(), Purpose.NEARBY, look_up.item_id, identity_ids[0], location_id
                    )
                    if await self.journeys.tell_of(connection, occasion, contact.contact_id) is None:
                        return False
                    await alerts.mark_told(connection, identity_ids, look_up.item_id)
                    return True
            return False

        return await self.database.transaction(work)

    # Parts

    async def _alert(self, connection: AsyncConnection, alert_id: UUID) -> Alert:
        alert = await alerts.get(connection, self.contacts.vault, alert_id)
        if alert is None:
            raise NotFound("alert", str(alert_id))
        return alert

    async def _locked(self, connection: AsyncConnection, contact_id: UUID) -> Contact:
        found = await contacts.lock(connection, contact_id)
        contact = await contacts.get(connection, self.contacts.vault, found) if found else None
        if contact is None:
            raise NotFound("contact", str(contact_id))
        return contact


def _agrees(contact: Contact) -> bool:
    """Tell whether a person may be told of alerts anywhere."""
    return any(
        contact.allows(Topic.ALERT, channel, address)
        for address in contact.addresses
        for channel, kind in KIND_OF.items()
        if kind is address.kind
    )
