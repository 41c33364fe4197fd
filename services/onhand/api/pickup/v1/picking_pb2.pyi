import datetime

from onhand.api.buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from onhand.api.auth.v1 import scopes_pb2 as _scopes_pb2
from onhand.api.pickup.v1 import tasks_pb2 as _tasks_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Wave(_message.Message):
    __slots__ = ("wave_id", "location_id", "assignee", "create_time", "tasks")
    WAVE_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    ASSIGNEE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    wave_id: str
    location_id: str
    assignee: str
    create_time: _timestamp_pb2.Timestamp
    tasks: _containers.RepeatedCompositeFieldContainer[_tasks_pb2.Task]
    def __init__(self, wave_id: _Optional[str] = ..., location_id: _Optional[str] = ..., assignee: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., tasks: _Optional[_Iterable[_Union[_tasks_pb2.Task, _Mapping]]] = ...) -> None: ...

class PickStop(_message.Message):
    __slots__ = ("item_id", "title", "size", "colour", "picture_uri", "gtins", "tagged", "quantity", "lines", "places")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    COLOUR_FIELD_NUMBER: _ClassVar[int]
    PICTURE_URI_FIELD_NUMBER: _ClassVar[int]
    GTINS_FIELD_NUMBER: _ClassVar[int]
    TAGGED_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    PLACES_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    title: str
    size: str
    colour: str
    picture_uri: str
    gtins: _containers.RepeatedScalarFieldContainer[str]
    tagged: bool
    quantity: int
    lines: _containers.RepeatedCompositeFieldContainer[PickStopLine]
    places: _containers.RepeatedCompositeFieldContainer[PickPlace]
    def __init__(self, item_id: _Optional[str] = ..., title: _Optional[str] = ..., size: _Optional[str] = ..., colour: _Optional[str] = ..., picture_uri: _Optional[str] = ..., gtins: _Optional[_Iterable[str]] = ..., tagged: _Optional[bool] = ..., quantity: _Optional[int] = ..., lines: _Optional[_Iterable[_Union[PickStopLine, _Mapping]]] = ..., places: _Optional[_Iterable[_Union[PickPlace, _Mapping]]] = ...) -> None: ...

class PickStopLine(_message.Message):
    __slots__ = ("task_id", "line_id", "quantity")
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    task_id: str
    line_id: str
    quantity: int
    def __init__(self, task_id: _Optional[str] = ..., line_id: _Optional[str] = ..., quantity: _Optional[int] = ...) -> None: ...

class PickPlace(_message.Message):
    __slots__ = ("zone_id", "zone_kind", "tag_count", "last_seen_time", "epcs", "unconfirmed")
    ZONE_ID_FIELD_NUMBER: _ClassVar[int]
    ZONE_KIND_FIELD_NUMBER: _ClassVar[int]
    TAG_COUNT_FIELD_NUMBER: _ClassVar[int]
    LAST_SEEN_TIME_FIELD_NUMBER: _ClassVar[int]
    EPCS_FIELD_NUMBER: _ClassVar[int]
    UNCONFIRMED_FIELD_NUMBER: _ClassVar[int]
    zone_id: str
    zone_kind: int
    tag_count: int
    last_seen_time: _timestamp_pb2.Timestamp
    epcs: _containers.RepeatedScalarFieldContainer[str]
    unconfirmed: bool
    def __init__(self, zone_id: _Optional[str] = ..., zone_kind: _Optional[int] = ..., tag_count: _Optional[int] = ..., last_seen_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., epcs: _Optional[_Iterable[str]] = ..., unconfirmed: _Optional[bool] = ...) -> None: ...

class CreateWaveRequest(_message.Message):
    __slots__ = ("request_id", "location_id", "task_ids", "assignee")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_IDS_FIELD_NUMBER: _ClassVar[int]
    ASSIGNEE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    location_id: str
    task_ids: _containers.RepeatedScalarFieldContainer[str]
    assignee: str
    def __init__(self, request_id: _Optional[str] = ..., location_id: _Optional[str] = ..., task_ids: _Optional[_Iterable[str]] = ..., assignee: _Optional[str] = ...) -> None: ...

class CreateWaveResponse(_message.Message):
    __slots__ = ("wave",)
    WAVE_FIELD_NUMBER: _ClassVar[int]
    wave: Wave
    def __init__(self, wave: _Optional[_Union[Wave, _Mapping]] = ...) -> None: ...

class GetWaveRequest(_message.Message):
    __slots__ = ("wave_id",)
    WAVE_ID_FIELD_NUMBER: _ClassVar[int]
    wave_id: str
    def __init__(self, wave_id: _Optional[str] = ...) -> None: ...

