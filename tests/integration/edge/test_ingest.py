"""Readers post over HTTP; stock gets batches of reads."""

import asyncio
import gzip
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from onhand.api.stock.v1 import reads_pb2
from onhand.cli import keys
from onhand.kit import errors

EPC_HEX = "3034F8B20001000000000001"
TIME = "2026-03-04T12:00:00.123456789-0600"
TIME_NS = 1_772_647_200_123_456_789


def impinj_event(hostname: str | None = "r700-door", **tag: Any) -> dict[str, Any]:
    event = {
        "timestamp": TIME,
        "eventType": "tagInventory",
        "tagInventoryEvent": {"epc": "MDT4sgABAAAAAAAB", "antennaPort": 2, "peakRssiCdbm": -5230} | tag,
    }
    return event if hostname is None else event | {"hostname": hostname}


def zebra_event(epc: str = EPC_HEX, kind: str = "CUSTOM") -> dict[str, Any]:
    return {"type": kind, "timestamp": TIME, "data": {"idHex": epc, "antenna": 1, "peakRssi": -37}}


def told(request: reads_pb2.RecordReadsRequest) -> list[tuple[str, int, int, int]]:
    return [
        (each.epc.hex().upper(), each.antenna, each.read_time.ToNanoseconds(), each.rssi_cdbm)
        for each in request.reads
    ]


NOTHING = {
    "accepted": 0,
    "repeated": 0,
    "refused": 0,
    "ignored": 0,
    "unknown_items": 0,
    "revision": 0,
    "refusals": [],
}


class TestFormats:
    async def test_impinj_events_reach_stock_under_the_name_of_their_reader(
        self, edge: httpx.AsyncClient, world: Any, peer: Any
    ) -> None:
        events = [impinj_event(), impinj_event(epc="4oBp_-8AUAAAAAAB"), {"eventType": "inventoryStatus"}]
        response = await edge.post("/ingest/impinj", json=events, headers=world.bearer())
        assert response.status_code == 200, response.text
        assert response.json() == NOTHING | {"accepted": 2, "ignored": 1, "revision": 7}
        (batch,) = peer.batches
        assert batch.reader_id == "r700-door"
        assert told(batch) == [
            (EPC_HEX, 2, TIME_NS, -5230),
            ("E28069FFEF00500000000001", 2, TIME_NS, -5230),
        ]

    async def test_lines_of_json_are_taken(self, edge: httpx.AsyncClient, world: Any) -> None:
        lines = "\n".join(json.dumps(impinj_event()) for _ in range(3))
        response = await edge.post("/ingest/impinj", content=lines, headers=world.bearer())
        assert response.json()["accepted"] == 3

    async def test_zebra_events_reach_stock_under_the_name_of_the_query(
        self, edge: httpx.AsyncClient, world: Any, peer: Any
    ) -> None:
        events = [zebra_event(kind=mode) for mode in ("SIMPLE", "INVENTORY", "CONVEYOR", "PORTAL", "CUSTOM")]
        events += [{"type": "heartbeat", "data": {}}, {"type": "BLE_DATA", "data": {"RSSI": -66}}]
        response = await edge.post("/ingest/zebra?reader_id=fx-1", json=events, headers=world.bearer())
        assert response.json() == NOTHING | {"accepted": 5, "ignored": 2, "revision": 7}
        assert peer.batches[0].reader_id == "fx-1"
        assert told(peer.batches[0])[0] == (EPC_HEX, 1, TIME_NS, -3700)

    async def test_plain_json_and_csv_say_the_same(
        self, edge: httpx.AsyncClient, world: Any, peer: Any
    ) -> None:
        read = {"epc": EPC_HEX, "antenna": 4, "read_time": TIME, "rssi_dbm": -57.5}
        await edge.post(
            "/ingest/reads", json={"reader_id": "dock-1", "reads": [read]}, headers=world.bearer()
        )
        await edge.post(
            "/ingest/reads?reader_id=dock-1",
            content=f"epc,antenna,read_time,rssi_dbm\n{EPC_HEX},4,{TIME},-57.5\n",
            headers=world.bearer() | {"Content-Type": "text/csv; charset=utf-8"},
        )
        assert len(peer.batches) == 2
        assert peer.batches[0] == peer.batches[1]
        assert told(peer.batches[0]) == [(EPC_HEX, 4, TIME_NS, -5750)]

    async def test_a_reader_that_names_itself_nowhere_is_its_token(
        self, edge: httpx.AsyncClient, world: Any, peer: Any
    ) -> None:
        for path, event in (("impinj", impinj_event(hostname=None)), ("zebra", zebra_event())):
            await edge.post(f"/ingest/{path}", json=event, headers=world.bearer(subject="store-1/exit"))
        await edge.post(
            "/ingest/impinj?reader_id=named", json=impinj_event(hostname=None), headers=world.bearer()
        )
        assert [each.reader_id for each in peer.batches] == ["store-1/exit", "store-1/exit", "named"]

    async def test_a_message_of_nothing_asks_nothing_of_stock(
        self, edge: httpx.AsyncClient, world: Any, peer: Any
    ) -> None:
        response = await edge.post("/ingest/zebra", content=b"", headers=world.bearer())
        assert response.json() == NOTHING
        assert peer.batches == []


