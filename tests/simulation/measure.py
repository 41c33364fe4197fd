"""Held against the truth: who is present, in which zone, and which moves never were."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.simulation.shop import PureShop
from tests.simulation.world import BACK, FLOOR, START, World

from onhand.stock.domain.model import COUNTED, Reason, TagEvent

SAMPLE = timedelta(minutes=2)
WARM_UP = timedelta(minutes=10)
"""Not measured: nobody can know where a tag is before it was read."""
SLACK = timedelta(minutes=10)
"""A move is true when the tag was where it is said to be within this time before."""


@dataclass
class Figures:
    presence_right: int = 0
    presence_asked: int = 0
    zone_right: int = 0
    zone_asked: int = 0
    tag_hours: float = 0
    moves: int = 0
    false_moves: list[tuple[TagEvent, set[tuple[str, str]]]] = field(default_factory=list)
    wrong: Counter[str] = field(default_factory=Counter)

    @property
    def presence(self) -> float:
        return self.presence_right / self.presence_asked

    @property
    def zone(self) -> float:
        return self.zone_right / self.zone_asked

    @property
    def false_moves_a_thousand_tag_hours(self) -> float:
        return 1000 * len(self.false_moves) / self.tag_hours

    def __str__(self) -> str:
        return (
            f"presence right {self.presence:.3%} of {self.presence_asked:,}\n"
            f"floor or back room right {self.zone:.3%} of {self.zone_asked:,}\n"
            f"false moves {self.false_moves_a_thousand_tag_hours:.2f} a thousand tag-hours "
            f"({len(self.false_moves)} of {self.moves} moves in {self.tag_hours:,.0f} tag-hours)"
        )


def play(world: World, shop: PureShop) -> Figures:
    """Play the world to the shop, looking at it now and then as a customer might."""
    figures = Figures()
    look = START + WARM_UP
    for now, what in world.run():
        shop.take(what, now)
        shop.tick(now)
        if now >= look:
            _look(world, shop, look, figures)
            look += SAMPLE
    judge_moves(world, shop, figures)
    return figures


def _look(world: World, shop: PureShop, time: datetime, figures: Figures) -> None:
    locations = sorted({location for location, _ in shop.kinds})
    for tag in world.tags:
        if not tag.gtin:
            continue
        there, zone = world.truth(tag.epc, time)
        figures.tag_hours += SAMPLE / timedelta(hours=1) if there else 0
        for location in locations:
            row = shop.tags.get((location, tag.epc))
            counted = row is not None and row.item_id is not None and row.state in COUNTED
            if not counted and there != location:
                continue  # nothing to get wrong
            figures.presence_asked += 1
            figures.presence_right += counted == (there == location)
            if counted != (there == location):
                figures.wrong[
                    f"{there or 'out'} counted={counted} at {location} row={row and row.state.name}"
                ] += 1
            if counted and there == location and zone in (FLOOR, BACK) and row is not None:
                figures.zone_asked += 1
                figures.zone_right += row.zone_id == zone
                if row.zone_id != zone:
                    figures.wrong[f"{zone} seen in {row.zone_id}"] += 1


def judge_moves(world: World, shop: PureShop, figures: Figures) -> None:
    """Find the moves that reads made the shop believe and that nobody made."""
    booked = {each.movement_id for each in shop.movements if each.reason in (Reason.SOLD, Reason.RETURNED)}
    for event in shop.tag_events:
        tag = event.tag
        if tag.item_id is None or (event.movement_id in booked and event.movement_id is not None):
            continue
        counts, counted = tag.state in COUNTED, event.state_before in COUNTED
        if not counts and not counted:
            continue
        if counts and counted and tag.zone_id == event.zone_before:
            continue  # only its confirmation changed
        figures.moves += 1
        places = world.was_in(tag.epc, event.occur_time - SLACK, event.occur_time + timedelta(seconds=60))
        if not counts:
            away = {place for place, _ in places} - {tag.location_id}
            is_true = bool(away)
        elif counted and event.zone_before:
            is_true = (tag.location_id, tag.zone_id) in places
        else:
            is_true = tag.location_id in {place for place, _ in places}
        if not is_true:
            figures.false_moves.append((event, places))
