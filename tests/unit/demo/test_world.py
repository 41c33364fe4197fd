"""The derived part of the world: the same every time, and valid by the standards."""

from datetime import date
from itertools import chain
from random import Random

import pytest

from onhand.demo import world
from onhand.demo.data import Basket, DataError, Day, Product, TillLine
from onhand.demo.run import divide, fill
from onhand.demo.world import COMPANY_PREFIX, Place, build, gtins, opening_stock, spread, tag
from onhand.stock.domain.epc import decode_binary, to_gtin14

SOAP = Product(100_001, 4, "COSMETICS", "SOAP", "BAR SOAP", "3 OZ")
BREAD = Product(200_001, 5, "GROCERY", "BREAD", "WHITE BREAD", "20 OZ")


def basket(number: int, store: int, *lines: TillLine) -> Basket:
    return Basket(number, store, 1, number, lines)


@pytest.fixture
def day() -> Day:
    baskets = tuple(
        basket(number, 1 + number % 3, TillLine(100_001, 1), TillLine(200_001, 2), TillLine(7, 1))
        for number in range(30)
    )
    products = {each.product_id: each for each in (SOAP, BREAD)}
    return Day(date(2017, 12, 23), (1, 2, 3), (1, 2, 3, 4), baskets, products, {})


def test_gtins_are_valid_unique_and_repeatable() -> None:
    product_ids = [*range(1, 90_000), *range(1_000_000, 1_009_000)]
    given = gtins(product_ids)
    assert gtins(product_ids) == given
    assert len(set(given.values())) == len(product_ids)
    for gtin in given.values():
        assert gtin.startswith(COMPANY_PREFIX)
        assert len(gtin) == 13
        to_gtin14(gtin)  # raises on a wrong check digit


def test_products_with_the_same_reference_get_the_next_free_one() -> None:
    given = gtins([5, 100_005, 100_006, 200_005])
    references = [gtin[7:12] for gtin in given.values()]
    assert references == ["00005", "00006", "00007", "00008"]


def test_the_reference_after_the_last_is_the_first() -> None:
    assert [gtin[7:12] for gtin in gtins([99_999, 199_999]).values()] == ["99999", "00000"]


def test_more_products_than_references_are_refused() -> None:
    with pytest.raises(DataError, match="100000"):
        gtins(range(100_001))


def test_a_tag_says_its_gtin_and_serial() -> None:
    gtin = gtins([818_980])[818_980]
    epc = decode_binary(tag(gtin, 42))
    assert (epc.gs1_key, epc.serial, epc.filter) == (to_gtin14(gtin), "42", 1)
    assert epc.pure_identity_uri.startswith("urn:epc:id:sgtin:0614141.")


def test_every_store_has_a_place_of_its_own() -> None:
    codes = [Place(str(number), "", "OH", 40.0, -80.0, "America/New_York") for number in range(10)]
    given = spread(range(10), codes)
    assert len(set(given.values())) == 10
    assert spread(range(10), codes) == given


def test_the_real_places_lie_where_they_should() -> None:
    found = world.places()
    assert {each.state for each in found} == {"OH", "IN", "KY"}
    assert {"America/New_York", "America/Chicago"} <= {each.time_zone for each in found}
    assert all(35 < each.latitude < 43 and -90 < each.longitude < -80 for each in found)


def test_the_same_seed_makes_the_same_world(day: Day) -> None:
    built = build(day, Random(3))
    assert build(day, Random(3)) == built
    assert set(built.items) == {"100001", "200001"}
    assert built.items["100001"].tagged
    assert not built.items["200001"].tagged
    assert set(built.gtins) == {7, 100_001, 200_001}


def test_stores_open_with_about_what_they_sell(day: Day) -> None:
    items = build(day, Random(3)).items
    opening = opening_stock(day.baskets, items, ["S1", "S2", "S3"], Random(3))
    assert set(opening) == {(store, item) for store in ("S1", "S2", "S3") for item in items}
    for (_, item), units in opening.items():
        sold = 10 if item == "100001" else 20
        assert sold - 1 <= units <= sold + 2 + sold // 2


def test_what_three_stores_sell_lies_in_all(day: Day) -> None:
    items = build(day, Random(3)).items
    opening = opening_stock(day.baskets, items, ["S1", "S2", "S3", "S4"], Random(3))
    assert 1 <= opening["S4", "200001"] <= 3


def test_all_that_opens_lies_on_a_shelf_and_every_tag_is_one_of_its_kind(day: Day) -> None:
    built = build(day, Random(3))
    shelves, untagged = fill(built, Random(3))
    for (location_id, item_id), units in built.opening.items():
        assert shelves[location_id].count(item_id) == units
    epcs = [epc for shelf in shelves.values() for epc in shelf.zones]
    assert (
        len(set(epcs))
        == len(epcs)
        == sum(units for (_, item_id), units in built.opening.items() if built.items[item_id].tagged)
    )
    assert all(not built.items[item_id].tagged for _, item_id in untagged)


def test_dividing_baskets_loses_no_line(day: Day) -> None:
    built = build(day, Random(3))
    ordered, bought = divide(day.baskets, built, 0.5, Random(3))
    assert ordered
    lines = [line for each in [*ordered, *chain(*bought.values())] for line in each.lines]
    assert sorted(lines, key=repr) == sorted((line for each in day.baskets for line in each.lines), key=repr)
    assert all(line.product_id != 7 for each in ordered for line in each.lines)
