"""Each way a call can fail, as a class with fields.

The fields travel as metadata of a `google.rpc.ErrorInfo` and the client makes the same class of them
again. No status code stands here: `onhand.kit.status` alone knows those. This module imports nothing
beyond the standard library, so that the pure domain may raise what it decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar


@dataclass
class OnhandError(Exception):
    """Base of all failures that a caller is told about."""

    reason: ClassVar[str]
    """Name in `onhand.api.errors.v1.ErrorReason`, without the prefix."""
    retry_after_s: ClassVar[float | None] = None
    """Seconds after which the same call may succeed; None where waiting does not help."""

    def __str__(self) -> str:
        return self.message

    @property
    def message(self) -> str:
        """One sentence for people, with the numbers."""
        return self.reason.lower().replace("_", " ")

    @property
    def retry_delay_s(self) -> float | None:
        """Seconds after which this very call may succeed."""
        return self.retry_after_s

    def metadata(self) -> dict[str, str]:
        """Return the fields as text, for programs."""
        return {field.name: str(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_metadata(cls, metadata: dict[str, str]) -> "OnhandError":
        """Make the error again from what `metadata` gave. Unknown keys are left out."""
        values: dict[str, Any] = {}
        for field in fields(cls):
            text = metadata.get(field.name, "")
            values[field.name] = int(text or 0) if field.type is int else text
        return cls(**values)


@dataclass
class FieldViolation:
    """One field that breaks a rule."""

    field: str
    """Path, for example `lines[2].quantity`."""
    description: str


@dataclass
class InvalidField(OnhandError):
    """A request breaks rules of the contract; every violation is listed."""

    reason = "INVALID_FIELD"
    violations: Sequence[FieldViolation]

    @property
    def message(self) -> str:
        return "; ".join(f"{each.field or 'request'}: {each.description}" for each in self.violations)

    def metadata(self) -> dict[str, str]:
        return {}  # they travel as google.rpc.BadRequest


@dataclass
class InvalidEpc(OnhandError):
    reason = "INVALID_EPC"
    epc: str
    epc_reason: str
    """Which kind of malformed."""
    detail: str

    @property
    def message(self) -> str:
        return f"{self.epc!r} is not a valid EPC: {self.detail}"


@dataclass
class InvalidGtin(OnhandError):
    reason = "INVALID_GTIN"
    gtin: str
    detail: str

    @property
    def message(self) -> str:
        return f"{self.gtin!r} is not a valid GTIN: {self.detail}"


@dataclass
class TooMany(OnhandError):
    reason = "TOO_MANY"
    field: str
    count: int
    limit: int

    @property
    def message(self) -> str:
        return f"{self.field}: {self.count} is more than the limit of {self.limit}"


@dataclass
class UnknownItem(OnhandError):
    reason = "UNKNOWN_ITEM"
    item: str
    """The item's id, GTIN or EPC, as the caller named it."""

    @property
    def message(self) -> str:
        return f"no item is known as {self.item!r}"


@dataclass
class UnknownLocation(OnhandError):
    reason = "UNKNOWN_LOCATION"
    location_id: str

    @property
    def message(self) -> str:
        return f"no location is known as {self.location_id!r}"


@dataclass
class NotFound(OnhandError):
    reason = "NOT_FOUND"
    resource: str
    id: str

    @property
    def message(self) -> str:
        return f"no {self.resource} has the id {self.id!r}"


@dataclass
class RequestIdReused(OnhandError):
    reason = "REQUEST_ID_REUSED"
    request_id: str
    method: str
    differs: str
    """Comma-separated paths of the fields that differ from the first request."""

    @property
    def message(self) -> str:
        return f"request_id {self.request_id} was used before with another {self.differs}"


@dataclass
class AlreadyExists(OnhandError):
    reason = "ALREADY_EXISTS"
    resource: str
    id: str

    @property
    def message(self) -> str:
        return f"a {self.resource} with the id {self.id!r} exists already"


@dataclass
class InsufficientStock(OnhandError):
    reason = "INSUFFICIENT_STOCK"
    item_id: str
    location_id: str
    asked: int
    available: int

    @property
    def message(self) -> str:
        return f"{self.asked} of {self.item_id} asked at {self.location_id}, {self.available} available"


