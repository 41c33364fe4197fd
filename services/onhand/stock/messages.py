"""Domain ⇄ protobuf, used by servicers and events alike."""

from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.latlng_pb2 import LatLng
from google.type.postal_address_pb2 import PostalAddress

from onhand.api.stock.v1 import (
    catalog_pb2,
    counts_pb2,
    ledger_pb2,
    reads_pb2,
    reservations_pb2,
    shipments_pb2,
    stock_policies_pb2,
)
from onhand.kit.errors import FieldViolation, InvalidEpc, InvalidField, InvalidGtin
from onhand.stock.domain import epc as epc_codec
from onhand.stock.domain.counts import Count, Line, Tally
from onhand.stock.domain.lookups import ReaderHealth, TagHistoryEvent
from onhand.stock.domain.model import (
    Item,
    Location,
    Movement,
    OpeningHours,
    Product,
    ReadPoint,
    Reservation,
    Tag,
    Zone,
    ZoneKind,
)
from onhand.stock.domain.policies import Scope
from onhand.stock.domain.shipments import Shipment, ShipmentTag

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SHOWN_TAGS = 1_000
"""Tags of a shipment's line that an answer spells out, of each kind."""


def timestamp(value: datetime | None) -> Timestamp | None:
    fields = timestamp_fields(value)
    return None if fields is None else Timestamp(**fields)


def timestamp_fields(value: datetime | None) -> dict[str, int] | None:
    """Say a time as the fields of a Timestamp.

    `FromDatetime` takes five times as long, and there are several in each event of a tag.
    """
    if value is None:
        return None
    since = value - _EPOCH
    return {"seconds": since.days * 86_400 + since.seconds, "nanos": since.microseconds * 1_000}


