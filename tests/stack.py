"""Everything running as its users run it: `onhand up` in a process of its own, called from outside."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from onhand.api.notifications.v1 import messages_pb2
from onhand.api.stock.v1 import availability_pb2, catalog_pb2, ledger_pb2
from onhand.cli import keys
from onhand.cli.errors import NotRunningError
from onhand.cli.files import log_tail
from onhand.cli.ports import free_ports
from onhand.cli.runtime import Runtime
from onhand.cli.scopes import scopes
from onhand.client import Notifications, Stock
from onhand.kit.config import ServiceSettings

C = TypeVar("C")

UP_WITHIN_S = 120.0
DOWN_WITHIN_S = 60.0
WITHIN_S = 30.0
STORES = ("amsterdam", "utrecht", "rotterdam")
_PLACES = {"amsterdam": (52.374, 4.898), "utrecht": (52.090, 5.122), "rotterdam": (51.923, 4.480)}
_ZONES = {
    "floor": catalog_pb2.Zone.KIND_SALES_FLOOR,
    "back": catalog_pb2.Zone.KIND_BACK_ROOM,
    "exit": catalog_pb2.Zone.KIND_EXIT,
}


def eventually(check: Callable[[], C | None], within_s: float = WITHIN_S) -> C:
    """Return the first true answer of `check`; fail when there is none in time."""
    deadline = time.monotonic() + within_s
    while not (answer := check()):
        assert time.monotonic() < deadline, "what was waited for did not come"
        time.sleep(0.05)
    return answer


def serve_environment(settings: ServiceSettings, address: str) -> dict[str, str]:
    """Return the environment in which `onhand serve` serves at `address` by these settings."""
    return {
        **os.environ,
        "ONHAND_DATABASE_URL": str(settings.database_url),
        "ONHAND_NATS_URL": settings.nats_url,
        "ONHAND_LISTEN": address,
        "ONHAND_AUTH_ISSUER": settings.auth_issuer,
        "ONHAND_AUTH_JWKS_FILE": str(settings.auth_jwks_file),
        "ONHAND_LOG_LEVEL": "warning",
    }


@dataclass
class Mailbox:
    """A real SMTP server that keeps what it is sent."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"

    def to(self, address: str) -> list[EmailMessage]:
        return [each for each in self.mails if address in str(each["To"])]


@dataclass
class Hook:
    """A real HTTP server that keeps the webhooks it is posted."""

    posts: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    """Headers, in lower case, and body."""
    uri: str = ""
    secret: str = ""
    """With which posts are signed (Standard Webhooks)."""


@dataclass
class Stack:
    """A running `onhand up`."""

    data_dir: Path
    process: subprocess.Popen[bytes]

    @property
    def runtime(self) -> Runtime:
        """As it is now: a child that died has another pid when it is back."""
        return Runtime.load(self.data_dir)

    def address(self, service: str) -> str:
        return self.runtime.addresses[service]

    def token(
        self,
        *granted: str,
        subject: str = "shop",
        locations: Sequence[str] = keys.ALL_LOCATIONS,
        ttl: timedelta = timedelta(hours=1),
    ) -> str:
        """Sign a token with these scopes; all scopes when none is named."""
        return keys.mint(
            self.runtime.keys_dir, subject, granted or scopes(), locations, ttl, datetime.now(UTC)
        )

    def client(self, kind: Callable[[str, str], C], token: str | None = None) -> C:
        """Connect a client, for example `stack.client(AsyncRouting)`; to be closed by the caller."""
        service = kind._server  # type: ignore[attr-defined]
        return kind(self.address(service), token or self.token())

    def kill(self, child: str) -> None:
        """Kill a service, `postgres` or `nats` with SIGKILL, and return when another runs in its place."""
        pid = self.runtime.children[child]
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: self.runtime.children[child] != pid)

    def log(self, child: str) -> str:
        """Return the end of what a child wrote."""
        return log_tail(self.data_dir / "logs" / f"{child}.log")


@pytest.fixture(scope="session")
def mailbox() -> Iterator[Mailbox]:
    (port,) = free_ports(1)
    box = Mailbox(port)
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box
    controller.stop()


