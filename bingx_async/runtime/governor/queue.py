"""The queue of one governor: calls enter, wait for their turn, and leave. Only the head of a line asks the ledger.

A line whose head is refused parks on the bucket that refused it. When that bucket may have room, its lines are asked
in the order of their places, until it refuses again: a waiter blocks only calls that need the bucket it waits for.

One decision takes at most `SLICE` steps, for the event loop's sake. If there is more to do, `next_at` is at once.
"""

from __future__ import annotations

from collections.abc import Collection
from math import inf, nextafter

from bingx_async.core.claims import Claims, Key, NotUntil, Permit
from bingx_async.models import Priority
from bingx_async.runtime.governor.asking import NONE_DECIDED, SLICE, AskedLines, Decided
from bingx_async.runtime.governor.crowd import Place
from bingx_async.runtime.governor.line import LAST, Waiter


class WaitQueue(AskedLines):
    """Calls that wait, over a ledger that decides; a grant costs O(log n).

    Every decision is synchronous, holds no clock and wakes no waiter: it returns those granted or refused, in order.
    """

    def new_place(self, claims: Claims, priority: Priority, now: float) -> Place:
        """The place of a call that arrives now."""
        return self.lines.place(claims, priority, now, next(self._numbers))

    def enter(
        self, claims: Claims, place: Place, deadline: float, now: float, owner: object = None
    ) -> tuple[Permit | NotUntil | Waiter, Decided]:
        """A permit, a refusal because the wait cannot fit, or a waiter; and the waiters that were decided by that."""
        line = self.lines.get(claims.line) if self.lines else None
        if line is None and self.parking.blocker(claims, place) is None:
            answer = self.ledger.reserve(claims, now, place[0] == Priority.KILL_SWITCH)
            if isinstance(answer, Permit):
                return answer, NONE_DECIDED
        earliest = self.earliest(claims, place, now)
        if earliest.ready_at > deadline or deadline <= now:
            return earliest, NONE_DECIDED
        line = self.lines.open(claims)
        waiter = Waiter(claims, place, deadline, owner, line.ahead_of(place))
        line.push(waiter)
        own = self.ledger.own_ready_at(claims, waiter.ahead, now) - now
        is_patient = own > 0.0 and 2.0 * own < earliest.ready_at - now and earliest.key.kind == "egress"
        line.count(waiter, self.ledger.tokens(claims, now), is_patient)
        if line.head() is waiter:
            self._advance(line, now)
        return waiter, self.ask((), now)

    def earliest(self, claims: Claims, place: Place, now: float) -> NotUntil:
        """When a call with this place could leave; a lower bound while others wait or are in flight."""
        is_urgent = place[0] == Priority.KILL_SWITCH
        ahead, ahead_at = self.lines.ahead_of(claims, place, now) if self.lines else (0, None)
        return self.ledger.nth_ready_at(claims, ahead, now, ahead_at, is_urgent)

    def earliest_new(self, claims: Claims, priority: Priority, now: float) -> NotUntil:
        """When a call that arrives now could leave."""
        return self.earliest(claims, self.lines.place(claims, priority, now, LAST), now)

    def leave(self, waiter: Waiter, now: float) -> Decided:
        """Give up waiting; a permit that was granted in the same instant goes back unspent."""
        if waiter.permit is not None:
            self.ledger.release(waiter.permit)
            waiter.permit = None
            return self.ask(waiter.claims.keys, now)
        if not waiter.is_gone:
            self._drop(waiter, now)
        return self.ask((), now)

    def closed(self, key: Key, until: float, now: float) -> Decided:
        """`key` was closed until `until`: refuse at once the waiters whose deadline comes before that."""
        scope = self.lines.scopes.get(key)
        if scope is None:
            return NONE_DECIDED
        for line in scope.lines if key.name else ():  # none waits for the address as long as its own endpoint is closed
            line.uncount()
        self._closing[key] = max(until, self._closing.get(key, until))
        self._refuse_closed(now, SLICE)
        return self.ask((), now)

    def evict(self, owners: Collection[object], error: BaseException, now: float) -> Decided:
        """Refuse every waiter of `owners`; from now on none of them is granted."""
        for waiter in self.lines.waiters():
            if waiter.owner in owners:
                waiter.eviction = error
                self._leaving.append(waiter)
        self._refuse_evicted(now, SLICE)
        return self.ask((), now)

    def forget(self) -> None:
        """Discard all waiters without waking them: their event loop has ended."""
        for waiter in self.lines.waiters():
            waiter.is_gone = True
        self.lines.clear()
        self.parking.clear()
        self._unasked.clear()
        self._closing.clear()
        self._leaving.clear()

    def tick(self, now: float) -> Decided:
        """Time has passed: ask the buckets whose moment has come, refuse the waiters whose deadline has."""
        decided = self.ask(list(self._alarms.due(now)), now)
        if self._unasked:  # there may be room yet for a waiter whose deadline has come
            return decided
        steps = self._refuse_evicted(now, self._refuse_closed(now, SLICE))
        for waiter in self.lines.deadlines.before(nextafter(now, inf), steps):
            self._refuse(waiter, self.ledger.nth_ready_at(waiter.claims, 0, now), now)
        return [*decided, *self.ask((), now)]

    def _refuse_closed(self, now: float, steps: int) -> int:
        """Refuse waiters that cannot wait until their scope opens, as many as there are steps; returns those left."""
        for key, until in list(self._closing.items()):
            scope = self.lines.scopes.get(key)
            for waiter in scope.before(until, steps) if scope is not None else ():
                self._refuse(waiter, NotUntil(until, key), now)
                steps -= 1
            if not steps:
                return 0
            del self._closing[key]
        return steps

    def _refuse_evicted(self, now: float, steps: int) -> int:
        """Refuse evicted waiters, as many as there are steps; returns those left."""
        while self._leaving and steps:
            waiter = self._leaving.popleft()
            if not waiter.is_gone and waiter.eviction is not None:
                self._refuse(waiter, waiter.eviction, now)
                steps -= 1
        return steps

    def _refuse(self, waiter: Waiter, refusal: NotUntil | BaseException, now: float) -> None:
        waiter.refusal = refusal
        self._drop(waiter, now)
        self._decided.append(waiter)

    def _drop(self, waiter: Waiter, now: float) -> None:
        line = self.lines[waiter.claims.line]
        was_head = line.head() is waiter
        line.remove(waiter)
        if was_head:
            self._advance(line, now)
