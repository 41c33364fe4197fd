"""EPCIS through the contract: what events do to the books, once."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from onhand.api.stock.v1 import availability_pb2, catalog_pb2, epcis_pb2, reads_pb2, shipments_pb2
from onhand.client import AsyncStock
from onhand.kit.errors import AlreadyExists, InvalidField, NotFound, TooMany, WrongLocation
from onhand.stock.domain import epc as epc_codec

from .conftest import Shop

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
