"""What the simulated readers post is what the edge reads from real ones."""

import base64
import json
from datetime import UTC, datetime
from random import Random

from onhand.demo.readers import (
    broken,
    impinj_event,
    impinj_status,
    is_broken,
    sample,
    zebra_event,
    zebra_heartbeat,
)
from onhand.demo.world import gtins, tag
from onhand.kit.errors import InvalidEpc
from onhand.readers import Observation, impinj, zebra

SEEN = datetime(2026, 1, 31, 9, 0, 0, 123_000, UTC)
SEEN_NS = int(SEEN.timestamp() * 1000) * 1_000_000
EPC = tag(gtins([818_980])[818_980], 42)
LIMIT = 100


def test_an_r700_event_is_read_as_what_was_seen() -> None:
    for seed in range(4):  # with and without the hexadecimal form
        body = json.dumps([impinj_event("r700-s1", EPC, 3, -5230, SEEN, Random(seed))]).encode()
        assert impinj.parse(body, LIMIT) == [Observation("r700-s1", EPC, 3, SEEN_NS, -5230)]


def test_an_r700_writes_its_epc_in_url_safe_base64() -> None:
    epc = bytes.fromhex("FBEFBEFBEFBEFBEFBEFBEFBE")
    event = impinj_event("r700-s1", epc, 1, -5000, SEEN, Random(1))
    written = event["tagInventoryEvent"]["epc"]
    assert "+" not in written
    assert "/" not in written
    assert base64.urlsafe_b64decode(written) == epc


def test_a_zebra_event_is_read_as_what_was_seen() -> None:
    body = json.dumps([zebra_event(EPC, 2, -57, SEEN, 9)]).encode()
    assert zebra.parse(body, LIMIT) == [Observation("", EPC, 2, SEEN_NS, -5700)]


def test_status_and_heartbeats_are_no_sight_of_a_tag() -> None:
    assert impinj.parse(json.dumps([impinj_status("r700-s1", SEEN)]).encode(), LIMIT) == [None]
    assert zebra.parse(json.dumps([zebra_heartbeat(SEEN, 9)]).encode(), LIMIT) == [None]


def test_a_broken_event_is_refused_and_known_to_be_broken() -> None:
    for event, parse in (
        (impinj_event("r700-s1", EPC, 3, -5230, SEEN, Random(1)), impinj.parse),
        (zebra_event(EPC, 2, -57, SEEN, 9), zebra.parse),
    ):
        bad = broken(event)
        [element] = parse(json.dumps([bad]).encode(), LIMIT)
        assert isinstance(element, InvalidEpc)
        assert is_broken(bad)
        assert not is_broken(event)


def test_two_of_three_tags_are_read_and_most_of_them_several_times() -> None:
    epcs = [bytes([number >> 8, number & 255]) for number in range(3000)]
    reads = list(sample(epcs, Random(5)))
    assert 0.60 < len(set(reads)) / len(epcs) < 0.70
    assert len(reads) > 2.5 * len(set(reads))
