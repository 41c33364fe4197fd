"""By which times a store works."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Rules:
    accept: timedelta
    """How long a store may take to accept a task."""
    accept_minimum: timedelta
    """How long it has at least, however near the promise is."""
    step: timedelta
    """How long picking, staging, packing and shipping may take each, and to the promise at least."""
    escalation_interval: timedelta
    """From one alert of a late step to the next."""
    max_escalations: int
    """Alerts of a late step before the store is given up on."""
    collect: timedelta
    """How long ready goods wait for their customer."""
    reminder: timedelta
    """How long before that the customer is reminded; nothing: never."""
    grace: timedelta
    """How long goods wait past that, without a word."""
    extension: timedelta
    """By how much an extension moves the collect deadline."""
    max_extensions: int
    substitution: timedelta
    """How long a customer has to answer about a substitution."""
    wait: timedelta
    """How long a customer who is here may wait."""
    shelve: timedelta
    """How long goods that go back to their place may lie."""
    walk_zone_ids: tuple[str, ...] = ()
    """Zones in the order of a walk; others come after."""
    identity_check: bool = False
    """Whether the identity of everybody who collects is checked."""
    version: int = 0
