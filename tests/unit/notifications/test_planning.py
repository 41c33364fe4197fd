"""When somebody may be disturbed, how often, and by what: against models that count minute by minute."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from onhand.notifications.domain.contacts import (
    Address,
    Consent,
    Contact,
    Identity,
    Kind,
    Profile,
    Proof,
    Topic,
)
from onhand.notifications.domain.journeys import Journey, Step
from onhand.notifications.domain.messages import Channel
from onhand.notifications.domain.occasions import Purpose
from onhand.notifications.domain.planning import Cap, NotSent, Plan, QuietHours, Rules, plan

NIGHT = QuietHours(time(21), time(8))
ZONES = [
    "Europe/Amsterdam",
    "America/New_York",
    "Australia/Lord_Howe",  # its clock jumps by half an hour
    "America/St_Johns",
    "Asia/Kathmandu",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Pacific/Apia",
    "Africa/Casablanca",
    "UTC",
]
JUMPS = [
    datetime(2026, 3, 29, 0, tzinfo=UTC),
    datetime(2026, 10, 25, 0, tzinfo=UTC),
    datetime(2026, 3, 8, 6, tzinfo=UTC),
    datetime(2026, 11, 1, 5, tzinfo=UTC),
    datetime(2026, 4, 4, 14, tzinfo=UTC),
    datetime(2026, 10, 3, 15, tzinfo=UTC),
    datetime(2011, 12, 30, 9, tzinfo=UTC),  # Samoa crosses the date line
]
TIMES = st.builds(time, st.integers(0, 23), st.sampled_from([0, 30]))


@given(st.sampled_from(JUMPS), st.integers(-1_500, 1_500), st.sampled_from(ZONES), TIMES, TIMES)
@example(JUMPS[0], 0, "Europe/Amsterdam", time(21), time(2, 30))  # the end lies in the hour that is left out
@example(JUMPS[1], 0, "Europe/Amsterdam", time(21), time(2, 30))  # the end comes twice
@example(JUMPS[6], -120, "Pacific/Apia", time(21), time(8))  # the morning that never came
def test_quiet_hours_end_at_the_first_minute_that_the_clock_on_the_wall_allows(
    near: datetime, minutes: int, zone_name: str, start: time, end: time
) -> None:
    quiet, zone = QuietHours(start, end), ZoneInfo(zone_name)
    now = near + timedelta(minutes=minutes)

    def is_quiet(at: datetime) -> bool:
        wall = at.astimezone(zone)
        minute, first, last = (each.hour * 60 + each.minute for each in (wall, start, end))
        span = range(first, last) if first <= last else (*range(first, 1_440), *range(last))
        return minute in span

    expected = now
    while is_quiet(expected):
        expected += timedelta(minutes=1)
    assert quiet.over(now, zone) == expected


def test_a_night_is_a_night_where_the_reader_is() -> None:
    noon = datetime(2026, 6, 5, 12, tzinfo=UTC)
    assert NIGHT.over(noon, ZoneInfo("Europe/Amsterdam")) == noon
    # 00:00 in Auckland, and 02:00 the next day in Kiritimati, on the other side of the date line from Pago Pago.
    assert NIGHT.over(noon, ZoneInfo("Pacific/Auckland")) == noon + timedelta(hours=8)
    assert NIGHT.over(noon, ZoneInfo("Pacific/Kiritimati")) == noon + timedelta(hours=6)
    assert NIGHT.over(noon, ZoneInfo("Pacific/Pago_Pago")) == noon + timedelta(hours=7)


@given(st.lists(st.integers(0, 300), max_size=40), st.integers(1, 4), st.integers(1, 60))
def test_no_span_of_the_length_of_a_cap_ever_holds_more_whatever_came_first(
    minutes: list[int], count: int, span: int
) -> None:
    start, cap = datetime(2026, 6, 5, tzinfo=UTC), Cap(count, timedelta(minutes=span))
    sent: list[datetime] = []
    for minute in minutes:
        at = start + timedelta(minutes=minute)
        if cap.allows(at, sent):
            sent.append(at)
    for each in sent:
        assert sum(each <= other < each + cap.span for other in sent) <= count
    # Who was told nothing of late is told.
    assert cap.allows(start + timedelta(days=1), sent)


PHONE = Address(Kind.PHONE, "+31612345678", False, address_id=uuid4())
EMAIL = Address(Kind.EMAIL, "jane@shop.example", False, address_id=uuid4())
OTHER = Address(Kind.EMAIL, "jane@work.example", True, address_id=uuid4())
NOW = datetime(2026, 6, 5, 22, tzinfo=UTC)
ALL = frozenset({Channel.EMAIL, Channel.SMS, Channel.PUSH})


def rules(usable: frozenset[Channel] = ALL) -> Rules:
    return Rules(usable, NIGHT, ZoneInfo("UTC"), {})


def contact(*addresses: Address, consents: tuple[Consent, ...] = (), **profile: Any) -> Contact:
    identity = Identity(uuid4(), Profile("crm", "7", **profile), addresses, NOW)
    return Contact(uuid4(), (identity,), consents, NOW)


def consent(address: Address, channel: Channel, topic: Topic, *, granted: bool) -> Consent:
    proof = Proof("web", "", "")
    return Consent(uuid4(), address.address_id, channel, topic, granted, proof, NOW, NOW, "test")


def journey(topic: Topic = Topic.ORDER) -> Journey:
    return Journey("test", topic, Purpose.ORDER_READY, (Step(Purpose.ORDER_READY),))


def test_the_first_channel_that_leads_somewhere_is_taken_and_waits_for_the_morning() -> None:
    one = contact(PHONE, EMAIL)
    assert plan(one, (), journey(), rules(), NOW) == Plan(Channel.SMS, PHONE, NOW + timedelta(hours=10))
    assert plan(one, (), journey(), rules(), NOW, without={Channel.SMS}) == Plan(Channel.EMAIL, EMAIL, NOW)
    assert plan(one, (), journey(), rules(frozenset({Channel.EMAIL})), NOW) == Plan(Channel.EMAIL, EMAIL, NOW)
    assert plan(contact(), (), journey(), rules(), NOW) is None


def test_a_persons_wish_goes_before_the_journeys_order_and_may_leave_out_all() -> None:
    wish = ((Topic.ORDER, (Channel.EMAIL, Channel.SMS)),)
    found = plan(contact(PHONE, EMAIL, preferences=wish), (), journey(), rules(), NOW)
    assert isinstance(found, Plan)
    assert found.channel is Channel.EMAIL
    assert plan(contact(PHONE, EMAIL, preferences=((Topic.ORDER, ()),)), (), journey(), rules(), NOW) is None


def test_an_order_is_told_of_at_the_address_that_came_with_it() -> None:
    one = contact(OTHER, EMAIL)
    for first in (OTHER, EMAIL):
        found = plan(one, (first.address_id,), journey(), rules(), NOW)
        assert isinstance(found, Plan)
        assert found.address == first


def test_nothing_passes_a_refusal_and_the_next_channel_is_another_question() -> None:
    no = consent(PHONE, Channel.SMS, Topic.ORDER, granted=False)
    found = plan(contact(PHONE, EMAIL, consents=(no,)), (), journey(), rules(), NOW)
    assert found == Plan(Channel.EMAIL, EMAIL, NOW)
    assert plan(contact(PHONE, consents=(no,)), (), journey(), rules(), NOW) == NotSent(
        Channel.SMS, PHONE, "they have not agreed to it"
    )


@pytest.mark.parametrize("topic", [Topic.ALERT, Topic.MARKETING])
def test_what_needs_consent_goes_nowhere_without_it(topic: Topic) -> None:
    assert isinstance(plan(contact(PHONE, EMAIL), (), journey(topic), rules(), NOW), NotSent)
    yes = consent(EMAIL, Channel.EMAIL, topic, granted=True)
    found = plan(contact(PHONE, EMAIL, consents=(yes,)), (), journey(topic), rules(), NOW)
    assert found == Plan(Channel.EMAIL, EMAIL, NOW)
