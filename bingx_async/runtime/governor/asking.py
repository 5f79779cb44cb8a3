"""The lines of waiting calls, asked when the bucket for which they wait may have room."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import count
from math import inf

from bingx_async.core.claims import Key, NotUntil
from bingx_async.core.ledger import Ledger
from bingx_async.models import Priority
from bingx_async.runtime.governor.alarms import Alarms
from bingx_async.runtime.governor.line import Parking, Waiter, WaitLine
from bingx_async.runtime.governor.lines import Lines

Decided = Sequence[Waiter]
NONE_DECIDED: Decided = ()
SLICE = 50  # lines asked, and waiters refused, in one decision: a few milliseconds


class AskedLines:
    """Wait lines over a ledger that decides."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.lines = Lines(ledger)
        self.parking = Parking()
        self._alarms = Alarms(self.lines.deadlines)
        self._numbers = count(1)
        self._decided: list[Waiter] = []
        self._unasked: dict[Key, None] = {}  # an ordered set: keys whose lines must be asked
        self._closing: dict[Key, float] = {}  # scopes with waiters that cannot wait until they open
        self._leaving: deque[Waiter] = deque()  # evicted

    def next_at(self) -> float:
        """When `tick` has something to do: at once if work is left over, or at the next moment."""
        if self._unasked or self._closing or self._leaving:
            return -inf
        return self._alarms.next_at()

    def ask(self, keys: Iterable[Key], now: float) -> Decided:
        """Something has happened to these buckets or scopes: ask the lines that wait for them, and those behind."""
        if self.parking:
            self._unasked.update(dict.fromkeys(keys))
        steps = SLICE
        while self._unasked and steps:
            steps = self._ask_parked(self._unasked.popitem()[0], now, steps)
        if not self._decided:
            return NONE_DECIDED
        decided, self._decided = self._decided, []
        return decided

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
            if head.eviction is not None:
                return None  # the line is asked again when this waiter has gone
            blocker = self.parking.blocker(line.claims, head.place)
            if blocker is not None:
                self._park(line, blocker, head, now)
                return None
            answer = self.ledger.reserve(head.claims, now, head.place[0] == Priority.KILL_SWITCH)
            if isinstance(answer, NotUntil):
                self._park(line, answer.key, head, now)
                self._alarms.set(answer)
                return answer
            line.remove(head)
            head.permit = answer
            self._decided.append(head)
        self.lines.close(line)
        return None

    def _park(self, line: WaitLine, key: Key, head: Waiter, now: float) -> None:
        self.parking.park(line, key, head.place)
        if key.kind == "egress":
            line.count(head, self.ledger.tokens(line.claims, now))
        else:
            line.uncount()

    def _ask_parked(self, key: Key, now: float, steps: int) -> int:
        """Ask the lines parked on `key`, in order, until it refuses one or no step is left; returns those left."""
        while (line := self.parking.first(key)) is not None:
            if not steps:
                self._unasked[key] = None
                return 0
            steps -= 1
            refusal = self._advance(line, now)
            if refusal is not None and refusal.key == key:
                break
            # All lines behind one that must wait for a wider key need that one too: they are asked when it moves on.
            if line.parked_on is not None and line.claims.is_within(key, line.parked_on):
                line.represents = key
                break
        self._unasked.pop(key, None)
        return steps
