import datetime

from onhand.api.buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.rpc import status_pb2 as _status_pb2
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

class Item(_message.Message):
    __slots__ = ("item_id", "gtins", "title", "style_id", "size", "colour", "item_class", "tagged", "picture_uri", "weight_grams")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    GTINS_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    STYLE_ID_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    COLOUR_FIELD_NUMBER: _ClassVar[int]
    ITEM_CLASS_FIELD_NUMBER: _ClassVar[int]
    TAGGED_FIELD_NUMBER: _ClassVar[int]
    PICTURE_URI_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_GRAMS_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    gtins: _containers.RepeatedScalarFieldContainer[str]
    title: str
    style_id: str
    size: str
    colour: str
    item_class: str
    tagged: bool
    picture_uri: str
    weight_grams: int
    def __init__(self, item_id: _Optional[str] = ..., gtins: _Optional[_Iterable[str]] = ..., title: _Optional[str] = ..., style_id: _Optional[str] = ..., size: _Optional[str] = ..., colour: _Optional[str] = ..., item_class: _Optional[str] = ..., tagged: _Optional[bool] = ..., picture_uri: _Optional[str] = ..., weight_grams: _Optional[int] = ...) -> None: ...

class Location(_message.Message):
    __slots__ = ("location_id", "kind", "title", "address", "position", "time_zone", "gln", "collect_enabled", "ship_enabled", "zones", "safety_stock", "opening_hours")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[Location.Kind]
        KIND_STORE: _ClassVar[Location.Kind]
        KIND_DISTRIBUTION_CENTRE: _ClassVar[Location.Kind]
    KIND_UNSPECIFIED: Location.Kind
    KIND_STORE: Location.Kind
    KIND_DISTRIBUTION_CENTRE: Location.Kind
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    GLN_FIELD_NUMBER: _ClassVar[int]
    COLLECT_ENABLED_FIELD_NUMBER: _ClassVar[int]
    SHIP_ENABLED_FIELD_NUMBER: _ClassVar[int]
    ZONES_FIELD_NUMBER: _ClassVar[int]
    SAFETY_STOCK_FIELD_NUMBER: _ClassVar[int]
    OPENING_HOURS_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    kind: Location.Kind
    title: str
    address: _postal_address_pb2.PostalAddress
    position: _latlng_pb2.LatLng
    time_zone: str
    gln: str
    collect_enabled: bool
    ship_enabled: bool
    zones: _containers.RepeatedCompositeFieldContainer[Zone]
    safety_stock: int
    opening_hours: _containers.RepeatedCompositeFieldContainer[OpeningHours]
    def __init__(self, location_id: _Optional[str] = ..., kind: _Optional[_Union[Location.Kind, str]] = ..., title: _Optional[str] = ..., address: _Optional[_Union[_postal_address_pb2.PostalAddress, _Mapping]] = ..., position: _Optional[_Union[_latlng_pb2.LatLng, _Mapping]] = ..., time_zone: _Optional[str] = ..., gln: _Optional[str] = ..., collect_enabled: _Optional[bool] = ..., ship_enabled: _Optional[bool] = ..., zones: _Optional[_Iterable[_Union[Zone, _Mapping]]] = ..., safety_stock: _Optional[int] = ..., opening_hours: _Optional[_Iterable[_Union[OpeningHours, _Mapping]]] = ...) -> None: ...

class OpeningHours(_message.Message):
    __slots__ = ("day_of_week", "open_minute", "close_minute")
    DAY_OF_WEEK_FIELD_NUMBER: _ClassVar[int]
    OPEN_MINUTE_FIELD_NUMBER: _ClassVar[int]
    CLOSE_MINUTE_FIELD_NUMBER: _ClassVar[int]
    day_of_week: int
    open_minute: int
    close_minute: int
    def __init__(self, day_of_week: _Optional[int] = ..., open_minute: _Optional[int] = ..., close_minute: _Optional[int] = ...) -> None: ...

class Zone(_message.Message):
    __slots__ = ("zone_id", "kind")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[Zone.Kind]
        KIND_SALES_FLOOR: _ClassVar[Zone.Kind]
        KIND_BACK_ROOM: _ClassVar[Zone.Kind]
        KIND_FITTING_ROOM: _ClassVar[Zone.Kind]
        KIND_STAGING: _ClassVar[Zone.Kind]
        KIND_TRANSITION: _ClassVar[Zone.Kind]
        KIND_EXIT: _ClassVar[Zone.Kind]
        KIND_POS: _ClassVar[Zone.Kind]
    KIND_UNSPECIFIED: Zone.Kind
    KIND_SALES_FLOOR: Zone.Kind
    KIND_BACK_ROOM: Zone.Kind
    KIND_FITTING_ROOM: Zone.Kind
    KIND_STAGING: Zone.Kind
    KIND_TRANSITION: Zone.Kind
    KIND_EXIT: Zone.Kind
    KIND_POS: Zone.Kind
    ZONE_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    zone_id: str
    kind: Zone.Kind
    def __init__(self, zone_id: _Optional[str] = ..., kind: _Optional[_Union[Zone.Kind, str]] = ...) -> None: ...

