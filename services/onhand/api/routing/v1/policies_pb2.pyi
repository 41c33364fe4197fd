import datetime

from onhand.api.buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from onhand.api.auth.v1 import scopes_pb2 as _scopes_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TieBreak(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TIE_BREAK_UNSPECIFIED: _ClassVar[TieBreak]
    TIE_BREAK_DISTANCE: _ClassVar[TieBreak]
    TIE_BREAK_CONFIDENCE: _ClassVar[TieBreak]
    TIE_BREAK_STOCK: _ClassVar[TieBreak]
TIE_BREAK_UNSPECIFIED: TieBreak
TIE_BREAK_DISTANCE: TieBreak
TIE_BREAK_CONFIDENCE: TieBreak
TIE_BREAK_STOCK: TieBreak

class Policy(_message.Message):
    __slots__ = ("channel", "version", "collect", "ship", "costs", "tie_breaks", "groups", "capacity", "max_locations", "wave_seconds")
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    COLLECT_FIELD_NUMBER: _ClassVar[int]
    SHIP_FIELD_NUMBER: _ClassVar[int]
    COSTS_FIELD_NUMBER: _ClassVar[int]
    TIE_BREAKS_FIELD_NUMBER: _ClassVar[int]
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    CAPACITY_FIELD_NUMBER: _ClassVar[int]
    MAX_LOCATIONS_FIELD_NUMBER: _ClassVar[int]
    WAVE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    channel: str
    version: int
    collect: Rules
    ship: Rules
    costs: Costs
    tie_breaks: _containers.RepeatedScalarFieldContainer[TieBreak]
    groups: _containers.RepeatedCompositeFieldContainer[Group]
    capacity: Capacity
    max_locations: int
    wave_seconds: int
    def __init__(self, channel: _Optional[str] = ..., version: _Optional[int] = ..., collect: _Optional[_Union[Rules, _Mapping]] = ..., ship: _Optional[_Union[Rules, _Mapping]] = ..., costs: _Optional[_Union[Costs, _Mapping]] = ..., tie_breaks: _Optional[_Iterable[_Union[TieBreak, str]]] = ..., groups: _Optional[_Iterable[_Union[Group, _Mapping]]] = ..., capacity: _Optional[_Union[Capacity, _Mapping]] = ..., max_locations: _Optional[int] = ..., wave_seconds: _Optional[int] = ...) -> None: ...

class Rules(_message.Message):
    __slots__ = ("excluded_location_ids", "minimum_confidence", "keep_units", "maximum_distance_km")
    EXCLUDED_LOCATION_IDS_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    KEEP_UNITS_FIELD_NUMBER: _ClassVar[int]
    MAXIMUM_DISTANCE_KM_FIELD_NUMBER: _ClassVar[int]
    excluded_location_ids: _containers.RepeatedScalarFieldContainer[str]
    minimum_confidence: float
    keep_units: int
    maximum_distance_km: float
    def __init__(self, excluded_location_ids: _Optional[_Iterable[str]] = ..., minimum_confidence: _Optional[float] = ..., keep_units: _Optional[int] = ..., maximum_distance_km: _Optional[float] = ...) -> None: ...

class Costs(_message.Message):
    __slots__ = ("distance_per_km", "handling", "split", "divide", "last_unit", "doubt", "load", "wait")
    DISTANCE_PER_KM_FIELD_NUMBER: _ClassVar[int]
    HANDLING_FIELD_NUMBER: _ClassVar[int]
    SPLIT_FIELD_NUMBER: _ClassVar[int]
    DIVIDE_FIELD_NUMBER: _ClassVar[int]
    LAST_UNIT_FIELD_NUMBER: _ClassVar[int]
    DOUBT_FIELD_NUMBER: _ClassVar[int]
    LOAD_FIELD_NUMBER: _ClassVar[int]
    WAIT_FIELD_NUMBER: _ClassVar[int]
    distance_per_km: float
    handling: float
    split: float
    divide: float
    last_unit: float
    doubt: float
    load: float
    wait: float
    def __init__(self, distance_per_km: _Optional[float] = ..., handling: _Optional[float] = ..., split: _Optional[float] = ..., divide: _Optional[float] = ..., last_unit: _Optional[float] = ..., doubt: _Optional[float] = ..., load: _Optional[float] = ..., wait: _Optional[float] = ...) -> None: ...

class Group(_message.Message):
    __slots__ = ("name", "location_ids")
    NAME_FIELD_NUMBER: _ClassVar[int]
    LOCATION_IDS_FIELD_NUMBER: _ClassVar[int]
    name: str
    location_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., location_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class Capacity(_message.Message):
    __slots__ = ("orders_per_day", "location_orders_per_day")
    class LocationOrdersPerDayEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    ORDERS_PER_DAY_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ORDERS_PER_DAY_FIELD_NUMBER: _ClassVar[int]
    orders_per_day: int
    location_orders_per_day: _containers.ScalarMap[str, int]
    def __init__(self, orders_per_day: _Optional[int] = ..., location_orders_per_day: _Optional[_Mapping[str, int]] = ...) -> None: ...

class ApplyPolicyRequest(_message.Message):
    __slots__ = ("request_id", "policy", "detail", "validate_only", "replay_count")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    REPLAY_COUNT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    policy: Policy
    detail: str
    validate_only: bool
    replay_count: int
    def __init__(self, request_id: _Optional[str] = ..., policy: _Optional[_Union[Policy, _Mapping]] = ..., detail: _Optional[str] = ..., validate_only: _Optional[bool] = ..., replay_count: _Optional[int] = ...) -> None: ...

class ApplyPolicyResponse(_message.Message):
    __slots__ = ("policy", "differences", "replayed_count")
    POLICY_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCES_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_COUNT_FIELD_NUMBER: _ClassVar[int]
    policy: Policy
    differences: _containers.RepeatedCompositeFieldContainer[PlanDifference]
    replayed_count: int
    def __init__(self, policy: _Optional[_Union[Policy, _Mapping]] = ..., differences: _Optional[_Iterable[_Union[PlanDifference, _Mapping]]] = ..., replayed_count: _Optional[int] = ...) -> None: ...

class PlanDifference(_message.Message):
    __slots__ = ("order_id", "before", "after")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    before: PlanSummary
    after: PlanSummary
    def __init__(self, order_id: _Optional[str] = ..., before: _Optional[_Union[PlanSummary, _Mapping]] = ..., after: _Optional[_Union[PlanSummary, _Mapping]] = ...) -> None: ...

class PlanSummary(_message.Message):
    __slots__ = ("location_ids", "parked_count", "distance_metres", "cost")
    LOCATION_IDS_FIELD_NUMBER: _ClassVar[int]
    PARKED_COUNT_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_METRES_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    location_ids: _containers.RepeatedScalarFieldContainer[str]
    parked_count: int
    distance_metres: int
    cost: float
    def __init__(self, location_ids: _Optional[_Iterable[str]] = ..., parked_count: _Optional[int] = ..., distance_metres: _Optional[int] = ..., cost: _Optional[float] = ...) -> None: ...

class GetPolicyRequest(_message.Message):
    __slots__ = ("channel", "version")
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    channel: str
    version: int
    def __init__(self, channel: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...

class GetPolicyResponse(_message.Message):
    __slots__ = ("policy", "apply_time", "actor", "detail")
    POLICY_FIELD_NUMBER: _ClassVar[int]
    APPLY_TIME_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    policy: Policy
    apply_time: _timestamp_pb2.Timestamp
    actor: str
    detail: str
    def __init__(self, policy: _Optional[_Union[Policy, _Mapping]] = ..., apply_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., actor: _Optional[str] = ..., detail: _Optional[str] = ...) -> None: ...

class ListPoliciesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListPoliciesResponse(_message.Message):
    __slots__ = ("policies",)
    POLICIES_FIELD_NUMBER: _ClassVar[int]
    policies: _containers.RepeatedCompositeFieldContainer[Policy]
    def __init__(self, policies: _Optional[_Iterable[_Union[Policy, _Mapping]]] = ...) -> None: ...
