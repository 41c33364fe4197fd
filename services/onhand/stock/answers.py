"""Answers to GetAvailability, kept serialised and mended where a cell has changed.

Building a line anew costs more than all the rest of a call. What a line lacks is `as_of`, which is the same
for all lines of an answer and moves all the time. So an answer is kept as the pieces between its `as_of`s, and
joined by the present one; for that, `as_of` always takes the same number of bytes.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import numpy as np

from onhand.api.stock.v1 import availability_pb2 as pb
from onhand.kit.clock import Clock
from onhand.kit.wire import message_tag, number_tag, padded_varint, varint
from onhand.stock.domain.model import CellKey
from onhand.stock.view import View

KEPT = timedelta(minutes=1)
"""Confidence fades as time goes by: no line is kept longer than this."""

_LINE_TAG = message_tag(pb.GetAvailabilityResponse.LINES_FIELD_NUMBER)
_CELL_TAG = message_tag(pb.AvailabilityLine.AVAILABILITY_FIELD_NUMBER)
_AS_OF_TAG = message_tag(pb.Availability.AS_OF_FIELD_NUMBER)
_SECONDS_TAG, _NANOS_TAG = number_tag(1), number_tag(2)
_REVISION_TAG = number_tag(pb.GetAvailabilityResponse.REVISION_FIELD_NUMBER)
_AS_OF_BYTES = 14


def as_of_field(value: datetime) -> bytes:
    """Serialise `as_of` with both numbers padded to five bytes, so that its length never changes."""
    microseconds = round(value.timestamp() * 1e6)
    seconds, rest = divmod(microseconds, 1_000_000)
    return b"".join(
        (
            _AS_OF_TAG,
            b"\x0c",
            _SECONDS_TAG,
            padded_varint(seconds, 5),
            _NANOS_TAG,
            padded_varint(rest * 1000, 5),
        )
    )


class Answer:
    """What one request is answered; kept as long as the request is remembered."""

    def __init__(
        self,
        view: View,
        clock: Clock,
        keys: Sequence[CellKey],
        line: Callable[[CellKey, int, datetime], pb.AvailabilityLine],
        *,
        with_as_of: bool,
    ) -> None:
        """`line` builds the line of a cell, given its slot and the time, without `as_of`."""
        self._as_of_bytes = _AS_OF_BYTES if with_as_of else 0
        self._view = view
        self._clock = clock
        self._keys = keys
        self._line = line
        self._slots = np.empty(0, np.int32)
        self._pieces: list[bytes] = []
        self._tails: dict[int, bytes] = {}
        self._absent = False
        self._cells = 0
        self._generation = -1
        self._seen = -1
        self._stale = clock.now()
        self._joined = b""

    def serialised(self) -> bytes:
        """Return the answer as of now."""
        view = self._view
        view.lapse()
        if view.changes == self._seen and view.generation == self._generation and self._joined:
            return self._joined
        self._mend()
        self._seen = view.changes
        as_of = as_of_field(view.as_of) if self._as_of_bytes else b""
        self._joined = as_of.join(self._pieces) + _REVISION_TAG + varint(view.revision)
        return self._joined

    def _mend(self) -> None:
        view, now = self._view, self._clock.now()
        created = self._absent and self._cells != len(view)
        if view.generation != self._generation or created or now >= self._stale:
            self._generation, self._cells, self._stale = view.generation, len(view), now + KEPT
            slots = [view.slot(key.location_id, key.item_id) for key in self._keys]
            self._slots, self._absent = np.array(slots, np.int32), min(slots) < 0
            self._tails = {}
            self._pieces = [self._piece(position, slot, now) for position, slot in enumerate(slots)]
            self._pieces.append(self._tails.get(len(slots) - 1, b""))
        elif view.changes != self._seen:
            for position in view.dirty(self._slots, self._seen):
                self._pieces[position] = self._piece(position, int(self._slots[position]), now)

    def _piece(self, position: int, slot: int, now: datetime) -> bytes:
        """Serialise what stands between the `as_of` of the line before and that of this one."""
        line = self._line(self._keys[position], slot, now)
        cell = line.availability.SerializeToString()
        line.ClearField("availability")
        before = self._tails.get(position - 1, b"")
        if after := line.SerializeToString():
            self._tails[position] = after
        size = len(cell) + self._as_of_bytes
        length = varint(size)
        whole = varint(1 + len(length) + size + len(after))
        return b"".join((before, _LINE_TAG, whole, _CELL_TAG, length, cell))