class TestWhatIsAnswered:
    async def test_bad_events_are_refused_by_their_place_in_the_body_and_the_rest_goes_through(
        self, edge: httpx.AsyncClient, world: Any, peer: Any
    ) -> None:
        peer.result = lambda _: reads_pb2.RecordReadsResponse(
            accepted_count=1,
            repeated_count=2,
            refused_count=1,
            unknown_item_count=1,
            revision=9,
            refusals=[reads_pb2.ReadRefusal(index=3, reason="INVALID_FIELD", message="read_time: too old")],
        )
        good = zebra_event()
        events = [
            {"type": "heartbeat"},
            good,
            zebra_event("30_2"),
            good,
            zebra_event("30" * 63),
            good,
            5,
            good,
        ]
        response = await edge.post("/ingest/zebra", json=events, headers=world.bearer())
        answer = response.json()
        assert response.status_code == 200
        assert len(peer.batches[0].reads) == 4
        refusals = answer.pop("refusals")
        assert answer == {
            "accepted": 1,
            "repeated": 2,
            "refused": 4,
            "ignored": 1,
            "unknown_items": 1,
            "revision": 9,
        }
        assert [(each["index"], each["reason"]) for each in refusals] == [
            (2, "INVALID_EPC"),
            (4, "INVALID_FIELD"),
            (6, "INVALID_FIELD"),
            (7, "INVALID_FIELD"),
        ]
        assert "too old" in refusals[3]["message"]

    async def test_many_reads_go_in_batches_of_the_contracts_limit(
        self, edge: httpx.AsyncClient, world: Any, peer: Any
    ) -> None:
        reads = [{"epc": f"{each:024X}", "read_time": TIME} for each in range(20_001)]
        response = await edge.post("/ingest/reads", json={"reads": reads}, headers=world.bearer())
        assert response.json()["accepted"] == 20_001
        assert [len(each.reads) for each in peer.batches] == [10_000, 10_000, 1]
        assert peer.batches[2].reads[0].epc.hex() == f"{20_000:024x}"

    async def test_each_reader_gets_its_own_batch(
        self, edge: httpx.AsyncClient, world: Any, peer: Any
    ) -> None:
        events = [impinj_event("a"), impinj_event("b"), impinj_event("a")]
        response = await edge.post("/ingest/impinj", json=events, headers=world.bearer())
        assert response.json()["accepted"] == 3
        assert [(each.reader_id, len(each.reads)) for each in peer.batches] == [("a", 2), ("b", 1)]

    async def test_a_reader_that_stock_refuses_does_not_hold_back_the_others(
        self, edge: httpx.AsyncClient, world: Any, peer: Any
    ) -> None:
        peer.failures["a"] = errors.WrongLocation("store-2")
        events = [impinj_event("a"), impinj_event("b"), impinj_event("a")]
        answer = (await edge.post("/ingest/impinj", json=events, headers=world.bearer())).json()
        assert (answer["accepted"], answer["refused"]) == (1, 2)
        assert [(each["index"], each["reason"]) for each in answer["refusals"]] == [
            (0, "WRONG_LOCATION"),
            (2, "WRONG_LOCATION"),
        ]

    async def test_a_lone_reader_that_stock_refuses_gets_the_reason(
        self, edge: httpx.AsyncClient, world: Any, peer: Any
    ) -> None:
        peer.failures["r700-door"] = errors.WrongLocation("store-2")
        response = await edge.post("/ingest/impinj", json=impinj_event(), headers=world.bearer())
        assert response.status_code == 403
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["metadata"] == {"location_id": "store-2"}

    @pytest.mark.parametrize("name", ["x" * 129, "a\u0000b", "a\nb", "\ud800"])
    async def test_a_name_that_no_reader_can_have_refuses_its_events_only(
        self, name: str, edge: httpx.AsyncClient, world: Any
    ) -> None:
        events = [impinj_event(name), impinj_event("b")]
        content = json.dumps(events)
        answer = (await edge.post("/ingest/impinj", content=content, headers=world.bearer())).json()
        assert (answer["accepted"], answer["refused"]) == (1, 1)
        assert "reader_id" in answer["refusals"][0]["message"]

    @pytest.mark.parametrize(
        ("path", "body", "what"),
        [
            ("impinj", b"not json", "not JSON"),
            ("zebra", b'[{"type":', "not JSON"),
            ("reads", b'{"reads": 5}', "reader_id"),
            ("impinj", b"[" * 200_000, "nested too deeply"),
            ("zebra", b"\xff\xff", "not UTF-8"),
            ("zebra", b"[" + b"1," * 60_000 + b"1]", "more than the limit of 50000"),
        ],
    )
    async def test_a_malformed_body_is_a_problem_that_names_what_is_wrong(
        self, path: str, body: bytes, what: str, edge: httpx.AsyncClient, world: Any, peer: Any
    ) -> None:
        response = await edge.post(f"/ingest/{path}", content=body, headers=world.bearer())
        assert response.status_code == 400
        assert response.headers["content-type"] == "application/problem+json"
        assert what in response.json()["detail"]
        assert peer.batches == []


