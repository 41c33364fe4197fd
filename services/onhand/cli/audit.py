"""`onhand audit`: prove the books, each service's own and those between services."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import typer
from sqlalchemy import pool
from sqlalchemy.ext.asyncio import create_async_engine

from onhand.cli.runtime import DEFAULT_DATA_DIR, Runtime

MAX_SHOWN = 50
"""Findings printed; the count tells the rest."""
LIVE_STATES = (3, 4, 5, 6, 13)
"""Order lines that must have stock: reserved, assigned, picking, ready, to be sent to their store."""
FIRST_ENDED = 7
"""Tasks in a state below it still have goods that may leave."""

PAGE = 5_000
"""Cells that are compared at a time; protects memory."""
COUNTED = {
    "stock": ("movements", "balances", "tags", "tag_events", "reservations"),
    "routing": ("orders", "order_lines"),
    "pickup": (),
}
"""Services whose database proves something by itself, and the tables that are looked at."""


@dataclass
class Report:
    """What an audit looked at and found."""

    checked: dict[str, int] = field(default_factory=dict)
    """Rows looked at, by table."""
    findings: list[str] = field(default_factory=list)
    heads: dict[str, str] = field(default_factory=dict)
    """The last link of each service's trail of writes, hexadecimal."""
    places: dict[tuple[str, ...], None] = field(default_factory=dict)
    """Where findings have one true answer: the service and what it names there, each once."""


async def run(database_urls: Mapping[str, str], heads: Mapping[str, bytes] | None = None) -> Report:
    """Audit the databases given, by service.

    Those between services need stock and routing, and pickup's where customers have taken substitutes.
    `heads` are ends of trails that an earlier audit gave, by service.
    """
    report = Report()
    for service in COUNTED:
        if service in database_urls:
            await _own(service, database_urls[service], report)
    if "stock" in database_urls and "routing" in database_urls:
        await _promises(database_urls, report)
    if "stock" in database_urls and "notifications" in database_urls:
        await _copies(database_urls, report)
    for service, url in database_urls.items():
        await _trail(service, url, (heads or {}).get(service, b""), report)
    return report


async def _own(service: str, url: str, report: Report) -> None:
    """What a service's database alone can prove."""
    from onhand.kit.audit import find
    from onhand.kit.db import driver_url

    engine = create_async_engine(driver_url(url), poolclass=pool.NullPool)
    async with engine.connect() as connection:
        async for finding in find(connection, import_module(f"onhand.{service}.audit").CHECKS):
            report.findings.append(f"{service}: {finding}")
            if finding.place is not None:
                report.places[service, *finding.place] = None
    await engine.dispose()
    await _count(url, COUNTED[service], report)


async def _trail(service: str, url: str, noted: bytes, report: Report) -> None:
    """Who wrote what is as it was when it was chained."""
    from onhand.kit import chain
    from onhand.kit.db import driver_url

    trail = chain.Trail()
    engine = create_async_engine(driver_url(url), poolclass=pool.NullPool)
    async with engine.connect() as connection:
        async for finding in chain.verify(connection, trail, noted):
            report.findings.append(f"{service}: the trail of writes: {finding}")
    await engine.dispose()
    report.checked["recorded_writes"] = report.checked.get("recorded_writes", 0) + trail.rows
    report.heads[service] = trail.head.hex()


async def _promises(urls: Mapping[str, str], report: Report) -> None:
    """Every live order line is covered by committed stock, and no committed stock is without its order.

    Both sides are read a moment apart while the system runs, so what looks wrong is looked at again.
    """
    suspects = await _unmatched(urls)
    for _ in range(10):
        if not suspects:
            break
        await asyncio.sleep(0.5)
        suspects &= await _unmatched(urls)
    report.findings += sorted(suspects)


async def _unmatched(urls: Mapping[str, str]) -> set[str]:
    promised = await _sums(
        urls["routing"],
        """
        SELECT reservation_id::text, item_id, location_id, sum(quantity) AS quantity FROM order_lines
        WHERE state = ANY($1) AND reservation_id IS NOT NULL GROUP BY 1, 2, 3
        """,
        [list(LIVE_STATES)],
    )
    if "pickup" in urls:  # a substitute that its customer has taken has a reservation of its own
        promised |= await _sums(
            urls["pickup"],
            """
            SELECT l.reservation_id, l.item_id, t.location_id,
                   sum(l.quantity - l.short - l.cancelled - l.substituted - l.handed_over - l.refused) AS quantity
            FROM task_lines l JOIN tasks t USING (task_id)
            WHERE l.reservation_id <> '' AND t.state < $1 GROUP BY 1, 2, 3
            """,
            [FIRST_ENDED],
        )
    committed = await _sums(
        urls["stock"],
        """
        SELECT reservation_id::text, item_id, location_id, quantity - fulfilled - released AS quantity
        FROM reservation_lines JOIN reservations r USING (reservation_id)
        WHERE r.state = 2 AND fulfilled + released < quantity
        """,
        [],
    )
    return {
        f"between routing and stock: reservation {key[0]}, {key[1]} at {key[2]}: "
        f"{promised.get(key, 0)} promised to orders, {committed.get(key, 0)} committed"
        for key in promised.keys() | committed.keys()
        if promised.get(key, 0) != committed.get(key, 0)
    }


