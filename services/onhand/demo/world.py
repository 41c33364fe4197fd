"""What the till data do not have, derived by rules that give the same world every time.

- A product's GTIN is a GTIN-13 under GS1's own example prefix 0614141. Its item reference is the product's
  number modulo 100,000; when that is taken by a smaller product number, the next free one upwards.
- Stores lie in Ohio, Indiana and Kentucky. All stores of the chain, by rising number, get the postal code
  at `number × 7919 modulo` the count of codes, in the order of the codes; when taken, the next free one.
- Tagged are the departments where chains tag: general merchandise, and fresh meat, bakery and deli.
- In the morning a store has, of each product it sells that day, what it sells and some units more; of one in
  eight, one unit less. Products that at least three of the stores sell lie in all of them.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from onhand.demo.data import Basket, DataError, Day, Product
from onhand.stock.domain.epc import check_digit, encode_sgtin96, to_binary

COMPANY_PREFIX = "0614141"
REFERENCES = 100_000
"""Item references that the prefix leaves: five digits."""
POINT_OF_SALE_ITEM = 1
"""Filter value of an SGTIN (TDS 2.3 §10.2)."""
TAGGED_DEPARTMENTS = frozenset(
    {
        "DRUG GM",
        "COSMETICS",
        "GARDEN CENTER",
        "TOYS",
        "HOUSEWARES",
        "PHOTO & VIDEO",
        "AUTOMOTIVE",
        "ELECT &PLUMBING",
        "MEAT",
        "MEAT-PCKGD",
        "PASTRY",
        "DELI",
    }
)
STATES = frozenset({"OH", "IN", "KY"})
STEP = 7919
"""A prime, so that neighbours by number are not neighbours on the map."""
SHORT_SHARE = 1 / 8
COMMON_STORES = 3
NEAR_COUNT = 12
"""Postal codes around a store that its customers live in."""


@dataclass(frozen=True, slots=True)
class Place:
    postal_code: str
    city: str
    state: str
    latitude: float
    longitude: float
    time_zone: str


@dataclass(frozen=True, slots=True)
class Item:
    item_id: str
    gtin: str
    title: str
    style_id: str
    size: str
    item_class: str
    tagged: bool


@dataclass(frozen=True, slots=True)
class Store:
    location_id: str
    place: Place
    neighbours: tuple[Place, ...]
    """Nearest postal codes, where its customers live."""


@dataclass(frozen=True)
class World:
    stores: Mapping[str, Store]
    items: Mapping[str, Item]
    """Items of the day that are on the chain's list."""
    gtins: Mapping[int, str]
    """Of every product of the day, also of those that are not on the list."""
    opening: Mapping[tuple[str, str], int]
    """Units in the morning, by location and item."""

    @property
    def cells(self) -> Sequence[tuple[str, str]]:
        return list(self.opening)


def build(day: Day, random: Random) -> World:
    """Derive the world of a day."""
    sold = {line.product_id for basket in day.baskets for line in basket.lines}
    missing = sorted(sold - day.products.keys())
    all_gtins = gtins([*sorted(day.products), *missing])
    items = {
        item_id(product_id): item_of(day.products[product_id], all_gtins[product_id])
        for product_id in sorted(sold & day.products.keys())
    }
    codes = places()
    of_store = spread(day.all_store_ids, codes)
    stores = {
        location_id(store_id): Store(location_id(store_id), place, nearest(place, codes))
        for store_id in day.store_ids
        for place in [of_store[store_id]]
    }
    opening = opening_stock(day.baskets, items, list(stores), random)
    return World(stores, items, {each: all_gtins[each] for each in sold}, opening)


def item_id(product_id: int) -> str:
    return str(product_id)


def location_id(store_id: int) -> str:
    return f"S{store_id}"


