import datetime

from onhand.api.buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import postal_address_pb2 as _postal_address_pb2
from onhand.api.auth.v1 import scopes_pb2 as _scopes_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RejectReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REJECT_REASON_UNSPECIFIED: _ClassVar[RejectReason]
    REJECT_REASON_NOT_FOUND: _ClassVar[RejectReason]
    REJECT_REASON_DAMAGED: _ClassVar[RejectReason]
    REJECT_REASON_MISMATCH: _ClassVar[RejectReason]
    REJECT_REASON_DISPLAY_PIECE: _ClassVar[RejectReason]
    REJECT_REASON_NO_CAPACITY: _ClassVar[RejectReason]
    REJECT_REASON_TIMED_OUT: _ClassVar[RejectReason]
    REJECT_REASON_OTHER: _ClassVar[RejectReason]
REJECT_REASON_UNSPECIFIED: RejectReason
REJECT_REASON_NOT_FOUND: RejectReason
REJECT_REASON_DAMAGED: RejectReason
REJECT_REASON_MISMATCH: RejectReason
REJECT_REASON_DISPLAY_PIECE: RejectReason
REJECT_REASON_NO_CAPACITY: RejectReason
REJECT_REASON_TIMED_OUT: RejectReason
REJECT_REASON_OTHER: RejectReason

