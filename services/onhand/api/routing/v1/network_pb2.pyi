import datetime

from onhand.api.buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from onhand.api.auth.v1 import scopes_pb2 as _scopes_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Network(_message.Message):
    __slots__ = ("version", "exceptions", "pick_lines_per_hour", "carrier_services")
    class PickLinesPerHourEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    VERSION_FIELD_NUMBER: _ClassVar[int]
    EXCEPTIONS_FIELD_NUMBER: _ClassVar[int]
    PICK_LINES_PER_HOUR_FIELD_NUMBER: _ClassVar[int]
    CARRIER_SERVICES_FIELD_NUMBER: _ClassVar[int]
    version: int
    exceptions: _containers.RepeatedCompositeFieldContainer[DayException]
    pick_lines_per_hour: _containers.ScalarMap[str, float]
    carrier_services: _containers.RepeatedCompositeFieldContainer[CarrierService]
    def __init__(self, version: _Optional[int] = ..., exceptions: _Optional[_Iterable[_Union[DayException, _Mapping]]] = ..., pick_lines_per_hour: _Optional[_Mapping[str, float]] = ..., carrier_services: _Optional[_Iterable[_Union[CarrierService, _Mapping]]] = ...) -> None: ...

class DayException(_message.Message):
    __slots__ = ("location_id", "region_code", "date", "hours")
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    DATE_FIELD_NUMBER: _ClassVar[int]
    HOURS_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    region_code: str
    date: str
    hours: _containers.RepeatedCompositeFieldContainer[DaySpan]
    def __init__(self, location_id: _Optional[str] = ..., region_code: _Optional[str] = ..., date: _Optional[str] = ..., hours: _Optional[_Iterable[_Union[DaySpan, _Mapping]]] = ...) -> None: ...

class DaySpan(_message.Message):
    __slots__ = ("open_minute", "close_minute")
    OPEN_MINUTE_FIELD_NUMBER: _ClassVar[int]
    CLOSE_MINUTE_FIELD_NUMBER: _ClassVar[int]
    open_minute: int
    close_minute: int
    def __init__(self, open_minute: _Optional[int] = ..., close_minute: _Optional[int] = ...) -> None: ...

class CarrierService(_message.Message):
    __slots__ = ("carrier_service_id", "cut_off_minute", "collect_days", "business_days", "zones", "distances")
    CARRIER_SERVICE_ID_FIELD_NUMBER: _ClassVar[int]
    CUT_OFF_MINUTE_FIELD_NUMBER: _ClassVar[int]
    COLLECT_DAYS_FIELD_NUMBER: _ClassVar[int]
    BUSINESS_DAYS_FIELD_NUMBER: _ClassVar[int]
    ZONES_FIELD_NUMBER: _ClassVar[int]
    DISTANCES_FIELD_NUMBER: _ClassVar[int]
    carrier_service_id: str
    cut_off_minute: int
    collect_days: _containers.RepeatedScalarFieldContainer[int]
    business_days: _containers.RepeatedScalarFieldContainer[int]
    zones: _containers.RepeatedCompositeFieldContainer[ZoneTransit]
    distances: _containers.RepeatedCompositeFieldContainer[DistanceTransit]
    def __init__(self, carrier_service_id: _Optional[str] = ..., cut_off_minute: _Optional[int] = ..., collect_days: _Optional[_Iterable[int]] = ..., business_days: _Optional[_Iterable[int]] = ..., zones: _Optional[_Iterable[_Union[ZoneTransit, _Mapping]]] = ..., distances: _Optional[_Iterable[_Union[DistanceTransit, _Mapping]]] = ...) -> None: ...

class ZoneTransit(_message.Message):
    __slots__ = ("origin", "destination", "transit_days", "cost")
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    DESTINATION_FIELD_NUMBER: _ClassVar[int]
    TRANSIT_DAYS_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    origin: str
    destination: str
    transit_days: int
    cost: float
    def __init__(self, origin: _Optional[str] = ..., destination: _Optional[str] = ..., transit_days: _Optional[int] = ..., cost: _Optional[float] = ...) -> None: ...

class DistanceTransit(_message.Message):
    __slots__ = ("up_to_km", "transit_days", "cost")
    UP_TO_KM_FIELD_NUMBER: _ClassVar[int]
    TRANSIT_DAYS_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    up_to_km: float
    transit_days: int
    cost: float
    def __init__(self, up_to_km: _Optional[float] = ..., transit_days: _Optional[int] = ..., cost: _Optional[float] = ...) -> None: ...

class ApplyNetworkRequest(_message.Message):
    __slots__ = ("request_id", "network", "detail", "validate_only")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    NETWORK_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    network: Network
    detail: str
    validate_only: bool
    def __init__(self, request_id: _Optional[str] = ..., network: _Optional[_Union[Network, _Mapping]] = ..., detail: _Optional[str] = ..., validate_only: _Optional[bool] = ...) -> None: ...

class ApplyNetworkResponse(_message.Message):
    __slots__ = ("network",)
    NETWORK_FIELD_NUMBER: _ClassVar[int]
    network: Network
    def __init__(self, network: _Optional[_Union[Network, _Mapping]] = ...) -> None: ...

class GetNetworkRequest(_message.Message):
    __slots__ = ("version",)
    VERSION_FIELD_NUMBER: _ClassVar[int]
    version: int
    def __init__(self, version: _Optional[int] = ...) -> None: ...

class GetNetworkResponse(_message.Message):
    __slots__ = ("network", "apply_time", "actor", "detail")
    NETWORK_FIELD_NUMBER: _ClassVar[int]
    APPLY_TIME_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    network: Network
    apply_time: _timestamp_pb2.Timestamp
    actor: str
    detail: str
    def __init__(self, network: _Optional[_Union[Network, _Mapping]] = ..., apply_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., actor: _Optional[str] = ..., detail: _Optional[str] = ...) -> None: ...
