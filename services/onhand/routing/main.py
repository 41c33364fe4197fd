"""The routing service."""

from datetime import timedelta

import uvloop

from onhand.api.routing.v1 import network_pb2, orders_pb2, policies_pb2, quotes_pb2, reports_pb2
from onhand.client import AsyncStock, Settings
from onhand.kit import config, housekeeping, letters, telemetry
from onhand.kit.auth import TokenFile
from onhand.kit.clock import SystemClock
from onhand.kit.db import Database
from onhand.kit.events import Broker, Consumer
from onhand.kit.schema import wait_until_migrated
from onhand.kit.server import Server
from onhand.routing.config import RoutingSettings
from onhand.routing.consumer import Consumers
from onhand.routing.jobs import Jobs
from onhand.routing.placer import Placer
from onhand.routing.promiser import Promiser
from onhand.routing.quoter import Quoter
from onhand.routing.saga import Saga
from onhand.routing.servicer import (
    NetworkServicer,
    OrderServicer,
    PolicyServicer,
    QuoteServicer,
    ReportServicer,
)
from onhand.routing.stock import StockGateway
from onhand.routing.storage import leases
from onhand.routing.storage import orders as rows
from onhand.routing.use_cases.networks import Networks
from onhand.routing.use_cases.orders import Orders
from onhand.routing.use_cases.policies import Policies
from onhand.routing.use_cases.reports import Reports
from onhand.routing.watchers import Watchers


def main() -> None:
    settings = config.load(RoutingSettings)
    telemetry.configure("routing", settings)
    uvloop.run(serve(settings))


async def serve(settings: RoutingSettings) -> None:
    clock = SystemClock()
    database = Database(settings, "routing")
    broker = Broker(settings.nats_url, "routing", settings.nats_replicas)
    client = AsyncStock(
        settings.stock_target,
        TokenFile(settings.token_file) if settings.token_file is not None else None,
        Settings(
            timeout_s=settings.stock_timeout_s,
            max_attempts=settings.stock_attempts,
            root_certificates=settings.services_ca(),
        ),
    )
    stock = StockGateway(client, settings.catalog_cache_s, timedelta(seconds=settings.hold_s))
    watchers = Watchers()
    orders = Orders(database, clock, settings, watchers)
    policies = Policies(database, clock)
    networks = Networks(database, clock)
    promiser = Promiser(networks, stock, clock, settings)
    placer = Placer(stock, policies, networks, promiser, clock, settings)
    quoter = Quoter(placer, promiser, networks, clock, settings)
    reports = Reports(database, networks, stock, clock, settings)
    saga = Saga(orders, placer, promiser, stock, clock, settings)

    server = Server(settings)
    for file, name, servicer in (
        (orders_pb2, "OrderService", OrderServicer(orders, policies, saga, watchers, clock, settings)),
        (policies_pb2, "PolicyService", PolicyServicer(policies)),
        (network_pb2, "NetworkService", NetworkServicer(networks)),
        (quotes_pb2, "QuoteService", QuoteServicer(quoter)),
        (reports_pb2, "ReportService", ReportServicer(reports)),
    ):
        server.add(file.DESCRIPTOR.services_by_name[name], servicer)
    server.add(letters.SERVICE, letters.DeadLetters(broker, "routing"))
    waiting = {"orders": leases.due, "parked orders": rows.parked}
    housekeeping.tend(server, "routing", database, broker, clock, settings, waiting=waiting)
    for subscription in Consumers(orders).subscriptions():
        consumer = Consumer(broker, database, "routing", subscription)
        server.background(f"consume {subscription.stream}", consumer.run)
    jobs = Jobs(saga, settings)
    server.background("advance orders", jobs.advance_orders)
    server.background("plan waves", jobs.plan_waves)
    server.every("forget quotes", 3600, lambda: networks.forget(timedelta(days=1)))

    await server.serve(lambda: wait_until_migrated(database, "routing"))
    await saga.finish()
    await client.close()
    await broker.close()
    await database.close()
