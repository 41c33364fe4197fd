"""After closing time: what the services say, asked through their contracts, beside what was counted."""

import asyncio
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from onhand.api.notifications.v1 import journeys_pb2, messages_pb2
from onhand.api.routing.v1 import reports_pb2
from onhand.api.stock.v1 import availability_pb2, ledger_pb2, reads_pb2
from onhand.client import AsyncNotifications, AsyncRouting, AsyncStock
from onhand.demo.claims import Cell, Facts, Flows, Key, Promises
from onhand.demo.last_unit import Race
from onhand.demo.live import Cells
from onhand.demo.mailbox import Mailbox
from onhand.demo.masterdata import parts
from onhand.demo.shelf import Shelf
from onhand.demo.tally import Tally

PAGE = 1000
ITEMS_A_QUERY = 2000
AGREE_WITHIN_S = 10.0
"""How long the stream may take to tell the last changes."""
SENT_WITHIN_S = 60.0
"""How long the last messages may take."""
SOON_S = 60.0
"""What is due later is not of this day."""
QUIET_S = 5.0
"""When nothing came for this long, all that was told has been heard."""
POLL_S = 0.2
OUTSIDE = frozenset(
    {
        ledger_pb2.BUCKET_SUPPLIER,
        ledger_pb2.BUCKET_CUSTOMER,
        ledger_pb2.BUCKET_SHRINK,
        ledger_pb2.BUCKET_TRANSFER,
        ledger_pb2.BUCKET_IN_TRANSIT,
    }
)
HANDED_OVER = frozenset({ledger_pb2.MOVEMENT_REASON_COLLECTED, ledger_pb2.MOVEMENT_REASON_SHIPPED})


