"""Readers that publish over MQTT 3.1.1: Impinj's and Zebra's own JSON, from any broker.

The broker keeps a session for us and is told that a message has arrived only when its reads are durable
(QoS 1): what a killed gateway had in memory, and what was published while it was away, comes again. Readers
that publish with QoS 0 do without either.
"""

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path
from threading import Semaphore
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from onhand.gateway.config import GatewaySettings
from onhand.gateway.readers_file import MqttEntry
from onhand.gateway.sources.intake import Intake
from onhand.kit.errors import OnhandError
from onhand.readers import Element, impinj, zebra

PARSERS: dict[str, Callable[[bytes, int], list[Element]]] = {
    "mqtt-impinj": impinj.parse,
    "mqtt-zebra": zebra.parse,
}
KEEPALIVE_S = 30
PORT = 1883
TLS_PORT = 8883


class MqttSource:
    """One subscription, on a connection and a session of its own.

    paho works in a thread: its callbacks, named `_on_…`, hand everything over to the event loop.
    """

    def __init__(self, entry: MqttEntry, intake: Intake, settings: GatewaySettings) -> None:
        self.intake = intake
        self._entry = entry
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._room = Semaphore(settings.max_unwritten_messages)
        self._tasks: set[asyncio.Task[None]] = set()
        self._connection = 0
        """Counts connections: a message is acknowledged only on the one that it came by, because a broker
        that has lost our session gives its number to another."""
        self._stopping = False

    async def run(self) -> None:
        """Read until cancelled; paho connects again by itself, with growing pauses."""
        client = self._client()
        port = self._entry.port or (TLS_PORT if self._entry.tls else PORT)
        client.connect_async(self._entry.host, port, keepalive=KEEPALIVE_S)
        client.loop_start()
        try:
            await asyncio.Event().wait()
        finally:
            self._stopping = True
            self._room.release()  # a callback that waits for room goes on, and sees that we stop
            client.disconnect()
            await asyncio.to_thread(client.loop_stop)
            for task in self._tasks:
                task.cancel()

    def _client(self) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"onhand-gateway-{self._entry.name}",
            clean_session=False,
            protocol=MQTTProtocolVersion.MQTTv311,
            manual_ack=True,
        )
        client.connect_timeout = self._settings.reader_timeout_s
        client.reconnect_delay_set(1, max(1, int(self._settings.max_backoff_s)))
        if self._entry.tls:
            client.tls_set_context(ssl.create_default_context(cafile=self._entry.ca_file))
        if self._entry.username is not None:
            file = self._entry.password_file
            client.username_pw_set(
                self._entry.username, Path(file).read_text(encoding="utf-8").strip() if file else None
            )
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    def _on_connect(
        self, client: Client, _: Any, __: ConnectFlags, reason: ReasonCode, ___: Properties | None
    ) -> None:
        self._connection += 1
        if reason.is_failure:
            self._turn("down", f"the broker refuses the connection: {reason}")
        else:
            client.subscribe(self._entry.topic, qos=1)

    def _on_connect_fail(self, _: Client, __: Any) -> None:
        self._turn("down", "the broker cannot be reached")

    def _on_disconnect(
        self, _: Client, __: Any, ___: DisconnectFlags, reason: ReasonCode, ____: Properties | None
    ) -> None:
        if not self._stopping:
            self._turn("down", f"the connection was lost: {reason}")

    def _on_subscribe(
        self, _: Client, __: Any, ___: int, reasons: list[ReasonCode], ____: Properties | None
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            self._turn("down", f"the broker refuses the topic {self._entry.topic}")
        else:
            self._turn("reading")

    def _on_message(self, client: Client, _: Any, message: MQTTMessage) -> None:
        # Waiting here leaves the connection unread, and TCP holds the broker back.
        self._room.acquire()
        if not self._stopping:
            self._loop.call_soon_threadsafe(self._received, client, message, self._connection)

    def _turn(self, state: str, detail: str = "") -> None:
        self._loop.call_soon_threadsafe(self.intake.turn, state, detail)

    def _received(self, client: Client, message: MQTTMessage, connection: int) -> None:
        task = self._loop.create_task(self._take(client, message, connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take(self, client: Client, message: MQTTMessage, connection: int) -> None:
        try:
            await self.intake.take(
                self._elements(bytes(message.payload)), use_message_name=self._entry.use_message_name
            )
            # What cannot be read is acknowledged too: it would only come again for ever.
            if message.qos and connection == self._connection:
                client.ack(message.mid, message.qos)
        finally:
            self._room.release()

    def _elements(self, payload: bytes) -> list[Element]:
        if len(payload) > self._settings.max_message_bytes:
            self.intake.refuse(f"a message of {len(payload)} bytes; max_message_bytes is less")
            return []
        try:
            return PARSERS[self._entry.kind](payload, self._settings.max_message_events)
        except OnhandError as error:
            self.intake.refuse(error.message)
            return []
