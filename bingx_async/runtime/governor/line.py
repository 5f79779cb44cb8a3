"""Waiting calls, the lines in which those with the same claims stand, and what each line waits for."""

from __future__ import annotations

import heapq
import sys
from collections.abc import Callable, Iterator, Sequence
from math import inf

from attrs import define, field

from bingx_async.core.claims import Claims, Key, NotUntil, Permit
from bingx_async.models import Priority
from bingx_async.runtime.governor.crowd import Crowd, Place

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
    eviction: BaseException | None = None  # the refusal that it will get: it is granted nothing any more
    is_gone: bool = False
    wake: Callable[[], object] = field(default=lambda: None)  # nothing: it does not sleep yet

    def __lt__(self, other: Waiter) -> bool:
        return self.place < other.place


@define(eq=False)
class Deadlines:
    """The deadlines of `waiting` calls. Those of calls that have left go when they come up, or when they are most."""

    waiting: int = 0
    heap: list[tuple[float, int, Waiter]] = field(factory=list[tuple[float, int, Waiter]])

    def add(self, waiter: Waiter) -> None:
        """A call waits, until its deadline if it has one."""
        self.waiting += 1
        if waiter.deadline < inf:
            heapq.heappush(self.heap, (waiter.deadline, waiter.place[2], waiter))

    def leave(self) -> None:
        """A call waits no longer; it is gone already."""
        self.waiting -= 1
        if len(self.heap) > 2 * self.waiting + SPARE:
            self.heap = [entry for entry in self.heap if not entry[2].is_gone]
            heapq.heapify(self.heap)

    def before(self, moment: float, most: int) -> Iterator[Waiter]:
        """Take those whose deadline comes before `moment`, the first ones if there are more than `most`."""
        while most and self.heap and self.heap[0][0] < moment:
            waiter = heapq.heappop(self.heap)[2]
            if not waiter.is_gone:
                most -= 1
                yield waiter


@define(eq=False)
class WaitLine:
    """The waiters of one endpoint, account and address, the better place first; in each priority as they arrived."""

    claims: Claims
    crowd: Crowd | None  # in which they stand at the address
    deadlines: Sequence[Deadlines]  # in which theirs are kept
    heap: list[Waiter] = field(factory=list[Waiter])
    ready: dict[Waiter, None] = field(factory=dict[Waiter, None])  # counted by the crowd: the account has a token
    patient: dict[Waiter, None] = field(factory=dict[Waiter, None])  # counted too: the account has one long before
    newest: int = 0  # the latest arrival that has taken a place
    latest: list[float] = field(factory=lambda: [0.0] * len(Priority))  # turn of a waiter, by priority
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

    def turn(self, priority: Priority, now: float) -> float:
        """The turn of a call that arrives now: not before those that wait here with the same priority."""
        waiting = self.sizes[priority]
        if self.crowd is None or not waiting:
            return now
        return max(self.latest[priority], self.crowd.turn(priority, waiting, now))

    def push(self, waiter: Waiter) -> None:
        """Take a place."""
        priority, turn, number = waiter.place
        heapq.heappush(self.heap, waiter)
        self.newest = max(self.newest, number)
        self.latest[priority] = max(self.latest[priority], turn) if self.sizes[priority] else turn
        self.sizes[priority] += 1
        if self.crowd is not None and self.sizes[priority] == 1:
            self.crowd.lines[priority] += 1
        for deadlines in self.deadlines:
            deadlines.add(waiter)

    def remove(self, waiter: Waiter) -> None:
        """Give up a place; it is swept out of the heap when it comes up, or when half of the heap is such places."""
        priority = waiter.place[0]
        waiter.is_gone = True
        self.sizes[priority] -= 1
        if self.crowd is not None and not self.sizes[priority]:
            self.crowd.lines[priority] -= 1
        for counted in (self.ready, self.patient):
            if waiter in counted:
                self._uncount(counted, waiter)
        for deadlines in self.deadlines:
            deadlines.leave()
        if self.heap and self.heap[0] is waiter:
            heapq.heappop(self.heap)
        elif len(self.heap) > 2 * sum(self.sizes) + SPARE:
            self.heap = list(self)
            heapq.heapify(self.heap)

    def count(self, waiter: Waiter, tokens: int, is_patient: bool = False) -> None:
        """Let the crowd count the waiter if its account will not keep it back: if one of its `tokens` is left for it,
        or if the waiter `is_patient`, that is if the address keeps it back for much longer than its account."""
        while len(self.ready) > tokens:
            self._uncount(self.ready, next(reversed(self.ready)))
        if self.crowd is None or waiter in self.ready or waiter in self.patient:
            return
        if is_patient or len(self.ready) < tokens:
            (self.patient if is_patient else self.ready)[waiter] = None
            self.crowd.count(waiter.place)

    def uncount(self) -> None:
        """The account has no token, or its endpoint is closed: no call waits here for the address."""
        for counted in (self.ready, self.patient):
            while counted:
                self._uncount(counted, next(reversed(counted)))

    def _uncount(self, counted: dict[Waiter, None], waiter: Waiter) -> None:
        assert self.crowd is not None
        del counted[waiter]
        self.crowd.uncount(waiter.place)

    def ahead_of(self, place: Place) -> int:
        """How many waiters are before this place: known for a new arrival, counted for a call that comes back."""
        if place[2] > self.newest:
            return sum(self.sizes[: place[0] + 1])
        return sum(waiter.place < place for waiter in self)


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