class Task(_message.Message):
    __slots__ = ("task_id", "order_id", "location_id", "kind", "state", "lines", "promise_time", "accept_deadline", "customer_display_name", "shipping_address", "staging_place", "assignee", "check_in_time", "check_in_note", "carrier", "tracking_number", "create_time", "version", "collect_deadline")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[Task.Kind]
        KIND_COLLECT: _ClassVar[Task.Kind]
        KIND_SHIP: _ClassVar[Task.Kind]
    KIND_UNSPECIFIED: Task.Kind
    KIND_COLLECT: Task.Kind
    KIND_SHIP: Task.Kind
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[Task.State]
        STATE_OPEN: _ClassVar[Task.State]
        STATE_ACCEPTED: _ClassVar[Task.State]
        STATE_PICKING: _ClassVar[Task.State]
        STATE_PICKED: _ClassVar[Task.State]
        STATE_READY: _ClassVar[Task.State]
        STATE_PACKED: _ClassVar[Task.State]
        STATE_COLLECTED: _ClassVar[Task.State]
        STATE_SHIPPED: _ClassVar[Task.State]
        STATE_REJECTED: _ClassVar[Task.State]
        STATE_CANCELLED: _ClassVar[Task.State]
        STATE_EXPIRED: _ClassVar[Task.State]
    STATE_UNSPECIFIED: Task.State
    STATE_OPEN: Task.State
    STATE_ACCEPTED: Task.State
    STATE_PICKING: Task.State
    STATE_PICKED: Task.State
    STATE_READY: Task.State
    STATE_PACKED: Task.State
    STATE_COLLECTED: Task.State
    STATE_SHIPPED: Task.State
    STATE_REJECTED: Task.State
    STATE_CANCELLED: Task.State
    STATE_EXPIRED: Task.State
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    PROMISE_TIME_FIELD_NUMBER: _ClassVar[int]
    ACCEPT_DEADLINE_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    SHIPPING_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    STAGING_PLACE_FIELD_NUMBER: _ClassVar[int]
    ASSIGNEE_FIELD_NUMBER: _ClassVar[int]
    CHECK_IN_TIME_FIELD_NUMBER: _ClassVar[int]
    CHECK_IN_NOTE_FIELD_NUMBER: _ClassVar[int]
    CARRIER_FIELD_NUMBER: _ClassVar[int]
    TRACKING_NUMBER_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    COLLECT_DEADLINE_FIELD_NUMBER: _ClassVar[int]
    task_id: str
    order_id: str
    location_id: str
    kind: Task.Kind
    state: Task.State
    lines: _containers.RepeatedCompositeFieldContainer[TaskLine]
    promise_time: _timestamp_pb2.Timestamp
    accept_deadline: _timestamp_pb2.Timestamp
    customer_display_name: str
    shipping_address: _postal_address_pb2.PostalAddress
    staging_place: str
    assignee: str
    check_in_time: _timestamp_pb2.Timestamp
    check_in_note: str
    carrier: str
    tracking_number: str
    create_time: _timestamp_pb2.Timestamp
    version: int
    collect_deadline: _timestamp_pb2.Timestamp
    def __init__(self, task_id: _Optional[str] = ..., order_id: _Optional[str] = ..., location_id: _Optional[str] = ..., kind: _Optional[_Union[Task.Kind, str]] = ..., state: _Optional[_Union[Task.State, str]] = ..., lines: _Optional[_Iterable[_Union[TaskLine, _Mapping]]] = ..., promise_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., accept_deadline: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., customer_display_name: _Optional[str] = ..., shipping_address: _Optional[_Union[_postal_address_pb2.PostalAddress, _Mapping]] = ..., staging_place: _Optional[str] = ..., assignee: _Optional[str] = ..., check_in_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., check_in_note: _Optional[str] = ..., carrier: _Optional[str] = ..., tracking_number: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., collect_deadline: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class TaskLine(_message.Message):
    __slots__ = ("line_id", "item_id", "quantity", "picked_quantity", "short_quantity", "epcs", "cancelled_quantity")
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    PICKED_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    SHORT_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    EPCS_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    line_id: str
    item_id: str
    quantity: int
    picked_quantity: int
    short_quantity: int
    epcs: _containers.RepeatedScalarFieldContainer[str]
    cancelled_quantity: int
    def __init__(self, line_id: _Optional[str] = ..., item_id: _Optional[str] = ..., quantity: _Optional[int] = ..., picked_quantity: _Optional[int] = ..., short_quantity: _Optional[int] = ..., epcs: _Optional[_Iterable[str]] = ..., cancelled_quantity: _Optional[int] = ...) -> None: ...

class ListTasksRequest(_message.Message):
    __slots__ = ("location_id", "states", "page_size", "page_token")
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    states: _containers.RepeatedScalarFieldContainer[Task.State]
    page_size: int
    page_token: str
    def __init__(self, location_id: _Optional[str] = ..., states: _Optional[_Iterable[_Union[Task.State, str]]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListTasksResponse(_message.Message):
    __slots__ = ("tasks", "next_page_token")
    TASKS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    tasks: _containers.RepeatedCompositeFieldContainer[Task]
    next_page_token: str
    def __init__(self, tasks: _Optional[_Iterable[_Union[Task, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetTaskRequest(_message.Message):
    __slots__ = ("task_id",)
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    task_id: str
    def __init__(self, task_id: _Optional[str] = ...) -> None: ...

class GetTaskResponse(_message.Message):
    __slots__ = ("task",)
    TASK_FIELD_NUMBER: _ClassVar[int]
    task: Task
    def __init__(self, task: _Optional[_Union[Task, _Mapping]] = ...) -> None: ...

class WatchTasksRequest(_message.Message):
    __slots__ = ("location_id",)
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    def __init__(self, location_id: _Optional[str] = ...) -> None: ...

class WatchTasksResponse(_message.Message):
    __slots__ = ("task",)
    TASK_FIELD_NUMBER: _ClassVar[int]
    task: Task
    def __init__(self, task: _Optional[_Union[Task, _Mapping]] = ...) -> None: ...

class AcceptTaskRequest(_message.Message):
    __slots__ = ("request_id", "task_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    task_id: str
    def __init__(self, request_id: _Optional[str] = ..., task_id: _Optional[str] = ...) -> None: ...

class AcceptTaskResponse(_message.Message):
    __slots__ = ("task",)
    TASK_FIELD_NUMBER: _ClassVar[int]
    task: Task
    def __init__(self, task: _Optional[_Union[Task, _Mapping]] = ...) -> None: ...

class RejectTaskRequest(_message.Message):
    __slots__ = ("request_id", "task_id", "reason", "detail")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    task_id: str
    reason: RejectReason
    detail: str
    def __init__(self, request_id: _Optional[str] = ..., task_id: _Optional[str] = ..., reason: _Optional[_Union[RejectReason, str]] = ..., detail: _Optional[str] = ...) -> None: ...

class RejectTaskResponse(_message.Message):
    __slots__ = ("task",)
    TASK_FIELD_NUMBER: _ClassVar[int]
    task: Task
    def __init__(self, task: _Optional[_Union[Task, _Mapping]] = ...) -> None: ...

class PickLineRequest(_message.Message):
    __slots__ = ("request_id", "task_id", "line_id", "quantity", "epcs", "gtin")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    EPCS_FIELD_NUMBER: _ClassVar[int]
    GTIN_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    task_id: str
    line_id: str
    quantity: int
    epcs: _containers.RepeatedScalarFieldContainer[str]
    gtin: str
    def __init__(self, request_id: _Optional[str] = ..., task_id: _Optional[str] = ..., line_id: _Optional[str] = ..., quantity: _Optional[int] = ..., epcs: _Optional[_Iterable[str]] = ..., gtin: _Optional[str] = ...) -> None: ...

class PickLineResponse(_message.Message):
    __slots__ = ("task",)
    TASK_FIELD_NUMBER: _ClassVar[int]
    task: Task
    def __init__(self, task: _Optional[_Union[Task, _Mapping]] = ...) -> None: ...

class ShortPickLineRequest(_message.Message):
    __slots__ = ("request_id", "task_id", "line_id", "reason", "detail")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    task_id: str
    line_id: str
    reason: RejectReason
    detail: str
    def __init__(self, request_id: _Optional[str] = ..., task_id: _Optional[str] = ..., line_id: _Optional[str] = ..., reason: _Optional[_Union[RejectReason, str]] = ..., detail: _Optional[str] = ...) -> None: ...

class ShortPickLineResponse(_message.Message):
    __slots__ = ("task",)
    TASK_FIELD_NUMBER: _ClassVar[int]
    task: Task
    def __init__(self, task: _Optional[_Union[Task, _Mapping]] = ...) -> None: ...

class StageTaskRequest(_message.Message):
    __slots__ = ("request_id", "task_id", "staging_place")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    STAGING_PLACE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    task_id: str
    staging_place: str
    def __init__(self, request_id: _Optional[str] = ..., task_id: _Optional[str] = ..., staging_place: _Optional[str] = ...) -> None: ...

class StageTaskResponse(_message.Message):
    __slots__ = ("task",)
    TASK_FIELD_NUMBER: _ClassVar[int]
    task: Task
    def __init__(self, task: _Optional[_Union[Task, _Mapping]] = ...) -> None: ...

class PackTaskRequest(_message.Message):
    __slots__ = ("request_id", "task_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    task_id: str
    def __init__(self, request_id: _Optional[str] = ..., task_id: _Optional[str] = ...) -> None: ...

class PackTaskResponse(_message.Message):
    __slots__ = ("task",)
    TASK_FIELD_NUMBER: _ClassVar[int]
    task: Task
    def __init__(self, task: _Optional[_Union[Task, _Mapping]] = ...) -> None: ...

class ShipTaskRequest(_message.Message):
    __slots__ = ("request_id", "task_id", "carrier", "tracking_number")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    CARRIER_FIELD_NUMBER: _ClassVar[int]
    TRACKING_NUMBER_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    task_id: str
    carrier: str
    tracking_number: str
    def __init__(self, request_id: _Optional[str] = ..., task_id: _Optional[str] = ..., carrier: _Optional[str] = ..., tracking_number: _Optional[str] = ...) -> None: ...

class ShipTaskResponse(_message.Message):
    __slots__ = ("task",)
    TASK_FIELD_NUMBER: _ClassVar[int]
    task: Task
    def __init__(self, task: _Optional[_Union[Task, _Mapping]] = ...) -> None: ...

class CheckInRequest(_message.Message):
    __slots__ = ("request_id", "task_id", "note")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    task_id: str
    note: str
    def __init__(self, request_id: _Optional[str] = ..., task_id: _Optional[str] = ..., note: _Optional[str] = ...) -> None: ...

class CheckInResponse(_message.Message):
    __slots__ = ("task",)
    TASK_FIELD_NUMBER: _ClassVar[int]
    task: Task
    def __init__(self, task: _Optional[_Union[Task, _Mapping]] = ...) -> None: ...

class HandOverRequest(_message.Message):
    __slots__ = ("request_id", "task_id", "code")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    task_id: str
    code: str
    def __init__(self, request_id: _Optional[str] = ..., task_id: _Optional[str] = ..., code: _Optional[str] = ...) -> None: ...

class HandOverResponse(_message.Message):
    __slots__ = ("task",)
    TASK_FIELD_NUMBER: _ClassVar[int]
    task: Task
    def __init__(self, task: _Optional[_Union[Task, _Mapping]] = ...) -> None: ...
