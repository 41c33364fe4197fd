"""EPCIS documents: whatever comes is read or refused, and an event's hash does not depend on its writing."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from onhand.kit.errors import OnhandError
from onhand.stock.domain import epc as epc_codec
from onhand.stock.domain.epcis import documents, effects, hashing, identifiers, own, query, tags
from onhand.stock.domain.epcis.capture import stored, with_context
from onhand.stock.domain.epcis.validation import moment

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
calm = settings(deadline=None)
LIMITS = documents.Limits(20, 32)
NOW = datetime(2026, 5, 1, tzinfo=UTC)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: (
        st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=12), children, max_size=4)
    ),
    max_leaves=12,
)
WHOLE: dict[str, Any] = {
    "type": "ObjectEvent",
    "eventTime": "2026-03-04T10:00:00.500+01:00",
    "eventTimeZoneOffset": "+01:00",
    "eventID": "urn:uuid:374d95fc-9457-4a51-bd6a-0bba133845a8",
    "certificationInfo": ["https://example.org/a", "https://example.org/b"],
    "errorDeclaration": {"declarationTime": "2026-03-05T10:00:00Z", "reason": "incorrect_data"},
    "epcList": ["urn:epc:id:sgtin:0614141.812345.6789", "urn:epc:id:sscc:0614141.1234567890"],
    "quantityList": [{"epcClass": "urn:epc:idpat:sgtin:0614141.812345.*", "quantity": 5, "uom": "KGM"}],
    "action": "ADD",
    "bizStep": "receiving",
    "disposition": "in_progress",
    "persistentDisposition": {"set": ["damaged"], "unset": ["available"]},
    "readPoint": {"id": "urn:epc:id:sgln:0614141.07346.1234", "ex:shelf": "7"},
    "bizLocation": {"id": "urn:onhand:location:store-1"},
    "bizTransactionList": [{"type": "po", "bizTransaction": "urn:epc:id:gdti:0614141.00001.1618034"}],
    "sourceList": [{"type": "location", "source": "urn:epc:id:sgln:4012345.00225.0"}],
    "destinationList": [{"type": "owning_party", "destination": "urn:epc:id:pgln:0614141.00777"}],
    "sensorElementList": [
        {
            "sensorMetadata": {"time": "2026-03-04T10:00:00Z"},
            "sensorReport": [{"type": "Temperature", "value": 26.0, "uom": "CEL"}],
        }
    ],
    "ilmd": {"ex:lot": "ABC", "ex:tree": [{"ex:leaf": 1.50}, "x"]},
    "ex:colour": ["blue", "red"],
}
AGGREGATED = {
    **{name: WHOLE[name] for name in ("eventTime", "eventTimeZoneOffset", "bizStep", "bizLocation")},
    "type": "AggregationEvent",
    "action": "OBSERVE",
    "parentID": "urn:epc:id:sscc:0614141.1234567890",
    "childEPCs": ["urn:epc:id:sgtin:0614141.812345.6789"],
}


def document(*events: Any) -> dict[str, Any]:
    return {
        "@context": [CONTEXT, {"ex": "https://example.com/"}],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-03-04T10:00:00Z",
        "epcisBody": {"eventList": list(events)},
    }


@st.composite
def spoiled(draw: st.DrawFn) -> Any:
    """A document with some of its values replaced by any other."""

    def spoil(value: Any) -> Any:
        if draw(st.integers(0, 19)) == 0:
            return draw(JSON)
        if isinstance(value, dict):
            return {
                draw(st.text(max_size=5)) if draw(st.integers(0, 39)) == 0 else key: spoil(each)
                for key, each in value.items()
            }
        return [spoil(each) for each in value] if isinstance(value, list) else value

    return spoil(document(WHOLE, AGGREGATED))


def take_in(sent: bytes) -> None:
    """Go through everything that is done with a document before the database."""
    for captured in documents.read(sent, LIMITS):
        if captured.faults:
            json.dumps([str(each) for each in captured.faults]).encode()
            continue
        event_time = moment(captured.event["eventTime"])
        assert event_time is not None
        effects.facts(captured.event, event_time)
        effects.ruling(captured.event)
        kept = stored(captured.event, captured.context, "", NOW)
        assert len(kept.event_hash) == 32
        "".join([kept.event_id, *kept.keys]).encode()  # it can be stored
        assert "\x00" not in kept.event
        again = json.loads(with_context(kept.event, kept.context))
        assert documents.read(json.dumps({"@context": CONTEXT} | again).encode(), LIMITS)[0].faults == []


@calm
@given(JSON)
def test_any_json_is_read_or_refused(value: Any) -> None:
    with suppress(OnhandError):
        take_in(json.dumps(value).encode())


@calm
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(sent: bytes) -> None:
    with suppress(OnhandError):
        take_in(sent)


@calm
@given(spoiled())
def test_a_spoiled_document_is_read_or_refused(value: Any) -> None:
    with suppress(OnhandError):
        take_in(json.dumps(value).encode())


def test_the_document_itself_is_good() -> None:
    take_in(json.dumps(document(WHOLE, AGGREGATED)).encode())
    assert [each.faults for each in documents.read(json.dumps(document(WHOLE)).encode(), LIMITS)] == [[]]


@calm
@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["EQ_bizStep", "MATCH_epc", "GE_eventTime", "orderBy", "eventCountLimit", "EQ_source_x"]
            )
            | st.text(),
            st.lists(st.text(), max_size=3),
        ),
        max_size=4,
    )
)
def test_any_query_is_read_or_refused(parameters: list[tuple[str, list[str]]]) -> None:
    with suppress(OnhandError):
        query.parse(parameters)


@calm
@given(st.randoms(use_true_random=False), st.integers(-840, 840))
def test_a_hash_depends_on_what_an_event_says_only(dice: Any, offset_minutes: int) -> None:
    def shuffled(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            pairs = [(key, shuffled(each, key)) for key, each in value.items()]
            dice.shuffle(pairs)
            return dict(pairs)
        if isinstance(value, list):
            several = [shuffled(each, name) for each in value]
            dice.shuffle(several)
            return several
        if name.lower().endswith("time"):
            zone = timezone(timedelta(minutes=offset_minutes))
            return datetime.fromisoformat(value).astimezone(zone).isoformat()
        if isinstance(value, str) and value.startswith("urn:epc:id:"):
            link = epc_codec.parse(value).digital_link
            return link.replace("id.gs1.org", "example.org/things") if link and dice.random() < 0.5 else value
        return value

    prefixes = {"ex": "https://example.com/"}
    same = shuffled(WHOLE) | {"eventID": "urn:x:other", "recordTime": "2026-05-01T00:00:00Z"}
    assert hashing.pre_hash(same, prefixes) == hashing.pre_hash(WHOLE, prefixes)
    other = json.loads(json.dumps(WHOLE)) | {"bizStep": "accepting"}
    assert hashing.event_hash(other, prefixes) != hashing.event_hash(WHOLE, prefixes)


@calm
@given(st.integers(0, (1 << 38) - 1), st.integers(0, 7), st.integers(6, 12), st.sampled_from(["link", "urn"]))
def test_a_tag_is_found_by_either_form_of_its_epc(
    serial: int, filter_value: int, prefix_length: int, form: str
) -> None:
    carried = epc_codec.encode_sgtin96("80614141123458", prefix_length, serial, filter_value)
    bits = epc_codec.to_binary(carried)
    uri = carried.digital_link if form == "link" else carried.pure_identity_uri
    found = tags.sgtin(str(uri))
    assert found is not None
    assert bits in tags.codings(found)
    assert tags.like(found, bits, 1) == bits


PARTS = st.sampled_from(
    ["80614141123458", "80614141123459", "0614141123452", "/21/", "/10/", "a", "-", "%2F", "~", "?"]
)


@calm
@given(
    st.lists(PARTS | st.text(max_size=3), min_size=1, max_size=4).map("".join)
    | st.from_regex(r"80614141123458/21/[0-9A-Za-z._%~+-]{1,22}", fullmatch=True)
)
def test_a_plain_link_stands_for_what_it_would_be_parsed_to(end: str) -> None:
    """Links on other hosts go the long way."""
    ours, other = f"{identifiers.ORIGIN}/01/{end}", f"https://example.org/01/{end}"

    def of_ours(link: str) -> str:
        return link.replace("https://example.org", identifiers.ORIGIN)

    assert identifiers.canonical(ours) == of_ours(identifiers.canonical(other))
    assert identifiers.classes(ours) == [of_ours(each) for each in identifiers.classes(other)]


@calm
@given(st.lists(st.binary(min_size=12, max_size=12) | st.integers(0, (1 << 38) - 1), min_size=1, max_size=5))
def test_tags_are_published_under_the_links_that_they_decode_to(given_tags: list[bytes | int]) -> None:
    epcs = [
        each
        if isinstance(each, bytes)
        else epc_codec.to_binary(epc_codec.encode_sgtin96("80614141123458", 7, each))
        for each in given_tags
    ]
    assert own.links(epcs) == {each: link for each in epcs if (link := own.link(each)) is not None}
