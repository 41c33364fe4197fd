"""Protobuf ⇄ domain for measures, experiments and activity."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from google.protobuf.duration_pb2 import Duration

from onhand.api.notifications.v1 import measures_pb2 as pb
from onhand.kit import auth, paging
from onhand.notifications.domain.activity import Activity, FunnelRow
from onhand.notifications.domain.experiments import Arm, Experiment, Goal, Pin, Variant, judge
from onhand.notifications.domain.messages import Channel
from onhand.notifications.events import stamp
from onhand.notifications.report import report
from onhand.notifications.use_cases.measures import Measures

DEFAULT_WITHIN = timedelta(days=7)
DEFAULT_MINIMUM = 100


class MeasureServicer:
    def __init__(self, measures: Measures) -> None:
        self._measures = measures

    async def GetFunnel(self, request: pb.GetFunnelRequest, _: Any) -> pb.GetFunnelResponse:
        since, until = _period(request)
        rows = await self._measures.funnel(since, until, by_segment=request.by_segment)
        return pb.GetFunnelResponse(rows=map(_row_proto, rows))

    async def StartExperiment(self, request: pb.StartExperimentRequest, _: Any) -> pb.StartExperimentResponse:
        new = _experiment(request.experiment)
        begun = await self._measures.start(auth.current().subject, request, new)
        return pb.StartExperimentResponse(experiment=_experiment_proto(begun))

    async def EndExperiment(self, request: pb.EndExperimentRequest, _: Any) -> pb.EndExperimentResponse:
        return pb.EndExperimentResponse(experiment=_experiment_proto(await self._measures.end(request.name)))

    async def GetExperiment(self, request: pb.GetExperimentRequest, _: Any) -> pb.GetExperimentResponse:
        experiment, arms = await self._measures.result(request.name)
        return pb.GetExperimentResponse(
            experiment=_experiment_proto(experiment),
            arms=(_arm_proto(each, arms[0], experiment.minimum_sample) for each in arms),
        )

    async def ListExperiments(
        self, _request: pb.ListExperimentsRequest, _: Any
    ) -> pb.ListExperimentsResponse:
        found = await self._measures.list_experiments()
        return pb.ListExperimentsResponse(experiments=map(_experiment_proto, found))

    async def RenderReport(self, request: pb.RenderReportRequest, _: Any) -> pb.RenderReportResponse:
        since, until = _period(request)
        rows = await self._measures.funnel(since, until, by_segment=True)
        results = await self._measures.results_in(since, until)
        return pb.RenderReportResponse(html=report(since, until, rows, results))


class ActivityServicer:
    def __init__(self, measures: Measures) -> None:
        self._measures = measures

    async def ListActivity(self, request: pb.ListActivityRequest, _: Any) -> pb.ListActivityResponse:
        found = await self._measures.activity(
            auth.current().subject, UUID(request.contact_id), request.reason, paging.size(request.page_size)
        )
        return pb.ListActivityResponse(activities=map(_activity_proto, found))

    async def ListActivityViews(
        self, request: pb.ListActivityViewsRequest, _: Any
    ) -> pb.ListActivityViewsResponse:
        return pb.ListActivityViewsResponse(
            views=(
                pb.ActivityView(actor=each.actor, reason=each.reason, view_time=stamp(each.time))
                for each in await self._measures.views(UUID(request.contact_id))
            )
        )


def _period(request: pb.GetFunnelRequest | pb.RenderReportRequest) -> tuple[datetime, datetime]:
    return request.since_time.ToDatetime(UTC), request.until_time.ToDatetime(UTC)


def _row_proto(row: FunnelRow) -> pb.FunnelRow:
    return pb.FunnelRow(
        purpose=int(row.purpose),  # type: ignore[arg-type]
        channel=int(row.channel),  # type: ignore[arg-type]
        segment=int(row.segment or 0),  # type: ignore[arg-type]
        made_count=row.made,
        suppressed_count=row.suppressed,
        failed_count=row.failed,
        sent_count=row.sent,
        delivered_count=row.delivered,
        bounced_count=row.bounced,
        opened_count=row.opened,
        clicked_count=row.clicked,
        ordered_count=row.ordered,
        collected_count=row.collected,
    )


def _experiment(said: pb.Experiment) -> Experiment:
    within = DEFAULT_WITHIN
    if said.HasField("goal_within_duration"):
        within = timedelta(seconds=said.goal_within_duration.ToSeconds())
    return Experiment(
        name=said.name,
        journey=said.journey,
        variants=tuple(
            Variant(
                each.name,
                each.weight,
                timedelta(seconds=each.delay_duration.ToSeconds()),
                tuple(Pin(Channel(pin.channel), pin.locale, pin.version) for pin in each.templates),
            )
            for each in said.variants
        ),
        holdout=said.holdout_share,
        goal=Goal(said.goal),
        goal_within=within,
        minimum_sample=said.minimum_sample or DEFAULT_MINIMUM,
        start_time=datetime.fromtimestamp(0, UTC),  # it begins when it is stored
    )


def _experiment_proto(experiment: Experiment) -> pb.Experiment:
    said = pb.Experiment(
        name=experiment.name,
        journey=experiment.journey,
        holdout_share=experiment.holdout,
        goal=int(experiment.goal),  # type: ignore[arg-type]
        goal_within_duration=_duration(experiment.goal_within),
        minimum_sample=experiment.minimum_sample,
        start_time=stamp(experiment.start_time),
        end_time=stamp(experiment.end_time),
    )
    for each in experiment.variants:
        variant = said.variants.add(name=each.name, weight=each.weight, delay_duration=_duration(each.delay))
        for pin in each.pins:
            variant.templates.add(channel=int(pin.channel), locale=pin.locale, version=pin.version)
    return said


def _arm_proto(arm: Arm, baseline: Arm, minimum_sample: int) -> pb.ExperimentArm:
    finding, difference = judge(arm, baseline, minimum_sample)
    return pb.ExperimentArm(
        name=arm.name,
        person_count=arm.people,
        reached_count=arm.reached,
        share=arm.share,
        share_low=arm.interval.low,
        share_high=arm.interval.high,
        difference_low=difference.low,
        difference_high=difference.high,
        finding=int(finding),  # type: ignore[arg-type]
    )


def _activity_proto(activity: Activity) -> pb.Activity:
    return pb.Activity(
        kind=int(activity.kind),  # type: ignore[arg-type]
        time=stamp(activity.time),
        order_id=activity.order_id,
        item_id=activity.item_id,
        location_id=activity.location_id,
        purpose=int(activity.purpose or 0),  # type: ignore[arg-type]
        channel=int(activity.channel or 0),  # type: ignore[arg-type]
    )


def _duration(value: timedelta) -> Duration:
    duration = Duration()
    duration.FromTimedelta(value)
    return duration
