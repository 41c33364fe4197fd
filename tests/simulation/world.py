"""Two shops side by side, the goods in them, and the people who carry them about.

Everything comes from one seed. `World.run` yields what readers post and tills book, in the order of arrival;
`World.truth` says where each tag really was at any time.
"""

import heapq
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
from tests.simulation.physics import SHADOW_DB, Antenna, Array, Wall, heard, mean_rssi

from onhand.stock.domain import epc as epc_codec
from onhand.stock.domain.model import ZoneKind

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
GTINS = tuple(f"8061414{number:06d}" for number in range(12))
SHOP, NEIGHBOUR = "shop", "neighbour"
FLOOR, BACK, FITTING, DOOR, EXIT = "floor", "back", "fitting", "door", "exit"
ZONES = {
    FLOOR: ZoneKind.SALES_FLOOR,
    BACK: ZoneKind.BACK_ROOM,
    FITTING: ZoneKind.FITTING_ROOM,
    DOOR: ZoneKind.TRANSITION,
    EXIT: ZoneKind.EXIT,
}
OUT = ("", "")
AREAS = {
    (SHOP, FLOOR): (1.5, 16.5, 0.5, 11.5),
    (SHOP, BACK): (17.5, 24.5, 0.5, 15.5),
    (SHOP, FITTING): (10.0, 16.5, 13.0, 15.5),
    (NEIGHBOUR, FLOOR): (1.5, 16.5, 17.0, 26.5),
    (NEIGHBOUR, BACK): (17.5, 24.5, 17.0, 26.5),
}
WALLS = [Wall(0, 17.0, 6.0), Wall(1, 16.2, 10.0), Wall(1, 12.2, 3.0, until=17.0)]
"""A partition between floor and back room, masonry between the two shops, and the fitting room's cubicles; one
way, in dB."""
FAR_AWAY = (1e4, 1e4)


@dataclass(frozen=True)
class Size:
    """How much goes on."""

    hours: float = 12
    tags: int = 320
    neighbour_tags: int = 90
    pass_s: float = 30
    shielded: float = 0.04
    """Share of tags that hardly answer: on metal, in a stack, against a body."""
    refills: int = 14
    tried_on: int = 40
    sold_by_tag: int = 40
    sold_by_bar_code: int = 16
    stolen: int = 6
    returned: int = 5
    deliveries: int = 3
    transferred: int = 4
    loitering: int = 10
    rearranged: int = 30
    foreign: int = 8
    outages: tuple[tuple[str, float, float], ...] = (("rear", 4.0, 50), ("ceiling", 7.5, 25))
    """Reader, when in hours, for how long in minutes."""
    skew_s: tuple[tuple[str, float], ...] = (("rear", 1.5), ("next", -2.0), ("handheld", 45.0))
    late: float = 0.04
    """Share of batches that come late, by up to `late_s`."""
    late_s: float = 22
    twice: float = 0.03
    """Share of batches that come twice."""


@dataclass(frozen=True)
class Batch:
    """What a reader posts: EPC, antenna, time, strength in 0.01 dBm."""

    reader_id: str
    reads: list[tuple[bytes, int, datetime, int]]


@dataclass(frozen=True)
class Till:
    """What is booked: `sold` or `returned` of an EPC, or `sold` of a GTIN."""

    kind: str
    location_id: str
    time: datetime
    epc: bytes = b""
    gtin: str = ""


@dataclass
class _Tag:
    epc: bytes
    gtin: str
    answers: float
    loss_db: float
    spot: tuple[float, float] = FAR_AWAY
    place: tuple[str, str] = OUT
    history: list[tuple[float, tuple[str, str]]] = field(default_factory=list)
    """Since when in seconds it is where: location and zone."""
    busy_until: float = 0
    carried: bool = False
    sold: bool = False


