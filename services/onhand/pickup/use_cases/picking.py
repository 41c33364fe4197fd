"""Picking on the shop floor: waves, the walk, scans, the find mode, substitutes."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit import idempotency
from onhand.kit.errors import NotFound, UnknownItem, WrongProduct
from onhand.kit.waiting import set_or_after
from onhand.pickup.domain import offers, picklist, scans, transitions
from onhand.pickup.domain.picklist import Item, Stop, Walk
from onhand.pickup.domain.task import Substitution, Task
from onhand.pickup.domain.traces import Sight, Trace
from onhand.pickup.storage import tasks, waves
from onhand.pickup.storage.waves import Wave
from onhand.pickup.use_cases.changes import Ask, Call, R, at, change, once, save
from onhand.pickup.use_cases.deps import Deps
from onhand.pickup.use_cases.stores import Stores

MAX_STOPS = 200
"""Items of one walk whose places are looked up; the contract's limit."""
SAY_AGAIN = timedelta(seconds=5)
"""How often the find mode says what it knows although nothing changed."""
LEAST_PAUSE_S = 0.05
"""Between two traces of one tag; protects the phone from a reader that reads it a hundred times a second."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What is in hand: a bar code's item, or a tag and its item."""

    text: str
    item_ids: frozenset[str]
    """What it may be of."""
    epc: str = ""


