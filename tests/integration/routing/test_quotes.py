"""What was quoted is what is reserved, by the date that was quoted, until the quote expires."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from google.type.latlng_pb2 import LatLng
from google.type.postal_address_pb2 import PostalAddress

from onhand.api.routing.v1 import network_pb2, orders_pb2, quotes_pb2
from onhand.kit.errors import InvalidField, NotFound, WrongState

from .conftest import NEAR_UTRECHT, World

COLLECT, SHIP = orders_pb2.FULFILMENT_METHOD_COLLECT, orders_pb2.FULFILMENT_METHOD_SHIP
ADDRESS = PostalAddress(region_code="NL", postal_code="3511")


async def quote(world: World, *lines: tuple[str, int], **fields: object) -> quotes_pb2.CreateQuoteResponse:
    request = quotes_pb2.CreateQuoteRequest(
        channel="web",
        customer_id="ana",
        position=NEAR_UTRECHT,
        shipping_address=ADDRESS,
        lines=[
            orders_pb2.OrderLine(line_id=str(number), item_id=item_id, quantity=quantity)
            for number, (item_id, quantity) in enumerate(lines)
        ],
        **fields,  # type: ignore[arg-type]
    )
    return await world.client.quotes.CreateQuote(request)


def option(answer: quotes_pb2.CreateQuoteResponse, method: int, *location_ids: str) -> quotes_pb2.QuoteOption:
    (found,) = [
        each for each in answer.options if (each.method, tuple(each.location_ids)) == (method, location_ids)
    ]
    return found


async def submit(world: World, token: str, *lines: tuple[str, int], **fields: object) -> orders_pb2.Order:
    numbered = [(str(number), *line) for number, line in enumerate(lines)]
    request = orders_pb2.SubmitOrderRequest(
        request_id=str(uuid4()), order=world.order(*numbered, **fields), quote_token=token
    )
    return (await world.client.orders.SubmitOrder(request)).order


async def test_each_option_says_by_when_or_why_not(world: World) -> None:
    world.stock.sellable.update({("zwolle", "shirt"): 5, ("utrecht", "shirt"): 1, ("groningen", "hat"): 9})
    world.stock.locations["amsterdam"].collect_enabled = False
    answer = await quote(world, ("shirt", 2), ("hat", 1), allow_split=True, store_count=2)
    told = [(each.method, list(each.location_ids), each.impossible_because) for each in answer.options]
    assert told == [
        (COLLECT, ["utrecht"], "insufficient_stock"),
        (COLLECT, ["zwolle"], "insufficient_stock"),
        (SHIP, [], "insufficient_stock"),
        (SHIP, ["groningen", "zwolle"], ""),
    ]
    possible = answer.options[-1]
    assert possible.delivery_date > possible.promise_time.ToDatetime().date().isoformat()
    assert [bool(each.quote_token) for each in answer.options] == [False, False, False, True]
    assert answer.expire_time.ToDatetime(UTC) > world.clock.now()
    alone = await quote(world, ("shirt", 2), store_count=2)
    zwolle = option(alone, COLLECT, "zwolle")
    assert zwolle.slot_end_time.ToDatetime() - zwolle.promise_time.ToDatetime() == timedelta(hours=1)
    assert 80_000 < zwolle.distance_metres < 90_000


async def test_what_was_quoted_is_reserved_by_the_date_that_was_quoted(world: World) -> None:
    world.stock.sellable.update({("zwolle", "shirt"): 5})
    quoted = option(await quote(world, ("shirt", 1)), SHIP, "zwolle")
    world.stock.sellable.update({("utrecht", "shirt"): 5})  # nearer, but not what was promised
    world.clock.ahead += timedelta(minutes=20)
    order = await submit(world, quoted.quote_token, ("shirt", 1))
    assert order.lines[0].location_id == "zwolle"
    assert order.promise_time == quoted.promise_time
    assert order.lines[0].delivery_date == quoted.delivery_date
    assert world.events(order, "order_delayed") == []


async def test_a_quoted_order_goes_elsewhere_when_its_stock_is_gone(world: World) -> None:
    world.stock.sellable.update({("zwolle", "shirt"): 1})
    quoted = option(await quote(world, ("shirt", 1)), SHIP, "zwolle")
    world.stock.sellable["zwolle", "shirt"], world.stock.sellable["utrecht", "shirt"] = 0, 1
    order = await submit(world, quoted.quote_token, ("shirt", 1))
    order = await world.becomes(order.order_id, "ASSIGNED")
    assert order.lines[0].location_id == "utrecht"
    assert order.promise_time == quoted.promise_time  # the other location keeps it too


async def test_a_customer_is_told_when_the_day_that_was_quoted_cannot_be_kept(world: World) -> None:
    world.stock.sellable.update({("utrecht", "shirt"): 1})
    # From farther away it leaves as early, and travels a day longer.
    tables = network_pb2.Network(
        carrier_services=[
            network_pb2.CarrierService(
                carrier_service_id="post",
                cut_off_minute=24 * 60,
                collect_days=range(1, 8),
                business_days=range(1, 8),
                distances=[
                    network_pb2.DistanceTransit(up_to_km=50, transit_days=1),
                    network_pb2.DistanceTransit(up_to_km=500, transit_days=9),
                ],
            )
        ]
    )
    await world.client.network.ApplyNetwork(
        network_pb2.ApplyNetworkRequest(request_id=str(uuid4()), network=tables)
    )
    quoted = option(await quote(world, ("shirt", 1)), SHIP, "utrecht")
    world.stock.sellable["utrecht", "shirt"], world.stock.sellable["zwolle", "shirt"] = 0, 1
    order = await submit(world, quoted.quote_token, ("shirt", 1))
    order = await world.becomes(order.order_id, "ASSIGNED")
    delayed = await world.event(order, "order_delayed")
    assert delayed.delivery_date_before == quoted.delivery_date
    assert delayed.delivery_date == order.lines[0].delivery_date > quoted.delivery_date
    assert delayed.promise_time == delayed.promise_time_before == quoted.promise_time
    assert list(delayed.line_ids) == ["0"]


async def test_a_quote_is_taken_once_by_the_order_it_was_made_for(world: World) -> None:
    world.stock.sellable.update({("utrecht", "shirt"): 9})
    token = option(await quote(world, ("shirt", 1)), COLLECT, "utrecht").quote_token
    for lines, fields in (
        ([("shirt", 2)], {"collect": "utrecht"}),
        ([("shirt", 1)], {"collect": "zwolle"}),
        ([("shirt", 1)], {}),
        ([("shirt", 1)], {"collect": "utrecht", "channel": "app"}),
    ):
        with pytest.raises(InvalidField):
            await submit(world, token, *lines, **fields)
    shipped = option(await quote(world, ("shirt", 1)), SHIP, "utrecht").quote_token
    palermo = {"region_code": "IT", "postal_code": "90133"}
    for elsewhere in (
        {"shipping_address": PostalAddress(**palermo)},
        {"shipping_position": LatLng(latitude=38.1, longitude=13.4)},
    ):
        order = world.order(("0", "shirt", 1))
        for name, value in elsewhere.items():
            getattr(order, name).CopyFrom(value)
        request = orders_pb2.SubmitOrderRequest(request_id=str(uuid4()), order=order, quote_token=shipped)
        with pytest.raises(InvalidField, match=next(iter(elsewhere))):
            await world.client.orders.SubmitOrder(request)
    racing = [submit(world, token, ("shirt", 1), collect="utrecht") for _ in range(4)]
    outcomes = await asyncio.gather(*racing, return_exceptions=True)
    refused = [each for each in outcomes if isinstance(each, WrongState)]
    assert len(refused) == 3
    assert {each.state for each in refused} == {"TAKEN"}
    with pytest.raises(NotFound):
        await submit(world, str(uuid4()), ("shirt", 1), collect="utrecht")


async def test_an_expired_quote_is_not_taken(world: World) -> None:
    world.stock.sellable.update({("utrecht", "shirt"): 9})
    token = option(await quote(world, ("shirt", 1)), COLLECT, "utrecht").quote_token
    world.clock.ahead += timedelta(seconds=world.settings.quote_valid_s)
    with pytest.raises(WrongState, match="EXPIRED"):
        await submit(world, token, ("shirt", 1), collect="utrecht")


async def test_pickup_is_not_offered_where_the_store_has_none(world: World) -> None:
    world.stock.sellable.update({("utrecht", "shirt"): 9})
    world.stock.locations["utrecht"].collect_enabled = False
    answer = await quote(world, ("shirt", 1))
    assert not any("utrecht" in each.location_ids for each in answer.options if each.method == COLLECT)
    order = await world.submit(("1", "shirt", 1), collect="utrecht")
    await world.becomes(order.order_id, "PARKED")


async def test_tables_of_the_merchant_move_dates(world: World) -> None:
    world.stock.sellable.update({("utrecht", "shirt"): 9})
    zone = ZoneInfo("Europe/Amsterdam")
    today = world.clock.now().astimezone(zone).date()
    holidays = [today + timedelta(days=each) for each in range(4)]
    exceptions = [network_pb2.DayException(location_id="utrecht", date=f"{each}") for each in holidays]
    service = network_pb2.CarrierService(
        carrier_service_id="post",
        cut_off_minute=17 * 60,
        collect_days=range(1, 8),
        business_days=range(1, 8),
        distances=[network_pb2.DistanceTransit(up_to_km=50, transit_days=2, cost=4.95)],
    )
    tables = network_pb2.Network(exceptions=exceptions, carrier_services=[service])
    for version in (1, 1):
        request = network_pb2.ApplyNetworkRequest(request_id=str(uuid4()), network=tables)
        assert (await world.client.network.ApplyNetwork(request)).network.version == version
    answer = await quote(world, ("shirt", 1), store_count=1)
    reopens = datetime.combine(today + timedelta(days=4), datetime.min.time(), zone)
    assert answer.options[0].promise_time.ToDatetime(UTC) == reopens
    shipped = option(answer, SHIP, "utrecht")
    assert shipped.promise_time.ToDatetime(UTC) == reopens + timedelta(hours=17)
    assert shipped.delivery_date == f"{today + timedelta(days=6)}"
    assert shipped.shipping_cost == 4.95
    # Beyond its last distance the carrier does not deliver.
    world.stock.sellable["utrecht", "shirt"], world.stock.sellable["groningen", "shirt"] = 0, 9
    far = (await quote(world, ("shirt", 1))).options[-1]
    assert (far.method, far.impossible_because) == (SHIP, "insufficient_stock")
    got = await world.client.network.GetNetwork(network_pb2.GetNetworkRequest())
    assert (got.network.version, got.actor) == (1, "shop")


async def test_a_queue_moves_the_promise(world: World) -> None:
    world.stock.sellable.update({("utrecht", "shirt"): 9})
    before = option(await quote(world, ("shirt", 1)), COLLECT, "utrecht")
    tables = network_pb2.Network(pick_lines_per_hour={"utrecht": 1})
    request = network_pb2.ApplyNetworkRequest(request_id=str(uuid4()), network=tables)
    await world.client.network.ApplyNetwork(request)
    await world.submit(("1", "shirt", 1), ("2", "shirt", 1), collect="utrecht")
    after = option(await quote(world, ("shirt", 1)), COLLECT, "utrecht")
    later = after.promise_time.ToDatetime() - before.promise_time.ToDatetime()
    assert timedelta(hours=2) <= later < timedelta(hours=2, minutes=1)
