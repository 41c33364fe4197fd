"""What of the reads can go when the disk is full, and what they say is still said."""

from collections.abc import Sequence

from onhand.api.stock.v1 import reads_pb2 as pb


def thin(batches: Sequence[pb.RecordReadsRequest], window_ns: int) -> int:
    """Keep of one tag at one antenna the first and the last sight in each window; return how many went.

    Windows are counted from 1970, so that batches thinned apart agree on them. First and last tell where a
    tag came from, where it went and when, which is what stock decides by; between them it stayed.
    """
    kept: dict[tuple[str, bytes, int, int], tuple[_Place, _Place]] = {}
    for index, batch in enumerate(batches):
        for offset, read in enumerate(batch.reads):
            time_ns = read.read_time.seconds * 1_000_000_000 + read.read_time.nanos
            key = (batch.reader_id, read.epc, read.antenna, time_ns // window_ns)
            place = (time_ns, index, offset)
            first, last = kept.get(key, (place, place))
            kept[key] = (min(first, place), max(last, place))
    stay: list[set[int]] = [set() for _ in batches]
    for places in kept.values():
        for _, index, offset in places:
            stay[index].add(offset)
    gone = 0
    for batch, offsets in zip(batches, stay, strict=True):
        if len(offsets) == len(batch.reads):
            continue
        reads = [read for offset, read in enumerate(batch.reads) if offset in offsets]
        gone += len(batch.reads) - len(reads)
        del batch.reads[:]
        batch.reads.extend(reads)
    return gone


_Place = tuple[int, int, int]
"""Time in nanoseconds, index of the batch, offset in it."""
