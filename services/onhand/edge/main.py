"""The edge service: HTTP for readers and browsers."""

import asyncio
import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import uvicorn
import uvloop
from starlette.applications import Starlette

from onhand.client import AsyncNotifications, AsyncPickup, AsyncRouting, AsyncStock, Settings
from onhand.edge.app import Edge
from onhand.edge.auth import Gate, caller_address, caller_token
from onhand.edge.config import EdgeSettings
from onhand.edge.health import Services
from onhand.edge.live import Watches
from onhand.edge.pages.catalogue import Catalogue
from onhand.edge.pages.customer import CustomerPage
from onhand.edge.pages.operations import OperationsPage
from onhand.edge.pages.session import Sessions
from onhand.edge.pages.store import StorePage
from onhand.kit import config, telemetry, tls
from onhand.kit.auth import Authenticator, TokenFile
from onhand.kit.clock import SystemClock
from onhand.kit.http import Protocol
from onhand.kit.links import Links
from onhand.kit.telemetry import log

# Connections inherit it from their listener: one whose other end vanished is gone after a minute and a half.
_KEEPALIVE = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
)


def main() -> None:
    settings = config.load(EdgeSettings)
    telemetry.configure("edge", settings)
    uvloop.run(serve(settings))


async def serve(settings: EdgeSettings) -> None:
    calls = Settings(
        timeout_s=settings.stock_timeout_s,
        root_certificates=settings.services_ca(),
        origin=caller_address.get,
    )
    stock = AsyncStock(settings.stock_target, token=caller_token.get, settings=calls)
    routing = AsyncRouting(settings.routing_target, token=caller_token.get, settings=calls)
    pickup = AsyncPickup(settings.pickup_target, token=caller_token.get, settings=calls)
    notifications = AsyncNotifications(settings.notifications_target, token=caller_token.get, settings=calls)
    services = Services(settings)
    watches = Watches(settings)
    clock = SystemClock()
    authenticator = Authenticator(settings)
    gate = Gate(authenticator)
    sessions = Sessions(settings, gate, clock)
    catalogue = Catalogue(stock)
    pages = [
        *StorePage(settings, sessions, watches, stock, pickup, catalogue, clock).routes(),
        *OperationsPage(
            settings, sessions, services, watches, stock, routing, pickup, notifications, clock
        ).routes(),
    ]
    if settings.customer_links_key_file is not None and settings.token_file is not None:
        links, token = Links(settings.customer_links_key_file), TokenFile(settings.token_file)
        pages += CustomerPage(settings, links, token, routing, pickup, catalogue, clock).routes()
    edge = Edge(settings, gate, stock, services, watches, pages)

    renewal = asyncio.create_task(authenticator.keys.run())
    with _listen(settings.listen) as listener:
        log.info("listening", address=settings.listen)
        await Server(settings, edge.app(), watches).serve([listener])
    renewal.cancel()
    await asyncio.gather(*(each.close() for each in (stock, routing, pickup, notifications)))
    await services.close()


class Server(uvicorn.Server):
    """Serves until SIGTERM or SIGINT, then ends live streams and lets requests under way finish."""

    def __init__(self, settings: EdgeSettings, app: Starlette, watches: Watches) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                # Over h11, the one whose limit on headers can be set.
                http=partial(Protocol, header_timeout_s=settings.header_timeout_s),  # type: ignore[arg-type]
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                ssl_context_factory=_tls(settings),
                proxy_headers=False,
                limit_concurrency=settings.max_connections,
                timeout_keep_alive=settings.keep_alive_s,
                timeout_graceful_shutdown=settings.drain_s,
                h11_max_incomplete_event_size=settings.max_header_bytes,
            )
        )
        self._watches = watches

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on a signal; uvicorn's own way would raise it again and end the process before its time."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, setattr, self, "should_exit", True)  # noqa: FBT003 - setattr's own
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        log.info("draining")
        self._watches.stop()
        await super().shutdown(sockets)


def _tls(settings: EdgeSettings) -> Callable[..., ssl.SSLContext] | None:
    """Say how TLS is spoken here, if it is."""
    if settings.tls_certificate_file is None or settings.tls_key_file is None:
        return None
    context = tls.context(settings.tls_certificate_file, settings.tls_key_file)
    return lambda *_: context


def _listen(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, int(port)), family=family, backlog=2048)
    except (OSError, ValueError) as error:
        raise SystemExit(f"onhand: cannot listen on {address}: {error}") from None
    for level, option, value in _KEEPALIVE:
        listener.setsockopt(level, option, value)
    return listener
