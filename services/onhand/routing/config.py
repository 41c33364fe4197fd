"""Settings of routing."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, model_validator

from onhand.kit.config import ServiceSettings
from onhand.routing.domain.promise import Leads

_Positive = Annotated[float, Field(gt=0)]


class RoutingSettings(ServiceSettings):
    stock_target: str
    """host:port of the stock service."""
    stock_timeout_s: _Positive = 3
    """Longest call to stock, its repeats included; protects the advance of an order."""
    stock_attempts: Annotated[int, Field(ge=1, le=10)] = 2
    """Attempts at one call to stock before the order waits; protects stock while it is unwell."""
    catalog_cache_s: _Positive = 30
    """How long a location's master data is believed; protects stock from a listing each plan."""

    auto_cancel_s: _Positive = 3 * 86_400
    """When an order without an auto-cancel time of its own gives up for want of stock."""
    hold_s: Annotated[float, Field(ge=60, le=86_400)] = 600
    """How long a reservation holds until it is committed; protects stock from an order that never returns."""
    collect_ready_s: _Positive = 2 * 3600
    """Promise of a collect order: ready this long after its assignment, or when the store opens then."""
    ship_by_s: _Positive = 24 * 3600
    """Promise of a ship order: shipped this long after its assignment, or when the location opens then."""
    pick_lines_per_hour: _Positive = 60
    """Lines that a location picks in an hour, where the network's table has no number of its own: a queue moves
    promises by it."""
    transfer_arrival_minute: Annotated[int, Field(ge=0, lt=1440)] = 18 * 60
    """Local minute of its delivery day by which a transfer is at its store: promises of ship-to-store begin then."""
    transfer_grace_s: _Positive = 86_400
    """How long after that a transfer that has not arrived is given up, and its lines are planned elsewhere."""
    quote_valid_s: _Positive = 1800
    """How long a quote's token is taken; protects promises from carts that lie for days."""
    slot_s: _Positive = 3600
    """Length of the slot in which a quoted collection begins."""
    promise_slack_s: Annotated[float, Field(ge=0)] = 1800
    """A new location may need this much longer than was promised without the promise moving: it makes up for
    it; protects customers from mails about minutes."""

    submit_wait_s: _Positive = 3
    """How long SubmitOrder waits for the order to be planned before it answers without."""
    advance_timeout_s: _Positive = 15
    """Longest advance of one order, all its calls together."""
    lease_s: _Positive = 30
    """How long an order belongs to the process that advances it; after a crash another takes it then."""
    job_interval_s: _Positive = 0.25
    """How often due orders are looked for; protects the database."""
    wave_orders: Annotated[int, Field(ge=1, le=5_000)] = 500
    """Orders of one wave at most; protects the time that a wave may take, and memory."""
    wave_solve_s: _Positive = 10
    """How long a wave is improved on before the best so far is taken."""
    wave_lease_s: _Positive = 120
    """How long the orders of a wave belong to the process that plans it. One that was missed by its wave for so
    long is planned alone."""
    job_batch: Annotated[int, Field(ge=1, le=1000)] = 16
    """Orders that one process advances at the same time; protects stock."""
    max_conflicts: Annotated[int, Field(ge=1, le=20)] = 3
    """Plans that stock may refuse in one advance before the lines are parked."""
    park_retry_s: _Positive = 300
    """How often parked lines are tried when no stock is heard to arrive."""
    first_backoff_s: _Positive = 0.5
    """Wait after stock did not answer; doubles each time up to `max_backoff_s`."""
    max_backoff_s: _Positive = 30
    """Longest wait while stock does not answer."""
    ready_grace_s: _Positive = 3600
    """After a collection deadline, the time the store has to say what became of the goods."""

    max_candidates: Annotated[int, Field(ge=1, le=10_000)] = 500
    """Locations that a plan looks at, nearest first; protects stock and the explanation's size."""
    simulations_at_once: Annotated[int, Field(ge=1, le=16)] = 1
    """Simulations that one process runs at the same time; protects orders from work that is in no hurry."""
    watch_interval_s: _Positive = 0.5
    """How often a watched order is looked at for changes that another process made."""

    @model_validator(mode="after")
    def _lease_outlasts_its_work(self) -> Self:
        if self.advance_timeout_s + self.stock_timeout_s > self.lease_s:
            raise ValueError("lease_s must be at least advance_timeout_s + stock_timeout_s")
        if self.wave_solve_s * 2 + self.advance_timeout_s > self.wave_lease_s:
            raise ValueError("wave_lease_s must be at least 2 * wave_solve_s + advance_timeout_s")
        return self

    def leads(self) -> Leads:
        return Leads(timedelta(seconds=self.collect_ready_s), timedelta(seconds=self.ship_by_s))
