"""Reads in columns say what the reads said."""

import struct
from datetime import UTC, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from onhand.api.stock.v1 import reads_pb2 as pb
from onhand.client.packing import packed

READS = st.lists(
    st.tuples(
        st.binary(min_size=1, max_size=62),
        st.integers(0, 255),
        st.integers(-(1 << 40), 1 << 52),
        st.integers(-40_000, 40_000),
    ),
    max_size=20,
)


@given(READS)
def test_nothing_of_a_read_is_lost(reads: list[tuple[bytes, int, int, int]]) -> None:
    batch = pb.RecordReadsRequest(reader_id="dock")
    for epc, antenna, time_us, rssi in reads:
        time = Timestamp()
        time.FromDatetime(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time_us))
        batch.reads.append(pb.Read(epc=epc, antenna=antenna, read_time=time, rssi_cdbm=rssi))
    found = []
    result = packed(batch)
    assert result.reader_id == "dock"
    assert not result.reads
    for each in result.columns:
        count = len(each.antennas)
        times = struct.unpack(f"<{count}q", each.read_times)
        strengths = struct.unpack(f"<{count}h", each.rssis_cdbm)
        for place in range(count):
            epc = each.epcs[place * each.epc_length : (place + 1) * each.epc_length]
            found.append((epc, each.antennas[place], times[place], strengths[place]))
    kept = [(*read[:3], min(max(read[3], -32_768), 32_767)) for read in reads]
    assert sorted(found) == sorted(kept)
