"""Where systems want events posted."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from onhand.notifications.domain.availability import Subscription
from onhand.notifications.domain.occasions import Purpose


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    uri: str
    purposes: tuple[Purpose, ...]
    """Empty: all."""
    title: str
    availability: Subscription | None = None
    """Which changes of availability it hears of; None: none."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    endpoint_id: UUID
    uri: str
    purposes: tuple[Purpose, ...]
    title: str
    create_time: datetime
    disable_time: datetime | None
    """When it answered that it is gone, or had failed for too long."""
    pause_time: datetime | None
    """Until then nothing is posted to it: it fails."""
    old_secret_expire_time: datetime | None
    """Until then posts are signed with the secret before, too."""
    availability: Subscription | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """How an endpoint has done of late.

    closed → (so many failures in a row) → open: nothing is posted → (the pause is over) → one post tries
           ← (it succeeds) ←             ← open for longer (it fails) ←   → disabled (it has failed for days)
    """

    failure_count: int = 0
    """In a row."""
    first_failure_time: datetime | None = None
    pause_time: datetime | None = None
    """Until then nothing is posted."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """When an endpoint is left in peace, and when it is given up."""

    failures: int
    """In a row, before the first pause."""
    first_pause: timedelta
    """Doubles with each further failure."""
    longest_pause: timedelta
    disable_after: timedelta
    """Of failing without a break."""

    def after(self, health: Health, now: datetime, *, ok: bool) -> Health:
        """Return the health of an endpoint after one more post."""
        if ok:
            return Health()
        count = health.failure_count + 1
        pause_time = health.pause_time
        if count >= self.failures:
            doublings = min(count - self.failures, 20)
            pause_time = now + min(self.first_pause * 2**doublings, self.longest_pause)
        return Health(count, health.first_failure_time or now, pause_time)

    def is_given_up(self, health: Health, now: datetime) -> bool:
        first = health.first_failure_time
        return first is not None and now - first >= self.disable_after
