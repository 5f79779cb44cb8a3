"""Who waits for what: synchronous decisions over a ledger; whoever calls does the waking and sleeping.

Waiters with the same claims form a lane, ordered by (priority, arrival). Only a lane's head asks the ledger; if it
is refused, the lane parks on the bucket that refused it. When that bucket may have room, its lanes are asked in
order. So a waiter holds back only those who need the bucket it waits for, and a grant costs O(log n).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterator
from itertools import count
from math import inf

from bingx_async.core.ledger import Claims, Key, Ledger, NotUntil, Permit
from bingx_async.models import Priority

Place = tuple[int, int]


class Waiter:
    """A call in the queue. `wake` is called when `permit` or `refusal` has been set, or when it must lead."""

    __slots__ = ("ahead", "claims", "deadline", "is_gone", "owner", "permit", "place", "refusal", "wake")

    def __init__(self, claims: Claims, place: Place, deadline: float, owner: object, ahead: int = 0) -> None:
        self.claims = claims
        self.place = place
        self.deadline = deadline
        self.owner = owner
        self.ahead = ahead  # how many were before it when it came
        self.permit: Permit | None = None
        self.refusal: NotUntil | BaseException | None = None
        self.is_gone = False
        self.wake: Callable[[], None] = lambda: None

    def __lt__(self, other: Waiter) -> bool:
        return self.place < other.place


class WaitLine:
    """The waiters of one (account, endpoint, egress)."""

    __slots__ = ("claims", "heap", "newest", "parked_on", "sizes", "speaks_for", "stamp")

    def __init__(self, claims: Claims) -> None:
        self.claims = claims
        self.heap: list[Waiter] = []
        self.newest = 0  # the latest arrival that has taken a place
        self.sizes = [0] * len(Priority)
        self.parked_on: Key | None = None
        self.stamp: Place | None = None
        self.speaks_for: Key | None = None  # lanes parked there are asked again when this one has moved on

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
        elif len(self.heap) > 2 * sum(self.sizes) + 16:
            self.heap = [kept for kept in self.heap if not kept.is_gone]
            heapq.heapify(self.heap)

    def unpark(self) -> Key | None:
        """Wait for no bucket any more; returns the one waited for."""
        left, self.parked_on = self.parked_on, None
        return left

    def ahead_of(self, place: Place) -> int:
        """How many are before this order: counted for a call that goes back to its place, else known."""
        if place[1] > self.newest:
            return sum(self.sizes[: place[0] + 1])
        return sum(not waiter.is_gone and waiter.place < place for waiter in self.heap)


class WaitQueue:
    """The queue of one governor."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.lines: dict[tuple[Key, str], WaitLine] = {}
        self._parked: dict[Key, list[tuple[Place, int, WaitLine]]] = {}
        self._timers: list[tuple[float, Key]] = []
        self._armed: dict[Key, float] = {}
        self._deadlines: list[tuple[float, int, Waiter]] = []
        self._dirty: dict[Key, None] = {}  # an ordered set: keys whose lanes want asking
        self._numbers = count(1)
        self.first_granted: Place | None = None  # of the last tick

    def new_place(self, priority: Priority) -> Place:
        """The place of a call that arrives now."""
        return (int(priority), next(self._numbers))

    def enter(
        self, claims: Claims, place: Place, deadline: float, now: float, owner: object = None
    ) -> Permit | NotUntil | Waiter:
        """Leave now, be refused now because the wait cannot fit, or wait."""
        line = self.lines.get((claims.gates[0], claims.egress))
        if line is None and not self._is_behind(claims, place):
            answer = self.ledger.reserve(claims, now)
            if isinstance(answer, Permit):
                return answer
        earliest = self.earliest(claims, place, now)
        if earliest.ready_at > deadline or deadline <= now:
            return earliest
        return self._line_up(claims, place, deadline, now, owner)

    def earliest(self, claims: Claims, place: Place, now: float) -> NotUntil:
        """When a call with this order could leave; a lower bound while others wait or are in flight."""
        line = self.lines.get((claims.gates[0], claims.egress))
        return self.ledger.nth_ready_at(claims, line.ahead_of(place) if line is not None else 0, now)

    def _line_up(self, claims: Claims, place: Place, deadline: float, now: float, owner: object) -> Waiter:
        line = self.lines.setdefault((claims.gates[0], claims.egress), WaitLine(claims))
        waiter = Waiter(claims, place, deadline, owner, line.ahead_of(place))
        line.push(waiter)
        if deadline < inf:
            heapq.heappush(self._deadlines, (deadline, place[1], waiter))
        if line.heap[0] is waiter:
            self._advance(line, now)
            self._run(now)
        return waiter

    def leave(self, waiter: Waiter, now: float) -> None:
        """Give up waiting; a permit that was granted in the same instant goes back unspent."""
        if waiter.permit is not None:
            self.release(waiter.permit, now)
            waiter.permit = None
        elif not waiter.is_gone:
            self._drop(waiter, now)
            self._run(now)

    def release(self, permit: Permit, now: float) -> None:
        """The call was never sent: its tokens go to the next in order at once."""
        self.ledger.release(permit)
        self.changed(permit.claims, now)

    def changed(self, claims: Claims, now: float) -> None:
        """Something happened to the buckets of `claims`: ask those who wait for them."""
        if self._parked:
            self._dirty.update(dict.fromkeys(claims.keys))
            self._run(now)

    def poke(self, now: float) -> None:
        """Ask everybody who waits."""
        self._dirty.update(dict.fromkeys(self._parked))
        self._run(now)

    def closed(self, key: Key, until: float, now: float) -> None:
        """`key` was closed until `until`: refuse those at once who would not wait that long."""
        for line in [line for line in self.lines.values() if key in line.claims.gates]:
            for waiter in [w for w in line.heap if not w.is_gone and w.deadline < until]:
                self._refuse(waiter, NotUntil(until, key), now)
        self._run(now)

    def evict(self, owners: Collection[object], error: BaseException, now: float) -> None:
        """Refuse every waiter of `owners`. All are gone before anybody is asked: none of them may be granted now."""
        evicted = {waiter for waiter in self.waiters() if waiter.owner in owners}
        heads = {id(line): line for line in self.lines.values() if line.head() in evicted}
        for waiter in sorted(evicted):
            waiter.refusal = error
            self.lines[waiter.claims.gates[0], waiter.claims.egress].remove(waiter)
            waiter.wake()
        for line in heads.values():
            self._advance(line, now)
        self._run(now)

    def forget(self) -> None:
        """Drop every waiter without a word: the event loop they slept in is gone."""
        for waiter in list(self.waiters()):
            waiter.is_gone = True
        self.lines.clear()
        self._parked.clear()
        self._dirty.clear()

    def waiters(self) -> Iterator[Waiter]:
        """Everybody who waits, in no order."""
        for line in self.lines.values():
            yield from (waiter for waiter in line.heap if not waiter.is_gone)

    def tick(self, now: float) -> None:
        """Time has passed: ask the buckets whose moment has come, refuse those whose deadline has."""
        self.first_granted = None
        while self._timers and self._timers[0][0] <= now:
            moment, key = heapq.heappop(self._timers)
            if self._armed.get(key) == moment:
                del self._armed[key]
                self._dirty[key] = None
        self._run(now)
        while self._deadlines and self._deadlines[0][0] <= now:
            waiter = heapq.heappop(self._deadlines)[2]
            if not waiter.is_gone:
                self._refuse(waiter, self.ledger.nth_ready_at(waiter.claims, 0, now), now)
        self._run(now)

    def next_at(self) -> float:
        """When `tick` has something to do."""
        while self._timers and self._armed.get(self._timers[0][1]) != self._timers[0][0]:
            heapq.heappop(self._timers)
        while self._deadlines and self._deadlines[0][2].is_gone:
            heapq.heappop(self._deadlines)
        timer = self._timers[0][0] if self._timers else inf
        return min(timer, self._deadlines[0][0]) if self._deadlines else timer

    def last(self) -> Waiter | None:
        """Somebody who will wait long."""
        for line in self.lines.values():
            for waiter in reversed(line.heap):
                if not waiter.is_gone:
                    return waiter
        return None

    def waiting_on(self) -> dict[Key, int]:
        """How many wait for each bucket."""
        found: dict[Key, int] = {}
        for line in self.lines.values():
            if line.parked_on is not None:
                found[line.parked_on] = found.get(line.parked_on, 0) + sum(line.sizes)
        return found

    def _is_behind(self, claims: Claims, place: Place) -> Key | None:
        """A bucket of `claims` for which somebody with a better place waits."""
        if self._parked:
            for key in claims.keys:
                top = self._top(key)
                if top is not None and top[0] < place and top[2].claims is not claims:
                    return key
        return None

    def _top(self, key: Key) -> tuple[Place, int, WaitLine] | None:
        heap = self._parked.get(key)
        while heap:
            place, _, line = heap[0]
            if line.parked_on == key and line.stamp == place:
                return heap[0]
            heapq.heappop(heap)
        self._parked.pop(key, None)
        return None

    def _advance(self, line: WaitLine, now: float) -> NotUntil | None:
        """Grant the lane's heads while there is room; park it where there is none and return that refusal."""
        left, stamp = line.unpark(), line.stamp
        refusal = self._grant_heads(line, now)
        if left is not None and line.parked_on != left:
            self._dirty[left] = None
        if line.speaks_for is not None and (line.parked_on, line.stamp) != (left, stamp):
            self._dirty[line.speaks_for], line.speaks_for = None, None
        return refusal

    def _grant_heads(self, line: WaitLine, now: float) -> NotUntil | None:
        while (head := line.head()) is not None:
            behind = self._is_behind(line.claims, head.place)
            if behind is not None:
                self._park(line, behind, head.place)
                return None
            answer = self.ledger.reserve(line.claims, now)
            if isinstance(answer, NotUntil):
                self._park(line, answer.key, head.place)
                self._arm(answer)
                return answer
            line.remove(head)
            head.permit = answer
            self.first_granted = self.first_granted or head.place
            head.wake()
        self.lines.pop((line.claims.gates[0], line.claims.egress), None)
        return None

    def _run(self, now: float) -> None:
        while self._dirty:
            self._pump(self._dirty.popitem()[0], now)

    def _pump(self, key: Key, now: float) -> None:
        """Ask the lanes parked on `key`, in order, until the bucket refuses one.

        One that must wait for a wider bucket speaks for all behind it, since they need that bucket too.
        """
        while (top := self._top(key)) is not None:
            line = top[2]
            refusal = self._advance(line, now)
            if refusal is not None and refusal.key == key:
                break
            if line.parked_on is not None and _is_within(key, line.parked_on, line.claims.keys):
                line.speaks_for = key
                break
        self._dirty.pop(key, None)

    def _park(self, line: WaitLine, key: Key, place: Place) -> None:
        line.parked_on, line.stamp = key, place
        heapq.heappush(self._parked.setdefault(key, []), (place, id(line), line))

    def _arm(self, refusal: NotUntil) -> None:
        if refusal.ready_at < inf and self._armed.get(refusal.key) != refusal.ready_at:
            self._armed[refusal.key] = refusal.ready_at
            heapq.heappush(self._timers, (refusal.ready_at, refusal.key))

    def _refuse(self, waiter: Waiter, refusal: NotUntil | BaseException, now: float) -> None:
        waiter.refusal = refusal
        self._drop(waiter, now)
        waiter.wake()

    def _drop(self, waiter: Waiter, now: float) -> None:
        line = self.lines[waiter.claims.gates[0], waiter.claims.egress]
        was_head = line.head() is waiter
        line.remove(waiter)
        if was_head:
            self._advance(line, now)


def _is_within(key: Key, wider: Key, keys: tuple[Key, ...]) -> bool:
    """Whether every call that draws on `key` draws on `wider` too: both are the address', the wider named later."""
    return key.kind == "egress" and key != wider and keys.index(key) < keys.index(wider)
