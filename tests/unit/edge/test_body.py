"""Decompression: never past the limit, never on what is no gzip."""

import gzip
import tracemalloc

import pytest

from onhand.edge.body import MAX_GZIP_MEMBERS, inflate
from onhand.edge.problem import BodyTooLarge
from onhand.kit.errors import InvalidField

LIMIT = 1 << 20


def test_one_member_or_several_are_one_body() -> None:
    assert inflate(gzip.compress(b"one", mtime=0), LIMIT) == b"one"
    assert (
        inflate(gzip.compress(b"one", mtime=0) + gzip.compress(b"") + gzip.compress(b"two"), LIMIT)
        == b"onetwo"
    )


def test_exactly_the_limit_passes_and_a_byte_more_does_not() -> None:
    assert len(inflate(gzip.compress(bytes(LIMIT)), LIMIT)) == LIMIT
    with pytest.raises(BodyTooLarge, match=str(LIMIT)):
        inflate(gzip.compress(bytes(LIMIT + 1)), LIMIT)
    with pytest.raises(BodyTooLarge):
        inflate(gzip.compress(bytes(LIMIT)) + gzip.compress(b"1", mtime=0), LIMIT)


def test_a_bomb_takes_no_more_memory_than_the_limit_allows() -> None:
    bomb = gzip.compress(bytes(32 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(BodyTooLarge):
            inflate(bomb, LIMIT)
        assert tracemalloc.get_traced_memory()[1] < 4 * LIMIT
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"{}",
        gzip.compress(b"one", mtime=0)[:-1],
        gzip.compress(b"one", mtime=0) + b"rest",
        gzip.compress(b"one", mtime=0)[:-8] + bytes(8),  # a wrong checksum
        gzip.compress(b"", mtime=0) * (MAX_GZIP_MEMBERS + 1),
    ],
)
def test_what_is_no_whole_gzip_is_malformed(sent: bytes) -> None:
    with pytest.raises(InvalidField, match="gzip"):
        inflate(sent, LIMIT)
