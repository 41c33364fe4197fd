"""One timer for the time limit of all calls: a timer for each would cost as much as its authentication."""

import asyncio
from types import TracebackType


class Deadlines:
    """A context that ends, with TimeoutError, what the present task does in it for longer than allowed.

    All are allowed the same time, so that they end in the order in which they began. A task may be in it once.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._due: dict[asyncio.Task[object], float] = {}
        self._overdue: set[asyncio.Task[object]] = set()
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> None:
        task, loop = _current_task(), asyncio.get_running_loop()
        self._due[task] = loop.time() + self._seconds
        if self._timer is None:
            self._timer = loop.call_at(self._due[task], self._end_overdue)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        task = _current_task()
        if self._due.pop(task, None) is None:
            self._overdue.discard(task)
            # As asyncio.timeout does: a task that somebody else cancels as well stays cancelled.
            if task.uncancel() <= 0 and kind is asyncio.CancelledError:
                raise TimeoutError from error

    def _end_overdue(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = None
        for task, due in list(self._due.items()):
            if due > loop.time():
                self._timer = loop.call_at(due, self._end_overdue)
                return
            del self._due[task]
            self._overdue.add(task)
            task.cancel()


def _current_task() -> asyncio.Task[object]:
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("not in a task")
    return task
