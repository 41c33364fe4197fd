import datetime

from onhand.api.buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from onhand.api.auth.v1 import scopes_pb2 as _scopes_pb2
from onhand.api.stock.v1 import ledger_pb2 as _ledger_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Shipment(_message.Message):
    __slots__ = ("shipment_id", "from_location_id", "to_location_id", "sscc", "document", "state", "lines", "send_time", "expected_time", "create_time", "end_time")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[Shipment.State]
        STATE_ANNOUNCED: _ClassVar[Shipment.State]
        STATE_DISPATCHED: _ClassVar[Shipment.State]
        STATE_RECEIVING: _ClassVar[Shipment.State]
        STATE_CLOSED: _ClassVar[Shipment.State]
        STATE_CANCELLED: _ClassVar[Shipment.State]
    STATE_UNSPECIFIED: Shipment.State
    STATE_ANNOUNCED: Shipment.State
    STATE_DISPATCHED: Shipment.State
    STATE_RECEIVING: Shipment.State
    STATE_CLOSED: Shipment.State
    STATE_CANCELLED: Shipment.State
    SHIPMENT_ID_FIELD_NUMBER: _ClassVar[int]
    FROM_LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    TO_LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    SSCC_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    SEND_TIME_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_TIME_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    shipment_id: str
    from_location_id: str
    to_location_id: str
    sscc: str
    document: str
    state: Shipment.State
    lines: _containers.RepeatedCompositeFieldContainer[ShipmentLine]
    send_time: _timestamp_pb2.Timestamp
    expected_time: _timestamp_pb2.Timestamp
    create_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, shipment_id: _Optional[str] = ..., from_location_id: _Optional[str] = ..., to_location_id: _Optional[str] = ..., sscc: _Optional[str] = ..., document: _Optional[str] = ..., state: _Optional[_Union[Shipment.State, str]] = ..., lines: _Optional[_Iterable[_Union[ShipmentLine, _Mapping]]] = ..., send_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expected_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ShipmentLine(_message.Message):
    __slots__ = ("item_id", "announced_quantity", "dispatched_quantity", "received_quantity", "seen_before_quantity", "in_transit_quantity", "over_quantity", "short_quantity", "open_epc_hexes", "unlisted_epc_hexes")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    ANNOUNCED_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    DISPATCHED_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    SEEN_BEFORE_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    IN_TRANSIT_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    OVER_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    SHORT_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    OPEN_EPC_HEXES_FIELD_NUMBER: _ClassVar[int]
    UNLISTED_EPC_HEXES_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    announced_quantity: int
    dispatched_quantity: int
    received_quantity: int
    seen_before_quantity: int
    in_transit_quantity: int
    over_quantity: int
    short_quantity: int
    open_epc_hexes: _containers.RepeatedScalarFieldContainer[str]
    unlisted_epc_hexes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, item_id: _Optional[str] = ..., announced_quantity: _Optional[int] = ..., dispatched_quantity: _Optional[int] = ..., received_quantity: _Optional[int] = ..., seen_before_quantity: _Optional[int] = ..., in_transit_quantity: _Optional[int] = ..., over_quantity: _Optional[int] = ..., short_quantity: _Optional[int] = ..., open_epc_hexes: _Optional[_Iterable[str]] = ..., unlisted_epc_hexes: _Optional[_Iterable[str]] = ...) -> None: ...

class ShipmentGoods(_message.Message):
    __slots__ = ("product", "quantity", "epcs")
    PRODUCT_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    EPCS_FIELD_NUMBER: _ClassVar[int]
    product: _ledger_pb2.Product
    quantity: int
    epcs: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, product: _Optional[_Union[_ledger_pb2.Product, _Mapping]] = ..., quantity: _Optional[int] = ..., epcs: _Optional[_Iterable[str]] = ...) -> None: ...

