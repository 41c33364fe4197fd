"""Publishing many messages to JetStream at once.

The client library's `publish` is a request: a task, a timer and a future for each message, which together
cost more than the message. Here a batch is sent in one go, and only its last message asks for an
acknowledgement: that one tells the stream's sequence number, and when this has risen by as many as there are
messages, all of them were stored. Otherwise, and at first, the whole batch is sent again with an
acknowledgement for each; the broker drops what it has, by the messages' ids. A stream has one relay that
writes to it, so that the numbers differ only when something was lost, or sent again by hand.
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
    """Sends batches to one stream, one at a time, in order. Each message needs an id (`Nats-Msg-Id`)."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._inbox = client.new_inbox()
        self._numbers = count()
        self._waiting: set[str] = set()
        self._settled = asyncio.Event()
        self._failure = ""
        self._sequence = 0
        """The stream's last number, as far as this publisher knows; 0: it does not."""

    async def start(self) -> None:
        await self.client.subscribe(f"{self._inbox}.*", cb=self._acknowledged)

    async def publish(self, messages: Sequence[Message]) -> None:
        """Return once JetStream has stored all of `messages`.

        Raises DependencyUnavailable when it refused one or did not answer in time: any of them may have
        been stored.
        """
        expected, self._sequence = self._sequence + len(messages), 0
        if expected > len(messages):
            await self._send(messages, len(messages) - 1)
            if self._sequence == expected:
                return
        await self._send(messages, 0)

    async def _send(self, messages: Sequence[Message], first_to_acknowledge: int) -> None:
        """Send all; those from a position on ask for an acknowledgement each."""
        self._settled.clear()
        self._failure = ""
        replies = [f"{self._inbox}.{next(self._numbers)}" for _ in messages[first_to_acknowledge:]]
        self._waiting = set(replies)
        try:
            async with asyncio.timeout(ACKNOWLEDGED_WITHIN_S):
                for message, reply in zip(messages, [""] * first_to_acknowledge + replies, strict=True):
                    await self.client.publish(
                        message.subject, message.payload, reply=reply, headers=dict(message.headers)
                    )
                if self._waiting:
                    await self._settled.wait()
        except TimeoutError:
            self._sequence = 0
            raise DependencyUnavailable("nats") from None
        if self._failure:
            self._sequence = 0
            raise DependencyUnavailable(f"nats ({self._failure})")

    async def _acknowledged(self, answer: Msg) -> None:
        if answer.subject not in self._waiting:
            return  # of a batch that was given up
        self._waiting.discard(answer.subject)
        if not answer.data:  # no stream listens on the subject
            self._failure = (answer.headers or {}).get("Status", "no answer")
        else:
            said = json.loads(answer.data)
            if "error" in said:
                self._failure = said["error"].get("description", "refused")
            else:
                self._sequence = max(self._sequence, said["seq"])
        if not self._waiting or self._failure:
            self._settled.set()
