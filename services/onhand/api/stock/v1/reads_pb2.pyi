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

class Read(_message.Message):
    __slots__ = ("epc", "antenna", "read_time", "rssi_cdbm")
    EPC_FIELD_NUMBER: _ClassVar[int]
    ANTENNA_FIELD_NUMBER: _ClassVar[int]
    READ_TIME_FIELD_NUMBER: _ClassVar[int]
    RSSI_CDBM_FIELD_NUMBER: _ClassVar[int]
    epc: bytes
    antenna: int
    read_time: _timestamp_pb2.Timestamp
    rssi_cdbm: int
    def __init__(self, epc: _Optional[bytes] = ..., antenna: _Optional[int] = ..., read_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., rssi_cdbm: _Optional[int] = ...) -> None: ...

class RecordReadsRequest(_message.Message):
    __slots__ = ("reader_id", "reads", "columns")
    READER_ID_FIELD_NUMBER: _ClassVar[int]
    READS_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    reader_id: str
    reads: _containers.RepeatedCompositeFieldContainer[Read]
    columns: _containers.RepeatedCompositeFieldContainer[ReadColumns]
    def __init__(self, reader_id: _Optional[str] = ..., reads: _Optional[_Iterable[_Union[Read, _Mapping]]] = ..., columns: _Optional[_Iterable[_Union[ReadColumns, _Mapping]]] = ...) -> None: ...

class ReadColumns(_message.Message):
    __slots__ = ("epc_length", "epcs", "antennas", "read_times", "rssis_cdbm")
    EPC_LENGTH_FIELD_NUMBER: _ClassVar[int]
    EPCS_FIELD_NUMBER: _ClassVar[int]
    ANTENNAS_FIELD_NUMBER: _ClassVar[int]
    READ_TIMES_FIELD_NUMBER: _ClassVar[int]
    RSSIS_CDBM_FIELD_NUMBER: _ClassVar[int]
    epc_length: int
    epcs: bytes
    antennas: bytes
    read_times: bytes
    rssis_cdbm: bytes
    def __init__(self, epc_length: _Optional[int] = ..., epcs: _Optional[bytes] = ..., antennas: _Optional[bytes] = ..., read_times: _Optional[bytes] = ..., rssis_cdbm: _Optional[bytes] = ...) -> None: ...

class RecordReadsResponse(_message.Message):
    __slots__ = ("accepted_count", "repeated_count", "refused_count", "refusals", "unknown_item_count", "revision")
    ACCEPTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    REPEATED_COUNT_FIELD_NUMBER: _ClassVar[int]
    REFUSED_COUNT_FIELD_NUMBER: _ClassVar[int]
    REFUSALS_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_ITEM_COUNT_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    accepted_count: int
    repeated_count: int
    refused_count: int
    refusals: _containers.RepeatedCompositeFieldContainer[ReadRefusal]
    unknown_item_count: int
    revision: int
    def __init__(self, accepted_count: _Optional[int] = ..., repeated_count: _Optional[int] = ..., refused_count: _Optional[int] = ..., refusals: _Optional[_Iterable[_Union[ReadRefusal, _Mapping]]] = ..., unknown_item_count: _Optional[int] = ..., revision: _Optional[int] = ...) -> None: ...

