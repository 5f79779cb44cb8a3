"""Lines that wait for a bucket or a closed scope, by its key, the line with the better place first."""

from __future__ import annotations

import heapq

from bingx_async.core.claims import Claims, Key
from bingx_async.runtime.governor.line import Place, WaitLine


class Parking:
    """False while no line waits. An entry whose line has moved on is dropped when it comes up."""

    __slots__ = ("_heaps",)

    def __init__(self) -> None:
        self._heaps: dict[Key, list[tuple[Place, int, WaitLine]]] = {}

    def __bool__(self) -> bool:
        return bool(self._heaps)

    def keys(self) -> list[Key]:
        """The keys for which a line may wait."""
        return list(self._heaps)

    def park(self, line: WaitLine, key: Key, place: Place) -> None:
        """The line's head, which has this place, waits for `key`."""
        line.parked_on, line.stamp = key, place
        heapq.heappush(self._heaps.setdefault(key, []), (place, id(line), line))

    def first(self, key: Key) -> WaitLine | None:
        """The line that is next to get something of `key`."""
        heap = self._heaps.get(key)
        while heap:
            place, _, line = heap[0]
            if line.parked_on == key and line.stamp == place:
                return line
            heapq.heappop(heap)
        self._heaps.pop(key, None)
        return None

    def blocker(self, claims: Claims, place: Place) -> Key | None:
        """A key of `claims` for which another line waits with a better place."""
        if self._heaps:
            for key in claims.keys:
                line = self.first(key)
                if line is not None and line.claims is not claims and line.stamp is not None and line.stamp < place:
                    return key
        return None

    def clear(self) -> None:
        """Forget all lines."""
        self._heaps.clear()
