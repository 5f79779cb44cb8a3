"""Which orders are to be looked at, and when; pure, in seconds of any clock.

An order that answers nothing new is asked for ever more rarely and never forgotten.
"""

from __future__ import annotations

from math import inf

from attrs import define, field

LONGEST = 300.0  # seconds between two looks at one order


@define
class Item:
    """One order: when it is due, and how often it was looked at."""

    due: float
    first: float
    tries: int = 0


@define
class Agenda:
    """The orders that are to be looked at, by a key."""

    items: dict[str, Item] = field(factory=dict[str, Item])

    @property
    def next_at(self) -> float:
        """When the next one is due."""
        return min((item.due for item in self.items.values()), default=inf)

    def add(self, key: str, now: float, first: float) -> None:
        """Look at an order in `first` seconds, unless that is arranged already."""
        if key not in self.items:
            self.items[key] = Item(now + first, first)

    def drop(self, key: str) -> None:
        """There is nothing to be seen any more."""
        self.items.pop(key, None)

    def take(self, now: float) -> list[str]:
        """The orders that are due; they are due again later, unless they are dropped."""
        due = [key for key, item in self.items.items() if item.due <= now]
        for key in due:
            item = self.items[key]
            item.tries += 1
            item.due = now + min(LONGEST, item.first * 2.0 ** min(item.tries, 12))
        return due
