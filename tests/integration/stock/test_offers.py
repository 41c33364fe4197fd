"""What can be asked about availability beyond a cell."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.type.latlng_pb2 import LatLng
from tests.integration.stock.conftest import Shop

from onhand.api.stock.v1 import availability_pb2 as av
from onhand.api.stock.v1 import catalog_pb2
from onhand.api.stock.v1 import ledger_pb2 as led
from onhand.api.stock.v1 import offers_pb2 as of
from onhand.api.stock.v1 import shipments_pb2 as ship
from onhand.kit import errors

WITHIN_S = 20


async def ask(shop: Shop, revision: int = 0, **more: Any) -> av.GetAvailabilityResponse:
    return await shop.client.availability.GetAvailability(
        av.GetAvailabilityRequest(
            **{"item_ids": ["i2"], "location_ids": [shop.s1], **more},
            consistency=av.Consistency(at_least_as_fresh=revision) if revision else None,
        )
    )


async def show(shop: Shop, low: int, *, hide: bool = False) -> tuple[str, int]:
    """Set a display policy for a channel of its own."""
    channel = f"channel-{uuid4()}"
    policy = of.DisplayPolicy(channel=channel, low_quantity=low, hide_quantities=hide)
    answer = await shop.client.offers.SetDisplayPolicy(of.SetDisplayPolicyRequest(policy=policy))
    return channel, answer.revision


async def test_the_answer_is_the_same_however_it_was_put_together(shop: Shop) -> None:
    """Joined from pieces, mended after a change, or from the database."""
    await shop.receive(3)
    for _ in range(3):
        revision = await shop.receive(1, "i3")
        asked = {"item_ids": ["i2", "nonsense", "i3"], "location_ids": [shop.s1, "nowhere", shop.s2]}
        mended = (await ask(shop, revision, **asked)).lines
        again = (await ask(shop, revision, **asked)).lines
        fully = av.GetAvailabilityRequest(**asked, consistency=av.Consistency(fully_consistent=True))
        true = (await shop.client.availability.GetAvailability(fully)).lines
        for lines in (mended, again, true):
            for line in lines:
                line.availability.ClearField("as_of")
                line.availability.confidence = round(line.availability.confidence, 3)
        assert list(mended) == list(again) == list(true)


async def test_a_mask_leaves_out_what_is_not_wanted(shop: Shop) -> None:
    revision = await shop.receive(3)
    for mask, names in (
        (["available"], {"item_id", "location_id", "available"}),
        (["as_of", "stock_state"], {"item_id", "location_id", "as_of", "stock_state"}),
    ):
        (line,) = (await ask(shop, revision, read_mask=FieldMask(paths=mask))).lines
        assert {field.name for field, _ in line.availability.ListFields()} == names
    with pytest.raises(errors.InvalidField, match="read_mask"):
        await ask(shop, read_mask=FieldMask(paths=["nonsense"]))


async def test_a_channel_sees_states_and_no_numbers_when_its_policy_says_so(shop: Shop) -> None:
    await shop.receive(3)
    channel, revision = await show(shop, low=5, hide=True)
    (line,) = (await ask(shop, revision, channel=channel)).lines
    assert (line.availability.stock_state, line.availability.quantities_hidden) == (av.STOCK_STATE_LOW, True)
    assert line.availability.available == line.availability.on_hand == 0
    (plain,) = (await ask(shop, revision)).lines
    assert (plain.availability.stock_state, plain.availability.available) == (av.STOCK_STATE_IN_STOCK, 3)
    policies = (await shop.client.offers.ListDisplayPolicies(of.ListDisplayPoliciesRequest())).policies
    assert channel in [each.channel for each in policies]


async def test_a_policy_that_is_never_low_before_it_is_out_is_refused(shop: Shop) -> None:
    policy = of.DisplayPolicy(channel="web", low_quantity=1, out_quantity=2)
    with pytest.raises(errors.InvalidField, match="low_quantity"):
        await shop.client.offers.SetDisplayPolicy(of.SetDisplayPolicyRequest(policy=policy))


async def test_stores_near_a_postal_code_with_the_reason_for_each_that_does_not_serve(shop: Shop) -> None:
    revision = await shop.receive(3)
    code = f"{uuid4().int % 10**8:08}"
    place = of.PostalPlace(
        region_code="NL", postal_code=code, position=LatLng(latitude=52.37, longitude=4.89)
    )
    await shop.client.offers.BatchUpsertPostalPlaces(of.BatchUpsertPostalPlacesRequest(places=[place]))

    async def near(**more: Any) -> dict[str, av.NearbyLocation]:
        request = av.FindNearbyRequest(
            **{"postal_code": f"{code[:4]} {code[4:]}", "region_code": "NL", **more},
            radius_metres=100_000,
            items=[av.ItemQuantity(item_id="i2", quantity=2)],
            include_excluded=True,
            max_count=500,
            consistency=av.Consistency(at_least_as_fresh=revision),
        )
        found = await shop.client.availability.FindNearby(request)
        return {each.location_id: each for each in found.locations}

    found = await near()
    assert (found[shop.s1].exclusion, found[shop.s1].open) == (0, True)
    assert found[shop.s2].exclusion == av.NearbyLocation.EXCLUSION_INSUFFICIENT_STOCK
    excluded = (await near(ship_only=True))[shop.s2].exclusion
    assert excluded == av.NearbyLocation.EXCLUSION_SHIP_DISABLED
    with pytest.raises(errors.NotFound, match="postal code"):
        await near(postal_code="0")
    with pytest.raises(errors.InvalidField):
        await near(position=LatLng(latitude=52.37, longitude=4.89))


async def test_a_closed_store_says_so(shop: Shop) -> None:
    await shop.receive(3)
    found = await shop.client.catalog.GetLocation(catalog_pb2.GetLocationRequest(location_id=shop.s1))
    location = found.location
    location.opening_hours.add(day_of_week=1, open_minute=540, close_minute=1080)
    upsert = catalog_pb2.BatchUpsertLocationsRequest(locations=[location])
    await shop.client.catalog.BatchUpsertLocations(upsert)
    revision = await shop.receive(1)  # the view has the location, too, when it has this
    request = av.FindNearbyRequest(
        position=location.position,
        radius_metres=1,
        items=[av.ItemQuantity(item_id="i2", quantity=1)],
        include_excluded=True,
        open_only=True,
        max_count=500,
        consistency=av.Consistency(at_least_as_fresh=revision),
    )
    for hour, exclusion in ((7, av.NearbyLocation.EXCLUSION_CLOSED), (8, 0)):
        request.open_time.FromDatetime(datetime(2026, 3, 2, hour, 30, tzinfo=UTC))  # a Monday
        answer = await shop.client.availability.FindNearby(request)
        (told,) = [each for each in answer.locations if each.location_id == shop.s1]
        assert (told.exclusion, told.open) == (exclusion, not exclusion)


async def test_sums_over_the_network_and_over_groups(shop: Shop) -> None:
    await shop.receive(3)
    revision = await shop.receive(4, location_id=shop.s2)
    await ask(shop, revision)
    answer = await shop.client.offers.GetNetworkAvailability(
        of.GetNetworkAvailabilityRequest(
            item_ids=["i2", "nonsense"],
            groups=[
                of.LocationGroup(group_id="both", location_ids=[shop.s1, shop.s2]),
                of.LocationGroup(group_id="one", location_ids=[shop.s2]),
            ],
        )
    )
    both, one, *unknown = answer.lines
    assert (both.group_id, both.available, both.stocked_location_count) == ("both", 7, 2)
    assert (one.group_id, one.available, one.stocked_location_count) == ("one", 4, 1)
    assert [each.status.code != 0 for each in unknown] == [True, True]
    network = await shop.client.offers.GetNetworkAvailability(
        of.GetNetworkAvailabilityRequest(item_ids=["i2"])
    )
    assert network.lines[0].available >= 7


async def test_variants_of_a_style_and_substitutes_that_are_there(shop: Shop) -> None:
    style = f"style-{uuid4()}"
    ids = [f"{style}-{size}" for size in ("L", "M", "S")]
    items = [
        catalog_pb2.Item(item_id=each, title=each, style_id=style, size=each[-1], colour="red")
        for each in ids
    ]
    items.append(catalog_pb2.Item(item_id=f"{style}-other", title="Other"))
    await shop.client.catalog.BatchUpsertItems(catalog_pb2.BatchUpsertItemsRequest(items=items))
    await shop.receive(2, f"{style}-other")
    revision = await shop.receive(5, ids[1])
    await ask(shop, revision)
    answer = await shop.client.offers.GetStyleAvailability(
        of.GetStyleAvailabilityRequest(style_id=style, location_ids=[shop.s1])
    )
    told = [(each.size, each.lines[0].availability.available) for each in answer.variants]
    assert told == [("L", 0), ("M", 5), ("S", 0)]
    set_request = of.SetSubstitutesRequest(item_id=ids[0], substitute_item_ids=[f"{style}-other", ids[2]])
    await shop.client.offers.SetSubstitutes(set_request)

    async def substitutes(quantity: int) -> list[str]:
        request = of.ListSubstitutesRequest(item_id=ids[0], location_ids=[shop.s1], quantity=quantity)
        found = await shop.client.offers.ListSubstitutes(request)
        return [each.item_id for each in found.substitutes]

    assert await substitutes(1) == [f"{style}-other", ids[1]]
    assert await substitutes(3) == [ids[1]]
    set_request.substitute_item_ids.append("nonsense")
    with pytest.raises(errors.UnknownItem):
        await shop.client.offers.SetSubstitutes(set_request)


async def test_what_is_on_its_way_can_be_promised_from_its_day_on(shop: Shop) -> None:
    revision = await shop.receive(3)
    await ask(shop, revision)
    expected = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    request = ship.AnnounceShipmentRequest(
        request_id=str(uuid4()),
        to_location_id=shop.s1,
        goods=[ship.ShipmentGoods(product=led.Product(item_id="i2"), quantity=6)],
    )
    request.expected_time.FromDatetime(expected)
    await shop.client.shipments.AnnounceShipment(request)
    answer = await shop.client.offers.GetAvailableToPromise(
        of.GetAvailableToPromiseRequest(item_id="i2", location_ids=[shop.s1, shop.s2])
    )
    first, second = answer.lines
    assert [each.quantity for each in first.steps] == [3, 9]
    assert first.steps[1].available_time.ToDatetime(UTC) == expected
    assert [each.quantity for each in second.steps] == [0]


async def test_a_watch_goes_on_where_it_was_cut(shop: Shop) -> None:
    revision = await shop.receive(3)
    await shop.receive(1, "i3")
    request = av.WatchAvailabilityRequest(item_ids=["i2", "i3"], location_ids=[shop.s1])
    async with asyncio.timeout(WITHIN_S):
        seen = 0
        async for part in shop.client.availability.WatchAvailability(request):
            seen = part.revision
            if part.snapshot_complete and seen > revision:
                break
        await shop.receive(5)
        request.resume_revision = seen
        told: dict[str, int] = {}
        async for part in shop.client.availability.WatchAvailability(request):
            told |= {cell.item_id: cell.available for cell in part.cells}
            if told.get("i2") == 8:
                break
        assert told == {"i2": 8}


async def test_a_watcher_of_thresholds_hears_of_states_only(shop: Shop) -> None:
    await shop.receive(10)
    channel, revision = await show(shop, low=5, hide=True)
    await ask(shop, revision, channel=channel)
    request = av.WatchAvailabilityRequest(
        item_ids=["i2"], location_ids=[shop.s1], channel=channel, thresholds_only=True
    )
    states = []
    async with asyncio.timeout(WITHIN_S):
        async for part in shop.client.availability.WatchAvailability(request):
            for cell in part.cells:
                states.append(cell.stock_state)
                assert cell.available == 0
            if len(states) == 1:
                for _ in range(10):
                    await shop.sell(1, item_id="i2")
            if len(states) == 3:
                break
    assert states == [av.STOCK_STATE_IN_STOCK, av.STOCK_STATE_LOW, av.STOCK_STATE_OUT]
