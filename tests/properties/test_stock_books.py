"""Ledger and reservations on a real database against a plain model of them."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from onhand.cli.audit import run as audit
from onhand.kit.db import Database
from onhand.kit.errors import HoldLimitReached, InsufficientStock, WrongState
from onhand.stock.config import StockSettings
from onhand.stock.domain.model import (
    Bucket,
    Cell,
    CellKey,
    Document,
    DocumentLine,
    Item,
    Location,
    Product,
    ReadPoint,
    Reason,
    ReservationState,
    Zone,
    ZoneKind,
)
from onhand.stock.domain.policies import Rule, Scope
from onhand.stock.domain.reads import RawRead
from onhand.stock.storage import books as storage
from onhand.stock.storage.reservations import Filter
from onhand.stock.use_cases import Availability, Catalog, Deps, Desk, Documents, Policies, Reads, Reservations
from onhand.stock.use_cases.desk import Move
from onhand.stock.use_cases.reservations import Hold

GTIN = "80614141123458"
EPCS = [bytes.fromhex(f"3074257BF7194E40000000{serial:02X}") for serial in range(1, 6)]
PLACES = ("a", "b")


class FakeClock:
    """Time that the machine moves."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 1, tzinfo=UTC)
        self._count = 0

    def now(self) -> datetime:
        return self.time

    def uuid(self) -> UUID:
        # Rising, as the system's are: the order of a tag's events is that of their ids.
        self._count += 1
        return UUID(int=(int(self.time.timestamp() * 1000) << 80) | 0x7 << 76 | 0b10 << 62 | self._count)

    def digits(self, count: int) -> str:
        return "0" * count


@dataclass
class Said:
    """What the merchant says of the item at a place."""

    safety_stock: int = 0
    customer_limit: int | None = None
    channel_limit: int | None = None
    orders_first: bool = False


@dataclass
class Note:
    """A hold as it stands on paper."""

    units: dict[str, int]
    """By place."""
    expiry: datetime | None
    """None: it is committed."""
    order_id: str
    customer_id: str
    create_time: datetime


class Model:
    """What a shopkeeper with paper and pencil would note."""

    def __init__(self) -> None:
        self.sellable = dict.fromkeys(PLACES, 0)
        self.damaged = dict.fromkeys(PLACES, 0)
        self.said = {place: Said() for place in PLACES}
        self.holds: dict[UUID, Note] = {}

    def live(self, now: datetime) -> list[Note]:
        return [each for each in self.holds.values() if each.expiry is None or each.expiry > now]

    def promised(self, place: str, now: datetime) -> int:
        return sum(each.units.get(place, 0) for each in self.live(now))

    def free(self, place: str, now: datetime) -> int:
        return self.sellable[place] - self.promised(place, now) - self.said[place].safety_stock

    def of_customer(self, asking: Note, now: datetime) -> int:
        """Return what the customer has; for an order, in other orders only."""
        mine = [each for each in self.live(now) if each.customer_id == asking.customer_id]
        if asking.order_id:
            mine = [each for each in mine if each.order_id not in ("", asking.order_id)]
        return sum(sum(each.units.values()) for each in mine)

    def in_baskets(self, place: str, now: datetime) -> int:
        return sum(each.units.get(place, 0) for each in self.live(now) if not each.order_id)

    def refused(self, asking: Note, place: str, units: int, now: datetime) -> bool:
        """Tell whether a limit is in the way."""
        said = self.said[place]
        mine = self.of_customer(asking, now) + units
        if asking.customer_id and said.customer_limit is not None and mine > said.customer_limit:
            return True
        baskets = self.in_baskets(place, now) + units
        return not asking.order_id and said.channel_limit is not None and baskets > said.channel_limit

    def giving_way(self, place: str, lack: int, now: datetime) -> list[UUID]:
        """Return the baskets that give way, the latest first; none if all together do not have enough."""
        chosen = []
        for identity, each in sorted(
            self.holds.items(), key=lambda pair: (pair[1].create_time, pair[0]), reverse=True
        ):
            is_basket = not each.order_id and each.expiry is not None and each.expiry > now
            if lack > 0 and is_basket and each.units.get(place):
                chosen.append(identity)
                lack -= each.units[place]
        return [] if lack > 0 else chosen


