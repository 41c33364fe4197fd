"""The counter, the customer and the till ⇄ their use cases."""

from datetime import UTC
from typing import Any
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from onhand.api.pickup.v1 import customers_pb2, tills_pb2
from onhand.api.pickup.v1 import tasks_pb2 as pb
from onhand.kit import auth
from onhand.pickup.domain.collecting import BroughtBack, Checks, Taken
from onhand.pickup.domain.task import Condition, HandOver
from onhand.pickup.events import task_message
from onhand.pickup.servicer.calls import call_on
from onhand.pickup.use_cases import Call, Collecting, Collection, Keys, Outcome, Tasks


class CollectionServicer:
    def __init__(self, tasks: Tasks, collection: Collection) -> None:
        self._tasks = tasks
        self._collection = collection

    async def CheckIn(self, request: pb.CheckInRequest, _: Any) -> pb.CheckInResponse:
        call = await call_on(self._tasks, request, pb.CheckInResponse)
        return await self._collection.check_in(call, request.note)

    async def HandOver(self, request: pb.HandOverRequest, _: Any) -> pb.HandOverResponse:
        call = await call_on(self._tasks, request, pb.HandOverResponse)
        asked = Collecting(
            code=request.code,
            collection_pass=request.collection_pass,
            taken=[
                Taken(
                    each.line_id,
                    each.given_quantity,
                    each.refused_quantity,
                    tuple(each.given_epcs),
                    Condition(each.refused_condition or Condition.SELLABLE),
                    each.detail,
                )
                for each in request.lines
            ],
            checks=Checks(request.identity_checked, request.age_checked),
            record=HandOver(
                str(UUID(request.request_id)),
                call.task.create_time,  # the real time is that of the transaction
                call.actor,
                request.collector_name,
                request.proof_reference,
                request.till_id,
            ),
        )
        return await self._collection.hand_over(call, asked)

    async def RequireChecks(self, request: pb.RequireChecksRequest, _: Any) -> pb.RequireChecksResponse:
        call = await call_on(self._tasks, request, pb.RequireChecksResponse)
        return await self._collection.require_checks(
            call, identity=request.identity_check_required, minimum_age=request.minimum_age
        )


class CustomerServicer:
    def __init__(self, tasks: Tasks, collection: Collection) -> None:
        self._tasks = tasks
        self._collection = collection

    async def ListOrderTasks(
        self, request: customers_pb2.ListOrderTasksRequest, _: Any
    ) -> customers_pb2.ListOrderTasksResponse:
        found = await self._collection.of_order(request.order_id)
        visible = set(auth.current().visible(each.assignment.location_id for each in found))
        return customers_pb2.ListOrderTasksResponse(
            tasks=[task_message(each) for each in found if each.assignment.location_id in visible]
        )

    async def GetCollectionPass(
        self, request: customers_pb2.GetCollectionPassRequest, _: Any
    ) -> customers_pb2.GetCollectionPassResponse:
        task = await self._tasks.get_task(request.task_id)
        auth.current().require_location(task.assignment.location_id)
        shown, expire_time = await self._collection.pass_for(task)
        response = customers_pb2.GetCollectionPassResponse(collection_pass=shown)
        response.expire_time.FromDatetime(expire_time)
        return response

    async def AnnounceArrival(
        self, request: customers_pb2.AnnounceArrivalRequest, _: Any
    ) -> customers_pb2.AnnounceArrivalResponse:
        call = await call_on(self._tasks, request, customers_pb2.AnnounceArrivalResponse)
        arrive_time = request.arrive_time.ToDatetime(UTC) if request.HasField("arrive_time") else None
        return await self._collection.announce(call, arrive_time)

    async def CheckIn(
        self, request: customers_pb2.CustomerServiceCheckInRequest, _: Any
    ) -> customers_pb2.CustomerServiceCheckInResponse:
        call = await call_on(self._tasks, request, customers_pb2.CustomerServiceCheckInResponse)
        return await self._collection.check_in(call, request.note)

    async def NameCollector(
        self, request: customers_pb2.NameCollectorRequest, _: Any
    ) -> customers_pb2.NameCollectorResponse:
        call = await call_on(self._tasks, request, customers_pb2.NameCollectorResponse)
        return await self._collection.name_collector(call, request.display_name)

    async def ExtendCollection(
        self, request: customers_pb2.ExtendCollectionRequest, _: Any
    ) -> customers_pb2.ExtendCollectionResponse:
        call = await call_on(self._tasks, request, customers_pb2.ExtendCollectionResponse)
        return await self._collection.extend(call)

    async def AnswerSubstitution(
        self, request: customers_pb2.AnswerSubstitutionRequest, _: Any
    ) -> customers_pb2.AnswerSubstitutionResponse:
        call = await call_on(self._tasks, request, customers_pb2.AnswerSubstitutionResponse)
        substitution_id = str(UUID(request.substitution_id))
        return await self._collection.answer(call, substitution_id, accepted=request.accepted)


