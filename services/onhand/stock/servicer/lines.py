"""How a cell's standing is told."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp

from onhand.api.stock.v1 import availability_pb2 as pb
from onhand.kit.errors import FieldViolation, InvalidField, OnhandError, UnknownItem, UnknownLocation
from onhand.kit.status import to_status
from onhand.stock.config import StockSettings
from onhand.stock.domain.display import DisplayPolicy
from onhand.stock.domain.model import CellKey, Standing
from onhand.stock.messages import timestamp
from onhand.stock.view import View, confidence

_ALWAYS = frozenset({"item_id", "location_id"})
_QUANTITIES = (
    "on_hand",
    "unavailable",
    "reserved",
    "committed",
    "safety_stock",
    "available",
    "in_transit",
)


def hidden_by(mask: FieldMask) -> Sequence[str]:
    """Return the fields of Availability that a mask leaves out. Raises InvalidField for one there is not."""
    names = pb.Availability.DESCRIPTOR.fields_by_name
    for path in mask.paths:
        if path not in names:
            raise InvalidField([FieldViolation("read_mask", f"Availability has no field {path!r}")])
    return [name for name in names if mask.paths and name not in mask.paths and name not in _ALWAYS]


class Lines:
    """Builds lines of answers from what the view, or the database, knows of cells."""

    def __init__(self, view: View, settings: StockSettings) -> None:
        self._view = view
        self._half_life = timedelta(days=settings.confidence_half_life_days)

    def unknown(self, key: CellKey) -> OnhandError | None:
        if key.location_id not in self._view.locations:
            return UnknownLocation(key.location_id)
        if key.item_id not in self._view.item_ids:
            return UnknownItem(key.item_id)
        return None

    def line(
        self,
        key: CellKey,
        standing: Standing | None,
        as_of: datetime | None,
        now: datetime,
        channel: str,
        hidden: Sequence[str] = (),
    ) -> pb.AvailabilityLine:
        failure = self.unknown(key)
        if failure is not None:
            empty = pb.Availability(item_id=key.item_id, location_id=key.location_id)
            return pb.AvailabilityLine(availability=empty, status=to_status(failure))
        message = self.message(key, standing, timestamp(as_of), now, self._view.policy(channel))
        for name in hidden:
            message.ClearField(name)
        return pb.AvailabilityLine(availability=message)

    def message(
        self,
        key: CellKey,
        standing: Standing | None,
        as_of: Timestamp | None,
        now: datetime,
        policy: DisplayPolicy,
    ) -> pb.Availability:
        """Say a cell; `standing` is None when it was never counted: nothing is there, and nothing says so."""
        available = standing.available if standing else 0
        state: Any = int(policy.state(available))
        message = pb.Availability(
            item_id=key.item_id,
            location_id=key.location_id,
            as_of=as_of,
            stock_state=state,
        )
        if standing is not None:
            message.confidence = confidence(standing, now, self._half_life)
            message.revision = standing.revision
        if policy.hide_quantities:
            message.quantities_hidden = True
        elif standing is not None:
            on_hand = standing.sellable + standing.unavailable
            values = (
                on_hand,
                standing.unavailable,
                standing.reserved,
                standing.committed,
                standing.safety_stock,
                available,
                standing.in_transit,
            )
            for name, value in zip(_QUANTITIES, values, strict=True):
                setattr(message, name, value)
        return message
