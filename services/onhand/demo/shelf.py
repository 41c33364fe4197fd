"""What physically is in the stores, whatever the books say: the demo's own recount is made from it."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

FLOOR = "floor"
BACK_ROOM = "back"
STAGING = "staging"
EXIT = "exit"

FLOOR_SHARE = 0.7


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing. Untagged ones are told apart by nothing."""

    item_id: str
    epc: bytes = b""


class Shelf:
    """The goods of one store."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._units: defaultdict[str, list[Unit]] = defaultdict(list)
        self._staged: Counter[str] = Counter()
        self.zones: dict[bytes, str] = {}
        """Where each tag that is in the store lies."""

    def put(self, unit: Unit) -> None:
        self._units[unit.item_id].append(unit)
        if unit.epc:
            self.zones[unit.epc] = FLOOR if self._random.random() < FLOOR_SHARE else BACK_ROOM

    def take(self, item_id: str, quantity: int) -> list[Unit]:
        """Take units off the shelf and out of the store, as many as there are."""
        there = self._units[item_id]
        taken = [there.pop(self._random.randrange(len(there))) for _ in range(min(quantity, len(there)))]
        for unit in taken:
            self.zones.pop(unit.epc, None)
        return taken

    def stage(self, item_id: str, quantity: int) -> list[Unit]:
        """Take units off the shelf for an order; they stay in the store."""
        taken = self.take(item_id, quantity)
        self._staged[item_id] += len(taken)
        self.zones.update({unit.epc: STAGING for unit in taken if unit.epc})
        return taken

    def unstage(self, units: Sequence[Unit], *, back: bool) -> None:
        """Staged units leave, or go back to the shelf."""
        for unit in units:
            self._staged[unit.item_id] -= 1
            self.zones.pop(unit.epc, None)
            if back:
                self.put(unit)

    def refill(self, share: float) -> int:
        """Bring a share of the tagged units in the back room to the floor; returns how many."""
        in_back = [epc for epc, zone in self.zones.items() if zone == BACK_ROOM]
        brought = [epc for epc in in_back if self._random.random() < share]
        self.zones.update(dict.fromkeys(brought, FLOOR))
        return len(brought)

    def count(self, item_id: str) -> int:
        """Return the units in the store, staged ones included."""
        return len(self._units[item_id]) + self._staged[item_id]

    def tags(self, zone: str) -> Iterator[bytes]:
        return (epc for epc, where in self.zones.items() if where == zone)
