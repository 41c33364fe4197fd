"""The rules that make till rows a day."""

from datetime import date, datetime
from typing import Any

import pytest

from onhand.demo import data
from onhand.demo.data import BUSY_DAY, DataError, Product, TillLine, fault_of, group, load

MILK = Product(1, 2, "GROCERY", "MILK", "WHOLE MILK", "1 GAL")
PETROL = Product(3, 2, "FUEL", "FUEL", "REGULAR", "")


def row(basket: int, product: int, quantity: int, hour: int = 9, store: int = 5) -> dict[str, Any]:
    return {
        "store_id": store,
        "basket_id": basket,
        "household_id": 7,
        "product_id": product,
        "quantity": quantity,
        "transaction_timestamp": datetime(2017, 12, 23, hour, 30),  # noqa: DTZ001 - a till tells its own local time
    }


@pytest.mark.parametrize(
    ("quantity", "product", "fault"),
    [
        (1, MILK, ""),
        (100, MILK, ""),
        (0, MILK, "quantity 0"),
        (-1, MILK, "quantity 0"),
        (101, MILK, "sold by volume"),
        (89_638, PETROL, "sold by volume"),
        (1, PETROL, "no goods"),
        (1, None, ""),
    ],
)
def test_a_row_that_is_no_units_of_goods_is_told_why(
    quantity: int, product: Product | None, fault: str
) -> None:
    assert fault_of(quantity, product) == fault


def test_rows_become_baskets_in_the_order_of_time_and_faults_are_counted() -> None:
    rows = [row(2, 1, 3, hour=17), row(1, 1, 1), row(1, 99, 2), row(1, 1, 0), row(9, 1, 1, store=6)]
    baskets, faults = group(rows, {5}, {1: MILK})
    assert [each.basket_id for each in baskets] == [1, 2]
    assert baskets[0].lines == (TillLine(1, 1), TillLine(99, 2))
    assert baskets[1].second == 17 * 3600 + 30 * 60
    assert faults == {"quantity 0": 1}


def test_the_real_day_has_the_busiest_stores_and_nothing_but_goods() -> None:
    day = load(BUSY_DAY, 3)
    assert len(day.store_ids) == 3
    assert {each.store_id for each in day.baskets} == set(day.store_ids)
    assert all(0 < line.quantity <= data.MAX_UNITS for each in day.baskets for line in each.lines)
    assert day.faults["quantity 0"] > 0
    assert len(day.all_store_ids) == 457
    assert len(day.products) == 92_331
    assert [each.second for each in day.baskets] == sorted(each.second for each in day.baskets)


def test_a_day_without_sales_is_refused() -> None:
    with pytest.raises(DataError, match="2017"):
        data.require(date(2020, 1, 1))
    with pytest.raises(DataError, match="2020-01-01"):
        load(date(2020, 1, 1), 3)
