"""The moments at which a wait queue has something to do."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from math import inf

from bingx_async.core.claims import Key, NotUntil
from bingx_async.runtime.governor.line import Deadlines


class Alarms:
    """The moments at which a bucket may have room, the latest of each key, and at which a waiter's deadline comes."""

    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines
        self._moments: list[tuple[float, Key]] = []
        self._latest: dict[Key, float] = {}

    def set(self, refusal: NotUntil) -> None:
        """Ask the key of `refusal` again at its moment; a refusal that only a reply can end has none."""
        if refusal.ready_at < inf and self._latest.get(refusal.key) != refusal.ready_at:
            self._latest[refusal.key] = refusal.ready_at
            heapq.heappush(self._moments, (refusal.ready_at, refusal.key))

    def due(self, now: float) -> Iterator[Key]:
        """Take the keys whose moment has come."""
        while self._moments and self._moments[0][0] <= now:
            moment, key = heapq.heappop(self._moments)
            if self._latest.get(key) == moment:
                del self._latest[key]
                yield key

    def next_at(self) -> float:
        """The next moment or deadline, or infinity."""
        moments, deadlines = self._moments, self._deadlines.heap
        while moments and self._latest.get(moments[0][1]) != moments[0][0]:
            heapq.heappop(moments)
        while deadlines and deadlines[0][2].is_gone:
            heapq.heappop(deadlines)
        return min(moments[0][0] if moments else inf, deadlines[0][0] if deadlines else inf)
