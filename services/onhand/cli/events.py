"""`onhand events`: dead letters, and publishing the past again."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from onhand.cli.connect import running
from onhand.cli.runtime import DEFAULT_DATA_DIR

app = typer.Typer(
    help="Events that could not be handled, and publishing past ones again.", no_args_is_help=True
)

NatsUrl = Annotated[
    str, typer.Option(envvar="ONHAND_NATS_URL", help="nats://…; by default that of --data-dir.")
]
DataDir = Annotated[Path, typer.Option(help="The folder of a running `onhand up`.")]


@app.command("dead")
def dead(
    consumer: Annotated[str, typer.Option(help="Only of this consumer, for example routing-pickup.")] = "",
    nats_url: NatsUrl = "",
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """List dead letters: events that a consumer gave up on, oldest first."""

    async def work() -> int:
        from onhand.kit.events import Broker, dead_letters

        broker = Broker(nats_url or running(data_dir).nats_url, "cli")
        count = 0
        async for letter in dead_letters(await broker.jetstream(), consumer):
            count += 1
            print(
                f"{letter.sequence}  {letter.dead_time:%Y-%m-%d %H:%M:%S}  {letter.consumer}  {letter.subject}  "
                f"{letter.event_id}  {letter.failure}"
            )
        await broker.close()
        return count

    print(f"{asyncio.run(work())} dead letters")


@app.command("replay-dead")
def replay_dead(
    consumer: Annotated[str, typer.Option(help="Only of this consumer.")] = "",
    sequence: Annotated[int, typer.Option(help="Only this one, by its number in the list.")] = 0,
    nats_url: NatsUrl = "",
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Give dead letters to their consumers again. Those who handled the event before ignore it."""

    async def work() -> int:
        from onhand.kit.events import Broker, dead_letters, replay

        broker = Broker(nats_url or running(data_dir).nats_url, "cli")
        jetstream = await broker.jetstream()
        chosen = [each async for each in dead_letters(jetstream, consumer) if sequence in (0, each.sequence)]
        for letter in chosen:
            await replay(jetstream, letter)
        await broker.close()
        return len(chosen)

    print(f"{asyncio.run(work())} dead letters replayed")


@app.command("republish")
def republish(
    service: Annotated[str, typer.Argument(help="Whose events: stock, routing, pickup or notifications.")],
    hours: Annotated[float, typer.Option(min=0, help="How far back.")] = 1,
    database_url: Annotated[
        str, typer.Option(envvar="ONHAND_DATABASE_URL", help="postgresql://…; by default that of --data-dir.")
    ] = "",
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Publish a service's past events again, after a broker lost some. Consumers ignore what they have."""

    async def work(url: str, since: datetime) -> None:
        from sqlalchemy.ext.asyncio import create_async_engine

        from onhand.kit.db import driver_url
        from onhand.kit.outbox import rewind

        engine = create_async_engine(driver_url(url))
        async with engine.begin() as connection:
            await rewind(connection, since)
        await engine.dispose()

    url = database_url or running(data_dir).database_urls.get(service, "")
    if not url:
        raise typer.BadParameter(f"no such service: {service}")
    since = datetime.now(UTC) - timedelta(hours=hours)
    asyncio.run(work(url, since))
    print(f"{service} publishes again what it recorded since {since:%Y-%m-%d %H:%M:%S} UTC")
