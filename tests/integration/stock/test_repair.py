"""What is damaged behind stock's back is put right from the rows that stand behind it, or asked of a person."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from tests.integration.stock.conftest import Shop, StockProcesses
from typer.testing import CliRunner

from onhand.api.stock.v1 import availability_pb2 as av
from onhand.api.stock.v1 import events_pb2
from onhand.api.stock.v1 import ledger_pb2 as led
from onhand.api.stock.v1 import reservations_pb2 as res
from onhand.cli.main import app
from onhand.kit.config import ServiceSettings

ROWS = {
    "balances": """
        SELECT item_id, sellable, damaged, quality_control, quarantined, missing, in_transit, reserved, committed,
               shortfall, unidentified FROM balances WHERE location_id = $1 ORDER BY 1
    """,
    "tags": "SELECT epc, item_id, state, state_time, zone_id, bucket FROM tags WHERE location_id = $1 ORDER BY 1",
    "lines": """
        SELECT reservation_id, item_id, quantity, fulfilled, released FROM reservation_lines WHERE location_id = $1
        ORDER BY 1, 2
    """,
}
"""What a repair brings back, to the letter."""


@dataclass
class Damaged:
    shop: Shop
    connection: asyncpg.Connection
    url: str
    released: str
    """A reservation of `i3` that was given back."""
    committed: str
    """Another of which one of four units is given back."""

    async def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        found = {name: await self.connection.fetch(query, self.shop.s1) for name, query in ROWS.items()}
        return {name: [tuple(row) for row in rows] for name, rows in found.items()}

    async def audit(self, *arguments: str) -> tuple[int, str]:
        command = ["audit", "--stock-url", self.url, *arguments]
        result = await asyncio.to_thread(CliRunner(env={"COLUMNS": "200"}).invoke, app, command)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.output

    async def damage(self, statement: str) -> None:
        values = [self.shop.s1, self.released, self.committed]
        numbered = [n for n in range(3) if f"${n + 1}" in statement]
        await self.connection.execute(statement, *values[: numbered[-1] + 1])

    async def repairs(self) -> int:
        query = (
            "SELECT count(*) FROM trail WHERE method = 'onhand audit --repair' AND actor LIKE 'operator:%'"
        )
        return int(await self.connection.fetchval(query))


@pytest.fixture
async def damaged(shop: Shop, processes: StockProcesses) -> AsyncIterator[Damaged]:
    """A store with a bit of everything, whose rows a test damages."""
    url = str(processes.settings.database_url)
    connection = await asyncpg.connect(url)
    await shop.receive(12)
    await shop.sell(2, item_id="i2")
    await shop.receive(9, "i3")
    await shop.read(1, datetime.now(UTC), times=3)
    await shop.until_tag_is(1)
    found = Damaged(shop, connection, url, "", "")
    reservations = shop.client.reservations
    for name in ("released", "committed"):
        held = await reservations.CreateReservation(shop.hold(("i3", 4)))
        reservation_id = held.reservation.reservation_id
        setattr(found, name, reservation_id)
        if name == "committed":
            await reservations.CommitReservation(
                res.CommitReservationRequest(
                    request_id=str(uuid4()), reservation_id=reservation_id, order_id=str(uuid4())
                )
            )
        line = res.ReleaseLine(item_id="i3", location_id=shop.s1, quantity=1 if name == "committed" else 4)
        await reservations.ReleaseReservation(
            res.ReleaseReservationRequest(
                request_id=str(uuid4()), reservation_id=reservation_id, lines=[line]
            )
        )
    await shop.client.ledger.RecordAdjustment(
        led.RecordAdjustmentRequest(
            request_id=str(uuid4()),
            location_id=shop.s1,
            lines=[
                led.AdjustmentLine(
                    product=led.Product(item_id="i2"),
                    quantity=1,
                    from_bucket=led.BUCKET_SELLABLE,
                    to_bucket=led.BUCKET_DAMAGED,
                )
            ],
        )
    )
    assert (await found.audit())[0] == 0
    yield found
    await connection.close()


DAMAGES = (
    ("UPDATE balances SET sellable = 3 WHERE location_id = $1 AND item_id = 'i2'", "sellable 3 → 9"),
    ("UPDATE balances SET damaged = 0 WHERE location_id = $1 AND item_id = 'i2'", "damaged 0 → 1"),
    ("UPDATE balances SET in_transit = 7 WHERE location_id = $1 AND item_id = 'i3'", "in_transit 7 → 0"),
    ("UPDATE balances SET reserved = 2 WHERE location_id = $1 AND item_id = 'i3'", "reserved 2 → 0"),
    ("UPDATE balances SET committed = 1 WHERE location_id = $1 AND item_id = 'i3'", "committed 1 → 3"),
    ("UPDATE balances SET shortfall = 5 WHERE location_id = $1 AND item_id = 'i3'", "shortfall 5 → 0"),
    ("UPDATE balances SET unidentified = 0 WHERE location_id = $1 AND item_id = 'i2'", "unidentified 0 → 10"),
    ("DELETE FROM balances WHERE location_id = $1 AND item_id = 'i3'", "committed 0 → 3"),
    ("UPDATE tags SET state = 4, state_time = now() WHERE location_id = $1", ": sold → present"),
    ("DELETE FROM tags WHERE location_id = $1", ": a row, present"),
    (
        "UPDATE reservation_lines SET released = 0 WHERE location_id = $1 AND reservation_id = $2::text::uuid",
        "released 0 → 4",
    ),
)
"""Each with what its repair says."""


async def test_each_kind_of_row_that_is_damaged_comes_back_as_it_was(damaged: Damaged) -> None:
    before, repairs = await damaged.rows(), await damaged.repairs()
    for number, (statement, said) in enumerate(DAMAGES, 1):
        await damaged.damage(statement)
        wrong = await damaged.rows()
        assert wrong != before, statement
        code, output = await damaged.audit("--repair", "--dry-run")
        assert (code, "would change: " in output, said in output) == (1, True, True), (statement, output)
        assert await damaged.rows() == wrong, "a dry run changes nothing"
        assert await damaged.repairs() == repairs + number - 1

        code, output = await damaged.audit("--repair")
        assert (code, said in output) == (0, True), (statement, output)
        assert await damaged.rows() == before, statement
        assert await damaged.repairs() == repairs + number

    code, output = await damaged.audit("--repair")
    assert (code, "changed" in output) == (0, False), "there is nothing left to do"
    expected = {row[0]: row[1] - row[7] - row[8] for row in before["balances"]}
    async with asyncio.timeout(30):
        while await shown(damaged.shop, sorted(expected)) != expected:
            await asyncio.sleep(0.05)


async def shown(shop: Shop, item_ids: list[str]) -> dict[str, int]:
    """Return what the view tells shoppers."""
    answer = await shop.client.availability.GetAvailability(
        av.GetAvailabilityRequest(item_ids=item_ids, location_ids=[shop.s1])
    )
    return {each.availability.item_id: each.availability.available for each in answer.lines}


async def test_what_two_rows_tell_differently_is_asked_of_a_person_and_left(damaged: Damaged) -> None:
    """Whether one unit or two of the line were given back: its notes say one, the line itself two."""
    await damaged.damage(
        "UPDATE reservation_lines SET released = 2 WHERE location_id = $1 AND reservation_id = $3::text::uuid"
        " AND $2 <> ''"
    )
    wrong = await damaged.rows()
    code, output = await damaged.audit("--repair")
    assert code == 1
    assert f"a person must say: what does reservation {damaged.committed} still hold?" in output
    assert "committed equals open committed lines" in output
    assert await damaged.rows() == wrong
    await damaged.damage(
        "UPDATE reservation_lines SET released = 1 WHERE location_id = $1 AND reservation_id = $3::text::uuid"
        " AND $2 <> ''"
    )
    assert (await damaged.audit())[0] == 0


async def test_a_ledger_that_cannot_be_is_asked_of_a_person(damaged: Damaged) -> None:
    """More damaged units were written off than there ever were."""
    movement_id = uuid4()
    await damaged.connection.execute(
        """
        INSERT INTO movements (location_id, movement_id, item_id, from_bucket, to_bucket, quantity, reason,
                               occur_time, document, actor)
        VALUES ($1, $2, 'i3', 2, 9, 5, 4, now(), '', 'nobody')
        """,
        damaged.shop.s1,
        movement_id,
    )
    wrong = await damaged.rows()
    code, output = await damaged.audit("--repair")
    assert (code, "a person must say: why do the movements leave -5 damaged?" in output) == (1, True), output
    assert await damaged.rows() == wrong
    await damaged.connection.execute("DELETE FROM movements WHERE movement_id = $1", movement_id)
    assert (await damaged.audit())[0] == 0


async def test_a_dry_run_without_a_repair_is_a_mistake(damaged: Damaged) -> None:
    code, output = await damaged.audit("--dry-run")
    assert (code, "--repair" in output) == (2, True)


@pytest.fixture
def notifications_url(fresh_settings: Callable[..., Any]) -> str:
    return str(fresh_settings("notifications", ServiceSettings).database_url)


async def test_who_knows_of_later_changes_than_stock_has_is_told_anew(
    damaged: Damaged, notifications_url: str
) -> None:
    """As after stock alone came from a backup: what is told is otherwise taken for old."""
    copies = await asyncpg.connect(notifications_url)
    await copies.execute("INSERT INTO supply VALUES ('i2', $1, 3, 5000, false)", damaged.shop.s1)
    await copies.close()
    before = await damaged.rows()
    arguments = ("--notifications-url", notifications_url)
    code, output = await damaged.audit(*arguments)
    assert (code, "change 5000 is known, stock has" in output) == (1, True), output
    code, output = await damaged.audit("--repair", *arguments)
    assert (code, "told anew, as a change after 5000" in output) == (0, True), output
    assert await damaged.rows() == before
    version = "SELECT version FROM balances WHERE location_id = $1 AND item_id = 'i2'"
    assert await damaged.connection.fetchval(version, damaged.shop.s1) == 5001
    assert await told(damaged) == 5001


async def told(damaged: Damaged) -> int:
    """Return the number of the latest change of the cell that was published."""
    query = "SELECT payload FROM outbox WHERE subject = 'onhand.stock.balance_changed' ORDER BY outbox_id"
    changes = [
        events_pb2.StockEvent.FromString(row["payload"]).balance_changed
        for row in await damaged.connection.fetch(query)
    ]
    return max(
        each.version for each in changes if (each.location_id, each.item_id) == (damaged.shop.s1, "i2")
    )
