"""The service in this process, on a real PostgreSQL, with a real mail server and webhook receiver."""

import asyncio
import base64
import json
import socket
import ssl
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import grpc
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.api.notifications.v1 import (
    alerts_pb2,
    contacts_pb2,
    journeys_pb2,
    measures_pb2,
    messages_pb2,
    templates_pb2,
)
from onhand.api.notifications.v1.events_pb2 import NotificationsEvent
from onhand.api.pickup.v1.events_pb2 import PickupEvent
from onhand.api.pickup.v1.tasks_pb2 import Task
from onhand.api.routing.v1.events_pb2 import RoutingEvent
from onhand.cli import keys
from onhand.cli.embedded import EmbeddedServers
from onhand.cli.scopes import scopes as all_scopes
from onhand.client import AsyncNotifications
from onhand.kit.auth import Authenticator
from onhand.kit.clock import SystemClock
from onhand.kit.db import Database
from onhand.kit.interceptors import Guard
from onhand.notifications.config import NotificationsSettings
from onhand.notifications.consumer import subscriptions
from onhand.notifications.delivery.apprise import AppriseSender
from onhand.notifications.delivery.network import Resolver
from onhand.notifications.delivery.smtp import SmtpSender
from onhand.notifications.delivery.webhook import WebhookSender
from onhand.notifications.domain.endpoints import NewEndpoint
from onhand.notifications.domain.messages import Channel, Message, State
from onhand.notifications.jobs import MAILS_AHEAD, Dispatcher, Jobs
from onhand.notifications.main import pages
from onhand.notifications.servicer.alerts import AlertServicer
from onhand.notifications.servicer.contacts import ContactServicer
from onhand.notifications.servicer.journeys import JourneyServicer
from onhand.notifications.servicer.measures import ActivityServicer, MeasureServicer
from onhand.notifications.servicer.messages import MessageServicer, WebhookServicer
from onhand.notifications.servicer.templates import TemplateServicer
from onhand.notifications.storage import endpoints
from onhand.notifications.use_cases.alerts import Alerts
from onhand.notifications.use_cases.availability import AvailabilityPosts
from onhand.notifications.use_cases.contacts import Contacts
from onhand.notifications.use_cases.journeys import Journeys
from onhand.notifications.use_cases.measures import Measures
from onhand.notifications.use_cases.messages import Notifications
from onhand.notifications.use_cases.offers import Offers
from onhand.notifications.use_cases.templates import Templates
from onhand.notifications.vault import Vault

WITHIN_S = 30.0
CODE = "493817"


