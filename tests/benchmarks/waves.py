"""Reference waves: orders spread over a country like their stores, few items popular, stock as tight as said."""

from dataclasses import dataclass
from math import hypot
from random import Random

from onhand.routing.domain.cost import Cell, Demand, Option, Question
from onhand.routing.domain.lifecycle import FulfilmentMethod
from onhand.routing.domain.policy import Capacity, Policy
from onhand.routing.domain.wave import WaveOrder

KM_ACROSS = 1000


@dataclass(frozen=True)
class Kind:
    supply: float
    """Units in all stores together for each unit ordered, item by item."""
    orders_per_day: int = 0
    """Capacity of each store; 0: no limit."""


KINDS = {"ample": Kind(4), "tight": Kind(1.5), "busy": Kind(2, orders_per_day=7)}


def wave(kind: Kind, orders: int, stores: int, seed: int = 1, items: int = 300) -> list[WaveOrder]:
    """Make a wave; the same arguments make the same."""
    random = Random(seed)
    baskets = [
        sorted({min(items, int(random.paretovariate(0.9))) for _ in range(random.choice((1, 1, 1, 2, 2, 3)))})
        for _ in range(orders)
    ]
    wanted = [0] * (items + 1)
    for basket in baskets:
        for item in basket:
            wanted[item] += 1
    places = [(random.uniform(0, KM_ACROSS), random.uniform(0, KM_ACROSS)) for _ in range(stores)]
    units: list[dict[str, int]] = [{} for _ in range(stores)]
    for item, count in enumerate(wanted):
        for _ in range(round(count * kind.supply)):
            of_store = units[random.randrange(stores)]
            of_store[f"i{item}"] = of_store.get(f"i{item}", 0) + 1
    cells = [
        {item_id: Cell(count, round(random.uniform(0.6, 1), 2)) for item_id, count in each.items()}
        for each in units
    ]
    policy = Policy(capacity=Capacity(kind.orders_per_day))
    return [_order(random, basket, places, cells, policy) for basket in baskets]


def _order(
    random: Random,
    basket: list[int],
    places: list[tuple[float, float]],
    cells: list[dict[str, Cell]],
    policy: Policy,
) -> WaveOrder:
    x, y = random.uniform(0, KM_ACROSS), random.uniform(0, KM_ACROSS)
    options = tuple(
        Option(f"s{number:03}", "", round(1000 * hypot(left - x, up - y)), cells[number])
        for number, (left, up) in enumerate(places)
    )
    demands = tuple(Demand(str(number), f"i{item}", 1) for number, item in enumerate(basket))
    return WaveOrder(Question(FulfilmentMethod.SHIP, demands, options, allow_split=True), policy)
