"""Why a number is what it is, and what it was."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from tests.integration.stock.conftest import Shop, StockProcesses
from typer.testing import CliRunner

from onhand.api.stock.v1 import availability_pb2 as av
from onhand.api.stock.v1 import catalog_pb2
from onhand.api.stock.v1 import counts_pb2 as cnt
from onhand.api.stock.v1 import explanations_pb2 as ex
from onhand.api.stock.v1 import ledger_pb2 as led
from onhand.api.stock.v1 import reservations_pb2 as res
from onhand.api.stock.v1 import stock_policies_pb2 as pol
from onhand.cli.main import app
from onhand.client import AsyncStock
from onhand.kit import errors

TERM = ex.AvailabilityTerm
NUMBERS = ("on_hand", "unavailable", "reserved", "committed", "safety_stock", "available", "in_transit")


@pytest.fixture
async def connection(processes: StockProcesses) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(str(processes.settings.database_url))
    yield connection
    await connection.close()


def stamp(at: datetime) -> Timestamp:
    value = Timestamp()
    value.FromDatetime(at)
    return value


async def adjust(shop: Shop, from_bucket: int, to_bucket: int, quantity: int, item_id: str = "i2") -> None:
    line = led.AdjustmentLine(
        product=led.Product(item_id=item_id), quantity=quantity, from_bucket=from_bucket, to_bucket=to_bucket
    )
    request = led.RecordAdjustmentRequest(request_id=str(uuid4()), location_id=shop.s1, lines=[line])
    await shop.client.ledger.RecordAdjustment(request)


async def hold(shop: Shop, quantity: int, seconds: int = 900) -> str:
    answer = await shop.client.reservations.CreateReservation(shop.hold(("i2", quantity), seconds=seconds))
    return answer.reservation.reservation_id


async def commit(shop: Shop, reservation_id: str) -> None:
    await shop.client.reservations.CommitReservation(
        res.CommitReservationRequest(
            request_id=str(uuid4()), reservation_id=reservation_id, order_id=f"order-{reservation_id}"
        )
    )


async def explain(shop: Shop, page_size: int = 1_000, **more: Any) -> ex.ExplainAvailabilityResponse:
    request = ex.ExplainAvailabilityRequest(
        **{"item_id": "i2", "location_id": shop.s1, **more}, page_size=page_size
    )
    return await shop.client.explanations.ExplainAvailability(request)


async def all_sources(shop: Shop, page_size: int) -> list[ex.AvailabilitySource]:
    sources, token = [], ""
    while True:
        page = await explain(shop, page_size, page_token=token)
        sources += page.sources
        token = page.next_page_token
        if not token:
            return sources


def check(answer: ex.ExplainAvailabilityResponse, sources: list[ex.AvailabilitySource]) -> None:
    """Terms add up to the number, sources to the terms, and the terms are the number's own fields."""
    told = answer.availability
    assert sum(term.quantity for term in answer.terms) == told.available
    by_kind: dict[int, int] = defaultdict(int)
    for term in answer.terms:
        by_kind[term.kind] += term.quantity
    assert by_kind[TERM.KIND_ON_HAND] == told.on_hand
    assert by_kind[TERM.KIND_UNAVAILABLE] == -told.unavailable
    assert by_kind[TERM.KIND_RESERVED] == -told.reserved
    assert by_kind[TERM.KIND_COMMITTED] == -told.committed
    assert by_kind[TERM.KIND_SAFETY_STOCK] == -told.safety_stock
    behind: dict[tuple[int, int], int] = defaultdict(int)
    for source in sources:
        for effect in source.effects:
            behind[effect.kind, effect.bucket] += effect.quantity
    for term in answer.terms:
        if term.kind != TERM.KIND_SHORT:
            assert behind[term.kind, term.bucket] + term.opening_quantity == term.quantity, term