class ReadPoint(_message.Message):
    __slots__ = ("reader_id", "antenna", "location_id", "zone_id", "last_read_time")
    READER_ID_FIELD_NUMBER: _ClassVar[int]
    ANTENNA_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    ZONE_ID_FIELD_NUMBER: _ClassVar[int]
    LAST_READ_TIME_FIELD_NUMBER: _ClassVar[int]
    reader_id: str
    antenna: int
    location_id: str
    zone_id: str
    last_read_time: _timestamp_pb2.Timestamp
    def __init__(self, reader_id: _Optional[str] = ..., antenna: _Optional[int] = ..., location_id: _Optional[str] = ..., zone_id: _Optional[str] = ..., last_read_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class BatchUpsertItemsRequest(_message.Message):
    __slots__ = ("items",)
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[Item]
    def __init__(self, items: _Optional[_Iterable[_Union[Item, _Mapping]]] = ...) -> None: ...

class BatchUpsertItemsResponse(_message.Message):
    __slots__ = ("statuses",)
    STATUSES_FIELD_NUMBER: _ClassVar[int]
    statuses: _containers.RepeatedCompositeFieldContainer[_status_pb2.Status]
    def __init__(self, statuses: _Optional[_Iterable[_Union[_status_pb2.Status, _Mapping]]] = ...) -> None: ...

class GetItemRequest(_message.Message):
    __slots__ = ("item_id", "gtin")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    GTIN_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    gtin: str
    def __init__(self, item_id: _Optional[str] = ..., gtin: _Optional[str] = ...) -> None: ...

class GetItemResponse(_message.Message):
    __slots__ = ("item",)
    ITEM_FIELD_NUMBER: _ClassVar[int]
    item: Item
    def __init__(self, item: _Optional[_Union[Item, _Mapping]] = ...) -> None: ...

class ListItemsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListItemsResponse(_message.Message):
    __slots__ = ("items", "next_page_token")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[Item]
    next_page_token: str
    def __init__(self, items: _Optional[_Iterable[_Union[Item, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class BatchUpsertLocationsRequest(_message.Message):
    __slots__ = ("locations",)
    LOCATIONS_FIELD_NUMBER: _ClassVar[int]
    locations: _containers.RepeatedCompositeFieldContainer[Location]
    def __init__(self, locations: _Optional[_Iterable[_Union[Location, _Mapping]]] = ...) -> None: ...

class BatchUpsertLocationsResponse(_message.Message):
    __slots__ = ("statuses",)
    STATUSES_FIELD_NUMBER: _ClassVar[int]
    statuses: _containers.RepeatedCompositeFieldContainer[_status_pb2.Status]
    def __init__(self, statuses: _Optional[_Iterable[_Union[_status_pb2.Status, _Mapping]]] = ...) -> None: ...

class GetLocationRequest(_message.Message):
    __slots__ = ("location_id",)
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    def __init__(self, location_id: _Optional[str] = ...) -> None: ...

class GetLocationResponse(_message.Message):
    __slots__ = ("location",)
    LOCATION_FIELD_NUMBER: _ClassVar[int]
    location: Location
    def __init__(self, location: _Optional[_Union[Location, _Mapping]] = ...) -> None: ...

class ListLocationsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListLocationsResponse(_message.Message):
    __slots__ = ("locations", "next_page_token")
    LOCATIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    locations: _containers.RepeatedCompositeFieldContainer[Location]
    next_page_token: str
    def __init__(self, locations: _Optional[_Iterable[_Union[Location, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class BatchUpsertReadPointsRequest(_message.Message):
    __slots__ = ("read_points",)
    READ_POINTS_FIELD_NUMBER: _ClassVar[int]
    read_points: _containers.RepeatedCompositeFieldContainer[ReadPoint]
    def __init__(self, read_points: _Optional[_Iterable[_Union[ReadPoint, _Mapping]]] = ...) -> None: ...

class BatchUpsertReadPointsResponse(_message.Message):
    __slots__ = ("statuses",)
    STATUSES_FIELD_NUMBER: _ClassVar[int]
    statuses: _containers.RepeatedCompositeFieldContainer[_status_pb2.Status]
    def __init__(self, statuses: _Optional[_Iterable[_Union[_status_pb2.Status, _Mapping]]] = ...) -> None: ...

class ListReadPointsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "only_unadopted")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ONLY_UNADOPTED_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    only_unadopted: bool
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., only_unadopted: _Optional[bool] = ...) -> None: ...

class ListReadPointsResponse(_message.Message):
    __slots__ = ("read_points", "next_page_token")
    READ_POINTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    read_points: _containers.RepeatedCompositeFieldContainer[ReadPoint]
    next_page_token: str
    def __init__(self, read_points: _Optional[_Iterable[_Union[ReadPoint, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
