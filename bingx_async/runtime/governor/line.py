"""Waiting calls, the lines in which those with the same claims stand, and what each line waits for."""

from __future__ import annotations

import heapq
import sys
from collections.abc import Callable, Iterator
from math import inf

from attrs import define, field

from bingx_async.core.claims import Claims, Key, NotUntil, Permit
from bingx_async.models import Priority

Place = tuple[int, int]  # priority, then number of arrival
LAST = sys.maxsize  # the number of an arrival after all others
SPARE = 16  # places of calls that have left, which a line keeps before it is rebuilt


@define(eq=False)
class Waiter:
    """A call in the queue, until `permit` or `refusal` is set. `wake` belongs to the room in which it sleeps."""

    claims: Claims
    place: Place
    deadline: float
    owner: object
    ahead: int  # calls that were before it when it came
    permit: Permit | None = None
    refusal: NotUntil | BaseException | None = None
    is_gone: bool = False
    wake: Callable[[], object] = field(default=lambda: None)  # nothing: it does not sleep yet

    def __lt__(self, other: Waiter) -> bool:
        return self.place < other.place


@define(eq=False)
class WaitLine:
    """The waiters of one endpoint, account and address, the better place first."""

    claims: Claims
    heap: list[Waiter] = field(factory=list[Waiter])
    newest: int = 0  # the latest arrival that has taken a place
    sizes: list[int] = field(factory=lambda: [0] * len(Priority))
    parked_on: Key | None = None  # for which its head waits
    stamp: Place | None = None  # the head's place then
    represents: Key | None = None  # its other lines are not asked while this one waits for a wider key

    def __iter__(self) -> Iterator[Waiter]:
        return (waiter for waiter in self.heap if not waiter.is_gone)

    def head(self) -> Waiter | None:
        """The next in order."""
        while self.heap and self.heap[0].is_gone:
            heapq.heappop(self.heap)
        return self.heap[0] if self.heap else None

    def push(self, waiter: Waiter) -> None:
        """Take a place."""
        heapq.heappush(self.heap, waiter)
        self.newest = max(self.newest, waiter.place[1])
        self.sizes[waiter.place[0]] += 1

    def remove(self, waiter: Waiter) -> None:
        """Give up a place; it is swept out of the heap when it comes up, or when half of the heap is such places."""
        waiter.is_gone = True
        self.sizes[waiter.place[0]] -= 1
        if self.heap and self.heap[0] is waiter:
            heapq.heappop(self.heap)
        elif len(self.heap) > 2 * sum(self.sizes) + SPARE:
            self.heap = list(self)
            heapq.heapify(self.heap)

    def ahead_of(self, place: Place) -> int:
        """How many waiters are before this place: known for a new arrival, counted for a call that comes back."""
        if place[1] > self.newest:
            return sum(self.sizes[: place[0] + 1])
        return sum(waiter.place < place for waiter in self)


class Lines(dict[tuple[Key, str], WaitLine]):
    """The lines of one queue, by what their claims have in common (`Claims.line`)."""

    def waiters(self) -> Iterator[Waiter]:
        """All waiters, in no order."""
        return (waiter for line in self.values() for waiter in line)

    def last(self) -> Waiter | None:
        """A waiter from the back of a line, which will wait long."""
        backwards = (waiter for line in self.values() for waiter in reversed(line.heap))
        return next((waiter for waiter in backwards if not waiter.is_gone), None)

    def waiting_on(self) -> dict[Key, int]:
        """The number of waiters for each bucket."""
        found: dict[Key, int] = {}
        for line in self.values():
            if line.parked_on is not None:
                found[line.parked_on] = found.get(line.parked_on, 0) + sum(line.sizes)
        return found


class Parking(dict[Key, list[tuple[Place, int, WaitLine]]]):
    """Heaps of the lines that wait for a bucket or a closed scope, the line with the better place first."""

    def park(self, line: WaitLine, key: Key, place: Place) -> None:
        """The line's head, which has this place, waits for `key`."""
        line.parked_on, line.stamp = key, place
        heapq.heappush(self.setdefault(key, []), (place, id(line), line))

    def first(self, key: Key) -> WaitLine | None:
        """The line that is next to get something of `key`."""
        heap = self.get(key)
        while heap:
            place, _, line = heap[0]
            if line.parked_on == key and line.stamp == place:
                return line
            heapq.heappop(heap)  # the line has moved on
        self.pop(key, None)
        return None

    def blocker(self, claims: Claims, place: Place) -> Key | None:
        """A key of `claims` for which another line waits with a better place."""
        if self:
            for key in claims.keys:
                line = self.first(key)
                if line is not None and line.claims is not claims and line.stamp is not None and line.stamp < place:
                    return key
        return None


class Alarms:
    """The moments at which a bucket may have room, the latest of each key, and at which a waiter's deadline comes."""

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
            heapq.heappush(self._deadlines, (waiter.deadline, waiter.place[1], waiter))

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
            waiter = heapq.heappop(self._deadlines)[2]
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
