"""The heart: what each intention does to cells and tags.

`Books` holds the cells and tags that a use case loaded under lock. Its methods change them and note each
movement, tag event and alert; storage then writes all of it in the same transaction.

Two rules make the books true by construction:

- Every change of a bucket is a movement, so a bucket always equals the sum of its movements.
- `unidentified` = units in the location − tags that count. A quantity that changes without a tag changes
  it, and so does a tag that changes without a quantity. Above 0, units were counted without a tag: the next
  tags to appear are these and count nothing. Below 0, tags were sold by bar code: the next tags to vanish
  are these and count nothing.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import UUID

from onhand.kit.errors import InsufficientStock, WrongState
from onhand.stock.domain.model import (
    COUNTED,
    INSIDE,
    TAGGABLE,
    Alert,
    AlertKind,
    Bucket,
    Cell,
    CellKey,
    Movement,
    Reason,
    Tag,
    TagEvent,
    TagState,
)

LEAVES_AS = {
    Reason.SOLD: TagState.SOLD,
    Reason.COLLECTED: TagState.SOLD,
    Reason.SHIPPED: TagState.SHIPPED,
}
"""The state of a tag that a document takes out."""
ENTERS_FROM = {
    TagState.MISSING: (Bucket.MISSING, Reason.FOUND),
    TagState.SOLD: (Bucket.CUSTOMER, Reason.RETURNED),
    TagState.SHIPPED: (Bucket.CUSTOMER, Reason.RETURNED),
    TagState.DEPARTED: (Bucket.TRANSFER, Reason.CROSSED),
}
"""Where a tag that reappears comes from, by the state it was in."""
UNDOCUMENTED_ENTRIES = frozenset({Reason.APPEARED, Reason.COUNTED})
"""A tag that was seen without a paper may be a unit that was counted before without its tag."""
DOCUMENTED_EXITS = frozenset({*LEAVES_AS, Reason.TRANSFERRED})
"""A paper that names the tag takes a unit; any other absence may be of a unit that was taken already."""


class Books:
    """Cells and tags under lock, and everything done to them in this transaction."""

    def __init__(
        self,
        cells: Iterable[Cell],
        tags: Iterable[Tag],
        *,
        actor: str,
        document: str,
        occur_time: datetime,
        new_id: Callable[[], UUID],
    ) -> None:
        self.cells = {cell.key: cell for cell in cells}
        self.tags = {(tag.location_id, tag.epc): tag for tag in tags}
        self.available_before = {key: cell.available for key, cell in self.cells.items()}
        self.movements: list[Movement] = []
        self.tag_events: list[TagEvent] = []
        self.alerts: list[Alert] = []
        self.changed_cells: set[CellKey] = set()
        self.changed_tags: set[tuple[str, bytes]] = set()
        self.added_tags: set[tuple[str, bytes]] = set()
        self.actor = actor
        self.document = document
        self.occur_time = occur_time
        self._new_id = new_id

    # Quantities

    def move(
        self,
        key: CellKey,
        from_bucket: Bucket,
        to_bucket: Bucket,
        quantity: int,
        reason: Reason,
        *,
        epc: bytes | None = None,
        occur_time: datetime | None = None,
    ) -> UUID:
        """Move units between two buckets of a cell.

        Only sellable may fall below 0: a till sold what the books did not have. Raises InsufficientStock
        when another bucket would.
        """
        cell = self.cells[key]
        if from_bucket in INSIDE:
            held = cell.buckets[from_bucket]
            if from_bucket is not Bucket.SELLABLE and held < quantity:
                raise InsufficientStock(key.item_id, key.location_id, quantity, held)
            cell.buckets[from_bucket] -= quantity
        if to_bucket in INSIDE:
            cell.buckets[to_bucket] += quantity
        cell.unidentified += ((to_bucket in TAGGABLE) - (from_bucket in TAGGABLE)) * quantity
        movement = Movement(
            self._new_id(),
            key,
            from_bucket,
            to_bucket,
            quantity,
            reason,
            occur_time or self.occur_time,
            self.document,
            epc,
            self.actor,
        )
        self.movements.append(movement)
        self.settle(cell)
        return movement.movement_id

    def settle(self, cell: Cell) -> None:
        """Keep `shortfall` at what is promised and not there."""
        self.changed_cells.add(cell.key)
        shortfall = max(0, -cell.unpromised)
        if shortfall > cell.shortfall:
            self.alerts.append(Alert(AlertKind.SHORTFALL, cell.key, None, shortfall))
        cell.shortfall = shortfall

    # Tags

    def enter(
        self,
        tag: Tag,
        item_id: str,
        occur_time: datetime,
        reason: Reason = Reason.APPEARED,
        source: Bucket | None = None,
        unidentified: int | None = None,
    ) -> None:
        """A tag is in the location now and did not count before.

        By reads or a count (`APPEARED`, `COUNTED`) it may be a unit that was already counted without its tag;
        by a document (`RECEIVED`, `RETURNED`, `TRANSFERRED`) it is a unit more. `source` is where a document
        says it comes from; otherwise what is known of the tag decides. `unidentified` is what the cell had
        at `occur_time`, when that is told late.
        """
        key = CellKey(tag.location_id, item_id)
        cell = self.cells[key]
        known = ENTERS_FROM.get(tag.state) if tag.item_id is not None else None
        from_bucket, why = known or (Bucket.SUPPLIER, reason)
        if reason is Reason.COUNTED:
            from_bucket, why = known[0] if known else Bucket.SHRINK, reason
        if source is not None:
            from_bucket, why = source, reason
        elif reason is Reason.RETURNED and from_bucket is not Bucket.MISSING:
            from_bucket, why = Bucket.CUSTOMER, reason
        found = from_bucket is Bucket.MISSING
        if found:
            from_bucket = self._missing_or_shrink(cell)
        movement_id = None
        waiting = cell.unidentified if unidentified is None else unidentified
        settles = reason in UNDOCUMENTED_ENTRIES and waiting > 0 and not found
        if not settles:
            movement_id = self.move(
                key, from_bucket, Bucket.SELLABLE, 1, why, epc=tag.epc, occur_time=occur_time
            )
        cell.unidentified -= 1
        cell.confirm_time = max(cell.confirm_time, occur_time)
        self.changed_cells.add(key)
        tag.bucket = Bucket.SELLABLE
        # A paper is a sight too: without it a tag that comes back would be doubted by its sight of long ago.
        tag.last_seen_time = max(tag.last_seen_time, occur_time)
        self._change(tag, TagState.PRESENT, occur_time, movement_id, item_id=item_id)

    def leave(self, tag: Tag, reason: Reason, occur_time: datetime) -> None:
        """A tag is no longer in the location.

        Without a document (`VANISHED`, `LEFT`, `COUNTED`, `CROSSED`) it may be a unit that was sold or
        dispatched by quantity: then it settles that debt. With one (`SOLD`, `COLLECTED`, `SHIPPED`,
        `TRANSFERRED`) it is a unit less. A tag that had left already counts nothing again.
        """
        if tag.item_id is None or tag.state not in COUNTED | {TagState.MISSING}:
            if tag.item_id is not None and reason in LEAVES_AS and occur_time > tag.state_time:
                # It had come back unnoticed and leaves again: what saw it in between found nothing.
                tag.state_time = occur_time
                self.changed_tags.add((tag.location_id, tag.epc))
            return
        key = CellKey(tag.location_id, tag.item_id)
        cell = self.cells[key]
        if reason in LEAVES_AS:
            to_bucket, state = Bucket.CUSTOMER, LEAVES_AS[reason]
        elif reason in (Reason.CROSSED, Reason.TRANSFERRED):
            to_bucket, state = Bucket.TRANSFER, TagState.DEPARTED
        else:
            to_bucket, state = Bucket.MISSING, TagState.MISSING
        movement_id = None
        if tag.state is TagState.MISSING:
            if state is not TagState.MISSING:
                source = self._missing_or_shrink(cell)
                movement_id = self.move(key, source, to_bucket, 1, reason, epc=tag.epc, occur_time=occur_time)
                self._change(tag, state, occur_time, movement_id)
            return
        if cell.unidentified < 0 and reason not in DOCUMENTED_EXITS:
            state = TagState.SOLD if state is TagState.MISSING else state
        else:
            movement_id = self.move(
                key,
                self.bucket_of(tag, tag.item_id),
                to_bucket,
                1,
                reason,
                epc=tag.epc,
                occur_time=occur_time,
            )
            if reason is Reason.LEFT:
                self.alerts.append(Alert(AlertKind.EXIT_WITHOUT_SALE, key, tag.epc, 1))
        cell.unidentified += 1
        self.changed_cells.add(key)
        self._change(tag, state, occur_time, movement_id)

    def reassign(
        self,
        tag: Tag,
        item_id: str,
        from_bucket: Bucket,
        to_bucket: Bucket,
        reason: Reason,
        occur_time: datetime,
    ) -> None:
        """People moved one tag between buckets: damaged, quarantined and back, written off, found.

        Raises WrongState when the tag's unit is in another bucket than `from_bucket`.
        """
        key = CellKey(tag.location_id, item_id)
        cell = self.cells[key]
        if from_bucket in TAGGABLE and (tag.item_id is None or tag.state not in COUNTED):
            self.enter(tag, item_id, occur_time)  # it was here unseen
        counted = tag.item_id is not None and tag.state in COUNTED
        if from_bucket in TAGGABLE and self.bucket_of(tag, item_id) is not from_bucket:
            state, action = f"in {tag.bucket.name.lower()}", f"move it from {from_bucket.name.lower()}"
            raise WrongState("tag", tag.epc.hex().upper(), state, action)
        movement_id = self.move(key, from_bucket, to_bucket, 1, reason, epc=tag.epc, occur_time=occur_time)
        if counted and to_bucket in TAGGABLE:
            tag.bucket = to_bucket if from_bucket in TAGGABLE else tag.bucket
            self.changed_tags.add((tag.location_id, tag.epc))
        elif counted and from_bucket in TAGGABLE:
            cell.unidentified += 1
            self._change(tag, TagState.MISSING, occur_time, movement_id)
        elif to_bucket in TAGGABLE:
            cell.unidentified -= 1
            tag.bucket = to_bucket
            tag.last_seen_time = max(tag.last_seen_time, occur_time)
            self._change(tag, TagState.PRESENT, occur_time, movement_id, item_id=item_id)

    def bucket_of(self, tag: Tag, item_id: str) -> Bucket:
        """Where the unit of a counted tag is now: people may have moved it back by quantity."""
        cell = self.cells[CellKey(tag.location_id, item_id)]
        aside = tag.bucket is not Bucket.SELLABLE and cell.buckets[tag.bucket]
        return tag.bucket if aside else Bucket.SELLABLE

    @staticmethod
    def _missing_or_shrink(cell: Cell) -> Bucket:
        """Where the unit of a missing tag is now: people may have written it off by quantity."""
        return Bucket.MISSING if cell.buckets[Bucket.MISSING] else Bucket.SHRINK

    def take_out(self, tag: Tag, item_id: str, reason: Reason, occur_time: datetime) -> None:
        """A document takes out one tag, which need not have been read here before."""
        if tag.item_id is None or tag.state is TagState.DEPARTED:
            # It was here unseen: as a counted unit without a tag, or as one that nobody counted.
            self.enter(tag, item_id, occur_time)
        self.leave(tag, reason, occur_time)

    def doubt(self, tag: Tag, occur_time: datetime) -> None:
        """A tag was not seen for a while; it still counts."""
        self._change(tag, TagState.UNCONFIRMED, occur_time, None)

    def sold_elsewhere(self, tag: Tag, item_id: str, occur_time: datetime) -> None:
        """Another location sold a tag that does not count here."""
        self._change(tag, TagState.SOLD, occur_time, None, item_id=item_id)

    def sight(self, tag: Tag, zone_id: str, read_time: datetime, rssi_cdbm: int) -> None:
        """A tag was seen where it is, or in another zone of its location."""
        moved = tag.zone_id != zone_id
        zone_before, tag.zone_id = tag.zone_id, zone_id
        tag.last_seen_time = max(tag.last_seen_time, read_time)
        tag.rssi_cdbm = rssi_cdbm
        self.changed_tags.add((tag.location_id, tag.epc))
        if tag.state is TagState.UNCONFIRMED:
            self._change(tag, TagState.PRESENT, read_time, None, zone_before=zone_before)
        elif moved:
            self._change(tag, tag.state, read_time, None, zone_before=zone_before)

    def add_tag(self, tag: Tag) -> Tag:
        """Keep a tag that the location had not known."""
        self.tags[tag.location_id, tag.epc] = tag
        self.changed_tags.add((tag.location_id, tag.epc))
        self.added_tags.add((tag.location_id, tag.epc))
        return tag

    def pass_exit(self, tag: Tag, exit_time: datetime) -> None:
        """A tag was seen at an exit; whether it left is decided later."""
        tag.exit_time = exit_time
        self.changed_tags.add((tag.location_id, tag.epc))

    def clear_exit(self, tag: Tag) -> None:
        """It is decided whether a tag left by the exit where it was seen."""
        tag.exit_time = None
        self.changed_tags.add((tag.location_id, tag.epc))

    def entered_tags(self) -> set[tuple[str, bytes]]:
        """Tags that were seen here for the first time, or again after they did not count."""
        entered = {
            (each.tag.location_id, each.tag.epc)
            for each in self.tag_events
            if each.tag.state is TagState.PRESENT
            and (each.state_before not in COUNTED or not each.zone_before)
        }
        return entered | self.added_tags

    def _change(
        self,
        tag: Tag,
        state: TagState,
        occur_time: datetime,
        movement_id: UUID | None,
        *,
        item_id: str | None = None,
        zone_before: str | None = None,
    ) -> None:
        before = tag.state if tag.item_id is not None else None
        if state is not before:
            tag.state_time = occur_time
        tag.state = state
        tag.item_id = item_id or tag.item_id
        self.changed_tags.add((tag.location_id, tag.epc))
        zone = tag.zone_id if zone_before is None else zone_before
        self.tag_events.append(TagEvent(tag.copy(), before, zone, occur_time, movement_id))
