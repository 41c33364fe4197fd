"""Errors survive the wire: what the server raises is what the client raises."""

from dataclasses import fields
from typing import Any

import pytest
from google.rpc import error_details_pb2, status_pb2
from hypothesis import given
from hypothesis import strategies as st

from onhand.kit.errors import (
    BY_REASON,
    Contention,
    FieldViolation,
    InsufficientStock,
    InvalidField,
    OnhandError,
)
from onhand.kit.status import CODES, MAX_TEXT, from_status, to_status, to_trailers

VALUES: dict[Any, st.SearchStrategy[Any]] = {str: st.text(max_size=50), int: st.integers()}
VIOLATIONS = st.lists(st.builds(FieldViolation, st.text(max_size=20), st.text(max_size=20)), max_size=5)


def some(kind: type[OnhandError]) -> st.SearchStrategy[OnhandError]:
    if kind is InvalidField:
        return st.builds(InvalidField, VIOLATIONS)
    return st.builds(kind, *(VALUES[field.type] for field in fields(kind)))


@pytest.mark.parametrize("kind", BY_REASON.values(), ids=BY_REASON)
@given(data=st.data())
def test_an_error_comes_back_as_it_was(kind: type[OnhandError], data: st.DataObject) -> None:
    error = data.draw(some(kind))
    status = status_pb2.Status.FromString(to_status(error).SerializeToString())

    restored = from_status(status)

    assert type(restored) is kind
    assert restored == error
    assert restored is not None
    assert restored.message == error.message
    assert len(status.message) <= MAX_TEXT
    assert error.message.startswith(status.message.removesuffix("…"))


@pytest.mark.parametrize("reason", BY_REASON)
def test_the_trailers_carry_the_code_of_the_reason(reason: str) -> None:
    kind = BY_REASON[reason]
    error = InvalidField([]) if kind is InvalidField else kind.from_metadata({})
    code, message, ((key, value),) = to_trailers(error)
    assert code is CODES[reason]
    assert message == error.message
    assert key == "grpc-status-details-bin"
    assert status_pb2.Status.FromString(value).code == code.value[0]


def test_a_failure_that_passes_says_when_to_come_back() -> None:
    details = to_status(Contention()).details
    delays = [each for each in details if each.Is(error_details_pb2.RetryInfo.DESCRIPTOR)]
    assert len(delays) == 1
    info = error_details_pb2.RetryInfo()
    delays[0].Unpack(info)
    assert info.retry_delay.ToMilliseconds() == 100
    never = to_status(InsufficientStock("i1", "s1", 2, 1)).details
    assert not any(each.Is(error_details_pb2.RetryInfo.DESCRIPTOR) for each in never)


def test_fields_that_an_older_server_does_not_send_are_empty_and_newer_ones_are_left_out() -> None:
    status = status_pb2.Status(code=9, message="short")
    info = error_details_pb2.ErrorInfo(
        reason="INSUFFICIENT_STOCK", domain="onhand", metadata={"item_id": "i1", "shelf": "B4"}
    )
    status.details.add().Pack(info)
    assert from_status(status) == InsufficientStock("i1", "", 0, 0)


@pytest.mark.parametrize(
    ("reason", "domain"), [("INSUFFICIENT_STOCK", "elsewhere"), ("NOT_INVENTED_YET", "onhand"), ("", "")]
)
def test_what_is_not_ours_is_not_restored(reason: str, domain: str) -> None:
    status = status_pb2.Status(code=9, message="short")
    status.details.add().Pack(error_details_pb2.ErrorInfo(reason=reason, domain=domain))
    assert from_status(status) is None
