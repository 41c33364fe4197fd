"""Impinj R700: events of its IoT device interface, and of the SmartReader application that runs on it.

The interface posts tag, status and diagnostic events alike to one address; only tag inventory events are
sights. SmartReader posts `tag_reads` under the reader's name, in dBm and microseconds.
"""

from collections.abc import Iterator
from typing import Any

from onhand.readers import Element, Observation
from onhand.readers.document import events, limited, malformed, observe_each
from onhand.readers.fields import antenna, cdbm, epc_from_base64, epc_from_hex, shown, text, time_ns


def parse(body: bytes, limit: int) -> list[Element]:
    return observe_each(limited(list(_flat(events(body, limit))), limit), _observe)


def _flat(received: list[Any]) -> Iterator[Any]:
    """Yield each event; a SmartReader message as one event a tag, each with the reader's name."""
    for event in received:
        if isinstance(event, dict) and isinstance(event.get("tag_reads"), list):
            for tag in event["tag_reads"]:
                yield {"smart_reader": event.get("readerName"), "tag": tag}
        else:
            yield event


def _observe(event: dict[str, Any]) -> Observation | None:
    if "smart_reader" in event:
        return _observe_smart_reader(event)
    if "tagInventoryEvent" not in event:
        if event.get("eventType") == "tagInventory":
            raise malformed("tagInventoryEvent", "missing from a tagInventory event")
        return None
    tag = event["tagInventoryEvent"]
    if not isinstance(tag, dict):
        raise malformed("tagInventoryEvent", "a JSON object is expected")
    if tag.get("epcHex"):
        epc = epc_from_hex(tag["epcHex"])
    elif tag.get("epc"):
        epc = epc_from_base64(tag["epc"])
    else:
        raise malformed("tagInventoryEvent", "neither epcHex nor epc is there")
    if tag.get("lastSeenTime") is not None:
        read_time_ns = time_ns("tagInventoryEvent.lastSeenTime", tag["lastSeenTime"])
    else:
        read_time_ns = time_ns("timestamp", event.get("timestamp"))
    return Observation(
        reader_id=text(event.get("hostname")),
        epc=epc,
        antenna=antenna("tagInventoryEvent.antennaPort", tag.get("antennaPort")),
        read_time_ns=read_time_ns,
        rssi_cdbm=cdbm("tagInventoryEvent.peakRssiCdbm", tag.get("peakRssiCdbm"), 1),
    )


def _observe_smart_reader(event: dict[str, Any]) -> Observation:
    tag = event["tag"]
    if not isinstance(tag, dict):
        raise malformed("tag_reads", "JSON objects are expected")
    microseconds = tag.get("firstSeenTimestamp")
    if type(microseconds) is not int or not 0 <= microseconds < 1 << 53:
        raise malformed(
            "firstSeenTimestamp", f"microseconds since 1970 are expected, not {shown(microseconds)}"
        )
    return Observation(
        reader_id=text(event["smart_reader"]),
        epc=epc_from_hex(tag.get("epc")),
        antenna=antenna("antennaPort", tag.get("antennaPort")),
        read_time_ns=microseconds * 1_000,
        rssi_cdbm=cdbm("peakRssi", tag.get("peakRssi"), 100),
    )
