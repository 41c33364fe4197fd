import datetime

from onhand.api.buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.rpc import status_pb2 as _status_pb2
from google.type import latlng_pb2 as _latlng_pb2
from onhand.api.auth.v1 import scopes_pb2 as _scopes_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class StockState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STOCK_STATE_UNSPECIFIED: _ClassVar[StockState]
    STOCK_STATE_IN_STOCK: _ClassVar[StockState]
    STOCK_STATE_LOW: _ClassVar[StockState]
    STOCK_STATE_OUT: _ClassVar[StockState]
STOCK_STATE_UNSPECIFIED: StockState
STOCK_STATE_IN_STOCK: StockState
STOCK_STATE_LOW: StockState
STOCK_STATE_OUT: StockState

class Consistency(_message.Message):
    __slots__ = ("at_least_as_fresh", "fully_consistent", "read_time")
    AT_LEAST_AS_FRESH_FIELD_NUMBER: _ClassVar[int]
    FULLY_CONSISTENT_FIELD_NUMBER: _ClassVar[int]
    READ_TIME_FIELD_NUMBER: _ClassVar[int]
    at_least_as_fresh: int
    fully_consistent: bool
    read_time: _timestamp_pb2.Timestamp
    def __init__(self, at_least_as_fresh: _Optional[int] = ..., fully_consistent: _Optional[bool] = ..., read_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Availability(_message.Message):
    __slots__ = ("item_id", "location_id", "on_hand", "unavailable", "reserved", "committed", "safety_stock", "available", "in_transit", "as_of", "confidence", "revision", "stock_state", "quantities_hidden")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    ON_HAND_FIELD_NUMBER: _ClassVar[int]
    UNAVAILABLE_FIELD_NUMBER: _ClassVar[int]
    RESERVED_FIELD_NUMBER: _ClassVar[int]
    COMMITTED_FIELD_NUMBER: _ClassVar[int]
    SAFETY_STOCK_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_FIELD_NUMBER: _ClassVar[int]
    IN_TRANSIT_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    STOCK_STATE_FIELD_NUMBER: _ClassVar[int]
    QUANTITIES_HIDDEN_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    location_id: str
    on_hand: int
    unavailable: int
    reserved: int
    committed: int
    safety_stock: int
    available: int
    in_transit: int
    as_of: _timestamp_pb2.Timestamp
    confidence: float
    revision: int
    stock_state: StockState
    quantities_hidden: bool
    def __init__(self, item_id: _Optional[str] = ..., location_id: _Optional[str] = ..., on_hand: _Optional[int] = ..., unavailable: _Optional[int] = ..., reserved: _Optional[int] = ..., committed: _Optional[int] = ..., safety_stock: _Optional[int] = ..., available: _Optional[int] = ..., in_transit: _Optional[int] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., confidence: _Optional[float] = ..., revision: _Optional[int] = ..., stock_state: _Optional[_Union[StockState, str]] = ..., quantities_hidden: _Optional[bool] = ...) -> None: ...

class AvailabilityLine(_message.Message):
    __slots__ = ("availability", "status")
    AVAILABILITY_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    availability: Availability
    status: _status_pb2.Status
    def __init__(self, availability: _Optional[_Union[Availability, _Mapping]] = ..., status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class GetAvailabilityRequest(_message.Message):
    __slots__ = ("item_ids", "location_ids", "consistency", "channel", "read_mask", "policy_channel")
    ITEM_IDS_FIELD_NUMBER: _ClassVar[int]
    LOCATION_IDS_FIELD_NUMBER: _ClassVar[int]
    CONSISTENCY_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    READ_MASK_FIELD_NUMBER: _ClassVar[int]
    POLICY_CHANNEL_FIELD_NUMBER: _ClassVar[int]
    item_ids: _containers.RepeatedScalarFieldContainer[str]
    location_ids: _containers.RepeatedScalarFieldContainer[str]
    consistency: Consistency
    channel: str
    read_mask: _field_mask_pb2.FieldMask
    policy_channel: str
    def __init__(self, item_ids: _Optional[_Iterable[str]] = ..., location_ids: _Optional[_Iterable[str]] = ..., consistency: _Optional[_Union[Consistency, _Mapping]] = ..., channel: _Optional[str] = ..., read_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ..., policy_channel: _Optional[str] = ...) -> None: ...

class GetAvailabilityResponse(_message.Message):
    __slots__ = ("lines", "revision")
    LINES_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    lines: _containers.RepeatedCompositeFieldContainer[AvailabilityLine]
    revision: int
    def __init__(self, lines: _Optional[_Iterable[_Union[AvailabilityLine, _Mapping]]] = ..., revision: _Optional[int] = ...) -> None: ...

class FindNearbyRequest(_message.Message):
    __slots__ = ("position", "radius_metres", "items", "collect_only", "ship_only", "max_count", "include_excluded", "consistency", "postal_code", "region_code", "open_only", "open_time", "channel")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    RADIUS_METRES_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    COLLECT_ONLY_FIELD_NUMBER: _ClassVar[int]
    SHIP_ONLY_FIELD_NUMBER: _ClassVar[int]
    MAX_COUNT_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_EXCLUDED_FIELD_NUMBER: _ClassVar[int]
    CONSISTENCY_FIELD_NUMBER: _ClassVar[int]
    POSTAL_CODE_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    OPEN_ONLY_FIELD_NUMBER: _ClassVar[int]
    OPEN_TIME_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    position: _latlng_pb2.LatLng
    radius_metres: int
    items: _containers.RepeatedCompositeFieldContainer[ItemQuantity]
    collect_only: bool
    ship_only: bool
    max_count: int
    include_excluded: bool
    consistency: Consistency
    postal_code: str
    region_code: str
    open_only: bool
    open_time: _timestamp_pb2.Timestamp
    channel: str
    def __init__(self, position: _Optional[_Union[_latlng_pb2.LatLng, _Mapping]] = ..., radius_metres: _Optional[int] = ..., items: _Optional[_Iterable[_Union[ItemQuantity, _Mapping]]] = ..., collect_only: _Optional[bool] = ..., ship_only: _Optional[bool] = ..., max_count: _Optional[int] = ..., include_excluded: _Optional[bool] = ..., consistency: _Optional[_Union[Consistency, _Mapping]] = ..., postal_code: _Optional[str] = ..., region_code: _Optional[str] = ..., open_only: _Optional[bool] = ..., open_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., channel: _Optional[str] = ...) -> None: ...

class ItemQuantity(_message.Message):
    __slots__ = ("item_id", "quantity")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    quantity: int
    def __init__(self, item_id: _Optional[str] = ..., quantity: _Optional[int] = ...) -> None: ...

class FindNearbyResponse(_message.Message):
    __slots__ = ("locations", "revision")
    LOCATIONS_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    locations: _containers.RepeatedCompositeFieldContainer[NearbyLocation]
    revision: int
    def __init__(self, locations: _Optional[_Iterable[_Union[NearbyLocation, _Mapping]]] = ..., revision: _Optional[int] = ...) -> None: ...

class NearbyLocation(_message.Message):
    __slots__ = ("location_id", "distance_metres", "items", "exclusion", "open")
    class Exclusion(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        EXCLUSION_UNSPECIFIED: _ClassVar[NearbyLocation.Exclusion]
        EXCLUSION_COLLECT_DISABLED: _ClassVar[NearbyLocation.Exclusion]
        EXCLUSION_SHIP_DISABLED: _ClassVar[NearbyLocation.Exclusion]
        EXCLUSION_INSUFFICIENT_STOCK: _ClassVar[NearbyLocation.Exclusion]
        EXCLUSION_CLOSED: _ClassVar[NearbyLocation.Exclusion]
    EXCLUSION_UNSPECIFIED: NearbyLocation.Exclusion
    EXCLUSION_COLLECT_DISABLED: NearbyLocation.Exclusion
    EXCLUSION_SHIP_DISABLED: NearbyLocation.Exclusion
    EXCLUSION_INSUFFICIENT_STOCK: NearbyLocation.Exclusion
    EXCLUSION_CLOSED: NearbyLocation.Exclusion
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_METRES_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    EXCLUSION_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    distance_metres: int
    items: _containers.RepeatedCompositeFieldContainer[Availability]
    exclusion: NearbyLocation.Exclusion
    open: bool
    def __init__(self, location_id: _Optional[str] = ..., distance_metres: _Optional[int] = ..., items: _Optional[_Iterable[_Union[Availability, _Mapping]]] = ..., exclusion: _Optional[_Union[NearbyLocation.Exclusion, str]] = ..., open: _Optional[bool] = ...) -> None: ...

class WatchAvailabilityRequest(_message.Message):
    __slots__ = ("item_ids", "location_ids", "channel", "thresholds_only", "resume_revision")
    ITEM_IDS_FIELD_NUMBER: _ClassVar[int]
    LOCATION_IDS_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    THRESHOLDS_ONLY_FIELD_NUMBER: _ClassVar[int]
    RESUME_REVISION_FIELD_NUMBER: _ClassVar[int]
    item_ids: _containers.RepeatedScalarFieldContainer[str]
    location_ids: _containers.RepeatedScalarFieldContainer[str]
    channel: str
    thresholds_only: bool
    resume_revision: int
    def __init__(self, item_ids: _Optional[_Iterable[str]] = ..., location_ids: _Optional[_Iterable[str]] = ..., channel: _Optional[str] = ..., thresholds_only: _Optional[bool] = ..., resume_revision: _Optional[int] = ...) -> None: ...

class WatchAvailabilityResponse(_message.Message):
    __slots__ = ("cells", "snapshot_complete", "revision")
    CELLS_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_COMPLETE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    cells: _containers.RepeatedCompositeFieldContainer[Availability]
    snapshot_complete: bool
    revision: int
    def __init__(self, cells: _Optional[_Iterable[_Union[Availability, _Mapping]]] = ..., snapshot_complete: _Optional[bool] = ..., revision: _Optional[int] = ...) -> None: ...