class World:
    def __init__(self, seed: int, size: Size | None = None) -> None:
        self.size = size or Size()
        self.random = np.random.default_rng(seed)
        self.antennas = [
            *(
                Antenna("ceiling", 1 + i, SHOP, FLOOR, x, y)
                for i, (x, y) in enumerate(_grid(1.5, 16, 0, 12, 3, 2))
            ),
            *(
                Antenna("rear", 1 + i, SHOP, BACK, x, y)
                for i, (x, y) in enumerate(_grid(17, 25, 0, 16, 1, 2))
            ),
            Antenna("rear", 3, SHOP, FITTING, 13.5, 14.6, 2.4),
            Antenna("gate", 1, SHOP, DOOR, 1.0, 6.0, 2.0, is_portal=True),
            Antenna("gate", 2, SHOP, EXIT, 0.0, 6.0, 2.0, is_portal=True),
            *(
                Antenna("next", 1 + i, NEIGHBOUR, FLOOR, x, y)
                for i, (x, y) in enumerate(_grid(1, 16, 17, 27, 2, 1))
            ),
            Antenna("next", 3, NEIGHBOUR, BACK, 21, 22),
        ]
        self.handheld = {1: (SHOP, FLOOR), 2: (SHOP, BACK)}
        self.tags: list[_Tag] = []
        self._by_epc: dict[bytes, _Tag] = {}
        self._plan: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._posted: list[tuple[float, int, Batch | Till]] = []
        self._rssi: Array = np.zeros((0, len(self.antennas)))
        self._now = 0.0
        for _ in range(self.size.tags):
            self._put(self._new_tag(), SHOP, FLOOR if self.random.random() < 0.6 else BACK)
        for _ in range(self.size.neighbour_tags):
            self._put(self._new_tag(), NEIGHBOUR, FLOOR if self.random.random() < 0.7 else BACK)
        for _ in range(self.size.foreign):
            self._put(self._new_tag(foreign=True), SHOP, FLOOR)
        self._plan_day()

    # What is asked of a world

    def read_points(self) -> list[tuple[str, int, str, str]]:
        """Return reader, antenna, location and zone of each read point."""
        fixed = [(each.reader_id, each.port, each.location_id, each.zone_id) for each in self.antennas]
        return [*fixed, *(("handheld", port, *place) for port, place in self.handheld.items())]

    def run(self) -> Iterator[tuple[datetime, Batch | Till]]:
        """Yield everything that arrives, and when, in that order."""
        end = self.size.hours * 3600
        while self._now < end:
            self._live_until(self._now)
            self._pass()
            self._now += self.size.pass_s
            while self._posted and self._posted[0][0] <= self._now - self.size.pass_s:
                yield self._arrival()
        while self._posted:
            yield self._arrival()

    def truth(self, epc: bytes, time: datetime) -> tuple[str, str]:
        """Return location and zone of a tag at a time; two empty ones when it is in no shop."""
        history = self.by_epc[epc].history
        index = bisect_right(history, (time - START).total_seconds(), key=lambda each: each[0])
        return history[index - 1][1] if index else OUT

    def was_in(self, epc: bytes, first: datetime, last: datetime) -> set[tuple[str, str]]:
        """Return every place where a tag was between two times."""
        a, b = ((each - START).total_seconds() for each in (first, last))
        return {self.truth(epc, first)} | {
            place for time, place in self.by_epc[epc].history if a <= time <= b
        }

    @property
    def by_epc(self) -> dict[bytes, _Tag]:
        if len(self._by_epc) != len(self.tags):
            self._by_epc = {tag.epc: tag for tag in self.tags}
        return self._by_epc

    # Tags and where they lie

    def _new_tag(self, *, foreign: bool = False) -> int:
        number = len(self.tags)
        shielded = self.random.random() < self.size.shielded
        answers = self.random.uniform(0.04, 0.12) if shielded else self.random.uniform(0.6, 0.7)
        gtin = "" if foreign else GTINS[int(self.random.integers(len(GTINS)))]
        epc = (
            bytes.fromhex("E2801160") + number.to_bytes(8)
            if foreign
            else epc_codec.to_binary(epc_codec.encode_sgtin96(_checked(gtin), 7, 10_000 + number))
        )
        self.tags.append(_Tag(epc, gtin and _checked(gtin), answers, 5.0 if shielded else 0.0))
        self._rssi = np.vstack([self._rssi, np.full(len(self.antennas), -200.0)])
        return number

    def _put(self, number: int, location_id: str, zone_id: str) -> None:
        left, right, bottom, top = AREAS[location_id, zone_id]
        spot = (float(self.random.uniform(left, right)), float(self.random.uniform(bottom, top)))
        self._set(number, spot, (location_id, zone_id))

    def _set(
        self, number: int, spot: tuple[float, float], place: tuple[str, str], *, carried: bool = False
    ) -> None:
        tag = self.tags[number]
        tag.spot, tag.carried = spot, carried
        if place != tag.place or not tag.history:
            tag.place = place
            tag.history.append((self._now, place))
        shadow = self.random.normal(0, SHADOW_DB, len(self.antennas))
        loss = tag.loss_db + 4.0 * carried
        self._rssi[number] = mean_rssi(np.array([spot]), self.antennas, WALLS)[0] + shadow - loss

    # People

    def _at(self, time: float, action: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._plan, (time, self._count, action))

    def _live_until(self, time: float) -> None:
        while self._plan and self._plan[0][0] <= time:
            when, _, action = heapq.heappop(self._plan)
            kept, self._now = self._now, when
            action()
            self._now = kept

    def _plan_day(self) -> None:
        size, random = self.size, self.random
        day = size.hours * 3600

        def times(count: int, first: float = 0.05, last: float = 0.9) -> list[float]:
            return sorted(random.uniform(first * day, last * day, count).tolist())

        acts: list[tuple[int, Callable[[], None]]] = [
            (size.refills, self._refill),
            (size.tried_on, self._try_on),
            (size.sold_by_tag, lambda: self._buy(by_tag=True)),
            (size.sold_by_bar_code, lambda: self._buy(by_tag=False)),
            (size.stolen, self._steal),
            (size.deliveries, self._deliver),
            (size.transferred, self._transfer),
            (size.loitering, self._loiter),
            (size.rearranged, self._rearrange),
        ]
        for count, act in acts:
            for time in times(count):
                self._at(time, act)
        for time in times(size.returned, 0.4):
            self._at(time, self._bring_back)
        self._at(0.6 * day, self._count_by_hand)

    def _free(self, *places: tuple[str, str]) -> int | None:
        """Pick a tag that lies in one of some places and nobody has in hand."""
        free = [
            index
            for index, tag in enumerate(self.tags)
            if tag.place in places and tag.busy_until <= self._now and tag.gtin and not tag.sold
        ]
        return int(self.random.choice(free)) if free else None

    def _carry(self, number: int, location_id: str, zone_id: str, seconds: float) -> None:
        """Carry a tag to another zone; on the way it is still where it was, and answers badly."""
        tag = self.tags[number]
        tag.busy_until = self._now + seconds + 60
        self._set(number, tag.spot, tag.place, carried=True)
        self._at(self._now + seconds, lambda: self._put(number, location_id, zone_id))

    def _refill(self) -> None:
        for _ in range(8):
            if (number := self._free((SHOP, BACK))) is not None:
                self._carry(number, SHOP, FLOOR, float(self.random.uniform(40, 240)))
        if (number := self._free((SHOP, FLOOR))) is not None:
            self._carry(number, SHOP, BACK, float(self.random.uniform(40, 120)))

    def _rearrange(self) -> None:
        if (number := self._free((SHOP, FLOOR))) is not None:
            self._carry(number, SHOP, FLOOR, 30)

    def _try_on(self) -> None:
        if (number := self._free((SHOP, FLOOR))) is None:
            return
        stay = float(self.random.uniform(240, 900))
        self._carry(number, SHOP, FITTING, 60)
        self.tags[number].busy_until = self._now + stay + 300
        self._at(self._now + 60 + stay, lambda: self._carry(number, SHOP, FLOOR, 60))

    def _buy(self, *, by_tag: bool) -> None:
        if (number := self._free((SHOP, FLOOR))) is None:
            return
        tag = self.tags[number]
        tag.busy_until = tag.busy_until = 1e9
        self._set(number, (3.0, 2.0), (SHOP, FLOOR), carried=True)

        def pay() -> None:
            tag.sold = True
            if by_tag:
                tag.history.append((self._now, OUT))
                self._post(0.5, Till("sold", SHOP, self._time(), epc=tag.epc))
            else:
                self._post(0.5, Till("sold", SHOP, self._time(), gtin=tag.gtin))
            self._at(self._now + float(self.random.uniform(20, 300)), lambda: self._go_out(number))

        self._at(self._now + float(self.random.uniform(60, 400)), pay)

    def _steal(self) -> None:
        if (number := self._free((SHOP, FLOOR))) is not None:
            self.tags[number].busy_until = 1e9
            self._set(number, self.tags[number].spot, (SHOP, FLOOR), carried=True)
            self._at(self._now + 60, lambda: self._go_out(number))

    def _bring_back(self) -> None:
        gone = [index for index, tag in enumerate(self.tags) if tag.sold and tag.place == OUT]
        if not gone:
            return
        number = int(self.random.choice(gone))
        tag = self.tags[number]
        self._gate(number, inwards=True)
        tag.place = (SHOP, FLOOR)  # unpaid goods again only once the till says so
        self._set(number, (3.0, 2.0), (SHOP, FLOOR), carried=True)

        def booked() -> None:
            tag.sold, tag.busy_until = False, self._now + 300
            tag.history.append((self._now, (SHOP, FLOOR)))
            self._post(0.5, Till("returned", SHOP, self._time(), epc=tag.epc))
            self._carry(number, SHOP, FLOOR, 120)

        self._at(self._now + 180, booked)

    def _deliver(self) -> None:
        for _ in range(10):
            self._put(self._new_tag(), SHOP, BACK)

    def _transfer(self) -> None:
        """A colleague carries goods over to the other shop."""
        if (number := self._free((SHOP, FLOOR), (SHOP, BACK))) is not None:
            self.tags[number].busy_until = 1e9
            self._go_out(number)
            self._at(self._now + 900, lambda: self._put(number, NEIGHBOUR, FLOOR))

    def _loiter(self) -> None:
        """Somebody steps out with goods in hand, and in again."""
        if (number := self._free((SHOP, FLOOR))) is None:
            return
        tag = self.tags[number]
        tag.busy_until = self._now + 120
        self._gate(number, inwards=False)
        stay = float(self.random.uniform(5, 20))
        if self.random.random() < 0.5:
            self._at(self._now + stay, lambda: self._gate(number, inwards=True))
        self._at(self._now + stay, lambda: self._put(number, SHOP, FLOOR))

    def _go_out(self, number: int) -> None:
        self._gate(number, inwards=False)
        self._set(number, FAR_AWAY, OUT)

    def _gate(self, number: int, *, inwards: bool) -> None:
        """A tag passes the two antennas of the exit, one after the other."""
        tag = self.tags[number]
        chance = 0.96 if tag.answers > 0.5 else 0.4
        reads = []
        for port, since in ((2, 0.0), (1, 1.2)) if inwards else ((1, 0.0), (2, 1.2)):
            for _ in range(3):
                if self.random.random() < chance * 0.6:
                    time = self._time() + timedelta(seconds=since + float(self.random.uniform(0, 1)))
                    rssi = round(float(self.random.normal(-48, 4)) * 100)
                    reads.append((tag.epc, port, time, rssi))
        if reads:
            self._post_batch("gate", reads, 3.0)

    def _count_by_hand(self) -> None:
        """An associate walks the shop with a handheld, which hears nearly all from near."""
        for index, tag in enumerate(self.tags):
            port = {(SHOP, FLOOR): 1, (SHOP, BACK): 2}.get(tag.place)
            if port is None or self.random.random() > min(1.0, tag.answers * 1.5):
                continue
            time = self._time() + timedelta(seconds=5 + index % 50 + (60 if port == 2 else 0))
            read = (tag.epc, port, time, round(float(self.random.normal(-46, 5)) * 100))
            self._post_batch("handheld", [read], (time - self._time()).total_seconds() + 1)

    # Readers

    def _pass(self) -> None:
        answers = np.array([tag.answers * (0.5 if tag.carried else 1) for tag in self.tags])
        tags, antennas, rssi = heard(self.random, self._rssi, answers)
        slot = self.size.pass_s / 6
        offsets = self.random.uniform(0, slot, len(tags))
        by_antenna: dict[int, list[tuple[bytes, int, datetime, int]]] = {}
        now = self._time()
        for tag, number, strength, offset in zip(
            tags.tolist(), antennas.tolist(), rssi.tolist(), offsets.tolist(), strict=True
        ):
            antenna = self.antennas[number]
            # Antennas of a reader take turns.
            time = now + timedelta(seconds=(antenna.port - 1) * slot + offset)
            by_antenna.setdefault(number, []).append(
                (self.tags[tag].epc, antenna.port, time, round(strength * 100))
            )
        for number, reads in sorted(by_antenna.items()):
            antenna = self.antennas[number]
            self._post_batch(antenna.reader_id, reads, antenna.port * slot)

    def _post_batch(
        self, reader_id: str, reads: list[tuple[bytes, int, datetime, int]], after_s: float
    ) -> None:
        hour = self._now / 3600
        if any(
            reader == reader_id and at <= hour < at + minutes / 60
            for reader, at, minutes in self.size.outages
        ):
            return
        skew = timedelta(seconds=dict(self.size.skew_s).get(reader_id, 0))
        batch = Batch(reader_id, [(epc, port, time + skew, rssi) for epc, port, time, rssi in reads])
        delay = after_s + float(self.random.uniform(0.1, 1.5))
        late = self.random.random() < self.size.late
        self._post(delay + (float(self.random.uniform(0, self.size.late_s)) if late else 0), batch)
        if self.random.random() < self.size.twice:
            self._post(delay + float(self.random.uniform(0, 10)), batch)

    def _post(self, delay: float, what: Batch | Till) -> None:
        self._count += 1
        heapq.heappush(self._posted, (self._now + delay, self._count, what))

    def _arrival(self) -> tuple[datetime, Batch | Till]:
        at, _, what = heapq.heappop(self._posted)
        return START + timedelta(seconds=at), what

    def _time(self) -> datetime:
        return START + timedelta(seconds=self._now)


def _grid(
    left: float, right: float, bottom: float, top: float, columns: int, rows: int
) -> list[tuple[float, float]]:
    width, height = (right - left) / columns, (top - bottom) / rows
    return [
        (left + width * (column + 0.5), bottom + height * (row + 0.5))
        for column in range(columns)
        for row in range(rows)
    ]


def _checked(body: str) -> str:
    """Return a GTIN-14 with its check digit."""
    total = sum(int(digit) * (3 if index % 2 == 0 else 1) for index, digit in enumerate(body))
    return f"{body}{-total % 10}"
