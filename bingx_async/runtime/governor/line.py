"""Waiting calls and the lines they stand in: one line for calls with the same claims, the better place first."""

from __future__ import annotations

import heapq
import sys
from collections.abc import Callable, Iterator

from bingx_async.core.claims import Claims, Key
from bingx_async.core.permit import NotUntil, Permit
from bingx_async.models import Priority

Place = tuple[int, int]  # priority, then number of arrival
LAST = sys.maxsize  # the number of an arrival after all others
SPARE = 16  # places of calls that have left, which a line keeps before it is rebuilt


def nothing() -> None:
    """Wake nothing: the call does not sleep yet."""


class Waiter:
    """A call in the queue, until `permit` or `refusal` is set. `wake` belongs to the room in which it sleeps."""

    __slots__ = ("ahead", "claims", "deadline", "is_gone", "owner", "permit", "place", "refusal", "wake")

    def __init__(self, claims: Claims, place: Place, deadline: float, owner: object, ahead: int = 0) -> None:
        self.claims = claims
        self.place = place
        self.deadline = deadline
        self.owner = owner
        self.ahead = ahead  # calls that were before it when it came
        self.permit: Permit | None = None
        self.refusal: NotUntil | BaseException | None = None
        self.is_gone = False
        self.wake: Callable[[], None] = nothing

    def __lt__(self, other: Waiter) -> bool:
        return self.place < other.place


class WaitLine:
    """The waiters of one endpoint, account and address.

    `parked_on` is the key for which its head waits, and `stamp` the head's place then. `represents` is a key whose
    other lines are not asked while this line waits for a wider one.
    """

    __slots__ = ("claims", "heap", "newest", "parked_on", "represents", "sizes", "stamp")

    def __init__(self, claims: Claims) -> None:
        self.claims = claims
        self.heap: list[Waiter] = []
        self.newest = 0  # the latest arrival that has taken a place
        self.sizes = [0] * len(Priority)
        self.parked_on: Key | None = None
        self.stamp: Place | None = None
        self.represents: Key | None = None

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

    def unpark(self) -> Key | None:
        """Stop waiting for a bucket; returns the one waited for."""
        left, self.parked_on = self.parked_on, None
        return left

    def ahead_of(self, place: Place) -> int:
        """How many waiters are before this place: known for a new arrival, counted for a call that comes back."""
        if place[1] > self.newest:
            return sum(self.sizes[: place[0] + 1])
        return sum(waiter.place < place for waiter in self)


class Lines(dict[tuple[Key, str], WaitLine]):
    """The lines of one queue, by what their claims have in common (`Claims.line`)."""

    def waiters(self) -> Iterator[Waiter]:
        """All waiters, in no order."""
        for line in self.values():
            yield from line

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
