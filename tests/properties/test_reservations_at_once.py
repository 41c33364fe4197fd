"""Several callers at once, over two replicas: in whatever order they are decided, no unit is promised twice."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.properties.test_stock_books import EXAMPLES, PLACES, FakeClock, on_database

from onhand.kit.db import Database
from onhand.kit.errors import InsufficientStock, WrongState
from onhand.stock.config import StockSettings
from onhand.stock.domain.model import (
    CellKey,
    Document,
    DocumentLine,
    Item,
    Location,
    Product,
    Reservation,
)
from onhand.stock.use_cases import Availability, Catalog, Deps, Documents, Reservations
from onhand.stock.use_cases.reservations import Hold

__all__ = ["on_database"]

HOLD_S = 50
Basket = Sequence[tuple[str, int]]
BASKETS = st.lists(st.tuples(st.sampled_from(PLACES), st.integers(1, 4)), min_size=1, max_size=3)
"""The same cell may come twice, and two cells in either order."""
CALLERS = st.lists(st.tuples(st.integers(0, 1), BASKETS), min_size=2, max_size=8)
"""Each with the replica that it asks."""
PICKS = st.integers(0, 99)
"""What is drawn must not depend on who won: the same draws may end otherwise the next time."""


def wanted(basket: Basket) -> dict[str, int]:
    return {place: sum(units for at, units in basket if at == place) for place in PLACES}


class Crowd(RuleBasedStateMachine):
    """What may come of calls that are under way together, whichever is first."""

    loop: asyncio.AbstractEventLoop
    database: Database
    configured: StockSettings

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.item = f"i-{uuid4().hex}"
        self.places = {place: f"{place}-{uuid4().hex}" for place in PLACES}
        deps = [Deps(self.database, self.clock, self.configured) for _ in range(2)]
        self.replicas = [Reservations(each) for each in deps]
        self.documents, self.availability = Documents(deps[0]), Availability(deps[0])
        self.units = dict.fromkeys(PLACES, 0)
        self.live: dict[UUID, tuple[dict[str, int], datetime | None]] = {}
        """Units by place, and when they run out; None: committed."""
        catalog = Catalog(deps[0])
        locations = [
            Location(each, 1, "", b"", None, None, "UTC", "", True, True, 0, (), ())
            for each in self.places.values()
        ]
        assert self.at_once(catalog.upsert_items([Item(self.item)])) == [[None]]
        assert self.at_once(catalog.upsert_locations(locations)) == [[None, None]]

    def at_once(self, *calls: Any) -> list[Any]:
        """Return what became of each call; the replicas' own refusals are answers, too."""

        async def together() -> list[Any]:
            return await asyncio.gather(*calls, return_exceptions=True)

        outcomes = self.loop.run_until_complete(together())
        for each in outcomes:
            if isinstance(each, BaseException) and not isinstance(each, InsufficientStock | WrongState):
                raise each
        return outcomes

    def hold(self, basket: Basket) -> Hold:
        lines = [(CellKey(self.places[place], self.item), units) for place, units in basket]
        return Hold(uuid4(), lines, HOLD_S, "web", "", "", False, False, "test", b"", str)

    def released(self, replica: int, identity: UUID) -> Any:
        return self.database.transaction(lambda c: self.replicas[replica].release(c, identity, [], "test"))

    def committed(self, replica: int, identity: UUID) -> Any:
        return self.database.transaction(lambda c: self.replicas[replica].commit(c, identity, "o", "test"))

    def ran_out(self, identity: UUID) -> bool:
        _, expiry = self.live[identity]
        return expiry is not None and expiry <= self.clock.time

    def promised(self, place: str) -> int:
        return sum(units[place] for each, (units, _) in self.live.items() if not self.ran_out(each))

    def free(self) -> dict[str, int]:
        return {place: self.units[place] - self.promised(place) for place in PLACES}

    def remember(self, hold: Hold, basket: Basket) -> None:
        expiry = self.clock.time + timedelta(seconds=HOLD_S)
        self.live[hold.reservation_id] = wanted(basket), expiry

    @rule(place=st.sampled_from(PLACES), quantity=st.integers(1, 6))
    def receive(self, place: str, quantity: int) -> None:
        lines = [DocumentLine(Product(item_id=self.item), quantity)]
        document = Document(self.places[place], "d", self.clock.time, lines, "test")
        self.at_once(self.database.transaction(lambda c: self.documents.receive(c, document)))
        self.units[place] += quantity

    def one(self, pick: int) -> UUID | None:
        """Choose one of those that are remembered; how many there are is for the race to say."""
        return sorted(self.live)[pick % len(self.live)] if self.live else None

    @rule(callers=CALLERS, pick=PICKS, at=st.integers(0, 8))
    def several_hold_while_one_gives_back(
        self, callers: list[tuple[int, Basket]], pick: int, at: int
    ) -> None:
        least = self.free()
        given_back = self.one(pick)
        if given_back and self.ran_out(given_back):
            given_back = None
        holds = [self.hold(basket) for _, basket in callers]
        calls = [self.replicas[at].create(hold) for (at, _), hold in zip(callers, holds, strict=True)]
        if given_back:
            at = min(at, len(calls))
            calls.insert(at, self.released(at % 2, given_back))
        outcomes = self.at_once(*calls)
        if given_back:
            assert not isinstance(outcomes.pop(at), Exception)
            del self.live[given_back]
        won = [not isinstance(each, InsufficientStock) for each in outcomes]
        for (_, basket), hold, mine in zip(callers, holds, won, strict=True):
            if mine:
                self.remember(hold, basket)
                least = {place: least[place] - units for place, units in wanted(basket).items()}
        assert min(self.free().values()) >= 0
        for (_, basket), mine in zip(callers, won, strict=True):
            # Whoever got nothing wanted more than was there even if all who got something came before.
            assert mine or any(units > least[place] for place, units in wanted(basket).items() if units)

    @rule(basket=BASKETS)
    def one_asks_both_replicas_at_once(self, basket: Basket) -> None:
        free, hold = self.free(), self.hold(basket)
        first, second = self.at_once(*(each.create(hold) for each in self.replicas))
        enough = all(units <= free[place] for place, units in wanted(basket).items())
        assert isinstance(first, Reservation) == isinstance(second, Reservation) == enough
        if enough:
            assert first.lines == second.lines
            self.remember(hold, basket)

    @rule(pick=PICKS)
    def commit_and_release_meet(self, pick: int) -> None:
        if (identity := self.one(pick)) is None:
            return
        ran_out, was_committed = self.ran_out(identity), self.live[identity][1] is None
        committed, released = self.at_once(self.committed(0, identity), self.released(1, identity))
        assert isinstance(released, WrongState) == ran_out
        assert isinstance(committed, WrongState) or not (ran_out or was_committed)
        if not ran_out:
            del self.live[identity]

    @rule(pick=PICKS)
    def two_commit(self, pick: int) -> None:
        if (identity := self.one(pick)) is None:
            return
        units, expiry = self.live[identity]
        may = expiry is not None and not self.ran_out(identity)
        outcomes = self.at_once(self.committed(0, identity), self.committed(1, identity))
        assert [isinstance(each, WrongState) for each in outcomes].count(False) == may
        if may:
            self.live[identity] = units, None

    @rule(seconds=st.integers(1, 60))
    def wait(self, seconds: int) -> None:
        self.clock.time += timedelta(seconds=seconds)

    @invariant()
    def the_books_say_what_was_promised(self) -> None:
        ((cells, _, _),) = self.at_once(self.availability.read_now([self.item], list(self.places.values())))
        for place in PLACES:
            cell = cells.get(CellKey(self.places[place], self.item))
            told = (cell.reserved + cell.committed, cell.available) if cell else (0, 0)
            assert told == (self.promised(place), self.units[place] - self.promised(place))


@pytest.mark.parametrize("examples", EXAMPLES)
def test_callers_at_once_never_have_a_unit_twice(
    on_database: Callable[[type[Any], int], None], examples: int
) -> None:
    on_database(Crowd, examples)
