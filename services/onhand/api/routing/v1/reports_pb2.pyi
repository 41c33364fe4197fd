import datetime

from onhand.api.buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from onhand.api.auth.v1 import scopes_pb2 as _scopes_pb2
from onhand.api.routing.v1 import policies_pb2 as _policies_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ReportFulfilmentRequest(_message.Message):
    __slots__ = ("start_time", "end_time", "channel")
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    channel: str
    def __init__(self, start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., channel: _Optional[str] = ...) -> None: ...

class ReportFulfilmentResponse(_message.Message):
    __slots__ = ("order_count", "filled_quantity", "unfilled_quantity", "fill_rate", "shipped_order_count", "split_order_count", "split_rate", "kept_promise_count", "broken_promise_count", "promise_kept_rate", "mean_distance_km", "locations", "withdrawn_promise_count")
    ORDER_COUNT_FIELD_NUMBER: _ClassVar[int]
    FILLED_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    UNFILLED_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    FILL_RATE_FIELD_NUMBER: _ClassVar[int]
    SHIPPED_ORDER_COUNT_FIELD_NUMBER: _ClassVar[int]
    SPLIT_ORDER_COUNT_FIELD_NUMBER: _ClassVar[int]
    SPLIT_RATE_FIELD_NUMBER: _ClassVar[int]
    KEPT_PROMISE_COUNT_FIELD_NUMBER: _ClassVar[int]
    BROKEN_PROMISE_COUNT_FIELD_NUMBER: _ClassVar[int]
    PROMISE_KEPT_RATE_FIELD_NUMBER: _ClassVar[int]
    MEAN_DISTANCE_KM_FIELD_NUMBER: _ClassVar[int]
    LOCATIONS_FIELD_NUMBER: _ClassVar[int]
    WITHDRAWN_PROMISE_COUNT_FIELD_NUMBER: _ClassVar[int]
    order_count: int
    filled_quantity: int
    unfilled_quantity: int
    fill_rate: float
    shipped_order_count: int
    split_order_count: int
    split_rate: float
    kept_promise_count: int
    broken_promise_count: int
    promise_kept_rate: float
    mean_distance_km: float
    locations: _containers.RepeatedCompositeFieldContainer[LocationFulfilment]
    withdrawn_promise_count: int
    def __init__(self, order_count: _Optional[int] = ..., filled_quantity: _Optional[int] = ..., unfilled_quantity: _Optional[int] = ..., fill_rate: _Optional[float] = ..., shipped_order_count: _Optional[int] = ..., split_order_count: _Optional[int] = ..., split_rate: _Optional[float] = ..., kept_promise_count: _Optional[int] = ..., broken_promise_count: _Optional[int] = ..., promise_kept_rate: _Optional[float] = ..., mean_distance_km: _Optional[float] = ..., locations: _Optional[_Iterable[_Union[LocationFulfilment, _Mapping]]] = ..., withdrawn_promise_count: _Optional[int] = ...) -> None: ...

class LocationFulfilment(_message.Message):
    __slots__ = ("location_id", "order_count", "line_count", "rejected_line_count", "rejection_rate", "rejected_lines_by_reason", "kept_promise_count", "broken_promise_count", "mean_distance_km")
    class RejectedLinesByReasonEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_COUNT_FIELD_NUMBER: _ClassVar[int]
    LINE_COUNT_FIELD_NUMBER: _ClassVar[int]
    REJECTED_LINE_COUNT_FIELD_NUMBER: _ClassVar[int]
    REJECTION_RATE_FIELD_NUMBER: _ClassVar[int]
    REJECTED_LINES_BY_REASON_FIELD_NUMBER: _ClassVar[int]
    KEPT_PROMISE_COUNT_FIELD_NUMBER: _ClassVar[int]
    BROKEN_PROMISE_COUNT_FIELD_NUMBER: _ClassVar[int]
    MEAN_DISTANCE_KM_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    order_count: int
    line_count: int
    rejected_line_count: int
    rejection_rate: float
    rejected_lines_by_reason: _containers.ScalarMap[str, int]
    kept_promise_count: int
    broken_promise_count: int
    mean_distance_km: float
    def __init__(self, location_id: _Optional[str] = ..., order_count: _Optional[int] = ..., line_count: _Optional[int] = ..., rejected_line_count: _Optional[int] = ..., rejection_rate: _Optional[float] = ..., rejected_lines_by_reason: _Optional[_Mapping[str, int]] = ..., kept_promise_count: _Optional[int] = ..., broken_promise_count: _Optional[int] = ..., mean_distance_km: _Optional[float] = ...) -> None: ...

