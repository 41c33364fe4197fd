"""Stores' settings and measures ⇄ their use cases."""

from datetime import UTC, timedelta
from typing import Any

from google.protobuf.duration_pb2 import Duration

from onhand.api.pickup.v1 import stores_pb2 as pb
from onhand.kit import auth
from onhand.kit.clock import Clock
from onhand.kit.errors import FieldViolation, InvalidField
from onhand.pickup.domain.rules import Rules
from onhand.pickup.servicer.calls import ask_at
from onhand.pickup.use_cases import Stores

DEFAULT_SPAN = timedelta(days=7)
MAX_SPAN = timedelta(days=92)
_DURATIONS = {
    "accept": "accept_duration",
    "step": "step_duration",
    "escalation_interval": "escalation_interval",
    "collect": "collect_duration",
    "reminder": "reminder_duration",
    "grace": "grace_duration",
    "extension": "extension_duration",
    "substitution": "substitution_duration",
    "wait": "wait_duration",
    "shelve": "shelve_duration",
}
"""The rules that are durations, and their fields in the contract."""
_COUNTS = ("max_escalations", "max_extensions")


class StoreServicer:
    def __init__(self, stores: Stores, clock: Clock) -> None:
        self._stores = stores
        self._clock = clock

    async def GetStoreSettings(
        self, request: pb.GetStoreSettingsRequest, _: Any
    ) -> pb.GetStoreSettingsResponse:
        auth.current().require_location(request.location_id)
        rules = await self._stores.rules(request.location_id)
        return pb.GetStoreSettingsResponse(settings=_message(request.location_id, rules))

    async def UpdateStoreSettings(
        self, request: pb.UpdateStoreSettingsRequest, _: Any
    ) -> pb.UpdateStoreSettingsResponse:
        location_id = request.settings.location_id
        ask = ask_at(location_id, request, pb.UpdateStoreSettingsResponse)
        return await self._stores.update(
            ask,
            location_id,
            _values(request.settings),
            lambda rules: pb.UpdateStoreSettingsResponse(settings=_message(location_id, rules)),
        )

    async def GetStoreMeasures(
        self, request: pb.GetStoreMeasuresRequest, _: Any
    ) -> pb.GetStoreMeasuresResponse:
        auth.current().require_location(request.location_id)
        end = request.end_time.ToDatetime(UTC) if request.HasField("end_time") else self._clock.now()
        start = request.start_time.ToDatetime(UTC) if request.HasField("start_time") else end - DEFAULT_SPAN
        if end > start + MAX_SPAN:
            raise InvalidField([FieldViolation("end_time", "is more than 92 days after start_time")])
        found = await self._stores.measures(request.location_id, start, end)
        return pb.GetStoreMeasuresResponse(
            task_count=found.tasks,
            time_to_accept=_measure(found.accepts, found.accept),
            time_to_ready=_measure(found.readies, found.ready),
            waiting_time=_measure(found.waits, found.waiting),
            asked_quantity=found.asked,
            short_quantity=found.short,
            short_pick_rate=found.short / found.asked if found.asked else 0.0,
            on_time_count=found.on_time,
            done_count=found.done,
            rejected_count=found.rejected,
            expired_count=found.expired,
        )


def _values(settings: pb.StoreSettings) -> dict[str, Any]:
    """Return what a store sets, by the names of rules; durations in seconds."""
    values: dict[str, Any] = {
        name: getattr(settings, field).ToTimedelta().total_seconds()
        for name, field in _DURATIONS.items()
        if settings.HasField(field)
    }
    values |= {name: getattr(settings, name) for name in _COUNTS if settings.HasField(name)}
    values["walk_zone_ids"] = list(settings.walk_zone_ids)
    values["identity_check"] = settings.identity_check_required
    return values


def _message(location_id: str, rules: Rules) -> pb.StoreSettings:
    durations: dict[str, Any] = {field: _duration(getattr(rules, name)) for name, field in _DURATIONS.items()}
    return pb.StoreSettings(
        location_id=location_id,
        max_escalations=rules.max_escalations,
        max_extensions=rules.max_extensions,
        walk_zone_ids=rules.walk_zone_ids,
        identity_check_required=rules.identity_check,
        version=rules.version,
        **durations,
    )


def _measure(count: int, percentiles: list[timedelta] | None) -> pb.DurationMeasure:
    if not count or percentiles is None:
        return pb.DurationMeasure()
    median, p90 = percentiles
    return pb.DurationMeasure(count=count, median_duration=_duration(median), p90_duration=_duration(p90))


def _duration(length: timedelta) -> Duration:
    message = Duration()
    message.FromTimedelta(length)
    return message
