"""Whether memory and file descriptors of the processes stay flat, sampled while they live."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import psutil

from onhand.cli.runtime import Runtime

EVERY_S = 2.0
JUDGED_S = 120.0
"""A process that lived shorter than this is still growing to its size."""
GROWTH = 0.10
SLACK_MIB = 24.0
SLACK_FILES = 16
"""What may come on top of `GROWTH`: a few connections, a cache that fills late."""


@dataclass(frozen=True, slots=True)
class Sample:
    at_s: float
    mib: float
    """Private to the process and what it started: memory that it shares with others is not counted."""
    files: int


@dataclass(frozen=True, slots=True)
class Life:
    """A process from its start to its end, or to the end of the day."""

    name: str
    samples: Sequence[Sample]

    def __str__(self) -> str:
        second, last = self.medians()
        return (
            f"{self.seconds:.0f} s, {second.mib:.0f} then {last.mib:.0f} MiB, "
            f"{second.files} then {last.files} files"
        )

    @property
    def seconds(self) -> float:
        return self.samples[-1].at_s - self.samples[0].at_s

    def thirds(self) -> tuple[Sequence[Sample], Sequence[Sample]]:
        """Return the samples of its second third and of its last; in the first it grows to its size."""
        began = self.samples[0].at_s
        second = [each for each in self.samples if 1 <= 3 * (each.at_s - began) / self.seconds < 2]
        last = [each for each in self.samples if 3 * (each.at_s - began) / self.seconds >= 2]
        return second, last

    def medians(self) -> tuple[Sample, Sample]:
        """Return what was usual in its second third and in its last."""
        second, last = (
            Sample(part[-1].at_s, median(each.mib for each in part), int(median(each.files for each in part)))
            for part in self.thirds()
        )
        return second, last

    def growth_mib(self) -> float:
        second, last = self.medians()
        return last.mib - second.mib

    def grew(self) -> str:
        """Say what is not flat; empty: nothing.

        The rule: the median of the last third is at most a tenth, and `SLACK`, above that of the second.
        """
        second, last = self.medians()
        said = []
        if last.mib > second.mib * (1 + GROWTH) + SLACK_MIB:
            said.append(f"{second.mib:.0f} to {last.mib:.0f} MiB")
        if last.files > second.files * (1 + GROWTH) + SLACK_FILES:
            said.append(f"{second.files} to {last.files} files")
        return f"{self.name} grew from {' and '.join(said)} in {self.seconds:.0f} s" if said else ""


class Soak:
    """Samples every child of a running `onhand up`."""

    def __init__(self) -> None:
        self._samples: defaultdict[tuple[str, int], list[Sample]] = defaultdict(list)

    async def run(self, runtime: Runtime) -> None:
        """Sample until cancelled."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while True:
            sampled = await asyncio.to_thread(_sample, dict(runtime.children), loop.time() - began)
            for key, sample in sampled.items():
                self._samples[key].append(sample)
            await asyncio.sleep(EVERY_S)

    def lives(self) -> list[Life]:
        """Return those that lived long enough to be judged."""
        lives = [Life(name, samples) for (name, _), samples in sorted(self._samples.items())]
        return [life for life in lives if life.seconds >= JUDGED_S]


def _sample(children: Mapping[str, int], at_s: float) -> dict[tuple[str, int], Sample]:
    samples = {}
    for name, pid in children.items():
        sizes = list(_sizes(pid))
        if sizes:
            samples[name, pid] = Sample(
                at_s, sum(size for size, _ in sizes) / (1 << 20), sum(files for _, files in sizes)
            )
    return samples


def _sizes(pid: int) -> Iterator[tuple[int, int]]:
    """Yield private bytes and open files of a process and of each that it started."""
    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for each in family:
        try:
            memory = each.memory_info()
            yield memory.rss - memory.shared, each.num_fds()
        except psutil.NoSuchProcess:
            continue
