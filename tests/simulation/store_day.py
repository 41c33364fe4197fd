"""A day of a real store: its till's lines as they were, and simulated readers over the goods behind them."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
from tests.simulation.world import DOOR, EXIT, FLOOR, SHOP, Batch, Till

from onhand.demo import data
from onhand.stock.domain import epc as epc_codec

READER = "store"
PORTS = {1: FLOOR, 2: DOOR, 3: EXIT}
PASS_S = 60
READ_RATE = 0.65
UNSOLD = 0.5
"""Units that nobody buys, for each one that somebody does."""
BY_BAR_CODE = 0.2
MOST_OF_A_LINE = 5
"""Units of a line that carry a tag; more of one thing at once are mostly bulk goods."""
TO_THE_DOOR_S = 60


class StoreDay:
    """Goods lie on the floor from the opening on, are sold as the till's lines say, and leave by the door."""

    def __init__(self, seed: int, day: date = data.BUSY_DAY, baskets: int | None = None) -> None:
        """Take all baskets of the day's busiest store, or some one after another in its middle."""
        self._random = np.random.default_rng(seed)
        self._midnight = datetime.combine(day, time(), UTC)
        found = sorted(data.load(day, 1).baskets, key=lambda each: each.second)
        middle = len(found) // 2
        self.baskets = found if baskets is None else found[middle : middle + baskets]
        products = {line.product_id for basket in self.baskets for line in basket.lines}
        bodies = {each: f"00614141{number:05}" for number, each in enumerate(sorted(products))}
        self._gtins = {each: body + epc_codec.check_digit(body) for each, body in bodies.items()}
        self.items = {gtin: f"item-{product}" for product, gtin in self._gtins.items()}
        self._epcs: list[bytes] = []
        self._gone: list[float] = []
        """When each tag is carried out, seconds of the day."""
        self._tills: list[tuple[float, Till]] = []
        for basket in self.baskets:
            for line in basket.lines:
                self._stock(line.product_id, min(line.quantity, MOST_OF_A_LINE), basket.second)

    @property
    def units_sold(self) -> int:
        return len(self._tills)

    def read_points(self) -> list[tuple[str, int, str, str]]:
        return [(READER, port, SHOP, zone) for port, zone in PORTS.items()]

    def run(self) -> Iterator[tuple[datetime, Batch | Till]]:
        """Yield what is posted and booked, in order, from before the first basket until the last has gone."""
        first, last = self.baskets[0].second - 10 * PASS_S, self.baskets[-1].second + 10 * PASS_S
        arrivals: list[tuple[float, Batch | Till]] = list(self._tills)
        for second in np.arange(first, last, PASS_S):
            inside = [number for number, gone in enumerate(self._gone) if gone > second + 5]
            read = [number for number in inside if self._random.random() < READ_RATE]
            arrivals.append(
                (second + 6, self._batch([(n, 1, second + 5 * self._random.random()) for n in read]))
            )
        for number, gone in enumerate(self._gone):
            if np.isfinite(gone):
                arrivals.append((gone + 3, self._batch([(number, 2, gone - 1), (number, 3, gone + 1)])))
        for second, what in sorted(arrivals, key=lambda each: each[0]):
            yield self._time(second), what

    def _stock(self, product_id: int, quantity: int, sold: int) -> None:
        """Put goods on the shelf: those of a line, and some that nobody buys."""
        gtin = self._gtins[product_id]
        for _ in range(quantity):
            epc = self._tag(gtin, sold + TO_THE_DOOR_S + 30 * float(self._random.random()))
            named = (
                {"epc": b"", "gtin": gtin}
                if self._random.random() < BY_BAR_CODE
                else {"epc": epc, "gtin": ""}
            )
            self._tills.append((sold, Till("sold", SHOP, time=self._time(sold), **named)))
            if self._random.random() < UNSOLD:
                self._tag(gtin, float("inf"))

    def _tag(self, gtin: str, gone: float) -> bytes:
        epc = epc_codec.to_binary(epc_codec.encode_sgtin96(gtin, 7, len(self._epcs)))
        self._epcs.append(epc)
        self._gone.append(gone)
        return epc

    def _batch(self, reads: list[tuple[int, int, float]]) -> Batch:
        strengths = self._random.normal(-5300, 200, len(reads))
        return Batch(
            READER,
            [
                (self._epcs[number], port, self._time(second), round(rssi))
                for (number, port, second), rssi in zip(reads, strengths, strict=True)
            ],
        )

    def _time(self, second: float) -> datetime:
        return self._midnight + timedelta(seconds=float(second))