class ReadRefusal(_message.Message):
    __slots__ = ("index", "reason", "message")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    index: int
    reason: str
    message: str
    def __init__(self, index: _Optional[int] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class StreamReadsRequest(_message.Message):
    __slots__ = ("sequence", "batch")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    batch: RecordReadsRequest
    def __init__(self, sequence: _Optional[int] = ..., batch: _Optional[_Union[RecordReadsRequest, _Mapping]] = ...) -> None: ...

class StreamReadsResponse(_message.Message):
    __slots__ = ("sequence", "result")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    result: RecordReadsResponse
    def __init__(self, sequence: _Optional[int] = ..., result: _Optional[_Union[RecordReadsResponse, _Mapping]] = ...) -> None: ...

class Tag(_message.Message):
    __slots__ = ("epc_hex", "epc_uri", "item_id", "location_id", "zone_id", "state", "first_seen_time", "last_seen_time", "bucket")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[Tag.State]
        STATE_PRESENT: _ClassVar[Tag.State]
        STATE_UNCONFIRMED: _ClassVar[Tag.State]
        STATE_MISSING: _ClassVar[Tag.State]
        STATE_SOLD: _ClassVar[Tag.State]
        STATE_DEPARTED: _ClassVar[Tag.State]
        STATE_SHIPPED: _ClassVar[Tag.State]
    STATE_UNSPECIFIED: Tag.State
    STATE_PRESENT: Tag.State
    STATE_UNCONFIRMED: Tag.State
    STATE_MISSING: Tag.State
    STATE_SOLD: Tag.State
    STATE_DEPARTED: Tag.State
    STATE_SHIPPED: Tag.State
    EPC_HEX_FIELD_NUMBER: _ClassVar[int]
    EPC_URI_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    ZONE_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEEN_TIME_FIELD_NUMBER: _ClassVar[int]
    LAST_SEEN_TIME_FIELD_NUMBER: _ClassVar[int]
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    epc_hex: str
    epc_uri: str
    item_id: str
    location_id: str
    zone_id: str
    state: Tag.State
    first_seen_time: _timestamp_pb2.Timestamp
    last_seen_time: _timestamp_pb2.Timestamp
    bucket: _ledger_pb2.Bucket
    def __init__(self, epc_hex: _Optional[str] = ..., epc_uri: _Optional[str] = ..., item_id: _Optional[str] = ..., location_id: _Optional[str] = ..., zone_id: _Optional[str] = ..., state: _Optional[_Union[Tag.State, str]] = ..., first_seen_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_seen_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., bucket: _Optional[_Union[_ledger_pb2.Bucket, str]] = ...) -> None: ...

class GetTagRequest(_message.Message):
    __slots__ = ("epc",)
    EPC_FIELD_NUMBER: _ClassVar[int]
    epc: str
    def __init__(self, epc: _Optional[str] = ...) -> None: ...

class GetTagResponse(_message.Message):
    __slots__ = ("tags",)
    TAGS_FIELD_NUMBER: _ClassVar[int]
    tags: _containers.RepeatedCompositeFieldContainer[Tag]
    def __init__(self, tags: _Optional[_Iterable[_Union[Tag, _Mapping]]] = ...) -> None: ...

class FollowTagRequest(_message.Message):
    __slots__ = ("location_id", "epc")
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    EPC_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    epc: str
    def __init__(self, location_id: _Optional[str] = ..., epc: _Optional[str] = ...) -> None: ...

class FollowTagResponse(_message.Message):
    __slots__ = ("read_time", "zone_id", "reader_id", "rssi_cdbm")
    READ_TIME_FIELD_NUMBER: _ClassVar[int]
    ZONE_ID_FIELD_NUMBER: _ClassVar[int]
    READER_ID_FIELD_NUMBER: _ClassVar[int]
    RSSI_CDBM_FIELD_NUMBER: _ClassVar[int]
    read_time: _timestamp_pb2.Timestamp
    zone_id: str
    reader_id: str
    rssi_cdbm: int
    def __init__(self, read_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., zone_id: _Optional[str] = ..., reader_id: _Optional[str] = ..., rssi_cdbm: _Optional[int] = ...) -> None: ...

class ListTagsRequest(_message.Message):
    __slots__ = ("location_id", "item_id", "state", "only_unknown", "page_size", "page_token", "not_seen_since")
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    ONLY_UNKNOWN_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    NOT_SEEN_SINCE_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    item_id: str
    state: Tag.State
    only_unknown: bool
    page_size: int
    page_token: str
    not_seen_since: _timestamp_pb2.Timestamp
    def __init__(self, location_id: _Optional[str] = ..., item_id: _Optional[str] = ..., state: _Optional[_Union[Tag.State, str]] = ..., only_unknown: _Optional[bool] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., not_seen_since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListTagsResponse(_message.Message):
    __slots__ = ("tags", "next_page_token")
    TAGS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    tags: _containers.RepeatedCompositeFieldContainer[Tag]
    next_page_token: str
    def __init__(self, tags: _Optional[_Iterable[_Union[Tag, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetTagHistoryRequest(_message.Message):
    __slots__ = ("epc", "page_size", "page_token")
    EPC_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    epc: str
    page_size: int
    page_token: str
    def __init__(self, epc: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class TagHistoryEvent(_message.Message):
    __slots__ = ("location_id", "state_before", "state", "zone_id_before", "zone_id", "occur_time", "record_time", "movement_id", "reason", "document")
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_BEFORE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    ZONE_ID_BEFORE_FIELD_NUMBER: _ClassVar[int]
    ZONE_ID_FIELD_NUMBER: _ClassVar[int]
    OCCUR_TIME_FIELD_NUMBER: _ClassVar[int]
    RECORD_TIME_FIELD_NUMBER: _ClassVar[int]
    MOVEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    state_before: Tag.State
    state: Tag.State
    zone_id_before: str
    zone_id: str
    occur_time: _timestamp_pb2.Timestamp
    record_time: _timestamp_pb2.Timestamp
    movement_id: str
    reason: _ledger_pb2.MovementReason
    document: str
    def __init__(self, location_id: _Optional[str] = ..., state_before: _Optional[_Union[Tag.State, str]] = ..., state: _Optional[_Union[Tag.State, str]] = ..., zone_id_before: _Optional[str] = ..., zone_id: _Optional[str] = ..., occur_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., record_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., movement_id: _Optional[str] = ..., reason: _Optional[_Union[_ledger_pb2.MovementReason, str]] = ..., document: _Optional[str] = ...) -> None: ...

class GetTagHistoryResponse(_message.Message):
    __slots__ = ("events", "next_page_token", "history_start_time")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    HISTORY_START_TIME_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[TagHistoryEvent]
    next_page_token: str
    history_start_time: _timestamp_pb2.Timestamp
    def __init__(self, events: _Optional[_Iterable[_Union[TagHistoryEvent, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., history_start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListReadersRequest(_message.Message):
    __slots__ = ("location_id", "only_silent", "page_size", "page_token")
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    ONLY_SILENT_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    only_silent: bool
    page_size: int
    page_token: str
    def __init__(self, location_id: _Optional[str] = ..., only_silent: _Optional[bool] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class Reader(_message.Message):
    __slots__ = ("reader_id", "last_read_time", "reads_per_minute", "antennas")
    READER_ID_FIELD_NUMBER: _ClassVar[int]
    LAST_READ_TIME_FIELD_NUMBER: _ClassVar[int]
    READS_PER_MINUTE_FIELD_NUMBER: _ClassVar[int]
    ANTENNAS_FIELD_NUMBER: _ClassVar[int]
    reader_id: str
    last_read_time: _timestamp_pb2.Timestamp
    reads_per_minute: float
    antennas: _containers.RepeatedCompositeFieldContainer[ReaderAntenna]
    def __init__(self, reader_id: _Optional[str] = ..., last_read_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reads_per_minute: _Optional[float] = ..., antennas: _Optional[_Iterable[_Union[ReaderAntenna, _Mapping]]] = ...) -> None: ...

class ReaderAntenna(_message.Message):
    __slots__ = ("antenna", "location_id", "zone_id", "last_read_time", "reads_per_minute", "silent")
    ANTENNA_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    ZONE_ID_FIELD_NUMBER: _ClassVar[int]
    LAST_READ_TIME_FIELD_NUMBER: _ClassVar[int]
    READS_PER_MINUTE_FIELD_NUMBER: _ClassVar[int]
    SILENT_FIELD_NUMBER: _ClassVar[int]
    antenna: int
    location_id: str
    zone_id: str
    last_read_time: _timestamp_pb2.Timestamp
    reads_per_minute: float
    silent: bool
    def __init__(self, antenna: _Optional[int] = ..., location_id: _Optional[str] = ..., zone_id: _Optional[str] = ..., last_read_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reads_per_minute: _Optional[float] = ..., silent: _Optional[bool] = ...) -> None: ...

class ListReadersResponse(_message.Message):
    __slots__ = ("readers", "next_page_token")
    READERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    readers: _containers.RepeatedCompositeFieldContainer[Reader]
    next_page_token: str
    def __init__(self, readers: _Optional[_Iterable[_Union[Reader, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
