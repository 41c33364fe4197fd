"""The plain format, for readers without one of their own: JSON or CSV.

    {"reader_id": "dock-1", "reads": [{"epc": "3034F8B20001000000000001", "antenna": 1,
                                       "read_time": "2026-01-31T09:00:00.5Z", "rssi_dbm": -57.5}]}

    epc,antenna,read_time,rssi_dbm
    3034F8B20001000000000001,1,2026-01-31T09:00:00.5Z,-57.5

`epc` and `read_time` must be there, the others may be absent. CSV columns come in any order.
"""

import csv
import io
from contextlib import suppress
from typing import Any

from onhand.kit.errors import TooMany
from onhand.readers import Element, Observation
from onhand.readers.document import decode, limited, load, malformed, observe_each
from onhand.readers.fields import antenna, cdbm, epc_from_hex, text, time_ns

REQUIRED_COLUMNS = ("epc", "read_time")


def parse_json(body: bytes, limit: int) -> list[Element]:
    document = load(decode(body))
    if not isinstance(document, dict) or not isinstance(document.get("reads"), list):
        raise malformed("body", 'an object {"reader_id": …, "reads": […]} is expected')
    reader_id = text(document.get("reader_id"))
    return observe_each(limited(document["reads"], limit), lambda read: _observe(reader_id, read))


def parse_csv(body: bytes, limit: int) -> list[Element]:
    rows = csv.DictReader(io.StringIO(decode(body), newline=""), strict=True, restkey="")
    reads: list[Any] = []
    try:
        missing = [name for name in REQUIRED_COLUMNS if name not in (rows.fieldnames or ())]
        if missing:
            raise malformed("body", f"the first line must name the columns; missing: {', '.join(missing)}")
        for row in rows:
            reads.append(_of_row(row))
            if len(reads) > limit:
                raise TooMany("events", len(reads), limit)
    except csv.Error as error:
        raise malformed("body", f"not CSV: {error} at line {rows.line_num}") from None
    return observe_each(reads, lambda read: _observe("", read))


def _of_row(row: dict[str, str | None]) -> dict[str, Any]:
    """Make a row what a JSON read is: numbers where they are expected, absent where empty."""
    read: dict[str, Any] = {name: value for name, value in row.items() if value}
    for name, number in (("antenna", int), ("rssi_dbm", float)):
        if name in read:
            with suppress(ValueError):  # the text stays and is refused as no number
                read[name] = number(read[name])
    return read


def _observe(reader_id: str, read: dict[str, Any]) -> Observation:
    return Observation(
        reader_id=reader_id,
        epc=epc_from_hex(read.get("epc")),
        antenna=antenna("antenna", read.get("antenna")),
        read_time_ns=time_ns("read_time", read.get("read_time")),
        rssi_cdbm=cdbm("rssi_dbm", read.get("rssi_dbm"), 100),
    )
