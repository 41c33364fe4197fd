"""Simulated fixed readers, which post as the real ones do.

Each store has an Impinj R700 over its sales floor and a Zebra reader over back room and staging; both post
their own JSON to the edge. The antennas at all exits come by one gateway over gRPC (`gateway`). A tag is
read in two of three passes, then several times over: nearly all reads are repeats.
"""

import asyncio
import base64
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from random import Random
from typing import Any

import httpx

from onhand.demo.meter import Meter
from onhand.demo.shelf import BACK_ROOM, FLOOR, STAGING, Shelf
from onhand.demo.tally import Tally
from onhand.kit.clock import Clock

READ_RATE = 0.65
"""Share of the tags in view that a pass reads; 60-70 % is usual in a store."""
READS_OF_SEEN = (1, 2, 3, 4, 6)
PASS_S = 1.0
"""A pass lasts this long: its reads lie in the second before it is posted."""
FLOOR_ANTENNAS = 4
ZEBRA_ANTENNAS = {BACK_ROOM: 1, STAGING: 2}
FOREIGN_TAGS = 3
"""Tags on the floor that are not GS1's: other people's goods carry some."""
FAULTY_EVERY = 500
"""One event in so many comes broken from its reader."""
BROKEN = "30340"
"""What such an event has for a tag."""
REFILL_SHARE = 0.05
"""Share of the back room that goes to the floor between two passes."""
MAX_INTAKE_PASSES = 20
RETRY_S = 1.0
AGAIN = (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)
"""Answers after which a reader posts the same again: nobody knows whether it was done."""


class ReaderError(Exception):
    """The edge answered what a reader cannot mend by sending again."""


def impinj_event(
    hostname: str, epc: bytes, antenna: int, rssi_cdbm: int, seen: datetime, random: Random
) -> dict[str, Any]:
    """Return an R700 tag event: URL-safe base64, hexadecimal only if so configured."""
    tag = {
        "epc": base64.urlsafe_b64encode(epc).decode(),
        "antennaPort": antenna,
        "peakRssiCdbm": rssi_cdbm,
        "frequency": 915_250,
        "transmitPowerCdbm": 3000,
        "lastSeenTime": f"{seen:%Y-%m-%dT%H:%M:%S.%f}Z",
    }
    if random.random() < 0.5:  # noqa: PLR2004 - one half
        tag["epcHex"] = epc.hex().upper()
    return {
        "timestamp": f"{seen:%Y-%m-%dT%H:%M:%S.%f}000Z",
        "hostname": hostname,
        "eventType": "tagInventory",
        "tagInventoryEvent": tag,
    }


def impinj_status(hostname: str, seen: datetime) -> dict[str, Any]:
    """Return what an R700 posts to the same address between tags."""
    return {
        "timestamp": f"{seen:%Y-%m-%dT%H:%M:%S.%f}000Z",
        "hostname": hostname,
        "eventType": "inventoryStatus",
        "inventoryStatusEvent": {"inventoryStatus": "running"},
    }


def zebra_event(epc: bytes, antenna: int, rssi_dbm: int, seen: datetime, number: int) -> dict[str, Any]:
    """Return a tag event of Zebra's IoT Connector."""
    return {
        "data": {
            "antenna": antenna,
            "channel": 915.25,
            "eventNum": number,
            "format": "epc",
            "idHex": epc.hex(),
            "peakRssi": rssi_dbm,
            "reads": 1,
        },
        "timestamp": f"{seen:%Y-%m-%dT%H:%M:%S}.{seen.microsecond // 1000:03d}+0000",
        "type": "CUSTOM",
    }


def zebra_heartbeat(seen: datetime, number: int) -> dict[str, Any]:
    return {
        "component": "RG",
        "data": {"radio_control": {}},
        "eventNum": number,
        "timestamp": f"{seen:%Y-%m-%dT%H:%M:%S}.{seen.microsecond // 1000:03d}+0000",
        "type": "heartbeat",
    }


def broken(event: dict[str, Any]) -> dict[str, Any]:
    """Break a tag event as a loose cable does: half a hexadecimal digit pair is gone."""
    copy: dict[str, Any] = json.loads(json.dumps(event))
    tag, name = _hexadecimal(copy)
    tag[name] = BROKEN
    return copy


def is_broken(event: dict[str, Any]) -> bool:
    tag, name = _hexadecimal(event)
    return tag.get(name) == BROKEN


