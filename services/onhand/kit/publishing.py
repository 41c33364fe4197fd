"""Publishing many messages to JetStream at once.

The client library's `publish` is a request: a task, a timer and a future for each message, which together
cost more than the message. Here a batch is sent in one go, and all of its acknowledgements are awaited
together.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from itertools import count
from typing import NamedTuple

from nats.aio.client import Client
from nats.aio.msg import Msg

from onhand.kit.errors import DependencyUnavailable

ACKNOWLEDGED_WITHIN_S = 5.0
"""Longest wait for a batch; the batch is then sent again, and the broker drops what it has."""


class Message(NamedTuple):
    subject: str
    payload: bytes
    headers: Mapping[str, str]


class Publisher:
    """Sends batches, one at a time, in order."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._inbox = client.new_inbox()
        self._numbers = count()
        self._waiting: set[str] = set()
        self._settled = asyncio.Event()
        self._failure = ""

    async def start(self) -> None:
        await self.client.subscribe(f"{self._inbox}.*", cb=self._acknowledged)

    async def publish(self, messages: Sequence[Message]) -> None:
        """Return once JetStream has stored all of `messages`.

        Raises DependencyUnavailable when it refused one or did not answer in time: any of them may have
        been stored.
        """
        self._settled.clear()
        self._failure = ""
        replies = [f"{self._inbox}.{next(self._numbers)}" for _ in messages]
        self._waiting = set(replies)
        try:
            async with asyncio.timeout(ACKNOWLEDGED_WITHIN_S):
                for message, reply in zip(messages, replies, strict=True):
                    await self.client.publish(
                        message.subject, message.payload, reply=reply, headers=dict(message.headers)
                    )
                if self._waiting:
                    await self._settled.wait()
        except TimeoutError:
            raise DependencyUnavailable("nats") from None
        if self._failure:
            raise DependencyUnavailable(f"nats ({self._failure})")

    async def _acknowledged(self, answer: Msg) -> None:
        if answer.subject not in self._waiting:
            return  # of a batch that was given up
        self._waiting.discard(answer.subject)
        if not answer.data:  # no stream listens on the subject
            self._failure = (answer.headers or {}).get("Status", "no answer")
        elif b'"error"' in answer.data:
            self._failure = json.loads(answer.data)["error"].get("description", "refused")
        if not self._waiting or self._failure:
            self._settled.set()
