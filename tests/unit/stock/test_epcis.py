"""EPCIS: the pre-hash string, the rules of events, the table of effects, and the words of our own changes."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from onhand.stock.domain.epcis import effects, hashing, identifiers, own
from onhand.stock.domain.epcis.effects import Effect
from onhand.stock.domain.epcis.validation import check_event
from onhand.stock.domain.model import Bucket, Reason, TagState, ZoneKind

TIME = datetime(2026, 3, 4, 9, 0, 0, 500_000, tzinfo=UTC)
EPC = bytes.fromhex("3074257BF7194E4000001A85")
LINK = "https://id.gs1.org/01/80614141123458/21/6789"


def event(step: str = "receiving", disposition: str = "", **fields: Any) -> dict[str, Any]:
    return {
        "type": "ObjectEvent",
        "eventTime": "2026-03-04T10:00:00.5+01:00",
        "eventTimeZoneOffset": "+01:00",
        "action": "OBSERVE",
        "epcList": ["urn:epc:id:sgtin:0614141.812345.6789"],
        "bizStep": step,
        **({"disposition": disposition} if disposition else {}),
        **fields,
    }


def test_the_pre_hash_string_is_written_as_the_standard_says() -> None:
    """CBV 2.0, section 8.9.2: order, bare words as URIs, Digital Links, UTC, numbers without zeros."""
    written = hashing.pre_hash(
        event(
            "shipping",
            "in_transit",
            eventID="urn:x:1",
            recordTime="2026-03-05T10:00:00Z",
            readPoint={"id": "urn:epc:id:sgln:4012345.00011.987"},
            quantityList=[{"epcClass": "urn:epc:class:lgtin:4012345.012345.Lot987", "quantity": 2.50}],
            bizTransactionList=[{"bizTransaction": "urn:epcglobal:cbv:bt:4012345000009:1", "type": "desadv"}],
            **{"ex:b": {"ex:d": "x", "ex:c": ["3", "1"]}, "ex:a": "007"},
        ),
        {"ex": "https://ex.org/"},
    )
    assert written == (
        "eventType=ObjectEventeventTime=2026-03-04T09:00:00.500ZeventTimeZoneOffset=+01:00"
        f"epcListepc={LINK}"
        "quantityListquantityElementepcClass=https://id.gs1.org/01/04012345123456/10/Lot987quantity=2.5"
        "action=OBSERVEbizStep=https://ref.gs1.org/cbv/BizStep-shipping"
        "disposition=https://ref.gs1.org/cbv/Disp-in_transit"
        "readPointid=https://id.gs1.org/414/4012345000115/254/987"
        "bizTransactionListtype=https://ref.gs1.org/cbv/BTT-desadv"
        "bizTransaction=urn:epcglobal:cbv:bt:4012345000009:1"
        "{https://ex.org/}a=7{https://ex.org/}b{https://ex.org/}c=1{https://ex.org/}c=3{https://ex.org/}d=x"
    )


@pytest.mark.parametrize(
    ("written", "hashed"),
    [
        ("2026-01-18T11:04:03.1415Z", "2026-01-18T11:04:03.142Z"),
        ("2026-01-18T11:04:03.1414Z", "2026-01-18T11:04:03.141Z"),
        ("2026-12-31T23:59:59.9996+00:00", "2027-01-01T00:00:00.000Z"),
        ("2026-01-18T11:04:03-06:00", "2026-01-18T17:04:03.000Z"),
    ],
)
def test_times_are_in_utc_and_rounded_half_up(written: str, hashed: str) -> None:
    assert hashing.timestamp(written) == hashed


@pytest.mark.parametrize(
    ("uri", "link"),
    [  # Source of these pairs: epcis-event-hash-generator (MIT), epclist_normalisation
        ("urn:epc:id:sgtin:4012345.011111.98%22", "01/04012345111118/21/98%22"),
        ("urn:epc:id:sgtin:0614141.812345.6789%2F%26%25%22!%3F()", "01/80614141123458/21/6789%2F%26%25%22%21%3F%28%29"),
        ("urn:epc:id:sscc:4012345.3111111111", "00/340123451111111111"),
        ("urn:epc:id:sgln:4012345.00005.122", "414/4012345000054/254/122"),
        ("urn:epc:id:sgln:4012345.00005.0", "414/4012345000054"),
        ("urn:epc:id:grai:4012345.00022.334455", "8003/04012345000221334455"),
        ("urn:epc:id:giai:4012345.ABC345", "8004/4012345ABC345"),
        ("urn:epc:id:gdti:987659999999..9", "253/98765999999929"),
        ("urn:epc:id:itip:4012345.011111.01.02.987", "8006/040123451111180102/21/987"),
        ("urn:epc:id:upui:1234567.098765.51qIgY)%3C%26Jp3*j7'SDB", "01/01234567987651/235/51qIgY%29%3C%26Jp3%2Aj7'SDB"),
        ("urn:epc:id:pgln:4000001.00000", "417/4000001000005"),
        ("urn:epc:class:lgtin:4012345.012345.Lot987", "01/04012345123456/10/Lot987"),
        ("https://id.gs1.org/gtin/09780345418913", "01/09780345418913"),
        ("https://example.com/gtin/09780345418913/21/765tz?abc=211121", "01/09780345418913/21/765tz"),
        ("urn:epc:idpat:sgtin:4012345.066666.*", "01/04012345666663"),
    ],
)  # fmt: skip
def test_keys_have_one_form(uri: str, link: str) -> None:
    assert identifiers.canonical(uri) == f"https://id.gs1.org/{link}"


@pytest.mark.parametrize(
    "uri", ["geo:47.5,11.1", "urn:uuid:x", "https://example.org/a", "urn:epc:id:sgtin:1.2.3"]
)
def test_other_uris_stay_as_they_are(uri: str) -> None:
    assert identifiers.canonical(uri) == uri


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"type": "AggregationEvent", "childEPCs": [LINK], "action": "ADD"}, "parentID"),
        ({"type": "AggregationEvent", "parentID": LINK, "action": "ADD"}, "childEPCs"),
        ({"type": "TransactionEvent", "epcList": [LINK], "bizTransactionList": []}, "bizTransactionList"),
        ({"type": "TransformationEvent", "inputEPCList": [LINK], "action": None}, "action"),
        ({"epcList": []}, "epcList"),
        ({"ilmd": {"ex:a": 1}}, "ilmd"),
        ({"bizStep": "urn:epcglobal:cbv:bizstep:receiving"}, "bizStep"),
        ({"quantityList": [{"epcClass": LINK, "quantity": -1}]}, "quantityList[0].quantity"),
        ({"eventTime": "2026-02-30T10:00:00Z"}, "eventTime"),
        ({"eventTime": "2026-02-20T10:00:00"}, "eventTime"),
        ({"eventTimeZoneOffset": "+15:00"}, "eventTimeZoneOffset"),
        ({"colour": "blue"}, "colour"),
        ({"epcList": [LINK, LINK]}, "epcList"),
        ({"sensorElementList": [{"sensorReport": []}]}, "sensorElementList[0].sensorReport"),
    ],
)
def test_what_the_standard_forbids_is_told_by_its_place(fields: dict[str, Any], field: str) -> None:
    given = event(**fields)
    if given["type"] != "ObjectEvent" and "epcList" not in fields:
        given.pop("epcList")
    assert field in [each.field for each in check_event(given)]


@pytest.mark.parametrize(
    ("step", "disposition", "effect", "bucket"),
    [
        ("receiving", "in_progress", Effect.RECEIVE, None),
        ("accepting", "", Effect.RECEIVE, None),
        ("receiving", "damaged", Effect.RECEIVE, Bucket.DAMAGED),
        ("receiving", "returned", Effect.TAKE_BACK, None),
        ("retail_selling", "retail_sold", Effect.SELL, None),
        ("retail_selling", "sellable_accessible", Effect.NONE, None),
        ("shipping", "in_transit", Effect.SHIP, None),
        ("void_shipping", "", Effect.UNSHIP, None),
        ("stocking", "sellable_accessible", Effect.PLACE, Bucket.SELLABLE),
        ("cycle_counting", "", Effect.PLACE, None),
        ("inspecting", "damaged", Effect.PLACE, Bucket.DAMAGED),
        ("holding", "recalled", Effect.PLACE, Bucket.QUARANTINED),
        ("inspecting", "non_conformant", Effect.PLACE, Bucket.QUALITY_CONTROL),
        ("", "damaged", Effect.PLACE, Bucket.DAMAGED),
        ("destroying", "", Effect.WRITE_OFF, Bucket.SHRINK),
        ("stock_taking", "stolen", Effect.WRITE_OFF, Bucket.SHRINK),
        ("commissioning", "active", Effect.NONE, None),
        ("packing", "", Effect.NONE, None),
        ("departing", "in_transit", Effect.NONE, None),
        ("https://example.org/steps/receiving", "", Effect.NONE, None),
    ],
)
def test_the_table_of_effects(step: str, disposition: str, effect: Effect, bucket: Bucket | None) -> None:
    found = effects.ruling(event(step, disposition))
    assert (found.effect, found.bucket) == (effect, bucket)
    assert bool(found.why) is (effect is Effect.NONE)
    declared = event(step, disposition, errorDeclaration={"declarationTime": "2026-03-05T10:00:00Z"})
    assert effects.ruling(declared).effect is Effect.NONE


def change(reason: Reason | None, from_bucket: Bucket | None, to_bucket: Bucket | None) -> own.Change:
    return own.Change(
        revision=1,
        key="m1",
        location_id="s1",
        gln="0614141073467",
        time_zone="Europe/Amsterdam",
        zone_id="floor",
        zone_kind=ZoneKind.SALES_FLOOR,
        zone_before="",
        gtin="80614141123458",
        epc=EPC,
        state_before=None,
        state=TagState.PRESENT,
        reason=reason,
        from_bucket=from_bucket,
        to_bucket=to_bucket,
        quantity=1,
        occur_time=TIME,
        document="",
    )


@pytest.mark.parametrize(
    ("reason", "from_bucket", "to_bucket", "words"),
    [
        (Reason.APPEARED, Bucket.SUPPLIER, Bucket.SELLABLE, ("stocking", "sellable_accessible")),
        (None, None, None, ("stocking", "sellable_accessible")),
        (Reason.RECEIVED, Bucket.SUPPLIER, Bucket.SELLABLE, ("receiving", "sellable_accessible")),
        (Reason.SOLD, Bucket.SELLABLE, Bucket.CUSTOMER, ("retail_selling", "retail_sold")),
        (Reason.RETURNED, Bucket.CUSTOMER, Bucket.SELLABLE, ("receiving", "returned")),
        (Reason.SHIPPED, Bucket.SELLABLE, Bucket.CUSTOMER, ("shipping", "in_transit")),
        (Reason.TRANSFERRED, Bucket.SELLABLE, Bucket.TRANSFER, ("shipping", "in_transit")),
        (Reason.TRANSFERRED, Bucket.IN_TRANSIT, Bucket.SELLABLE, ("receiving", "sellable_accessible")),
        (Reason.TRANSFERRED, Bucket.TRANSFER, Bucket.IN_TRANSIT, None),
        (Reason.DAMAGED, Bucket.SELLABLE, Bucket.DAMAGED, ("inspecting", "damaged")),
        (Reason.ADJUSTED, Bucket.DAMAGED, Bucket.SELLABLE, ("inspecting", "sellable_accessible")),
        (Reason.VANISHED, Bucket.SELLABLE, Bucket.MISSING, ("cycle_counting", "unknown")),
        (Reason.LEFT, Bucket.SELLABLE, Bucket.MISSING, ("entering_exiting", "unknown")),
        (Reason.FOUND, Bucket.MISSING, Bucket.SELLABLE, ("cycle_counting", "sellable_accessible")),
        (Reason.COUNTED, Bucket.SHRINK, Bucket.SELLABLE, ("cycle_counting", "sellable_accessible")),
        (Reason.CROSSED, Bucket.SELLABLE, Bucket.TRANSFER, ("departing", "in_transit")),
        (Reason.CROSSED, Bucket.TRANSFER, Bucket.SELLABLE, ("arriving", "sellable_accessible")),
    ],
)
def test_our_own_changes_in_words_of_the_cbv(
    reason: Reason | None, from_bucket: Bucket | None, to_bucket: Bucket | None, words: tuple[str, str] | None
) -> None:
    made = own.events([change(reason, from_bucket, to_bucket)])
    assert [(each["bizStep"], each["disposition"]) for _, each in made] == ([words] if words else [])
    for _, each in made:
        assert check_event(each) == []
        assert each["epcList"] == [LINK]
        assert each["readPoint"] == {"id": "https://id.gs1.org/414/0614141073467/254/floor"}
        assert each["eventTimeZoneOffset"] == "+01:00"


def test_tags_of_one_paper_are_one_event() -> None:
    receipt = change(Reason.RECEIVED, Bucket.SUPPLIER, Bucket.SELLABLE)
    other = replace(receipt, key="m2", epc=bytes.fromhex("3074257BF7194E4000001A86"))
    units = replace(receipt, key="m3", epc=None, quantity=5)
    more = replace(units, key="m4")
    made = [each for _, each in own.events([receipt, other, units, more])]
    assert [len(each.get("epcList", ())) for each in made] == [2, 0, 0]
    assert made[1]["quantityList"] == [{"epcClass": "https://id.gs1.org/01/80614141123458", "quantity": 5}]
    hashes = {hashing.event_hash(each, {}) for each in made}
    assert len(hashes) == 3, "two receipts of the same goods at one time are two events"
