import datetime

from onhand.api.buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from onhand.api.auth.v1 import scopes_pb2 as _scopes_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class StoreSettings(_message.Message):
    __slots__ = ("location_id", "accept_duration", "step_duration", "escalation_interval", "max_escalations", "collect_duration", "reminder_duration", "grace_duration", "extension_duration", "max_extensions", "substitution_duration", "wait_duration", "shelve_duration", "walk_zone_ids", "identity_check_required", "version")
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    ACCEPT_DURATION_FIELD_NUMBER: _ClassVar[int]
    STEP_DURATION_FIELD_NUMBER: _ClassVar[int]
    ESCALATION_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    MAX_ESCALATIONS_FIELD_NUMBER: _ClassVar[int]
    COLLECT_DURATION_FIELD_NUMBER: _ClassVar[int]
    REMINDER_DURATION_FIELD_NUMBER: _ClassVar[int]
    GRACE_DURATION_FIELD_NUMBER: _ClassVar[int]
    EXTENSION_DURATION_FIELD_NUMBER: _ClassVar[int]
    MAX_EXTENSIONS_FIELD_NUMBER: _ClassVar[int]
    SUBSTITUTION_DURATION_FIELD_NUMBER: _ClassVar[int]
    WAIT_DURATION_FIELD_NUMBER: _ClassVar[int]
    SHELVE_DURATION_FIELD_NUMBER: _ClassVar[int]
    WALK_ZONE_IDS_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_CHECK_REQUIRED_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    accept_duration: _duration_pb2.Duration
    step_duration: _duration_pb2.Duration
    escalation_interval: _duration_pb2.Duration
    max_escalations: int
    collect_duration: _duration_pb2.Duration
    reminder_duration: _duration_pb2.Duration
    grace_duration: _duration_pb2.Duration
    extension_duration: _duration_pb2.Duration
    max_extensions: int
    substitution_duration: _duration_pb2.Duration
    wait_duration: _duration_pb2.Duration
    shelve_duration: _duration_pb2.Duration
    walk_zone_ids: _containers.RepeatedScalarFieldContainer[str]
    identity_check_required: bool
    version: int
    def __init__(self, location_id: _Optional[str] = ..., accept_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., step_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., escalation_interval: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., max_escalations: _Optional[int] = ..., collect_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., reminder_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., grace_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., extension_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., max_extensions: _Optional[int] = ..., substitution_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., wait_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., shelve_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., walk_zone_ids: _Optional[_Iterable[str]] = ..., identity_check_required: _Optional[bool] = ..., version: _Optional[int] = ...) -> None: ...

class GetStoreSettingsRequest(_message.Message):
    __slots__ = ("location_id",)
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    def __init__(self, location_id: _Optional[str] = ...) -> None: ...

class GetStoreSettingsResponse(_message.Message):
    __slots__ = ("settings",)
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    settings: StoreSettings
    def __init__(self, settings: _Optional[_Union[StoreSettings, _Mapping]] = ...) -> None: ...

class UpdateStoreSettingsRequest(_message.Message):
    __slots__ = ("request_id", "settings")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    settings: StoreSettings
    def __init__(self, request_id: _Optional[str] = ..., settings: _Optional[_Union[StoreSettings, _Mapping]] = ...) -> None: ...

class UpdateStoreSettingsResponse(_message.Message):
    __slots__ = ("settings",)
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    settings: StoreSettings
    def __init__(self, settings: _Optional[_Union[StoreSettings, _Mapping]] = ...) -> None: ...

class GetStoreMeasuresRequest(_message.Message):
    __slots__ = ("location_id", "start_time", "end_time")
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, location_id: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class DurationMeasure(_message.Message):
    __slots__ = ("count", "median_duration", "p90_duration")
    COUNT_FIELD_NUMBER: _ClassVar[int]
    MEDIAN_DURATION_FIELD_NUMBER: _ClassVar[int]
    P90_DURATION_FIELD_NUMBER: _ClassVar[int]
    count: int
    median_duration: _duration_pb2.Duration
    p90_duration: _duration_pb2.Duration
    def __init__(self, count: _Optional[int] = ..., median_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., p90_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class GetStoreMeasuresResponse(_message.Message):
    __slots__ = ("task_count", "time_to_accept", "time_to_ready", "waiting_time", "asked_quantity", "short_quantity", "short_pick_rate", "on_time_count", "done_count", "rejected_count", "expired_count")
    TASK_COUNT_FIELD_NUMBER: _ClassVar[int]
    TIME_TO_ACCEPT_FIELD_NUMBER: _ClassVar[int]
    TIME_TO_READY_FIELD_NUMBER: _ClassVar[int]
    WAITING_TIME_FIELD_NUMBER: _ClassVar[int]
    ASKED_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    SHORT_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    SHORT_PICK_RATE_FIELD_NUMBER: _ClassVar[int]
    ON_TIME_COUNT_FIELD_NUMBER: _ClassVar[int]
    DONE_COUNT_FIELD_NUMBER: _ClassVar[int]
    REJECTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    EXPIRED_COUNT_FIELD_NUMBER: _ClassVar[int]
    task_count: int
    time_to_accept: DurationMeasure
    time_to_ready: DurationMeasure
    waiting_time: DurationMeasure
    asked_quantity: int
    short_quantity: int
    short_pick_rate: float
    on_time_count: int
    done_count: int
    rejected_count: int
    expired_count: int
    def __init__(self, task_count: _Optional[int] = ..., time_to_accept: _Optional[_Union[DurationMeasure, _Mapping]] = ..., time_to_ready: _Optional[_Union[DurationMeasure, _Mapping]] = ..., waiting_time: _Optional[_Union[DurationMeasure, _Mapping]] = ..., asked_quantity: _Optional[int] = ..., short_quantity: _Optional[int] = ..., short_pick_rate: _Optional[float] = ..., on_time_count: _Optional[int] = ..., done_count: _Optional[int] = ..., rejected_count: _Optional[int] = ..., expired_count: _Optional[int] = ...) -> None: ...
