"""Any sequence of what may happen to a task, against a model that counts units and nothing else."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from onhand.kit.errors import OnhandError
from onhand.pickup.domain import transitions
from onhand.pickup.domain.facts import LinePicked, LineShortPicked, LineWithdrawn
from onhand.pickup.domain.task import ENDED, Assignment, Kind, RejectReason, State, Task, TaskLine
from onhand.pickup.domain.transitions import Change

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
WINDOW = timedelta(hours=2)
ACCEPT = timedelta(minutes=15)
LINES = ("a", "b", "c")


class TaskMachine(RuleBasedStateMachine):
    """The model knows where each unit is, and which step was last allowed; the rest must follow."""

    task: Task

    @initialize(
        kind=st.sampled_from(Kind), quantities=st.lists(st.integers(1, 4), min_size=1, max_size=len(LINES))
    )
    def open(self, kind: Kind, quantities: list[int]) -> None:
        self.now = START
        self.units = {line_id: ["left"] * count for line_id, count in zip(LINES, quantities, strict=False)}
        self.step = "open"
        self.codes = 0
        assignment = Assignment("t", "o", "store", kind, "r", START + timedelta(days=1), "", b"")
        lines = [TaskLine(line_id, line_id, len(units)) for line_id, units in self.units.items()]
        self.task = transitions.open_task(assignment, lines, START, ACCEPT, ACCEPT).task

    def count(self, where: str) -> int:
        return sum(units.count(where) for units in self.units.values())

    def does(self, allowed: bool, function: Any, *arguments: Any) -> Change | None:  # noqa: FBT001
        """Do it, which must succeed exactly when the model allows it."""
        before = self.task
        try:
            change: Change = function(before, *arguments)
        except OnhandError:
            assert not allowed, f"{function.__name__} was refused in {before}"
            return None
        assert bool(change.facts) == allowed, f"{function.__name__} in {before}"
        assert change.task.version == before.version + bool(change.facts)
        if not change.facts:
            assert change.task == before
        self.task = change.task
        return change

    def all_worked(self) -> None:
        """Follow a step of picking: done when no unit is left, in vain when none is picked either."""
        self.step = "picking"
        if not self.count("left"):
            self.step = "picked" if self.count("picked") else "rejected"

    @rule(minutes=st.integers(0, 200))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def accept(self) -> None:
        if self.does(self.step == "open" and self.now < START + ACCEPT, transitions.accept, "ana", self.now):
            self.step = "accepted"

    @rule()
    def reject(self) -> None:
        allowed = self.step in {"open", "accepted", "picking", "picked"}
        if self.does(allowed, transitions.reject, RejectReason.NO_CAPACITY, ""):
            self.step = "rejected"

    @rule()
    def accept_deadline_passes(self) -> None:
        allowed = self.step == "open" and self.now >= START + ACCEPT
        if self.does(allowed, transitions.time_out, self.now) and allowed:
            self.step = "rejected"

    @rule(line_id=st.sampled_from(LINES), quantity=st.integers(0, 5), tagged=st.booleans())
    def pick(self, line_id: str, quantity: int, tagged: bool) -> None:  # noqa: FBT001
        units = self.units.get(line_id, [])
        allowed = self.step in {"accepted", "picking"} and 0 < quantity <= units.count("left")
        epcs = tuple(f"{self.codes + number:08X}" for number in range(quantity)) if tagged else ()
        self.codes += quantity
        if change := self.does(allowed, transitions.pick, line_id, quantity, epcs):
            for _ in range(quantity):
                units[units.index("left")] = "picked"
            assert LinePicked(line_id, quantity) in change.facts
            self.all_worked()

    @rule(line_id=st.sampled_from(LINES))
    def short_pick(self, line_id: str) -> None:
        units = self.units.get(line_id, [])
        left = units.count("left")
        allowed = self.step in {"accepted", "picking"} and left > 0
        if change := self.does(allowed, transitions.short_pick, line_id, RejectReason.NOT_FOUND, ""):
            units[:] = ["short" if each == "left" else each for each in units]
            assert LineShortPicked(line_id, left, RejectReason.NOT_FOUND, "") in change.facts
            self.all_worked()

    @rule()
    def stage(self) -> None:
        allowed = self.step == "picked" and self.task.assignment.kind is Kind.COLLECT
        if self.does(allowed, transitions.stage, "rack", self.now + WINDOW, "12345678"):
            self.step, self.deadline = "ready", self.now + WINDOW

    @rule()
    def pack(self) -> None:
        if self.does(self.step == "picked" and self.task.assignment.kind is Kind.SHIP, transitions.pack):
            self.step = "packed"

    @rule()
    def ship(self) -> None:
        if self.does(self.step == "packed", transitions.ship, "carrier", "1Z"):
            self.step = "shipped"

    @rule()
    def check_in(self) -> None:
        live = self.step not in {"collected", "shipped", "rejected", "cancelled", "expired"}
        self.does(live and self.task.assignment.kind is Kind.COLLECT, transitions.check_in, "bay", self.now)

    @rule()
    def hand_over(self) -> None:
        if self.does(self.step == "ready", transitions.hand_over):
            self.step = "collected"

    @rule()
    def collect_deadline_passes(self) -> None:
        allowed = self.step == "ready" and self.now >= self.deadline
        if self.does(allowed, transitions.expire, self.now) and allowed:
            self.step = "expired"

    @rule(line_ids=st.lists(st.sampled_from(LINES), max_size=2, unique=True))
    def withdraw(self, line_ids: list[str]) -> None:
        live = self.step not in {"collected", "shipped", "rejected", "cancelled", "expired"}
        hit = {
            line_id: units
            for line_id, units in self.units.items()
            if live and line_id in (line_ids or LINES) and {"left", "picked"} & set(units)
        }
        change = self.does(bool(hit), transitions.withdraw, line_ids, "")
        assert change is not None, "a withdrawal is never refused"
        told = {fact.line_id: fact for fact in change.facts if isinstance(fact, LineWithdrawn)}
        assert told.keys() == hit.keys()
        for line_id, units in hit.items():
            assert told[line_id].picked_quantity == units.count("picked")
            units[:] = ["short" if each == "short" else "cancelled" for each in units]
        if hit and not self.count("left") + self.count("picked"):
            self.step = "cancelled"
        elif hit and self.step == "picking" and not self.count("left"):
            self.step = "picked"

    @invariant()
    def every_unit_is_where_the_model_has_it(self) -> None:
        for line in self.task.lines:
            units = self.units[line.line_id]
            assert (line.left, line.picked, line.short, line.cancelled) == tuple(
                units.count(where) for where in ("left", "picked", "short", "cancelled")
            )
            assert len(line.epcs) <= line.picked

    @invariant()
    def state_follows(self) -> None:
        assert self.task.state is State[self.step.upper()]

    @precondition(lambda self: self.task.state in ENDED)
    @invariant()
    def an_end_is_final(self) -> None:
        steps = (
            lambda: transitions.accept(self.task, "ana", START),
            lambda: transitions.reject(self.task, RejectReason.OTHER, ""),
            lambda: transitions.hand_over(self.task),
            lambda: transitions.ship(self.task, "c", "1"),
            lambda: transitions.withdraw(self.task, [], ""),
        )
        for step in steps:
            try:
                assert step() == Change(self.task)
            except OnhandError:
                continue


TestTasks = TaskMachine.TestCase
