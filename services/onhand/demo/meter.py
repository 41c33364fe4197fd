"""How long calls take, measured where they are made."""

import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from onhand.client import SERVICES

C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Latency:
    call: str
    count: int
    p50_ms: float
    p99_ms: float


class Meter:
    """Keeps every duration: a run makes some ten thousand."""

    def __init__(self) -> None:
        self._seconds: defaultdict[str, list[float]] = defaultdict(list)

    @contextmanager
    def measure(self, call: str) -> Iterator[None]:
        """Time a block; one that raises counts too, for its caller waited as long."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.note(call, time.perf_counter() - started)

    def note(self, call: str, seconds: float) -> None:
        self._seconds[call].append(seconds)

    def latencies(self) -> list[Latency]:
        return [
            Latency(call, len(seconds), 1000 * quantile(seconds, 0.5), 1000 * quantile(seconds, 0.99))
            for call, seconds in sorted(self._seconds.items())
        ]

    def client(self, client: C, server: str) -> C:
        """Time the unary calls of a client of `onhand.client`; streams have no end to time."""
        for attribute, (module, name) in SERVICES[server].items():
            service = getattr(client, attribute)
            for method in module.DESCRIPTOR.services_by_name[name].methods:
                if not method.client_streaming and not method.server_streaming:
                    setattr(service, method.name, self._timed(method.name, getattr(service, method.name)))
        return client

    def _timed(self, name: str, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        @wraps(call)
        async def timed(*args: Any, **kwargs: Any) -> Any:
            with self.measure(name):
                return await call(*args, **kwargs)

        return timed


def quantile(values: list[float], share: float) -> float:
    """Return the smallest value that at least `share` of the values do not exceed (nearest rank)."""
    ranked = sorted(values)
    rank = max(1, -(-len(ranked) * share // 1))
    return ranked[int(rank) - 1]