class TestSizes:
    async def test_gzip_is_taken(self, edge: httpx.AsyncClient, world: Any) -> None:
        body = gzip.compress(json.dumps([zebra_event()] * 2_000).encode())
        headers = world.bearer() | {"Content-Encoding": "gzip"}
        response = await edge.post("/ingest/zebra", content=body, headers=headers)
        assert response.json()["accepted"] == 2_000

    async def test_a_decompression_bomb_is_refused(self, edge: httpx.AsyncClient, world: Any) -> None:
        body = gzip.compress(b" " * (64 << 20))
        headers = world.bearer() | {"Content-Encoding": "gzip"}
        response = await edge.post("/ingest/zebra", content=body, headers=headers)
        assert response.status_code == 413
        assert response.json()["reason"] == "LIMIT_REACHED"
        assert "max_inflated_bytes" in response.json()["detail"]

    async def test_what_claims_to_be_gzip_and_is_not_is_malformed(
        self, edge: httpx.AsyncClient, world: Any
    ) -> None:
        headers = world.bearer() | {"Content-Encoding": "gzip"}
        response = await edge.post("/ingest/zebra", content=b"[]", headers=headers)
        assert (response.status_code, response.json()["reason"]) == (400, "INVALID_FIELD")

    async def test_another_encoding_is_refused_with_the_one_that_works(
        self, edge: httpx.AsyncClient, world: Any
    ) -> None:
        headers = world.bearer() | {"Content-Encoding": "br"}
        response = await edge.post("/ingest/zebra", content=b"[]", headers=headers)
        assert (response.status_code, response.headers["accept-encoding"]) == (415, "gzip")

    async def test_a_body_over_the_limit_is_refused_announced_or_not(
        self, start_edge: Any, world: Any
    ) -> None:
        small = await start_edge(max_body_bytes=2_000)

        async def unannounced() -> Any:
            for _ in range(3):
                yield b" " * 1_000

        for content in (b" " * 3_000, unannounced()):
            async with small.client() as client:
                response = await client.post("/ingest/zebra", content=content, headers=world.bearer())
            assert response.status_code == 413
            assert "max_body_bytes is 2000" in response.json()["detail"]

    async def test_a_client_that_does_not_finish_its_body_is_cut(self, start_edge: Any, world: Any) -> None:
        impatient = await start_edge(body_timeout_s=2, max_ingests=1)
        host, port = impatient.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        head = f"POST /ingest/zebra HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {world.token()}\r\n"
        writer.write(f"{head}Content-Length: 100\r\n\r\n[".encode())
        async with asyncio.timeout(15), impatient.client() as client:
            while True:  # until the only slot is taken
                busy = await client.post("/ingest/zebra", content=b"[]", headers=world.bearer())
                if busy.status_code != 200:
                    break
            assert busy.status_code == 503
            assert busy.headers["retry-after"] == "1"
            assert b" 408 " in await reader.readline()
            again = await client.post("/ingest/zebra", content=b"[]", headers=world.bearer())
            assert again.status_code == 200
        writer.close()
        await writer.wait_closed()


