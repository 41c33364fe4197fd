import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from onhand.api.pickup.v1 import tasks_pb2 as _tasks_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PickupEvent(_message.Message):
    __slots__ = ("event_id", "record_time", "revision", "task", "actor", "task_accepted", "task_rejected", "line_short_picked", "task_ready", "customer_checked_in", "task_collected", "task_shipped", "task_expired", "task_cancelled", "task_started", "task_opened", "line_picked", "line_withdrawn", "task_packed", "task_assigned", "task_alerted", "task_reopened", "task_reshelved", "arrival_announced", "collection_terms_changed", "collection_reminded", "collection_extended", "task_partly_collected", "line_refused", "task_refused", "goods_returned", "substitution_offered", "substitution_decided", "hand_over_disputed", "alert_acknowledged", "wave_changed", "substitution_proposed")
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
    TASK_ASSIGNED_FIELD_NUMBER: _ClassVar[int]
    TASK_ALERTED_FIELD_NUMBER: _ClassVar[int]
    TASK_REOPENED_FIELD_NUMBER: _ClassVar[int]
    TASK_RESHELVED_FIELD_NUMBER: _ClassVar[int]
    ARRIVAL_ANNOUNCED_FIELD_NUMBER: _ClassVar[int]
    COLLECTION_TERMS_CHANGED_FIELD_NUMBER: _ClassVar[int]
    COLLECTION_REMINDED_FIELD_NUMBER: _ClassVar[int]
    COLLECTION_EXTENDED_FIELD_NUMBER: _ClassVar[int]
    TASK_PARTLY_COLLECTED_FIELD_NUMBER: _ClassVar[int]
    LINE_REFUSED_FIELD_NUMBER: _ClassVar[int]
    TASK_REFUSED_FIELD_NUMBER: _ClassVar[int]
    GOODS_RETURNED_FIELD_NUMBER: _ClassVar[int]
    SUBSTITUTION_OFFERED_FIELD_NUMBER: _ClassVar[int]
    SUBSTITUTION_DECIDED_FIELD_NUMBER: _ClassVar[int]
    HAND_OVER_DISPUTED_FIELD_NUMBER: _ClassVar[int]
    ALERT_ACKNOWLEDGED_FIELD_NUMBER: _ClassVar[int]
    WAVE_CHANGED_FIELD_NUMBER: _ClassVar[int]
    SUBSTITUTION_PROPOSED_FIELD_NUMBER: _ClassVar[int]
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
    task_assigned: TaskAssigned
    task_alerted: TaskAlerted
    task_reopened: TaskReopened
    task_reshelved: TaskReshelved
    arrival_announced: ArrivalAnnounced
    collection_terms_changed: CollectionTermsChanged
    collection_reminded: CollectionReminded
    collection_extended: CollectionExtended
    task_partly_collected: TaskPartlyCollected
    line_refused: LineRefused
    task_refused: TaskRefused
    goods_returned: GoodsReturned
    substitution_offered: SubstitutionOffered
    substitution_decided: SubstitutionDecided
    hand_over_disputed: HandOverDisputed
    alert_acknowledged: AlertAcknowledged
    wave_changed: WaveChanged
    substitution_proposed: SubstitutionProposed
    def __init__(self, event_id: _Optional[str] = ..., record_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., revision: _Optional[int] = ..., task: _Optional[_Union[_tasks_pb2.Task, _Mapping]] = ..., actor: _Optional[str] = ..., task_accepted: _Optional[_Union[TaskAccepted, _Mapping]] = ..., task_rejected: _Optional[_Union[TaskRejected, _Mapping]] = ..., line_short_picked: _Optional[_Union[LineShortPicked, _Mapping]] = ..., task_ready: _Optional[_Union[TaskReady, _Mapping]] = ..., customer_checked_in: _Optional[_Union[CustomerCheckedIn, _Mapping]] = ..., task_collected: _Optional[_Union[TaskCollected, _Mapping]] = ..., task_shipped: _Optional[_Union[TaskShipped, _Mapping]] = ..., task_expired: _Optional[_Union[TaskExpired, _Mapping]] = ..., task_cancelled: _Optional[_Union[TaskCancelled, _Mapping]] = ..., task_started: _Optional[_Union[TaskStarted, _Mapping]] = ..., task_opened: _Optional[_Union[TaskOpened, _Mapping]] = ..., line_picked: _Optional[_Union[LinePicked, _Mapping]] = ..., line_withdrawn: _Optional[_Union[LineWithdrawn, _Mapping]] = ..., task_packed: _Optional[_Union[TaskPacked, _Mapping]] = ..., task_assigned: _Optional[_Union[TaskAssigned, _Mapping]] = ..., task_alerted: _Optional[_Union[TaskAlerted, _Mapping]] = ..., task_reopened: _Optional[_Union[TaskReopened, _Mapping]] = ..., task_reshelved: _Optional[_Union[TaskReshelved, _Mapping]] = ..., arrival_announced: _Optional[_Union[ArrivalAnnounced, _Mapping]] = ..., collection_terms_changed: _Optional[_Union[CollectionTermsChanged, _Mapping]] = ..., collection_reminded: _Optional[_Union[CollectionReminded, _Mapping]] = ..., collection_extended: _Optional[_Union[CollectionExtended, _Mapping]] = ..., task_partly_collected: _Optional[_Union[TaskPartlyCollected, _Mapping]] = ..., line_refused: _Optional[_Union[LineRefused, _Mapping]] = ..., task_refused: _Optional[_Union[TaskRefused, _Mapping]] = ..., goods_returned: _Optional[_Union[GoodsReturned, _Mapping]] = ..., substitution_offered: _Optional[_Union[SubstitutionOffered, _Mapping]] = ..., substitution_decided: _Optional[_Union[SubstitutionDecided, _Mapping]] = ..., hand_over_disputed: _Optional[_Union[HandOverDisputed, _Mapping]] = ..., alert_acknowledged: _Optional[_Union[AlertAcknowledged, _Mapping]] = ..., wave_changed: _Optional[_Union[WaveChanged, _Mapping]] = ..., substitution_proposed: _Optional[_Union[SubstitutionProposed, _Mapping]] = ...) -> None: ...

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
    __slots__ = ("hand_over",)
    HAND_OVER_FIELD_NUMBER: _ClassVar[int]
    hand_over: _tasks_pb2.HandOverRecord
    def __init__(self, hand_over: _Optional[_Union[_tasks_pb2.HandOverRecord, _Mapping]] = ...) -> None: ...

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

