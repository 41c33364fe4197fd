"""The notifications service."""

import uvloop

from onhand.api.notifications.v1 import messages_pb2
from onhand.kit import config, housekeeping, telemetry
from onhand.kit.clock import SystemClock
from onhand.kit.db import Database
from onhand.kit.events import Broker, Consumer
from onhand.kit.outbox import Relay
from onhand.kit.schema import wait_until_migrated
from onhand.kit.server import Server
from onhand.notifications.config import NotificationsSettings
from onhand.notifications.consumer import subscriptions
from onhand.notifications.delivery.network import Resolver
from onhand.notifications.delivery.smtp import SmtpSender
from onhand.notifications.delivery.webhook import WebhookSender
from onhand.notifications.domain.messages import Channel
from onhand.notifications.jobs import Dispatcher, Jobs
from onhand.notifications.rendering import Renderer
from onhand.notifications.servicer import MessageServicer, WebhookServicer
from onhand.notifications.use_cases import Notifications
from onhand.notifications.vault import Vault


def main() -> None:
    settings = config.load(NotificationsSettings)
    telemetry.configure("notifications", settings)
    uvloop.run(serve(settings))


async def serve(settings: NotificationsSettings) -> None:
    clock = SystemClock()
    vault = Vault.of(settings)
    database = Database(settings, "notifications")
    broker = Broker(settings.nats_url, "notifications", settings.nats_replicas)
    notifications = Notifications(database, clock, settings, vault, Renderer())
    resolver = Resolver()
    smtp = SmtpSender(settings, vault)
    webhooks = WebhookSender(settings, vault, clock, resolver)
    mails = Dispatcher(Channel.EMAIL, notifications, smtp.send, settings.smtp_connections)
    posts = Dispatcher(Channel.WEBHOOK, notifications, webhooks.send, settings.webhook_concurrency)
    jobs = Jobs(notifications, clock)

    server = Server(settings)
    for name, servicer in (
        ("MessageService", MessageServicer(notifications)),
        ("WebhookService", WebhookServicer(notifications)),
    ):
        server.add(messages_pb2.DESCRIPTOR.services_by_name[name], servicer)
    server.background("relay", Relay(database, broker, "notifications").run)
    for subscription in subscriptions(notifications):
        consumer = Consumer(broker, database, "notifications", subscription)
        server.background(f"consume {subscription.stream}", consumer.run)
    server.background("mails", mails.run)
    server.background("posts", posts.run)
    server.every("close idle connections", settings.smtp_idle_s + 1, smtp.rest)
    server.every("measure", 15, jobs.measure)
    server.every("forget", 3600, jobs.forget)
    server.every("housekeeping", 3600, lambda: housekeeping.run(database, settings))

    async def ready() -> None:
        await wait_until_migrated(database, "notifications")

    await server.serve(ready)
    await smtp.close()
    await webhooks.close()
    resolver.close()
    await broker.close()
    await database.close()
