"""Stock's own changes as EPCIS events, in the words of the CBV.

One event for what happened to goods of one kind at one place and time: the tags of a receipt are one event.
An event is made once, when it is published: later changes of master data do not change it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import groupby
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from onhand.stock.domain import epc as epc_codec
from onhand.stock.domain.epc import EpcError
from onhand.stock.domain.epcis import identifiers
from onhand.stock.domain.epcis.capture import utc
from onhand.stock.domain.model import COUNTED, INSIDE, Bucket, Reason, TagState, ZoneKind

CONTEXT = ({"onhand": "urn:onhand:epcis:"},)
"""Of the one field that is not the standard's: `onhand:change` names the change, so that two sales of the same
goods in one millisecond are two events."""
MAX_EPCS = 500
"""Tags of one event; protects those who read it."""

_Words = tuple[str, str]
_SEEN: dict[ZoneKind | None, _Words] = {
    ZoneKind.SALES_FLOOR: ("stocking", "sellable_accessible"),
    ZoneKind.FITTING_ROOM: ("stocking", "sellable_accessible"),
    ZoneKind.STAGING: ("staging_outbound", "sellable_not_accessible"),
    ZoneKind.EXIT: ("entering_exiting", "sellable_accessible"),
    ZoneKind.POS: ("retail_selling", "sellable_accessible"),
}
"""A tag appeared in a zone or moved there; in every other kind of zone it is stored."""
_STORED = ("storing", "sellable_not_accessible")
_OUT: dict[Reason, _Words] = {
    Reason.SOLD: ("retail_selling", "retail_sold"),
    Reason.COLLECTED: ("retail_selling", "retail_sold"),
    Reason.SHIPPED: ("shipping", "in_transit"),
    Reason.TRANSFERRED: ("shipping", "in_transit"),
    Reason.CROSSED: ("departing", "in_transit"),
    Reason.LEFT: ("entering_exiting", "unknown"),
    Reason.RECEIVED: ("void_shipping", "unknown"),
}
"""Units left the location; for every other reason they were counted, and not there."""
_NOT_THERE = ("cycle_counting", "unknown")
_ASIDE: dict[Bucket, _Words] = {
    Bucket.DAMAGED: ("inspecting", "damaged"),
    Bucket.QUALITY_CONTROL: ("inspecting", "non_conformant"),
    Bucket.QUARANTINED: ("holding", "non_sellable_other"),
    Bucket.MISSING: _NOT_THERE,
}


@dataclass(frozen=True, slots=True)
class Change:
    """One movement, or one tag event without a movement."""

    revision: int
    key: str
    """Orders the changes of a revision; names the change within this database."""
    location_id: str
    gln: str
    time_zone: str
    zone_id: str
    zone_kind: ZoneKind | None
    zone_before: str
    gtin: str
    epc: bytes | None
    state_before: TagState | None
    state: TagState | None
    reason: Reason | None
    """None: no movement."""
    from_bucket: Bucket | None
    to_bucket: Bucket | None
    quantity: int
    occur_time: datetime
    document: str


def events(changes: Iterable[Change]) -> list[tuple[str, dict[str, Any]]]:
    """Make the events of some changes, in their order: location and event of each."""
    changes = list(changes)
    known = links([each.epc for each in changes if each.epc])
    made = []
    for _, group in groupby(changes, _kind):
        together = list(group)
        words = _words(together[0])
        if words is None:
            continue
        for start in range(0, len(together), MAX_EPCS):
            part = together[start : start + MAX_EPCS]
            goods = _goods(part, known)
            if goods:
                made.append((part[0].location_id, _event(part[0], words, goods)))
    return made


def _kind(change: Change) -> tuple[Any, ...]:
    """Return what changes of one event have in common; untagged units are an event each."""
    apart = "" if change.epc else change.key
    return (
        change.revision,
        change.location_id,
        change.zone_id,
        _words(change),
        change.occur_time,
        change.document,
        apart,
    )


def _words(change: Change) -> _Words | None:  # noqa: PLR0911 - one a kind of change
    """Return business step and disposition; None for a change that is nobody's business."""
    seen = _SEEN.get(change.zone_kind, _STORED)
    if change.reason is None or change.from_bucket is None or change.to_bucket is None:
        moved = change.zone_id != change.zone_before or change.state_before not in COUNTED
        return seen if change.state in COUNTED and moved else None
    was_here, is_here = (
        each in INSIDE and each is not Bucket.IN_TRANSIT for each in (change.from_bucket, change.to_bucket)
    )
    if is_here and not was_here:
        return _arrival(change.reason, change.to_bucket, seen)
    if was_here and not is_here:
        return _OUT.get(change.reason, _NOT_THERE)
    if not is_here:
        return None  # on its way, and told by who sent it
    if change.from_bucket is Bucket.MISSING or change.to_bucket is Bucket.SELLABLE:
        return "inspecting" if change.from_bucket is not Bucket.MISSING else "cycle_counting", seen[1]
    if change.reason is Reason.LEFT:
        return _OUT[Reason.LEFT]
    return _ASIDE.get(change.to_bucket, _NOT_THERE)


