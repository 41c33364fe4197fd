"""Whether what was scanned is what a task asks for."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from onhand.kit.errors import InvalidGtin, WrongProduct
from onhand.pickup.domain.task import Task, TaskLine

GTIN_LENGTHS = (8, 12, 13, 14)


@dataclass(frozen=True, slots=True)
class Sighting:
    """What stock knows of a tag at one location."""

    epc: str
    """Upper-case hexadecimal."""
    item_id: str
    """Empty while unknown."""
    location_id: str
    here: bool
    """Counted there, or could be found there; false once it was sold, shipped or left."""
    zone_id: str = ""
    last_seen_time: datetime | None = None


def identify(scanned: str, sightings: Iterable[Sighting], location_id: str, wanted: str) -> Sighting:
    """Return the sighting of a scanned tag at the location.

    Raises WrongProduct unless the tag is in stock there; it says where it belongs instead.
    """
    elsewhere = ""
    for each in sightings:
        if each.location_id == location_id and each.here:
            return each
        if each.here:
            elsewhere = each.location_id
    if elsewhere:
        raise WrongProduct(f"{scanned} (of {elsewhere})", wanted, "OTHER_LOCATION")
    raise WrongProduct(f"{scanned} (not in stock here)", wanted, "NOT_HERE")


def tag_of(scanned: str, sightings: Iterable[Sighting], location_id: str, line: TaskLine) -> str:
    """Return the EPC of a scanned tag in hexadecimal.

    Raises WrongProduct unless it is of the line's item, and in stock at the location.
    """
    found = identify(scanned, sightings, location_id, line.item_id)
    if found.item_id != line.item_id:
        raise WrongProduct(f"{scanned} (item {found.item_id or 'unknown'})", line.item_id, "WRONG_ITEM")
    return found.epc


def is_gtin(scanned: str) -> bool:
    """Tell whether a scan is a bar code; a tag's hexadecimal has 16 digits at least."""
    text = scanned.strip()
    return text.isascii() and text.isdigit() and len(text) in GTIN_LENGTHS


def wanting(tasks: Iterable[Task], item_id: str, quantity: int) -> tuple[Task, TaskLine] | None:
    """Return the line that wants units of an item, of the most urgent task where several do."""
    urgent = sorted(tasks, key=lambda task: (task.assignment.promise_time, task.task_id))
    for task in urgent:
        for line in task.lines:
            if line.item_id == item_id and line.left >= quantity:
                return task, line
    return None


def check_gtin(scanned: str, item_gtins: Iterable[str], line: TaskLine) -> None:
    """Raise WrongProduct unless the bar code is one of the item's, whose GTINs have 14 digits."""
    if gtin14(scanned) not in item_gtins:
        raise WrongProduct(scanned, line.item_id)


def gtin14(scanned: str) -> str:
    """Return a GTIN with 14 digits; raises InvalidGtin (GS1 General Specifications, section 7.9)."""
    digits = scanned.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) in GTIN_LENGTHS):
        raise InvalidGtin(scanned, "it must have 8, 12, 13 or 14 digits")
    padded = digits.zfill(14)
    if sum(int(digit) * (3, 1)[place % 2] for place, digit in enumerate(padded)) % 10:
        raise InvalidGtin(scanned, "its check digit is wrong")
    return padded
