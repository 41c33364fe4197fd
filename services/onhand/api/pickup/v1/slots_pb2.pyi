import datetime

from onhand.api.buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from onhand.api.auth.v1 import scopes_pb2 as _scopes_pb2
from onhand.api.pickup.v1 import tasks_pb2 as _tasks_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SlotWindow(_message.Message):
    __slots__ = ("day_of_week", "start_minute", "end_minute")
    DAY_OF_WEEK_FIELD_NUMBER: _ClassVar[int]
    START_MINUTE_FIELD_NUMBER: _ClassVar[int]
    END_MINUTE_FIELD_NUMBER: _ClassVar[int]
    day_of_week: int
    start_minute: int
    end_minute: int
    def __init__(self, day_of_week: _Optional[int] = ..., start_minute: _Optional[int] = ..., end_minute: _Optional[int] = ...) -> None: ...

class SlotPlan(_message.Message):
    __slots__ = ("location_id", "kind", "time_zone", "slot_minutes", "capacity", "lead_duration", "horizon_duration", "windows", "overrun_occupies", "version")
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    SLOT_MINUTES_FIELD_NUMBER: _ClassVar[int]
    CAPACITY_FIELD_NUMBER: _ClassVar[int]
    LEAD_DURATION_FIELD_NUMBER: _ClassVar[int]
    HORIZON_DURATION_FIELD_NUMBER: _ClassVar[int]
    WINDOWS_FIELD_NUMBER: _ClassVar[int]
    OVERRUN_OCCUPIES_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    kind: _tasks_pb2.SlotKind
    time_zone: str
    slot_minutes: int
    capacity: int
    lead_duration: _duration_pb2.Duration
    horizon_duration: _duration_pb2.Duration
    windows: _containers.RepeatedCompositeFieldContainer[SlotWindow]
    overrun_occupies: bool
    version: int
    def __init__(self, location_id: _Optional[str] = ..., kind: _Optional[_Union[_tasks_pb2.SlotKind, str]] = ..., time_zone: _Optional[str] = ..., slot_minutes: _Optional[int] = ..., capacity: _Optional[int] = ..., lead_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., horizon_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., windows: _Optional[_Iterable[_Union[SlotWindow, _Mapping]]] = ..., overrun_occupies: _Optional[bool] = ..., version: _Optional[int] = ...) -> None: ...

