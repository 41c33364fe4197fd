"""Domain changes → the events that stock publishes."""

from collections.abc import Iterable, Sequence
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
MAX_TAGS = 500
"""Tags of one event, by the contract; some 80 KB."""


def of_books(books: Books, clock: Clock, reservations: Iterable[Reservation] = ()) -> list[Event]:
    """Say what a transaction did.

    Reservations come before the cells that they hold: a reader that has taken only the first half then
    thinks that less is available, never more.
    """
    events = [_event(clock, reservation_changed=_reservation_changed(each)) for each in reservations]
    for key in sorted(books.changed_cells):
        before = books.available_before[key]
        events.append(_event(clock, balance_changed=_balance_changed(books.cells[key], before)))
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
    """Say the changes of each location's tags together: an event costs all who pass it on more than a tag in it."""
    by_location: dict[str, list[TagEvent]] = {}
    for each in changed:
        by_location.setdefault(each.tag.location_id, []).append(each)
    return [
        _tags_changed(clock, found[start : start + MAX_TAGS])
        for found in by_location.values()
        for start in range(0, len(found), MAX_TAGS)
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
