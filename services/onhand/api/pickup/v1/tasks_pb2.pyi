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

class SlotKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SLOT_KIND_UNSPECIFIED: _ClassVar[SlotKind]
    SLOT_KIND_COUNTER: _ClassVar[SlotKind]
    SLOT_KIND_CURBSIDE: _ClassVar[SlotKind]
    SLOT_KIND_LOCKER: _ClassVar[SlotKind]

class GoodsCondition(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GOODS_CONDITION_UNSPECIFIED: _ClassVar[GoodsCondition]
    GOODS_CONDITION_SELLABLE: _ClassVar[GoodsCondition]
    GOODS_CONDITION_DAMAGED: _ClassVar[GoodsCondition]
    GOODS_CONDITION_QUALITY_CONTROL: _ClassVar[GoodsCondition]

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
SLOT_KIND_UNSPECIFIED: SlotKind
SLOT_KIND_COUNTER: SlotKind
SLOT_KIND_CURBSIDE: SlotKind
SLOT_KIND_LOCKER: SlotKind
GOODS_CONDITION_UNSPECIFIED: GoodsCondition
GOODS_CONDITION_SELLABLE: GoodsCondition
GOODS_CONDITION_DAMAGED: GoodsCondition
GOODS_CONDITION_QUALITY_CONTROL: GoodsCondition
REJECT_REASON_UNSPECIFIED: RejectReason
REJECT_REASON_NOT_FOUND: RejectReason
REJECT_REASON_DAMAGED: RejectReason
REJECT_REASON_MISMATCH: RejectReason
REJECT_REASON_DISPLAY_PIECE: RejectReason
REJECT_REASON_NO_CAPACITY: RejectReason
REJECT_REASON_TIMED_OUT: RejectReason
REJECT_REASON_OTHER: RejectReason

class Task(_message.Message):
    __slots__ = ("task_id", "order_id", "location_id", "kind", "state", "lines", "promise_time", "accept_deadline", "customer_display_name", "shipping_address", "staging_place", "assignee", "check_in_time", "check_in_note", "carrier", "tracking_number", "create_time", "version", "collect_deadline", "alerts", "wave_id", "step_deadline", "escalation_count", "accept_time", "ready_time", "end_time", "on_my_way_time", "arrive_time", "alternate_collector_name", "identity_check_required", "minimum_age", "substitutions", "slot", "extension_count", "shelve_deadline", "hand_overs")
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
        STATE_REFUSED: _ClassVar[Task.State]
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
    STATE_REFUSED: Task.State
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
    ALERTS_FIELD_NUMBER: _ClassVar[int]
    WAVE_ID_FIELD_NUMBER: _ClassVar[int]
    STEP_DEADLINE_FIELD_NUMBER: _ClassVar[int]
    ESCALATION_COUNT_FIELD_NUMBER: _ClassVar[int]
    ACCEPT_TIME_FIELD_NUMBER: _ClassVar[int]
    READY_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    ON_MY_WAY_TIME_FIELD_NUMBER: _ClassVar[int]
    ARRIVE_TIME_FIELD_NUMBER: _ClassVar[int]
    ALTERNATE_COLLECTOR_NAME_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_CHECK_REQUIRED_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_AGE_FIELD_NUMBER: _ClassVar[int]
    SUBSTITUTIONS_FIELD_NUMBER: _ClassVar[int]
    SLOT_FIELD_NUMBER: _ClassVar[int]
    EXTENSION_COUNT_FIELD_NUMBER: _ClassVar[int]
    SHELVE_DEADLINE_FIELD_NUMBER: _ClassVar[int]
    HAND_OVERS_FIELD_NUMBER: _ClassVar[int]
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
    alerts: _containers.RepeatedCompositeFieldContainer[TaskAlert]
    wave_id: str
    step_deadline: _timestamp_pb2.Timestamp
    escalation_count: int
    accept_time: _timestamp_pb2.Timestamp
    ready_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    on_my_way_time: _timestamp_pb2.Timestamp
    arrive_time: _timestamp_pb2.Timestamp
    alternate_collector_name: str
    identity_check_required: bool
    minimum_age: int
    substitutions: _containers.RepeatedCompositeFieldContainer[Substitution]
    slot: TaskSlot
    extension_count: int
    shelve_deadline: _timestamp_pb2.Timestamp
    hand_overs: _containers.RepeatedCompositeFieldContainer[HandOverRecord]
    def __init__(self, task_id: _Optional[str] = ..., order_id: _Optional[str] = ..., location_id: _Optional[str] = ..., kind: _Optional[_Union[Task.Kind, str]] = ..., state: _Optional[_Union[Task.State, str]] = ..., lines: _Optional[_Iterable[_Union[TaskLine, _Mapping]]] = ..., promise_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., accept_deadline: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., customer_display_name: _Optional[str] = ..., shipping_address: _Optional[_Union[_postal_address_pb2.PostalAddress, _Mapping]] = ..., staging_place: _Optional[str] = ..., assignee: _Optional[str] = ..., check_in_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., check_in_note: _Optional[str] = ..., carrier: _Optional[str] = ..., tracking_number: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., collect_deadline: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., alerts: _Optional[_Iterable[_Union[TaskAlert, _Mapping]]] = ..., wave_id: _Optional[str] = ..., step_deadline: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., escalation_count: _Optional[int] = ..., accept_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ready_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., on_my_way_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., arrive_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., alternate_collector_name: _Optional[str] = ..., identity_check_required: _Optional[bool] = ..., minimum_age: _Optional[int] = ..., substitutions: _Optional[_Iterable[_Union[Substitution, _Mapping]]] = ..., slot: _Optional[_Union[TaskSlot, _Mapping]] = ..., extension_count: _Optional[int] = ..., shelve_deadline: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., hand_overs: _Optional[_Iterable[_Union[HandOverRecord, _Mapping]]] = ...) -> None: ...

class TaskAlert(_message.Message):
    __slots__ = ("alert_id", "kind", "raise_time", "detail", "epc", "line_id")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[TaskAlert.Kind]
        KIND_STEP_LATE: _ClassVar[TaskAlert.Kind]
        KIND_TAG_LEFT: _ClassVar[TaskAlert.Kind]
        KIND_CUSTOMER_WAITS: _ClassVar[TaskAlert.Kind]
        KIND_SHELVE_LATE: _ClassVar[TaskAlert.Kind]
        KIND_HAND_OVER_DISPUTED: _ClassVar[TaskAlert.Kind]
        KIND_SLOT_OVERRUN: _ClassVar[TaskAlert.Kind]
        KIND_STOCK_SHORT: _ClassVar[TaskAlert.Kind]
    KIND_UNSPECIFIED: TaskAlert.Kind
    KIND_STEP_LATE: TaskAlert.Kind
    KIND_TAG_LEFT: TaskAlert.Kind
    KIND_CUSTOMER_WAITS: TaskAlert.Kind
    KIND_SHELVE_LATE: TaskAlert.Kind
    KIND_HAND_OVER_DISPUTED: TaskAlert.Kind
    KIND_SLOT_OVERRUN: TaskAlert.Kind
    KIND_STOCK_SHORT: TaskAlert.Kind
    ALERT_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    RAISE_TIME_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    EPC_FIELD_NUMBER: _ClassVar[int]
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    alert_id: str
    kind: TaskAlert.Kind
    raise_time: _timestamp_pb2.Timestamp
    detail: str
    epc: str
    line_id: str
    def __init__(self, alert_id: _Optional[str] = ..., kind: _Optional[_Union[TaskAlert.Kind, str]] = ..., raise_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., detail: _Optional[str] = ..., epc: _Optional[str] = ..., line_id: _Optional[str] = ...) -> None: ...

class TaskSlot(_message.Message):
    __slots__ = ("slot_booking_id", "kind", "start_time", "end_time")
    SLOT_BOOKING_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    slot_booking_id: str
    kind: SlotKind
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, slot_booking_id: _Optional[str] = ..., kind: _Optional[_Union[SlotKind, str]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Substitution(_message.Message):
    __slots__ = ("substitution_id", "line_id", "item_id", "quantity", "substitute_line_id", "state", "decide_deadline", "detail")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[Substitution.State]
        STATE_PROPOSED: _ClassVar[Substitution.State]
        STATE_OFFERED: _ClassVar[Substitution.State]
        STATE_ACCEPTED: _ClassVar[Substitution.State]
        STATE_DECLINED: _ClassVar[Substitution.State]
        STATE_LAPSED: _ClassVar[Substitution.State]
        STATE_FAILED: _ClassVar[Substitution.State]
    STATE_UNSPECIFIED: Substitution.State
    STATE_PROPOSED: Substitution.State
    STATE_OFFERED: Substitution.State
    STATE_ACCEPTED: Substitution.State
    STATE_DECLINED: Substitution.State
    STATE_LAPSED: Substitution.State
    STATE_FAILED: Substitution.State
    SUBSTITUTION_ID_FIELD_NUMBER: _ClassVar[int]
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    SUBSTITUTE_LINE_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    DECIDE_DEADLINE_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    substitution_id: str
    line_id: str
    item_id: str
    quantity: int
    substitute_line_id: str
    state: Substitution.State
    decide_deadline: _timestamp_pb2.Timestamp
    detail: str
    def __init__(self, substitution_id: _Optional[str] = ..., line_id: _Optional[str] = ..., item_id: _Optional[str] = ..., quantity: _Optional[int] = ..., substitute_line_id: _Optional[str] = ..., state: _Optional[_Union[Substitution.State, str]] = ..., decide_deadline: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., detail: _Optional[str] = ...) -> None: ...

class HandOverRecord(_message.Message):
    __slots__ = ("hand_over_id", "hand_over_time", "actor", "collector_name", "proof_reference", "till_id", "given_quantity", "refused_quantity", "offline")
    HAND_OVER_ID_FIELD_NUMBER: _ClassVar[int]
    HAND_OVER_TIME_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_NAME_FIELD_NUMBER: _ClassVar[int]
    PROOF_REFERENCE_FIELD_NUMBER: _ClassVar[int]
    TILL_ID_FIELD_NUMBER: _ClassVar[int]
    GIVEN_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    REFUSED_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    OFFLINE_FIELD_NUMBER: _ClassVar[int]
    hand_over_id: str
    hand_over_time: _timestamp_pb2.Timestamp
    actor: str
    collector_name: str
    proof_reference: str
    till_id: str
    given_quantity: int
    refused_quantity: int
    offline: bool
    def __init__(self, hand_over_id: _Optional[str] = ..., hand_over_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., actor: _Optional[str] = ..., collector_name: _Optional[str] = ..., proof_reference: _Optional[str] = ..., till_id: _Optional[str] = ..., given_quantity: _Optional[int] = ..., refused_quantity: _Optional[int] = ..., offline: _Optional[bool] = ...) -> None: ...

class TaskLine(_message.Message):
    __slots__ = ("line_id", "item_id", "quantity", "picked_quantity", "short_quantity", "epcs", "cancelled_quantity", "handed_over_quantity", "refused_quantity", "returned_quantity", "shelve_quantity", "substituted_quantity", "given_epcs")
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    PICKED_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    SHORT_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    EPCS_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    HANDED_OVER_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    REFUSED_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    RETURNED_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    SHELVE_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    SUBSTITUTED_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    GIVEN_EPCS_FIELD_NUMBER: _ClassVar[int]
    line_id: str
    item_id: str
    quantity: int
    picked_quantity: int
    short_quantity: int
    epcs: _containers.RepeatedScalarFieldContainer[str]
    cancelled_quantity: int
    handed_over_quantity: int
    refused_quantity: int
    returned_quantity: int
    shelve_quantity: int
    substituted_quantity: int
    given_epcs: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, line_id: _Optional[str] = ..., item_id: _Optional[str] = ..., quantity: _Optional[int] = ..., picked_quantity: _Optional[int] = ..., short_quantity: _Optional[int] = ..., epcs: _Optional[_Iterable[str]] = ..., cancelled_quantity: _Optional[int] = ..., handed_over_quantity: _Optional[int] = ..., refused_quantity: _Optional[int] = ..., returned_quantity: _Optional[int] = ..., shelve_quantity: _Optional[int] = ..., substituted_quantity: _Optional[int] = ..., given_epcs: _Optional[_Iterable[str]] = ...) -> None: ...

class ListTasksRequest(_message.Message):
    __slots__ = ("location_id", "states", "page_size", "page_token", "only_to_shelve")
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ONLY_TO_SHELVE_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    states: _containers.RepeatedScalarFieldContainer[Task.State]
    page_size: int
    page_token: str
    only_to_shelve: bool
    def __init__(self, location_id: _Optional[str] = ..., states: _Optional[_Iterable[_Union[Task.State, str]]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., only_to_shelve: _Optional[bool] = ...) -> None: ...

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
    __slots__ = ("request_id", "task_id", "code", "collection_pass", "lines", "collector_name", "identity_checked", "age_checked", "proof_reference", "till_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    COLLECTION_PASS_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_NAME_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_CHECKED_FIELD_NUMBER: _ClassVar[int]
    AGE_CHECKED_FIELD_NUMBER: _ClassVar[int]
    PROOF_REFERENCE_FIELD_NUMBER: _ClassVar[int]
    TILL_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    task_id: str
    code: str
    collection_pass: str
    lines: _containers.RepeatedCompositeFieldContainer[HandOverLine]
    collector_name: str
    identity_checked: bool
    age_checked: bool
    proof_reference: str
    till_id: str
    def __init__(self, request_id: _Optional[str] = ..., task_id: _Optional[str] = ..., code: _Optional[str] = ..., collection_pass: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[HandOverLine, _Mapping]]] = ..., collector_name: _Optional[str] = ..., identity_checked: _Optional[bool] = ..., age_checked: _Optional[bool] = ..., proof_reference: _Optional[str] = ..., till_id: _Optional[str] = ...) -> None: ...

class HandOverLine(_message.Message):
    __slots__ = ("line_id", "given_quantity", "refused_quantity", "given_epcs", "refused_condition", "detail")
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    GIVEN_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    REFUSED_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    GIVEN_EPCS_FIELD_NUMBER: _ClassVar[int]
    REFUSED_CONDITION_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    line_id: str
    given_quantity: int
    refused_quantity: int
    given_epcs: _containers.RepeatedScalarFieldContainer[str]
    refused_condition: GoodsCondition
    detail: str
    def __init__(self, line_id: _Optional[str] = ..., given_quantity: _Optional[int] = ..., refused_quantity: _Optional[int] = ..., given_epcs: _Optional[_Iterable[str]] = ..., refused_condition: _Optional[_Union[GoodsCondition, str]] = ..., detail: _Optional[str] = ...) -> None: ...

class HandOverResponse(_message.Message):
    __slots__ = ("task",)
    TASK_FIELD_NUMBER: _ClassVar[int]
    task: Task
    def __init__(self, task: _Optional[_Union[Task, _Mapping]] = ...) -> None: ...

class RequireChecksRequest(_message.Message):
    __slots__ = ("request_id", "task_id", "identity_check_required", "minimum_age")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_CHECK_REQUIRED_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_AGE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    task_id: str
    identity_check_required: bool
    minimum_age: int
    def __init__(self, request_id: _Optional[str] = ..., task_id: _Optional[str] = ..., identity_check_required: _Optional[bool] = ..., minimum_age: _Optional[int] = ...) -> None: ...

class RequireChecksResponse(_message.Message):
    __slots__ = ("task",)
    TASK_FIELD_NUMBER: _ClassVar[int]
    task: Task
    def __init__(self, task: _Optional[_Union[Task, _Mapping]] = ...) -> None: ...

class AssignTaskRequest(_message.Message):
    __slots__ = ("request_id", "task_id", "assignee")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    ASSIGNEE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    task_id: str
    assignee: str
    def __init__(self, request_id: _Optional[str] = ..., task_id: _Optional[str] = ..., assignee: _Optional[str] = ...) -> None: ...

class AssignTaskResponse(_message.Message):
    __slots__ = ("task",)
    TASK_FIELD_NUMBER: _ClassVar[int]
    task: Task
    def __init__(self, task: _Optional[_Union[Task, _Mapping]] = ...) -> None: ...

class ReshelveTaskRequest(_message.Message):
    __slots__ = ("request_id", "task_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    task_id: str
    def __init__(self, request_id: _Optional[str] = ..., task_id: _Optional[str] = ...) -> None: ...

class ReshelveTaskResponse(_message.Message):
    __slots__ = ("task",)
    TASK_FIELD_NUMBER: _ClassVar[int]
    task: Task
    def __init__(self, task: _Optional[_Union[Task, _Mapping]] = ...) -> None: ...

class AcknowledgeAlertRequest(_message.Message):
    __slots__ = ("request_id", "task_id", "alert_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    ALERT_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    task_id: str
    alert_id: str
    def __init__(self, request_id: _Optional[str] = ..., task_id: _Optional[str] = ..., alert_id: _Optional[str] = ...) -> None: ...

class AcknowledgeAlertResponse(_message.Message):
    __slots__ = ("task",)
    TASK_FIELD_NUMBER: _ClassVar[int]
    task: Task
    def __init__(self, task: _Optional[_Union[Task, _Mapping]] = ...) -> None: ...