def moment(value: Timestamp) -> datetime:
    """Raises InvalidField for a time that no calendar has."""
    try:
        # `ToDatetime` takes five times as long.
        return _EPOCH + timedelta(0, value.seconds, value.nanos // 1_000)
    except OverflowError:
        raise InvalidField([FieldViolation("", "a time is before the year 1 or after 9999")]) from None


def epc_bytes(text: str) -> bytes:
    """Read an EPC in any textual form into what its tag carries.

    Hexadecimal is taken as it is, so that tags that are not GS1's can be named too. Raises InvalidEpc.
    """
    compact = text.removeprefix("0x").removeprefix("0X")
    if len(compact) % 2 == 0 and all(each in "0123456789abcdefABCDEF" for each in compact):
        return bytes.fromhex(compact)
    try:
        return epc_codec.to_binary(epc_codec.encode(epc_codec.parse(text)))
    except epc_codec.EpcError as error:
        raise InvalidEpc(text, error.reason, error.message) from None


def epc_uri(value: bytes) -> str:
    """Return the pure identity URI; empty when the tag is not GS1's."""
    try:
        return epc_codec.decode_binary(value).pure_identity_uri or ""
    except epc_codec.EpcError:
        return ""


def gtin14(text: str) -> str:
    """Return 14 digits. Raises InvalidGtin."""
    try:
        return epc_codec.to_gtin14(text)
    except epc_codec.EpcError as error:
        raise InvalidGtin(text, error.message) from None


def product(message: ledger_pb2.Product) -> Product:
    """Raises InvalidEpc or InvalidGtin."""
    match message.WhichOneof("product"):
        case "item_id":
            return Product(item_id=message.item_id)
        case "gtin":
            return Product(gtin=gtin14(message.gtin))
        case _:
            return Product(epc=epc_bytes(message.epc))


def to_item(message: catalog_pb2.Item) -> Item:
    return Item(
        message.item_id,
        tuple(sorted({gtin14(each) for each in message.gtins})),
        message.title,
        message.style_id,
        message.size,
        message.colour,
        message.item_class,
        message.tagged,
        message.picture_uri,
        message.weight_grams,
    )


def item(value: Item) -> catalog_pb2.Item:
    return catalog_pb2.Item(
        item_id=value.item_id,
        gtins=value.gtins,
        title=value.title,
        style_id=value.style_id,
        size=value.size,
        colour=value.colour,
        item_class=value.item_class,
        tagged=value.tagged,
        picture_uri=value.picture_uri,
        weight_grams=value.weight_grams,
    )


def to_location(message: catalog_pb2.Location) -> Location:
    return Location(
        message.location_id,
        message.kind,
        message.title,
        message.address.SerializeToString(),
        message.position.latitude if message.HasField("position") else None,
        message.position.longitude if message.HasField("position") else None,
        message.time_zone,
        message.gln,
        message.collect_enabled,
        message.ship_enabled,
        message.safety_stock,
        tuple(Zone(each.zone_id, ZoneKind(each.kind)) for each in message.zones),
        tuple(
            OpeningHours(each.day_of_week, each.open_minute, each.close_minute)
            for each in message.opening_hours
        ),
    )


def location(value: Location) -> catalog_pb2.Location:
    position = None
    if value.latitude is not None and value.longitude is not None:
        position = LatLng(latitude=value.latitude, longitude=value.longitude)
    kind: Any = value.kind
    return catalog_pb2.Location(
        location_id=value.location_id,
        kind=kind,
        title=value.title,
        address=PostalAddress.FromString(value.address) if value.address else None,
        position=position,
        time_zone=value.time_zone,
        gln=value.gln,
        collect_enabled=value.collect_enabled,
        ship_enabled=value.ship_enabled,
        safety_stock=value.safety_stock,
        zones=[catalog_pb2.Zone(zone_id=each.zone_id, kind=int(each.kind)) for each in value.zones],  # type: ignore[arg-type]
        opening_hours=[
            catalog_pb2.OpeningHours(
                day_of_week=each.day_of_week, open_minute=each.open_minute, close_minute=each.close_minute
            )
            for each in value.opening_hours
        ],
    )


def read_point(value: ReadPoint) -> catalog_pb2.ReadPoint:
    return catalog_pb2.ReadPoint(
        reader_id=value.reader_id,
        antenna=value.antenna,
        location_id=value.location_id or "",
        zone_id=value.zone_id or "",
        last_read_time=timestamp(value.last_read_time),
    )


def tag(value: Tag) -> reads_pb2.Tag:
    """Say a tag whole, its EPC as hexadecimal and as URI."""
    message = bare_tag(value)
    message.epc_uri = epc_uri(value.epc)
    return message


def bare_tag(value: Tag) -> reads_pb2.Tag:
    """Say a tag without its EPC's URI, which costs more than all the rest of an event."""
    message = reads_pb2.Tag()
    write_bare_tag(value, message)
    return message


def write_bare_tag(value: Tag, message: reads_pb2.Tag) -> None:
    """Say it in a message that is there already: an event of many would copy each one into itself."""
    state: Any = int(value.state)
    bucket: Any = int(value.bucket)
    message.epc_hex = value.epc.hex().upper()
    message.item_id = value.item_id or ""
    message.location_id = value.location_id
    message.zone_id = value.zone_id
    message.state = state
    for time, moment_ in (
        (value.first_seen_time, message.first_seen_time),
        (value.last_seen_time, message.last_seen_time),
    ):
        since = time - _EPOCH
        moment_.seconds, moment_.nanos = since.days * 86_400 + since.seconds, since.microseconds * 1_000
    message.bucket = bucket


def tag_history_event(value: TagHistoryEvent) -> reads_pb2.TagHistoryEvent:
    state_before: Any = int(value.state_before or 0)
    state: Any = int(value.state)
    reason: Any = int(value.reason or 0)
    return reads_pb2.TagHistoryEvent(
        location_id=value.location_id,
        state_before=state_before,
        state=state,
        zone_id_before=value.zone_before,
        zone_id=value.zone_id,
        occur_time=timestamp(value.occur_time),
        record_time=timestamp(value.record_time),
        movement_id=str(value.movement_id) if value.movement_id else "",
        reason=reason,
        document=value.document,
    )


def reader(value: ReaderHealth) -> reads_pb2.Reader:
    return reads_pb2.Reader(
        reader_id=value.reader_id,
        last_read_time=timestamp(value.last_read_time),
        reads_per_minute=value.reads_per_minute,
        antennas=[
            reads_pb2.ReaderAntenna(
                antenna=each.antenna,
                location_id=each.location_id,
                zone_id=each.zone_id,
                last_read_time=timestamp(each.last_read_time),
                reads_per_minute=each.reads_per_minute,
                silent=each.silent,
            )
            for each in value.antennas
        ],
    )


def movement(value: Movement) -> ledger_pb2.Movement:
    from_bucket: Any = int(value.from_bucket)
    to_bucket: Any = int(value.to_bucket)
    reason: Any = int(value.reason)
    return ledger_pb2.Movement(
        movement_id=str(value.movement_id),
        location_id=value.key.location_id,
        item_id=value.key.item_id,
        from_bucket=from_bucket,
        to_bucket=to_bucket,
        quantity=value.quantity,
        reason=reason,
        occur_time=timestamp(value.occur_time),
        record_time=timestamp(value.record_time),
        document=value.document,
        epc_hex=value.epc.hex().upper() if value.epc else "",
        actor=value.actor,
        revision=value.revision,
    )


def reservation(value: Reservation) -> reservations_pb2.Reservation:
    return reservations_pb2.Reservation(**reservation_fields(value))


def reservation_fields(value: Reservation) -> dict[str, Any]:
    """Say a reservation as fields, for a message that it is part of."""
    return {
        "reservation_id": str(value.reservation_id),
        "state": int(value.state),
        "lines": [
            {
                "item_id": line.key.item_id,
                "location_id": line.key.location_id,
                "quantity": line.quantity,
                "fulfilled_quantity": line.fulfilled,
                "released_quantity": line.released,
                "cell_version": line.cell_version,
            }
            for line in value.lines
        ],
        "channel": value.channel,
        "customer_id": value.customer_id,
        "order_id": value.order_id,
        "create_time": timestamp_fields(value.create_time),
        "expire_time": timestamp_fields(value.expire_time),
        "revision": value.revision,
    }


def scope(value: Scope) -> stock_policies_pb2.StockPolicyScope:
    return stock_policies_pb2.StockPolicyScope(
        item_id=value.item_id,
        item_class=value.item_class,
        location_id=value.location_id,
        channel=value.channel,
    )


def to_scope(message: stock_policies_pb2.StockPolicyScope) -> Scope:
    return Scope(message.item_id, message.item_class, message.location_id, message.channel)


def count(value: Count) -> counts_pb2.Count:
    kind: Any = int(value.kind)
    state: Any = int(value.state)
    return counts_pb2.Count(
        count_id=str(value.count_id),
        location_id=value.location_id,
        kind=kind,
        zone_ids=value.zone_ids,
        item_classes=value.item_classes,
        state=state,
        title=value.title,
        actor=value.actor,
        start_time=timestamp(value.start_time),
        expire_time=None if value.end_time else timestamp(value.expire_time),
        end_time=timestamp(value.end_time),
        result=None if value.result is None else count_result(value.result),
    )


def count_result(value: Tally) -> counts_pb2.CountResult:
    return counts_pb2.CountResult(
        matched_quantity=value.matched,
        missing_quantity=value.missing,
        found_quantity=value.found,
        misplaced_quantity=value.misplaced,
        unknown_quantity=value.unknown,
        item_count=value.items,
        right_item_count=value.right_items,
        unit_accuracy_percent=value.unit_accuracy_percent,
        item_accuracy_percent=value.item_accuracy_percent,
    )


def count_line(value: Line) -> counts_pb2.CountLine:
    kind: Any = int(value.kind)
    return counts_pb2.CountLine(
        kind=kind,
        item_id=value.item_id,
        epc_hex=value.epc.hex().upper() if value.epc else "",
        quantity=value.quantity,
        book_zone_id=value.book_zone_id,
        seen_zone_id=value.seen_zone_id,
    )


def shipment(value: Shipment, *, with_tags: bool = True) -> shipments_pb2.Shipment:
    state: Any = int(value.state)

    def shown(tags: list[ShipmentTag]) -> list[str]:
        return [each.epc.hex().upper() for each in tags[:SHOWN_TAGS]] if with_tags else []

    return shipments_pb2.Shipment(
        shipment_id=str(value.shipment_id),
        from_location_id=value.from_location_id,
        to_location_id=value.to_location_id,
        sscc=value.sscc,
        document=value.document,
        state=state,
        lines=[
            shipments_pb2.ShipmentLine(
                item_id=item_id,
                announced_quantity=line.announced,
                dispatched_quantity=line.dispatched,
                received_quantity=line.received,
                seen_before_quantity=line.seen_before,
                in_transit_quantity=line.in_transit,
                over_quantity=value.over(line),
                short_quantity=value.short(line),
                open_epc_hexes=shown(value.open_tags(item_id)),
                unlisted_epc_hexes=shown(value.unlisted_tags(item_id)),
            )
            for item_id, line in sorted(value.lines.items())
        ],
        send_time=timestamp(value.send_time),
        expected_time=timestamp(value.expected_time),
        create_time=timestamp(value.create_time),
        end_time=timestamp(value.end_time),
    )
