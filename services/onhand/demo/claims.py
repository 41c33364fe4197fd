"""What must hold after the day. Each claim is computed from facts that were asked for, not assumed."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from onhand.demo.last_unit import Race
from onhand.demo.live import END_STATES
from onhand.demo.tally import ReadTally

MAX_SHOWN = 3
KEPT_SHARE = 0.99
Key = tuple[str, str]
"""Location and item."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as stock's database has it."""

    on_hand: int
    unavailable: int
    reserved: int
    committed: int
    safety_stock: int
    available: int

    @property
    def free(self) -> int:
        """Units that nobody was promised; below 0 where more was promised than is there."""
        return self.on_hand - self.unavailable - self.reserved - self.committed


@dataclass(frozen=True, slots=True)
class Flows:
    """Units of a cell by its movements, as the API lists them."""

    on_hand: int = 0
    came: int = 0
    sold: int = 0
    handed_over: int = 0
    """Collected or shipped for orders."""


@dataclass(frozen=True, slots=True)
class Promises:
    """Lines by what became of the first promise that was given for them."""

    kept: int
    broken: int
    withdrawn: int
    """Given up for want of stock."""


@dataclass(frozen=True)
class Facts:
    """What was counted at the callers, in the stores, and asked of the services at the end."""

    reads: ReadTally
    units_sold: int
    units_handed_over: int
    cells: Mapping[Key, Cell]
    flows: Mapping[Key, Flows]
    shelf: Mapping[Key, int]
    """The demo's own recount."""
    live_differs: Sequence[Key]
    """Cells where the stream and the database still disagree."""
    unknown_tags: int
    """Tags on the shelves that stock does not know to be there."""
    races: Sequence[Race]
    orders: Mapping[str, str]
    collected_codes: Collection[str]
    promises: Promises
    """By the report of routing."""
    messages_sent: int
    messages_unsent: int
    mails: int
    deliveries: int
    audit_code: int
    audit_said: str
    failures: Sequence[str] = field(default_factory=list)
    under_faults: bool = False
    """Processes were killed: a mail that one had in hand may have come again, under the same id."""


@dataclass(frozen=True, slots=True)
class Claim:
    text: str
    held: bool
    seen: str
    """The numbers behind it."""


def oversold(facts: Facts) -> int:
    """Units that were sold or promised and were not there."""
    left = sum(max(0, flow.sold + flow.handed_over - flow.came) for flow in facts.flows.values())
    promised = sum(max(0, -cell.free) for cell in facts.cells.values() if cell.reserved + cell.committed)
    raced = sum(max(0, race.won - race.available) for race in facts.races)
    return left + promised + raced


def judge(facts: Facts) -> list[Claim]:
    """Hold every claim against the facts."""
    return [*_of_stock(facts), *_of_reads(facts), *_of_orders(facts), *_of_books(facts)]


def _of_stock(facts: Facts) -> Iterable[Claim]:
    units = oversold(facts)
    yield Claim("nothing was sold or promised that was not there", units == 0, f"oversold {units}")
    wrong = [race for race in facts.races if race.won != race.available or race.won + race.refused == 0]
    racers = sum(race.won + race.refused for race in facts.races)
    won = sum(race.won for race in facts.races)
    yield Claim(
        "of the last units, each went to exactly one",
        bool(facts.races) and not wrong,
        f"{racers} asked at once for {sum(race.available for race in facts.races)}, {won} got one",
    )
    wrong_cells = [
        key for key, cell in facts.cells.items() if cell.available != max(0, cell.free - cell.safety_stock)
    ]
    yield _none("available is on hand less what is unavailable or promised", wrong_cells, len(facts.cells))
    yield _none("the live stream and the database agree", facts.live_differs, len(facts.cells))


def _of_reads(facts: Facts) -> Iterable[Claim]:
    reads = facts.reads
    answered = reads.accepted + reads.repeated + reads.refused + reads.ignored
    yield Claim(
        "every event that a reader posted was acknowledged",
        answered == reads.posted > 0,
        f"{answered:,} of {reads.posted:,}",
    )
    yield Claim(
        "the broken ones were refused, and only they",
        reads.refused == reads.faulty,
        f"{reads.refused} refused, {reads.faulty} broken",
    )
    yield Claim(
        "every tag on a shelf is known to be in its store",
        facts.unknown_tags == 0,
        f"{facts.unknown_tags} are not",
    )


def _of_orders(facts: Facts) -> Iterable[Claim]:
    stuck = [order_id for order_id, state in facts.orders.items() if state not in END_STATES]
    yield Claim(
        "every order came to an end",
        bool(facts.orders) and not stuck,
        f"{len(facts.orders) - len(stuck)} of {len(facts.orders)}" + _some(stuck),
    )
    collected = {order_id for order_id, state in facts.orders.items() if state.startswith("collected")}
    without = sorted(collected.difference(facts.collected_codes))
    yield Claim(
        "every collected order was handed over for its mailed code",
        bool(collected) and not without,
        f"{len(collected) - len(without)} of {len(collected)}" + _some(without),
    )
    # Those that were given up count in the fill rate: no place and no hurry could have kept them.
    kept, broken, withdrawn = facts.promises.kept, facts.promises.broken, facts.promises.withdrawn
    yield Claim(
        "of the promised lines that were filled, 99% were in time",
        kept > 0 and kept >= KEPT_SHARE * (kept + broken),
        f"{kept:,} of {kept + broken:,}; {withdrawn:,} more were given up, not to be found",
    )
    yield Claim(
        "every message sent arrived, once",
        facts.messages_sent == facts.mails > 0
        and facts.messages_unsent == 0
        and (facts.under_faults or facts.deliveries == facts.mails),
        f"{facts.messages_sent} sent, {facts.mails} received, {facts.messages_unsent} not sent",
    )


def _of_books(facts: Facts) -> Iterable[Claim]:
    keys = facts.cells.keys() | facts.flows.keys()
    flows = {key: facts.flows.get(key, Flows()) for key in keys}
    wrong = [key for key in keys if key not in facts.cells or facts.cells[key].on_hand != flows[key].on_hand]
    yield _none("balances equal movements", wrong, len(keys))
    sold = sum(flow.sold for flow in flows.values())
    handed_over = sum(flow.handed_over for flow in flows.values())
    yield Claim(
        "the books have every unit that the tills sold and the counters handed over",
        sold == facts.units_sold > 0 and handed_over == facts.units_handed_over,
        f"{sold:,} and {handed_over:,} by the books, {facts.units_sold:,} and {facts.units_handed_over:,} counted",
    )
    differs = [
        key
        for key, units in facts.shelf.items()
        if key not in facts.cells or facts.cells[key].on_hand != units
    ]
    yield _none("the books equal a recount of all shelves", differs, len(facts.shelf))
    yield Claim("`onhand audit` finds nothing", facts.audit_code == 0, facts.audit_said)
    yield Claim(
        "no call failed that should not have",
        not facts.failures,
        f"{len(facts.failures)}" + _some(facts.failures),
    )


def _none(text: str, wrong: Sequence[Key], count: int) -> Claim:
    seen = f"{count - len(wrong):,} of {count:,} cells" + _some(
        [f"{item} at {where}" for where, item in wrong]
    )
    return Claim(text, count > 0 and not wrong, seen)


def _some(wrong: Sequence[str]) -> str:
    if not wrong:
        return ""
    more = f" and {len(wrong) - MAX_SHOWN} more" if len(wrong) > MAX_SHOWN else ""
    return ": " + "; ".join(wrong[:MAX_SHOWN]) + more
