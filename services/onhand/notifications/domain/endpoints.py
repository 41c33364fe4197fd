"""Where systems want events posted."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from onhand.notifications.domain.occasions import Purpose


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    uri: str
    purposes: tuple[Purpose, ...]
    """Empty: all."""
    title: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    endpoint_id: UUID
    uri: str
    purposes: tuple[Purpose, ...]
    title: str
    create_time: datetime
    disable_time: datetime | None
    """When it answered that it is gone."""
