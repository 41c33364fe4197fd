import datetime

from onhand.api.buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import latlng_pb2 as _latlng_pb2
from google.type import postal_address_pb2 as _postal_address_pb2
from onhand.api.auth.v1 import scopes_pb2 as _scopes_pb2
from onhand.api.routing.v1 import orders_pb2 as _orders_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CreateQuoteRequest(_message.Message):
    __slots__ = ("channel", "customer_id", "lines", "position", "shipping_address", "allow_split", "store_count", "allow_transfer")
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    SHIPPING_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    ALLOW_SPLIT_FIELD_NUMBER: _ClassVar[int]
    STORE_COUNT_FIELD_NUMBER: _ClassVar[int]
    ALLOW_TRANSFER_FIELD_NUMBER: _ClassVar[int]
    channel: str
    customer_id: str
    lines: _containers.RepeatedCompositeFieldContainer[_orders_pb2.OrderLine]
    position: _latlng_pb2.LatLng
    shipping_address: _postal_address_pb2.PostalAddress
    allow_split: bool
    store_count: int
    allow_transfer: bool
    def __init__(self, channel: _Optional[str] = ..., customer_id: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[_orders_pb2.OrderLine, _Mapping]]] = ..., position: _Optional[_Union[_latlng_pb2.LatLng, _Mapping]] = ..., shipping_address: _Optional[_Union[_postal_address_pb2.PostalAddress, _Mapping]] = ..., allow_split: _Optional[bool] = ..., store_count: _Optional[int] = ..., allow_transfer: _Optional[bool] = ...) -> None: ...

class CreateQuoteResponse(_message.Message):
    __slots__ = ("options", "expire_time")
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    options: _containers.RepeatedCompositeFieldContainer[QuoteOption]
    expire_time: _timestamp_pb2.Timestamp
    def __init__(self, options: _Optional[_Iterable[_Union[QuoteOption, _Mapping]]] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class QuoteOption(_message.Message):
    __slots__ = ("quote_token", "method", "location_ids", "impossible_because", "promise_time", "slot_end_time", "delivery_date", "shipping_cost", "distance_metres", "transfer_from_location_ids")
    QUOTE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    LOCATION_IDS_FIELD_NUMBER: _ClassVar[int]
    IMPOSSIBLE_BECAUSE_FIELD_NUMBER: _ClassVar[int]
    PROMISE_TIME_FIELD_NUMBER: _ClassVar[int]
    SLOT_END_TIME_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_DATE_FIELD_NUMBER: _ClassVar[int]
    SHIPPING_COST_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_METRES_FIELD_NUMBER: _ClassVar[int]
    TRANSFER_FROM_LOCATION_IDS_FIELD_NUMBER: _ClassVar[int]
    quote_token: str
    method: _orders_pb2.FulfilmentMethod
    location_ids: _containers.RepeatedScalarFieldContainer[str]
    impossible_because: str
    promise_time: _timestamp_pb2.Timestamp
    slot_end_time: _timestamp_pb2.Timestamp
    delivery_date: str
    shipping_cost: float
    distance_metres: int
    transfer_from_location_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, quote_token: _Optional[str] = ..., method: _Optional[_Union[_orders_pb2.FulfilmentMethod, str]] = ..., location_ids: _Optional[_Iterable[str]] = ..., impossible_because: _Optional[str] = ..., promise_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., slot_end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., delivery_date: _Optional[str] = ..., shipping_cost: _Optional[float] = ..., distance_metres: _Optional[int] = ..., transfer_from_location_ids: _Optional[_Iterable[str]] = ...) -> None: ...
