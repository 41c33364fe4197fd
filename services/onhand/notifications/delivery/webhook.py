"""Webhooks: a signed POST, after Standard Webhooks (https://www.standardwebhooks.com)."""

import asyncio
import ssl
from http import HTTPStatus

import httpcore
from standardwebhooks import Webhook

from onhand.kit.clock import Clock
from onhand.notifications.config import NotificationsSettings
from onhand.notifications.delivery.network import ForbiddenAddressError, GuardedBackend, Resolve
from onhand.notifications.domain.messages import SENT, Attempt, Hook, Result, Verdict


class WebhookSender:
    """Posts messages to endpoints; follows no redirect, obeys no proxy, reads no answer but its status.

    Each post has a connection of its own: endpoints hear from us seldom, and none is held open.
    """

    def __init__(
        self,
        settings: NotificationsSettings,
        clock: Clock,
        resolve: Resolve,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._timeout_s = settings.webhook_timeout_s
        self._clock = clock
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl_context or ssl.create_default_context(),
            max_connections=settings.webhook_concurrency,
            max_keepalive_connections=0,
            network_backend=GuardedBackend(resolve, allow_private=settings.private_webhooks),
        )

    async def send(self, attempt: Attempt) -> Result:
        """Make one attempt."""
        hook = attempt.recipient
        if not isinstance(hook, Hook):
            return Result(Verdict.NOT_WANTED, "the endpoint was removed")
        if hook.disabled:
            return Result(Verdict.REFUSED, "the endpoint is disabled: it has answered 410 Gone")
        try:
            async with asyncio.timeout(self._timeout_s):
                status = await self._post(attempt, hook)
        except ForbiddenAddressError as error:
            return Result(Verdict.REFUSED, str(error))
        except TimeoutError:
            return Result(Verdict.PASSING, f"no answer within {self._timeout_s:g} s")
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
            return Result(Verdict.PASSING, str(error) or type(error).__name__)
        return _judge(status)

    async def _post(self, attempt: Attempt, hook: Hook) -> int:
        body = attempt.body
        message_id, now = str(attempt.message_id), self._clock.now()
        signature = Webhook(hook.secret).sign(message_id, now, body.decode())
        headers: dict[str | bytes, str | bytes] = {
            "content-type": "application/json",
            "user-agent": "onhand",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature,
        }
        async with self._pool.stream("POST", hook.uri, headers=headers, content=body) as response:
            status: int = response.status
            return status

    async def close(self) -> None:
        await self._pool.aclose()


def _judge(status: int) -> Result:
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return SENT
    if status == HTTPStatus.GONE:
        return Result(Verdict.GONE, "the endpoint answered 410 Gone and is disabled")
    return Result(Verdict.PASSING, f"the endpoint answered {status}")
