"""What becomes of a message after an attempt, and what can be tried again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from onhand.kit.errors import WrongState
from onhand.notifications.domain.messages import (
    MAX_FAILURE,
    SENT,
    Attempt,
    Channel,
    Message,
    Result,
    State,
    Verdict,
    message_id_of,
    outcome,
)
from onhand.notifications.domain.occasions import Line, Occasion, Order, Purpose

NOW = datetime(2026, 6, 5, 12, tzinfo=UTC)
DELAYS = (5.0, 30.0)


def attempt(number_in_round: int) -> Attempt:
    return Attempt(uuid4(), Channel.EMAIL, number_in_round, number_in_round, "Hi", b"", NOW, None)


def message(state: State, *, round_start: int = 0, has_text: bool = True) -> Message:
    return Message(
        uuid4(), Purpose.ORDER_READY, Channel.EMAIL, state, "A1", "", "", 3, round_start, None, "", NOW, None,
        has_text,
    )  # fmt: skip


def test_what_may_pass_is_tried_again_by_the_schedule_and_fails_at_its_end() -> None:
    passing = Result(Verdict.PASSING, "451 later")
    ends = [outcome(attempt(number), passing, NOW, DELAYS) for number in (1, 2, 3)]
    assert [each.state for each in ends] == [State.WAITING, State.WAITING, State.FAILED]
    assert [each.next_attempt_time for each in ends] == [
        NOW + timedelta(seconds=5),
        NOW + timedelta(seconds=30),
        None,
    ]
    assert all(each.keep_text and each.failure == "451 later" for each in ends)


@pytest.mark.parametrize(
    ("verdict", "state", "keep_text"),
    [
        (Verdict.SENT, State.SENT, False),
        (Verdict.REFUSED, State.FAILED, True),
        (Verdict.GONE, State.FAILED, True),
        (Verdict.NOT_WANTED, State.SUPPRESSED, False),
    ],
)
def test_any_other_verdict_ends_a_message_and_only_a_failed_one_keeps_its_text(
    verdict: Verdict, state: State, *, keep_text: bool
) -> None:
    end = outcome(attempt(1), Result(verdict, "why"), NOW, DELAYS)
    assert (end.state, end.keep_text, end.next_attempt_time) == (state, keep_text, None)


def test_a_failure_is_kept_short_and_printable() -> None:
    kept = Result(Verdict.PASSING, "a\r\nb" + "x" * 2_000).failure
    assert kept.startswith("a  bx")
    assert len(kept) == MAX_FAILURE
    assert SENT.failure == ""


def test_only_a_failed_message_is_revived_and_a_revived_one_is_left_alone() -> None:
    assert message(State.FAILED).needs_revival()
    assert not message(State.WAITING, round_start=3).needs_revival()
    for state in (State.WAITING, State.SENT, State.SUPPRESSED):
        with pytest.raises(WrongState):
            message(state).needs_revival()
    with pytest.raises(WrongState, match="too long ago"):
        message(State.FAILED, has_text=False).needs_revival()


def test_the_same_event_names_the_same_message_and_another_address_another() -> None:
    event_id = UUID(int=7)
    first = message_id_of(event_id, Channel.EMAIL, "a@shop.example")
    assert first == message_id_of(event_id, Channel.EMAIL, "a@shop.example")
    others = {
        message_id_of(event_id, Channel.EMAIL, "b@shop.example"),
        message_id_of(event_id, Channel.WEBHOOK, "a@shop.example"),
        message_id_of(UUID(int=8), Channel.EMAIL, "a@shop.example"),
    }
    assert first not in others
    assert len(others) == 3


def test_a_promise_that_moves_earlier_is_no_delay() -> None:
    def matters(before: datetime | None, now: datetime | None) -> bool:
        return Occasion(
            UUID(int=1), NOW, Purpose.ORDER_DELAYED, "A1", promise_time_before=before, promise_time=now
        ).matters

    later = NOW + timedelta(hours=1)
    assert matters(NOW, later)
    assert matters(NOW, None)
    assert matters(None, None)
    assert not matters(later, NOW)
    assert not matters(NOW, NOW)
    assert not matters(None, NOW)


def test_lines_are_named_from_what_the_order_said() -> None:
    order = Order("A1", False, (Line("1", "red", 2), Line("2", "blue", 1)))
    assert order.lines_named(("2",)) == (Line("2", "blue", 1),)
    assert order.lines_named(()) == order.lines
    # A part of a divided line: how many units it has is not known here.
    divided = replace(order, allow_split=True)
    assert divided.lines_named(("1/2", "1")) == (Line("1/2", "red", None), Line("1", "red", None))
