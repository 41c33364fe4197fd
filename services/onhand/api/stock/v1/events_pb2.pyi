import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from onhand.api.stock.v1 import counts_pb2 as _counts_pb2
from onhand.api.stock.v1 import reads_pb2 as _reads_pb2
from onhand.api.stock.v1 import reservations_pb2 as _reservations_pb2
from onhand.api.stock.v1 import shipments_pb2 as _shipments_pb2
from onhand.api.stock.v1 import stock_policies_pb2 as _stock_policies_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class StockEvent(_message.Message):
    __slots__ = ("event_id", "record_time", "revision", "balance_changed", "tag_changed", "reservation_changed", "stock_alerted", "catalog_changed", "count_finished", "shipment_changed", "tags_changed", "balances_changed", "reservations_changed")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    RECORD_TIME_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    BALANCE_CHANGED_FIELD_NUMBER: _ClassVar[int]
    TAG_CHANGED_FIELD_NUMBER: _ClassVar[int]
    RESERVATION_CHANGED_FIELD_NUMBER: _ClassVar[int]
    STOCK_ALERTED_FIELD_NUMBER: _ClassVar[int]
    CATALOG_CHANGED_FIELD_NUMBER: _ClassVar[int]
    COUNT_FINISHED_FIELD_NUMBER: _ClassVar[int]
    SHIPMENT_CHANGED_FIELD_NUMBER: _ClassVar[int]
    TAGS_CHANGED_FIELD_NUMBER: _ClassVar[int]
    BALANCES_CHANGED_FIELD_NUMBER: _ClassVar[int]
    RESERVATIONS_CHANGED_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    record_time: _timestamp_pb2.Timestamp
    revision: int
    balance_changed: BalanceChanged
    tag_changed: TagChanged
    reservation_changed: ReservationChanged
    stock_alerted: StockAlerted
    catalog_changed: CatalogChanged
    count_finished: CountFinished
    shipment_changed: ShipmentChanged
    tags_changed: TagsChanged
    balances_changed: BalancesChanged
    reservations_changed: ReservationsChanged
    def __init__(self, event_id: _Optional[str] = ..., record_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., revision: _Optional[int] = ..., balance_changed: _Optional[_Union[BalanceChanged, _Mapping]] = ..., tag_changed: _Optional[_Union[TagChanged, _Mapping]] = ..., reservation_changed: _Optional[_Union[ReservationChanged, _Mapping]] = ..., stock_alerted: _Optional[_Union[StockAlerted, _Mapping]] = ..., catalog_changed: _Optional[_Union[CatalogChanged, _Mapping]] = ..., count_finished: _Optional[_Union[CountFinished, _Mapping]] = ..., shipment_changed: _Optional[_Union[ShipmentChanged, _Mapping]] = ..., tags_changed: _Optional[_Union[TagsChanged, _Mapping]] = ..., balances_changed: _Optional[_Union[BalancesChanged, _Mapping]] = ..., reservations_changed: _Optional[_Union[ReservationsChanged, _Mapping]] = ...) -> None: ...

class StockEvents(_message.Message):
    __slots__ = ("events",)
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[StockEvent]
    def __init__(self, events: _Optional[_Iterable[_Union[StockEvent, _Mapping]]] = ...) -> None: ...

class BalanceChanged(_message.Message):
    __slots__ = ("location_id", "item_id", "sellable", "damaged", "quality_control", "quarantined", "missing", "in_transit", "reserved", "committed", "confirm_time", "available_before", "available_after", "version")
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    SELLABLE_FIELD_NUMBER: _ClassVar[int]
    DAMAGED_FIELD_NUMBER: _ClassVar[int]
    QUALITY_CONTROL_FIELD_NUMBER: _ClassVar[int]
    QUARANTINED_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    IN_TRANSIT_FIELD_NUMBER: _ClassVar[int]
    RESERVED_FIELD_NUMBER: _ClassVar[int]
    COMMITTED_FIELD_NUMBER: _ClassVar[int]
    CONFIRM_TIME_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_BEFORE_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_AFTER_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    item_id: str
    sellable: int
    damaged: int
    quality_control: int
    quarantined: int
    missing: int
    in_transit: int
    reserved: int
    committed: int
    confirm_time: _timestamp_pb2.Timestamp
    available_before: int
    available_after: int
    version: int
    def __init__(self, location_id: _Optional[str] = ..., item_id: _Optional[str] = ..., sellable: _Optional[int] = ..., damaged: _Optional[int] = ..., quality_control: _Optional[int] = ..., quarantined: _Optional[int] = ..., missing: _Optional[int] = ..., in_transit: _Optional[int] = ..., reserved: _Optional[int] = ..., committed: _Optional[int] = ..., confirm_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., available_before: _Optional[int] = ..., available_after: _Optional[int] = ..., version: _Optional[int] = ...) -> None: ...

