"""Which of our locations an EPCIS event is about."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit.errors import FieldViolation, InvalidField, WrongLocation
from onhand.stock.domain.epcis import identifiers
from onhand.stock.domain.epcis.effects import Effect, Facts
from onhand.stock.storage import epcis as rows

OUTBOUND = frozenset({Effect.SHIP, Effect.SELL, Effect.WRITE_OFF})
"""The goods were where they were read; of other effects, they are where they are afterwards."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event counts; an empty location when that is none of ours."""

    location_id: str = ""
    zone_id: str = ""
    destination_id: str = ""


async def find_place(
    connection: AsyncConnection, facts: Facts, effect: Effect, locations: frozenset[str] | None
) -> Place:
    """Find where an event counts.

    Raises WrongLocation for a place that is not among the caller's `locations` (None: all), InvalidField
    for a GLN of several locations.
    """
    uris = (facts.read_point, facts.biz_location)
    order = uris if effect in OUTBOUND else uris[::-1]
    named = {uri: identifiers.place_of(uri) for uri in (*uris, facts.destination) if uri}
    parts = [each for each in named.values() if each]
    known = await rows.places(connection, [each[1] for each in parts], [each[0] for each in parts])
    found: dict[str, tuple[str, str]] = {}
    for uri, part in named.items():
        if part is None:
            continue
        gln, location_id, zone_id = part
        matches = [each for each in known if (each[1] == gln if gln else each[0] == location_id)]
        if len(matches) > 1:
            raise InvalidField(
                [FieldViolation("bizLocation", f"{len(matches)} locations have the GLN {gln}")]
            )
        if matches:
            found[uri] = matches[0][0], zone_id if zone_id in matches[0][2] else ""
    here = next((found[uri] for uri in order if uri in found), None)
    if locations is not None:
        for uri in uris:
            if uri in found and found[uri][0] not in locations:
                raise WrongLocation(found[uri][0])
        if here is None:
            raise WrongLocation(order[0] or order[1] or "")
    if here is None:
        return Place()
    zones = [found[uri][1] for uri in order if uri in found and found[uri][0] == here[0]]
    destination = found.get(facts.destination, ("", ""))[0]
    zone_id = next((each for each in zones if each), "")
    return Place(here[0], zone_id, destination if destination != here[0] else "")
