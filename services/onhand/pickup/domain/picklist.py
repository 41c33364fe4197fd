"""A walk through the store: what is to be fetched, and where it was last seen."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from onhand.pickup.domain.task import Task

MAX_PLACES = 20
"""Places that a stop names; the contract's limit."""
MAX_EPCS = 10
"""Tags that a place names; the contract's limit."""


@dataclass(frozen=True, slots=True)
class Item:
    """What people need to know of an item to find it."""

    item_id: str
    title: str = ""
    size: str = ""
    colour: str = ""
    picture_uri: str = ""
    gtins: tuple[str, ...] = ()
    tagged: bool = False


@dataclass(frozen=True, slots=True)
class SeenTag:
    """Where a tag that counts was last seen."""

    epc: str
    zone_id: str
    last_seen_time: datetime
    unconfirmed: bool
    """Not seen for long."""


@dataclass(frozen=True, slots=True)
class Place:
    zone_id: str
    zone_kind: int
    """As in the catalogue's contract; 0: unknown."""
    tag_count: int
    last_seen_time: datetime
    epcs: tuple[str, ...]
    unconfirmed: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """Units of an item that a line wants."""

    task_id: str
    line_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Stop:
    item: Item
    wanted: tuple[Wanted, ...]
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Walk:
    """The zones of a store in the order of a walk, and what kind each is."""

    zone_ids: tuple[str, ...]
    kinds: Mapping[str, int]

    @classmethod
    def of(cls, zones: Sequence[tuple[str, int]], first: Sequence[str]) -> "Walk":
        """Order zones: those that the store has put in order, then the others as they are."""
        known = [zone_id for zone_id, _ in zones]
        ordered = [each for each in first if each in known]
        return cls((*ordered, *(each for each in known if each not in ordered)), dict(zones))

    def rank(self, zone_id: str) -> int:
        return self.zone_ids.index(zone_id) if zone_id in self.zone_ids else len(self.zone_ids)


def wanted_by(tasks: Iterable[Task]) -> dict[str, tuple[Wanted, ...]]:
    """Return who wants how many of each item, most urgent promise first."""
    found: dict[str, list[Wanted]] = defaultdict(list)
    for task in sorted(tasks, key=lambda task: (task.assignment.promise_time, task.task_id)):
        for line in task.lines:
            if line.left:
                found[line.item_id].append(Wanted(task.task_id, line.line_id, line.left))
    return {item_id: tuple(lines) for item_id, lines in found.items()}


def places(tags: Iterable[SeenTag], held: Collection[str], walk: Walk) -> tuple[Place, ...]:
    """Gather an item's tags by zone, but for those that tasks hold: sure places first, then as one walks."""
    by_zone: dict[str, list[SeenTag]] = defaultdict(list)
    for tag in tags:
        if tag.epc not in held:
            by_zone[tag.zone_id].append(tag)
    found = []
    for zone_id, there in by_zone.items():
        there.sort(key=lambda tag: tag.last_seen_time, reverse=True)
        found.append(
            Place(
                zone_id,
                walk.kinds.get(zone_id, 0),
                len(there),
                there[0].last_seen_time,
                tuple(tag.epc for tag in there[:MAX_EPCS]),
                all(tag.unconfirmed for tag in there),
            )
        )
    found.sort(key=lambda place: (place.unconfirmed, walk.rank(place.zone_id), place.zone_id))
    return tuple(found[:MAX_PLACES])


def in_walking_order(stops: Iterable[Stop], walk: Walk) -> list[Stop]:
    """Order stops by their best place; those that nobody knows a place of come last."""

    def rank(stop: Stop) -> tuple[int, str]:
        known = walk.rank(stop.places[0].zone_id) if stop.places else len(walk.zone_ids) + 1
        return known, stop.item.item_id

    return sorted(stops, key=rank)
