"""Available to promise: what can be promised from when on."""

from collections.abc import Iterable
from datetime import datetime


def steps(
    free: int, incoming: Iterable[tuple[datetime | None, int]], now: datetime, out_quantity: int = 0
) -> tuple[list[tuple[datetime, int]], int]:
    """Return from when on how many units can be promised, and how many come at no known time.

    `free` is what is here and neither promised nor kept back; below 0 when more is promised than is here:
    then the first units to come are promised already. `incoming` is when units are expected. What should be
    here by `now` and is not counts as coming at no known time. At or below `out_quantity` none can be promised.
    """
    dated: dict[datetime, int] = {}
    undated = 0
    for expected_time, units in incoming:
        if expected_time is None or expected_time <= now:
            undated += units
        else:
            dated[expected_time] = dated.get(expected_time, 0) + units
    found = [(now, free if free > out_quantity else 0)]
    for expected_time in sorted(dated):
        free += dated[expected_time]
        if free > max(found[-1][1], out_quantity):
            found.append((expected_time, free))
    return found, undated
