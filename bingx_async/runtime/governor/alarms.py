"""The moments at which a queue has something to do: a bucket may have room, or a waiter's deadline has come."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from math import inf

from bingx_async.core.claims import Key
from bingx_async.core.permit import NotUntil
from bingx_async.runtime.governor.line import Waiter


class Alarms:
    """Of each key the latest moment counts; a waiter that is gone has no deadline any more."""

    def __init__(self) -> None:
        self._moments: list[tuple[float, Key]] = []
        self._latest: dict[Key, float] = {}
        self._deadlines: list[tuple[float, int, Waiter]] = []

    def set(self, refusal: NotUntil) -> None:
        """Ask the key of `refusal` again at its moment; a refusal that only a reply can end has none."""
        if refusal.ready_at < inf and self._latest.get(refusal.key) != refusal.ready_at:
            self._latest[refusal.key] = refusal.ready_at
            heapq.heappush(self._moments, (refusal.ready_at, refusal.key))

    def set_deadline(self, waiter: Waiter) -> None:
        """Refuse the waiter at its deadline, if it has one."""
        if waiter.deadline < inf:
            _, number = waiter.place
            heapq.heappush(self._deadlines, (waiter.deadline, number, waiter))

    def due(self, now: float) -> Iterator[Key]:
        """Take the keys whose moment has come."""
        while self._moments and self._moments[0][0] <= now:
            moment, key = heapq.heappop(self._moments)
            if self._latest.get(key) == moment:
                del self._latest[key]
                yield key

    def overdue(self, now: float) -> Iterator[Waiter]:
        """Take the waiters whose deadline has come."""
        while self._deadlines and self._deadlines[0][0] <= now:
            _, _, waiter = heapq.heappop(self._deadlines)
            if not waiter.is_gone:
                yield waiter

    def next_at(self) -> float:
        """The next moment of either kind, or infinity."""
        moments, deadlines = self._moments, self._deadlines
        while moments and self._latest.get(moments[0][1]) != moments[0][0]:
            heapq.heappop(moments)
        while deadlines and deadlines[0][2].is_gone:
            heapq.heappop(deadlines)
        return min(moments[0][0] if moments else inf, deadlines[0][0] if deadlines else inf)
