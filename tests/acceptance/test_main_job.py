"""The main job: real reads become availability, an order becomes a collected parcel, the customer is told."""

import asyncio
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from standardwebhooks import Webhook
from tests.acceptance.errand import Errand, request_id
from tests.stack import Hook, Mailbox, Stack, eventually

from onhand.api.pickup.v1 import tasks_pb2 as tp
from onhand.api.routing.v1 import orders_pb2 as op
from onhand.api.stock.v1 import availability_pb2 as av
from onhand.api.stock.v1 import reservations_pb2 as res
from onhand.cli.audit import run as audit
from onhand.client import Pickup, Routing, Stock
from onhand.kit import errors
from onhand.stock.domain import epc as epc_codec

Line = op.OrderLine


@pytest.fixture
def errand(stack: Stack, mailbox: Mailbox) -> Iterator[Errand]:
    made = Errand(stack, mailbox)
    yield made
    made.close()


def gtin_and_epcs(count: int) -> tuple[str, list[str]]:
    """A GTIN of this test's own, and tags of it."""
    body = f"0614141{uuid4().int % 100000:05d}"
    gtin = "0" + body + epc_codec.check_digit("0" + body)
    return gtin, [
        epc_codec.to_hex(epc_codec.encode_sgtin96(gtin, 7, serial)) for serial in range(1, count + 1)
    ]


