"""The stock service."""

import uvloop
from opentelemetry.metrics import Observation

from onhand.api.stock.v1 import (
    availability_pb2,
    catalog_pb2,
    counts_pb2,
    epcis_pb2,
    explanations_pb2,
    ledger_pb2,
    offers_pb2,
    reads_pb2,
    reservations_pb2,
    shipments_pb2,
    stock_policies_pb2,
)
from onhand.kit import config, housekeeping, telemetry
from onhand.kit.clock import SystemClock
from onhand.kit.db import Database
from onhand.kit.events import Broker
from onhand.kit.schema import wait_until_migrated
from onhand.kit.server import Server
from onhand.stock.config import StockSettings
from onhand.stock.jobs import Jobs
from onhand.stock.servicer import (
    AvailabilityServicer,
    CatalogServicer,
    CountServicer,
    EpcisServicer,
    ExplanationServicer,
    LedgerServicer,
    OfferServicer,
    ReadServicer,
    ReservationServicer,
    ShipmentServicer,
    StockPolicyServicer,
    TagServicer,
)
from onhand.stock.sights import Sights
from onhand.stock.use_cases import (
    Availability,
    Catalog,
    Counts,
    Demand,
    Deps,
    Desk,
    Documents,
    Epcis,
    EpcisEffects,
    Explanations,
    Lookups,
    Offers,
    Policies,
    Quantities,
    Reads,
    Reckoning,
    Reservations,
    Retention,
    Shipments,
)
from onhand.stock.view import PAYLOADS as VIEW_PAYLOADS
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
    lookups, offers, shipments = Lookups(deps), Offers(deps), Shipments(deps)
    policies = Policies(deps)
    epcis = Epcis(deps, EpcisEffects(deps, documents, shipments))
    jobs = Jobs(reservations, reads, counts, lookups, Retention(deps), epcis)

    server = Server(settings)
    for module, name, servicer in (
        (catalog_pb2, "CatalogService", CatalogServicer(Catalog(deps))),
        (reads_pb2, "ReadService", ReadServicer(reads, lookups, settings.stream_ahead)),
        (reads_pb2, "TagService", TagServicer(reads, lookups)),
        (counts_pb2, "CountService", CountServicer(counts, reckoning, database)),
        (shipments_pb2, "ShipmentService", ShipmentServicer(shipments, database, clock)),
        (epcis_pb2, "EpcisService", EpcisServicer(epcis)),
        (ledger_pb2, "LedgerService", LedgerServicer(documents, Quantities(deps), database, clock)),
        (
            availability_pb2,
            "AvailabilityService",
            AvailabilityServicer(Availability(deps), offers, view, settings, clock),
        ),
        (
            stock_policies_pb2,
            "StockPolicyService",
            StockPolicyServicer(policies, Demand(deps, policies), database),
        ),
        (offers_pb2, "OfferService", OfferServicer(offers, view, settings, clock)),
        (
            explanations_pb2,
            "ExplanationService",
            ExplanationServicer(Explanations(deps), view, settings, clock),
        ),
        (
            reservations_pb2,
            "ReservationService",
            ReservationServicer(reservations, Desk(deps, reservations), database, settings, clock.now),
        ),
    ):
        server.add(module.DESCRIPTOR.services_by_name[name], servicer)
    housekeeping.tend(server, "stock", database, broker, clock, settings, fed=VIEW_PAYLOADS)
    server.background("view", view.run)
    server.background("capture", epcis.run)
    server.background("sights", Sights(reads.follows, database, broker, clock).run)
    server.every("expire reservations", settings.sweep_interval_s, jobs.expire_reservations)
    server.every("settle reads", settings.settle_interval_s, jobs.settle_reads)
    server.every("doubt unseen tags", 60, jobs.doubt_unseen_tags)
    server.every("tend counts", 30, jobs.tend_counts)
    server.every("write read counts", settings.read_counts_interval_s, jobs.write_read_counts)
    server.every("make months", 3600, jobs.make_months)
    server.every("drop old rows", 3600, jobs.drop_old)
    if settings.epcis_publish_interval_s:
        server.every("publish changes", settings.epcis_publish_interval_s, jobs.publish_changes)
    server.every("forget captures", 3600, jobs.forget_captures)
    server.every("measure books", 300, jobs.measure_books)

    telemetry.meter.create_observable_gauge(
        "onhand.stock.view_lag",
        [lambda _: [Observation(view.lag_s)]],
        unit="s",
        description="How far this replica's view is behind the present",
    )
    telemetry.meter.create_observable_gauge(
        "onhand.stock.watchers",
        [lambda _: [Observation(view.watchers)]],
        description="Watches of availability open on this replica",
    )

    async def ready() -> None:
        await wait_until_migrated(database, "stock")
        await view.loaded()

    await server.serve(ready, lambda: view.lag_s <= settings.view_max_lag_s)
    await broker.close()
    await database.close()
