"""Any sequence of codes, passes, tills with and without their line, and time, against a model that only counts."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from onhand.api.pickup.v1 import customers_pb2, tasks_pb2, tills_pb2
from onhand.kit.errors import InvalidField, LimitReached, WrongCode, WrongState
from onhand.pickup.use_cases import Sweeps

UNITS = 3
SKEW = timedelta(seconds=60)
REFUSED = (WrongCode, WrongState, LimitReached)
Outcome = tills_pb2.OfflineHandOverResult


class Machine(RuleBasedStateMachine):
    """The model has counts of units, the number of the present code, and who was told what."""

    world: Any
    loop: asyncio.AbstractEventLoop

    def do(self, work: Awaitable[Any]) -> Any:
        """Do something on the loop that has the service."""

        async def awaited() -> Any:
            return await work

        return asyncio.run_coroutine_threadsafe(awaited(), self.loop).result(60)

    @initialize()
    def stage(self) -> None:
        self.world.clock.ahead = timedelta()
        self.waiting, self.given, self.refused, self.returned = UNITS, 0, 0, 0
        self.ended = ""
        self.wrong, self.pause_end = 0, datetime.min.replace(tzinfo=UTC)
        self.passes: list[tuple[str, int, datetime, datetime]] = []
        """Of each pass: its text, the code that it stands for, from when and until when it is good."""
        self.kept: list[tuple[Outcome, tills_pb2.OfflineHandOver, int]] = []
        self.told: dict[str, bool] = {}
        """Of each hand-over without the line that was told: whether it was recorded."""
        self.do(self._stage())

    async def _stage(self) -> None:
        self.reservation_id = str(uuid4())
        self.task_id = await self.world.assigned(("1", "shirt", UNITS), reservation_id=self.reservation_id)
        await self.world.do("AcceptTask", self.task_id)
        await self.world.do("PickLine", self.task_id, line_id="1", quantity=UNITS)
        task = await self.world.do("StageTask", self.task_id, staging_place="rack 1")
        self.codes = [(await self.world.event(self.task_id, "task_ready")).task_ready.code]
        grace = timedelta(seconds=self.world.settings.collect_grace_s)
        self.expire_time = task.collect_deadline.ToDatetime(UTC) + grace

    @property
    def now(self) -> datetime:
        return self.world.clock.now()  # type: ignore[no-any-return]

    # At a till with its line

    @rule(
        proof=st.sampled_from(["code", "code", "earlier code", "guess", "pass"]),
        number=st.integers(0, 9),
        part=st.booleans(),
        tills=st.integers(1, 3),
    )
    def hand_over(self, proof: str, number: int, part: bool, tills: int) -> None:  # noqa: FBT001
        shown, right = self.proof(proof, number)
        if shown is None:
            return
        units = [tasks_pb2.HandOverLine(line_id="1", given_quantity=1)] if part else []

        async def all_at_once() -> list[Any]:
            asks = (self.world.do("HandOver", self.task_id, lines=units, **shown) for _ in range(tills))
            return await asyncio.gather(*asks, return_exceptions=True)

        outcomes = self.do(all_at_once())
        assert all(isinstance(each, (tasks_pb2.Task, *REFUSED)) for each in outcomes), outcomes
        gave = [each for each in outcomes if isinstance(each, tasks_pb2.Task)]
        allowed = right and not self.ended and self.now >= self.pause_end
        assert len(gave) == allowed, "a code works once"
        if allowed:
            self.waiting, self.given = (
                (self.waiting - 1, self.given + 1) if part else (0, self.given + self.waiting)
            )
            if self.waiting:
                self.codes.append(self.do(self.next_code()))
            else:
                self.ended = "COLLECTED"
        if not self.ended:
            for _ in range(tills - len(gave)):
                self.miss()

    def proof(self, kind: str, number: int) -> tuple[dict[str, str] | None, bool]:
        """Return what is shown at the till, and whether it is right."""
        if kind == "code":
            return {"code": self.codes[-1]}, True
        if kind == "earlier code":
            return ({"code": self.codes[0]}, False) if len(set(self.codes)) > 1 else (None, False)
        if kind == "guess":
            guess = f"{(int(self.codes[-1]) + 1 + number) % 10**8:08d}"
            return {"code": guess}, False
        if not self.passes:
            return None, False
        text, stands_for, begin, end = self.passes[number % len(self.passes)]
        good = begin - SKEW <= self.now < end + SKEW
        return {"collection_pass": text}, good and stands_for == len(self.codes)

    def miss(self) -> None:
        if self.now < self.pause_end:
            return
        self.wrong += 1
        if self.wrong == self.world.settings.code_attempts:
            self.wrong, self.pause_end = 0, self.now + timedelta(seconds=self.world.settings.code_pause_s)

    async def next_code(self) -> str:
        """Return the code of what goes on waiting, from the event that the customer's message is made of."""

        async def find() -> list[str]:
            events = [
                each for each in self.world.events(self.task_id) if each.HasField("task_partly_collected")
            ]
            return [each.task_partly_collected.code for each in events][len(self.codes) - 1 :]

        self.wrong, self.pause_end = 0, datetime.min.replace(tzinfo=UTC)
        return str((await self.world.until(find))[0])

    # Passes, and a till without its line

    @rule()
    def show_pass(self) -> None:
        request = customers_pb2.GetCollectionPassRequest(task_id=self.task_id)
        begin = self.now.replace(microsecond=0)
        try:
            answer = self.do(self.world.client.customers.GetCollectionPass(request))
        except WrongState:
            assert self.ended
            return
        assert not self.ended
        end = answer.expire_time.ToDatetime(UTC)
        self.passes.append((answer.collection_pass, len(self.codes), begin, end))

    @rule(number=st.integers(0, 9))
    def hand_over_without_the_line(self, number: int) -> None:
        if self.passes:
            shown = self.passes[number % len(self.passes)]
            time = Timestamp()
            time.FromDatetime(self.now)
            told = tills_pb2.OfflineHandOver(
                request_id=str(uuid4()), collection_pass=shown[0], till_id="till", hand_over_time=time
            )
            valid = shown[2] - SKEW <= self.now < shown[3] + SKEW
            self.kept.append((Outcome.OUTCOME_RECORDED if valid else Outcome.OUTCOME_INVALID, told, shown[1]))

    @rule(number=st.integers(0, 9), together=st.integers(1, 2))
    def the_line_is_back(self, number: int, together: int) -> None:
        """Tell of one of them, also twice at once, and again later."""
        if not self.kept:
            return
        valid, told, stands_for = self.kept[number % len(self.kept)]
        request = tills_pb2.RecordOfflineHandOversRequest(location_id="store-1", hand_overs=[told])

        async def all_at_once() -> list[Any]:
            asks = (self.world.client.tills.RecordOfflineHandOvers(request) for _ in range(together))
            return await asyncio.gather(*asks)

        outcomes = {answer.results[0].outcome for answer in self.do(all_at_once())}
        if valid == Outcome.OUTCOME_INVALID:
            assert outcomes == {Outcome.OUTCOME_INVALID}
            return
        if told.request_id not in self.told:
            recorded = not self.ended and stands_for == len(self.codes)
            self.told[told.request_id] = recorded
            if recorded:
                self.given, self.waiting, self.ended = self.given + self.waiting, 0, "COLLECTED"
        disputed = Outcome.OUTCOME_REPLAYED if self.given else Outcome.OUTCOME_ENDED
        assert outcomes == {Outcome.OUTCOME_RECORDED if self.told[told.request_id] else disputed}

    # What else happens

    @rule(minutes=st.sampled_from([1, 14, 16, 60, 24 * 60, 5 * 24 * 60]))
    def time_passes(self, minutes: int) -> None:
        self.world.clock.ahead += timedelta(minutes=minutes)
        if not self.ended and self.now >= self.expire_time:
            self.refused, self.waiting = self.waiting, 0
            self.ended = "COLLECTED" if self.given else "EXPIRED"
        self.do(self.sweep())

    async def sweep(self) -> None:
        while await Sweeps(self.world.deps).pass_deadlines():
            pass

        async def there() -> bool:
            return await self.world.state(self.task_id) == (self.ended or "READY")

        await self.world.until(there)

    @rule(quantity=st.integers(1, UNITS))
    def bring_back(self, quantity: int) -> None:
        line = tills_pb2.ReturnedLine(line_id="1", quantity=quantity, condition=1)
        allowed = quantity <= self.given - self.returned
        try:
            self.do(self.world.do("ReturnGoods", self.task_id, location_id="store-2", lines=[line]))
        except (WrongState, InvalidField):
            assert not allowed
            return
        assert allowed
        self.returned += quantity

    # What must hold

    @invariant()
    def the_task_is_as_the_model_says(self) -> None:
        if not hasattr(self, "task_id"):
            return
        task = self.do(self.world.task(self.task_id))
        (line,) = task.lines
        assert tasks_pb2.Task.State.Name(task.state) == f"STATE_{self.ended or 'READY'}"
        assert (line.handed_over_quantity, line.returned_quantity) == (self.given, self.returned)
        disputes = [not each.given_quantity for each in task.hand_overs if each.offline]
        assert sum(disputes) == sum(not recorded for recorded in self.told.values())

    def teardown(self) -> None:
        """Stock has heard of every unit that left, once, and of every one that came back."""
        if hasattr(self, "task_id"):
            self.do(self.world.until(self.stock_knows))

    async def stock_knows(self) -> bool:
        left = sum(
            line.quantity
            for each in self.world.stock.fulfilled.values()
            if each.reservation_id == self.reservation_id
            for line in each.lines
        )
        return bool(left == self.given)


async def test_no_sequence_gives_goods_twice(world: Any) -> None:
    Machine.world, Machine.loop = world, asyncio.get_running_loop()
    few = settings(
        max_examples=12, stateful_step_count=14, deadline=None, suppress_health_check=list(HealthCheck)
    )
    await asyncio.to_thread(run_state_machine_as_test, Machine, settings=few)
