"""Protobuf ⇄ domain for ReportService."""

from collections.abc import AsyncIterator
from typing import Any

import grpc

from onhand.api.routing.v1 import reports_pb2
from onhand.routing.messages.reports import report_message
from onhand.routing.use_cases.reports import Reports

Context = grpc.aio.ServicerContext[Any, Any]


class ReportServicer:
    def __init__(self, reports: Reports) -> None:
        self._reports = reports

    async def ReportFulfilment(
        self, request: reports_pb2.ReportFulfilmentRequest, _: Context
    ) -> reports_pb2.ReportFulfilmentResponse:
        return report_message(await self._reports.fulfilment(request))

    async def SimulateRouting(
        self, request: reports_pb2.SimulateRoutingRequest, _: Context
    ) -> AsyncIterator[reports_pb2.SimulateRoutingResponse]:
        async for answer in self._reports.simulate(request):
            yield answer
