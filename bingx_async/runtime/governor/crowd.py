"""The calls that wait for one bucket of an address: how many stand before a place, and which turn the next call gets.

A call's turn is the moment of its arrival, later by one round for every call of its account that waits already, in
steps of `FEW`. A round is the time in which the bucket could serve each of the accounts once: so an account with few
calls does not stand behind those of an account with many. Accounts with a few calls each are served as they came, so
that the wait of a call can be told when it comes: hardly any comes later and goes before it.
"""

from __future__ import annotations

from bisect import bisect_left, insort

from attrs import define, field

from bingx_async.core.claims import Key
from bingx_async.models import Priority

Place = tuple[int, float, int]  # priority, then turn (ms), then number of arrival
FEW = 8  # calls of one account that wait for the same bucket


@define(eq=False)
class Crowd:
    """The waiters for the bucket `key` of an address, which serves one call in `spacing` milliseconds.

    `lines` counts, by priority, the wait lines in which a call waits, about one for each account. `turns` are those of
    the waiters that only this bucket, or a wider one of the address, keeps back: their accounts have tokens for them.
    """

    key: Key
    spacing: float
    wider: frozenset[Key]  # the other buckets of the address on which all of them draw
    lines: list[int] = field(factory=lambda: [0] * len(Priority))
    # By priority, in order: a plain list, since to move 25 000 numbers by one place takes a microsecond.
    turns: list[list[float]] = field(factory=lambda: [[] for _ in Priority])

    def count(self, place: Place) -> None:
        """A waiter with this place stands before others."""
        insort(self.turns[place[0]], place[1])

    def uncount(self, place: Place) -> None:
        """It does no longer."""
        turns = self.turns[place[0]]
        del turns[bisect_left(turns, place[1])]

    def turn(self, priority: int, waiting: int, now: float) -> float:
        """The turn of a call that arrives while `waiting` calls of its account wait with the same priority."""
        rounds = waiting - waiting % FEW
        return now + rounds * max(2, self.lines[priority]) * self.spacing

    def ahead_of(self, place: Place) -> int:
        """How many of `turns` are before this place."""
        priority = place[0]
        return sum(map(len, self.turns[:priority])) + bisect_left(self.turns[priority], place[1])