class BalancesChanged(_message.Message):
    __slots__ = ("changes",)
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    changes: _containers.RepeatedCompositeFieldContainer[BalanceChanged]
    def __init__(self, changes: _Optional[_Iterable[_Union[BalanceChanged, _Mapping]]] = ...) -> None: ...

class TagChanged(_message.Message):
    __slots__ = ("tag", "state_before", "zone_id_before")
    TAG_FIELD_NUMBER: _ClassVar[int]
    STATE_BEFORE_FIELD_NUMBER: _ClassVar[int]
    ZONE_ID_BEFORE_FIELD_NUMBER: _ClassVar[int]
    tag: _reads_pb2.Tag
    state_before: _reads_pb2.Tag.State
    zone_id_before: str
    def __init__(self, tag: _Optional[_Union[_reads_pb2.Tag, _Mapping]] = ..., state_before: _Optional[_Union[_reads_pb2.Tag.State, str]] = ..., zone_id_before: _Optional[str] = ...) -> None: ...

class TagsChanged(_message.Message):
    __slots__ = ("changes",)
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    changes: _containers.RepeatedCompositeFieldContainer[TagChanged]
    def __init__(self, changes: _Optional[_Iterable[_Union[TagChanged, _Mapping]]] = ...) -> None: ...

class ReservationChanged(_message.Message):
    __slots__ = ("reservation", "version")
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    reservation: _reservations_pb2.Reservation
    version: int
    def __init__(self, reservation: _Optional[_Union[_reservations_pb2.Reservation, _Mapping]] = ..., version: _Optional[int] = ...) -> None: ...

class ReservationsChanged(_message.Message):
    __slots__ = ("changes",)
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    changes: _containers.RepeatedCompositeFieldContainer[ReservationChanged]
    def __init__(self, changes: _Optional[_Iterable[_Union[ReservationChanged, _Mapping]]] = ...) -> None: ...

class CountFinished(_message.Message):
    __slots__ = ("count",)
    COUNT_FIELD_NUMBER: _ClassVar[int]
    count: _counts_pb2.Count
    def __init__(self, count: _Optional[_Union[_counts_pb2.Count, _Mapping]] = ...) -> None: ...

class ShipmentChanged(_message.Message):
    __slots__ = ("shipment",)
    SHIPMENT_FIELD_NUMBER: _ClassVar[int]
    shipment: _shipments_pb2.Shipment
    def __init__(self, shipment: _Optional[_Union[_shipments_pb2.Shipment, _Mapping]] = ...) -> None: ...

class CatalogChanged(_message.Message):
    __slots__ = ("item_ids", "location_ids", "channels", "policy_scopes")
    ITEM_IDS_FIELD_NUMBER: _ClassVar[int]
    LOCATION_IDS_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    POLICY_SCOPES_FIELD_NUMBER: _ClassVar[int]
    item_ids: _containers.RepeatedScalarFieldContainer[str]
    location_ids: _containers.RepeatedScalarFieldContainer[str]
    channels: _containers.RepeatedScalarFieldContainer[str]
    policy_scopes: _containers.RepeatedCompositeFieldContainer[_stock_policies_pb2.StockPolicyScope]
    def __init__(self, item_ids: _Optional[_Iterable[str]] = ..., location_ids: _Optional[_Iterable[str]] = ..., channels: _Optional[_Iterable[str]] = ..., policy_scopes: _Optional[_Iterable[_Union[_stock_policies_pb2.StockPolicyScope, _Mapping]]] = ...) -> None: ...

class StockAlerted(_message.Message):
    __slots__ = ("kind", "location_id", "item_id", "epc_hex", "quantity")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[StockAlerted.Kind]
        KIND_EXIT_WITHOUT_SALE: _ClassVar[StockAlerted.Kind]
        KIND_SHORTFALL: _ClassVar[StockAlerted.Kind]
    KIND_UNSPECIFIED: StockAlerted.Kind
    KIND_EXIT_WITHOUT_SALE: StockAlerted.Kind
    KIND_SHORTFALL: StockAlerted.Kind
    KIND_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    EPC_HEX_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    kind: StockAlerted.Kind
    location_id: str
    item_id: str
    epc_hex: str
    quantity: int
    def __init__(self, kind: _Optional[_Union[StockAlerted.Kind, str]] = ..., location_id: _Optional[str] = ..., item_id: _Optional[str] = ..., epc_hex: _Optional[str] = ..., quantity: _Optional[int] = ...) -> None: ...
