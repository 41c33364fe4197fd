"""A backup is of one moment for all services, and all that is needed to go on from it."""

import asyncio
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread

import psutil
from tests.acceptance.errand import Errand, request_id
from tests.stack import Mailbox, Stack, eventually, make_item, open_stores, up

from onhand.api.routing.v1 import orders_pb2 as op
from onhand.api.stock.v1 import availability_pb2 as av
from onhand.api.stock.v1 import ledger_pb2 as led
from onhand.cli.audit import run as audit
from onhand.cli.process import wait_gone
from onhand.client import Stock

STORE = "utrecht"
Line = op.OrderLine


def onhand(*arguments: str | Path) -> str:
    command = [sys.executable, "-m", "onhand", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Till(Thread):
    """Sells one unit after another until told to stop."""

    def __init__(self, stack: Stack, item_id: str) -> None:
        super().__init__(daemon=True)
        self._ended = Event()
        self.sold = 0
        self._client = stack.client(Stock)
        self._item_id = item_id

    def run(self) -> None:
        with self._client as stock:
            while not self._ended.is_set():
                line = led.DocumentLine(product=led.Product(item_id=self._item_id), quantity=1)
                stock.ledger.RecordSale(
                    led.RecordSaleRequest(request_id=request_id(), location_id=STORE, lines=[line])
                )
                self.sold += 1

    def stop(self) -> None:
        self._ended.set()
        self.join(30)


def on_hand(stack: Stack, item_id: str) -> int:
    request = av.GetAvailabilityRequest(
        item_ids=[item_id], location_ids=[STORE], consistency=av.Consistency(fully_consistent=True)
    )
    with stack.client(Stock) as stock:
        return stock.availability.GetAvailability(request).lines[0].availability.on_hand


def test_a_destroyed_data_folder_goes_on_from_its_backup(tmp_path: Path, mailbox: Mailbox) -> None:
    """Taken while tills sell and in the middle of orders; the folder is then destroyed."""
    folder, saved = tmp_path / "data", tmp_path / "saved"
    with up(folder, mailbox) as stack:
        open_stores(stack)
        item_id, sold_id = make_item(stack, utrecht=4), make_item(stack, utrecht=100_000)
        errands = [Errand(stack, mailbox) for _ in range(3)]
        for errand in errands:
            errand.submit(item_id, store=STORE)
            errand.reached(Line.STATE_ASSIGNED)
        errands[1].accept(errands[1].task(STORE))
        task = errands[2].accept(errands[2].task(STORE))
        errands[2].stage(errands[2].pick(task))
        code = errands[2].code()
        till = Till(stack, sold_id)
        till.start()
        eventually(lambda: till.sold > 5)
        before = till.sold
        assert "verified" in onhand("backup", saved, "--data-dir", folder)
        after = till.sold + 1
        till.stop()
        # All of this is later than the backup, and is forgotten with the folder.
        errands[2].hand_over(errands[2].task(STORE), code)
        children = [psutil.Process(pid) for pid in stack.runtime.children.values()]
        stack.process.send_signal(signal.SIGKILL)
        stack.process.wait()
        assert wait_gone(children, 30)
    shutil.rmtree(folder)
    assert "as of" in onhand("restore", saved, "--data-dir", folder)
    with up(folder, mailbox) as stack:
        assert before <= 100_000 - on_hand(stack, sold_id) <= after
        again = [Errand(stack, mailbox, errand.order_id) for errand in errands]
        for errand in again[:2]:
            task = errand.task(STORE)
            task = errand.accept(task) if errand is again[0] else task
            errand.stage(errand.pick(task))
            errand.hand_over(errand.task(STORE), errand.code())
        again[2].hand_over(again[2].task(STORE), code)
        for errand in again:
            errand.reached(Line.STATE_COLLECTED)
            errand.close()
        eventually(lambda: on_hand(stack, item_id) == 1)  # stock hears of a hand-over after the customer does
        eventually(lambda: asyncio.run(audit(stack.runtime.database_urls)).findings == [], 60)
    for errand in errands:
        errand.close()


def test_nothing_is_written_over_and_half_a_backup_is_none(stack: Stack, tmp_path: Path) -> None:
    def refused(*arguments: str | Path) -> str:
        command = [sys.executable, "-m", "onhand", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 1
        return done.stderr

    assert "it exists" in refused("backup", tmp_path, "--data-dir", stack.data_dir)
    assert "not a complete backup" in refused("restore", tmp_path, "--data-dir", tmp_path / "new")
    saved = tmp_path / "saved"
    onhand("backup", saved, "--data-dir", stack.data_dir)
    assert "it exists" in refused("restore", saved, "--data-dir", tmp_path)
    damaged = next(
        path for path in (saved / "postgres" / "base").rglob("*") if path.is_file() and path.stat().st_size
    )
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")
    assert "checksum mismatch" in refused("restore", saved, "--data-dir", tmp_path / "new")
    assert not (tmp_path / "new").exists()
