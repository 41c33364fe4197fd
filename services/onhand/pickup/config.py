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
