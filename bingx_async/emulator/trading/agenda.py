"""Everything that is due at a moment: the messages of streams, pings, the ends of connections.

Rules: moments are ms of the server's clock. Entries are played in the order of their moments, and entries of one moment
in the order in which they were made, each after everything that happened in the market until then; so the outcome does
not depend on how often `play` is called.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from itertools import count

from attrs import define, field

EPSILON = 0.01  # ms; moments are floats beyond 10**12, so a clock may show a little less than it was waited for
Action = Callable[[], object]


@define(order=True)
class Entry:
    """Something to do at `due`, and again each `cadence` ms unless that is 0. `due` is infinite once it is over."""

    due: float
    number: int
    action: Action = field(order=False, repr=False)
    cadence: int = field(default=0, order=False)

    def cancel(self) -> None:
        """Do it no more."""
        self.due, self.cadence, self.action = math.inf, 0, _nothing


def _nothing() -> None:
    """The action of an entry that was cancelled."""


class Agenda:
    """See the module. `advance` plays the market up to a moment; `time` is the moment that is being played."""

    def __init__(self, advance: Callable[[int], object]) -> None:
        self.time: float = -math.inf
        self._advance = advance
        self._entries: list[tuple[float, int, Entry]] = []  # with the moment at which each was due when it was added
        self._numbers = count()

    def at(self, due: float, action: Action) -> Entry:
        """Do this at a moment."""
        return self._add(Entry(due, next(self._numbers), action))

    def every(self, cadence: int, action: Action, *, after: float | None = None) -> Entry:
        """Do this each `cadence` ms: `after` a moment, or at the multiples of `cadence`."""
        due = (self.time // cadence + 1) * cadence if after is None else after + cadence
        return self._add(Entry(due, next(self._numbers), action, cadence))

    def play(self, until: float) -> None:
        """Do everything that is due."""
        while self._entries and self._entries[0][0] <= until + EPSILON:
            due, _, entry = heappop(self._entries)
            if entry.due == due:
                self._move_to(due)
                entry.due = due + entry.cadence if entry.cadence else math.inf
                action = entry.action
                if entry.cadence:
                    self._add(entry)
                action()
        self._move_to(until)

    def shift(self, span: float) -> None:
        """Let everything be due so much later: the server's clock was set."""
        entries = [entry for due, _, entry in self._entries if entry.due == due]
        for entry in entries:
            entry.due += span
        self._entries = [(entry.due, entry.number, entry) for entry in entries]
        heapify(self._entries)
        self.time += span

    def _move_to(self, time: float) -> None:
        if time > self.time:
            self.time = time
            self._advance(math.floor(time))

    def _add(self, entry: Entry) -> Entry:
        heappush(self._entries, (entry.due, entry.number, entry))
        return entry
