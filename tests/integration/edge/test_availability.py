"""Availability over HTTP: asked, and live."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from onhand.api.stock.v1.availability_pb2 import Availability, WatchAvailabilityResponse
from onhand.kit import errors

WATCH = "/v1/availability/watch?location_id=store-1"


class TestAsked:
    async def test_lines_come_in_the_order_asked_with_numbers_as_numbers(
        self, edge: httpx.AsyncClient, world: Any
    ) -> None:
        path = "/v1/availability?item_id=b&item_id=a&location_id=store-1"
        answer = (await edge.get(path, headers=world.bearer())).json()
        assert answer["revision"] == 41
        assert [each["item_id"] for each in answer["lines"]] == ["b", "a"]
        assert answer["lines"][0] == {
            "item_id": "b",
            "location_id": "store-1",
            "on_hand": 8,
            "unavailable": 0,
            "reserved": 3,
            "committed": 0,
            "safety_stock": 0,
            "available": 5,
            "in_transit": 0,
            "confidence": 0.5,
            "revision": 40,
            "as_of": "2026-03-04T12:00:00Z",
        }

    async def test_an_unknown_item_fails_its_own_line(self, edge: httpx.AsyncClient, world: Any) -> None:
        path = "/v1/availability?item_id=none&item_id=a&location_id=store-1"
        failed, fine = (await edge.get(path, headers=world.bearer())).json()["lines"]
        assert failed["item_id"] == "none"
        assert (failed["problem"]["reason"], failed["problem"]["status"]) == ("UNKNOWN_ITEM", 404)
        assert fine["available"] == 5

    async def test_a_past_moment_is_asked_for(self, edge: httpx.AsyncClient, world: Any, peer: Any) -> None:
        path = "/v1/availability?item_id=a&location_id=store-1&read_time="
        assert (await edge.get(path + "2026-03-04T12:00:00Z", headers=world.bearer())).status_code == 200
        assert peer.asked[-1].consistency.read_time.ToJsonString() == "2026-03-04T12:00:00Z"
        wrong = await edge.get(path + "yesterday", headers=world.bearer())
        assert (wrong.status_code, "read_time" in wrong.json()["detail"]) == (400, True)

    async def test_a_question_without_items_is_told_what_it_lacks(
        self, edge: httpx.AsyncClient, world: Any
    ) -> None:
        response = await edge.get("/v1/availability?location_id=store-1", headers=world.bearer())
        assert response.status_code == 400
        assert response.json()["violations"][0]["field"] == "item_ids"

    @pytest.mark.parametrize("path", ["/v1/availability", WATCH, "/v1/locations", "/v1/items/a"])
    async def test_each_question_needs_a_token_with_its_scope(
        self, path: str, edge: httpx.AsyncClient, world: Any
    ) -> None:
        assert (await edge.get(path)).status_code == 401
        response = await edge.get(path, headers=world.bearer(scopes=["reads.write"]))
        assert (response.status_code, response.json()["reason"]) == (403, "MISSING_SCOPE")

    async def test_the_catalogue_says_what_the_board_shows(self, edge: httpx.AsyncClient, world: Any) -> None:
        page = (await edge.get("/v1/locations?page_token=t", headers=world.bearer())).json()
        assert page == {
            "locations": [{"location_id": "store-1", "title": "Högtorp <b>", "time_zone": "Europe/Oslo"}],
            "next_page_token": "t",
        }
        assert (await edge.get("/v1/items/a", headers=world.bearer())).json()["title"] == "Ünderwear"
        missing = await edge.get("/v1/items/none", headers=world.bearer())
        assert (missing.status_code, missing.json()["reason"]) == (404, "UNKNOWN_ITEM")

    @pytest.mark.parametrize("size", ["-1", "ten", "1" * 10, "٣"])
    async def test_a_page_size_that_is_no_number_is_refused(
        self, size: str, edge: httpx.AsyncClient, world: Any
    ) -> None:
        response = await edge.get("/v1/locations", params={"page_size": size}, headers=world.bearer())
        assert response.status_code == 400
        assert "page_size" in response.json()["detail"]


class Stream:
    """Server-Sent Events of one response, block by block."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def block(self) -> dict[str, str] | None:
        """Return the fields of the next block, comments under ""; None at the end."""
        fields: dict[str, str] = {}
        async for line in self._lines:
            if not line:
                return fields
            name, _, value = line.partition(": ")
            fields[name] = value
        return None

    async def event(self) -> tuple[str, Any]:
        while (block := await self.block()) is not None:
            if "data" in block:
                return block["id"], json.loads(block["data"])
        raise AssertionError("the stream ended")


@asynccontextmanager
async def watching(edge: httpx.AsyncClient, world: Any, path: str = WATCH) -> AsyncIterator[Stream]:
    async with asyncio.timeout(15), edge.stream("GET", path, headers=world.bearer()) as response:
        assert response.status_code == 200, await response.aread()
        yield Stream(response)


def change(*cells: Any, revision: int, complete: bool = True) -> WatchAvailabilityResponse:
    return WatchAvailabilityResponse(cells=cells, snapshot_complete=complete, revision=revision)


def make_part(item_id: str) -> Availability:
    return Availability(item_id=item_id, location_id="store-1")


