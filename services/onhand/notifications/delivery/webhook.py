"""Webhooks: a signed POST, after Standard Webhooks (https://www.standardwebhooks.com)."""

import asyncio
import re
import ssl
from http import HTTPStatus

import httpcore
from standardwebhooks import Webhook

from onhand.kit.clock import Clock
from onhand.notifications.config import NotificationsSettings
from onhand.notifications.delivery.network import ForbiddenAddressError, GuardedBackend, Resolve
from onhand.notifications.domain.messages import SENT, Attempt, Channel, Hook, Result, Verdict

LONGEST_WAIT_S = 86_400.0
"""That an endpoint may ask for; protects the queue."""


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
        self._dry_run = Channel.WEBHOOK in settings.dry_run
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
            return Result(
                Verdict.REFUSED, "the endpoint is disabled: it answered 410 Gone or failed for days"
            )
        if self._dry_run:
            return Result(Verdict.NOT_WANTED, "dry run: made, and not posted")
        return await self._try(attempt, hook)

    async def _try(self, attempt: Attempt, hook: Hook) -> Result:
        try:
            async with asyncio.timeout(self._timeout_s):
                status, retry_after_s = await self._post(attempt, hook)
        except ForbiddenAddressError as error:
            return Result(Verdict.REFUSED, str(error))
        except TimeoutError:
            return Result(Verdict.PASSING, f"no answer within {self._timeout_s:g} s")
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
            return Result(Verdict.PASSING, str(error) or type(error).__name__)
        return _judge(status, retry_after_s)

    async def _post(self, attempt: Attempt, hook: Hook) -> tuple[int, float]:
        body = attempt.body
        message_id, now = str(attempt.message_id), self._clock.now()
        # Two signatures while a secret is being replaced: the receiver may know either.
        signature = " ".join(Webhook(each).sign(message_id, now, body.decode()) for each in hook.secrets)
        headers: dict[str | bytes, str | bytes] = {
            "content-type": "application/json",
            "user-agent": "onhand",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature,
        }
        async with self._pool.stream("POST", hook.uri, headers=headers, content=body) as response:
            status: int = response.status
            return status, _seconds(dict(response.headers).get(b"retry-after", b""))

    async def close(self) -> None:
        await self._pool.aclose()


def _seconds(retry_after: bytes) -> float:
    """Read how long an endpoint asks us to wait, in seconds (RFC 9110, section 10.2.3); dates are not read."""
    return min(float(retry_after), LONGEST_WAIT_S) if re.fullmatch(rb"\d{1,9}", retry_after) else 0


def _judge(status: int, retry_after_s: float) -> Result:
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return SENT
    if status == HTTPStatus.GONE:
        return Result(Verdict.GONE, "the endpoint answered 410 Gone and is disabled")
    return Result(Verdict.PASSING, f"the endpoint answered {status}", retry_after_s)
