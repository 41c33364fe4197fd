"""Picking ⇄ its use cases."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from onhand.api.pickup.v1 import picking_pb2 as pb
from onhand.kit import auth
from onhand.kit.clock import Clock
from onhand.pickup.domain.picklist import Stop
from onhand.pickup.domain.task import RejectReason, Substitution, SubstitutionState, Task
from onhand.pickup.domain.traces import Trace
from onhand.pickup.events import task_message
from onhand.pickup.servicer.calls import ask_at, call_on
from onhand.pickup.storage.waves import Wave
from onhand.pickup.use_cases import Picking, Tasks


class PickingServicer:
    def __init__(self, tasks: Tasks, picking: Picking, clock: Clock) -> None:
        self._tasks = tasks
        self._picking = picking
        self._clock = clock

    async def CreateWave(self, request: pb.CreateWaveRequest, _: Any) -> pb.CreateWaveResponse:
        ask = ask_at(request.location_id, request, pb.CreateWaveResponse)
        assignee = request.assignee or ask.actor
        wave = Wave(ask.request_id, request.location_id, assignee, self._clock.now())
        return await self._picking.create_wave(
            ask,
            wave,
            request.task_ids,
            lambda wave, tasks: pb.CreateWaveResponse(wave=_wave_message(wave, tasks)),
        )

    async def GetWave(self, request: pb.GetWaveRequest, _: Any) -> pb.GetWaveResponse:
        wave, tasks = await self._picking.get_wave(request.wave_id)
        auth.current().require_location(wave.location_id)
        return pb.GetWaveResponse(wave=_wave_message(wave, tasks))

    async def DissolveWave(self, request: pb.DissolveWaveRequest, _: Any) -> pb.DissolveWaveResponse:
        wave, _tasks = await self._picking.get_wave(request.wave_id)
        ask = ask_at(wave.location_id, request, pb.DissolveWaveResponse)
        return await self._picking.dissolve_wave(
            ask, wave.wave_id, lambda wave, tasks: pb.DissolveWaveResponse(wave=_wave_message(wave, tasks))
        )

    async def GetPickList(self, request: pb.GetPickListRequest, _: Any) -> pb.GetPickListResponse:
        auth.current().require_location(request.location_id)
        stops = await self._picking.pick_list(request.location_id, request.wave_id, request.task_ids)
        return pb.GetPickListResponse(stops=map(_stop_message, stops))

    async def PickScan(self, request: pb.PickScanRequest, _: Any) -> pb.PickScanResponse:
        if request.wave_id:
            wave, among = await self._picking.get_wave(request.wave_id)
            location_id = wave.location_id
        else:
            among = [await self._tasks.get_task(request.task_id)]
            location_id = among[0].assignment.location_id
        ask = ask_at(location_id, request, pb.PickScanResponse)
        return await self._picking.scan(
            ask,
            location_id,
            among,
            request.scanned,
            request.quantity,
            lambda task, line_id: pb.PickScanResponse(task=task_message(task), line_id=line_id),
        )

    async def FindTag(self, request: pb.FindTagRequest, _: Any) -> AsyncIterator[pb.FindTagResponse]:
        auth.current().require_location(request.location_id)
        async with aclosing(self._picking.find(request.location_id, request.epc)) as traces:
            async for trace in traces:
                yield _trace_message(trace)

    async def ProposeSubstitution(
        self, request: pb.ProposeSubstitutionRequest, _: Any
    ) -> pb.ProposeSubstitutionResponse:
        call = await call_on(self._tasks, request, pb.ProposeSubstitutionResponse)
        offer = Substitution(
            str(UUID(request.request_id)),
            request.line_id,
            request.item_id,
            request.quantity,
            SubstitutionState.PROPOSED,
            self._clock.now(),  # its deadline is set by the store's rules
            request.detail,
            RejectReason(request.reason),
        )
        return await self._picking.propose(call, offer)


def _wave_message(wave: Wave, tasks: Sequence[Task]) -> pb.Wave:
    return pb.Wave(
        wave_id=wave.wave_id,
        location_id=wave.location_id,
        assignee=wave.assignee,
        create_time=wave.create_time,
        tasks=map(task_message, tasks),
    )


def _stop_message(stop: Stop) -> pb.PickStop:
    item = stop.item
    return pb.PickStop(
        item_id=item.item_id,
        title=item.title,
        size=item.size,
        colour=item.colour,
        picture_uri=item.picture_uri,
        gtins=item.gtins,
        tagged=item.tagged,
        quantity=sum(each.quantity for each in stop.wanted),
        lines=[
            pb.PickStopLine(task_id=each.task_id, line_id=each.line_id, quantity=each.quantity)
            for each in stop.wanted
        ],
        places=[
            pb.PickPlace(
                zone_id=each.zone_id,
                zone_kind=each.zone_kind,
                tag_count=each.tag_count,
                last_seen_time=each.last_seen_time,
                epcs=each.epcs,
                unconfirmed=each.unconfirmed,
            )
            for each in stop.places
        ],
    )


def _trace_message(trace: Trace) -> pb.FindTagResponse:
    here = trace.sighting
    as_of = Timestamp()
    as_of.FromDatetime(trace.now)
    return pb.FindTagResponse(
        epc_hex=trace.epc,
        item_id=trace.item_id,
        zone_id="" if here is None else here.zone_id,
        last_seen_time=None if here is None else here.last_seen_time,
        here=here is not None and here.here,
        heat=trace.heat,
        task_id=trace.task_id,
        as_of_time=as_of,
        nearness=trace.nearness,
    )
