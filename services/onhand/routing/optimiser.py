"""Waves as a mixed-integer program, solved by HiGHS: choose one column an order at least total cost.

Columns are whole placements of one order. Constraints are shared: the units of each cell, and the orders
that a location may still be given. Columns are added as long as prices of the linear relaxation find
better ones (column generation; Desaulniers, Desrosiers, Solomon, 2005). The bound is the Lagrangian one at
those prices and holds for every plan of the wave, whether its columns were generated or not.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import highspy
import numpy as np

from onhand.routing.domain.cost import Option, Portion, fixed_cost, total_demand
from onhand.routing.domain.exchange import at_hand
from onhand.routing.domain.plan import bundles, make_plan
from onhand.routing.domain.split import cheapest
from onhand.routing.domain.wave import (
    CellKey,
    Column,
    WaveOrder,
    WavePlan,
    column,
    last_units,
    total_cost,
    usable,
)

FIRST_COLUMNS = 8
"""Single locations that each order begins with, cheapest first."""
MORE_COLUMNS = 3
"""Single locations that an order gets more in each round, where prices favour them."""
ROUNDS = 6
"""Rounds of pricing; the bound is right after any number, and tighter after more."""
MOST_ITEMS = 5
"""Items of an order of which every division over locations is priced; 5 have 52. The bound is looser for more."""
TOLERANCE = 1e-6
_Placement = tuple[float, list[tuple[int, int]]]
"""Cost, and groups of items with the index of the location of each."""


def plan_wave(orders: Sequence[WaveOrder], time_limit_s: float) -> WavePlan:
    """Plan a wave; never worse than the answer at hand. After `time_limit_s` no step of the search begins."""
    until = time.monotonic() + time_limit_s
    first = at_hand(orders)
    wave = _Wave(orders, first, until)
    prices = wave.priced()
    bound = wave.bound(prices)
    chosen = first if wave.cost(first) <= bound + TOLERANCE else wave.chosen()
    best = min((chosen, first), key=wave.cost)
    return WavePlan(tuple(each.portions for each in best), wave.cost(best), bound)


@dataclass(frozen=True, slots=True)
class _Prices:
    """Duals of the shared constraints: what a unit and a place in a location's day are worth."""

    units: dict[int, np.ndarray[Any, Any]]
    """By the units that an order's policy keeps, then by location and item: of a unit."""
    places: np.ndarray[Any, Any]
    """By location: of an order."""
    constant: float
    """What the constraints themselves contribute to the bound."""


class _Singles:
    """What it costs to fill one order from each single location, as arrays over all locations."""

    def __init__(self, order: WaveOrder, locations: dict[str, int], items: dict[str, int]) -> None:
        self.options = usable(order)
        self.kept = _kept(order)
        self.where = np.array([locations[each.location_id] for each in self.options], dtype=np.intp)
        wanted = total_demand(order.question.demands)
        self.items = np.array([items[each] for each in wanted], dtype=np.intp)
        self.units = np.array(list(wanted.values()), dtype=float)
        lines = Counter(demand.item_id for demand in order.question.demands)
        self.lines = np.array([lines[each] for each in wanted], dtype=float)
        self.fixed = np.array([fixed_cost(each, order.policy) for each in self.options])
        cells = [[each.cell(item_id) for item_id in wanted] for each in self.options]
        shape = (len(self.options), len(wanted))
        have = np.array([[cell.usable for cell in row] for row in cells], dtype=float).reshape(shape)
        confidence = np.array([[cell.confidence for cell in row] for row in cells]).reshape(shape)
        self.doubt = order.policy.costs.doubt * (1 - confidence)
        self.holds = have > 0
        self.has_all = have >= self.units
        failed = [
            any(each.location_id in demand.excluded for demand in order.question.demands)
            for each in self.options
        ]
        self.bundles = _bits_of_bundles(order, list(wanted))
        self.covers = self.has_all.all(axis=1) & ~np.array(failed, dtype=bool)

    def reduced(self, prices: _Prices) -> np.ndarray[Any, Any]:
        """Return cost and priced use of each single location; infinite where it lacks something."""
        units = prices.units[self.kept][np.ix_(self.where, self.items)] @ self.units
        cost = self.fixed + self.doubt.sum(axis=1) + units + prices.places[self.where]
        return np.where(self.covers, cost, np.inf)

    def least(self, order: WaveOrder, prices: _Prices) -> _Placement:
        """Return no more than any placement costs at these prices, and the placement that it comes from.

        The placement is of groups of items (bit sets over `items`), each with the index of its location;
        items in no group wait. Groups are placed each on its own, so that the cost is exact but where two
        of them fall on one location or a line's units are divided.
        """
        wait = order.policy.costs.wait * self.lines
        unit = prices.units[self.kept][np.ix_(self.where, self.items)]
        dividing = bool((self.units > self.lines).any())
        have = self.holds if dividing else self.has_all
        each = np.where(have, unit * self.units + self.doubt, np.inf)
        places = self.fixed + prices.places[self.where]
        full = (1 << len(self.items)) - 1
        bits = np.arange(len(self.items))
        at: dict[int, tuple[float, int]] = {}
        for group in range(1, full + 1):
            if any(group & bundle not in {0, bundle} for bundle in self.bundles):
                at[group] = np.inf, 0
                continue
            costs = places + each[:, (group >> bits & 1).astype(bool)].sum(axis=1)
            index = int(np.argmin(costs))
            at[group] = float(costs[index]), index
        # Each group pays for a split; at the end one of them is given back.
        split = order.policy.costs.split
        waiting = [float(wait[(items >> bits & 1).astype(bool)].sum()) for items in range(full + 1)]
        most = order.policy.max_locations
        limited = most < len(self.items)
        best: dict[int, _Placement] = {items: (cost, []) for items, cost in enumerate(waiting)}
        # Each pass allows one group more; where their number cannot matter, one pass allows any.
        for _ in range(most if limited else 1):
            fewer = dict(best) if limited else best
            some: dict[int, _Placement] = {0: (np.inf, [])}
            for items in range(1, full + 1):
                low = items & -items
                without = some[items ^ low]
                found = without[0] + float(wait[low.bit_length() - 1]), without[1]
                for group in _subsets_with(items, low):
                    rest = fewer[items ^ group]
                    cost = at[group][0] + split + rest[0]
                    if cost < found[0]:
                        found = cost, [(group, at[group][1]), *rest[1]]
                some[items] = found
                best[items] = min(found, (waiting[items], []), key=lambda each: each[0])
        placed = some[full][0] - split, some[full][1]
        return min(placed, (waiting[full], []), key=lambda each: each[0])