async def _copies(urls: Mapping[str, str], report: Report) -> None:
    """What notifications keeps of cells is of no later change than stock's own: else it would hear of none.

    So it is after stock alone came from a backup.
    """
    stock, copies = await asyncpg.connect(urls["stock"]), await asyncpg.connect(urls["notifications"])
    try:
        async with copies.transaction():
            cursor = await copies.cursor(
                """
                SELECT location_id, item_id, max(version) AS version FROM (
                    SELECT location_id, item_id, version FROM supply
                    UNION ALL SELECT location_id, item_id, version FROM endpoint_cells) AS copies
                GROUP BY 1, 2
                """
            )
            while rows := await cursor.fetch(PAGE):
                known = {(row["location_id"], row["item_id"]): row["version"] for row in rows}
                found = await stock.fetch(
                    """
                    SELECT location_id, item_id, version FROM balances
                    JOIN unnest($1::text[], $2::text[]) AS k (location_id, item_id) USING (location_id, item_id)
                    """,
                    *map(list, zip(*known, strict=True)),
                )
                own = {(row["location_id"], row["item_id"]): row["version"] for row in found}
                for (location_id, item_id), version in known.items():
                    if version > own.get((location_id, item_id), 0):
                        report.findings.append(
                            f"between stock and notifications: {item_id} at {location_id}: change {version} is "
                            f"known, stock has {own.get((location_id, item_id), 0)}"
                        )
                        report.places["stock", location_id, item_id, str(version)] = None
    finally:
        await stock.close()
        await copies.close()


async def _sums(url: str, query: str, arguments: Sequence[Any]) -> dict[tuple[str, str, str], int]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(query, *arguments)
    finally:
        await connection.close()
    return {(row[0], row[1], row[2]): int(row["quantity"]) for row in rows}


async def _count(url: str, tables: Sequence[str], report: Report) -> None:
    connection = await asyncpg.connect(url)
    try:
        for table in tables:
            report.checked[table] = await connection.fetchval(f"SELECT count(*) FROM {table}")
    finally:
        await connection.close()


def audit(
    data_dir: Annotated[Path, typer.Option(help="The folder of a running `onhand up`.")] = DEFAULT_DATA_DIR,
    stock_url: Annotated[
        str,
        typer.Option(
            envvar="ONHAND_STOCK_DATABASE_URL",
            help="Database of stock, in place of --data-dir: postgresql://…; a password belongs into the environment.",
        ),
    ] = "",
    routing_url: Annotated[
        str, typer.Option(envvar="ONHAND_ROUTING_DATABASE_URL", help="Database of routing, likewise.")
    ] = "",
    pickup_url: Annotated[
        str, typer.Option(envvar="ONHAND_PICKUP_DATABASE_URL", help="Database of pickup, likewise.")
    ] = "",
    notifications_url: Annotated[
        str,
        typer.Option(envvar="ONHAND_NOTIFICATIONS_DATABASE_URL", help="Database of notifications, likewise."),
    ] = "",
    head: Annotated[
        list[str] | None,
        typer.Option(help="SERVICE:HEAD that an earlier audit printed, which must still be in the trail."),
    ] = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Put right what the ledger and the histories have one answer to.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --repair: say what would be changed, and change nothing.")
    ] = False,
) -> None:
    """Prove that the books are true: balances equal movements, promises are covered. Changes nothing by itself.

    Also that the trail of who wrote what is unbroken. Exits with 1 when anything is wrong, and says what.

    With --repair each place where something is wrong is reckoned anew from the rows behind it, in a transaction of
    its own that leaves a row in the trail; then everything is looked at again. What is left needs a person.
    """
    from onhand.cli.errors import UpError

    given = {
        "stock": stock_url,
        "routing": routing_url,
        "pickup": pickup_url,
        "notifications": notifications_url,
    }
    urls: Mapping[str, str] = {name: url for name, url in given.items() if url}
    if dry_run and not repair:
        raise typer.BadParameter("--dry-run goes with --repair")
    try:
        urls = urls or Runtime.load(data_dir).database_urls
    except UpError as error:
        raise typer.BadParameter(str(error)) from None
    report = asyncio.run(_repaired(urls, _heads(head or []), repair=repair, dry_run=dry_run))
    for finding in report.findings[:MAX_SHOWN]:
        print(finding)
    if len(report.findings) > MAX_SHOWN:
        print(f"… and {len(report.findings) - MAX_SHOWN} more")
    for service, last in report.heads.items():
        print(f"trail of {service}: head {service}:{last}")
    looked = ", ".join(f"{count:,} {table.replace('_', ' ')}" for table, count in report.checked.items())
    print(f"audit: {len(report.findings)} findings in {looked}")
    if report.findings:
        raise typer.Exit(1)


async def _repaired(
    urls: Mapping[str, str], heads: Mapping[str, bytes], *, repair: bool, dry_run: bool
) -> Report:
    """Audit, repair if asked to, and say what is wrong then."""
    report = await run(urls, heads)
    if not repair or not report.places:
        return report
    from onhand.cli.repair import Repairer

    async with Repairer(urls, dry_run=dry_run) as repairer:
        for service, *place in report.places:
            done = await repairer.put_right(service, place)
            for each in done.changes:
                print(f"{service}: {' '.join(place)}: {'would change' if dry_run else 'changed'}: {each}")
            for each in done.doubts:
                print(f"{service}: {' '.join(place)}: a person must say: {each}?")
    return report if dry_run else await run(urls, heads)


def _heads(given: Sequence[str]) -> dict[str, bytes]:
    heads = {}
    for each in given:
        service, _, last = each.partition(":")
        try:
            heads[service] = bytes.fromhex(last)
        except ValueError:
            raise typer.BadParameter(f"{each!r} is not SERVICE:HEAD as an audit prints it") from None
    return heads
