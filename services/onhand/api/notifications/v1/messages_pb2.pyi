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

class MessagePurpose(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MESSAGE_PURPOSE_UNSPECIFIED: _ClassVar[MessagePurpose]
    MESSAGE_PURPOSE_ORDER_READY: _ClassVar[MessagePurpose]
    MESSAGE_PURPOSE_ORDER_COLLECTED: _ClassVar[MessagePurpose]
    MESSAGE_PURPOSE_ORDER_SHIPPED: _ClassVar[MessagePurpose]
    MESSAGE_PURPOSE_ORDER_DELAYED: _ClassVar[MessagePurpose]
    MESSAGE_PURPOSE_ORDER_CANCELLED: _ClassVar[MessagePurpose]
    MESSAGE_PURPOSE_ORDER_EXPIRED: _ClassVar[MessagePurpose]
    MESSAGE_PURPOSE_ORDER_REMINDER: _ClassVar[MessagePurpose]
    MESSAGE_PURPOSE_ORDER_LAST_CALL: _ClassVar[MessagePurpose]
    MESSAGE_PURPOSE_FOLLOW_UP: _ClassVar[MessagePurpose]
    MESSAGE_PURPOSE_BACK_IN_STOCK: _ClassVar[MessagePurpose]
    MESSAGE_PURPOSE_NEARBY: _ClassVar[MessagePurpose]
    MESSAGE_PURPOSE_ALTERNATIVES: _ClassVar[MessagePurpose]
    MESSAGE_PURPOSE_SUBSTITUTION_OFFERED: _ClassVar[MessagePurpose]
    MESSAGE_PURPOSE_AVAILABILITY_CHANGED: _ClassVar[MessagePurpose]
MESSAGE_PURPOSE_UNSPECIFIED: MessagePurpose
MESSAGE_PURPOSE_ORDER_READY: MessagePurpose
MESSAGE_PURPOSE_ORDER_COLLECTED: MessagePurpose
MESSAGE_PURPOSE_ORDER_SHIPPED: MessagePurpose
MESSAGE_PURPOSE_ORDER_DELAYED: MessagePurpose
MESSAGE_PURPOSE_ORDER_CANCELLED: MessagePurpose
MESSAGE_PURPOSE_ORDER_EXPIRED: MessagePurpose
MESSAGE_PURPOSE_ORDER_REMINDER: MessagePurpose
MESSAGE_PURPOSE_ORDER_LAST_CALL: MessagePurpose
MESSAGE_PURPOSE_FOLLOW_UP: MessagePurpose
MESSAGE_PURPOSE_BACK_IN_STOCK: MessagePurpose
MESSAGE_PURPOSE_NEARBY: MessagePurpose
MESSAGE_PURPOSE_ALTERNATIVES: MessagePurpose
MESSAGE_PURPOSE_SUBSTITUTION_OFFERED: MessagePurpose
MESSAGE_PURPOSE_AVAILABILITY_CHANGED: MessagePurpose

class Message(_message.Message):
    __slots__ = ("message_id", "purpose", "channel", "state", "order_id", "masked_address", "subject", "attempt_count", "next_attempt_time", "failure", "create_time", "send_time", "receipt", "receipt_time")
    class Channel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        CHANNEL_UNSPECIFIED: _ClassVar[Message.Channel]
        CHANNEL_EMAIL: _ClassVar[Message.Channel]
        CHANNEL_WEBHOOK: _ClassVar[Message.Channel]
        CHANNEL_SMS: _ClassVar[Message.Channel]
        CHANNEL_PUSH: _ClassVar[Message.Channel]
        CHANNEL_WHATSAPP: _ClassVar[Message.Channel]
    CHANNEL_UNSPECIFIED: Message.Channel
    CHANNEL_EMAIL: Message.Channel
    CHANNEL_WEBHOOK: Message.Channel
    CHANNEL_SMS: Message.Channel
    CHANNEL_PUSH: Message.Channel
    CHANNEL_WHATSAPP: Message.Channel
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[Message.State]
        STATE_WAITING: _ClassVar[Message.State]
        STATE_SENT: _ClassVar[Message.State]
        STATE_FAILED: _ClassVar[Message.State]
        STATE_SUPPRESSED: _ClassVar[Message.State]
    STATE_UNSPECIFIED: Message.State
    STATE_WAITING: Message.State
    STATE_SENT: Message.State
    STATE_FAILED: Message.State
    STATE_SUPPRESSED: Message.State
    class Receipt(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        RECEIPT_UNSPECIFIED: _ClassVar[Message.Receipt]
        RECEIPT_DELIVERED: _ClassVar[Message.Receipt]
        RECEIPT_BOUNCED: _ClassVar[Message.Receipt]
        RECEIPT_COMPLAINED: _ClassVar[Message.Receipt]
    RECEIPT_UNSPECIFIED: Message.Receipt
    RECEIPT_DELIVERED: Message.Receipt
    RECEIPT_BOUNCED: Message.Receipt
    RECEIPT_COMPLAINED: Message.Receipt
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    MASKED_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_COUNT_FIELD_NUMBER: _ClassVar[int]
    NEXT_ATTEMPT_TIME_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    SEND_TIME_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_TIME_FIELD_NUMBER: _ClassVar[int]
    message_id: str
    purpose: MessagePurpose
    channel: Message.Channel
    state: Message.State
    order_id: str
    masked_address: str
    subject: str
    attempt_count: int
    next_attempt_time: _timestamp_pb2.Timestamp
    failure: str
    create_time: _timestamp_pb2.Timestamp
    send_time: _timestamp_pb2.Timestamp
    receipt: Message.Receipt
    receipt_time: _timestamp_pb2.Timestamp
    def __init__(self, message_id: _Optional[str] = ..., purpose: _Optional[_Union[MessagePurpose, str]] = ..., channel: _Optional[_Union[Message.Channel, str]] = ..., state: _Optional[_Union[Message.State, str]] = ..., order_id: _Optional[str] = ..., masked_address: _Optional[str] = ..., subject: _Optional[str] = ..., attempt_count: _Optional[int] = ..., next_attempt_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., failure: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., send_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., receipt: _Optional[_Union[Message.Receipt, str]] = ..., receipt_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class AvailabilitySubscription(_message.Message):
    __slots__ = ("item_ids", "location_ids", "thresholds_only", "low_quantity", "out_quantity")
    ITEM_IDS_FIELD_NUMBER: _ClassVar[int]
    LOCATION_IDS_FIELD_NUMBER: _ClassVar[int]
    THRESHOLDS_ONLY_FIELD_NUMBER: _ClassVar[int]
    LOW_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    OUT_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    item_ids: _containers.RepeatedScalarFieldContainer[str]
    location_ids: _containers.RepeatedScalarFieldContainer[str]
    thresholds_only: bool
    low_quantity: int
    out_quantity: int
    def __init__(self, item_ids: _Optional[_Iterable[str]] = ..., location_ids: _Optional[_Iterable[str]] = ..., thresholds_only: _Optional[bool] = ..., low_quantity: _Optional[int] = ..., out_quantity: _Optional[int] = ...) -> None: ...

class WebhookEndpoint(_message.Message):
    __slots__ = ("endpoint_id", "uri", "purposes", "title", "create_time", "disable_time", "pause_time", "old_secret_expire_time", "availability")
    ENDPOINT_ID_FIELD_NUMBER: _ClassVar[int]
    URI_FIELD_NUMBER: _ClassVar[int]
    PURPOSES_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    DISABLE_TIME_FIELD_NUMBER: _ClassVar[int]
    PAUSE_TIME_FIELD_NUMBER: _ClassVar[int]
    OLD_SECRET_EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    AVAILABILITY_FIELD_NUMBER: _ClassVar[int]
    endpoint_id: str
    uri: str
    purposes: _containers.RepeatedScalarFieldContainer[MessagePurpose]
    title: str
    create_time: _timestamp_pb2.Timestamp
    disable_time: _timestamp_pb2.Timestamp
    pause_time: _timestamp_pb2.Timestamp
    old_secret_expire_time: _timestamp_pb2.Timestamp
    availability: AvailabilitySubscription
    def __init__(self, endpoint_id: _Optional[str] = ..., uri: _Optional[str] = ..., purposes: _Optional[_Iterable[_Union[MessagePurpose, str]]] = ..., title: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., disable_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., pause_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., old_secret_expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., availability: _Optional[_Union[AvailabilitySubscription, _Mapping]] = ...) -> None: ...

class GetMessageRequest(_message.Message):
    __slots__ = ("message_id",)
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    message_id: str
    def __init__(self, message_id: _Optional[str] = ...) -> None: ...

class GetMessageResponse(_message.Message):
    __slots__ = ("message",)
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    message: Message
    def __init__(self, message: _Optional[_Union[Message, _Mapping]] = ...) -> None: ...

class ListMessagesRequest(_message.Message):
    __slots__ = ("order_id", "state", "page_size", "page_token")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    state: Message.State
    page_size: int
    page_token: str
    def __init__(self, order_id: _Optional[str] = ..., state: _Optional[_Union[Message.State, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListMessagesResponse(_message.Message):
    __slots__ = ("messages", "next_page_token")
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    messages: _containers.RepeatedCompositeFieldContainer[Message]
    next_page_token: str
    def __init__(self, messages: _Optional[_Iterable[_Union[Message, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class RetryMessageRequest(_message.Message):
    __slots__ = ("message_id",)
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    message_id: str
    def __init__(self, message_id: _Optional[str] = ...) -> None: ...

class RetryMessageResponse(_message.Message):
    __slots__ = ("message",)
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    message: Message
    def __init__(self, message: _Optional[_Union[Message, _Mapping]] = ...) -> None: ...

class ReportReceiptRequest(_message.Message):
    __slots__ = ("message_id", "receipt")
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    message_id: str
    receipt: Message.Receipt
    def __init__(self, message_id: _Optional[str] = ..., receipt: _Optional[_Union[Message.Receipt, str]] = ...) -> None: ...

class ReportReceiptResponse(_message.Message):
    __slots__ = ("message",)
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    message: Message
    def __init__(self, message: _Optional[_Union[Message, _Mapping]] = ...) -> None: ...

class CreateWebhookEndpointRequest(_message.Message):
    __slots__ = ("request_id", "endpoint")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    endpoint: WebhookEndpoint
    def __init__(self, request_id: _Optional[str] = ..., endpoint: _Optional[_Union[WebhookEndpoint, _Mapping]] = ...) -> None: ...

class CreateWebhookEndpointResponse(_message.Message):
    __slots__ = ("endpoint", "secret")
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    endpoint: WebhookEndpoint
    secret: str
    def __init__(self, endpoint: _Optional[_Union[WebhookEndpoint, _Mapping]] = ..., secret: _Optional[str] = ...) -> None: ...

class ListWebhookEndpointsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListWebhookEndpointsResponse(_message.Message):
    __slots__ = ("endpoints",)
    ENDPOINTS_FIELD_NUMBER: _ClassVar[int]
    endpoints: _containers.RepeatedCompositeFieldContainer[WebhookEndpoint]
    def __init__(self, endpoints: _Optional[_Iterable[_Union[WebhookEndpoint, _Mapping]]] = ...) -> None: ...

class DeleteWebhookEndpointRequest(_message.Message):
    __slots__ = ("endpoint_id",)
    ENDPOINT_ID_FIELD_NUMBER: _ClassVar[int]
    endpoint_id: str
    def __init__(self, endpoint_id: _Optional[str] = ...) -> None: ...

class DeleteWebhookEndpointResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class EnableWebhookEndpointRequest(_message.Message):
    __slots__ = ("endpoint_id",)
    ENDPOINT_ID_FIELD_NUMBER: _ClassVar[int]
    endpoint_id: str
    def __init__(self, endpoint_id: _Optional[str] = ...) -> None: ...

class EnableWebhookEndpointResponse(_message.Message):
    __slots__ = ("endpoint",)
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    endpoint: WebhookEndpoint
    def __init__(self, endpoint: _Optional[_Union[WebhookEndpoint, _Mapping]] = ...) -> None: ...

class RotateWebhookSecretRequest(_message.Message):
    __slots__ = ("request_id", "endpoint_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    endpoint_id: str
    def __init__(self, request_id: _Optional[str] = ..., endpoint_id: _Optional[str] = ...) -> None: ...

class RotateWebhookSecretResponse(_message.Message):
    __slots__ = ("endpoint", "secret")
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    endpoint: WebhookEndpoint
    secret: str
    def __init__(self, endpoint: _Optional[_Union[WebhookEndpoint, _Mapping]] = ..., secret: _Optional[str] = ...) -> None: ...

class ReplayWebhookMessagesRequest(_message.Message):
    __slots__ = ("endpoint_id", "since_time")
    ENDPOINT_ID_FIELD_NUMBER: _ClassVar[int]
    SINCE_TIME_FIELD_NUMBER: _ClassVar[int]
    endpoint_id: str
    since_time: _timestamp_pb2.Timestamp
    def __init__(self, endpoint_id: _Optional[str] = ..., since_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ReplayWebhookMessagesResponse(_message.Message):
    __slots__ = ("message_count",)
    MESSAGE_COUNT_FIELD_NUMBER: _ClassVar[int]
    message_count: int
    def __init__(self, message_count: _Optional[int] = ...) -> None: ...