def gtins(product_ids: Iterable[int]) -> dict[int, str]:
    """Give each product its GTIN-13; DataError when there are more than the prefix has references."""
    given: dict[int, str] = {}
    towards_free = list(range(REFERENCES))
    """Of each reference, itself while it is free, then one nearer to the next free one."""
    for product_id in product_ids:
        if len(given) == REFERENCES:
            raise DataError(f"more than {REFERENCES} products do not fit under one company prefix")
        reference = product_id % REFERENCES
        while towards_free[reference] != reference:
            # Shortened on the way (path halving): the list fills 92 of 100 references, in long runs.
            towards_free[reference] = towards_free[towards_free[reference]]
            reference = towards_free[reference]
        towards_free[reference] = (reference + 1) % REFERENCES
        body = f"{COMPANY_PREFIX}{reference:05d}"
        given[product_id] = body + check_digit(body)
    return given


def tag(gtin: str, serial: int) -> bytes:
    """Return the EPC memory of one unit: SGTIN-96, an item for the point of sale."""
    return to_binary(encode_sgtin96(gtin, len(COMPANY_PREFIX), serial, POINT_OF_SALE_ITEM))


def item_of(product: Product, gtin: str) -> Item:
    title = (product.kind or product.category or product.department).title()
    return Item(
        item_id(product.product_id),
        gtin,
        title=title or f"Product {product.product_id}",
        style_id=f"{product.manufacturer_id} {product.kind}"[:64].strip(),
        size=product.size,
        item_class=product.department,
        tagged=product.department in TAGGED_DEPARTMENTS,
    )


def places() -> list[Place]:
    """Return the postal codes that stores may lie in, rising."""
    try:
        import zipcodes
    except ImportError:
        raise DataError("the demo's data are not installed: pip install 'onhand[demo]'") from None
    found = [
        Place(
            each["zip_code"],
            each["city"],
            each["state"],
            float(each["lat"]),
            float(each["long"]),
            each["timezone"],
        )
        for each in zipcodes.list_all()  # type: ignore[no-untyped-call]
        if each["state"] in STATES and each["zip_code_type"] == "STANDARD" and each["active"]
    ]
    return sorted(found, key=lambda place: place.postal_code)


def spread(store_ids: Iterable[int], codes: Sequence[Place]) -> dict[int, Place]:
    """Give each store a place of its own."""
    taken: set[int] = set()
    given = {}
    for store_id in store_ids:
        index = store_id * STEP % len(codes)
        while index in taken:
            index = (index + 1) % len(codes)
        taken.add(index)
        given[store_id] = codes[index]
    return given


def nearest(place: Place, codes: Sequence[Place]) -> tuple[Place, ...]:
    """Return the postal codes around a place; so near each other a flat map is right enough."""

    def squared(other: Place) -> float:
        north = other.latitude - place.latitude
        east = (other.longitude - place.longitude) * 0.77  # cosine of 40° north
        return north * north + east * east

    return tuple(sorted(codes, key=squared)[:NEAR_COUNT])


def opening_stock(
    baskets: Iterable[Basket], items: Mapping[str, Item], location_ids: Sequence[str], random: Random
) -> dict[tuple[str, str], int]:
    """Decide what lies where in the morning."""
    demand: Counter[tuple[str, str]] = Counter()
    sellers: defaultdict[str, set[str]] = defaultdict(set)
    for basket in baskets:
        for line in basket.lines:
            key = location_id(basket.store_id), item_id(line.product_id)
            if key[1] in items:
                demand[key] += line.quantity
                sellers[key[1]].add(key[0])
    opening = {}
    for key, units in sorted(demand.items()):
        more = random.randint(1, 2 + units // 2)
        opening[key] = max(1, units - 1) if random.random() < SHORT_SHARE else units + more
    for item, selling in sorted(sellers.items()):
        if len(selling) >= min(COMMON_STORES, len(location_ids)):
            for location in location_ids:
                opening.setdefault((location, item), random.randint(1, 3))
    return opening
