"""How another policy would have filled the orders of the past.

Orders are planned again one after the other, each from the facts of its first planning, corrected by what
those before it took elsewhere: the units and places of a day that the policy gives to others are there, those
that it takes are not. Both ways to plan are worked off by one model: each location works through its lines in
its opening hours, at its pick rate, and has an order no sooner than it is promised.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from onhand.routing.domain.cost import Cell, Option, Portion, Question
from onhand.routing.domain.lifecycle import FulfilmentMethod
from onhand.routing.domain.plan import Plan, cost_of, make_plan
from onhand.routing.domain.policy import Policy
from onhand.routing.domain.promise import ALWAYS_OPEN, Calendar, Leads, after_work, promise_time


@dataclass(frozen=True, slots=True)
class Pace:
    """When and how fast a location works."""

    calendar: Calendar = ALWAYS_OPEN
    lines_per_hour: float = 60.0


@dataclass(frozen=True, slots=True)
class PastOrder:
    order_id: str
    plan_time: datetime
    question: Question
    """Of its first planning."""
    portions: tuple[Portion, ...]
    """As it was planned then."""
    promise_time: datetime | None
    """The first that was given; None where none was."""


@dataclass
class Side:
    """What one way to plan comes to."""

    part_count: int = 0
    split_order_count: int = 0
    parked_line_count: int = 0
    cost: float = 0.0
    distance_metres: int = 0
    shipping_cost: float = 0.0
    late_order_count: int = 0
    placed_order_count: int = 0
    lead: timedelta = timedelta()
    """From the planning until ready or gone, added up."""
    taken: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Units by location and item."""
    given: Counter[tuple[str, date | None]] = field(default_factory=Counter)
    """Orders by location and day."""
    lines: Counter[str] = field(default_factory=Counter)
    """By location."""
    free_times: dict[str, datetime] = field(default_factory=dict)
    """When each location has worked off what it was given."""

    @property
    def mean_lead(self) -> timedelta:
        return self.lead / self.placed_order_count if self.placed_order_count else timedelta()

    def orders(self) -> Counter[str]:
        """Return the orders given to each location."""
        orders: Counter[str] = Counter()
        for (location_id, _), count in self.given.items():
            orders[location_id] += count
        return orders

    def busiest(self) -> dict[str, int]:
        """Return the most orders of each location on one day."""
        busiest: dict[str, int] = {}
        for (location_id, _), count in self.given.items():
            busiest[location_id] = max(count, busiest.get(location_id, 0))
        return busiest


class Simulation:
    """Plans orders again by a policy, in the order in which they are given."""

    def __init__(self, policy: Policy, pace_of: Callable[[str], Pace], leads: Leads) -> None:
        self._policy = policy
        self._pace_of = pace_of
        self._leads = leads
        self.before, self.after = Side(), Side()
        self.count = self.changed_count = 0

    def add(self, past: PastOrder) -> None:
        """Plan one more order."""
        was = Plan(past.portions, "", past.question, self._policy)
        now = make_plan(self._corrected(past.question), self._policy)
        self._work_off(self.before, past, was)
        self._work_off(self.after, past, now)
        self.count += 1
        self.changed_count += set(was.portions) != set(now.portions)

    def _corrected(self, question: Question) -> Question:
        """Return a question as it would have been, had the orders so far been planned by the policy."""
        if question.held:
            return question
        return replace(question, options=tuple(map(self._corrected_option, question.options)))

    def _corrected_option(self, option: Option) -> Option:
        where, day = option.location_id, (option.location_id, option.day)
        cells = dict(option.cells)
        for item_id, cell in option.cells.items():
            more = self.before.taken[where, item_id] - self.after.taken[where, item_id]
            if more:
                cells[item_id] = Cell(max(0, cell.available + more), cell.confidence)
        more_orders = self.after.given[day] - self.before.given[day]
        return replace(option, cells=cells, orders_today=max(0, option.orders_today + more_orders))

    def _work_off(self, side: Side, past: PastOrder, plan: Plan) -> None:
        question = plan.question
        items = {demand.line_id: demand.item_id for demand in question.demands}
        options = {option.location_id: option for option in question.options}
        lines: Counter[str] = Counter()
        for portion in plan.portions:
            side.taken[portion.location_id, items[portion.line_id]] += portion.quantity
            lines[portion.location_id] += 1
        side.parked_line_count += len(items) - len(plan.placed)
        side.part_count += len(lines)
        side.split_order_count += len(lines) > 1
        side.cost += cost_of(plan)
        ready = past.plan_time
        for location_id, count in sorted(lines.items()):
            option = options[location_id]
            side.given[location_id, option.day] += 1
            side.lines[location_id] += count
            side.distance_metres += option.distance_metres
            side.shipping_cost += option.shipping_cost
            ready = max(ready, self._ready(side, past.plan_time, question.method, location_id, count))
        if lines:
            side.placed_order_count += 1
            side.lead += ready - past.plan_time
            side.late_order_count += past.promise_time is not None and ready > past.promise_time

    def _ready(
        self, side: Side, plan_time: datetime, method: FulfilmentMethod, location_id: str, count: int
    ) -> datetime:
        """Let a location work on lines of an order; returns when it has them."""
        pace = self._pace_of(location_id)
        begins = max(plan_time, side.free_times.get(location_id, plan_time))
        done = after_work(begins, timedelta(hours=count / pace.lines_per_hour), pace.calendar)
        side.free_times[location_id] = done
        return max(done, promise_time(plan_time, self._leads.of(method), pace.calendar))


def paces(known: Mapping[str, Pace], default: Pace) -> Callable[[str], Pace]:
    """Return the pace of each location; `default` where it is not known any more."""
    return lambda location_id: known.get(location_id, default)
