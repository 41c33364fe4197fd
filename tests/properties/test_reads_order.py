"""Reads may come late, in any order and twice: the books are the same in the end."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.simulation.shop import PureShop
from tests.simulation.world import START, Batch, Size, Till, World

from onhand.stock.domain.reads import Rules

SMALL = Size(
    hours=1.0,
    tags=30,
    neighbour_tags=12,
    refills=2,
    tried_on=5,
    sold_by_tag=4,
    sold_by_bar_code=3,
    stolen=2,
    returned=1,
    deliveries=0,
    transferred=1,
    loitering=3,
    rearranged=4,
    foreign=2,
    outages=(),
    skew_s=(),
    late=0,
    twice=0,
)
Arrivals = list[tuple[datetime, Batch | Till]]


def day(seed: int) -> tuple[World, Arrivals]:
    world = World(seed, SMALL)
    return world, list(world.run())


def books_after(world: World, arrivals: Sequence[tuple[datetime, Batch | Till]]) -> PureShop:
    shop = PureShop(world, Rules())
    shop.play(arrivals)
    # Everything has come; what was waited for is decided.
    end = max(at for at, _ in arrivals)
    for minutes in range(0, 180, 2):
        shop.tick(end + timedelta(minutes=minutes))
    return shop


def delayed(arrivals: Arrivals, random: Random, most_s: float) -> Arrivals:
    """Delay each batch of reads on its own, so that they overtake each other; tills are not late."""
    late = [
        (at + timedelta(seconds=random.uniform(0, most_s)) if isinstance(what, Batch) else at, index, what)
        for index, (at, what) in enumerate(arrivals)
    ]
    return [(at, what) for at, _, what in sorted(late, key=lambda each: each[:2])]


def twice(arrivals: Arrivals, random: Random, most_s: float) -> Arrivals:
    again = [
        (at + timedelta(seconds=random.uniform(0, most_s)), what)
        for at, what in arrivals
        if isinstance(what, Batch)
    ]
    return sorted([*arrivals, *again], key=lambda each: each[0])


# A day is a day whatever its seed: a smaller one tells no more.
@settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(seed=st.integers(0, 10_000), order=st.integers(0, 10_000))
@pytest.mark.long
def test_a_day_in_order_shuffled_and_sent_twice_ends_in_the_same_books(seed: int, order: int) -> None:
    world, arrivals = day(seed)
    in_order = books_after(world, arrivals)
    assert in_order.movements
    # A batch is posted a few seconds after its first read: the rest of the lateness limit is the line's.
    for other in (delayed(arrivals, Random(order), 20), twice(arrivals, Random(order), 20)):
        shop = books_after(world, other)
        assert shop.balances() == in_order.balances()
        assert shop.states() == in_order.states()


def test_the_day_has_something_to_get_wrong() -> None:
    """The property would hold of a day in which nothing happens."""
    world, arrivals = day(1)
    shop = books_after(world, arrivals)
    assert {each.reason.name for each in shop.movements} >= {"APPEARED", "SOLD", "LEFT"}
    assert arrivals[0][0] - START < timedelta(minutes=1)
    assert len({event.tag.epc for event in shop.tag_events if event.state_before is event.tag.state}) >= 5
