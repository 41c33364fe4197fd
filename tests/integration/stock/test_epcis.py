"""EPCIS through the contract: what events do to the books, once."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from tests.integration.stock.conftest import Shop, StockProcesses

from onhand.api.stock.v1 import epcis_pb2, reads_pb2
from onhand.client import AsyncStock
from onhand.kit.errors import AlreadyExists, InvalidField, NotFound, TooMany, WrongLocation
from onhand.stock.domain import epc as epc_codec

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
PATTERN = "urn:epc:idpat:sgtin:0614141.812345.*"
PROCEED = epcis_pb2.ERROR_BEHAVIOUR_PROCEED
Kind = epcis_pb2.EventOutcome.Kind


def at(seconds: float = 0) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def event(shop: Shop, step: str, **fields: Any) -> dict[str, Any]:
    return {
        "type": "ObjectEvent",
        "eventTime": at(-60),
        "eventTimeZoneOffset": "+00:00",
        "action": "OBSERVE",
        "bizStep": step,
        "bizLocation": {"id": f"urn:onhand:location:{shop.s1}"},
        "epcList": [uri(shop)],
        **fields,
    }


def uri(shop: Shop) -> str:
    return str(epc_codec.decode_hex(shop.epc).pure_identity_uri)


def document(*events: dict[str, Any], **fields: Any) -> bytes:
    whole = {
        "@context": [CONTEXT, {"example": "https://ns.example.com/epcis/"}],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": at(),
        "epcisBody": {"eventList": list(events)},
        **fields,
    }
    return json.dumps(whole).encode()


async def capture(shop: Shop, *events: dict[str, Any], behaviour: Any = 0) -> epcis_pb2.CaptureJob:
    answer = await shop.client.epcis.Capture(
        epcis_pb2.CaptureRequest(document=document(*events), error_behaviour=behaviour)
    )
    return await finished(shop, answer.capture.capture_id)


async def finished(shop: Shop, capture_id: str) -> epcis_pb2.CaptureJob:
    async with asyncio.timeout(20):
        while True:
            answer = await shop.client.epcis.GetCapture(epcis_pb2.GetCaptureRequest(capture_id=capture_id))
            if answer.capture.HasField("finish_time"):
                return answer.capture
            await asyncio.sleep(0.02)


async def query(shop: Shop, size: int = 0, token: str = "", **parameters: Any) -> Any:
    return await shop.client.epcis.ListEvents(
        epcis_pb2.ListEventsRequest(
            parameters=[
                epcis_pb2.QueryParameter(name=name, values=[value] if isinstance(value, str) else value)
                for name, value in parameters.items()
            ],
            page_size=size,
            page_token=token,
        )
    )


def kinds(job: epcis_pb2.CaptureJob) -> list[str]:
    return [Kind.Name(each.kind).removeprefix("KIND_") for each in job.outcomes]


async def test_an_event_counts_once_however_it_is_written_and_sent(shop: Shop) -> None:
    received = event(shop, "receiving", epcList=[uri(shop)])
    job = await capture(shop, received)
    assert (job.success, kinds(job)) == (True, ["CAPTURED"])
    assert job.outcomes[0].event_id.startswith("ni:///sha-256;")
    # The same content as a Digital Link, in another time zone, with an id of its own.
    moment = datetime.fromisoformat(received["eventTime"]).astimezone().isoformat()
    link = str(epc_codec.decode_hex(shop.epc).digital_link)
    again = received | {"eventTime": moment, "epcList": [link], "eventID": f"urn:uuid:{uuid4()}"}
    job = await capture(shop, received, again, dict(reversed(received.items())))
    assert kinds(job) == ["REPEATED"] * 3
    assert job.success
    assert (await shop.cell("i1")).on_hand == 1
    found = await query(shop, MATCH_anyEPC=uri(shop), EQ_bizStep="receiving")
    assert [each.effect for each in found.events] == [f"receive: 1 units at {shop.s1}"]


async def test_own_changes_are_published_and_count_nothing_when_they_come_back(shop: Shop) -> None:
    await shop.receive(3, "i1")
    await shop.read(1, datetime.now(UTC))
    async with asyncio.timeout(20):
        found: list[Any] = []
        while len(found) < 2:
            found = list((await query(shop, WD_bizLocation=f"urn:onhand:location:{shop.s1}")).events)
            await asyncio.sleep(0.1)
    own = [json.loads(each.event) for each in found]
    assert {(each["bizStep"], each["disposition"]) for each in own} == {
        ("receiving", "sellable_not_accessible"),
        ("stocking", "sellable_accessible"),
    }
    assert all(each.published and each.event_id.startswith("ni:///sha-256;") for each in found)
    job = await shop.client.epcis.Capture(
        epcis_pb2.CaptureRequest(document=document(*own, **{"@context": own[0]["@context"]}))
    )
    assert kinds(await finished(shop, job.capture.capture_id)) == ["REPEATED"] * 2
    assert (await shop.cell("i1")).on_hand == 3


async def buckets(shop: Shop, item_id: str = "i1", location_id: str = "") -> tuple[int, int, int]:
    """Return on hand, unavailable and in transit."""
    cell = await shop.cell(item_id, location_id)
    return cell.on_hand, cell.unavailable, cell.in_transit


async def effect(shop: Shop, step: str, **fields: Any) -> str:
    job = await capture(shop, event(shop, step, **fields))
    assert job.success, job
    return str(job.outcomes[0].detail)


async def tag(shop: Shop) -> dict[str, reads_pb2.Tag]:
    answer = await shop.client.tags.GetTag(reads_pb2.GetTagRequest(epc=shop.epc))
    return {each.location_id: each for each in answer.tags}


async def test_a_unit_through_its_life(shop: Shop) -> None:
    """Each row of the table of effects, one after the other on the same tag."""
    states = reads_pb2.Tag
    zone = {"readPoint": {"id": f"urn:onhand:location:{shop.s1}:floor"}}
    await effect(shop, "receiving", eventTime=at(-100))
    assert (await tag(shop))[shop.s1].state == states.STATE_PRESENT
    await effect(shop, "stocking", eventTime=at(-90), disposition="sellable_accessible", **zone)
    assert (await tag(shop))[shop.s1].zone_id == "floor"
    await effect(shop, "inspecting", eventTime=at(-80), disposition="damaged")
    assert await buckets(shop) == (1, 1, 0)
    await effect(shop, "inspecting", eventTime=at(-70), disposition="sellable_not_accessible")
    assert await buckets(shop) == (1, 0, 0)
    await effect(shop, "retail_selling", eventTime=at(-60), disposition="retail_sold")
    assert (await tag(shop))[shop.s1].state == states.STATE_SOLD
    await effect(shop, "receiving", eventTime=at(-50), disposition="returned")
    assert await buckets(shop) == (1, 0, 0)
    await effect(shop, "shipping", eventTime=at(-40), disposition="in_transit")
    assert (await tag(shop))[shop.s1].state == states.STATE_SHIPPED
    await effect(shop, "void_shipping", eventTime=at(-30))
    assert await buckets(shop) == (1, 0, 0)
    await effect(shop, "destroying", eventTime=at(-20), disposition="destroyed")
    assert await buckets(shop) == (0, 0, 0)


async def test_goods_named_by_class_count_as_quantities(shop: Shop) -> None:
    lines = [
        {"epcClass": PATTERN, "quantity": 4},
        {"epcClass": "https://id.gs1.org/01/80614141123458/10/lot-1", "quantity": 2},
        {"epcClass": PATTERN, "quantity": 1.5, "uom": "KGM"},
        {"epcClass": "urn:epc:idpat:sgtin:0614141.999999.*", "quantity": 7},
    ]
    said = await effect(shop, "receiving", epcList=[], quantityList=lines)
    assert await buckets(shop) == (6, 0, 0)
    assert "not told in pieces" in said
    assert "of no known item" in said
    await effect(shop, "inspecting", disposition="damaged", epcList=[], quantityList=lines[:1])
    assert await buckets(shop) == (6, 4, 0)


async def test_a_receipt_told_late_does_not_bring_back_what_was_sold(shop: Shop) -> None:
    await shop.sell(epc=shop.epc)
    said = await effect(shop, "receiving", eventTime=at(-3600))
    assert "left later than this event" in said
    assert await buckets(shop) == (0, 0, 0)


async def test_a_tag_that_readers_see_after_its_paper_counts_once(shop: Shop) -> None:
    link = str(epc_codec.decode_hex(shop.epc).digital_link)
    await effect(shop, "receiving", epcList=[link, link.replace("id.gs1.org", "example.org")])
    assert await buckets(shop) == (1, 0, 0)
    await shop.read(1, datetime.now(UTC))
    await shop.until_tag_is(reads_pb2.Tag.STATE_PRESENT)
    assert await buckets(shop) == (1, 0, 0)


async def test_a_tag_seen_at_another_store_has_crossed(shop: Shop) -> None:
    await effect(shop, "receiving", eventTime=at(-100))
    await effect(shop, "stocking", eventTime=at(-50), bizLocation={"id": f"urn:onhand:location:{shop.s2}"})
    assert await buckets(shop) == (0, 0, 0)
    assert await buckets(shop, location_id=shop.s2) == (1, 0, 0)
    await effect(shop, "receiving", eventTime=at(-20))
    assert await buckets(shop) == (1, 0, 0)
    assert await buckets(shop, location_id=shop.s2) == (0, 0, 0)


async def test_a_shipment_between_stores_by_its_sscc(shop: Shop) -> None:
    serial = f"{uuid4().int % 10**9:09d}"
    sscc = f"urn:epc:id:sscc:0614141.1{serial}"
    await effect(shop, "receiving", eventTime=at(-100))
    to_s2 = [{"type": "location", "destination": f"urn:onhand:location:{shop.s2}"}]
    packed = {"type": "AggregationEvent", "parentID": sscc, "childEPCs": [uri(shop)]}
    sent = event(shop, "shipping", eventTime=at(-50), destinationList=to_s2, **packed)
    sent.pop("epcList")
    job = await capture(shop, sent)
    assert job.success, job
    assert await buckets(shop) == (0, 0, 0)
    assert await buckets(shop, location_id=shop.s2) == (0, 0, 1)
    there = {"bizLocation": {"id": f"urn:onhand:location:{shop.s2}"}}
    said = await effect(shop, "receiving", epcList=[sscc], **there)
    assert "received at" in said
    assert await buckets(shop, location_id=shop.s2) == (1, 0, 0)


async def test_what_has_no_effect_is_kept_and_says_so(shop: Shop) -> None:
    made = {
        "type": "TransformationEvent",
        "eventTime": at(-60),
        "eventTimeZoneOffset": "+00:00",
        "inputEPCList": [uri(shop)],
        "outputEPCList": [f"urn:epc:id:sgtin:0614141.812345.{uuid4().int % 10**9}"],
        "bizStep": "commissioning",
        "bizLocation": {"id": f"urn:onhand:location:{shop.s1}"},
    }
    joined = {
        **event(shop, "installing"),
        "type": "AssociationEvent",
        "parentID": "urn:epc:id:grai:0614141.12345.400",
        "childEPCs": [uri(shop)],
    }
    joined.pop("epcList")
    foreign = event(shop, "receiving", bizLocation={"id": "urn:epc:id:sgln:0614141.99999.0"})
    job = await capture(shop, made, joined, foreign, event(shop, "commissioning", action="ADD"))
    assert job.success, job
    assert all(each.detail.startswith("no effect: ") for each in job.outcomes), job
    assert (await shop.cell("i1")).on_hand == 0
    found = await query(shop, MATCH_inputEPC=uri(shop))
    assert [json.loads(each.event)["type"] for each in found.events] == ["TransformationEvent"]


async def test_an_event_declared_in_error_before_it_came_has_no_effect(shop: Shop) -> None:
    received = event(shop, "receiving", eventID=f"urn:uuid:{uuid4()}")
    declared = received | {"errorDeclaration": {"declarationTime": at(), "reason": "did_not_occur"}}
    job = await capture(shop, declared, received)
    assert kinds(job) == ["CAPTURED"] * 2
    assert (await shop.cell("i1")).on_hand == 0
    both = await query(shop, EQ_eventID=received["eventID"])
    assert len(both.events) == 2
    one = await query(shop, EQ_eventID=received["eventID"], EXISTS_errorDeclaration="true")
    assert len(one.events) == 1


async def test_rollback_captures_nothing(shop: Shop) -> None:
    lines = [{"epcClass": PATTERN, "quantity": 2_000_000_000}]
    refused = event(shop, "receiving", epcList=[], quantityList=lines)
    job = await capture(shop, event(shop, "receiving"), refused)
    assert (job.success, kinds(job)) == (False, ["ROLLED_BACK", "REFUSED"])
    assert job.outcomes[1].reason == "INVALID_FIELD"
    assert (await shop.cell("i1")).on_hand == 0
    assert (await query(shop, MATCH_epc=uri(shop))).events == []
    # What was rolled back was not captured: it counts when it comes again.
    assert kinds(await capture(shop, event(shop, "receiving"))) == ["CAPTURED"]


async def test_proceed_captures_the_rest(shop: Shop) -> None:
    lines = [{"epcClass": PATTERN, "quantity": 2_000_000_000}]
    refused = event(shop, "receiving", epcList=[], quantityList=lines)
    broken = event(shop, "receiving") | {"action": "CREATE"}
    job = await capture(shop, broken, refused, event(shop, "receiving"), behaviour=PROCEED)
    assert (job.success, kinds(job)) == (False, ["REFUSED", "REFUSED", "CAPTURED"])
    assert "action: ADD, OBSERVE or DELETE is expected" in job.outcomes[0].detail
    assert (await shop.cell("i1")).on_hand == 1


async def test_documents_are_refused_with_what_is_wrong(shop: Shop) -> None:
    async def refusal(kind: type[Exception], sent: bytes) -> str:
        with pytest.raises(kind) as caught:
            await shop.client.epcis.Capture(epcis_pb2.CaptureRequest(document=sent))
        return str(caught.value)

    assert "eventList[0].action" in await refusal(
        InvalidField, document(event(shop, "receiving", action="CREATE"))
    )
    assert "future" in await refusal(InvalidField, document(event(shop, "receiving", eventTime=at(86_400))))
    assert "201 is more than the limit of 200" in await refusal(
        TooMany, document(*[event(shop, "receiving")] * 201)
    )
    assert "not JSON" in await refusal(InvalidField, b"{")
    deep = b'{"a":' * 100_000
    assert "nesting" in await refusal(TooMany, deep + b"1" + b"}" * 100_000)
    with pytest.raises(NotFound):
        await shop.client.epcis.GetCapture(epcis_pb2.GetCaptureRequest(capture_id=str(uuid4())))


async def test_one_event_at_once(shop: Shop) -> None:
    def alone(**fields: Any) -> bytes:
        return json.dumps({"@context": CONTEXT, **event(shop, "receiving", **fields)}).encode()

    name = f"urn:uuid:{uuid4()}"
    time = at(-30)
    first = await shop.client.epcis.CaptureEvent(
        epcis_pb2.CaptureEventRequest(event=alone(eventID=name, eventTime=time))
    )
    assert (first.outcome.event_id, first.outcome.kind) == (name, Kind.Value("KIND_CAPTURED"))
    again = await shop.client.epcis.CaptureEvent(epcis_pb2.CaptureEventRequest(event=alone(eventTime=time)))
    assert (again.outcome.event_id, again.outcome.kind) == (name, Kind.Value("KIND_REPEATED"))
    with pytest.raises(AlreadyExists):
        await shop.client.epcis.CaptureEvent(
            epcis_pb2.CaptureEventRequest(event=alone(eventID=name, eventTime=at(-29)))
        )


async def test_a_store_sends_and_sees_its_own(
    shop: Shop, processes: StockProcesses, mint: Callable[..., str]
) -> None:
    token = mint(locations=[shop.s2], subject="store-2")
    async with AsyncStock(processes.addresses[0], token) as client:
        other = replace(shop, client=client)
        with pytest.raises(WrongLocation):
            await capture(other, event(shop, "receiving"))
        foreign = event(shop, "receiving", bizLocation={"id": "urn:epc:id:sgln:0614141.99999.0"})
        with pytest.raises(WrongLocation):
            await capture(other, foreign)
        job = await capture(other, event(shop, "receiving"), behaviour=PROCEED)
        assert [each.reason for each in job.outcomes] == ["WRONG_LOCATION"]
        await capture(shop, event(shop, "receiving"))
        assert (await query(other, MATCH_epc=uri(shop))).events == []
        mine = await client.epcis.ListCaptures(epcis_pb2.ListCapturesRequest())
        assert job.capture_id in [each.capture_id for each in mine.captures]
    # Another's job is nobody's business, except of who speaks for all.
    async with AsyncStock(processes.addresses[0], mint(locations=[shop.s1], subject="store-1")) as client:
        with pytest.raises(NotFound):
            await client.epcis.GetCapture(epcis_pb2.GetCaptureRequest(capture_id=job.capture_id))
    assert await finished(shop, job.capture_id)


async def test_queries_find_page_and_order(shop: Shop) -> None:
    start = at(-1000)
    times = [at(-900 + each) for each in range(5)]
    await capture(shop, *[event(shop, "inspecting", eventTime=each) for each in times])
    found = {"MATCH_epc": uri(shop), "EQ_bizStep": "inspecting", "GE_eventTime": start}

    async def listed(**more: Any) -> list[str]:
        answer = await query(shop, **found, **more)
        return [json.loads(each.event)["eventTime"] for each in answer.events]

    assert await listed(orderBy="eventTime", orderDirection="ASC") == times
    assert await listed(orderBy="eventTime") == times[::-1]
    assert await listed(orderBy="eventTime", eventCountLimit="2") == times[:2:-1]
    assert await listed(LT_eventTime=times[2], orderBy="eventTime", orderDirection="ASC") == times[:2]
    assert len(await listed(EQ_action=["ADD", "OBSERVE"])) == 5
    assert await listed(EQ_action="DELETE") == []
    assert len(await listed(EQ_bizLocation=f"urn:onhand:location:{shop.s1}")) == 5
    with pytest.raises(TooMany):
        await listed(maxEventCount="4")
    for wrong in (
        {"EQ_action": "CREATE"},
        {"GE_recordTime": "yesterday"},
        {"EQ_quantity": "5"},
        {"eventCountLimit": "2"},
        {"orderBy": "colour"},
    ):
        with pytest.raises(InvalidField):
            await query(shop, MATCH_epc=uri(shop), **wrong)
    pages, token = [], ""
    while True:
        answer = await query(shop, 2, token, **found, orderBy="eventTime", orderDirection="ASC")
        pages.append([json.loads(each.event)["eventTime"] for each in answer.events])
        if not (token := answer.next_page_token):
            break
    assert pages == [times[:2], times[2:4], times[4:]]
    by_class = await query(shop, MATCH_anyEPC=PATTERN, WD_bizLocation=f"urn:onhand:location:{shop.s1}")
    assert len(by_class.events) >= 5


async def test_the_same_event_from_many_at_once_counts_once(shop: Shop) -> None:
    received = event(shop, "receiving", epcList=[], quantityList=[{"epcClass": PATTERN, "quantity": 5}])
    jobs = await asyncio.gather(*(capture(shop, received) for _ in range(8)))
    assert sorted(kind for job in jobs for kind in kinds(job)) == ["CAPTURED"] + ["REPEATED"] * 7
    assert await buckets(shop) == (5, 0, 0)


async def test_a_job_goes_on_where_a_killed_process_left_it(
    processes: StockProcesses, mint: Callable[..., str], shop: Shop
) -> None:
    """The second replica finds the jobs of the first, whichever way they were to end."""
    address = await processes.start()
    lines = [{"epcClass": PATTERN, "quantity": 1}]
    events = [
        event(shop, "receiving", eventTime=at(-each - 1), epcList=[], quantityList=lines)
        for each in range(150)
    ]
    async with AsyncStock(address, mint()) as client:
        jobs = [
            (
                await client.epcis.Capture(
                    epcis_pb2.CaptureRequest(document=document(*part), error_behaviour=behaviour)
                )
            ).capture.capture_id
            for part, behaviour in ((events[:75], 0), (events[75:], PROCEED))
        ]
    processes.kill(len(processes.addresses) - 1)
    last = await shop.client.epcis.GetCapture(epcis_pb2.GetCaptureRequest(capture_id=jobs[-1]))
    assert not last.capture.HasField("finish_time"), "it was killed too late to show anything"
    for each in jobs:
        assert set(kinds(await finished(shop, each))) == {"CAPTURED"}
    assert await buckets(shop) == (150, 0, 0)
    await processes.audited()
