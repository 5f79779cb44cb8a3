"""The queue of one governor: calls enter, wait for their turn, and leave.

Every decision is synchronous and holds no clock. None of them wakes a waiter: each returns the waiters that it has
granted or refused, in order, and the waiting room wakes them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import count

from bingx_async.core.claims import Claims, Key
from bingx_async.core.ledger import Ledger
from bingx_async.core.permit import NotUntil, Permit
from bingx_async.models import Priority
from bingx_async.runtime.governor.granting import Granting
from bingx_async.runtime.governor.line import Place, Waiter, WaitLine

Decided = Sequence[Waiter]
NONE_DECIDED: Decided = ()


class WaitQueue:
    """Calls that wait, over a ledger that decides."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._granting = Granting(ledger)
        self.lines = self._granting.lines
        self.next_at = self._granting.alarms.next_at  # when `tick` has something to do
        self._numbers = count(1)

    def new_place(self, priority: Priority) -> Place:
        """The place of a call that arrives now."""
        return (int(priority), next(self._numbers))

    def enter(
        self, claims: Claims, place: Place, deadline: float, now: float, owner: object = None
    ) -> tuple[Permit | NotUntil | Waiter, Decided]:
        """A permit, a refusal because the wait cannot fit, or a waiter; and the waiters that were decided by that."""
        line = self.lines.get(claims.line) if self.lines else None
        if line is None and self._granting.parking.blocker(claims, place) is None:
            answer = self.ledger.reserve(claims, now)
            if isinstance(answer, Permit):
                return answer, NONE_DECIDED
        earliest = self.earliest(claims, place, now)
        if earliest.ready_at > deadline or deadline <= now:
            return earliest, NONE_DECIDED
        line = self.lines.setdefault(claims.line, WaitLine(claims))
        waiter = Waiter(claims, place, deadline, owner, line.ahead_of(place))
        line.push(waiter)
        self._granting.alarms.set_deadline(waiter)
        if line.head() is waiter:
            self._granting.advance(line, now)
        return waiter, self._finish(now)

    def earliest(self, claims: Claims, place: Place, now: float) -> NotUntil:
        """When a call with this place could leave; a lower bound while others wait or are in flight."""
        line = self.lines.get(claims.line)
        return self.ledger.nth_ready_at(claims, line.ahead_of(place) if line is not None else 0, now)

    def leave(self, waiter: Waiter, now: float) -> Decided:
        """Give up waiting; a permit that was granted in the same instant goes back unspent."""
        if waiter.permit is not None:
            self.ledger.release(waiter.permit)
            waiter.permit = None
            return self.changed(waiter.claims, now)
        if not waiter.is_gone:
            self._drop(waiter, now)
        return self._finish(now)

    def changed(self, claims: Claims, now: float) -> Decided:
        """Something has happened to the buckets of `claims`: ask the lines that wait for them."""
        return self._finish(now, claims.keys) if self._granting.parking else NONE_DECIDED

    def ask_all(self, now: float) -> Decided:
        """Ask every line."""
        return self._finish(now, self._granting.parking.keys())

    def closed(self, key: Key, until: float, now: float) -> Decided:
        """`key` was closed until `until`: refuse at once the waiters whose deadline comes before that."""
        for line in [line for line in self.lines.values() if key in line.claims.gates]:
            for waiter in [waiter for waiter in line if waiter.deadline < until]:
                self._refuse(waiter, NotUntil(until, key), now)
        return self._finish(now)

    def evict(self, owners: Collection[object], error: BaseException, now: float) -> Decided:
        """Refuse every waiter of `owners`. All are gone before a line is asked: none of them may be granted now."""
        evicted = {waiter for waiter in self.lines.waiters() if waiter.owner in owners}
        headless = [line for line in self.lines.values() if line.head() in evicted]
        for waiter in sorted(evicted):
            waiter.refusal = error
            self.lines[waiter.claims.line].remove(waiter)
            self._granting.decided.append(waiter)
        for line in headless:
            self._granting.advance(line, now)
        return self._finish(now)

    def forget(self) -> None:
        """Discard all waiters without waking them: their event loop has ended."""
        self._granting.clear()

    def tick(self, now: float) -> Decided:
        """Time has passed: ask the buckets whose moment has come, refuse the waiters whose deadline has."""
        self._granting.ask(self._granting.alarms.due(now), now)
        for waiter in self._granting.alarms.overdue(now):
            self._refuse(waiter, self.ledger.nth_ready_at(waiter.claims, 0, now), now)
        return self._finish(now)

    def _finish(self, now: float, keys: Collection[Key] = ()) -> Decided:
        """Ask the lines of `keys` and those that earlier steps have left to be asked."""
        self._granting.ask(keys, now)
        return self._granting.take_decided()

    def _refuse(self, waiter: Waiter, refusal: NotUntil, now: float) -> None:
        waiter.refusal = refusal
        self._drop(waiter, now)
        self._granting.decided.append(waiter)

    def _drop(self, waiter: Waiter, now: float) -> None:
        line = self.lines[waiter.claims.line]
        was_head = line.head() is waiter
        line.remove(waiter)
        if was_head:
            self._granting.advance(line, now)
