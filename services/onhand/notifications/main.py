"""The notifications service."""

from collections.abc import Callable
from datetime import datetime, timedelta

import uvloop

from onhand.api.notifications.v1 import (
    alerts_pb2,
    contacts_pb2,
    journeys_pb2,
    measures_pb2,
    messages_pb2,
    templates_pb2,
)
from onhand.client import AsyncStock
from onhand.kit import config, housekeeping, letters, queues, telemetry
from onhand.kit.auth import TokenFile
from onhand.kit.clock import SystemClock
from onhand.kit.db import Database
from onhand.kit.events import Broker, Consumer
from onhand.kit.links import Links
from onhand.kit.schema import wait_until_migrated
from onhand.kit.server import Server
from onhand.notifications.config import NotificationsSettings
from onhand.notifications.consumer import AvailabilityFeed, WatchList, stock_events, subscriptions
from onhand.notifications.delivery.apprise import AppriseSender
from onhand.notifications.delivery.network import Resolver
from onhand.notifications.delivery.smtp import SmtpSender
from onhand.notifications.delivery.webhook import WebhookSender
from onhand.notifications.domain.messages import Channel
from onhand.notifications.jobs import MAILS_AHEAD, AlertJobs, Dispatcher, Jobs, forget_alerts
from onhand.notifications.public import PublicServer, public_app
from onhand.notifications.servicer.alerts import AlertServicer
from onhand.notifications.servicer.contacts import ContactServicer
from onhand.notifications.servicer.journeys import JourneyServicer
from onhand.notifications.servicer.measures import ActivityServicer, MeasureServicer
from onhand.notifications.servicer.messages import MessageServicer, WebhookServicer
from onhand.notifications.servicer.templates import TemplateServicer
from onhand.notifications.stock import Stock
from onhand.notifications.use_cases.alerts import Alerts
from onhand.notifications.use_cases.availability import AvailabilityPosts
from onhand.notifications.use_cases.contacts import Contacts
from onhand.notifications.use_cases.journeys import Journeys, no_page
from onhand.notifications.use_cases.measures import Measures
from onhand.notifications.use_cases.messages import Notifications
from onhand.notifications.use_cases.offers import Offers
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
    measures = Measures(database, clock, settings, vault, contacts, journeys)
    alerts = Alerts(database, clock, settings, contacts, journeys)
    resolver = Resolver()
    smtp = SmtpSender(settings)
    webhooks = WebhookSender(settings, clock, resolver)
    others = [AppriseSender(settings, channel, file) for channel, file in settings.providers.items()]
    availability = AvailabilityPosts(database, clock, settings, vault)
    jobs = Jobs(notifications, availability, clock)

    server = Server(settings)
    for module, name, servicer in (
        (messages_pb2, "MessageService", MessageServicer(notifications)),
        (messages_pb2, "WebhookService", WebhookServicer(notifications)),
        (contacts_pb2, "ContactService", ContactServicer(contacts)),
        (templates_pb2, "TemplateService", TemplateServicer(templates)),
        (journeys_pb2, "JourneyService", JourneyServicer(journeys)),
        (alerts_pb2, "AlertService", AlertServicer(alerts)),
        (measures_pb2, "MeasureService", MeasureServicer(measures)),
        (measures_pb2, "ActivityService", ActivityServicer(measures)),
    ):
        server.add(module.DESCRIPTOR.services_by_name[name], servicer)
    server.add(letters.SERVICE, letters.DeadLetters(broker, "notifications"))
    housekeeping.tend(server, "notifications", database, broker, clock, settings)
    stock = _stock(settings)
    _tell_alerts(server, broker, Offers(database, clock, settings, journeys), stock)
    for subscription in subscriptions(notifications):
        consumer = Consumer(broker, database, "notifications", subscription)
        server.background(f"consume {subscription.stream}", consumer.run)
    _hear_availability(server, broker, availability)
    _deliver(server, notifications, smtp, webhooks, others)
    if settings.public_listen:
        page = public_app(Unsubscribing(database, clock, vault).unsubscribe, measures)
        server.background("public page", lambda: PublicServer(settings, page).serve())
    server.every("close idle connections", settings.smtp_idle_s + 1, smtp.rest)
    server.every("journeys", settings.delivery_poll_s, jobs.advance)
    if (maildir := settings.report_maildir) is not None:
        server.every("reports", 10, lambda: jobs.take_reports(maildir))
    server.every("measure", queues.INTERVAL_S, jobs.measure)
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
    if stock is not None:
        await stock.close()
    await broker.close()
    await database.close()


def _deliver(
    server: Server,
    notifications: Notifications,
    smtp: SmtpSender,
    webhooks: WebhookSender,
    others: list[AppriseSender],
) -> None:
    """Let each channel's due messages be sent."""
    settings = notifications.settings
    mails = Dispatcher(Channel.EMAIL, notifications, smtp.send, settings.smtp_connections, MAILS_AHEAD)
    posts = Dispatcher(Channel.WEBHOOK, notifications, webhooks.send, settings.webhook_concurrency)
    server.background("mails", mails.run)
    server.background("posts", posts.run)
    for sender in others:
        dispatcher = Dispatcher(sender.channel, notifications, sender.send, settings.apprise_concurrency)
        server.background(sender.channel.name.lower(), dispatcher.run)


def _hear_availability(server: Server, broker: Broker, posts: AvailabilityPosts) -> None:
    """Let endpoints hear of availability. By a name of its own: who else takes stock's events has another place."""
    feed = AvailabilityFeed(posts)
    listening = Consumer(broker, posts.database, "notifications-availability", feed.subscription)
    server.background("consume availability", listening.run)
    server.every("subscriptions", 1, feed.refresh)


def _stock(settings: NotificationsSettings) -> AsyncStock | None:
    if not settings.stock_target or settings.token_file is None:
        return None
    return AsyncStock(settings.stock_target, TokenFile(settings.token_file))


def _tell_alerts(server: Server, broker: Broker, offers: Offers, stock: AsyncStock | None) -> None:
    """Let people be told of what they wait for, and units be held for them, where there is a stock."""
    server.every("forget alerts", 3600, lambda: forget_alerts(offers))
    if stock is None:
        return
    jobs = AlertJobs(offers, Stock(stock, offers.settings.stock_timeout_s))
    watch_list = WatchList(offers)
    consumer = Consumer(broker, offers.database, "notifications-alerts", stock_events(offers, watch_list))
    server.background("consume alerts", consumer.run)
    server.every("watch list", 1, watch_list.refresh)
    server.every("alerts", offers.settings.delivery_poll_s, jobs.work)

    async def survey() -> None:
        await consumer.listening.wait()  # what comes from then on, events tell
        await jobs.survey()

    server.every("survey", 1, survey)
    server.every("places", 60, jobs.locate)