class TestCallers:
    async def test_stock_sees_the_callers_own_token(
        self, edge: httpx.AsyncClient, world: Any, peer: Any
    ) -> None:
        for subject in ("reader-1", "reader-2"):
            await edge.post("/ingest/zebra", json=zebra_event(), headers=world.bearer(subject=subject))
        assert peer.subjects == ["reader-1", "reader-2"]

    async def test_stock_is_told_where_the_request_came_from(
        self, edge: httpx.AsyncClient, world: Any, peer: Any
    ) -> None:
        lie = {"X-Forwarded-For": "192.0.2.66"}
        await edge.post("/ingest/impinj", json=[impinj_event()], headers={**world.bearer(), **lie})
        assert peer.origins == ["127.0.0.1"], "what the edge saw, not what it was told"

    async def test_a_token_may_come_as_the_password_of_http_basic(
        self, edge: httpx.AsyncClient, world: Any, peer: Any
    ) -> None:
        response = await edge.post(
            "/ingest/zebra", json=zebra_event(), auth=("root", world.token(subject="r700"))
        )
        assert response.status_code == 200
        assert peer.subjects == ["r700"]

    @pytest.mark.parametrize(
        "authorization",
        [
            None,
            "Bearer",
            "Bearer not.a.token",
            "Bearer é".encode("latin-1"),
            "Basic",
            "Basic !!!",
            "Basic cm9vdA==",
            "Basic cm9vdDo=",
            "Basic cm9vdDppbXBpbmo=",
            "Digest username=root",
        ],
    )
    async def test_without_a_good_token_nothing_is_read(
        self, authorization: str | bytes | None, edge: httpx.AsyncClient
    ) -> None:
        headers = {} if authorization is None else {"Authorization": authorization}
        response = await edge.post("/ingest/zebra", content=b"not even JSON", headers=headers)
        assert response.status_code == 401
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["reason"] == "INVALID_TOKEN"
        assert "Bearer" in response.headers["www-authenticate"]
        assert "Basic" in response.headers["www-authenticate"]

    async def test_an_expired_or_foreign_token_is_refused(
        self, edge: httpx.AsyncClient, world: Any, tmp_path: Path
    ) -> None:
        keys.ensure_keys(tmp_path)
        for token in (world.token(ttl=timedelta(hours=-1)), world.token(keys_dir=tmp_path)):
            response = await edge.post("/ingest/zebra", json=[], headers={"Authorization": f"Bearer {token}"})
            assert (response.status_code, response.json()["reason"]) == (401, "INVALID_TOKEN")

    async def test_a_token_for_something_else_is_refused(self, edge: httpx.AsyncClient, world: Any) -> None:
        response = await edge.post("/ingest/zebra", json=[], headers=world.bearer(scopes=["stock.read"]))
        assert response.status_code == 403
        assert response.json()["metadata"] == {"scope": "reads.write"}

    async def test_the_callers_trace_goes_on_to_stock(
        self, edge: httpx.AsyncClient, world: Any, peer: Any
    ) -> None:
        trace_id = "0af7651916cd43dd8448eb211c80319c"
        headers = world.bearer() | {"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"}
        await edge.post("/ingest/zebra", json=zebra_event(), headers=headers)
        assert peer.traceparents[0].split("-")[1] == trace_id


class TestStockAway:
    async def test_nothing_is_acknowledged_while_stock_does_not_answer(
        self, start_edge: Any, world: Any
    ) -> None:
        lonely = await start_edge(stock_target="127.0.0.1:1", stock_timeout_s=3)
        async with lonely.client() as client:
            response = await client.post("/ingest/zebra", json=zebra_event(), headers=world.bearer())
            assert response.status_code == 503
            assert int(response.headers["retry-after"]) >= 1
            assert response.json()["reason"] == "DEPENDENCY_UNAVAILABLE"
            assert (await client.get("/healthz")).status_code == 200
            ready = await client.get("/readyz")
            assert (ready.status_code, ready.json()["metadata"]) == (503, {"service": "stock"})

    @pytest.mark.parametrize(
        ("failure", "status"),
        [(errors.DatabaseUnavailable(), 503), (errors.Contention(), 409), (errors.LimitReached("rate"), 429)],
    )
    async def test_a_failure_that_passes_is_raised_even_when_a_part_was_recorded(
        self, failure: errors.OnhandError, status: int, edge: httpx.AsyncClient, world: Any, peer: Any
    ) -> None:
        peer.failures["b"] = failure
        events = [impinj_event("a"), impinj_event("b")]
        response = await edge.post("/ingest/impinj", json=events, headers=world.bearer())
        assert response.status_code == status
        assert "accepted" not in response.json()
        peer.failures.clear()
        again = await edge.post("/ingest/impinj", json=events, headers=world.bearer())
        assert again.json()["accepted"] == 2

    async def test_a_fault_of_stock_is_told_without_detail(
        self, edge: httpx.AsyncClient, world: Any, peer: Any
    ) -> None:
        peer.failures[""] = RuntimeError("password is 1234")
        response = await edge.post("/ingest/zebra", json=zebra_event(), headers=world.bearer())
        assert response.status_code == 500
        assert "1234" not in response.text

    async def test_the_edge_is_ready_while_stock_is(self, edge: httpx.AsyncClient) -> None:
        assert (await edge.get("/readyz")).json() == {"status": "ready"}
