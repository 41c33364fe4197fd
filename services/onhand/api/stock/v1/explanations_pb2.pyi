import datetime

from onhand.api.buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from onhand.api.auth.v1 import scopes_pb2 as _scopes_pb2
from onhand.api.stock.v1 import availability_pb2 as _availability_pb2
from onhand.api.stock.v1 import counts_pb2 as _counts_pb2
from onhand.api.stock.v1 import ledger_pb2 as _ledger_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ExplainAvailabilityRequest(_message.Message):
    __slots__ = ("item_id", "location_id", "page_size", "page_token", "channel")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    location_id: str
    page_size: int
    page_token: str
    channel: str
    def __init__(self, item_id: _Optional[str] = ..., location_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., channel: _Optional[str] = ...) -> None: ...

class ExplainAvailabilityResponse(_message.Message):
    __slots__ = ("availability", "terms", "sources", "next_page_token", "history_start_time", "confirm_time", "confidence_half_life")
    AVAILABILITY_FIELD_NUMBER: _ClassVar[int]
    TERMS_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    HISTORY_START_TIME_FIELD_NUMBER: _ClassVar[int]
    CONFIRM_TIME_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_HALF_LIFE_FIELD_NUMBER: _ClassVar[int]
    availability: _availability_pb2.Availability
    terms: _containers.RepeatedCompositeFieldContainer[AvailabilityTerm]
    sources: _containers.RepeatedCompositeFieldContainer[AvailabilitySource]
    next_page_token: str
    history_start_time: _timestamp_pb2.Timestamp
    confirm_time: _timestamp_pb2.Timestamp
    confidence_half_life: _duration_pb2.Duration
    def __init__(self, availability: _Optional[_Union[_availability_pb2.Availability, _Mapping]] = ..., terms: _Optional[_Iterable[_Union[AvailabilityTerm, _Mapping]]] = ..., sources: _Optional[_Iterable[_Union[AvailabilitySource, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., history_start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., confirm_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., confidence_half_life: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class AvailabilityTerm(_message.Message):
    __slots__ = ("kind", "bucket", "quantity", "opening_quantity", "source_count")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[AvailabilityTerm.Kind]
        KIND_ON_HAND: _ClassVar[AvailabilityTerm.Kind]
        KIND_UNAVAILABLE: _ClassVar[AvailabilityTerm.Kind]
        KIND_RESERVED: _ClassVar[AvailabilityTerm.Kind]
        KIND_COMMITTED: _ClassVar[AvailabilityTerm.Kind]
        KIND_SAFETY_STOCK: _ClassVar[AvailabilityTerm.Kind]
        KIND_SHORT: _ClassVar[AvailabilityTerm.Kind]
    KIND_UNSPECIFIED: AvailabilityTerm.Kind
    KIND_ON_HAND: AvailabilityTerm.Kind
    KIND_UNAVAILABLE: AvailabilityTerm.Kind
    KIND_RESERVED: AvailabilityTerm.Kind
    KIND_COMMITTED: AvailabilityTerm.Kind
    KIND_SAFETY_STOCK: AvailabilityTerm.Kind
    KIND_SHORT: AvailabilityTerm.Kind
    KIND_FIELD_NUMBER: _ClassVar[int]
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    OPENING_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    SOURCE_COUNT_FIELD_NUMBER: _ClassVar[int]
    kind: AvailabilityTerm.Kind
    bucket: _ledger_pb2.Bucket
    quantity: int
    opening_quantity: int
    source_count: int
    def __init__(self, kind: _Optional[_Union[AvailabilityTerm.Kind, str]] = ..., bucket: _Optional[_Union[_ledger_pb2.Bucket, str]] = ..., quantity: _Optional[int] = ..., opening_quantity: _Optional[int] = ..., source_count: _Optional[int] = ...) -> None: ...

class AvailabilitySource(_message.Message):
    __slots__ = ("effects", "movement", "reservation", "policy", "count")
    EFFECTS_FIELD_NUMBER: _ClassVar[int]
    MOVEMENT_FIELD_NUMBER: _ClassVar[int]
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    effects: _containers.RepeatedCompositeFieldContainer[TermEffect]
    movement: _ledger_pb2.Movement
    reservation: ReservationSource
    policy: PolicySource
    count: CountSource
    def __init__(self, effects: _Optional[_Iterable[_Union[TermEffect, _Mapping]]] = ..., movement: _Optional[_Union[_ledger_pb2.Movement, _Mapping]] = ..., reservation: _Optional[_Union[ReservationSource, _Mapping]] = ..., policy: _Optional[_Union[PolicySource, _Mapping]] = ..., count: _Optional[_Union[CountSource, _Mapping]] = ...) -> None: ...

class TermEffect(_message.Message):
    __slots__ = ("kind", "bucket", "quantity")
    KIND_FIELD_NUMBER: _ClassVar[int]
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    kind: AvailabilityTerm.Kind
    bucket: _ledger_pb2.Bucket
    quantity: int
    def __init__(self, kind: _Optional[_Union[AvailabilityTerm.Kind, str]] = ..., bucket: _Optional[_Union[_ledger_pb2.Bucket, str]] = ..., quantity: _Optional[int] = ...) -> None: ...

class ReservationSource(_message.Message):
    __slots__ = ("reservation_id", "order_id", "channel", "quantity", "create_time", "expire_time")
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    reservation_id: str
    order_id: str
    channel: str
    quantity: int
    create_time: _timestamp_pb2.Timestamp
    expire_time: _timestamp_pb2.Timestamp
    def __init__(self, reservation_id: _Optional[str] = ..., order_id: _Optional[str] = ..., channel: _Optional[str] = ..., quantity: _Optional[int] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class PolicySource(_message.Message):
    __slots__ = ("policy", "quantity")
    POLICY_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    policy: str
    quantity: int
    def __init__(self, policy: _Optional[str] = ..., quantity: _Optional[int] = ...) -> None: ...

class CountSource(_message.Message):
    __slots__ = ("count_id", "kind", "actor", "end_time", "missing_quantity", "found_quantity")
    COUNT_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    MISSING_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    FOUND_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    count_id: str
    kind: _counts_pb2.Count.Kind
    actor: str
    end_time: _timestamp_pb2.Timestamp
    missing_quantity: int
    found_quantity: int
    def __init__(self, count_id: _Optional[str] = ..., kind: _Optional[_Union[_counts_pb2.Count.Kind, str]] = ..., actor: _Optional[str] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., missing_quantity: _Optional[int] = ..., found_quantity: _Optional[int] = ...) -> None: ...

class ListAvailabilityHistoryRequest(_message.Message):
    __slots__ = ("item_id", "location_id", "start_time", "end_time", "page_size", "page_token")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    location_id: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    page_size: int
    page_token: str
    def __init__(self, item_id: _Optional[str] = ..., location_id: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListAvailabilityHistoryResponse(_message.Message):
    __slots__ = ("points", "next_page_token")
    POINTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    points: _containers.RepeatedCompositeFieldContainer[_availability_pb2.Availability]
    next_page_token: str
    def __init__(self, points: _Optional[_Iterable[_Union[_availability_pb2.Availability, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
