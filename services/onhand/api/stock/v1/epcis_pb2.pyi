import datetime

from onhand.api.buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from onhand.api.auth.v1 import scopes_pb2 as _scopes_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ErrorBehaviour(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ERROR_BEHAVIOUR_UNSPECIFIED: _ClassVar[ErrorBehaviour]
    ERROR_BEHAVIOUR_ROLLBACK: _ClassVar[ErrorBehaviour]
    ERROR_BEHAVIOUR_PROCEED: _ClassVar[ErrorBehaviour]
ERROR_BEHAVIOUR_UNSPECIFIED: ErrorBehaviour
ERROR_BEHAVIOUR_ROLLBACK: ErrorBehaviour
ERROR_BEHAVIOUR_PROCEED: ErrorBehaviour

class CaptureRequest(_message.Message):
    __slots__ = ("document", "error_behaviour")
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    ERROR_BEHAVIOUR_FIELD_NUMBER: _ClassVar[int]
    document: bytes
    error_behaviour: ErrorBehaviour
    def __init__(self, document: _Optional[bytes] = ..., error_behaviour: _Optional[_Union[ErrorBehaviour, str]] = ...) -> None: ...

class CaptureResponse(_message.Message):
    __slots__ = ("capture",)
    CAPTURE_FIELD_NUMBER: _ClassVar[int]
    capture: CaptureJob
    def __init__(self, capture: _Optional[_Union[CaptureJob, _Mapping]] = ...) -> None: ...

class CaptureJob(_message.Message):
    __slots__ = ("capture_id", "create_time", "finish_time", "success", "error_behaviour", "outcomes")
    CAPTURE_ID_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    FINISH_TIME_FIELD_NUMBER: _ClassVar[int]
    SUCCESS_FIELD_NUMBER: _ClassVar[int]
    ERROR_BEHAVIOUR_FIELD_NUMBER: _ClassVar[int]
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    capture_id: str
    create_time: _timestamp_pb2.Timestamp
    finish_time: _timestamp_pb2.Timestamp
    success: bool
    error_behaviour: ErrorBehaviour
    outcomes: _containers.RepeatedCompositeFieldContainer[EventOutcome]
    def __init__(self, capture_id: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., finish_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., success: _Optional[bool] = ..., error_behaviour: _Optional[_Union[ErrorBehaviour, str]] = ..., outcomes: _Optional[_Iterable[_Union[EventOutcome, _Mapping]]] = ...) -> None: ...

class EventOutcome(_message.Message):
    __slots__ = ("kind", "event_id", "reason", "detail")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[EventOutcome.Kind]
        KIND_PENDING: _ClassVar[EventOutcome.Kind]
        KIND_CAPTURED: _ClassVar[EventOutcome.Kind]
        KIND_REPEATED: _ClassVar[EventOutcome.Kind]
        KIND_REFUSED: _ClassVar[EventOutcome.Kind]
        KIND_ROLLED_BACK: _ClassVar[EventOutcome.Kind]
    KIND_UNSPECIFIED: EventOutcome.Kind
    KIND_PENDING: EventOutcome.Kind
    KIND_CAPTURED: EventOutcome.Kind
    KIND_REPEATED: EventOutcome.Kind
    KIND_REFUSED: EventOutcome.Kind
    KIND_ROLLED_BACK: EventOutcome.Kind
    KIND_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    kind: EventOutcome.Kind
    event_id: str
    reason: str
    detail: str
    def __init__(self, kind: _Optional[_Union[EventOutcome.Kind, str]] = ..., event_id: _Optional[str] = ..., reason: _Optional[str] = ..., detail: _Optional[str] = ...) -> None: ...

class CaptureEventRequest(_message.Message):
    __slots__ = ("event",)
    EVENT_FIELD_NUMBER: _ClassVar[int]
    event: bytes
    def __init__(self, event: _Optional[bytes] = ...) -> None: ...

class CaptureEventResponse(_message.Message):
    __slots__ = ("outcome",)
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    outcome: EventOutcome
    def __init__(self, outcome: _Optional[_Union[EventOutcome, _Mapping]] = ...) -> None: ...

class GetCaptureRequest(_message.Message):
    __slots__ = ("capture_id",)
    CAPTURE_ID_FIELD_NUMBER: _ClassVar[int]
    capture_id: str
    def __init__(self, capture_id: _Optional[str] = ...) -> None: ...

class GetCaptureResponse(_message.Message):
    __slots__ = ("capture",)
    CAPTURE_FIELD_NUMBER: _ClassVar[int]
    capture: CaptureJob
    def __init__(self, capture: _Optional[_Union[CaptureJob, _Mapping]] = ...) -> None: ...

class ListCapturesRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListCapturesResponse(_message.Message):
    __slots__ = ("captures", "next_page_token")
    CAPTURES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    captures: _containers.RepeatedCompositeFieldContainer[CaptureJob]
    next_page_token: str
    def __init__(self, captures: _Optional[_Iterable[_Union[CaptureJob, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class QueryParameter(_message.Message):
    __slots__ = ("name", "values")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    name: str
    values: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., values: _Optional[_Iterable[str]] = ...) -> None: ...

class ListEventsRequest(_message.Message):
    __slots__ = ("parameters", "page_size", "page_token")
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    parameters: _containers.RepeatedCompositeFieldContainer[QueryParameter]
    page_size: int
    page_token: str
    def __init__(self, parameters: _Optional[_Iterable[_Union[QueryParameter, _Mapping]]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListEventsResponse(_message.Message):
    __slots__ = ("events", "next_page_token")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[EpcisEvent]
    next_page_token: str
    def __init__(self, events: _Optional[_Iterable[_Union[EpcisEvent, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class EpcisEvent(_message.Message):
    __slots__ = ("event_id", "event", "location_id", "effect", "published")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    EFFECT_FIELD_NUMBER: _ClassVar[int]
    PUBLISHED_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    event: str
    location_id: str
    effect: str
    published: bool
    def __init__(self, event_id: _Optional[str] = ..., event: _Optional[str] = ..., location_id: _Optional[str] = ..., effect: _Optional[str] = ..., published: _Optional[bool] = ...) -> None: ...
