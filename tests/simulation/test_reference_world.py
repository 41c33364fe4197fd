"""The decisions on reads, measured on a shop of which the truth is known.

The figures are printed (`pytest -s`, or the report of a failure) and are those that `docs/reads.md` tells.
"""

from dataclasses import replace

import pytest
from tests.simulation.measure import play
from tests.simulation.shop import PureShop
from tests.simulation.world import Size, World

from onhand.stock.domain.model import COUNTED, TAGGABLE
from onhand.stock.domain.reads import Rules

REFERENCE = Size(tags=240, neighbour_tags=60)
SEED = 1


def assert_books_are_true(shop: PureShop) -> None:
    """What `onhand audit` proves of the database."""
    for key, cell in shop.cells.items():
        for bucket, units in cell.buckets.items():
            moved = sum(
                each.quantity * ((each.to_bucket is bucket) - (each.from_bucket is bucket))
                for each in shop.movements
                if each.key == key
            )
            assert units == moved, (key, bucket)
        tags = sum(
            tag.location_id == key.location_id and tag.item_id == key.item_id and tag.state in COUNTED
            for tag in shop.tags.values()
        )
        assert cell.unidentified == sum(cell.buckets.get(each, 0) for each in TAGGABLE) - tags, key


def test_the_reference_world_is_told_right() -> None:
    world = World(SEED, REFERENCE)
    shop = PureShop(world, Rules())
    figures = play(world, shop)
    print(f"\n{figures}")
    assert_books_are_true(shop)
    assert figures.presence >= 0.99
    assert figures.zone >= 0.96
    assert figures.false_moves_a_thousand_tag_hours <= 1


@pytest.mark.long
def test_other_days_are_told_as_right() -> None:
    """Ten days, together: one day has too few false moves to count."""
    days = []
    for seed in range(10):
        world = World(seed, replace(REFERENCE, hours=12))
        shop = PureShop(world, Rules())
        days.append(play(world, shop))
        print(f"\nseed {seed}\n{days[-1]}")
        assert_books_are_true(shop)
    hours = sum(day.tag_hours for day in days)
    false_moves = 1000 * sum(len(day.false_moves) for day in days) / hours
    print(f"\nall: {false_moves:.2f} false moves a thousand tag-hours in {hours:,.0f}")
    assert min(day.presence for day in days) >= 0.99
    assert min(day.zone for day in days) >= 0.96
    assert false_moves <= 1
