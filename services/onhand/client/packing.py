"""Reads as columns: the form of a batch for senders of many."""

import struct
from collections.abc import Iterable

from onhand.api.stock.v1 import reads_pb2 as pb

_RSSI_MIN, _RSSI_MAX = -(1 << 15), (1 << 15) - 1


def packed(batch: pb.RecordReadsRequest) -> pb.RecordReadsRequest:
    """Return a batch with its `reads` in columns, those of one EPC length together.

    Times are cut to microseconds. The order of reads means nothing to stock, but the indexes of refusals
    are then those of the new order.
    """
    by_length: dict[int, list[pb.Read]] = {}
    for read in batch.reads:
        by_length.setdefault(len(read.epc), []).append(read)
    columns = [*batch.columns, *(_columns(length, reads) for length, reads in by_length.items())]
    return pb.RecordReadsRequest(reader_id=batch.reader_id, columns=columns)


def _columns(epc_length: int, reads: Iterable[pb.Read]) -> pb.ReadColumns:
    reads = list(reads)
    times = [each.read_time.seconds * 1_000_000 + each.read_time.nanos // 1_000 for each in reads]
    strengths = [min(max(each.rssi_cdbm, _RSSI_MIN), _RSSI_MAX) for each in reads]
    return pb.ReadColumns(
        epc_length=epc_length,
        epcs=b"".join(each.epc for each in reads),
        antennas=bytes(each.antenna for each in reads),
        read_times=struct.pack(f"<{len(reads)}q", *times),
        rssis_cdbm=struct.pack(f"<{len(reads)}h", *strengths),
    )