async def test_every_term_adds_up_from_what_stands_behind_it(shop: Shop) -> None:
    await shop.receive(20)
    await shop.sell(2, item_id="i2")
    await adjust(shop, led.BUCKET_SELLABLE, led.BUCKET_DAMAGED, 3)
    await adjust(shop, led.BUCKET_DAMAGED, led.BUCKET_QUARANTINED, 1)
    basket = await hold(shop, 4)
    await commit(shop, await hold(shop, 2))
    found = await shop.client.catalog.GetLocation(catalog_pb2.GetLocationRequest(location_id=shop.s1))
    found.location.safety_stock = 1
    await shop.client.catalog.BatchUpsertLocations(
        catalog_pb2.BatchUpsertLocationsRequest(locations=[found.location])
    )

    answer = await explain(shop)
    check(answer, list(answer.sources))
    assert answer.availability.available == 20 - 2 - 3 - 4 - 2 - 1
    assert {each.reservation.reservation_id for each in answer.sources if each.HasField("reservation")} > {
        basket
    }
    (policy,) = [each.policy for each in answer.sources if each.HasField("policy")]
    assert (policy.policy, policy.quantity) == ("location", 1)
    counts = {(term.kind, term.bucket): term.source_count for term in answer.terms}
    assert counts[TERM.KIND_ON_HAND, 0] == 2  # a receipt and a sale; what was damaged is still on hand
    assert counts[TERM.KIND_UNAVAILABLE, led.BUCKET_DAMAGED] == 2
    assert (counts[TERM.KIND_RESERVED, 0], counts[TERM.KIND_COMMITTED, 0]) == (1, 1)
    for page_size in (1, 2, 3):
        assert await all_sources(shop, page_size) == list(answer.sources)


async def test_the_command_says_it_in_lines(
    shop: Shop, processes: StockProcesses, mint: Callable[..., str]
) -> None:
    await shop.receive(20)
    await adjust(shop, led.BUCKET_SELLABLE, led.BUCKET_DAMAGED, 3)
    basket = await hold(shop, 4)

    def run(*arguments: str) -> tuple[int, list[str]]:
        command = ["explain", *arguments, "--target", processes.addresses[0]]
        result = CliRunner(env={"ONHAND_TOKEN": mint(), "COLUMNS": "200"}).invoke(app, command)
        return result.exit_code, [" ".join(line.split()) for line in result.output.splitlines()]

    code, lines = run("i2", shop.s1)
    assert code == 0
    assert lines[:3] == ["+20 on hand", "-3 damaged", "-4 reserved"]
    assert lines[3].startswith("13 available, with confidence")
    assert f"reservation {basket}" in lines[5]
    assert lines[5].endswith(": reserved -4")
    assert "adjusted by test, no paper: damaged -3" in lines[6]
    assert lines[7].endswith(": on hand +20")
    assert run("i2", shop.s1, "--sources", "1")[1][-1] == "… and more: --sources is 1"
    assert run("nonsense", shop.s1) == (1, ["no item is known as 'nonsense'"])


async def test_what_is_promised_and_gone_is_a_term(shop: Shop) -> None:
    await shop.receive(3)
    await hold(shop, 3)
    await shop.sell(2, item_id="i2")
    answer = await explain(shop)
    check(answer, list(answer.sources))
    assert answer.availability.available == 0
    assert answer.terms[-1].kind == TERM.KIND_SHORT
    assert answer.terms[-1].quantity == 2


async def test_a_hold_that_ran_out_explains_nothing(shop: Shop) -> None:
    await shop.receive(3)
    await hold(shop, 3, seconds=1)
    async with asyncio.timeout(20):
        while (answer := await explain(shop)).availability.available != 3:
            await asyncio.sleep(0.1)
    check(answer, list(answer.sources))
    assert not any(each.HasField("reservation") for each in answer.sources)


async def test_a_count_behind_the_number_is_named(shop: Shop) -> None:
    await shop.receive(3)
    counts, request_id = shop.client.counts, lambda: str(uuid4())
    started = await counts.StartCount(
        cnt.StartCountRequest(
            request_id=request_id(), location_id=shop.s1, kind=cnt.Count.KIND_QUANTITIES, title="Monday"
        )
    )
    count_id = started.count.count_id
    await counts.RecordCountQuantities(
        cnt.RecordCountQuantitiesRequest(
            request_id=request_id(),
            count_id=count_id,
            lines=[cnt.CountQuantity(product=led.Product(item_id="i2"), quantity=2)],
        )
    )
    await counts.FinishCount(cnt.FinishCountRequest(request_id=request_id(), count_id=count_id))
    answer = await explain(shop)
    check(answer, list(answer.sources))
    (source,) = [each.count for each in answer.sources if each.HasField("count")]
    assert (source.count_id, source.missing_quantity, source.found_quantity) == (count_id, 1, 0)
    assert answer.availability.confidence > 0.99
    assert answer.confirm_time.ToDatetime(UTC) > datetime.now(UTC) - timedelta(minutes=5)