class Machine(RuleBasedStateMachine):
    loop: asyncio.AbstractEventLoop
    database: Database
    configured: StockSettings

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.item = f"i-{uuid4().hex}"
        self.places = {place: f"{place}-{uuid4().hex}" for place in PLACES}
        deps = Deps(self.database, self.clock, self.configured)
        self.documents, self.reservations = Documents(deps), Reservations(deps)
        self.availability, self.policies = Availability(deps), Policies(deps)
        self.desk = Desk(deps, self.reservations)
        self.model = Model()
        catalog = Catalog(deps)
        zones = (Zone("floor", ZoneKind.SALES_FLOOR), Zone("exit", ZoneKind.EXIT))
        locations = [
            Location(each, 1, "", b"", None, None, "UTC", "", True, True, 0, zones, ())
            for each in self.places.values()
        ]
        assert self.run(catalog.upsert_items([Item(self.item)])) == [None]
        assert self.run(catalog.upsert_locations(locations)) == [None, None]

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    def key(self, place: str) -> CellKey:
        return CellKey(self.places[place], self.item)

    def record(self, method: Callable[..., Any], place: str, *lines: DocumentLine) -> None:
        document = Document(self.places[place], "d", self.clock.time, lines, "test")
        self.run(self.database.transaction(lambda c: method(c, document)))

    def line(self, quantity: int, *buckets: Bucket) -> DocumentLine:
        return DocumentLine(Product(item_id=self.item), quantity, *buckets)

    @rule(place=st.sampled_from(PLACES), quantity=st.integers(1, 5))
    def receive(self, place: str, quantity: int) -> None:
        self.record(self.documents.receive, place, self.line(quantity))
        self.model.sellable[place] += quantity

    @rule(place=st.sampled_from(PLACES), quantity=st.integers(1, 3))
    def sell(self, place: str, quantity: int) -> None:
        self.record(self.documents.sell, place, self.line(quantity))
        self.model.sellable[place] -= quantity

    @rule(place=st.sampled_from(PLACES), quantity=st.integers(1, 2))
    def damage(self, place: str, quantity: int) -> None:
        self.record(self.documents.adjust, place, self.line(quantity, Bucket.SELLABLE, Bucket.DAMAGED))
        self.model.sellable[place] -= quantity
        self.model.damaged[place] += quantity

    @rule(place=st.sampled_from(PLACES), quantity=st.integers(1, 2))
    def mend(self, place: str, quantity: int) -> None:
        line = self.line(quantity, Bucket.DAMAGED, Bucket.SELLABLE)
        if quantity > self.model.damaged[place]:
            with pytest.raises(InsufficientStock):
                self.record(self.documents.adjust, place, line)
            return
        self.record(self.documents.adjust, place, line)
        self.model.sellable[place] += quantity
        self.model.damaged[place] -= quantity

    @rule(
        place=st.sampled_from(PLACES),
        safety_stock=st.integers(0, 2),
        customer_limit=st.sampled_from((None, 0, 4)),
        channel_limit=st.sampled_from((None, 5)),
        orders_first=st.booleans(),
    )
    def say(self, place: str, **terms: Any) -> None:
        rule = Rule(Scope(self.item, "", self.places[place]), **terms)
        self.run(self.policies.set([(rule, "")], "test"))
        self.model.said[place] = Said(**terms)

    @rule(
        place=st.sampled_from(PLACES),
        quantity=st.integers(1, 6),
        seconds=st.integers(1, 100),
        customer_id=st.sampled_from(("", "ann")),
        is_order=st.booleans(),
    )
    def hold(self, place: str, quantity: int, seconds: int, customer_id: str, is_order: bool) -> None:  # noqa: FBT001
        now, identity = self.clock.time, uuid4()
        order_id = f"o-{identity}" if is_order else ""
        customer_id = customer_id and f"{customer_id}-{self.item}"
        request = Hold(
            identity,
            [(self.key(place), quantity)],
            seconds,
            "web",
            customer_id,
            order_id,
            False,
            False,
            "test",
            b"",
            str,
        )
        note = Note({place: quantity}, now + timedelta(seconds=seconds), order_id, customer_id, now)
        free = self.model.free(place, now)
        # A cell that was never counted has nothing, whatever is said of it.
        if self.counted(place) and self.model.refused(note, place, quantity, now):
            with pytest.raises(HoldLimitReached):
                self.run(self.reservations.create(request))
            return
        losers: list[UUID] = []
        if free < quantity and is_order and self.model.said[place].orders_first:
            losers = self.model.giving_way(place, quantity - free, now)
        if free < quantity and not losers:
            with pytest.raises(InsufficientStock) as raised:
                self.run(self.reservations.create(request))
            assert raised.value.available == max(0, free)
            return
        self.run(self.reservations.create(request))
        for each in losers:
            del self.model.holds[each]
            assert self.run(self.reservations.get(each)).state is ReservationState.BUMPED
        self.model.holds[identity] = note

    def counted(self, place: str) -> bool:
        return bool(self.run(self.availability.read_now([self.item], [self.places[place]]))[0])

    @precondition(lambda self: self.model.holds)
    @rule(data=st.data(), action=st.sampled_from(("commit", "release", "fulfil", "extend")))
    def change_hold(self, data: st.DataObject, action: str) -> None:
        identity = data.draw(st.sampled_from(sorted(self.model.holds)))
        note, order_id = self.model.holds[identity], f"o-{identity}"
        work = {
            "commit": lambda c: self.reservations.commit(c, identity, order_id, "test"),
            "extend": lambda c: self.reservations.extend(c, identity, 50, "test"),
            "release": lambda c: self.reservations.release(c, identity, [], "test"),
            "fulfil": lambda c: self.reservations.fulfil(c, identity, [], Reason.COLLECTED, "test"),
        }[action]
        dead = note.expiry is not None and note.expiry <= self.clock.time
        if dead or (note.expiry is None and action in ("commit", "extend")):
            with pytest.raises(WrongState):
                self.run(self.database.transaction(work))
            return
        self.run(self.database.transaction(work))
        if action == "commit":
            note.expiry, note.order_id = None, order_id
        elif action == "extend":
            note.expiry = self.clock.time + timedelta(seconds=50)
        else:
            del self.model.holds[identity]
            for place, units in note.units.items():
                self.model.sellable[place] -= units if action == "fulfil" else 0

    @precondition(lambda self: self.model.holds)
    @rule(data=st.data(), partial=st.booleans())
    def transfer(self, data: st.DataObject, partial: bool) -> None:  # noqa: FBT001
        now, identity = self.clock.time, data.draw(st.sampled_from(sorted(self.model.holds)))
        note = self.model.holds[identity]
        here = data.draw(st.sampled_from(sorted(place for place in note.units if note.units[place])))
        (there,) = set(PLACES) - {here}
        units = data.draw(st.integers(1, note.units[here]))
        move = Move(identity, self.places[here], self.places[there], [(self.item, units)], partial, False)

        def work(connection: Any) -> Any:
            return self.desk.transfer(connection, move, "test")

        room, said = units, self.model.said[there]
        if not note.order_id and said.channel_limit is not None:
            room = min(units, max(0, said.channel_limit - self.model.in_baskets(there, now)))
        possible = min(room, max(0, self.model.free(there, now)))
        failure: type[Exception] | None = None
        if note.expiry is not None and note.expiry <= now:
            failure = WrongState
        elif room < units and not (partial and room):
            failure = HoldLimitReached
        elif possible < room and not (partial and possible):
            failure = InsufficientStock
        if failure is not None:
            with pytest.raises(failure):
                self.run(self.database.transaction(work))
            return
        self.run(self.database.transaction(work))
        note.units[here] -= possible
        note.units[there] = note.units.get(there, 0) + possible

    @rule(count=st.integers(1, 3))
    def release_the_oldest(self, count: int) -> None:
        now = self.clock.time
        held = {
            identity: each
            for identity, each in self.model.holds.items()
            if each.expiry is not None and each.expiry > now
        }
        wanted = sorted(held, key=lambda each: (held[each].create_time, each))
        released, more = self.run(
            self.database.transaction(
                lambda c: self.desk.release_many(
                    c, Filter(item_id=self.item), count, "test", lambda _: True, only_tell=False
                )
            )
        )
        assert [each.reservation_id for each in released] == wanted[:count]
        assert more == (len(wanted) > count)
        for identity in wanted[:count]:
            del self.model.holds[identity]

    @rule(seconds=st.integers(1, 60))
    def wait(self, seconds: int) -> None:
        self.clock.time += timedelta(seconds=seconds)

    @rule()
    def sweep(self) -> None:
        self.run(self.reservations.expire_due(100))

    @invariant()
    def the_books_say_what_the_paper_says(self) -> None:
        cells, _, _ = self.run(self.availability.read_now([self.item], list(self.places.values())))
        for place in PLACES:
            cell = cells.get(self.key(place))
            promised = self.model.promised(place, self.clock.time)
            if cell is None:
                assert self.model.sellable[place] == promised == 0
                continue
            assert cell.sellable == self.model.sellable[place]
            assert cell.unavailable == self.model.damaged[place]
            assert cell.reserved + cell.committed == promised
            assert cell.available == max(0, self.model.free(place, self.clock.time))


