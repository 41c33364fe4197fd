import datetime

from onhand.api.buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.rpc import status_pb2 as _status_pb2
from onhand.api.auth.v1 import scopes_pb2 as _scopes_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Bucket(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BUCKET_UNSPECIFIED: _ClassVar[Bucket]
    BUCKET_SELLABLE: _ClassVar[Bucket]
    BUCKET_DAMAGED: _ClassVar[Bucket]
    BUCKET_QUALITY_CONTROL: _ClassVar[Bucket]
    BUCKET_QUARANTINED: _ClassVar[Bucket]
    BUCKET_MISSING: _ClassVar[Bucket]
    BUCKET_IN_TRANSIT: _ClassVar[Bucket]
    BUCKET_SUPPLIER: _ClassVar[Bucket]
    BUCKET_CUSTOMER: _ClassVar[Bucket]
    BUCKET_SHRINK: _ClassVar[Bucket]
    BUCKET_TRANSFER: _ClassVar[Bucket]

class MovementReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MOVEMENT_REASON_UNSPECIFIED: _ClassVar[MovementReason]
    MOVEMENT_REASON_RECEIVED: _ClassVar[MovementReason]
    MOVEMENT_REASON_SOLD: _ClassVar[MovementReason]
    MOVEMENT_REASON_RETURNED: _ClassVar[MovementReason]
    MOVEMENT_REASON_ADJUSTED: _ClassVar[MovementReason]
    MOVEMENT_REASON_APPEARED: _ClassVar[MovementReason]
    MOVEMENT_REASON_VANISHED: _ClassVar[MovementReason]
    MOVEMENT_REASON_FOUND: _ClassVar[MovementReason]
    MOVEMENT_REASON_LEFT: _ClassVar[MovementReason]
    MOVEMENT_REASON_CROSSED: _ClassVar[MovementReason]
    MOVEMENT_REASON_COLLECTED: _ClassVar[MovementReason]
    MOVEMENT_REASON_SHIPPED: _ClassVar[MovementReason]
    MOVEMENT_REASON_NOT_FOUND: _ClassVar[MovementReason]
    MOVEMENT_REASON_DAMAGED: _ClassVar[MovementReason]
    MOVEMENT_REASON_COUNTED: _ClassVar[MovementReason]
    MOVEMENT_REASON_TRANSFERRED: _ClassVar[MovementReason]
BUCKET_UNSPECIFIED: Bucket
BUCKET_SELLABLE: Bucket
BUCKET_DAMAGED: Bucket
BUCKET_QUALITY_CONTROL: Bucket
BUCKET_QUARANTINED: Bucket
BUCKET_MISSING: Bucket
BUCKET_IN_TRANSIT: Bucket
BUCKET_SUPPLIER: Bucket
BUCKET_CUSTOMER: Bucket
BUCKET_SHRINK: Bucket
BUCKET_TRANSFER: Bucket
MOVEMENT_REASON_UNSPECIFIED: MovementReason
MOVEMENT_REASON_RECEIVED: MovementReason
MOVEMENT_REASON_SOLD: MovementReason
MOVEMENT_REASON_RETURNED: MovementReason
MOVEMENT_REASON_ADJUSTED: MovementReason
MOVEMENT_REASON_APPEARED: MovementReason
MOVEMENT_REASON_VANISHED: MovementReason
MOVEMENT_REASON_FOUND: MovementReason
MOVEMENT_REASON_LEFT: MovementReason
MOVEMENT_REASON_CROSSED: MovementReason
MOVEMENT_REASON_COLLECTED: MovementReason
MOVEMENT_REASON_SHIPPED: MovementReason
MOVEMENT_REASON_NOT_FOUND: MovementReason
MOVEMENT_REASON_DAMAGED: MovementReason
MOVEMENT_REASON_COUNTED: MovementReason
MOVEMENT_REASON_TRANSFERRED: MovementReason

class Movement(_message.Message):
    __slots__ = ("movement_id", "location_id", "item_id", "from_bucket", "to_bucket", "quantity", "reason", "occur_time", "record_time", "document", "epc_hex", "actor", "revision")
    MOVEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    FROM_BUCKET_FIELD_NUMBER: _ClassVar[int]
    TO_BUCKET_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    OCCUR_TIME_FIELD_NUMBER: _ClassVar[int]
    RECORD_TIME_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    EPC_HEX_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    movement_id: str
    location_id: str
    item_id: str
    from_bucket: Bucket
    to_bucket: Bucket
    quantity: int
    reason: MovementReason
    occur_time: _timestamp_pb2.Timestamp
    record_time: _timestamp_pb2.Timestamp
    document: str
    epc_hex: str
    actor: str
    revision: int
    def __init__(self, movement_id: _Optional[str] = ..., location_id: _Optional[str] = ..., item_id: _Optional[str] = ..., from_bucket: _Optional[_Union[Bucket, str]] = ..., to_bucket: _Optional[_Union[Bucket, str]] = ..., quantity: _Optional[int] = ..., reason: _Optional[_Union[MovementReason, str]] = ..., occur_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., record_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., document: _Optional[str] = ..., epc_hex: _Optional[str] = ..., actor: _Optional[str] = ..., revision: _Optional[int] = ...) -> None: ...

class Product(_message.Message):
    __slots__ = ("item_id", "gtin", "epc")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    GTIN_FIELD_NUMBER: _ClassVar[int]
    EPC_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    gtin: str
    epc: str
    def __init__(self, item_id: _Optional[str] = ..., gtin: _Optional[str] = ..., epc: _Optional[str] = ...) -> None: ...

class DocumentLine(_message.Message):
    __slots__ = ("product", "quantity")
    PRODUCT_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    product: Product
    quantity: int
    def __init__(self, product: _Optional[_Union[Product, _Mapping]] = ..., quantity: _Optional[int] = ...) -> None: ...

class RecordReceiptRequest(_message.Message):
    __slots__ = ("request_id", "location_id", "document", "occur_time", "lines")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    OCCUR_TIME_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    location_id: str
    document: str
    occur_time: _timestamp_pb2.Timestamp
    lines: _containers.RepeatedCompositeFieldContainer[DocumentLine]
    def __init__(self, request_id: _Optional[str] = ..., location_id: _Optional[str] = ..., document: _Optional[str] = ..., occur_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., lines: _Optional[_Iterable[_Union[DocumentLine, _Mapping]]] = ...) -> None: ...

class RecordReceiptResponse(_message.Message):
    __slots__ = ("revision",)
    REVISION_FIELD_NUMBER: _ClassVar[int]
    revision: int
    def __init__(self, revision: _Optional[int] = ...) -> None: ...

class RecordSaleRequest(_message.Message):
    __slots__ = ("request_id", "location_id", "document", "occur_time", "lines")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    OCCUR_TIME_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    location_id: str
    document: str
    occur_time: _timestamp_pb2.Timestamp
    lines: _containers.RepeatedCompositeFieldContainer[DocumentLine]
    def __init__(self, request_id: _Optional[str] = ..., location_id: _Optional[str] = ..., document: _Optional[str] = ..., occur_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., lines: _Optional[_Iterable[_Union[DocumentLine, _Mapping]]] = ...) -> None: ...

class RecordSaleResponse(_message.Message):
    __slots__ = ("revision",)
    REVISION_FIELD_NUMBER: _ClassVar[int]
    revision: int
    def __init__(self, revision: _Optional[int] = ...) -> None: ...

class RecordReturnRequest(_message.Message):
    __slots__ = ("request_id", "location_id", "document", "occur_time", "lines", "to_bucket")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    OCCUR_TIME_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    TO_BUCKET_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    location_id: str
    document: str
    occur_time: _timestamp_pb2.Timestamp
    lines: _containers.RepeatedCompositeFieldContainer[DocumentLine]
    to_bucket: Bucket
    def __init__(self, request_id: _Optional[str] = ..., location_id: _Optional[str] = ..., document: _Optional[str] = ..., occur_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., lines: _Optional[_Iterable[_Union[DocumentLine, _Mapping]]] = ..., to_bucket: _Optional[_Union[Bucket, str]] = ...) -> None: ...

class RecordReturnResponse(_message.Message):
    __slots__ = ("revision",)
    REVISION_FIELD_NUMBER: _ClassVar[int]
    revision: int
    def __init__(self, revision: _Optional[int] = ...) -> None: ...

class RecordAdjustmentRequest(_message.Message):
    __slots__ = ("request_id", "location_id", "document", "occur_time", "lines")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    OCCUR_TIME_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    location_id: str
    document: str
    occur_time: _timestamp_pb2.Timestamp
    lines: _containers.RepeatedCompositeFieldContainer[AdjustmentLine]
    def __init__(self, request_id: _Optional[str] = ..., location_id: _Optional[str] = ..., document: _Optional[str] = ..., occur_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., lines: _Optional[_Iterable[_Union[AdjustmentLine, _Mapping]]] = ...) -> None: ...

class AdjustmentLine(_message.Message):
    __slots__ = ("product", "quantity", "from_bucket", "to_bucket")
    PRODUCT_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    FROM_BUCKET_FIELD_NUMBER: _ClassVar[int]
    TO_BUCKET_FIELD_NUMBER: _ClassVar[int]
    product: Product
    quantity: int
    from_bucket: Bucket
    to_bucket: Bucket
    def __init__(self, product: _Optional[_Union[Product, _Mapping]] = ..., quantity: _Optional[int] = ..., from_bucket: _Optional[_Union[Bucket, str]] = ..., to_bucket: _Optional[_Union[Bucket, str]] = ...) -> None: ...

class RecordAdjustmentResponse(_message.Message):
    __slots__ = ("revision",)
    REVISION_FIELD_NUMBER: _ClassVar[int]
    revision: int
    def __init__(self, revision: _Optional[int] = ...) -> None: ...

class ImportQuantitiesRequest(_message.Message):
    __slots__ = ("request_id", "location_id", "document", "as_of_time", "lines", "counted", "validate_only")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    AS_OF_TIME_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    COUNTED_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    location_id: str
    document: str
    as_of_time: _timestamp_pb2.Timestamp
    lines: _containers.RepeatedCompositeFieldContainer[QuantityLine]
    counted: bool
    validate_only: bool
    def __init__(self, request_id: _Optional[str] = ..., location_id: _Optional[str] = ..., document: _Optional[str] = ..., as_of_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., lines: _Optional[_Iterable[_Union[QuantityLine, _Mapping]]] = ..., counted: _Optional[bool] = ..., validate_only: _Optional[bool] = ...) -> None: ...

class QuantityLine(_message.Message):
    __slots__ = ("product", "quantity", "bucket")
    PRODUCT_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    product: Product
    quantity: int
    bucket: Bucket
    def __init__(self, product: _Optional[_Union[Product, _Mapping]] = ..., quantity: _Optional[int] = ..., bucket: _Optional[_Union[Bucket, str]] = ...) -> None: ...

class ImportQuantitiesResponse(_message.Message):
    __slots__ = ("results", "revision")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[QuantityResult]
    revision: int
    def __init__(self, results: _Optional[_Iterable[_Union[QuantityResult, _Mapping]]] = ..., revision: _Optional[int] = ...) -> None: ...

class QuantityResult(_message.Message):
    __slots__ = ("status", "item_id", "book_quantity", "difference")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    BOOK_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    status: _status_pb2.Status
    item_id: str
    book_quantity: int
    difference: int
    def __init__(self, status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., item_id: _Optional[str] = ..., book_quantity: _Optional[int] = ..., difference: _Optional[int] = ...) -> None: ...

class ListMovementsRequest(_message.Message):
    __slots__ = ("location_id", "item_id", "page_size", "page_token")
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    item_id: str
    page_size: int
    page_token: str
    def __init__(self, location_id: _Optional[str] = ..., item_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListMovementsResponse(_message.Message):
    __slots__ = ("movements", "next_page_token", "history_start_time")
    MOVEMENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    HISTORY_START_TIME_FIELD_NUMBER: _ClassVar[int]
    movements: _containers.RepeatedCompositeFieldContainer[Movement]
    next_page_token: str
    history_start_time: _timestamp_pb2.Timestamp
    def __init__(self, movements: _Optional[_Iterable[_Union[Movement, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., history_start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
