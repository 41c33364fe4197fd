"""The standby takes the primary's place while many write."""

import asyncio
from pathlib import Path

import pytest

from onhand.cli.audit import run as audit
from onhand.cli.scopes import scopes
from onhand.kit.clock import SystemClock
from tests.chaos.cluster import Cluster
from tests.chaos.prober import Prober

CALLERS = 16
PROMOTIONS = 2
ATTEMPTS = 4
"""Of each caller while the standby stands still: what waits for it must not be told to whoever asks again."""
BETWEEN = 500
"""Writes that are acknowledged before each promotion, and after the last."""


@pytest.mark.long
@pytest.mark.parametrize("stalls", [False, True], ids=["a standby that follows", "one that stalled before"])
async def test_a_promoted_standby_has_every_write_that_was_acknowledged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, stalls: bool
) -> None:
    cluster, clock = Cluster(), SystemClock()
    async with cluster.running(tmp_path, scopes=scopes(), clock=clock, env={}, say=lambda _: None) as runtime:
        probers = [Prober(runtime, clock, f"prober-{number}") for number in range(CALLERS)]

        async def acknowledge(count: int) -> None:
            wanted = count + sum(len(each.acknowledged) for each in probers)
            while sum(len(each.acknowledged) for each in probers) < wanted:
                assert not any(each.done() for each in writing)
                await asyncio.sleep(0.05)

        writing = [asyncio.create_task(each.run()) for each in probers]
        for _ in range(PROMOTIONS):
            await acknowledge(BETWEEN)
            if stalls:
                cluster.stall_standby()
                before = [each.unanswered for each in probers]
                while any(
                    each.unanswered < was + ATTEMPTS for each, was in zip(probers, before, strict=True)
                ):
                    await asyncio.sleep(0.05)
            await cluster.fail_over()
        await acknowledge(BETWEEN)
        for each in writing:
            each.cancel()
        await asyncio.gather(*writing, return_exceptions=True)
        lost = sum([await each.lost() for each in probers])
        report = await audit(runtime.database_urls)
    written = sum(len(each.acknowledged) for each in probers)
    with capsys.disabled():
        print(f"\n{written:,} writes of {CALLERS} callers acknowledged, {lost} lost")
        for began, ended in cluster.promotions:
            silent_s = max(each.silence_s(began, ended) for each in probers)
            print(f"promoted in {ended - began:.1f} s; nobody had to wait for more than {silent_s:.1f} s")
    assert len(cluster.promotions) == PROMOTIONS
    assert lost == 0
    assert report.findings == []
