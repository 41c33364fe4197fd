"""EPCIS as partners see it: HTTP through the edge into a real stock."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest
from tests.integration.stock.conftest import Shop, StockProcesses
from tests.integration.stock.test_epcis import CONTEXT, at, document, event, uri

from onhand.client import AsyncStock
from onhand.edge.app import Edge
from onhand.edge.auth import Gate, caller_token
from onhand.edge.config import EdgeSettings
from onhand.edge.health import Services
from onhand.edge.live import Watches
from onhand.kit.auth import Authenticator

JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def http(
    shop: Shop, processes: StockProcesses, mint: Callable[..., str]
) -> AsyncIterator[httpx.AsyncClient]:
    assert shop  # it starts the process
    settings = EdgeSettings(
        listen="127.0.0.1:0",
        stock_target=processes.addresses[0],
        routing_target="127.0.0.1:1",
        pickup_target="127.0.0.1:1",
        notifications_target="127.0.0.1:1",
        auth_issuer=processes.settings.auth_issuer,
        auth_jwks_file=processes.settings.auth_jwks_file,
        epcis_max_bytes=100_000,
    )
    stock = AsyncStock(settings.stock_target, token=caller_token.get)
    edge = Edge(settings, Gate(Authenticator(settings)), stock, Services(settings), Watches(settings), [])
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(edge.app()),
        base_url="http://edge",
        headers={"Authorization": f"Bearer {mint()}"},
    ) as client:
        yield client
    await stock.close()


async def finished(http: httpx.AsyncClient, accepted: httpx.Response) -> dict[str, Any]:
    assert accepted.status_code == 202, accepted.text
    async with asyncio.timeout(20):
        while True:
            job: dict[str, Any] = (await http.get(accepted.headers["location"])).json()
            if not job["running"]:
                return job
            await asyncio.sleep(0.02)


async def post(http: httpx.AsyncClient, sent: bytes, **headers: str) -> httpx.Response:
    return await http.post("/epcis/capture", content=sent, headers=JSON | headers)


def listed(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    return found


async def test_capture_then_query(http: httpx.AsyncClient, shop: Shop) -> None:
    extended = event(shop, "receiving", **{"example:colour": "blue"})
    job = await finished(http, await post(http, document(extended)))
    assert (job["success"], job["captureErrorBehaviour"], job["errors"]) == (True, "rollback", [])
    assert job["outcomes"][0]["outcome"] == "captured"
    answer = await http.get(
        "/epcis/events", params={"MATCH_epc": uri(shop), "EQ_bizStep": "shipping|receiving"}
    )
    assert answer.headers["gs1-epcis-version"] == "2.0.0"
    (found,) = listed(answer)
    assert {**found, **extended} == found, "it comes back as it was sent"
    assert found["@context"] == [CONTEXT, {"example": "https://ns.example.com/epcis/"}]
    event_id = found["eventID"]
    one = await http.get("/epcis/events/" + quote(event_id, safe=""))
    assert one.json()["eventID"] == event_id
    for short_cut in (f"epcs/{quote(uri(shop), safe='')}", f"bizLocations/urn:onhand:location:{shop.s1}"):
        assert event_id in [each["eventID"] for each in listed(await http.get(f"/epcis/{short_cut}/events"))]
    assert listed(await http.get("/epcis/bizSteps/receiving/events", params={"MATCH_epc": uri(shop)}))


async def test_one_event(http: httpx.AsyncClient, shop: Shop) -> None:
    sent = json.dumps({"@context": CONTEXT, **event(shop, "receiving")})
    made = await http.post("/epcis/events", content=sent, headers=JSON)
    assert made.status_code == 201, made.text
    assert (await http.get(made.headers["location"])).json()["bizStep"] == "receiving"
    again = await http.post("/epcis/events", content=sent, headers=JSON)
    assert (again.status_code, again.json()["type"]) == (
        409,
        "epcisException:ResourceAlreadyExistsException",
    )


async def test_pages_link_to_the_next(http: httpx.AsyncClient, shop: Shop) -> None:
    events = [event(shop, "inspecting", eventTime=at(-100 + each)) for each in range(5)]
    await finished(http, await post(http, document(*events)))
    asked: Any = {
        "MATCH_epc": uri(shop),
        "EQ_bizStep": "inspecting",
        "GE_eventTime": at(-200),
        "orderBy": "eventTime",
        "perPage": "2",
    }
    answer = await http.get("/epcis/events", params=asked)
    pages = [len(listed(answer))]
    while "next" in answer.links:
        answer = await http.get(answer.links["next"]["url"])
        pages.append(len(listed(answer)))
    assert pages == [2, 2, 1]


async def test_what_the_door_can_is_told(http: httpx.AsyncClient) -> None:
    told = await http.options("/epcis/capture")
    assert told.status_code == 204
    assert told.headers["gs1-epcis-capture-limit"] == "200"
    assert told.headers["gs1-epcis-capture-file-size-limit"] == "100000"
    assert told.headers["gs1-capture-error-behaviour"] == "rollback, proceed"
    assert "POST" in told.headers["allow"]
    assert "events" in (await http.get("/epcis")).json()["member"]
    assert "ObjectEvent" in (await http.get("/epcis/eventTypes")).json()["member"]


async def test_failures_have_the_names_of_the_standard(http: httpx.AsyncClient, shop: Shop) -> None:
    async def refusal(answer: httpx.Response) -> tuple[int, str]:
        assert answer.headers["content-type"] == "application/problem+json"
        return answer.status_code, answer.json()["type"].removeprefix("epcisException:")

    broken = document(event(shop, "receiving", action="CREATE"))
    assert await refusal(await post(http, broken)) == (400, "ValidationException")
    assert await refusal(await post(http, b"{" * 200_000)) == (413, "CaptureLimitExceededException")
    many = document(*[{"type": "x"}] * 201)
    assert await refusal(await post(http, many)) == (413, "CaptureLimitExceededException")
    assert await refusal(await post(http, broken, **{"Content-Type": "text/xml"})) == (
        415,
        "UnsupportedMediaTypeException",
    )
    assert await refusal(await post(http, broken, **{"GS1-EPCIS-Version": "1.2"})) == (
        406,
        "NotAcceptableException",
    )
    assert await refusal(await post(http, broken, **{"GS1-Capture-Error-Behaviour": "all"})) == (
        400,
        "ValidationException",
    )
    asked = await http.get("/epcis/events", params={"EQ_colour": "blue"})
    assert await refusal(asked) == (400, "QueryParameterException")
    assert await refusal(await http.get("/epcis/events/urn:x:none")) == (404, "NoSuchResourceException")
    assert await refusal(await http.get(f"/epcis/capture/{uuid4()}")) == (404, "NoSuchResourceException")
    assert await refusal(await http.get("/epcis/queries")) == (501, "ImplementationException")
    bare = {"Authorization": "Bearer nothing"}
    assert await refusal(await http.get("/epcis/events", headers=bare)) == (401, "SecurityException")


async def test_proceed_tells_errors_event_by_event(http: httpx.AsyncClient, shop: Shop) -> None:
    sent = document(event(shop, "receiving", action="CREATE"), event(shop, "receiving"))
    job = await finished(http, await post(http, sent, **{"GS1-Capture-Error-Behaviour": "proceed"}))
    assert (job["success"], len(job["errors"])) == (False, 1)
    assert job["errors"][0]["detail"].startswith("eventList[0].action")
    assert [each["outcome"] for each in job["outcomes"]] == ["refused", "captured"]
    jobs = (await http.get("/epcis/capture", params={"perPage": "1000"})).json()
    assert job["captureID"] in [each["captureID"] for each in jobs]


async def test_no_document_breaks_the_door(http: httpx.AsyncClient, shop: Shop) -> None:
    """Documents with something of them replaced by what nobody expects there."""
    dice = random.Random(20)
    odd: list[Any] = [None, True, -1, 1e300, "", "\x00", "\ud800", [], {}, [[]], {"": {}}, "x:" + "y" * 3000]
    odd += ["urn:onhand:location:%00", "urn:epc:id:sgtin:0614141.812345.1%00", "9999-12-31T23:59:59-14:00"]

    def spoil(value: Any) -> Any:
        if dice.random() < 0.12:
            return dice.choice(odd)
        if isinstance(value, dict):
            return {key: spoil(each) for key, each in value.items()}
        return [spoil(each) for each in value] if isinstance(value, list) else value

    whole = json.loads(document(event(shop, "receiving"), event(shop, "stocking")))
    for _ in range(60):
        sent = json.dumps(spoil(whole)).encode()
        answer = await post(http, sent, **{"GS1-Capture-Error-Behaviour": "proceed"})
        assert answer.status_code in {202, 400, 413}, (sent, answer.text)
        if answer.status_code == 202:
            job = await finished(http, answer)
            assert "INTERNAL" not in [each["title"] for each in job["errors"]], sent
    for name in (
        "EQ_bizStep",
        "MATCH_epc",
        "GE_eventTime",
        "orderBy",
        "perPage",
        "nextPageToken",
        "EQ_source_",
    ):
        for value in ("", "\x00", "|", "☃", "9" * 400, "WyIiXQ=="):
            answer = await http.get("/epcis/events", params={name: value})
            assert answer.status_code in {200, 400}, (name, value, answer.text)
