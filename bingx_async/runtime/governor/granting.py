"""Which waiting line is granted next. Only the head of a line asks the ledger.

A line whose head is refused parks on the bucket that refused it. When that bucket may have room, its lines are asked
in the order of their places, until it refuses again. So a waiter blocks only calls that need the bucket it waits
for, and a grant costs O(log n).
"""

from __future__ import annotations

from collections.abc import Iterable

from bingx_async.core.claims import Key
from bingx_async.core.ledger import Ledger
from bingx_async.core.permit import NotUntil
from bingx_async.runtime.governor.alarms import Alarms
from bingx_async.runtime.governor.line import Lines, Waiter, WaitLine
from bingx_async.runtime.governor.parking import Parking


class Granting:
    """Asks the ledger on behalf of lines. `decided` collects the waiters granted or refused, in order."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.lines = Lines()
        self.parking = Parking()
        self.alarms = Alarms()
        self.decided: list[Waiter] = []
        self._unasked: dict[Key, None] = {}  # an ordered set: keys whose lines must be asked

    def take_decided(self) -> list[Waiter]:
        """The waiters decided since the last time; it is for the caller to wake them."""
        decided, self.decided = self.decided, []
        return decided

    def ask(self, keys: Iterable[Key], now: float) -> None:
        """Something has happened to these buckets or scopes: ask the lines that wait for them, and those behind."""
        self._unasked.update(dict.fromkeys(keys))
        while self._unasked:
            self._ask_parked(self._unasked.popitem()[0], now)

    def advance(self, line: WaitLine, now: float) -> NotUntil | None:
        """Grant the line's heads while there is room; park it where there is none and return that refusal."""
        left, stamp = line.unpark(), line.stamp
        refusal = self._grant_heads(line, now)
        if left is not None and line.parked_on != left:
            self._unasked[left] = None
        if line.represents is not None and (line.parked_on, line.stamp) != (left, stamp):
            self._unasked[line.represents], line.represents = None, None
        return refusal

    def clear(self) -> None:
        """Discard all waiters without deciding them."""
        for waiter in list(self.lines.waiters()):
            waiter.is_gone = True
        self.lines.clear()
        self.parking.clear()
        self._unasked.clear()

    def _grant_heads(self, line: WaitLine, now: float) -> NotUntil | None:
        while (head := line.head()) is not None:
            blocker = self.parking.blocker(line.claims, head.place)
            if blocker is not None:
                self.parking.park(line, blocker, head.place)
                return None
            answer = self.ledger.reserve(line.claims, now)
            if isinstance(answer, NotUntil):
                self.parking.park(line, answer.key, head.place)
                self.alarms.set(answer)
                return answer
            line.remove(head)
            head.permit = answer
            self.decided.append(head)
        self.lines.pop(line.claims.line, None)
        return None

    def _ask_parked(self, key: Key, now: float) -> None:
        """Ask the lines parked on `key`, in order, until it refuses one.

        A line that must wait for a wider key represents all lines behind it, since they need that one too: they are
        asked when it has moved on.
        """
        while (line := self.parking.first(key)) is not None:
            refusal = self.advance(line, now)
            if refusal is not None and refusal.key == key:
                break
            if line.parked_on is not None and line.claims.is_within(key, line.parked_on):
                line.represents = key
                break
        self._unasked.pop(key, None)
