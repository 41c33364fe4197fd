"""Policies as data: what is kept back is kept back everywhere, and by which rule can be asked."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from tests.integration.stock.conftest import FULLY, Shop, StockProcesses

from onhand.api.stock.v1 import availability_pb2 as av
from onhand.api.stock.v1 import catalog_pb2, offers_pb2
from onhand.api.stock.v1 import stock_policies_pb2 as pb
from onhand.client import AsyncStock
from onhand.kit import errors


def policy(shop: Shop, *, everywhere: bool = False, **fields: Any) -> pb.StockPolicy:
    names = {name: fields.pop(name) for name in ("item_id", "item_class", "channel") if name in fields}
    place = "" if everywhere else shop.s1
    return pb.StockPolicy(scope=pb.StockPolicyScope(location_id=place, **names), **fields)


async def apply(shop: Shop, *policies: pb.StockPolicy) -> int:
    answer = await shop.client.policies.SetStockPolicies(pb.SetStockPoliciesRequest(policies=policies))
    return answer.revision


async def seen(shop: Shop, channel: str, revision: int, item_id: str = "i2") -> list[av.Availability]:
    """Return a cell as the view and as the database have it."""
    found = []
    for consistency in (av.Consistency(at_least_as_fresh=revision), FULLY):
        request = av.GetAvailabilityRequest(
            item_ids=[item_id], location_ids=[shop.s1], channel=channel, consistency=consistency
        )
        found.append((await shop.client.availability.GetAvailability(request)).lines[0].availability)
    return found


async def offered(shop: Shop, channel: str, revision: int, item_id: str = "i2") -> int:
    """Return what is available, after the view, the database and a reservation were found to agree on it."""
    view, truth = await seen(shop, channel, revision, item_id)
    assert view.available == truth.available
    assert (view.safety_stock, view.stock_state) == (truth.safety_stock, truth.stock_state)
    request = shop.hold((item_id, view.available + 1))
    request.channel = channel
    with pytest.raises(errors.InsufficientStock) as raised:
        await shop.client.reservations.CreateReservation(request)
    assert raised.value.available == view.available
    return view.available


async def test_view_database_and_reservation_keep_back_the_same_for_each_channel(shop: Shop) -> None:
    await shop.receive(20)
    revision = await apply(
        shop,
        policy(shop, safety_stock=2),
        policy(shop, item_id="i2", channel="web", kept_percent=45),
        policy(shop, channel="app", out_quantity=18),
    )
    assert [await offered(shop, channel, revision) for channel in ("", "till", "web", "app")] == [
        18,
        18,
        11,
        0,
    ]
    view, _ = await seen(shop, "web", revision)
    assert (view.on_hand, view.safety_stock, view.available) == (20, 9, 11)
    request = shop.hold(("i2", 11))
    request.channel = "web"
    held = (await shop.client.reservations.CreateReservation(request)).reservation
    assert await offered(shop, "till", held.revision) == 7
    staff = shop.hold(("i2", 9))
    staff.ignore_safety_stock = True
    await shop.client.reservations.CreateReservation(staff)


async def test_a_class_is_kept_back_as_its_items_are_and_follows_an_item_that_changes_class(
    shop: Shop,
) -> None:
    item_id, item_class = f"c-{uuid4().hex}", f"k-{uuid4().hex}"
    upsert = shop.client.catalog.BatchUpsertItems
    item = catalog_pb2.Item(item_id=item_id, title="One", item_class=item_class)
    await upsert(catalog_pb2.BatchUpsertItemsRequest(items=[item]))
    await shop.receive(10, item_id)
    revision = await apply(shop, policy(shop, everywhere=True, item_class=item_class, safety_stock=4))
    assert await offered(shop, "web", revision, item_id) == 6
    revision = await apply(shop, policy(shop, safety_stock=1))
    assert await offered(shop, "web", revision, item_id) == 6  # a class is more specific than a location
    item.item_class = "another"
    await upsert(catalog_pb2.BatchUpsertItemsRequest(items=[item]))
    revision = await shop.receive(1, item_id)
    assert await offered(shop, "web", revision, item_id) == 10


async def test_each_number_is_explained_by_the_rule_that_gave_it(shop: Shop) -> None:
    await shop.receive(10)
    general = policy(shop, safety_stock=1, customer_limit=5)
    special = policy(shop, item_id="i2", channel="web", kept_percent=30)
    await apply(shop, general, special)
    answer = await shop.client.policies.ExplainStockPolicy(
        pb.ExplainStockPolicyRequest(item_id="i2", location_id=shop.s1, channel="web")
    )
    terms = {each.name: each for each in answer.terms}
    assert (terms["safety_stock"].value, terms["safety_stock"].scope) == (1, general.scope)
    assert (terms["kept_percent"].value, terms["kept_percent"].scope) == (30, special.scope)
    assert (terms["customer_limit"].value, terms["customer_limit"].unlimited) == (5, False)
    assert terms["channel_limit"].unlimited
    assert not terms["orders_first"].HasField("scope")
    assert (answer.kept_quantity, answer.available) == (3, 7)
    assert list(answer.applying_scopes) == [special.scope, general.scope]


async def test_a_cell_that_was_never_counted_is_explained_too(shop: Shop) -> None:
    await apply(shop, policy(shop, item_id="i3", safety_stock=4))
    request = pb.ExplainStockPolicyRequest(item_id="i3", location_id=shop.s1)
    answer = await shop.client.policies.ExplainStockPolicy(request)
    assert (answer.terms[0].value, answer.available) == (4, 0)


async def test_what_is_deleted_keeps_nothing_back_and_who_changed_what_is_known(
    processes: StockProcesses, shop: Shop, mint: Callable[..., str]
) -> None:
    await shop.receive(5)
    async with AsyncStock(processes.addresses[0], mint("ann")) as ann:
        mine = Shop(ann, shop.s1, shop.s2, shop.epc)
        said = policy(shop, item_id="i2", safety_stock=3, note="books are often wrong")
        await apply(mine, said)
        for _ in range(2):  # the second time it changes nothing
            await apply(mine, policy(shop, item_id="i2", safety_stock=2))
        wanted = pb.ListStockPoliciesRequest(location_id=shop.s1)
        (kept,) = (await ann.policies.ListStockPolicies(wanted)).policies
        assert (kept.safety_stock, kept.version, kept.actor, kept.note) == (2, 2, "ann", "")
        delete = pb.DeleteStockPoliciesRequest(scopes=[said.scope, said.scope], note="counted")
        gone = await ann.policies.DeleteStockPolicies(delete)
        assert gone.deleted_count == 1
        assert await offered(shop, "", gone.revision) == 5
        assert (await ann.policies.DeleteStockPolicies(delete)).deleted_count == 0
        changes = await ann.policies.ListStockPolicyChanges(
            pb.ListStockPolicyChangesRequest(scope=said.scope)
        )
    told = [(each.deleted, each.policy.safety_stock, each.policy.note) for each in changes.changes]
    assert told == [(True, 0, "counted"), (False, 2, ""), (False, 3, "books are often wrong")]
    assert {each.policy.actor for each in changes.changes} == {"ann"}


async def test_policies_are_listed_page_by_page_each_once(shop: Shop) -> None:
    policies = [policy(shop, item_id=item, safety_stock=1) for item in ("i1", "i2", "i3")]
    await apply(shop, *policies, policy(shop, channel="web", safety_stock=1))
    found: list[pb.StockPolicyScope] = []
    request = pb.ListStockPoliciesRequest(location_id=shop.s1, page_size=1)
    while True:
        page = await shop.client.policies.ListStockPolicies(request)
        found += [each.scope for each in page.policies]
        request.page_token = page.next_page_token
        if not page.next_page_token:
            break
    assert [(each.item_id, each.channel) for each in found] == [
        ("", "web"),
        ("i1", ""),
        ("i2", ""),
        ("i3", ""),
    ]


async def test_what_is_wrong_with_a_policy_is_said_and_nothing_is_set(
    processes: StockProcesses, shop: Shop, mint: Callable[..., str]
) -> None:
    good = policy(shop, item_id="i1", safety_stock=1)
    with pytest.raises(errors.UnknownItem):
        await apply(shop, good, policy(shop, item_id="nothing", safety_stock=1))
    with pytest.raises(errors.InvalidField, match="second time"):
        await apply(shop, good, good)
    for wrong in (
        policy(shop, item_id="i1"),
        policy(shop, item_id="i1", item_class="k", safety_stock=1),
        policy(shop, kept_percent=101),
    ):
        with pytest.raises(errors.InvalidField):
            await apply(shop, wrong)
    async with AsyncStock(processes.addresses[0], mint(locations=[shop.s1])) as one_store:
        with pytest.raises(errors.WrongLocation):
            await apply(Shop(one_store, shop.s1, shop.s2, ""), policy(shop, everywhere=True, safety_stock=1))
    listed = await shop.client.policies.ListStockPolicies(pb.ListStockPoliciesRequest(location_id=shop.s1))
    assert list(listed.policies) == []


async def test_no_more_policies_than_replicas_can_remember(
    own_processes: StockProcesses, mint: Callable[..., str]
) -> None:
    address = await own_processes.start(ONHAND_STOCK_POLICY_LIMIT="2")
    async with AsyncStock(address, mint()) as client:
        shop = Shop(client, "", "", "")
        two = [policy(shop, channel=each, safety_stock=1) for each in ("a", "b")]
        await apply(shop, *two)
        await apply(shop, *two)
        with pytest.raises(errors.LimitReached, match="2 stock policies"):
            await apply(shop, policy(shop, channel="c", safety_stock=1))


async def test_a_watcher_hears_that_a_policy_changed_what_is_available(shop: Shop) -> None:
    await shop.receive(6)
    request = av.WatchAvailabilityRequest(item_ids=["i2"], location_ids=[shop.s1], channel="web")
    async with asyncio.timeout(60):
        told: list[int] = []
        async for part in shop.client.availability.WatchAvailability(request):
            told += [each.available for each in part.cells]
            if told[-1:] == [6]:
                await apply(shop, policy(shop, channel="web", safety_stock=4))
            if told[-1:] == [2]:
                break
    assert told[0] == 6


async def test_sums_substitutes_and_promises_keep_back_too(shop: Shop) -> None:
    await shop.receive(6)
    revision = await apply(shop, policy(shop, channel="web", out_quantity=6), policy(shop, out_quantity=2))
    await seen(shop, "", revision)
    group = offers_pb2.LocationGroup(group_id="g", location_ids=[shop.s1])
    for channel, available in (("web", 0), ("", 6)):
        request = offers_pb2.GetNetworkAvailabilityRequest(item_ids=["i2"], groups=[group], channel=channel)
        answer = await shop.client.offers.GetNetworkAvailability(request)
        assert answer.lines[0].available == available
    promise = offers_pb2.GetAvailableToPromiseRequest(item_id="i2", location_ids=[shop.s1])
    steps = (await shop.client.offers.GetAvailableToPromise(promise)).lines[0].steps
    assert [each.quantity for each in steps] == [6]
