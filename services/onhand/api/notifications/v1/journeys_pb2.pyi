import datetime

from onhand.api.buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from onhand.api.auth.v1 import scopes_pb2 as _scopes_pb2
from onhand.api.notifications.v1 import contacts_pb2 as _contacts_pb2
from onhand.api.notifications.v1 import messages_pb2 as _messages_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Journey(_message.Message):
    __slots__ = ("name", "topic", "starts", "exits", "conditions", "gather_duration", "steps", "channels", "quiet_channels", "disabled", "version")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TOPIC_FIELD_NUMBER: _ClassVar[int]
    STARTS_FIELD_NUMBER: _ClassVar[int]
    EXITS_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    GATHER_DURATION_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    QUIET_CHANNELS_FIELD_NUMBER: _ClassVar[int]
    DISABLED_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    name: str
    topic: _contacts_pb2.Topic
    starts: _messages_pb2.MessagePurpose
    exits: _containers.RepeatedScalarFieldContainer[_messages_pb2.MessagePurpose]
    conditions: _containers.RepeatedCompositeFieldContainer[JourneyCondition]
    gather_duration: _duration_pb2.Duration
    steps: _containers.RepeatedCompositeFieldContainer[JourneyStep]
    channels: _containers.RepeatedScalarFieldContainer[_messages_pb2.Message.Channel]
    quiet_channels: _containers.RepeatedScalarFieldContainer[_messages_pb2.Message.Channel]
    disabled: bool
    version: int
    def __init__(self, name: _Optional[str] = ..., topic: _Optional[_Union[_contacts_pb2.Topic, str]] = ..., starts: _Optional[_Union[_messages_pb2.MessagePurpose, str]] = ..., exits: _Optional[_Iterable[_Union[_messages_pb2.MessagePurpose, str]]] = ..., conditions: _Optional[_Iterable[_Union[JourneyCondition, _Mapping]]] = ..., gather_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., steps: _Optional[_Iterable[_Union[JourneyStep, _Mapping]]] = ..., channels: _Optional[_Iterable[_Union[_messages_pb2.Message.Channel, str]]] = ..., quiet_channels: _Optional[_Iterable[_Union[_messages_pb2.Message.Channel, str]]] = ..., disabled: _Optional[bool] = ..., version: _Optional[int] = ...) -> None: ...

class JourneyCondition(_message.Message):
    __slots__ = ("field", "values", "negated")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    NEGATED_FIELD_NUMBER: _ClassVar[int]
    field: str
    values: _containers.RepeatedScalarFieldContainer[str]
    negated: bool
    def __init__(self, field: _Optional[str] = ..., values: _Optional[_Iterable[str]] = ..., negated: _Optional[bool] = ...) -> None: ...

class JourneyStep(_message.Message):
    __slots__ = ("purpose", "wait_duration")
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    WAIT_DURATION_FIELD_NUMBER: _ClassVar[int]
    purpose: _messages_pb2.MessagePurpose
    wait_duration: _duration_pb2.Duration
    def __init__(self, purpose: _Optional[_Union[_messages_pb2.MessagePurpose, str]] = ..., wait_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class JourneyRun(_message.Message):
    __slots__ = ("run_id", "journey", "order_id", "state", "step", "due_time", "start_time", "end_time", "reason")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[JourneyRun.State]
        STATE_ACTIVE: _ClassVar[JourneyRun.State]
        STATE_DONE: _ClassVar[JourneyRun.State]
        STATE_EXITED: _ClassVar[JourneyRun.State]
    STATE_UNSPECIFIED: JourneyRun.State
    STATE_ACTIVE: JourneyRun.State
    STATE_DONE: JourneyRun.State
    STATE_EXITED: JourneyRun.State
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    JOURNEY_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    DUE_TIME_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    journey: str
    order_id: str
    state: JourneyRun.State
    step: int
    due_time: _timestamp_pb2.Timestamp
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    reason: str
    def __init__(self, run_id: _Optional[str] = ..., journey: _Optional[str] = ..., order_id: _Optional[str] = ..., state: _Optional[_Union[JourneyRun.State, str]] = ..., step: _Optional[int] = ..., due_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ...) -> None: ...

class SaveJourneyRequest(_message.Message):
    __slots__ = ("request_id", "journey")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    JOURNEY_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    journey: Journey
    def __init__(self, request_id: _Optional[str] = ..., journey: _Optional[_Union[Journey, _Mapping]] = ...) -> None: ...

class SaveJourneyResponse(_message.Message):
    __slots__ = ("journey",)
    JOURNEY_FIELD_NUMBER: _ClassVar[int]
    journey: Journey
    def __init__(self, journey: _Optional[_Union[Journey, _Mapping]] = ...) -> None: ...

class ListJourneysRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListJourneysResponse(_message.Message):
    __slots__ = ("journeys",)
    JOURNEYS_FIELD_NUMBER: _ClassVar[int]
    journeys: _containers.RepeatedCompositeFieldContainer[Journey]
    def __init__(self, journeys: _Optional[_Iterable[_Union[Journey, _Mapping]]] = ...) -> None: ...

class ListRunsRequest(_message.Message):
    __slots__ = ("order_id",)
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    def __init__(self, order_id: _Optional[str] = ...) -> None: ...

class ListRunsResponse(_message.Message):
    __slots__ = ("runs",)
    RUNS_FIELD_NUMBER: _ClassVar[int]
    runs: _containers.RepeatedCompositeFieldContainer[JourneyRun]
    def __init__(self, runs: _Optional[_Iterable[_Union[JourneyRun, _Mapping]]] = ...) -> None: ...
