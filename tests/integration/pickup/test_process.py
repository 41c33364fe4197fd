"""The service as it is run: a process of its own, from its settings to its drain."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import grpc
import pytest

from onhand.api.pickup.v1 import tasks_pb2 as pb
from onhand.cli.ports import free_ports
from onhand.client import AsyncPickup, Settings
from onhand.kit.errors import NotFound
from onhand.pickup.config import PickupSettings


@pytest.fixture
def environment(settings: PickupSettings) -> dict[str, str]:
    (port,) = free_ports(1)
    values = settings.model_copy(update={"listen": f"127.0.0.1:{port}"}).model_dump()
    said = {name: value for name, value in values.items() if value is not None}
    return {**os.environ, **{f"ONHAND_{name.upper()}": str(value) for name, value in said.items()}}


async def answers(client: AsyncPickup) -> bool:
    try:
        await client.tasks.GetTask(pb.GetTaskRequest(task_id=str(uuid4())))
    except NotFound:
        return True
    except grpc.RpcError:
        return False
    raise AssertionError("there is no such task")


async def test_the_service_starts_from_its_environment_and_drains_at_sigterm(
    environment: dict[str, str], mint: Callable[..., str]
) -> None:
    start: Any = asyncio.create_subprocess_exec(
        sys.executable, "-c", "from onhand.pickup.main import main; main()", env=environment
    )
    process = await start
    try:
        async with (
            asyncio.timeout(120),
            AsyncPickup(environment["ONHAND_LISTEN"], mint(), Settings(max_attempts=1)) as client,
        ):
            while not await answers(client):
                await asyncio.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(15):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