class AnnounceShipmentRequest(_message.Message):
    __slots__ = ("request_id", "from_location_id", "to_location_id", "sscc", "document", "goods", "send_time", "expected_time")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    FROM_LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    TO_LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    SSCC_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    GOODS_FIELD_NUMBER: _ClassVar[int]
    SEND_TIME_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_TIME_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    from_location_id: str
    to_location_id: str
    sscc: str
    document: str
    goods: _containers.RepeatedCompositeFieldContainer[ShipmentGoods]
    send_time: _timestamp_pb2.Timestamp
    expected_time: _timestamp_pb2.Timestamp
    def __init__(self, request_id: _Optional[str] = ..., from_location_id: _Optional[str] = ..., to_location_id: _Optional[str] = ..., sscc: _Optional[str] = ..., document: _Optional[str] = ..., goods: _Optional[_Iterable[_Union[ShipmentGoods, _Mapping]]] = ..., send_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expected_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class AnnounceShipmentResponse(_message.Message):
    __slots__ = ("shipment",)
    SHIPMENT_FIELD_NUMBER: _ClassVar[int]
    shipment: Shipment
    def __init__(self, shipment: _Optional[_Union[Shipment, _Mapping]] = ...) -> None: ...

class DispatchShipmentRequest(_message.Message):
    __slots__ = ("request_id", "shipment_id", "goods", "occur_time")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SHIPMENT_ID_FIELD_NUMBER: _ClassVar[int]
    GOODS_FIELD_NUMBER: _ClassVar[int]
    OCCUR_TIME_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    shipment_id: str
    goods: _containers.RepeatedCompositeFieldContainer[ShipmentGoods]
    occur_time: _timestamp_pb2.Timestamp
    def __init__(self, request_id: _Optional[str] = ..., shipment_id: _Optional[str] = ..., goods: _Optional[_Iterable[_Union[ShipmentGoods, _Mapping]]] = ..., occur_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class DispatchShipmentResponse(_message.Message):
    __slots__ = ("shipment", "revision")
    SHIPMENT_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    shipment: Shipment
    revision: int
    def __init__(self, shipment: _Optional[_Union[Shipment, _Mapping]] = ..., revision: _Optional[int] = ...) -> None: ...

class ReceiveShipmentRequest(_message.Message):
    __slots__ = ("request_id", "shipment_id", "goods", "all_open", "shortage", "occur_time")
    class Shortage(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        SHORTAGE_UNSPECIFIED: _ClassVar[ReceiveShipmentRequest.Shortage]
        SHORTAGE_LOST: _ClassVar[ReceiveShipmentRequest.Shortage]
        SHORTAGE_BACK: _ClassVar[ReceiveShipmentRequest.Shortage]
    SHORTAGE_UNSPECIFIED: ReceiveShipmentRequest.Shortage
    SHORTAGE_LOST: ReceiveShipmentRequest.Shortage
    SHORTAGE_BACK: ReceiveShipmentRequest.Shortage
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SHIPMENT_ID_FIELD_NUMBER: _ClassVar[int]
    GOODS_FIELD_NUMBER: _ClassVar[int]
    ALL_OPEN_FIELD_NUMBER: _ClassVar[int]
    SHORTAGE_FIELD_NUMBER: _ClassVar[int]
    OCCUR_TIME_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    shipment_id: str
    goods: _containers.RepeatedCompositeFieldContainer[ShipmentGoods]
    all_open: bool
    shortage: ReceiveShipmentRequest.Shortage
    occur_time: _timestamp_pb2.Timestamp
    def __init__(self, request_id: _Optional[str] = ..., shipment_id: _Optional[str] = ..., goods: _Optional[_Iterable[_Union[ShipmentGoods, _Mapping]]] = ..., all_open: _Optional[bool] = ..., shortage: _Optional[_Union[ReceiveShipmentRequest.Shortage, str]] = ..., occur_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ReceiveShipmentResponse(_message.Message):
    __slots__ = ("shipment", "revision")
    SHIPMENT_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    shipment: Shipment
    revision: int
    def __init__(self, shipment: _Optional[_Union[Shipment, _Mapping]] = ..., revision: _Optional[int] = ...) -> None: ...

class CancelShipmentRequest(_message.Message):
    __slots__ = ("request_id", "shipment_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SHIPMENT_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    shipment_id: str
    def __init__(self, request_id: _Optional[str] = ..., shipment_id: _Optional[str] = ...) -> None: ...

class CancelShipmentResponse(_message.Message):
    __slots__ = ("shipment",)
    SHIPMENT_FIELD_NUMBER: _ClassVar[int]
    shipment: Shipment
    def __init__(self, shipment: _Optional[_Union[Shipment, _Mapping]] = ...) -> None: ...

class GetShipmentRequest(_message.Message):
    __slots__ = ("shipment_id",)
    SHIPMENT_ID_FIELD_NUMBER: _ClassVar[int]
    shipment_id: str
    def __init__(self, shipment_id: _Optional[str] = ...) -> None: ...

class GetShipmentResponse(_message.Message):
    __slots__ = ("shipment",)
    SHIPMENT_FIELD_NUMBER: _ClassVar[int]
    shipment: Shipment
    def __init__(self, shipment: _Optional[_Union[Shipment, _Mapping]] = ...) -> None: ...

class ListShipmentsRequest(_message.Message):
    __slots__ = ("location_id", "outgoing", "only_open", "sscc", "page_size", "page_token")
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    OUTGOING_FIELD_NUMBER: _ClassVar[int]
    ONLY_OPEN_FIELD_NUMBER: _ClassVar[int]
    SSCC_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    outgoing: bool
    only_open: bool
    sscc: str
    page_size: int
    page_token: str
    def __init__(self, location_id: _Optional[str] = ..., outgoing: _Optional[bool] = ..., only_open: _Optional[bool] = ..., sscc: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListShipmentsResponse(_message.Message):
    __slots__ = ("shipments", "next_page_token")
    SHIPMENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    shipments: _containers.RepeatedCompositeFieldContainer[Shipment]
    next_page_token: str
    def __init__(self, shipments: _Optional[_Iterable[_Union[Shipment, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
