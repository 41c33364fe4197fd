"""Domain changes → the events that stock publishes."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from onhand.api.stock.v1 import events_pb2 as pb
from onhand.kit.clock import Clock
from onhand.kit.outbox import Event, envelope
from onhand.stock import messages
from onhand.stock.domain.books import Books
from onhand.stock.domain.counts import Count
from onhand.stock.domain.model import INSIDE, Alert, Cell, Reservation, TagEvent
from onhand.stock.domain.policies import Scope
from onhand.stock.domain.shipments import Shipment

_FIELD_OF = {bucket: bucket.name.lower() for bucket in INSIDE}
"""Of BalanceChanged."""
MAX_CHANGES = 500
"""Tags, cells or reservations of one event, by the contract; some 80 KB."""


def of_books(books: Books, clock: Clock, reservations: Iterable[Reservation] = ()) -> list[Event]:
    """Say what a transaction did.

    Reservations come before the cells that they hold: a reader that has taken only the first half then
    thinks that less is available, never more.
    """
    told = list(map(_reservation_changed, reservations))
    events = list(_one_or_several(clock, "reservation_changed", "reservations_changed", told))
    cells = [
        _balance_changed(books.cells[key], books.available_before[key]) for key in sorted(books.changed_cells)
    ]
    events += _one_or_several(clock, "balance_changed", "balances_changed", cells)
    events += _tag_events(clock, books.tag_events)
    events += [_event(clock, stock_alerted=_alerted(each)) for each in books.alerts]
    return events


def catalog_changed(
    clock: Clock,
    item_ids: Iterable[str] = (),
    location_ids: Iterable[str] = (),
    channels: Iterable[str] = (),
    policy_scopes: Iterable[Scope] = (),
) -> Event:
    changed = pb.CatalogChanged(
        item_ids=item_ids,
        location_ids=location_ids,
        channels=channels,
        policy_scopes=map(messages.scope, policy_scopes),
    )
    return _event(clock, catalog_changed=changed)


def count_finished(clock: Clock, count: Count) -> Event:
    return _event(clock, count_finished=pb.CountFinished(count=messages.count(count)))


def shipment_changed(clock: Clock, shipment: Shipment) -> Event:
    return _event(
        clock, shipment_changed=pb.ShipmentChanged(shipment=messages.shipment(shipment, with_tags=False))
    )


def _event(clock: Clock, **payload: object) -> Event:
    return envelope("stock", pb.StockEvent, clock, **payload)


def _one_or_several(
    clock: Clock, one: str, several: str, changes: Sequence[dict[str, Any]]
) -> Iterator[Event]:
    """Say changes of one kind together: an event costs all who pass it on more than a change in it."""
    for start in range(0, len(changes), MAX_CHANGES):
        part = changes[start : start + MAX_CHANGES]
        if len(part) == 1:
            yield _event(clock, **{one: part[0]})
        else:
            yield _event(clock, **{several: {"changes": part}})


def _reservation_changed(reservation: Reservation) -> dict[str, Any]:
    return {"reservation": messages.reservation_fields(reservation), "version": reservation.version + 1}


def _balance_changed(cell: Cell, available_before: int) -> dict[str, Any]:
    fields = {
        "location_id": cell.key.location_id,
        "item_id": cell.key.item_id,
        "reserved": cell.reserved,
        "committed": cell.committed,
        "confirm_time": messages.timestamp_fields(cell.confirm_time),
        "version": cell.version + 1,
        "available_before": available_before,
        "available_after": cell.available,
    }
    for bucket, quantity in cell.buckets.items():
        fields[_FIELD_OF[bucket]] = quantity
    return fields


def _tag_events(clock: Clock, changed: Iterable[TagEvent]) -> list[Event]:
    """Say the changes of each location's tags together."""
    by_location: dict[str, list[TagEvent]] = {}
    for each in changed:
        by_location.setdefault(each.tag.location_id, []).append(each)
    return [
        _tags_changed(clock, found[start : start + MAX_CHANGES])
        for found in by_location.values()
        for start in range(0, len(found), MAX_CHANGES)
    ]


def _tags_changed(clock: Clock, changed: Sequence[TagEvent]) -> Event:
    several = pb.TagsChanged()
    for each in changed:
        state_before: Any = int(each.state_before or 0)
        one = several.changes.add(state_before=state_before, zone_id_before=each.zone_before)
        messages.write_bare_tag(each.tag, one.tag)
    if len(changed) == 1:
        return _event(clock, tag_changed=several.changes[0])
    return _event(clock, tags_changed=several)


def _alerted(alert: Alert) -> pb.StockAlerted:
    return pb.StockAlerted(
        kind=int(alert.kind),  # type: ignore[arg-type]
        location_id=alert.key.location_id,
        item_id=alert.key.item_id,
        epc_hex=alert.epc.hex().upper() if alert.epc else "",
        quantity=alert.quantity,
    )
