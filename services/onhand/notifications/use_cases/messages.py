"""Messages: made from events, leased for attempts, shown; and the endpoints that want them."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.api.notifications.v1.messages_pb2 import (
    CreateWebhookEndpointRequest,
    CreateWebhookEndpointResponse,
    RotateWebhookSecretRequest,
    RotateWebhookSecretResponse,
)
from onhand.kit import idempotency, outbox
from onhand.kit.clock import Clock
from onhand.kit.db import Database
from onhand.kit.errors import LimitReached, NotFound, WrongState
from onhand.notifications import events
from onhand.notifications.config import NotificationsSettings
from onhand.notifications.domain.activity import Act, ActKind
from onhand.notifications.domain.addresses import check_endpoint_uri, mask_uri
from onhand.notifications.domain.contacts import KIND_OF, Consent, NewIdentity, Proof, Topic
from onhand.notifications.domain.endpoints import Endpoint, NewEndpoint
from onhand.notifications.domain.messages import (
    Attempt,
    Channel,
    Message,
    NewMessage,
    Receipt,
    Result,
    State,
    Verdict,
    message_id_of,
    outcome,
)
from onhand.notifications.domain.occasions import Line, Occasion, Order, Purpose
from onhand.notifications.rendering import webhook_body
from onhand.notifications.storage import (
    attempts,
    contacts,
    endpoints,
    journeys,
    measures,
    messages,
    orders,
    suppressions,
)
from onhand.notifications.use_cases.contacts import Contacts
from onhand.notifications.use_cases.journeys import Journeys
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
    journeys: Journeys

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
        if occasion.purpose is Purpose.ORDER_COLLECTED:
            act = Act(
                occasion.event_id,
                occasion.order_id,
                ActKind.COLLECTED,
                occasion.location_id,
                occasion.record_time,
            )
            await measures.add_act(connection, act)
        lines = occasion.lines if occasion.task else known.order.lines_named(occasion.line_ids)
        made = self._posts(occasion, lines, await endpoints.subscribed(connection, occasion.purpose))
        await messages.add(connection, self.vault, made, self.clock.now())
        await self.journeys.happened(connection, replace(occasion, lines=lines), known)

    async def note(self, connection: AsyncConnection, act: Act) -> None:
        """Remember what somebody did with an order of which nobody need be told. Raises NotFound as `tell` does."""
        if not await orders.is_known(connection, act.order_id):
            raise NotFound("order", act.order_id)
        await measures.add_act(connection, act)

    async def withdraw_task(self, connection: AsyncConnection, occasion: Occasion) -> None:
        """End what goes on about a task that is no more. Raises NotFound while its order is not known."""
        if occasion.task is None or not await orders.is_known(connection, occasion.order_id):
            raise NotFound("order", occasion.order_id)
        if await orders.advance_task(connection, occasion, occasion.task):
            names = [each.name for each in await self.journeys.in_use(connection)]
            await self.journeys.end(connection, names, occasion, "overtaken: the task was withdrawn")

    async def settle(self, connection: AsyncConnection, occasion: Occasion) -> None:
        """End a question that has been answered, or was not in time. Raises NotFound as `tell` does."""
        if occasion.task is None or not await orders.is_known(connection, occasion.order_id):
            raise NotFound("order", occasion.order_id)
        if await orders.advance_task(connection, occasion, occasion.task):
            asking = [
                each.name
                for each in await self.journeys.in_use(connection)
                if each.starts is occasion.purpose
            ]
            await self.journeys.end(connection, asking, occasion, "overtaken: it is decided")

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
            lambda connection: attempts.claim(connection, self.vault, channel, limit, now, lease_time)
        )

    async def give_back(self, attempt: Attempt) -> None:
        """End the lease of a message that was not attempted; it is due again at once."""
        now = self.clock.now()
        await self.database.transaction(lambda connection: attempts.give_back(connection, attempt, now))

    async def conclude(self, attempt: Attempt, result: Result) -> Message | None:
        """Record what an attempt came to; None when it no longer counts."""
        now = self.clock.now()
        decided = outcome(attempt, result, now, self._retry_delays_s(attempt.channel))

        async def work(connection: AsyncConnection) -> Message | None:
            if attempt.endpoint_id is not None:
                await self._note_health(connection, attempt.endpoint_id, result, now)
            message = await attempts.conclude(connection, self.vault, attempt, decided, now)
            if message is not None:
                await self._publish(connection, [message])
                if message.state is State.FAILED:
                    if result.receipt.suppresses:
                        await self._suppress(connection, attempt.message_id, result.receipt)
                    await self.journeys.fall_back(connection, attempt.run_id, attempt.step)
            return message

        return await self.database.transaction(work)

    def _retry_delays_s(self, channel: Channel) -> Sequence[float]:
        match channel:
            case Channel.WEBHOOK:
                return self.settings.webhook_retry_delays_s
            case Channel.EMAIL:
                return self.settings.retry_delays_s
        return self.settings.apprise_retry_delays_s

    async def report_receipt(self, message_id: UUID, receipt: Receipt) -> Message:
        """Note what a provider says became of a message. Raises NotFound, WrongState.

        An address that bounced for good, or whose owner complained, is written to no more; what did not
        arrive is told by the next channel. Who complained has agreed no longer to alerts and marketing there.
        """

        async def work(connection: AsyncConnection) -> Message:
            message = await messages.get(connection, self.vault, message_id, for_update=True)
            if message is None:
                raise NotFound("message", str(message_id))
            if message.state is not State.SENT:
                raise WrongState("message", str(message_id), message.state.name, "report what became of it")
            noted = await messages.note_receipt(connection, self.vault, message_id, receipt, self.clock.now())
            if noted is None:
                return message
            if receipt.suppresses:
                await self._suppress(connection, message_id, receipt)
            if receipt is Receipt.BOUNCED:
                place = await messages.place_of(connection, message_id)
                await self.journeys.fall_back(connection, place.run_id, place.step)
            await self._publish(connection, [noted])
            return noted

        return await self.database.transaction(work)

    async def _suppress(self, connection: AsyncConnection, message_id: UUID, receipt: Receipt) -> None:
        place, now = await messages.place_of(connection, message_id), self.clock.now()
        contact = await contacts.get(connection, self.vault, place.contact_id) if place.contact_id else None
        address = contact.address(place.address_id) if contact and place.address_id else None
        if address is None:
            return
        await suppressions.add(connection, self.vault, address, receipt, now)
        if receipt is Receipt.COMPLAINED:
            proof = Proof("complaint", "", f"about message {message_id}")
            for channel in (each for each, kind in KIND_OF.items() if kind is address.kind):
                for topic in (Topic.ALERT, Topic.MARKETING):
                    consent = Consent(
                        consent_id=self.clock.uuid(),
                        address_id=address.address_id,
                        channel=channel,
                        topic=topic,
                        granted=False,
                        proof=proof,
                        give_time=now,
                        record_time=now,
                        actor="notifications",
                    )
                    await contacts.add_consent(connection, self.vault, consent)

    async def _note_health(
        self, connection: AsyncConnection, endpoint_id: UUID, result: Result, now: datetime
    ) -> None:
        """Remember how an endpoint did; one that is gone, or has failed for days, is disabled."""
        health = await endpoints.get_health(connection, endpoint_id)
        if health is None or result.verdict is Verdict.NOT_WANTED:
            return
        after = self.settings.breaker.after(health, now, ok=result.verdict is Verdict.SENT)
        if result.verdict is Verdict.GONE or self.settings.breaker.is_given_up(after, now):
            await endpoints.disable(connection, endpoint_id, now)
        elif after != health:
            await endpoints.set_health(connection, endpoint_id, after)

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
            "facts": await transaction(lambda connection: journeys.drop_facts(connection, texts_before)),
            "runs": await transaction(lambda connection: journeys.drop(connection, messages_before)),
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

    async def enable_endpoint(self, endpoint_id: UUID) -> Endpoint:
        """Use a disabled or paused endpoint again, at once. Raises NotFound."""
        endpoint = await self.database.transaction(
            lambda connection: endpoints.enable(connection, endpoint_id)
        )
        if endpoint is None:
            raise NotFound("webhook endpoint", str(endpoint_id))
        return endpoint

    async def rotate_secret(
        self, actor: str, request: RotateWebhookSecretRequest
    ) -> RotateWebhookSecretResponse:
        """Give an endpoint a new secret and answer it. Raises NotFound.

        A repeat answers the secret of now, which is that of the first call unless it was replaced again.
        """
        endpoint_id = UUID(request.endpoint_id)

        async def effect(connection: AsyncConnection) -> RotateWebhookSecretResponse:
            expire_time = self.clock.now() + timedelta(seconds=self.settings.webhook_secret_overlap_s)
            secret = self.clock.random_bytes(SECRET_BYTES)
            endpoint = await endpoints.rotate_secret(connection, self.vault, endpoint_id, secret, expire_time)
            if endpoint is None:
                raise NotFound("webhook endpoint", request.endpoint_id)
            return RotateWebhookSecretResponse(endpoint=events.endpoint_proto(endpoint))

        async def work(connection: AsyncConnection) -> tuple[RotateWebhookSecretResponse, bytes]:
            response = await idempotency.once(
                connection, actor, request, RotateWebhookSecretResponse, lambda: effect(connection)
            )
            secret = await endpoints.get_secret(connection, self.vault, endpoint_id)
            if secret is None:
                raise NotFound("webhook endpoint", request.endpoint_id)
            return response, secret

        response, secret = await self.database.transaction(work)
        response.secret = "whsec_" + base64.b64encode(secret).decode()
        return response

    async def replay(self, endpoint_id: UUID, since: datetime) -> int:
        """Make failed posts to an endpoint due now, oldest first; returns how many."""

        async def work(connection: AsyncConnection) -> int:
            found = await messages.failed_of_endpoint(connection, endpoint_id, since)
            for message_id in found:
                await messages.revive(connection, self.vault, message_id, self.clock.now())
            return len(found)

        return await self.database.transaction(work)

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
