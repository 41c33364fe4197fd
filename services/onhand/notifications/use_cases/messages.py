"""Messages: made from events, leased for attempts, shown; and the endpoints that want them."""

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.api.notifications.v1.messages_pb2 import (
    CreateWebhookEndpointRequest,
    CreateWebhookEndpointResponse,
)
from onhand.kit import idempotency, outbox
from onhand.kit.clock import Clock
from onhand.kit.db import Database
from onhand.kit.errors import LimitReached, NotFound
from onhand.notifications import events
from onhand.notifications.config import NotificationsSettings
from onhand.notifications.domain.addresses import check_endpoint_uri, mask_email, mask_uri
from onhand.notifications.domain.contacts import KIND_OF, Address, Contact, NewIdentity, Topic
from onhand.notifications.domain.endpoints import Endpoint, NewEndpoint
from onhand.notifications.domain.messages import (
    Attempt,
    Channel,
    Message,
    NewMessage,
    Result,
    State,
    Verdict,
    message_id_of,
    outcome,
)
from onhand.notifications.domain.occasions import Line, Occasion, Order, Purpose
from onhand.notifications.domain.templates import Template
from onhand.notifications.rendering import Reader, facts_of, render, webhook_body
from onhand.notifications.storage import contacts, endpoints, messages, orders, templates
from onhand.notifications.use_cases.contacts import Contacts
from onhand.notifications.vault import Vault

SECRET_BYTES = 32
"""Length of a signing secret; Standard Webhooks asks for 24 to 64."""


