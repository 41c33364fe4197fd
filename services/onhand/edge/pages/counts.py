"""Counts: how far each is, what it would change, and adding to it by hand or scanner."""

import asyncio
from typing import Any

from starlette.datastructures import QueryParams

from onhand.api.stock.v1 import catalog_pb2, ledger_pb2
from onhand.api.stock.v1 import counts_pb2 as pb
from onhand.client import AsyncStock
from onhand.edge.pages import rendering
from onhand.edge.pages.catalogue import Catalogue
from onhand.edge.pages.floor import Action, Fields, is_gtin, time_of
from onhand.edge.pages.session import number
from onhand.kit.errors import OnhandError

SHOWN = 20
"""Counts, and differences of one, that fit a phone; the latest and the first."""
PAST = 5
"""Counts that have ended, shown with what came of them."""

_Kind, _State, _Line = pb.Count.Kind, pb.Count.State, pb.CountLine.Kind
KINDS = {
    _Kind.KIND_HANDHELD: "With a handheld reader",
    _Kind.KIND_QUANTITIES: "By hand, quantities only",
    _Kind.KIND_FULL_PASS: "By the fixed readers",
}
STATES = {
    _State.STATE_FINISHED: "finished",
    _State.STATE_ABANDONED: "given up",
    _State.STATE_EXPIRED: "left lying: nothing changed",
}
DIFFERENCES = {
    _Line.KIND_MISSING: "missing",
    _Line.KIND_FOUND: "found",
    _Line.KIND_MISPLACED: "in another zone",
    _Line.KIND_UNKNOWN: "of no known item",
}


class Counts:
    def __init__(self, stock: AsyncStock, catalogue: Catalogue) -> None:
        self._stock = stock
        self._catalogue = catalogue

    def actions(self) -> dict[str, Action]:
        counts = self._stock.counts
        return {
            "count": Action(counts.StartCount, _start, lambda _: "The count is open"),
            "count-tag": Action(counts.RecordCountReads, _read, _seen),
            "count-units": Action(counts.RecordCountQuantities, _quantity, lambda _: "Counted"),
            "count-finish": Action(
                counts.FinishCount, lambda _, f: pb.FinishCountRequest(count_id=f["count_id"]), _finished
            ),
            "count-abandon": Action(
                counts.AbandonCount,
                lambda _, f: pb.AbandonCountRequest(count_id=f["count_id"]),
                lambda _: "Given up: nothing has changed",
            ),
        }

    async def show(self, location: catalog_pb2.Location, _: str, asked: QueryParams) -> str:
        request = pb.ListCountsRequest(location_id=location.location_id, page_size=SHOWN)
        listed = (await self._stock.counts.ListCounts(request)).counts
        going = [each for each in listed if each.state in {_State.STATE_OPEN, _State.STATE_FINISHING}]
        return rendering.fragment(
            "counts.html",
            location_id=location.location_id,
            going=await asyncio.gather(*(self._progress(each, asked.get("review", "")) for each in going)),
            past=[each for each in listed if each.state in STATES][:PAST],
            Count=pb.Count,
            kinds=KINDS,
            states=STATES,
            zones=[each.zone_id for each in location.zones],
            zone=location.time_zone,
        )

    async def _progress(self, count: pb.Count, reviewed: str) -> dict[str, Any]:
        """Return a count, how far it is, and when somebody asks for it what it would change."""
        answer = await self._stock.counts.GetCount(pb.GetCountRequest(count_id=count.count_id))
        known: dict[str, Any] = {"count": answer.count, "progress": answer.progress, "review": None}
        if reviewed == count.count_id:
            known["review"] = await self._review(count.count_id)
        return known

    async def _review(self, count_id: str) -> dict[str, Any]:
        request = pb.ReviewCountRequest(count_id=count_id, page_size=SHOWN)
        try:
            answer = await self._stock.counts.ReviewCount(request)
        except OnhandError as error:
            return {"problem": error.message}
        items = await self._catalogue.items(line.item_id for line in answer.lines if line.item_id)
        return {
            "problem": "",
            "result": answer.result,
            "lines": [
                (
                    f"{line.quantity} × {items[line.item_id].title if line.item_id else line.epc_hex}",
                    DIFFERENCES.get(line.kind, ""),
                    " → ".join(filter(None, [line.book_zone_id, line.seen_zone_id])),
                )
                for line in answer.lines
            ],
            "more": bool(answer.next_page_token),
        }


def _start(location_id: str, fields: Fields) -> pb.StartCountRequest:
    zone_id = fields.get("zone_id", "")
    return pb.StartCountRequest(
        location_id=location_id,
        kind=number(fields["kind"]),  # type: ignore[arg-type]
        title=fields.get("title", ""),
        zone_ids=[zone_id] if zone_id else [],
    )


def _seen(answer: pb.RecordCountReadsResponse) -> str:
    if answer.refused_count:
        return f"Refused: {answer.refusals[0].message if answer.refusals else 'not to be read'}"
    return "Seen" if answer.new_count else "Seen already"


def _read(_: str, fields: Fields) -> pb.RecordCountReadsRequest:
    """Make a sight of one tag, scanned as hexadecimal. It was seen when the page says: it may be sent late."""
    read = pb.CountRead(epc=bytes.fromhex(fields["scanned"]), read_time=time_of(fields["act_time"]))
    return pb.RecordCountReadsRequest(
        count_id=fields["count_id"], zone_id=fields.get("zone_id", ""), reads=[read]
    )


def _quantity(_: str, fields: Fields) -> pb.RecordCountQuantitiesRequest:
    """Make the units of one item on one shelf, as of when they were counted: what moved since is no difference."""
    what = fields["scanned"]
    product = ledger_pb2.Product(gtin=what) if is_gtin(what) else ledger_pb2.Product(item_id=what)
    line = pb.CountQuantity(
        product=product,
        quantity=number(fields["quantity"]),
        spot=fields.get("spot", ""),
        count_time=time_of(fields["act_time"]),
    )
    return pb.RecordCountQuantitiesRequest(count_id=fields["count_id"], lines=[line])


def _finished(answer: pb.FinishCountResponse) -> str:
    result = answer.count.result
    return f"Finished: {result.missing_quantity} missing, {result.found_quantity} found"
