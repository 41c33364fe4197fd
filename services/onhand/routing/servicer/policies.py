"""Protobuf ⇄ domain for PolicyService."""

from typing import Any

import grpc

from onhand.api.routing.v1 import policies_pb2
from onhand.kit import auth
from onhand.routing.messages.orders import timestamp
from onhand.routing.use_cases.policies import Policies

Context = grpc.aio.ServicerContext[Any, Any]


class PolicyServicer:
    def __init__(self, policies: Policies) -> None:
        self._policies = policies

    async def ApplyPolicy(
        self, request: policies_pb2.ApplyPolicyRequest, _: Context
    ) -> policies_pb2.ApplyPolicyResponse:
        return await self._policies.apply(auth.current().subject, request)

    async def GetPolicy(
        self, request: policies_pb2.GetPolicyRequest, _: Context
    ) -> policies_pb2.GetPolicyResponse:
        policy, found = await self._policies.get(request.channel, request.version)
        return policies_pb2.GetPolicyResponse(
            policy=policy, apply_time=timestamp(found.apply_time), actor=found.actor, detail=found.detail
        )

    async def ListPolicies(
        self, _request: policies_pb2.ListPoliciesRequest, _: Context
    ) -> policies_pb2.ListPoliciesResponse:
        return policies_pb2.ListPoliciesResponse(policies=await self._policies.all())