@dataclass(frozen=True)
class Notifications:
    """Messages: made from events, leased for attempts, shown; and the endpoints that want them."""

    database: Database
    clock: Clock
    settings: NotificationsSettings
    vault: Vault
    contacts: Contacts

    # Events

    async def remember_order(self, connection: AsyncConnection, order: Order, person: NewIdentity) -> None:
        """Keep whom to tell about an order; an order that is known already stays as it is."""
        if await orders.is_known(connection, order.order_id):
            return
        identity_id, address_ids = await self.contacts.remember(connection, person)
        await orders.add(connection, order, identity_id, address_ids, self.clock.now())

    async def tell(self, connection: AsyncConnection, occasion: Occasion) -> None:
        """Make the messages that an occasion calls for: to the customer, and to each endpoint.

        Raises NotFound while the order is not known: its stream is behind, so the event comes again.
        """
        if not occasion.matters:
            return
        known = await orders.get(connection, occasion.order_id)
        if known is None:
            raise NotFound("order", occasion.order_id)
        # Events that were put off until the order was known may come in any order: who has collected
        # is not told that it is ready.
        if occasion.task and not await orders.advance_task(connection, occasion, occasion.task):
            return
        lines = occasion.lines if occasion.task else known.order.lines_named(occasion.line_ids)
        made = self._posts(occasion, lines, await endpoints.subscribed(connection, occasion.purpose))
        if known.contact_id is not None:
            contact = await contacts.get(connection, self.vault, known.contact_id)
            if contact is not None:
                saved = await templates.in_use(connection, occasion.purpose)
                made += self._mails(occasion, contact, known.address_ids, lines, saved)
        await messages.add(connection, self.vault, made, self.clock.now())
        if occasion.task and occasion.purpose in (Purpose.ORDER_COLLECTED, Purpose.ORDER_EXPIRED):
            overtaken = await messages.suppress_of_task(
                connection,
                self.vault,
                occasion.task.task_id,
                Channel.EMAIL,
                Purpose.ORDER_READY,
                "overtaken: nothing waits to be collected any more",
                self.clock.now(),
            )
            await self._publish(connection, overtaken)

    def _mails(
        self,
        occasion: Occasion,
        contact: Contact,
        address_ids: tuple[UUID, ...],
        lines: tuple[Line, ...],
        saved: list[Template],
    ) -> list[NewMessage]:
        """Make the mail to where the order's person wanted it, unless they object."""
        given = (contact.address(each) for each in address_ids)
        for address in given:
            if (
                address is not None
                and address.kind is KIND_OF[Channel.EMAIL]
                and contact.allows(Topic.ORDER, Channel.EMAIL, address)
            ):
                return [self._mail(occasion, contact, address, lines, saved)]
        return []

    def _mail(
        self,
        occasion: Occasion,
        contact: Contact,
        address: Address,
        lines: tuple[Line, ...],
        saved: list[Template],
    ) -> NewMessage:
        reader = Reader(contact.locale, contact.time_zone, contact.display_name)
        mail = render(saved, occasion.purpose, Channel.EMAIL, facts_of(occasion, lines), reader)
        return NewMessage(
            message_id=message_id_of(occasion.event_id, Channel.EMAIL, str(address.address_id)),
            purpose=occasion.purpose,
            channel=Channel.EMAIL,
            order_id=occasion.order_id,
            task_id=occasion.task.task_id if occasion.task else None,
            endpoint_id=None,
            identity_id=contact.identity_of(address).identity_id,
            address_id=address.address_id,
            masked_address=mask_email(address.value),
            subject=mail.subject,
            body=mail.to_bytes(),
        )

    def _posts(
        self, occasion: Occasion, lines: tuple[Line, ...], subscribed: list[Endpoint]
    ) -> list[NewMessage]:
        body = webhook_body(occasion, lines)
        return [
            NewMessage(
                message_id=message_id_of(occasion.event_id, Channel.WEBHOOK, str(endpoint.endpoint_id)),
                purpose=occasion.purpose,
                channel=Channel.WEBHOOK,
                order_id=occasion.order_id,
                task_id=occasion.task.task_id if occasion.task else None,
                endpoint_id=endpoint.endpoint_id,
                identity_id=None,
                address_id=None,
                masked_address=mask_uri(endpoint.uri),
                subject="",
                body=body,
            )
            for endpoint in subscribed
        ]

    # Attempts

    async def claim(self, channel: Channel, limit: int) -> list[Attempt]:
        """Lease due messages for an attempt each. One whose sender vanishes is due again after the lease."""
        now = self.clock.now()
        lease_time = now + timedelta(seconds=self.settings.delivery_lease_s)
        return await self.database.transaction(
            lambda connection: messages.claim(connection, self.vault, channel, limit, now, lease_time)
        )

    async def conclude(self, attempt: Attempt, result: Result) -> Message | None:
        """Record what an attempt came to; None when it no longer counts."""
        now = self.clock.now()
        decided = outcome(attempt, result, now, self.settings.retry_delays_s)

        async def work(connection: AsyncConnection) -> Message | None:
            if result.verdict is Verdict.GONE and (endpoint_id := attempt.endpoint_id) is not None:
                await endpoints.disable(connection, endpoint_id, now)
            message = await messages.conclude(connection, self.vault, attempt, decided, now)
            if message is not None:
                await self._publish(connection, [message])
            return message

        return await self.database.transaction(work)

    async def waiting(self) -> dict[Channel, tuple[int, datetime]]:
        """Return for each channel how many messages wait, and since when the oldest does."""
        return await self.database.read(messages.waiting)

    async def forget(self) -> dict[str, int]:
        """Drop some texts, messages, orders and identities that were kept long enough; returns how many."""
        now, settings = self.clock.now(), self.settings
        texts_before = now - timedelta(days=settings.failed_text_retention_days)
        messages_before = now - timedelta(days=settings.message_retention_days)
        contacts_before = now - timedelta(days=settings.contact_retention_days)
        transaction = self.database.transaction
        return {
            "texts": await transaction(lambda connection: messages.drop_texts(connection, texts_before)),
            "messages": await transaction(lambda connection: messages.drop(connection, messages_before)),
            "orders": await transaction(lambda connection: orders.drop(connection, contacts_before)),
            "identities": await transaction(lambda connection: contacts.drop(connection, contacts_before)),
        }

    # Messages

    async def get_message(self, message_id: UUID) -> Message:
        """Return a message. Raises NotFound."""
        message = await self.database.read(
            lambda connection: messages.get(connection, self.vault, message_id)
        )
        if message is None:
            raise NotFound("message", str(message_id))
        return message

    async def list_messages(
        self, order_id: str, state: State | None, before: tuple[datetime, UUID] | None, limit: int
    ) -> list[Message]:
        """Return messages, latest first, that come after the one named by `before`."""
        return await self.database.read(
            lambda connection: messages.list_some(connection, self.vault, order_id, state, before, limit)
        )

    async def retry_message(self, message_id: UUID) -> Message:
        """Make a failed message due now. Raises NotFound, WrongState."""

        async def work(connection: AsyncConnection) -> Message:
            message = await messages.get(connection, self.vault, message_id, for_update=True)
            if message is None:
                raise NotFound("message", str(message_id))
            if message.needs_revival():
                message = await messages.revive(connection, self.vault, message_id, self.clock.now())
            return message

        return await self.database.transaction(work)

    # Endpoints

    async def create_endpoint(
        self, actor: str, request: CreateWebhookEndpointRequest, new: NewEndpoint
    ) -> CreateWebhookEndpointResponse:
        """Add an endpoint and answer it with its secret.

        Answers are kept in clear for repeats, so the kept one has no secret: it is unsealed each time.

        Raises:
            InvalidField: The URI is not allowed.
            LimitReached: There are as many as there may be.
            NotFound: A repeat, and the endpoint has been removed since.
        """
        check_endpoint_uri(new.uri, allow_private=self.settings.private_webhooks)

        async def effect(connection: AsyncConnection) -> CreateWebhookEndpointResponse:
            limit = self.settings.max_webhook_endpoints
            if await endpoints.count(connection) >= limit:
                raise LimitReached(f"{limit} webhook endpoints")
            endpoint = await endpoints.add(
                connection,
                self.vault,
                self.clock.uuid(),
                new,
                self.clock.random_bytes(SECRET_BYTES),
                self.clock.now(),
            )
            return CreateWebhookEndpointResponse(endpoint=events.endpoint_proto(endpoint))

        async def work(connection: AsyncConnection) -> tuple[CreateWebhookEndpointResponse, bytes]:
            response = await idempotency.once(
                connection, actor, request, CreateWebhookEndpointResponse, lambda: effect(connection)
            )
            secret = await endpoints.get_secret(connection, self.vault, UUID(response.endpoint.endpoint_id))
            if secret is None:
                raise NotFound("webhook endpoint", response.endpoint.endpoint_id)
            return response, secret

        response, secret = await self.database.transaction(work)
        response.secret = "whsec_" + base64.b64encode(secret).decode()
        return response

    async def list_endpoints(self) -> list[Endpoint]:
        """Return all endpoints in the order they were made."""
        return await self.database.read(endpoints.list_all)

    async def delete_endpoint(self, endpoint_id: UUID) -> None:
        """Remove an endpoint, if it is there; what waits for it is suppressed."""

        async def work(connection: AsyncConnection) -> None:
            await endpoints.delete(connection, endpoint_id)
            dropped = await messages.suppress_of_endpoint(
                connection, self.vault, endpoint_id, "the endpoint was removed", self.clock.now()
            )
            await self._publish(connection, dropped)

        await self.database.transaction(work)

    async def _publish(self, connection: AsyncConnection, ended: list[Message]) -> None:
        if said := events.changed(ended, self.clock):
            await outbox.add(connection, said)
