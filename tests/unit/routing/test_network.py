"""Carriers' cut-offs, transit and business days, stores' exceptions and queues, across clock changes."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onhand.api.routing.v1 import network_pb2 as pb
from onhand.kit.errors import InvalidField
from onhand.routing.domain.network import Band, CarrierService, Network, Transit
from onhand.routing.domain.promise import Calendar, Opening, after_work, promise_time
from onhand.routing.messages.network import network_from

AMSTERDAM, NEW_YORK = "Europe/Amsterdam", "America/New_York"
FIVE = CarrierService(
    "post", cut_off_minute=17 * 60, bands=(Band(500, Transit(1, 4.0)), Band(5000, Transit(2)))
)
HOURS = tuple(Opening(day, 9 * 60, 18 * 60) for day in range(1, 8))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("ready", "leaves", "delivered"),
    [
        ("2025-06-04T16:59+02:00", "2025-06-04T17:00+02:00", "2025-06-05"),  # Wednesday
        ("2025-06-04T17:00+02:00", "2025-06-04T17:00+02:00", "2025-06-05"),  # just in time
        ("2025-06-04T17:01+02:00", "2025-06-05T17:00+02:00", "2025-06-06"),
        ("2025-06-06T17:01+02:00", "2025-06-09T17:00+02:00", "2025-06-10"),  # over the week-end
        ("2025-06-06T12:00+02:00", "2025-06-06T17:00+02:00", "2025-06-09"),
        # The cut-off is the location's wall clock: an hour earlier in UTC once clocks went forward.
        ("2025-03-28T17:30+01:00", "2025-03-31T17:00+02:00", "2025-04-01"),
        ("2025-10-24T17:30+02:00", "2025-10-27T17:00+01:00", "2025-10-28"),
    ],
)
def test_a_parcel_leaves_at_the_next_cut_off_and_travels_business_days(
    ready: str, leaves: str, delivered: str
) -> None:
    parcel = Network(carrier_services=(FIVE,)).parcel(at(ready), AMSTERDAM, "NL-3511", "NL-8011", 100)
    assert parcel is not None
    assert parcel.leave_time == at(leaves)
    assert parcel.delivery_date == date.fromisoformat(delivered)
    assert parcel.cost == 4.0


def test_carriers_rest_on_holidays_of_where_they_fetch_and_of_where_they_deliver() -> None:
    christmas = {date(2025, 12, 25): (), date(2025, 12, 26): ()}
    boxing = {date(2025, 12, 29): ()}
    network = Network(region_days={"NL": christmas, "BE": boxing}, carrier_services=(FIVE,))
    wednesday_evening = at("2025-12-24T18:00+01:00")
    parcel = network.parcel(wednesday_evening, AMSTERDAM, "NL-3511", "BE-1000", 200)
    assert parcel is not None
    assert parcel.leave_time == at("2025-12-29T17:00+01:00")
    assert parcel.delivery_date == date(2025, 12, 30)
    early = network.parcel(at("2025-12-24T12:00+01:00"), AMSTERDAM, "NL-3511", "BE-1000", 200)
    assert early is not None
    assert early.delivery_date == date(2025, 12, 25)  # no holiday in BE by this table


def test_the_longest_zone_that_fits_decides_and_distance_where_none_does() -> None:
    zones = {
        ("NL", ""): Transit(1, 5),
        ("NL-35", ""): Transit(1, 4),
        ("NL", "NL"): Transit(2, 3),
        ("BE", "NL-35"): Transit(3, 9),
    }
    service = CarrierService("post", zones=zones, bands=(Band(100, Transit(7, 1)),))
    assert service.transit("NL-1011", "NL-3511", 40) == Transit(1, 4)
    assert service.transit("NL-1011", "NL-9700", 40) == Transit(2, 3)
    assert service.transit("DE-5000", "NL-9700", 40) == Transit(1, 5)
    assert service.transit("NL-3599", "BE-2000", 40) == Transit(3, 9)
    assert service.transit("NL-1011", "BE-2000", 99) == Transit(7, 1)
    assert service.transit("NL-1011", "BE-2000", 101) is None


def test_the_first_to_arrive_carries_and_at_equal_days_the_cheapest() -> None:
    def service(name: str, days: int, cost: float) -> CarrierService:
        return CarrierService(name, bands=(Band(9999, Transit(days, cost)),))

    monday = at("2025-06-02T10:00+02:00")
    slow_and_fast = (service("a", 3, 1), service("b", 1, 9), service("c", 1, 7))
    parcel = Network(carrier_services=slow_and_fast).parcel(monday, AMSTERDAM, "", "", 1)
    assert parcel is not None
    assert (parcel.delivery_date, parcel.cost) == (date(2025, 6, 3), 7)


def test_without_tables_a_parcel_leaves_when_ready_and_distance_tells_the_days() -> None:
    monday = at("2025-06-02T20:00+02:00")
    found = [Network().parcel(monday, AMSTERDAM, "", "", km) for km in (300, 301, 1500, 9000)]
    assert [each and each.leave_time for each in found] == [monday] * 4
    assert [each and each.delivery_date.day for each in found] == [3, 4, 5, 9]


def test_a_day_of_other_hours_takes_the_place_of_the_weekly_ones() -> None:
    network = Network(
        region_days={"NL": {date(2025, 12, 25): (), date(2025, 12, 26): ()}},
        location_days={"airport": {date(2025, 12, 26): ((12 * 60, 14 * 60),)}},
    )
    eve = at("2025-12-24T17:00+01:00")
    for location_id, expected in (("city", "2025-12-27T09:00+01:00"), ("airport", "2025-12-26T12:00+01:00")):
        calendar = network.calendar(Calendar(AMSTERDAM, HOURS), location_id, "NL-1118")
        assert promise_time(eve, timedelta(hours=2), calendar) == at(expected)
    # Also for a location that is always open otherwise.
    always = network.calendar(Calendar(AMSTERDAM), "city", "NL-1118")
    assert promise_time(eve, timedelta(hours=12), always) == at("2025-12-27T00:00+01:00")
    assert network.calendar(Calendar(AMSTERDAM, HOURS), "abroad", "BE-1000").exceptions == {}


@pytest.mark.parametrize(
    ("start", "hours", "expected"),
    [
        ("2025-06-04T10:00+02:00", 3, "2025-06-04T13:00+02:00"),
        ("2025-06-04T17:00+02:00", 3, "2025-06-05T11:00+02:00"),
        ("2025-06-04T17:00+02:00", 12, "2025-06-06T11:00+02:00"),
        ("2025-06-04T20:00+02:00", 0, "2025-06-05T09:00+02:00"),
        ("2025-03-29T17:00+01:00", 2, "2025-03-30T10:00+02:00"),  # clocks go forward in the night
    ],
)
def test_a_queue_is_worked_off_in_opening_hours(start: str, hours: int, expected: str) -> None:
    calendar = Calendar(AMSTERDAM, HOURS)
    assert after_work(at(start), timedelta(hours=hours), calendar) == at(expected)


def test_a_night_shift_works_an_hour_less_when_clocks_go_forward() -> None:
    night = Calendar(AMSTERDAM, tuple(Opening(day, 22 * 60, 30 * 60) for day in range(1, 8)))
    start = at("2025-03-29T22:00+01:00")
    assert after_work(start, timedelta(hours=6), night) == at("2025-03-30T05:00+02:00")
    assert after_work(start, timedelta(hours=7, minutes=30), night) == at("2025-03-30T22:30+02:00")


@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    st.sampled_from([AMSTERDAM, NEW_YORK, "Australia/Lord_Howe", "Asia/Kolkata"]),
    st.lists(st.integers(0, 40), min_size=2, max_size=5).map(sorted),
    st.lists(st.tuples(st.integers(1, 7), st.integers(0, 20), st.integers(1, 6)), max_size=6),
)
def test_more_work_is_never_done_earlier_and_always_while_open(
    start: datetime, zone: str, hours: list[int], spans: list[tuple[int, int, int]]
) -> None:
    calendar = Calendar(
        zone, tuple(Opening(day, 60 * opens, 60 * (opens + long)) for day, opens, long in spans)
    )
    ends = [after_work(start, timedelta(hours=each), calendar) for each in hours]
    assert all(earlier <= later for earlier, later in pairwise(ends))
    assert all(start + timedelta(hours=each) <= end for each, end in zip(hours, ends, strict=True))


def test_tables_of_the_contract_are_read_with_their_defaults() -> None:
    network = network_from(
        pb.Network(
            version=3,
            exceptions=[
                pb.DayException(region_code="NL", date="2025-12-25"),
                pb.DayException(
                    location_id="a", date="2025-12-24", hours=[pb.DaySpan(open_minute=540, close_minute=960)]
                ),
            ],
            pick_lines_per_hour={"a": 12.5},
            carrier_services=[
                pb.CarrierService(
                    carrier_service_id="post",
                    cut_off_minute=1020,
                    collect_days=[1, 2, 3, 4, 5, 6],
                    zones=[pb.ZoneTransit(destination="nl-35", transit_days=1, cost=4)],
                )
            ],
        )
    )
    (service,) = network.carrier_services
    assert network.region_days == {"NL": {date(2025, 12, 25): ()}}
    assert network.location_days == {"a": {date(2025, 12, 24): ((540, 960),)}}
    assert (service.collect_days, service.business_days) == (frozenset(range(1, 7)), frozenset(range(1, 6)))
    assert service.transit("", "NL-3511", 0) == Transit(1, 4)
    assert service.transit("", "NL-9700", 999) == Transit(2)
    with pytest.raises(InvalidField, match="exceptions"):
        network_from(pb.Network(exceptions=[pb.DayException(region_code="NL", date="2025-02-30")]))
