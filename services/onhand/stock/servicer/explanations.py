from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from google.protobuf.duration_pb2 import Duration

from onhand.api.stock.v1 import availability_pb2
from onhand.api.stock.v1 import explanations_pb2 as pb
from onhand.kit import auth, paging
from onhand.kit.clock import Clock
from onhand.kit.errors import FieldViolation, InvalidField
from onhand.stock import messages
from onhand.stock.config import StockSettings
from onhand.stock.domain.display import PLAIN
from onhand.stock.domain.explanations import Counted, Effect, Held, Policy, movement_effects
from onhand.stock.domain.model import CellKey, Movement, Standing
from onhand.stock.messages import timestamp
from onhand.stock.servicer.lines import Lines
from onhand.stock.use_cases import Explanations
from onhand.stock.use_cases.explanations import After
from onhand.stock.view import View


class ExplanationServicer:
    def __init__(self, explanations: Explanations, view: View, settings: StockSettings, clock: Clock) -> None:
        self._explanations = explanations
        self._lines = Lines(view, settings)
        self._half_life = Duration()
        self._half_life.FromTimedelta(timedelta(days=settings.confidence_half_life_days))
        self._clock = clock

    async def ExplainAvailability(
        self, request: pb.ExplainAvailabilityRequest, _: Any
    ) -> pb.ExplainAvailabilityResponse:
        auth.current().require_location(request.location_id)
        key, count = CellKey(request.location_id, request.item_id), paging.size(request.page_size)
        found = await self._explanations.explain(key, request.channel, _after(request.page_token), count + 1)
        sources = [_policy(each) for each in found.policies] + [_count(each) for each in found.counts]
        behind: list[Held | Movement] = [*found.held, *found.movements]
        page, last = paging.cut(behind, count)
        sources += [_held(each) if isinstance(each, Held) else _movement(each) for each in page]
        return pb.ExplainAvailabilityResponse(
            availability=self._availability(key, found.standing, found.as_of),
            terms=[
                pb.AvailabilityTerm(
                    kind=int(each.kind),  # type: ignore[arg-type]
                    bucket=int(each.bucket or 0),  # type: ignore[arg-type]
                    quantity=each.quantity,
                    opening_quantity=each.opening,
                    source_count=each.source_count,
                )
                for each in found.terms
            ],
            sources=sources,
            next_page_token=_token(last) if last else "",
            history_start_time=timestamp(found.history_start),
            confirm_time=timestamp(found.standing.confirm_time),
            confidence_half_life=self._half_life,
        )

    async def ListAvailabilityHistory(
        self, request: pb.ListAvailabilityHistoryRequest, _: Any
    ) -> pb.ListAvailabilityHistoryResponse:
        auth.current().require_location(request.location_id)
        now, key = self._clock.now(), CellKey(request.location_id, request.item_id)
        start = messages.moment(request.start_time)
        end = messages.moment(request.end_time) if request.HasField("end_time") else now
        if asked := paging.key(request.page_token, str):
            end = _moment(asked[0])
        if start >= min(end, now):
            raise InvalidField([FieldViolation("start_time", "must be before end_time, and in the past")])
        points, before = await self._explanations.list_history(
            key, start, end, paging.size(request.page_size)
        )
        return pb.ListAvailabilityHistoryResponse(
            points=[self._availability(key, standing, at) for at, standing in points],
            next_page_token=paging.token(before.isoformat()) if before else "",
        )

    def _availability(
        self, key: CellKey, standing: Standing, as_of: datetime
    ) -> availability_pb2.Availability:
        return self._lines.message(key, standing, timestamp(as_of), as_of, PLAIN)


def _held(held: Held) -> pb.AvailabilitySource:
    return pb.AvailabilitySource(
        effects=_effects([held.effect]),
        reservation=pb.ReservationSource(
            reservation_id=str(held.reservation_id),
            order_id=held.order_id,
            channel=held.channel,
            quantity=held.quantity,
            create_time=timestamp(held.create_time),
            expire_time=timestamp(held.expire_time),
        ),
    )


def _movement(movement: Movement) -> pb.AvailabilitySource:
    effects = movement_effects(movement.from_bucket, movement.to_bucket, movement.quantity)
    return pb.AvailabilitySource(effects=_effects(effects), movement=messages.movement(movement))


def _policy(policy: Policy) -> pb.AvailabilitySource:
    source = pb.PolicySource(policy=policy.name, quantity=policy.quantity)
    return pb.AvailabilitySource(effects=_effects([policy.effect]), policy=source)


def _count(counted: Counted) -> pb.AvailabilitySource:
    return pb.AvailabilitySource(
        count=pb.CountSource(
            count_id=str(counted.count_id),
            kind=int(counted.kind),  # type: ignore[arg-type]
            actor=counted.actor,
            end_time=timestamp(counted.end_time),
            missing_quantity=counted.missing,
            found_quantity=counted.found,
        )
    )


def _effects(effects: list[Effect]) -> list[pb.TermEffect]:
    return [
        pb.TermEffect(
            kind=int(each.kind),  # type: ignore[arg-type]
            bucket=int(each.bucket or 0),  # type: ignore[arg-type]
            quantity=each.quantity,
        )
        for each in effects
    ]


def _token(last: Held | Movement) -> str:
    if isinstance(last, Held):
        return paging.token("held", last.create_time.isoformat(), str(last.reservation_id))
    return paging.token("movement", str(last.movement_id), "")


def _after(page_token: str) -> After | None:
    key = paging.key(page_token, str, str, str)
    if key is None:
        return None
    kind, first, second = key
    try:
        if kind == "held":
            return After(held=(_moment(first), UUID(second)))
        return After(movement_id=str(UUID(first)))
    except ValueError:
        raise _not_ours() from None


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _not_ours() from None


def _not_ours() -> InvalidField:
    return InvalidField([FieldViolation("page_token", "is not from an earlier answer")])