async def test_archived_months_stand_in_the_opening_quantity(
    shop: Shop, connection: asyncpg.Connection
) -> None:
    await shop.receive(5)
    insert = "INSERT INTO opening_balances (location_id, item_id, bucket, quantity) VALUES ($1, 'i2', $2, $3)"
    for bucket, quantity in ((7, -7), (1, 4), (2, 3)):
        await connection.execute(insert, shop.s1, bucket, quantity)
    await connection.execute(
        "UPDATE balances SET sellable = sellable + 4, damaged = 3, unidentified = unidentified + 7"
        " WHERE location_id = $1 AND item_id = 'i2'",
        shop.s1,
    )
    answer = await explain(shop)
    check(answer, list(answer.sources))
    assert answer.terms[0].opening_quantity == 7
    assert answer.availability.available == 9


async def test_unknown_names_and_other_places_are_refused(shop: Shop, mint: Callable[..., str]) -> None:
    with pytest.raises(errors.UnknownItem):
        await explain(shop, item_id="nonsense")
    with pytest.raises(errors.UnknownLocation):
        await explain(shop, location_id="nowhere")
    with pytest.raises(errors.InvalidField, match="page_token"):
        await explain(shop, page_token="nonsense")


async def past(shop: Shop, at: datetime, *item_ids: str) -> list[av.Availability]:
    consistency = av.Consistency(read_time=stamp(at))
    answer = await shop.client.availability.GetAvailability(
        av.GetAvailabilityRequest(
            item_ids=item_ids or ["i2"], location_ids=[shop.s1], consistency=consistency
        )
    )
    return [line.availability for line in answer.lines]


def numbers(cell: av.Availability) -> dict[str, int]:
    return {name: getattr(cell, name) for name in NUMBERS}


async def test_the_past_is_what_was_answered_then(shop: Shop, connection: asyncpg.Connection) -> None:
    seen: list[tuple[datetime, dict[str, int]]] = []
    start = await connection.fetchval("SELECT clock_timestamp()")

    async def note() -> None:
        cell = await shop.cell()
        seen.append((await connection.fetchval("SELECT clock_timestamp()"), numbers(cell)))

    await shop.receive(10)
    await note()
    first, second = await hold(shop, 2), await hold(shop, 3)
    await note()
    short = await hold(shop, 1, seconds=1)
    await note()
    await commit(shop, second)
    await note()
    await shop.client.reservations.ReleaseReservation(
        res.ReleaseReservationRequest(request_id=str(uuid4()), reservation_id=first)
    )
    await adjust(shop, led.BUCKET_SELLABLE, led.BUCKET_DAMAGED, 1)
    await note()
    lines = [res.FulfilLine(item_id="i2", location_id=shop.s1, quantity=1)]
    await shop.client.reservations.FulfilReservation(
        res.FulfilReservationRequest(
            request_id=str(uuid4()),
            reservation_id=second,
            lines=lines,
            manner=res.FulfilReservationRequest.MANNER_COLLECTED,
        )
    )
    await note()
    async with asyncio.timeout(20):
        while (await shop.cell()).reserved:
            await asyncio.sleep(0.1)
    await note()
    await shop.sell(4, item_id="i2")
    await note()
    # Swept or not, the hold that ran out must have ended by then.
    swept = res.GetReservationRequest(reservation_id=short)
    assert (await shop.client.reservations.GetReservation(swept)).reservation.state == (
        res.Reservation.STATE_EXPIRED
    )
    for at, expected in seen:
        (cell,) = await past(shop, at)
        assert numbers(cell) == expected
        assert cell.as_of.ToDatetime(UTC) == at
    request = ex.ListAvailabilityHistoryRequest(item_id="i2", location_id=shop.s1, start_time=stamp(start))
    whole = await shop.client.explanations.ListAvailabilityHistory(request)
    points = [(point.as_of.ToDatetime(UTC), numbers(point)) for point in whole.points]
    assert points == sorted(points, key=lambda each: each[0], reverse=True)
    for at, expected in seen:
        assert next(point for when, point in points if when <= at) == expected
    request.page_size = 2
    paged: list[av.Availability] = []
    while True:
        page = await shop.client.explanations.ListAvailabilityHistory(request)
        paged += page.points
        request.page_token = page.next_page_token
        if not page.next_page_token:
            break
    assert paged == list(whole.points)


