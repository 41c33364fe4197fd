from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor

class ErrorReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ERROR_REASON_UNSPECIFIED: _ClassVar[ErrorReason]
    ERROR_REASON_INVALID_FIELD: _ClassVar[ErrorReason]
    ERROR_REASON_INVALID_EPC: _ClassVar[ErrorReason]
    ERROR_REASON_INVALID_GTIN: _ClassVar[ErrorReason]
    ERROR_REASON_TOO_MANY: _ClassVar[ErrorReason]
    ERROR_REASON_UNKNOWN_ITEM: _ClassVar[ErrorReason]
    ERROR_REASON_UNKNOWN_LOCATION: _ClassVar[ErrorReason]
    ERROR_REASON_NOT_FOUND: _ClassVar[ErrorReason]
    ERROR_REASON_REQUEST_ID_REUSED: _ClassVar[ErrorReason]
    ERROR_REASON_ALREADY_EXISTS: _ClassVar[ErrorReason]
    ERROR_REASON_INSUFFICIENT_STOCK: _ClassVar[ErrorReason]
    ERROR_REASON_WRONG_STATE: _ClassVar[ErrorReason]
    ERROR_REASON_INVALID_TOKEN: _ClassVar[ErrorReason]
    ERROR_REASON_MISSING_SCOPE: _ClassVar[ErrorReason]
    ERROR_REASON_WRONG_LOCATION: _ClassVar[ErrorReason]
    ERROR_REASON_DATABASE_UNAVAILABLE: _ClassVar[ErrorReason]
    ERROR_REASON_DEPENDENCY_UNAVAILABLE: _ClassVar[ErrorReason]
    ERROR_REASON_CONTENTION: _ClassVar[ErrorReason]
    ERROR_REASON_LIMIT_REACHED: _ClassVar[ErrorReason]
    ERROR_REASON_DEADLINE_EXCEEDED: _ClassVar[ErrorReason]
    ERROR_REASON_INTERNAL: _ClassVar[ErrorReason]
    ERROR_REASON_WRONG_CODE: _ClassVar[ErrorReason]
    ERROR_REASON_WRONG_PRODUCT: _ClassVar[ErrorReason]
    ERROR_REASON_VIEW_BEHIND: _ClassVar[ErrorReason]
    ERROR_REASON_RATE_LIMITED: _ClassVar[ErrorReason]
    ERROR_REASON_BEFORE_HISTORY: _ClassVar[ErrorReason]
ERROR_REASON_UNSPECIFIED: ErrorReason
ERROR_REASON_INVALID_FIELD: ErrorReason
ERROR_REASON_INVALID_EPC: ErrorReason
ERROR_REASON_INVALID_GTIN: ErrorReason
ERROR_REASON_TOO_MANY: ErrorReason
ERROR_REASON_UNKNOWN_ITEM: ErrorReason
ERROR_REASON_UNKNOWN_LOCATION: ErrorReason
ERROR_REASON_NOT_FOUND: ErrorReason
ERROR_REASON_REQUEST_ID_REUSED: ErrorReason
ERROR_REASON_ALREADY_EXISTS: ErrorReason
ERROR_REASON_INSUFFICIENT_STOCK: ErrorReason
ERROR_REASON_WRONG_STATE: ErrorReason
ERROR_REASON_INVALID_TOKEN: ErrorReason
ERROR_REASON_MISSING_SCOPE: ErrorReason
ERROR_REASON_WRONG_LOCATION: ErrorReason
ERROR_REASON_DATABASE_UNAVAILABLE: ErrorReason
ERROR_REASON_DEPENDENCY_UNAVAILABLE: ErrorReason
ERROR_REASON_CONTENTION: ErrorReason
ERROR_REASON_LIMIT_REACHED: ErrorReason
ERROR_REASON_DEADLINE_EXCEEDED: ErrorReason
ERROR_REASON_INTERNAL: ErrorReason
ERROR_REASON_WRONG_CODE: ErrorReason
ERROR_REASON_WRONG_PRODUCT: ErrorReason
ERROR_REASON_VIEW_BEHIND: ErrorReason
ERROR_REASON_RATE_LIMITED: ErrorReason
ERROR_REASON_BEFORE_HISTORY: ErrorReason