@dataclass(frozen=True)
class Closing:
    stock: AsyncStock
    routing: AsyncRouting
    notifications: AsyncNotifications
    tally: Tally
    mailbox: Mailbox
    shelves: Mapping[str, Shelf]
    keys: Sequence[Key]
    """Every cell of the world."""
    live: Cells
    data_dir: Path
    under_faults: bool = False

    async def facts(self, races: Sequence[Race]) -> Facts:
        """Ask for everything that the claims need."""
        sent, unsent = await self._messages()
        cells = await self._cells()
        flows: dict[Key, Flows] = {}
        for location_id in self.shelves:
            flows.update(await self._flows(location_id))
        unknown = sum([await self._unknown_tags(location_id) for location_id in self.shelves])
        code, said = await audit(self.data_dir)
        counts = self.tally.counts
        return Facts(
            reads=self.tally.reads,
            units_sold=counts["units sold"],
            units_handed_over=counts["units handed over or shipped"],
            cells=cells,
            flows=flows,
            shelf={key: self.shelves[key[0]].count(key[1]) for key in self.keys},
            live_differs=await self._live_differs(cells),
            unknown_tags=unknown,
            races=races,
            orders=self.tally.orders,
            collected_codes=self.tally.collected_codes,
            promises=await self._promises(),
            messages_sent=sent,
            messages_unsent=unsent,
            mails=len(self.mailbox.mails),
            deliveries=self.mailbox.deliveries,
            audit_code=code,
            audit_said=said,
            failures=self.tally.failures,
            under_faults=self.under_faults,
        )

    async def _promises(self) -> Promises:
        report = await self.routing.reports.ReportFulfilment(reports_pb2.ReportFulfilmentRequest())
        return Promises(
            report.kept_promise_count, report.broken_promise_count, report.withdrawn_promise_count
        )

    async def _cells(self) -> dict[Key, Cell]:
        found: dict[Key, Cell] = {}
        wanted: dict[str, list[str]] = {}
        for location_id, item_id in self.keys:
            wanted.setdefault(location_id, []).append(item_id)
        for location_id, item_ids in wanted.items():
            for some in parts(item_ids, ITEMS_A_QUERY):
                answer = await self.stock.availability.GetAvailability(
                    availability_pb2.GetAvailabilityRequest(
                        item_ids=some,
                        location_ids=[location_id],
                        consistency=availability_pb2.Consistency(fully_consistent=True),
                    )
                )
                for line in answer.lines:
                    if not line.status.code:
                        found[location_id, line.availability.item_id] = cell_of(line.availability)
        return found

    async def _live_differs(self, cells: Mapping[Key, Cell]) -> list[Key]:
        """Give the stream a moment; returns where it still says otherwise."""
        deadline = asyncio.get_running_loop().time() + AGREE_WITHIN_S
        while True:
            differs = [
                key for key, cell in cells.items() if key not in self.live or cell_of(self.live[key]) != cell
            ]
            if not differs or asyncio.get_running_loop().time() > deadline:
                return differs
            await asyncio.sleep(POLL_S)

    async def _flows(self, location_id: str) -> dict[Key, Flows]:
        movements: list[ledger_pb2.Movement] = []
        token = ""
        while True:
            answer = await self.stock.ledger.ListMovements(
                ledger_pb2.ListMovementsRequest(location_id=location_id, page_size=PAGE, page_token=token)
            )
            movements += answer.movements
            token = answer.next_page_token
            if not token:
                return flows_of(movements)

    async def _unknown_tags(self, location_id: str) -> int:
        present: set[str] = set()
        token = ""
        while True:
            answer = await self.stock.tags.ListTags(
                reads_pb2.ListTagsRequest(
                    location_id=location_id,
                    state=reads_pb2.Tag.STATE_PRESENT,
                    page_size=PAGE,
                    page_token=token,
                )
            )
            present.update(tag.epc_hex for tag in answer.tags if tag.item_id)
            token = answer.next_page_token
            if not token:
                return sum(epc.hex().upper() not in present for epc in self.shelves[location_id].zones)

    async def _messages(self) -> tuple[int, int]:
        """Wait until no message waits and no more come; returns e-mails sent, and those that were not.

        What an order's last event causes may come a moment after the order has ended: messages wait a little
        for others that belong with them.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + SENT_WITHIN_S
        before, since = None, loop.time()
        while True:
            messages = await self._list_messages()
            sent = sum(each.state == messages_pb2.Message.STATE_SENT for each in messages)
            now = (len(messages), sent, len(self.mailbox.mails))
            if now != before or len(messages) != sent or await self._is_about_to_write():
                before, since = now, loop.time()
            if loop.time() - since > QUIET_S or loop.time() > deadline:
                return sent, len(messages) - sent
            await asyncio.sleep(POLL_S)

    async def _is_about_to_write(self) -> bool:
        """Tell whether a message about an order is to come soon; a reminder of tomorrow is not."""
        soon = time.time() + SOON_S
        for order_id in self.tally.orders:
            request = journeys_pb2.ListRunsRequest(order_id=order_id)
            for run in (await self.notifications.journeys.ListRuns(request)).runs:
                if run.state == journeys_pb2.JourneyRun.STATE_ACTIVE and run.due_time.seconds < soon:
                    return True
        return False

    async def _list_messages(self) -> list[messages_pb2.Message]:
        found: list[messages_pb2.Message] = []
        token = ""
        while True:
            answer = await self.notifications.messages.ListMessages(
                messages_pb2.ListMessagesRequest(page_size=PAGE, page_token=token)
            )
            found += [each for each in answer.messages if each.channel == messages_pb2.Message.CHANNEL_EMAIL]
            token = answer.next_page_token
            if not token:
                return found


def cell_of(availability: availability_pb2.Availability) -> Cell:
    return Cell(
        availability.on_hand,
        availability.unavailable,
        availability.reserved,
        availability.committed,
        availability.safety_stock,
        availability.available,
    )


def flows_of(movements: Iterable[ledger_pb2.Movement]) -> dict[Key, Flows]:
    """Add movements up, by cell."""
    flows: dict[Key, Flows] = {}
    for each in movements:
        key = (each.location_id, each.item_id)
        flow = flows.get(key, Flows())
        enters, leaves = each.from_bucket in OUTSIDE, each.to_bucket in OUTSIDE
        came = each.quantity * (enters and not leaves)
        flows[key] = replace(
            flow,
            on_hand=flow.on_hand + each.quantity * (enters - leaves),
            came=flow.came + came,
            sold=flow.sold + each.quantity * (each.reason == ledger_pb2.MOVEMENT_REASON_SOLD),
            handed_over=flow.handed_over + each.quantity * (each.reason in HANDED_OVER),
        )
    return flows


async def audit(data_dir: Path) -> tuple[int, str]:
    """Run `onhand audit` as anybody would; returns its exit code and last line."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "onhand",
        "audit",
        "--data-dir",
        str(data_dir),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    lines = output.decode(errors="replace").strip().splitlines()
    return process.returncode or 0, lines[-1] if lines else "it said nothing"
