"""The queue of one governor: calls enter, wait for their turn, and leave. Only the head of a line asks the ledger.

A line whose head is refused parks on the bucket that refused it. When that bucket may have room, its lines are asked
in the order of their places, until it refuses again: a waiter blocks only calls that need the bucket it waits for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import count

from bingx_async.core.claims import Claims, Key, NotUntil, Permit
from bingx_async.core.ledger import Ledger
from bingx_async.models import Priority
from bingx_async.runtime.governor.line import Alarms, Lines, Parking, Place, Waiter, WaitLine

Decided = Sequence[Waiter]
NONE_DECIDED: Decided = ()


class WaitQueue:
    """Calls that wait, over a ledger that decides; a grant costs O(log n).

    Every decision is synchronous, holds no clock and wakes no waiter: it returns those granted or refused, in order.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.lines = Lines()
        self.parking = Parking()
        self._alarms = Alarms()
        self.next_at = self._alarms.next_at  # when `tick` has something to do
        self._numbers = count(1)
        self._decided: list[Waiter] = []
        self._unasked: dict[Key, None] = {}  # an ordered set: keys whose lines must be asked

    def new_place(self, priority: Priority) -> Place:
        """The place of a call that arrives now."""
        return (int(priority), next(self._numbers))

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
        line = self.lines.setdefault(claims.line, WaitLine(claims))
        waiter = Waiter(claims, place, deadline, owner, line.ahead_of(place))
        line.push(waiter)
        self._alarms.set_deadline(waiter)
        if line.head() is waiter:
            self._advance(line, now)
        return waiter, self.ask((), now)

    def earliest(self, claims: Claims, place: Place, now: float) -> NotUntil:
        """When a call with this place could leave; a lower bound while others wait or are in flight."""
        line = self.lines.get(claims.line)
        return self.ledger.nth_ready_at(claims, line.ahead_of(place) if line is not None else 0, now)

    def leave(self, waiter: Waiter, now: float) -> Decided:
        """Give up waiting; a permit that was granted in the same instant goes back unspent."""
        if waiter.permit is not None:
            self.ledger.release(waiter.permit)
            waiter.permit = None
            return self.ask(waiter.claims.keys, now)
        if not waiter.is_gone:
            self._drop(waiter, now)
        return self.ask((), now)

    def ask(self, keys: Iterable[Key], now: float) -> Decided:
        """Something has happened to these buckets or scopes: ask the lines that wait for them, and those behind."""
        if self.parking:
            self._unasked.update(dict.fromkeys(keys))
        while self._unasked:
            self._ask_parked(self._unasked.popitem()[0], now)
        if not self._decided:
            return NONE_DECIDED
        decided, self._decided = self._decided, []
        return decided

    def closed(self, key: Key, until: float, now: float) -> Decided:
        """`key` was closed until `until`: refuse at once the waiters whose deadline comes before that."""
        for line in [line for line in self.lines.values() if key in line.claims.gates]:
            for waiter in [waiter for waiter in line if waiter.deadline < until]:
                self._refuse(waiter, NotUntil(until, key), now)
        return self.ask((), now)

    def evict(self, owners: Collection[object], error: BaseException, now: float) -> Decided:
        """Refuse every waiter of `owners`. All are gone before a line is asked: none of them may be granted now."""
        evicted = {waiter for waiter in self.lines.waiters() if waiter.owner in owners}
        headless = [line for line in self.lines.values() if line.head() in evicted]
        for waiter in sorted(evicted):
            waiter.refusal = error
            self.lines[waiter.claims.line].remove(waiter)
            self._decided.append(waiter)
        for line in headless:
            self._advance(line, now)
        return self.ask((), now)

    def forget(self) -> None:
        """Discard all waiters without waking them: their event loop has ended."""
        for waiter in self.lines.waiters():
            waiter.is_gone = True
        self.lines.clear()
        self.parking.clear()
        self._unasked.clear()

    def tick(self, now: float) -> Decided:
        """Time has passed: ask the buckets whose moment has come, refuse the waiters whose deadline has."""
        granted = self.ask(list(self._alarms.due(now)), now)
        for waiter in self._alarms.overdue(now):
            self._refuse(waiter, self.ledger.nth_ready_at(waiter.claims, 0, now), now)
        return [*granted, *self.ask((), now)]

    def _refuse(self, waiter: Waiter, refusal: NotUntil, now: float) -> None:
        waiter.refusal = refusal
        self._drop(waiter, now)
        self._decided.append(waiter)

    def _drop(self, waiter: Waiter, now: float) -> None:
        line = self.lines[waiter.claims.line]
        was_head = line.head() is waiter
        line.remove(waiter)
        if was_head:
            self._advance(line, now)

    def _advance(self, line: WaitLine, now: float) -> NotUntil | None:
        """Grant the line's heads while there is room; park it where there is none and return that refusal."""
        left, stamp = line.parked_on, line.stamp
        refusal = self._grant_heads(line, now)
        if left is not None and line.parked_on != left:
            self._unasked[left] = None
        if line.represents is not None and (line.parked_on, line.stamp) != (left, stamp):
            self._unasked[line.represents], line.represents = None, None
        return refusal

    def _grant_heads(self, line: WaitLine, now: float) -> NotUntil | None:
        line.parked_on = None
        while (head := line.head()) is not None:
            blocker = self.parking.blocker(line.claims, head.place)
            if blocker is not None:
                self.parking.park(line, blocker, head.place)
                return None
            answer = self.ledger.reserve(head.claims, now, head.place[0] == Priority.KILL_SWITCH)
            if isinstance(answer, NotUntil):
                self.parking.park(line, answer.key, head.place)
                self._alarms.set(answer)
                return answer
            line.remove(head)
            head.permit = answer
            self._decided.append(head)
        self.lines.pop(line.claims.line, None)
        return None

    def _ask_parked(self, key: Key, now: float) -> None:
        """Ask the lines parked on `key`, in order, until it refuses one."""
        while (line := self.parking.first(key)) is not None:
            refusal = self._advance(line, now)
            if refusal is not None and refusal.key == key:
                break
            # All lines behind one that must wait for a wider key need that one too: they are asked when it moves on.
            if line.parked_on is not None and line.claims.is_within(key, line.parked_on):
                line.represents = key
                break
        self._unasked.pop(key, None)
