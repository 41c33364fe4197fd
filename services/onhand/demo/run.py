"""The demo from start to end: the stack, the morning, the day, and what must hold after it."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from math import ceil
from pathlib import Path
from random import Random
from typing import Any

from rich.console import RenderableType

from onhand.cli import keys
from onhand.cli.runtime import Runtime
from onhand.cli.stack import running
from onhand.client import Settings
from onhand.demo import data, last_unit, masterdata, screen, shoppers, world
from onhand.demo.cast import Cast, assemble
from onhand.demo.claims import judge
from onhand.demo.closing import Closing
from onhand.demo.live import LiveAvailability, all_ended, follow_orders
from onhand.demo.mailbox import HOST, Mailbox
from onhand.demo.meter import Meter
from onhand.demo.pace import Pace, clock_text
from onhand.demo.shelf import Shelf, Unit
from onhand.demo.tally import Tally
from onhand.kit.clock import Clock

TOKEN_TTL = timedelta(hours=1)
INTAKE_AT_ONCE = 3
PASSES_A_DAY = 6
SETTLED_WITHIN_S = 30.0
"""How long stock may take to hear of the last of them."""
POLL_S = 0.2
NOON = 12 * 3600


@dataclass(frozen=True)
class Options:
    data_dir: Path
    port_base: int = 0
    day: date = data.BUSY_DAY
    stores: int = 16
    baskets: int | None = None
    """At most so many, the day's first; None: all."""
    seconds: float = 35
    """What the day takes."""
    order_share: float = 0.4
    """Share of the baskets that are ordered from home."""
    fail_share: float = 0.05
    """Share of tasks and lines that a store cannot fill."""
    closing_share: float = 0.0
    """Share of the stores that close at noon; at least one unless it is 0."""
    ready_s: float | None = None
    """By when an order is promised to be ready; None: the services' own defaults."""
    seed: int = 7
    plain: bool = False
    pass_every_s: float | None = None
    """How often readers pass over their store; None: six times a day."""
    ended_within_s: float = 60
    """How long the last orders may take after closing time."""
    order_patience_s: float = 8
    """How long an order waits for stock before it is given up: days, in the pace of this one."""
    patience: Settings = field(default_factory=lambda: Settings(max_attempts=8))
    """How long everybody tries when something does not answer."""
    under_faults: bool = False
    """Something kills and stops processes meanwhile."""


@dataclass(frozen=True)
class Outcome:
    held: bool
    """Every claim."""
    shown: RenderableType