@dataclass
class WrongState(OnhandError):
    reason = "WRONG_STATE"
    resource: str
    id: str
    state: str
    action: str

    @property
    def message(self) -> str:
        return f"{self.resource} {self.id} is {self.state}: cannot {self.action}"


@dataclass
class InvalidToken(OnhandError):
    reason = "INVALID_TOKEN"
    detail: str

    @property
    def message(self) -> str:
        return f"the bearer token is not accepted: {self.detail}"


@dataclass
class MissingScope(OnhandError):
    reason = "MISSING_SCOPE"
    scope: str

    @property
    def message(self) -> str:
        return f"the token lacks the scope {self.scope}"


@dataclass
class WrongLocation(OnhandError):
    reason = "WRONG_LOCATION"
    location_id: str

    @property
    def message(self) -> str:
        return f"the token does not speak for location {self.location_id!r}"


@dataclass
class DatabaseUnavailable(OnhandError):
    reason = "DATABASE_UNAVAILABLE"
    retry_after_s = 1.0

    @property
    def message(self) -> str:
        return "the database does not answer; try again"


@dataclass
class DependencyUnavailable(OnhandError):
    reason = "DEPENDENCY_UNAVAILABLE"
    retry_after_s = 1.0
    service: str

    @property
    def message(self) -> str:
        return f"{self.service} does not answer; try again"


@dataclass
class Contention(OnhandError):
    reason = "CONTENTION"
    retry_after_s = 0.1

    @property
    def message(self) -> str:
        return "concurrent changes did not settle; try again"


@dataclass
class LimitReached(OnhandError):
    reason = "LIMIT_REACHED"
    limit: str
    """Which limit, and how much it is."""

    @property
    def message(self) -> str:
        return f"limit reached: {self.limit}"


@dataclass
class HoldLimitReached(OnhandError):
    reason = "HOLD_LIMIT_REACHED"
    limit: str
    """The policy's term: customer_limit or channel_limit."""
    holder: str
    """The customer or the channel."""
    item_id: str
    location_id: str
    """Empty: over all locations."""
    asked: int
    held: int
    most: int

    @property
    def message(self) -> str:
        where = f" at {self.location_id}" if self.location_id else ""
        return (
            f"{self.limit} reached: {self.holder} may hold {self.most} of {self.item_id}{where}, "
            f"holds {self.held}, {self.asked} more asked"
        )


@dataclass
class RateLimited(OnhandError):
    reason = "RATE_LIMITED"
    limit: str
    """Which limit of this caller."""
    retry_after_ms: int

    @property
    def message(self) -> str:
        return f"too many calls: the limit is {self.limit}; try again in {self.retry_after_ms / 1000:g} s"

    @property
    def retry_delay_s(self) -> float | None:
        return self.retry_after_ms / 1000


@dataclass
class DeadlineExceeded(OnhandError):
    reason = "DEADLINE_EXCEEDED"

    @property
    def message(self) -> str:
        return "the deadline passed before the work was done"


@dataclass
class Internal(OnhandError):
    reason = "INTERNAL"
    trace_id: str

    @property
    def message(self) -> str:
        return f"a fault of the service; its log has it under trace {self.trace_id}"


@dataclass
class WrongCode(OnhandError):
    reason = "WRONG_CODE"
    attempts_left: int

    @property
    def message(self) -> str:
        return f"the collection code is wrong; {self.attempts_left} attempts left"


@dataclass
class WrongProduct(OnhandError):
    reason = "WRONG_PRODUCT"
    scanned: str
    expected: str
    refusal: str = "WRONG_ITEM"
    """What is wrong with it, for programs; the names stand in the contract."""

    @property
    def message(self) -> str:
        return f"{self.scanned} was scanned, {self.expected} is asked for"


@dataclass
class ViewBehind(OnhandError):
    reason = "VIEW_BEHIND"
    retry_after_s = 0.2
    revision: int
    """The revision that the view has."""

    @property
    def message(self) -> str:
        return f"this replica's view is at revision {self.revision}, behind what was asked; try again"


@dataclass
class BeforeHistory(OnhandError):
    reason = "BEFORE_HISTORY"
    history_start_time: str
    """RFC 3339."""

    @property
    def message(self) -> str:
        return f"what was before {self.history_start_time} is not known here"


BY_REASON: dict[str, type[OnhandError]] = {each.reason: each for each in OnhandError.__subclasses__()}
