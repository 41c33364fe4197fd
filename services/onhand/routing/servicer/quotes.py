"""Protobuf ⇄ domain for NetworkService and QuoteService."""

from typing import Any

import grpc

from onhand.api.routing.v1 import network_pb2, quotes_pb2
from onhand.kit import auth
from onhand.routing.messages.orders import timestamp
from onhand.routing.quoter import Quoter
from onhand.routing.use_cases.networks import Networks

Context = grpc.aio.ServicerContext[Any, Any]


class NetworkServicer:
    def __init__(self, networks: Networks) -> None:
        self._networks = networks

    async def ApplyNetwork(
        self, request: network_pb2.ApplyNetworkRequest, _: Context
    ) -> network_pb2.ApplyNetworkResponse:
        return await self._networks.apply(auth.current().subject, request)

    async def GetNetwork(
        self, request: network_pb2.GetNetworkRequest, _: Context
    ) -> network_pb2.GetNetworkResponse:
        network, found = await self._networks.get(request.version)
        return network_pb2.GetNetworkResponse(
            network=network, apply_time=timestamp(found.apply_time), actor=found.actor, detail=found.detail
        )


class QuoteServicer:
    def __init__(self, quoter: Quoter) -> None:
        self._quoter = quoter

    async def CreateQuote(
        self, request: quotes_pb2.CreateQuoteRequest, _: Context
    ) -> quotes_pb2.CreateQuoteResponse:
        return await self._quoter.quote(request)