class Demo:
    """One run; what its parts share."""

    def __init__(
        self,
        options: Options,
        scopes: Sequence[str],
        clock: Clock,
        beside: Callable[[Runtime], Coroutine[Any, Any, None]] | None = None,
        start: Callable[..., AbstractAsyncContextManager[Runtime]] = running,
    ) -> None:
        """`beside` runs while the day does, and is cancelled at closing time. `start` runs the stack."""
        self._options = options
        self._start = start
        self._beside = beside
        self._scopes = scopes
        self._clock = clock
        self._random = Random(options.seed)
        self._tally = Tally()
        self._meter = Meter()
        self._mailbox = Mailbox(self._tally)
        self._pace: Pace | None = None
        self.screen = screen.Screen(self._tally, self._now, plain=options.plain)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[tuple[Runtime, Outcome]]:
        """Start everything, live the day, and give what came of it; all stays up until the block is left."""
        data.require(self._options.day)
        self.screen.say("starting PostgreSQL, NATS, stock, routing, pickup, notifications and edge")
        shows = asyncio.create_task(self.screen.run())
        try:
            async with AsyncExitStack() as stack:
                port = await stack.enter_async_context(self._mailbox.serving())
                preparing = asyncio.create_task(asyncio.to_thread(self._prepare))
                runtime = await stack.enter_async_context(
                    self._start(
                        self._options.data_dir,
                        scopes=self._scopes,
                        clock=self._clock,
                        port_base=self._options.port_base,
                        env=smtp_environment(port) | lead_environment(self._options.ready_s),
                        say=self._tally.tell,
                    )
                )
                day, built = await preparing
                outcome = await self._live_through(runtime, day, built)
                await _stopped(shows)
                yield runtime, outcome
        finally:
            await _stopped(shows)

    def _prepare(self) -> tuple[data.Day, world.World]:
        day = data.load(self._options.day, self._options.stores, self._options.baskets)
        return day, world.build(day, Random(self._options.seed))

    async def _live_through(self, runtime: Runtime, day: data.Day, built: world.World) -> Outcome:
        shelves, untagged = fill(built, Random(self._options.seed))

        def mint(subject: str, scopes: Sequence[str], locations: Sequence[str]) -> str:
            return keys.mint(runtime.keys_dir, subject, scopes, locations, TOKEN_TTL, self._clock.now())

        async with AsyncExitStack() as clients:
            cast = await assemble(
                clients, runtime.addresses, mint, built, shelves,
                fail_share=self._options.fail_share, patience=self._options.patience, clock=self._clock,
                random=self._random, tally=self._tally, meter=self._meter,
            )  # fmt: skip
            live = LiveAvailability(cast.web_stock, self._tally)
            shop = shoppers.WebShop(
                cast.web_stock, cast.web_routing, built, cast.teams, self._mailbox,
                order_patience_s=self._options.order_patience_s,
                clock=self._clock, random=self._random, tally=self._tally,
            )  # fmt: skip
            await self._morning(cast, built, shelves, untagged)
            async with background(
                live.run(), cast.gateway.run(), follow_orders(cast.web_routing, self._tally)
            ):
                async with background(*(team.run() for team in cast.teams.values())):
                    await self._day(day, built, cast, shop, runtime)
                await live.nothing_promised(SETTLED_WITHIN_S)
                self.screen.say("the last units: many customers ask for each at the same moment")
                scarce = last_unit.scarce(live.cells)
                races = [await last_unit.race(cast.web_stock, *key, self._clock) for key in scarce]
                self.screen.say("the books: asking every service, and counting all shelves again")
                facts = await Closing(
                    cast.office, cast.web_routing, cast.messages, self._tally, self._mailbox, shelves,
                    built.cells, live.cells, self._options.data_dir, under_faults=self._options.under_faults,
                ).facts(races)  # fmt: skip
        claims = judge(facts)
        shown = screen.summary(facts, self._tally, claims, self._meter.latencies(), day.faults)
        return Outcome(all(claim.held for claim in claims), shown)

    async def _morning(
        self,
        cast: Cast,
        built: world.World,
        shelves: Mapping[str, Shelf],
        untagged: Mapping[tuple[str, str], int],
    ) -> None:
        tags = sum(len(shelf.zones) for shelf in shelves.values())
        self.screen.say(
            f"the morning: {len(built.stores)} stores, {len(built.items):,} items, {tags:,} tagged units to read "
            f"and {sum(untagged.values()):,} untagged ones to receive"
        )
        await masterdata.upsert(cast.office, built, self._tally)
        free = asyncio.Semaphore(INTAKE_AT_ONCE)

        async def intake(location_id: str) -> None:
            async with free:
                await cast.readers[location_id].intake()

        async with asyncio.TaskGroup() as group:
            group.create_task(masterdata.receive(cast.till_clients, untagged, self._clock))
            for location_id in built.stores:
                group.create_task(intake(location_id))

    async def _day(
        self, day: data.Day, built: world.World, cast: Cast, shop: shoppers.WebShop, runtime: Runtime
    ) -> None:
        """Let tills, customers, readers and stores live through the day, until the last order has ended."""
        self.screen.say(f"the day: {day.date:%A %d %B %Y} in {self._options.seconds:g} seconds")
        ordered, bought = divide(day.baskets, built, self._options.order_share, self._random)
        pace = self._pace = Pace(day.baskets[0].second, day.baskets[-1].second, self._options.seconds)
        pace.start()
        every_s = self._options.pass_every_s or self._options.seconds / PASSES_A_DAY
        passes = [each.run(every_s) for each in cast.readers.values()]
        trouble = [self._beside(runtime)] if self._beside else []

        async with background() as beside:

            async def shop_for(basket: data.Basket) -> None:
                await pace.until(basket.second)
                order_id = await shop.order(basket)
                if order_id:
                    beside(shop.collect(order_id, world.location_id(basket.store_id)))

            closing = closing_stores(list(built.stores), self._options)
            async with background(*passes, *trouble), asyncio.TaskGroup() as group:
                for location_id in closing:
                    group.create_task(self._close(location_id, built, cast, pace))
                for location_id, till in cast.tills.items():
                    group.create_task(till.run(bought[location_id], pace))
                for basket in ordered:
                    group.create_task(shop_for(basket))
            self.screen.say("closing time: waiting for the last orders")
            await self._orders_ended(cast)
        await cast.gateway.settled()

    async def _close(self, location_id: str, built: world.World, cast: Cast, pace: Pace) -> None:
        """Close a store for the rest of the day: what is ready is still handed over, nothing else is done."""
        await pace.until(NOON)
        cast.tills[location_id].close()
        cast.teams[location_id].close()
        await masterdata.close(cast.office, built.stores[location_id], self._tally)
        self._tally.tell(f"store    {location_id} closes at noon")

    async def _orders_ended(self, cast: Cast) -> None:
        """Wait, but not for ever: an order that is stuck fails its claim."""
        deadline = asyncio.get_running_loop().time() + self._options.ended_within_s
        while not all_ended(self._tally.orders) or any(team.busy for team in cast.teams.values()):
            if asyncio.get_running_loop().time() > deadline:
                return
            await asyncio.sleep(POLL_S)

    def _now(self) -> str:
        return clock_text(self._pace.second) if self._pace else "--:--"


