"""A day of the real tills: its baskets as orders, while the same goods sell over the counter."""

import hashlib
import os
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path
from random import Random

import pytest

from onhand.demo import data, world
from onhand.demo.run import divide
from onhand.routing.domain.cost import Cell, Demand, Option, Question
from onhand.routing.domain.exchange import at_hand
from onhand.routing.domain.lifecycle import FulfilmentMethod
from onhand.routing.domain.order import Position
from onhand.routing.domain.policy import Policy
from onhand.routing.domain.wave import WaveOrder
from onhand.routing.stock import distance_metres

DAY = date(2017, 11, 22)
WITHIN_S = 1_800


def plan_of_day(day: date, stores: int, seed: int) -> list[tuple[str, str, int]]:
    """Plan all orders of a day, shipped from its stores: (order and line, location, units)."""
    loaded = data.load(day, stores, None)
    built = world.build(loaded, Random(seed))
    ordered, _ = divide(loaded.baskets, built, 1.0, Random(seed))
    random = Random(seed)
    orders = [_wave_order(basket, built, random) for basket in ordered]
    return [
        (f"{ordered[each.order].basket_id}/{portion.line_id}", portion.location_id, portion.quantity)
        for each in at_hand(orders)
        for portion in each.portions
    ]


def _wave_order(basket: data.Basket, built: world.World, random: Random) -> WaveOrder:
    home = random.choice(built.stores[world.location_id(basket.store_id)].neighbours)
    wanted = {world.item_id(line.product_id): min(line.quantity, 10) for line in basket.lines}
    options = tuple(
        Option(
            location_id,
            distance_metres=distance_metres(
                Position(store.place.latitude, store.place.longitude), Position(home.latitude, home.longitude)
            ),
            cells={item: Cell(built.opening.get((location_id, item), 0), 1.0) for item in wanted},
        )
        for location_id, store in built.stores.items()
    )
    demands = tuple(
        Demand(str(number), item, units) for number, (item, units) in enumerate(wanted.items(), 1)
    )
    return WaveOrder(Question(FulfilmentMethod.SHIP, demands, options, allow_split=True), Policy())


def digest_in_a_process_of_its_own(seed: int, hash_seed: str) -> str:
    """Sets and hashes of texts fall out otherwise there."""
    done = subprocess.run(
        [sys.executable, __file__, DAY.isoformat(), str(seed)],
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=True,
    )
    return done.stdout.strip()


def test_the_same_seed_gives_the_same_plan_in_every_process() -> None:
    first = digest_in_a_process_of_its_own(7, "1")
    assert len(first) == 64
    assert digest_in_a_process_of_its_own(7, "2") == first
    assert digest_in_a_process_of_its_own(8, "1") != first


def test_the_plan_of_a_day_takes_no_unit_twice() -> None:
    loaded = data.load(DAY, 3, None)
    built = world.build(loaded, Random(7))
    items = {
        f"{basket.basket_id}/{number}": world.item_id(line.product_id)
        for basket in divide(loaded.baskets, built, 1.0, Random(7))[0]
        for number, line in enumerate(basket.lines, 1)
    }
    taken: Counter[tuple[str, str]] = Counter()
    for name, location_id, units in plan_of_day(DAY, 3, 7):
        taken[location_id, items[name]] += units
    assert taken
    assert all(units <= built.opening.get(key, 0) for key, units in taken.items())


@pytest.mark.long
def test_a_whole_day_with_failing_picks_and_stores_that_close(tmp_path: Path) -> None:
    """Every claim of the demo: all orders end, nothing is oversold, 99 % of promises are kept."""
    arguments = f"demo --once --day {DAY} --stores 32 --seconds 180 --orders 0.6 --fail 0.05 --closing 0.02 --ready 90"
    done = subprocess.run(
        [sys.executable, "-m", "onhand", *arguments.split()],
        env=os.environ | {"TMPDIR": str(tmp_path), "COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "closes at noon" in done.stdout


if __name__ == "__main__":
    plan = plan_of_day(date.fromisoformat(sys.argv[1]), 3, int(sys.argv[2]))
    sys.stdout.write(hashlib.sha256(repr(plan).encode()).hexdigest())
