"""What became of orders, and what another policy would have made of them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from onhand.api.routing.v1 import reports_pb2
from onhand.kit.clock import Clock
from onhand.kit.db import Database
from onhand.kit.errors import FieldViolation, InvalidField, LimitReached
from onhand.routing.config import RoutingSettings
from onhand.routing.domain.report import Figures
from onhand.routing.domain.simulation import Pace, PastOrder, Simulation, paces
from onhand.routing.messages.policies import policy_from
from onhand.routing.messages.reports import result_message
from onhand.routing.stock import StockGateway
from onhand.routing.storage import reports
from onhand.routing.storage.reports import Span
from onhand.routing.use_cases.networks import Networks

DEFAULT_SPAN, MAX_SPAN = timedelta(days=7), timedelta(days=92)
DEFAULT_ORDERS, MAX_ORDERS = 10_000, 100_000
PAGE = 50
"""Orders planned again between two answers."""


class Reports:
    def __init__(
        self,
        database: Database,
        networks: Networks,
        stock: StockGateway,
        clock: Clock,
        settings: RoutingSettings,
    ) -> None:
        self._database = database
        self._networks = networks
        self._stock = stock
        self._clock = clock
        self._leads = settings.leads()
        self._default_pace = Pace(lines_per_hour=settings.pick_lines_per_hour)
        self._at_once = settings.simulations_at_once
        self._running = 0

    async def fulfilment(self, request: reports_pb2.ReportFulfilmentRequest) -> Figures:
        """Raises InvalidField for a span that is none or too long."""
        now = self._clock.now()
        span = _span(request, request.channel, now)
        return await self._database.read(lambda connection: reports.figures(connection, span, now))

    async def simulate(
        self, request: reports_pb2.SimulateRoutingRequest
    ) -> AsyncIterator[reports_pb2.SimulateRoutingResponse]:
        """Plan orders of the past by another policy, page by page.

        Raises InvalidField as `fulfilment`, LimitReached and DependencyUnavailable.
        """
        span = _span(request, request.policy.channel, self._clock.now())
        with self._one_of():
            simulation = Simulation(
                policy_from(request.policy), paces(await self._paces(), self._default_pace), self._leads
            )
            wanted = min(request.max_order_count or DEFAULT_ORDERS, MAX_ORDERS)
            total = min(wanted, await self._database.read(lambda connection: reports.count(connection, span)))
            read, after = 0, (datetime.min.replace(tzinfo=UTC), "")
            while read < total:
                most = min(PAGE, total - read)
                page = await self._page(span, after, most)
                if not page.read_count:
                    break
                # Planning takes milliseconds an order: beside the loop, which has others to answer.
                await asyncio.to_thread(_add_all, simulation, page.orders)
                read, after = read + page.read_count, page.last
                yield reports_pb2.SimulateRoutingResponse(simulated_count=simulation.count, total_count=total)
            yield reports_pb2.SimulateRoutingResponse(
                simulated_count=simulation.count, total_count=total, result=result_message(simulation)
            )

    async def _page(self, span: Span, after: tuple[datetime, str], most: int) -> reports.PastPage:
        return await self._database.read(lambda connection: reports.past(connection, span, after, most))

    async def _paces(self) -> dict[str, Pace]:
        network = await self._networks.current()
        return {
            each.location_id: Pace(
                network.calendar(each.calendar, each.location_id, each.place),
                network.pick_lines_per_hour.get(each.location_id, self._default_pace.lines_per_hour),
            )
            for each in await self._stock.locations()
        }

    @contextmanager
    def _one_of(self) -> Any:
        if self._running >= self._at_once:
            raise LimitReached(f"{self._at_once} simulations at once")
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1


def _add_all(simulation: Simulation, orders: Sequence[PastOrder]) -> None:
    for each in orders:
        simulation.add(each)


def _span(request: Any, channel: str, now: datetime) -> Span:
    end = request.end_time.ToDatetime(UTC) if request.HasField("end_time") else now
    start = request.start_time.ToDatetime(UTC) if request.HasField("start_time") else end - DEFAULT_SPAN
    if not timedelta() < end - start <= MAX_SPAN:
        raise InvalidField(
            [FieldViolation("end_time", f"must be within {MAX_SPAN.days} days after start_time")]
        )
    return Span(start, end, channel)
