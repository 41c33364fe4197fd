"""Zebra fixed readers: tag data events of the IoT Connector.

Heartbeats, Bluetooth advertisements and errors come the same way as tags. The mode of a tag event decides
which fields it has: SIMPLE may tell nothing but the EPC.
"""

from typing import Any

from onhand.readers import Element, Observation
from onhand.readers.document import events, malformed, observe_each
from onhand.readers.fields import antenna, cdbm, epc_from_hex, time_ns

MODES = frozenset({"SIMPLE", "INVENTORY", "CONVEYOR", "PORTAL", "CUSTOM"})


def parse(body: bytes, limit: int) -> list[Element]:
    return observe_each(events(body, limit), _observe)


def _observe(event: dict[str, Any]) -> Observation | None:
    tag = event.get("data")
    kind = event.get("type")
    is_tag = isinstance(kind, str) and kind in MODES
    if not isinstance(tag, dict):
        if is_tag:
            raise malformed("data", "a JSON object is expected")
        return None
    if not is_tag and "idHex" not in tag:
        return None
    return Observation(
        reader_id="",  # an event does not say whose it is
        epc=epc_from_hex(tag.get("idHex")),
        antenna=antenna("data.antenna", tag.get("antenna")),
        read_time_ns=time_ns("timestamp", event.get("timestamp")),
        rssi_cdbm=cdbm("data.peakRssi", tag.get("peakRssi"), 100),
    )
