"""DeadLetterService of a service that takes events: what it gave up on, and giving that to it again."""

import asyncio
from contextlib import aclosing
from typing import Any

from google.protobuf.descriptor import ServiceDescriptor
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError

from onhand.api.events.v1 import dead_letters_pb2 as pb
from onhand.kit import events, paging
from onhand.kit.errors import DependencyUnavailable, NotFound
from onhand.kit.events import Broker, DeadLetter

SERVICE: ServiceDescriptor = pb.DESCRIPTOR.services_by_name["DeadLetterService"]
ANSWER_S = 5.0
"""Longest the broker may take; protects callers from waiting for one that is away."""


class DeadLetters:
    """Serves the dead letters of one service's consumers."""

    def __init__(self, broker: Broker, service: str) -> None:
        self._broker = broker
        self._prefix = f"{service}-"

    async def ListDeadLetters(self, request: pb.ListDeadLettersRequest, _: Any) -> pb.ListDeadLettersResponse:
        key = paging.key(request.page_token, int)
        count = paging.size(request.page_size)
        found: list[DeadLetter] = []
        try:
            async with asyncio.timeout(ANSWER_S):
                letters = events.dead_letters(await self._broker.jetstream(), after=key[0] if key else 0)
                async with aclosing(letters):
                    async for letter in letters:
                        if letter.consumer.startswith(self._prefix):
                            found.append(letter)
                        if len(found) > count:
                            break
        except (TimeoutError, NatsError):
            raise DependencyUnavailable("nats") from None
        shown, last = paging.cut(found, count)
        return pb.ListDeadLettersResponse(
            dead_letters=map(_message, shown), next_page_token=paging.token(last.sequence) if last else ""
        )

    async def ReplayDeadLetter(
        self, request: pb.ReplayDeadLetterRequest, _: Any
    ) -> pb.ReplayDeadLetterResponse:
        try:
            async with asyncio.timeout(ANSWER_S):
                jetstream = await self._broker.jetstream()
                letter = await events.dead_letter(jetstream, request.sequence)
                if not letter.consumer.startswith(self._prefix):
                    raise NotFound("dead letter", str(request.sequence))
                await events.replay(jetstream, letter)
        except NotFoundError:
            raise NotFound("dead letter", str(request.sequence)) from None
        except (TimeoutError, NatsError):
            raise DependencyUnavailable("nats") from None
        return pb.ReplayDeadLetterResponse()


def _message(letter: DeadLetter) -> pb.DeadLetter:
    return pb.DeadLetter(
        sequence=letter.sequence,
        consumer=letter.consumer,
        subject=letter.subject,
        event_id=letter.event_id,
        failure=letter.failure,
        dead_time=letter.dead_time,
    )