def _hexadecimal(event: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Return the part of an event that holds the tag's hexadecimal form, and under what name."""
    if "data" in event:
        return event["data"], "idHex"
    return event.get("tagInventoryEvent", {}), "epcHex"


def sample(epcs: Iterable[bytes], random: Random) -> Iterator[bytes]:
    """Yield the reads of one pass over tags in view."""
    for epc in epcs:
        if random.random() < READ_RATE:
            for _ in range(random.choice(READS_OF_SEEN)):
                yield epc


class StoreReaders:
    """The two readers of one store."""

    def __init__(
        self,
        location_id: str,
        shelf: Shelf,
        http: httpx.AsyncClient,
        token: str,
        *,
        attempts: int,
        clock: Clock,
        random: Random,
        tally: Tally,
        meter: Meter,
    ) -> None:
        self._location_id = location_id
        self._shelf = shelf
        self._http = http
        self._headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        self._attempts = attempts
        self._clock = clock
        self._random = random
        self._tally = tally
        self._meter = meter
        self._number = 0
        self._foreign = [bytes.fromhex("E280") + random.randbytes(10) for _ in range(FOREIGN_TAGS)]
        self.impinj_id, self.zebra_id = reader_ids(location_id)

    async def intake(self) -> None:
        """Pass over the morning's goods until every tag has been seen, as a delivery is checked in."""
        unseen = set(self._shelf.zones)
        for _ in range(MAX_INTAKE_PASSES):
            unseen -= await self.one_pass()
            if not unseen:
                return
        raise ReaderError(
            f"{len(unseen)} tags of {self._location_id} were not seen in {MAX_INTAKE_PASSES} passes"
        )

    async def run(self, interval_s: float) -> None:
        """Pass after pass until cancelled; staff bring goods to the floor meanwhile."""
        await asyncio.sleep(interval_s * self._random.random())  # readers do not start together
        while True:
            self._shelf.refill(REFILL_SHARE)
            await self.one_pass()
            await asyncio.sleep(interval_s)

    async def one_pass(self) -> set[bytes]:
        """Read what lies in view and post it; returns the tags that were read."""
        floor = [*sample([*self._shelf.tags(FLOOR), *self._foreign], self._random)]
        rear = [
            (epc, antenna)
            for zone, antenna in ZEBRA_ANTENNAS.items()
            for epc in sample(self._shelf.tags(zone), self._random)
        ]
        now = self._clock.now()
        await self._post("impinj", self.impinj_id, self._impinj_body(floor, now), len(floor))
        await self._post("zebra", self.zebra_id, self._zebra_body(rear, now), len(rear))
        return {*floor, *(epc for epc, _ in rear)}

    def _impinj_body(self, epcs: Sequence[bytes], now: datetime) -> list[dict[str, Any]]:
        events = [
            impinj_event(
                self.impinj_id,
                epc,
                epc[-1] % FLOOR_ANTENNAS + 1,
                self._rssi_cdbm(),
                self._seen(now),
                self._random,
            )
            for epc in epcs
        ]
        return [impinj_status(self.impinj_id, now), *self._with_faults(events)]

    def _zebra_body(self, reads: Sequence[tuple[bytes, int]], now: datetime) -> list[dict[str, Any]]:
        events = []
        for epc, antenna in reads:
            self._number += 1
            events.append(zebra_event(epc, antenna, self._rssi_cdbm() // 100, self._seen(now), self._number))
        return [zebra_heartbeat(now, self._number), *self._with_faults(events)]

    def _with_faults(self, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Add broken copies; the tag itself is read whole as well."""
        return events + [broken(each) for each in events if self._random.random() < 1 / FAULTY_EVERY]

    def _rssi_cdbm(self) -> int:
        return self._random.randrange(-6200, -4200)

    def _seen(self, now: datetime) -> datetime:
        return (now - timedelta(seconds=PASS_S * self._random.random())).astimezone(UTC)

    async def _post(self, kind: str, reader_id: str, events: list[dict[str, Any]], reads: int) -> None:
        """Post a body until it is acknowledged: what may be durable already changes nothing again."""
        body = json.dumps(events).encode()
        for attempt in range(1, self._attempts + 1):
            last = attempt == self._attempts
            try:
                with self._meter.measure(f"POST /ingest/{kind}"):
                    answer = await self._http.post(
                        f"/ingest/{kind}",
                        params={"reader_id": reader_id},
                        content=body,
                        headers=self._headers,
                    )
            except httpx.TransportError as error:
                if last:
                    raise ReaderError(f"/ingest/{kind} does not answer: {error!r}") from error
                await asyncio.sleep(RETRY_S)
                continue
            if answer.status_code == HTTPStatus.OK:
                break
            if answer.status_code not in AGAIN or last:
                raise ReaderError(f"/ingest/{kind} answered {answer.status_code}: {answer.text[:300]}")
            await asyncio.sleep(float(answer.headers.get("retry-after", RETRY_S)))
        outcome = answer.json()
        tally = self._tally.reads
        tally.posted += len(events)
        tally.faulty += sum(map(is_broken, events))
        for name in ("accepted", "repeated", "refused", "ignored"):
            setattr(tally, name, getattr(tally, name) + outcome[name])
        tally.unknown += outcome["unknown_items"]
        self._tally.stores[self._location_id].reads += reads


def reader_ids(location_id: str) -> tuple[str, str]:
    """Name a store's two readers."""
    return f"r700-{location_id.lower()}", f"fx9600-{location_id.lower()}"