def _arrival(reason: Reason, bucket: Bucket, seen: _Words) -> _Words:
    disposition = seen[1] if bucket is Bucket.SELLABLE else _ASIDE.get(bucket, seen)[1]
    match reason:
        case Reason.RECEIVED | Reason.TRANSFERRED:
            return "receiving", disposition
        case Reason.RETURNED:
            return "receiving", "returned"
        case Reason.CROSSED:
            return "arriving", disposition
        case Reason.COUNTED | Reason.FOUND | Reason.ADJUSTED:
            return "cycle_counting", disposition
        case _:
            return seen[0], disposition


def _goods(changes: Sequence[Change], known: Mapping[bytes, str]) -> dict[str, Any]:
    if changes[0].epc is None:
        if not changes[0].gtin:
            return {}
        epc_class = f"{identifiers.ORIGIN}/01/{changes[0].gtin}"
        return {"quantityList": [{"epcClass": epc_class, "quantity": changes[0].quantity}]}
    found = {known[each.epc] for each in changes if each.epc is not None and each.epc in known}
    return {"epcList": sorted(found)} if found else {}


def links(epcs: Iterable[bytes]) -> dict[bytes, str]:
    """Return the canonical link of each EPC that has one, those of the common scheme at once."""
    found = dict.fromkeys(epcs, "")
    common = [each for each in found if len(each) == epc_codec.SGTIN_96_BYTES]
    batch = epc_codec.decode_sgtin96_batch(b"".join(common))
    for epc, gtin, serial, valid in zip(
        common, batch.gtin14.tolist(), batch.serial.tolist(), batch.valid.tolist(), strict=True
    ):
        if valid:
            found[epc] = f"{identifiers.ORIGIN}/01/{gtin:014d}/21/{serial}"
    return {epc: named for epc, plain in found.items() if (named := plain or link(epc)) is not None}


def link(epc: bytes) -> str | None:
    """Return the canonical link of any EPC that has one."""
    try:
        decoded = epc_codec.decode_binary(epc)
    except EpcError:
        return None
    found = decoded.digital_link
    return identifiers.canonical(found.partition("?")[0]) if found else None


def _event(change: Change, words: _Words, goods: dict[str, Any]) -> dict[str, Any]:
    place = identifiers.place_uri(change.gln, change.location_id, "")
    read_point = identifiers.place_uri(change.gln, change.location_id, change.zone_id)
    event: dict[str, Any] = {
        "type": "ObjectEvent",
        "eventTime": utc(change.occur_time),
        "eventTimeZoneOffset": _offset(change.occur_time, change.time_zone),
        **goods,
        "action": "OBSERVE",
        "bizStep": words[0],
        "disposition": words[1],
        "readPoint": {"id": read_point},
    }
    if words[0] not in {"shipping", "departing"} and words[1] != "retail_sold":
        event["bizLocation"] = {"id": place}
    if change.document and change.gln and change.reason in {*_OUT, Reason.RETURNED}:
        number = quote(change.document, safe="-._~")
        event["bizTransactionList"] = [{"bizTransaction": f"urn:epcglobal:cbv:bt:{change.gln}:{number}"}]
    return event | {"onhand:change": f"{change.location_id}/{change.key}"}


@lru_cache(maxsize=2_000)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _offset(moment: datetime, time_zone: str) -> str:
    """Return the offset of a place's clocks from UTC, as at that moment."""
    local = moment.astimezone(_zone(time_zone) or UTC).isoformat()
    return local[-6:]