async def test_a_past_that_is_not_known_is_refused(shop: Shop, connection: asyncpg.Connection) -> None:
    await shop.receive(1)
    began = await connection.fetchval("SELECT start_time FROM reservation_changes_start")
    with pytest.raises(errors.BeforeHistory) as refused:
        await past(shop, began - timedelta(seconds=1))
    assert datetime.fromisoformat(refused.value.history_start_time) == began
    with pytest.raises(errors.InvalidField, match="to come"):
        await past(shop, datetime.now(UTC) + timedelta(hours=1))
    many = [f"i-{number}" for number in range(1_001)]
    with pytest.raises(errors.TooMany):
        await past(shop, datetime.now(UTC), *many)
    request = ex.ListAvailabilityHistoryRequest(
        item_id="i2", location_id=shop.s1, start_time=stamp(began - timedelta(days=1))
    )
    with pytest.raises(errors.BeforeHistory):
        await shop.client.explanations.ListAvailabilityHistory(request)
    request.start_time.CopyFrom(stamp(datetime.now(UTC) + timedelta(hours=1)))
    with pytest.raises(errors.InvalidField, match="start_time"):
        await shop.client.explanations.ListAvailabilityHistory(request)


async def test_of_an_item_never_counted_the_past_is_nothing(shop: Shop) -> None:
    await shop.receive(1)
    nothing, unknown = (
        await shop.client.availability.GetAvailability(
            av.GetAvailabilityRequest(
                item_ids=["i3", "nonsense"],
                location_ids=[shop.s1],
                consistency=av.Consistency(read_time=stamp(datetime.now(UTC) - timedelta(milliseconds=1))),
            )
        )
    ).lines
    assert set(numbers(nothing.availability).values()) == {0}
    assert unknown.status.code


async def test_only_who_speaks_for_the_location_is_told_why(
    shop: Shop, processes: StockProcesses, mint: Callable[..., str]
) -> None:
    await shop.receive(1)
    async with AsyncStock(processes.addresses[0], mint(locations=[shop.s2])) as other:
        with pytest.raises(errors.WrongLocation):
            await other.explanations.ExplainAvailability(
                ex.ExplainAvailabilityRequest(item_id="i2", location_id=shop.s1)
            )


async def test_a_channel_is_told_what_its_policies_keep_from_it(shop: Shop) -> None:
    await shop.receive(10)
    channel = f"channel-{uuid4()}"
    scope = pol.StockPolicyScope(item_id="i2", location_id=shop.s1, channel=channel)
    for terms, quantities in (
        ({"kept_percent": 30}, {"safety_stock": 3, "available": 7}),
        ({"safety_stock": 4, "out_quantity": 6}, {"safety_stock": 4, "available": 0}),
    ):
        policies = [pol.StockPolicy(scope=scope, **terms)]
        await shop.client.policies.SetStockPolicies(pol.SetStockPoliciesRequest(policies=policies))
        answer = await explain(shop, channel=channel)
        check(answer, list(answer.sources))
        assert {name: getattr(answer.availability, name) for name in quantities} == quantities
        (policy,) = [each.policy for each in answer.sources if each.HasField("policy")]
        assert policy.quantity == quantities["safety_stock"]
        assert channel in policy.policy
    assert answer.terms[-1].quantity == -6  # so few are none
    assert (await explain(shop)).availability.available == 10


async def test_what_was_moved_elsewhere_was_not_there_before(
    shop: Shop, connection: asyncpg.Connection
) -> None:
    seen: list[tuple[datetime, int, int]] = []

    async def note() -> None:
        cells = [await shop.cell("i2", each) for each in (shop.s1, shop.s2)]
        moment = await connection.fetchval("SELECT clock_timestamp()")
        seen.append((moment, *(each.reserved + each.committed for each in cells)))

    await shop.receive(9)
    await shop.receive(9, location_id=shop.s2)
    await note()
    moved = await hold(shop, 4)
    await note()
    for _ in range(2):
        lines = [res.TransferLine(item_id="i2", quantity=2)]
        request = res.TransferReservationRequest(
            request_id=str(uuid4()),
            reservation_id=moved,
            from_location_id=shop.s1,
            to_location_id=shop.s2,
            lines=lines,
        )
        await shop.client.reservations.TransferReservation(request)
        await note()
    await commit(shop, moved)
    await note()
    assert [units for _, *units in seen] == [[0, 0], [4, 0], [2, 2], [0, 4], [0, 4]]
    for at, *units in seen:
        answer = await shop.client.availability.GetAvailability(
            av.GetAvailabilityRequest(
                item_ids=["i2"],
                location_ids=[shop.s1, shop.s2],
                consistency=av.Consistency(read_time=stamp(at)),
            )
        )
        assert [each.availability.reserved + each.availability.committed for each in answer.lines] == units
