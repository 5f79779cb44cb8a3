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

Order = tuple[int, int]


class Waiter:
    """A call in the queue. `wake` is called when `permit` or `refusal` has been set, or when it must lead."""

    __slots__ = ("ahead", "claims", "deadline", "is_gone", "order", "owner", "permit", "refusal", "wake")

    def __init__(self, claims: Claims, order: Order, deadline: float, owner: object, ahead: int = 0) -> None:
        self.claims = claims
        self.order = order
        self.deadline = deadline
        self.owner = owner
        self.ahead = ahead  # how many were before it when it came
        self.permit: Permit | None = None
        self.refusal: NotUntil | BaseException | None = None
        self.is_gone = False
        self.wake: Callable[[], None] = lambda: None

    def __lt__(self, other: Waiter) -> bool:
        return self.order < other.order


class Lane:
    """The waiters of one (account, endpoint, egress)."""

    __slots__ = ("claims", "heap", "newest", "parked_on", "sizes", "speaks_for", "stamp")

    def __init__(self, claims: Claims) -> None:
        self.claims = claims
        self.heap: list[Waiter] = []
        self.newest = 0  # the latest arrival that has taken a place
        self.sizes = [0] * len(Priority)
        self.parked_on: Key | None = None
        self.stamp: Order | None = None
        self.speaks_for: Key | None = None  # lanes parked there are asked again when this one has moved on

    def head(self) -> Waiter | None:
        """The next in order."""
        while self.heap and self.heap[0].is_gone:
            heapq.heappop(self.heap)
        return self.heap[0] if self.heap else None

    def push(self, waiter: Waiter) -> None:
        """Take a place."""
        heapq.heappush(self.heap, waiter)
        self.newest = max(self.newest, waiter.order[1])
        self.sizes[waiter.order[0]] += 1

    def remove(self, waiter: Waiter) -> None:
        """Give up a place; it is swept out of the heap when it comes up, or when half of the heap is such places."""
        waiter.is_gone = True
        self.sizes[waiter.order[0]] -= 1
        if self.heap and self.heap[0] is waiter:
            heapq.heappop(self.heap)
        elif len(self.heap) > 2 * sum(self.sizes) + 16:
            self.heap = [kept for kept in self.heap if not kept.is_gone]
            heapq.heapify(self.heap)

    def unpark(self) -> Key | None:
        """Wait for no bucket any more; returns the one waited for."""
        left, self.parked_on = self.parked_on, None
        return left

    def ahead_of(self, order: Order) -> int:
        """How many are before this order: counted for a call that goes back to its place, else known."""
        if order[1] > self.newest:
            return sum(self.sizes[: order[0] + 1])
        return sum(not waiter.is_gone and waiter.order < order for waiter in self.heap)


