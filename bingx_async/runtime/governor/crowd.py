"""The calls that wait for one bucket of an address: how many stand before a place, and which turn the next call gets.

A call's turn is the moment of its arrival, later by one round for every call of its account that waits already, in
steps of `FEW`. A round is the time in which the bucket could serve each of the accounts once: so an account with few
calls does not stand behind those of an account with many. Accounts with a few calls each are served as they came, so
that the wait of a call can be told when it comes: hardly any comes later and goes before it.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from operator import itemgetter

from attrs import define, field

from bingx_async.core.claims import Key
from bingx_async.models import Priority

Place = tuple[int, float, int]  # priority, then turn (ms), then number of arrival
FEW = 8  # calls of one account that wait for the same bucket
BLOCK = 512  # numbers that are kept in one list
last_of = itemgetter(-1)


class Sorted:
    """Numbers in order, in blocks: to add, remove or count costs the same however many there are."""

    __slots__ = ("_blocks", "size")

    def __init__(self) -> None:
        self._blocks: list[list[float]] = [[]]
        self.size = 0

    def add(self, number: float) -> None:
        """Put a number in."""
        blocks, self.size = self._blocks, self.size + 1
        at = self._find(number)
        insort(blocks[at], number)
        if len(blocks[at]) > 2 * BLOCK:
            blocks[at : at + 1] = blocks[at][:BLOCK], blocks[at][BLOCK:]

    def remove(self, number: float) -> None:
        """Take out a number that is in."""
        blocks, self.size = self._blocks, self.size - 1
        at = self._find(number)
        del blocks[at][bisect_left(blocks[at], number)]
        if not blocks[at] and len(blocks) > 1:
            del blocks[at]

    def below(self, number: float) -> int:
        """How many are smaller."""
        at = self._find(number)
        return sum(map(len, self._blocks[:at])) + bisect_left(self._blocks[at], number)

    def _find(self, number: float) -> int:
        """The first block that ends with this number or a larger one, else the last block."""
        blocks = self._blocks
        return min(bisect_left(blocks, number, key=last_of), len(blocks) - 1) if len(blocks) > 1 else 0


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
    turns: list[Sorted] = field(factory=lambda: [Sorted() for _ in Priority])

    def turn(self, priority: int, waiting: int, now: float) -> float:
        """The turn of a call that arrives while `waiting` calls of its account wait with the same priority."""
        rounds = waiting - waiting % FEW
        return now + rounds * max(2, self.lines[priority]) * self.spacing

    def ahead_of(self, place: Place) -> int:
        """How many of `turns` are before this place."""
        priority = place[0]
        return sum(better.size for better in self.turns[:priority]) + self.turns[priority].below(place[1])
