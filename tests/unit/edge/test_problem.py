"""Errors as problem documents."""

import json

import grpc
import pytest
from starlette.requests import Request

from onhand.edge import problem
from onhand.kit import errors
from onhand.kit.status import CODES

REQUEST = Request({"type": "http", "method": "GET", "path": "/", "headers": []})


def test_every_code_that_our_errors_use_has_a_status() -> None:
    assert set(CODES.values()) <= set(problem.STATUSES)


async def test_the_document_repeats_status_reason_and_metadata() -> None:
    response = await problem.answer(REQUEST, errors.WrongLocation("store-\ud8001"))
    assert response.status_code == 403
    assert response.media_type == "application/problem+json"
    assert json.loads(response.body) == {
        "type": "urn:onhand:reason:WRONG_LOCATION",
        "title": "Wrong location",
        "status": 403,
        "detail": "the token does not speak for location 'store-\\ud8001'",
        "reason": "WRONG_LOCATION",
        "metadata": {"location_id": "store-\ud8001"},
    }


async def test_violations_are_listed() -> None:
    error = errors.InvalidField(
        [errors.FieldViolation("item_ids", "too few"), errors.FieldViolation("", "x")]
    )
    document = json.loads((await problem.answer(REQUEST, error)).body)
    assert document["violations"] == [
        {"field": "item_ids", "description": "too few"},
        {"field": "", "description": "x"},
    ]


@pytest.mark.parametrize(
    ("error", "status", "retry_after"),
    [
        (errors.DatabaseUnavailable(), 503, "1"),
        (errors.Contention(), 409, "1"),  # whole seconds, and never 0
        (errors.DeadlineExceeded(), 504, None),
        (TimeoutError(), 504, None),
        (errors.LimitReached("x"), 429, None),
        (problem.BodyTooLarge("x"), 413, None),
        (problem.Busy("x"), 503, "1"),
    ],
)
async def test_waiting_is_advised_where_it_helps(
    error: Exception, status: int, retry_after: str | None
) -> None:
    response = await problem.answer(REQUEST, error)
    assert (response.status_code, response.headers.get("retry-after")) == (status, retry_after)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (grpc.StatusCode.UNAVAILABLE, 503),
        (grpc.StatusCode.DEADLINE_EXCEEDED, 504),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, 503),
        (grpc.StatusCode.UNIMPLEMENTED, 503),  # of an earlier release
        (grpc.StatusCode.DATA_LOSS, 500),
    ],
)
async def test_a_call_that_our_server_did_not_answer_is_told_without_its_detail(
    code: grpc.StatusCode, status: int
) -> None:
    error = grpc.aio.AioRpcError(
        code, grpc.aio.Metadata(), grpc.aio.Metadata(), "ipv4:10.0.0.7:7101: refused"
    )
    response = await problem.answer(REQUEST, error)
    assert response.status_code == status
    assert b"10.0.0.7" not in response.body


async def test_a_fault_is_answered_without_detail() -> None:
    response = await problem.answer(REQUEST, KeyError("secret"))
    assert response.status_code == 500
    assert b"secret" not in response.body
