"""The notifications service."""

from collections.abc import Callable
from datetime import datetime, timedelta

import uvloop

from onhand.api.notifications.v1 import contacts_pb2, journeys_pb2, messages_pb2, templates_pb2
from onhand.kit import config, housekeeping, letters, queues, telemetry
from onhand.kit.clock import SystemClock
from onhand.kit.db import Database
from onhand.kit.events import Broker, Consumer
from onhand.kit.links import Links
from onhand.kit.schema import wait_until_migrated
from onhand.kit.server import Server
from onhand.notifications.config import NotificationsSettings
from onhand.notifications.consumer import AvailabilityFeed, subscriptions
from onhand.notifications.delivery.apprise import AppriseSender
from onhand.notifications.delivery.network import Resolver
from onhand.notifications.delivery.smtp import SmtpSender
from onhand.notifications.delivery.webhook import WebhookSender
from onhand.notifications.domain.messages import Channel
from onhand.notifications.jobs import Dispatcher, Jobs
from onhand.notifications.public import PublicServer, public_app
from onhand.notifications.servicer.contacts import ContactServicer
from onhand.notifications.servicer.journeys import JourneyServicer
from onhand.notifications.servicer.messages import MessageServicer, WebhookServicer
from onhand.notifications.servicer.templates import TemplateServicer
from onhand.notifications.use_cases.availability import AvailabilityPosts
from onhand.notifications.use_cases.contacts import Contacts
from onhand.notifications.use_cases.journeys import Journeys, no_page
from onhand.notifications.use_cases.messages import Notifications
from onhand.notifications.use_cases.templates import Templates
from onhand.notifications.use_cases.unsubscribing import Unsubscribing
from onhand.notifications.vault import Vault


def pages(settings: NotificationsSettings) -> Callable[[str, datetime], str]:
    """Return what makes the link to the customer's page of an order."""
    if not settings.customer_pages_url or settings.customer_links_key_file is None:
        return no_page
    links, lasts = Links(settings.customer_links_key_file), timedelta(days=settings.customer_link_days)
    base = f"{settings.customer_pages_url}/orders"
    return lambda order_id, time: f"{base}/{links.token(order_id, time + lasts)}"


def main() -> None:
    settings = config.load(NotificationsSettings)
    telemetry.configure("notifications", settings)
    uvloop.run(serve(settings))


async def serve(settings: NotificationsSettings) -> None:
    clock = SystemClock()
    vault = Vault.of(settings)
    database = Database(settings, "notifications")
    broker = Broker(settings.nats_url, "notifications", settings.nats_replicas)
    contacts = Contacts(database, clock, settings, vault)
    journeys = Journeys(database, clock, settings, vault, settings.rules, pages(settings))
    notifications = Notifications(database, clock, settings, vault, contacts, journeys)
    templates = Templates(database, clock, settings)
    resolver = Resolver()
    smtp = SmtpSender(settings)
    webhooks = WebhookSender(settings, clock, resolver)
    mails = Dispatcher(Channel.EMAIL, notifications, smtp.send, settings.smtp_connections)
    posts = Dispatcher(Channel.WEBHOOK, notifications, webhooks.send, settings.webhook_concurrency)
    others = [AppriseSender(settings, channel, file) for channel, file in settings.providers.items()]
    availability = AvailabilityPosts(database, clock, settings, vault)
    feed = AvailabilityFeed(availability)
    jobs = Jobs(notifications, availability, clock)

    server = Server(settings)
    for module, name, servicer in (
        (messages_pb2, "MessageService", MessageServicer(notifications)),
        (messages_pb2, "WebhookService", WebhookServicer(notifications)),
        (contacts_pb2, "ContactService", ContactServicer(contacts)),
        (templates_pb2, "TemplateService", TemplateServicer(templates)),
        (journeys_pb2, "JourneyService", JourneyServicer(journeys)),
    ):
        server.add(module.DESCRIPTOR.services_by_name[name], servicer)
    server.add(letters.SERVICE, letters.DeadLetters(broker, "notifications"))
    housekeeping.tend(server, "notifications", database, broker, clock, settings)
    for subscription in subscriptions(notifications):
        consumer = Consumer(broker, database, "notifications", subscription)
        server.background(f"consume {subscription.stream}", consumer.run)
    # By a name of its own: whoever else takes stock's events has a place in the stream of their own.
    listening = Consumer(broker, database, "notifications-availability", feed.subscription)
    server.background("consume availability", listening.run)
    server.background("mails", mails.run)
    server.background("posts", posts.run)
    for sender in others:
        dispatcher = Dispatcher(sender.channel, notifications, sender.send, settings.apprise_concurrency)
        server.background(sender.channel.name.lower(), dispatcher.run)
    if settings.public_listen:
        page = public_app(Unsubscribing(database, clock, vault).unsubscribe)
        server.background("public page", lambda: PublicServer(settings, page).serve())
    server.every("close idle connections", settings.smtp_idle_s + 1, smtp.rest)
    server.every("journeys", settings.delivery_poll_s, jobs.advance)
    server.every("measure", queues.INTERVAL_S, jobs.measure)
    server.every("subscriptions", 1, feed.refresh)
    server.every("post availability", settings.availability_gather_s, jobs.post_availability)
    server.every("forget", 3600, jobs.forget)

    async def ready() -> None:
        await wait_until_migrated(database, "notifications")
        telemetry.log.info("resealed", rows=await contacts.reseal())

    await server.serve(ready)
    await smtp.close()
    await webhooks.close()
    for sender in others:
        sender.close()
    resolver.close()
    await broker.close()
    await database.close()
