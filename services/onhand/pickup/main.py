"""The pickup service."""

import uvloop

from onhand.api.pickup.v1 import tasks_pb2
from onhand.client import AsyncStock
from onhand.kit import config, housekeeping, telemetry
from onhand.kit.auth import TokenFile
from onhand.kit.clock import SystemClock
from onhand.kit.db import Database
from onhand.kit.events import Broker, Consumer
from onhand.kit.outbox import Relay
from onhand.kit.schema import wait_until_migrated
from onhand.kit.server import Server
from onhand.pickup.config import PickupSettings
from onhand.pickup.consumer import routing_events
from onhand.pickup.jobs import Jobs
from onhand.pickup.servicer import CollectionServicer, TaskServicer
from onhand.pickup.stock import Stock
from onhand.pickup.use_cases import Pickup


def main() -> None:
    settings = config.load(PickupSettings)
    telemetry.configure("pickup", settings)
    uvloop.run(serve(settings))


async def serve(settings: PickupSettings) -> None:
    database = Database(settings, "pickup")
    broker = Broker(settings.nats_url, "pickup", settings.nats_replicas)
    client = AsyncStock(settings.stock_target, TokenFile(settings.token_file))
    pickup = Pickup(database, SystemClock(), settings, Stock(client, settings))
    jobs = Jobs(pickup, settings)

    server = Server(settings)
    for name, servicer in (
        ("TaskService", TaskServicer(pickup)),
        ("CollectionService", CollectionServicer(pickup)),
    ):
        server.add(tasks_pb2.DESCRIPTOR.services_by_name[name], servicer)
    server.background("relay", Relay(database, broker, "pickup").run)
    server.background("routing events", Consumer(broker, database, "pickup", routing_events(pickup)).run)
    server.background("tell stock", jobs.tell_stock)
    server.every("deadlines", settings.sweep_interval_s, jobs.pass_deadlines)
    server.every("forget withdrawals", 3600, jobs.forget)
    server.every("housekeeping", 3600, lambda: housekeeping.run(database, settings))

    await server.serve(lambda: wait_until_migrated(database, "pickup"))
    await client.close()
    await broker.close()
    await database.close()
