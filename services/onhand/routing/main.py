"""The routing service."""

from datetime import timedelta

import uvloop

from onhand.api.routing.v1 import orders_pb2
from onhand.client import AsyncStock, Settings
from onhand.kit import config, housekeeping, telemetry
from onhand.kit.auth import TokenFile
from onhand.kit.clock import SystemClock
from onhand.kit.db import Database
from onhand.kit.events import Broker, Consumer
from onhand.kit.outbox import Relay
from onhand.kit.schema import wait_until_migrated
from onhand.kit.server import Server
from onhand.routing.config import RoutingSettings
from onhand.routing.consumer import Consumers
from onhand.routing.jobs import Jobs
from onhand.routing.saga import Saga
from onhand.routing.servicer import OrderServicer
from onhand.routing.stock import StockGateway
from onhand.routing.use_cases import Orders
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
        Settings(timeout_s=settings.stock_timeout_s, max_attempts=settings.stock_attempts),
    )
    stock = StockGateway(client, settings.catalog_cache_s, timedelta(seconds=settings.hold_s))
    watchers = Watchers()
    orders = Orders(database, clock, settings, watchers)
    saga = Saga(orders, stock, clock, settings)

    server = Server(settings)
    service = orders_pb2.DESCRIPTOR.services_by_name["OrderService"]
    server.add(service, OrderServicer(orders, saga, watchers, clock, settings))
    server.background("relay", Relay(database, broker, "routing").run)
    for subscription in Consumers(orders).subscriptions():
        consumer = Consumer(broker, database, "routing", subscription)
        server.background(f"consume {subscription.stream}", consumer.run)
    server.background("advance orders", Jobs(saga, settings).advance_orders)
    server.every("housekeeping", 3600, lambda: housekeeping.run(database, settings))

    await server.serve(lambda: wait_until_migrated(database, "routing"))
    await saga.finish()
    await client.close()
    await broker.close()
    await database.close()
