"""By which times a store works: what it has set, else the service's defaults."""

from datetime import timedelta
from typing import Any

from onhand.pickup.config import PickupSettings
from onhand.pickup.domain.rules import Rules
from onhand.pickup.storage.stores import StoredSettings

DURATIONS = {
    "accept": "accept_timeout_s",
    "step": "step_timeout_s",
    "escalation_interval": "escalation_interval_s",
    "collect": "collect_window_s",
    "reminder": "collect_reminder_s",
    "grace": "collect_grace_s",
    "extension": "collect_extension_s",
    "substitution": "substitution_timeout_s",
    "wait": "wait_timeout_s",
    "shelve": "shelve_timeout_s",
}
"""Durations that a store may set, and the service's setting that holds where it does not."""
COUNTS = {"max_escalations": "max_escalations", "max_extensions": "max_extensions"}
"""The same for counts."""


def rules_of(stored: StoredSettings, settings: PickupSettings) -> Rules:
    """Return the rules of a store: what it has set, else the service's defaults."""
    values = stored.values
    durations: dict[str, Any] = {
        name: timedelta(seconds=values.get(name, getattr(settings, default)))
        for name, default in DURATIONS.items()
    }
    counts: dict[str, Any] = {
        name: values.get(name, getattr(settings, default)) for name, default in COUNTS.items()
    }
    return Rules(
        **durations,
        **counts,
        accept_minimum=min(timedelta(seconds=settings.accept_minimum_s), durations["accept"]),
        walk_zone_ids=tuple(values.get("walk_zone_ids", ())),
        identity_check=values.get("identity_check", False),
        version=stored.version,
    )
