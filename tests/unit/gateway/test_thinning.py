"""What a full spool gives up first."""

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.gateway.conftest import MINUTE_NS, T0_NS, batch, read

from onhand.api.stock.v1 import reads_pb2 as pb
from onhand.gateway.spool.thinning import thin

SECOND_NS = 1_000_000_000


def times(request: pb.RecordReadsRequest) -> list[int]:
    return [each.read_time.seconds - T0_NS // SECOND_NS for each in request.reads]


def test_of_a_window_the_first_and_the_last_sight_stay() -> None:
    whole = pb.RecordReadsRequest(
        reader_id="dock", reads=[read(1, T0_NS + second * SECOND_NS) for second in range(0, 130, 10)]
    )
    assert thin([whole], MINUTE_NS) == 13 - 5
    assert times(whole) == [0, 50, 60, 110, 120]


def test_windows_span_batches() -> None:
    batches = [batch(1, at_ns=T0_NS + second * SECOND_NS) for second in range(5)]
    assert thin(batches, MINUTE_NS) == 3
    assert [len(each.reads) for each in batches] == [1, 0, 0, 0, 1]


def test_another_antenna_or_reader_is_another_sight() -> None:
    here = pb.RecordReadsRequest(reader_id="dock", reads=[read(1), read(1, antenna=2), read(2)])
    there = batch(1, reader="exit")
    assert thin([here, there], MINUTE_NS) == 0


Sight = tuple[str, int, int, int]
sights = st.tuples(
    st.sampled_from(["dock", "exit"]), st.integers(1, 3), st.integers(1, 2), st.integers(0, 200)
)


@given(st.lists(st.lists(sights, max_size=12), max_size=6))
def test_first_and_last_sight_of_each_tag_at_each_antenna_are_never_lost(
    groups: list[list[Sight]],
) -> None:
    batches = [
        pb.RecordReadsRequest(
            reader_id=reader,
            reads=[
                read(tag, T0_NS + s * SECOND_NS, antenna) for name, tag, antenna, s in group if name == reader
            ],
        )
        for group in groups
        for reader in ("dock", "exit")
    ]

    def extremes() -> dict[tuple[str, bytes, int], tuple[int, int]]:
        found: dict[tuple[str, bytes, int], list[int]] = {}
        for each in batches:
            for sight in each.reads:
                found.setdefault((each.reader_id, sight.epc, sight.antenna), []).append(
                    sight.read_time.seconds
                )
        return {key: (min(seen), max(seen)) for key, seen in found.items()}

    before, count = extremes(), sum(len(each.reads) for each in batches)
    gone = thin(batches, MINUTE_NS)
    assert extremes() == before
    assert sum(len(each.reads) for each in batches) == count - gone
    assert thin(batches, MINUTE_NS) == 0
