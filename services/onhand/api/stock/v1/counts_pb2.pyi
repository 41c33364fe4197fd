import datetime

from onhand.api.buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from onhand.api.auth.v1 import scopes_pb2 as _scopes_pb2
from onhand.api.stock.v1 import ledger_pb2 as _ledger_pb2
from onhand.api.stock.v1 import reads_pb2 as _reads_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Count(_message.Message):
    __slots__ = ("count_id", "location_id", "kind", "zone_ids", "item_classes", "state", "title", "actor", "start_time", "expire_time", "end_time", "result")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[Count.Kind]
        KIND_HANDHELD: _ClassVar[Count.Kind]
        KIND_FULL_PASS: _ClassVar[Count.Kind]
        KIND_QUANTITIES: _ClassVar[Count.Kind]
    KIND_UNSPECIFIED: Count.Kind
    KIND_HANDHELD: Count.Kind
    KIND_FULL_PASS: Count.Kind
    KIND_QUANTITIES: Count.Kind
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[Count.State]
        STATE_OPEN: _ClassVar[Count.State]
        STATE_FINISHING: _ClassVar[Count.State]
        STATE_FINISHED: _ClassVar[Count.State]
        STATE_ABANDONED: _ClassVar[Count.State]
        STATE_EXPIRED: _ClassVar[Count.State]
    STATE_UNSPECIFIED: Count.State
    STATE_OPEN: Count.State
    STATE_FINISHING: Count.State
    STATE_FINISHED: Count.State
    STATE_ABANDONED: Count.State
    STATE_EXPIRED: Count.State
    COUNT_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    ZONE_IDS_FIELD_NUMBER: _ClassVar[int]
    ITEM_CLASSES_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    count_id: str
    location_id: str
    kind: Count.Kind
    zone_ids: _containers.RepeatedScalarFieldContainer[str]
    item_classes: _containers.RepeatedScalarFieldContainer[str]
    state: Count.State
    title: str
    actor: str
    start_time: _timestamp_pb2.Timestamp
    expire_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    result: CountResult
    def __init__(self, count_id: _Optional[str] = ..., location_id: _Optional[str] = ..., kind: _Optional[_Union[Count.Kind, str]] = ..., zone_ids: _Optional[_Iterable[str]] = ..., item_classes: _Optional[_Iterable[str]] = ..., state: _Optional[_Union[Count.State, str]] = ..., title: _Optional[str] = ..., actor: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., result: _Optional[_Union[CountResult, _Mapping]] = ...) -> None: ...

class CountResult(_message.Message):
    __slots__ = ("matched_quantity", "missing_quantity", "found_quantity", "misplaced_quantity", "unknown_quantity", "item_count", "right_item_count", "unit_accuracy_percent", "item_accuracy_percent")
    MATCHED_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    MISSING_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    FOUND_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    MISPLACED_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    ITEM_COUNT_FIELD_NUMBER: _ClassVar[int]
    RIGHT_ITEM_COUNT_FIELD_NUMBER: _ClassVar[int]
    UNIT_ACCURACY_PERCENT_FIELD_NUMBER: _ClassVar[int]
    ITEM_ACCURACY_PERCENT_FIELD_NUMBER: _ClassVar[int]
    matched_quantity: int
    missing_quantity: int
    found_quantity: int
    misplaced_quantity: int
    unknown_quantity: int
    item_count: int
    right_item_count: int
    unit_accuracy_percent: float
    item_accuracy_percent: float
    def __init__(self, matched_quantity: _Optional[int] = ..., missing_quantity: _Optional[int] = ..., found_quantity: _Optional[int] = ..., misplaced_quantity: _Optional[int] = ..., unknown_quantity: _Optional[int] = ..., item_count: _Optional[int] = ..., right_item_count: _Optional[int] = ..., unit_accuracy_percent: _Optional[float] = ..., item_accuracy_percent: _Optional[float] = ...) -> None: ...

