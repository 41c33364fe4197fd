import datetime

from onhand.api.buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.rpc import status_pb2 as _status_pb2
from google.type import latlng_pb2 as _latlng_pb2
from onhand.api.auth.v1 import scopes_pb2 as _scopes_pb2
from onhand.api.stock.v1 import availability_pb2 as _availability_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class LocationGroup(_message.Message):
    __slots__ = ("group_id", "location_ids")
    GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_IDS_FIELD_NUMBER: _ClassVar[int]
    group_id: str
    location_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, group_id: _Optional[str] = ..., location_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class GetNetworkAvailabilityRequest(_message.Message):
    __slots__ = ("item_ids", "groups", "channel")
    ITEM_IDS_FIELD_NUMBER: _ClassVar[int]
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    item_ids: _containers.RepeatedScalarFieldContainer[str]
    groups: _containers.RepeatedCompositeFieldContainer[LocationGroup]
    channel: str
    def __init__(self, item_ids: _Optional[_Iterable[str]] = ..., groups: _Optional[_Iterable[_Union[LocationGroup, _Mapping]]] = ..., channel: _Optional[str] = ...) -> None: ...

class GetNetworkAvailabilityResponse(_message.Message):
    __slots__ = ("lines", "as_of", "revision")
    LINES_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    lines: _containers.RepeatedCompositeFieldContainer[NetworkAvailability]
    as_of: _timestamp_pb2.Timestamp
    revision: int
    def __init__(self, lines: _Optional[_Iterable[_Union[NetworkAvailability, _Mapping]]] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., revision: _Optional[int] = ...) -> None: ...

class NetworkAvailability(_message.Message):
    __slots__ = ("item_id", "group_id", "on_hand", "available", "in_transit", "stocked_location_count", "stock_state", "quantities_hidden", "status")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    ON_HAND_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_FIELD_NUMBER: _ClassVar[int]
    IN_TRANSIT_FIELD_NUMBER: _ClassVar[int]
    STOCKED_LOCATION_COUNT_FIELD_NUMBER: _ClassVar[int]
    STOCK_STATE_FIELD_NUMBER: _ClassVar[int]
    QUANTITIES_HIDDEN_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    group_id: str
    on_hand: int
    available: int
    in_transit: int
    stocked_location_count: int
    stock_state: _availability_pb2.StockState
    quantities_hidden: bool
    status: _status_pb2.Status
    def __init__(self, item_id: _Optional[str] = ..., group_id: _Optional[str] = ..., on_hand: _Optional[int] = ..., available: _Optional[int] = ..., in_transit: _Optional[int] = ..., stocked_location_count: _Optional[int] = ..., stock_state: _Optional[_Union[_availability_pb2.StockState, str]] = ..., quantities_hidden: _Optional[bool] = ..., status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class GetStyleAvailabilityRequest(_message.Message):
    __slots__ = ("style_id", "location_ids", "channel")
    STYLE_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_IDS_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    style_id: str
    location_ids: _containers.RepeatedScalarFieldContainer[str]
    channel: str
    def __init__(self, style_id: _Optional[str] = ..., location_ids: _Optional[_Iterable[str]] = ..., channel: _Optional[str] = ...) -> None: ...

class GetStyleAvailabilityResponse(_message.Message):
    __slots__ = ("variants", "revision")
    VARIANTS_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    variants: _containers.RepeatedCompositeFieldContainer[StyleVariant]
    revision: int
    def __init__(self, variants: _Optional[_Iterable[_Union[StyleVariant, _Mapping]]] = ..., revision: _Optional[int] = ...) -> None: ...

class StyleVariant(_message.Message):
    __slots__ = ("item_id", "size", "colour", "lines")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    COLOUR_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    size: str
    colour: str
    lines: _containers.RepeatedCompositeFieldContainer[_availability_pb2.AvailabilityLine]
    def __init__(self, item_id: _Optional[str] = ..., size: _Optional[str] = ..., colour: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[_availability_pb2.AvailabilityLine, _Mapping]]] = ...) -> None: ...

class ListSubstitutesRequest(_message.Message):
    __slots__ = ("item_id", "location_ids", "quantity", "channel")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_IDS_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    location_ids: _containers.RepeatedScalarFieldContainer[str]
    quantity: int
    channel: str
    def __init__(self, item_id: _Optional[str] = ..., location_ids: _Optional[_Iterable[str]] = ..., quantity: _Optional[int] = ..., channel: _Optional[str] = ...) -> None: ...

