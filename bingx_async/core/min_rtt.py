"""The shortest round trip of late: what a reply's way back takes at least, and so what a credit may rest on."""

from __future__ import annotations

from collections import deque

WINDOW = 300_000.0  # ms (GOVERNOR.md: floors over the last 5 minutes)
ENOUGH = 32  # replies before a credit is given (GOVERNOR.md)
MARGIN = 2.0  # ms taken off a credit (GOVERNOR.md)


class MinRtt:
    """The minimum of the values added within the last five minutes."""

    __slots__ = ("_count", "_minima")

    def __init__(self) -> None:
        self._minima: deque[tuple[float, float]] = deque()  # (when, value), both rising
        self._count = 0

    def add(self, value: float, at: float) -> None:
        """Take a value seen at `at`."""
        self._count += 1
        minima = self._minima
        while minima and minima[-1][1] >= value:
            minima.pop()
        minima.append((at, value))
        while minima[0][0] <= at - WINDOW:
            minima.popleft()

    def credit(self, part: float, now: float) -> float:
        """`part` of the floor less a margin, in milliseconds; 0 before enough values, or with none of late."""
        if not part or self._count < ENOUGH or self._minima[-1][0] <= now - WINDOW:
            return 0.0
        return max(0.0, part * self._minima[0][1] - MARGIN)