async def eventually(check: Callable[[], Any], within_s: float = WITHIN_S) -> Any:
    """Return the first true answer of `check`, which may be awaitable; fail when there is none in time."""
    deadline = asyncio.get_running_loop().time() + within_s
    while True:
        answer = check()
        if isinstance(answer, Awaitable):
            answer = await answer
        if answer:
            return answer
        assert asyncio.get_running_loop().time() < deadline, "what was waited for did not come"
        await asyncio.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class AdjustableClock(SystemClock):
    """The machine's clock, which a test can put forward."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead


@dataclass
class MailServer:
    """A real SMTP server; answers as scripted, then with 250. The answer "cut" is none: the line is cut."""

    port: int = field(default_factory=free_port)
    mails: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    """What came with each DATA, also what was then refused."""
    answers: list[str] = field(default_factory=list)
    recipient_answer: str = "250 OK"
    unknown: frozenset[str] = frozenset()
    """Mailboxes that do not exist."""
    before_answer: Callable[[], None] | None = None
    """Called, in the server's thread, when a mail has come and is not answered yet."""
    connections: int = 0
    tls: ssl.SSLContext | None = None
    """What STARTTLS is answered with; then nothing is taken without it."""
    _controller: Any = None

    async def handle_EHLO(
        self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(
        self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if address in self.unknown:
            return "550 5.1.1 no such mailbox"
        if self.recipient_answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.recipient_answer.format(address=address)

    async def handle_DATA(self, server: Any, _session: Any, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.raw.append(envelope.content)
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if self.before_answer is not None:
            self.before_answer()
        if answer == "cut":
            server.transport.abort()
        if answer.startswith("250"):
            mail = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(mail, EmailMessage)
            self.mails.append(mail)
        return answer

    def start(self) -> None:
        secured = {"tls_context": self.tls, "require_starttls": True} if self.tls else {}
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, **secured)
        self._controller.start()

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None


@dataclass
class Receiver:
    """A real HTTP server; answers as scripted, then with 204."""

    port: int = 0
    posts: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    answers: list[tuple[int, str]] = field(default_factory=list)
    """Status, and further header lines."""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {
                name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)
            }
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.posts.append((head[0].split()[1], headers, body))
            status, more = self.answers.pop(0) if self.answers else (204, "")
            writer.write(f"HTTP/1.1 {status} said\r\n{more}content-length: 0\r\n\r\n".encode())
            await writer.drain()
        writer.close()

    @asynccontextmanager
    async def running(self, **options: Any) -> AsyncIterator["Receiver"]:
        server = await asyncio.start_server(self.answer, "127.0.0.1", 0, **options)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await server.wait_closed()

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"


@dataclass
class World:
    """The service, wired as its `main` does, with the doors a test needs."""

    settings: NotificationsSettings
    clock: AdjustableClock
    database: Database
    vault: Vault
    notifications: Notifications
    contacts: Contacts
    templates: Templates
    alerts: Alerts
    offers: Offers
    measures: Measures

    @property
    def posts(self) -> AvailabilityPosts:
        return AvailabilityPosts(self.database, self.clock, self.settings, self.vault)

    async def handle(self, event: RoutingEvent | PickupEvent) -> None:
        """Take an event as the consumer of its stream would, in a transaction."""
        stream = "routing" if isinstance(event, RoutingEvent) else "pickup"
        (handler,) = (each.handler for each in subscriptions(self.notifications) if each.stream == stream)

        async def work(connection: AsyncConnection) -> None:
            await handler(connection, event.SerializeToString())

        await self.database.transaction(work)

    @asynccontextmanager
    async def delivering(self, **sender_options: Any) -> AsyncIterator[None]:
        resolver = Resolver()
        smtp = SmtpSender(self.settings)
        options = {"resolve": resolver, **sender_options}
        webhooks = WebhookSender(self.settings, self.clock, **options)
        jobs = Jobs(self.notifications, self.posts, self.clock)

        async def journeys() -> None:
            while True:
                await jobs.advance()
                await asyncio.sleep(self.settings.delivery_poll_s)

        others = [
            AppriseSender(self.settings, channel, file) for channel, file in self.settings.providers.items()
        ]
        work = [
            *(
                asyncio.create_task(Dispatcher(each.channel, self.notifications, each.send, 4).run())
                for each in others
            ),
            asyncio.create_task(journeys()),
            asyncio.create_task(
                Dispatcher(Channel.EMAIL, self.notifications, smtp.send, 4, MAILS_AHEAD).run()
            ),
            asyncio.create_task(Dispatcher(Channel.WEBHOOK, self.notifications, webhooks.send, 4).run()),
        ]
        try:
            yield
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            await smtp.close()
            await webhooks.close()
            resolver.close()
            for each in others:
                each.close()

    async def messages(self, state: State | None = None) -> list[Message]:
        return await self.notifications.list_messages("", state, None, 1_000)

    async def only_message(self) -> Message:
        (message,) = await self.messages()
        return message

    async def until(self, state: State) -> Message:
        """Return the only message once it is in `state`."""

        async def there() -> Message | None:
            message = await self.only_message()
            return message if message.state is state else None

        found: Message = await eventually(there)
        return found

    async def add_endpoint(self, uri: str, *purposes: Any) -> tuple[str, str]:
        """Add an endpoint, whatever its URI, and return its id and secret."""
        secret = self.clock.random_bytes(32)
        endpoint_id = self.clock.uuid()
        new = NewEndpoint(uri, tuple(purposes), "test")
        await self.database.transaction(
            lambda c: endpoints.add(c, self.vault, endpoint_id, new, secret, self.clock.now())
        )
        return str(endpoint_id), "whsec_" + base64.b64encode(secret).decode()

    async def published(self) -> list[NotificationsEvent]:
        rows = await self.database.read(lambda c: c.execute(text("SELECT payload FROM outbox ORDER BY 1")))
        return [NotificationsEvent.FromString(row.payload) for row in rows]

    async def dump(self) -> str:
        """Return all that the tables hold, as text."""
        tables = text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        found = []
        for table in (await self.database.read(lambda c: c.execute(tables))).scalars().all():
            query = text(f"SELECT * FROM {table}")  # noqa: S608 - the database's own names
            found += [
                json.dumps([_readable(value) for value in row])
                for row in await self.database.read(lambda c, query=query: c.execute(query))  # type: ignore[misc]
            ]
        return "\n".join(found)


def _readable(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    server = MailServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver().running() as running:
        yield running


@pytest.fixture
async def make_world(
    servers: EmbeddedServers, migrated: Callable[[str], str], keys_dir: Path, tmp_path: Path
) -> AsyncIterator[Any]:
    """Give a function that wires the service with some settings changed, on a database of its own."""
    made: list[World] = []
    url = await asyncio.to_thread(migrated, "notifications")

    def make(usable: Iterable[Channel] = (Channel.EMAIL,), **changes: Any) -> World:
        settings = NotificationsSettings(
            **{
                "listen": f"127.0.0.1:{free_port()}",
                "database_url": url,
                "nats_url": servers.nats_url,
                "auth_issuer": keys.ISSUER,
                "auth_jwks_file": keys.jwks_file(keys_dir),
                "environment": "development",
                "data_dir": tmp_path / "data",
                "database_pool_size": 8,
                "smtp_tls": "none",
                "smtp_from": "Our shop <orders@shop.example>",
                "smtp_timeout_s": 3,
                "webhook_timeout_s": 3,
                "delivery_poll_s": 0.02,
                "retry_delays_s": (0.05, 0.05, 0.05),
                "apprise_retry_delays_s": (0.05, 0.05, 0.05),
                "webhook_retry_delays_s": (0.05, 0.05, 0.05),
                **changes,
            }
        )
        clock, vault = AdjustableClock(), Vault.of(settings)
        database = Database(settings, "notifications-test")
        contacts = Contacts(database, clock, settings, vault)
        journeys = Journeys(
            database,
            clock,
            settings,
            vault,
            replace(settings.rules, usable=frozenset(usable)),
            pages(settings),
        )
        notifications = Notifications(database, clock, settings, vault, contacts, journeys)
        templates = Templates(database, clock, settings)
        alerts = Alerts(database, clock, settings, contacts, journeys)
        offers = Offers(database, clock, settings, journeys)
        measures = Measures(database, clock, settings, vault, contacts, journeys)
        made.append(
            World(
                settings, clock, database, vault, notifications, contacts, templates, alerts, offers, measures
            )
        )
        return made[-1]

    yield make
    for each in made:
        await each.database.close()


@pytest.fixture
def world(make_world: Any, mail_server: MailServer) -> World:
    made: World = make_world(smtp_host="127.0.0.1", smtp_port=mail_server.port)
    return made


def token(world: World, *scopes: str, subject: str = "test") -> str:
    folder = Path(world.settings.auth_jwks_file).parent
    return keys.mint(folder, subject, scopes, (), timedelta(minutes=5), datetime.now(UTC))


@asynccontextmanager
async def served(world: World, scopes: Iterable[str] | None = None) -> AsyncIterator[AsyncNotifications]:
    server = grpc.aio.server()
    guard = Guard(Authenticator(world.settings), world.settings.default_deadline_s)
    for module, name, servicer in (
        (messages_pb2, "MessageService", MessageServicer(world.notifications)),
        (messages_pb2, "WebhookService", WebhookServicer(world.notifications)),
        (contacts_pb2, "ContactService", ContactServicer(world.contacts)),
        (templates_pb2, "TemplateService", TemplateServicer(world.templates)),
        (journeys_pb2, "JourneyService", JourneyServicer(world.notifications.journeys)),
        (alerts_pb2, "AlertService", AlertServicer(world.alerts)),
        (measures_pb2, "MeasureService", MeasureServicer(world.measures)),
        (measures_pb2, "ActivityService", ActivityServicer(world.measures)),
    ):
        guard.register(server, module.DESCRIPTOR.services_by_name[name], servicer)
    server.add_insecure_port(world.settings.listen)
    await server.start()
    try:
        async with AsyncNotifications(
            world.settings.listen, token=token(world, *(all_scopes() if scopes is None else scopes))
        ) as client:
            yield client
    finally:
        await server.stop(0)


def order_accepted(order_id: str = "WEB-1", **customer: str) -> RoutingEvent:
    event = RoutingEvent(event_id=str(uuid.uuid4()))
    order = event.order_accepted.order
    order.order_id = order_id
    for name, value in ({"display_name": "Jane", "email": "jane.doe@shop.example"} | customer).items():
        setattr(order.customer, name, value)
    order.lines.add(line_id="1", item_id="SKU-1", quantity=2)
    order.lines.add(line_id="2", item_id="SKU-2", quantity=1)
    return event


def task_event(payload: str, order_id: str = "WEB-1", version: int = 5, **values: Any) -> PickupEvent:
    task = Task(task_id=str(uuid.UUID(int=9)), order_id=order_id, location_id="store-7", version=version)
    task.lines.add(line_id="1", item_id="SKU-1", quantity=2)
    event = PickupEvent(event_id=str(uuid.uuid4()), task=task)
    event.record_time.GetCurrentTime()
    getattr(event, payload).SetInParent()
    for name, value in values.items():
        setattr(getattr(event, payload), name, value)
    return event


def ready(order_id: str = "WEB-1") -> PickupEvent:
    event = task_event("task_ready", order_id, code=CODE)
    event.task_ready.collect_deadline.FromJsonString("2026-06-12T12:00:00Z")
    return event
