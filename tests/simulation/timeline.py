"""Simulated time without an event loop: a heap of moments, and governors' queues that want ticking.

An action runs at its moment, or later if the client was stalled; it is told its own moment where that matters (the
exchange counts an arrival when it arrives, however long the client sleeps).
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Iterable
from itertools import count
from math import inf
from typing import Any, Protocol

from bingx_async.runtime.governor.line import Waiter
from bingx_async.testing import SimulatedEventLoop


class Timeline(Protocol):
    """Where the simulation takes its time from."""

    @property
    def now(self) -> float:
        """The client's monotonic milliseconds."""
        ...

    def at(self, when: float, action: Callable[..., object], *args: Any) -> None:
        """Run `action(*args)` at `when`, or as soon after as the client is awake."""

    def stall(self, span: float) -> None:
        """The client does nothing for `span`."""

    lateness: Callable[[], float]


class HeapTimeline:
    """Time for the quick runs: the queues of the governors are ticked by it, no task ever sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.tickers: list[Any] = []  # wait queues: next_at(), tick(now)
        self.ready: deque[Callable[[], None]] = deque()  # woken and not run yet
        self.lateness: Callable[[], float] = lambda: 0.0  # ms by which the queues' timer fires late
        self._heap: list[tuple[float, int, Callable[..., object], tuple[Any, ...]]] = []
        self._numbers = count()

    def at(self, when: float, action: Callable[..., object], *args: Any) -> None:
        """Run `action(*args)` at `when`, or as soon after as the client is awake."""
        heapq.heappush(self._heap, (when, next(self._numbers), action, args))

    def stall(self, span: float) -> None:
        """The client does nothing for `span`."""
        self.now += span

    def wake(self, decided: Iterable[Waiter]) -> None:
        """Wake the waiters that a queue has decided."""
        for waiter in decided:
            waiter.wake()

    def run(self, until: float) -> None:
        """Let time pass until `until`."""
        heap, ready = self._heap, self.ready
        while self.now < until:
            while ready:
                ready.popleft()()
            ticks = [queue.next_at() for queue in self.tickers]
            tick_at = min(ticks)
            if tick_at <= (heap[0][0] if heap else inf):
                self.now = max(self.now, tick_at + self.lateness())
                self.wake(self.tickers[ticks.index(tick_at)].tick(self.now))
            else:
                when, _, action, args = heapq.heappop(heap)
                self.now = max(self.now, when)
                action(*args)


class LoopTimeline:
    """Time for the runs in an event loop: the loop's own, which jumps."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimulatedEventLoop)
        self._loop = loop
        self._failures: list[BaseException] = []
        self.lateness: Callable[[], float] = lambda: 0.0  # the loop's timers are exact
        loop.set_exception_handler(self._fail)

    def check(self) -> None:
        """Raise what an action has raised: an event loop only logs it."""
        if self._failures:
            raise self._failures[0]

    def _fail(self, _loop: object, context: dict[str, Any]) -> None:
        self._failures.append(context.get("exception") or RuntimeError(context["message"]))

    @property
    def now(self) -> float:
        """The loop's time in milliseconds."""
        return self._loop.time() * 1000.0

    def at(self, when: float, action: Callable[..., object], *args: Any) -> None:
        """Run `action(*args)` at `when`, or as soon after as the loop is awake."""
        self._loop.call_at(when / 1000.0, action, *args)

    def stall(self, span: float) -> None:
        """Something blocks the event loop for `span`."""
        self._loop.jump(span / 1000.0)


class TickingEventLoop(SimulatedEventLoop):
    """Simulated time in which every turn of the loop takes a microsecond: some libraries wait for time to pass."""

    def jump(self, seconds: float) -> None:
        """Let time pass, a little at least."""
        super().jump(max(seconds, 1e-6))