class TestLive:
    async def test_a_snapshot_then_each_change_with_its_revision(
        self, edge: httpx.AsyncClient, world: Any, peer: Any, make_cell: Any
    ) -> None:
        peer.changes.put_nowait(change(make_cell("a", "store-1", 5), revision=40, complete=False))
        peer.changes.put_nowait(change(revision=41))  # the snapshot ends with nothing more
        async with watching(edge, world, WATCH + "&item_id=a&item_id=b") as stream:
            assert stream.response.headers["content-type"].startswith("text/event-stream")
            assert stream.response.headers["x-content-type-options"] == "nosniff"
            identity, snapshot = await stream.event()
            assert (identity, snapshot["snapshot_complete"]) == ("40", False)
            assert snapshot["cells"][0]["available"] == 5
            identity, end = await stream.event()
            assert (identity, end) == ("41", {"revision": 41, "snapshot_complete": True, "cells": []})
            peer.changes.put_nowait(change(revision=43))
            peer.changes.put_nowait(change(make_cell("a", "store-1", 4, 44), revision=44))
            assert (await stream.block()) == {"": "revision 43"}  # a heartbeat
            identity, delta = await stream.event()
            assert identity == "44"
            assert [(each["item_id"], each["available"]) for each in delta["cells"]] == [("a", 4)]
        assert list(peer.watched[0].item_ids) == ["a", "b"]
        assert list(peer.watched[0].location_ids) == ["store-1"]

    async def test_a_browser_goes_on_from_the_last_whole_answer(
        self, edge: httpx.AsyncClient, world: Any, peer: Any
    ) -> None:
        peer.changes.put_nowait(change(make_part("a"), revision=0, complete=False))
        peer.changes.put_nowait(change(make_part("b"), revision=41))
        path = WATCH + "&thresholds_only=true&channel=web"
        headers = {**world.bearer(), "Last-Event-ID": "37"}
        async with asyncio.timeout(15), edge.stream("GET", path, headers=headers) as response:
            stream = Stream(response)
            assert await stream.block() == {"retry": "1000"}
            first, second = await stream.block(), await stream.block()
        assert first is not None
        assert second is not None
        assert "id" not in first  # from the middle of a snapshot nobody can go on
        assert second["id"] == "41"
        asked = peer.watched[0]
        assert (asked.resume_revision, asked.thresholds_only, asked.channel) == (37, True, "web")

    async def test_stock_is_left_when_the_client_goes(
        self, edge: httpx.AsyncClient, world: Any, peer: Any, until: Any
    ) -> None:
        peer.changes.put_nowait(change(revision=1))
        async with watching(edge, world) as stream:
            await stream.event()
            assert peer.watching == 1
        await until(lambda: peer.watching == 0)

    async def test_a_failure_before_the_first_word_is_a_status(
        self, edge: httpx.AsyncClient, world: Any, peer: Any
    ) -> None:
        peer.changes.put_nowait(errors.WrongLocation("store-1"))
        response = await edge.get(WATCH, headers=world.bearer())
        assert (response.status_code, response.json()["reason"]) == (403, "WRONG_LOCATION")

    async def test_a_failure_later_is_the_last_event(
        self, edge: httpx.AsyncClient, world: Any, peer: Any
    ) -> None:
        peer.changes.put_nowait(change(revision=1))
        peer.changes.put_nowait(errors.LimitReached("100,000 cells wait"))
        async with watching(edge, world) as stream:
            await stream.event()
            block = await stream.block()
            assert block is not None
            assert block["event"] == "problem"
            assert json.loads(block["data"])["reason"] == "LIMIT_REACHED"
            assert await stream.block() is None

    async def test_more_watchers_than_the_limit_are_told_to_come_back(
        self, start_edge: Any, world: Any, peer: Any, until: Any
    ) -> None:
        narrow = await start_edge(max_watchers=1)
        peer.changes.put_nowait(change(revision=1))
        async with narrow.client() as client:
            async with watching(client, world) as stream:
                await stream.event()
                response = await client.get(WATCH, headers=world.bearer())
                assert response.status_code == 503
                assert response.headers["retry-after"] == "1"
            await until(lambda: peer.watching == 0)
            peer.changes.put_nowait(change(revision=2))
            async with asyncio.timeout(5):  # the place is free again once the first has gone
                while True:
                    async with client.stream("GET", WATCH, headers=world.bearer()) as again:
                        if again.status_code == 200:
                            break

    async def test_a_stream_ends_after_its_time(self, start_edge: Any, world: Any, peer: Any) -> None:
        brief = await start_edge(watch_duration_s=0.2)
        peer.changes.put_nowait(change(revision=1))
        async with brief.client() as client, watching(client, world) as stream:
            await stream.event()
            assert await stream.block() is None

    async def test_stock_that_says_nothing_is_a_timeout(self, start_edge: Any, world: Any) -> None:
        hasty = await start_edge(stock_timeout_s=0.3)
        async with hasty.client() as client:
            response = await client.get(WATCH, headers=world.bearer())
        assert (response.status_code, response.json()["reason"]) == (504, "DEADLINE_EXCEEDED")

    async def test_streams_end_cleanly_when_the_edge_stops(
        self, start_edge: Any, world: Any, peer: Any, until: Any
    ) -> None:
        leaving = await start_edge()
        peer.changes.put_nowait(change(revision=1))
        async with leaving.client() as client, watching(client, world) as stream:
            await stream.event()
            leaving.process.send_signal(signal.SIGTERM)
            assert await stream.block() is None  # an end, not a cut
            assert await leaving.process.wait() == 0
        await until(lambda: peer.watching == 0)
        assert "Traceback" not in leaving.log.read_text()
