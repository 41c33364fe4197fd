import datetime

from onhand.api.buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import latlng_pb2 as _latlng_pb2
from google.type import postal_address_pb2 as _postal_address_pb2
from onhand.api.auth.v1 import scopes_pb2 as _scopes_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class FulfilmentMethod(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FULFILMENT_METHOD_UNSPECIFIED: _ClassVar[FulfilmentMethod]
    FULFILMENT_METHOD_COLLECT: _ClassVar[FulfilmentMethod]
    FULFILMENT_METHOD_SHIP: _ClassVar[FulfilmentMethod]
FULFILMENT_METHOD_UNSPECIFIED: FulfilmentMethod
FULFILMENT_METHOD_COLLECT: FulfilmentMethod
FULFILMENT_METHOD_SHIP: FulfilmentMethod

class Customer(_message.Message):
    __slots__ = ("customer_id", "display_name", "email", "phone", "locale")
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    PHONE_FIELD_NUMBER: _ClassVar[int]
    LOCALE_FIELD_NUMBER: _ClassVar[int]
    customer_id: str
    display_name: str
    email: str
    phone: str
    locale: str
    def __init__(self, customer_id: _Optional[str] = ..., display_name: _Optional[str] = ..., email: _Optional[str] = ..., phone: _Optional[str] = ..., locale: _Optional[str] = ...) -> None: ...

class OrderLine(_message.Message):
    __slots__ = ("line_id", "item_id", "quantity", "state", "location_id", "task_id", "reservation_id", "failed_location_ids", "carrier", "tracking_number", "delivery_date", "promise_time", "bundle_id", "substitute_item_ids", "ordered_item_id", "shipment_id")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[OrderLine.State]
        STATE_ACCEPTED: _ClassVar[OrderLine.State]
        STATE_PLANNED: _ClassVar[OrderLine.State]
        STATE_RESERVED: _ClassVar[OrderLine.State]
        STATE_ASSIGNED: _ClassVar[OrderLine.State]
        STATE_PICKING: _ClassVar[OrderLine.State]
        STATE_READY: _ClassVar[OrderLine.State]
        STATE_PARKED: _ClassVar[OrderLine.State]
        STATE_COLLECTED: _ClassVar[OrderLine.State]
        STATE_SHIPPED: _ClassVar[OrderLine.State]
        STATE_CANCELLED: _ClassVar[OrderLine.State]
        STATE_EXPIRED: _ClassVar[OrderLine.State]
        STATE_RETURNED: _ClassVar[OrderLine.State]
        STATE_TRANSFERRING: _ClassVar[OrderLine.State]
    STATE_UNSPECIFIED: OrderLine.State
    STATE_ACCEPTED: OrderLine.State
    STATE_PLANNED: OrderLine.State
    STATE_RESERVED: OrderLine.State
    STATE_ASSIGNED: OrderLine.State
    STATE_PICKING: OrderLine.State
    STATE_READY: OrderLine.State
    STATE_PARKED: OrderLine.State
    STATE_COLLECTED: OrderLine.State
    STATE_SHIPPED: OrderLine.State
    STATE_CANCELLED: OrderLine.State
    STATE_EXPIRED: OrderLine.State
    STATE_RETURNED: OrderLine.State
    STATE_TRANSFERRING: OrderLine.State
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    FAILED_LOCATION_IDS_FIELD_NUMBER: _ClassVar[int]
    CARRIER_FIELD_NUMBER: _ClassVar[int]
    TRACKING_NUMBER_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_DATE_FIELD_NUMBER: _ClassVar[int]
    PROMISE_TIME_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_ID_FIELD_NUMBER: _ClassVar[int]
    SUBSTITUTE_ITEM_IDS_FIELD_NUMBER: _ClassVar[int]
    ORDERED_ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    SHIPMENT_ID_FIELD_NUMBER: _ClassVar[int]
    line_id: str
    item_id: str
    quantity: int
    state: OrderLine.State
    location_id: str
    task_id: str
    reservation_id: str
    failed_location_ids: _containers.RepeatedScalarFieldContainer[str]
    carrier: str
    tracking_number: str
    delivery_date: str
    promise_time: _timestamp_pb2.Timestamp
    bundle_id: str
    substitute_item_ids: _containers.RepeatedScalarFieldContainer[str]
    ordered_item_id: str
    shipment_id: str
    def __init__(self, line_id: _Optional[str] = ..., item_id: _Optional[str] = ..., quantity: _Optional[int] = ..., state: _Optional[_Union[OrderLine.State, str]] = ..., location_id: _Optional[str] = ..., task_id: _Optional[str] = ..., reservation_id: _Optional[str] = ..., failed_location_ids: _Optional[_Iterable[str]] = ..., carrier: _Optional[str] = ..., tracking_number: _Optional[str] = ..., delivery_date: _Optional[str] = ..., promise_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., bundle_id: _Optional[str] = ..., substitute_item_ids: _Optional[_Iterable[str]] = ..., ordered_item_id: _Optional[str] = ..., shipment_id: _Optional[str] = ...) -> None: ...

class Order(_message.Message):
    __slots__ = ("order_id", "channel", "customer", "method", "collect_location_id", "shipping_address", "shipping_position", "lines", "allow_split", "auto_cancel_time", "promise_time", "create_time", "version", "history", "latest_time", "allow_transfer")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    COLLECT_LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    SHIPPING_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    SHIPPING_POSITION_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    ALLOW_SPLIT_FIELD_NUMBER: _ClassVar[int]
    AUTO_CANCEL_TIME_FIELD_NUMBER: _ClassVar[int]
    PROMISE_TIME_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    HISTORY_FIELD_NUMBER: _ClassVar[int]
    LATEST_TIME_FIELD_NUMBER: _ClassVar[int]
    ALLOW_TRANSFER_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    channel: str
    customer: Customer
    method: FulfilmentMethod
    collect_location_id: str
    shipping_address: _postal_address_pb2.PostalAddress
    shipping_position: _latlng_pb2.LatLng
    lines: _containers.RepeatedCompositeFieldContainer[OrderLine]
    allow_split: bool
    auto_cancel_time: _timestamp_pb2.Timestamp
    promise_time: _timestamp_pb2.Timestamp
    create_time: _timestamp_pb2.Timestamp
    version: int
    history: _containers.RepeatedCompositeFieldContainer[OrderEvent]
    latest_time: _timestamp_pb2.Timestamp
    allow_transfer: bool
    def __init__(self, order_id: _Optional[str] = ..., channel: _Optional[str] = ..., customer: _Optional[_Union[Customer, _Mapping]] = ..., method: _Optional[_Union[FulfilmentMethod, str]] = ..., collect_location_id: _Optional[str] = ..., shipping_address: _Optional[_Union[_postal_address_pb2.PostalAddress, _Mapping]] = ..., shipping_position: _Optional[_Union[_latlng_pb2.LatLng, _Mapping]] = ..., lines: _Optional[_Iterable[_Union[OrderLine, _Mapping]]] = ..., allow_split: _Optional[bool] = ..., auto_cancel_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., promise_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., history: _Optional[_Iterable[_Union[OrderEvent, _Mapping]]] = ..., latest_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., allow_transfer: _Optional[bool] = ...) -> None: ...

class OrderEvent(_message.Message):
    __slots__ = ("record_time", "line_id", "state", "actor", "detail", "location_id")
    RECORD_TIME_FIELD_NUMBER: _ClassVar[int]
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    record_time: _timestamp_pb2.Timestamp
    line_id: str
    state: OrderLine.State
    actor: str
    detail: str
    location_id: str
    def __init__(self, record_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., line_id: _Optional[str] = ..., state: _Optional[_Union[OrderLine.State, str]] = ..., actor: _Optional[str] = ..., detail: _Optional[str] = ..., location_id: _Optional[str] = ...) -> None: ...

class SubmitOrderRequest(_message.Message):
    __slots__ = ("request_id", "order", "reservation_id", "quote_token")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    QUOTE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    order: Order
    reservation_id: str
    quote_token: str
    def __init__(self, request_id: _Optional[str] = ..., order: _Optional[_Union[Order, _Mapping]] = ..., reservation_id: _Optional[str] = ..., quote_token: _Optional[str] = ...) -> None: ...

class SubmitOrderResponse(_message.Message):
    __slots__ = ("order",)
    ORDER_FIELD_NUMBER: _ClassVar[int]
    order: Order
    def __init__(self, order: _Optional[_Union[Order, _Mapping]] = ...) -> None: ...

class GetOrderRequest(_message.Message):
    __slots__ = ("order_id",)
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    def __init__(self, order_id: _Optional[str] = ...) -> None: ...

class GetOrderResponse(_message.Message):
    __slots__ = ("order",)
    ORDER_FIELD_NUMBER: _ClassVar[int]
    order: Order
    def __init__(self, order: _Optional[_Union[Order, _Mapping]] = ...) -> None: ...

class ListOrdersRequest(_message.Message):
    __slots__ = ("customer_id", "state", "page_size", "page_token")
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    customer_id: str
    state: OrderLine.State
    page_size: int
    page_token: str
    def __init__(self, customer_id: _Optional[str] = ..., state: _Optional[_Union[OrderLine.State, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListOrdersResponse(_message.Message):
    __slots__ = ("orders", "next_page_token")
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    orders: _containers.RepeatedCompositeFieldContainer[Order]
    next_page_token: str
    def __init__(self, orders: _Optional[_Iterable[_Union[Order, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class WatchOrderRequest(_message.Message):
    __slots__ = ("order_id",)
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    def __init__(self, order_id: _Optional[str] = ...) -> None: ...

class WatchOrderResponse(_message.Message):
    __slots__ = ("order",)
    ORDER_FIELD_NUMBER: _ClassVar[int]
    order: Order
    def __init__(self, order: _Optional[_Union[Order, _Mapping]] = ...) -> None: ...

class CancelOrderRequest(_message.Message):
    __slots__ = ("request_id", "order_id", "line_ids", "detail")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    LINE_IDS_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    order_id: str
    line_ids: _containers.RepeatedScalarFieldContainer[str]
    detail: str
    def __init__(self, request_id: _Optional[str] = ..., order_id: _Optional[str] = ..., line_ids: _Optional[_Iterable[str]] = ..., detail: _Optional[str] = ...) -> None: ...

class CancelOrderResponse(_message.Message):
    __slots__ = ("order",)
    ORDER_FIELD_NUMBER: _ClassVar[int]
    order: Order
    def __init__(self, order: _Optional[_Union[Order, _Mapping]] = ...) -> None: ...

class ChangeOrderRequest(_message.Message):
    __slots__ = ("request_id", "order_id", "collect_location_id", "shipping_address", "shipping_position", "detail")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    COLLECT_LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    SHIPPING_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    SHIPPING_POSITION_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    order_id: str
    collect_location_id: str
    shipping_address: _postal_address_pb2.PostalAddress
    shipping_position: _latlng_pb2.LatLng
    detail: str
    def __init__(self, request_id: _Optional[str] = ..., order_id: _Optional[str] = ..., collect_location_id: _Optional[str] = ..., shipping_address: _Optional[_Union[_postal_address_pb2.PostalAddress, _Mapping]] = ..., shipping_position: _Optional[_Union[_latlng_pb2.LatLng, _Mapping]] = ..., detail: _Optional[str] = ...) -> None: ...

class ChangeOrderResponse(_message.Message):
    __slots__ = ("order",)
    ORDER_FIELD_NUMBER: _ClassVar[int]
    order: Order
    def __init__(self, order: _Optional[_Union[Order, _Mapping]] = ...) -> None: ...

class ExplainRoutingRequest(_message.Message):
    __slots__ = ("order_id",)
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    def __init__(self, order_id: _Optional[str] = ...) -> None: ...

class ExplainRoutingResponse(_message.Message):
    __slots__ = ("plans",)
    PLANS_FIELD_NUMBER: _ClassVar[int]
    plans: _containers.RepeatedCompositeFieldContainer[Plan]
    def __init__(self, plans: _Optional[_Iterable[_Union[Plan, _Mapping]]] = ...) -> None: ...

class Plan(_message.Message):
    __slots__ = ("plan_time", "candidates", "outcome", "policy_channel", "policy_version", "exact")
    PLAN_TIME_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    POLICY_CHANNEL_FIELD_NUMBER: _ClassVar[int]
    POLICY_VERSION_FIELD_NUMBER: _ClassVar[int]
    EXACT_FIELD_NUMBER: _ClassVar[int]
    plan_time: _timestamp_pb2.Timestamp
    candidates: _containers.RepeatedCompositeFieldContainer[Candidate]
    outcome: str
    policy_channel: str
    policy_version: int
    exact: bool
    def __init__(self, plan_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., candidates: _Optional[_Iterable[_Union[Candidate, _Mapping]]] = ..., outcome: _Optional[str] = ..., policy_channel: _Optional[str] = ..., policy_version: _Optional[int] = ..., exact: _Optional[bool] = ...) -> None: ...

class Candidate(_message.Message):
    __slots__ = ("location_id", "chosen", "excluded_by", "distance_metres", "cost", "terms", "verdicts")
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    CHOSEN_FIELD_NUMBER: _ClassVar[int]
    EXCLUDED_BY_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_METRES_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    TERMS_FIELD_NUMBER: _ClassVar[int]
    VERDICTS_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    chosen: bool
    excluded_by: str
    distance_metres: int
    cost: float
    terms: _containers.RepeatedCompositeFieldContainer[CostTerm]
    verdicts: _containers.RepeatedCompositeFieldContainer[FilterVerdict]
    def __init__(self, location_id: _Optional[str] = ..., chosen: _Optional[bool] = ..., excluded_by: _Optional[str] = ..., distance_metres: _Optional[int] = ..., cost: _Optional[float] = ..., terms: _Optional[_Iterable[_Union[CostTerm, _Mapping]]] = ..., verdicts: _Optional[_Iterable[_Union[FilterVerdict, _Mapping]]] = ...) -> None: ...

class FilterVerdict(_message.Message):
    __slots__ = ("filter", "passed", "detail")
    FILTER_FIELD_NUMBER: _ClassVar[int]
    PASSED_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    filter: str
    passed: bool
    detail: str
    def __init__(self, filter: _Optional[str] = ..., passed: _Optional[bool] = ..., detail: _Optional[str] = ...) -> None: ...

class CostTerm(_message.Message):
    __slots__ = ("name", "cost")
    NAME_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    name: str
    cost: float
    def __init__(self, name: _Optional[str] = ..., cost: _Optional[float] = ...) -> None: ...
