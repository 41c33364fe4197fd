"""Protobuf ⇄ domain for messages and webhook endpoints."""

import base64
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from onhand.api.notifications.v1 import messages_pb2 as pb
from onhand.kit import auth, paging
from onhand.kit.errors import FieldViolation, InvalidField
from onhand.notifications.domain.endpoints import NewEndpoint
from onhand.notifications.domain.messages import Message, Receipt, State
from onhand.notifications.domain.occasions import Purpose
from onhand.notifications.events import endpoint_proto, message_proto, subscription
from onhand.notifications.use_cases.messages import Notifications


class MessageServicer:
    def __init__(self, notifications: Notifications) -> None:
        self._notifications = notifications

    async def GetMessage(self, request: pb.GetMessageRequest, _: Any) -> pb.GetMessageResponse:
        message = await self._notifications.get_message(UUID(request.message_id))
        return pb.GetMessageResponse(message=message_proto(message))

    async def ListMessages(self, request: pb.ListMessagesRequest, _: Any) -> pb.ListMessagesResponse:
        size = paging.size(request.page_size)
        found = await self._notifications.list_messages(
            order_id=request.order_id,
            state=State(request.state) if request.state else None,
            before=position(request.page_token) if request.page_token else None,
            limit=size + 1,
        )
        page, last = paging.cut(found, size)
        return pb.ListMessagesResponse(
            messages=map(message_proto, page), next_page_token=page_token(last) if last else ""
        )

    async def RetryMessage(self, request: pb.RetryMessageRequest, _: Any) -> pb.RetryMessageResponse:
        message = await self._notifications.retry_message(UUID(request.message_id))
        return pb.RetryMessageResponse(message=message_proto(message))

    async def ReportReceipt(self, request: pb.ReportReceiptRequest, _: Any) -> pb.ReportReceiptResponse:
        message = await self._notifications.report_receipt(UUID(request.message_id), Receipt(request.receipt))
        return pb.ReportReceiptResponse(message=message_proto(message))


class WebhookServicer:
    def __init__(self, notifications: Notifications) -> None:
        self._notifications = notifications

    async def CreateWebhookEndpoint(
        self, request: pb.CreateWebhookEndpointRequest, _: Any
    ) -> pb.CreateWebhookEndpointResponse:
        new = NewEndpoint(
            uri=request.endpoint.uri,
            purposes=tuple(sorted({Purpose(each) for each in request.endpoint.purposes})),
            title=request.endpoint.title,
            availability=subscription(request.endpoint.availability)
            if request.endpoint.HasField("availability")
            else None,
        )
        return await self._notifications.create_endpoint(auth.current().subject, request, new)

    async def ListWebhookEndpoints(
        self, _request: pb.ListWebhookEndpointsRequest, _: Any
    ) -> pb.ListWebhookEndpointsResponse:
        endpoints = await self._notifications.list_endpoints()
        return pb.ListWebhookEndpointsResponse(endpoints=map(endpoint_proto, endpoints))

    async def EnableWebhookEndpoint(
        self, request: pb.EnableWebhookEndpointRequest, _: Any
    ) -> pb.EnableWebhookEndpointResponse:
        endpoint = await self._notifications.enable_endpoint(UUID(request.endpoint_id))
        return pb.EnableWebhookEndpointResponse(endpoint=endpoint_proto(endpoint))

    async def RotateWebhookSecret(
        self, request: pb.RotateWebhookSecretRequest, _: Any
    ) -> pb.RotateWebhookSecretResponse:
        return await self._notifications.rotate_secret(auth.current().subject, request)

    async def ReplayWebhookMessages(
        self, request: pb.ReplayWebhookMessagesRequest, _: Any
    ) -> pb.ReplayWebhookMessagesResponse:
        since = request.since_time.ToDatetime(tzinfo=UTC)
        count = await self._notifications.replay(UUID(request.endpoint_id), since)
        return pb.ReplayWebhookMessagesResponse(message_count=count)

    async def DeleteWebhookEndpoint(
        self, request: pb.DeleteWebhookEndpointRequest, _: Any
    ) -> pb.DeleteWebhookEndpointResponse:
        await self._notifications.delete_endpoint(UUID(request.endpoint_id))
        return pb.DeleteWebhookEndpointResponse()


def page_token(last: Message) -> str:
    """Name the place after a message in a list, latest first."""
    key = f"{last.create_time.astimezone(UTC).isoformat()} {last.message_id}"
    return base64.urlsafe_b64encode(key.encode()).decode()


def position(page_token: str) -> tuple[datetime, UUID]:
    """Read back what `page_token` gave. Raises InvalidField."""
    try:
        time, _, message_id = base64.urlsafe_b64decode(page_token).decode().partition(" ")
        return datetime.fromisoformat(time).replace(tzinfo=UTC), UUID(message_id)
    except ValueError:
        raise InvalidField([FieldViolation("page_token", "is not one that this method gave")]) from None
