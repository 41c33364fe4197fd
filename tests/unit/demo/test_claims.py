"""Every claim can fail: each wrong number is noticed by the claim that it belongs to, and by no other."""

from dataclasses import replace
from typing import Any

import pytest

from onhand.demo.claims import Cell, Facts, Flows, Promises, judge, oversold
from onhand.demo.last_unit import Race
from onhand.demo.tally import ReadTally

KEY = ("S1", "100")
CELL = Cell(on_hand=4, unavailable=1, reserved=0, committed=1, safety_stock=0, available=2)
FLOWS = Flows(on_hand=4, came=10, sold=5, handed_over=1)
GOOD = Facts(
    reads=ReadTally(posted=100, accepted=10, repeated=85, refused=2, ignored=3, faulty=2),
    units_sold=5,
    units_handed_over=1,
    cells={KEY: CELL},
    flows={KEY: FLOWS},
    shelf={KEY: 4},
    live_differs=[],
    unknown_tags=0,
    races=[Race("S1", "100", available=2, won=2, refused=58)],
    orders={"W-1": "collected", "W-2": "shipped", "W-3": "cancelled"},
    collected_codes={"W-1"},
    promises=Promises(kept=99, broken=1, withdrawn=2),
    messages_sent=3,
    messages_unsent=0,
    mails=3,
    deliveries=3,
    audit_code=0,
    audit_said="audit: 0 findings",
    failures=[],
)
WRONG: list[tuple[str, dict[str, Any]]] = [
    ("nothing was sold or promised", {"cells": {KEY: replace(CELL, committed=4, available=0)}}),
    ("nothing was sold or promised", {"flows": {KEY: replace(FLOWS, came=5)}}),
    ("of the last units", {"races": [Race("S1", "100", available=2, won=1, refused=59)]}),
    ("of the last units", {"races": []}),
    ("available is on hand less", {"cells": {KEY: replace(CELL, available=3)}}),
    ("the live stream and the database", {"live_differs": [KEY]}),
    ("every event that a reader", {"reads": replace(GOOD.reads, repeated=84)}),
    ("the broken ones were refused", {"reads": replace(GOOD.reads, faulty=3)}),
    ("every tag on a shelf", {"unknown_tags": 1}),
    ("every order came to an end", {"orders": GOOD.orders | {"W-4": "parked"}}),
    ("every collected order", {"collected_codes": set()}),
    ("of the promised lines", {"promises": Promises(kept=98, broken=2, withdrawn=0)}),
    ("of the promised lines", {"promises": Promises(kept=0, broken=0, withdrawn=9)}),
    ("every message sent arrived", {"mails": 2, "deliveries": 2}),
    ("every message sent arrived", {"deliveries": 4}),
    ("every message sent arrived", {"messages_unsent": 1}),
    ("balances equal movements", {"flows": {KEY: replace(FLOWS, on_hand=5)}}),
    (
        "balances equal movements",
        {"flows": {KEY: FLOWS, ("S2", "100"): FLOWS}, "units_sold": 10, "units_handed_over": 2},
    ),
    ("the books have every unit", {"units_sold": 6}),
    ("the books have every unit", {"units_handed_over": 2}),
    ("the books equal a recount", {"shelf": {KEY: 3}}),
    ("`onhand audit`", {"audit_code": 1}),
    ("no call failed", {"failures": ["sale at S1: INTERNAL"]}),
]


def test_a_good_day_holds_every_claim() -> None:
    assert [claim for claim in judge(GOOD) if not claim.held] == []
    assert oversold(GOOD) == 0
    (promised,) = (claim.seen for claim in judge(GOOD) if claim.text.startswith("of the promised lines"))
    assert promised == "99 of 100; 2 more were given up, not to be found"


@pytest.mark.parametrize(("text", "wrong"), WRONG)
def test_a_wrong_number_fails_its_claim_alone(text: str, wrong: dict[str, Any]) -> None:
    failed = [claim.text for claim in judge(replace(GOOD, **wrong)) if not claim.held]
    assert len(failed) == 1
    assert failed[0].startswith(text)


def test_every_claim_is_tried_with_a_wrong_number() -> None:
    assert all(any(claim.text.startswith(text) for text, _ in WRONG) for claim in judge(GOOD))


def test_a_day_of_which_nothing_is_known_holds_little() -> None:
    empty = replace(
        GOOD,
        reads=ReadTally(),
        cells={},
        flows={},
        shelf={},
        races=[],
        orders={},
        messages_sent=0,
        mails=0,
        deliveries=0,
    )
    failed = [claim.text for claim in judge(empty) if not claim.held]
    assert len(failed) >= 8


def test_a_race_won_by_too_many_is_oversold() -> None:
    assert oversold(replace(GOOD, races=[Race("S1", "100", available=2, won=5, refused=55)])) == 3
