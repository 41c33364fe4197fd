import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from onhand.api.pickup.v1 import tasks_pb2 as _tasks_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PickupEvent(_message.Message):
    __slots__ = ("event_id", "record_time", "revision", "task", "actor", "task_accepted", "task_rejected", "line_short_picked", "task_ready", "customer_checked_in", "task_collected", "task_shipped", "task_expired", "task_cancelled", "task_started", "task_opened", "line_picked", "line_withdrawn", "task_packed")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    RECORD_TIME_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    TASK_ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    TASK_REJECTED_FIELD_NUMBER: _ClassVar[int]
    LINE_SHORT_PICKED_FIELD_NUMBER: _ClassVar[int]
    TASK_READY_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_CHECKED_IN_FIELD_NUMBER: _ClassVar[int]
    TASK_COLLECTED_FIELD_NUMBER: _ClassVar[int]
    TASK_SHIPPED_FIELD_NUMBER: _ClassVar[int]
    TASK_EXPIRED_FIELD_NUMBER: _ClassVar[int]
    TASK_CANCELLED_FIELD_NUMBER: _ClassVar[int]
    TASK_STARTED_FIELD_NUMBER: _ClassVar[int]
    TASK_OPENED_FIELD_NUMBER: _ClassVar[int]
    LINE_PICKED_FIELD_NUMBER: _ClassVar[int]
    LINE_WITHDRAWN_FIELD_NUMBER: _ClassVar[int]
    TASK_PACKED_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    record_time: _timestamp_pb2.Timestamp
    revision: int
    task: _tasks_pb2.Task
    actor: str
    task_accepted: TaskAccepted
    task_rejected: TaskRejected
    line_short_picked: LineShortPicked
    task_ready: TaskReady
    customer_checked_in: CustomerCheckedIn
    task_collected: TaskCollected
    task_shipped: TaskShipped
    task_expired: TaskExpired
    task_cancelled: TaskCancelled
    task_started: TaskStarted
    task_opened: TaskOpened
    line_picked: LinePicked
    line_withdrawn: LineWithdrawn
    task_packed: TaskPacked
    def __init__(self, event_id: _Optional[str] = ..., record_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., revision: _Optional[int] = ..., task: _Optional[_Union[_tasks_pb2.Task, _Mapping]] = ..., actor: _Optional[str] = ..., task_accepted: _Optional[_Union[TaskAccepted, _Mapping]] = ..., task_rejected: _Optional[_Union[TaskRejected, _Mapping]] = ..., line_short_picked: _Optional[_Union[LineShortPicked, _Mapping]] = ..., task_ready: _Optional[_Union[TaskReady, _Mapping]] = ..., customer_checked_in: _Optional[_Union[CustomerCheckedIn, _Mapping]] = ..., task_collected: _Optional[_Union[TaskCollected, _Mapping]] = ..., task_shipped: _Optional[_Union[TaskShipped, _Mapping]] = ..., task_expired: _Optional[_Union[TaskExpired, _Mapping]] = ..., task_cancelled: _Optional[_Union[TaskCancelled, _Mapping]] = ..., task_started: _Optional[_Union[TaskStarted, _Mapping]] = ..., task_opened: _Optional[_Union[TaskOpened, _Mapping]] = ..., line_picked: _Optional[_Union[LinePicked, _Mapping]] = ..., line_withdrawn: _Optional[_Union[LineWithdrawn, _Mapping]] = ..., task_packed: _Optional[_Union[TaskPacked, _Mapping]] = ...) -> None: ...

class TaskAccepted(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class TaskStarted(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class TaskOpened(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class LinePicked(_message.Message):
    __slots__ = ("line_id", "quantity")
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    line_id: str
    quantity: int
    def __init__(self, line_id: _Optional[str] = ..., quantity: _Optional[int] = ...) -> None: ...

class LineWithdrawn(_message.Message):
    __slots__ = ("line_id", "quantity", "picked_quantity", "detail")
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    PICKED_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    line_id: str
    quantity: int
    picked_quantity: int
    detail: str
    def __init__(self, line_id: _Optional[str] = ..., quantity: _Optional[int] = ..., picked_quantity: _Optional[int] = ..., detail: _Optional[str] = ...) -> None: ...

class TaskPacked(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class TaskRejected(_message.Message):
    __slots__ = ("reason", "detail")
    REASON_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    reason: _tasks_pb2.RejectReason
    detail: str
    def __init__(self, reason: _Optional[_Union[_tasks_pb2.RejectReason, str]] = ..., detail: _Optional[str] = ...) -> None: ...

class LineShortPicked(_message.Message):
    __slots__ = ("line_id", "quantity", "reason", "detail")
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    line_id: str
    quantity: int
    reason: _tasks_pb2.RejectReason
    detail: str
    def __init__(self, line_id: _Optional[str] = ..., quantity: _Optional[int] = ..., reason: _Optional[_Union[_tasks_pb2.RejectReason, str]] = ..., detail: _Optional[str] = ...) -> None: ...

class TaskReady(_message.Message):
    __slots__ = ("code", "collect_deadline")
    CODE_FIELD_NUMBER: _ClassVar[int]
    COLLECT_DEADLINE_FIELD_NUMBER: _ClassVar[int]
    code: str
    collect_deadline: _timestamp_pb2.Timestamp
    def __init__(self, code: _Optional[str] = ..., collect_deadline: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class CustomerCheckedIn(_message.Message):
    __slots__ = ("note",)
    NOTE_FIELD_NUMBER: _ClassVar[int]
    note: str
    def __init__(self, note: _Optional[str] = ...) -> None: ...

class TaskCollected(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class TaskShipped(_message.Message):
    __slots__ = ("carrier", "tracking_number")
    CARRIER_FIELD_NUMBER: _ClassVar[int]
    TRACKING_NUMBER_FIELD_NUMBER: _ClassVar[int]
    carrier: str
    tracking_number: str
    def __init__(self, carrier: _Optional[str] = ..., tracking_number: _Optional[str] = ...) -> None: ...

class TaskExpired(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class TaskCancelled(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
