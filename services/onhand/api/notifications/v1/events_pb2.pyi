import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from onhand.api.notifications.v1 import messages_pb2 as _messages_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class NotificationsEvent(_message.Message):
    __slots__ = ("event_id", "record_time", "revision", "message_changed")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    RECORD_TIME_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_CHANGED_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    record_time: _timestamp_pb2.Timestamp
    revision: int
    message_changed: MessageChanged
    def __init__(self, event_id: _Optional[str] = ..., record_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., revision: _Optional[int] = ..., message_changed: _Optional[_Union[MessageChanged, _Mapping]] = ...) -> None: ...

class MessageChanged(_message.Message):
    __slots__ = ("message",)
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    message: _messages_pb2.Message
    def __init__(self, message: _Optional[_Union[_messages_pb2.Message, _Mapping]] = ...) -> None: ...
