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


class Places:
    """Finds places in one transaction; most events of a document are about the same few."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], list[tuple[str, frozenset[str]]]] = {}

    async def find(
        self, connection: AsyncConnection, facts: Facts, effect: Effect, locations: frozenset[str] | None
    ) -> Place:
        """Find where an event counts.

        Raises WrongLocation for a place that is not among the caller's `locations` (None: all), InvalidField
        for a GLN of several locations.
        """
        uris = (facts.read_point, facts.biz_location)
        order = uris if effect in OUTBOUND else uris[::-1]
        found = [each for uri in order if (each := await self._of_uri(connection, uri)) is not None]
        if locations is not None:
            wrong = [location_id for location_id, _ in found if location_id not in locations]
            if wrong or not found:
                raise WrongLocation(wrong[0] if wrong else order[0] or order[1])
        if not found:
            return Place()
        here = found[0][0]
        zone_id = next((zone for location_id, zone in found if zone and location_id == here), "")
        destination = await self._of_uri(connection, facts.destination)
        there = destination[0] if destination and destination[0] != here else ""
        return Place(here, zone_id, there)

    async def _of_uri(self, connection: AsyncConnection, uri: str) -> tuple[str, str] | None:
        """Return location and zone that a URI names, the zone empty when none; None when it is not ours."""
        named = identifiers.place_of(uri)
        if named is None:
            return None
        gln, location_id, zone_id = named
        if (gln, location_id) not in self._known:
            self._known[gln, location_id] = await rows.places(connection, location_id, gln)
        known = self._known[gln, location_id]
        if len(known) > 1:
            raise InvalidField([FieldViolation("bizLocation", f"{len(known)} locations have the GLN {gln}")])
        return (known[0][0], zone_id if zone_id in known[0][1] else "") if known else None
