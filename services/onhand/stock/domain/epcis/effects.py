"""What an event does to stock, by its business step and disposition.

The table that people read is in docs/epcis.md; this is it as code. What is not in it is kept, can be asked
for, and changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from onhand.stock.domain.epcis import identifiers
from onhand.stock.domain.epcis.vocabulary import bare
from onhand.stock.domain.model import Bucket


class Effect(Enum):
    NONE = "none"
    RECEIVE = "receive"
    SELL = "sell"
    TAKE_BACK = "take back"
    SHIP = "ship"
    UNSHIP = "unship"
    PLACE = "place"
    """The goods are here, in this zone, and of this bucket."""
    WRITE_OFF = "write off"


ARRIVALS = frozenset({"receiving", "accepting"})
SIGHTS = frozenset(
    {
        "stocking",
        "storing",
        "holding",
        "inspecting",
        "picking",
        "staging_outbound",
        "cycle_counting",
        "stock_taking",
    }
)
"""Steps that say that the goods are where the event says."""
ASIDE = {
    "damaged": Bucket.DAMAGED,
    "non_sellable_other": Bucket.QUARANTINED,
    "recalled": Bucket.QUARANTINED,
    "expired": Bucket.QUARANTINED,
    "non_conformant": Bucket.QUALITY_CONTROL,
    "needs_replacement": Bucket.QUALITY_CONTROL,
}
"""Dispositions of goods that lie here and are not for sale."""
FOR_SALE = frozenset({"sellable_accessible", "sellable_not_accessible", "available", "conformant"})
GONE = frozenset({"destroyed", "disposed", "stolen"})


@dataclass(frozen=True, slots=True)
class Ruling:
    effect: Effect
    bucket: Bucket | None = None
    """Of which the goods are afterwards; None: as the effect has it."""
    why: str = ""
    """Why there is no effect."""


def ruling(event: Mapping[str, Any]) -> Ruling:
    """Decide what an event does to stock."""
    kind = event["type"]
    if "errorDeclaration" in event:
        return Ruling(Effect.NONE, why="an event declared in error is not undone by itself")
    if kind not in {"ObjectEvent", "AggregationEvent", "TransactionEvent"}:
        return Ruling(Effect.NONE, why=f"a {kind[:100]} changes no stock")
    if event.get("action") == "DELETE" and kind != "ObjectEvent":
        return Ruling(Effect.NONE, why="the end of a bond between goods changes no stock")
    step = bare("bizStep", event.get("bizStep", ""))
    disposition = bare("disposition", event.get("disposition", ""))
    found = _by_step(step, disposition) or _by_disposition(step, disposition)
    named = " with ".join(each for each in (step, disposition) if each)
    why = f"{named or 'neither bizStep nor disposition'} changes no stock"
    return found or Ruling(Effect.NONE, why=why)


def _by_step(step: str, disposition: str) -> Ruling | None:
    """Return what a step does that alone says enough."""
    if step in ARRIVALS:
        returned = disposition == "returned"
        return Ruling(Effect.TAKE_BACK) if returned else Ruling(Effect.RECEIVE, ASIDE.get(disposition))
    if step == "retail_selling" and disposition in {"", "retail_sold"}:
        return Ruling(Effect.SELL)
    if step == "destroying":
        return Ruling(Effect.WRITE_OFF, Bucket.SHRINK)
    effect = {"shipping": Effect.SHIP, "void_shipping": Effect.UNSHIP}.get(step)
    return Ruling(effect) if effect else None


def _by_disposition(step: str, disposition: str) -> Ruling | None:
    """Return what the state of goods does that are here."""
    if step in SIGHTS | {"", "other", "removing"}:
        if disposition in GONE:
            return Ruling(Effect.WRITE_OFF, Bucket.SHRINK)
        if disposition in ASIDE:
            return Ruling(Effect.PLACE, ASIDE[disposition])
    if step in SIGHTS:
        return Ruling(Effect.PLACE, Bucket.SELLABLE if disposition in FOR_SALE else None)
    return None


@dataclass(frozen=True, slots=True)
class ClassLine:
    """Goods named by their class."""

    epc_class: str
    quantity: float | None
    """None: not said."""
    unit: str
    """Empty: pieces."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What stock reads of an event."""

    event_time: datetime
    epcs: tuple[str, ...]
    lines: tuple[ClassLine, ...]
    sscc: str
    """Of the one logistic unit that the event names; else empty."""
    read_point: str
    biz_location: str
    destination: str
    """The place that goods go to; else empty."""
    advice: str
    """The dispatch advice that the event names; else empty."""


def facts(event: Mapping[str, Any], event_time: datetime) -> Facts:
    aggregated = event["type"] == "AggregationEvent"
    epcs = event.get("childEPCs" if aggregated else "epcList", ())
    lines = event.get("childQuantityList" if aggregated else "quantityList", ())
    ssccs = {sscc for each in (*epcs, event.get("parentID", "")) if (sscc := _sscc(each))}
    destinations = [
        each["destination"]
        for each in event.get("destinationList", ())
        if bare("party", each["type"]) == "location"
    ]
    advices = [
        each["bizTransaction"]
        for each in event.get("bizTransactionList", ())
        if bare("bizTransaction", each.get("type", "")) == "desadv"
    ]
    return Facts(
        event_time,
        tuple(epcs),
        tuple(ClassLine(each["epcClass"], each.get("quantity"), each.get("uom", "")) for each in lines),
        ssccs.pop() if len(ssccs) == 1 else "",
        event.get("readPoint", {}).get("id", ""),
        event.get("bizLocation", {}).get("id", ""),
        destinations[0] if destinations else "",
        advices[0] if advices else "",
    )


def _sscc(uri: str) -> str:
    found = identifiers.instance(uri)
    return str(found.gs1_key) if found is not None and found.family.name == "SSCC" else ""
