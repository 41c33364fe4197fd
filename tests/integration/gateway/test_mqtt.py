"""From readers that publish over MQTT to stock, with nats-server as the broker."""

import asyncio
import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from tests.integration.gateway.conftest import (
    GatewayProcess,
    Shop,
    StockProcesses,
    counted,
    epcs,
    known_tags,
    until,
)

from onhand.cli.embedded.nats import _nats_server
from onhand.cli.ports import free_ports

PASSWORD = "store-secret"  # noqa: S105 - of a broker that lives as long as a test
Make = Callable[..., GatewayProcess]


class Broker:
    """nats-server with MQTT, and a reader's connection to it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        port, self.port, self._monitor = free_ports(3)
        self._config = folder / "nats.conf"
        self._config.write_text(f"""
            server_name: store
            listen: "127.0.0.1:{port}"
            http: "127.0.0.1:{self._monitor}"
            jetstream {{ store_dir: {json.dumps(str(folder))} }}
            authorization {{ user: store, password: {PASSWORD} }}
            mqtt {{ listen: "127.0.0.1:{self.port}" }}
        """)
        self._log = (folder / "nats.log").open("wb")
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        self._process = subprocess.Popen(
            [_nats_server(), "--config", self._config], stdout=self._log, stderr=self._log
        )
        async with asyncio.timeout(30):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    return

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)

    def close(self) -> None:
        self.kill()
        self._log.close()

    def delivered(self) -> int:
        """Return how many messages went to subscribers, for the first time or again."""
        with urlopen(f"http://127.0.0.1:{self._monitor}/jsz?consumers=true", timeout=10) as answer:
            accounts = json.load(answer)["account_details"]
        return sum(
            consumer["delivered"]["consumer_seq"]
            for account in accounts
            for stream in account["stream_detail"]
            if stream["name"] == "$MQTT_msgs"
            for consumer in stream["consumer_detail"] or ()
        )

    async def publish(self, topic: str, *payloads: Any, qos: int = 1) -> None:
        """Publish as a reader does, and return when the broker has everything."""
        client = Client(CallbackAPIVersion.VERSION2)
        client.username_pw_set("store", PASSWORD)
        await asyncio.to_thread(client.connect, "127.0.0.1", self.port)
        client.loop_start()
        for payload in payloads:
            body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
            await asyncio.to_thread(client.publish(topic, body, qos=qos).wait_for_publish, 20)
        client.disconnect()
        await asyncio.to_thread(client.loop_stop)


@pytest.fixture
async def broker(tmp_path: Path) -> Any:
    broker = Broker(tmp_path / "broker")
    await broker.start()
    yield broker
    broker.close()


def impinj(epc: str, hostname: str = "impinj-17-4a-2c") -> dict[str, Any]:
    return {
        "timestamp": datetime.now(UTC).isoformat(),
        "hostname": hostname,
        "eventType": "tagInventory",
        "tagInventoryEvent": {"epcHex": epc, "antennaPort": 1, "peakRssiCdbm": -5450},
    }


def zebra(epc: str) -> dict[str, Any]:
    return {
        "type": "CUSTOM",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "+0000"),
        "data": {"idHex": epc.lower(), "antenna": 2, "peakRssi": -61, "eventNum": 7},
    }


def readers(folder: Path, port: int, *entries: str) -> str:
    (folder / "password").write_text(PASSWORD + "\n")
    common = f'host = "127.0.0.1"\nport = {port}\nusername = "store"\npassword_file = "{folder}/password"\n'
    return "\n".join(f"[[readers]]\n{common}{entry}" for entry in entries)


async def reading(gateway: GatewayProcess, entries: int = 1) -> None:
    await until(lambda: gateway.status().stdout.count(") reading") == entries)


async def test_impinj_and_zebra_publish_side_by_side(
    shop: Shop, broker: Broker, make_gateway: Make, tmp_path: Path, processes: StockProcesses
) -> None:
    hexes = epcs(shop, 20)
    entries = readers(
        tmp_path,
        broker.port,
        'name = "any"\nkind = "mqtt-impinj"\ntopic = "impinj/+/events"\nuse_message_name = true\n',
        f'name = "reader-{shop.s1}"\nkind = "mqtt-zebra"\ntopic = "zebra/tags"\n',
    )
    gateway = make_gateway(entries, [shop.s1])
    gateway.start()
    await reading(gateway, 2)
    own_name = f"reader-{shop.s1}"
    await broker.publish("impinj/a/events", *(impinj(each, own_name) for each in hexes[:10]))
    await broker.publish("zebra/tags", b"not json", [zebra(each) for each in hexes[10:]])
    await broker.publish("zebra/tags", {"type": "heartbeat", "data": {}}, qos=0)
    await counted(shop, 20)
    assert await known_tags(shop) == set(hexes)
    await until(lambda: gateway.counters().get("unusable_events") == 1)
    await processes.audited()


async def test_what_is_published_while_the_gateway_is_dead_comes_when_it_is_back(
    shop: Shop, broker: Broker, make_gateway: Make, tmp_path: Path, processes: StockProcesses
) -> None:
    hexes = epcs(shop, 40)
    entry = f'name = "reader-{shop.s1}"\nkind = "mqtt-impinj"\ntopic = "dock/events"\n'
    gateway = make_gateway(readers(tmp_path, broker.port, entry), [shop.s1])
    gateway.start()
    await reading(gateway)
    publishing = asyncio.create_task(broker.publish("dock/events", *map(impinj, hexes[:30])))
    await until(lambda: gateway.last_position() >= 1)
    gateway.kill()
    await publishing
    await broker.publish("dock/events", *map(impinj, hexes[30:]))
    gateway.start()
    await counted(shop, 40)
    assert await known_tags(shop) == set(hexes)
    await processes.audited()


@pytest.mark.long
async def test_what_a_killed_gateway_had_not_yet_written_comes_again(
    shop: Shop, broker: Broker, make_gateway: Make, tmp_path: Path
) -> None:
    name = f"reader-{shop.s1}"
    entry = f'name = "{name}"\nkind = "mqtt-impinj"\ntopic = "dock/events"\n'
    gateway = make_gateway(readers(tmp_path, broker.port, entry), [shop.s1])
    written_soon = gateway.environment["ONHAND_COMMIT_INTERVAL_S"]
    gateway.environment["ONHAND_COMMIT_INTERVAL_S"] = "5"
    gateway.start()
    await reading(gateway)
    await broker.publish("dock/events", *map(impinj, epcs(shop, 10)))
    await until(lambda: broker.delivered() >= 10)
    gateway.kill()
    assert gateway.last_position() == 0
    gateway.environment["ONHAND_COMMIT_INTERVAL_S"] = written_soon
    gateway.start()
    await counted(shop, 10)


async def test_a_broker_that_is_killed_is_found_again(
    shop: Shop, broker: Broker, make_gateway: Make, tmp_path: Path
) -> None:
    entry = f'name = "reader-{shop.s1}"\nkind = "mqtt-zebra"\ntopic = "dock/events"\n'
    gateway = make_gateway(readers(tmp_path, broker.port, entry), [shop.s1])
    gateway.start()
    await reading(gateway)
    broker.kill()
    await until(lambda: "(mqtt-zebra) down" in gateway.status().stdout)
    await broker.start()
    await reading(gateway)
    await broker.publish("dock/events", *map(zebra, epcs(shop, 5)))
    await counted(shop, 5)
    assert gateway.stop() == 0
