import datetime

from onhand.api.buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.rpc import status_pb2 as _status_pb2
from onhand.api.auth.v1 import scopes_pb2 as _scopes_pb2
from onhand.api.stock.v1 import ledger_pb2 as _ledger_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ReservationLine(_message.Message):
    __slots__ = ("item_id", "location_id", "quantity", "fulfilled_quantity", "released_quantity", "cell_version")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    FULFILLED_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    RELEASED_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    CELL_VERSION_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    location_id: str
    quantity: int
    fulfilled_quantity: int
    released_quantity: int
    cell_version: int
    def __init__(self, item_id: _Optional[str] = ..., location_id: _Optional[str] = ..., quantity: _Optional[int] = ..., fulfilled_quantity: _Optional[int] = ..., released_quantity: _Optional[int] = ..., cell_version: _Optional[int] = ...) -> None: ...

class Reservation(_message.Message):
    __slots__ = ("reservation_id", "state", "lines", "channel", "customer_id", "order_id", "create_time", "expire_time", "revision")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[Reservation.State]
        STATE_HELD: _ClassVar[Reservation.State]
        STATE_COMMITTED: _ClassVar[Reservation.State]
        STATE_FULFILLED: _ClassVar[Reservation.State]
        STATE_RELEASED: _ClassVar[Reservation.State]
        STATE_EXPIRED: _ClassVar[Reservation.State]
        STATE_BUMPED: _ClassVar[Reservation.State]
    STATE_UNSPECIFIED: Reservation.State
    STATE_HELD: Reservation.State
    STATE_COMMITTED: Reservation.State
    STATE_FULFILLED: Reservation.State
    STATE_RELEASED: Reservation.State
    STATE_EXPIRED: Reservation.State
    STATE_BUMPED: Reservation.State
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    reservation_id: str
    state: Reservation.State
    lines: _containers.RepeatedCompositeFieldContainer[ReservationLine]
    channel: str
    customer_id: str
    order_id: str
    create_time: _timestamp_pb2.Timestamp
    expire_time: _timestamp_pb2.Timestamp
    revision: int
    def __init__(self, reservation_id: _Optional[str] = ..., state: _Optional[_Union[Reservation.State, str]] = ..., lines: _Optional[_Iterable[_Union[ReservationLine, _Mapping]]] = ..., channel: _Optional[str] = ..., customer_id: _Optional[str] = ..., order_id: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., revision: _Optional[int] = ...) -> None: ...

class CreateReservationRequest(_message.Message):
    __slots__ = ("request_id", "lines", "hold_duration", "channel", "customer_id", "order_id", "allow_partial", "ignore_safety_stock")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    HOLD_DURATION_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    ALLOW_PARTIAL_FIELD_NUMBER: _ClassVar[int]
    IGNORE_SAFETY_STOCK_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    lines: _containers.RepeatedCompositeFieldContainer[ReservationLine]
    hold_duration: _duration_pb2.Duration
    channel: str
    customer_id: str
    order_id: str
    allow_partial: bool
    ignore_safety_stock: bool
    def __init__(self, request_id: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[ReservationLine, _Mapping]]] = ..., hold_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., channel: _Optional[str] = ..., customer_id: _Optional[str] = ..., order_id: _Optional[str] = ..., allow_partial: _Optional[bool] = ..., ignore_safety_stock: _Optional[bool] = ...) -> None: ...

class CreateReservationResponse(_message.Message):
    __slots__ = ("reservation",)
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    reservation: Reservation
    def __init__(self, reservation: _Optional[_Union[Reservation, _Mapping]] = ...) -> None: ...

class BatchCreateReservationsRequest(_message.Message):
    __slots__ = ("requests",)
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    requests: _containers.RepeatedCompositeFieldContainer[CreateReservationRequest]
    def __init__(self, requests: _Optional[_Iterable[_Union[CreateReservationRequest, _Mapping]]] = ...) -> None: ...

class BatchCreateReservationsResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[BatchCreateReservationsResult]
    def __init__(self, results: _Optional[_Iterable[_Union[BatchCreateReservationsResult, _Mapping]]] = ...) -> None: ...

