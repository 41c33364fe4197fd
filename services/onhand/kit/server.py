"""A service's process: gRPC server with health and reflection, background work, graceful drain."""

import asyncio
import gc
import signal
from collections.abc import Awaitable, Callable

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer
from grpc_reflection.v1alpha import reflection

from onhand.kit import tls
from onhand.kit.auth import Authenticator
from onhand.kit.config import ServiceSettings
from onhand.kit.errors import OnhandError
from onhand.kit.interceptors import Guard
from onhand.kit.telemetry import log
from onhand.kit.waiting import set_or_after

LIVENESS = "liveness"
"""A name that the health service answers SERVING for as long as this process answers at all, also while it
waits for its database: to be restarted would not help it."""
RESTART_S = 1.0
"""Pause before background work that failed starts again; protects what it failed on."""
ABLE_S = 1.0
"""How often a process asks itself whether it is able to serve."""
METADATA_BYTES = 16 << 10
"""Largest headers of a call; protects memory. A token takes one or two kilobytes."""
HANDSHAKE_MS = 10_000
"""Longest a connection may take to begin; protects from those that are opened and say nothing."""
CONNECTION_AGE_MS = 300_000
"""After which a connection takes no new calls, and its channel looks anew where replicas are: without it nobody would
find one that was added. Calls and streams under way go on as long as they last."""
GARBAGE_AFTER = 50_000
"""Objects made and not freed before the collector of cycles looks at the young ones. By default it looks after 700,
many times in each batch of a thousand events, and hardly finds any: what a call makes is in no cycle."""
CANCEL_S = 1.0
"""How long background work may take to end before it is cancelled again."""


class Server:
    """Serves the services added to it until SIGTERM or SIGINT."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings
        self._authenticator = Authenticator(settings)
        self._guard = Guard(self._authenticator, settings.default_deadline_s)
        self._health = HealthServicer()
        self._background: list[tuple[str, Callable[[], Awaitable[None]]]] = []
        self._names: list[str] = []
        self._stop = asyncio.Event()
        self._server = grpc.aio.server(
            options=[
                ("grpc.max_receive_message_length", settings.max_message_bytes),
                ("grpc.max_send_message_length", -1),
                ("grpc.so_reuseport", int(settings.share_port)),
                ("grpc.max_metadata_size", METADATA_BYTES),
                # Up to this size gRPC refuses some, in between all.
                ("grpc.absolute_max_metadata_size", METADATA_BYTES),
                # A channel that pings more often than this is cut; ours ping every 30 s.
                ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
                ("grpc.keepalive_permit_without_calls", 1),
                # A caller that vanished without a word is gone after these, its streams with it.
                ("grpc.keepalive_time_ms", 60_000),
                ("grpc.keepalive_timeout_ms", 20_000),
                ("grpc.server_handshake_timeout_ms", HANDSHAKE_MS),
                ("grpc.max_connection_age_ms", CONNECTION_AGE_MS),
                ("grpc.max_concurrent_streams", settings.max_connection_calls),
                ("grpc.max_allowed_incoming_connections", settings.max_connections),
            ],
            maximum_concurrent_rpcs=settings.max_concurrent_calls,
        )

    def add(self, service: ServiceDescriptor, servicer: object) -> None:
        """Serve a service of the contract by the methods of `servicer`."""
        self._guard.register(self._server, service, servicer)
        self._names.append(service.full_name)

    def background(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work` beside the server, again whenever it ends or fails, until the server stops."""
        self._background.append((name, work))

    def every(self, name: str, seconds: float, work: Callable[[], Awaitable[object]]) -> None:
        """Run `work` every so many seconds beside the server; a failure is logged, the next run comes."""

        async def loop() -> None:
            while True:
                await work()
                await asyncio.sleep(seconds)

        self.background(name, loop)

    async def serve(
        self, ready: Callable[[], Awaitable[None]], able: Callable[[], bool] = lambda: True
    ) -> None:
        """Listen, become healthy once `ready` returns, serve until a signal, then drain.

        While `able` says no, which is asked each second, health says NOT_SERVING and calls are answered still.

        At SIGTERM health turns NOT_SERVING first, calls under way get `drain_s` to end, then background
        work is cancelled.
        """
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection(
            [*self._names, health.SERVICE_NAME, reflection.SERVICE_NAME], self._server
        )
        await self._set_health(serving=False)
        await self._health.set(LIVENESS, health_pb2.HealthCheckResponse.SERVING)
        self._open()
        await self._server.start()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        tasks = [asyncio.create_task(self._keep(name, work), name=name) for name, work in self._background]
        tasks.append(asyncio.create_task(self._announce(ready, able)))
        tasks.append(asyncio.create_task(self._keep("keys", self._authenticator.keys.run)))
        log.info("listening", address=self._settings.listen)
        await self._stop.wait()
        log.info("draining")
        await self._health.enter_graceful_shutdown()
        await self._server.stop(self._settings.drain_s)
        pending = set(tasks)
        while pending:
            for task in pending:
                task.cancel()
            # Again where a library took a cancellation for its own time-out and went on.
            _, pending = await asyncio.wait(pending, timeout=CANCEL_S)

    async def _announce(self, ready: Callable[[], Awaitable[None]], able: Callable[[], bool]) -> None:
        await ready()
        await self._authenticator.keys.available()
        # What is here by now stays: the collector need not go through it again and again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(GARBAGE_AFTER)
        serving = False
        while True:
            if able() is not serving:
                serving = not serving
                await self._set_health(serving=serving)
                log.info("ready" if serving else "not ready")
            await asyncio.sleep(ABLE_S)

    def _open(self) -> None:
        """Open the doors: for tokens, with TLS where there is a certificate, and for devices that show their own."""
        settings = self._settings
        doors: list[tuple[str, grpc.ServerCredentials | None]] = [(settings.listen, None)]
        if settings.tls_certificate_file is not None and settings.tls_key_file is not None:
            files = (settings.tls_certificate_file, settings.tls_key_file)
            doors = [(settings.listen, tls.credentials(*files))]
            if settings.devices_listen:
                doors.append((settings.devices_listen, tls.credentials(*files, settings.devices_ca_file)))
        for address, credentials in doors:
            try:
                if credentials is None:
                    self._server.add_insecure_port(address)
                else:
                    self._server.add_secure_port(address, credentials)
            except RuntimeError:
                raise SystemExit(f"onhand: cannot listen on {address}") from None

    async def _set_health(self, *, serving: bool) -> None:
        status = health_pb2.HealthCheckResponse
        value = status.SERVING if serving else status.NOT_SERVING
        for name in ("", *self._names):
            await self._health.set(name, value)

    async def _keep(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except OnhandError as error:
                log.warning("background work failed", work=name, reason=error.reason)
            except Exception:  # noqa: BLE001
                log.exception("background work failed", work=name)
            await set_or_after(self._stop, RESTART_S)
