"""Settings of stock."""

from typing import Annotated

from pydantic import Field

from onhand.kit.config import ServiceSettings


class StockSettings(ServiceSettings):
    epoch_s: Annotated[float, Field(gt=0)] = 10
    """Reads of a tag in a zone within this time are one piece of evidence."""
    lateness_s: Annotated[float, Field(ge=0)] = 30
    """How late reads may come and still count for the decision on a tag's zone; protects against deciding on
    half of what was seen."""
    settle_interval_s: Annotated[float, Field(gt=0)] = 1
    """How often what was waited for is decided when no batch comes that would do it."""
    sight_refresh_s: Annotated[float, Field(gt=0)] = 60
    """A tag that stays gets its last sight written this often; protects the database."""
    miss_probability: Annotated[float, Field(gt=0, lt=1)] = 0.01
    """How seldom a tag that is still there may go unread for its whole window."""
    rssi_floor_cdbm: int = -8000
    """Strength below which a read is hardly evidence, in 0.01 dBm."""
    hysteresis: Annotated[float, Field(ge=1)] = 1.5
    """How many times the evidence of its zone another zone must have; protects against flapping between two
    antennas."""
    move_margin_db: Annotated[float, Field(ge=0)] = 30
    """How much more evidence it must have besides; protects against moving on one read."""
    silent_after_s: Annotated[float, Field(gt=0)] = 60
    """A zone that read nothing for this long is silent; protects its tags from moving or being missed."""
    stray_rssi_cdbm: int = -7000
    """A never-seen tag weaker than this waits for more evidence; protects against a neighbour's goods."""
    belief_db: Annotated[float, Field(ge=0)] = 45
    """Evidence needed to believe that a tag of another location is here; protects against stray reads."""
    belief_dwell_s: Annotated[float, Field(ge=0)] = 1800
    """A tag seen for this long without a break is here, however weakly, unless another location has it."""
    cross_quiet_s: Annotated[float, Field(ge=0)] = 300
    """A tag must have been unseen this long where it was before another location may have it. Longer than
    `sight_refresh_s`, by which its last sight there may be old."""
    sold_grace_s: Annotated[float, Field(ge=0)] = 1800
    """A sold tag read within this time still lingers."""
    return_dwell_s: Annotated[float, Field(ge=0)] = 900
    """A sold tag that is seen on the floor or in the back room for this long was brought back; 0: when it is
    seen once. Protects against customers who come again in what they bought."""
    passage_rssi_cdbm: int = -6000
    """A read at an exit weaker than this is of goods that lie nearby; protects against false alarms."""
    exit_confirm_s: Annotated[float, Field(ge=0)] = 30
    """A tag seen at an exit left when it is not seen inside for at least this long; 0: at once."""
    exit_miss_probability: Annotated[float, Field(gt=0, lt=1)] = 1e-4
    """How seldom a tag that lies near the door is taken to have left; protects against false alarms."""
    exit_most_s: Annotated[float, Field(gt=0)] = 1800
    """A tag seen at an exit left after this long even where no reader inside looked."""
    cross_ratio: Annotated[float, Field(gt=1)] = 2
    """How many times better another location must read a tag to have it while it is still read here."""
    reader_skew_s: Annotated[float, Field(ge=0)] = 3
    """How much the clocks of two readers of a location may differ."""
    max_skew_s: Annotated[float, Field(ge=0)] = 600
    """A reader's clock is corrected up to this; reads that seem to lag more are late."""
    unconfirmed_miss_probability: Annotated[float, Field(gt=0, lt=1)] = 1e-3
    """How seldom a tag that is there becomes unconfirmed, by how often it is read."""
    unconfirmed_least_s: Annotated[float, Field(ge=0)] = 600
    """A tag is not unconfirmed sooner, however often it is read."""
    unconfirmed_most_s: Annotated[float, Field(gt=0)] = 4 * 3600
    """A tag is unconfirmed then at the latest, in time in which readers looked."""
    missing_miss_probability: Annotated[float, Field(gt=0, lt=1)] = 1e-6
    """How seldom a tag that is there becomes missing and no longer counts."""
    missing_least_s: Annotated[float, Field(ge=0)] = 3600
    """A tag is not missing sooner, however often it is read."""
    missing_most_s: Annotated[float, Field(gt=0)] = 24 * 3600
    """A tag is missing then at the latest, in time in which readers looked."""
    recent_tags: Annotated[int, Field(ge=0)] = 2_000_000
    """Tags whose evidence is remembered, some 100 bytes each; protects memory."""
    read_max_age_s: Annotated[float, Field(gt=0)] = 7 * 86_400
    """Reads older than this are refused: a gateway may have been cut off for days, not for weeks."""
    read_max_ahead_s: Annotated[float, Field(gt=0)] = 300
    """Reads from further in the future are refused: such a reader's clock is wrong."""
    stream_ahead: Annotated[int, Field(ge=1, le=1_000)] = 64
    """Batches of one stream that are taken before the first of them is answered; protects memory."""
    default_hold_s: Annotated[float, Field(gt=0)] = 900
    """How long a reservation holds when its caller does not say."""
    reservation_group: Annotated[int, Field(ge=1, le=1_000)] = 64
    """Reservations decided in one transaction at most; protects the latency of the first of them."""
    stock_policy_limit: Annotated[int, Field(ge=1)] = 100_000
    """Stock policies in all, some 400 bytes each in every replica; protects its memory."""
    demand_history_days: Annotated[float, Field(gt=1)] = 91
    """How far back sales are looked at for suggestions of safety stock and for phantom stock: whole weeks, so that
    each day of the week counts alike; protects the database."""
    demand_days_least: Annotated[int, Field(ge=2)] = 14
    """Days that must tell of an item's demand before a safety stock is suggested from it."""
    phantom_prior: Annotated[float, Field(gt=0, lt=1)] = 0.02
    """Share of cells that claim stock and have none, before anything is known of one."""
    short_pick_odds: Annotated[float, Field(ge=1)] = 10
    """How many times likelier a pick finds nothing where nothing is than where something is."""
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
    months_ahead: Annotated[int, Field(ge=1, le=24)] = 2
    """Months after the present one whose partitions are there already; protects against a job that fails."""
    history_retention_days: Annotated[float, Field(gt=0)] = 400
    """How long ended reservations, counts and shipments are kept; results of counts are kept for ever."""
    gone_tag_retention_days: Annotated[float, Field(gt=0)] = 730
    """How long a tag that was sold, shipped or left is known: one that comes back later is a new one."""
    unknown_retention_days: Annotated[float, Field(gt=0)] = 90
    """How long tags of no known item and readers that nobody adopted are kept after their last sight."""
    confidence_half_life_days: Annotated[float, Field(gt=0)] = 30
    """A count that nothing confirmed for this long is half as sure."""
    view_wait_s: Annotated[float, Field(gt=0)] = 2
    """How long a read that asks for freshness waits for the view."""
    view_max_lag_s: Annotated[float, Field(gt=0)] = 60
    """A replica whose view is further behind than this is not ready; protects shoppers from old numbers. Without
    NATS every replica comes to this: set it above the longest outage through which checkouts must go on."""
    watch_buffer_cells: Annotated[int, Field(gt=0)] = 100_000
    """Changed cells that wait for one slow watcher; beyond it the watcher is cut."""
    heartbeat_s: Annotated[float, Field(gt=0)] = 10
    """How often a watcher hears something when nothing changes."""
    epcis_max_events: Annotated[int, Field(ge=1, le=10_000)] = 200
    """Events of one EPCIS document; protects everybody else's latency, as all are decided in one transaction."""
    epcis_max_depth: Annotated[int, Field(ge=8, le=200)] = 32
    """Objects and lists within each other in an EPCIS document; protects the stack."""
    epcis_filter_value: Annotated[int, Field(ge=0, le=7)] = 1
    """Filter value on the tags of goods (TDS table 10-2; 1: an item for the point of sale), which documents do not
    tell: taken for a tag that an event names before a tag of its item was seen at the location."""
    epcis_job_timeout_s: Annotated[float, Field(gt=0)] = 3600
    """A capture that could not be decided for this long is given up."""
    epcis_job_days: Annotated[float, Field(gt=0)] = 30
    """How long it can be asked what became of a capture; its events stay."""
    epcis_publish_interval_s: Annotated[float, Field(ge=0)] = 1
    """How often changes of stock are published as EPCIS events; 0: never."""
    epcis_publish_batch: Annotated[int, Field(ge=1, le=10_000)] = 500
    """Changes published each time; a flood of changes waits, and protects readers and tills from its own events."""
