import datetime

from onhand.api.buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from onhand.api.auth.v1 import scopes_pb2 as _scopes_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class StockPolicyScope(_message.Message):
    __slots__ = ("item_id", "item_class", "location_id", "channel")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    ITEM_CLASS_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    item_class: str
    location_id: str
    channel: str
    def __init__(self, item_id: _Optional[str] = ..., item_class: _Optional[str] = ..., location_id: _Optional[str] = ..., channel: _Optional[str] = ...) -> None: ...

class StockPolicy(_message.Message):
    __slots__ = ("scope", "safety_stock", "kept_percent", "out_quantity", "customer_limit", "channel_limit", "orders_first", "note", "version", "actor", "update_time")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    SAFETY_STOCK_FIELD_NUMBER: _ClassVar[int]
    KEPT_PERCENT_FIELD_NUMBER: _ClassVar[int]
    OUT_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_LIMIT_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_LIMIT_FIELD_NUMBER: _ClassVar[int]
    ORDERS_FIRST_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    scope: StockPolicyScope
    safety_stock: int
    kept_percent: int
    out_quantity: int
    customer_limit: int
    channel_limit: int
    orders_first: bool
    note: str
    version: int
    actor: str
    update_time: _timestamp_pb2.Timestamp
    def __init__(self, scope: _Optional[_Union[StockPolicyScope, _Mapping]] = ..., safety_stock: _Optional[int] = ..., kept_percent: _Optional[int] = ..., out_quantity: _Optional[int] = ..., customer_limit: _Optional[int] = ..., channel_limit: _Optional[int] = ..., orders_first: _Optional[bool] = ..., note: _Optional[str] = ..., version: _Optional[int] = ..., actor: _Optional[str] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class SetStockPoliciesRequest(_message.Message):
    __slots__ = ("policies",)
    POLICIES_FIELD_NUMBER: _ClassVar[int]
    policies: _containers.RepeatedCompositeFieldContainer[StockPolicy]
    def __init__(self, policies: _Optional[_Iterable[_Union[StockPolicy, _Mapping]]] = ...) -> None: ...

class SetStockPoliciesResponse(_message.Message):
    __slots__ = ("revision",)
    REVISION_FIELD_NUMBER: _ClassVar[int]
    revision: int
    def __init__(self, revision: _Optional[int] = ...) -> None: ...

class ListStockPoliciesRequest(_message.Message):
    __slots__ = ("item_id", "item_class", "location_id", "channel", "page_size", "page_token")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    ITEM_CLASS_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    item_class: str
    location_id: str
    channel: str
    page_size: int
    page_token: str
    def __init__(self, item_id: _Optional[str] = ..., item_class: _Optional[str] = ..., location_id: _Optional[str] = ..., channel: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListStockPoliciesResponse(_message.Message):
    __slots__ = ("policies", "next_page_token")
    POLICIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    policies: _containers.RepeatedCompositeFieldContainer[StockPolicy]
    next_page_token: str
    def __init__(self, policies: _Optional[_Iterable[_Union[StockPolicy, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class DeleteStockPoliciesRequest(_message.Message):
    __slots__ = ("scopes", "note")
    SCOPES_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    scopes: _containers.RepeatedCompositeFieldContainer[StockPolicyScope]
    note: str
    def __init__(self, scopes: _Optional[_Iterable[_Union[StockPolicyScope, _Mapping]]] = ..., note: _Optional[str] = ...) -> None: ...

class DeleteStockPoliciesResponse(_message.Message):
    __slots__ = ("deleted_count", "revision")
    DELETED_COUNT_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    deleted_count: int
    revision: int
    def __init__(self, deleted_count: _Optional[int] = ..., revision: _Optional[int] = ...) -> None: ...

class ListStockPolicyChangesRequest(_message.Message):
    __slots__ = ("scope", "page_size", "page_token")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    scope: StockPolicyScope
    page_size: int
    page_token: str
    def __init__(self, scope: _Optional[_Union[StockPolicyScope, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class StockPolicyChange(_message.Message):
    __slots__ = ("policy", "deleted")
    POLICY_FIELD_NUMBER: _ClassVar[int]
    DELETED_FIELD_NUMBER: _ClassVar[int]
    policy: StockPolicy
    deleted: bool
    def __init__(self, policy: _Optional[_Union[StockPolicy, _Mapping]] = ..., deleted: _Optional[bool] = ...) -> None: ...

class ListStockPolicyChangesResponse(_message.Message):
    __slots__ = ("changes", "next_page_token")
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    changes: _containers.RepeatedCompositeFieldContainer[StockPolicyChange]
    next_page_token: str
    def __init__(self, changes: _Optional[_Iterable[_Union[StockPolicyChange, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ExplainStockPolicyRequest(_message.Message):
    __slots__ = ("item_id", "location_id", "channel")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    location_id: str
    channel: str
    def __init__(self, item_id: _Optional[str] = ..., location_id: _Optional[str] = ..., channel: _Optional[str] = ...) -> None: ...

class StockPolicyTerm(_message.Message):
    __slots__ = ("name", "value", "unlimited", "scope")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    UNLIMITED_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: int
    unlimited: bool
    scope: StockPolicyScope
    def __init__(self, name: _Optional[str] = ..., value: _Optional[int] = ..., unlimited: _Optional[bool] = ..., scope: _Optional[_Union[StockPolicyScope, _Mapping]] = ...) -> None: ...

class ExplainStockPolicyResponse(_message.Message):
    __slots__ = ("terms", "kept_quantity", "available", "applying_scopes")
    TERMS_FIELD_NUMBER: _ClassVar[int]
    KEPT_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_FIELD_NUMBER: _ClassVar[int]
    APPLYING_SCOPES_FIELD_NUMBER: _ClassVar[int]
    terms: _containers.RepeatedCompositeFieldContainer[StockPolicyTerm]
    kept_quantity: int
    available: int
    applying_scopes: _containers.RepeatedCompositeFieldContainer[StockPolicyScope]
    def __init__(self, terms: _Optional[_Iterable[_Union[StockPolicyTerm, _Mapping]]] = ..., kept_quantity: _Optional[int] = ..., available: _Optional[int] = ..., applying_scopes: _Optional[_Iterable[_Union[StockPolicyScope, _Mapping]]] = ...) -> None: ...

class SuggestSafetyStockRequest(_message.Message):
    __slots__ = ("request_id", "location_id", "item_ids", "service_level", "lead_time_days", "lead_time_deviation_days")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    ITEM_IDS_FIELD_NUMBER: _ClassVar[int]
    SERVICE_LEVEL_FIELD_NUMBER: _ClassVar[int]
    LEAD_TIME_DAYS_FIELD_NUMBER: _ClassVar[int]
    LEAD_TIME_DEVIATION_DAYS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    location_id: str
    item_ids: _containers.RepeatedScalarFieldContainer[str]
    service_level: float
    lead_time_days: float
    lead_time_deviation_days: float
    def __init__(self, request_id: _Optional[str] = ..., location_id: _Optional[str] = ..., item_ids: _Optional[_Iterable[str]] = ..., service_level: _Optional[float] = ..., lead_time_days: _Optional[float] = ..., lead_time_deviation_days: _Optional[float] = ...) -> None: ...

class SafetyStockSuggestion(_message.Message):
    __slots__ = ("suggestion_id", "item_id", "location_id", "state", "safety_stock", "present_safety_stock", "daily_demand", "daily_demand_deviation", "demand_days", "empty_days", "safety_factor", "service_level", "lead_time_days", "lead_time_deviation_days", "actor", "create_time", "decide_actor", "decide_time")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[SafetyStockSuggestion.State]
        STATE_PROPOSED: _ClassVar[SafetyStockSuggestion.State]
        STATE_ACCEPTED: _ClassVar[SafetyStockSuggestion.State]
        STATE_REJECTED: _ClassVar[SafetyStockSuggestion.State]
        STATE_REPLACED: _ClassVar[SafetyStockSuggestion.State]
    STATE_UNSPECIFIED: SafetyStockSuggestion.State
    STATE_PROPOSED: SafetyStockSuggestion.State
    STATE_ACCEPTED: SafetyStockSuggestion.State
    STATE_REJECTED: SafetyStockSuggestion.State
    STATE_REPLACED: SafetyStockSuggestion.State
    SUGGESTION_ID_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SAFETY_STOCK_FIELD_NUMBER: _ClassVar[int]
    PRESENT_SAFETY_STOCK_FIELD_NUMBER: _ClassVar[int]
    DAILY_DEMAND_FIELD_NUMBER: _ClassVar[int]
    DAILY_DEMAND_DEVIATION_FIELD_NUMBER: _ClassVar[int]
    DEMAND_DAYS_FIELD_NUMBER: _ClassVar[int]
    EMPTY_DAYS_FIELD_NUMBER: _ClassVar[int]
    SAFETY_FACTOR_FIELD_NUMBER: _ClassVar[int]
    SERVICE_LEVEL_FIELD_NUMBER: _ClassVar[int]
    LEAD_TIME_DAYS_FIELD_NUMBER: _ClassVar[int]
    LEAD_TIME_DEVIATION_DAYS_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    DECIDE_ACTOR_FIELD_NUMBER: _ClassVar[int]
    DECIDE_TIME_FIELD_NUMBER: _ClassVar[int]
    suggestion_id: str
    item_id: str
    location_id: str
    state: SafetyStockSuggestion.State
    safety_stock: int
    present_safety_stock: int
    daily_demand: float
    daily_demand_deviation: float
    demand_days: int
    empty_days: int
    safety_factor: float
    service_level: float
    lead_time_days: float
    lead_time_deviation_days: float
    actor: str
    create_time: _timestamp_pb2.Timestamp
    decide_actor: str
    decide_time: _timestamp_pb2.Timestamp
    def __init__(self, suggestion_id: _Optional[str] = ..., item_id: _Optional[str] = ..., location_id: _Optional[str] = ..., state: _Optional[_Union[SafetyStockSuggestion.State, str]] = ..., safety_stock: _Optional[int] = ..., present_safety_stock: _Optional[int] = ..., daily_demand: _Optional[float] = ..., daily_demand_deviation: _Optional[float] = ..., demand_days: _Optional[int] = ..., empty_days: _Optional[int] = ..., safety_factor: _Optional[float] = ..., service_level: _Optional[float] = ..., lead_time_days: _Optional[float] = ..., lead_time_deviation_days: _Optional[float] = ..., actor: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., decide_actor: _Optional[str] = ..., decide_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class SuggestSafetyStockResponse(_message.Message):
    __slots__ = ("proposed_count", "untold_count")
    PROPOSED_COUNT_FIELD_NUMBER: _ClassVar[int]
    UNTOLD_COUNT_FIELD_NUMBER: _ClassVar[int]
    proposed_count: int
    untold_count: int
    def __init__(self, proposed_count: _Optional[int] = ..., untold_count: _Optional[int] = ...) -> None: ...

class ListSafetyStockSuggestionsRequest(_message.Message):
    __slots__ = ("location_id", "state", "page_size", "page_token")
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    state: SafetyStockSuggestion.State
    page_size: int
    page_token: str
    def __init__(self, location_id: _Optional[str] = ..., state: _Optional[_Union[SafetyStockSuggestion.State, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListSafetyStockSuggestionsResponse(_message.Message):
    __slots__ = ("suggestions", "next_page_token")
    SUGGESTIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    suggestions: _containers.RepeatedCompositeFieldContainer[SafetyStockSuggestion]
    next_page_token: str
    def __init__(self, suggestions: _Optional[_Iterable[_Union[SafetyStockSuggestion, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class DecideSafetyStockSuggestionsRequest(_message.Message):
    __slots__ = ("request_id", "suggestion_ids", "accept", "note")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SUGGESTION_IDS_FIELD_NUMBER: _ClassVar[int]
    ACCEPT_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    suggestion_ids: _containers.RepeatedScalarFieldContainer[str]
    accept: bool
    note: str
    def __init__(self, request_id: _Optional[str] = ..., suggestion_ids: _Optional[_Iterable[str]] = ..., accept: _Optional[bool] = ..., note: _Optional[str] = ...) -> None: ...

class DecideSafetyStockSuggestionsResponse(_message.Message):
    __slots__ = ("revision",)
    REVISION_FIELD_NUMBER: _ClassVar[int]
    revision: int
    def __init__(self, revision: _Optional[int] = ...) -> None: ...

class ListDoubtfulCellsRequest(_message.Message):
    __slots__ = ("location_id", "min_score", "max_count")
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_SCORE_FIELD_NUMBER: _ClassVar[int]
    MAX_COUNT_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    min_score: float
    max_count: int
    def __init__(self, location_id: _Optional[str] = ..., min_score: _Optional[float] = ..., max_count: _Optional[int] = ...) -> None: ...

class DoubtfulCell(_message.Message):
    __slots__ = ("item_id", "location_id", "item_class", "sellable", "score", "daily_demand", "silent_days", "short_pick_count", "tag_count", "unconfirmed_tag_count", "daily_loss")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    ITEM_CLASS_FIELD_NUMBER: _ClassVar[int]
    SELLABLE_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    DAILY_DEMAND_FIELD_NUMBER: _ClassVar[int]
    SILENT_DAYS_FIELD_NUMBER: _ClassVar[int]
    SHORT_PICK_COUNT_FIELD_NUMBER: _ClassVar[int]
    TAG_COUNT_FIELD_NUMBER: _ClassVar[int]
    UNCONFIRMED_TAG_COUNT_FIELD_NUMBER: _ClassVar[int]
    DAILY_LOSS_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    location_id: str
    item_class: str
    sellable: int
    score: float
    daily_demand: float
    silent_days: float
    short_pick_count: int
    tag_count: int
    unconfirmed_tag_count: int
    daily_loss: float
    def __init__(self, item_id: _Optional[str] = ..., location_id: _Optional[str] = ..., item_class: _Optional[str] = ..., sellable: _Optional[int] = ..., score: _Optional[float] = ..., daily_demand: _Optional[float] = ..., silent_days: _Optional[float] = ..., short_pick_count: _Optional[int] = ..., tag_count: _Optional[int] = ..., unconfirmed_tag_count: _Optional[int] = ..., daily_loss: _Optional[float] = ...) -> None: ...

class ListDoubtfulCellsResponse(_message.Message):
    __slots__ = ("cells", "item_classes")
    CELLS_FIELD_NUMBER: _ClassVar[int]
    ITEM_CLASSES_FIELD_NUMBER: _ClassVar[int]
    cells: _containers.RepeatedCompositeFieldContainer[DoubtfulCell]
    item_classes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, cells: _Optional[_Iterable[_Union[DoubtfulCell, _Mapping]]] = ..., item_classes: _Optional[_Iterable[str]] = ...) -> None: ...
