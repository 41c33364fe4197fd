"""What has happened so far, as the callers saw it: what the screen shows and the claims are held against."""

from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field

MAX_EVENTS = 200


@dataclass
class ReadTally:
    """Reads by what became of them, as acknowledged."""

    posted: int = 0
    accepted: int = 0
    repeated: int = 0
    refused: int = 0
    ignored: int = 0
    unknown: int = 0
    """Of the accepted, tags of no known item."""
    faulty: int = 0
    """Events that were posted broken on purpose, and must be refused."""


@dataclass
class StoreTally:
    on_hand: int = 0
    available: int = 0
    reads: int = 0
    sold: int = 0
    open_tasks: int = 0


@dataclass
class Tally:
    phase: str = "starting"
    reads: ReadTally = field(default_factory=ReadTally)
    stores: defaultdict[str, StoreTally] = field(default_factory=lambda: defaultdict(StoreTally))
    counts: Counter[str] = field(default_factory=Counter)
    """Units and people, by what happened to them."""
    orders: dict[str, str] = field(default_factory=dict)
    """State of each order that was submitted."""
    collected_codes: set[str] = field(default_factory=set)
    """Orders whose customer had a code by mail and got the goods for it."""
    mails: int = 0
    failures: list[str] = field(default_factory=list)
    """Calls that failed and should not have."""
    events: deque[str] = field(default_factory=lambda: deque(maxlen=MAX_EVENTS))
    told: int = 0
    """Events so far, for a reader that wants only new ones."""

    def tell(self, event: str) -> None:
        self.events.append(event)
        self.told += 1

    def fail(self, what: str) -> None:
        self.failures.append(what)
        self.tell(f"FAILED {what}")
