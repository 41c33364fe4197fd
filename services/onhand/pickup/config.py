"""Settings of pickup."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from onhand.kit.config import ServiceSettings


class PickupSettings(ServiceSettings):
    stock_target: str
    """host:port of stock."""
    token_file: Path
    """The bearer token for calls to stock. Read again when it changes."""
    stock_timeout_s: Annotated[float, Field(gt=0)] = 3
    """How long stock may take to answer about a scan, all attempts together; protects the associate."""
    stock_concurrency: Annotated[int, Field(ge=1)] = 16
    """Tags asked about at once, and effects told at once, by one process; protects stock."""
    accept_timeout_s: Annotated[float, Field(gt=0)] = 900
    """How long a store may take to accept a task; protects the promise."""
    accept_minimum_s: Annotated[float, Field(gt=0)] = 120
    """How long a store has at least, however near the promise is; protects late tasks from going round."""
    collect_window_s: Annotated[float, Field(gt=0)] = 7 * 86_400
    """How long ready goods wait for their customer; protects stock from lying idle."""
    step_timeout_s: Annotated[float, Field(gt=0)] = 3_600
    """How long picking, staging, packing and shipping may take each, and to the promise at least; the default
    of a store that sets none, as all up to `shelve_timeout_s`."""
    escalation_interval_s: Annotated[float, Field(gt=0)] = 1_800
    """From one alert of a late step to the next; protects people from noise."""
    max_escalations: Annotated[int, Field(ge=0)] = 48
    """Alerts of a late step before the store is given up on; protects orders from being stuck."""
    collect_reminder_s: Annotated[float, Field(ge=0)] = 86_400
    """How long before the collect deadline the customer is reminded; 0: never."""
    collect_grace_s: Annotated[float, Field(ge=0)] = 1_800
    """How long goods wait past their collect deadline; protects a customer who is just late. Shorter than
    routing's ready_grace_s, which asks what became of them."""
    collect_extension_s: Annotated[float, Field(gt=0)] = 3 * 86_400
    """By how much an extension moves the collect deadline."""
    max_extensions: Annotated[int, Field(ge=0)] = 1
    """How often a customer may extend; protects stock from lying idle."""
    substitution_timeout_s: Annotated[float, Field(gt=0)] = 1_800
    """How long a customer has to answer about a substitution; protects the promise."""
    wait_timeout_s: Annotated[float, Field(gt=0)] = 300
    """How long a customer who is here may wait before an alert is raised."""
    shelve_timeout_s: Annotated[float, Field(gt=0)] = 86_400
    """How long goods that go back to their place may lie before an alert is raised."""
    pass_lifetime_s: Annotated[float, Field(gt=0, le=604_800)] = 86_400
    """How long a collection pass is good once shown; protects from one that was copied."""
    key_epoch_s: Annotated[float, Field(ge=3_600)] = 86_400
    """How long a key signs passes; protects from one that was stolen. Tills have the next one in advance."""
    find_interval_s: Annotated[float, Field(gt=0)] = 0.5
    """How often stock is asked about a tag that is followed; protects stock."""
    find_duration_s: Annotated[float, Field(gt=0)] = 600
    """How long one tag is followed; protects stock from watches that nobody looks at."""
    code_attempts: Annotated[int, Field(ge=1)] = 5
    """Wrong codes in a row before hand-over is paused; protects the goods from guessing."""
    code_pause_s: Annotated[float, Field(gt=0)] = 900
    """How long hand-over is paused after that."""
    slot_overrun_s: Annotated[float, Field(ge=0)] = 86_400
    """How far ahead a booking whose customer has not come takes a place of later slots, where the plan says so."""
    sweep_interval_s: Annotated[float, Field(gt=0)] = 1
    """How often deadlines are looked at."""
    sweep_batch: Annotated[int, Field(ge=1, le=1_000)] = 50
    """Tasks timed out in one transaction; protects the relay from long ones."""
    effect_interval_s: Annotated[float, Field(gt=0)] = 1
    """How often effects on stock that are due are looked for; a new one is tried at once."""
    effect_lease_s: Annotated[float, Field(gt=0)] = 60
    """How long a process may take over an effect before another one tries it; longer than any call."""
    effect_backoff_max_s: Annotated[float, Field(gt=0)] = 60
    """Longest pause between two attempts at an effect; protects stock when it comes back."""
    watch_interval_s: Annotated[float, Field(gt=0)] = 0.5
    """How late a watch may tell what another process changed; protects the database from polling."""
    max_watches: Annotated[int, Field(ge=1)] = 1_000
    """Watches of one process; protects memory and the database."""
