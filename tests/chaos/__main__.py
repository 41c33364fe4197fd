"""`scripts/chaos`: a real chain's day while processes are killed, stopped and cut off, and what must hold after it.

The traffic, its own notes of what was acknowledged, and the claims are the demo's (`onhand.demo`): nothing
acknowledged is lost, nothing oversold, no order stuck, no message twice, watchers agree with the database,
the books equal a recount of the shelves, the audit is clean.
"""

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from random import Random

from onhand.cli.runtime import Runtime
from onhand.cli.scopes import scopes
from onhand.cli.stack import running
from onhand.client import Settings
from onhand.demo.run import Demo, Options
from onhand.kit.clock import SystemClock

from .cluster import TARGETS as CLUSTER_TARGETS
from .cluster import Cluster
from .faults import TARGETS, Injector, Kind, schedule
from .prober import Prober
from .soak import JUDGED_S, Life, Soak

ISOLATED = "ONHAND_CHAOS_ISOLATED"
"""Set by scripts/chaos inside namespaces of its own: links can be cut and the disk filled."""
PATIENT = Settings(timeout_s=120, max_attempts=200)
"""Everybody outlasts each fault; whatever still fails was lost."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5, help="how long faults come (default 5)")
    parser.add_argument("--seed", type=int, default=1, help="of faults and traffic (default 1)")
    parser.add_argument("--stores", type=int, default=16, help="stores of the day (default 16)")
    parser.add_argument("--faults", choices=("all", "none"), default="all", help="none: a soak")
    parser.add_argument(
        "--cluster", action="store_true", help="two of each service, three NATS nodes, a PostgreSQL standby"
    )
    chosen = parser.parse_args()
    run = Run(chosen)
    held = asyncio.run(run.live_through())
    again = " ".join(["scripts/chaos", *sys.argv[1:]])
    if held:
        shutil.rmtree(run.folder, ignore_errors=True)
        print(
            f"chaos: every claim held through {len(run.injector.done)} faults in {chosen.minutes:g} minutes"
        )
        return 0
    print(f"chaos: FAILED; {again} does it again", file=sys.stderr)
    return 1


class Run:
    """One day, what is done to it, and what is noted beside it."""

    def __init__(self, chosen: argparse.Namespace) -> None:
        self._clock = SystemClock()
        self._seed = chosen.seed
        self._cluster = Cluster() if chosen.cluster else None
        self._soak = Soak()
        self._prober: Prober | None = None
        self.folder = Path(os.environ.get(ISOLATED) or tempfile.mkdtemp(prefix="onhand-chaos-")) / "data"
        seconds = chosen.minutes * 60
        faults = schedule(
            Random(chosen.seed), seconds, kinds(chosen), CLUSTER_TARGETS if chosen.cluster else TARGETS
        )
        self.injector = Injector(
            faults if chosen.faults == "all" else [],
            self.folder,
            self._cluster.fail_over if self._cluster else None,
        )
        self._options = Options(
            self.folder,
            stores=chosen.stores,
            seconds=seconds,
            seed=chosen.seed,
            plain=True,
            pass_every_s=10,
            ended_within_s=240,
            order_patience_s=90,
            patience=PATIENT,
            under_faults=True,
        )

    async def live_through(self) -> bool:
        """Live the day; returns whether every claim held, and says so."""
        start = self._cluster.running if self._cluster else running
        demo = Demo(self._options, scopes(), self._clock, beside=self._beside, start=start)
        async with demo.running() as (_, outcome):
            demo.screen.console.print(outcome.shown)
            done = Counter(f"{each.target} {each.kind.value}" for each in self.injector.done)
            print(
                f"{len(self.injector.done)} faults of seed {self._seed}: "
                + (", ".join(f"{n} x {what}" for what, n in sorted(done.items())) or "none")
            )
            held = all([outcome.held, self._stayed_flat(), await self._nothing_lost()])
            if not held:
                _keep_logs(self.folder)
        return held

    async def _beside(self, runtime: Runtime) -> None:
        self._prober = Prober(runtime, self._clock)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._soak.run(runtime))
            group.create_task(self._prober.run())
            group.create_task(self.injector.run(runtime))

    def _stayed_flat(self) -> bool:
        lives = self._soak.lives()
        if not lives:
            print(f"memory and files: no process lived for {JUDGED_S:.0f} s, none was judged")
            return self._options.seconds < 2 * JUDGED_S
        for name, some in groupby(lives, key=lambda life: life.name):
            print(f"  {name}: {max(some, key=Life.growth_mib)}")
        grew = [said for life in lives if (said := life.grew())]
        print(f"memory and files: {'; '.join(grew) or 'flat'} in {len(lives)} lives of processes")
        return not grew

    async def _nothing_lost(self) -> bool:
        if self._prober is None:
            return False
        lost = await self._prober.lost()
        count = len(self._prober.acknowledged)
        print(f"one who wrote all the time: {count:,} writes acknowledged, {lost} of them lost")
        for began, ended in self._cluster.promotions if self._cluster else ():
            silent_s = self._prober.silence_s(began, ended)
            print(f"  standby promoted in {ended - began:.1f} s; no write acknowledged for {silent_s:.1f} s")
        return count > 0 and not lost


def kinds(chosen: argparse.Namespace) -> list[Kind]:
    """Return the faults that can be done here to what is run."""
    if chosen.cluster:
        # The disk is one, and nobody starts a database again that is about to be replaced.
        possible = [Kind.KILL, Kind.STOP, Kind.CUT, Kind.FAIL_OVER]
    else:
        possible = [Kind.KILL, Kind.STOP, Kind.CUT, Kind.FILL]
    if os.environ.get(ISOLATED):
        return possible
    print("as this user, or without nft: links are not cut, the disk is not filled")
    return [each for each in possible if each not in (Kind.CUT, Kind.FILL)]


def _keep_logs(folder: Path) -> None:
    kept = Path(tempfile.mkdtemp(prefix="onhand-chaos-logs-"))
    with suppress(OSError):
        shutil.copytree(folder / "logs", kept, dirs_exist_ok=True)
    print(f"logs are kept in {kept}")


if __name__ == "__main__":
    sys.exit(main())