class Picking:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._stores = Stores(deps)

    # Waves

    async def get_wave(self, wave_id: str) -> tuple[Wave, Sequence[Task]]:
        async def work(connection: AsyncConnection) -> tuple[Wave, Sequence[Task]]:
            return await waves.get(connection, wave_id), await tasks.of_wave(connection, wave_id)

        return await self._deps.database.read(work)

    async def create_wave(
        self, ask: Ask[R], wave: Wave, task_ids: Sequence[str], answer: Callable[[Wave, Sequence[Task]], R]
    ) -> R:
        """Take tasks into one walk, all or none."""

        async def effect(connection: AsyncConnection) -> R:
            present = await at(self._deps, connection, wave.location_id)
            await waves.add(connection, wave)
            for task_id in sorted(task_ids):
                task = await self._lock(connection, task_id, wave.location_id)
                joined = transitions.join_wave(task, wave.wave_id, wave.assignee, present)
                await save(self._deps, connection, task, joined, ask.actor)
            return answer(wave, await tasks.of_wave(connection, wave.wave_id))

        answered = await once(self._deps, ask, effect)
        self._deps.watchers.notify([wave.location_id])
        return answered

    async def dissolve_wave(
        self, ask: Ask[R], wave_id: str, answer: Callable[[Wave, Sequence[Task]], R]
    ) -> R:
        async def effect(connection: AsyncConnection) -> R:
            wave = await waves.get(connection, wave_id)
            for task_id in sorted(each.task_id for each in await tasks.of_wave(connection, wave_id)):
                task = await tasks.lock(connection, task_id)
                left = transitions.leave_wave(task, wave_id)
                await save(self._deps, connection, task, left, ask.actor)
            return answer(wave, [])

        return await once(self._deps, ask, effect)

    async def _lock(self, connection: AsyncConnection, task_id: str, location_id: str) -> Task:
        task = await tasks.lock(connection, task_id)
        if task.assignment.location_id != location_id:
            raise NotFound("task", task_id)
        return task

    # The walk

    async def pick_list(self, location_id: str, wave_id: str, task_ids: Sequence[str]) -> Sequence[Stop]:
        """Return what is left to pick for a wave or tasks, in the order of a walk."""
        wanted_tasks = await self._tasks(location_id, wave_id, task_ids)
        wanted = picklist.wanted_by(wanted_tasks)
        rules, zones = await asyncio.gather(
            self._stores.rules(location_id), self._deps.stock.zones(location_id)
        )
        walk = Walk.of(zones, rules.walk_zone_ids)
        looked_up = await asyncio.gather(
            *(self._look_up(location_id, item_id) for item_id in list(wanted)[:MAX_STOPS])
        )
        epcs = [tag.epc for _, tags in looked_up for tag in tags]
        held = await self._deps.database.read(lambda connection: tasks.holders(connection, epcs))
        stops = [
            Stop(item, wanted[item.item_id], picklist.places(tags, held.keys(), walk))
            for item, tags in looked_up
        ]
        rest = [Stop(Item(item_id), wanted[item_id], ()) for item_id in list(wanted)[MAX_STOPS:]]
        return [*picklist.in_walking_order(stops, walk), *rest]

    async def _look_up(self, location_id: str, item_id: str) -> tuple[Item, Sequence[picklist.SeenTag]]:
        item = await self._item(item_id)
        return item, await self._deps.stock.seen_tags(location_id, item_id) if item.tagged else ()

    async def _item(self, item_id: str) -> Item:
        """Return an item; one that stock does not know any more has only its id."""
        try:
            return await self._deps.stock.item(item_id)
        except UnknownItem:
            return Item(item_id)

    async def _tasks(self, location_id: str, wave_id: str, task_ids: Sequence[str]) -> Sequence[Task]:
        async def work(connection: AsyncConnection) -> Sequence[Task]:
            if wave_id:
                found: Sequence[Task] = await tasks.of_wave(connection, wave_id)
            else:
                found = [await tasks.get(connection, task_id) for task_id in task_ids]
            for task in found:
                if task.assignment.location_id != location_id:
                    raise NotFound("task", task.task_id)
            return found

        return await self._deps.database.read(work)

    # Scans

    async def scan(
        self,
        ask: Ask[R],
        location_id: str,
        among: Sequence[Task],
        scanned: str,
        quantity: int,
        answer: Callable[[Task, str], R],
    ) -> R:
        """Pick what is in hand for the task that wants it; raises WrongProduct, which says why not."""
        before = await self._deps.database.read(
            lambda connection: idempotency.answered(connection, ask.actor, ask.request, ask.response_type)
        )
        if before is not None:
            return before
        scan = await self._identify(location_id, among, scanned)
        units = 1 if scan.epc else quantity or 1

        async def effect(connection: AsyncConnection) -> R:
            present = await at(self._deps, connection, location_id)
            locked = [await tasks.lock(connection, task_id) for task_id in sorted(t.task_id for t in among)]
            await self._require_free(connection, scan, locked)
            for item_id in scan.item_ids:
                if found := scans.wanting(locked, item_id, units):
                    task, line = found
                    epcs = (scan.epc,) if scan.epc else ()
                    picked = transitions.pick(task, line.line_id, units, epcs, present)
                    await save(self._deps, connection, task, picked, ask.actor)
                    return answer(picked.task, line.line_id)
            raise WrongProduct(scan.text, f"at most what is left of {_names(locked)}", "NOT_WANTED_ANY_MORE")

        answered = await once(self._deps, ask, effect)
        self._deps.watchers.notify([location_id])
        return answered

    async def _identify(self, location_id: str, among: Sequence[Task], scanned: str) -> Scan:
        """Say what was scanned; raises WrongProduct when it is of no line at all."""
        asked = {line.item_id for task in among for line in task.lines}
        names = _names(among)
        if scans.is_gtin(scanned):
            gtin = scans.gtin14(scanned)
            items = await asyncio.gather(*(self._item(item_id) for item_id in sorted(asked)))
            meant = frozenset(item.item_id for item in items if gtin in item.gtins)
            if not meant:
                raise WrongProduct(scanned, names, "WRONG_ITEM")
            return Scan(scanned, meant)
        (sightings,) = await self._deps.stock.sightings([scanned])
        found = scans.identify(scanned, sightings, location_id, names)
        if found.item_id not in asked:
            raise WrongProduct(f"{scanned} (item {found.item_id or 'unknown'})", names, "WRONG_ITEM")
        return Scan(scanned, frozenset({found.item_id}), found.epc)

    async def _require_free(self, connection: AsyncConnection, scan: Scan, among: Sequence[Task]) -> None:
        if not scan.epc:
            return
        holder = (await tasks.holders(connection, [scan.epc])).get(scan.epc)
        if holder is None:
            return
        if holder in {task.task_id for task in among}:
            raise WrongProduct(f"{scan.text} (picked already)", "a tag that is free", "NOT_WANTED_ANY_MORE")
        raise WrongProduct(f"{scan.text} (held for another order)", "a tag that is free", "HELD_FOR_ANOTHER")

    # The find mode

    async def find(self, location_id: str, epc: str) -> AsyncGenerator[Trace, None]:
        """Yield what is known of a tag, after reads of it and now and then, for some minutes.

        What stock keeps of it is asked for every now and then. In between its reads are followed, as far as stock
        tells them. Raises NotFound for a tag that nobody ever saw.
        """
        settings, clock = self._deps.settings, self._deps.clock
        end = clock.now() + timedelta(seconds=settings.find_duration_s)
        latest: Sight | None = None
        told: Trace | None = None
        with self._deps.watchers.listen(location_id) as changed:

            async def follow() -> None:
                nonlocal latest
                async with aclosing(self._deps.stock.follow(location_id, epc)) as sights:
                    async for sight in sights:
                        latest = sight
                        changed.set()

            trace = await self._trace(location_id, epc)
            asked = clock.now()
            following = asyncio.create_task(follow())
            try:
                while (now := clock.now()) < end:
                    changed.clear()
                    if (now - asked).total_seconds() >= settings.find_interval_s:
                        trace, asked = await self._trace(location_id, epc), now
                    known = replace(trace, now=clock.now()).after(latest)
                    if told is None or known.tells_more_than(told) or known.now - told.now >= SAY_AGAIN:
                        told = known
                        yield known
                        await asyncio.sleep(LEAST_PAUSE_S)
                    await set_or_after(changed, settings.find_interval_s)
            finally:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)

    async def _trace(self, location_id: str, epc: str) -> Trace:
        (sightings,) = await self._deps.stock.sightings([epc])
        if not sightings:
            raise NotFound("tag", epc)
        here = next((each for each in sightings if each.location_id == location_id), None)
        known = here or sightings[0]
        held = await self._deps.database.read(lambda c: tasks.holders(c, [known.epc]))
        return Trace(here, known.epc, known.item_id, held.get(known.epc, ""), self._deps.clock.now())

    # Substitutes

    async def propose(self, call: Call[R], offer: Substitution) -> R:
        return await change(self._deps, call, lambda task, at: offers.propose(task, offer, at))


def _names(among: Sequence[Task]) -> str:
    """Say what is still asked for, for people."""
    return (
        ", ".join(sorted({line.item_id for task in among for line in task.lines if line.left})) or "nothing"
    )
