"""Tags that lie picked and deadlines of tasks come back from the tasks themselves, or a person is asked."""

from typing import Any

from sqlalchemy import text

from onhand.cli.audit import run as audit
from onhand.cli.repair import Repairer

EPC, OTHER = "30AA01", "30AA02"


async def test_what_is_derived_from_tasks_is_derived_anew(world: Any) -> None:
    world.stock.tag(EPC, "shirt")
    world.stock.tag(OTHER, "shirt")
    first = await world.assigned(("1", "shirt", 1))
    second = await world.assigned(("1", "shirt", 1), order_id="order-2")
    for task_id, epc in ((first, EPC), (second, OTHER)):
        await world.do("AcceptTask", task_id)
        await world.do("PickLine", task_id, line_id="1", quantity=1, epcs=[epc])
    urls = {"pickup": str(world.settings.database_url)}

    async def damage(statement: str, **values: Any) -> None:
        async def work(connection: Any) -> None:
            await connection.execute(text(statement), values)

        await world.database.transaction(work)

    async def wrong() -> list[str]:
        return [each.split(":")[1].strip() for each in (await audit(urls)).findings]

    async def repair(*, dry_run: bool = False) -> tuple[list[str], list[str]]:
        changes, doubts = [], []
        report = await audit(urls)
        async with Repairer(urls, dry_run=dry_run) as repairer:
            for service, *place in report.places:
                done = await repairer.put_right(service, place)
                changes += done.changes
                doubts += done.doubts
        return changes, doubts

    async def kept() -> list[Any]:
        held = "SELECT epc, task_id::text FROM held_tags ORDER BY epc"
        due = "SELECT task_id::text, due_time FROM tasks ORDER BY task_id"
        return [tuple(row) for query in (held, due) for row in await world.rows(query)]

    before = await kept()
    assert await wrong() == []
    await damage("DELETE FROM held_tags WHERE epc = :epc", epc=EPC)
    await damage("INSERT INTO held_tags VALUES ('30AA03', :task_id)", task_id=second)
    await damage("UPDATE tasks SET due_time = NULL WHERE task_id = :task_id", task_id=second)
    assert sorted(await wrong()) == ["a live task is looked at", *["a picked tag is held for its task"] * 2]
    said = [f"tag {EPC}: held", "due anew", "tag 30AA03: let go"]
    assert sorted((await repair(dry_run=True))[0]) == sorted(said)
    assert len(await wrong()) == 3
    assert sorted((await repair())[0]) == sorted(said)
    assert await wrong() == []
    assert await kept() == before

    await damage("UPDATE task_lines SET epcs = ARRAY[:epc] WHERE task_id = :task_id", epc=EPC, task_id=second)
    changes, doubts = await repair()
    assert changes == [f"tag {OTHER}: let go"]
    assert doubts == [f"for which task is tag {EPC}"]