class CountProgress(_message.Message):
    __slots__ = ("expected_count", "matched_count", "unexpected_count", "unknown_count", "seen_count", "counted_quantity")
    EXPECTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    MATCHED_COUNT_FIELD_NUMBER: _ClassVar[int]
    UNEXPECTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_COUNT_FIELD_NUMBER: _ClassVar[int]
    SEEN_COUNT_FIELD_NUMBER: _ClassVar[int]
    COUNTED_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    expected_count: int
    matched_count: int
    unexpected_count: int
    unknown_count: int
    seen_count: int
    counted_quantity: int
    def __init__(self, expected_count: _Optional[int] = ..., matched_count: _Optional[int] = ..., unexpected_count: _Optional[int] = ..., unknown_count: _Optional[int] = ..., seen_count: _Optional[int] = ..., counted_quantity: _Optional[int] = ...) -> None: ...

class CountLine(_message.Message):
    __slots__ = ("kind", "item_id", "epc_hex", "quantity", "book_zone_id", "seen_zone_id")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[CountLine.Kind]
        KIND_MATCHED: _ClassVar[CountLine.Kind]
        KIND_MISSING: _ClassVar[CountLine.Kind]
        KIND_FOUND: _ClassVar[CountLine.Kind]
        KIND_MISPLACED: _ClassVar[CountLine.Kind]
        KIND_UNKNOWN: _ClassVar[CountLine.Kind]
    KIND_UNSPECIFIED: CountLine.Kind
    KIND_MATCHED: CountLine.Kind
    KIND_MISSING: CountLine.Kind
    KIND_FOUND: CountLine.Kind
    KIND_MISPLACED: CountLine.Kind
    KIND_UNKNOWN: CountLine.Kind
    KIND_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    EPC_HEX_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    BOOK_ZONE_ID_FIELD_NUMBER: _ClassVar[int]
    SEEN_ZONE_ID_FIELD_NUMBER: _ClassVar[int]
    kind: CountLine.Kind
    item_id: str
    epc_hex: str
    quantity: int
    book_zone_id: str
    seen_zone_id: str
    def __init__(self, kind: _Optional[_Union[CountLine.Kind, str]] = ..., item_id: _Optional[str] = ..., epc_hex: _Optional[str] = ..., quantity: _Optional[int] = ..., book_zone_id: _Optional[str] = ..., seen_zone_id: _Optional[str] = ...) -> None: ...

class StartCountRequest(_message.Message):
    __slots__ = ("request_id", "location_id", "kind", "zone_ids", "item_classes", "title")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    ZONE_IDS_FIELD_NUMBER: _ClassVar[int]
    ITEM_CLASSES_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    location_id: str
    kind: Count.Kind
    zone_ids: _containers.RepeatedScalarFieldContainer[str]
    item_classes: _containers.RepeatedScalarFieldContainer[str]
    title: str
    def __init__(self, request_id: _Optional[str] = ..., location_id: _Optional[str] = ..., kind: _Optional[_Union[Count.Kind, str]] = ..., zone_ids: _Optional[_Iterable[str]] = ..., item_classes: _Optional[_Iterable[str]] = ..., title: _Optional[str] = ...) -> None: ...

class StartCountResponse(_message.Message):
    __slots__ = ("count",)
    COUNT_FIELD_NUMBER: _ClassVar[int]
    count: Count
    def __init__(self, count: _Optional[_Union[Count, _Mapping]] = ...) -> None: ...

class CountRead(_message.Message):
    __slots__ = ("epc", "read_time", "rssi_cdbm")
    EPC_FIELD_NUMBER: _ClassVar[int]
    READ_TIME_FIELD_NUMBER: _ClassVar[int]
    RSSI_CDBM_FIELD_NUMBER: _ClassVar[int]
    epc: bytes
    read_time: _timestamp_pb2.Timestamp
    rssi_cdbm: int
    def __init__(self, epc: _Optional[bytes] = ..., read_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., rssi_cdbm: _Optional[int] = ...) -> None: ...

