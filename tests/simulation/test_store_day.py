"""A real store's day in order, shuffled within the lateness limit, and with every batch twice."""

from datetime import timedelta
from random import Random

import pytest
from tests.properties.test_reads_order import Arrivals, delayed, twice
from tests.simulation.shop import PureShop
from tests.simulation.store_day import StoreDay
from tests.simulation.test_reference_world import assert_books_are_true

from onhand.stock.domain.model import Reason
from onhand.stock.domain.reads import Rules


def after(day: StoreDay, arrivals: Arrivals) -> PureShop:
    shop = PureShop(day, Rules(), day.items)
    shop.play(arrivals)
    end = max(at for at, _ in arrivals)
    for minutes in range(0, 40, 2):
        shop.tick(end + timedelta(minutes=minutes))
    return shop


@pytest.mark.parametrize(
    "baskets", [pytest.param(25, id="short"), pytest.param(None, marks=pytest.mark.long, id="whole")]
)
def test_a_store_day_ends_in_the_same_books_whatever_the_line_does_to_it(baskets: int | None) -> None:
    day = StoreDay(1, baskets=baskets)
    arrivals = list(day.run())
    in_order = after(day, arrivals)
    sold = [each for each in in_order.movements if each.reason is Reason.SOLD]
    assert len(sold) == day.units_sold >= 50
    assert_books_are_true(in_order)
    for other in (delayed(arrivals, Random(1), 20), twice(arrivals, Random(1), 20)):
        shop = after(day, other)
        assert shop.balances() == in_order.balances()
        assert shop.states() == in_order.states()
        assert_books_are_true(shop)
