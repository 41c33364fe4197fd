"""Protobuf ⇄ domain for journeys."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from google.protobuf.duration_pb2 import Duration

from onhand.api.notifications.v1 import journeys_pb2 as pb
from onhand.kit import auth
from onhand.notifications.domain.contacts import Topic
from onhand.notifications.domain.journeys import Condition, Journey, Step
from onhand.notifications.domain.messages import Channel
from onhand.notifications.domain.occasions import Purpose
from onhand.notifications.events import stamp
from onhand.notifications.use_cases.journeys import Journeys


class JourneyServicer:
    def __init__(self, journeys: Journeys) -> None:
        self._journeys = journeys

    async def SaveJourney(self, request: pb.SaveJourneyRequest, _: Any) -> pb.SaveJourneyResponse:
        saved = await self._journeys.save(auth.current().subject, request, _journey(request.journey))
        return pb.SaveJourneyResponse(journey=_journey_proto(saved))

    async def ListJourneys(self, _request: pb.ListJourneysRequest, _: Any) -> pb.ListJourneysResponse:
        return pb.ListJourneysResponse(journeys=map(_journey_proto, await self._journeys.list_in_use()))

    async def ListRuns(self, request: pb.ListRunsRequest, _: Any) -> pb.ListRunsResponse:
        return pb.ListRunsResponse(
            runs=(
                pb.JourneyRun(
                    run_id=str(row.run_id),
                    journey=row.name,
                    order_id=row.order_id,
                    state=int(row.state),  # type: ignore[arg-type]
                    step=row.step,
                    due_time=stamp(row.due_time),
                    start_time=stamp(row.start_time),
                    end_time=stamp(row.end_time),
                    reason=row.reason,
                )
                for row in await self._journeys.list_runs(request.order_id)
            )
        )


def _journey(journey: pb.Journey) -> Journey:
    return Journey(
        name=journey.name,
        topic=Topic(journey.topic),
        starts=Purpose(journey.starts),
        steps=tuple(
            Step(Purpose(each.purpose), timedelta(seconds=each.wait_duration.ToSeconds()))
            for each in journey.steps
        ),
        exits=tuple(map(Purpose, journey.exits)),
        conditions=tuple(
            Condition(each.field, tuple(each.values), each.negated) for each in journey.conditions
        ),
        gather=timedelta(seconds=journey.gather_duration.ToSeconds()),
        channels=_channels(journey.channels),
        quiet=_channels(journey.quiet_channels),
        enabled=not journey.disabled,
    )


def _channels(channels: Iterable[int]) -> tuple[Channel, ...]:
    return tuple(map(Channel, channels))


def _journey_proto(journey: Journey) -> pb.Journey:
    said = pb.Journey(
        name=journey.name,
        topic=int(journey.topic),  # type: ignore[arg-type]
        starts=int(journey.starts),  # type: ignore[arg-type]
        exits=[int(each) for each in journey.exits],  # type: ignore[misc]
        gather_duration=_duration(journey.gather),
        channels=[int(each) for each in journey.channels],  # type: ignore[misc]
        quiet_channels=[int(each) for each in journey.quiet],  # type: ignore[misc]
        disabled=not journey.enabled,
        version=journey.version,
    )
    for condition in journey.conditions:
        said.conditions.add(field=condition.field, values=condition.values, negated=condition.negated)
    for step in journey.steps:
        said.steps.add(purpose=int(step.purpose), wait_duration=_duration(step.after))
    return said


def _duration(value: timedelta) -> Duration:
    duration = Duration()
    duration.FromTimedelta(value)
    return duration