class TaskAssigned(_message.Message):
    __slots__ = ("assignee",)
    ASSIGNEE_FIELD_NUMBER: _ClassVar[int]
    assignee: str
    def __init__(self, assignee: _Optional[str] = ...) -> None: ...

class TaskAlerted(_message.Message):
    __slots__ = ("alert",)
    ALERT_FIELD_NUMBER: _ClassVar[int]
    alert: _tasks_pb2.TaskAlert
    def __init__(self, alert: _Optional[_Union[_tasks_pb2.TaskAlert, _Mapping]] = ...) -> None: ...

class TaskReopened(_message.Message):
    __slots__ = ("line_id", "quantity", "detail")
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    line_id: str
    quantity: int
    detail: str
    def __init__(self, line_id: _Optional[str] = ..., quantity: _Optional[int] = ..., detail: _Optional[str] = ...) -> None: ...

class TaskReshelved(_message.Message):
    __slots__ = ("quantity",)
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    quantity: int
    def __init__(self, quantity: _Optional[int] = ...) -> None: ...

class ArrivalAnnounced(_message.Message):
    __slots__ = ("arrive_time",)
    ARRIVE_TIME_FIELD_NUMBER: _ClassVar[int]
    arrive_time: _timestamp_pb2.Timestamp
    def __init__(self, arrive_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class CollectionTermsChanged(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class CollectionReminded(_message.Message):
    __slots__ = ("collect_deadline",)
    COLLECT_DEADLINE_FIELD_NUMBER: _ClassVar[int]
    collect_deadline: _timestamp_pb2.Timestamp
    def __init__(self, collect_deadline: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class CollectionExtended(_message.Message):
    __slots__ = ("collect_deadline",)
    COLLECT_DEADLINE_FIELD_NUMBER: _ClassVar[int]
    collect_deadline: _timestamp_pb2.Timestamp
    def __init__(self, collect_deadline: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class TaskPartlyCollected(_message.Message):
    __slots__ = ("hand_over", "code")
    HAND_OVER_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    hand_over: _tasks_pb2.HandOverRecord
    code: str
    def __init__(self, hand_over: _Optional[_Union[_tasks_pb2.HandOverRecord, _Mapping]] = ..., code: _Optional[str] = ...) -> None: ...

class LineRefused(_message.Message):
    __slots__ = ("line_id", "quantity", "condition", "detail")
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    CONDITION_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    line_id: str
    quantity: int
    condition: _tasks_pb2.GoodsCondition
    detail: str
    def __init__(self, line_id: _Optional[str] = ..., quantity: _Optional[int] = ..., condition: _Optional[_Union[_tasks_pb2.GoodsCondition, str]] = ..., detail: _Optional[str] = ...) -> None: ...

class TaskRefused(_message.Message):
    __slots__ = ("hand_over",)
    HAND_OVER_FIELD_NUMBER: _ClassVar[int]
    hand_over: _tasks_pb2.HandOverRecord
    def __init__(self, hand_over: _Optional[_Union[_tasks_pb2.HandOverRecord, _Mapping]] = ...) -> None: ...

class GoodsReturned(_message.Message):
    __slots__ = ("location_id", "line_id", "quantity", "condition", "detail", "epcs")
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    CONDITION_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    EPCS_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    line_id: str
    quantity: int
    condition: _tasks_pb2.GoodsCondition
    detail: str
    epcs: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, location_id: _Optional[str] = ..., line_id: _Optional[str] = ..., quantity: _Optional[int] = ..., condition: _Optional[_Union[_tasks_pb2.GoodsCondition, str]] = ..., detail: _Optional[str] = ..., epcs: _Optional[_Iterable[str]] = ...) -> None: ...

class SubstitutionOffered(_message.Message):
    __slots__ = ("substitution",)
    SUBSTITUTION_FIELD_NUMBER: _ClassVar[int]
    substitution: _tasks_pb2.Substitution
    def __init__(self, substitution: _Optional[_Union[_tasks_pb2.Substitution, _Mapping]] = ...) -> None: ...

class SubstitutionDecided(_message.Message):
    __slots__ = ("substitution", "reason")
    SUBSTITUTION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    substitution: _tasks_pb2.Substitution
    reason: _tasks_pb2.RejectReason
    def __init__(self, substitution: _Optional[_Union[_tasks_pb2.Substitution, _Mapping]] = ..., reason: _Optional[_Union[_tasks_pb2.RejectReason, str]] = ...) -> None: ...

class HandOverDisputed(_message.Message):
    __slots__ = ("hand_over", "detail")
    HAND_OVER_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    hand_over: _tasks_pb2.HandOverRecord
    detail: str
    def __init__(self, hand_over: _Optional[_Union[_tasks_pb2.HandOverRecord, _Mapping]] = ..., detail: _Optional[str] = ...) -> None: ...

class AlertAcknowledged(_message.Message):
    __slots__ = ("alert_id",)
    ALERT_ID_FIELD_NUMBER: _ClassVar[int]
    alert_id: str
    def __init__(self, alert_id: _Optional[str] = ...) -> None: ...

class WaveChanged(_message.Message):
    __slots__ = ("wave_id",)
    WAVE_ID_FIELD_NUMBER: _ClassVar[int]
    wave_id: str
    def __init__(self, wave_id: _Optional[str] = ...) -> None: ...

class SubstitutionProposed(_message.Message):
    __slots__ = ("substitution",)
    SUBSTITUTION_FIELD_NUMBER: _ClassVar[int]
    substitution: _tasks_pb2.Substitution
    def __init__(self, substitution: _Optional[_Union[_tasks_pb2.Substitution, _Mapping]] = ...) -> None: ...
