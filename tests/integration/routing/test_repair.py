"""An order that nobody would look at any more is found, and looked at."""

from typing import Any

from sqlalchemy import text

from onhand.cli.audit import run as audit
from onhand.cli.repair import Repairer

from .conftest import World


async def test_an_order_that_fell_out_of_the_queue_is_looked_at_again(world: World) -> None:
    world.stock.sellable.update({("utrecht", "shirt"): 1})
    waits = await world.submit(("1", "shirt", 1))
    ended = await world.submit(("1", "shirt", 1))
    await world.becomes(waits.order_id, "ASSIGNED")
    await world.becomes(ended.order_id, "PARKED")
    await world.cancel(ended.order_id)
    await world.settled(waits.order_id)
    urls = {"routing": str(world.settings.database_url)}
    assert (await audit(urls)).findings == []

    async def forget(connection: Any) -> None:
        await connection.execute(text("UPDATE orders SET next_action_time = NULL"))

    await world.database.transaction(forget)
    report = await audit(urls)
    (finding,) = report.findings
    assert finding == (
        f"routing: an order with something to do is looked at: {waits.order_id} has 0, expected 1"
    )
    (place,) = report.places
    async with Repairer(urls, dry_run=False) as repairer:
        assert (await repairer.put_right(place[0], place[1:])).changes == ["looked at now"]
        assert (await repairer.put_right(place[0], place[1:])).changes == []
    assert (await audit(urls)).findings == []