class WaitQueue:
    """The queue of one governor."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.lanes: dict[tuple[Key, str], Lane] = {}
        self._parked: dict[Key, list[tuple[Order, int, Lane]]] = {}
        self._timers: list[tuple[float, Key]] = []
        self._armed: dict[Key, float] = {}
        self._deadlines: list[tuple[float, int, Waiter]] = []
        self._dirty: dict[Key, None] = {}  # an ordered set: keys whose lanes want asking
        self._numbers = count(1)
        self.first_granted: Order | None = None  # of the last tick

    def new_order(self, priority: Priority) -> Order:
        """The place of a call that arrives now."""
        return (int(priority), next(self._numbers))

    def enter(
        self, claims: Claims, order: Order, deadline: float, now: float, owner: object = None
    ) -> Permit | NotUntil | Waiter:
        """Leave now, be refused now because the wait cannot fit, or wait."""
        lane = self.lanes.get((claims.gates[0], claims.egress))
        if lane is None and not self._is_behind(claims, order):
            answer = self.ledger.reserve(claims, now)
            if isinstance(answer, Permit):
                return answer
        earliest = self.earliest(claims, order, now)
        if earliest.ready_at > deadline or deadline <= now:
            return earliest
        return self._line_up(claims, order, deadline, now, owner)

    def earliest(self, claims: Claims, order: Order, now: float) -> NotUntil:
        """When a call with this order could leave; a lower bound while others wait or are in flight."""
        lane = self.lanes.get((claims.gates[0], claims.egress))
        return self.ledger.nth_ready_at(claims, lane.ahead_of(order) if lane is not None else 0, now)

    def _line_up(self, claims: Claims, order: Order, deadline: float, now: float, owner: object) -> Waiter:
        lane = self.lanes.setdefault((claims.gates[0], claims.egress), Lane(claims))
        waiter = Waiter(claims, order, deadline, owner, lane.ahead_of(order))
        lane.push(waiter)
        if deadline < inf:
            heapq.heappush(self._deadlines, (deadline, order[1], waiter))
        if lane.heap[0] is waiter:
            self._advance(lane, now)
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
        for lane in [lane for lane in self.lanes.values() if key in lane.claims.gates]:
            for waiter in [w for w in lane.heap if not w.is_gone and w.deadline < until]:
                self._refuse(waiter, NotUntil(until, key), now)
        self._run(now)

    def evict(self, owners: Collection[object], error: BaseException, now: float) -> None:
        """Refuse every waiter of `owners`. All are gone before anybody is asked: none of them may be granted now."""
        evicted = {waiter for waiter in self.waiters() if waiter.owner in owners}
        heads = {id(lane): lane for lane in self.lanes.values() if lane.head() in evicted}
        for waiter in sorted(evicted):
            waiter.refusal = error
            self.lanes[waiter.claims.gates[0], waiter.claims.egress].remove(waiter)
            waiter.wake()
        for lane in heads.values():
            self._advance(lane, now)
        self._run(now)

    def forget(self) -> None:
        """Drop every waiter without a word: the event loop they slept in is gone."""
        for waiter in list(self.waiters()):
            waiter.is_gone = True
        self.lanes.clear()
        self._parked.clear()
        self._dirty.clear()

    def waiters(self) -> Iterator[Waiter]:
        """Everybody who waits, in no order."""
        for lane in self.lanes.values():
            yield from (waiter for waiter in lane.heap if not waiter.is_gone)

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
        for lane in self.lanes.values():
            for waiter in reversed(lane.heap):
                if not waiter.is_gone:
                    return waiter
        return None

    def waiting_on(self) -> dict[Key, int]:
        """How many wait for each bucket."""
        found: dict[Key, int] = {}
        for lane in self.lanes.values():
            if lane.parked_on is not None:
                found[lane.parked_on] = found.get(lane.parked_on, 0) + sum(lane.sizes)
        return found

    def _is_behind(self, claims: Claims, order: Order) -> Key | None:
        """A bucket of `claims` for which somebody with a better place waits."""
        if self._parked:
            for key in claims.keys:
                top = self._top(key)
                if top is not None and top[0] < order and top[2].claims is not claims:
                    return key
        return None

    def _top(self, key: Key) -> tuple[Order, int, Lane] | None:
        heap = self._parked.get(key)
        while heap:
            order, _, lane = heap[0]
            if lane.parked_on == key and lane.stamp == order:
                return heap[0]
            heapq.heappop(heap)
        self._parked.pop(key, None)
        return None

    def _advance(self, lane: Lane, now: float) -> NotUntil | None:
        """Grant the lane's heads while there is room; park it where there is none and return that refusal."""
        left, stamp = lane.unpark(), lane.stamp
        refusal = self._grant_heads(lane, now)
        if left is not None and lane.parked_on != left:
            self._dirty[left] = None
        if lane.speaks_for is not None and (lane.parked_on, lane.stamp) != (left, stamp):
            self._dirty[lane.speaks_for], lane.speaks_for = None, None
        return refusal

    def _grant_heads(self, lane: Lane, now: float) -> NotUntil | None:
        while (head := lane.head()) is not None:
            behind = self._is_behind(lane.claims, head.order)
            if behind is not None:
                self._park(lane, behind, head.order)
                return None
            answer = self.ledger.reserve(lane.claims, now)
            if isinstance(answer, NotUntil):
                self._park(lane, answer.key, head.order)
                self._arm(answer)
                return answer
            lane.remove(head)
            head.permit = answer
            self.first_granted = self.first_granted or head.order
            head.wake()
        self.lanes.pop((lane.claims.gates[0], lane.claims.egress), None)
        return None

    def _run(self, now: float) -> None:
        while self._dirty:
            self._pump(self._dirty.popitem()[0], now)

    def _pump(self, key: Key, now: float) -> None:
        """Ask the lanes parked on `key`, in order, until the bucket refuses one.

        One that must wait for a wider bucket speaks for all behind it, since they need that bucket too.
        """
        while (top := self._top(key)) is not None:
            lane = top[2]
            refusal = self._advance(lane, now)
            if refusal is not None and refusal.key == key:
                break
            if lane.parked_on is not None and _is_within(key, lane.parked_on, lane.claims.keys):
                lane.speaks_for = key
                break
        self._dirty.pop(key, None)

    def _park(self, lane: Lane, key: Key, order: Order) -> None:
        lane.parked_on, lane.stamp = key, order
        heapq.heappush(self._parked.setdefault(key, []), (order, id(lane), lane))

    def _arm(self, refusal: NotUntil) -> None:
        if refusal.ready_at < inf and self._armed.get(refusal.key) != refusal.ready_at:
            self._armed[refusal.key] = refusal.ready_at
            heapq.heappush(self._timers, (refusal.ready_at, refusal.key))

    def _refuse(self, waiter: Waiter, refusal: NotUntil | BaseException, now: float) -> None:
        waiter.refusal = refusal
        self._drop(waiter, now)
        waiter.wake()

    def _drop(self, waiter: Waiter, now: float) -> None:
        lane = self.lanes[waiter.claims.gates[0], waiter.claims.egress]
        was_head = lane.head() is waiter
        lane.remove(waiter)
        if was_head:
            self._advance(lane, now)


def _is_within(key: Key, wider: Key, keys: tuple[Key, ...]) -> bool:
    """Whether every call that draws on `key` draws on `wider` too: both are the address', the wider named later."""
    return key.kind == "egress" and key != wider and keys.index(key) < keys.index(wider)
