"""The stock service."""

import uvloop

from onhand.api.stock.v1 import (
    availability_pb2,
    catalog_pb2,
    counts_pb2,
    ledger_pb2,
    reads_pb2,
    reservations_pb2,
    shipments_pb2,
)
from onhand.kit import config, housekeeping, telemetry
from onhand.kit.clock import SystemClock
from onhand.kit.db import Database
from onhand.kit.events import Broker
from onhand.kit.outbox import Relay
from onhand.kit.schema import wait_until_migrated
from onhand.kit.server import Server
from onhand.stock.config import StockSettings
from onhand.stock.jobs import Jobs
from onhand.stock.servicer import (
    AvailabilityServicer,
    CatalogServicer,
    CountServicer,
    LedgerServicer,
    ReadServicer,
    ReservationServicer,
    ShipmentServicer,
    TagServicer,
)
from onhand.stock.use_cases import (
    Availability,
    Catalog,
    Counts,
    Deps,
    Documents,
    Lookups,
    Reads,
    Reckoning,
    Reservations,
    Shipments,
)
from onhand.stock.view import View


def main() -> None:
    settings = config.load(StockSettings)
    telemetry.configure("stock", settings)
    uvloop.run(serve(settings))


async def serve(settings: StockSettings) -> None:
    clock = SystemClock()
    database = Database(settings, "stock")
    broker = Broker(settings.nats_url, "stock", settings.nats_replicas)
    view = View(database, broker, clock)
    deps = Deps(database, clock, settings)
    documents, reads, reservations = Documents(deps), Reads(deps), Reservations(deps)
    reckoning = Reckoning(deps)
    counts = Counts(deps, reckoning)
    lookups = Lookups(deps)
    jobs = Jobs(reservations, reads, counts, lookups)

    server = Server(settings)
    for module, name, servicer in (
        (catalog_pb2, "CatalogService", CatalogServicer(Catalog(deps))),
        (reads_pb2, "ReadService", ReadServicer(reads, lookups, settings.stream_ahead)),
        (reads_pb2, "TagService", TagServicer(reads, lookups)),
        (counts_pb2, "CountService", CountServicer(counts, reckoning, database)),
        (shipments_pb2, "ShipmentService", ShipmentServicer(Shipments(deps), database, clock)),
        (ledger_pb2, "LedgerService", LedgerServicer(documents, database, clock)),
        (
            availability_pb2,
            "AvailabilityService",
            AvailabilityServicer(Availability(deps), view, settings, clock),
        ),
        (
            reservations_pb2,
            "ReservationService",
            ReservationServicer(reservations, database, settings, clock.now),
        ),
    ):
        server.add(module.DESCRIPTOR.services_by_name[name], servicer)
    server.background("relay", Relay(database, broker, "stock").run)
    server.background("view", view.run)
    server.every("expire reservations", settings.sweep_interval_s, jobs.expire_reservations)
    server.every("settle reads", settings.settle_interval_s, jobs.settle_reads)
    server.every("doubt unseen tags", 60, jobs.doubt_unseen_tags)
    server.every("tend counts", 30, jobs.tend_counts)
    server.every("write read counts", settings.read_counts_interval_s, jobs.write_read_counts)
    server.every("housekeeping", 3600, lambda: housekeeping.run(database, settings))

    async def ready() -> None:
        await wait_until_migrated(database, "stock")
        await view.loaded()

    await server.serve(ready)
    await broker.close()
    await database.close()