def _bits_of_bundles(order: WaveOrder, items: Sequence[str]) -> list[int]:
    """Return the bit set of each bundle's items, those left out that lines outside the bundle want too."""
    bundles_of: dict[str, set[str]] = {item_id: set() for item_id in items}
    for demand in order.question.demands:
        bundles_of[demand.item_id].add(demand.bundle_id)
    bits: Counter[str] = Counter()
    for bit, item_id in enumerate(items):
        if len(bundles_of[item_id]) == 1:
            bits[next(iter(bundles_of[item_id]))] += 1 << bit
    return [some for bundle_id, some in bits.items() if bundle_id]


def _subsets_with(items: int, low: int) -> Iterator[int]:
    """Yield the sets of bits of `items` that have its lowest bit."""
    rest = items ^ low
    some = rest
    while True:
        yield some | low
        if not some:
            return
        some = (some - 1) & rest


class _Wave:
    def __init__(self, orders: Sequence[WaveOrder], first: Sequence[Column], until: float) -> None:
        """`until` is of the monotonic clock."""
        self._orders = orders
        self._until = until
        self._last_units = last_units(orders)
        options = {each.location_id: each for order in orders for each in order.question.options}
        self._locations = {location_id: number for number, location_id in enumerate(sorted(options))}
        wanted = sorted({each.item_id for order in orders for each in order.question.demands})
        self._items = {item_id: number for number, item_id in enumerate(wanted)}
        self._places = self._capacities(options)
        self._kept = sorted({_kept(order) for order in orders})
        self._singles = [_Singles(order, self._locations, self._items) for order in orders]
        self._columns: list[Column] = []
        self._known: set[tuple[int, tuple[Portion, ...]]] = set()
        self._add(first)
        none = self._no_prices()
        for number, order in enumerate(orders):
            if not self._left():
                break
            alone = make_plan(order.question, order.policy)
            self._add([column(number, order, ()), column(number, order, alone.portions)])
            self._add_singles(number, none, FIRST_COLUMNS)
            self._add(self._sets(number, order))

    def _left(self) -> float:
        """Return the seconds that are left."""
        return max(0.0, self._until - time.monotonic())

    def _capacities(self, options: dict[str, Option]) -> dict[str, int]:
        """Return how many orders more each location of limited capacity may be given."""
        places = {}
        for location_id, option in options.items():
            limits = [order.policy.capacity.at(location_id) for order in self._orders]
            known = [limit for limit in limits if limit is not None]
            if known:
                places[location_id] = max(0, min(known) - option.orders_today)
        return places

    def cost(self, columns: Sequence[Column]) -> float:
        return total_cost(columns, self._last_units)

    def priced(self) -> _Prices:
        """Add columns until prices find no better ones, and return the prices."""
        prices = self._prices()
        for _ in range(ROUNDS):
            if not self._left():
                break
            before = len(self._columns)
            for number in range(len(self._orders)):
                self._add_singles(number, prices, MORE_COLUMNS)
            if len(self._columns) == before:
                break
            prices = self._prices()
        return prices

    def bound(self, prices: _Prices) -> float:
        return prices.constant + sum(
            self._least(order, singles, prices)
            for order, singles in zip(self._orders, self._singles, strict=True)
        )

    def _least(self, order: WaveOrder, singles: _Singles, prices: _Prices) -> float:
        """Return less than any placement of an order costs at these prices, splits and waiting included."""
        costs = order.policy.costs
        wait = float((costs.wait * singles.lines).sum())
        if not len(singles.options):
            return wait
        if not order.question.allow_split:
            return min(wait, float(singles.reduced(prices).min()))
        if len(singles.items) <= MOST_ITEMS:
            return singles.least(order, prices)[0]
        # Too many items to look at all groups of them: the cheapest place, and each item where it is cheapest.
        unit = prices.units[singles.kept][np.ix_(singles.where, singles.items)]
        each = np.where(singles.holds, unit * singles.units + singles.doubt, np.inf).min(axis=0)
        anywhere = float(np.minimum(each, costs.wait * singles.lines).sum())
        return min(wait, float((singles.fixed + prices.places[singles.where]).min()) + anywhere)

    def chosen(self) -> list[Column]:
        """Choose one column an order in whole numbers, the best that the time allows."""
        first = self._columns[: len(self._orders)]
        if not self._left():
            return first
        model, _ = self._model(integer=True)
        model.setOptionValue("time_limit", self._left())
        model.setOptionValue("mip_rel_gap", 1e-4)
        model.run()
        values = np.array(model.getSolution().col_value[: len(self._columns)])
        best: dict[int, tuple[float, Column]] = {}
        for value, each in zip(values, self._columns, strict=False):
            if each.order not in best or value > best[each.order][0]:
                best[each.order] = float(value), each
        if len(values) == 0 or any(value < 1 - TOLERANCE for value, _ in best.values()):
            return first
        return [best[number][1] for number in range(len(self._orders))]

    def _add(self, columns: Iterable[Column]) -> None:
        for each in columns:
            key = each.order, each.portions
            if key not in self._known:
                self._known.add(key)
                self._columns.append(each)

    def _add_singles(self, number: int, prices: _Prices, count: int) -> None:
        singles, order = self._singles[number], self._orders[number]
        reduced = singles.reduced(prices)
        for index in np.argsort(reduced, kind="stable")[:count]:
            if np.isinf(reduced[index]):
                break
            self._add([column(number, order, _all_at(order, singles.options[index]))])
        if not order.question.allow_split or len(order.question.demands) == 1 or not len(singles.options):
            return
        if len(singles.items) <= MOST_ITEMS:
            self._add([column(number, order, _grouped(order, singles, prices))])

    def _sets(self, number: int, order: WaveOrder) -> list[Column]:
        """Return the cheapest sets of locations, each without a location of the one before."""
        if not order.question.allow_split:
            return []
        found = []
        options: Sequence[Option] = self._singles[number].options
        for _ in range(order.policy.max_locations):
            best = cheapest(order.question.demands, options, order.policy, allow_split=True)
            if best is None or len(best.location_ids) == 1:
                break
            found.append(column(number, order, best.portions))
            options = [each for each in options if each.location_id != best.location_ids[0]]
        return found

    def _prices(self) -> _Prices:
        """Solve the linear relaxation over the columns there are; the duals are the prices.

        Duals of a relaxation that was not solved in time are prices too: the bound holds at any.
        """
        prices = self._no_prices()
        if not self._left():
            return prices
        model, rows = self._model(integer=False)
        model.setOptionValue("time_limit", self._left())
        model.run()
        solution = model.getSolution()
        if not solution.dual_valid:
            return prices
        duals = np.minimum(0.0, np.array(solution.row_dual))
        constant = 0.0
        for (kind, key), row in rows.items():
            price = -float(duals[row])
            constant -= price * self._most(kind, key)
            if kind == "places":
                prices.places[self._locations[key]] = price
                continue
            location_id, item_id, kept = key
            for each in self._kept:
                if each >= kept:
                    prices.units[each][self._locations[location_id], self._items[item_id]] += price
            if kept == 0:
                # Its last unit may be used too, where that is paid for.
                constant += min(0.0, self._last_units[location_id, item_id][1] - price)
        return replace(prices, constant=constant)

    def _no_prices(self) -> _Prices:
        shape = len(self._locations), len(self._items)
        return _Prices({kept: np.zeros(shape) for kept in self._kept}, np.zeros(len(self._locations)), 0.0)

    def _model(self, *, integer: bool) -> tuple[Any, dict[tuple[str, Any], int]]:
        """Build the program: columns, then one variable a cell whose last unit is taken.

        Where policies keep different numbers of units, a cell has a row for each: of the orders that keep as many.
        """
        count = len(self._orders)
        rows: dict[tuple[str, Any], int] = {}
        for location_id in self._places:
            rows["places", location_id] = count + len(rows)
        for each in self._columns:
            for key, _ in self._units(each):
                rows.setdefault(("units", key), count + len(rows))
        lower = [1.0] * count + [-highspy.kHighsInf] * len(rows)
        upper = [1.0] * count + [float(self._most(kind, key)) for kind, key in rows]
        cost: list[float] = []
        starts, indices, values = [0], list[int](), list[float]()
        for each in self._columns:
            entries = [(each.order, 1.0)]
            entries += [(rows["units", key], float(units)) for key, units in self._units(each)]
            entries += [(rows["places", where], 1.0) for where in each.location_ids if where in self._places]
            indices += [row for row, _ in entries]
            values += [value for _, value in entries]
            starts.append(len(indices))
            cost.append(each.cost)
        for (kind, key), row in rows.items():
            if kind == "units" and key[2] == 0:
                indices.append(row)
                values.append(-1.0)
                starts.append(len(indices))
                cost.append(self._last_units[key[:2]][1])
        return _highs(cost, lower, upper, (starts, indices, values), integer=integer), rows

    def _units(self, placed: Column) -> Iterator[tuple[tuple[str, str, int], int]]:
        """Yield the rows of units that a column counts in (location, item, units kept), and how many it takes."""
        most = _kept(self._orders[placed.order])
        for (location_id, item_id), units in placed.uses.items():
            for kept in self._kept:
                if kept <= most:
                    yield (location_id, item_id, kept), units

    def _most(self, kind: str, key: Any) -> int:
        """Return what a row may count; of a cell of which nothing is kept, one unit more if that is paid for."""
        if kind == "places":
            return self._places[key]
        location_id, item_id, kept = key
        available, _ = self._last_units[location_id, item_id]
        return available - max(1, int(kept))