def fill(built: world.World, random: Random) -> tuple[dict[str, Shelf], dict[tuple[str, str], int]]:
    """Put the morning's goods on the shelves; returns the untagged ones, which nobody but people can count.

    Serial numbers count up through the chain: each item's tags are numbered from 1.
    """
    shelves = {location_id: Shelf(random) for location_id in built.stores}
    untagged: dict[tuple[str, str], int] = {}
    serials: defaultdict[str, int] = defaultdict(int)
    for (location_id, item_id), units in built.opening.items():
        item = built.items[item_id]
        if not item.tagged:
            untagged[location_id, item_id] = units
        for _ in range(units):
            epc = b""
            if item.tagged:
                serials[item_id] += 1
                epc = world.tag(item.gtin, serials[item_id])
            shelves[location_id].put(Unit(item_id, epc))
    return shelves, untagged


def divide(
    baskets: Iterable[data.Basket], built: world.World, order_share: float, random: Random
) -> tuple[list[data.Basket], Mapping[str, list[data.Basket]]]:
    """Decide which baskets are ordered from home; returns them, and by store what its tills ring up."""
    ordered: list[data.Basket] = []
    bought: defaultdict[str, list[data.Basket]] = defaultdict(list)
    for basket in baskets:
        rest = basket
        if random.random() < order_share:
            from_home, rest = shoppers.split(basket, built.items)
            if from_home.lines:
                ordered.append(from_home)
        if rest.lines:
            bought[world.location_id(basket.store_id)].append(rest)
    return ordered, bought


def closing_stores(stores: Sequence[str], options: Options) -> list[str]:
    """Return the stores that close at noon."""
    count = ceil(options.closing_share * len(stores))
    return sorted(Random(options.seed).sample(sorted(stores), count))


def lead_environment(ready_s: float | None) -> dict[str, str]:
    """Promise orders for so long after they were taken."""
    if ready_s is None:
        return {}
    return {"ONHAND_COLLECT_READY_S": str(ready_s), "ONHAND_SHIP_BY_S": str(ready_s)}


def smtp_environment(port: int) -> dict[str, str]:
    """Point notifications at the demo's mail server."""
    return {
        "ONHAND_SMTP_HOST": HOST,
        "ONHAND_SMTP_PORT": str(port),
        "ONHAND_SMTP_TLS": "none",
        "ONHAND_SMTP_FROM": "The demo's shop <orders@shop.example>",
    }


@asynccontextmanager
async def background(
    *work: Coroutine[Any, Any, None],
) -> AsyncIterator[Callable[[Coroutine[Any, Any, None]], None]]:
    """Let work go on beside the block and cancel it at the block's end; its failure ends the block.

    Gives a function that adds to it.
    """
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each) for each in work]

        def add(more: Coroutine[Any, Any, None]) -> None:
            tasks.append(group.create_task(more))

        try:
            yield add
        finally:
            for task in tasks:
                task.cancel()


async def _stopped(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