class GetWaveResponse(_message.Message):
    __slots__ = ("wave",)
    WAVE_FIELD_NUMBER: _ClassVar[int]
    wave: Wave
    def __init__(self, wave: _Optional[_Union[Wave, _Mapping]] = ...) -> None: ...

class DissolveWaveRequest(_message.Message):
    __slots__ = ("request_id", "wave_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    WAVE_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    wave_id: str
    def __init__(self, request_id: _Optional[str] = ..., wave_id: _Optional[str] = ...) -> None: ...

class DissolveWaveResponse(_message.Message):
    __slots__ = ("wave",)
    WAVE_FIELD_NUMBER: _ClassVar[int]
    wave: Wave
    def __init__(self, wave: _Optional[_Union[Wave, _Mapping]] = ...) -> None: ...

class GetPickListRequest(_message.Message):
    __slots__ = ("location_id", "wave_id", "task_ids")
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    WAVE_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_IDS_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    wave_id: str
    task_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, location_id: _Optional[str] = ..., wave_id: _Optional[str] = ..., task_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class GetPickListResponse(_message.Message):
    __slots__ = ("stops",)
    STOPS_FIELD_NUMBER: _ClassVar[int]
    stops: _containers.RepeatedCompositeFieldContainer[PickStop]
    def __init__(self, stops: _Optional[_Iterable[_Union[PickStop, _Mapping]]] = ...) -> None: ...

class PickScanRequest(_message.Message):
    __slots__ = ("request_id", "wave_id", "task_id", "scanned", "quantity")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    WAVE_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    SCANNED_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    wave_id: str
    task_id: str
    scanned: str
    quantity: int
    def __init__(self, request_id: _Optional[str] = ..., wave_id: _Optional[str] = ..., task_id: _Optional[str] = ..., scanned: _Optional[str] = ..., quantity: _Optional[int] = ...) -> None: ...

class PickScanResponse(_message.Message):
    __slots__ = ("task", "line_id")
    TASK_FIELD_NUMBER: _ClassVar[int]
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    task: _tasks_pb2.Task
    line_id: str
    def __init__(self, task: _Optional[_Union[_tasks_pb2.Task, _Mapping]] = ..., line_id: _Optional[str] = ...) -> None: ...

class FindTagRequest(_message.Message):
    __slots__ = ("location_id", "epc")
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    EPC_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    epc: str
    def __init__(self, location_id: _Optional[str] = ..., epc: _Optional[str] = ...) -> None: ...

class FindTagResponse(_message.Message):
    __slots__ = ("epc_hex", "item_id", "zone_id", "last_seen_time", "here", "heat", "task_id", "as_of_time", "nearness")
    EPC_HEX_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    ZONE_ID_FIELD_NUMBER: _ClassVar[int]
    LAST_SEEN_TIME_FIELD_NUMBER: _ClassVar[int]
    HERE_FIELD_NUMBER: _ClassVar[int]
    HEAT_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    AS_OF_TIME_FIELD_NUMBER: _ClassVar[int]
    NEARNESS_FIELD_NUMBER: _ClassVar[int]
    epc_hex: str
    item_id: str
    zone_id: str
    last_seen_time: _timestamp_pb2.Timestamp
    here: bool
    heat: float
    task_id: str
    as_of_time: _timestamp_pb2.Timestamp
    nearness: float
    def __init__(self, epc_hex: _Optional[str] = ..., item_id: _Optional[str] = ..., zone_id: _Optional[str] = ..., last_seen_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., here: _Optional[bool] = ..., heat: _Optional[float] = ..., task_id: _Optional[str] = ..., as_of_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., nearness: _Optional[float] = ...) -> None: ...

class ProposeSubstitutionRequest(_message.Message):
    __slots__ = ("request_id", "task_id", "line_id", "item_id", "quantity", "detail", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    task_id: str
    line_id: str
    item_id: str
    quantity: int
    detail: str
    reason: _tasks_pb2.RejectReason
    def __init__(self, request_id: _Optional[str] = ..., task_id: _Optional[str] = ..., line_id: _Optional[str] = ..., item_id: _Optional[str] = ..., quantity: _Optional[int] = ..., detail: _Optional[str] = ..., reason: _Optional[_Union[_tasks_pb2.RejectReason, str]] = ...) -> None: ...

class ProposeSubstitutionResponse(_message.Message):
    __slots__ = ("task",)
    TASK_FIELD_NUMBER: _ClassVar[int]
    task: _tasks_pb2.Task
    def __init__(self, task: _Optional[_Union[_tasks_pb2.Task, _Mapping]] = ...) -> None: ...
