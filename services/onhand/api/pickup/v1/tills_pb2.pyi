import datetime

from onhand.api.buf.validate import validate_pb2 as _validate_pb2
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

class GetCollectionKeysRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetCollectionKeysResponse(_message.Message):
    __slots__ = ("jwks", "refresh_time")
    JWKS_FIELD_NUMBER: _ClassVar[int]
    REFRESH_TIME_FIELD_NUMBER: _ClassVar[int]
    jwks: str
    refresh_time: _timestamp_pb2.Timestamp
    def __init__(self, jwks: _Optional[str] = ..., refresh_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class OfflineHandOver(_message.Message):
    __slots__ = ("request_id", "collection_pass", "hand_over_time", "collector_name", "identity_checked", "age_checked", "proof_reference", "till_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    COLLECTION_PASS_FIELD_NUMBER: _ClassVar[int]
    HAND_OVER_TIME_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_NAME_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_CHECKED_FIELD_NUMBER: _ClassVar[int]
    AGE_CHECKED_FIELD_NUMBER: _ClassVar[int]
    PROOF_REFERENCE_FIELD_NUMBER: _ClassVar[int]
    TILL_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    collection_pass: str
    hand_over_time: _timestamp_pb2.Timestamp
    collector_name: str
    identity_checked: bool
    age_checked: bool
    proof_reference: str
    till_id: str
    def __init__(self, request_id: _Optional[str] = ..., collection_pass: _Optional[str] = ..., hand_over_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., collector_name: _Optional[str] = ..., identity_checked: _Optional[bool] = ..., age_checked: _Optional[bool] = ..., proof_reference: _Optional[str] = ..., till_id: _Optional[str] = ...) -> None: ...

class OfflineHandOverResult(_message.Message):
    __slots__ = ("request_id", "outcome", "task", "detail")
    class Outcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        OUTCOME_UNSPECIFIED: _ClassVar[OfflineHandOverResult.Outcome]
        OUTCOME_RECORDED: _ClassVar[OfflineHandOverResult.Outcome]
        OUTCOME_REPLAYED: _ClassVar[OfflineHandOverResult.Outcome]
        OUTCOME_ENDED: _ClassVar[OfflineHandOverResult.Outcome]
        OUTCOME_INVALID: _ClassVar[OfflineHandOverResult.Outcome]
    OUTCOME_UNSPECIFIED: OfflineHandOverResult.Outcome
    OUTCOME_RECORDED: OfflineHandOverResult.Outcome
    OUTCOME_REPLAYED: OfflineHandOverResult.Outcome
    OUTCOME_ENDED: OfflineHandOverResult.Outcome
    OUTCOME_INVALID: OfflineHandOverResult.Outcome
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    outcome: OfflineHandOverResult.Outcome
    task: _tasks_pb2.Task
    detail: str
    def __init__(self, request_id: _Optional[str] = ..., outcome: _Optional[_Union[OfflineHandOverResult.Outcome, str]] = ..., task: _Optional[_Union[_tasks_pb2.Task, _Mapping]] = ..., detail: _Optional[str] = ...) -> None: ...

class RecordOfflineHandOversRequest(_message.Message):
    __slots__ = ("location_id", "hand_overs")
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    HAND_OVERS_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    hand_overs: _containers.RepeatedCompositeFieldContainer[OfflineHandOver]
    def __init__(self, location_id: _Optional[str] = ..., hand_overs: _Optional[_Iterable[_Union[OfflineHandOver, _Mapping]]] = ...) -> None: ...

class RecordOfflineHandOversResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[OfflineHandOverResult]
    def __init__(self, results: _Optional[_Iterable[_Union[OfflineHandOverResult, _Mapping]]] = ...) -> None: ...

class ReturnedLine(_message.Message):
    __slots__ = ("line_id", "quantity", "epcs", "condition")
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    EPCS_FIELD_NUMBER: _ClassVar[int]
    CONDITION_FIELD_NUMBER: _ClassVar[int]
    line_id: str
    quantity: int
    epcs: _containers.RepeatedScalarFieldContainer[str]
    condition: _tasks_pb2.GoodsCondition
    def __init__(self, line_id: _Optional[str] = ..., quantity: _Optional[int] = ..., epcs: _Optional[_Iterable[str]] = ..., condition: _Optional[_Union[_tasks_pb2.GoodsCondition, str]] = ...) -> None: ...

class ReturnGoodsRequest(_message.Message):
    __slots__ = ("request_id", "task_id", "location_id", "lines", "detail")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    task_id: str
    location_id: str
    lines: _containers.RepeatedCompositeFieldContainer[ReturnedLine]
    detail: str
    def __init__(self, request_id: _Optional[str] = ..., task_id: _Optional[str] = ..., location_id: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[ReturnedLine, _Mapping]]] = ..., detail: _Optional[str] = ...) -> None: ...

class ReturnGoodsResponse(_message.Message):
    __slots__ = ("task",)
    TASK_FIELD_NUMBER: _ClassVar[int]
    task: _tasks_pb2.Task
    def __init__(self, task: _Optional[_Union[_tasks_pb2.Task, _Mapping]] = ...) -> None: ...