class RecordCountReadsRequest(_message.Message):
    __slots__ = ("count_id", "zone_id", "reads")
    COUNT_ID_FIELD_NUMBER: _ClassVar[int]
    ZONE_ID_FIELD_NUMBER: _ClassVar[int]
    READS_FIELD_NUMBER: _ClassVar[int]
    count_id: str
    zone_id: str
    reads: _containers.RepeatedCompositeFieldContainer[CountRead]
    def __init__(self, count_id: _Optional[str] = ..., zone_id: _Optional[str] = ..., reads: _Optional[_Iterable[_Union[CountRead, _Mapping]]] = ...) -> None: ...

class RecordCountReadsResponse(_message.Message):
    __slots__ = ("new_count", "repeated_count", "refused_count", "refusals", "unknown_item_count")
    NEW_COUNT_FIELD_NUMBER: _ClassVar[int]
    REPEATED_COUNT_FIELD_NUMBER: _ClassVar[int]
    REFUSED_COUNT_FIELD_NUMBER: _ClassVar[int]
    REFUSALS_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_ITEM_COUNT_FIELD_NUMBER: _ClassVar[int]
    new_count: int
    repeated_count: int
    refused_count: int
    refusals: _containers.RepeatedCompositeFieldContainer[_reads_pb2.ReadRefusal]
    unknown_item_count: int
    def __init__(self, new_count: _Optional[int] = ..., repeated_count: _Optional[int] = ..., refused_count: _Optional[int] = ..., refusals: _Optional[_Iterable[_Union[_reads_pb2.ReadRefusal, _Mapping]]] = ..., unknown_item_count: _Optional[int] = ...) -> None: ...

class StreamCountReadsRequest(_message.Message):
    __slots__ = ("sequence", "batch", "with_progress")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    WITH_PROGRESS_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    batch: RecordCountReadsRequest
    with_progress: bool
    def __init__(self, sequence: _Optional[int] = ..., batch: _Optional[_Union[RecordCountReadsRequest, _Mapping]] = ..., with_progress: _Optional[bool] = ...) -> None: ...

class StreamCountReadsResponse(_message.Message):
    __slots__ = ("sequence", "result", "progress")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    result: RecordCountReadsResponse
    progress: CountProgress
    def __init__(self, sequence: _Optional[int] = ..., result: _Optional[_Union[RecordCountReadsResponse, _Mapping]] = ..., progress: _Optional[_Union[CountProgress, _Mapping]] = ...) -> None: ...

class CountQuantity(_message.Message):
    __slots__ = ("product", "quantity", "zone_id", "spot", "count_time")
    PRODUCT_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    ZONE_ID_FIELD_NUMBER: _ClassVar[int]
    SPOT_FIELD_NUMBER: _ClassVar[int]
    COUNT_TIME_FIELD_NUMBER: _ClassVar[int]
    product: _ledger_pb2.Product
    quantity: int
    zone_id: str
    spot: str
    count_time: _timestamp_pb2.Timestamp
    def __init__(self, product: _Optional[_Union[_ledger_pb2.Product, _Mapping]] = ..., quantity: _Optional[int] = ..., zone_id: _Optional[str] = ..., spot: _Optional[str] = ..., count_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RecordCountQuantitiesRequest(_message.Message):
    __slots__ = ("request_id", "count_id", "lines")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    COUNT_ID_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    count_id: str
    lines: _containers.RepeatedCompositeFieldContainer[CountQuantity]
    def __init__(self, request_id: _Optional[str] = ..., count_id: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[CountQuantity, _Mapping]]] = ...) -> None: ...

class RecordCountQuantitiesResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetCountRequest(_message.Message):
    __slots__ = ("count_id",)
    COUNT_ID_FIELD_NUMBER: _ClassVar[int]
    count_id: str
    def __init__(self, count_id: _Optional[str] = ...) -> None: ...

