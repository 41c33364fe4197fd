"""What can be done with policies: one method an intention, one transaction each."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.api.routing.v1 import policies_pb2
from onhand.kit import idempotency
from onhand.kit.clock import Clock
from onhand.kit.db import Database
from onhand.kit.errors import NotFound
from onhand.routing.domain.plan import Plan, make_plan
from onhand.routing.domain.policy import Policy
from onhand.routing.domain.replay import Difference, difference
from onhand.routing.messages.policies import difference_message, policy_from
from onhand.routing.storage import configurations, orders, plans
from onhand.routing.storage.configurations import Configuration
from onhand.routing.storage.plans import KeptPlan
from onhand.routing.use_cases import configuring

DEFAULTS = Policy()
MAX_CHANNELS = 1_000
"""Policies in one answer."""


@dataclass(frozen=True, slots=True)
class ExplainedPlan:
    """A plan of the past, with what it was made from."""

    plan_time: datetime
    plan: Plan


class Policies:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def of_channel(self, channel: str) -> Policy:
        """Return the policy in force for a channel's orders."""
        own, common = _name(channel), _name("")

        async def work(connection: AsyncConnection) -> Policy:
            found = await configurations.newest(connection, [own, common])
            return _policy(found.get(own) or found.get(common))

        return await self._database.read(work)

    async def get(self, channel: str, version: int) -> tuple[policies_pb2.Policy, Configuration]:
        """Return a channel's policy, the newest for version 0. Raises NotFound."""
        name = _name(channel)

        async def work(connection: AsyncConnection) -> Configuration:
            if version:
                found = await configurations.version(connection, name, version)
            else:
                found = (await configurations.newest(connection, [name])).get(name)
            if found is None:
                raise NotFound(
                    "policy", f"{channel or 'for every channel'}{f' {version}' if version else ''}"
                )
            return found

        found = await self._database.read(work)
        return _message(found), found

    async def all(self) -> list[policies_pb2.Policy]:
        """Return the policies in force, by channel."""
        found = await self._database.read(
            lambda connection: configurations.newest_like(connection, _name(""), MAX_CHANNELS)
        )
        return [_message(each) for each in found]

    async def apply(
        self, actor: str, request: policies_pb2.ApplyPolicyRequest
    ) -> policies_pb2.ApplyPolicyResponse:
        """Make a policy the newest of its channel, unless only its effect is asked for."""
        past = await self._last_plans(request.policy.channel, request.replay_count)
        policy = policy_from(request.policy)
        # Planning again takes milliseconds an order: beside the loop, which has others to answer.
        found = await asyncio.to_thread(_differences, past, policy)

        async def effect(connection: AsyncConnection) -> policies_pb2.ApplyPolicyResponse:
            stored = await configuring.apply(
                connection,
                self._clock,
                _name(request.policy.channel),
                request.policy,
                actor=actor,
                detail=request.detail,
                validate_only=request.validate_only,
            )
            return policies_pb2.ApplyPolicyResponse(
                policy=stored, differences=map(difference_message, found), replayed_count=len(past)
            )

        async def work(connection: AsyncConnection) -> policies_pb2.ApplyPolicyResponse:
            answer_type = policies_pb2.ApplyPolicyResponse
            return await idempotency.once(connection, actor, request, answer_type, lambda: effect(connection))

        return await self._database.transaction(work)

    async def _last_plans(self, channel: str, count: int) -> Sequence[KeptPlan]:
        if not count:
            return ()
        return await self._database.read(lambda connection: plans.first_of_latest(connection, channel, count))

    async def plans(self, order_id: str) -> list[ExplainedPlan]:
        """Return every plan that was made for an order, oldest first. Raises NotFound."""

        async def work(connection: AsyncConnection) -> list[ExplainedPlan]:
            await orders.version(connection, order_id)
            explained = []
            for kept in await plans.of_order(connection, order_id):
                name = _name(kept.policy_channel)
                policy = _policy(await configurations.version(connection, name, kept.policy_version))
                question = kept.question()
                if question is not None:
                    plan = Plan(kept.portions, kept.outcome, question, policy, kept.exact)
                    explained.append(ExplainedPlan(kept.plan_time, plan))
            return explained

        return await self._database.read(work)

    async def orders_given(self, days: Mapping[str, date]) -> dict[str, int]:
        """Return how many orders locations were given, each on a day of its own calendar."""
        return await self._database.read(lambda connection: plans.orders_given(connection, days))


def _differences(past: Sequence[KeptPlan], policy: Policy) -> list[Difference]:
    found = []
    for kept in past:
        question = kept.question()
        if question is None:
            continue
        before = Plan(kept.portions, kept.outcome, question, policy)
        found.append(difference(kept.order_id, before, make_plan(question, policy)))
    return [each for each in found if each is not None]


def _name(channel: str) -> str:
    return f"policy/{channel}"


def _message(found: Configuration) -> policies_pb2.Policy:
    return configuring.message_of(found, policies_pb2.Policy)


def _policy(found: Configuration | None) -> Policy:
    return DEFAULTS if found is None else policy_from(_message(found))
