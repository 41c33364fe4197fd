"""EPCIS documents of the standard, of test suites and of the hash's authors, where the folder is that keeps them.

They are never copied here.
"""

import json
import os
from pathlib import Path

import pytest

from onhand.kit.errors import InvalidField
from onhand.stock.domain.epcis import documents, hashing
from onhand.stock.domain.epcis.capture import stored
from onhand.stock.domain.epcis.validation import moment

ROOT = Path(__file__).parents[2]
EPCIS = Path(os.environ.get("ONHAND_SHARED_DATA", ROOT / ".." / "shared" / "data")) / "epcis"
if not EPCIS.is_dir():
    pytest.skip(f"{EPCIS} is not here", allow_module_level=True)

LIMITS = documents.Limits(500, 32)
GOOD = sorted(
    [
        *EPCIS.glob("gs1/*.jsonld"),
        *EPCIS.glob("openepcis/documents/*"),
        *EPCIS.glob("openepcis/events/*"),
        *EPCIS.glob("ralphtro/*.jsonld"),
    ]
)
BAD = sorted(EPCIS.glob("openepcis/invalid/*"))
HASHED = sorted(EPCIS.glob("ralphtro/*.jsonld"))


@pytest.mark.parametrize("path", GOOD, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_good_document_is_taken_whole(path: Path) -> None:
    events = documents.read(path.read_bytes(), LIMITS)
    assert [each.faults for each in events] == [[]] * len(events)
    for each in events:
        time = moment(each.event["eventTime"])
        assert time is not None
        assert stored(each.event, each.context, "", time).keys


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_document_is_refused(path: Path) -> None:
    if path.stem == "EPCISDocument_without_context":
        with pytest.raises(InvalidField, match="@context"):
            documents.read(path.read_bytes(), LIMITS)
        return
    events = documents.read(path.read_bytes(), LIMITS)
    assert all(each.faults for each in events), "every event of these is bad"


@pytest.mark.parametrize("path", HASHED, ids=lambda path: path.stem)
def test_hashes_are_those_of_the_authors(path: Path) -> None:
    events = documents.read(path.read_bytes(), LIMITS)
    ours = [hashing.hash_id(hashing.event_hash(each.event, each.prefixes)) for each in events]
    assert ours == path.with_suffix(".hashes").read_text().split()


def test_every_event_of_the_vectors_was_looked_at() -> None:
    counts = [len(json.loads(path.read_text())["epcisBody"]["eventList"]) for path in HASHED]
    assert sum(counts) == 21
    assert (len(GOOD), len(BAD)) == (33, 9)
