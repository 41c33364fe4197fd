import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import postal_address_pb2 as _postal_address_pb2
from onhand.api.routing.v1 import orders_pb2 as _orders_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RoutingEvent(_message.Message):
    __slots__ = ("event_id", "record_time", "revision", "order_accepted", "lines_assigned", "assignment_cancelled", "order_delayed", "lines_cancelled")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    RECORD_TIME_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    ORDER_ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    LINES_ASSIGNED_FIELD_NUMBER: _ClassVar[int]
    ASSIGNMENT_CANCELLED_FIELD_NUMBER: _ClassVar[int]
    ORDER_DELAYED_FIELD_NUMBER: _ClassVar[int]
    LINES_CANCELLED_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    record_time: _timestamp_pb2.Timestamp
    revision: int
    order_accepted: OrderAccepted
    lines_assigned: LinesAssigned
    assignment_cancelled: AssignmentCancelled
    order_delayed: OrderDelayed
    lines_cancelled: LinesCancelled
    def __init__(self, event_id: _Optional[str] = ..., record_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., revision: _Optional[int] = ..., order_accepted: _Optional[_Union[OrderAccepted, _Mapping]] = ..., lines_assigned: _Optional[_Union[LinesAssigned, _Mapping]] = ..., assignment_cancelled: _Optional[_Union[AssignmentCancelled, _Mapping]] = ..., order_delayed: _Optional[_Union[OrderDelayed, _Mapping]] = ..., lines_cancelled: _Optional[_Union[LinesCancelled, _Mapping]] = ...) -> None: ...

class OrderAccepted(_message.Message):
    __slots__ = ("order",)
    ORDER_FIELD_NUMBER: _ClassVar[int]
    order: _orders_pb2.Order
    def __init__(self, order: _Optional[_Union[_orders_pb2.Order, _Mapping]] = ...) -> None: ...

class LinesAssigned(_message.Message):
    __slots__ = ("task_id", "order_id", "location_id", "method", "lines", "reservation_id", "promise_time", "customer_display_name", "shipping_address")
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    PROMISE_TIME_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    SHIPPING_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    task_id: str
    order_id: str
    location_id: str
    method: _orders_pb2.FulfilmentMethod
    lines: _containers.RepeatedCompositeFieldContainer[AssignedLine]
    reservation_id: str
    promise_time: _timestamp_pb2.Timestamp
    customer_display_name: str
    shipping_address: _postal_address_pb2.PostalAddress
    def __init__(self, task_id: _Optional[str] = ..., order_id: _Optional[str] = ..., location_id: _Optional[str] = ..., method: _Optional[_Union[_orders_pb2.FulfilmentMethod, str]] = ..., lines: _Optional[_Iterable[_Union[AssignedLine, _Mapping]]] = ..., reservation_id: _Optional[str] = ..., promise_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., customer_display_name: _Optional[str] = ..., shipping_address: _Optional[_Union[_postal_address_pb2.PostalAddress, _Mapping]] = ...) -> None: ...

class AssignedLine(_message.Message):
    __slots__ = ("line_id", "item_id", "quantity")
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    line_id: str
    item_id: str
    quantity: int
    def __init__(self, line_id: _Optional[str] = ..., item_id: _Optional[str] = ..., quantity: _Optional[int] = ...) -> None: ...

class AssignmentCancelled(_message.Message):
    __slots__ = ("task_id", "line_ids", "detail")
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    LINE_IDS_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    task_id: str
    line_ids: _containers.RepeatedScalarFieldContainer[str]
    detail: str
    def __init__(self, task_id: _Optional[str] = ..., line_ids: _Optional[_Iterable[str]] = ..., detail: _Optional[str] = ...) -> None: ...

class OrderDelayed(_message.Message):
    __slots__ = ("order_id", "line_ids", "promise_time_before", "promise_time", "delivery_date_before", "delivery_date")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    LINE_IDS_FIELD_NUMBER: _ClassVar[int]
    PROMISE_TIME_BEFORE_FIELD_NUMBER: _ClassVar[int]
    PROMISE_TIME_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_DATE_BEFORE_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_DATE_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    line_ids: _containers.RepeatedScalarFieldContainer[str]
    promise_time_before: _timestamp_pb2.Timestamp
    promise_time: _timestamp_pb2.Timestamp
    delivery_date_before: str
    delivery_date: str
    def __init__(self, order_id: _Optional[str] = ..., line_ids: _Optional[_Iterable[str]] = ..., promise_time_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., promise_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., delivery_date_before: _Optional[str] = ..., delivery_date: _Optional[str] = ...) -> None: ...

class LinesCancelled(_message.Message):
    __slots__ = ("order_id", "line_ids", "detail")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    LINE_IDS_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    line_ids: _containers.RepeatedScalarFieldContainer[str]
    detail: str
    def __init__(self, order_id: _Optional[str] = ..., line_ids: _Optional[_Iterable[str]] = ..., detail: _Optional[str] = ...) -> None: ...
