"""Figures of notifications: from events to mails, against mails sent by hand to the same server."""

import asyncio
import sys
import time
from collections.abc import Iterable
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import nats
from google.protobuf.message import Message

from benchmarks import telling
from benchmarks.harness import Bench
from benchmarks.load import LoadFailedError
from benchmarks.rows import Measured
from onhand.cli.ports import HOST, free_ports
from onhand.kit.events import EVENT_ID_HEADER

CONNECTIONS = 4
"""As the service has by default."""
BARE_MAILS = 2_000
STALLED_S = 120.0
"""Without one more mail for so long, the run has failed."""
SEED = 7


def told(bench: Bench) -> Measured:
    """Events into the streams until the last mail is with the server; who got what is compared with the model."""
    people = max(1, bench.size.events // telling.PER_PERSON)
    day = telling.day(people, SEED)
    wanted = telling.expected(day)
    port, file = _sink(bench)
    bare = asyncio.run(_by_hand(port, min(BARE_MAILS, len(wanted))))
    file.write_text("")
    bench.serve_notifications(
        ONHAND_SMTP_HOST=HOST,
        ONHAND_SMTP_PORT=str(port),
        ONHAND_SMTP_TLS="none",
        ONHAND_SMTP_FROM="Our shop <orders@shop.example>",
        ONHAND_SMTP_CONNECTIONS=str(CONNECTIONS),
    )
    begun = time.perf_counter()
    asyncio.run(_publish(bench.servers.nats_url, "routing", day.accepted))
    asyncio.run(bench.until_known("orders", len(day.accepted)))
    asyncio.run(_publish(bench.servers.nats_url, "routing", day.changed))
    asyncio.run(_publish(bench.servers.nats_url, "pickup", day.tasks))
    found = _until(file, len(wanted))
    ours = len(wanted) / (time.perf_counter() - begun)
    if sorted(found) != wanted:
        raise LoadFailedError("who got what is not what the model says")
    against = f"{bare:,.0f}: by hand over {CONNECTIONS} connections; {day.events:,} events, {people:,} people"
    return Measured(ours, "mails/s", against, ours / bare)


def _sink(bench: Bench) -> tuple[int, Path]:
    """Start the mail server; returns its port and the file of what it took."""
    (port,), file = free_ports(1), bench.folder / "mails.tsv"
    bench.start_program([sys.executable, "-m", "benchmarks.sink", str(port), str(file)])
    return port, file


async def _by_hand(port: int, count: int) -> float:
    """Send mails without any service, some connections side by side; returns how many a second."""

    async def send(mails: Iterable[int]) -> None:
        async with aiosmtplib.SMTP(hostname=HOST, port=port, start_tls=False) as client:
            for number in mails:
                mail = EmailMessage()
                mail["From"], mail["To"] = "orders@shop.example", f"person{number}@shop.example"
                mail["Subject"] = f"Your order WEB-{number} is ready to collect"
                mail.set_content("Good news: your order is ready and waits for you at store-7.\n" * 8)
                mail.add_alternative(
                    "<p>Good news: your order is ready and waits.</p>\n" * 12, subtype="html"
                )
                await client.send_message(mail)

    await _listening(port)
    begun = time.perf_counter()
    await asyncio.gather(*(send(range(start, count, CONNECTIONS)) for start in range(CONNECTIONS)))
    return count / (time.perf_counter() - begun)


async def _listening(port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            _, writer = await asyncio.open_connection(HOST, port)
        except OSError:
            if time.monotonic() > deadline:
                raise LoadFailedError("the mail server did not start") from None
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return


async def _publish(url: str, stream: str, events: Iterable[Message]) -> None:
    client = await nats.connect(url)
    jetstream = client.jetstream(publish_async_max_pending=1_000)
    waiting = []
    for event in events:
        payload = event.WhichOneof("payload")
        waiting.append(
            await jetstream.publish_async(
                f"onhand.{stream}.{payload}",
                event.SerializeToString(),
                headers={EVENT_ID_HEADER: event.event_id},  # type: ignore[attr-defined]
            )
        )
    await asyncio.gather(*waiting)
    await client.close()


def _until(file: Path, count: int) -> list[tuple[str, str]]:
    """Wait for so many mails, each id once; returns the address and subject of each."""
    seen, since = 0, time.monotonic()
    while True:
        rows = [line.split("\t") for line in file.read_text().splitlines()]
        ids = {row[0]: (row[1], row[2]) for row in rows}
        if len(ids) >= count:
            return [(to.rpartition("<")[2].strip(">"), subject) for to, subject in ids.values()]
        if len(ids) > seen:
            seen, since = len(ids), time.monotonic()
        if time.monotonic() - since > STALLED_S:
            raise LoadFailedError(f"{len(ids)} of {count} mails came")
        time.sleep(0.1)