def _kept(order: WaveOrder) -> int:
    """Return the units of each item that an order's policy keeps."""
    return order.policy.rules(order.question.method).keep_units


def _all_at(order: WaveOrder, option: Option) -> list[Portion]:
    return [Portion(each.line_id, option.location_id, each.quantity) for each in order.question.demands]


def _grouped(order: WaveOrder, singles: _Singles, prices: _Prices) -> list[Portion]:
    """Take groups of items from where prices are best; lines that do not fit there wait, each with its bundle."""
    place_of: dict[int, Option] = {}
    for group, index in singles.least(order, prices)[1]:
        for bit in range(len(singles.items)):
            if group >> bit & 1:
                place_of[bit] = singles.options[index]
    number_of = {item_id: bit for bit, item_id in enumerate(total_demand(order.question.demands))}
    left: dict[CellKey, int] = {}
    portions: list[Portion] = []
    for lines in bundles(order.question.demands):
        options = [place_of.get(number_of[each.item_id]) for each in lines]
        option = options[0]
        if option is None or any(other is not option for other in options):
            continue
        where = option.location_id
        if any(where in each.excluded for each in lines):
            continue
        wanted = total_demand(lines)
        for item_id in wanted:
            left.setdefault((where, item_id), option.cell(item_id).usable)
        if all(left[where, item_id] >= units for item_id, units in wanted.items()):
            for item_id, units in wanted.items():
                left[where, item_id] -= units
            portions += [Portion(each.line_id, where, each.quantity) for each in lines]
    return portions


def _highs(
    cost: list[float],
    lower: list[float],
    upper: list[float],
    matrix: tuple[list[int], list[int], list[float]],
    *,
    integer: bool,
) -> Any:
    """Hand a program to HiGHS, all variables between 0 and 1; `matrix` column by column."""
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = len(cost), len(lower)
    program.col_cost_ = np.array(cost)
    program.col_lower_, program.col_upper_ = np.zeros(len(cost)), np.ones(len(cost))
    program.row_lower_, program.row_upper_ = np.array(lower), np.array(upper)
    starts, indices, values = matrix
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_ = np.array(starts)
    program.a_matrix_.index_ = np.array(indices)
    program.a_matrix_.value_ = np.array(values)
    if integer:
        program.integrality_ = [highspy.HighsVarType.kInteger] * len(cost)
    model: Any = highspy.Highs()  # type: ignore[no-untyped-call]  # its constructor alone has no types
    for name, value in (("output_flag", False), ("random_seed", 0), ("threads", 1)):
        model.setOptionValue(name, value)
    model.passModel(program)
    return model