class SimulateRoutingRequest(_message.Message):
    __slots__ = ("policy", "start_time", "end_time", "max_order_count")
    POLICY_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    MAX_ORDER_COUNT_FIELD_NUMBER: _ClassVar[int]
    policy: _policies_pb2.Policy
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    max_order_count: int
    def __init__(self, policy: _Optional[_Union[_policies_pb2.Policy, _Mapping]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., max_order_count: _Optional[int] = ...) -> None: ...

class SimulateRoutingResponse(_message.Message):
    __slots__ = ("simulated_count", "total_count", "result")
    SIMULATED_COUNT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    simulated_count: int
    total_count: int
    result: SimulationResult
    def __init__(self, simulated_count: _Optional[int] = ..., total_count: _Optional[int] = ..., result: _Optional[_Union[SimulationResult, _Mapping]] = ...) -> None: ...

class SimulationResult(_message.Message):
    __slots__ = ("before", "after", "changed_order_count", "locations")
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    CHANGED_ORDER_COUNT_FIELD_NUMBER: _ClassVar[int]
    LOCATIONS_FIELD_NUMBER: _ClassVar[int]
    before: SimulatedFulfilment
    after: SimulatedFulfilment
    changed_order_count: int
    locations: _containers.RepeatedCompositeFieldContainer[SimulatedLoad]
    def __init__(self, before: _Optional[_Union[SimulatedFulfilment, _Mapping]] = ..., after: _Optional[_Union[SimulatedFulfilment, _Mapping]] = ..., changed_order_count: _Optional[int] = ..., locations: _Optional[_Iterable[_Union[SimulatedLoad, _Mapping]]] = ...) -> None: ...

class SimulatedFulfilment(_message.Message):
    __slots__ = ("part_count", "split_order_count", "parked_line_count", "cost", "distance_km", "shipping_cost", "late_order_count", "mean_lead_duration")
    PART_COUNT_FIELD_NUMBER: _ClassVar[int]
    SPLIT_ORDER_COUNT_FIELD_NUMBER: _ClassVar[int]
    PARKED_LINE_COUNT_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_KM_FIELD_NUMBER: _ClassVar[int]
    SHIPPING_COST_FIELD_NUMBER: _ClassVar[int]
    LATE_ORDER_COUNT_FIELD_NUMBER: _ClassVar[int]
    MEAN_LEAD_DURATION_FIELD_NUMBER: _ClassVar[int]
    part_count: int
    split_order_count: int
    parked_line_count: int
    cost: float
    distance_km: float
    shipping_cost: float
    late_order_count: int
    mean_lead_duration: _duration_pb2.Duration
    def __init__(self, part_count: _Optional[int] = ..., split_order_count: _Optional[int] = ..., parked_line_count: _Optional[int] = ..., cost: _Optional[float] = ..., distance_km: _Optional[float] = ..., shipping_cost: _Optional[float] = ..., late_order_count: _Optional[int] = ..., mean_lead_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class SimulatedLoad(_message.Message):
    __slots__ = ("location_id", "order_count_before", "order_count_after", "line_count_before", "line_count_after", "busiest_day_order_count_before", "busiest_day_order_count_after")
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_COUNT_BEFORE_FIELD_NUMBER: _ClassVar[int]
    ORDER_COUNT_AFTER_FIELD_NUMBER: _ClassVar[int]
    LINE_COUNT_BEFORE_FIELD_NUMBER: _ClassVar[int]
    LINE_COUNT_AFTER_FIELD_NUMBER: _ClassVar[int]
    BUSIEST_DAY_ORDER_COUNT_BEFORE_FIELD_NUMBER: _ClassVar[int]
    BUSIEST_DAY_ORDER_COUNT_AFTER_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    order_count_before: int
    order_count_after: int
    line_count_before: int
    line_count_after: int
    busiest_day_order_count_before: int
    busiest_day_order_count_after: int
    def __init__(self, location_id: _Optional[str] = ..., order_count_before: _Optional[int] = ..., order_count_after: _Optional[int] = ..., line_count_before: _Optional[int] = ..., line_count_after: _Optional[int] = ..., busiest_day_order_count_before: _Optional[int] = ..., busiest_day_order_count_after: _Optional[int] = ...) -> None: ...
