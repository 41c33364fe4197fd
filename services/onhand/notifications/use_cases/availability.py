"""Availability to endpoints: changes of stock become posts, gathered."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit.clock import Clock
from onhand.kit.db import Database
from onhand.notifications.config import NotificationsSettings
from onhand.notifications.domain.addresses import mask_uri
from onhand.notifications.domain.availability import CellChange, Subscription
from onhand.notifications.domain.messages import Channel, NewMessage
from onhand.notifications.domain.occasions import Purpose
from onhand.notifications.rendering import availability_body
from onhand.notifications.storage import availability as storage
from onhand.notifications.storage import messages
from onhand.notifications.vault import Vault


@dataclass(frozen=True)
class AvailabilityPosts:
    database: Database
    clock: Clock
    settings: NotificationsSettings
    vault: Vault

    async def subscriptions(self) -> dict[UUID, Subscription]:
        """Return what each endpoint in use wants to hear."""
        return await self.database.read(storage.subscriptions)

    async def changed(self, connection: AsyncConnection, changes: Sequence[CellChange]) -> None:
        """Remember changes for each endpoint that wants to hear of them."""
        for endpoint_id, subscription in sorted((await storage.subscriptions(connection)).items()):
            for change in changes:
                if subscription.wants(change.location_id, change.item_id):
                    await storage.put(connection, endpoint_id, subscription, change)

    async def post(self) -> bool:
        """Make the next post of what waits; False when nothing does.

        While one is under way to an endpoint, its changes wait for the next.
        """

        async def work(connection: AsyncConnection) -> bool:
            found = await storage.next_endpoint(connection)
            if found is None:
                return False
            endpoint_id, uri = found
            cells = await storage.take(connection, endpoint_id, self.settings.availability_post_cells)
            if not cells:  # another replica has made it meanwhile
                return True
            now = self.clock.now()
            message = NewMessage(
                message_id=self.clock.uuid(),
                purpose=Purpose.AVAILABILITY_CHANGED,
                channel=Channel.WEBHOOK,
                order_id="",
                task_id=None,
                endpoint_id=endpoint_id,
                identity_id=None,
                address_id=None,
                masked_address=mask_uri(uri),
                subject="",
                body=availability_body(cells, now),
            )
            await messages.add(connection, self.vault, [message], now)
            return True

        return await self.database.transaction(work)
