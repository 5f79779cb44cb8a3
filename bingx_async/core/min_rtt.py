"""The shortest recent round trip. A credit rests on it: no reply takes less time for its way back and forth."""

from __future__ import annotations

from collections import deque

WINDOW = 300_000.0  # ms; a route that has changed since then no longer counts
ENOUGH = 32  # replies before a credit is given: fewer may all have been slow
MARGIN = 2.0  # ms taken off a credit, for the precision of clocks


class MinRtt:
    """The minimum of the values added within the last five minutes."""

    __slots__ = ("_count", "_minima")

    def __init__(self) -> None:
        self._minima: deque[tuple[float, float]] = deque()  # (when, value), both rising
        self._count = 0

    def add(self, value: float, at: float) -> None:
        """Take a round trip of `value` milliseconds that ended at `at`."""
        self._count += 1
        minima = self._minima
        while minima and minima[-1][1] >= value:
            minima.pop()
        minima.append((at, value))
        while minima[0][0] <= at - WINDOW:
            minima.popleft()

    def credit(self, part: float, now: float) -> float:
        """`part` of the minimum less a margin, in milliseconds; 0 before enough values, or without a recent one."""
        if not part or self._count < ENOUGH or self._minima[-1][0] <= now - WINDOW:
            return 0.0
        return max(0.0, part * self._minima[0][1] - MARGIN)
