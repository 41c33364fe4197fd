"""Reads of followed tags between replicas: a reader posts to one, who looks for the tag is connected to another.

Each replica says every second which tags are followed at it, and each tells the others of reads of those. Nothing of it
is kept: who follows a tag wants its latest read, and a later one comes.
"""

import asyncio
import json
from collections.abc import Iterable
from datetime import datetime
from itertools import islice

from nats.aio.client import Client
from nats.aio.msg import Msg

from onhand.kit.clock import Clock
from onhand.kit.db import Database
from onhand.kit.events import Broker
from onhand.kit.waiting import set_or_after
from onhand.stock.use_cases.follows import MAX_FOLLOWS, Follows, Sight
from onhand.stock.view.replica import feed_subject

WANTED_S = 1.0
"""How often a replica says which tags are followed at it; a new one it says at once."""
FORGOTTEN_S = 5.0
"""How long a replica that says nothing more is still told."""
MAX_UNTOLD = 1_000
"""Sights that wait to be told; protects memory while NATS is away. Later ones are dropped."""


class Sights:
    """This replica's end."""

    def __init__(self, follows: Follows, database: Database, broker: Broker, clock: Clock) -> None:
        self._follows = follows
        self._database = database
        self._broker = broker
        self._clock = clock
        self._name = str(clock.uuid())
        self._wanted: dict[str, tuple[datetime, frozenset[bytes]]] = {}
        self._untold: asyncio.Queue[Sight] = asyncio.Queue(MAX_UNTOLD)

    async def run(self) -> None:
        """Share sights until cancelled."""
        to = await self._database.read(feed_subject)
        client = await self._broker.client()
        heard = [
            await client.subscribe(f"{to}.wanted", cb=self._hear_wanted),
            await client.subscribe(f"{to}.seen", cb=self._hear_seen),
        ]
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._say_wanted(client, f"{to}.wanted"))
                group.create_task(self._tell(client, f"{to}.seen"))
        finally:
            for each in heard:
                await each.unsubscribe()

    async def _say_wanted(self, client: Client, to: str) -> None:
        told = False
        while True:
            self._follows.begun.clear()
            epcs = [epc.hex() for epc in self._follows.epcs]
            if epcs or told:  # an empty list too, once: then the others need not look for them
                await client.publish(to, json.dumps({"from": self._name, "epcs": epcs}).encode())
            told = bool(epcs)
            self._share()
            await set_or_after(self._follows.begun, WANTED_S)

    async def _tell(self, client: Client, to: str) -> None:
        while True:
            sight = await self._untold.get()
            said = {
                "from": self._name,
                "epc": sight.epc.hex(),
                "location_id": sight.location_id,
                "read_time": sight.read_time.isoformat(),
                "zone_id": sight.zone_id,
                "reader_id": sight.reader_id,
                "rssi_cdbm": sight.rssi_cdbm,
            }
            await client.publish(to, json.dumps(said).encode())

    async def _hear_wanted(self, message: Msg) -> None:
        said = json.loads(message.data)
        if said["from"] != self._name:
            self._wanted[said["from"]] = (self._clock.now(), frozenset(map(bytes.fromhex, said["epcs"])))
            self._share()

    async def _hear_seen(self, message: Msg) -> None:
        said = json.loads(message.data)
        if said.pop("from") != self._name:
            epc, read_time = bytes.fromhex(said.pop("epc")), datetime.fromisoformat(said.pop("read_time"))
            self._follows.tell(Sight(epc=epc, read_time=read_time, **said))

    def _share(self) -> None:
        now = self._clock.now()
        self._wanted = {
            name: (since, epcs)
            for name, (since, epcs) in self._wanted.items()
            if epcs and (now - since).total_seconds() < FORGOTTEN_S
        }
        wanted: Iterable[bytes] = {epc for _, epcs in self._wanted.values() for epc in epcs}
        self._follows.share(islice(wanted, MAX_FOLLOWS), self._keep)

    def _keep(self, sight: Sight) -> None:
        if not self._untold.full():
            self._untold.put_nowait(sight)
