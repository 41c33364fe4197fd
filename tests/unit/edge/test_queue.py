"""What the store page says needs a person now, and what an operator is told of an age."""

from datetime import UTC, datetime, timedelta

import pytest

from onhand.api.pickup.v1 import tasks_pb2 as pb
from onhand.api.stock.v1 import reads_pb2
from onhand.edge.pages.operations import heard, rates
from onhand.edge.pages.queue import LABELS, alerts, left
from onhand.edge.pages.rendering import ago

NOW = datetime(2026, 6, 5, 12, tzinfo=UTC)


def task(state: int, promise_min: int = 60, accept_min: int = 30) -> pb.Task:
    made = pb.Task(task_id="t", order_id="O-1", customer_display_name="Ada", state=state)
    made.promise_time.FromDatetime(NOW + timedelta(minutes=promise_min))
    made.accept_deadline.FromDatetime(NOW + timedelta(minutes=accept_min))
    return made


def kinds(made: pb.Task) -> list[str]:
    return [each["kind"] for each in alerts([made], NOW)]


def test_what_can_wait_is_no_alert() -> None:
    for state in LABELS:
        assert kinds(task(state)) == []


def test_a_task_that_nobody_accepts_is_told_before_its_deadline() -> None:
    assert kinds(task(pb.Task.STATE_OPEN, accept_min=6)) == []
    assert kinds(task(pb.Task.STATE_OPEN, accept_min=4)) == ["deadline"]


@pytest.mark.parametrize(
    ("state", "is_late"),
    [
        (pb.Task.STATE_PICKING, True),
        (pb.Task.STATE_PICKED, True),
        (pb.Task.STATE_READY, False),
        (pb.Task.STATE_PACKED, False),
        (pb.Task.STATE_REJECTED, False),
    ],
)
def test_a_promise_that_has_passed_is_late_while_the_store_works_on_it(state: int, is_late: bool) -> None:  # noqa: FBT001
    assert kinds(task(state, promise_min=-1)) == (["late"] if is_late else [])


def test_who_waits_at_the_counter_is_told_with_where() -> None:
    made = task(pb.Task.STATE_READY)
    made.check_in_time.FromDatetime(NOW)
    made.check_in_note = "bay 4"
    assert alerts([made], NOW) == [{"task_id": "t", "kind": "here", "text": "Ada is here: bay 4"}]
    made.state = pb.Task.STATE_COLLECTED
    assert alerts([made], NOW) == []


def test_an_alert_of_a_newer_service_is_shown_too() -> None:
    made = task(pb.Task.STATE_READY)
    made.alerts.append(pb.TaskAlert(kind=99, detail="unheard of"))
    assert alerts([made], NOW)[0]["text"] == "O-1: look at it (unheard of)"


def test_what_is_left_of_a_line_is_never_below_nothing() -> None:
    line = pb.TaskLine(quantity=5, picked_quantity=2, short_quantity=1, cancelled_quantity=1)
    assert left(line) == 1
    line.cancelled_quantity = 4
    assert left(line) == 0


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(seconds=-5), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=59), "59 min"),
        (timedelta(hours=47), "1 d"),
    ],
)
def test_an_age_is_said_in_its_largest_unit(age: timedelta, text: str) -> None:
    assert ago(age) == text


def antenna(location_id: str, reads: float, *, silent: bool = False) -> reads_pb2.ReaderAntenna:
    return reads_pb2.ReaderAntenna(location_id=location_id, reads_per_minute=reads, silent=silent)


def test_locations_are_compared_by_what_their_antennas_read_and_which_are_heard() -> None:
    antennas = [
        antenna("b", 300),
        antenna("a", 1_000),
        antenna("a", 200, silent=True),
        antenna("", 9_000),  # nobody has said where it hangs
    ]
    assert rates(antennas) == [("a", 1.0, "1,200"), ("b", 0.25, "300")]
    assert heard(antennas) == [("a", 0.5, "1 of 2"), ("b", 1.0, "1 of 1")]
    assert rates([antenna("a", 0)]) == []
