"""What a cell and its tags must be, by what never changes: movements, lines of reservations, histories of tags."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from onhand.stock.domain.books import Books
from onhand.stock.domain.model import INSIDE, TAGGABLE, Bucket, Cell, CellKey, Tag, TagState


@dataclass(frozen=True, slots=True)
class LastEvent:
    """How a tag's history ends."""

    epc: bytes
    state: TagState
    zone_id: str
    occur_time: datetime
    bucket: Bucket
    """To which its last movement took its unit."""


@dataclass(frozen=True, slots=True)
class Reckoning:
    """A cell as the rows behind it say."""

    buckets: Mapping[Bucket, int]
    """Sums of movements, archived ones too."""
    reserved: int
    committed: int
    """Of open lines."""
    tags: int
    """That count, by their rows."""


def restore_tag(books: Books, key: CellKey, last: LastEvent) -> str:
    """Give a locked tag the state that its history ends with, or one that has no row its row; says what changed."""
    tag = books.tags.get((key.location_id, last.epc))
    name = f"tag {last.epc.hex().upper()}"
    if tag is None:
        bucket = last.bucket if last.bucket in TAGGABLE else Bucket.SELLABLE
        tag = Tag(
            key.location_id,
            last.epc,
            key.item_id,
            last.state,
            last.occur_time,
            last.zone_id,
            last.occur_time,
            last.occur_time,
            bucket=bucket,
        )
        books.add_tag(tag)
        return f"{name}: a row, {last.state.name.lower()}"
    said = f"{name}: {tag.state.name.lower()} → {last.state.name.lower()}"
    tag.state, tag.state_time = last.state, last.occur_time
    books.changed_tags.add((tag.location_id, tag.epc))
    return said


def set_right(books: Books, key: CellKey, true: Reckoning, *, promises: bool) -> list[str]:
    """Give a locked cell what `true` says; says what changed. `promises`: also what is reserved and committed."""
    cell = books.cells[key]
    before = _numbers(cell)
    cell.buckets.update(true.buckets)
    cell.unidentified = sum(cell.buckets[each] for each in TAGGABLE) - true.tags
    if promises:
        cell.reserved, cell.committed = true.reserved, true.committed
    books.settle(cell)
    after = _numbers(cell)
    return [f"{name} {before[name]} → {now}" for name, now in after.items() if now != before[name]]


def _numbers(cell: Cell) -> dict[str, int]:
    kept = ("reserved", "committed", "shortfall", "unidentified")
    return {bucket.name.lower(): cell.buckets[bucket] for bucket in INSIDE} | {
        name: getattr(cell, name) for name in kept
    }