async def cell_of(database: Database, key: CellKey, now: datetime) -> Cell:
    """Return a cell as it is in the books."""
    (cell,) = await database.transaction(lambda c: storage.lock_cells(c, [key], now))
    return cell


class TagMachine(RuleBasedStateMachine):
    """Tags and tills on the same goods: on hand is what lies there, however it came and went."""

    loop: asyncio.AbstractEventLoop
    database: Database
    configured: StockSettings

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.store = f"t-{uuid4().hex}"
        # The model is of what each read says at once: no waiting at exits, no second look at returns.
        at_once = {"exit_confirm_s": 0, "return_dwell_s": 0, "reader_skew_s": 0, "sight_refresh_s": 0.1}
        deps = Deps(self.database, self.clock, self.configured.model_copy(update={**at_once, "epoch_s": 0.1}))
        self.documents, self.reads = Documents(deps), Reads(deps)
        self.availability = Availability(deps)
        catalog = Catalog(deps)
        zones = (
            Zone("floor", ZoneKind.SALES_FLOOR),
            Zone("back", ZoneKind.BACK_ROOM),
            Zone("exit", ZoneKind.EXIT),
        )
        location = Location(self.store, 1, "", b"", None, None, "UTC", "", True, True, 0, zones, ())
        points = [
            ReadPoint(self.store, antenna, self.store, zone.zone_id) for antenna, zone in enumerate(zones, 1)
        ]
        self.run(catalog.upsert_items([Item("tagged", (GTIN,), tagged=True)]))
        self.run(catalog.upsert_locations([location]))
        assert self.run(catalog.upsert_read_points(points)) == [None] * 3
        # Serials are of this example alone, so that examples do not see each other's tags.
        base = uuid4().int & 0x3FFFFF << 8
        self.epcs = [
            (int.from_bytes(epc) & ~0x3FFFFFFF | base | index).to_bytes(12) for index, epc in enumerate(EPCS)
        ]
        self.inside: set[bytes] = set()
        self.left_unsold: set[bytes] = set()
        self.sold_by_gtin = 0

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    def observe(self, epc: bytes, antenna: int) -> None:
        self.clock.time += timedelta(seconds=1)
        result = self.run(
            self.reads.record(self.store, [RawRead(epc, antenna, self.clock.time, -5000)], "test")
        )
        assert result.refused == 0

    @rule(index=st.integers(0, 4), antenna=st.sampled_from((1, 2)))
    def seen_inside(self, index: int, antenna: int) -> None:
        if self.sold_by_gtin and self.epcs[index] not in self.inside:
            return  # which of the tags was sold by bar code is not known: keep the model sharp
        self.observe(self.epcs[index], antenna)
        self.inside.add(self.epcs[index])
        self.left_unsold.discard(self.epcs[index])

    @precondition(lambda self: len(self.inside) > self.sold_by_gtin)
    @rule()
    def sold_by_bar_code(self) -> None:
        line = DocumentLine(Product(gtin=GTIN), 1)
        document = Document(self.store, "d", self.clock.time, [line], "test")
        self.run(self.database.transaction(lambda c: self.documents.sell(c, document)))
        self.sold_by_gtin += 1

    @precondition(lambda self: self.inside)
    @rule(data=st.data())
    def leaves_by_the_exit(self, data: st.DataObject) -> None:
        epc = data.draw(st.sampled_from(sorted(self.inside)))
        self.observe(epc, 3)
        self.inside.discard(epc)
        if self.sold_by_gtin:
            self.sold_by_gtin -= 1  # it was one of those
            self.clock.time += timedelta(hours=2)
        else:
            self.left_unsold.add(epc)

    @rule()
    def all_read_again(self) -> None:
        for epc in sorted(self.inside):
            self.observe(epc, 1)

    @invariant()
    def on_hand_is_what_lies_there(self) -> None:
        cell = self.run(cell_of(self.database, CellKey(self.store, "tagged"), self.clock.time))
        assert cell.buckets[Bucket.SELLABLE] == len(self.inside) - self.sold_by_gtin
        assert cell.buckets[Bucket.MISSING] == len(self.left_unsold)
        assert cell.unidentified == -self.sold_by_gtin


@pytest.fixture
def on_database(fresh_settings: Callable[..., Any]) -> Iterator[Callable[[type[Any], int], None]]:
    configured = fresh_settings("stock", StockSettings)
    loop = asyncio.new_event_loop()
    database = Database(configured, "test")

    def check(machine: type[Any], examples: int) -> None:
        machine.loop, machine.database, machine.configured = loop, database, configured
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=examples,
                stateful_step_count=25,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
        report = loop.run_until_complete(audit({"stock": str(configured.database_url)}))
        assert report.findings == []
        assert report.checked["movements"] > 0

    yield check
    loop.run_until_complete(database.close())
    loop.close()


EXAMPLES = [pytest.param(12, id="short"), pytest.param(300, id="long", marks=pytest.mark.long)]


@pytest.mark.parametrize("examples", EXAMPLES)
def test_ledger_and_reservations_do_what_a_plain_model_does(
    on_database: Callable[[type[Any], int], None], examples: int
) -> None:
    on_database(Machine, examples)


@pytest.mark.parametrize("examples", EXAMPLES)
def test_tags_and_tills_on_the_same_goods_count_each_unit_once(
    on_database: Callable[[type[Any], int], None], examples: int
) -> None:
    on_database(TagMachine, examples)
