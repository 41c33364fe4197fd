"""A client repeats a call only where the contract makes that safe."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
from google.protobuf.descriptor import MethodDescriptor
from tests.unit.kit.conftest import Start

from onhand.api.stock.v1 import reads_pb2
from onhand.client import SERVICES, AsyncStock, Settings, Stock
from onhand.client.channel import is_safe
from onhand.kit.errors import DatabaseUnavailable, UnknownItem
from onhand.kit.interceptors import scope_of

GET = reads_pb2.GetTagRequest
QUICK = Settings(first_backoff_s=0.01)

IDEMPOTENT_WRITES = {
    "BatchUpsertItems",
    "BatchUpsertLocations",
    "BatchUpsertPostalPlaces",
    "BatchUpsertReadPoints",
    "CancelAlert",
    "ClaimAlert",
    "DeleteStockPolicies",
    "DeleteWebhookEndpoint",
    "EnableWebhookEndpoint",
    "EndExperiment",
    "LiftSuppression",
    "RecordCountReads",
    "RecordLookUp",
    "RecordReads",
    "ReportPosition",
    "ReportReceipt",
    "SetDisplayPolicy",
    "SetStockPolicies",
    "SetSubstitutes",
}
"""Writes without a request_id whose contract says that a repeat changes nothing again."""

NEVER_REPEATED = {
    "BatchCreateReservations",  # its elements carry request_ids; its caller repeats
    "Capture",  # a repeat changes nothing, and makes a second job
    "CaptureEvent",  # a repeat changes nothing, and is answered that it is one
    "CreateQuote",  # a repeat makes another quote
    "FollowTag",
    "RecordOfflineHandOvers",  # a repeat changes nothing, and is answered that it is one
    "ReplayDeadLetter",  # its caller looks at the list again
    "ReplayWebhookMessages",  # its caller repeats it until it answers 0
    "RetryMessage",
    "SimulateRouting",
    "StreamCountReads",
    "StreamReads",
    "WatchAvailability",
    "WatchOrder",
    "WatchTasks",
}


def methods() -> Iterator[MethodDescriptor]:
    for services in SERVICES.values():
        for module, name in services.values():
            yield from module.DESCRIPTOR.services_by_name[name].methods


@pytest.mark.parametrize("method", list(methods()), ids=lambda each: each.name)
def test_what_is_repeated_is_safe_by_rule(method: MethodDescriptor) -> None:
    reads = scope_of(method).endswith(".read")
    named = "request_id" in method.input_type.fields_by_name
    safe = reads or named or method.name in IDEMPOTENT_WRITES
    if is_safe(method):
        assert safe, f"{method.full_name} would be repeated"
    else:
        assert method.name in NEVER_REPEATED, f"{method.full_name} could be repeated, or belongs on the list"


def test_the_lists_name_methods_that_there_are() -> None:
    assert {each.name for each in methods()} >= IDEMPOTENT_WRITES | NEVER_REPEATED


async def test_a_call_is_repeated_until_the_server_is_well(start: Start, mint: Callable[..., str]) -> None:
    async with start() as running, AsyncStock(running.address, mint(), QUICK) as stock:
        running.tags.failures = 3
        answer = await stock.tags.GetTag(GET(epc="unwell"))
        assert answer.tags[0].epc_hex == "unwell"
        assert running.tags.calls == 4


async def test_repeats_end(start: Start, mint: Callable[..., str]) -> None:
    async with start() as running, AsyncStock(running.address, mint(), QUICK) as stock:
        running.tags.failures = 100
        with pytest.raises(DatabaseUnavailable):
            await stock.tags.GetTag(GET(epc="unwell"))
        assert running.tags.calls == QUICK.max_attempts


async def test_the_deadline_is_that_of_all_attempts_together(start: Start, mint: Callable[..., str]) -> None:
    slow = Settings(first_backoff_s=2, max_attempts=100)
    async with start() as running, AsyncStock(running.address, mint(), slow) as stock:
        running.tags.failures = 100
        with pytest.raises(DatabaseUnavailable):
            await stock.tags.GetTag(GET(epc="unwell"), timeout=0.5)
        assert running.tags.calls == 1


async def test_what_waiting_does_not_mend_is_not_repeated(start: Start, mint: Callable[..., str]) -> None:
    async with start() as running, AsyncStock(running.address, mint(), QUICK) as stock:
        with pytest.raises(UnknownItem):
            await stock.tags.GetTag(GET(epc="unknown"))
        assert running.tags.calls == 1


async def test_the_synchronous_client_does_the_same(start: Start, mint: Callable[..., str]) -> None:
    def call(address: str) -> str:
        with Stock(address, mint(), QUICK) as stock:
            return str(stock.tags.GetTag(GET(epc="unwell")).tags[0].epc_hex)

    async with start() as running:
        running.tags.failures = 2
        assert await asyncio.to_thread(call, running.address) == "unwell"
        assert running.tags.calls == 3
