"""Reports: what became of orders, added up; and the same orders by another policy."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from onhand.api.pickup.v1 import tasks_pb2
from onhand.api.routing.v1 import policies_pb2, reports_pb2
from onhand.cli import simulating
from onhand.cli.main import app
from onhand.kit.errors import InvalidField
from onhand.routing.use_cases import reports

from .conftest import World, states_of


async def report(world: World, **fields: str) -> reports_pb2.ReportFulfilmentResponse:
    return await world.client.reports.ReportFulfilment(reports_pb2.ReportFulfilmentRequest(**fields))  # type: ignore[arg-type]


async def simulated(world: World, policy: policies_pb2.Policy) -> list[reports_pb2.SimulateRoutingResponse]:
    request = reports_pb2.SimulateRoutingRequest(policy=policy)
    return [each async for each in world.client.reports.SimulateRouting(request)]


async def test_a_report_counts_what_was_filled_split_rejected_and_kept(world: World) -> None:
    world.stock.sellable.update({("utrecht", "shirt"): 2, ("zwolle", "shirt"): 9, ("zwolle", "hat"): 1})
    kept = await world.submit(("1", "shirt", 2), collect="zwolle")
    await world.store_says(kept, "task_ready", code="12345678")
    await world.becomes(kept.order_id, "READY")

    rejected = await world.submit(("1", "shirt", 1))
    assert rejected.lines[0].location_id == "utrecht"
    await world.store_says(rejected, "task_rejected", reason=tasks_pb2.REJECT_REASON_DAMAGED)

    async def moved() -> bool:
        return (await world.get(rejected.order_id)).lines[0].location_id == "zwolle"

    await world.until(moved)
    await world.becomes(rejected.order_id, "ASSIGNED")
    await world.cancel(rejected.order_id)

    split = await world.submit(("1", "shirt", 1), ("2", "hat", 1), allow_split=True, channel="app")
    assert {line.location_id for line in split.lines} == {"zwolle"}
    wanted = await world.submit(("1", "cap", 3))
    world.clock.ahead += timedelta(days=4)  # the cap is given up, and the app's order is late by now
    await world.becomes(wanted.order_id, "CANCELLED")

    found = await report(world)
    assert found.order_count == 4
    assert (found.filled_quantity, found.unfilled_quantity, found.fill_rate) == (2, 3, 0.4)
    assert (found.shipped_order_count, found.split_order_count) == (2, 0)
    assert (found.kept_promise_count, found.broken_promise_count) == (1, 2)
    assert found.mean_distance_km == pytest.approx(80, abs=10)  # Utrecht to Zwolle
    by_id = {each.location_id: each for each in found.locations}
    assert by_id.keys() == {"utrecht", "zwolle"}
    assert (by_id["utrecht"].line_count, dict(by_id["utrecht"].rejected_lines_by_reason)) == (
        1,
        {"damaged": 1},
    )
    assert by_id["utrecht"].rejection_rate == 1
    assert (by_id["zwolle"].order_count, by_id["zwolle"].line_count) == (3, 4)
    assert by_id["zwolle"].kept_promise_count == 1
    assert (await report(world, channel="app")).order_count == 1
    request = reports_pb2.ReportFulfilmentRequest()
    request.start_time.FromSeconds(0)
    with pytest.raises(InvalidField):
        await world.client.reports.ReportFulfilment(request)


async def test_a_report_tells_split_orders_and_promises_that_were_withdrawn(world: World) -> None:
    world.stock.sellable.update({("utrecht", "shirt"): 1, ("zwolle", "hat"): 1, ("amsterdam", "cap"): 1})
    world.stock.sellable["zwolle", "shoes"] = 1
    split = await world.submit(("1", "shirt", 1), ("2", "hat", 1), allow_split=True)
    assert {line.location_id for line in split.lines} == {"utrecht", "zwolle"}
    for line in (0, 1):
        await world.store_says(split, "task_shipped", line=line)
    await world.becomes(split.order_id, "SHIPPED", "SHIPPED")
    await world.submit(("1", "shoes", 1))
    gone = await world.submit(("1", "cap", 1))
    await world.store_says(gone, "task_rejected", reason=tasks_pb2.REJECT_REASON_NOT_FOUND)
    await world.becomes(gone.order_id, "PARKED")
    world.clock.ahead += timedelta(days=4)  # the cap is given up, and the shoes are late by now
    await world.becomes(gone.order_id, "CANCELLED")

    found = await report(world)
    assert (found.shipped_order_count, found.split_order_count, found.split_rate) == (2, 1, 0.5)
    assert (found.kept_promise_count, found.broken_promise_count) == (2, 1)
    assert found.promise_kept_rate == pytest.approx(2 / 3)
    assert found.withdrawn_promise_count == 1


async def test_a_simulation_tells_how_far_it_is_and_compares(world: World, tmp_path: Path) -> None:
    world.stock.sellable.update({("utrecht", "shirt"): 3, ("amsterdam", "shirt"): 9})
    for _ in range(3):
        order = await world.submit(("1", "shirt", 1))
        assert states_of(order) == ["ASSIGNED"]
    await world.submit(("1", "shirt", 1), channel="app")
    same = await simulated(world, policies_pb2.Policy())
    assert [each.HasField("result") for each in same] == [False] * (len(same) - 1) + [True]
    assert (same[-1].simulated_count, same[-1].total_count) == (4, 4)
    assert same[-1].result.changed_order_count == 0
    assert same[-1].result.before == same[-1].result.after

    policy = policies_pb2.Policy(ship=policies_pb2.Rules(excluded_location_ids=["utrecht"]))
    last = (await simulated(world, policy))[-1]
    assert last.result.changed_order_count == 3
    assert last.result.after.distance_km > last.result.before.distance_km
    loads = [
        (each.location_id, each.order_count_before, each.order_count_after) for each in last.result.locations
    ]
    assert loads == [("amsterdam", 1, 4), ("utrecht", 3, 0)]
    assert (await simulated(world, policies_pb2.Policy(channel="app")))[-1].simulated_count == 1

    page = tmp_path / "report.html"
    policy.channel = "<script>"
    simulating.write_html(page, policy, last, "today")
    html = page.read_text("utf-8")
    assert "&lt;script&gt;" in html
    assert "<script" not in html
    assert "http" not in html.lower()  # it needs nothing from elsewhere
    assert html.count("<rect") == 2 * (len(simulating.rows_of(last.result)) + len(loads))


async def test_a_simulation_tells_how_far_it_is_after_each_page(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "PAGE", 2)
    world.stock.sellable["utrecht", "shirt"] = 9
    for _ in range(5):
        await world.submit(("1", "shirt", 1))
    told = await simulated(world, policies_pb2.Policy())
    assert [(each.simulated_count, each.total_count) for each in told] == [(2, 5), (4, 5), (5, 5), (5, 5)]
    assert [each.HasField("result") for each in told] == [False, False, False, True]


async def test_only_so_many_simulations_run_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.stock.sellable["utrecht", "shirt"] = 3
    await world.submit(("1", "shirt", 1))
    request = reports_pb2.SimulateRoutingRequest(policy=policies_pb2.Policy())
    monkeypatch.setattr(world.reports, "_running", world.settings.simulations_at_once)
    with pytest.raises(Exception, match="simulations at once"):
        [each async for each in world.client.reports.SimulateRouting(request)]
    monkeypatch.undo()
    assert (await simulated(world, policies_pb2.Policy()))[-1].simulated_count == 1


async def test_the_commands_show_a_report_and_a_simulation(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.stock.sellable.update({("utrecht", "shirt"): 9, ("zwolle", "shirt"): 9})
    order = await world.submit(("1", "shirt", 1))
    await world.store_says(order, "task_rejected", reason=tasks_pb2.REJECT_REASON_NO_CAPACITY)

    async def moved() -> bool:
        return (await world.get(order.order_id)).lines[0].location_id == "zwolle"

    await world.until(moved)
    file, page = tmp_path / "policy.yaml", tmp_path / "report.html"
    file.write_text("channel: web\nship:\n  excluded_location_ids: [utrecht]\n")
    applied = tmp_path / "two.yaml"
    applied.write_text("channel: web\n---\nchannel: app\n")
    monkeypatch.setenv("ONHAND_TOKEN", world.token)
    monkeypatch.setenv("COLUMNS", "160")

    async def run(*arguments: str) -> tuple[int, str]:
        argv = ["routing", *arguments, "--target", world.target]
        result = await asyncio.to_thread(CliRunner().invoke, app, argv)
        return result.exit_code, result.output

    code, output = await run("report")
    assert code == 0, output
    assert "no capacity 1" in output
    code, output = await run("simulate", str(file), "--from", "2020-01-01", "--html", str(page))
    assert code == 1  # longer than a report may be
    code, output = await run("simulate", str(file), "--html", str(page))
    assert code == 0, output
    assert "1 orders planned again, 1 of them otherwise" in output
    assert "<svg" in page.read_text("utf-8")
    assert (await run("simulate", str(applied)))[0] == 1
    assert (await run("report", "--from", "yesterday"))[0] == 2
