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
from pathlib import Path
from random import Random

from onhand.cli.scopes import scopes
from onhand.client import Settings
from onhand.demo.run import Demo, Options
from onhand.kit.clock import SystemClock

from .faults import Injector, Kind, schedule

ISOLATED = "ONHAND_CHAOS_ISOLATED"
"""Set by scripts/chaos inside namespaces of its own: links can be cut and the disk filled."""
PATIENT = Settings(timeout_s=120, max_attempts=200)
"""Everybody outlasts each fault; whatever still fails was lost."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5, help="how long faults come (default 5)")
    parser.add_argument("--seed", type=int, default=1, help="of faults and traffic (default 1)")
    parser.add_argument("--stores", type=int, default=16, help="stores of the day (default 16)")
    chosen = parser.parse_args()
    kinds = list(Kind) if os.environ.get(ISOLATED) else [Kind.KILL, Kind.STOP]
    if len(kinds) < len(Kind):
        print(
            "as this user, or without nft: processes are killed and stopped, links not cut, the disk not filled"
        )
    folder = Path(os.environ.get(ISOLATED) or tempfile.mkdtemp(prefix="onhand-chaos-")) / "data"
    seconds = chosen.minutes * 60
    faults = schedule(Random(chosen.seed), seconds, kinds)
    options = Options(
        folder,
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
    injector = Injector(faults, folder)
    held = asyncio.run(_live_through(options, injector))
    done = Counter(f"{each.target} {each.kind.value}" for each in injector.done)
    print(
        f"\n{len(injector.done)} faults of seed {chosen.seed}: "
        + ", ".join(f"{n} x {what}" for what, n in sorted(done.items()))
    )
    if held:
        shutil.rmtree(folder, ignore_errors=True)
        print(f"chaos: every claim held through {len(injector.done)} faults in {chosen.minutes:g} minutes")
        return 0
    print(
        f"chaos: FAILED; scripts/chaos --minutes {chosen.minutes:g} --seed {chosen.seed} does it again",
        file=sys.stderr,
    )
    return 1


async def _live_through(options: Options, injector: Injector) -> bool:
    demo = Demo(options, scopes(), SystemClock(), beside=injector.run)
    async with demo.running() as (_, outcome):
        demo.screen.console.print(outcome.shown)
        if not outcome.held:
            _keep_logs(options.data_dir)
    return outcome.held


def _keep_logs(folder: Path) -> None:
    kept = Path(tempfile.mkdtemp(prefix="onhand-chaos-logs-"))
    shutil.copytree(folder / "logs", kept, dirs_exist_ok=True)
    print(f"logs are kept in {kept}")


if __name__ == "__main__":
    sys.exit(main())
