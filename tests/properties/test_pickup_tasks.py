"""Any sequence of what may happen to a task, against a model that knows where each unit is and little else."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from onhand.kit.errors import OnhandError
from onhand.pickup.domain import collecting, deadlines, departure, facts, offers, transitions
from onhand.pickup.domain.collecting import BroughtBack, Taken
from onhand.pickup.domain.departure import EffectKind
from onhand.pickup.domain.rules import Rules
from onhand.pickup.domain.task import (
    ENDED,
    Alert,
    AlertKind,
    Assignment,
    Condition,
    HandOver,
    Kind,
    RejectReason,
    State,
    Substitution,
    SubstitutionState,
    Task,
    TaskLine,
)
from onhand.pickup.domain.transitions import At, Change

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RULES = Rules(
    accept=15 * MINUTE,
    accept_minimum=MINUTE,
    step=60 * MINUTE,
    escalation_interval=30 * MINUTE,
    max_escalations=2,
    collect=120 * MINUTE,
    reminder=30 * MINUTE,
    grace=20 * MINUTE,
    extension=60 * MINUTE,
    max_extensions=1,
    substitution=25 * MINUTE,
    wait=5 * MINUTE,
    shelve=90 * MINUTE,
)
LINES = ("a", "b")
ENDS = {"collected", "shipped", "rejected", "cancelled", "expired", "refused"}
WORKING = {"accepted", "picking"}


class TaskMachine(RuleBasedStateMachine):
    """The model has one word a unit: left, offered, swapped, picked, short, cancelled, given, refused, back."""

    task: Task

    @initialize(kind=st.sampled_from(Kind), quantities=st.lists(st.integers(1, 3), min_size=1, max_size=2))
    def open(self, kind: Kind, quantities: list[int]) -> None:
        self.now = START
        self.units = {line_id: ["left"] * count for line_id, count in zip(LINES, quantities, strict=False)}
        self.roots: dict[str, str] = {}
        """Of each substitute: the line that it stands for."""
        self.step = "open"
        self.codes = self.number = 0
        self.offer: tuple[str, str, int, datetime, bool] | None = None
        """The open offer: its id, line, units, deadline, and whether the customer was asked."""
        self.step_time = START + RULES.accept
        self.expire_time = START
        self.escalations = self.extensions = 0
        self.shelve: Counter[str] = Counter()
        self.told: Counter[tuple[EffectKind, str]] = Counter()
        assignment = Assignment("t", "o", "store", kind, "r", START + 30 * MINUTE, "", b"")
        lines = [TaskLine(line_id, line_id, len(units)) for line_id, units in self.units.items()]
        self.task = transitions.open_task(assignment, lines, At(START, RULES)).task

    # What the model says

    def count(self, *where: str) -> int:
        return sum(units.count(each) for units in self.units.values() for each in where)

    @property
    def at(self) -> At:
        return At(self.now, RULES)

    @property
    def collect(self) -> bool:
        return self.task.assignment.kind is Kind.COLLECT

    @property
    def live(self) -> bool:
        return self.step not in ENDS

    def does(self, allowed: bool, function: Any, *arguments: Any, **named: Any) -> Change | None:  # noqa: FBT001
        """Do it, which must succeed exactly when the model allows it."""
        before = self.task
        try:
            change: Change = function(before, *arguments, **named)
        except OnhandError:
            assert not allowed, f"{function.__name__} was refused in {before}"
            return None
        assert bool(change.facts) == allowed, f"{function.__name__} in {before}"
        assert change.task.version == before.version + bool(change.facts)
        if not change.facts:
            assert change.task == before
        for each in departure.owed(before, change):
            self.told[each.kind, each.reservation_id] += sum(goods.quantity for goods in each.goods)
        self.task = change.task
        return change

    def goes(self, step: str) -> None:
        if step != self.step:
            self.escalations = 0
            if step not in WORKING or self.step not in WORKING:
                self.step_time = max(self.now + RULES.step, START + 30 * MINUTE)
        self.step = step

    def worked(self, *, short: bool = False) -> None:
        """Follow a step of picking: done when no unit is left, in vain when none is picked either."""
        self.goes("picking")
        if self.count("left") or self.offer:
            return
        if self.count("picked"):
            self.goes("picked")
        elif short:
            self.ends("collected" if self.count("given", "back") else "rejected")

    def ends(self, step: str) -> None:
        """End it: what was picked and stays goes back to its place."""
        if step in {"rejected", "cancelled", "expired"}:
            for line_id, units in self.units.items():
                self.shelve[line_id] += units.count("picked")
        self.offer = None
        self.goes(step)

    def turn(self, line_id: str, count: int, before: str, after: str) -> None:
        units = self.units[line_id]
        for _ in range(count):
            units[units.index(before)] = after

    def finish_without_rest(self) -> None:
        for line_id, units in self.units.items():
            if line_id in self.roots:
                self.turn(self.roots[line_id], units.count("left"), "swapped", "short")
            self.shelve[line_id] += units.count("picked")
            turned = {"left": "short", "offered": "short", "picked": "refused"}
            units[:] = [turned.get(each, each) for each in units]
        self.ends("collected")

    # What may happen

    @rule(minutes=st.integers(0, 50))
    def time_passes(self, minutes: int) -> None:
        self.now += minutes * MINUTE

    @rule()
    def accept(self) -> None:
        allowed = self.step == "open" and self.now < START + RULES.accept
        if self.does(allowed, transitions.accept, "ana", self.at):
            self.goes("accepted")

    @rule()
    def reject(self) -> None:
        allowed = self.step in {"open", "accepted", "picking", "picked"}
        if self.does(allowed, transitions.reject, RejectReason.NO_CAPACITY, "", self.at):
            if self.count("given", "back"):
                self.finish_without_rest()
            else:
                self.ends("rejected")

    @rule(line=st.integers(0, 3), quantity=st.integers(0, 3), tagged=st.booleans())
    def pick(self, line: int, quantity: int, tagged: bool) -> None:  # noqa: FBT001
        line_id = self.line(line)
        allowed = self.step in WORKING and 0 < quantity <= self.units[line_id].count("left")
        epcs = tuple(f"{self.codes + number:08X}" for number in range(quantity)) if tagged else ()
        self.codes += quantity
        if change := self.does(allowed, transitions.pick, line_id, quantity, epcs, self.at):
            self.turn(line_id, quantity, "left", "picked")
            assert facts.LinePicked(line_id, quantity) in change.facts
            self.worked()

    def line(self, number: int) -> str:
        ids = list(self.units)
        return ids[number % len(ids)]

    @rule(line=st.integers(0, 3))
    def short_pick(self, line: int) -> None:
        line_id = self.line(line)
        left = self.units[line_id].count("left")
        allowed = self.step in WORKING and left > 0
        root = self.roots.get(line_id, line_id)
        if change := self.does(allowed, transitions.short_pick, line_id, RejectReason.NOT_FOUND, "", self.at):
            self.turn(line_id, left, "left", "short")
            if root != line_id:
                self.turn(root, left, "swapped", "short")
            assert facts.LineShortPicked(root, left, RejectReason.NOT_FOUND, "") in change.facts
            self.worked(short=True)

    @rule()
    def stage(self) -> None:
        allowed = self.step == "picked" and self.collect
        if self.does(allowed, transitions.stage, "rack", "12345678", self.at):
            self.goes("ready")
            self.expire_time = self.now + RULES.collect + RULES.grace

    @rule()
    def pack_or_ship(self) -> None:
        if self.step == "picked":
            if self.does(not self.collect, transitions.pack, self.at):
                self.goes("packed")
        elif self.does(self.step == "packed", transitions.ship, "carrier", "1Z", self.at):
            for line_id, units in self.units.items():
                self.turn(line_id, units.count("picked"), "picked", "given")
            self.ends("shipped")

    @rule()
    def check_in(self) -> None:
        self.does(self.live and self.collect, collecting.check_in, "bay", self.at)

    @rule()
    def extend(self) -> None:
        allowed = self.step == "ready" and self.extensions == 0
        if self.does(allowed, collecting.extend, self.at):
            self.extensions += 1
            self.expire_time += RULES.extension

    @rule(line=st.integers(0, 3), given=st.integers(0, 3), refused=st.integers(0, 3), whole=st.booleans())
    def hand_over(self, line: int, given: int, refused: int, whole: bool) -> None:  # noqa: FBT001
        line_id = self.line(line)
        waits = self.units[line_id].count("picked")
        taken = []
        if not whole:
            now = next(each for each in self.task.lines if each.line_id == line_id)
            # As many of its tags as the units without one cannot make up.
            tags = now.waiting_epcs[: max(given - (now.waiting - len(now.waiting_epcs)), 0)]
            taken = [Taken(line_id, given, refused, tags)]
        fits = given + refused <= waits and (refused == 0 or given + refused == waits)
        allowed = self.step == "ready" and (whole or fits)
        record = HandOver("h", self.now, "ana")
        if not self.does(allowed, collecting.hand_over, taken, record, "87654321", self.at):
            return
        if whole:
            for each, units in self.units.items():
                self.turn(each, units.count("picked"), "picked", "given")
        else:
            self.turn(line_id, given, "picked", "given")
            self.turn(line_id, refused, "picked", "refused")
            self.shelve[line_id] += refused
        if not self.count("picked"):
            self.ends("collected" if self.count("given", "back") else "refused")

    @rule(line=st.integers(0, 3), quantity=st.integers(1, 3))
    def bring_back(self, line: int, quantity: int) -> None:
        line_id = self.line(line)
        out = self.units[line_id].count("given")
        back = [BroughtBack(line_id, quantity, (), Condition.SELLABLE)]
        if self.does(quantity <= out, collecting.bring_back, back, "elsewhere", ""):
            self.turn(line_id, quantity, "given", "back")

    @rule()
    def reshelve(self) -> None:
        if self.does(bool(self.shelve.total()), collecting.reshelve):
            self.shelve.clear()

    @rule(number=st.integers(0, 5))
    def a_tag_leaves(self, number: int) -> None:
        tags = sorted(self.task.held_epcs)
        epc = tags[number % len(tags)] if tags else "none"
        holder = next((line.line_id for line in self.task.lines if epc in line.waiting_epcs), "")
        alert = Alert("x", AlertKind.TAG_LEFT, self.now, "")
        lost = self.live and bool(holder)
        if self.does(lost, transitions.lose_tag, epc, "", alert, self.at) and lost:
            self.turn(holder, 1, "picked", "left")
            if self.step != "picking":
                self.goes("picking")

    @rule(line=st.integers(0, 3), quantity=st.integers(0, 2))
    def propose(self, line: int, quantity: int) -> None:
        line_id = self.line(line)
        left = self.units[line_id].count("left")
        units = quantity or left
        allowed = self.step in WORKING and 0 < units <= left and line_id not in self.roots and not self.offer
        if self.offer and self.offer[1] != line_id:
            return  # the model follows one offer at a time
        self.number += 1
        offer = Substitution(
            f"{self.number:032x}",
            line_id,
            "other",
            quantity,
            SubstitutionState.PROPOSED,
            self.now,
            "",
            RejectReason.NOT_FOUND,
        )
        if self.does(allowed, offers.propose, offer, self.at):
            self.turn(line_id, units, "left", "offered")
            self.offer = (offer.substitution_id, line_id, units, self.now + RULES.substitution, False)
            self.goes("picking")

    @rule(held=st.booleans())
    def stock_answers(self, held: bool) -> None:  # noqa: FBT001
        if not self.offer or self.offer[4]:
            return
        offer_id, line_id, units, _, _ = self.offer
        if held:
            self.does(True, offers.offered, offer_id, self.at)
            self.offer = (offer_id, line_id, units, self.now + RULES.substitution, True)
        else:
            self.does(True, offers.fail, offer_id)
            self.no_swap()

    def no_swap(self) -> None:
        if self.offer:
            self.turn(self.offer[1], self.offer[2], "offered", "left")
            self.offer = None

    @rule(accepted=st.booleans())
    def customer_answers(self, accepted: bool) -> None:  # noqa: FBT001
        if not self.offer:
            return
        offer_id, line_id, units, deadline, asked = self.offer
        allowed = asked and self.now < deadline
        if not self.does(allowed, offers.answer, offer_id, accepted=accepted, at=self.at):
            return
        if accepted:
            self.turn(line_id, units, "offered", "swapped")
            line = self.task.lines[-1].line_id
            self.units[line] = ["left"] * units
            self.roots[line] = line_id
            self.offer = None
            self.escalations, self.step_time = 0, max(self.now + RULES.step, START + 30 * MINUTE)
        else:
            self.no_swap()

    @rule(line_ids=st.lists(st.sampled_from(LINES), max_size=2, unique=True))
    def withdraw(self, line_ids: list[str]) -> None:
        named = {
            each for each in self.units if self.live and self.roots.get(each, each) in (line_ids or LINES)
        }
        open_units = {"left", "picked", "offered", "swapped"}
        hit = {each for each in named if open_units & set(self.units[each])}
        change = self.does(bool(hit), transitions.withdraw, line_ids, "", self.at)
        assert change is not None, "a withdrawal is never refused"
        for line_id in hit:
            units = self.units[line_id]
            self.shelve[line_id] += units.count("picked")
            units[:] = ["cancelled" if each in open_units else each for each in units]
        if self.offer and self.offer[1] in hit:
            self.offer = None
        if not hit:
            return
        if not self.count("left", "picked") and not self.offer:
            self.ends("collected" if self.count("given", "back") else "cancelled")
        elif self.step == "picking" and not self.count("left") and not self.offer:
            self.goes("picked")

    @rule()
    def times_pass(self) -> None:
        change = deadlines.pass_time(self.task, self.at, lambda: "id")
        for each in departure.owed(self.task, change):
            self.told[each.kind, each.reservation_id] += sum(goods.quantity for goods in each.goods)
        self.task = change.task
        if self.live and self.offer and self.offer[3] <= self.now:
            self.no_swap()
        if self.step == "open" and self.now >= START + RULES.accept:
            self.ends("rejected")
        elif self.step == "ready":
            if self.now >= self.expire_time:
                if self.count("given", "back"):
                    self.finish_without_rest()
                else:
                    self.ends("expired")
        elif self.live and self.step != "open" and self.now >= self.step_time:
            if self.escalations < RULES.max_escalations:
                self.escalations += 1
                self.step_time = self.now + RULES.escalation_interval
            elif self.count("given", "back"):
                self.finish_without_rest()
            else:
                self.ends("rejected")
        due = self.task.due_time()
        assert due is None or due > self.now

    # What must hold

    @invariant()
    def every_unit_is_where_the_model_has_it(self) -> None:
        for line in self.task.lines:
            units = Counter(self.units[line.line_id])
            assert line.left == units["left"], line
            assert line.waiting == units["picked"], line
            assert line.short == units["short"], line
            assert line.cancelled == units["cancelled"], line
            assert line.substituted == units["offered"] + units["swapped"], line
            assert line.handed_over == units["given"] + units["back"], line
            assert (line.refused, line.returned) == (units["refused"], units["back"]), line
            assert line.to_shelve == self.shelve[line.line_id], line
            assert len(line.waiting_epcs) <= line.waiting

    @invariant()
    def state_follows(self) -> None:
        assert self.task.state is State[self.step.upper()]
        assert (self.task.state in ENDED) == (self.task.end_time is not None)

    @invariant()
    def nothing_waits_without_a_time(self) -> None:
        waits = self.live or self.shelve.total()
        assert (self.task.due_time() is not None) == bool(waits), self.task

    @invariant()
    def stock_was_told_of_every_unit_that_left_or_came_back(self) -> None:
        left = sum(count for (kind, _), count in self.told.items() if kind is EffectKind.FULFIL)
        assert left == self.count("given", "back")
        back = sum(count for (kind, _), count in self.told.items() if kind is EffectKind.RETURN)
        assert back == self.count("back")
        released = self.told[EffectKind.RELEASE, "r"]
        replaced = sum(
            units.count(where) for units in map(self.units.get, self.roots) for where in ("given", "back")
        )
        assert released == self.count("refused") + replaced

    @invariant()
    def substitutes_are_held_until_they_leave_or_are_given_back(self) -> None:
        """What is held for a substitute and neither left nor given back is just what may still leave."""
        for line in self.task.lines:
            if not line.reservation_id:
                continue
            told = {kind: self.told[kind, line.reservation_id] for kind in EffectKind}
            assert told[EffectKind.HOLD] == told[EffectKind.COMMIT] == line.quantity
            still = line.left + line.waiting if self.live else 0
            assert line.quantity - told[EffectKind.FULFIL] - told[EffectKind.RELEASE] == still, line


TestTasks = TaskMachine.TestCase