class BatchCreateReservationsResult(_message.Message):
    __slots__ = ("reservation", "status")
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    reservation: Reservation
    status: _status_pb2.Status
    def __init__(self, reservation: _Optional[_Union[Reservation, _Mapping]] = ..., status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class GetReservationRequest(_message.Message):
    __slots__ = ("reservation_id",)
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    reservation_id: str
    def __init__(self, reservation_id: _Optional[str] = ...) -> None: ...

class GetReservationResponse(_message.Message):
    __slots__ = ("reservation",)
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    reservation: Reservation
    def __init__(self, reservation: _Optional[_Union[Reservation, _Mapping]] = ...) -> None: ...

class ListReservationsRequest(_message.Message):
    __slots__ = ("order_id", "customer_id", "page_size", "page_token", "channel", "location_id", "item_id", "states", "create_time_from", "create_time_before")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FROM_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_BEFORE_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    customer_id: str
    page_size: int
    page_token: str
    channel: str
    location_id: str
    item_id: str
    states: _containers.RepeatedScalarFieldContainer[Reservation.State]
    create_time_from: _timestamp_pb2.Timestamp
    create_time_before: _timestamp_pb2.Timestamp
    def __init__(self, order_id: _Optional[str] = ..., customer_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., channel: _Optional[str] = ..., location_id: _Optional[str] = ..., item_id: _Optional[str] = ..., states: _Optional[_Iterable[_Union[Reservation.State, str]]] = ..., create_time_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., create_time_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListReservationsResponse(_message.Message):
    __slots__ = ("reservations", "next_page_token")
    RESERVATIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    reservations: _containers.RepeatedCompositeFieldContainer[Reservation]
    next_page_token: str
    def __init__(self, reservations: _Optional[_Iterable[_Union[Reservation, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ExtendReservationRequest(_message.Message):
    __slots__ = ("request_id", "reservation_id", "hold_duration")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    HOLD_DURATION_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    reservation_id: str
    hold_duration: _duration_pb2.Duration
    def __init__(self, request_id: _Optional[str] = ..., reservation_id: _Optional[str] = ..., hold_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class ExtendReservationResponse(_message.Message):
    __slots__ = ("reservation",)
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    reservation: Reservation
    def __init__(self, reservation: _Optional[_Union[Reservation, _Mapping]] = ...) -> None: ...

class CommitReservationRequest(_message.Message):
    __slots__ = ("request_id", "reservation_id", "order_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    reservation_id: str
    order_id: str
    def __init__(self, request_id: _Optional[str] = ..., reservation_id: _Optional[str] = ..., order_id: _Optional[str] = ...) -> None: ...

class CommitReservationResponse(_message.Message):
    __slots__ = ("reservation",)
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    reservation: Reservation
    def __init__(self, reservation: _Optional[_Union[Reservation, _Mapping]] = ...) -> None: ...

class ReleaseReservationRequest(_message.Message):
    __slots__ = ("request_id", "reservation_id", "lines")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    reservation_id: str
    lines: _containers.RepeatedCompositeFieldContainer[ReleaseLine]
    def __init__(self, request_id: _Optional[str] = ..., reservation_id: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[ReleaseLine, _Mapping]]] = ...) -> None: ...

class ReleaseLine(_message.Message):
    __slots__ = ("item_id", "location_id", "quantity", "to_bucket")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    TO_BUCKET_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    location_id: str
    quantity: int
    to_bucket: _ledger_pb2.Bucket
    def __init__(self, item_id: _Optional[str] = ..., location_id: _Optional[str] = ..., quantity: _Optional[int] = ..., to_bucket: _Optional[_Union[_ledger_pb2.Bucket, str]] = ...) -> None: ...

class ReleaseReservationResponse(_message.Message):
    __slots__ = ("reservation",)
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    reservation: Reservation
    def __init__(self, reservation: _Optional[_Union[Reservation, _Mapping]] = ...) -> None: ...

class FulfilReservationRequest(_message.Message):
    __slots__ = ("request_id", "reservation_id", "lines", "manner")
    class Manner(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        MANNER_UNSPECIFIED: _ClassVar[FulfilReservationRequest.Manner]
        MANNER_COLLECTED: _ClassVar[FulfilReservationRequest.Manner]
        MANNER_SHIPPED: _ClassVar[FulfilReservationRequest.Manner]
    MANNER_UNSPECIFIED: FulfilReservationRequest.Manner
    MANNER_COLLECTED: FulfilReservationRequest.Manner
    MANNER_SHIPPED: FulfilReservationRequest.Manner
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    MANNER_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    reservation_id: str
    lines: _containers.RepeatedCompositeFieldContainer[FulfilLine]
    manner: FulfilReservationRequest.Manner
    def __init__(self, request_id: _Optional[str] = ..., reservation_id: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[FulfilLine, _Mapping]]] = ..., manner: _Optional[_Union[FulfilReservationRequest.Manner, str]] = ...) -> None: ...

class FulfilLine(_message.Message):
    __slots__ = ("item_id", "location_id", "quantity", "epcs")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    EPCS_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    location_id: str
    quantity: int
    epcs: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, item_id: _Optional[str] = ..., location_id: _Optional[str] = ..., quantity: _Optional[int] = ..., epcs: _Optional[_Iterable[str]] = ...) -> None: ...

class FulfilReservationResponse(_message.Message):
    __slots__ = ("reservation",)
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    reservation: Reservation
    def __init__(self, reservation: _Optional[_Union[Reservation, _Mapping]] = ...) -> None: ...

class TransferReservationRequest(_message.Message):
    __slots__ = ("request_id", "reservation_id", "from_location_id", "to_location_id", "lines", "allow_partial", "ignore_safety_stock")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    FROM_LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    TO_LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    ALLOW_PARTIAL_FIELD_NUMBER: _ClassVar[int]
    IGNORE_SAFETY_STOCK_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    reservation_id: str
    from_location_id: str
    to_location_id: str
    lines: _containers.RepeatedCompositeFieldContainer[TransferLine]
    allow_partial: bool
    ignore_safety_stock: bool
    def __init__(self, request_id: _Optional[str] = ..., reservation_id: _Optional[str] = ..., from_location_id: _Optional[str] = ..., to_location_id: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[TransferLine, _Mapping]]] = ..., allow_partial: _Optional[bool] = ..., ignore_safety_stock: _Optional[bool] = ...) -> None: ...

class TransferLine(_message.Message):
    __slots__ = ("item_id", "quantity")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    quantity: int
    def __init__(self, item_id: _Optional[str] = ..., quantity: _Optional[int] = ...) -> None: ...

class TransferReservationResponse(_message.Message):
    __slots__ = ("reservation",)
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    reservation: Reservation
    def __init__(self, reservation: _Optional[_Union[Reservation, _Mapping]] = ...) -> None: ...

class BulkReleaseReservationsRequest(_message.Message):
    __slots__ = ("request_id", "customer_id", "channel", "location_id", "item_id", "create_time_before", "max_count", "validate_only")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_BEFORE_FIELD_NUMBER: _ClassVar[int]
    MAX_COUNT_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    customer_id: str
    channel: str
    location_id: str
    item_id: str
    create_time_before: _timestamp_pb2.Timestamp
    max_count: int
    validate_only: bool
    def __init__(self, request_id: _Optional[str] = ..., customer_id: _Optional[str] = ..., channel: _Optional[str] = ..., location_id: _Optional[str] = ..., item_id: _Optional[str] = ..., create_time_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., max_count: _Optional[int] = ..., validate_only: _Optional[bool] = ...) -> None: ...

class BulkReleaseReservationsResponse(_message.Message):
    __slots__ = ("reservations", "more")
    RESERVATIONS_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    reservations: _containers.RepeatedCompositeFieldContainer[Reservation]
    more: bool
    def __init__(self, reservations: _Optional[_Iterable[_Union[Reservation, _Mapping]]] = ..., more: _Optional[bool] = ...) -> None: ...