class GetCountResponse(_message.Message):
    __slots__ = ("count", "progress")
    COUNT_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    count: Count
    progress: CountProgress
    def __init__(self, count: _Optional[_Union[Count, _Mapping]] = ..., progress: _Optional[_Union[CountProgress, _Mapping]] = ...) -> None: ...

class ListCountsRequest(_message.Message):
    __slots__ = ("location_id", "state", "page_size", "page_token")
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    state: Count.State
    page_size: int
    page_token: str
    def __init__(self, location_id: _Optional[str] = ..., state: _Optional[_Union[Count.State, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListCountsResponse(_message.Message):
    __slots__ = ("counts", "next_page_token")
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    counts: _containers.RepeatedCompositeFieldContainer[Count]
    next_page_token: str
    def __init__(self, counts: _Optional[_Iterable[_Union[Count, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ReviewCountRequest(_message.Message):
    __slots__ = ("count_id", "include_matched", "page_size", "page_token")
    COUNT_ID_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_MATCHED_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    count_id: str
    include_matched: bool
    page_size: int
    page_token: str
    def __init__(self, count_id: _Optional[str] = ..., include_matched: _Optional[bool] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ReviewCountResponse(_message.Message):
    __slots__ = ("lines", "result", "next_page_token")
    LINES_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    lines: _containers.RepeatedCompositeFieldContainer[CountLine]
    result: CountResult
    next_page_token: str
    def __init__(self, lines: _Optional[_Iterable[_Union[CountLine, _Mapping]]] = ..., result: _Optional[_Union[CountResult, _Mapping]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class FinishCountRequest(_message.Message):
    __slots__ = ("request_id", "count_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    COUNT_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    count_id: str
    def __init__(self, request_id: _Optional[str] = ..., count_id: _Optional[str] = ...) -> None: ...

class FinishCountResponse(_message.Message):
    __slots__ = ("count", "revision")
    COUNT_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    count: Count
    revision: int
    def __init__(self, count: _Optional[_Union[Count, _Mapping]] = ..., revision: _Optional[int] = ...) -> None: ...

class AbandonCountRequest(_message.Message):
    __slots__ = ("request_id", "count_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    COUNT_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    count_id: str
    def __init__(self, request_id: _Optional[str] = ..., count_id: _Optional[str] = ...) -> None: ...

class AbandonCountResponse(_message.Message):
    __slots__ = ("count",)
    COUNT_FIELD_NUMBER: _ClassVar[int]
    count: Count
    def __init__(self, count: _Optional[_Union[Count, _Mapping]] = ...) -> None: ...

class ListCountAccuracyRequest(_message.Message):
    __slots__ = ("location_id", "item_class", "after_time", "page_size", "page_token")
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    ITEM_CLASS_FIELD_NUMBER: _ClassVar[int]
    AFTER_TIME_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    item_class: str
    after_time: _timestamp_pb2.Timestamp
    page_size: int
    page_token: str
    def __init__(self, location_id: _Optional[str] = ..., item_class: _Optional[str] = ..., after_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class CountAccuracy(_message.Message):
    __slots__ = ("count_id", "item_class", "end_time", "result")
    COUNT_ID_FIELD_NUMBER: _ClassVar[int]
    ITEM_CLASS_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    count_id: str
    item_class: str
    end_time: _timestamp_pb2.Timestamp
    result: CountResult
    def __init__(self, count_id: _Optional[str] = ..., item_class: _Optional[str] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., result: _Optional[_Union[CountResult, _Mapping]] = ...) -> None: ...

class ListCountAccuracyResponse(_message.Message):
    __slots__ = ("accuracies", "next_page_token")
    ACCURACIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    accuracies: _containers.RepeatedCompositeFieldContainer[CountAccuracy]
    next_page_token: str
    def __init__(self, accuracies: _Optional[_Iterable[_Union[CountAccuracy, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