@contextmanager
def up(data_dir: Path, mailbox: Mailbox, **environment: str) -> Iterator[Stack]:
    """Run all services, PostgreSQL and NATS on free ports, mailing to `mailbox`."""
    output = data_dir.with_name(f"{data_dir.name}.log")
    command = [sys.executable, "-m", "onhand", "up", "--plain", "--port-base", "0", "--data-dir"]
    mail = {
        "ONHAND_SMTP_HOST": "127.0.0.1",
        "ONHAND_SMTP_PORT": str(mailbox.port),
        "ONHAND_SMTP_TLS": "none",
        "ONHAND_SMTP_FROM": "Our shop <orders@shop.example>",
        "ONHAND_SMTP_TIMEOUT_S": "5",
        "ONHAND_WEBHOOK_TIMEOUT_S": "5",
        "ONHAND_APPRISE_TIMEOUT_S": "5",
        # A mail that a killed process had in hand is taken up again after this.
        "ONHAND_DELIVERY_LEASE_S": "35",
        "ONHAND_RETRY_DELAYS_S": "[0.2, 0.5, 1, 2, 5]",
        "ONHAND_METRICS_LISTEN": "127.0.0.1:0",
    }
    with output.open("ab") as log:
        process = subprocess.Popen(
            [*command, str(data_dir)],
            env={**os.environ, **mail, **environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )

    def is_up() -> bool:
        assert process.poll() is None, f"onhand up ended:\n{log_tail(output)}"
        try:
            Runtime.load(data_dir)
        except NotRunningError:
            return False
        return True

    try:
        eventually(is_up, UP_WITHIN_S)
        yield Stack(data_dir, process)
    finally:
        process.terminate()
        try:
            process.wait(DOWN_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, mailbox: Mailbox) -> Iterator[Stack]:
    with up(tmp_path_factory.mktemp("stack"), mailbox) as running:
        yield running


@pytest.fixture(scope="session")
def hook(stack: Stack) -> Iterator[Hook]:
    """An endpoint that every webhook is posted to."""
    received = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            received.posts.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    received.uri = f"http://127.0.0.1:{server.server_port}/hook"
    endpoint = messages_pb2.WebhookEndpoint(
        uri=received.uri,
        # All but what only endpoints with an `availability` are told.
        purposes=[each for each in messages_pb2.MessagePurpose.keys()[1:] if "AVAILABILITY" not in each],
    )
    with stack.client(Notifications) as notifications:
        request = messages_pb2.CreateWebhookEndpointRequest(request_id=str(uuid4()), endpoint=endpoint)
        received.secret = notifications.webhooks.CreateWebhookEndpoint(request).secret
    yield received
    server.shutdown()
    server.server_close()
    thread.join()


def open_stores(stack: Stack) -> tuple[str, ...]:
    """Make three stores, each with a reader `<store>-gate`: antenna 1 the floor, 2 the back room, 3 the exit."""
    locations, points = [], []
    for store in STORES:
        latitude, longitude = _PLACES[store]
        location = catalog_pb2.Location(
            location_id=store,
            kind=catalog_pb2.Location.KIND_STORE,
            title=store.title(),
            time_zone="Europe/Amsterdam",
            collect_enabled=True,
            ship_enabled=True,
            zones=[catalog_pb2.Zone(zone_id=name, kind=kind) for name, kind in _ZONES.items()],
        )
        location.position.latitude, location.position.longitude = latitude, longitude
        locations.append(location)
        points += [
            catalog_pb2.ReadPoint(reader_id=f"{store}-gate", antenna=antenna, location_id=store, zone_id=zone)
            for antenna, zone in enumerate(_ZONES, start=1)
        ]
    with stack.client(Stock) as stock:
        for answer in (
            stock.catalog.BatchUpsertLocations(catalog_pb2.BatchUpsertLocationsRequest(locations=locations)),
            stock.catalog.BatchUpsertReadPoints(catalog_pb2.BatchUpsertReadPointsRequest(read_points=points)),
        ):
            assert all(status.code == 0 for status in answer.statuses), answer
    return STORES


def make_item(stack: Stack, gtin: str = "", **units: int) -> str:
    """Make an item, with units received."""
    item_id = f"item-{uuid4().hex[:12]}"
    item = catalog_pb2.Item(item_id=item_id, title=item_id, tagged=bool(gtin), gtins=[gtin] if gtin else [])
    with stack.client(Stock) as stock:
        answer = stock.catalog.BatchUpsertItems(catalog_pb2.BatchUpsertItemsRequest(items=[item]))
        assert answer.statuses[0].code == 0, answer
        revision = 0
        for location_id, quantity in units.items():
            line = ledger_pb2.DocumentLine(product=ledger_pb2.Product(item_id=item_id), quantity=quantity)
            request = ledger_pb2.RecordReceiptRequest(
                request_id=str(uuid4()), location_id=location_id, lines=[line]
            )
            revision = stock.ledger.RecordReceipt(request).revision
        # Whoever asks next asks the view: it must have all of this.
        stock.availability.GetAvailability(
            availability_pb2.GetAvailabilityRequest(
                item_ids=[item_id],
                location_ids=list(STORES),
                consistency=availability_pb2.Consistency(at_least_as_fresh=revision),
            )
        )
    return item_id


@pytest.fixture(scope="session")
def chain(stack: Stack) -> tuple[str, ...]:
    return open_stores(stack)


@pytest.fixture
def new_item(stack: Stack, chain: tuple[str, ...]) -> Callable[..., str]:
    """Make an item of this test's own: `new_item(amsterdam=5, utrecht=1, gtin=…)` with units received."""
    return partial(make_item, stack)
