"""A gateway process between real peers: LLRP readers, an MQTT broker, a line that can be cut, stock."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.integration.stock.conftest import (  # noqa: F401 - the fixtures are used by name
    GTIN,
    Shop,
    StockProcesses,
    open_shop,
    processes,
)

from onhand.api.stock.v1 import reads_pb2 as pb
from onhand.cli.ports import free_ports
from onhand.client import AsyncStock
from onhand.gateway.spool.store import FILE, inspect
from onhand.stock.domain import epc as epc_codec

WITHIN_S = 60


class Line:
    """The network between store and stock: a TCP proxy that can be cut, mended and led elsewhere."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.port = free_ports(1)[0]
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)

    async def cut(self) -> None:
        """Reset every connection, and take no new one."""
        assert self._server is not None
        self._server.close()
        for end in self._ends:
            end.transport.abort()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    async def close(self) -> None:
        if self._server is not None:
            await self.cut()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = self.target.rpartition(":")
        with suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection(host, int(port))
            self._ends |= {writer, far_writer}
            for source, sink in ((reader, far_writer), (far_reader, writer)):
                task = asyncio.create_task(self._carry(source, sink))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            return
        writer.transport.abort()

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(1 << 16):
                sink.write(data)
                await sink.drain()
        except OSError:
            pass
        finally:
            self._ends.discard(sink)
            sink.transport.abort()


class GatewayProcess:
    """`onhand gateway` on a folder of its own."""

    def __init__(self, folder: Path, stock_target: str, token: str, readers: str) -> None:
        self.spool_dir = folder / "spool"
        (folder / "token").write_text(token)
        (folder / "readers.toml").write_text(readers)
        self.environment = {
            **os.environ,
            "ONHAND_STOCK_TARGET": stock_target,
            "ONHAND_TOKEN_FILE": str(folder / "token"),
            "ONHAND_READERS_FILE": str(folder / "readers.toml"),
            "ONHAND_SPOOL_DIR": str(self.spool_dir),
            "ONHAND_MAX_BACKOFF_S": "1",
            "ONHAND_STATUS_INTERVAL_S": "0.5",
            "ONHAND_COMMIT_INTERVAL_S": "0.05",
            "ONHAND_READER_PROBE_S": "1",
            "ONHAND_LOG_LEVEL": "warning",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen([sys.executable, "-m", "onhand.cli.gateway"], env=self.environment)

    def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)

    def stop(self) -> int:
        """End it in order, if it runs, and return its exit code."""
        if self._process is None:
            return 0
        self._process.terminate()
        return self._process.wait(30)

    def status(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "onhand.cli.gateway", "status"],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def counters(self) -> dict[str, int]:
        summary = inspect(self.spool_dir)
        return dict(summary.counters) if summary else {}

    def last_position(self) -> int:
        """Return how many batches were ever taken."""
        return int(self._query("SELECT max(seq) FROM sqlite_sequence")[0][0] or 0)

    def waiting_epcs(self) -> set[str]:
        rows = self._query("SELECT content FROM batches")
        return {
            read.epc.hex().upper()
            for (content,) in rows
            for read in pb.RecordReadsRequest.FromString(content).reads
        }

    def _query(self, sql: str) -> list[tuple[bytes]]:
        file = self.spool_dir / FILE
        if not file.exists():
            return [(b"",)] if "max(" in sql else []
        db = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=10)
        try:
            return db.execute(sql).fetchall()
        except sqlite3.OperationalError:  # its tables are being made
            return [(b"",)] if "max(" in sql else []
        finally:
            db.close()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not condition():
            await asyncio.sleep(0.02)


async def counted(shop: Shop, tags: int) -> None:
    """Wait until stock has so many of item i1 on hand."""
    async with asyncio.timeout(WITHIN_S):
        while (await shop.cell("i1")).on_hand != tags:
            await asyncio.sleep(0.05)


def epcs(shop: Shop, count: int, start: int = 0) -> list[str]:
    """Return SGTIN-96 of item i1 that no other shop has."""
    first = epc_codec.decode_binary(bytes.fromhex(shop.epc)).serial
    assert first is not None
    return [
        epc_codec.to_hex(epc_codec.encode_sgtin96(GTIN, 7, (int(first) + 1 + start + n) % (1 << 38)))
        for n in range(count)
    ]


async def known_tags(shop: Shop) -> set[str]:
    found, page = set(), ""
    while True:
        answer = await shop.client.tags.ListTags(
            pb.ListTagsRequest(location_id=shop.s1, page_size=1_000, page_token=page)
        )
        found |= {tag.epc_hex for tag in answer.tags}
        if not (page := answer.next_page_token):
            return found


@pytest.fixture
async def shop(processes: StockProcesses, mint: Callable[..., str]) -> AsyncIterator[Shop]:  # noqa: F811
    """A shop of its own on the newest replica: a test may have killed those before it."""
    address = processes.addresses[-1] if processes.addresses else await processes.start()
    async with AsyncStock(address, mint()) as client:
        yield await open_shop(client)


@pytest.fixture
async def line(shop: Shop, processes: StockProcesses) -> AsyncIterator[Line]:  # noqa: F811
    line = Line(processes.addresses[-1])
    await line.mend()
    yield line
    await line.close()


@pytest.fixture
def make_gateway(
    tmp_path: Path, line: Line, mint: Callable[..., str]
) -> Iterator[Callable[..., GatewayProcess]]:
    made = []

    def make(readers: str, locations: list[str]) -> GatewayProcess:
        token = mint("gateway", ["reads.write"], locations)
        made.append(GatewayProcess(tmp_path, line.address, token, readers))
        return made[-1]

    yield make
    for gateway in made:
        gateway.stop()
