import datetime

from onhand.api.buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import latlng_pb2 as _latlng_pb2
from onhand.api.auth.v1 import scopes_pb2 as _scopes_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Alert(_message.Message):
    __slots__ = ("alert_id", "contact_id", "address_id", "item_ids", "location_ids", "offer", "alternative_item_ids", "state", "create_time", "expire_time", "offered_item_id", "offered_location_id", "claim_deadline")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[Alert.State]
        STATE_WAITING: _ClassVar[Alert.State]
        STATE_OFFERED: _ClassVar[Alert.State]
        STATE_CLAIMED: _ClassVar[Alert.State]
        STATE_LAPSED: _ClassVar[Alert.State]
        STATE_CANCELLED: _ClassVar[Alert.State]
        STATE_EXPIRED: _ClassVar[Alert.State]
    STATE_UNSPECIFIED: Alert.State
    STATE_WAITING: Alert.State
    STATE_OFFERED: Alert.State
    STATE_CLAIMED: Alert.State
    STATE_LAPSED: Alert.State
    STATE_CANCELLED: Alert.State
    STATE_EXPIRED: Alert.State
    ALERT_ID_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_ID_FIELD_NUMBER: _ClassVar[int]
    ITEM_IDS_FIELD_NUMBER: _ClassVar[int]
    LOCATION_IDS_FIELD_NUMBER: _ClassVar[int]
    OFFER_FIELD_NUMBER: _ClassVar[int]
    ALTERNATIVE_ITEM_IDS_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    OFFERED_ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    OFFERED_LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    CLAIM_DEADLINE_FIELD_NUMBER: _ClassVar[int]
    alert_id: str
    contact_id: str
    address_id: str
    item_ids: _containers.RepeatedScalarFieldContainer[str]
    location_ids: _containers.RepeatedScalarFieldContainer[str]
    offer: str
    alternative_item_ids: _containers.RepeatedScalarFieldContainer[str]
    state: Alert.State
    create_time: _timestamp_pb2.Timestamp
    expire_time: _timestamp_pb2.Timestamp
    offered_item_id: str
    offered_location_id: str
    claim_deadline: _timestamp_pb2.Timestamp
    def __init__(self, alert_id: _Optional[str] = ..., contact_id: _Optional[str] = ..., address_id: _Optional[str] = ..., item_ids: _Optional[_Iterable[str]] = ..., location_ids: _Optional[_Iterable[str]] = ..., offer: _Optional[str] = ..., alternative_item_ids: _Optional[_Iterable[str]] = ..., state: _Optional[_Union[Alert.State, str]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., offered_item_id: _Optional[str] = ..., offered_location_id: _Optional[str] = ..., claim_deadline: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class LookUp(_message.Message):
    __slots__ = ("item_id", "location_id", "was_out", "look_up_time")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    WAS_OUT_FIELD_NUMBER: _ClassVar[int]
    LOOK_UP_TIME_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    location_id: str
    was_out: bool
    look_up_time: _timestamp_pb2.Timestamp
    def __init__(self, item_id: _Optional[str] = ..., location_id: _Optional[str] = ..., was_out: _Optional[bool] = ..., look_up_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class NearPlace(_message.Message):
    __slots__ = ("position", "radius_m")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    RADIUS_M_FIELD_NUMBER: _ClassVar[int]
    position: _latlng_pb2.LatLng
    radius_m: int
    def __init__(self, position: _Optional[_Union[_latlng_pb2.LatLng, _Mapping]] = ..., radius_m: _Optional[int] = ...) -> None: ...

class CreateAlertRequest(_message.Message):
    __slots__ = ("request_id", "alert", "near", "wait_duration")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ALERT_FIELD_NUMBER: _ClassVar[int]
    NEAR_FIELD_NUMBER: _ClassVar[int]
    WAIT_DURATION_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    alert: Alert
    near: NearPlace
    wait_duration: _duration_pb2.Duration
    def __init__(self, request_id: _Optional[str] = ..., alert: _Optional[_Union[Alert, _Mapping]] = ..., near: _Optional[_Union[NearPlace, _Mapping]] = ..., wait_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class CreateAlertResponse(_message.Message):
    __slots__ = ("alert",)
    ALERT_FIELD_NUMBER: _ClassVar[int]
    alert: Alert
    def __init__(self, alert: _Optional[_Union[Alert, _Mapping]] = ...) -> None: ...

class GetAlertRequest(_message.Message):
    __slots__ = ("alert_id",)
    ALERT_ID_FIELD_NUMBER: _ClassVar[int]
    alert_id: str
    def __init__(self, alert_id: _Optional[str] = ...) -> None: ...

class GetAlertResponse(_message.Message):
    __slots__ = ("alert",)
    ALERT_FIELD_NUMBER: _ClassVar[int]
    alert: Alert
    def __init__(self, alert: _Optional[_Union[Alert, _Mapping]] = ...) -> None: ...

class ListAlertsRequest(_message.Message):
    __slots__ = ("contact_id",)
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    def __init__(self, contact_id: _Optional[str] = ...) -> None: ...

class ListAlertsResponse(_message.Message):
    __slots__ = ("alerts",)
    ALERTS_FIELD_NUMBER: _ClassVar[int]
    alerts: _containers.RepeatedCompositeFieldContainer[Alert]
    def __init__(self, alerts: _Optional[_Iterable[_Union[Alert, _Mapping]]] = ...) -> None: ...

class CancelAlertRequest(_message.Message):
    __slots__ = ("alert_id",)
    ALERT_ID_FIELD_NUMBER: _ClassVar[int]
    alert_id: str
    def __init__(self, alert_id: _Optional[str] = ...) -> None: ...

class CancelAlertResponse(_message.Message):
    __slots__ = ("alert",)
    ALERT_FIELD_NUMBER: _ClassVar[int]
    alert: Alert
    def __init__(self, alert: _Optional[_Union[Alert, _Mapping]] = ...) -> None: ...

class ClaimAlertRequest(_message.Message):
    __slots__ = ("alert_id",)
    ALERT_ID_FIELD_NUMBER: _ClassVar[int]
    alert_id: str
    def __init__(self, alert_id: _Optional[str] = ...) -> None: ...

class ClaimAlertResponse(_message.Message):
    __slots__ = ("alert", "reservation_id", "expire_time")
    ALERT_FIELD_NUMBER: _ClassVar[int]
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    alert: Alert
    reservation_id: str
    expire_time: _timestamp_pb2.Timestamp
    def __init__(self, alert: _Optional[_Union[Alert, _Mapping]] = ..., reservation_id: _Optional[str] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RecordLookUpRequest(_message.Message):
    __slots__ = ("contact_id", "item_id", "location_id", "was_out")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    WAS_OUT_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    item_id: str
    location_id: str
    was_out: bool
    def __init__(self, contact_id: _Optional[str] = ..., item_id: _Optional[str] = ..., location_id: _Optional[str] = ..., was_out: _Optional[bool] = ...) -> None: ...

class RecordLookUpResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ReportPositionRequest(_message.Message):
    __slots__ = ("contact_id", "position")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    position: _latlng_pb2.LatLng
    def __init__(self, contact_id: _Optional[str] = ..., position: _Optional[_Union[_latlng_pb2.LatLng, _Mapping]] = ...) -> None: ...

class ReportPositionResponse(_message.Message):
    __slots__ = ("told",)
    TOLD_FIELD_NUMBER: _ClassVar[int]
    told: bool
    def __init__(self, told: _Optional[bool] = ...) -> None: ...
