"""How many units are held for whom, which stores are near, and what is listened to."""

import pytest

from onhand.api.stock.v1.events_pb2 import BalanceChanged, BalancesChanged, StockEvent
from onhand.notifications.consumer import WatchList
from onhand.notifications.domain.alerts import Cell, Place, near, units_to_hold

PLACES = [
    Place("amsterdam", 52.374, 4.898),
    Place("utrecht", 52.090, 5.122),
    Place("suva", -18.141, 178.442),
    Place("apia", -13.833, -171.767),
]


@pytest.mark.parametrize(
    ("available", "wanted", "waiting", "per_unit", "held"),
    [
        (3, 0, 1_000, 1, 3),
        (3, 0, 2, 1, 2),
        (3, 2, 1_000, 1, 1),
        (3, 3, 1_000, 1, 0),
        (1, 2, 1_000, 1, 0),
        (5, 0, 5, 2, 3),
        (5, 0, 0, 2, 0),
    ],
)
def test_no_more_is_held_than_there_is_and_than_there_are_people_for(
    available: int, wanted: int, waiting: int, per_unit: int, held: int
) -> None:
    assert units_to_hold(Cell("i", "s", available), wanted, waiting, per_unit) == held


def test_stores_in_a_circle_are_named_nearest_first_also_across_the_date_line() -> None:
    assert near(PLACES, 52.1, 5.1, 50_000) == ["utrecht", "amsterdam"]
    assert near(PLACES, 52.1, 5.1, 10_000) == ["utrecht"]
    assert near(PLACES, -18.0, -179.9, 200_000) == ["suva"]
    assert near(PLACES, 0, 0, 100_000) == []


class Watched:
    """What somebody waits for, as the tables would say."""

    def __init__(self, *items: str) -> None:
        self._items = frozenset(items)

    async def watched(self) -> frozenset[str]:
        return self._items


def change(item_id: str, before: int, after: int) -> bytes:
    return StockEvent(balance_changed=cell(item_id, before, after)).SerializeToString()


def cell(item_id: str, before: int, after: int) -> BalanceChanged:
    return BalanceChanged(item_id=item_id, location_id="s", available_before=before, available_after=after)


async def test_only_what_comes_and_what_is_gone_of_watched_items_is_worth_a_transaction() -> None:
    watch_list = WatchList(Watched("i1"))  # type: ignore[arg-type]
    assert watch_list.wants(change("i2", 0, 3)), "as long as nothing is known, everything may matter"
    await watch_list.refresh()
    assert watch_list.wants(change("i1", 0, 3))
    assert watch_list.wants(change("i1", 3, 0))
    assert not watch_list.wants(change("i1", 3, 2))
    assert not watch_list.wants(change("i2", 0, 3))
    several = StockEvent(
        balances_changed=BalancesChanged(changes=[cell("i1", 3, 2), cell("i2", 0, 3), cell("i1", 0, 7)])
    )
    assert [each.available_after for each in watch_list.wanted(several)] == [7]
