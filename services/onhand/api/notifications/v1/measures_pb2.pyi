import datetime

from onhand.api.buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from onhand.api.auth.v1 import scopes_pb2 as _scopes_pb2
from onhand.api.notifications.v1 import messages_pb2 as _messages_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Segment(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SEGMENT_UNSPECIFIED: _ClassVar[Segment]
    SEGMENT_ACTIVE: _ClassVar[Segment]
    SEGMENT_LAPSING: _ClassVar[Segment]
    SEGMENT_DORMANT: _ClassVar[Segment]
SEGMENT_UNSPECIFIED: Segment
SEGMENT_ACTIVE: Segment
SEGMENT_LAPSING: Segment
SEGMENT_DORMANT: Segment

class FunnelRow(_message.Message):
    __slots__ = ("purpose", "channel", "segment", "made_count", "suppressed_count", "failed_count", "sent_count", "delivered_count", "bounced_count", "opened_count", "clicked_count", "ordered_count", "collected_count")
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    MADE_COUNT_FIELD_NUMBER: _ClassVar[int]
    SUPPRESSED_COUNT_FIELD_NUMBER: _ClassVar[int]
    FAILED_COUNT_FIELD_NUMBER: _ClassVar[int]
    SENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    DELIVERED_COUNT_FIELD_NUMBER: _ClassVar[int]
    BOUNCED_COUNT_FIELD_NUMBER: _ClassVar[int]
    OPENED_COUNT_FIELD_NUMBER: _ClassVar[int]
    CLICKED_COUNT_FIELD_NUMBER: _ClassVar[int]
    ORDERED_COUNT_FIELD_NUMBER: _ClassVar[int]
    COLLECTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    purpose: _messages_pb2.MessagePurpose
    channel: _messages_pb2.Message.Channel
    segment: Segment
    made_count: int
    suppressed_count: int
    failed_count: int
    sent_count: int
    delivered_count: int
    bounced_count: int
    opened_count: int
    clicked_count: int
    ordered_count: int
    collected_count: int
    def __init__(self, purpose: _Optional[_Union[_messages_pb2.MessagePurpose, str]] = ..., channel: _Optional[_Union[_messages_pb2.Message.Channel, str]] = ..., segment: _Optional[_Union[Segment, str]] = ..., made_count: _Optional[int] = ..., suppressed_count: _Optional[int] = ..., failed_count: _Optional[int] = ..., sent_count: _Optional[int] = ..., delivered_count: _Optional[int] = ..., bounced_count: _Optional[int] = ..., opened_count: _Optional[int] = ..., clicked_count: _Optional[int] = ..., ordered_count: _Optional[int] = ..., collected_count: _Optional[int] = ...) -> None: ...

class GetFunnelRequest(_message.Message):
    __slots__ = ("since_time", "until_time", "by_segment")
    SINCE_TIME_FIELD_NUMBER: _ClassVar[int]
    UNTIL_TIME_FIELD_NUMBER: _ClassVar[int]
    BY_SEGMENT_FIELD_NUMBER: _ClassVar[int]
    since_time: _timestamp_pb2.Timestamp
    until_time: _timestamp_pb2.Timestamp
    by_segment: bool
    def __init__(self, since_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., by_segment: _Optional[bool] = ...) -> None: ...

class GetFunnelResponse(_message.Message):
    __slots__ = ("rows",)
    ROWS_FIELD_NUMBER: _ClassVar[int]
    rows: _containers.RepeatedCompositeFieldContainer[FunnelRow]
    def __init__(self, rows: _Optional[_Iterable[_Union[FunnelRow, _Mapping]]] = ...) -> None: ...

class ExperimentVariant(_message.Message):
    __slots__ = ("name", "weight", "delay_duration", "templates")
    NAME_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    DELAY_DURATION_FIELD_NUMBER: _ClassVar[int]
    TEMPLATES_FIELD_NUMBER: _ClassVar[int]
    name: str
    weight: int
    delay_duration: _duration_pb2.Duration
    templates: _containers.RepeatedCompositeFieldContainer[TemplatePin]
    def __init__(self, name: _Optional[str] = ..., weight: _Optional[int] = ..., delay_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., templates: _Optional[_Iterable[_Union[TemplatePin, _Mapping]]] = ...) -> None: ...

class TemplatePin(_message.Message):
    __slots__ = ("channel", "locale", "version")
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    LOCALE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    channel: _messages_pb2.Message.Channel
    locale: str
    version: int
    def __init__(self, channel: _Optional[_Union[_messages_pb2.Message.Channel, str]] = ..., locale: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...

class Experiment(_message.Message):
    __slots__ = ("name", "journey", "variants", "holdout_share", "goal", "goal_within_duration", "minimum_sample", "start_time", "end_time")
    class Goal(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        GOAL_UNSPECIFIED: _ClassVar[Experiment.Goal]
        GOAL_OPENED: _ClassVar[Experiment.Goal]
        GOAL_CLICKED: _ClassVar[Experiment.Goal]
        GOAL_ORDERED: _ClassVar[Experiment.Goal]
        GOAL_COLLECTED: _ClassVar[Experiment.Goal]
    GOAL_UNSPECIFIED: Experiment.Goal
    GOAL_OPENED: Experiment.Goal
    GOAL_CLICKED: Experiment.Goal
    GOAL_ORDERED: Experiment.Goal
    GOAL_COLLECTED: Experiment.Goal
    NAME_FIELD_NUMBER: _ClassVar[int]
    JOURNEY_FIELD_NUMBER: _ClassVar[int]
    VARIANTS_FIELD_NUMBER: _ClassVar[int]
    HOLDOUT_SHARE_FIELD_NUMBER: _ClassVar[int]
    GOAL_FIELD_NUMBER: _ClassVar[int]
    GOAL_WITHIN_DURATION_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_SAMPLE_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    name: str
    journey: str
    variants: _containers.RepeatedCompositeFieldContainer[ExperimentVariant]
    holdout_share: float
    goal: Experiment.Goal
    goal_within_duration: _duration_pb2.Duration
    minimum_sample: int
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, name: _Optional[str] = ..., journey: _Optional[str] = ..., variants: _Optional[_Iterable[_Union[ExperimentVariant, _Mapping]]] = ..., holdout_share: _Optional[float] = ..., goal: _Optional[_Union[Experiment.Goal, str]] = ..., goal_within_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., minimum_sample: _Optional[int] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ExperimentArm(_message.Message):
    __slots__ = ("name", "person_count", "reached_count", "share", "share_low", "share_high", "difference_low", "difference_high", "finding")
    class Finding(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        FINDING_UNSPECIFIED: _ClassVar[ExperimentArm.Finding]
        FINDING_BASELINE: _ClassVar[ExperimentArm.Finding]
        FINDING_TOO_FEW: _ClassVar[ExperimentArm.Finding]
        FINDING_NO_DIFFERENCE: _ClassVar[ExperimentArm.Finding]
        FINDING_BETTER: _ClassVar[ExperimentArm.Finding]
        FINDING_WORSE: _ClassVar[ExperimentArm.Finding]
    FINDING_UNSPECIFIED: ExperimentArm.Finding
    FINDING_BASELINE: ExperimentArm.Finding
    FINDING_TOO_FEW: ExperimentArm.Finding
    FINDING_NO_DIFFERENCE: ExperimentArm.Finding
    FINDING_BETTER: ExperimentArm.Finding
    FINDING_WORSE: ExperimentArm.Finding
    NAME_FIELD_NUMBER: _ClassVar[int]
    PERSON_COUNT_FIELD_NUMBER: _ClassVar[int]
    REACHED_COUNT_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    SHARE_LOW_FIELD_NUMBER: _ClassVar[int]
    SHARE_HIGH_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCE_LOW_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCE_HIGH_FIELD_NUMBER: _ClassVar[int]
    FINDING_FIELD_NUMBER: _ClassVar[int]
    name: str
    person_count: int
    reached_count: int
    share: float
    share_low: float
    share_high: float
    difference_low: float
    difference_high: float
    finding: ExperimentArm.Finding
    def __init__(self, name: _Optional[str] = ..., person_count: _Optional[int] = ..., reached_count: _Optional[int] = ..., share: _Optional[float] = ..., share_low: _Optional[float] = ..., share_high: _Optional[float] = ..., difference_low: _Optional[float] = ..., difference_high: _Optional[float] = ..., finding: _Optional[_Union[ExperimentArm.Finding, str]] = ...) -> None: ...

class StartExperimentRequest(_message.Message):
    __slots__ = ("request_id", "experiment")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    EXPERIMENT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    experiment: Experiment
    def __init__(self, request_id: _Optional[str] = ..., experiment: _Optional[_Union[Experiment, _Mapping]] = ...) -> None: ...

class StartExperimentResponse(_message.Message):
    __slots__ = ("experiment",)
    EXPERIMENT_FIELD_NUMBER: _ClassVar[int]
    experiment: Experiment
    def __init__(self, experiment: _Optional[_Union[Experiment, _Mapping]] = ...) -> None: ...

class EndExperimentRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class EndExperimentResponse(_message.Message):
    __slots__ = ("experiment",)
    EXPERIMENT_FIELD_NUMBER: _ClassVar[int]
    experiment: Experiment
    def __init__(self, experiment: _Optional[_Union[Experiment, _Mapping]] = ...) -> None: ...

class GetExperimentRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class GetExperimentResponse(_message.Message):
    __slots__ = ("experiment", "arms")
    EXPERIMENT_FIELD_NUMBER: _ClassVar[int]
    ARMS_FIELD_NUMBER: _ClassVar[int]
    experiment: Experiment
    arms: _containers.RepeatedCompositeFieldContainer[ExperimentArm]
    def __init__(self, experiment: _Optional[_Union[Experiment, _Mapping]] = ..., arms: _Optional[_Iterable[_Union[ExperimentArm, _Mapping]]] = ...) -> None: ...

class ListExperimentsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListExperimentsResponse(_message.Message):
    __slots__ = ("experiments",)
    EXPERIMENTS_FIELD_NUMBER: _ClassVar[int]
    experiments: _containers.RepeatedCompositeFieldContainer[Experiment]
    def __init__(self, experiments: _Optional[_Iterable[_Union[Experiment, _Mapping]]] = ...) -> None: ...

class RenderReportRequest(_message.Message):
    __slots__ = ("since_time", "until_time")
    SINCE_TIME_FIELD_NUMBER: _ClassVar[int]
    UNTIL_TIME_FIELD_NUMBER: _ClassVar[int]
    since_time: _timestamp_pb2.Timestamp
    until_time: _timestamp_pb2.Timestamp
    def __init__(self, since_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RenderReportResponse(_message.Message):
    __slots__ = ("html",)
    HTML_FIELD_NUMBER: _ClassVar[int]
    html: str
    def __init__(self, html: _Optional[str] = ...) -> None: ...

class ListActivityRequest(_message.Message):
    __slots__ = ("contact_id", "reason", "page_size")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    reason: str
    page_size: int
    def __init__(self, contact_id: _Optional[str] = ..., reason: _Optional[str] = ..., page_size: _Optional[int] = ...) -> None: ...

class Activity(_message.Message):
    __slots__ = ("kind", "time", "order_id", "item_id", "location_id", "purpose", "channel")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[Activity.Kind]
        KIND_LOOKED_UP: _ClassVar[Activity.Kind]
        KIND_ALERT_ASKED: _ClassVar[Activity.Kind]
        KIND_ALERT_CLAIMED: _ClassVar[Activity.Kind]
        KIND_TOLD: _ClassVar[Activity.Kind]
        KIND_CLICKED: _ClassVar[Activity.Kind]
        KIND_ORDERED: _ClassVar[Activity.Kind]
        KIND_COLLECTED: _ClassVar[Activity.Kind]
        KIND_RETURNED: _ClassVar[Activity.Kind]
    KIND_UNSPECIFIED: Activity.Kind
    KIND_LOOKED_UP: Activity.Kind
    KIND_ALERT_ASKED: Activity.Kind
    KIND_ALERT_CLAIMED: Activity.Kind
    KIND_TOLD: Activity.Kind
    KIND_CLICKED: Activity.Kind
    KIND_ORDERED: Activity.Kind
    KIND_COLLECTED: Activity.Kind
    KIND_RETURNED: Activity.Kind
    KIND_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    kind: Activity.Kind
    time: _timestamp_pb2.Timestamp
    order_id: str
    item_id: str
    location_id: str
    purpose: _messages_pb2.MessagePurpose
    channel: _messages_pb2.Message.Channel
    def __init__(self, kind: _Optional[_Union[Activity.Kind, str]] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., order_id: _Optional[str] = ..., item_id: _Optional[str] = ..., location_id: _Optional[str] = ..., purpose: _Optional[_Union[_messages_pb2.MessagePurpose, str]] = ..., channel: _Optional[_Union[_messages_pb2.Message.Channel, str]] = ...) -> None: ...

class ListActivityResponse(_message.Message):
    __slots__ = ("activities",)
    ACTIVITIES_FIELD_NUMBER: _ClassVar[int]
    activities: _containers.RepeatedCompositeFieldContainer[Activity]
    def __init__(self, activities: _Optional[_Iterable[_Union[Activity, _Mapping]]] = ...) -> None: ...

class ListActivityViewsRequest(_message.Message):
    __slots__ = ("contact_id",)
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    def __init__(self, contact_id: _Optional[str] = ...) -> None: ...

class ActivityView(_message.Message):
    __slots__ = ("actor", "reason", "view_time")
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    VIEW_TIME_FIELD_NUMBER: _ClassVar[int]
    actor: str
    reason: str
    view_time: _timestamp_pb2.Timestamp
    def __init__(self, actor: _Optional[str] = ..., reason: _Optional[str] = ..., view_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListActivityViewsResponse(_message.Message):
    __slots__ = ("views",)
    VIEWS_FIELD_NUMBER: _ClassVar[int]
    views: _containers.RepeatedCompositeFieldContainer[ActivityView]
    def __init__(self, views: _Optional[_Iterable[_Union[ActivityView, _Mapping]]] = ...) -> None: ...
