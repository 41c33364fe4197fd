"""Makes a wave's plan cheaper: an order takes another's place when both together then cost less.

Greedy gives an order what those before it left. Here each order is offered the single locations that would
cost it less than what it has. Where what it needs there is taken, whoever has it is moved to its own next
best place, if need be by moving one more (ejection chains; Glover, 1996). A move is made when the wave's
cost falls by it, so that the plan is never worse than before.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from onhand.routing.domain.cost import Portion, fixed_cost, total_demand
from onhand.routing.domain.filters import covers
from onhand.routing.domain.wave import CellKey, Column, WaveOrder, column, greedy, last_units, usable

WAYS = 12
"""Single locations that an order may move to: its cheapest ones."""
DEPTH = 2
"""Orders that one move may push out of their places one after the other."""
MOST_LOOKS = 400_000
"""Places looked at in all; protects the time that a wave may take: some seconds."""
LEAST_GAIN = 1e-6


@dataclass(frozen=True, slots=True)
class _Way:
    """A column, and what must be free for it."""

    column: Column
    needs: tuple[tuple[CellKey, int, int], ...]
    """Cells, the units it takes of each, and the most that this order may leave taken of it."""
    places: tuple[tuple[str, int], ...]
    """Locations of limited capacity, and how many orders of the wave they may have."""


def at_hand(orders: Sequence[WaveOrder]) -> list[Column]:
    """Return the answer that is always at hand: one order after the other, then exchanges."""
    plans = greedy(orders)
    first = [column(number, order, plans[number].portions) for number, order in enumerate(orders)]
    return exchanged(orders, first, last_units(orders))


def exchanged(
    orders: Sequence[WaveOrder], first: Sequence[Column], last_unit: Mapping[CellKey, tuple[int, float]]
) -> list[Column]:
    """Return a plan of the wave that costs no more than `first`."""
    search = _Search(orders, first, last_unit)
    improved = True
    while improved and search.looks < MOST_LOOKS:
        improved = False
        for number in range(len(orders)):
            improved = search.improve(number) or improved
    return [way.column for way in search.chosen]


class _Search:
    def __init__(
        self,
        orders: Sequence[WaveOrder],
        first: Sequence[Column],
        last_unit: Mapping[CellKey, tuple[int, float]],
    ) -> None:
        self._last_unit = last_unit
        self._ways = [_ways(number, order) for number, order in enumerate(orders)]
        self._taken: Counter[CellKey] = Counter()
        self._given: Counter[str] = Counter()
        self._holders: defaultdict[CellKey | str, set[int]] = defaultdict(set)
        """Orders by the cells and locations that they use."""
        self.chosen = [_way(orders[each.order], each) for each in first]
        self.looks = 0
        for way in self.chosen:
            self._put(way)

    def improve(self, number: int) -> bool:
        """Move one order to a cheaper place, and others for it; tells whether that was worthwhile."""
        held = self.chosen[number]
        back = self._remove(held)
        for way in self._ways[number]:
            if way.column.cost >= held.column.cost or self.looks >= MOST_LOOKS:
                break
            if self._moved(number, way, back + LEAST_GAIN, {number}, DEPTH) is not None:
                return True
        self._put(held)
        return False

    def _moved(self, number: int, way: _Way, most: float, moving: set[int], depth: int) -> float | None:
        """Place an order that has none now, pushing others out; None, and nothing changed, if it costs `most`."""
        self.looks += 1
        lacks = list(self._lacks(way))
        if not lacks:
            cost = self._put(way)
            if cost < most - LEAST_GAIN:
                self.chosen[number] = way
                return cost
            self._remove(way)
            return None
        if len(lacks) > 1 or depth == 0 or way.column.cost >= most:
            return None
        for other in sorted(self._holders[lacks[0]] - moving):
            pushed = self._pushed(number, way, other, most, moving, depth)
            if pushed is not None:
                return pushed
        return None

    def _pushed(
        self, number: int, way: _Way, other: int, most: float, moving: set[int], depth: int
    ) -> float | None:
        """Place an order where another is, which goes elsewhere."""
        held = self.chosen[other]
        back = self._remove(held)
        if not any(True for _ in self._lacks(way)):
            cost = self._put(way)
            for elsewhere in self._ways[other]:
                if cost + elsewhere.column.cost - back >= most or self.looks >= MOST_LOOKS:
                    break
                found = self._moved(other, elsewhere, most - cost + back, moving | {other}, depth - 1)
                if found is not None:
                    self.chosen[number] = way
                    return cost + found - back
            self._remove(way)
        self._put(held)
        return None

    def _lacks(self, way: _Way) -> Iterator[CellKey | str]:
        for key, units, most in way.needs:
            if self._taken[key] + units > most:
                yield key
        for location_id, most in way.places:
            if self._given[location_id] >= most:
                yield location_id

    def _put(self, way: _Way) -> float:
        """Let a way take what it uses; returns what the wave costs more by it."""
        cost = way.column.cost
        for key, units in way.column.uses.items():
            available, last = self._last_unit[key]
            before = self._taken[key]
            self._taken[key] = before + units
            cost += last * (before < available <= before + units)
            self._holders[key].add(way.column.order)
        for location_id in way.column.location_ids:
            self._given[location_id] += 1
            self._holders[location_id].add(way.column.order)
        return cost

    def _remove(self, way: _Way) -> float:
        """Undo `_put`; returns what the wave costs less by it."""
        cost = way.column.cost
        for key, units in way.column.uses.items():
            available, last = self._last_unit[key]
            before = self._taken[key]
            self._taken[key] = before - units
            cost += last * (before - units < available <= before)
            self._holders[key].discard(way.column.order)
        for location_id in way.column.location_ids:
            self._given[location_id] -= 1
            self._holders[location_id].discard(way.column.order)
        return cost


def _way(order: WaveOrder, placed: Column) -> _Way:
    kept = order.policy.rules(order.question.method).keep_units
    capacity = order.policy.capacity
    needs = []
    for (location_id, item_id), units in placed.uses.items():
        available = order.options[location_id].cell(item_id).available
        needs.append(((location_id, item_id), units, available - kept))
    places = []
    for location_id in placed.location_ids:
        limit = capacity.at(location_id)
        if limit is not None:
            places.append((location_id, limit - order.options[location_id].orders_today))
    return _Way(placed, tuple(needs), tuple(places))


def _ways(number: int, order: WaveOrder) -> list[_Way]:
    """Return the single locations that would fill an order, if they had nobody else to fill; cheapest first."""
    demands, doubt = order.question.demands, order.policy.costs.doubt
    total = total_demand(demands)
    ranked = sorted(
        (
            fixed_cost(each, order.policy) + sum(doubt * (1 - each.cell(item).confidence) for item in total),
            each.location_id,
        )
        for each in usable(order)
        if covers(each, demands, total)
    )
    placed = [
        column(number, order, [Portion(each.line_id, location_id, each.quantity) for each in demands])
        for _, location_id in ranked[:WAYS]
    ]
    return [_way(order, each) for each in placed]
