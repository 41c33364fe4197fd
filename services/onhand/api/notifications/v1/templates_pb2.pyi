import datetime

from onhand.api.buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from onhand.api.auth.v1 import scopes_pb2 as _scopes_pb2
from onhand.api.notifications.v1 import messages_pb2 as _messages_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Template(_message.Message):
    __slots__ = ("purpose", "channel", "locale", "version", "subject", "text", "html", "create_time", "actor")
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    LOCALE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    HTML_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    purpose: _messages_pb2.MessagePurpose
    channel: _messages_pb2.Message.Channel
    locale: str
    version: int
    subject: str
    text: str
    html: str
    create_time: _timestamp_pb2.Timestamp
    actor: str
    def __init__(self, purpose: _Optional[_Union[_messages_pb2.MessagePurpose, str]] = ..., channel: _Optional[_Union[_messages_pb2.Message.Channel, str]] = ..., locale: _Optional[str] = ..., version: _Optional[int] = ..., subject: _Optional[str] = ..., text: _Optional[str] = ..., html: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., actor: _Optional[str] = ...) -> None: ...

class SmsLength(_message.Message):
    __slots__ = ("gsm", "unit_count", "part_count", "other_characters")
    GSM_FIELD_NUMBER: _ClassVar[int]
    UNIT_COUNT_FIELD_NUMBER: _ClassVar[int]
    PART_COUNT_FIELD_NUMBER: _ClassVar[int]
    OTHER_CHARACTERS_FIELD_NUMBER: _ClassVar[int]
    gsm: bool
    unit_count: int
    part_count: int
    other_characters: str
    def __init__(self, gsm: _Optional[bool] = ..., unit_count: _Optional[int] = ..., part_count: _Optional[int] = ..., other_characters: _Optional[str] = ...) -> None: ...

class SaveTemplateRequest(_message.Message):
    __slots__ = ("request_id", "template")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TEMPLATE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    template: Template
    def __init__(self, request_id: _Optional[str] = ..., template: _Optional[_Union[Template, _Mapping]] = ...) -> None: ...

class SaveTemplateResponse(_message.Message):
    __slots__ = ("template", "warnings")
    TEMPLATE_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    template: Template
    warnings: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, template: _Optional[_Union[Template, _Mapping]] = ..., warnings: _Optional[_Iterable[str]] = ...) -> None: ...

class PreviewTemplateRequest(_message.Message):
    __slots__ = ("template", "time_zone")
    TEMPLATE_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    template: Template
    time_zone: str
    def __init__(self, template: _Optional[_Union[Template, _Mapping]] = ..., time_zone: _Optional[str] = ...) -> None: ...

class PreviewTemplateResponse(_message.Message):
    __slots__ = ("subject", "text", "html", "sms_length", "warnings", "locale")
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    HTML_FIELD_NUMBER: _ClassVar[int]
    SMS_LENGTH_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    LOCALE_FIELD_NUMBER: _ClassVar[int]
    subject: str
    text: str
    html: str
    sms_length: SmsLength
    warnings: _containers.RepeatedScalarFieldContainer[str]
    locale: str
    def __init__(self, subject: _Optional[str] = ..., text: _Optional[str] = ..., html: _Optional[str] = ..., sms_length: _Optional[_Union[SmsLength, _Mapping]] = ..., warnings: _Optional[_Iterable[str]] = ..., locale: _Optional[str] = ...) -> None: ...

class GetTemplateRequest(_message.Message):
    __slots__ = ("purpose", "channel", "locale", "version")
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    LOCALE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    purpose: _messages_pb2.MessagePurpose
    channel: _messages_pb2.Message.Channel
    locale: str
    version: int
    def __init__(self, purpose: _Optional[_Union[_messages_pb2.MessagePurpose, str]] = ..., channel: _Optional[_Union[_messages_pb2.Message.Channel, str]] = ..., locale: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...

class GetTemplateResponse(_message.Message):
    __slots__ = ("template",)
    TEMPLATE_FIELD_NUMBER: _ClassVar[int]
    template: Template
    def __init__(self, template: _Optional[_Union[Template, _Mapping]] = ...) -> None: ...

class ListTemplatesRequest(_message.Message):
    __slots__ = ("purpose",)
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    purpose: _messages_pb2.MessagePurpose
    def __init__(self, purpose: _Optional[_Union[_messages_pb2.MessagePurpose, str]] = ...) -> None: ...

class ListTemplatesResponse(_message.Message):
    __slots__ = ("templates",)
    TEMPLATES_FIELD_NUMBER: _ClassVar[int]
    templates: _containers.RepeatedCompositeFieldContainer[Template]
    def __init__(self, templates: _Optional[_Iterable[_Union[Template, _Mapping]]] = ...) -> None: ...
