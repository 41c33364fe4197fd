"""Payloads that real readers sent, where the folder that keeps them is; they are never copied here."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from onhand.kit.errors import OnhandError
from onhand.readers import Element, Observation, impinj, zebra

ROOT = Path(__file__).parents[2]
READERS = Path(os.environ.get("ONHAND_SHARED_DATA", ROOT / ".." / "shared" / "data")) / "readers"
if not READERS.is_dir():
    pytest.skip(f"{READERS} is not here", allow_module_level=True)

LIMIT = 10_000
PARSERS = {"impinj_iot_payloads.json": impinj.parse, "zebra_iotc_payloads.json": zebra.parse}
COUNTS = {
    "impinj_iot_payloads.json": [(1, 0, 0), (2, 0, 0), (1, 0, 0), (1, 0, 0)],
    "zebra_iotc_payloads.json": [(4, 0, 1), (3, 0, 2), (1, 0, 0), (1, 0, 0), (5, 0, 0), (1, 1, 0)],
}
"""Of each capture: sights of tags, refused, ignored."""


def captures(name: str) -> list[dict[str, Any]]:
    return list(json.loads((READERS / name).read_text()))


def parsed(name: str, payloads: list[Any]) -> list[Element]:
    return [element for payload in payloads for element in PARSERS[name](json.dumps(payload).encode(), LIMIT)]


def counts(elements: list[Element]) -> tuple[int, int, int]:
    return (
        sum(isinstance(each, Observation) for each in elements),
        sum(isinstance(each, OnhandError) for each in elements),
        sum(each is None for each in elements),
    )


@pytest.mark.parametrize("name", PARSERS)
def test_each_capture_is_read_refused_and_ignored_as_its_origin_says(name: str) -> None:
    found = [counts(parsed(name, capture["payloads"])) for capture in captures(name)]
    assert found == COUNTS[name]


@pytest.mark.parametrize("name", PARSERS)
def test_a_capture_reads_the_same_as_an_array_and_line_by_line(name: str) -> None:
    for capture in captures(name):
        events = [
            event
            for payload in capture["payloads"]
            for event in (payload if isinstance(payload, list) else [payload])
        ]
        array = PARSERS[name](json.dumps(events).encode(), LIMIT)
        lines = PARSERS[name]("\n".join(map(json.dumps, events)).encode(), LIMIT)
        assert array == lines == parsed(name, capture["payloads"])


def test_base64_and_hexadecimal_of_an_r700_event_are_the_same_tag() -> None:
    compared = 0
    for capture in captures("impinj_iot_payloads.json"):
        for payload in capture["payloads"]:
            tag = payload.get("tagInventoryEvent", {}) if isinstance(payload, dict) else {}
            if "epc" in tag and "epcHex" in tag:
                both = impinj.parse(json.dumps(payload).encode(), LIMIT)
                payload["tagInventoryEvent"] = {k: v for k, v in tag.items() if k != "epcHex"}
                assert impinj.parse(json.dumps(payload).encode(), LIMIT) == both
                compared += 1
    assert compared