class Slot(_message.Message):
    __slots__ = ("location_id", "kind", "start_time", "end_time", "capacity", "held_count", "booked_count", "overrun_count", "available_count", "closed_by")
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    CAPACITY_FIELD_NUMBER: _ClassVar[int]
    HELD_COUNT_FIELD_NUMBER: _ClassVar[int]
    BOOKED_COUNT_FIELD_NUMBER: _ClassVar[int]
    OVERRUN_COUNT_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_COUNT_FIELD_NUMBER: _ClassVar[int]
    CLOSED_BY_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    kind: _tasks_pb2.SlotKind
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    capacity: int
    held_count: int
    booked_count: int
    overrun_count: int
    available_count: int
    closed_by: str
    def __init__(self, location_id: _Optional[str] = ..., kind: _Optional[_Union[_tasks_pb2.SlotKind, str]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., capacity: _Optional[int] = ..., held_count: _Optional[int] = ..., booked_count: _Optional[int] = ..., overrun_count: _Optional[int] = ..., available_count: _Optional[int] = ..., closed_by: _Optional[str] = ...) -> None: ...

class SlotBooking(_message.Message):
    __slots__ = ("slot_booking_id", "location_id", "kind", "state", "start_time", "end_time", "expire_time", "order_id")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[SlotBooking.State]
        STATE_HELD: _ClassVar[SlotBooking.State]
        STATE_BOOKED: _ClassVar[SlotBooking.State]
        STATE_OVERRUN: _ClassVar[SlotBooking.State]
        STATE_ENDED: _ClassVar[SlotBooking.State]
        STATE_RELEASED: _ClassVar[SlotBooking.State]
        STATE_EXPIRED: _ClassVar[SlotBooking.State]
    STATE_UNSPECIFIED: SlotBooking.State
    STATE_HELD: SlotBooking.State
    STATE_BOOKED: SlotBooking.State
    STATE_OVERRUN: SlotBooking.State
    STATE_ENDED: SlotBooking.State
    STATE_RELEASED: SlotBooking.State
    STATE_EXPIRED: SlotBooking.State
    SLOT_BOOKING_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    slot_booking_id: str
    location_id: str
    kind: _tasks_pb2.SlotKind
    state: SlotBooking.State
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    expire_time: _timestamp_pb2.Timestamp
    order_id: str
    def __init__(self, slot_booking_id: _Optional[str] = ..., location_id: _Optional[str] = ..., kind: _Optional[_Union[_tasks_pb2.SlotKind, str]] = ..., state: _Optional[_Union[SlotBooking.State, str]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., order_id: _Optional[str] = ...) -> None: ...

class Blackout(_message.Message):
    __slots__ = ("blackout_id", "location_id", "kind", "start_time", "end_time", "detail")
    BLACKOUT_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    blackout_id: str
    location_id: str
    kind: _tasks_pb2.SlotKind
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    detail: str
    def __init__(self, blackout_id: _Optional[str] = ..., location_id: _Optional[str] = ..., kind: _Optional[_Union[_tasks_pb2.SlotKind, str]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., detail: _Optional[str] = ...) -> None: ...

class GetSlotPlanRequest(_message.Message):
    __slots__ = ("location_id", "kind")
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    kind: _tasks_pb2.SlotKind
    def __init__(self, location_id: _Optional[str] = ..., kind: _Optional[_Union[_tasks_pb2.SlotKind, str]] = ...) -> None: ...

class GetSlotPlanResponse(_message.Message):
    __slots__ = ("plan",)
    PLAN_FIELD_NUMBER: _ClassVar[int]
    plan: SlotPlan
    def __init__(self, plan: _Optional[_Union[SlotPlan, _Mapping]] = ...) -> None: ...

class UpdateSlotPlanRequest(_message.Message):
    __slots__ = ("request_id", "plan")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    plan: SlotPlan
    def __init__(self, request_id: _Optional[str] = ..., plan: _Optional[_Union[SlotPlan, _Mapping]] = ...) -> None: ...

class UpdateSlotPlanResponse(_message.Message):
    __slots__ = ("plan",)
    PLAN_FIELD_NUMBER: _ClassVar[int]
    plan: SlotPlan
    def __init__(self, plan: _Optional[_Union[SlotPlan, _Mapping]] = ...) -> None: ...

class ListSlotsRequest(_message.Message):
    __slots__ = ("location_id", "kind", "start_time", "end_time")
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    kind: _tasks_pb2.SlotKind
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, location_id: _Optional[str] = ..., kind: _Optional[_Union[_tasks_pb2.SlotKind, str]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListSlotsResponse(_message.Message):
    __slots__ = ("slots",)
    SLOTS_FIELD_NUMBER: _ClassVar[int]
    slots: _containers.RepeatedCompositeFieldContainer[Slot]
    def __init__(self, slots: _Optional[_Iterable[_Union[Slot, _Mapping]]] = ...) -> None: ...

class HoldSlotRequest(_message.Message):
    __slots__ = ("request_id", "location_id", "kind", "start_time", "hold_duration")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    HOLD_DURATION_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    location_id: str
    kind: _tasks_pb2.SlotKind
    start_time: _timestamp_pb2.Timestamp
    hold_duration: _duration_pb2.Duration
    def __init__(self, request_id: _Optional[str] = ..., location_id: _Optional[str] = ..., kind: _Optional[_Union[_tasks_pb2.SlotKind, str]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., hold_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class HoldSlotResponse(_message.Message):
    __slots__ = ("booking",)
    BOOKING_FIELD_NUMBER: _ClassVar[int]
    booking: SlotBooking
    def __init__(self, booking: _Optional[_Union[SlotBooking, _Mapping]] = ...) -> None: ...

class BookSlotRequest(_message.Message):
    __slots__ = ("request_id", "slot_booking_id", "order_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SLOT_BOOKING_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    slot_booking_id: str
    order_id: str
    def __init__(self, request_id: _Optional[str] = ..., slot_booking_id: _Optional[str] = ..., order_id: _Optional[str] = ...) -> None: ...

class BookSlotResponse(_message.Message):
    __slots__ = ("booking",)
    BOOKING_FIELD_NUMBER: _ClassVar[int]
    booking: SlotBooking
    def __init__(self, booking: _Optional[_Union[SlotBooking, _Mapping]] = ...) -> None: ...

class ReleaseSlotRequest(_message.Message):
    __slots__ = ("request_id", "slot_booking_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SLOT_BOOKING_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    slot_booking_id: str
    def __init__(self, request_id: _Optional[str] = ..., slot_booking_id: _Optional[str] = ...) -> None: ...

class ReleaseSlotResponse(_message.Message):
    __slots__ = ("booking",)
    BOOKING_FIELD_NUMBER: _ClassVar[int]
    booking: SlotBooking
    def __init__(self, booking: _Optional[_Union[SlotBooking, _Mapping]] = ...) -> None: ...

class GetSlotBookingRequest(_message.Message):
    __slots__ = ("slot_booking_id",)
    SLOT_BOOKING_ID_FIELD_NUMBER: _ClassVar[int]
    slot_booking_id: str
    def __init__(self, slot_booking_id: _Optional[str] = ...) -> None: ...

class GetSlotBookingResponse(_message.Message):
    __slots__ = ("booking",)
    BOOKING_FIELD_NUMBER: _ClassVar[int]
    booking: SlotBooking
    def __init__(self, booking: _Optional[_Union[SlotBooking, _Mapping]] = ...) -> None: ...

class CreateBlackoutRequest(_message.Message):
    __slots__ = ("request_id", "location_id", "kind", "start_time", "end_time", "detail")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    location_id: str
    kind: _tasks_pb2.SlotKind
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    detail: str
    def __init__(self, request_id: _Optional[str] = ..., location_id: _Optional[str] = ..., kind: _Optional[_Union[_tasks_pb2.SlotKind, str]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., detail: _Optional[str] = ...) -> None: ...

class CreateBlackoutResponse(_message.Message):
    __slots__ = ("blackout", "affected_bookings")
    BLACKOUT_FIELD_NUMBER: _ClassVar[int]
    AFFECTED_BOOKINGS_FIELD_NUMBER: _ClassVar[int]
    blackout: Blackout
    affected_bookings: _containers.RepeatedCompositeFieldContainer[SlotBooking]
    def __init__(self, blackout: _Optional[_Union[Blackout, _Mapping]] = ..., affected_bookings: _Optional[_Iterable[_Union[SlotBooking, _Mapping]]] = ...) -> None: ...

class DeleteBlackoutRequest(_message.Message):
    __slots__ = ("request_id", "blackout_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    BLACKOUT_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    blackout_id: str
    def __init__(self, request_id: _Optional[str] = ..., blackout_id: _Optional[str] = ...) -> None: ...

class DeleteBlackoutResponse(_message.Message):
    __slots__ = ("blackout",)
    BLACKOUT_FIELD_NUMBER: _ClassVar[int]
    blackout: Blackout
    def __init__(self, blackout: _Optional[_Union[Blackout, _Mapping]] = ...) -> None: ...

class ListBlackoutsRequest(_message.Message):
    __slots__ = ("location_id",)
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    def __init__(self, location_id: _Optional[str] = ...) -> None: ...

class ListBlackoutsResponse(_message.Message):
    __slots__ = ("blackouts",)
    BLACKOUTS_FIELD_NUMBER: _ClassVar[int]
    blackouts: _containers.RepeatedCompositeFieldContainer[Blackout]
    def __init__(self, blackouts: _Optional[_Iterable[_Union[Blackout, _Mapping]]] = ...) -> None: ...