def post_reads(stack: Stack, store: str, antenna: int, epcs: list[str]) -> dict[str, Any]:
    """Post reads as an Impinj R700 does."""
    events = [
        {
            "timestamp": datetime.now(UTC).isoformat(),
            "hostname": f"{store}-gate",
            "eventType": "tagInventory",
            "tagInventoryEvent": {"epcHex": epc, "antennaPort": antenna, "peakRssiCdbm": -5200},
        }
        for epc in epcs
    ]
    answer = httpx.post(
        f"http://{stack.address('edge')}/ingest/impinj",
        json=events,
        headers={"Authorization": f"Bearer {stack.token('reads.write', subject='gate')}"},
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_reads_become_availability_and_an_order_becomes_a_collected_parcel(
    errand: Errand, new_item: Callable[..., str], stack: Stack, hook: Hook
) -> None:
    gtin, epcs = gtin_and_epcs(2)
    item_id = new_item(gtin=gtin)
    seen: list[int] = []

    def follow() -> None:
        with stack.client(Stock) as stock:
            request = av.WatchAvailabilityRequest(item_ids=[item_id], location_ids=["utrecht"])
            for part in stock.availability.WatchAvailability(request, timeout=60):
                seen.extend(cell.available for cell in part.cells)
                if seen and seen[-1] == 2:
                    return

    watcher = threading.Thread(target=follow, daemon=True)
    watcher.start()
    answer = post_reads(stack, "utrecht", 1, epcs * 3)
    assert (answer["accepted"], answer["repeated"], answer["refused"]) == (2, 4, 0)
    watcher.join(30)
    assert seen[-1] == 2

    hold = res.CreateReservationRequest(
        request_id=request_id(),
        lines=[res.ReservationLine(item_id=item_id, location_id="utrecht", quantity=1)],
        channel="web",
    )
    held = errand.stock.reservations.CreateReservation(hold).reservation
    errand.submit(item_id, store="utrecht", reservation_id=held.reservation_id)
    line = errand.reached(Line.STATE_ASSIGNED)
    assert line.reservation_id == held.reservation_id

    task = errand.task("utrecht")
    errand.accept(task)
    errand.pick(task, [epcs[0]])
    ready = errand.stage(task)
    assert ready.state == tp.Task.STATE_READY
    errand.reached(Line.STATE_READY)
    code = errand.code()
    with pytest.raises(errors.WrongCode):
        errand.hand_over(task, f"{(int(code) + 1) % 10**8:08d}")
    assert errand.hand_over(task, code).state == tp.Task.STATE_COLLECTED
    errand.reached(Line.STATE_COLLECTED)
    eventually(lambda: len(errand.mailbox.to(errand.email)) == 2)

    def left() -> bool:
        request = av.GetAvailabilityRequest(
            item_ids=[item_id],
            location_ids=["utrecht"],
            consistency=av.Consistency(fully_consistent=True),
        )
        cell = errand.stock.availability.GetAvailability(request).lines[0].availability
        return (cell.on_hand, cell.committed, cell.available) == (1, 0, 1)

    eventually(left)
    post = eventually(
        lambda: next((each for each in hook.posts if errand.order_id.encode() in each[1]), None)
    )
    Webhook(hook.secret).verify(post[1], post[0])
    assert json.loads(post[1])["type"]
    assert [each.state for each in errand.order().history][-1] == Line.STATE_COLLECTED


def test_an_order_ships_from_the_best_store_and_from_the_next_when_that_one_cannot(
    errand: Errand, new_item: Callable[..., str]
) -> None:
    item_id = new_item(amsterdam=2, rotterdam=2)
    errand.submit(item_id)
    first = errand.reached(Line.STATE_ASSIGNED)
    assert first.location_id == "amsterdam"
    task = errand.task("amsterdam")
    errand.pickup.tasks.RejectTask(
        tp.RejectTaskRequest(
            request_id=request_id(), task_id=task.task_id, reason=tp.REJECT_REASON_NO_CAPACITY
        )
    )
    task = errand.task("rotterdam")
    line = errand.reached(Line.STATE_ASSIGNED)
    assert (line.location_id, list(line.failed_location_ids)) == ("rotterdam", ["amsterdam"])
    errand.accept(task)
    errand.pick(task)
    errand.pickup.tasks.PackTask(tp.PackTaskRequest(request_id=request_id(), task_id=task.task_id))
    errand.pickup.tasks.ShipTask(
        tp.ShipTaskRequest(
            request_id=request_id(), task_id=task.task_id, carrier="PostNL", tracking_number="3S1"
        )
    )
    line = errand.reached(Line.STATE_SHIPPED)
    assert (line.carrier, line.tracking_number) == ("PostNL", "3S1")
    mail = eventually(lambda: errand.mailbox.to(errand.email))[0]
    body = mail.get_body(("plain",))
    assert body is not None
    assert "3S1" in body.get_content()


def test_bad_input_at_every_door_is_told_clearly(
    errand: Errand, new_item: Callable[..., str], stack: Stack
) -> None:
    item_id = new_item(amsterdam=1)
    errand.submit(item_id, store="amsterdam")
    with pytest.raises(errors.AlreadyExists):
        errand.submit(item_id, store="amsterdam")
    with pytest.raises(errors.NotFound):
        errand.routing.orders.GetOrder(op.GetOrderRequest(order_id="nothing"))
    with pytest.raises(errors.InvalidField):
        errand.routing.orders.SubmitOrder(op.SubmitOrderRequest(request_id="x"))
    errand.reached(Line.STATE_ASSIGNED)
    task = errand.task("amsterdam")
    with pytest.raises(errors.WrongState):
        errand.pick(task)  # nobody accepted it
    elsewhere = stack.token("tasks.read", "tasks.write", locations=["utrecht"])
    with stack.client(Pickup, elsewhere) as other, pytest.raises(errors.WrongLocation):
        other.tasks.AcceptTask(tp.AcceptTaskRequest(request_id=request_id(), task_id=task.task_id))
    with stack.client(Routing, stack.token("stock.read")) as reader, pytest.raises(errors.MissingScope):
        reader.orders.GetOrder(op.GetOrderRequest(order_id=errand.order_id))
    huge = av.GetAvailabilityRequest(item_ids=["x" * 5_000_000], location_ids=["amsterdam"])
    with pytest.raises(Exception, match=r"larger than max|RESOURCE_EXHAUSTED"):
        errand.stock.availability.GetAvailability(huge)
    answer = httpx.post(
        f"http://{stack.address('edge')}/ingest/impinj",
        content=b"{not json",
        headers={"Authorization": f"Bearer {stack.token('reads.write')}"},
    )
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")


def test_the_readmes_example_prints_what_the_readme_says(stack: Stack) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    example = re.search(r"```python\n(.+?)```\n\n```\n(.+?)```", readme, re.DOTALL)
    assert example is not None
    program = example[1].replace("127.0.0.1:7101", stack.address("stock"))
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "ONHAND_TOKEN": stack.token()},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == (example[2], "")


def test_after_all_of_this_the_books_are_true(stack: Stack) -> None:
    report = asyncio.run(audit(stack.runtime.database_urls))
    assert report.findings == []
    assert report.checked["movements"] > 0
    assert report.checked["orders"] > 0
