"""What the person at the terminal sees: a live page, or plain lines where there is no terminal."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.layout import Layout
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from onhand.demo.claims import Claim, Facts, oversold
from onhand.demo.meter import Latency
from onhand.demo.tally import Tally

REFRESH_S = 0.25
PLAIN_S = 2.0
PLAIN_WIDTH = 120
ORDER_STATES = (
    "accepted", "planned", "reserved", "assigned", "picking", "ready", "parked",
    "collected", "collected in part", "shipped", "shipped in part", "cancelled", "expired",
)  # fmt: skip


class Screen:
    """Shows a tally until cancelled; `now` says what time it is in the stores."""

    def __init__(self, tally: Tally, now: Callable[[], str], *, plain: bool) -> None:
        self.plain = plain
        self.console = Console(width=PLAIN_WIDTH if plain else None, highlight=False)
        self._tally = tally
        self._now = now

    def say(self, line: str) -> None:
        """Say what begins now."""
        self._tally.phase = line
        self._tally.tell(line)
        if self.plain:
            self.console.print(line, markup=False)

    async def run(self) -> None:
        if self.plain:
            await self._lines()
        else:
            await self._page()

    async def _lines(self) -> None:
        failures = 0
        while True:
            await asyncio.sleep(PLAIN_S)
            for failure in self._tally.failures[failures:]:
                self.console.print(f"FAILED {failure}", markup=False)
            failures = len(self._tally.failures)
            self.console.print(self._line(), markup=False, soft_wrap=True)

    def _line(self) -> str:
        tally = self._tally
        on_hand = sum(store.on_hand for store in tally.stores.values())
        available = sum(store.available for store in tally.stores.values())
        orders = Counter(tally.orders.values())
        states = ", ".join(f"{orders[state]} {state}" for state in ORDER_STATES if orders[state])
        return (
            f"{self._now()}  reads {tally.reads.posted:,} (repeats {tally.reads.repeated:,})  "
            f"on hand {on_hand:,}  available {available:,}  sold {tally.counts['units sold']:,}  "
            f"orders: {states or 'none'}  mails {tally.mails}"
        )

    async def _page(self) -> None:
        with Live(self._render(), console=self.console, auto_refresh=False, screen=False) as live:
            try:
                while True:
                    await asyncio.sleep(REFRESH_S)
                    live.update(self._render(), refresh=True)
            finally:
                live.update(self._render(), refresh=True)

    def _render(self) -> RenderableType:
        layout = Layout()
        height = min(self.console.height - 1, 10 + max(len(self._tally.stores), 24))
        layout.split_column(Layout(self._header(), size=3), Layout(name="body"))
        layout["body"].split_row(
            Layout(name="stores", ratio=1, minimum_size=51), Layout(name="right", ratio=1)
        )
        layout["stores"].update(Panel(self._stores(), title="stores", box=box.ROUNDED))
        layout["right"].split_column(Layout(name="numbers", size=15), Layout(name="events"))
        layout["numbers"].split_row(
            Layout(Panel(self._numbers(), title="so far", box=box.ROUNDED)),
            Layout(Panel(self._orders(), title="orders", box=box.ROUNDED)),
        )
        layout["events"].update(Panel(self._events(), title="events", box=box.ROUNDED))
        return _Fixed(layout, height)

    def _header(self) -> Panel:
        text = Text.assemble(("onhand demo  ", "bold"), (self._now(), "bold cyan"), f"  {self._tally.phase}")
        return Panel(text, box=box.ROUNDED)

    def _stores(self) -> Table:
        table = _table("store", "on hand", "available", "sold", "reads", "tasks")
        for location_id, store in sorted(self._tally.stores.items(), key=lambda pair: pair[0]):
            numbers = (store.on_hand, store.available, store.sold, store.reads, store.open_tasks)
            table.add_row(location_id, *(f"{number:,}" for number in numbers))
        return table

    def _numbers(self) -> Table:
        tally = self._tally
        rows = {
            "reads": tally.reads.posted,
            "repeats dropped": tally.reads.repeated,
            "news in them": tally.reads.accepted,
            "refused": tally.reads.refused,
            "on hand": sum(store.on_hand for store in tally.stores.values()),
            "available": sum(store.available for store in tally.stores.values()),
            "sold": tally.counts["units sold"],
            "picked": tally.counts["units picked"],
            "short": tally.counts["units short"],
            "mails": tally.mails,
        }
        return _pairs(rows)

    def _orders(self) -> Table:
        states = Counter(self._tally.orders.values())
        return _pairs({state: states[state] for state in ORDER_STATES if states[state]})

    def _events(self) -> Text:
        return Text("\n".join(reversed(self._tally.events)), no_wrap=True, overflow="ellipsis")


class _Fixed:
    """A layout of a fixed height, which leaves the terminal's scrollback alone."""

    def __init__(self, layout: Layout, height: int) -> None:
        self._layout = layout
        self._height = height

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from console.render(self._layout, options.update(height=self._height))


def summary(
    facts: Facts,
    tally: Tally,
    claims: Sequence[Claim],
    latencies: Sequence[Latency],
    faults: Mapping[str, int],
) -> RenderableType:
    """Put what was computed at the end into tables."""
    reads = facts.reads
    share = reads.repeated / max(1, reads.accepted + reads.repeated)
    rows: dict[str, int | str] = {
        "events posted by readers": reads.posted,
        "repeats dropped": f"{reads.repeated:,} ({share:.1%} of the reads)",
        "tags of no known item": reads.unknown,
        "no reads of tags (heartbeats)": reads.ignored,
        "broken, refused": reads.refused,
        "units sold at tills": facts.units_sold,
        "units collected or shipped": facts.units_handed_over,
        "oversold": oversold(facts),
        "mails received": facts.mails,
    }
    rows |= {
        name: count
        for name, count in sorted(tally.counts.items())
        if name not in {"units sold", "units handed over or shipped"}
    }
    rows |= {f"till lines left out: {fault}": count for fault, count in sorted(faults.items())}
    orders = Counter(facts.orders.values())
    calls = _table("call", "count", "p50 ms", "p99 ms", title="calls, as measured at the caller")
    for each in latencies:
        calls.add_row(each.call, f"{each.count:,}", f"{each.p50_ms:.1f}", f"{each.p99_ms:.1f}")
    verdicts = Table("claim", "", "seen", box=box.SIMPLE_HEAD, title="claims")
    for claim in claims:
        mark = Text("ok", "green") if claim.held else Text("failed", "bold red")
        verdicts.add_row(Text(claim.text), mark, Text(claim.seen))
    return Group(
        _titled(_pairs(rows), "the day"),
        _titled(_pairs({state: orders[state] for state in ORDER_STATES if orders[state]}), "orders"),
        calls,
        verdicts,
    )


def _pairs(rows: Mapping[str, int | str]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 1))
    table.add_column()
    table.add_column(justify="right")
    for name, value in rows.items():
        table.add_row(name, value if isinstance(value, str) else f"{value:,}")
    return table


def _titled(table: Table, title: str) -> Table:
    table.title = title
    table.title_justify = "left"
    return table


def _table(first: str, *numbers: str, title: str | None = None) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, title=title, title_justify="left"
    )
    table.add_column(first)
    for number in numbers:
        table.add_column(number, justify="right")
    return table
