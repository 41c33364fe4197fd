"""Between our errors and gRPC's: the one translator, both ways.

On the wire a failure is a canonical code and a `google.rpc.Status` with an `ErrorInfo` (reason, domain,
metadata), a `BadRequest` for field violations and a `RetryInfo` where waiting helps.
"""

from collections.abc import Sequence

import grpc
from google.protobuf import duration_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from onhand.kit import errors

DOMAIN = "onhand"

_Code = grpc.StatusCode
CODES: dict[str, grpc.StatusCode] = {
    "INVALID_FIELD": _Code.INVALID_ARGUMENT,
    "INVALID_EPC": _Code.INVALID_ARGUMENT,
    "INVALID_GTIN": _Code.INVALID_ARGUMENT,
    "TOO_MANY": _Code.INVALID_ARGUMENT,
    "UNKNOWN_ITEM": _Code.NOT_FOUND,
    "UNKNOWN_LOCATION": _Code.NOT_FOUND,
    "NOT_FOUND": _Code.NOT_FOUND,
    "REQUEST_ID_REUSED": _Code.ALREADY_EXISTS,
    "ALREADY_EXISTS": _Code.ALREADY_EXISTS,
    "INSUFFICIENT_STOCK": _Code.FAILED_PRECONDITION,
    "WRONG_STATE": _Code.FAILED_PRECONDITION,
    "WRONG_PRODUCT": _Code.FAILED_PRECONDITION,
    "INVALID_TOKEN": _Code.UNAUTHENTICATED,
    "MISSING_SCOPE": _Code.PERMISSION_DENIED,
    "WRONG_LOCATION": _Code.PERMISSION_DENIED,
    "WRONG_CODE": _Code.PERMISSION_DENIED,
    "DATABASE_UNAVAILABLE": _Code.UNAVAILABLE,
    "DEPENDENCY_UNAVAILABLE": _Code.UNAVAILABLE,
    "VIEW_BEHIND": _Code.UNAVAILABLE,
    "CONTENTION": _Code.ABORTED,
    "LIMIT_REACHED": _Code.RESOURCE_EXHAUSTED,
    "HOLD_LIMIT_REACHED": _Code.RESOURCE_EXHAUSTED,
    "RATE_LIMITED": _Code.RESOURCE_EXHAUSTED,
    "DEADLINE_EXCEEDED": _Code.DEADLINE_EXCEEDED,
    "INTERNAL": _Code.INTERNAL,
    "BEFORE_HISTORY": _Code.OUT_OF_RANGE,
}
"""Every reason and its canonical code; a test holds it against the contract's enum."""

MAX_TEXT = 300
"""Characters of a message, and of one field, that go over the wire. An error travels in the trailing metadata,
of which gRPC's clients take 8 KB, in base64 and with every letter beyond ASCII as nine characters."""
MAX_VIOLATIONS_BYTES = 2_000
"""How many of a request's violations are listed, for the same reason; the rest are counted."""

MAX_DELAY_MS = 366 * 86_400_000
"""Longest wait that is told."""

_BY_NUMBER = {code.value[0]: code for code in grpc.StatusCode}


def to_status(error: errors.OnhandError) -> status_pb2.Status:
    """Say `error` as a `google.rpc.Status`: for a failed call, or for one element of a batch."""
    status = status_pb2.Status(code=CODES[error.reason].value[0], message=_short(error.message))
    metadata = {name: _short(value) for name, value in error.metadata().items()}
    info = error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=metadata)
    status.details.add().Pack(info)
    if isinstance(error, errors.InvalidField):
        status.details.add().Pack(_bad_request(error.violations))
    if error.retry_delay_s is not None:
        delay = duration_pb2.Duration()
        delay.FromMilliseconds(max(0, min(int(error.retry_delay_s * 1000), MAX_DELAY_MS)))
        status.details.add().Pack(error_details_pb2.RetryInfo(retry_delay=delay))
    return status


def _short(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def _bad_request(violations: Sequence[errors.FieldViolation]) -> error_details_pb2.BadRequest:
    bad_request = error_details_pb2.BadRequest()
    size = 0
    for count, each in enumerate(violations):
        field, description = _short(each.field), _short(each.description)
        size += len(field.encode()) + len(description.encode())
        if size > MAX_VIOLATIONS_BYTES:
            bad_request.field_violations.add(description=f"and {len(violations) - count} more")
            break
        bad_request.field_violations.add(field=field, description=description)
    return bad_request


def from_status(status: status_pb2.Status) -> errors.OnhandError | None:
    """Restore the typed error; None when the status is not one of ours."""
    info = error_details_pb2.ErrorInfo()
    bad_request = error_details_pb2.BadRequest()
    violations: list[errors.FieldViolation] = []
    for detail in status.details:
        if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
            detail.Unpack(info)
        elif detail.Is(error_details_pb2.BadRequest.DESCRIPTOR):
            detail.Unpack(bad_request)
            violations = [
                errors.FieldViolation(each.field, each.description) for each in bad_request.field_violations
            ]
    kind = errors.BY_REASON.get(info.reason)
    if info.domain != DOMAIN or kind is None:
        return None
    if kind is errors.InvalidField:
        return errors.InvalidField(violations)
    return kind.from_metadata(dict(info.metadata))


def from_rpc_error(error: grpc.RpcError) -> errors.OnhandError | None:
    """Restore the typed error of a failed call; None when the server is not ours or did not answer."""
    try:
        status = rpc_status.from_call(error)  # type: ignore[arg-type]
    except ValueError:  # code and message of trailer and call differ: a proxy rewrote one
        return None
    return None if status is None else from_status(status)


def to_trailers(error: errors.OnhandError) -> tuple[grpc.StatusCode, str, tuple[tuple[str, bytes], ...]]:
    """Return code, message and trailing metadata for aborting a call."""
    status = to_status(error)
    return _BY_NUMBER[status.code], status.message, (("grpc-status-details-bin", status.SerializeToString()),)
