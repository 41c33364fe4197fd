"""Settings of stock."""

from typing import Annotated

from pydantic import Field

from onhand.kit.config import ServiceSettings


class StockSettings(ServiceSettings):
    smoothing_window_s: Annotated[float, Field(gt=0)] = 5
    """A tag read again in the same zone within this time is a repeat; protects the database."""
    sight_refresh_s: Annotated[float, Field(gt=0)] = 60
    """A tag that stays gets its last sight written this often; protects the database."""
    zone_hysteresis_cdb: Annotated[int, Field(ge=0)] = 300
    """How much stronger, in 0.01 dB, another zone must be to win within the smoothing window; protects
    against flapping between two antennas."""
    sold_grace_s: Annotated[float, Field(ge=0)] = 1800
    """A sold tag read on the floor within this time still lingers; later it was brought back."""
    cross_quiet_s: Annotated[float, Field(ge=0)] = 30
    """A tag must have been unseen this long where it was before another location may have it."""
    cross_reads: Annotated[int, Field(ge=1)] = 2
    """Reads needed to believe that a tag of another location is here; protects against stray reads."""
    recent_tags: Annotated[int, Field(ge=0)] = 1_000_000
    """Tags whose last write is remembered to drop repeats; protects memory."""
    unconfirmed_after_s: Annotated[float, Field(gt=0)] = 4 * 3600
    """A present tag not read for this long is unconfirmed. Only where readers look on their own."""
    missing_after_s: Annotated[float, Field(gt=0)] = 24 * 3600
    """An unconfirmed tag not read for this long is missing and no longer counts."""
    read_max_age_s: Annotated[float, Field(gt=0)] = 7 * 86_400
    """Reads older than this are refused: a gateway may have been cut off for days, not for weeks."""
    read_max_ahead_s: Annotated[float, Field(gt=0)] = 300
    """Reads from further in the future are refused: such a reader's clock is wrong."""
    default_hold_s: Annotated[float, Field(gt=0)] = 900
    """How long a reservation holds when its caller does not say."""
    reservation_group: Annotated[int, Field(ge=1, le=1_000)] = 64
    """Reservations decided in one transaction at most; protects the latency of the first of them."""
    sweep_interval_s: Annotated[float, Field(gt=0)] = 1
    """How often expired reservations are swept; expiry itself is exact whatever this says."""
    count_idle_s: Annotated[float, Field(gt=0)] = 4 * 3600
    """An open count that nobody records to for this long expires and changes nothing."""
    count_max_tags: Annotated[int, Field(ge=1)] = 500_000
    """Tags that one count may see; protects the database."""
    count_step_tags: Annotated[int, Field(ge=1)] = 2_000
    """Tags judged in one transaction when a count is finished, one item at least; protects everybody else's
    latency and the relay from long writers."""
    read_counts_interval_s: Annotated[float, Field(gt=0)] = 60
    """How often it is written how much each antenna read; protects the database."""
    antenna_silent_s: Annotated[float, Field(gt=0)] = 900
    """An adopted antenna that posted nothing for this long is told as silent."""
    confidence_half_life_days: Annotated[float, Field(gt=0)] = 30
    """A count that nothing confirmed for this long is half as sure."""
    view_wait_s: Annotated[float, Field(gt=0)] = 2
    """How long a read that asks for freshness waits for the view."""
    watch_buffer_cells: Annotated[int, Field(gt=0)] = 100_000
    """Changed cells that wait for one slow watcher; beyond it the watcher is cut."""
    heartbeat_s: Annotated[float, Field(gt=0)] = 10
    """How often a watcher hears something when nothing changes."""
