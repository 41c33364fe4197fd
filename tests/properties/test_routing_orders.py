"""Whatever happens to an order in whatever sequence, no unit of it is lost and nothing is stuck."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid5

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from onhand.kit.errors import WrongState
from onhand.routing.domain import ending, placing, transfers
from onhand.routing.domain.cost import Option, Portion, Question
from onhand.routing.domain.ending import Destination, News, NewsKind
from onhand.routing.domain.lifecycle import LEFT, WITH_TASK, FulfilmentMethod, LineState
from onhand.routing.domain.order import NAMESPACE, Assignment, AssignmentState, Cause, Customer, Line, Order
from onhand.routing.domain.plan import Plan
from onhand.routing.domain.policy import Policy
from onhand.routing.domain.transfers import ShipmentNews, ShipmentState

NOW = datetime(2025, 6, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
CAUSE = Cause(NOW, "test")


class Orders(RuleBasedStateMachine):
    """Two lines of four units. Cancelling comes late, or there would be little to see before it."""

    collect_location_id = ""

    def __init__(self) -> None:
        super().__init__()
        lines = [Line(str(n), str(n), "shirt", 4, position=n, action_time=NOW) for n in range(2)]
        self.order = Order(
            "o1",
            "web",
            Customer(),
            FulfilmentMethod.COLLECT if self.collect_location_id else FulfilmentMethod.SHIP,
            collect_location_id=self.collect_location_id,
            shipping_address=b"",
            shipping_position=None,
            allow_split=True,
            auto_cancel_time=NOW + 72 * HOUR,
            create_time=NOW,
            lines=lines,
        )
        self.committed: Counter[str] = Counter()
        """Units that stock committed, by reservation."""
        self.tasks: list[tuple[str, dict[str, int]]] = []
        """Every task that was given out, with its units by line."""
        self.shipments: list[tuple[str, int]] = []
        """Every transfer that was announced, with its units."""
        self.by_pickup: Counter[str] = Counter()
        """Units that pickup gave back itself, by reservation: refused at the counter."""

    @rule(data=st.data())
    def plan(self, data: st.DataObject) -> None:
        # As the saga does: what nobody wants any more ends before anything is planned.
        for assignment in self.order.assignments:
            under_way = assignment.state is AssignmentState.UNDER_WAY
            if under_way and not placing.still_wanted(self.order, assignment):
                self._without_lines(assignment)
        portions = []
        for line in self.order.waiting():
            near = data.draw(st.integers(0, line.quantity))
            split = {"a": near, "b": line.quantity - near} if data.draw(st.booleans()) else {}
            portions += [Portion(line.line_id, where, units) for where, units in split.items() if units]
        question = Question(FulfilmentMethod.SHIP, (), (Option("a"), Option("b")))
        plan = Plan(tuple(portions), "planned", question, Policy())
        placing.record_plan(self.order, plan, CAUSE, HOUR)

    @rule(refused=st.booleans())
    def stock_answers(self, *, refused: bool) -> None:
        under_way = [each for each in self.order.assignments if each.state is AssignmentState.UNDER_WAY]
        for assignment in under_way[:1]:
            if not placing.still_wanted(self.order, assignment):
                self._without_lines(assignment)
            elif refused:
                placing.refuse(self.order, assignment, CAUSE, "gone", may_hold=False)
            elif assignment.transfer_to:
                self._send(assignment)
            else:
                self.committed[assignment.reservation_id] += sum(assignment.quantities().values())
                units = {each.line_id: each.quantity for each in assignment.lines}
                self.tasks.append((assignment.task_id, units))
                placing.assign(self.order, assignment, NOW + HOUR, None, timedelta(), CAUSE)

    def _without_lines(self, assignment: Assignment) -> None:
        """A transfer may have been announced already: it is seen through, and called off."""
        if assignment.transfer_to:
            self._send(assignment)
        else:
            placing.abandon(self.order, assignment)

    def _send(self, assignment: Assignment) -> None:
        units = sum(assignment.quantities().values())
        self.committed[assignment.reservation_id] += units
        self.shipments.append((str(uuid5(NAMESPACE, assignment.task_id)), units))
        times = NOW + HOUR, NOW + 2 * HOUR
        transfers.send(self.order, assignment, self.shipments[-1][0], *times, timedelta(), CAUSE)

    @precondition(lambda self: self.tasks)
    @rule(data=st.data(), kind=st.sampled_from(NewsKind))
    def task_tells(self, data: st.DataObject, kind: NewsKind) -> None:
        """A task, perhaps an old one, says something, perhaps again."""
        task_id, units = data.draw(st.sampled_from(self.tasks))
        short_line_id = data.draw(st.sampled_from(sorted(units)))
        news = News(
            kind,
            "o1",
            task_id,
            remaining=units,
            picked={line_id: data.draw(st.integers(0, most)) for line_id, most in units.items()},
            line_id=short_line_id,
            quantity=data.draw(st.integers(1, units[short_line_id])),
        )
        before = {
            line.line_id: line.quantity for line in self.order.lines if line.state is LineState.CANCELLED
        }
        ending.take(self.order, news, CAUSE, HOUR)
        for line in self.order.lines:
            if line.state is LineState.CANCELLED and line.line_id not in before:
                self.by_pickup[line.reservation_id] += line.quantity

    @precondition(lambda self: self.shipments)
    @rule(data=st.data(), state=st.sampled_from(ShipmentState))
    def shipment_tells(self, data: st.DataObject, state: ShipmentState) -> None:
        """A transfer, perhaps an old one, is told of, perhaps again."""
        shipment_id, units = data.draw(st.sampled_from(self.shipments))
        received = {"shirt": data.draw(st.integers(0, units))}
        transfers.take(self.order, ShipmentNews(shipment_id, state, received), CAUSE)

    @precondition(lambda self: self.shipments)
    @rule()
    def transfers_are_late(self) -> None:
        transfers.overdue(self.order, NOW + 2 * HOUR, CAUSE)

    @precondition(lambda self: len(self.tasks) + len(self.shipments) > 2)
    @rule(line_ids=st.sampled_from([["0"], ["1"], []]))
    def cancel(self, line_ids: list[str]) -> None:
        before = [replace(line) for line in self.order.lines]
        try:
            ending.cancel(self.order, line_ids, "why", CAUSE)
        except WrongState:
            assert self.order.lines == before

    @rule(to=st.sampled_from(["", "c"]))
    def change(self, to: str) -> None:
        before = [replace(line) for line in self.order.lines]
        try:
            ending.change(self.order, Destination(to), "moved", CAUSE)
        except WrongState:
            assert self.order.lines == before

    @rule()
    def wake(self) -> None:
        placing.wake(self.order, CAUSE, "shirt", "a", 1)

    @precondition(lambda self: len(self.tasks) + len(self.shipments) > 2)
    @rule()
    def give_up(self) -> None:
        placing.give_up(self.order, CAUSE)

    @invariant()
    def no_unit_is_lost(self) -> None:
        lines = self.order.lines
        assert sum(line.quantity for line in lines) == 8
        assert all(line.quantity > 0 for line in lines)
        assert len({line.line_id for line in lines}) == len(lines)

    @invariant()
    def nothing_is_stuck(self) -> None:
        assert all((line.action_time is not None) == line.is_open for line in self.order.lines)
        assert self.order.has_ended or self.order.next_action_time(NOW) is not None

    @invariant()
    def what_stock_committed_is_worked_on_or_gone_or_owed_back(self) -> None:
        used: Counter[str] = Counter()
        owed: Counter[str] = Counter()
        for line in self.order.lines:
            if line.state in WITH_TASK | LEFT or (
                line.state is LineState.TRANSFERRING and line.reservation_id
            ):
                used[line.reservation_id] += line.quantity
        for release in self.order.releases:
            owed[release.reservation_id] += sum(release.quantities.values())
        for reservation_id, units in self.committed.items():
            back = owed[reservation_id] + self.by_pickup[reservation_id]
            assert used[reservation_id] <= units <= used[reservation_id] + back

    @invariant()
    def releases_have_names_of_their_own(self) -> None:
        names = [release.release_id for release in self.order.releases]
        assert len(set(names)) == len(names)


class CollectOrders(Orders):
    """Collected at `a`, to which `b` sends."""

    collect_location_id = "a"


TestCollectOrders = CollectOrders.TestCase
TestCollectOrders.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
TestOrders = Orders.TestCase
TestOrders.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