class TillServicer:
    def __init__(self, tasks: Tasks, collection: Collection, keys: Keys) -> None:
        self._tasks = tasks
        self._collection = collection
        self._keys = keys

    async def GetCollectionKeys(
        self, _: tills_pb2.GetCollectionKeysRequest, __: Any
    ) -> tills_pb2.GetCollectionKeysResponse:
        jwks, refresh_time = await self._keys.published()
        stamp = Timestamp()
        stamp.FromDatetime(refresh_time)
        return tills_pb2.GetCollectionKeysResponse(jwks=jwks, refresh_time=stamp)

    async def RecordOfflineHandOvers(
        self, request: tills_pb2.RecordOfflineHandOversRequest, _: Any
    ) -> tills_pb2.RecordOfflineHandOversResponse:
        principal = auth.current()
        principal.require_location(request.location_id)
        results = [
            await self._offline(principal.subject, request.location_id, each) for each in request.hand_overs
        ]
        return tills_pb2.RecordOfflineHandOversResponse(results=results)

    async def _offline(
        self, actor: str, location_id: str, told: tills_pb2.OfflineHandOver
    ) -> tills_pb2.OfflineHandOverResult:
        record = HandOver(
            str(UUID(told.request_id)),
            told.hand_over_time.ToDatetime(UTC),
            actor,
            told.collector_name,
            told.proof_reference,
            told.till_id,
            offline=True,
        )
        outcome, task, detail = await self._collection.record_offline(
            actor, location_id, told.collection_pass, record
        )
        return tills_pb2.OfflineHandOverResult(
            request_id=told.request_id,
            outcome=_OUTCOMES[outcome],
            task=None if task is None else task_message(task),
            detail=detail,
        )

    async def ReturnGoods(
        self, request: tills_pb2.ReturnGoodsRequest, _: Any
    ) -> tills_pb2.ReturnGoodsResponse:
        principal = auth.current()
        principal.require_location(request.location_id)
        task = await self._tasks.get_task(request.task_id)  # of any store
        call = Call(principal.subject, task, request, tills_pb2.ReturnGoodsResponse)
        back = [
            BroughtBack(each.line_id, each.quantity, tuple(each.epcs), Condition(each.condition))
            for each in request.lines
        ]
        return await self._collection.bring_back(call, request.location_id, back, request.detail)


_OUTCOMES = {
    Outcome.RECORDED: tills_pb2.OfflineHandOverResult.OUTCOME_RECORDED,
    Outcome.REPLAYED: tills_pb2.OfflineHandOverResult.OUTCOME_REPLAYED,
    Outcome.ENDED: tills_pb2.OfflineHandOverResult.OUTCOME_ENDED,
    Outcome.INVALID: tills_pb2.OfflineHandOverResult.OUTCOME_INVALID,
}
