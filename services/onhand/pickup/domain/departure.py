"""What left the store with a task, as stock is told of it."""

from collections import defaultdict
from dataclasses import dataclass

from onhand.pickup.domain.task import Task

MAX_EPCS = 1_000
"""Tags that one line may name in stock's contract."""


@dataclass(frozen=True, slots=True)
class Departure:
    item_id: str
    quantity: int
    epcs: tuple[str, ...]
    """The tags among the units."""


def departures(task: Task) -> list[Departure]:
    """Add a task's picked units up by item, as its reservation does, in the order of the items' ids.

    The same task gives the same answer each time: stock recognises a repeat by its content.
    """
    quantities: dict[str, int] = defaultdict(int)
    epcs: dict[str, list[str]] = defaultdict(list)
    for line in task.lines:
        quantities[line.item_id] += line.picked
        epcs[line.item_id] += line.epcs
    left = []
    for item_id, quantity in sorted(quantities.items()):
        tags, untagged = sorted(epcs[item_id]), quantity - len(epcs[item_id])
        parts = [tuple(tags[start : start + MAX_EPCS]) for start in range(0, len(tags), MAX_EPCS)]
        left += [Departure(item_id, len(part), part) for part in parts[:-1]]
        last = parts[-1] if parts else ()
        if untagged + len(last):
            left.append(Departure(item_id, untagged + len(last), last))
    return left