class ListSubstitutesResponse(_message.Message):
    __slots__ = ("substitutes", "revision")
    SUBSTITUTES_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    substitutes: _containers.RepeatedCompositeFieldContainer[Substitute]
    revision: int
    def __init__(self, substitutes: _Optional[_Iterable[_Union[Substitute, _Mapping]]] = ..., revision: _Optional[int] = ...) -> None: ...

class Substitute(_message.Message):
    __slots__ = ("item_id", "availabilities")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    AVAILABILITIES_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    availabilities: _containers.RepeatedCompositeFieldContainer[_availability_pb2.Availability]
    def __init__(self, item_id: _Optional[str] = ..., availabilities: _Optional[_Iterable[_Union[_availability_pb2.Availability, _Mapping]]] = ...) -> None: ...

class GetAvailableToPromiseRequest(_message.Message):
    __slots__ = ("item_id", "location_ids")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_IDS_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    location_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, item_id: _Optional[str] = ..., location_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class GetAvailableToPromiseResponse(_message.Message):
    __slots__ = ("lines", "as_of")
    LINES_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    lines: _containers.RepeatedCompositeFieldContainer[AvailableToPromise]
    as_of: _timestamp_pb2.Timestamp
    def __init__(self, lines: _Optional[_Iterable[_Union[AvailableToPromise, _Mapping]]] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class AvailableToPromise(_message.Message):
    __slots__ = ("location_id", "steps", "undated_quantity")
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    UNDATED_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    steps: _containers.RepeatedCompositeFieldContainer[PromiseStep]
    undated_quantity: int
    def __init__(self, location_id: _Optional[str] = ..., steps: _Optional[_Iterable[_Union[PromiseStep, _Mapping]]] = ..., undated_quantity: _Optional[int] = ...) -> None: ...

class PromiseStep(_message.Message):
    __slots__ = ("available_time", "quantity")
    AVAILABLE_TIME_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    available_time: _timestamp_pb2.Timestamp
    quantity: int
    def __init__(self, available_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., quantity: _Optional[int] = ...) -> None: ...

class DisplayPolicy(_message.Message):
    __slots__ = ("channel", "low_quantity", "out_quantity", "hide_quantities")
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    LOW_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    OUT_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    HIDE_QUANTITIES_FIELD_NUMBER: _ClassVar[int]
    channel: str
    low_quantity: int
    out_quantity: int
    hide_quantities: bool
    def __init__(self, channel: _Optional[str] = ..., low_quantity: _Optional[int] = ..., out_quantity: _Optional[int] = ..., hide_quantities: _Optional[bool] = ...) -> None: ...

class SetDisplayPolicyRequest(_message.Message):
    __slots__ = ("policy",)
    POLICY_FIELD_NUMBER: _ClassVar[int]
    policy: DisplayPolicy
    def __init__(self, policy: _Optional[_Union[DisplayPolicy, _Mapping]] = ...) -> None: ...

class SetDisplayPolicyResponse(_message.Message):
    __slots__ = ("revision",)
    REVISION_FIELD_NUMBER: _ClassVar[int]
    revision: int
    def __init__(self, revision: _Optional[int] = ...) -> None: ...

class ListDisplayPoliciesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListDisplayPoliciesResponse(_message.Message):
    __slots__ = ("policies",)
    POLICIES_FIELD_NUMBER: _ClassVar[int]
    policies: _containers.RepeatedCompositeFieldContainer[DisplayPolicy]
    def __init__(self, policies: _Optional[_Iterable[_Union[DisplayPolicy, _Mapping]]] = ...) -> None: ...

class SetSubstitutesRequest(_message.Message):
    __slots__ = ("item_id", "substitute_item_ids")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    SUBSTITUTE_ITEM_IDS_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    substitute_item_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, item_id: _Optional[str] = ..., substitute_item_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class SetSubstitutesResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PostalPlace(_message.Message):
    __slots__ = ("region_code", "postal_code", "position")
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    POSTAL_CODE_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    region_code: str
    postal_code: str
    position: _latlng_pb2.LatLng
    def __init__(self, region_code: _Optional[str] = ..., postal_code: _Optional[str] = ..., position: _Optional[_Union[_latlng_pb2.LatLng, _Mapping]] = ...) -> None: ...

class BatchUpsertPostalPlacesRequest(_message.Message):
    __slots__ = ("places",)
    PLACES_FIELD_NUMBER: _ClassVar[int]
    places: _containers.RepeatedCompositeFieldContainer[PostalPlace]
    def __init__(self, places: _Optional[_Iterable[_Union[PostalPlace, _Mapping]]] = ...) -> None: ...

class BatchUpsertPostalPlacesResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
