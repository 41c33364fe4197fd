"""Policies are applied as versions, decide from the next plan on, and can be tried on what was."""

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from onhand.api.routing.v1 import policies_pb2 as pb
from onhand.cli.main import app
from onhand.kit.errors import InvalidField, NotFound

from .conftest import World, states_of


async def apply(world: World, policy: pb.Policy, **fields: object) -> pb.ApplyPolicyResponse:
    request = pb.ApplyPolicyRequest(request_id=str(uuid4()), policy=policy, **fields)  # type: ignore[arg-type]
    return await world.client.policies.ApplyPolicy(request)


async def test_a_policy_decides_for_its_channel_from_the_next_plan_on(world: World) -> None:
    world.stock.sellable.update({("utrecht", "shirt"): 9, ("zwolle", "shirt"): 9})
    before = await world.submit(("1", "shirt", 1))
    applied = await apply(
        world, pb.Policy(ship=pb.Rules(excluded_location_ids=["utrecht"])), detail="rebuilt"
    )
    assert applied.policy.version == 1
    after = await world.submit(("1", "shirt", 1))
    await apply(world, pb.Policy(channel="web"))
    own = await world.submit(("1", "shirt", 1))
    assert [each.lines[0].location_id for each in (before, after, own)] == [
        "utrecht",
        "zwolle",
        "utrecht",
    ]
    explained = [(await world.plans(each.order_id))[0] for each in (before, after, own)]
    versions = [(each.policy_channel, each.policy_version) for each in explained]
    assert versions == [("", 0), ("", 1), ("web", 1)]
    # Explained by the policy that was in force then.
    excluded = {each.location_id: each.excluded_by for each in explained[1].candidates}
    assert excluded["utrecht"] == "excluded"
    assert all(each.exact for each in explained)
    passed = {each.filter: each.passed for each in explained[0].candidates[0].verdicts}
    assert passed == {"serves": True, "excluded": True, "failed_before": True, "insufficient_stock": True}


async def test_versions_rise_with_changes_only_and_each_can_be_read(world: World) -> None:
    first, second = pb.Policy(channel="web"), pb.Policy(channel="web", max_locations=1)
    answers = [await apply(world, each) for each in (first, first, second)]
    assert [each.policy.version for each in answers] == [1, 1, 2]
    newest = await world.client.policies.GetPolicy(pb.GetPolicyRequest(channel="web"))
    assert (newest.policy.version, newest.policy.max_locations, newest.actor) == (2, 1, "shop")
    oldest = await world.client.policies.GetPolicy(pb.GetPolicyRequest(channel="web", version=1))
    assert not oldest.policy.HasField("max_locations")
    listed = (await world.client.policies.ListPolicies(pb.ListPoliciesRequest())).policies
    assert [(each.channel, each.version) for each in listed] == [("web", 2)]
    with pytest.raises(NotFound):
        await world.client.policies.GetPolicy(pb.GetPolicyRequest(channel="shop"))


async def test_two_at_once_become_two_versions(world: World) -> None:
    policies = [pb.Policy(capacity=pb.Capacity(orders_per_day=each)) for each in range(1, 6)]
    answers = await asyncio.gather(*(apply(world, each) for each in policies))
    assert sorted(each.policy.version for each in answers) == [1, 2, 3, 4, 5]


async def test_what_breaks_the_rules_of_a_policy_is_refused(world: World) -> None:
    two_rests = pb.Policy(groups=[pb.Group(name="a"), pb.Group(name="b")])
    for policy in (two_rests, pb.Policy(ship=pb.Rules(minimum_confidence=2))):
        with pytest.raises(InvalidField):
            await apply(world, policy)


async def test_a_dry_run_tells_what_would_have_changed_and_changes_nothing(world: World) -> None:
    world.stock.sellable.update({("utrecht", "shirt"): 9, ("zwolle", "shirt"): 9, ("zwolle", "hat"): 1})
    moved = await world.submit(("1", "shirt", 1))
    same = await world.submit(("1", "hat", 1))
    policy = pb.Policy(ship=pb.Rules(excluded_location_ids=["utrecht"]))
    answer = await apply(world, policy, validate_only=True, replay_count=10)
    (difference,) = answer.differences
    assert answer.replayed_count == 2
    assert difference.order_id == moved.order_id != same.order_id
    assert (list(difference.before.location_ids), list(difference.after.location_ids)) == (
        ["utrecht"],
        ["zwolle"],
    )
    assert difference.before.cost < difference.after.cost
    assert answer.policy.version == 1
    with pytest.raises(NotFound):
        await world.client.policies.GetPolicy(pb.GetPolicyRequest())


async def test_a_store_gets_no_more_orders_a_day_than_it_can_take(world: World) -> None:
    world.stock.sellable.update({("utrecht", "shirt"): 99, ("zwolle", "shirt"): 99})
    await apply(world, pb.Policy(capacity=pb.Capacity(location_orders_per_day={"utrecht": 2})))
    orders = await asyncio.gather(*(world.submit(("1", "shirt", 1)) for _ in range(6)))
    for order in orders:
        await world.becomes(order.order_id, "ASSIGNED")
    placed = sorted([(await world.get(each.order_id)).lines[0].location_id for each in orders])
    assert placed == ["utrecht"] * 2 + ["zwolle"] * 4


async def test_web_orders_do_not_take_what_the_store_keeps_for_those_who_collect(world: World) -> None:
    world.stock.sellable.update({("utrecht", "shirt"): 1})
    await apply(world, pb.Policy(ship=pb.Rules(keep_units=1)))
    shipped = await world.submit(("1", "shirt", 1))
    assert states_of(shipped) == ["PARKED"]
    collected = await world.submit(("1", "shirt", 1), collect="utrecht")
    await world.becomes(collected.order_id, "ASSIGNED")


async def test_the_command_applies_a_file_and_tries_one(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.stock.sellable.update({("utrecht", "shirt"): 9, ("zwolle", "shirt"): 9})
    await world.submit(("1", "shirt", 1))
    file = tmp_path / "policy.yaml"
    file.write_text("channel: web\nship:\n  excluded_location_ids: [utrecht]\ncosts: {split: 80}\n")
    monkeypatch.setenv("ONHAND_TOKEN", world.token)
    monkeypatch.setenv("COLUMNS", "120")

    async def run(*arguments: str) -> tuple[int, str]:
        argv = ["routing", "apply", str(file), "--target", world.target, *arguments]
        result = await asyncio.to_thread(CliRunner().invoke, app, argv)
        return result.exit_code, result.output

    code, output = await run("--dry-run", "5")
    assert code == 0, output
    assert "version 1 would be in force" in output
    assert "1 of 1 orders planned again would have changed" in output
    assert "utrecht" in output
    assert "zwolle" in output
    assert (await run("--detail", "rebuilding")) == (0, "policy for web: version 1 is in force\n")
    file.write_text("channel: web\nshipping: {}\n")
    code, output = await run()
    assert code == 1
    assert 'no field named "shipping"' in output
