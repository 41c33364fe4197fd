"""The pickup service."""

import uvloop

from onhand.client import AsyncStock, Settings
from onhand.kit import config, housekeeping, letters, telemetry
from onhand.kit.auth import TokenFile
from onhand.kit.clock import SystemClock
from onhand.kit.db import Database
from onhand.kit.events import Broker, Consumer
from onhand.kit.schema import wait_until_migrated
from onhand.kit.server import Server
from onhand.pickup.config import PickupSettings
from onhand.pickup.consumer import routing_events, stock_events
from onhand.pickup.jobs import Jobs
from onhand.pickup.servicer import services
from onhand.pickup.stock import Stock
from onhand.pickup.storage import effects, tasks
from onhand.pickup.use_cases import Assignments, Deps, TagGuard


def main() -> None:
    settings = config.load(PickupSettings)
    telemetry.configure("pickup", settings)
    uvloop.run(serve(settings))


async def serve(settings: PickupSettings) -> None:
    database = Database(settings, "pickup")
    broker = Broker(settings.nats_url, "pickup", settings.nats_replicas)
    client = AsyncStock(
        settings.stock_target,
        TokenFile(settings.token_file),
        Settings(root_certificates=settings.services_ca()),
    )
    clock = SystemClock()
    deps = Deps(database, clock, settings, Stock(client, settings))
    jobs = Jobs(deps)

    server = Server(settings)
    for descriptor, servicer in services(deps):
        server.add(descriptor, servicer)
    server.add(letters.SERVICE, letters.DeadLetters(broker, "pickup"))
    waiting = {"tasks": tasks.due, "told to stock": effects.waiting, "refused by stock": effects.refused}
    housekeeping.tend(server, "pickup", database, broker, clock, settings, waiting=waiting)
    server.background(
        "routing events", Consumer(broker, database, "pickup", routing_events(Assignments(deps))).run
    )
    server.background("stock events", Consumer(broker, database, "pickup", stock_events(TagGuard(deps))).run)
    server.background("tell stock", jobs.tell_stock)
    server.every("deadlines", settings.sweep_interval_s, jobs.pass_deadlines)
    server.every("forget", 3600, jobs.forget)

    await server.serve(lambda: wait_until_migrated(database, "pickup"))
    await client.close()
    await broker.close()
    await database.close()
